import type { Env } from './env.ts'
import { UserError, ValueError, shown } from './errors.ts'
import { type FieldInfo, type Model, isToMany } from './registry.ts'
import { readableField, ruleFor } from './rules.ts'
import { type DatePart, isDatePart } from './sql/date-parts.ts'

/** A condition as the SQL compiler takes it: fields resolved, rules woven in, negation explicit. */
export type Node =
  | { readonly kind: 'true' }
  | { readonly kind: 'false' }
  | { readonly kind: 'and' | 'or'; readonly nodes: readonly Node[] }
  | { readonly kind: 'not'; readonly node: Node }
  | {
      readonly kind: 'leaf'
      readonly field: FieldInfo
      readonly part: DatePart | null
      readonly operator: Operator
      readonly value: unknown
    }
  | { readonly kind: 'any'; readonly field: FieldInfo; readonly node: Node }
  /** The record that this one hangs on, of whatever model, grants the operation too. */
  | { readonly kind: 'hangs'; readonly model: Model; readonly operation: 'read' | 'write' }
  /** Records at or below (or above) those of `top`, on a way that passes `rule` at every step. */
  | { readonly kind: 'under'; readonly model: Model; readonly top: Node; readonly rule: Node; readonly upwards: boolean }

export type Operator =
  | '='
  | '!='
  | 'in'
  | 'not in'
  | '<'
  | '<='
  | '>'
  | '>='
  | 'like'
  | 'not like'
  | 'ilike'
  | 'not ilike'
  | '=like'
  | 'not =like'
  | '=ilike'
  | 'not =ilike'

export const yes: Node = { kind: 'true' }
export const no: Node = { kind: 'false' }

export function and(nodes: readonly Node[]): Node {
  const kept = nodes.flatMap((node) => (node.kind === 'and' ? node.nodes : node.kind === 'true' ? [] : [node]))
  if (kept.some((node) => node.kind === 'false')) return no
  return kept.length === 0 ? yes : kept.length === 1 ? kept[0]! : { kind: 'and', nodes: factor(kept, 'and') }
}

export function or(nodes: readonly Node[]): Node {
  const kept = nodes.flatMap((node) => (node.kind === 'or' ? node.nodes : node.kind === 'false' ? [] : [node]))
  if (kept.some((node) => node.kind === 'true')) return yes
  return kept.length === 0 ? no : kept.length === 1 ? kept[0]! : { kind: 'or', nodes: factor(kept, 'or') }
}

export function not(node: Node): Node {
  return node.kind === 'true' ? no : node.kind === 'false' ? yes : node.kind === 'not' ? node.node : { kind: 'not', node }
}

/** Conditions behind the same to-one relation become one EXISTS with the boolean inside: PostgreSQL can only then make a semi-join of it (kernel §2.2). */
function factor(nodes: readonly Node[], kind: 'and' | 'or'): readonly Node[] {
  const byField = new Map<FieldInfo, Node[]>()
  const rest: Node[] = []
  for (const node of nodes) {
    if (node.kind === 'any' && node.field.kind === 'many2one') byField.set(node.field, [...(byField.get(node.field) ?? []), node.node])
    else rest.push(node)
  }
  for (const [field, inner] of byField) rest.push({ kind: 'any', field, node: kind === 'and' ? and(inner) : or(inner) })
  return rest
}

/** How many conditions and levels a domain may have, and characters a text that is searched for: far above any honest one. */
const limits = { terms: 2000, depth: 40, list: 100_000, text: 4000 }

export interface Parse {
  readonly env: Env
  /** True for a caller's domain: the rules of each model on the way are added, and protected fields do not exist. */
  readonly rules: boolean
}

/** Whether the caller may search the model so: every field is there for him, and fits what is asked of it. */
export function isSearch(env: Env, model: Model, domain: unknown): boolean {
  try {
    parseDomain({ env, rules: !env.isSystem }, model, domain)
    return true
  } catch (error) {
    if (error instanceof UserError) return false
    throw error
  }
}

/** From the protocol's spelling (external-api §5) to a condition; the fault names the term that is wrong. */
export function parseDomain(parse: Parse, model: Model, domain: unknown, depth = 0): Node {
  if (domain === null || domain === undefined || domain === false || domain === '') return yes
  if (!Array.isArray(domain)) throw new ValueError(`Domain() invalid item in domain: ${show(domain)}`)
  if (domain.length > limits.terms || depth > limits.depth) throw new ValueError('Domain() is too large')
  const stack: Node[] = []
  for (let i = domain.length - 1; i >= 0; i--) {
    const term: unknown = domain[i]
    if (term === '!') stack.push(not(take(stack, domain)))
    else if (term === '&' || term === '|') {
      const [a, b] = [take(stack, domain), take(stack, domain)]
      stack.push(term === '&' ? and([a, b]) : or([a, b]))
    } else stack.push(parseTerm(parse, model, term, depth))
  }
  return and(stack.reverse())
}

function take(stack: Node[], domain: unknown): Node {
  const node = stack.pop()
  if (!node) throw new ValueError(`Domain() malformed domain: ${show(domain)}`)
  return node
}

const show = (value: unknown): string => (JSON.stringify(value) ?? String(value)).slice(0, 200)

function parseTerm(parse: Parse, model: Model, term: unknown, depth: number): Node {
  if (!Array.isArray(term) || term.length !== 3) throw new ValueError(`Domain() invalid item in domain: ${show(term)}`)
  const [left, operator, value] = term as [unknown, unknown, unknown]
  if (typeof operator !== 'string') throw new ValueError(`Invalid operator ${show(operator)}`)
  if (typeof left === 'number' && typeof value === 'number' && (operator === '=' || operator === '!='))
    return (left === value) === (operator === '=') ? yes : no
  if (typeof left !== 'string') throw new ValueError(`Domain() invalid item in domain: ${show(term)}`)
  return condition(parse, model, left.split('.'), operator.toLowerCase().trim(), value, depth)
}

const comparisons = new Set([
  '=',
  '!=',
  'in',
  'not in',
  '<',
  '<=',
  '>',
  '>=',
  'like',
  'not like',
  'ilike',
  'not ilike',
  '=like',
  'not =like',
  '=ilike',
  'not =ilike',
])
const spellings: ReadonlyMap<string, string> = new Map([
  ['==', '='],
  ['<>', '!='],
])
function condition(parse: Parse, model: Model, path: readonly string[], spelling: string, value: unknown, depth: number): Node {
  if (depth > limits.depth || path.length > 12) throw new ValueError('Domain() is too deep')
  const [head = '', ...rest] = path
  let operator = spellings.get(spelling) ?? spelling
  // PostgreSQL takes 16 s to make the trigrams of a pattern of ten megabytes, before it looks at a row.
  if (operator.endsWith('like') && typeof value === 'string' && value.length > limits.text)
    throw new ValueError(`Domain() searches for a text of more than ${limits.text} characters`)
  const field = readableField(parse.env, model, head, parse.rules)
  if (!field)
    throw new ValueError(
      `Invalid field ${model.name}.${path.join('.').slice(0, 100)} in condition (${show(path.join('.'))}, '${operator.slice(0, 20)}', ${show(value)})`,
    )
  if (operator === '=?') {
    if (isUnset(value)) return yes
    operator = '='
  }
  if (field.related) return condition(parse, model, [...field.related, ...rest], operator, value, depth + 1)
  if (rest.length > 0) {
    if ((field.kind === 'date' || field.kind === 'datetime') && rest.length === 1 && isDatePart(rest[0]!)) {
      demandComparison(operator)
      return leaf(field, operator, value, rest[0])
    }
    const comodel = parse.env.registry.models.get(field.comodel ?? '')
    if (!comodel) throw new ValueError(`Invalid field ${model.name}.${path.join('.').slice(0, 100)} in condition`)
    return any(parse, field, comodel, condition(parse, comodel, rest, operator, value, depth + 1))
  }
  if (operator === 'any' || operator === 'not any') {
    const comodel = parse.env.registry.models.get(field.comodel ?? '')
    if (!comodel) throw new ValueError(`Invalid operator '${operator}' on ${model.name}.${field.name}, which is no relation`)
    const node = any(parse, field, comodel, parseDomain(parse, comodel, value, depth + 1))
    return operator === 'any' ? node : not(node)
  }
  if (operator === 'child_of' || operator === 'parent_of') return hierarchy(parse, model, field, operator, value)
  demandComparison(operator)
  if (field.computed === 'live') return live(parse, model, field, operator, value, depth)
  if (field.comodel) return relation(parse, field, operator, value)
  return leaf(field, operator, value, null)
}

function demandComparison(operator: string): void {
  if (!comparisons.has(operator)) throw new ValueError(`Invalid operator '${operator.slice(0, 20)}' in condition`)
}

/** Inside a relation the caller's own rights on the other model apply too. */
function any(parse: Parse, field: FieldInfo, comodel: Model, node: Node, operation: 'read' | 'name' = 'read'): Node {
  return { kind: 'any', field, node: parse.rules ? and([node, ruleFor(parse.env, comodel, operation)]) : node }
}

function live(parse: Parse, model: Model, field: FieldInfo, operator: string, value: unknown, depth: number): Node {
  const search = model.searches.get(field.name)
  if (!search) throw new ValueError(`Cannot search on ${model.name}.${field.name}: it is computed when read`)
  // A function that takes the environment may ask it for anything.
  if (search.length > 2) parse.env.call.isVolatile = true
  return parseDomain(parse, model, search(operator, value, parse.env), depth + 1)
}

const isUnset = (value: unknown): boolean => value === false || value === null || value === undefined
const negative = new Set(['!=', 'not in', 'not like', 'not ilike', 'not =like', 'not =ilike'])
const positive: Record<string, string> = {
  '!=': '=',
  'not in': 'in',
  'not like': 'like',
  'not ilike': 'ilike',
  'not =like': '=like',
  'not =ilike': '=ilike',
}

/** Relations compare ids, names, or being empty. */
function relation(parse: Parse, field: FieldInfo, operator: string, value: unknown): Node {
  if (negative.has(operator)) return not(relation(parse, field, positive[operator]!, value))
  const comodel = parse.env.modelOf(field.comodel!)
  const named = (op: string, text: unknown) => any(parse, field, comodel, condition(parse, comodel, ['display_name'], op, text, 1), 'name')
  if (operator.endsWith('like')) {
    if (isUnset(value) || value === '') return exists(parse, field, comodel)
    return named(operator, value)
  }
  if (!['=', 'in'].includes(operator)) {
    if (isToMany(field)) throw new ValueError(`Invalid operator '${operator}' on ${field.model.name}.${field.name}`)
    return { kind: 'leaf', field, part: null, operator: operator as Operator, value: demandId(field, value) }
  }
  const values = Array.isArray(value) ? value : [value]
  if (values.length > limits.list) throw new ValueError('Domain() is too large')
  const ids = values.filter((one) => !isUnset(one) && typeof one !== 'string').map((one) => demandId(field, one))
  const names = values.filter((one): one is string => typeof one === 'string')
  const nodes: Node[] = names.length > 0 ? [named('in', names)] : []
  if (values.some(isUnset)) nodes.push(not(exists(parse, field, comodel)))
  if (ids.length > 0) {
    nodes.push(
      isToMany(field)
        ? any(parse, field, comodel, { kind: 'leaf', field: comodel.fields.get('id')!, part: null, operator: 'in', value: ids }, 'name')
        : { kind: 'leaf', field, part: null, operator: 'in', value: ids },
    )
  }
  return or(nodes)
}

function exists(parse: Parse, field: FieldInfo, comodel: Model): Node {
  if (isToMany(field)) return any(parse, field, comodel, yes, 'name')
  return not({ kind: 'leaf', field, part: null, operator: 'in', value: [null] })
}

function demandId(field: FieldInfo, value: unknown): number {
  const id = typeof value === 'boolean' ? Number(value) : value
  if (typeof id !== 'number' || !Number.isFinite(id))
    throw new ValueError(`Wrong value for ${field.model.name}.${field.name}: '${shown(value)}'`)
  return Number.isInteger(id) && Math.abs(id) <= 2147483647 ? id : 0
}

/** `child_of` and `parent_of`: the records themselves, and all below or above. */
function hierarchy(parse: Parse, model: Model, field: FieldInfo, operator: string, value: unknown): Node {
  const isOwn = field.name === 'id' || (field.kind === 'many2one' && field.comodel === model.name)
  const target = isOwn ? model : parse.env.registry.models.get(field.comodel ?? '')
  if (!target?.fields.get('parent_id'))
    throw new ValueError(`Invalid operator '${operator}' on ${model.name}.${field.name}, which has no hierarchy`)
  const given = Array.isArray(value) ? value : isUnset(value) ? [] : [value]
  const names = given.filter((one): one is string => typeof one === 'string')
  const ids = given.filter((one) => typeof one !== 'string' && !isUnset(one)).map((one) => demandId(field, one))
  if (given.length === 0) return no
  const byId: Node = { kind: 'leaf', field: target.fields.get('id')!, part: null, operator: 'in', value: ids }
  const byName = names.map((name) => condition(parse, target, ['display_name'], 'ilike', name, 1))
  // Hidden records are not there, at the top and on the way alike: else the answer would tell what they hang on.
  const rule = parse.rules ? ruleFor(parse.env, target, 'name') : yes
  const under: Node = { kind: 'under', model: target, top: or([byId, ...byName]), rule, upwards: operator === 'parent_of' }
  return isOwn ? under : any(parse, field, target, under, 'name')
}

function leaf(field: FieldInfo, operator: string, value: unknown, part: DatePart | null): Node {
  if (field.kind === 'binary' || field.kind === 'json') {
    if ((operator === '=' || operator === '!=') && isUnset(value)) return { kind: 'leaf', field, part, operator, value: null }
    throw new ValueError(`Invalid operator '${operator}' on ${field.model.name}.${field.name}`)
  }
  if ((operator === '=' || operator === '!=') && Array.isArray(value)) return leaf(field, operator === '=' ? 'in' : 'not in', value, part)
  if (operator === 'in' || operator === 'not in') {
    const list = Array.isArray(value) ? value : [value]
    if (list.length > limits.list) throw new ValueError('Domain() is too large')
    return {
      kind: 'leaf',
      field,
      part,
      operator,
      value: list.map((one) => (isUnset(one) ? (field.kind === 'boolean' ? false : null) : one)),
    }
  }
  return {
    kind: 'leaf',
    field,
    part,
    operator: operator as Operator,
    value: isUnset(value) ? (field.kind === 'boolean' ? false : null) : value,
  }
}

/** Whether a caller's domain speaks of `active` itself, so that archived records are not hidden for it. */
export function mentionsActive(domain: unknown): boolean {
  return Array.isArray(domain) && domain.some((term) => Array.isArray(term) && term[0] === 'active')
}
