import { useSyncExternalStore } from 'react'
import type { Domain } from '../domain.ts'
import { start } from '../start.ts'

/** A column as the list shows it. */
export interface ShownColumn {
  readonly path: string
  readonly label: string
}

/** Which screen of import and export is open, above whichever list it was opened from. */
export type Open =
  | { readonly what: 'import'; readonly model: string; readonly label: string; readonly id?: number }
  | { readonly what: 'history'; readonly model: string; readonly label: string }
  | {
      readonly what: 'export'
      readonly model: string
      readonly label: string
      readonly columns: readonly ShownColumn[]
      readonly domain: Domain
      readonly order: string
      readonly context: Readonly<Record<string, unknown>>
      /** Chosen records; all that are found without them. */
      readonly ids?: readonly number[]
      readonly count: string
    }

// An import that is under way is found again after its page was loaded anew; from elsewhere it is found in the history.
const key = `erp4.import.${start.session['db']}.${String(start.session['uid'])}`

function remembered(): Open | null {
  try {
    const known = JSON.parse(sessionStorage.getItem(key) ?? 'null') as { open: Open; path: string } | null
    return known?.path === location.pathname ? known.open : null
  } catch {
    return null // Storage is off, or holds what an older release wrote.
  }
}

let open: Open | null = remembered()
const listeners = new Set<() => void>()

export function openTransfer(next: Open | null): void {
  open = next
  try {
    if (next?.what === 'import' && next.id !== undefined)
      sessionStorage.setItem(key, JSON.stringify({ open: next, path: location.pathname }))
    else sessionStorage.removeItem(key)
  } catch {
    // Without storage the import is in the history all the same.
  }
  for (const tell of listeners) tell()
}

const subscribe = (tell: () => void): (() => void) => {
  listeners.add(tell)
  return () => listeners.delete(tell)
}

/** Whether it is on the screen. */
export const isTransferOpen = (what: Open['what'], id: number): boolean => open?.what === what && 'id' in open && open.id === id

export const useOpenTransfer = (): Open | null => useSyncExternalStore(subscribe, () => open)
