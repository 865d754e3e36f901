import { type Node, and, parseDomain } from '../domain.ts'
import type { Env } from '../env.ts'
import type { Model } from '../registry.ts'
import { ruleFor } from '../rules.ts'
import { compileCondition } from './condition.ts'
import { Scope, fieldExpression } from './expression.ts'
import { type Sql, ident, sql } from './fragment.ts'
import { activeOnly } from './select.ts'

/** Ids and names of the records with exactly one of these names, as far as the caller may know them; archived ones by his context. */
export function namedRecords(env: Env, model: Model, names: readonly string[]): Sql {
  const asked = parseDomain({ env, rules: !env.isSystem }, model, [['display_name', 'in', names]])
  const scope = new Scope('t')
  const node: Node = and([asked, activeOnly(env, model, []), ruleFor(env, model, 'name')])
  return sql`select t.id, ${fieldExpression(env, model.fields.get('display_name')!, scope)} as name from ${ident(model.table)} t where ${compileCondition(env, node, scope)} order by t.id`
}

/** Those of `ids` that are there and whose name the caller may know. */
export function nameableIds(env: Env, model: Model, ids: readonly number[]): Sql {
  const scope = new Scope('t')
  return sql`select t.id from ${ident(model.table)} t where t.id = any(${ids}) and ${compileCondition(env, ruleFor(env, model, 'name'), scope)}`
}
