import { ArgumentError, type MethodInfo } from '@erp4/orm'

/** A method's arguments as the ORM takes them; of a record method, the first positional one is the ids. */
export interface Arguments {
  args: unknown[]
  kwargs: Record<string, unknown>
}

/** Some clients send what they were not given as an empty text; for these it means "not given" (external-api §4). */
const emptyMeansAbsent = new Set(['offset', 'limit', 'order', 'context'])

/**
 * The arguments of `execute`, `execute_kw` and `call_kw`. `kwargs` may be missing or null, and an empty list where a language has but one kind
 * of empty collection.
 */
export function positional(method: MethodInfo | undefined, args: unknown, kwargs: unknown): Arguments {
  if (!Array.isArray(args)) throw new ArgumentError('The arguments must be a list.')
  return { args: given(method, args), kwargs: namedOnes(kwargs) }
}

function given(method: MethodInfo | undefined, args: unknown[]): unknown[] {
  if (!method || !args.includes('')) return args
  const before = method.kind === 'record' ? 1 : 0
  return args.map((value, at) => (value === '' && emptyMeansAbsent.has(method.params[at - before]?.name ?? '') ? undefined : value))
}

function namedOnes(kwargs: unknown): Record<string, unknown> {
  if (isAbsent(kwargs)) return {}
  if (typeof kwargs !== 'object' || Array.isArray(kwargs)) throw new ArgumentError('The named arguments must be an object.')
  const named = kwargs as Record<string, unknown>
  return Object.keys(named).some((name) => isLeftOut(name, named[name])) ? withoutLeftOut(named) : named
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === '' || isEmptyList(value)
const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0
const isLeftOut = (name: string, value: unknown): boolean =>
  (emptyMeansAbsent.has(name) && value === '') || (name === 'context' && (isAbsent(value) || value === false))

const withoutLeftOut = (named: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(named).filter(([name, value]) => !isLeftOut(name, value)))

/**
 * The arguments of JSON-2: one object with a member for each parameter, `ids` for the records of a record method, and `context`. Every member
 * must be a parameter and every required parameter there: throws an ArgumentError that says which is not.
 */
export function byName(
  method: MethodInfo | undefined,
  target: { model: string; method: string },
  body: Readonly<Record<string, unknown>>,
): Arguments {
  // Without such a method the ORM says so, in its own words for private and unknown ones.
  if (!method) return { args: [], kwargs: {} }
  const { ids, ...kwargs } = body
  if (method.kind === 'model' && ids !== undefined) throw new ArgumentError(`cannot call ${target.model}.${target.method} with ids`)
  const known = new Set(method.params.map((param) => param.name))
  for (const name of Object.keys(kwargs)) {
    if (name !== 'context' && !known.has(name)) throw new ArgumentError(`got an unexpected keyword argument '${name}'`)
  }
  const missing = method.params.find((param) => param.required && kwargs[param.name] === undefined)
  if (missing) throw new ArgumentError(`missing a required argument: '${missing.name}'`)
  return { args: method.kind === 'record' ? [idList(ids)] : [], kwargs: namedOnes(kwargs) }
}

function idList(ids: unknown): unknown[] {
  if (ids === undefined || ids === false || ids === null) return []
  if (Array.isArray(ids)) return ids
  if (typeof ids === 'number') return [ids]
  throw new ArgumentError("'ids' must be a list of numbers")
}
