import type { Relation } from './fields.ts'
import type { Action } from './model.ts'
import type { Models } from './models.ts'
import type { Domain, FieldName, ModelName } from './types.ts'

export type Node = { readonly tag: string; readonly [key: string]: unknown }
export interface View<N extends ModelName = ModelName> {
  readonly type: 'list' | 'form' | 'search'
  readonly model: N
  readonly nodes: readonly Node[]
  /** Set where another app alters this app's view. */
  readonly alters: boolean
}
export interface Menu {
  readonly label: string
  readonly model: string
  readonly parent?: string
  readonly sequence: number
}

type Lines<N extends ModelName> = { [F in FieldName<N>]: Models[N][F] extends Relation<any, true, any> ? F : never }[FieldName<N>]
type LineModel<N extends ModelName, F> = F extends keyof Models[N]
  ? Models[N][F] extends Relation<infer M, true, any>
    ? M & ModelName
    : never
  : never

function builder<N extends ModelName>() {
  return {
    header: (...nodes: Node[]): Node => ({ tag: 'header', nodes }),
    button: (action: Action<N, any, any>, label: string, when: Domain<N> = []): Node => ({
      tag: 'button',
      method: action.method,
      label,
      when,
    }),
    statusbar: (field: FieldName<N>): Node => ({ tag: 'statusbar', field }),
    columns: (...columns: readonly FieldName<N>[][]): Node => ({ tag: 'columns', columns }),
    tab: (label: string, ...nodes: Node[]): Node => ({ tag: 'tab', label, nodes }),
    lines: <F extends Lines<N>>(field: F, columns: readonly FieldName<LineModel<N, F>>[]): Node => ({ tag: 'lines', field, columns }),
    footer: (...fields: FieldName<N>[]): Node => ({ tag: 'footer', fields }),
    after: (field: FieldName<N>, ...fields: FieldName<N>[]): Node => ({ tag: 'after', field, fields }),
    filter: (label: string, where: Domain<N>): Node => ({ tag: 'filter', label, where }),
    groupBy: (label: string, field: FieldName<N>): Node => ({ tag: 'group_by', label, field }),
  }
}

export type Builder<N extends ModelName> = ReturnType<typeof builder<N>>

export function form<N extends ModelName>(model: N, build: (v: Builder<N>) => Node[]): View<N> {
  return { type: 'form', model, nodes: build(builder<N>()), alters: false }
}

export function list<N extends ModelName>(model: N, columns: readonly FieldName<N>[]): View<N> {
  return { type: 'list', model, nodes: columns.map((field) => ({ tag: 'field', field })), alters: false }
}

/** The fields one searches in, with filters and groupings to pick. */
export function search<N extends ModelName>(
  model: N,
  fields: readonly FieldName<N>[],
  build: (v: Builder<N>) => Node[] = () => [],
): View<N> {
  return { type: 'search', model, nodes: [...fields.map((field) => ({ tag: 'field', field })), ...build(builder<N>())], alters: false }
}

export function alter<N extends ModelName>(view: View<N>, build: (v: Builder<N>) => Node[]): View<N> {
  return { type: view.type, model: view.model, nodes: build(builder<N>()), alters: true }
}

export function menu<N extends ModelName>(label: string, model: N, options: { parent?: string; sequence?: number } = {}): Menu {
  return { label, model, sequence: options.sequence ?? 10, ...(options.parent === undefined ? {} : { parent: options.parent }) }
}
