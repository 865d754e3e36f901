import { randomBytes } from 'node:crypto'
import type { Env } from '../env.ts'
import type { Model } from '../registry.ts'
import { mayEver } from '../rules.ts'
import { createRecords } from './create.ts'
import { searchIds } from './read.ts'

/** The record that an external id names. */
export interface Target {
  readonly model: string
  readonly id: number
}
interface NewExternalId {
  readonly module: string
  readonly name: string
  readonly model: string
  readonly res_id: number
}

const table = 'ir.model.data'
const hasTable = (env: Env): boolean => env.registry.models.has(table)
type Row = { complete_name: string; model: string; res_id: number }

/** What external ids (`module.name`) name; those that are nowhere are left out. Whether the caller may know the records is not asked here. */
export async function findExternalIds(env: Env, names: readonly string[]): Promise<Map<string, Target>> {
  if (names.length === 0 || !hasTable(env)) return new Map()
  const rows = await env.asSystem(
    'external ids name records, whose own rights decide',
    async (sys) =>
      (await sys
        .model(table as never)
        .find([['complete_name', 'in', names]] as never, ['complete_name', 'model', 'res_id'] as never)) as unknown as Row[],
  )
  return new Map(rows.map((row) => [row.complete_name, { model: row.model, id: row.res_id }]))
}

/** Gives names to records. */
export async function addExternalIds(env: Env, list: readonly NewExternalId[]): Promise<void> {
  if (list.length === 0 || !hasTable(env)) return
  await env.asSystem('an import names the records it makes', async (sys) => {
    await createRecords(
      sys,
      sys.modelOf(table),
      list.map((one) => ({ ...one })),
    )
  })
}

/** One external id for each of these records that the caller may read, made where there is none (`__export__.…`). */
export async function ensureExternalIds(env: Env, model: Model, ids: readonly number[]): Promise<Map<number, string>> {
  if (ids.length === 0 || !hasTable(env) || !mayEver(env, model, 'read')) return new Map()
  const readable = await searchIds(env.withContext({ active_test: false }), model, [['id', 'in', ids]], {})
  if (readable.length === 0) return new Map()
  const named = await env.asSystem('an export names records by external ids, and makes those that are missing', async (sys) => {
    const known = (await sys.model(table as never).find(
      [
        ['model', '=', model.name],
        ['res_id', 'in', readable],
      ] as never,
      ['complete_name', 'res_id'] as never,
      { order: 'id desc' },
    )) as unknown as Row[]
    const have = new Set(known.map((row) => row.res_id))
    const made = readable
      .filter((id) => !have.has(id))
      .map((id) => ({
        module: '__export__',
        name: `${model.table}_${id}_${randomBytes(4).toString('hex')}`,
        model: model.name,
        res_id: id,
      }))
    if (made.length > 0) await createRecords(sys, sys.modelOf(table), made)
    return [
      ...known.map((row) => [row.res_id, row.complete_name] as const),
      ...made.map((one) => [one.res_id, `${one.module}.${one.name}`] as const),
    ]
  })
  // The oldest name of a record is its best known one: it comes last, and stays.
  return new Map(named)
}
