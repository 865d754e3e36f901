import type { Node } from '../domain.ts'
import { and, parseDomain, yes } from '../domain.ts'
import type { Env } from '../env.ts'
import { type FieldInfo, type Model, type OrderTerm, isToMany } from '../registry.ts'
import { ruleFor } from '../rules.ts'
import { compileCondition } from './condition.ts'
import type { Scope } from './expression.ts'
import { fieldExpression, relatedEnd } from './expression.ts'
import { type Sql, empty, ident, join, literal, sql, whole } from './fragment.ts'

/** What to bring of one field. */
export interface Want {
  readonly field: FieldInfo
  /** many2one on the wire: `[id, name]`, or the bare id. Inside: always the id. */
  readonly pair?: boolean
  /** The fields of the related records, instead of their ids. */
  readonly nested?: Nested
  /** What a translated field holds for every language, `{"en_US": …}`, instead of the caller's text. */
  readonly whole?: boolean
}

export interface Nested {
  readonly wants: readonly Want[]
  readonly order?: readonly OrderTerm[]
  readonly limit?: number | null
  readonly offset?: number
}

/**
 * 'wire': as the external protocol writes values (false for unset, doubles, pairs); 'typed': as our code reads them (null, decimal text, ids).
 * Both come as JSON made by PostgreSQL (kernel §2.3).
 */
export type Encoding = 'wire' | 'typed'

/** `value as "name", …` for the fields wanted of the table in `scope`. */
export function selectList(env: Env, scope: Scope, wants: readonly Want[], encoding: Encoding): Sql {
  return join([
    sql`${scope.column('id')} as id`,
    ...wants
      .filter((want) => want.field.name !== 'id')
      .map((want) => sql`${encode(env, scope, want, encoding)} as ${ident(want.field.name)}`),
  ])
}

/** Bytes of an answer: lines within orders within lines, or a whole table, would fill the memory that all instances of a process share. */
const mostAnswerBytes = 128 << 20

/**
 * An array of row objects as JSON text, compact, in the rows' order. What a caller asked for ('wire') ends in PostgreSQL's error 54000 where it is too
 * large: before it leaves the database. (`repeat` gives that error for what cannot be.) With it comes, as `n`, how many rows it has.
 */
export const asArray = (rows: Sql, encoding: Encoding): Sql =>
  encoding === 'typed'
    ? sql`${arrayText} from (${rows}) x`
    : sql`case when octet_length(a.a) <= ${whole(mostAnswerBytes)} then a.a else repeat(a.a, 2147483647) end as "?column?", a.n from (select ${arrayText} as a, count(*)::int4 as n from (${rows}) x) a`

const arrayText = sql`('[' || coalesce(string_agg(row_to_json(x)::text, ','), '') || ']')`

function encode(env: Env, scope: Scope, want: Want, encoding: Encoding): Sql {
  const { field } = want
  if (field.options.secret) return sql`''::text`
  if (want.whole) return scope.column(field.column!)
  if (isToMany(field)) return encodeMany(env, scope, want, encoding)
  if (field.kind === 'many2one') return encodeOne(env, scope, want, encoding)
  const x = fieldExpression(env, field, scope)
  const { kind } = field.related ? relatedEnd(env, field) : field
  return encoding === 'wire' ? encodeWire(kind, x) : encodeTyped(kind, x)
}

function encodeWire(kind: FieldInfo['kind'], x: Sql): Sql {
  switch (kind) {
    case 'integer':
      return sql`coalesce(${x}, 0)`
    case 'float':
    case 'decimal':
    case 'monetary':
      return sql`coalesce(${x}, 0)::float8`
    case 'boolean':
      return sql`coalesce(${x}, false)`
    case 'datetime':
      return sql`coalesce(to_json(to_char(${x}, 'YYYY-MM-DD HH24:MI:SS')), 'false')`
    default:
      return sql`coalesce(to_json(${x}), 'false')`
  }
}

function encodeTyped(kind: FieldInfo['kind'], x: Sql): Sql {
  switch (kind) {
    case 'float':
      return sql`(${x})::float8`
    case 'decimal':
    case 'monetary':
      return sql`(${x})::text`
    case 'boolean':
      return sql`coalesce(${x}, false)`
    case 'datetime':
      return sql`to_char(${x}, 'YYYY-MM-DD HH24:MI:SS')`
    default:
      return x
  }
}

function encodeOne(env: Env, scope: Scope, { field, pair, nested }: Want, encoding: Encoding): Sql {
  const id = fieldExpression(env, field, scope)
  const end = field.related ? relatedEnd(env, field) : field
  if (!nested && (!pair || encoding === 'typed')) return encoding === 'typed' ? id : sql`coalesce(to_json(${id}), 'false')`
  const comodel = env.modelOf(end.comodel!)
  const inner = scope.inner()
  if (nested) {
    const list = selectList(env, inner, nested.wants, encoding)
    const asName = nested.wants.every((want) => want.field.name === 'display_name' || want.field.name === 'id')
    const rule = ruleFor(env, comodel, asName ? 'name' : 'read')
    const found = sql`select row_to_json(x) from (select ${list} from ${ident(comodel.table)} ${ident(inner.alias)} where ${inner.column('id')} = ${id}${andRule(env, rule, inner)}) x`
    if (encoding === 'typed') return sql`(${found})`
    // A hidden record still has an id, so that a form saved back does not cut the link.
    const hidden = sql`json_build_object('id', ${id}, 'display_name', '')`
    return sql`case when ${id} is null then 'false'::json else coalesce((${found}), ${hidden}) end`
  }
  return sql`case when ${id} is null then 'false'::json else json_build_array(${id}, ${nameOf(env, comodel, inner, id)}) end`
}

/** The name of a record as this caller may see it, the empty text when he may not (kernel §2.3). */
export function nameOf(env: Env, comodel: Model, inner: Scope, id: Sql): Sql {
  const name = fieldExpression(env, comodel.fields.get('display_name')!, inner)
  return sql`coalesce((select ${name} from ${ident(comodel.table)} ${ident(inner.alias)} where ${inner.column('id')} = ${id}${andRule(env, ruleFor(env, comodel, 'name'), inner)}), '')`
}

const andRule = (env: Env, rule: Node, scope: Scope): Sql =>
  rule.kind === 'true' ? empty : sql` and ${compileCondition(env, rule, scope)}`

function encodeMany(env: Env, scope: Scope, { field, nested }: Want, encoding: Encoding): Sql {
  const comodel = env.modelOf(field.comodel!)
  const inner = scope.inner()
  const order = orderBy(env, nested?.order ?? comodel.order, inner)
  const limit = nested?.limit == null ? empty : sql` limit ${whole(nested.limit)}`
  const offset = nested?.offset ? sql` offset ${nested.offset}` : empty
  const source = linked(env, field, comodel, scope, inner)
  if (nested)
    return sql`(select ${arrayText}::json from (select ${selectList(env, inner, nested.wants, encoding)} from ${source} order by ${order}${limit}${offset}) x)`
  return sql`coalesce(array_to_json(array(select ${inner.column('id')} from ${source} order by ${order}${limit}${offset})), '[]')`
}

/** The linked records that this caller may name and, unless asked otherwise, that are active. */
function linked(env: Env, field: FieldInfo, comodel: Model, scope: Scope, inner: Scope): Sql {
  const node = and([
    ruleFor(env, comodel, 'read'),
    field.options['archived'] ? yes : activeOnly(env, comodel, []),
    field.options['domain'] ? parseDomain({ env, rules: false }, comodel, field.options['domain']) : yes,
  ])
  const table = sql`${ident(comodel.table)} ${ident(inner.alias)}`
  if (field.kind === 'one2many')
    return sql`${table} where ${inner.column(field.inverse!)} = ${scope.column('id')}${ofModel(field, inner)}${andRule(env, node, inner)}`
  const link = scope.inner()
  return sql`${ident(field.links!.table)} ${ident(link.alias)} join ${table} on ${inner.column('id')} = ${link.column(field.links!.theirs)} where ${link.column(field.links!.mine)} = ${scope.column('id')}${andRule(env, node, inner)}`
}

/** Records that hang on others name the model too. */
const ofModel = (field: FieldInfo, inner: Scope): Sql =>
  field.hangs === null ? empty : sql` and ${inner.column(field.hangs)} = ${literal(field.model.name)}`

/** Hides archived records, unless the caller asks for them or his domain speaks of `active`. */
export function activeOnly(env: Env, model: Model, domain: unknown): Node {
  const asks = Array.isArray(domain) && domain.some((term) => Array.isArray(term) && term[0] === 'active')
  if (!model.hasActive || !env.context.active_test || asks) return yes
  return { kind: 'leaf', field: model.fields.get('active')!, part: null, operator: '=', value: true }
}

/** Text is sorted as people sort, in every language; many2one by the name the caller may see. `id` last, so that pages do not overlap. */
export function orderBy(env: Env, terms: readonly OrderTerm[], scope: Scope): Sql {
  const all = terms.some((term) => term.field.name === 'id') ? terms : [...terms, { field: scopeId(terms), descending: false }]
  return join(all.map(({ field, descending }) => sql`${sortKey(env, field, scope)}${descending ? sql` desc` : empty}`))
}

const idField = new WeakMap<Model, FieldInfo>()
function scopeId(terms: readonly OrderTerm[]): FieldInfo {
  const { model } = terms[0]!.field
  const known = idField.get(model) ?? model.fields.get('id')!
  idField.set(model, known)
  return known
}

function sortKey(env: Env, field: FieldInfo, scope: Scope): Sql {
  const end = field.related ? relatedEnd(env, field) : field
  if (end.kind === 'many2one') {
    const comodel = env.modelOf(end.comodel!)
    return sql`${nameOf(env, comodel, scope.inner(), fieldExpression(env, field, scope))} collate "und-x-icu"`
  }
  const x = fieldExpression(env, field, scope)
  return end.kind === 'char' || end.kind === 'text' ? sql`${x} collate "und-x-icu"` : x
}

/** `id, columns…` of the rows that match, in order, at most `limit`: names and relations are joined outside, so that a page costs the same at any table size. */
export function page(
  env: Env,
  model: Model,
  node: Node,
  options: { order: readonly OrderTerm[]; limit: number | null; offset: number },
  columns: ReadonlySet<string>,
  names: Scope,
): Sql {
  const scope = names.as('f')
  const condition = node.kind === 'true' ? empty : sql` where ${compileCondition(env, node, scope)}`
  const order = orderBy(env, options.order, scope)
  const listed = join([...new Set(['id', ...columns])].map((name) => scope.column(name)))
  return sql`select ${listed} from ${ident(model.table)} f${condition} order by ${order}${options.limit === null ? empty : sql` limit ${whole(options.limit)}`}${options.offset ? sql` offset ${options.offset}` : empty}`
}
