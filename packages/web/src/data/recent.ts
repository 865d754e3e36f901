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

const keptSearches = 6

/** What was searched in a model lately, as facets of its search; the last one first. */
export const recentSearches = <T>(model: string): readonly (readonly T[])[] => stored<T[][]>(`searches.${model}`, [])

/** One that goes on from the last takes its place. */
export function noteSearch<T>(model: string, facets: readonly T[]): void {
  const texts = new Set(facets.map((facet) => JSON.stringify(facet)))
  const isPart = (one: readonly T[]): boolean => one.every((facet) => texts.has(JSON.stringify(facet)))
  const [last, ...rest] = recentSearches<T>(model)
  const before = last && !isPart(last) ? [last, ...rest] : rest
  const others = before.filter((one) => JSON.stringify(one) !== JSON.stringify(facets))
  store(`searches.${model}`, [facets, ...others].slice(0, keptSearches))
}
