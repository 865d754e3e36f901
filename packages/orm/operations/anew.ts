import type { Env } from '../env.ts'
import type { FieldInfo, Model } from '../registry.ts'
import { ident, sql } from '../sql/fragment.ts'
import { shapeName } from '../sql/names.ts'
import { flush, markAgain } from './recompute.ts'

const atOnce = 1000

/** Computes stored values of every record anew, whatever is known of them: after a change of their columns. Only what differs is written. */
export async function computeAnew(env: Env<true>, fields: readonly FieldInfo[]): Promise<void> {
  for (const [model, own] of Map.groupBy(fields, (field) => field.model))
    for (let last: number | null = 0; last !== null;) last = await computeNext(env, model, own, last)
}

/** The same for the next thousand records of a model, by id; answers the id to go on from, null where there are no more. */
export async function computeNext(env: Env<true>, model: Model, fields: readonly FieldInfo[], last: number): Promise<number | null> {
  const statement = sql`select t.id from ${ident(model.table)} t where t.id > ${last}::int4 order by t.id limit ${atOnce}::int4`
  const ids = (await env.cx.query<{ id: number }>(statement, shapeName(statement))).map(({ id }) => id)
  for (const field of fields) markAgain(env.call, field, ids)
  await flush(env)
  return ids.length < atOnce ? null : ids.at(-1)!
}
