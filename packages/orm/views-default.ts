import type { Env } from './env.ts'
import type { FieldInfo, Model } from './registry.ts'
import { readableField } from './rules.ts'
import type { Node, View, ViewType } from './views.ts'

const plain = new Set(['char', 'integer', 'float', 'decimal', 'monetary', 'boolean', 'date', 'datetime', 'selection', 'many2one'])
const long = new Set(['text', 'html'])

/** The view of a model that declares none: its name and first fields in a list, all that can be changed by hand in a form. */
export function defaultView(env: Env, model: Model, type: ViewType): Pick<View, 'nodes' | 'options'> {
  const own = [...model.fields.values()].filter((field) => isForPeople(field) && readableField(env, model, field.name))
  const name = own.find((field) => field.name === 'name') ?? model.fields.get('display_name')!
  const others = own.filter((field) => field !== name)
  const makers: Partial<Record<ViewType, () => Node[]>> = {
    list: () => [name, ...others.filter((field) => plain.has(field.kind)).slice(0, 6)].map(asField),
    search: () => [model.fields.get('display_name')!, ...others.filter((field) => field.kind === 'many2one').slice(0, 4)].map(asField),
    form: () => {
      const short = others.filter((field) => plain.has(field.kind) || field.kind === 'many2many').map((field) => field.name)
      const half = Math.ceil((short.length + 1) / 2)
      const notes = others.filter((field) => long.has(field.kind)).map((field) => ({ tag: 'columns', columns: [[field.name]] }))
      return [{ tag: 'columns', columns: [[name.name, ...short.slice(0, half - 1)], short.slice(half - 1)] }, ...notes]
    },
  }
  return { nodes: makers[type]?.() ?? [], options: {} }
}

const asField = (field: FieldInfo): Node => ({ tag: 'field', field: field.name })

const isForPeople = ({ magic, name, kind, column, options, custom }: FieldInfo): boolean =>
  !magic &&
  // What people made says itself where it is shown.
  !custom &&
  name !== 'id' &&
  !options.secret &&
  (column !== null || kind === 'many2many') &&
  name !== 'parent_path'
