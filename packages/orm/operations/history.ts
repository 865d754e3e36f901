import type { Env } from '../env.ts'
import { type FieldInfo, type Model, isToMany } from '../registry.ts'
import { mayEver, readableField, ruleFor } from '../rules.ts'
import { type TrailRow, trailOf } from '../sql/trail.ts'
import type { Moment } from '../time.ts'
import { checkIds } from './lock.ts'
import { readTyped } from './read.ts'

/** One field before and after, as the wire writes values; links as `{ id, display_name }`, the name empty where it is not for the reader. */
export interface FieldChange {
  readonly field: string
  readonly old: unknown
  readonly new: unknown
}

/** What one transaction did to one record. */
export interface HistoryEntry {
  /** Of its newest row in the trail: what the next page comes before. */
  readonly key: number
  readonly at: Moment
  /** Changes with the same one were made together. */
  readonly transaction: string
  /** A user's id; null where nobody was signed in. */
  readonly actor: number | null
  /** Whose hands it was, when somebody acted for the user. */
  readonly onBehalf: number | null
  readonly model: string
  readonly id: number
  readonly operation: 'create' | 'write'
  readonly changes: readonly FieldChange[]
}

/**
 * What was changed on a record, by whom, newest first: read from the audit trail, which has it anyway, and cut to the fields that the
 * caller may read. Secrets are never in it. `before` is the `key` of the last entry of the page above.
 * @returns at most `limit` entries, and whether there may be more. @throws AccessError where he may not read the record
 */
export async function historyOf(
  env: Env,
  model: Model,
  id: number,
  { before = null, limit = 30 }: { before?: number | null; limit?: number } = {},
): Promise<{ entries: readonly HistoryEntry[]; more: boolean }> {
  await checkIds(env, model, [id], 'read')
  const rows = await env.cx.query<TrailRow>(trailOf([{ model: model.name, ids: [id] }], before, limit))
  const names = await namesOf(env, rows)
  const together = Map.groupBy(rows, (row) => row.transaction)
  const entries = [...together.values()].flatMap((group): HistoryEntry[] => {
    const [newest] = group
    const isMade = group.some(({ operation }) => operation === 'create')
    const changes = isMade ? [] : merged(env, model, group, names)
    if (!isMade && changes.length === 0) return []
    return [
      {
        key: newest!.id,
        at: newest!.at as Moment,
        transaction: newest!.transaction,
        actor: newest!.actor,
        onBehalf: newest!.on_behalf,
        model: model.name,
        id,
        operation: isMade ? 'create' : 'write',
        changes,
      },
    ]
  })
  return { entries, more: rows.length === limit }
}

type Names = ReadonlyMap<string, ReadonlyMap<number, string>>

/** The rows of one transaction as one change: each field from what it was before all of them to what it was after. */
function merged(env: Env, model: Model, rows: readonly TrailRow[], names: Names): FieldChange[] {
  const found = new Map<FieldInfo, { old: unknown; new: unknown }>()
  for (const row of rows.toReversed()) {
    for (const [field, [old, now]] of pairsOf(env, model, row)) {
      const known = found.get(field)
      found.set(
        field,
        known && !isToMany(field) ? { old: known.old, new: now } : { old: joined(known?.old, old), new: joined(known?.new, now) },
      )
    }
  }
  return [...found].flatMap(([field, { old, new: now }]) => {
    const change = { field: field.name, old: toWire(env, field, old, names), new: toWire(env, field, now, names) }
    return JSON.stringify(change.old) === JSON.stringify(change.new) ? [] : [change]
  })
}

/** Of links the trail tells which came and which went: those of several rows add up. */
const joined = (known: unknown, more: unknown): unknown =>
  Array.isArray(known) && Array.isArray(more) ? [...known, ...more] : (more ?? known)

/** The fields of a row that are for the caller, with what they were and became. */
export function pairsOf(env: Env, model: Model, row: TrailRow): (readonly [FieldInfo, readonly [unknown, unknown]])[] {
  const change = parseChange(row.change)
  return Object.entries(change).flatMap(([name, pair]) => {
    const field = readableField(env, model, name)
    if (!field || field.options.secret || !Array.isArray(pair) || pair.length !== 2) return []
    return [[field, [ownPart(env, field, pair[0]), ownPart(env, field, pair[1])]] as const]
  })
}

/** Numbers that a double would round are kept as their text. */
export const parseChange = (text: string): Record<string, unknown> =>
  JSON.parse(text, function (this: unknown, _key: string, value: unknown, context?: { source?: string }) {
    return typeof value === 'number' && !Number.isSafeInteger(value) && context?.source !== undefined ? context.source : value
  } as (key: string, value: unknown) => unknown) as Record<string, unknown>

/** Of a value for each language or company, that of the caller's. */
export function ownPart(env: Env, field: FieldInfo, value: unknown): unknown {
  const key = field.options.translate ? env.context.lang : field.options.companyDependent ? String(env.me.company_id) : null
  if (key === null || typeof value !== 'object' || value === null) return value
  const all = value as Readonly<Record<string, unknown>>
  return all[key] ?? (field.options.translate ? all['en_US'] : undefined) ?? null
}

function toWire(env: Env, field: FieldInfo, value: unknown, names: Names): unknown {
  const link = (id: unknown) => ({ id, display_name: names.get(field.comodel!)?.get(id as number) ?? '' })
  if (value === null || value === undefined) return isToMany(field) ? [] : false
  if (Array.isArray(value) && isToMany(field)) return value.map(link)
  switch (field.kind) {
    case 'many2one':
      return link(value)
    case 'float':
    case 'decimal':
    case 'monetary':
      return Number(value)
    case 'datetime':
      return String(value).replace('T', ' ').slice(0, 19)
    case 'binary':
      return true
    default:
      return value
  }
}

/** What the linked records are called today, as far as the caller may know. */
async function namesOf(env: Env, rows: readonly TrailRow[]): Promise<Names> {
  const wanted = new Map<string, Set<number>>()
  for (const row of rows) {
    for (const [{ comodel }, values] of pairsOf(env, env.modelOf(row.model), row)) {
      if (!comodel) continue
      const ids = wanted.get(comodel) ?? new Set<number>()
      wanted.set(comodel, ids)
      for (const id of values.flat()) if (typeof id === 'number') ids.add(id)
    }
  }
  const names = new Map<string, Map<number, string>>()
  for (const [comodel, ids] of wanted) {
    const found = await readNames(env, env.modelOf(comodel), [...ids])
    names.set(comodel, new Map(found.map((one) => [one.id, one.display_name])))
  }
  return names
}

async function readNames(env: Env, model: Model, ids: readonly number[]): Promise<{ id: number; display_name: string }[]> {
  return ids.length > 0 && mayEver(env, model, 'read') ? readTyped(env, model, ids, ['display_name'], ruleFor(env, model, 'name')) : []
}
