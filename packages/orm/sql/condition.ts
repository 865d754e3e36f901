import { Decimal } from '../decimal.ts'
import { type Node, type Operator, and } from '../domain.ts'
import type { Env } from '../env.ts'
import { ValueError, shown } from '../errors.ts'
import type { FieldInfo, Model } from '../registry.ts'
import { relativeTime } from '../relative-time.ts'
import { mayEver, ruleFor } from '../rules.ts'
import { isDay, isMoment } from '../time.ts'
import { type DatePart, dateParts } from './date-parts.ts'
import { type Scope, fieldExpression } from './expression.ts'
import { arrayTypes, isDecimal, isText, typeName, types } from './field-types.ts'
import { type Sql, column, empty, ident, join, literal, sql } from './fragment.ts'

/** A condition as SQL over the table alias of `scope`. It never throws on a stored value: a caller's condition may run before a rule's (kernel §2.2). */
export function compileCondition(env: Env, node: Node, scope: Scope): Sql {
  switch (node.kind) {
    case 'true':
      return sql`true`
    case 'false':
      return sql`false`
    case 'not':
      return sql`not coalesce(${compileCondition(env, node.node, scope)}, false)`
    case 'and':
      return sql`(${join(
        node.nodes.map((inner) => compileCondition(env, inner, scope)),
        ' and ',
      )})`
    case 'or':
      return sql`(${join(
        node.nodes.map((inner) => compileCondition(env, inner, scope)),
        ' or ',
      )})`
    case 'any':
      return compileAny(env, node.field, node.node, scope)
    case 'under':
      return sql`${scope.column('id')} = any(array(${compileTree(env, node, scope)}))`
    case 'hangs':
      return compileHanging(env, node.model, node.operation, scope)
    case 'leaf':
      return compileLeaf(env, node.field, node.operator, node.value, node.part, scope)
  }
}

function compileAny(env: Env, field: FieldInfo, node: Node, scope: Scope): Sql {
  const comodel = env.modelOf(field.comodel!)
  const inner = scope.inner()
  const table = sql`${ident(comodel.table)} ${ident(inner.alias)}`
  const condition = node.kind === 'true' ? empty : sql` and ${compileCondition(env, node, inner)}`
  if (field.kind === 'many2one')
    return sql`exists (select from ${table} where ${inner.column('id')} = ${fieldExpression(env, field, scope)}${condition})`
  const named = field.hangs === null ? empty : sql` and ${inner.column(field.hangs)} = ${literal(field.model.name)}`
  if (field.kind === 'one2many')
    return sql`exists (select from ${table} where ${inner.column(field.inverse!)} = ${scope.column('id')}${named}${condition})`
  const links = field.links!
  const l = scope.inner().alias
  return sql`exists (select from ${ident(links.table)} ${ident(l)} join ${table} on ${inner.column('id')} = ${column(l, links.theirs)}
    where ${column(l, links.mine)} = ${scope.column('id')}${condition})`
}

/** True without a record to hang on; else what the rules of that record's model say of it. */
function compileHanging(env: Env, model: Model, operation: 'read' | 'write', scope: Scope): Sql {
  const [named, id] = [scope.column(model.hangsOn!.model), scope.column(model.hangsOn!.id)]
  const branches = [...env.registry.models.values()]
    .filter((other) => !other.hangsOn?.rights && mayEver(env, other, operation))
    .map((other) => {
      const inner = scope.inner()
      return sql`when ${literal(other.name)} then exists (select from ${ident(other.table)} ${ident(inner.alias)} where ${inner.column('id')} = ${id} and ${compileCondition(env, ruleFor(env, other, operation), inner)})`
    })
  return branches.length === 0 ? sql`(${named} is null)` : sql`(${named} is null or case ${named} ${join(branches, ' ')} else false end)`
}

/** The ids of records and everything below (or above) them. */
function compileTree(env: Env, { model, top, rule, upwards }: Node & { kind: 'under' }, scope: Scope): Sql {
  const table = ident(model.table)
  const [first, next] = [scope.inner(), scope.inner()]
  const from = sql`${table} ${ident(first.alias)}`
  const start = compileCondition(env, and([top, rule]), first)
  if (model.hasPath && !upwards && rule.kind === 'true') {
    // In the C collation everything below '1/2/' lies between '1/2/' and '1/20': an index range, which `like` with a column is not.
    const [above, below] = [first.column('parent_path'), next.column('parent_path')]
    return sql`select ${next.column('id')} from ${from} join ${table} ${ident(next.alias)} on ${below} >= ${above} and ${below} < left(${above}, -1) || '0' where ${start}`
  }
  const step = upwards ? sql`${next.column('id')} = tree.parent_id` : sql`${next.column('parent_id')} = tree.id`
  const passes = rule.kind === 'true' ? empty : sql` and ${compileCondition(env, rule, next)}`
  return sql`with recursive tree as (select ${first.column('id')}, ${first.column('parent_id')} from ${from} where ${start}
    union select ${next.column('id')}, ${next.column('parent_id')} from ${table} ${ident(next.alias)} join tree on ${step}${passes}) select id from tree`
}

const negations: Partial<Record<Operator, Operator>> = {
  '!=': '=',
  'not in': 'in',
  'not like': 'like',
  'not ilike': 'ilike',
  'not =like': '=like',
  'not =ilike': '=ilike',
}

function compileLeaf(env: Env, field: FieldInfo, operator: Operator, value: unknown, part: DatePart | null, scope: Scope): Sql {
  const positive = negations[operator]
  // "not" includes the unset rows, as on the wire (external-api §5).
  if (positive) return sql`not coalesce(${compileLeaf(env, field, positive, value, part, scope)}, false)`
  const x = part
    ? datePart(fieldExpression(env, field, scope), part, field.kind === 'date' ? 'UTC' : env.context.tz)
    : fieldExpression(env, field, scope)
  if (operator.endsWith('like')) return compileLike(field, x, operator, value)
  if (operator === 'in') return compileIn(field, x, value as readonly unknown[], part, env)
  if (operator === '=') return compileIn(field, x, [value], part, env)
  if (value === null) return sql`false`
  const bound = toParameter(field, value, part, operator, env)
  const compared = sql`${x} ${comparison[operator as '<']} ${bound}`
  const countsAsZero =
    (field.kind === 'integer' || isDecimal(field) || field.kind === 'float') &&
    field.name !== 'id' &&
    !part &&
    zeroMatches(operator, Number(value))
  return countsAsZero ? sql`(${compared} or ${x} is null)` : compared
}

const comparison = { '<': sql`<`, '<=': sql`<=`, '>': sql`>`, '>=': sql`>=` }
const zeroMatches = (operator: Operator, value: number): boolean =>
  operator === '<' ? 0 < value : operator === '<=' ? 0 <= value : operator === '>' ? 0 > value : 0 >= value

const isNumber = (field: FieldInfo): boolean => field.kind === 'integer' || field.kind === 'float' || isDecimal(field)

function compileIn(field: FieldInfo, x: Sql, values: readonly unknown[], part: DatePart | null, env: Env): Sql {
  const given = values.filter((value) => value !== null)
  const conditions: Sql[] = []
  if (given.length < values.length)
    conditions.push(
      isText(field)
        ? sql`(${x} is null or ${x} = '')`
        : isNumber(field) && !part && field.name !== 'id'
          ? sql`(${x} is null or ${x} = 0)`
          : sql`${x} is null`,
    )
  if (given.length === 1) conditions.push(sql`${x} = ${toParameter(field, given[0], part, '=', env)}`)
  else if (given.length > 1)
    conditions.push(sql`${x} = any(${given.map((value) => rawParameter(field, value, part, '=', env))}::${arrayType(field, part)})`)
  if (isNumber(field) && field.name !== 'id' && !part && given.some((value) => Number(value) === 0) && given.length === values.length)
    conditions.push(sql`${x} is null`)
  return conditions.length === 0 ? sql`false` : conditions.length === 1 ? conditions[0]! : sql`(${join(conditions, ' or ')})`
}

const arrayType = (field: FieldInfo, part: DatePart | null): Sql => (part ? arrayTypes.numeric : arrayTypes[typeName(field)])

/** A typed parameter, so that PostgreSQL never guesses. */
function toParameter(field: FieldInfo, value: unknown, part: DatePart | null, operator: string, env: Env): Sql {
  return sql`${rawParameter(field, value, part, operator, env)}::${part ? types.numeric : types[typeName(field)]}`
}

function rawParameter(field: FieldInfo, value: unknown, part: DatePart | null, operator: string, env: Env): unknown {
  const wrong = (): never => {
    throw new ValueError(`Wrong value for ${field.model.name}.${field.name}: '${shown(value, 100)}'`)
  }
  if (part) return Number.isFinite(Number(value)) ? String(Number(value)) : wrong()
  if (isText(field)) {
    if (typeof value !== 'string' && typeof value !== 'number') return wrong()
    const text = String(value)
    return text.includes('\0') ? wrong() : text
  }
  if (field.kind === 'boolean') return typeof value === 'boolean' ? value : typeof value === 'number' ? value !== 0 : wrong()
  if (field.kind === 'date' || field.kind === 'datetime') return timeParameter(field, value, operator, env) ?? wrong()
  if (value instanceof Decimal) return value.toString()
  const number = typeof value === 'boolean' ? Number(value) : typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isFinite(number)) return wrong()
  if (typeName(field) !== 'int4') return String(number)
  if (!Number.isInteger(number) || Math.abs(number) > 2147483647)
    return operator === '=' ? -2147483648 : Math.max(-2147483648, Math.min(2147483647, Math.trunc(number)))
  return number
}

function timeParameter(field: FieldInfo, value: unknown, operator: string, env: Env): string | null {
  if (typeof value !== 'string') return null
  const isFixed = isDay(value.slice(0, 10))
  if (!isFixed) env.call.isVolatile = true
  const text = isFixed
    ? value.replace('T', ' ').replace(/(\.\d+)?(Z|\+00:00)?$/, '')
    : relativeTime(value, field.kind as 'date' | 'datetime', env.call.now(), env.context.tz)
  if (text === null) return null
  if (field.kind === 'date') return isDay(text.slice(0, 10)) ? text.slice(0, 10) : null
  // A bare day against an instant means the whole day.
  if (isDay(text)) return `${text} ${operator === '>' || operator === '<=' ? '23:59:59' : '00:00:00'}`
  const full = text.length === 16 ? `${text}:00` : text
  return isMoment(full) ? full : null
}

function compileLike(field: FieldInfo, x: Sql, operator: Operator, value: unknown): Sql {
  if (value === null) return sql`true`
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new ValueError(`Wrong value for ${field.model.name}.${field.name}: ${operator} takes a text`)
  const text = String(value).replaceAll('\0', '')
  const subject = isText(field) ? x : sql`(${x})::text`
  if (operator === '=like' || operator === '=ilike') {
    // A lone backslash at the end is an error to PostgreSQL.
    const pattern = /(^|[^\\])(\\\\)*\\$/.test(text) ? `${text}\\` : text
    return operator === '=like' ? sql`${subject} like ${pattern}` : sql`${subject} ilike ${pattern}`
  }
  const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`
  return operator === 'like' ? sql`${subject} like ${pattern}` : sql`${subject} ilike ${pattern}`
}

/** Parts of an instant are those of the caller's own clock. */
function datePart(x: Sql, part: DatePart, zone: string): Sql {
  return sql`extract(${dateParts[part]} from ${zone === 'UTC' ? x : sql`(${x} at time zone 'UTC' at time zone ${literal(zone)})`})`
}
