import { type Env, type Model, moment, narrow } from '@erp4/orm'
import type { JobCall, JobContext, SteppedJob } from '../jobs/index.ts'
import { type BatchResult, type CellError, type Mapping, type RecordRows, batchesOf, loadBatch, mappingOf, recordsIn } from './batch.ts'
import { type ImportRecord, demandModel, readWhole, updateImport } from './imports.ts'
import { readRows } from './read/file.ts'
import type { Readable, Row } from './read/row.ts'
import { storeOf, tableOf } from './records.ts'
import { FileProblem, say } from './says.ts'

export const importJob = 'transfer.import'

/** Records of one transaction: few enough that others who change the same records wait for a moment only. */
const batchSize = 200
/** Errors that are kept to be shown; the number of records that have some is counted to the end. */
const mostErrors = 50_000

type Context = JobContext & { transaction<T>(work: (call: JobCall) => Promise<T>): Promise<T> }

/** What an import, or its test, came to; in records of the file. */
interface Counts {
  created: number
  updated: number
  unchanged: number
  failed: number
}

const none: Readonly<Counts> = { created: 0, updated: 0, unchanged: 0, failed: 0 }

interface Work {
  readonly record: ImportRecord
  readonly file: Readable
  readonly model: string
  readonly mapping: Mapping
}

/**
 * Imports a file, or tests it. `args`: `{ import: id, isTest }`. Good rows are kept batch by batch, each batch with its history in a transaction of
 * its own, so that whoever goes on after a crash goes on behind the last one. All or nothing, and a test, are one transaction; a test is taken back.
 */
export const importFile: SteppedJob = {
  class: 'interactive',
  maxAttempts: 6,
  async runSteps(context) {
    const id = Number(context.args['import'])
    const isTest = context.args['isTest'] === true
    try {
      const work = await begin(context, id, isTest)
      // Done already: the process ended between the last commit and the end of its job.
      if (!work) return null
      return isTest || !work.record.keep_good ? await atOnce(context, work, isTest) : await byBatches(context, work)
    } catch (error) {
      if (!(error instanceof FileProblem)) throw error
      // A file that cannot be read to its end: what was kept until then stays, and is said.
      await context.transaction(({ env }) => stopAt(env!, id, isTest, error))
      return null
    }
  },
}

/** Opens the file, and counts its records where nobody has yet. */
async function begin(context: Context, id: number, isTest: boolean): Promise<Work | null> {
  const work = await context.transaction(async ({ env, cx }): Promise<Work | null> => {
    const record = await readWhole(env!, id)
    if (record.state !== (isTest ? 'testing' : 'running')) return null
    const model = demandModel(callerOf(env!, record), record.res_model)
    return { record, file: await storeOf(env!).find(cx, record.file!), model: model.name, mapping: mappingOf(record.columns ?? []) }
  })
  if (!work || work.record.total > 0) return work
  let total = 0
  const counted = await context.transaction(async ({ env }) => {
    total = 0
    for await (const _ of recordsOf(env!, work)) {
      void _
      total++
      if (total % 5000 === 0) await context.progress(0)
    }
    await updateImport(env!, id, { total })
    return total
  })
  return { ...work, record: { ...work.record, total: counted } }
}

/** The person's env as his screen was, with how the file writes days and numbers. */
export function callerOf(env: Env, { caller, options }: Pick<ImportRecord, 'caller' | 'options'>): Env {
  return narrow(env, {
    ...caller,
    date_format: options.dateFormat,
    datetime_format: options.datetimeFormat,
    float_decimal_separator: options.decimal,
    float_thousand_separator: options.thousand,
  })
}

function recordsOf(env: Env, { record, file, model, mapping }: Work): AsyncGenerator<RecordRows> {
  return recordsIn(env, demandModel(env, model), mapping, after(record.next_row, readRows(file, record.format, record.options)))
}

async function* after(number: number, rows: AsyncIterable<Row>): AsyncGenerator<Row> {
  for await (const row of rows) if (row.number > number) yield row
}

/** Takes back what a test did, and what all-or-nothing may not keep. */
class TakenBack extends Error {}

async function atOnce(context: Context, work: Work, isTest: boolean): Promise<Counts> {
  let [counts, errors]: [Counts, CellError[]] = [{ ...none }, []]
  await context
    .transaction(async ({ env }) => {
      // A deadlock runs all of this again.
      ;[counts, errors] = [{ ...none }, []]
      const caller = callerOf(env!, work.record)
      const model = demandModel(caller, work.model)
      let seen = 0
      for await (const batch of batchesOf(recordsOf(caller, work), batchSize)) {
        const result = await loadBatch(caller, model, work.mapping, batch)
        count(counts, result)
        for (const error of result.errors) if (errors.length < mostErrors) errors.push(error)
        if (!isTest && counts.failed === 0) await keepHistory(env!, work.record, result)
        seen += batch.length
        await context.progress(seen, work.record.total)
      }
      if (isTest || counts.failed > 0) throw new TakenBack()
      await finish(env!, work.record, 'done', counts)
    })
    .catch((error: unknown) => {
      if (!(error instanceof TakenBack)) throw error
    })
  if (!isTest && counts.failed === 0) return counts
  await context.transaction(async ({ env }) => {
    await keepErrors(env!, work.record, errors)
    await finish(env!, work.record, isTest ? 'tested' : 'failed', isTest ? counts : { ...none, failed: counts.failed })
  })
  return counts
}

async function byBatches(context: Context, work: Work): Promise<Counts> {
  const { record } = work
  const counts: Counts = { created: record.created, updated: record.updated, unchanged: record.unchanged, failed: record.failed }
  let seen = counts.created + counts.updated + counts.unchanged + counts.failed
  // Asked for the names of columns alone, which take no connection: no transaction waits for the file.
  const caller = await context.transaction(async ({ env }) => callerOf(env!, record))
  const model = demandModel(caller, work.model)
  for await (const batch of batchesOf(recordsOf(caller, work), batchSize)) {
    const result = await context.transaction(({ env }) => keepBatch(env!, work, model, batch, counts))
    count(counts, result)
    seen += batch.length
    await context.progress(seen, record.total)
  }
  await context.transaction(({ env }) => finish(env!, record, 'done', counts))
  return counts
}

/** A batch with all that tells of it, in one transaction: what is in the history was imported, and what was imported is in the history. */
async function keepBatch(
  env: Env,
  { record, mapping }: Work,
  model: Model,
  batch: readonly RecordRows[],
  before: Counts,
): Promise<BatchResult> {
  const result = await loadBatch(callerOf(env, record), model, mapping, batch)
  const counts = { ...before }
  count(counts, result)
  await keepHistory(env, record, result)
  await keepErrors(env, record, result.errors)
  await updateImport(env, record.id, { ...counts, next_row: batch.at(-1)!.at(-1)!.number })
  return result
}

function count(counts: Counts, { done, failed }: BatchResult): void {
  for (const { kind } of done) counts[kind === 'made' ? 'created' : kind === 'changed' ? 'updated' : 'unchanged']++
  counts.failed += failed
}

async function keepHistory(env: Env, { id }: ImportRecord, { done }: BatchResult): Promise<void> {
  const lines = done
    .filter(({ kind }) => kind !== 'same')
    .map((one) => ({ import_id: id, row: one.rowNumber, res_id: one.id, kind: one.kind, before: one.before, left_at: one.version }))
  if (lines.length === 0) return
  await env.asSystem('an import notes what it did, for its undo', async (sys) => void (await tableOf(sys, 'ir.import.line').create(lines)))
}

async function keepErrors(env: Env, { id, headers }: ImportRecord, errors: readonly CellError[]): Promise<void> {
  for (let at = 0; at < errors.length; at += 1000) {
    const lines = errors.slice(at, at + 1000).map(({ row, position, value, message }) => ({
      import_id: id,
      row,
      position: position === null ? null : position + 1,
      column: position === null ? null : (headers[position] ?? null),
      value,
      message,
    }))
    await env.asSystem(
      'an import tells what is wrong with its rows',
      async (sys) => void (await tableOf(sys, 'ir.import.error').create(lines)),
    )
  }
}

async function finish(env: Env, { id, caller }: ImportRecord, state: 'tested' | 'done' | 'failed', counts: Counts): Promise<void> {
  const message =
    state === 'failed' ? say(caller.lang, 'Nothing was imported: {count} records have errors.', { count: counts.failed }) : null
  await updateImport(env, id, { ...counts, state, message, ...(state === 'tested' ? {} : { finished_at: moment(new Date()) }) })
}

async function stopAt(env: Env, id: number, isTest: boolean, problem: FileProblem): Promise<void> {
  const { caller } = await readWhole(env, id)
  const message = problem.in(caller.lang).message
  await updateImport(env, id, { state: isTest ? 'draft' : 'failed', message, ...(isTest ? {} : { finished_at: moment(new Date()) }) })
}
