import type { Operation, Rule } from './access.ts'
import { type Node, and, no, or, parseDomain, yes } from './domain.ts'
import type { Env } from './env.ts'
import { IdentityError } from './errors.ts'
import { callerKey } from './operations/kept.ts'
import { Recent } from './recent.ts'
import type { FieldInfo, Model, Registry } from './registry.ts'

/**
 * Which records of `model` the caller may touch: all guards, and any of his grants (kernel §2.2).
 * The rules' own domains are compiled without rules, else they would never end.
 */
export function ruleFor(env: Env, model: Model, operation: Operation): Node {
  if (env.isSystem) return yes
  const known = rulesOf(env)
  const key = `${model.name} ${operation}`
  const found = known.get(key)
  if (found) return found
  const node = compileRule(env, model, operation)
  if (!env.call.isVolatile) known.set(key, node)
  return node
}

/** So many callers' rules are kept for a registry. */
const mostCallers = 500
const kept = new WeakMap<Registry, Recent<string, Map<string, Node>>>()
const ofEnv = new WeakMap<Env, Map<string, Node>>()

/** The compiled rules of this caller and of all who are the same to rules, as their statements are kept (`keptStatement`). */
function rulesOf(env: Env): Map<string, Node> {
  const own = ofEnv.get(env)
  if (own) return own
  const callers = kept.get(env.registry) ?? new Recent<string, Map<string, Node>>(mostCallers)
  kept.set(env.registry, callers)
  const rules = callers.get(callerKey(env)) ?? new Map<string, Node>()
  callers.set(callerKey(env), rules)
  ofEnv.set(env, rules)
  return rules
}

function compileRule(env: Env, model: Model, operation: Operation): Node {
  const grants = grantsOf(env, model, operation)
  if (grants.length === 0) return no
  const guards = model.rules.filter(
    (rule) =>
      rule.kind === 'guard' && rule.operations.includes(operation === 'name' && !rule.operations.includes('name') ? 'read' : operation),
  )
  const where = (rule: Rule): Node => (rule.where ? parseDomain({ env, rules: false }, model, rule.where(env.me)) : yes)
  const granted = grants.some((rule) => !rule.where) ? yes : or(grants.map(where))
  const hanging: Node = model.hangsOn?.rights
    ? { kind: 'hangs', model, operation: operation === 'read' || operation === 'name' ? 'read' : 'write' }
    : yes
  return and([...guards.map(where), granted, hanging])
}

/** The rules that keep any of these fields of some records as they are. */
export function freezesOf(env: Env, model: Model, fields: ReadonlySet<string>): Rule[] {
  if (env.isSystem) return []
  return model.rules.filter((rule) => rule.kind === 'freeze' && (rule.fields as readonly string[]).some((name) => fields.has(name)))
}

/**
 * The links to those records whose state decides what may be done with these: an order that is signed keeps its lines. They are locked before it
 * is judged, or what is decided about them in the same moment would not be seen. `fields`: those that are written.
 */
export function decidingLinks(env: Env, model: Model, operation: Operation, fields: ReadonlySet<string>): FieldInfo[] {
  if (env.isSystem) return []
  // A guard that says why tells of a state; the others, of who may see what.
  const deciding = model.rules.filter(({ kind, says, operations }) => kind === 'guard' && says !== null && operations.includes(operation))
  const frozen = operation === 'write' ? freezesOf(env, model, fields) : []
  const paths = [...deciding, ...frozen]
    .flatMap((rule) => rule.where?.(env.me) ?? [])
    .flatMap((term) => (Array.isArray(term) ? [term[0]] : []))
  const links = paths.flatMap((path) => (typeof path === 'string' && path.includes('.') ? [model.fields.get(path.split('.')[0]!)!] : []))
  return [...new Set(links)].filter((field) => field.kind === 'many2one' && field.column !== null)
}

/** A guard's or a freeze's condition for this caller. */
export const conditionOf = (env: Env, model: Model, rule: Rule): Node =>
  rule.where ? parseDomain({ env, rules: false }, model, rule.where(env.me)) : yes

/** `read` implies `name`. */
function grantsOf(env: Env, model: Model, operation: Operation): Rule[] {
  return model.rules.filter(
    (rule) =>
      rule.kind === 'grant' &&
      env.user.groups.has(rule.group!.name) &&
      (rule.operations.includes(operation) || (operation === 'name' && rule.operations.includes('read'))),
  )
}

/** Whether any record at all could be reached: the first question of an ACL, answered without a query. */
export const mayEver = (env: Env, model: Model, operation: Operation): boolean => env.isSystem || grantsOf(env, model, operation).length > 0

/** What rules say of single fields. */
interface FieldRules {
  readonly protecting: ReadonlyMap<string, readonly Rule[]>
  readonly proven: ReadonlySet<string>
}

const fieldRules = new WeakMap<Model, FieldRules>()

function fieldRulesOf(model: Model): FieldRules {
  const known = fieldRules.get(model)
  if (known) return known
  const namedBy = (kind: Rule['kind']) =>
    model.rules.filter((rule) => rule.kind === kind).flatMap((rule) => (rule.fields as readonly string[]).map((name) => ({ name, rule })))
  const protecting = new Map<string, Rule[]>()
  for (const { name, rule } of namedBy('protect')) protecting.set(name, [...(protecting.get(name) ?? []), rule])
  const made = { protecting, proven: new Set(namedBy('prove').map(({ name }) => name)) }
  fieldRules.set(model, made)
  return made
}

function isProtected(env: Env, field: FieldInfo, operation: Operation): boolean {
  if (env.isSystem) return false
  // The path names the parents, hidden ones too: `child_of` and `parent_of` ask by it without telling it.
  if (field.name === 'parent_path' && field.model.hasPath) return true
  const rules = fieldRulesOf(field.model)
    .protecting.get(field.name)
    ?.filter((rule) => rule.operations.includes(operation))
  return rules !== undefined && rules.length > 0 && !rules.some((rule) => env.user.groups.has(rule.group!.name))
}

/** The field, if it is there for this caller: a protected field answers exactly as one that does not exist. */
export function readableField(env: Env, model: Model, name: string, asUser = true): FieldInfo | undefined {
  const field = model.fields.get(name)
  if (!field || !asUser) return field
  return isProtected(env, field, 'read') || (field.options.secret && !env.isSystem) ? undefined : field
}

/** Of a secret field the caller may learn that it is there (it reads as the empty text), never what it holds. */
export function visibleField(env: Env, model: Model, name: string): FieldInfo | undefined {
  const field = model.fields.get(name)
  return !field || isProtected(env, field, 'read') ? undefined : field
}

/** Throws an IdentityError where the field opens doors and the caller has not lately proven who he is. */
export function demandProof(env: Env, { model, name }: FieldInfo): void {
  if (env.isSystem || env.call.isProven) return
  if (fieldRulesOf(model).proven.has(name)) throw new IdentityError(env.t('This takes your password: it changes who may do what.'))
}

export function settableField(env: Env, model: Model, name: string, operation: 'create' | 'write'): FieldInfo | undefined {
  const field = model.fields.get(name)
  return !field || isProtected(env, field, operation) || isProtected(env, field, 'read') ? undefined : field
}
