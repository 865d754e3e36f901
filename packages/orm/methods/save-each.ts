import type { Env } from '../env.ts'
import { ArgumentError, ConflictError, UserError } from '../errors.ts'
import { asSentence } from '../operations/database-errors.ts'
import { readTyped } from '../operations/read.ts'
import { inSavepoint } from '../operations/savepoint.ts'
import { writeRecords } from '../operations/write.ts'
import type { Model } from '../registry.ts'
import { method } from './method.ts'

/** Each refusal costs a savepoint, of which a transaction bears some sixty before PostgreSQL slows down. */
const most = 50

interface Asked {
  readonly id: number
  readonly values: Record<string, unknown>
  readonly version: number
}

type Outcome =
  | { readonly id: number; readonly version: number | null }
  | { readonly id: number; readonly refused: string; readonly isConflict: boolean }

export const saveEachMethods = {
  /**
   * Saves up to 50 records, each for itself: `[{id, values, version}]`, the version being the one that was read. Answers, in their order,
   * `{id, version}`, or `{id, refused, isConflict}` with the sentence of the refusal for those that stay as they are: the others are saved.
   */
  web_save_each: method('model', ['records'], async (env, model, _, { records }) => {
    const asked = demandRecords(records)
    if (asked.length === 0) return []
    const refusals = (await saveTogether(env, model, asked)) ? new Map<number, UserError>() : await saveOneByOne(env, model, asked)
    const saved = asked.flatMap(({ id }) => (refusals.has(id) ? [] : [id]))
    const versions = new Map((await readTyped(env, model, saved, ['version'])).map((row) => [row.id as number, row.version as number]))
    return asked.map(({ id }): Outcome => {
      const refusal = refusals.get(id)
      return refusal
        ? { id, refused: refusal.message, isConflict: refusal instanceof ConflictError }
        : { id, version: versions.get(id) ?? null }
    })
  }),
}

const isWhole = (number: unknown): boolean => Number.isInteger(number) && Math.abs(number as number) <= 2147483647

function demandRecords(value: unknown): readonly Asked[] {
  if (!Array.isArray(value) || value.length > most) throw new ArgumentError(`records must be a list of at most ${most}`)
  for (const one of value as Partial<Asked>[]) {
    const isObject = (part: unknown): boolean => typeof part === 'object' && part !== null && !Array.isArray(part)
    if (!isObject(one) || !isObject(one.values) || !isWhole(one.id) || !isWhole(one.version))
      throw new ArgumentError('each of the records must have an id, values and a version')
  }
  if (new Set((value as Asked[]).map(({ id }) => id)).size < value.length) throw new ArgumentError('a record is there twice')
  return value as Asked[]
}

/** Answers false, with nothing done, when any of them is refused. */
async function saveTogether(env: Env, model: Model, asked: readonly Asked[]): Promise<boolean> {
  const [first] = asked
  const given = new Map(asked.map(({ id, values }) => [id, values]))
  const isUniform = asked.every(({ values }) => JSON.stringify(values) === JSON.stringify(first!.values))
  const refusal = await attempt(env, () =>
    writeRecords(
      env,
      model,
      asked.map(({ id }) => id),
      isUniform ? first!.values : (id) => given.get(id)!,
      new Map(asked.map(({ id, version }) => [id, version])),
    ),
  )
  return refusal === null
}

async function saveOneByOne(env: Env, model: Model, asked: readonly Asked[]): Promise<Map<number, UserError>> {
  const refusals = new Map<number, UserError>()
  for (const { id, values, version } of asked) {
    const refusal = await attempt(env, () => writeRecords(env, model, [id], values, version))
    if (refusal) refusals.set(id, refusal)
  }
  return refusals
}

/** What refused the work, which then never was; whatever is no refusal is thrown. */
async function attempt(env: Env, work: () => Promise<void>): Promise<UserError | null> {
  try {
    await inSavepoint(env, work)
    return null
  } catch (error) {
    const said = asSentence(env, error)
    if (said instanceof UserError) return said
    throw error
  }
}
