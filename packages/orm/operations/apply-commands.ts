import { type Node, and, yes } from '../domain.ts'
import type { Env } from '../env.ts'
import { ValidationError } from '../errors.ts'
import type { FieldInfo, Model } from '../registry.ts'
import { ruleFor } from '../rules.ts'
import { auditRows } from '../sql/audit.ts'
import { compileCondition } from '../sql/condition.ts'
import { Scope } from '../sql/expression.ts'
import { type Sql, column, empty, ident, sql } from '../sql/fragment.ts'
import { shapeName } from '../sql/names.ts'
import { activeOnly } from '../sql/select.ts'
import type { Commands } from './commands.ts'
import { createRecords } from './create.ts'
import { restsOnComputed } from './judge.ts'
import { keptStatement } from './kept.ts'
import { checkIds, refusal } from './lock.ts'
import { flush, mark, resolveReached } from './recompute.ts'
import { deletion, unlinkRecords } from './unlink.ts'
import { writeRecords } from './write.ts'

interface Owner {
  readonly id: number
  readonly commands: ReadonlyMap<FieldInfo, Commands>
}

/** Carries out x2many commands of many records, each with the caller's own rights on the lines: no elevation is inherited from the parent. */
export async function applyCommands(env: Env, model: Model, owners: readonly Owner[], isNew: boolean): Promise<void> {
  const fields = new Set(owners.flatMap((owner) => [...owner.commands.keys()]))
  for (const field of fields) {
    const mine = owners.flatMap(({ id, commands }) => (commands.has(field) ? [{ id, commands: commands.get(field)! }] : []))
    if (field.kind === 'one2many') await applyToLines(env, field, mine, isNew)
    else if (isNew && mine.every(({ commands }) => commands.every(isPlainLink))) await linkNew(env, model, field, mine)
    else await applyToLinks(env, model, field, mine)
  }
}

type Given = readonly { readonly id: number; readonly commands: Commands }[]

async function applyToLines(env: Env, field: FieldInfo, owners: Given, isNew: boolean): Promise<void> {
  const lines = env.modelOf(field.comodel!)
  if (field.hangs !== null) throw new ValidationError(env.t('{field} is not changed here.', { field: env.t(field.label) }))
  const inverse = lines.fields.get(field.inverse!)!
  const creates: Record<string, unknown>[] = []
  for (const { id: owner, commands } of owners) {
    for (const command of commands) {
      if (command.do === 'create') {
        creates.push({ ...command.values, [inverse.name]: owner })
        continue
      }
      // Order matters to the caller: what was to be made before this comes first.
      await makeLines(env, lines, creates, inverse)
      if (command.do === 'update') {
        await demandOwn(env, lines, inverse, owner, [command.id])
        await writeRecords(env, lines, [command.id], command.values)
      } else if (command.do === 'delete') {
        await demandOwn(env, lines, inverse, owner, [command.id])
        await unlinkRecords(env, lines, [command.id])
      } else if (command.do === 'unlink') await release(env, lines, inverse, owner, [command.id])
      else if (command.do === 'link') await writeRecords(env, lines, [command.id], { [inverse.name]: owner })
      else if (!isNew || command.do === 'set') await replaceLines(env, lines, inverse, owner, command.do === 'set' ? command.ids : [])
    }
  }
  await makeLines(env, lines, creates, inverse)
}

async function makeLines(env: Env, lines: Model, creates: Record<string, unknown>[], inverse: FieldInfo): Promise<void> {
  const batch = creates.splice(0)
  // The link to the owner is ours: the caller could write the owner, and may not be able to name it yet.
  if (batch.length > 0) await createRecords(env, lines, batch, [inverse.name])
}

async function currentLines(env: Env, lines: Model, inverse: FieldInfo, owner: number, shown: Sql = empty): Promise<number[]> {
  const rows = await env.cx.query<{ id: number }>(
    sql`select id from ${ident(lines.table)} where ${ident(inverse.column!)} = ${owner}::int4${shown} order by id`,
  )
  return rows.map((row) => row.id)
}

/**
 * Limits a change to what the caller sees of a list, or a form saved back would cut what its reader was never shown. `id` is the column
 * of the listed record's id; archived ones are seen only where a list `asRead` would show them. The system sees all.
 */
function shownTo(env: Env, listed: Model, id: Sql, asRead: boolean): Sql {
  if (env.isSystem) return empty
  const node = and([ruleFor(env, listed, 'read'), asRead ? activeOnly(env, listed, []) : yes])
  if (node.kind === 'true') return empty
  return sql` and exists (select from ${ident(listed.table)} c where c.id = ${id} and ${compileCondition(env, node, new Scope('c'))})`
}

/** A command about another record's line is refused: the parent's rights say nothing about it. */
async function demandOwn(env: Env, lines: Model, inverse: FieldInfo, owner: number, ids: readonly number[]): Promise<void> {
  const own = new Set(await currentLines(env, lines, inverse, owner))
  if (ids.some((id) => !own.has(id))) throw refusal(env, lines, 'write')
}

async function release(env: Env, lines: Model, inverse: FieldInfo, owner: number, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return
  await demandOwn(env, lines, inverse, owner, ids)
  if (inverse.options.required || deletion(inverse) === 'cascade') await unlinkRecords(env, lines, ids)
  else await writeRecords(env, lines, ids, { [inverse.name]: null })
}

async function replaceLines(env: Env, lines: Model, inverse: FieldInfo, owner: number, ids: readonly number[]): Promise<void> {
  const current = await currentLines(env, lines, inverse, owner, shownTo(env, lines, column(lines.table, 'id'), true))
  await release(
    env,
    lines,
    inverse,
    owner,
    current.filter((id) => !ids.includes(id)),
  )
  const added = ids.filter((id) => !current.includes(id))
  if (added.length > 0) await writeRecords(env, lines, added, { [inverse.name]: owner })
}

async function applyToLinks(env: Env, model: Model, field: FieldInfo, owners: Given): Promise<void> {
  const comodel = env.modelOf(field.comodel!)
  for (const { id: owner, commands } of owners) {
    for (const command of commands) {
      switch (command.do) {
        case 'create':
          await link(env, model, field, owner, await createRecords(env, comodel, [command.values]))
          break
        case 'update':
          await writeRecords(env, comodel, [command.id], command.values)
          break
        case 'delete':
          await unlinkRecords(env, comodel, [command.id])
          break
        case 'unlink':
          await cut(env, model, field, owner, [command.id], false)
          break
        case 'link':
          await checkedLink(env, model, field, owner, [command.id])
          break
        case 'clear':
          await cut(env, model, field, owner, [], true)
          break
        case 'set':
          await cut(env, model, field, owner, command.ids, true)
          await checkedLink(env, model, field, owner, command.ids)
      }
    }
  }
}

const isPlainLink = ({ do: verb }: Commands[number]): boolean => verb === 'link' || verb === 'set'

/** The links of new records, which have none yet: one check and one insert, however many there are. */
async function linkNew(env: Env, model: Model, field: FieldInfo, owners: Given): Promise<void> {
  // A later `set` replaces what was linked before it.
  const idsOf = (commands: Commands): number[] =>
    commands.reduce<number[]>((ids, one) => (one.do === 'set' ? [...one.ids] : one.do === 'link' ? [...ids, one.id] : ids), [])
  const pairs = owners.flatMap(({ id, commands }) => idsOf(commands).map((other) => ({ id, other })))
  if (pairs.length === 0) return
  const others = [...new Set(pairs.map(({ other }) => other))]
  const comodel = env.modelOf(field.comodel!)
  const rule = ruleFor(env, comodel, 'name')
  if (restsOnComputed(rule)) await flush(env)
  const given = {
    others,
    mine: pairs.map((pair) => pair.id),
    theirs: pairs.map((pair) => pair.other),
    actor: env.user.id,
    onBehalf: env.call.onBehalf,
    source: env.call.source,
  }
  const { statement } = keptStatement(env, `link|${model.name}|${field.name}`, given, (standIns) => ({
    statement: linking(env, model, field, rule, standIns),
  }))
  const [row] = await env.cx.query<{ known: number }>(statement, shapeName(statement)).catch((error: unknown) => {
    throw (error as { code?: string }).code === '23503' ? refusal(env, comodel, 'name') : error
  })
  if (row!.known !== others.length) throw refusal(env, comodel, 'name')
  await changed(env, field, [...new Set(pairs.map(({ id }) => id))], others)
}

/** The insert of links of new records, with the trail, and as `known` how many of their targets the rule finds. */
function linking(
  env: Env,
  model: Model,
  field: FieldInfo,
  rule: Node,
  given: {
    readonly others: readonly number[]
    readonly mine: readonly number[]
    readonly theirs: readonly number[]
    readonly actor: number
    readonly onBehalf: number | null
    readonly source: string
  },
): Sql {
  const comodel = env.modelOf(field.comodel!)
  const known = sql`select count(*)::int4 from ${ident(comodel.table)} c where c.id = any(${given.others}) and ${compileCondition(env, rule, new Scope('c'))}`
  const { table, mine, theirs } = field.links!
  const source = sql`(select n.${ident(mine)} as id, jsonb_agg(n.${ident(theirs)} order by n.${ident(theirs)}) as list from n group by 1)`
  const trail = model.audit
    ? sql`, a as (${auditRows(given, given.actor, model.name, 'write', sql`jsonb_build_object(${field.name}::text, jsonb_build_array(null, x.list))`, source)})`
    : empty
  return sql`with n as (insert into ${ident(table)} (${ident(mine)}, ${ident(theirs)}) select * from unnest(${given.mine}::int4[], ${given.theirs}::int4[]) on conflict do nothing returning ${ident(mine)}, ${ident(theirs)})${trail} select (${known}) as known`
}

async function checkedLink(env: Env, model: Model, field: FieldInfo, owner: number, ids: readonly number[]): Promise<void> {
  await checkIds(env, env.modelOf(field.comodel!), ids, 'name')
  await link(env, model, field, owner, ids)
}

async function link(env: Env, model: Model, field: FieldInfo, owner: number, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return
  const { table, mine, theirs } = field.links!
  const added = await env.cx.query<{ id: number }>(
    sql`with n as (insert into ${ident(table)} (${ident(mine)}, ${ident(theirs)}) select ${owner}::int4, unnest(${ids}::int4[]) on conflict do nothing returning ${ident(theirs)} as id)${trail(env, model, field, owner, 1)} select id from n`,
  )
  await changed(
    env,
    field,
    [owner],
    added.map((row) => row.id),
  )
}

/** Takes links away: those named, or (`others`) all but those named. A caller who cannot see a link does not cut it. */
async function cut(env: Env, model: Model, field: FieldInfo, owner: number, ids: readonly number[], others: boolean): Promise<void> {
  const { table, mine, theirs } = field.links!
  const which = others ? sql`<> all(${ids})` : sql`= any(${ids})`
  const shown = shownTo(env, env.modelOf(field.comodel!), column(table, theirs), others && !field.options['archived'])
  const removed = await env.cx.query<{ id: number }>(
    sql`with n as (delete from ${ident(table)} where ${ident(mine)} = ${owner}::int4 and ${ident(theirs)} ${which}${shown} returning ${ident(theirs)} as id)${trail(env, model, field, owner, 0)} select id from n`,
  )
  await changed(
    env,
    field,
    [owner],
    removed.map((row) => row.id),
  )
}

/** The trail says which links came or went, on the record whose field it is. */
function trail(env: Env, model: Model, field: FieldInfo, owner: number, side: 0 | 1) {
  if (!model.audit) return empty
  const list = sql`(select jsonb_agg(id order by id) from n)`
  const change =
    side === 1
      ? sql`jsonb_build_object(${field.name}::text, jsonb_build_array(null, ${list}))`
      : sql`jsonb_build_object(${field.name}::text, jsonb_build_array(${list}, null))`
  return sql`, a as (${auditRows(env.call, env.user.id, model.name, 'write', change, sql`(select ${owner}::int4 as id where exists (select from n))`)})`
}

async function changed(env: Env, field: FieldInfo, owners: readonly number[], others: readonly number[]): Promise<void> {
  if (others.length === 0) return
  const { call } = env
  mark(call, [field], owners, new Map())
  // Cut links can no longer be followed back, so whoever needs this list is found from its owner; the other side is marked by id.
  const other = field.options['inverse']
    ? env.modelOf(field.comodel!).fields.get(field.options['inverse'] as string)
    : [...env.modelOf(field.comodel!).fields.values()].find(
        (one) => one.kind === 'many2many' && one.options['inverse'] === field.name && one.comodel === field.model.name,
      )
  if (other) mark(call, [other], others, new Map())
  if (call.dirty.reached.length > 0) await resolveReached(env)
}
