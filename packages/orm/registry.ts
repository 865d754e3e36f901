import type { Group, Rule } from './access.ts'
import type { App } from './app.ts'
import { checkModel, checkView } from './checks.ts'
import type { CustomField } from './custom/definition.ts'
import { declarationOf, fits, protectCustom } from './custom/extend.ts'
import { customViews } from './custom/views.ts'
import { DefinitionError } from './errors.ts'
import { type AnyField, type Kind, type Options, char, datetime, integer, many2one } from './fields.ts'
import { ko } from './i18n/ko.ts'
import type { Action, Body, Compute, Constraint, Definition, FollowUp, Inverse, Prepare, Search } from './model.ts'
import { type Plan, planRecompute } from './triggers.ts'
import type { Menu, View } from './views.ts'

/** A field as the running system knows it: its declaration, resolved. */
export interface FieldInfo {
  readonly name: string
  readonly model: Model
  readonly kind: Kind
  readonly declaration: AnyField
  readonly options: Options<any> & Record<string, any>
  readonly label: string
  /** The column that keeps it; null where it is computed when read, or lives in other tables. */
  readonly column: string | null
  readonly comodel: string | null
  /** one2many: the many2one on the other side. */
  readonly inverse: string | null
  /**
   * Of a one2many whose inverse is the id by which the other model's records hang on records of any model (`hangsOn`): their field that names
   * the model. Such a list is read and searched, never written through. Known when all apps have spoken.
   */
  hangs: string | null
  /** many2many: where the links are kept. */
  readonly links: { table: string; mine: 'left_id' | 'right_id'; theirs: 'left_id' | 'right_id' } | null
  readonly related: readonly string[] | null
  readonly computed: 'stored' | 'live' | null
  readonly choices: Readonly<Record<string, string>> | null
  readonly app: string
  /** True for the fields that every record has. */
  readonly magic: boolean
  /** Its definition, of a field that the people of the instance made; null for those of apps. */
  readonly custom: CustomField | null
}

export interface OrderTerm {
  readonly field: FieldInfo
  readonly descending: boolean
}

export interface Model {
  readonly name: string
  readonly table: string
  readonly label: string
  readonly app: string
  readonly transient: boolean
  readonly audit: boolean
  readonly hangsOn: { model: string; id: string; rights?: true } | null
  /** Whether people may add fields of their own, and links to it from other models; or only the links. */
  readonly custom: 'fields' | 'links' | null
  readonly fields: Map<string, FieldInfo>
  readonly computes: Map<string, Compute>
  readonly constraints: Constraint[]
  readonly searches: Map<string, Search>
  readonly inverses: Map<string, Inverse>
  readonly onchanges: Definition['onchanges']
  readonly prepares: Prepare[]
  readonly followUps: FollowUp[]
  readonly methods: Map<string, Body>
  readonly actions: Map<string, Action<any, any, any>>
  readonly rules: Rule[]
  readonly unique: { fields: readonly string[]; fold: boolean; message: string | null }[]
  order: readonly OrderTerm[]
  /** `parent_path` is declared: the hierarchy along `parent_id` is kept as text. */
  readonly hasPath: boolean
  readonly hasActive: boolean
}

export interface Registry {
  readonly models: ReadonlyMap<string, Model>
  readonly apps: readonly App[]
  readonly groups: ReadonlyMap<string, Group>
  readonly plan: Plan
  /** many2one fields of any model that point to a model, by that model. */
  readonly pointers: ReadonlyMap<string, readonly FieldInfo[]>
  /** Stored reference fields of any model: they may point to every model. */
  readonly references: readonly FieldInfo[]
  readonly views: readonly { app: string; view: View<any> }[]
  readonly menus: readonly { app: string; menu: Menu }[]
  /** English → the language's text, by language. */
  readonly i18n: ReadonlyMap<string, ReadonlyMap<string, string>>
}

const toOne = new Set<Kind>(['many2one'])
export const isToOne = (field: FieldInfo): boolean => toOne.has(field.kind)
export const isToMany = (field: FieldInfo): boolean => field.kind === 'one2many' || field.kind === 'many2many'
export const isRelational = (field: FieldInfo): boolean => field.comodel !== null

/**
 * Puts the apps together, dependencies first, and refuses declarations that contradict each other, all problems at once. `custom`: fields that
 * the people of an instance made; what does not fit the apps is left out.
 */
export function assemble(apps: readonly App[], custom: readonly CustomField[] = []): Registry {
  const problems: string[] = []
  const ordered = inOrder(apps)
  const models = new Map<string, Model>()
  for (const app of ordered) for (const definition of [...app.models, ...app.extensions]) merge(app, definition, models, problems)
  for (const app of ordered) {
    for (const [name, rules] of Object.entries(app.access)) {
      const model = models.get(name)
      if (model) model.rules.push(...(rules ?? []))
      else problems.push(`${app.name} gives rights on ${name}, which no installed app declares`)
    }
  }
  for (const model of models.values()) finish(model, problems)
  for (const model of models.values())
    for (const field of model.fields.values()) {
      const hanging = field.kind === 'one2many' ? models.get(field.comodel!)?.hangsOn : null
      if (hanging && hanging.id === field.inverse) field.hangs = hanging.model
    }
  const groups = collectGroups(ordered, problems)
  for (const model of models.values()) problems.push(...checkModel(model, models, groups))
  for (const app of ordered) for (const view of app.views) problems.push(...checkView(app.name, view, models))
  const added = custom.filter((one) => addCustom(one, models, groups))
  const plan = problems.length === 0 ? planRecompute(models, problems) : null
  if (problems.length > 0 || !plan) throw new DefinitionError(problems)
  return {
    models,
    groups,
    plan,
    apps: ordered,
    pointers: collectPointers(models),
    references: [...models.values()].flatMap((model) =>
      [...model.fields.values()].filter((field) => field.kind === 'reference' && field.column),
    ),
    views: withCustom(
      ordered.flatMap((app) => app.views.map((view) => ({ app: app.name, view }))),
      added,
    ),
    menus: ordered.flatMap((app) => app.menus.map((menu) => ({ app: app.name, menu }))),
    i18n: collectTranslations(ordered),
  }
}

function inOrder(apps: readonly App[], seen = new Set<string>()): App[] {
  return apps.flatMap((app) => {
    if (seen.has(app.name)) return []
    seen.add(app.name)
    return [...inOrder(app.depends, seen), app]
  })
}

export const tableOf = (model: string): string => model.replaceAll('.', '_')

function merge(app: App, definition: Definition<any, any>, models: Map<string, Model>, problems: string[]): void {
  const known = models.get(definition.name)
  if (definition.extends && !known) {
    problems.push(`${app.name} extends ${definition.name}, which no app it depends on declares`)
    return
  }
  if (!definition.extends && known) problems.push(`${app.name} declares ${definition.name} again; use extend()`)
  const model = known ?? blank(app, definition)
  models.set(definition.name, model)
  for (const [name, declared] of Object.entries(definition.spec.fields as Record<string, AnyField>)) {
    if (model.fields.has(name) && !model.fields.get(name)!.magic) problems.push(`${app.name} declares ${definition.name}.${name} again`)
    model.fields.set(name, resolve(model, name, declared, app.name, false))
  }
  for (const compute of definition.computes) {
    if (model.computes.has(compute.field)) problems.push(`${app.name} computes ${definition.name}.${compute.field} again`)
    model.computes.set(compute.field, compute)
  }
  model.constraints.push(...definition.constraints)
  model.onchanges.push(...definition.onchanges)
  model.prepares.push(...definition.prepares)
  model.followUps.push(...definition.followUps)
  for (const [field, search] of definition.searches) model.searches.set(field, search)
  for (const [field, inverse] of definition.inverses) model.inverses.set(field, inverse)
  for (const unique of definition.spec.unique ?? []) {
    const { fields, fold = false, message = null } = Array.isArray(unique) ? { fields: unique } : (unique as any)
    model.unique.push({ fields, fold, message })
  }
  for (const [name, { body, action }] of definition.methods) {
    if (model.methods.has(name)) problems.push(`${app.name} declares ${definition.name}.${name}() again; use override()`)
    model.methods.set(name, body)
    if (action) model.actions.set(name, action)
  }
  for (const [name, override] of definition.overrides) {
    const next = model.methods.get(name)
    if (!next) problems.push(`${app.name} overrides ${definition.name}.${name}(), which does not exist`)
    else model.methods.set(name, (records, args) => override((mine, given) => next(mine, given ?? {}), records, args))
  }
}

const magic: Record<string, AnyField> = {
  display_name: char({ label: 'Display Name', compute: 'live' }),
  create_uid: many2one('res.users' as never, { label: 'Created by', copy: false }),
  create_date: datetime({ label: 'Created on', copy: false }),
  write_uid: many2one('res.users' as never, { label: 'Last Updated by', copy: false }),
  write_date: datetime({ label: 'Last Updated on', copy: false }),
  version: integer({ label: 'Version', copy: false }),
}

function blank(app: App, definition: Definition<any, any>): Model {
  const { spec } = definition
  const model: Model = {
    name: definition.name,
    table: tableOf(definition.name),
    label: spec.label ?? definition.name,
    app: app.name,
    transient: spec.transient ?? false,
    audit: (spec.audit ?? true) && !spec.transient,
    hangsOn: (spec.hangsOn as any) ?? null,
    custom: spec.custom ?? null,
    fields: new Map(),
    computes: new Map(),
    constraints: [],
    searches: new Map(),
    inverses: new Map(),
    onchanges: [],
    prepares: [],
    followUps: [],
    methods: new Map(),
    actions: new Map(),
    rules: [],
    unique: [],
    order: [],
    hasPath: 'parent_path' in spec.fields,
    hasActive: 'active' in spec.fields,
  }
  model.fields.set('id', { ...resolve(model, 'id', integer({ label: 'ID' }), app.name, true), column: 'id' })
  for (const [name, declared] of Object.entries(magic)) model.fields.set(name, resolve(model, name, declared, app.name, true))
  orders.set(model, spec.order ?? 'id')
  return model
}

const orders = new WeakMap<Model, string>()

function resolve(model: Model, name: string, declared: AnyField, app: string, isMagic: boolean): FieldInfo {
  const { kind, options, comodel = null, inverse = null, choices = null } = declared as any
  const computed = options.compute ?? (options.related ? 'live' : null)
  const isElsewhere = computed === 'live' || kind === 'one2many' || kind === 'many2many'
  const links =
    kind !== 'many2many' || computed === 'live'
      ? null
      : options.inverse
        ? { table: `${tableOf(comodel)}_${options.inverse}_rel`.slice(0, 63), mine: 'right_id' as const, theirs: 'left_id' as const }
        : { table: `${model.table}_${name}_rel`.slice(0, 63), mine: 'left_id' as const, theirs: 'right_id' as const }
  return {
    name,
    model,
    kind,
    declaration: declared,
    options,
    comodel,
    inverse,
    hangs: null,
    choices,
    links,
    app,
    magic: isMagic,
    custom: null,
    label: options.label ?? titled(name),
    column: isElsewhere ? null : name,
    related: options.related ? String(options.related).split('.') : null,
    computed,
  }
}

/** Gives the model the field, with its rights; false where it does not fit. */
function addCustom(one: CustomField, models: ReadonlyMap<string, Model>, groups: ReadonlyMap<string, Group>): boolean {
  if (!fits(one, models)) return false
  const model = models.get(one.model)!
  model.fields.set(one.name, { ...resolve(model, one.name, declarationOf(one), 'custom', false), custom: one })
  protectCustom(model, one, groups)
  return true
}

function withCustom(views: Registry['views'], custom: readonly CustomField[]): Registry['views'] {
  const declared = views.map(({ view }) => view)
  const added = [...Map.groupBy(custom, ({ model }) => model)].flatMap(([model, fields]) => customViews(model, fields, declared))
  return [...views, ...added.map((view) => ({ app: 'custom', view }))]
}

const titled = (name: string): string =>
  name
    .replace(/_ids?$/, '')
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ')

/** What can only be said once every app has spoken: the name of a record, its order. */
function finish(model: Model, problems: string[]): void {
  const display = model.fields.get('display_name')!
  const name = model.fields.get('name')
  if (display.magic && name) model.fields.set('display_name', { ...display, related: ['name'] })
  const terms: OrderTerm[] = []
  for (const term of orders.get(model)!.split(',')) {
    const [field = '', direction = 'asc'] = term.trim().split(/\s+/)
    const found = model.fields.get(field)
    if (!found || !/^(asc|desc)$/i.test(direction))
      problems.push(`${model.name}: its order '${term.trim()}' is not a field with asc or desc`)
    else terms.push({ field: found, descending: direction.toLowerCase() === 'desc' })
  }
  model.order = terms
}

function collectGroups(apps: readonly App[], problems: string[]): Map<string, Group> {
  const groups = new Map<string, Group>()
  for (const app of apps) {
    for (const group of app.groups) {
      if (groups.has(group.name)) problems.push(`${app.name} declares the group ${group.name} again`)
      if (!group.name.includes('.')) problems.push(`${app.name}: a group is named app.name, not '${group.name}'`)
      groups.set(group.name, group)
    }
  }
  return groups
}

function collectPointers(models: Map<string, Model>): Map<string, FieldInfo[]> {
  const pointers = new Map<string, FieldInfo[]>()
  for (const model of models.values()) {
    for (const field of model.fields.values()) {
      if (field.kind !== 'many2one' || !field.column || field.magic) continue
      pointers.set(field.comodel!, [...(pointers.get(field.comodel!) ?? []), field])
    }
  }
  return pointers
}

function collectTranslations(apps: readonly App[]): Map<string, Map<string, string>> {
  const all = new Map([['ko_KR', new Map(Object.entries(ko))]])
  for (const app of apps) {
    for (const [language, texts] of Object.entries(app.i18n)) {
      const known = all.get(language) ?? new Map<string, string>()
      for (const [english, text] of Object.entries(texts)) known.set(english, text)
      all.set(language, known)
    }
  }
  return all
}
