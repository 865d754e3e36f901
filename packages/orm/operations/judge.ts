import type { Operation } from '../access.ts'
import type { Node } from '../domain.ts'
import type { Env } from '../env.ts'
import type { FieldInfo, Model } from '../registry.ts'
import { ruleFor } from '../rules.ts'
import { compileCondition } from '../sql/condition.ts'
import { Scope } from '../sql/expression.ts'
import { type Sql, ident, sql } from '../sql/fragment.ts'
import { oneOf } from '../sql/ids.ts'
import { shapeName } from '../sql/names.ts'
import { refused } from './refuse.ts'

/**
 * Whether a rule can be judged on the rows a statement has just written, inside that statement: it must not look at computed columns
 * (not computed yet), at lists that this call still fills (`listed`), or at the table itself (whose new rows the statement does not see).
 */
function isImmediate(model: Model, node: Node, listed: ReadonlySet<FieldInfo>): boolean {
  switch (node.kind) {
    case 'true':
    case 'false':
      return true
    case 'not':
      return isImmediate(model, node.node, listed)
    case 'and':
    case 'or':
      return node.nodes.every((inner) => isImmediate(model, inner, listed))
    case 'leaf':
      return isPlain(model, node.field)
    case 'any':
      return (
        node.field.comodel !== model.name &&
        !visits(node.node, model) &&
        (node.field.kind === 'many2one' ? isPlain(model, node.field) : node.field.kind === 'one2many' && !listed.has(node.field))
      )
    default:
      return false
  }
}

const isPlain = (model: Model, field: FieldInfo): boolean =>
  field.model === model && field.column !== null && field.computed === null && !field.related

/** Whether a condition on another model comes back to this one's table. */
function visits(node: Node, model: Model): boolean {
  switch (node.kind) {
    case 'not':
      return visits(node.node, model)
    case 'and':
    case 'or':
      return node.nodes.some((inner) => visits(inner, model))
    case 'any':
      return node.field.comodel === model.name || node.field.model === model || visits(node.node, model)
    case 'under':
      return node.model === model
    case 'leaf':
      return node.field.model === model || Boolean(node.field.related)
    default:
      return false
  }
}

/** Whether what a condition finds may follow from computed values, so that those must be right before it is asked. */
export function restsOnComputed(node: Node): boolean {
  switch (node.kind) {
    case 'true':
    case 'false':
      return false
    case 'not':
      return restsOnComputed(node.node)
    case 'and':
    case 'or':
      return node.nodes.some(restsOnComputed)
    case 'leaf':
      return node.field.computed !== null
    case 'any':
      return node.field.computed !== null || restsOnComputed(node.node)
    case 'under':
      return restsOnComputed(node.top) || restsOnComputed(node.rule)
    case 'hangs':
      return true
  }
}

/** The rule as a condition over the CTE's rows, or null when it must wait for the end of the call (it is then noted). */
export function judgeNow(env: Env, model: Model, operation: 'create' | 'write', scope: Scope, listed: ReadonlySet<FieldInfo>): Sql | null {
  const rule = ruleFor(env, model, operation)
  if (rule.kind === 'true') return null
  return isImmediate(model, rule, listed) ? compileCondition(env, rule, scope) : null
}

/** Notes records for judgement at the end of the call, where the rule cannot be judged inside the statement. */
export function judgeLater(
  env: Env,
  model: Model,
  operation: 'create' | 'write',
  ids: readonly number[],
  listed: ReadonlySet<FieldInfo>,
): void {
  const rule = ruleFor(env, model, operation)
  if (env.isSystem || rule.kind === 'true' || isImmediate(model, rule, listed)) return
  env.call.unjudged.push({ env, model, operation, ids })
}

/** Judges what was put off. Throws AccessError for records that the caller may not have made so. */
export async function judgeAll(env: Env): Promise<void> {
  for (const one of env.call.unjudged.splice(0)) await judge(one.env, one.model, one.operation, one.ids)
}

async function judge(env: Env, model: Model, operation: Operation, ids: readonly number[]): Promise<void> {
  const scope = new Scope('t')
  const condition = compileCondition(env, ruleFor(env, model, operation), scope)
  const statement = sql`select coalesce(bool_and(${condition}), true) as ok from ${ident(model.table)} t where ${oneOf(sql`t.id`, ids)}`
  const [row] = await env.cx.query<{ ok: boolean }>(statement, shapeName(statement))
  if (!row!.ok) throw await refused(env, model, operation, ids)
}
