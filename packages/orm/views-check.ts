import type { Model } from './registry.ts'
import type { Node, View } from './views.ts'

type Models = ReadonlyMap<string, Model>

/** A view may show only what exists; names inside lines are those of the line's model. One sentence for each mistake. */
export function checkView(app: string, view: View<any>, models: Models): string[] {
  const model = models.get(view.model)
  if (!model) return [`${app}: a view shows ${view.model}, which no installed app declares`]
  return view.nodes.flatMap((node) => checkNode(node, model, models)).map((problem) => `${app}: ${problem}`)
}

function checkNode(node: Node, model: Model, models: Models): string[] {
  const lines = node.tag === 'lines' ? models.get(model.fields.get(String(node['field']))?.comodel ?? '') : undefined
  const columns = ((node['columns'] as unknown[] | undefined) ?? []).flat()
  const fields = [...(typeof node['field'] === 'string' ? [node['field']] : []), ...((node['fields'] as unknown[] | undefined) ?? [])]
  return [
    ...(lines ? checkLines(String(node['field']), model) : []),
    ...fields.flatMap((shown) => checkShown(shown, model, '')),
    ...columns.flatMap((shown) => (lines ? checkShown(shown, lines, `${String(node['field'])}.`, model) : checkShown(shown, model, ''))),
    ...[node, ...fields, ...columns].flatMap((shown) => checkAmong(shown, lines && shown !== node ? lines : model, models)),
    ...(lines ? besideColumns(node).flatMap((name) => checkShown(name, lines, `${String(node['field'])}.`, model)) : []),
    ...checkConditions(node, model),
    ...checkConditions({ ...(node['settled'] as object | undefined), tag: node.tag }, model),
    ...needsOf(node).flatMap(([where]) => checkNeed(where, model, models)),
    ...checkButton(node, model),
    ...checkLink(node, model, models),
    ...((node['nodes'] as Node[] | undefined) ?? []).flatMap((inner) => checkNode(inner, model, models)),
  ]
}

/** Lines are a record's own; what several records share is shown by its names. */
const checkLines = (name: string, model: Model): string[] =>
  model.fields.get(name)?.kind === 'one2many' ? [] : [`a view of ${model.name} shows '${name}' as lines, which only a one2many has`]

function besideColumns(node: Node): string[] {
  const { kind, text } = (node['headings'] ?? {}) as { readonly kind?: string; readonly text?: string }
  const { but = [] } = (node['settled'] ?? {}) as { readonly but?: readonly string[] }
  return [node['sequence'] as string | undefined, kind, text, ...but].filter((name) => name !== undefined)
}

/** A name, or a node that has one and conditions beside. */
function checkShown(shown: unknown, model: Model, prefix: string, of = model): string[] {
  const name = typeof shown === 'string' ? shown : (shown as { field: string }).field
  if (!model.fields.has(name)) return [`a view of ${of.name} shows '${prefix}${name}', which does not exist`]
  return typeof shown === 'string' ? [] : checkConditions(shown as Node, model)
}

/** A link that is offered among records like this one compares a field of its target with one of the record itself. */
function checkAmong(shown: unknown, model: Model, models: Models): string[] {
  const { field, among = {} } = (typeof shown === 'object' ? shown : {}) as { field?: string; among?: Readonly<Record<string, string>> }
  const target = models.get(model.fields.get(field ?? '')?.comodel ?? '')
  return Object.entries(among)
    .filter(([theirs, own]) => !target?.fields.has(theirs) || !model.fields.has(own))
    .map(([theirs, own]) => `a view of ${model.name} offers '${field}' by '${theirs}' and '${own}', which are not both fields`)
}

/** The browser decides these without asking, from the record it shows. */
function checkConditions(node: Node, model: Model): string[] {
  return ['when', 'readonly', 'required'].flatMap((key) =>
    conditionFields(node[key])
      .filter((name) => !model.fields.has(name))
      .map((name) => `a view of ${model.name} decides by '${name}', which is no field of the record itself`),
  )
}

/** The fields a condition names. */
export const conditionFields = (domain: unknown): string[] =>
  Array.isArray(domain) ? domain.flatMap((term) => (Array.isArray(term) && typeof term[0] === 'string' ? [term[0]] : [])) : []

/** What a button needs, as it was declared. */
export const needsOf = (node: object): readonly (readonly [unknown, string])[] =>
  (node as { readonly needs?: readonly (readonly [unknown, string])[] }).needs ?? []

/** `[['order_line', 'any', […]]]`: lists of lines with what is asked of one of them. */
export const askedOfLines = (domain: unknown): readonly (readonly [field: string, inner: unknown])[] =>
  Array.isArray(domain)
    ? domain.flatMap((term) =>
        Array.isArray(term) && ['any', 'not any'].includes(String(term[1])) ? [[String(term[0]), term[2]] as const] : [],
      )
    : []

function checkNeed(where: unknown, model: Model, models: Models): string[] {
  return [
    ...checkConditions({ tag: 'need', when: where }, model),
    ...askedOfLines(where).flatMap(([field, inner]) => {
      const lines = models.get(model.fields.get(field)?.comodel ?? '')
      return lines ? checkConditions({ tag: 'need', when: inner }, lines) : []
    }),
  ]
}

function checkButton(node: Node, model: Model): string[] {
  const methods = ['button', 'move'].includes(node.tag) ? [node['method']] : Object.values((node['moves'] as object | undefined) ?? {})
  return methods
    .filter((method) => !model.actions.has(String(method)))
    .map((method) => `a ${node.tag} of ${model.name} calls '${String(method)}', which is no action`)
}

function checkLink(node: Node, model: Model, models: Models): string[] {
  if (node.tag !== 'link') return []
  const [target, by, count] = [String(node['model']), String(node['by']), node['count']]
  return [
    ...(models.get(target)?.fields.has(by) ? [] : [`a view of ${model.name} links to ${target}.${by}, which does not exist`]),
    ...(count === undefined || model.fields.has(String(count))
      ? []
      : [`a view of ${model.name} counts by '${String(count)}', which does not exist`]),
  ]
}
