import { QueryClient } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import type { ModelMeta, ModelViews } from '@erp4/orm/views-types'
import { Refusal, SignedOut, ask, onFieldsChanged } from '../rpc.ts'
import { start } from '../start.ts'

/** A search that somebody saved: his own, or (without a user) everybody's. */
export interface Favourite {
  readonly id: number
  readonly name: string
  readonly domain: string
  readonly context: string
  readonly sort: string
  readonly is_default: boolean
  readonly user_id: readonly [number, string] | false
}

/** What the server keeps for a model: saved searches, and this user's own choices for its views, by the view's type. */
export interface Kept {
  readonly favourites?: readonly Favourite[] | undefined
  readonly choices?: Readonly<Record<string, unknown>> | undefined
}

export interface KnownViews extends ModelViews, Kept {}

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // What one looks at again is shown at once and asked for anew behind it.
      staleTime: 0,
      gcTime: 10 * 60_000,
      refetchOnWindowFocus: false,
      networkMode: 'always',
      retry: (count, error) => !(error instanceof Refusal) && !(error instanceof SignedOut) && count < 1,
    },
  },
})

/** How often fields have become others since the page was loaded. */
let changes = 0

const known = new Map<string, KnownViews>()
if (start.views) known.set(start.views.model, start.views)

/** The model's views if they came already, with whatever came them in. */
export const knownViews = (model: string): KnownViews | undefined => known.get(model)

export function keepViews(views: ModelViews, { favourites, choices }: Kept = {}): void {
  known.set(views.model, { ...views, ...(favourites ? { favourites } : {}), ...(choices ? { choices } : {}) })
  queries.setQueryData(['open', views.model, changes], known.get(views.model))
}

const listeners = new Set<() => void>()

onFieldsChanged(() => {
  known.clear()
  queries.removeQueries({ queryKey: ['open'] })
  changes++
  for (const tell of listeners) tell()
})

/** Draws anew whoever shows views when they are others: a list that is open asks for them, a form goes on with what it began with. */
export const useFieldChanges = (): number =>
  useSyncExternalStore(
    (tell) => {
      listeners.add(tell)
      return () => listeners.delete(tell)
    },
    () => changes,
  )

/** Its fields are others now: the next look asks for them. */
export function forgetViews(model: string): void {
  known.delete(model)
  queries.removeQueries({ queryKey: ['open', model] })
}

export async function loadViews(model: string): Promise<KnownViews> {
  const found = known.get(model)
  if (found) return found
  const { favourites, choices, ...views } = await ask<KnownViews>('views', { model })
  keepViews(views, { favourites, choices })
  return known.get(model)!
}

/** Saved searches change: the next look asks for them. */
export async function reloadFavourites(model: string): Promise<readonly Favourite[]> {
  const { favourites = [], choices, ...views } = await ask<KnownViews>('views', { model })
  keepViews(views, { favourites, choices })
  return favourites
}

export const metaOf = (views: ModelViews): ModelMeta => views.models[views.model]!

/** After a change anywhere: lists, groups and records are asked for anew, and what is on the screen at once. */
export const changed = (): Promise<void> => queries.invalidateQueries()

/** After a form changed its record: the same, but for the form, which has what it needs. */
export const changedInForm = (): Promise<void> => queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'form' })
