import type { Counter, Numbering } from '../call.ts'
import type { Env, Records } from '../env.ts'
import { UserError } from '../errors.ts'
import { auditRows } from '../sql/audit.ts'
import { type Sql, empty, ident, literal, sql } from '../sql/fragment.ts'
import { shapeName } from '../sql/names.ts'
import type { FieldName, ModelName } from '../types.ts'
import { holdRows } from './lock.ts'
import { flush, mark } from './recompute.ts'

/**
 * Gives records their numbers without a gap: `field` is written in the call's last statements, in the order of the records, so that the
 * counter is held only from there to the commit, and the commit does not wait for the disk (kernel §2.5). A call that fails uses none up.
 * Until the call ends the field keeps what it held; whatever the number decides must be computed, not read. A counter named by its code is
 * that of each record's `company_id`, else the one that all share.
 */
export async function numberLater<N extends ModelName>(records: Records<N>, field: FieldName<N>, counter: Counter): Promise<void> {
  const { env, ids } = records
  const model = env.modelOf(records.model)
  const found = model.fields.get(field)
  if (!found?.column || (found.kind !== 'char' && found.kind !== 'text') || found.options.translate)
    throw new Error(`${model.name}.${field} cannot hold a number`)
  if ('code' in counter && !model.fields.get('company_id')?.column)
    throw new Error(`${model.name} has no company whose '${counter.code}' it could be`)
  if (ids.length > 0) env.call.numbering.push({ model, field: found, ids, counter })
}

/** The last statements of a call: counters in one order, so that two calls that use several cannot wait for each other. */
export async function giveNumbers(env: Env): Promise<void> {
  const numbering = env.call.numbering.splice(0).sort((a, b) => (placeOf(a.counter) < placeOf(b.counter) ? -1 : 1))
  if (numbering.length === 0) return
  for (const { model, ids } of numbering)
    holdRows(
      env,
      model,
      [...ids].sort((a, b) => a - b),
    )
  env.cx.commitEarly?.()
  for (const one of numbering) await give(env, one)
  await flush(env)
}

const placeOf = (counter: Counter): string => ('code' in counter ? `code ${counter.code}` : `${counter.sequence}`.padStart(10, '0'))

async function give(env: Env, { model, field, ids, counter }: Numbering): Promise<void> {
  const column = ident(field.column!)
  const table = ident(model.table)
  const trail = model.audit
    ? sql`, a as (${auditRows(env.call, env.user.id, model.name, 'write', sql`jsonb_build_object(${literal(field.name)}, jsonb_build_array(null, x.number))`, sql`n`)})`
    : empty
  const statement = sql`with r as (
      select t.id, ids.nth, ${counterOf(counter)} as sequence from unnest(${ids}::int4[]) with ordinality as ids(id, nth) join ${table} t on t.id = ids.id),
    placed as (select id, sequence, row_number() over (partition by sequence order by nth) as nth, count(*) over (partition by sequence) as n from r),
    s as (update ir_sequence q set number_next = number_next + number_increment * c.n::int4
      from (select distinct sequence, n from placed) c where q.id = c.sequence and q.active
      returning q.id, number_next - number_increment * c.n::int4 as first, number_increment as step, padding, ${wordsOf(counter)}),
    given as (select p.id, s.prefix, s.suffix, s.padding, (s.first + s.step * (p.nth - 1)::int4)::text as digits from placed p join s on s.id = p.sequence),
    n as (update ${table} t set ${column} = given.prefix || lpad(given.digits, greatest(given.padding, length(given.digits)), '0') || given.suffix, version = t.version + 1
      from given where t.id = given.id returning t.id, t.${column} as number)${trail}
    select count(*)::int4 as given from n`
  const [row] = await env.cx.query<{ given: number }>(statement, shapeName(statement))
  if (row!.given !== ids.length) throw new UserError(env.t('The sequence that numbers these records is missing or not in use.'))
  mark(env.call, [field], ids, new Map())
}

/** The sequence of the record in alias `t`. */
const counterOf = (counter: Counter): Sql =>
  'code' in counter
    ? sql`(select s.id from ir_sequence s where s.code = ${counter.code}::text and s.active and (s.company_id = t.company_id or s.company_id is null) order by s.company_id nulls last, s.id limit 1)`
    : sql`${counter.sequence}::int4`

/** What stands before and behind the digits. */
function wordsOf(counter: Counter): Sql {
  if (!('code' in counter)) return sql`${counter.prefix}::text as prefix, ${counter.suffix}::text as suffix`
  const filled = (text: Sql): Sql =>
    Object.entries(counter.placeholders).reduce(
      (inner, [placeholder, value]) => sql`replace(${inner}, ${placeholder}::text, ${value}::text)`,
      sql`coalesce(${text}, '')`,
    )
  return sql`${filled(sql`prefix`)} as prefix, ${filled(sql`suffix`)} as suffix`
}
