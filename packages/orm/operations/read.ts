import { Decimal } from '../decimal.ts'
import { type Node, and, mentionsActive, parseDomain, yes } from '../domain.ts'
import type { Env } from '../env.ts'
import { AccessError, ValueError } from '../errors.ts'
import { type FieldInfo, type Model, type OrderTerm, isToMany } from '../registry.ts'
import { mayEver, readableField, ruleFor } from '../rules.ts'
import { compileCondition } from '../sql/condition.ts'
import { Scope, isPushable } from '../sql/expression.ts'
import { type Sql, empty, ident, sql, whole } from '../sql/fragment.ts'
import { type Encoding, type Nested, type Want, activeOnly, asArray, orderBy, page, selectList } from '../sql/select.ts'
import { oneOf } from '../sql/ids.ts'
import { askedName, shapeName } from '../sql/names.ts'
import { type Translate, wordsOf } from '../texts.ts'
import { isAscending, keptStatement } from './kept.ts'
import { orderTerm } from './order-term.ts'
import { flush } from './recompute.ts'
import { type Shape, shapeFor } from './shape.ts'

export interface ReadOptions {
  order?: string | readonly OrderTerm[] | null
  limit?: number | null
  offset?: number
}

const refusals = {
  read: "You are not allowed to access '{model}' ({name}) records.",
  write: "You are not allowed to modify '{model}' ({name}) records.",
  create: "You are not allowed to create '{model}' ({name}) records.",
  unlink: "You are not allowed to delete '{model}' ({name}) records.",
}

/** The question an ACL answers: may this user do this to any record of the model at all? */
export function demandEver(env: Env, model: Model, operation: 'read' | 'write' | 'create' | 'unlink'): void {
  if (!mayEver(env, model, operation)) throw new AccessError(env.t(refusals[operation], { model: env.t(model.label), name: model.name }))
}

/** Domain, rules and archiving together. */
export function searchNode(env: Env, model: Model, domain: unknown): Node {
  const asked = parseDomain({ env, rules: !env.isSystem }, model, domain)
  return and([asked, activeOnly(env, model, mentionsActive(domain) ? [['active']] : []), ruleFor(env, model, 'read')])
}

/** An order as the wire writes it, `'date desc, name'`; only fields the caller may read, and that SQL can sort. */
export function parseOrder(env: Env, model: Model, order: string | readonly OrderTerm[] | null | undefined | false): readonly OrderTerm[] {
  if (!order) return model.order
  if (typeof order !== 'string') return order
  const terms = order.split(',')
  if (terms.length > 50) throw new ValueError('Invalid order: too many fields')
  return terms.map((term) => {
    const { name, descending } = orderTerm(term) ?? { name: '', descending: false }
    const field = readableField(env, model, name)
    if (!field) throw new ValueError(`Invalid order '${term.trim().slice(0, 60)}' on ${model.name}: no such field`)
    if (!isPushable(env, field) || isToMany(field) || field.kind === 'json')
      throw new ValueError(`Cannot sort ${model.name} by ${field.name}`)
    return { field, descending }
  })
}

export async function searchIds(env: Env, model: Model, domain: unknown, options: ReadOptions): Promise<number[]> {
  demandEver(env, model, 'read')
  await flush(env)
  const node = searchNode(env, model, domain)
  if (node.kind === 'false') return []
  const statement = page(
    env,
    model,
    node,
    { order: parseOrder(env, model, options.order), limit: cleanLimit(options.limit), offset: options.offset ?? 0 },
    new Set(),
    new Scope('t'),
  )
  return (await env.cx.query<{ id: number }>(statement, askedName(statement))).map((row) => row.id)
}

const cleanLimit = (limit: number | null | undefined): number | null => (limit === undefined || limit === null ? null : limit)

/** How many match; stops counting at `limit`. */
export async function searchCount(env: Env, model: Model, domain: unknown, limit: number | null): Promise<number> {
  demandEver(env, model, 'read')
  await flush(env)
  const node = searchNode(env, model, domain)
  if (node.kind === 'false') return 0
  return countRows(env, model, node, limit)
}

/** How many match a domain that is resolved already. */
export async function countRows(env: Env, model: Model, node: Node, limit: number | null): Promise<number> {
  const scope = new Scope('c')
  const where = node.kind === 'true' ? empty : sql` where ${compileCondition(env, node, scope)}`
  const statement =
    limit === null
      ? sql`select count(*)::int4 as n from ${ident(model.table)} c${where}`
      : sql`select count(*)::int4 as n from (select from ${ident(model.table)} c${where} limit ${whole(limit)}) counted`
  const [row] = await env.cx.query<{ n: number }>(statement, askedName(statement))
  return row!.n
}

/** JSON text of the records that are there for the caller, in the order of `ids`. */
export function byIds(
  env: Env,
  model: Model,
  ids: readonly number[],
  wants: readonly Want[],
  encoding: Encoding,
  rule: Node = ruleFor(env, model, 'read'),
): Sql {
  const scope = new Scope('t')
  const list = selectList(env, scope, wants, encoding)
  const where = rule.kind === 'true' ? empty : sql` and ${compileCondition(env, rule, scope)}`
  // A place in the list costs a walk along it for every row: thousands of ids, as recomputes bring them, are in order anyway.
  const order =
    ids.length < 2
      ? empty
      : isAscending(ids)
        ? sql` order by ${scope.column('id')}`
        : sql` order by array_position(${ids}, ${scope.column('id')})`
  return sql`select ${asArray(sql`select ${list} from ${ident(model.table)} t where ${oneOf(scope.column('id'), ids)}${where}${order}`, encoding)}`
}

/** JSON text of a page of the records that match, and as `n` how many it has. */
export function byDomain(
  env: Env,
  model: Model,
  node: Node,
  wants: readonly Want[],
  encoding: Encoding,
  options: { order: readonly OrderTerm[]; limit: number | null; offset: number },
): Sql {
  const scope = new Scope('t')
  const list = selectList(env, scope, wants, encoding)
  return sql`select ${asArray(sql`select ${list} from (${page(env, model, node, options, scope.used, scope)}) t`, encoding)}`
}

// ---- Typed reading: what our own code uses ----------------------------------------------------------

/** Paths as a tree of wants; live fields are replaced by what they need and computed afterwards. */
interface Tree {
  readonly model: Model
  readonly plain: Map<string, Plain>
  /** In the order of computing. */
  readonly live: Map<string, Live>
  readonly asked: Set<string>
}

interface Plain {
  readonly field: FieldInfo
  readonly tree: Tree | null
  /** Of a translated field, what it holds for every language. */
  readonly whole?: boolean
}

interface Live {
  /** Null where a field that it needs is protected from the reader: it is empty for him then. */
  readonly field: FieldInfo | null
  readonly needs: string[]
  /** What is read through it, where it stands for a relation further away. */
  tree: Tree | null
}

/** The end of a path to all that a translated field holds: `name.*`. */
export const everyLanguage = '*'

const blankTree = (model: Model): Tree => ({ model, plain: new Map(), live: new Map(), asked: new Set() })

function treeOf(env: Env, model: Model, paths: readonly string[]): Tree {
  const tree = blankTree(model)
  for (const path of paths) addPath(env, tree, path.split('.'), true)
  return tree
}

function addPath(env: Env, tree: Tree, path: readonly string[], asked: boolean): void {
  const [head = '', ...rest] = path
  if (asked) tree.asked.add(head)
  if (head === 'id') return
  const field = readableField(env, tree.model, head, !env.isSystem)
  if (!field) throw new ValueError(`Invalid field '${head.slice(0, 60)}' on '${tree.model.name}'`)
  if ((field.related && (rest.length > 0 || !isPushable(env, field))) || (field.computed === 'live' && !isPushable(env, field))) {
    const live = tree.live.get(head) ?? addLive(env, tree, field)
    if (!live.field?.related || rest.length === 0) return
    const behind = [...live.field.related, ...rest]
    addPath(env, tree, behind, false)
    live.needs.push(behind.join('.'))
    live.tree ??= blankTree(env.modelOf(field.comodel!))
    addPath(env, live.tree, rest, asked)
    return
  }
  const known = tree.plain.get(head)
  if (rest[0] === everyLanguage && field.options.translate && field.column) {
    tree.plain.set(head, { field, tree: null, whole: true })
    return
  }
  if (rest.length === 0) {
    if (!known) tree.plain.set(head, { field, tree: null })
    return
  }
  const inner = known?.tree ?? blankTree(env.modelOf(field.comodel!))
  tree.plain.set(head, { field, tree: inner })
  addPath(env, inner, rest, asked)
}

/** After its needs, so that it is computed after them: one of them may be live itself. */
function addLive(env: Env, tree: Tree, field: FieldInfo): Live {
  const isWhole = needsOf(field).every((need) => mayRead(env, tree.model, need.split('.')))
  if (isWhole) for (const need of needsOf(field)) addPath(env, tree, need.split('.'), false)
  const live: Live = { field: isWhole ? field : null, needs: isWhole ? [...needsOf(field)] : [], tree: null }
  tree.live.set(field.name, live)
  return live
}

function mayRead(env: Env, model: Model, [head = '', ...rest]: readonly string[]): boolean {
  const field = readableField(env, model, head, !env.isSystem)
  return head === 'id' || (field !== undefined && (rest.length === 0 || mayRead(env, env.modelOf(field.comodel!), rest)))
}

const needsOf = (field: FieldInfo): readonly string[] =>
  field.related ? [field.related.join('.')] : field.model.computes.get(field.name)!.needs

const wantsOf = (tree: Tree): Want[] =>
  [...tree.plain.values()].map(({ field, tree: inner, whole: isWhole = false }) =>
    inner ? { field, nested: { wants: wantsOf(inner) } satisfies Nested } : { field, whole: isWhole },
  )

export async function readTyped(env: Env, model: Model, ids: readonly number[], paths: readonly string[], rule?: Node): Promise<any[]> {
  if (ids.length === 0) return []
  demandEver(env, model, 'read')
  await flush(env)
  const { tree, statement } =
    rule === undefined || rule === yes
      ? keptStatement(env, `typed|${model.name}|${rule === yes}|${paths.join(' ')}`, { ids }, (standIns) =>
          typedStatement(env, model, standIns.ids, paths, rule),
        )
      : typedStatement(env, model, ids, paths, rule)
  const [row] = await env.cx.query<{ '?column?': string }>(statement, shapeName(statement))
  return revive(env, tree, JSON.parse(row!['?column?']))
}

function typedStatement(
  env: Env,
  model: Model,
  ids: readonly number[],
  paths: readonly string[],
  rule?: Node,
): { tree: Tree; statement: Sql } {
  const tree = treeOf(env, model, paths)
  return { tree, statement: byIds(env, model, ids, wantsOf(tree), 'typed', rule) }
}

export async function findTyped(env: Env, model: Model, domain: unknown, paths: readonly string[], options: ReadOptions): Promise<any[]> {
  demandEver(env, model, 'read')
  await flush(env)
  const node = searchNode(env, model, domain)
  if (node.kind === 'false') return []
  const tree = treeOf(env, model, paths)
  const statement = byDomain(env, model, node, wantsOf(tree), 'typed', {
    order: parseOrder(env, model, options.order),
    limit: cleanLimit(options.limit),
    offset: options.offset ?? 0,
  })
  const [row] = await env.cx.query<{ '?column?': string }>(statement, askedName(statement))
  return revive(env, tree, JSON.parse(row!['?column?']))
}

/** Decimal texts become Decimals, live fields are computed, and what was only needed on the way is left out. */
function revive(env: Env, tree: Tree, rows: Record<string, any>[]): any[] {
  fill(wordsOf(env), tree, rows)
  strip(tree, rows)
  return rows
}

/** What is done with the rows of a tree: the same each time. */
interface Steps {
  readonly exact: readonly string[]
  /** Relations that were read into. */
  readonly relations: readonly (readonly [string, Tree])[]
  readonly live: readonly { readonly name: string; readonly field: FieldInfo | null; readonly inner: Tree | null; readonly shape: Shape }[]
  /** All that have something in them when everything is filled in. */
  readonly nested: readonly (readonly [string, Tree])[]
  /** Read into for a live field alone; whoever asked for the relation asked for its ids. */
  readonly bare: readonly string[]
  /** Only needed on the way. */
  readonly unasked: readonly string[]
}

const steps = new WeakMap<Tree, Steps>()

function stepsOf(tree: Tree): Steps {
  const known = steps.get(tree)
  if (known) return known
  const readInto = tree.live.size === 0 ? none : relationsOf(tree)
  const nested = [...tree.plain, ...tree.live].flatMap(([name, { tree: inner }]) => (inner ? [[name, inner] as const] : []))
  const made: Steps = {
    exact: [...tree.plain.values()].filter(({ field }) => isExact(field)).map(({ field }) => field.name),
    relations: nested.filter(([name]) => tree.plain.has(name)),
    live: [...tree.live].map(([name, { field, needs, tree: inner }]) => ({ name, field, inner, shape: shapeFor(needs, readInto) })),
    nested,
    bare: nested.flatMap(([name, inner]) => (inner.asked.size === 0 && tree.asked.has(name) ? [name] : [])),
    unasked: [...tree.plain.keys(), ...tree.live.keys()].filter((name) => !tree.asked.has(name)),
  }
  steps.set(tree, made)
  return made
}

// Everything is filled in before anything is left out: a live field may need what lies behind a relation.
function fill(t: Translate, tree: Tree, rows: readonly Record<string, any>[]): void {
  const { exact, relations, live } = stepsOf(tree)
  for (const row of rows) {
    for (const name of exact) if (row[name] !== null) row[name] = Decimal.of(row[name])
    for (const [name, inner] of relations) fill(t, inner, within(row[name]))
    for (const { name, field, inner, shape } of live) {
      const value = field ? computeLive(field, shape(row), t) : null
      row[name] = inner ? taken(inner, value) : value
    }
  }
}

/** A copy of what the tree holds of a value: what lies further away has its own reader. */
function taken(tree: Tree, value: any): any {
  if (Array.isArray(value)) return value.map((one) => taken(tree, one))
  if (value === null || typeof value !== 'object') return value
  const copy: Record<string, any> = { id: value.id }
  for (const [name, { tree: inner }] of [...tree.plain, ...tree.live]) copy[name] = inner ? taken(inner, value[name]) : value[name]
  return copy
}

const none: ReadonlySet<string> = new Set()

/** The relations that were read into, as paths. */
function relationsOf(tree: Tree, above = ''): Set<string> {
  const found = new Set<string>()
  for (const [name, { tree: inner }] of [...tree.plain, ...tree.live]) {
    if (!inner) continue
    found.add(above + name)
    for (const path of relationsOf(inner, `${above}${name}.`)) found.add(path)
  }
  return found
}

function strip(tree: Tree, rows: readonly Record<string, any>[]): void {
  const { nested, bare, unasked } = stepsOf(tree)
  for (const row of rows) {
    for (const [name, inner] of nested) strip(inner, within(row[name]))
    for (const name of bare) row[name] = Array.isArray(row[name]) ? row[name].map(({ id }) => id) : (row[name]?.id ?? null)
    for (const name of unasked) delete row[name]
    Object.freeze(row)
  }
}

/** The rows that a relation was read into. */
const within = (value: any): readonly Record<string, any>[] => (Array.isArray(value) ? value : value ? [value] : noRows)
const noRows: readonly Record<string, any>[] = []

const isExact = (field: FieldInfo): boolean => field.kind === 'decimal' || field.kind === 'monetary'

/** Null where a required hop of its needs is hidden from the reader: the function's types say it is there (kernel §2.4). */
export function computeLive(field: FieldInfo, row: Record<string, any>, t: Translate): unknown {
  if (field.related) return field.related.reduce<any>((at, step) => (at === null || at === undefined ? null : at[step]), row) ?? null
  const compute = field.model.computes.get(field.name)!
  if (!hopsArePresent(field.model, compute.needs, row)) return null
  return compute.value(row, t)
}

function hopsArePresent(model: Model, needs: readonly string[], row: Record<string, any>): boolean {
  return needs.every((need) => {
    const [head = '', ...rest] = need.split('.')
    const field = model.fields.get(head)
    if (rest.length === 0 || !field || field.kind !== 'many2one' || !field.options.required) return true
    return row[head] !== null && row[head] !== undefined
  })
}

export { yes }
export { orderBy }
