import { store, stored } from '../start.ts'

/** A record that was opened lately, for the palette. */
export interface Recent {
  readonly model: string
  readonly id: number
  readonly name: string
}

const kept = 12

export const recents = (): Recent[] => stored<Recent[]>('recent', [])

export function noteRecent(one: Recent): void {
  if (one.name === '') return
  store('recent', [one, ...recents().filter(({ model, id }) => model !== one.model || id !== one.id)].slice(0, kept))
}
