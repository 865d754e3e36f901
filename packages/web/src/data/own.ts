import { useSyncExternalStore } from 'react'
import { start } from '../start.ts'
import { keepChoice } from './choices.ts'

/** What a person chose about the client itself, on all his devices. */
export interface Own {
  /** Paths of apps, in his order; those that are not named follow. */
  readonly apps: readonly string[]
  /** Forms save themselves when the hands rest. */
  readonly autosave: boolean
  /** The number of the newest message to him that he was shown. */
  readonly seen: number
}

const usual: Own = { apps: [], autosave: false, seen: 0 }
let own: Own = { ...usual, ...start.choices }
const listeners = new Set<() => void>()

export function keepOwn<K extends keyof Own>(name: K, value: Own[K]): void {
  own = { ...own, [name]: value }
  keepChoice('client', name, value)
  for (const tell of listeners) tell()
}

export const useOwn = (): Own =>
  useSyncExternalStore(
    (tell) => {
      listeners.add(tell)
      return () => listeners.delete(tell)
    },
    () => own,
  )
