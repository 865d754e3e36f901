import type { Env, ModelName } from '@erp4/orm'
import { type Wanted, chunks, reconcile } from './reconcile.ts'

export interface Named extends Wanted {
  /** Other names of the same record, in the same module. */
  readonly aliases?: readonly string[]
}

interface Options {
  /** The part before the dot: an app's name. */
  readonly module: string
  /** Examples: listed and removed together. */
  readonly demo?: boolean
}

/**
 * Keeps records in step with the code by their external ids, whose names are the keys. Those marked `noupdate` stay as people
 * made them; deleted ones come back, since their external ids went with them. Answers ids by name.
 */
export async function loadNamed(
  sys: Env<true>,
  model: ModelName,
  wanted: readonly Named[],
  { module, demo = false }: Options,
): Promise<Map<string, number>> {
  const names = wanted.flatMap((one) => [one.key, ...(one.aliases ?? [])])
  const rows = await sys.model('ir.model.data').find(
    [
      ['module', '=', module],
      ['name', 'in', names],
    ],
    ['name', 'res_id', 'noupdate'],
  )
  const known = new Map(rows.map((row) => [row.name, row.res_id ?? 0]))
  const frozen = new Set(rows.filter((row) => row.noupdate).map((row) => row.name))
  const ids = await reconcile(
    sys,
    model,
    wanted.filter((one) => !frozen.has(one.key)),
    known,
  )
  for (const one of wanted) if (frozen.has(one.key)) ids.set(one.key, known.get(one.key)!)
  const missing = wanted.flatMap((one) =>
    [one.key, ...(one.aliases ?? [])].filter((name) => !known.has(name)).map((name) => ({ name, res_id: ids.get(one.key)! })),
  )
  for (const some of chunks(missing)) await sys.model('ir.model.data').create(some.map((one) => ({ ...one, module, model, demo })))
  return ids
}

/** The record that an external id names, or undefined. */
export async function idOf(sys: Env<true>, module: string, name: string): Promise<number | undefined> {
  const [row] = await sys.model('ir.model.data').find(
    [
      ['module', '=', module],
      ['name', '=', name],
    ],
    ['res_id'],
    { limit: 1 },
  )
  return row?.res_id ?? undefined
}
