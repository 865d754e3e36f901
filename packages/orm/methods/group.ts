import type { Env } from '../env.ts'
import { ArgumentError } from '../errors.ts'
import { type Named, demandNumeric, endOf, groupRows, parseAggregate, parseGroupOrder, parseHaving, parseKey } from '../operations/group.ts'
import type { FieldInfo, Model } from '../registry.ts'
import { readableField } from '../rules.ts'
import { isPushable } from '../sql/expression.ts'
import type { AggregateColumn, GroupKey, GroupRow } from '../sql/group.ts'
import { spanLabel } from '../time-labels.ts'
import { method } from './method.ts'
import { cleanLimit, cleanOffset } from './wire.ts'

export const groupMethods = {
  /** Groups with the keys and aggregates as they were asked for, and `__extra_domain`, which finds the records of the group. */
  formatted_read_group: method(
    'model',
    ['domain', 'groupby=[]', 'aggregates=[]', 'having=[]', 'offset=0', 'limit=null', 'order=null'],
    async (env, model, _, args) => (await formattedGroups(env, model, args, false)).groups,
    { readonly: true },
  ),

  /** The first level of groups, and how many groups there are; deeper levels are asked for with `__extra_domain`. */
  web_read_group: method(
    'model',
    ['domain', 'groupby', 'aggregates=[]', 'limit=null', 'offset=0', 'order=null'],
    async (env, model, _, args) => {
      const groupby = demandNames('groupby', args['groupby'])
      if (groupby.length === 0) throw new ArgumentError('groupby must name a field')
      const aggregates = demandNames('aggregates', args['aggregates'])
      return formattedGroups(
        env,
        model,
        { ...args, groupby: groupby.slice(0, 1), aggregates: aggregates.includes('__count') ? aggregates : [...aggregates, '__count'] },
        true,
      )
    },
    { readonly: true },
  ),

  read_group: method('model', ['domain', 'fields', 'groupby', 'offset=0', 'limit=null', 'orderby=false', 'lazy=true'], readGroup, {
    readonly: true,
  }),
}

function demandNames(at: string, value: unknown): string[] {
  if (value === null || value === false || value === undefined || value === '') return []
  const list = typeof value === 'string' ? [value] : value
  if (!Array.isArray(list) || list.length > 50 || !list.every((one) => typeof one === 'string'))
    throw new ArgumentError(`${at} must be a list of names`)
  return list
}

/** An aggregate of a caller: `__count`, or a column of the statement. */
interface Asked {
  readonly specs: readonly string[]
  readonly columns: readonly AggregateColumn[]
  readonly named: Named
}

function askedFor(env: Env, model: Model, keys: readonly string[], aggregates: readonly string[]): Asked {
  const specs = aggregates.filter((spec) => spec !== '__count')
  return { specs, columns: specs.map((spec) => parseAggregate(env, model, spec)), named: { keys, aggregates: specs } }
}

async function formattedGroups(
  env: Env,
  model: Model,
  args: Record<string, unknown>,
  lenient: boolean,
): Promise<{ groups: Record<string, unknown>[]; length: number }> {
  const groupby = demandNames('groupby', args['groupby'])
  const aggregates = demandNames('aggregates', args['aggregates'])
  const keys = groupby.map((spec) => parseKey(env, model, spec))
  const { specs, columns, named } = askedFor(env, model, groupby, aggregates)
  const having = parseHaving(args['having'], specs)
  demandNumeric(env, having, columns)
  const rows = await groupRows(env, model, args['domain'], {
    keys,
    aggregates: columns,
    having,
    order: parseGroupOrder(args['order'], named, lenient),
    limit: cleanLimit(args['limit']),
    offset: cleanOffset(args['offset']),
  })
  const groups = rows.map((row) => ({
    ...Object.fromEntries(keys.map((key, i) => [groupby[i], keyValue(env, key, row, i)])),
    ...Object.fromEntries(
      aggregates.map((spec) => [
        spec,
        spec === '__count' ? row.n : aggregateValue(env, columns[specs.indexOf(spec)]!, row[`a${specs.indexOf(spec)}`]),
      ]),
    ),
    __extra_domain: keys.flatMap((key, i) => groupDomain(env, key, row, i)),
  }))
  return { groups, length: rows[0]?.total ?? 0 }
}

/** `[id, name]`, `[beginning, label]`, or the value; false where unset. */
function keyValue(env: Env, key: GroupKey, row: GroupRow, i: number): unknown {
  const value = row[`k${i}`] ?? null
  if (value === null) return false
  if (key.span)
    return [row[`f${i}`], spanLabel(row[`l${i}`] as string, key.span, env.context.lang, (english, values) => env.t(english, values))]
  const end = endOf(env, key.field)
  if (end.comodel) return [value, row[`n${i}`] ?? '']
  return isNumber(end) ? Number(value) : value
}

const isNumber = (field: FieldInfo): boolean => ['integer', 'float', 'decimal', 'monetary'].includes(field.kind)

function aggregateValue(env: Env, { field, function: name }: AggregateColumn, value: unknown): unknown {
  const end = endOf(env, field)
  if (value === null || value === undefined) return name.startsWith('array_agg') ? [] : false
  if (name === 'array_agg' || name === 'array_agg_distinct')
    return (value as unknown[])
      .map((one) => one ?? (isNumber(end) && end.name !== 'id' ? 0 : false))
      .map((one) => (end.kind === 'datetime' && typeof one === 'string' ? one.replace('T', ' ') : one))
  return isNumber(end) && typeof value === 'string' ? Number(value) : value
}

/** The domain that finds the group's records again, and no others. */
function groupDomain(env: Env, key: GroupKey, row: GroupRow, i: number): unknown[] {
  const { field, span, part } = key
  const { name } = field
  const value = row[`k${i}`] ?? null
  const end = endOf(env, field)
  if (value !== null && span) return ['&', [name, '>=', row[`f${i}`]], [name, '<', row[`u${i}`]]]
  if (value !== null && part) return [[`${name}.${part}`, '=', value]]
  const plain = value === null ? false : isNumber(end) ? Number(value) : value
  if (!field.related || plain) return [[name, '=', plain]]
  // Behind a path the value is also unset where the path ends early, or leads to what the caller may not see.
  return ['!', end.kind === 'boolean' ? [name, '=', true] : [name, '!=', plain]]
}

// ---- read_group: what clients of earlier versions call ------------------------------------------------

interface OldField {
  readonly key: string
  readonly spec: string
}

/** `'amount'`, `'amount:sum'`, `'total:sum(amount)'`; a bare number is summed, another bare field has nothing to say of a group. */
function oldFields(env: Env, model: Model, fields: unknown, groupby: readonly string[]): OldField[] {
  const named = demandNames('fields', fields)
  const keys = new Set(groupby.map((spec) => spec.split(':')[0]))
  return (named.length > 0 ? named : summable(env, model)).flatMap((text) => {
    const [, alias, func, inner] = /^(\w+):(\w+)\((\w+)\)$/.exec(text) ?? []
    if (alias) return [{ key: alias, spec: `${inner}:${func}` }]
    const [name = '', given] = text.split(':')
    if (name === '__count' || keys.has(name)) return []
    if (given) return [{ key: name, spec: text }]
    return summable(env, model).includes(name) ? [{ key: name, spec: `${name}:sum` }] : readableOrThrow(env, model, name)
  })
}

/** A bare field without a sum is left out; one that is not there for the caller is said to be unknown, as everywhere. */
function readableOrThrow(env: Env, model: Model, name: string): [] {
  if (!readableField(env, model, name)) parseAggregate(env, model, `${name}:count`)
  return []
}

const summable = (env: Env, model: Model): string[] =>
  [...model.fields.values()]
    .filter(
      (field) => isNumber(field) && !field.magic && field.name !== 'id' && readableField(env, model, field.name) && isPushable(env, field),
    )
    .map((field) => field.name)

async function readGroup(env: Env, model: Model, _: readonly number[], args: Record<string, unknown>): Promise<Record<string, unknown>[]> {
  const groupby = demandNames('groupby', args['groupby'])
  const isLazy = Boolean(args['lazy'])
  const used = isLazy ? groupby.slice(0, 1) : groupby
  const keys = used.map((spec) => parseKey(env, model, spec, 'month'))
  const fields = oldFields(env, model, args['fields'], groupby)
  const { columns } = askedFor(
    env,
    model,
    used,
    fields.map((field) => field.spec),
  )
  const order = parseGroupOrder(args['orderby'], { keys: used, aggregates: fields.map((field) => field.key) }, true)
  const rows = await groupRows(env, model, args['domain'], {
    keys,
    aggregates: columns,
    having: null,
    order,
    limit: cleanLimit(args['limit']),
    offset: cleanOffset(args['offset']),
  })
  const count = isLazy && used.length > 0 ? `${used[0]!.split(':')[0]}_count` : '__count'
  const domain = Array.isArray(args['domain']) ? args['domain'] : []
  return rows.map((row) => ({
    [count]: row.n,
    ...Object.fromEntries(keys.map((key, i) => [used[i], oldKeyValue(env, key, row, i)])),
    ...rangesOf(keys, used, row),
    ...Object.fromEntries(fields.map((field, i) => [field.key, aggregateValue(env, columns[i]!, row[`a${i}`])])),
    __domain: [...domain, ...keys.flatMap((key, i) => groupDomain(env, key, row, i))],
    ...(isLazy && groupby.length > 1 ? { __context: { group_by: groupby.slice(1) } } : {}),
  }))
}

/** Spans by their label alone; the bounds are in `__range`. */
function oldKeyValue(env: Env, key: GroupKey, row: GroupRow, i: number): unknown {
  const value = keyValue(env, key, row, i)
  return key.span && Array.isArray(value) ? value[1] : value
}

function rangesOf(keys: readonly GroupKey[], specs: readonly string[], row: GroupRow): { __range?: Record<string, unknown> } {
  const ranges = keys.flatMap((key, i) => (key.span ? [[specs[i], row[`f${i}`] ? { from: row[`f${i}`], to: row[`u${i}`] } : false]] : []))
  return ranges.length === 0 ? {} : { __range: Object.fromEntries(ranges) }
}
