import { Env } from '../env.ts'
import type { Model } from '../registry.ts'

type Values = Readonly<Record<string, unknown>>

/** The given values, completed by what the model's apps declared with `prepare`. */
export async function prepared(env: Env, model: Model, list: readonly Values[]): Promise<readonly Values[]> {
  let complete = list
  for (const prepare of model.prepares) complete = await prepare(env, complete)
  if (complete.length !== list.length) throw new Error(`${model.name}: a prepare() answered ${complete.length} records for ${list.length}`)
  return complete
}

/** Runs what the model's apps declared with `changed` for any of the fields given. */
export async function followUp(
  env: Env,
  model: Model,
  ids: readonly number[],
  given: ReadonlySet<string>,
  operation: 'create' | 'write',
): Promise<void> {
  const due = model.followUps.filter(({ fields }) => fields.some((name) => given.has(name)))
  if (due.length === 0) return
  const system = new Env(env.call, env.user, env.context, true)
  for (const { body } of due) await body(system, ids, operation, given)
}
