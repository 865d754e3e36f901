import { ArgumentError, type Env, UserError, exportRows, guestOf, mayEver, recordStarts } from '@erp4/orm'
import type { Draft } from '../files/index.ts'
import { cancelJob, countJobs, enqueue, readJob } from '../jobs/index.ts'
import { mappingOf } from './batch.ts'
import { exportFields, importFields, suggestColumns } from './columns.ts'
import {
  type ImportRecord,
  busyStates,
  cancelImport,
  demandModel,
  holdImport,
  isId,
  progressOf,
  readImport,
  readWhole,
  settle,
  updateImport,
} from './imports.ts'
import { type Inspected, formatOf, inspect, parseOptions } from './read/file.ts'
import { storeOf, tableOf } from './records.ts'
import { type ExportAsk, exportJob, exportNow, exportedIds, finishExport } from './run-export.ts'
import { importJob } from './run-import.ts'
import { say } from './says.ts'
import { undoJob } from './undo-import.ts'

type Params = Readonly<Record<string, unknown>>

/** The largest file that is taken in. */
export const mostUploadBytes = 128 << 20

// ---- Import --------------------------------------------------------------------------------------

/** Keeps an uploaded file and tells what it was found to be: `{ id, …, options, headers, sample, columns }`. */
export async function takeFile(env: Env, draft: Draft, { model, name }: Params): Promise<unknown> {
  const known = demandModel(env, model)
  demandMay(env, known.name)
  const store = storeOf(env)
  const blob = await store.keep(env.cx, draft, guestOf(env))
  const format = formatOf(draft.mimetype)
  const found = await inspect(await store.find(env.cx, blob), format, {}, await preferredDays(env))
  const values = {
    name: String(name ?? '').slice(0, 200) || 'import',
    res_model: known.name,
    file: blob,
    file_size: draft.size,
    format,
    caller: callerFacts(env),
    ...keptOf(found),
    columns: await columnsFor(env, known.name, found),
  }
  const [id] = await env.asSystem('an import begins with the file that its maker sent', async (sys) =>
    tableOf(sys, 'ir.import').create([values]),
  )
  return { ...(await tell(env, await readWhole(env, id!))), sheets: found.sheets, sample: found.sample }
}

const keptOf = ({ options, headers, headerKey }: Inspected) => ({ options, headers, header_key: headerKey })

const callerFacts = ({ context: { lang, tz, allowed_company_ids } }: Env) => ({ lang, tz, allowed_company_ids })

/** Throws a UserError for whoever may change nothing of the model, or has no imports at all: those are for colleagues. */
export function demandMay(env: Env, model: unknown): void {
  const known = demandModel(env, model)
  const mayChange = mayEver(env, known, 'create') || mayEver(env, known, 'write')
  if (mayChange && mayEver(env, demandModel(env, 'ir.import'), 'read')) return
  throw new UserError(say(env.context.lang, 'You may neither create nor change {model}.', { model: env.t(known.label) }))
}

async function preferredDays(env: Env): Promise<string> {
  const [language] = await tableOf(env, 'res.lang').find([['code', '=', env.context.lang]], ['date_format'], { limit: 1 })
  return String(language?.['date_format'] ?? '')
}

/** The columns of the person's last import of a file with the same headers; else those that the headers suggest. */
async function columnsFor(env: Env, model: string, { headers, headerKey }: Inspected): Promise<(string | null)[]> {
  const fields = importFields(env, demandModel(env, model))
  const offered = new Set(fields.map(({ path }) => path))
  const [last] = await tableOf(env, 'ir.import').find(
    [
      ['create_uid', '=', env.user.id],
      ['res_model', '=', model],
      ['header_key', '=', headerKey],
      ['state', '!=', 'draft'],
    ],
    ['columns'],
    { order: 'id desc', limit: 1 },
  )
  const known = last?.['columns'] as (string | null)[] | null | undefined
  if (Array.isArray(known) && known.length === headers.length)
    return known.map((path) => (path !== null && offered.has(path) ? path : null))
  return suggestColumns(headers, fields)
}

/** `{ id, options }`: reads the head of the file again, as the person says it is written. */
async function inspectAgain(env: Env, { id, options }: Params): Promise<unknown> {
  const record = await holdImport(env, id)
  demandIdle(env, record)
  const store = storeOf(env)
  const given = parseOptions(options)
  const found = await inspect(await store.find(env.cx, record.file!), record.format, given, await preferredDays(env))
  const columns = found.headerKey === record.header_key ? record.columns : await columnsFor(env, record.res_model, found)
  await updateImport(env, record.id, { ...keptOf(found), columns, total: 0 })
  return { ...(await tell(env, await readWhole(env, record.id))), sheets: found.sheets, sample: found.sample }
}

/** `{ id }`: what the screen shows first when it comes back to an import that has not been run. */
async function openImport(env: Env, { id }: Params): Promise<unknown> {
  const record = await settle(env, await readImport(env, id))
  if (record.file === null || !['draft', 'tested', 'failed', 'cancelled'].includes(record.state)) return tell(env, record)
  const found = await inspect(await storeOf(env).find(env.cx, record.file), record.format, record.options, '')
  return { ...(await tell(env, record)), sheets: found.sheets, sample: found.sample }
}

function demandIdle(env: Env, { state, create_uid }: ImportRecord): void {
  if (create_uid !== env.user.id) throw new UserError(say(env.context.lang, 'Only whoever sent the file can import it.'))
  if (busyStates.includes(state)) throw new UserError(say(env.context.lang, 'It is being worked on. Wait for it, or cancel it.'))
  if (state === 'done' || state === 'undone')
    throw new UserError(say(env.context.lang, 'This file has been imported. Send it again to import it again.'))
}

/** `{ id, columns, keepGood, options? }`: asks for the test over all rows (`isTest`), or for the import itself. */
async function start(env: Env, { id, columns, keepGood }: Params, isTest: boolean): Promise<unknown> {
  const record = await holdImport(env, id)
  demandIdle(env, record)
  const chosen = parseColumns(columns, record.headers.length)
  const { fields } = mappingOf(chosen)
  if (fields.length === 0) throw new UserError(say(env.context.lang, 'Choose a field for at least one column.'))
  if (new Set(fields).size < fields.length) throw new UserError(say(env.context.lang, 'Two columns are to fill the same field.'))
  // Refused here, where the person can mend it: a column that is not there for him.
  recordStarts(env, demandModel(env, record.res_model), fields)
  await demandTurn(env)
  if (record.failed > 0 || record.state !== 'draft') await forgetErrors(env, record.id)
  const job = await enqueue(env.cx, { name: importJob, args: { import: record.id, isTest }, userId: env.user.id })
  const counts = { created: 0, updated: 0, unchanged: 0, failed: 0, next_row: 0, message: null }
  const total = JSON.stringify(chosen) === JSON.stringify(record.columns) ? record.total : 0
  await updateImport(env, record.id, {
    ...counts,
    total,
    job,
    columns: chosen,
    keep_good: keepGood === true,
    caller: callerFacts(env),
    state: isTest ? 'testing' : 'running',
  })
  return tell(env, await readWhole(env, record.id))
}

/** Files of one person that are worked on at once: his colleagues' wait for no hundred of them. */
const mostAtWork = 5

async function demandTurn(env: Env): Promise<void> {
  // One request of his after the other, so that those of the same moment count too.
  await env.asSystem('the files that somebody has at work are counted', (sys) =>
    sys
      .model('res.partner' as never)
      .browse([env.user.partner_id])
      .lock(),
  )
  if ((await countJobs(env.cx, env.user.id, [importJob, undoJob, exportJob])) < mostAtWork) return
  throw new UserError(
    say(env.context.lang, '{most} of your files are being worked on. Wait for one of them, or cancel it.', { most: mostAtWork }),
  )
}

function parseColumns(given: unknown, count: number): (string | null)[] {
  // Unset is false on the wire.
  const isPath = (path: unknown): boolean => path === null || path === false || (typeof path === 'string' && path.length <= 200)
  if (!Array.isArray(given) || given.length !== count || !given.every(isPath))
    throw new ArgumentError('columns: a path or null for each column')
  return given.map((path: string | null | false) => path || null)
}

async function forgetErrors(env: Env, id: number): Promise<void> {
  await env.asSystem('errors of the run before are forgotten when an import is run again', async (sys) => {
    const table = tableOf(sys, 'ir.import.error')
    const old = await table.find([['import_id', '=', id]], ['id'])
    if (old.length > 0) await table.unlink(old.map((one) => one['id']))
  })
}

/** `{ id }`: takes the import back, as a job. */
async function undo(env: Env, { id }: Params): Promise<unknown> {
  const record = await holdImport(env, id)
  if (busyStates.includes(record.state)) throw new UserError(say(env.context.lang, 'It is being worked on. Wait for it, or cancel it.'))
  if (record.created + record.updated === 0 || !['done', 'cancelled', 'failed'].includes(record.state))
    throw new UserError(say(env.context.lang, 'There is nothing to undo.'))
  const job = await enqueue(env.cx, { name: undoJob, args: { import: record.id }, userId: env.user.id })
  await updateImport(env, record.id, { job, state: 'undoing', message: null })
  return tell(env, await readWhole(env, record.id))
}

/** `{ id }`: how far it is. */
async function status(env: Env, { id }: Params): Promise<unknown> {
  return tell(env, await settle(env, await readImport(env, id)))
}

async function tell(env: Env, record: ImportRecord): Promise<Record<string, unknown>> {
  const { file, caller, job, next_row, header_key, ...shown } = record
  void [caller, job, next_row, header_key]
  const model = env.registry.models.get(record.res_model)
  return {
    ...shown,
    hasFile: file !== null,
    modelLabel: model ? env.t(model.label) : record.res_model,
    progress: await progressOf(env, record),
  }
}

/** `{ id, offset?, limit? }`: what is wrong, by row and column. */
async function errors(env: Env, { id, offset, limit }: Params): Promise<unknown> {
  const record = await readImport(env, id)
  const table = tableOf(env, 'ir.import.error')
  const domain = [['import_id', '=', record.id]]
  const rows = await table.find(domain, ['row', 'position', 'column', 'value', 'message'], {
    limit: within(limit, 200),
    offset: from(offset),
  })
  return { rows, total: await table.count(domain) }
}

/** `{ id, offset?, limit? }`: what an undo left alone, and why. */
async function kept(env: Env, { id, offset, limit }: Params): Promise<unknown> {
  const record = await readImport(env, id)
  const domain = [
    ['import_id', '=', record.id],
    ['state', '=', 'kept'],
  ]
  const table = tableOf(env, 'ir.import.line')
  const rows = await table.find(domain, ['row', 'res_id', 'kind', 'reason'], { limit: within(limit, 200), offset: from(offset) })
  const model = env.registry.models.get(record.res_model)
  const named =
    model && mayEver(env, model, 'read')
      ? await tableOf(env, record.res_model).read([...new Set(rows.map((row) => row['res_id']))], ['display_name'])
      : []
  const names = new Map(named.map((one) => [one['id'], one['display_name']]))
  return { rows: rows.map((row) => ({ ...row, name: names.get(row['res_id']) ?? null })), total: await table.count(domain) }
}

const within = (limit: unknown, most: number): number => (Number.isSafeInteger(limit) ? Math.min(Math.max(1, limit as number), most) : most)
const from = (offset: unknown): number => (Number.isSafeInteger(offset) ? Math.max(0, offset as number) : 0)

/** `{ model?, offset? }`: the person's imports, the last one first; an administrator's list is everybody's. */
async function history(env: Env, { model, offset }: Params): Promise<unknown> {
  const domain = [['state', '!=', 'draft'], ...(typeof model === 'string' ? [['res_model', '=', model]] : [])]
  const table = tableOf(env, 'ir.import')
  const found = await table.find(domain, ['create_uid.display_name'], { limit: 50, offset: from(offset) })
  const rows: unknown[] = []
  for (const one of found) {
    const told = await tell(env, await settle(env, await readWhole(env, one['id'])))
    delete told['options']
    delete told['headers']
    delete told['columns']
    rows.push({ ...told, user: one['create_uid']?.display_name ?? '' })
  }
  return { rows, total: await table.count(domain) }
}

// ---- Export --------------------------------------------------------------------------------------

/** Records that are exported while one waits; more are a job. */
const atOnce = 1000

/**
 * `{ model, format, columns: [{path, label}], isCompatible, domain | ids, order }`: makes a file, at once or as a job. Answers as `exportStatus`
 * does. What may not be read is not in it: the records are searched as the person.
 */
async function startExport(env: Env, params: Params): Promise<unknown> {
  const ask = parseAsk(env, params)
  const model = demandModel(env, ask.model)
  // A column that is not there for him is refused now, and not by a job later.
  await exportRows(
    env,
    model,
    [],
    ask.columns.map(({ path }) => path),
  )
  const ids = await exportedIds(env, ask)
  const name = `${env.t(model.label).replaceAll(/[\\/:*?"<>|]/g, ' ')} ${env.call.now().toISOString().slice(0, 10)}.${ask.format}`
  const [id] = await env.asSystem('an export begins with what was asked for', async (sys) =>
    tableOf(sys, 'ir.export').create([{ name, res_model: model.name, asked: ask, total: ids.length }]),
  )
  if (ids.length > atOnce) {
    await demandTurn(env)
    const job = await enqueue(env.cx, { name: exportJob, args: { export: id! }, userId: env.user.id })
    await finishExport(env, id!, { job })
  } else {
    const { blob, rows } = await exportNow(env, ask, ids)
    await finishExport(env, id!, { file: blob, rows, state: 'done' })
  }
  return exportStatus(env, { id })
}

function parseAsk(env: Env, { model, format, columns, isCompatible, domain, ids, order }: Params): ExportAsk {
  const known = demandModel(env, model)
  const isColumn = (one: unknown): boolean => {
    const { path, label } = (one ?? {}) as Record<string, unknown>
    return typeof path === 'string' && path.length <= 200 && typeof label === 'string' && label.length <= 400
  }
  if (!Array.isArray(columns) || columns.length === 0 || columns.length > 500 || !columns.every(isColumn))
    throw new ArgumentError('columns: a list of up to 500 {path, label}')
  if (format !== 'csv' && format !== 'xlsx') throw new ArgumentError('format: csv or xlsx')
  const chosen = Array.isArray(ids) ? [['id', 'in', ids]] : []
  return {
    model: known.name,
    format,
    columns: (columns as { path: string; label: string }[]).map(({ path, label }) => ({ path, label })),
    isCompatible: isCompatible === true,
    domain: [...chosen, ...(Array.isArray(domain) ? domain : [])],
    order: typeof order === 'string' ? order.slice(0, 1000) : '',
    // Chosen by hand, an archived record is meant as well.
    caller: { ...callerFacts(env), active_test: Array.isArray(ids) ? false : env.context.active_test },
  }
}

/** `{ id }`: how far an export is; `/web/content/ir.export/<id>/file/<name>` is its file. */
async function exportStatus(env: Env, { id }: Params): Promise<unknown> {
  const [record] = isId(id) ? await tableOf(env, 'ir.export').read([id], ['name', 'state', 'total', 'rows', 'message']) : []
  if (!record) throw new UserError(say(env.context.lang, 'This export is gone: exports are kept for a day.'))
  const job = record['state'] === 'running' ? await jobOfExport(env, record['id']) : undefined
  if (record['state'] === 'running' && (!job || job.state === 'failed' || job.state === 'cancelled')) {
    const message = job?.error ?? null
    await finishExport(env, record['id'], { state: job?.state === 'cancelled' ? 'cancelled' : 'failed', message })
    return { ...record, state: job?.state === 'cancelled' ? 'cancelled' : 'failed', message, done: 0 }
  }
  return { ...record, done: job?.done ?? record['total'] }
}

async function jobOfExport(env: Env, id: number) {
  const [job] = await env.asSystem('the server looks after the job of an export', async (sys) =>
    (await tableOf(sys, 'ir.export').read([id], ['job'])).map((one) => one['job'] as number | null),
  )
  return typeof job === 'number' ? readJob(env.cx, job) : undefined
}

async function cancelExport(env: Env, { id }: Params): Promise<unknown> {
  const [record] = isId(id) ? await tableOf(env, 'ir.export').read([id], ['id']) : []
  const job = record && (await jobOfExport(env, record['id']))
  return job ? cancelJob(env.cx, job.id) : false
}

/** What the client asks, by the last word of the address; those that write run in a transaction. */
export const transferAnswers: Readonly<Record<string, (env: Env, params: Params) => Promise<unknown>>> = {
  'import-fields': async (env, { model }) => importFields(env, demandModel(env, model)),
  'export-fields': async (env, { model }) => exportFields(env, demandModel(env, model)),
  'import-open': openImport,
  'import-inspect': inspectAgain,
  'import-test': (env, params) => start(env, params, true),
  'import-start': (env, params) => start(env, params, false),
  'import-status': status,
  'import-errors': errors,
  'import-cancel': (env, { id }) => cancelImport(env, id),
  'import-undo': undo,
  'import-kept': kept,
  'import-history': history,
  'export-start': startExport,
  'export-status': exportStatus,
  'export-cancel': cancelExport,
}
