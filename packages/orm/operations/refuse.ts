import type { Operation, Rule } from '../access.ts'
import type { Env } from '../env.ts'
import { AccessError, UserError } from '../errors.ts'
import type { Model } from '../registry.ts'
import { conditionOf, ruleFor } from '../rules.ts'
import { compileCondition } from '../sql/condition.ts'
import { Scope } from '../sql/expression.ts'
import { ident, join, sql } from '../sql/fragment.ts'
import { refusal } from './lock.ts'
import { readTyped } from './read.ts'

/**
 * Why a change of these records was refused: what a guard or freeze `says`, where it is what stopped a record that the caller may read; else
 * the one text for hidden and missing. Asked after the refusal, inside the transaction that is about to be undone.
 */
export async function refused(
  env: Env,
  model: Model,
  operation: Operation,
  ids: readonly number[],
  freezes: readonly Rule[] = [],
): Promise<AccessError | UserError> {
  const spoken = [
    ...model.rules.filter((rule) => rule.kind === 'guard' && rule.says !== null && rule.operations.includes(operation)),
    ...freezes,
  ]
  if (spoken.length === 0) return refusal(env, model, operation)
  const scope = new Scope('t')
  const verdicts = join(
    spoken.map((rule, i) => sql`coalesce(${compileCondition(env, conditionOf(env, model, rule), scope)}, false) as ${ident(`v${i}`)}`),
  )
  const seen = compileCondition(env, ruleFor(env, model, 'read'), scope)
  const rows = await env.cx.query<{ id: number } & Record<`v${number}`, boolean>>(
    sql`select t.id, ${verdicts} from ${ident(model.table)} t where t.id = any(${ids}) and ${seen} order by t.id`,
  )
  for (const row of rows) {
    const stopping = spoken.find((_, i) => !row[`v${i}`])
    if (!stopping) continue
    const [named] = await readTyped(env, model, [row.id], ['display_name'])
    return new UserError(env.t(stopping.says!, { name: named?.display_name ?? env.t(model.label) }))
  }
  return refusal(env, model, operation)
}

/** What a link is refused with: to a hidden record, and to one that is not there. */
export const linkRefusal = (env: Env, model: Model): AccessError =>
  new AccessError(
    env.t("A record that this '{model}' ({name}) refers to does not exist, or you may not use it.", {
      model: env.t(model.label),
      name: model.name,
    }),
  )
