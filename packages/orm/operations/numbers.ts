import type { Numbering } from '../call.ts'
import type { Env, Records } from '../env.ts'
import { UserError } from '../errors.ts'
import { auditRows } from '../sql/audit.ts'
import { empty, ident, literal, sql } from '../sql/fragment.ts'
import type { FieldName, ModelName } from '../types.ts'
import { holdRows } from './lock.ts'
import { flush, mark } from './recompute.ts'

/**
 * Gives records their numbers without a gap: `field` is written in the call's last statements, in the order of the records, so that the
 * counter is held only from there to the commit, and the commit does not wait for the disk (kernel §2.5). A call that fails uses none up.
 * Until the call ends the field keeps what it held; whatever the number decides must be computed, not read.
 */
export async function numberLater<N extends ModelName>(
  records: Records<N>,
  field: FieldName<N>,
  counter: { sequence: number; prefix: string; suffix: string },
): Promise<void> {
  const { env, ids } = records
  const model = env.modelOf(records.model)
  const found = model.fields.get(field)
  if (!found?.column || (found.kind !== 'char' && found.kind !== 'text') || found.options.translate)
    throw new Error(`${model.name}.${field} cannot hold a number`)
  if (ids.length > 0) env.call.numbering.push({ model, field: found, ids, ...counter })
}

/** The last statements of a call: counters in id order, so that two calls that use several cannot wait for each other. */
export async function giveNumbers(env: Env): Promise<void> {
  const numbering = env.call.numbering.splice(0).sort((a, b) => a.sequence - b.sequence)
  if (numbering.length === 0) return
  for (const { model, ids } of numbering)
    await holdRows(
      env,
      model,
      [...ids].sort((a, b) => a - b),
    )
  await env.cx.commitEarly?.()
  for (const one of numbering) await give(env, one)
  await flush(env)
}

async function give(env: Env, { model, field, ids, sequence, prefix, suffix }: Numbering): Promise<void> {
  const column = ident(field.column!)
  const trail = model.audit
    ? sql`, a as (${auditRows(env.call, env.user.id, model.name, 'write', sql`jsonb_build_object(${literal(field.name)}, jsonb_build_array(null, x.number))`, sql`n`)})`
    : empty
  const [row] = await env.cx.query<{ given: number }>(sql`with s as (
      update ir_sequence set number_next = number_next + number_increment * ${ids.length}::int4 where id = ${sequence}::int4 and active
      returning number_next - number_increment * ${ids.length}::int4 as first, number_increment as step, padding),
    given as (select ids.id, (s.first + s.step * (ids.nth - 1)::int4)::text as digits, s.padding from s, unnest(${ids}::int4[]) with ordinality as ids(id, nth)),
    n as (update ${ident(model.table)} t set ${column} = ${prefix}::text || lpad(given.digits, greatest(given.padding, length(given.digits)), '0') || ${suffix}::text, version = t.version + 1
      from given where t.id = given.id returning t.id, t.${column} as number)${trail}
    select count(*)::int4 as given from n`)
  if (row!.given !== ids.length) throw new UserError(env.t('The sequence that numbers these records is missing or not in use.'))
  mark(env.call, [field], ids, new Map())
}
