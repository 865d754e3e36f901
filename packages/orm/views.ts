import type { Group } from './access.ts'
import type { Relation } from './fields.ts'
import type { Action } from './model.ts'
import type { Models } from './models.ts'
import type { Domain, FieldName, ModelName } from './types.ts'
import type { IconName, Tone } from './views-types.ts'

export type Node = { readonly tag: string; readonly [key: string]: unknown }

/** What a client can show records as. The client has a component for each; a new one is a word here and a component there. */
export type ViewType = 'list' | 'form' | 'search' | 'kanban' | 'calendar' | 'graph' | 'pivot' | 'activity'

export interface View<N extends ModelName = ModelName> {
  readonly type: ViewType
  readonly model: N
  readonly nodes: readonly Node[]
  /** Of the view as a whole: whether a list is edited in place, the stage of a kanban. Plain data, passed on to the client. */
  readonly options: { readonly [key: string]: unknown }
  /** Set where another app alters this app's view. */
  readonly alters: boolean
}

/** An entry of the menu. Who may not read its model does not get it; nor does who is in none of its `groups`. */
export interface Menu {
  readonly label: string
  readonly model: string
  /** Labels from the top, `'Sales/Configuration'`; a step that nobody declares is made. */
  readonly parent?: string
  readonly sequence: number
  /** The word of its address, `/odoo/<path>`; made of the label where it is not given. */
  readonly path?: string
  /** A name of the client's icon set. */
  readonly icon?: IconName
  /** What one finds there, in a sentence. */
  readonly help?: string
  /** Only these records. Nobody is kept from the others by that: rules do that. */
  readonly where?: readonly unknown[]
  /** For `default_<field>` and what else the model's methods take. */
  readonly context?: { readonly [key: string]: unknown }
  /** The ways to look at the records, the first one first: `['kanban', 'list']`. Default: all that the model has, the list first. */
  readonly views?: readonly ViewType[]
  readonly groups?: readonly Group[]
}

/** How one field is shown where its declaration does not say enough. Conditions name fields of the same record, without dots. */
export interface FieldShow<N extends ModelName> {
  readonly label?: string
  /** A widget of the client, by name; otherwise that of the field's type. */
  readonly widget?: string
  /** Shown only while this holds for the record. */
  readonly when?: Domain<N>
  readonly readonly?: true | Domain<N>
  readonly required?: true | Domain<N>
  readonly placeholder?: string
  /** Of a link: only records are offered whose field is what this record's own says, `{ category_id: 'product_uom_category_id' }`; all, where that is empty. */
  readonly among?: Readonly<Record<string, FieldName<N>>>
  /** A column that a person chooses to see; `'hidden'` until he does. */
  readonly optional?: 'shown' | 'hidden'
  /** A column with a total below it. */
  readonly sum?: true
  /** What the values of a badge say at a glance. */
  readonly tones?: Readonly<Record<string, Tone>>
  /** Only for people of this group. Safety is `protect`'s; this is tidiness. */
  readonly only?: Group
}

export interface FieldNode<N extends ModelName> extends Node, FieldShow<N> {
  readonly tag: 'field'
  readonly field: FieldName<N>
}

/** A field by its name, or with more to say: `v.field('name', { placeholder: 'Azure Ltd' })`. */
export type Shown<N extends ModelName> = FieldName<N> | FieldNode<N>

type Lines<N extends ModelName> = { [F in FieldName<N>]: Models[N][F] extends Relation<any, true, any> ? F : never }[FieldName<N>]
type LineModel<N extends ModelName, F> = F extends keyof Models[N]
  ? Models[N][F] extends Relation<infer M, true, any>
    ? M & ModelName
    : never
  : never

/** Lines that only say something between the others: those whose field `kind` holds one of `of`; what they say is in `text`. */
export interface Headings<M extends ModelName> {
  readonly kind: FieldName<M>
  readonly text: FieldName<M>
  readonly of: readonly string[]
}

type FieldOfLine<M extends ModelName> = (field: FieldName<M>, show: FieldShow<M>) => FieldNode<M>

/** What a button may say beside its action and label. */
export interface ButtonShow<N extends ModelName> {
  /** Asked before it is done. */
  readonly confirm?: string
  /** The one thing most people do next. */
  readonly primary?: true
  /**
   * What must hold before it can be done, each with the sentence that says so where it does not: `[[['partner_id', '!=', null]], 'Choose a customer.']`.
   * The browser tells it before anybody tries; the action refuses by itself, for these reasons and others.
   */
  readonly needs?: readonly (readonly [Domain<N>, string])[]
  readonly only?: Group
}

function builder<N extends ModelName>() {
  return {
    /** The actions above a form, and where in its life the record is. */
    header: (...nodes: Node[]): Node => ({ tag: 'header', nodes }),
    button: (action: Action<N, any, any>, label: string, when: Domain<N> = [], show: ButtonShow<N> = {}): Node => ({
      tag: 'button',
      method: action.method,
      label,
      when,
      ...show,
    }),
    /**
     * The steps of a selection; `states` are those always shown, the others only while the record is there. `moves` are the actions that lead to
     * them: a step can be taken where the header's button of its action can, and says why where it cannot.
     */
    statusbar: (field: FieldName<N>, states?: readonly string[], moves?: Readonly<Record<string, Action<N, any, any>>>): Node => ({
      tag: 'statusbar',
      field,
      ...(states ? { states } : {}),
      ...(moves ? { moves: Object.fromEntries(Object.entries(moves).map(([to, { method }]) => [to, method])) } : {}),
    }),
    field: <F extends FieldName<N>>(field: F, show: FieldShow<N> = {}): FieldNode<N> => ({ tag: 'field', field, ...show }),
    /** What the record is called, large, above the rest. */
    title: (...fields: Shown<N>[]): Node => ({ tag: 'title', columns: [fields] }),
    columns: (...columns: readonly Shown<N>[][]): Node => ({ tag: 'columns', columns }),
    /** Columns under a heading, shown while `when` holds. */
    group: (label: string, nodes: readonly Node[], when?: Domain<N>): Node => ({ tag: 'group', label, nodes, ...(when ? { when } : {}) }),
    tab: (label: string, ...nodes: Node[]): Node => ({ tag: 'tab', label, nodes }),
    /** Names of the lines' fields; `(field) => ['product_id', field('discount', { when: … })]` where there is more to say of one. */
    lines: <F extends Lines<N>>(
      field: F,
      columns: readonly Shown<LineModel<N, F>>[] | ((field: FieldOfLine<LineModel<N, F>>) => readonly Shown<LineModel<N, F>>[]),
      options: {
        readonly?: true
        sequence?: FieldName<LineModel<N, F>>
        headings?: Headings<LineModel<N, F>>
        settled?: { when: Domain<N>; but: readonly FieldName<LineModel<N, F>>[] }
      } = {},
    ): Node => ({
      tag: 'lines',
      field,
      columns: typeof columns === 'function' ? columns((name, show) => ({ tag: 'field', field: name, ...show })) : columns,
      ...options,
    }),
    /** Totals below what they are of. */
    footer: (...fields: Shown<N>[]): Node => ({ tag: 'footer', fields }),
    /** A door to the records of another model whose field `by` is this one, with their number: that of the field `count`, else counted when the form is open. */
    link: <M extends ModelName>(label: string, model: M, by: FieldName<M>, show: { count?: FieldName<N>; icon?: IconName } = {}): Node => ({
      tag: 'link',
      label,
      model,
      by,
      ...show,
    }),
    after: (field: FieldName<N>, ...fields: Shown<N>[]): Node => ({ tag: 'after', field, fields }),
    filter: (label: string, where: Domain<N>): Node => ({ tag: 'filter', label, where }),
    /** A choice of spans of time over a date: this month, last quarter and their like. */
    period: (label: string, field: FieldName<N>): Node => ({ tag: 'period', label, field }),
    separator: (): Node => ({ tag: 'separator' }),
    groupBy: (label: string, field: FieldName<N>, span?: 'day' | 'week' | 'month' | 'quarter' | 'year'): Node => ({
      tag: 'group_by',
      label,
      field,
      ...(span ? { span } : {}),
    }),
  }
}

export type Builder<N extends ModelName> = ReturnType<typeof builder<N>>

/** A view of any type, from its nodes; the types with a function of their own are below. */
export function view<N extends ModelName>(
  type: ViewType,
  model: N,
  build: (v: Builder<N>) => readonly Node[],
  options: View['options'] = {},
): View<N> {
  return { type, model, nodes: build(builder<N>()), options, alters: false }
}

export const form = <N extends ModelName>(model: N, build: (v: Builder<N>) => Node[]): View<N> => view('form', model, build)

/**
 * The columns of a list: names, or `(v) => […]` where one has more to say. `editable` lets people change rows in place; `order` is how
 * the list begins when the model's own order is not the one people look for.
 */
export function list<N extends ModelName>(
  model: N,
  columns: readonly Shown<N>[] | ((v: Builder<N>) => readonly Node[]),
  options: { editable?: true; order?: string } = {},
): View<N> {
  return view(
    'list',
    model,
    (v) => (typeof columns === 'function' ? columns(v) : columns.map((one) => (typeof one === 'string' ? v.field(one) : (one as Node)))),
    options,
  )
}

/** The fields one searches in, with filters and groupings to pick. */
export function search<N extends ModelName>(model: N, fields: readonly Shown<N>[], build: (v: Builder<N>) => Node[] = () => []): View<N> {
  return view('search', model, (v) => [...fields.map((one) => (typeof one === 'string' ? v.field(one) : (one as Node))), ...build(v)])
}

/** Adds to another app's view: `v.after(…)` puts fields behind one of its fields; a header, tabs, links and filters join its own. */
export function alter<N extends ModelName>(altered: View<N>, build: (v: Builder<N>) => Node[]): View<N> {
  return { type: altered.type, model: altered.model, nodes: build(builder<N>()), options: {}, alters: true }
}

export function menu<N extends ModelName>(
  label: string,
  model: N,
  options: Omit<Menu, 'label' | 'model' | 'sequence' | 'where'> & { sequence?: number; where?: Domain<N> } = {},
): Menu {
  return { label, model, ...options, sequence: options.sequence ?? 10 }
}
