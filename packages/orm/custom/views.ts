import type { Node, View } from '../views.ts'
import type { CustomField } from './definition.ts'

/** What the tab of people's own fields is called. */
export const customTab = 'More'

/** How a model's own views show the fields that people made: as alterations, such as another app would make. */
export function customViews(model: string, fields: readonly CustomField[], declared: readonly View<any>[]): View<any>[] {
  const forms = declared.filter((view) => view.model === model && view.type === 'form')
  const onForm = new Set(forms.flatMap((view) => view.nodes.flatMap(namesInColumns)))
  const shown = fields.filter(({ form }) => form !== 'none')
  const placeOf = ({ form }: CustomField): string | null => (form.startsWith('after:') && onForm.has(form.slice(6)) ? form.slice(6) : null)
  const inTab = shown.filter((field) => placeOf(field) === null)
  const half = Math.ceil(inTab.length / 2)
  const columns = [inTab.slice(0, half), inTab.slice(half)].filter((column) => column.length > 0).map((column) => column.map(asField))
  return [
    alteration(model, 'form', [
      ...[...Map.groupBy(shown, placeOf)].flatMap(([field, some]) =>
        field === null ? [] : [{ tag: 'after', field, fields: some.map(asField) }],
      ),
      ...(columns.length > 0 ? [{ tag: 'tab', label: customTab, nodes: [{ tag: 'columns', columns }] }] : []),
    ]),
    alteration(
      model,
      'list',
      fields.filter(({ list }) => list !== 'no').map((field) => ({ ...asField(field), optional: field.list })),
    ),
    alteration(model, 'search', fields.filter(({ search }) => search).flatMap(searched)),
  ].filter((view) => view.nodes.length > 0)
}

const asField = ({ name }: CustomField): Node => ({ tag: 'field', field: name })

const alteration = (model: string, type: View['type'], nodes: readonly Node[]): View<any> => ({
  type,
  model: model as never,
  nodes,
  options: {},
  alters: true,
})

/** Texts and links are typed, choices and links are grouped by, days by their month. */
function searched(field: CustomField): Node[] {
  const { name, kind, label } = field
  const byGroup = (span?: string): Node => ({ tag: 'group_by', label: label['en_US']!, field: name, ...(span ? { span } : {}) })
  switch (kind) {
    case 'boolean':
      return [byGroup()]
    case 'date':
    case 'datetime':
      return [byGroup('month')]
    case 'selection':
    case 'many2one':
      return [asField(field), byGroup()]
    default:
      return [asField(field)]
  }
}

/** Names of the fields that stand in columns, where another may stand behind them. */
export function namesInColumns(node: Node): string[] {
  if (node.tag === 'title' || node.tag === 'lines' || node.tag === 'footer') return []
  const columns = ((node['columns'] as readonly (readonly unknown[])[] | undefined) ?? []).flat()
  const inner = (node['nodes'] as readonly Node[] | undefined) ?? []
  const names = columns.map((shown) => (typeof shown === 'string' ? shown : (shown as { field: string }).field))
  const added =
    node.tag === 'after'
      ? (node['fields'] as readonly unknown[]).map((one) => (typeof one === 'string' ? one : (one as { field: string }).field))
      : []
  return [...names, ...added, ...inner.flatMap(namesInColumns)]
}
