import type { Call } from '../call.ts'
import { Env } from '../env.ts'
import { UserError } from '../errors.ts'
import { fieldLabel } from '../labels.ts'
import type { FieldInfo, Model } from '../registry.ts'
import { decidingLinks, mayEver, visibleField } from '../rules.ts'
import { auditRows, createdChange } from '../sql/audit.ts'
import { type Sql, column, empty, ident, join, literal, sql } from '../sql/fragment.ts'
import { shapeName } from '../sql/names.ts'
import { holdRows, lockRecords } from './lock.ts'
import { demandEver, searchCount } from './read.ts'
import { lockedParents, mark, markAgain, resolveReached, upwardFields } from './recompute.ts'
import { writeRecords } from './write.ts'

/** Deletes records. What hangs on them is deleted, emptied or refused as its field says, by us and not by the database, so that rules, trail and totals see it. */
export async function unlinkRecords(env: Env, model: Model, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return
  demandEver(env, model, 'unlink')
  await holdDeciding(env, model, ids)
  await lockRecords(env, model, ids, 'unlink')
  const system = new Env(env.call, env.user, { ...env.context, active_test: false }, true)
  await releasePointers(env, system, model, ids)
  await deleteHanging(system, model, ids)
  await remove(system, model, ids)
}

/** What these records may not leave as it is: an order that is signed keeps its lines. It is held before that is judged. */
async function holdDeciding(env: Env, model: Model, ids: readonly number[]): Promise<void> {
  for (const field of decidingLinks(env, model, 'unlink', new Set())) {
    const statement = sql`select distinct t.${ident(field.column!)} as id from ${ident(model.table)} t where t.id = any(${ids}::int4[]) and t.${ident(field.column!)} is not null`
    const targets = await env.cx.query<{ id: number }>(statement, shapeName(statement))
    const sorted = targets.map(({ id }) => id).sort((a, b) => a - b)
    holdRows(env, env.modelOf(field.comodel!), sorted)
  }
}

export const deletion = (field: FieldInfo): 'restrict' | 'set null' | 'cascade' =>
  field.options['ondelete'] ?? (field.options.required ? 'restrict' : 'set null')

async function releasePointers(env: Env, system: Env<true>, model: Model, ids: readonly number[]): Promise<void> {
  const { registry } = system
  const pointers = [...(registry.pointers.get(model.name) ?? []), ...registry.references].filter((field) => !field.options.companyDependent)
  if (pointers.length === 0) return
  const named = ids.map((id) => `${model.name},${id}`)
  const lists = join(
    pointers.map((field, i) => {
      const found = field.kind === 'reference' ? sql`any(${named}::text[])` : sql`any(${ids}::int4[])`
      return sql`array(select id from ${ident(field.model.table)} where ${ident(field.column!)} = ${found} order by id) as ${ident(`p${i}`)}`
    }),
  )
  const statement = sql`select ${lists}`
  const [row] = await system.cx.query<Record<string, number[]>>(statement, shapeName(statement))
  const found = pointers
    .map((field, i) => ({ field, ids: row![`p${i}`]!.filter((id) => field.model !== model || !ids.includes(id)) }))
    .filter((one) => one.ids.length > 0)
  const blocked = found.find(({ field }) => field.computed === null && deletion(field) === 'restrict')
  if (blocked) throw await inUse(env, model, blocked.field, blocked.ids)
  for (const one of found) {
    if (one.field.computed) await emptyComputed(system, one.field, one.ids)
    else if (deletion(one.field) === 'cascade') await unlinkRecords(system, one.field.model, one.ids)
    else await writeRecords(system, one.field.model, one.ids, { [one.field.name]: null })
  }
}

/** What was worked out to be a record that goes is worked out again; until then it is nothing, or the foreign key would hold the record. */
async function emptyComputed(system: Env<true>, field: FieldInfo, ids: readonly number[]): Promise<void> {
  holdRows(system, field.model, ids)
  await system.cx.query(sql`update ${ident(field.model.table)} set ${ident(field.column!)} = null where id = any(${ids})`)
  markAgain(system.call, field, ids)
}

/** Says what still refers to the records, as far as the caller may know it. */
async function inUse(env: Env, model: Model, field: FieldInfo, ids: readonly number[]): Promise<UserError> {
  const count = mayEver(env, field.model, 'read')
    ? await searchCount(env.withContext({ active_test: false }), field.model, [['id', 'in', ids]], null)
    : 0
  const text =
    count > 0 && visibleField(env, field.model, field.name)
      ? "This '{model}' cannot be deleted: {count} record(s) of '{other}' still refer to it ({field}). Archive it instead, or change those first."
      : "This '{model}' cannot be deleted: something that you may not see still refers to it. Archive it instead."
  const [other, named] = [env.t(field.model.label), fieldLabel(env, field)]
  return new UserError(env.t(text, { model: env.t(model.label), count, other, field: named }))
}

/** Attachments and external ids name their record by model and id; no foreign key holds them. */
async function deleteHanging(system: Env<true>, model: Model, ids: readonly number[]): Promise<void> {
  for (const other of system.registry.models.values()) {
    if (!other.hangsOn) continue
    const rows = await system.cx.query<{ id: number }>(
      sql`select id from ${ident(other.table)} where ${ident(other.hangsOn.model)} = ${model.name} and ${ident(other.hangsOn.id)} = any(${ids}) order by id`,
    )
    await unlinkRecords(
      system,
      other,
      rows.map((row) => row.id),
    )
  }
}

async function remove(system: Env<true>, model: Model, ids: readonly number[]): Promise<void> {
  const { call } = system
  // Whoever reaches these records through links must be found while the links are there.
  const fields = [...model.fields.values()]
  for (const field of fields)
    for (const { path } of call.registry.plan.triggers.get(field) ?? [])
      if (path.at(-1)?.kind === 'many2many') {
        mark(call, [field], ids, new Map())
        break
      }
  await resolveReached(system)
  forget(call, model, ids)
  for (const field of lockedParents(call, model, fields)) {
    const parents = await system.cx.query<{ id: number }>(
      sql`select distinct ${ident(field.column!)} as id from ${ident(model.table)} where id = any(${ids}) and ${ident(field.column!)} is not null`,
    )
    holdRows(
      system,
      system.modelOf(field.comodel!),
      parents.map((row) => row.id).sort((a, b) => a - b),
    )
  }
  const upward = upwardFields(call, model, fields)
  const links = linkTables(system, model)
  const cuts = links.map(
    ({ table, side }, i): Sql =>
      sql`${ident(`l${i}`)} as (delete from ${ident(table)} where ${ident(side)} = any(${ids}) returning left_id, right_id)`,
  )
  // What goes is written down whole, or nobody could bring it back.
  const kept = model.audit ? fields.filter((field) => field.column !== null && field.computed === null && !field.magic) : []
  const change = sql`${createdChange('x', kept)}${
    model.audit
      ? join(
          links.flatMap(({ field }, i) => (field ? [cutLinks(field, `l${i}`)] : [])),
          ' ',
        )
      : empty
  }`
  const trail = model.audit ? sql`, a as (${auditRows(call, system.user.id, model.name, 'unlink', change, sql`d`)})` : empty
  const returned = join([...new Set(['id', ...kept.map((field) => field.column!), ...upward.map((field) => field.column!)])].map(ident))
  const [row] = await call.cx.query<
    Record<string, number[]>
  >(sql`with ${cuts.length > 0 ? sql`${join(cuts)}, ` : empty}d as (delete from ${ident(model.table)} where id = any(${ids}) returning ${returned})${trail}
    select (select count(*)::int4 from d) as n${join(
      upward.map(
        (field) =>
          sql`, array(select distinct d.${ident(field.column!)} from d where d.${ident(field.column!)} is not null) as ${ident(`up_${field.name}`.slice(0, 63))}`,
      ),
      ' ',
    )}`)
  const gone = new Set(ids)
  const parents = new Map(
    upward.map((field) => [
      field.name,
      row![`up_${field.name}`.slice(0, 63)]!.filter((id) => field.comodel !== model.name || !gone.has(id)),
    ]),
  )
  const upOnly = fields.filter((field) =>
    (call.registry.plan.triggers.get(field) ?? []).some(({ path }) => path.at(-1)?.kind === 'one2many'),
  )
  mark(call, upOnly, ids, parents)
  forget(call, model, ids)
}

/** Deleted records need nothing any more. */
function forget(call: Call, model: Model, ids: readonly number[]): void {
  for (const [field, dirty] of call.dirty.ids) if (field.model === model) for (const id of ids) dirty.delete(id)
  for (const mine of call.unchecked.get(model)?.values() ?? []) for (const id of ids) mine.delete(id)
}

/** The links of each deleted record in one of its lists. */
const cutLinks = (field: FieldInfo, cte: string): Sql =>
  sql` || jsonb_strip_nulls(jsonb_build_object(${literal(field.name)}, (select jsonb_agg(${column('l', field.links!.theirs)} order by 1) from ${ident(cte)} l where ${column('l', field.links!.mine)} = x.id)))`

function linkTables(env: Env, model: Model): { table: string; side: string; field: FieldInfo | null }[] {
  const all = new Map<string, { table: string; side: string; field: FieldInfo | null }>()
  for (const other of env.registry.models.values()) {
    for (const field of other.fields.values()) {
      if (!field.links) continue
      const { table, mine, theirs } = field.links
      if (other === model) all.set(`${table}.${mine}`, { table, side: mine, field })
      else if (field.comodel === model.name && !all.has(`${table}.${theirs}`))
        all.set(`${table}.${theirs}`, { table, side: theirs, field: null })
      if (other === model && field.comodel === model.name && !all.has(`${table}.${theirs}`))
        all.set(`${table}.${theirs}`, { table, side: theirs, field: null })
    }
  }
  // A table that links a model with itself is cut from both sides in one go.
  return [...all.values()]
}
