import { Decimal, type Env, type ModelName, type Records, type Table } from '@erp4/orm'

/** A record as the code wants it. */
export interface Wanted {
  /** What tells the record from its siblings: the name of its external id, or a technical name. */
  readonly key: string
  /** Kept as they are here at every upgrade. */
  readonly values: Readonly<Record<string, unknown>>
  /** Only for a new record: from then on people decide. */
  readonly initial?: Readonly<Record<string, unknown>>
  /** Texts in Korean, where they differ from the English ones. */
  readonly korean?: Readonly<Record<string, string>>
}

const batch = 500

/**
 * Creates the wanted records that are not in `known` (ids by key), writes those that differ, and answers the ids of all by key.
 * Nothing is written for a record that is as wanted: an upgrade leaves no trace on it.
 */
export async function reconcile(
  sys: Env<true>,
  model: ModelName,
  wanted: readonly Wanted[],
  known: ReadonlyMap<string, number>,
): Promise<Map<string, number>> {
  const ids = new Map<string, number>()
  const created = new Set<string>()
  for (const some of chunks(wanted.filter((one) => !known.has(one.key)))) {
    const made = await table(sys, model).create(some.map((one) => ({ ...one.values, ...one.initial })))
    for (const [i, id] of made.ids.entries()) {
      ids.set(some[i]!.key, id)
      created.add(some[i]!.key)
    }
  }
  for (const one of wanted) if (!ids.has(one.key)) ids.set(one.key, known.get(one.key)!)
  await writeDifferences(
    sys,
    model,
    wanted.filter((one) => !created.has(one.key)).map((one) => ({ id: ids.get(one.key)!, values: one.values })),
  )
  const korean = sys.withContext({ lang: 'ko_KR' })
  await writeDifferences(
    korean,
    model,
    wanted.flatMap((one) => (one.korean ? [{ id: ids.get(one.key)!, values: one.korean }] : [])),
  )
  return ids
}

async function writeDifferences(
  sys: Env<true>,
  model: ModelName,
  wanted: readonly { id: number; values: Readonly<Record<string, unknown>> }[],
): Promise<void> {
  const fields = [...new Set(wanted.flatMap((one) => Object.keys(one.values)))]
  if (fields.length === 0) return
  for (const some of chunks(wanted)) {
    const present = new Map(
      (
        await records(
          sys,
          model,
          some.map((one) => one.id),
        ).read(fields as never)
      ).map((row) => [row.id, row as Readonly<Record<string, unknown>>]),
    )
    const changes = new Map<number, Readonly<Record<string, unknown>>>()
    for (const { id, values } of some) {
      const row = present.get(id)
      if (!row) continue
      const different = Object.entries(values).filter(([name, value]) => !isSame(row[name], value))
      if (different.length > 0) changes.set(id, Object.fromEntries(different))
    }
    if (changes.size > 0) await records(sys, model, [...changes.keys()]).write((id) => changes.get(id) as never)
  }
}

// The one place where records of any model are written by names that the compiler cannot follow; the ORM checks each of them.
const table = (sys: Env<true>, model: ModelName): Table<any, true> => sys.model(model) as Table<any, true>
const records = (sys: Env<true>, model: ModelName, ids: readonly number[]): Records<any, true> => table(sys, model).browse(ids)

function isSame(stored: unknown, wanted: unknown): boolean {
  if (stored instanceof Decimal) return wanted instanceof Decimal && stored.equals(wanted)
  if (Array.isArray(stored) && Array.isArray(wanted)) return stored.length === wanted.length && stored.every((id) => wanted.includes(id))
  return (stored ?? null) === (wanted ?? null)
}

export function* chunks<T>(list: readonly T[]): Generator<readonly T[]> {
  for (let i = 0; i < list.length; i += batch) yield list.slice(i, i + batch)
}
