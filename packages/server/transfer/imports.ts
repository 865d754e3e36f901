import { AccessError, type Env, type Model, NotFoundError, type Wire, moment, shown } from '@erp4/orm'
import { cancelJob, readJob } from '../jobs/index.ts'
import type { FileFormat, ReadOptions } from './read/file.ts'
import { tableOf } from './records.ts'
import { say } from './says.ts'

export type ImportState = 'draft' | 'testing' | 'tested' | 'running' | 'done' | 'failed' | 'cancelled' | 'undoing' | 'undone'

/** A record of `ir.import`. */
export interface ImportRecord {
  readonly id: number
  readonly name: string
  readonly res_model: string
  /** The name of its content in the file store. */
  readonly file: string | null
  readonly file_size: number | null
  readonly format: FileFormat
  readonly options: ReadOptions
  readonly headers: readonly string[]
  readonly header_key: string
  readonly columns: readonly (string | null)[] | null
  readonly keep_good: boolean
  readonly state: ImportState
  readonly job: number | null
  readonly caller: { readonly lang: string; readonly tz: string; readonly allowed_company_ids: readonly number[] }
  readonly total: number
  readonly created: number
  readonly updated: number
  readonly unchanged: number
  readonly failed: number
  readonly next_row: number
  readonly removed: number
  readonly restored: number
  readonly kept: number
  readonly message: string | null
  readonly create_uid: number | null
  readonly create_date: string
  readonly finished_at: string | null
  readonly undone_at: string | null
}

const fields = [
  'name',
  'res_model',
  'file',
  'file_size',
  'format',
  'options',
  'headers',
  'header_key',
  'columns',
  'keep_good',
  'state',
  'job',
  'caller',
  'total',
  'created',
  'updated',
  'unchanged',
  'failed',
  'next_row',
  'removed',
  'restored',
  'kept',
  'message',
  'create_uid',
  'create_date',
  'finished_at',
  'undone_at',
]
export const busyStates: readonly ImportState[] = ['testing', 'running', 'undoing']

export const isId = (id: unknown): id is number => typeof id === 'number' && Number.isSafeInteger(id) && id > 0 && id < 2 ** 31

/** The import, if it is there for the caller; with what no one but the server reads of it. Throws AccessError. */
export async function readImport(env: Env, id: unknown): Promise<ImportRecord> {
  const [seen] = isId(id) ? await tableOf(env, 'ir.import').read([id], ['id']) : []
  if (!seen) throw new AccessError(say(env.context.lang, 'There is no such import, or it is not yours.'))
  return readWhole(env, seen['id'])
}

/** The same for the server's own work, which has an id that it made. */
export async function readWhole(env: Env, id: number): Promise<ImportRecord> {
  const [record] = await env.asSystem(
    'an import is read as a whole by the server, which works on it',
    async (sys) => (await tableOf(sys, 'ir.import').read([id], fields)) as Wire[],
  )
  if (!record) throw new AccessError(say(env.context.lang, 'There is no such import, or it is not yours.'))
  return record as unknown as ImportRecord
}

/** The import under a lock, for its maker: what is decided by its state holds until the call ends. */
export async function holdImport(env: Env, id: unknown): Promise<ImportRecord> {
  const seen = await readImport(env, id)
  await env.asSystem('an import is held while its next step is decided', async (sys) => tableOf(sys, 'ir.import').lock([seen.id]))
  return settle(env, await readWhole(env, seen.id))
}

export async function updateImport(env: Env, id: number, values: Partial<Record<keyof ImportRecord, unknown>>): Promise<void> {
  await env.asSystem('the server notes how far an import is', async (sys) => tableOf(sys, 'ir.import').write([id], values))
}

/** The model that a file is for. Throws NotFoundError. */
export function demandModel(env: Env, name: unknown): Model {
  const model = typeof name === 'string' ? env.registry.models.get(name) : undefined
  if (!model) throw new NotFoundError('model', `Object ${shown(name, 100)} doesn't exist`)
  return model
}

/**
 * The import as it is: one whose job ended without telling (cancelled, given up, swept) is not at work any more, and what it kept is what its
 * committed transactions kept.
 */
export async function settle(env: Env, record: ImportRecord): Promise<ImportRecord> {
  if (!busyStates.includes(record.state)) return record
  const job = record.job === null ? undefined : await readJob(env.cx, record.job)
  if (job && (job.state === 'queued' || job.state === 'running' || job.state === 'done')) return record
  const lang = env.context.lang
  const why = job?.state === 'cancelled' ? say(lang, 'It was cancelled.') : (job?.error ?? say(lang, 'It ended before it was done.'))
  const state =
    record.state === 'testing' ? 'draft' : record.state === 'undoing' ? 'done' : job?.state === 'cancelled' ? 'cancelled' : 'failed'
  await updateImport(env, record.id, { state, message: why, ...(record.state === 'running' ? { finished_at: moment(new Date()) } : {}) })
  return readWhole(env, record.id)
}

/** Asks the job at work to end. False: it was over already. */
export async function cancelImport(env: Env, id: unknown): Promise<boolean> {
  const record = await readImport(env, id)
  return busyStates.includes(record.state) && record.job !== null && (await cancelJob(env.cx, record.job))
}

/** Progress of the job at work: how much of how much. */
export async function progressOf(
  env: Env,
  { state, job }: ImportRecord,
): Promise<{ done: number; total: number | null; isWaiting: boolean; isEnding: boolean } | null> {
  if (!busyStates.includes(state) || job === null) return null
  const status = await readJob(env.cx, job)
  return status ? { done: status.done, total: status.total, isWaiting: status.state === 'queued', isEnding: status.cancel_asked } : null
}
