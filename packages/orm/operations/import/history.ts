import { Decimal } from '../../decimal.ts'
import type { Env } from '../../env.ts'
import { UserError } from '../../errors.ts'
import { type FieldInfo, type Model, isToMany } from '../../registry.ts'
import type { Wire } from '../../types.ts'
import { relatedEnd } from '../../sql/expression.ts'
import { parseCommands } from '../commands.ts'
import { readTyped } from '../read.ts'
import { toColumn } from '../values.ts'
import type { Draft } from './drafts.ts'

export type Values = Record<string, unknown>

/**
 * What a record held, of the fields that an import changed, as JSON: values as `write` takes them; of a list its ids, and of its lines
 * that were changed what they held.
 */
export interface Before {
  readonly [field: string]: Wire | ListBefore
}
export interface ListBefore {
  readonly ids: readonly number[]
  readonly lines?: { readonly [id: string]: Before }
}

/** What an import did with a record of the file. */
export interface Done {
  readonly id: number
  readonly kind: 'made' | 'changed' | 'same'
  /** The first row it came from, from 0. */
  readonly row: number
  /** What puts it back; null for a record that was made. */
  readonly before: Before | null
  /** The record's version when the import had done with it: a later one has been changed since. */
  readonly version: number
}

/** What became of the drafts that were kept; of two about one new record, the one that made it speaks for both. */
export async function historyOf(env: Env, model: Model, drafts: readonly Draft[]): Promise<Done[]> {
  const told = drafts.filter((draft) => !draft.same?.isNew)
  const ids = [...new Set(told.map((draft) => draft.id!))].sort((a, b) => a - b)
  const versions = await env.asSystem('an import notes the versions of what it did, for its undo', async (sys) =>
    (await readTyped(sys, model, ids, ['version'])).map(({ id, version }) => [id as number, version as number] as const),
  )
  const of = new Map(versions)
  return told.map(({ id, isNew, before, rows }) => {
    const kind = isNew ? 'made' : before && Object.keys(before).length > 0 ? 'changed' : 'same'
    return { id: id!, kind, row: rows.from, before: isNew ? null : before, version: of.get(id!) ?? 0 }
  })
}

/** Of what is given for each record: the values it does not hold already, and what it holds in their place. */
export async function differencesOf(
  env: Env,
  model: Model,
  given: ReadonlyMap<number, Values>,
): Promise<Map<number, { values: Values; before: Before }>> {
  const pairs = await env.asSystem('an import compares what it is given with what is there, and keeps that for its undo', async (sys) => {
    const found: [number, { values: Values; before: Before }][] = []
    for (const [id, compared] of await compare(env, sys, model, given)) found.push([id, compared])
    return found as never
  })
  return new Map(pairs as [number, { values: Values; before: Before }][])
}

async function compare(
  env: Env,
  sys: Env<true>,
  model: Model,
  given: ReadonlyMap<number, Values>,
): Promise<Map<number, { values: Values; before: Before }>> {
  const names = [...new Set([...given.values()].flatMap((values) => Object.keys(values)))].filter((name) => isKept(model, name))
  const held = new Map((await readTyped(sys, model, [...given.keys()], names)).map((record) => [record.id as number, record as Values]))
  const lists = await linesOf(env, sys, model, given)
  const found = new Map<number, { values: Values; before: Before }>()
  for (const [id, all] of given) {
    const record = held.get(id) ?? {}
    const [values, before]: [Values, Record<string, Wire | ListBefore>] = [{}, {}]
    for (const [name, value] of Object.entries(all)) {
      const field = model.fields.get(name)!
      if (!isKept(model, name)) continue
      const change = isToMany(field)
        ? listChange(field, record[name] as readonly number[], value, lists.get(field))
        : await scalarChange(env, field, record[name], value)
      if (!change) continue
      values[name] = change.value
      before[name] = change.before
    }
    found.set(id, { values, before })
  }
  return found
}

/** Computed values of a file are ours to say, and are passed over when written. */
const isKept = (model: Model, name: string): boolean => {
  const field = model.fields.get(name)!
  return !field.computed || field.related !== null || model.inverses.has(name)
}

interface Change {
  readonly value: unknown
  readonly before: Wire | ListBefore
}

async function scalarChange(env: Env, field: FieldInfo, held: unknown, given: unknown): Promise<Change | null> {
  const end = field.related ? relatedEnd(env, field) : field
  const column = await fittingColumn(env, end, given)
  if (column !== undefined && isSame(end, held ?? null, column ?? null)) return null
  return { value: given, before: held instanceof Decimal ? held.toString() : ((held ?? false) as Wire) }
}

/** What does not fit is refused when it is written, with a sentence. */
async function fittingColumn(env: Env, field: FieldInfo, given: unknown): Promise<unknown> {
  try {
    return await toColumn(env, field, given)
  } catch (error) {
    if (error instanceof UserError) return undefined
    throw error
  }
}

function isSame(field: FieldInfo, held: unknown, column: unknown): boolean {
  if (held === null || column === null) return held === column
  if (held instanceof Decimal) return held.equals(Decimal.of(column as string))
  // Spaces around a text do not get through a file: they are no difference.
  if (typeof held === 'string' && typeof column === 'string') return held === column || held.trim() === column
  return field.kind === 'float' ? held === Number(column) : held === column
}

type Lines = ReadonlyMap<number, { values: Values; before: Before }>

/** The lines that commands change, compared in the same way; by field. */
async function linesOf(env: Env, sys: Env<true>, model: Model, given: ReadonlyMap<number, Values>): Promise<Map<FieldInfo, Lines>> {
  const wanted = new Map<FieldInfo, Map<number, Values>>()
  for (const values of given.values())
    for (const [name, value] of Object.entries(values)) {
      const field = model.fields.get(name)!
      if (field.kind !== 'one2many') continue
      const changed = wanted.get(field) ?? new Map<number, Values>()
      for (const command of parseCommands(field, value)) if (command.do === 'update') changed.set(command.id, command.values)
      wanted.set(field, changed)
    }
  const lines = new Map<FieldInfo, Lines>()
  for (const [field, changed] of wanted) lines.set(field, await compare(env, sys, env.modelOf(field.comodel!), changed))
  return lines
}

function listChange(field: FieldInfo, held: readonly number[], given: unknown, lines: Lines = new Map()): Change | null {
  const ids = new Set(held)
  const commands = parseCommands(field, given)
  const before: Record<string, Before> = {}
  const kept = (commands as readonly any[]).flatMap((command: any): unknown[] => {
    if (command.do === 'set') return sameMembers(ids, command.ids) ? [] : [[6, 0, [...command.ids]]]
    if (command.do === 'clear') return ids.size === 0 ? [] : [[5]]
    if (command.do === 'link') return ids.has(command.id) ? [] : [[4, command.id]]
    if (command.do !== 'update') return [[0, 0, command.values]]
    const line = lines.get(command.id)
    // A line that is not (any more) in the list: refused when it is written.
    if (!line || !ids.has(command.id)) return [[1, command.id, command.values]]
    if (Object.keys(line.values).length === 0) return []
    before[command.id] = line.before
    return [[1, command.id, line.values]]
  })
  if (kept.length === 0) return null
  return { value: kept, before: { ids: [...held], ...(Object.keys(before).length > 0 ? { lines: before } : {}) } }
}

const sameMembers = (ids: ReadonlySet<number>, others: readonly number[]): boolean =>
  ids.size === new Set(others).size && others.every((id) => ids.has(id))

/** The values that give a record back what it held: lines that came since are deleted, changed ones put back. */
export function valuesBefore(model: Model, before: Before, now: Readonly<Record<string, unknown>>): Values {
  return Object.fromEntries(
    Object.entries(before).map(([name, held]): [string, unknown] => {
      const field = model.fields.get(name)
      if (!field || !isToMany(field)) return [name, held]
      const { ids, lines = {} } = held as ListBefore
      if (field.kind === 'many2many') return [name, [[6, 0, ids]]]
      const since = ((now[name] ?? []) as readonly number[]).filter((id) => !ids.includes(id))
      return [name, [...since.map((id) => [2, id]), ...Object.entries(lines).map(([id, values]) => [1, Number(id), values])]]
    }),
  )
}
