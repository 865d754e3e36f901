import type { FC } from 'react'
import type { KnownViews } from '../data/views.ts'
import type { Domain } from '../domain.ts'
import type { Texts } from '../i18n/index.ts'
import type { Place } from '../location.ts'
import type { Facet } from '../search/facets.ts'
import type { Row } from './list/rows.ts'

/** How the records of a model are looked at, as the address says it. */
export interface Look {
  readonly facets: readonly Facet[]
  /** `name desc, id`; empty for the model's own. */
  readonly order: string
  /** From 0. */
  readonly page: number
  readonly view: string
  /** What this type of view alone knows: the measure of a chart, the week of a calendar. By the words of the address. */
  readonly more: Readonly<Record<string, string>>
}

/** A change of the look. Of `more` the words that are named change; the empty text takes one away. */
export type LookChange = Partial<Look>

/** What every view of several records gets. */
export interface ViewProps {
  readonly views: KnownViews
  readonly place: Place
  /** The search as the server takes it, the menu's own condition included. */
  readonly domain: Domain
  /** Groups, from the outermost inwards. */
  readonly by: readonly string[]
  readonly context: Readonly<Record<string, unknown>>
  readonly look: Look
  /** Changes the address; what is left out stays. A change of the search begins at the first page. */
  readonly setLook: (change: LookChange) => void
  /** The address of a record opened from here. */
  readonly urlOf: (id: number | 'new') => string
  /** Takes a row instead of opening it; nothing else is done with rows then. */
  readonly onPick?: (row: Row) => void
  /** With `onPick`: several can be ticked and are taken together. */
  readonly onPickMany?: (ids: readonly number[]) => void
}

/** A way to look at several records. */
export interface ViewType {
  readonly label: (t: Texts) => string
  readonly icon: FC<{ size?: number | string; 'aria-hidden'?: boolean }>
  readonly View: FC<ViewProps>
}
