import type { Action } from './model.ts'
import type { Models } from './models.ts'
import type { FieldName, ModelName, Value } from './types.ts'
import { type Builder, type Node, type Shown, type View, view } from './views.ts'

// Ways to look at many records beside the list. What a view is about is said in nodes that name fields, so that it is checked when the server
// starts and cut to everybody's rights as fields are.

type Span = 'day' | 'week' | 'month' | 'quarter' | 'year'

/** A field to group by; a day or an instant with its length of time: `'date_order:month'`. */
export type GroupSpec<N extends ModelName> = FieldName<N> | `${FieldName<N>}:${Span}`

type Fields<N extends ModelName> = readonly Shown<N>[] | ((v: Builder<N>) => readonly Node[])

const fieldNodes = <N extends ModelName>(v: Builder<N>, fields: Fields<N>): readonly Node[] =>
  typeof fields === 'function' ? fields(v) : fields.map((one) => (typeof one === 'string' ? v.field(one) : (one as Node)))

const grouped = (tag: 'by' | 'row' | 'column', spec: string): Node => {
  const [field = '', span] = spec.split(':')
  return { tag, field, ...(span ? { span } : {}) }
}

/** How cards are arranged, and what moves them. */
export interface Board<N extends ModelName, F extends FieldName<N>> {
  /** The columns: a selection, or a link. Without it the cards lie side by side until somebody groups them. */
  readonly stage?: F
  /** For a stage that is not set by hand: the action that brings a card into the column of each value. */
  readonly moves?: { readonly [V in Value<Models[N][F]> & string]?: Action<N, any, any> }
  /** Values whose columns are folded until somebody opens them. */
  readonly folded?: readonly (Value<Models[N][F]> & string)[]
  /** So many cards should be in the column of a value at most; people can say otherwise for themselves. */
  readonly limits?: { readonly [V in Value<Models[N][F]> & string]?: number }
  /** A picture, at the side of each card. */
  readonly cover?: FieldName<N>
  /** What is asked for when a card is made in its column; without it cards are made in the form. */
  readonly quick?: readonly FieldName<N>[]
}

/** Cards with these fields, the first one as their title; a field with `sum` is added up above each column. */
export function kanban<N extends ModelName, F extends FieldName<N>>(model: N, fields: Fields<N>, board: Board<N, F> = {}): View<N> {
  const { stage, moves = {}, limits = {}, folded = [], cover, quick } = board
  return view('kanban', model, (v) => [
    ...(stage ? [{ tag: 'stage', field: stage, folded }] : []),
    ...Object.entries<Action<N, any, any> | undefined>(moves).flatMap(([to, action]) =>
      action ? [{ tag: 'move', to, method: action.method }] : [],
    ),
    ...Object.entries<number | undefined>(limits).flatMap(([of, most]) => (most === undefined ? [] : [{ tag: 'limit', of, most }])),
    ...(cover ? [{ tag: 'cover', field: cover }] : []),
    ...(quick ? [{ tag: 'quick', fields: quick }] : []),
    ...fieldNodes(v, fields),
  ])
}

/**
 * Records on the days of `from`; of several dates a person chooses by which, the first one first. With `until` a record lasts; `color` gives
 * the records of one value one colour. The fields are what is told of a record, the first one as its title.
 */
export function calendar<N extends ModelName>(
  model: N,
  fields: Fields<N>,
  times: { readonly from: readonly [FieldName<N>, ...FieldName<N>[]]; readonly until?: FieldName<N>; readonly color?: FieldName<N> },
): View<N> {
  return view('calendar', model, (v) => [
    ...times.from.map((field) => ({ tag: 'from', field })),
    ...(times.until ? [{ tag: 'until', field: times.until }] : []),
    ...(times.color ? [{ tag: 'color', field: times.color }] : []),
    ...fieldNodes(v, fields),
  ])
}

/** A chart of sums over groups: along the axis by the first of `by`, and in each place by the second. Without `measure` records are counted. */
export function graph<N extends ModelName>(
  model: N,
  chart: { readonly by: readonly GroupSpec<N>[]; readonly measure?: FieldName<N>; readonly kind?: 'bar' | 'line' | 'pie' },
): View<N> {
  const { by, measure, kind = 'bar' } = chart
  return view('graph', model, () => [...by.map((spec) => grouped('by', spec)), ...(measure ? [{ tag: 'measure', field: measure }] : [])], {
    kind,
  })
}

/** Sums in rows and columns, each by one field or by several, one inside the other. Without measures records are counted. */
export function pivot<N extends ModelName>(
  model: N,
  table: {
    readonly rows: readonly GroupSpec<N>[]
    readonly columns?: readonly GroupSpec<N>[]
    readonly measures?: readonly FieldName<N>[]
  },
): View<N> {
  const { rows, columns = [], measures = [] } = table
  return view('pivot', model, () => [
    ...rows.map((spec) => grouped('row', spec)),
    ...columns.map((spec) => grouped('column', spec)),
    ...measures.map((field) => ({ tag: 'measure', field })),
  ])
}

/** Records with what is to be done about them, by kind and by when; the fields say which record it is. */
export const activity = <N extends ModelName>(model: N, fields: Fields<N>): View<N> => view('activity', model, (v) => fieldNodes(v, fields))
