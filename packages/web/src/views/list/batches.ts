import { Refusal, call } from '../../rpc.ts'
import { startRun } from '../../ui/run.tsx'
import type { Values } from '../../fields/widget.ts'
import type { Row } from './rows.ts'

/** A record that stayed as it was, and why. */
export interface Refused {
  readonly id: number
  readonly why: string
}

export interface Outcome {
  readonly done: number
  readonly refused: readonly Refused[]
  readonly isCancelled: boolean
}

/**
 * Does `work` on so many of `ids` at a time, with its progress to be seen and cancelled; what was done until then stays done. `work` answers
 * those that were refused; what it throws ends the run, and `done` says how far it had come.
 */
export async function inBatches(
  ids: readonly number[],
  size: number,
  title: string,
  work: (ids: readonly number[]) => Promise<readonly Refused[]>,
): Promise<Outcome & { readonly error?: unknown }> {
  const run = startRun(title, ids.length)
  const refused: Refused[] = []
  let seen = 0
  try {
    for (; seen < ids.length && !run.isCancelled(); seen = Math.min(seen + size, ids.length)) {
      refused.push(...(await work(ids.slice(seen, seen + size))))
      run.progress(Math.min(seen + size, ids.length))
    }
    return { done: seen - refused.length, refused, isCancelled: seen < ids.length }
  } catch (error) {
    return { done: seen - refused.length, refused, isCancelled: false, error }
  } finally {
    run.end()
  }
}

/** For methods that do all or nothing: halves what is refused until the refused ones stand alone, and does the others. */
export function parting(work: (ids: readonly number[]) => Promise<unknown>): (ids: readonly number[]) => Promise<readonly Refused[]> {
  return async function part(ids): Promise<readonly Refused[]> {
    try {
      await work(ids)
      return []
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      if (ids.length === 1) return [{ id: ids[0]!, why: error.message }]
      const middle = Math.ceil(ids.length / 2)
      return [...(await part(ids.slice(0, middle))), ...(await part(ids.slice(middle)))]
    }
  }
}

/** The server takes so many at a time (`web_save_each`). */
const savedAtOnce = 50

/** What a record was before it was changed, and the version that the change gave it. */
interface Before {
  readonly id: number
  readonly values: Values
  readonly version: number
}

type Answer = { readonly id: number; readonly version: number } | { readonly id: number; readonly refused: string }

interface Change {
  readonly model: string
  readonly title: string
  /** As the protocol takes them. */
  readonly values: Values
  /** What to ask for to know the values that were there before. */
  readonly specification: Values
  readonly wire: (row: Row) => Values
  readonly gone: string
}

/** Changes many records to the same values, each against the version that was there a moment before. `before` is what `changeBack` takes. */
export async function changeMany(
  ids: readonly number[],
  { model, title, values, specification, wire, gone }: Change,
): Promise<Outcome & { readonly before: readonly Before[]; readonly error?: unknown }> {
  const before: Before[] = []
  const outcome = await inBatches(ids, savedAtOnce, title, async (some) => {
    const rows = await call<Row[]>(model, 'web_read', [some, { ...specification, version: {} }])
    const found = new Map(rows.map((row) => [row.id, row]))
    const answers = await saveEach(
      model,
      rows.map((row) => ({ id: row.id, values, version: row['version'] })),
    )
    for (const answer of answers)
      if ('version' in answer) before.push({ id: answer.id, values: wire(found.get(answer.id)!), version: answer.version })
    return [...refusedOf(answers), ...some.filter((id) => !found.has(id)).map((id) => ({ id, why: gone }))]
  })
  return { ...outcome, before }
}

/** Takes a change of many back, but for records that were changed again since: those are refused, and stay. */
export function changeBack(model: string, before: readonly Before[], title: string): Promise<Outcome & { readonly error?: unknown }> {
  const known = new Map(before.map((one) => [one.id, one]))
  return inBatches([...known.keys()], savedAtOnce, title, async (some) =>
    refusedOf(
      await saveEach(
        model,
        some.map((id) => known.get(id)),
      ),
    ),
  )
}

const saveEach = (model: string, records: readonly unknown[]): Promise<Answer[]> => call<Answer[]>(model, 'web_save_each', [records])

const refusedOf = (answers: readonly Answer[]): Refused[] =>
  answers.flatMap((answer) => ('refused' in answer ? [{ id: answer.id, why: answer.refused }] : []))
