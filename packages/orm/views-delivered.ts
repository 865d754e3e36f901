import type { Group } from './access.ts'
import type { Env } from './env.ts'
import { fieldLabel } from './labels.ts'
import { currencyFieldOf, describeField } from './methods/fields.ts'
import { type FieldInfo, type Model, isToMany } from './registry.ts'
import { mayEver, readableField, visibleField } from './rules.ts'
import { relatedEnd } from './sql/expression.ts'
import { askedOfLines, conditionFields, needsOf } from './views-check.ts'
import { defaultView } from './views-default.ts'
import type { ButtonNode, FieldMeta, ModelMeta, ModelViews, ShownField, Specification, ViewMeta, ViewNode } from './views-types.ts'
import type { Node, View, ViewType } from './views.ts'

/** Every model can be shown so; the other types only where an app declares them. */
const always: readonly ViewType[] = ['list', 'form', 'search']

/**
 * A model's views for this user: in his language, without the fields, lines, links and buttons that are not for him. Of an undeclared list,
 * form or search one is made from the fields. Undefined when he may not read the model.
 */
export function viewsFor(env: Env, model: Model): ModelViews | undefined {
  if (!mayEver(env, model, 'read')) return undefined
  const types = new Set([...always, ...env.registry.views.filter(({ view }) => view.model === model.name).map(({ view }) => view.type)])
  const views: Record<string, ViewMeta> = {}
  const lineFields = new Map<string, Set<string>>()
  for (const type of types) {
    const { nodes, options } = declaredView(env, model, type)
    const shown = nodes.flatMap((node) => deliver(env, model, node))
    // Of a calendar whose dates are not for this user there is nothing to show.
    if (type === 'calendar' && !shown.some(({ tag }) => tag === 'from')) continue
    views[type] = { type, nodes: shown, options, ...(type === 'form' ? { specification: formSpecification(env, model, shown) } : {}) }
    for (const node of linesIn(shown)) {
      const comodel = endOf(env, model.fields.get(node.field)!).comodel!
      const known = lineFields.get(comodel) ?? new Set()
      for (const name of lineNames(node, shown)) known.add(name)
      lineFields.set(comodel, known)
    }
  }
  const models: Record<string, ModelMeta> = { [model.name]: describeModel(env, model, null) }
  for (const [name, fields] of lineFields) if (!models[name]) models[name] = describeModel(env, env.modelOf(name), fields)
  return { model: model.name, models, views }
}

/** The declaration with what other apps add to it. */
function declaredView(env: Env, model: Model, type: ViewType): Pick<View, 'nodes' | 'options'> {
  const found = env.registry.views.filter(({ view }) => view.model === model.name && view.type === type).map(({ view }) => view)
  const base = found.findLast((view) => !view.alters) ?? defaultView(env, model, type)
  return found.filter((view) => view.alters).reduce((view, { nodes }) => ({ ...view, nodes: nodes.reduce(join, view.nodes) }), base)
}

/** A header joins the header, `after` goes where it says, the rest follows behind the last of its kind. */
function join(nodes: readonly Node[], added: Node): readonly Node[] {
  if (added.tag === 'after') return nodes.map((node) => insertAfter(node, added)).flat()
  const header = added.tag === 'header' ? nodes.find((node) => node.tag === 'header') : undefined
  if (header) return nodes.map((node) => (node === header ? { ...node, nodes: [...childrenOf(node), ...childrenOf(added)] } : node))
  const last = nodes.findLastIndex((node) => node.tag === added.tag)
  return last < 0 ? [...nodes, added] : [...nodes.slice(0, last + 1), added, ...nodes.slice(last + 1)]
}

const childrenOf = (node: Node): readonly Node[] => (node['nodes'] as readonly Node[] | undefined) ?? []

function insertAfter(node: Node, added: Node): Node[] {
  const fields = added['fields'] as readonly unknown[]
  const behind = (list: readonly unknown[]): unknown[] => list.flatMap((one) => (nameOf(one) === added['field'] ? [one, ...fields] : [one]))
  if (node.tag === 'field') return node['field'] === added['field'] ? [node, ...fields.map(asField)] : [node]
  if (node.tag === 'lines' || node.tag === 'footer') return [node]
  const columns = node['columns'] as readonly (readonly unknown[])[] | undefined
  return [
    {
      ...node,
      ...(columns ? { columns: columns.map(behind) } : {}),
      ...(node['nodes'] ? { nodes: childrenOf(node).flatMap((inner) => insertAfter(inner, added)) } : {}),
    },
  ]
}

const nameOf = (shown: unknown): string => (typeof shown === 'string' ? shown : (shown as { field: string }).field)
const asField = (shown: unknown): Node => (typeof shown === 'string' ? { tag: 'field', field: shown } : (shown as Node))

/** The node as this user gets it: none where nothing of it is for him. */
function deliver(env: Env, model: Model, node: Node): ViewNode[] {
  const { tag, label, only, when, ...rest } = node as Node & { label?: string; only?: Group; when?: readonly unknown[] }
  if (only && !env.isIn(only)) return []
  if (!canDecide(env, model, when)) return []
  const own = tag === 'group_by' ? model.fields.get(String(rest['field'])) : undefined
  const told = {
    ...(own?.custom
      ? { label: fieldLabel(env, own), name: own.name }
      : label === undefined
        ? {}
        : { label: env.t(label), name: slug(label) }),
    ...(when ? { when } : {}),
  }
  switch (tag) {
    case 'field':
      return shownField(env, model, node)
    case 'title':
    case 'columns': {
      const columns = (node['columns'] as readonly (readonly unknown[])[]).map((column) => shownFields(env, model, column))
      return columns.some((column) => column.length > 0) ? [{ tag, columns: columns.filter((column) => column.length > 0) }] : []
    }
    case 'header':
    case 'group':
    case 'tab': {
      const nodes = childrenOf(node).flatMap((inner) => deliver(env, model, inner))
      return nodes.length > 0 ? [{ tag, ...told, nodes } as ViewNode] : []
    }
    case 'lines':
      return deliverLines(env, model, node)
    case 'footer': {
      const fields = shownFields(env, model, node['fields'] as readonly unknown[])
      return fields.length > 0 ? [{ tag, fields }] : []
    }
    case 'button': {
      const action = model.actions.get(String(node['method']))
      if (!action || !mayEver(env, model, action.needs)) return []
      const { confirm, needs: _, ...button } = rest as { confirm?: string; needs?: unknown }
      const needs = needsOf(node).flatMap(([where, says]) => (canDecide(env, model, where) ? [[where, env.t(says)]] : []))
      const more = { ...(confirm ? { confirm: env.t(confirm) } : {}), ...(needs.length > 0 ? { needs } : {}) }
      return [{ tag, ...told, ...button, when: when ?? [], ...more } as unknown as ViewNode]
    }
    case 'move': {
      const action = model.actions.get(String(node['method']))
      return action && mayEver(env, model, action.needs) ? [node as unknown as ViewNode] : []
    }
    case 'link': {
      const target = env.registry.models.get(String(rest['model']))
      const count = rest['count'] as string | undefined
      if (!target || !mayEver(env, target, 'read') || !readableField(env, target, String(rest['by']))) return []
      const { count: _, ...link } = rest
      return [{ tag, ...told, ...link, ...(count && readableField(env, model, count) ? { count } : {}) } as ViewNode]
    }
    default: {
      // Whatever else a view type has: its fields must be there for the user, or the node is not.
      const fields = [rest['field'], ...((rest['fields'] as unknown[] | undefined) ?? []), ...conditionFields(rest['where'])]
      const names = fields.filter((name) => typeof name === 'string').map((name) => name.split('.')[0]!)
      return names.every((name) => readableField(env, model, name)) ? [{ tag, ...told, ...rest } as unknown as ViewNode] : []
    }
  }
}

/** The English label as a word of an address: it stays when the language changes. */
export const slug = (label: string): string =>
  label
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')

/** A condition on a field that is not there for the user could not be decided; what hangs on it is not shown. */
const canDecide = (env: Env, model: Model, condition: unknown): boolean =>
  conditionFields(condition).every((name) => readableField(env, model, name)) &&
  askedOfLines(condition).every(([name, inner]) => {
    const lines = env.registry.models.get(endOf(env, model.fields.get(name)!).comodel ?? '')
    return lines !== undefined && conditionFields(inner).every((field) => readableField(env, lines, field))
  })

const shownFields = (env: Env, model: Model, list: readonly unknown[]): ShownField[] =>
  list.flatMap((shown) => shownField(env, model, asField(shown)))

function shownField(env: Env, model: Model, node: Node): ShownField[] {
  const { field, only, label, placeholder, ...rest } = node as Node & { field: string; only?: Group; label?: string; placeholder?: string }
  if (!visibleField(env, model, field) || (only && !env.isIn(only))) return []
  if (![rest['when'], rest['readonly'], rest['required']].every((condition) => canDecide(env, model, condition))) return []
  const known = model.fields.get(field)!
  if (known.comodel && !mayName(env, known)) return []
  return [
    {
      field,
      ...rest,
      tag: 'field',
      ...(label === undefined ? {} : { label: env.t(label) }),
      ...(placeholder === undefined ? {} : { placeholder: env.t(placeholder) }),
    },
  ]
}

/** Whether he may know any record the field could point to. */
function mayName(env: Env, field: FieldInfo): boolean {
  const comodel = env.registry.models.get(endOf(env, field).comodel ?? '')
  return comodel !== undefined && mayEver(env, comodel, 'name')
}

function deliverLines(env: Env, model: Model, node: Node): ViewNode[] {
  const field = readableField(env, model, String(node['field']))
  const comodel = field && env.registry.models.get(endOf(env, field).comodel ?? '')
  if (!field || !comodel || !mayEver(env, comodel, 'read')) return []
  const columns = shownFields(env, comodel, [...(node['columns'] as readonly unknown[]), ...customColumns(field, comodel)])
  const { headings, ...rest } = node as Node & { readonly headings?: LineHeadings }
  const mayHead = headings && readableField(env, comodel, headings.kind) && readableField(env, comodel, headings.text)
  return columns.length > 0 ? [{ ...rest, tag: 'lines', field: field.name, columns, ...(mayHead ? { headings } : {}) }] : []
}

/** People's own fields of lines that are nothing without their document, such as an order's: nowhere else would they be filled in. */
function customColumns(lines: FieldInfo, comodel: Model): string[] {
  if (comodel.fields.get(lines.inverse ?? '')?.options.required !== true) return []
  return [...comodel.fields.values()].flatMap(({ name, custom }) => (custom && custom.form !== 'none' ? [name] : []))
}

const endOf = (env: Env, field: FieldInfo): FieldInfo => (field.related ? relatedEnd(env, field) : field)

/** The lists of lines anywhere in a view. */
export const linesIn = (nodes: readonly ViewNode[]): Extract<ViewNode, { tag: 'lines' }>[] =>
  nodes.flatMap((node) => (node.tag === 'lines' ? [node] : 'nodes' in node ? linesIn(node.nodes) : []))

/** Every field that a client needs to show and decide these nodes, lines as themselves. */
function namesOf(nodes: readonly ViewNode[]): string[] {
  return nodes.flatMap((node) => {
    const decides = ['when', 'readonly', 'required'].flatMap((key) => conditionFields((node as unknown as Record<string, unknown>)[key]))
    if (node.tag === 'field') return [node.field, ...decides, ...Object.values(node.among ?? {})]
    if (node.tag === 'lines') return [node.field, ...conditionFields(node.settled?.when)]
    if (node.tag === 'statusbar') return [node.field, ...decides]
    if (node.tag === 'title' || node.tag === 'columns') return namesOf(node.columns.flat())
    if (node.tag === 'footer') return namesOf(node.fields)
    if (node.tag === 'button') return [...decides, ...(node.needs ?? []).flatMap(([where]) => conditionFields(where))]
    if (node.tag === 'link') return [...(node.count ? [node.count] : []), ...decides]
    return 'nodes' in node ? [...namesOf(node.nodes), ...decides] : decides
  })
}

function formSpecification(env: Env, model: Model, nodes: readonly ViewNode[]): Specification {
  const lines = new Map(linesIn(nodes).map((node) => [node.field, lineNames(node, nodes)]))
  const names = [...namesOf(nodes), 'display_name', 'version', ...(model.hasActive ? ['active'] : [])]
  return specificationOf(env, model, names, (field) => {
    const shown = lines.get(field.name)
    return shown && specificationOf(env, env.modelOf(endOf(env, field).comodel!), [...shown, 'display_name'])
  })
}

type LinesNode = Extract<ViewNode, { tag: 'lines' }>
type LineHeadings = NonNullable<LinesNode['headings']>

/** Every field of a list's lines that is shown, or decides something. */
const lineNames = (node: LinesNode, nodes: readonly ViewNode[]): string[] => [
  ...namesOf(node.columns),
  ...besideColumns(node),
  ...buttonsIn(nodes)
    .flatMap(({ needs = [] }) => needs.flatMap(([where]) => askedOfLines(where)))
    .flatMap(([field, inner]) => (field === node.field ? conditionFields(inner) : [])),
]

const buttonsIn = (nodes: readonly ViewNode[]): ButtonNode[] =>
  nodes.flatMap((node) => (node.tag === 'button' ? [node] : 'nodes' in node ? buttonsIn(node.nodes) : []))

/** What a list of lines needs of each beside its columns: where it stands, and whether it is a heading. */
const besideColumns = ({ sequence, headings }: LinesNode): string[] => [
  ...(sequence ? [sequence] : []),
  ...(headings ? [headings.kind, headings.text] : []),
]

/**
 * What to ask for, so that these fields can be shown: with the names of linked records and the currencies of amounts. Content of files is
 * left out (it has addresses of its own), and so is what is not there for the user.
 */
export function specificationOf(
  env: Env,
  model: Model,
  names: readonly string[],
  linesOf: (field: FieldInfo) => Specification | undefined = () => undefined,
): Specification {
  const found: Record<string, { fields?: Specification; limit?: number }> = {}
  const add = (name: string): void => {
    const field = readableField(env, model, name)
    if (!field || found[name]) return
    const end = endOf(env, field)
    if (end.kind === 'binary') return
    const currency = currencyFieldOf(field, end)
    if (currency !== null) add(currency)
    if (!end.comodel) found[name] = {}
    else if (isToMany(field)) {
      const fields = linesOf(field) ?? (field.kind === 'many2many' ? nameAndColor(env, end.comodel) : undefined)
      found[name] = fields ? { fields } : {}
    } else found[name] = { fields: { display_name: {} } }
  }
  for (const name of names) add(name)
  return found
}

const nameAndColor = (env: Env, comodel: string): Specification =>
  readableField(env, env.modelOf(comodel), 'color') && mayEver(env, env.modelOf(comodel), 'read')
    ? { display_name: {}, color: {} }
    : { display_name: {} }

/** The model and its fields (all of them, or those named) as the client needs them. */
export function describeModel(env: Env, model: Model, fields: ReadonlySet<string> | null): ModelMeta {
  const kept = [...model.fields.values()].filter(
    (field) => visibleField(env, model, field.name) && (!fields || fields.has(field.name) || field.name === 'display_name'),
  )
  return {
    name: model.name,
    label: env.t(model.label),
    hasActive: model.hasActive,
    ...(env.registry.apps.some(({ papers }) => papers.some((paper) => paper.model === model.name)) ? { hasPaper: true as const } : {}),
    may: { create: mayEver(env, model, 'create'), write: mayEver(env, model, 'write'), unlink: mayEver(env, model, 'unlink') },
    fields: Object.fromEntries(
      kept.map((field) => [
        field.name,
        {
          ...fieldMeta(env, field),
          ...(leading(model).has(field.name) ? { follows: true as const } : {}),
          ...(model.inverses.has(field.name) || field.related ? { inverse: true as const } : {}),
        },
      ]),
    ),
  }
}

const leads = new WeakMap<Model, ReadonlySet<string>>()

/** The fields on which others of the same record depend: those that functions of apps follow, and the first steps of what is computed. */
function leading(model: Model): ReadonlySet<string> {
  const known = leads.get(model)
  if (known) return known
  const needs = [...model.computes.values()].flatMap((compute) => [...compute.needs])
  const related = [...model.fields.values()].flatMap((field) => (field.related && !field.magic ? [field.related[0]!] : []))
  const found = new Set([...model.onchanges.map(({ field }) => field), ...needs.map((path) => path.split('.')[0]!), ...related])
  leads.set(model, found)
  return found
}

const unneeded = new Set(['store', 'exportable', 'company_dependent', 'depends', 'context', 'trim'])

function fieldMeta(env: Env, field: FieldInfo): FieldMeta {
  const told = Object.entries(describeField(env, field)).filter(
    ([key, value]) => !unneeded.has(key) && value !== false && !(key === 'domain' && (value as unknown[]).length === 0),
  )
  return {
    ...(Object.fromEntries(told) as unknown as FieldMeta),
    ...(field.options.secret ? { secret: true as const } : {}),
    ...(mayName(env, field) && mayMake(env, field)
      ? { makes: true as const, ...(makesByName(env, field) ? { creates: true as const } : {}) }
      : {}),
  }
}

const mayMake = (env: Env, field: FieldInfo): boolean => mayEver(env, env.modelOf(endOf(env, field).comodel!), 'create')

/** A target is made with no more than a name where nothing else of it is required. */
function makesByName(env: Env, field: FieldInfo): boolean {
  const comodel = env.modelOf(endOf(env, field).comodel!)
  const others = [...comodel.fields.values()].filter(
    ({ name, options, computed, magic }) => options.required && options.default === undefined && !computed && !magic && name !== 'name',
  )
  return comodel.fields.get('name')?.column != null && others.length === 0
}
