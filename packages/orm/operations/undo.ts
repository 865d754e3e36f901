import type { Env } from '../env.ts'
import { ConflictError, UserError } from '../errors.ts'
import { fieldLabel } from '../labels.ts'
import { type FieldInfo, type Model, isToMany } from '../registry.ts'
import { settableField } from '../rules.ts'
import { type Traced, type TrailRow, lastTransaction, trailOf } from '../sql/trail.ts'
import { ident, sql } from '../sql/fragment.ts'
import { ownPart, parseChange } from './history.ts'
import { lockRecords } from './lock.ts'
import { readTyped } from './read.ts'
import { Kept } from './values.ts'
import { writeRecords } from './write.ts'

type Values = Record<string, unknown>

/**
 * Takes back the caller's last save of a record, its lines included: every field gets the value it had before, lines that were added go,
 * those that were deleted come back as new ones. All of it is written as the caller, so what he could not change by hand stays refused.
 * `seen` is the version the record had after that save.
 * @throws ConflictError when the record was changed since; UserError when the last change was not the caller's, or made the record
 */
export async function undoLastSave(env: Env, model: Model, id: number, seen: number): Promise<void> {
  await lockRecords(env, model, [id], 'write')
  await demandVersion(env, model, id, seen)
  const lists = ownedLists(env, model)
  const traced = await tracedWith(env, model, id, lists)
  const all = await env.cx.query<TrailRow & { own: boolean }>(lastTransaction(traced))
  const rows = all.filter(({ own }) => own)
  if (rows.length === 0) throw new UserError(env.t('There is nothing to take back.'))
  if (rows.some(({ actor, on_behalf }) => actor !== env.user.id || on_behalf !== env.call.onBehalf))
    throw new UserError(env.t('The last change of this record was somebody else’s.'))
  if (rows.some((row) => row.operation === 'create' && row.model === model.name && row.rec === id))
    throw new UserError(env.t('That save made the record: delete or archive it instead.'))
  if (all.some(({ own, operation }) => !own && operation === 'unlink'))
    throw new UserError(env.t('That save deleted more than lines of this record, which cannot be brought back.'))
  const values: Values = reversedFields(env, model, rowsOf(rows, model, id))
  for (const list of lists) {
    const commands = reversedLines(env, list, rows)
    if (commands.length > 0) values[list.name] = [...((values[list.name] as unknown[] | undefined) ?? []), ...commands]
  }
  await writeRecords(env, model, [id], values, seen)
}

/**
 * Gives a field back the value that it had before a change, which `key` names (`HistoryEntry.key`). Written as the caller; with `seen` only
 * while the record is at that version.
 * @throws ConflictError, AccessError, UserError where the trail has no such change
 */
export async function restoreValue(
  env: Env,
  model: Model,
  id: number,
  restore: { key: number; field: string; seen: number | null },
): Promise<void> {
  await lockRecords(env, model, [id], 'write')
  const page = await env.cx.query<TrailRow>(trailOf([{ model: model.name, ids: [id] }], restore.key + 1, 100))
  const [newest] = page
  const rows = page.filter((row) => row.operation === 'write' && row.transaction === newest?.transaction && newest.id === restore.key)
  const values = reversedFields(env, model, rows, restore.field)
  if (Object.keys(values).length === 0) throw new UserError(env.t('There is no such change in the history of this record.'))
  await writeRecords(env, model, [id], values, restore.seen)
}

async function demandVersion(env: Env, model: Model, id: number, seen: number): Promise<void> {
  const [now] = await readTyped(env, model, [id], ['version', 'display_name'])
  if (now?.version === seen) return
  throw new ConflictError(
    env.t('{name} was changed since: look at it before you take anything back.', { name: now?.display_name ?? env.t(model.label) }),
    [],
  )
}

/** The lists whose records are part of this one: they cannot be without it. */
const ownedLists = (env: Env, model: Model): FieldInfo[] =>
  [...model.fields.values()].filter((field) => {
    if (field.kind !== 'one2many' || field.hangs !== null || field.computed || field.related) return false
    const { options } = env.modelOf(field.comodel!).fields.get(field.inverse!)!
    return options.required === true && options['ondelete'] === 'cascade'
  })

async function tracedWith(env: Env, model: Model, id: number, lists: readonly FieldInfo[]): Promise<Traced[]> {
  const traced: Traced[] = [{ model: model.name, ids: [id] }]
  for (const { comodel, inverse } of lists) {
    const lines = env.modelOf(comodel!)
    const rows = await env.cx.query<{ id: number }>(sql`select id from ${ident(lines.table)} where ${ident(inverse!)} = ${id}::int4`)
    traced.push({ model: lines.name, ids: rows.map((row) => row.id), by: { field: inverse!, owner: id } })
  }
  return traced
}

const rowsOf = (rows: readonly TrailRow[], model: Model, id: number): TrailRow[] =>
  rows.filter((row) => row.model === model.name && row.rec === id && row.operation === 'write')

/** What to write so that the fields of some rows, newest first, are as before them; `only` one of them. */
function reversedFields(env: Env, model: Model, rows: readonly TrailRow[], only?: string): Values {
  const values: Values = {}
  for (const row of rows) {
    for (const [name, pair] of Object.entries(parseChange(row.change))) {
      if (!Array.isArray(pair) || (only !== undefined && name !== only)) continue
      const field = demandSettable(env, model, name)
      if (isToMany(field)) values[name] = [...((values[name] as unknown[] | undefined) ?? []), ...reversedLinks(pair)]
      else values[name] = toGiven(env, field, pair[0])
    }
  }
  return values
}

/** `[those that went, those that came]`. */
const reversedLinks = ([gone, come]: readonly unknown[]): unknown[] => [
  ...(Array.isArray(come) ? come.map((id) => ['unlink', id]) : []),
  ...(Array.isArray(gone) ? gone.map((id) => ['link', id]) : []),
]

function reversedLines(env: Env, list: FieldInfo, rows: readonly TrailRow[]): unknown[] {
  const lines = env.modelOf(list.comodel!)
  const mine = Map.groupBy(
    rows.filter((row) => row.model === lines.name),
    (row) => row.rec,
  )
  return [...mine].flatMap(([rec, its]): unknown[] => {
    const [isMade, unlinked] = [its.some(({ operation }) => operation === 'create'), its.find(({ operation }) => operation === 'unlink')]
    if (isMade) return unlinked ? [] : [['delete', rec]]
    if (!unlinked) return [['update', rec, reversedFields(env, lines, its)]]
    const before = { ...deletedValues(env, lines, list, unlinked), ...reversedFields(env, lines, rowsOf(its, lines, rec)) }
    return [['create', before]]
  })
}

/** The values that a deleted line had, but for those that follow by themselves. */
function deletedValues(env: Env, lines: Model, list: FieldInfo, row: TrailRow): Values {
  const values: Values = {}
  for (const [name, value] of Object.entries(parseChange(row.change))) {
    const field = lines.fields.get(name)
    if (!field || name === list.inverse || field.computed || !settableField(env, lines, name, 'create')) continue
    values[name] = isToMany(field) ? [['set', value]] : toGiven(env, field, value)
  }
  return values
}

/** Only what the caller could set by hand comes back; a secret's old value is nowhere. */
function demandSettable(env: Env, model: Model, name: string): FieldInfo {
  const field = settableField(env, model, name, 'write')
  if (field && !field.options.secret && !field.magic) return field
  throw new UserError(
    env.t('{field} was changed with it, which you may not set.', {
      field: model.fields.has(name) ? fieldLabel(env, model.fields.get(name)!) : env.t(model.label),
    }),
  )
}

/** A column's value as it is given to `write`. */
function toGiven(env: Env, field: FieldInfo, value: unknown): unknown {
  const own = ownPart(env, field, value)
  if (own === null) return field.kind === 'boolean' ? false : null
  return field.kind === 'binary' ? keptBlob(own) : field.kind === 'datetime' ? String(own).replace('T', ' ').slice(0, 19) : own
}

/** Content that was replaced may have been swept since; the database would refuse it then. */
const keptBlob = (name: unknown): Kept => new Kept(String(name))
