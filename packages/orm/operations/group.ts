import { Decimal } from '../decimal.ts'
import type { Env } from '../env.ts'
import { ValueError, shown } from '../errors.ts'
import { type FieldInfo, type Model, isToMany } from '../registry.ts'
import { readableField } from '../rules.ts'
import { isPushable, relatedEnd } from '../sql/expression.ts'
import { isDatePart } from '../sql/date-parts.ts'
import {
  type AggregateColumn,
  type AggregateFunction,
  type GroupColumn,
  type GroupKey,
  type GroupOrder,
  type GroupQuery,
  type GroupRow,
  type Having,
  type Span,
  comparisons,
  functions,
  groupStatement,
  spans,
} from '../sql/group.ts'
import { weekStartOf } from '../time-labels.ts'
import { orderTerm } from './order-term.ts'
import { demandEver, searchNode } from './read.ts'
import { flush } from './recompute.ts'

/** The groups of the records that the caller may read and that match, in one statement; rules and archiving as in a search. */
export async function groupRows(env: Env, model: Model, domain: unknown, query: GroupQuery): Promise<GroupRow[]> {
  demandEver(env, model, 'read')
  await flush(env)
  return env.cx.query<GroupRow>(groupStatement(env, model, searchNode(env, model, domain), query))
}

export const endOf = (env: Env, field: FieldInfo): FieldInfo => (field.related ? relatedEnd(env, field) : field)

const groupable = new Set([
  'char',
  'integer',
  'float',
  'decimal',
  'monetary',
  'boolean',
  'date',
  'datetime',
  'selection',
  'reference',
  'many2one',
  'many2many',
])

/** Whether records can be grouped by the field: SQL can give it, and it is neither formatted text, content nor lines. */
export function isGroupable(env: Env, field: FieldInfo): boolean {
  return !field.options.secret && field.options.groupable !== false && groupable.has(endOf(env, field).kind) && isPushable(env, field)
}

const unknown = (model: Model, name: string): ValueError => new ValueError(`Invalid field '${name.slice(0, 60)}' on '${model.name}'`)

/**
 * `'state'`, `'date:month'`, `'partner_id.country_id'`, `'date:month_number'`. A field that is not there for the caller and one that does not
 * exist are the same ValueError. Days and instants need a span unless `whole` gives one (null: each value is a group of its own).
 */
export function parseKey(env: Env, model: Model, spec: string, whole?: Span | null): GroupKey {
  const [path = '', given, ...rest] = spec.split(':')
  const field = fieldAt(env, model, path)
  if (!isGroupable(env, field)) throw new ValueError(`Cannot group ${model.name} by ${path}`)
  const { kind } = endOf(env, field)
  const isTime = kind === 'date' || kind === 'datetime'
  const span = given ?? (isTime ? whole : null)
  const isKnown =
    span === null ||
    (typeof span === 'string' &&
      isTime &&
      (isDatePart(span) || (spans as readonly string[]).includes(span)) &&
      (kind === 'datetime' || !/^(hour|minute|second)/.test(span)))
  if (span === undefined) throw new ValueError(`Granularity is missing: group by '${path}:month', for example`)
  if (!isKnown || rest.length > 0) throw new ValueError(`Invalid granularity in '${spec.slice(0, 80)}'`)
  const part = span !== null && isDatePart(span) ? span : null
  return { field, span: part ? null : (span as Span | null), part, weekStart: weekStartOf(env.context.lang) }
}

/** The field of a dotted path of many2one fields, as if it were related. */
function fieldAt(env: Env, model: Model, path: string): FieldInfo {
  const steps = path.split('.')
  let at = model
  for (const [i, step] of steps.entries()) {
    const field = readableField(env, at, step)
    if (!field) throw unknown(model, path)
    if (i === steps.length - 1) return steps.length === 1 ? field : { ...field, name: path, model, column: null, related: steps }
    const end = endOf(env, field)
    if (end.kind !== 'many2one' || steps.length > 6) throw unknown(model, path)
    at = env.modelOf(end.comodel!)
  }
  throw unknown(model, path)
}

const numbers = new Set(['integer', 'float', 'decimal', 'monetary'])
const ordered = new Set([...numbers, 'date', 'datetime', 'char', 'selection'])
const isFunction = (name: string): name is AggregateFunction => (functions as readonly string[]).includes(name)

/** `'amount:sum'`: a function over a field that the caller may read. */
export function parseAggregate(env: Env, model: Model, spec: string): AggregateColumn {
  const [name = '', func = '', ...rest] = spec.split(':')
  const field = readableField(env, model, name)
  if (!field) throw unknown(model, name)
  const fits =
    isFunction(func) && rest.length === 0 && isPushable(env, field) && !isToMany(endOf(env, field)) && takes(func, endOf(env, field).kind)
  if (!fits) throw new ValueError(`Invalid aggregate '${spec.slice(0, 80)}' on '${model.name}'`)
  return { field, function: func }
}

function takes(func: AggregateFunction, kind: FieldInfo['kind']): boolean {
  switch (func) {
    case 'sum':
    case 'avg':
      return numbers.has(kind)
    case 'min':
    case 'max':
      return ordered.has(kind)
    case 'bool_and':
    case 'bool_or':
      return kind === 'boolean'
    case 'recordset':
      return kind === 'many2one' || kind === 'integer'
    default:
      return kind !== 'binary' && kind !== 'json'
  }
}

export interface Named {
  readonly keys: readonly string[]
  readonly aggregates: readonly string[]
}

/** Which column of the groups a name in an order means: a key or aggregate as written, or the field in one of them. */
function columnNamed(name: string, { keys, aggregates }: Named): GroupColumn | null {
  if (name === '__count') return 'count'
  const exact = [keys.indexOf(name), aggregates.indexOf(name)] as const
  if (exact[0] >= 0) return { key: exact[0] }
  if (exact[1] >= 0) return { aggregate: exact[1] }
  const key = keys.findIndex((spec) => spec.split(':')[0] === name)
  if (key >= 0) return { key }
  const aggregate = aggregates.findIndex((spec) => spec.split(':')[0] === name)
  return aggregate >= 0 ? { aggregate } : null
}

/** `'date:month desc, __count'`; the keys follow, so that pages do not overlap. Names that are in no column are an error, or (`lenient`) left out. */
export function parseGroupOrder(order: unknown, named: Named, lenient: boolean): GroupOrder[] {
  const terms: GroupOrder[] = []
  const given = typeof order === 'string' && order.trim() !== '' ? order.split(',') : []
  if (given.length > 50) throw new ValueError('Invalid order: too many fields')
  for (const term of given) {
    const found = orderTerm(term)
    const by = found ? columnNamed(found.name, named) : null
    if (found && by) terms.push({ by, descending: found.descending })
    else if (!lenient || !found) throw new ValueError(`Invalid order '${term.trim().slice(0, 60)}': neither a group nor an aggregate`)
  }
  const rest = named.keys.flatMap((_, key) =>
    terms.some(({ by }) => by !== 'count' && 'key' in by && by.key === key) ? [] : [{ by: { key }, descending: false }],
  )
  return [...terms, ...rest]
}

/** A domain over `__count` and aggregates; numbers only. */
export function parseHaving(having: unknown, aggregates: readonly string[]): Having | null {
  if (!Array.isArray(having)) return null
  if (having.length > 100) throw new ValueError('having is too large')
  const stack: Having[] = []
  const take = (): Having => stack.pop() ?? malformed()
  for (const term of [...having].reverse()) {
    if (term === '!') stack.push({ kind: 'not', node: take() })
    else if (term === '&' || term === '|') stack.push({ kind: term === '&' ? 'and' : 'or', nodes: [take(), take()] })
    else stack.push(havingTerm(term, aggregates))
  }
  return stack.length === 0 ? null : { kind: 'and', nodes: stack.reverse() }
}

const malformed = (): never => {
  throw new ValueError('having is malformed')
}

function havingTerm(term: unknown, aggregates: readonly string[]): Having {
  if (!Array.isArray(term) || term.length !== 3) return malformed()
  const [name, operator, value] = term as [unknown, unknown, unknown]
  const column: GroupColumn | null =
    name === '__count' ? 'count' : typeof name === 'string' && aggregates.includes(name) ? { aggregate: aggregates.indexOf(name) } : null
  if (!column) throw new ValueError(`having compares __count and aggregates that are asked for, not '${shown(name)}'`)
  if (operator === 'in') return { kind: 'in', column, values: (Array.isArray(value) ? value : [value]).map(number) }
  if (operator === 'not in')
    return { kind: 'not', node: { kind: 'in', column, values: (Array.isArray(value) ? value : [value]).map(number) } }
  if (typeof operator !== 'string' || !Object.hasOwn(comparisons, operator))
    throw new ValueError(`Invalid operator ${shown(operator, 20)} in having`)
  return { kind: 'compare', column, operator: operator as keyof typeof comparisons, value: number(value) }
}

function number(value: unknown): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new ValueError('having compares with numbers')
  return String(value)
}

/** Only numbers can be compared in `having`. */
export function demandNumeric(env: Env, having: Having | null, aggregates: readonly AggregateColumn[]): void {
  if (!having) return
  switch (having.kind) {
    case 'not':
      demandNumeric(env, having.node, aggregates)
      break
    case 'and':
    case 'or':
      for (const node of having.nodes) demandNumeric(env, node, aggregates)
      break
    case 'in':
    case 'compare':
      if (!isNumeric(env, having.column, aggregates)) throw new ValueError('having compares numbers alone')
  }
}

function isNumeric(env: Env, column: GroupColumn, aggregates: readonly AggregateColumn[]): boolean {
  if (column === 'count' || !('aggregate' in column)) return true
  const { field, function: func } = aggregates[column.aggregate]!
  return (
    func === 'count' || func === 'count_distinct' || (['sum', 'avg', 'min', 'max'].includes(func) && numbers.has(endOf(env, field).kind))
  )
}

/**
 * Groups for our own code: a row for each combination of values, null where unset, ids for relations (a many2many as the list of its one id),
 * sums of money as Decimals. Days and instants are grouped by their exact value.
 */
export async function groupTyped(
  env: Env,
  model: Model,
  domain: unknown,
  by: readonly string[],
  aggregates: readonly string[],
): Promise<Record<string, unknown>[]> {
  const keys = by.map((spec) => parseKey(env, model, spec, null))
  const columns = aggregates.map((spec) => parseAggregate(env, model, spec))
  const order = parseGroupOrder(null, { keys: by, aggregates }, false)
  const rows = await groupRows(env, model, domain, { keys, aggregates: columns, having: null, order, limit: null, offset: 0 })
  return rows.map((row) =>
    Object.freeze({
      ...Object.fromEntries(keys.map((key, i) => [by[i], typedKey(env, key, row, i)])),
      __count: row.n,
      ...Object.fromEntries(columns.map((one, i) => [aggregates[i], typedAggregate(env, one, row[`a${i}`])])),
    }),
  )
}

function typedKey(env: Env, key: GroupKey, row: GroupRow, i: number): unknown {
  const value = row[`k${i}`] ?? null
  if (key.span) return row[`f${i}`] ?? null
  if (key.field.kind === 'many2many') return value === null ? [] : [value]
  const { kind } = endOf(env, key.field)
  if (key.part || value === null) return value
  return kind === 'decimal' || kind === 'monetary' ? Decimal.of(value as string) : kind === 'float' ? Number(value) : value
}

function typedAggregate(env: Env, { field, function: func }: AggregateColumn, value: unknown): unknown {
  const { kind } = endOf(env, field)
  const isExact = kind === 'decimal' || kind === 'monetary'
  if (value === null || value === undefined) return func.startsWith('array_agg') ? [] : null
  // Averages have as many digits as PostgreSQL likes; a Decimal keeps 20 of them.
  if (['sum', 'avg', 'min', 'max'].includes(func) && numbers.has(kind))
    return isExact ? Decimal.of(String(value).replace(/(\.\d{20})\d+$/, '$1')) : Number(value)
  return value
}
