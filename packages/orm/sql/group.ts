import type { Node } from '../domain.ts'
import type { Env } from '../env.ts'
import type { FieldInfo, Model } from '../registry.ts'
import { ruleFor } from '../rules.ts'
import { compileCondition } from './condition.ts'
import { type DatePart, dateParts } from './date-parts.ts'
import { type Scope, Scope as NewScope, fieldExpression, relatedEnd } from './expression.ts'
import { type Sql, column, empty, ident, join, literal, sql } from './fragment.ts'
import { nameOf } from './select.ts'

/** Lengths of time that instants and days are grouped by. */
export const spans = ['hour', 'day', 'week', 'month', 'quarter', 'year'] as const
export type Span = (typeof spans)[number]

export interface GroupKey {
  readonly field: FieldInfo
  readonly span: Span | null
  readonly part: DatePart | null
  /** Which day a week begins with, 1 (Monday) to 7. */
  readonly weekStart: number
}

export const functions = [
  'sum',
  'avg',
  'min',
  'max',
  'count',
  'count_distinct',
  'array_agg',
  'array_agg_distinct',
  'bool_and',
  'bool_or',
  'recordset',
] as const
export type AggregateFunction = (typeof functions)[number]
export interface AggregateColumn {
  readonly field: FieldInfo
  readonly function: AggregateFunction
}

/** What groups are sorted and filtered by: the n-th key, the n-th aggregate, or the number of records. */
export type GroupColumn = { readonly key: number } | { readonly aggregate: number } | 'count'
export interface GroupOrder {
  readonly by: GroupColumn
  readonly descending: boolean
}
export type Having =
  | { readonly kind: 'compare'; readonly column: GroupColumn; readonly operator: keyof typeof comparisons; readonly value: string }
  | { readonly kind: 'in'; readonly column: GroupColumn; readonly values: readonly string[] }
  | { readonly kind: 'and' | 'or'; readonly nodes: readonly Having[] }
  | { readonly kind: 'not'; readonly node: Having }

export interface GroupQuery {
  readonly keys: readonly GroupKey[]
  readonly aggregates: readonly AggregateColumn[]
  readonly having: Having | null
  readonly order: readonly GroupOrder[]
  readonly limit: number | null
  readonly offset: number
}

/** A row of the answer: `k0` the key, `n0` its name, `l0`, `f0`, `u0` a span's beginning on the caller's clock and its bounds; `a0` the aggregate; `n` records, `total` groups. */
export type GroupRow = { readonly n: number; readonly total: number; readonly [column: string]: unknown }

/**
 * Groups in one statement: keys and values of the rows that match, then groups, then names. Three layers, because a parameter inside a key
 * would make it another expression each time it is written.
 */
export function groupStatement(env: Env, model: Model, node: Node, query: GroupQuery): Sql {
  const scope = new NewScope('t')
  const joins = query.keys.map((key, i) => (key.field.kind === 'many2many' ? linkedTargets(env, key.field, scope, `m${i}`) : empty))
  const where = node.kind === 'true' ? empty : sql` where ${compileCondition(env, node, scope)}`
  const inner = [
    ...query.keys.map((key, i) => sql`${keyValue(env, key, scope, `m${i}`)} as ${ident(`k${i}`)}`),
    ...query.aggregates.map(({ field }, i) => sql`${fieldExpression(env, field, scope)} as ${ident(`v${i}`)}`),
    sql`${scope.column('id')} as id`,
  ]
  const rows = sql`select ${join(inner)} from ${ident(model.table)} t${join(joins, ' ')}${where}`
  const keys = query.keys.map((_, i) => column('r', `k${i}`))
  const sums = query.aggregates.map((one, i) => sql`${aggregate(one, column('r', `v${i}`))} as ${ident(`a${i}`)}`)
  const groups = sql`select ${join([...keys, ...sums, sql`count(*)::int4 as n`])} from (${rows}) r${keys.length === 0 ? empty : sql` group by ${join(keys)}`}`
  const told = query.keys.flatMap((key, i) => tellings(env, key, scope, i))
  const named = sql`select ${join([sql`q.*`, ...told])} from (${groups}) q`
  const having = query.having ? sql` where ${compileHaving(query.having)}` : empty
  const order =
    query.order.length === 0
      ? empty
      : sql` order by ${join(query.order.map((one) => sql`${sortKey(env, query.keys, one.by)}${one.descending ? sql` desc` : empty}`))}`
  return sql`select g.*, (count(*) over ())::int4 as total from (${named}) g${having}${order}${query.limit === null ? empty : sql` limit ${query.limit}`}${query.offset ? sql` offset ${query.offset}` : empty}`
}

/** A record is in the group of each linked record that the caller may name; with none, in the unset group. */
function linkedTargets(env: Env, field: FieldInfo, scope: Scope, alias: string): Sql {
  const comodel = env.modelOf(field.comodel!)
  const [target, link] = [scope.inner(), scope.inner()]
  const rule = ruleFor(env, comodel, 'name')
  return sql` left join lateral (select ${link.column(field.links!.theirs)} as id from ${ident(field.links!.table)} ${ident(link.alias)} join ${ident(comodel.table)} ${ident(target.alias)} on ${target.column('id')} = ${link.column(field.links!.theirs)}
    where ${link.column(field.links!.mine)} = ${scope.column('id')}${rule.kind === 'true' ? empty : sql` and ${compileCondition(env, rule, target)}`}) ${ident(alias)} on true`
}

/** Values that the protocol does not tell apart are one group: null and 0, null and the empty text. */
function keyValue(env: Env, key: GroupKey, scope: Scope, linked: string): Sql {
  const { field, span, part } = key
  if (field.kind === 'many2many') return column(linked, 'id')
  const x = fieldExpression(env, field, scope)
  const end = field.related ? relatedEnd(env, field) : field
  const local = end.kind === 'datetime' ? onClock(x, env.context.tz) : sql`(${x})::timestamp`
  if (part) return sql`extract(${dateParts[part]} from ${local})::int4`
  // A whole hour, not the hour's name: when clocks go back the name comes twice.
  if (span === 'hour') return end.kind === 'datetime' ? sql`(${x} - (${local} - date_trunc('hour', ${local})))` : local
  if (span === 'week' && key.weekStart !== 1)
    return sql`(date_trunc('week', ${local} + ${days(8 - key.weekStart)}) - ${days(8 - key.weekStart)})`
  if (span) return sql`date_trunc(${literal(span)}, ${local})`
  switch (end.kind) {
    case 'integer':
    case 'float':
    case 'decimal':
    case 'monetary':
      return sql`coalesce(${x}, 0)`
    case 'boolean':
      return sql`coalesce(${x}, false)`
    case 'char':
    case 'text':
    case 'selection':
    case 'reference':
      return sql`nullif(${x}, '')`
    default:
      return x
  }
}

const days = (n: number): Sql => sql`interval ${literal(`${n} days`)}`
const onClock = (x: Sql, zone: string): Sql => sql`(${x} at time zone 'UTC' at time zone ${literal(zone)})`
const lengths: Record<Span, Sql> = {
  hour: sql`interval '1 hour'`,
  day: sql`interval '1 day'`,
  week: sql`interval '7 days'`,
  month: sql`interval '1 month'`,
  quarter: sql`interval '3 months'`,
  year: sql`interval '1 year'`,
}

/** What a person sees of a key, and the bounds of a span. */
function tellings(env: Env, { field, span }: GroupKey, scope: Scope, i: number): Sql[] {
  const k = column('q', `k${i}`)
  const end = field.related ? relatedEnd(env, field) : field
  if (end.comodel) {
    const name = nameOf(env, env.modelOf(end.comodel), scope.inner(), k)
    return [sql`case when ${k} is not null then ${name} end as ${ident(`n${i}`)}`]
  }
  if (!span) return []
  const bounds = boundsOf(k, span, end.kind === 'datetime' ? env.context.tz : null)
  return Object.entries(bounds).map(([letter, value]) => sql`${value} as ${ident(`${letter}${i}`)}`)
}

function boundsOf(k: Sql, span: Span, zone: string | null): { l: Sql; f: Sql; u: Sql } {
  const next = sql`(${k} + ${lengths[span]})`
  if (zone === null) return { l: asMoment(k), f: asDay(k), u: asDay(next) }
  if (span === 'hour') return { l: asMoment(onClock(k, zone)), f: asMoment(k), u: asMoment(next) }
  return { l: asMoment(k), f: asMoment(firstInstant(k, zone)), u: asMoment(firstInstant(next, zone)) }
}

const asMoment = (x: Sql): Sql => sql`to_char(${x}, 'YYYY-MM-DD HH24:MI:SS')`
const asDay = (x: Sql): Sql => sql`to_char(${x}, 'YYYY-MM-DD')`

/** When the clock first shows `k`, in UTC: where clocks go back over midnight a day begins twice, and PostgreSQL takes the second beginning. */
function firstInstant(k: Sql, zone: string): Sql {
  const z = literal(zone)
  const asBefore = sql`(((${k} - interval '12 hours') at time zone ${z}) + interval '12 hours')`
  return sql`((case when ${asBefore} at time zone ${z} = ${k} then ${asBefore} else ${k} at time zone ${z} end) at time zone 'UTC')`
}

function aggregate({ function: name }: AggregateColumn, v: Sql): Sql {
  switch (name) {
    case 'sum':
      return sql`coalesce(sum(${v}), 0)`
    case 'avg':
      return sql`avg(${v})`
    case 'min':
      return sql`min(${v})`
    case 'max':
      return sql`max(${v})`
    case 'count':
      return sql`count(${v})::int4`
    case 'count_distinct':
      return sql`count(distinct ${v})::int4`
    case 'bool_and':
      return sql`bool_and(${v})`
    case 'bool_or':
      return sql`bool_or(${v})`
    case 'array_agg_distinct':
      return sql`array_to_json(array_agg(distinct ${v}))`
    // Clients pair lists of one group with each other: all are in the order of the records.
    case 'array_agg':
      return sql`array_to_json(array_agg(${v} order by r.id))`
    case 'recordset':
      return sql`array_to_json(coalesce(array_agg(${v} order by r.id) filter (where ${v} is not null), '{}'))`
  }
}

const columnName = (by: GroupColumn): string => (by === 'count' ? 'n' : 'key' in by ? `k${by.key}` : `a${by.aggregate}`)

/** Text is sorted as people sort; relations by the name that the caller may see. */
function sortKey(env: Env, keys: readonly GroupKey[], by: GroupColumn): Sql {
  if (by === 'count' || !('key' in by)) return column('g', columnName(by))
  const { field } = keys[by.key]!
  const end = field.related ? relatedEnd(env, field) : field
  if (end.comodel) return sql`${column('g', `n${by.key}`)} collate "und-x-icu"`
  return end.kind === 'char' || end.kind === 'text' ? sql`${column('g', columnName(by))} collate "und-x-icu"` : column('g', columnName(by))
}

export const comparisons = { '=': sql`=`, '!=': sql`<>`, '<': sql`<`, '<=': sql`<=`, '>': sql`>`, '>=': sql`>=` }

function compileHaving(having: Having): Sql {
  switch (having.kind) {
    case 'not':
      return sql`not coalesce(${compileHaving(having.node)}, false)`
    case 'and':
    case 'or':
      return sql`(${join(having.nodes.map(compileHaving), having.kind === 'and' ? ' and ' : ' or ')})`
    case 'in':
      return sql`${column('g', columnName(having.column))}::numeric = any(${having.values}::numeric[])`
    case 'compare':
      return sql`${column('g', columnName(having.column))}::numeric ${comparisons[having.operator]} ${having.value}::numeric`
  }
}
