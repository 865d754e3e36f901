import { type Cell, type Env, type FieldInfo, type Model, UserError, auditEvent, exportRows, guestOf, narrow, searchIds } from '@erp4/orm'
import type { Draft, FileStore } from '../files/index.ts'
import type { SteppedJob } from '../jobs/index.ts'
import { demandModel } from './imports.ts'
import { storeOf, tableOf } from './records.ts'
import { FileProblem } from './says.ts'
import { writeCsv } from './write/csv.ts'
import { type ColumnKind, mostSheetRows, writeXlsx } from './write/xlsx.ts'

export const exportJob = 'transfer.export'

/** What is to be exported, as `ir.export` keeps it. */
export interface ExportAsk {
  readonly model: string
  readonly format: 'csv' | 'xlsx'
  /** Paths with what stands above them. */
  readonly columns: readonly { readonly path: string; readonly label: string }[]
  /** Technical names above the columns, by which an import knows them again. */
  readonly isCompatible: boolean
  readonly domain: readonly unknown[]
  readonly order: string
  readonly caller: {
    readonly lang: string
    readonly tz: string
    readonly allowed_company_ids: readonly number[]
    readonly active_test: boolean
  }
}

/** Records read in one statement. */
const batchSize = 500
const mostFileBytes = 2 ** 31

/** Asks for one batch of rows after the other. */
type Read = (ids: readonly number[]) => Promise<Cell[][]>

interface Made {
  readonly draft: Draft
  readonly rows: number
}

/** The file of these records, as it is read: a batch in memory at a time. The draft is the caller's to keep and to discard. */
async function makeFile(store: FileStore, ask: ExportAsk, model: Model, env: Env, ids: readonly number[], read: Read): Promise<Made> {
  let rows = 0
  async function* lines(): AsyncGenerator<readonly Cell[]> {
    yield ask.columns.map(({ path, label }) => (ask.isCompatible ? path : label))
    for (let at = 0; at < ids.length; at += batchSize)
      for (const row of await read(ids.slice(at, at + batchSize))) {
        rows++
        if (ask.format === 'xlsx' && rows >= mostSheetRows)
          throw new FileProblem('An Excel sheet has at most {most} rows. Export as CSV.', { most: mostSheetRows })
        yield row
      }
  }
  const kinds = ask.columns.map(({ path }) => kindOf(env, model, path))
  const bytes = ask.format === 'csv' ? writeCsv(lines()) : writeXlsx(lines(), kinds, env.t(model.label))
  return { draft: await store.draft(bytes, { maxBytes: mostFileBytes }), rows }
}

function kindOf(env: Env, model: Model, path: string): ColumnKind {
  let [at, field]: [Model | undefined, FieldInfo | undefined] = [model, undefined]
  for (const step of path.split('/')) {
    field = at?.fields.get(step)
    at = field?.comodel ? env.registry.models.get(field.comodel) : undefined
  }
  if (!field || field.comodel) return 'text'
  if (field.kind === 'date') return 'day'
  if (field.kind === 'datetime') return 'moment'
  return ['integer', 'float', 'decimal', 'monetary'].includes(field.kind) ? 'number' : 'text'
}

/** The person's env as his screen was; numbers as they are, so that what is imported again is what was there. */
const callerOf = (env: Env, { caller }: ExportAsk): Env => narrow(env, { ...caller, export_exact: true })

const idsOf = (env: Env, { domain, order }: ExportAsk, model: Model): Promise<number[]> =>
  searchIds(env, model, domain, { order: order === '' ? null : order })

const pathsOf = ({ columns }: ExportAsk): string[] => columns.map(({ path }) => path)

/** Leaves in the trail who took how much of what out of the instance. */
async function tellTrail(env: Env, { model, format }: ExportAsk, records: number): Promise<void> {
  await env.cx.query(auditEvent(env.call, env.user.id, 'export', model, null, { format, records }))
}

/** Few records are exported while the person waits. Answers the blob of the file and its rows. */
export async function exportNow(given: Env, ask: ExportAsk, ids: readonly number[]): Promise<{ blob: string; rows: number }> {
  const env = callerOf(given, ask)
  const model = demandModel(env, ask.model)
  const store = storeOf(env)
  const { draft, rows } = await makeFile(store, ask, model, env, ids, (some) => exportRows(env, model, some, pathsOf(ask)))
  try {
    await tellTrail(env, ask, ids.length)
    return { blob: await store.keep(env.cx, draft, guestOf(env)), rows }
  } finally {
    await draft.discard()
  }
}

/** The records that are asked for, as the person may see them. */
export const exportedIds = (env: Env, ask: ExportAsk): Promise<number[]> => {
  const caller = callerOf(env, ask)
  return idsOf(caller, ask, demandModel(caller, ask.model))
}

/** Makes the file of an export. `args`: `{ export: id }`. Begun anew after a crash: what is seen is what its user may see then. */
export const exportFile: SteppedJob = {
  class: 'interactive',
  maxAttempts: 3,
  async runSteps({ args, transaction, progress }) {
    const id = Number(args['export'])
    const { ask, ids, store, caller } = await transaction(async ({ env }) => {
      const asked = await readAsk(env!, id)
      return { ask: asked, ids: await exportedIds(env!, asked), store: storeOf(env!), caller: callerOf(env!, asked) }
    })
    const model = demandModel(caller, ask.model)
    await progress(0, ids.length)
    let done = 0
    const { draft, rows } = await makeFile(store, ask, model, caller, ids, async (some) => {
      const cells = await transaction(({ env }) => exportRows(callerOf(env!, ask), model, some, pathsOf(ask)))
      done += some.length
      await progress(done, ids.length)
      return cells
    }).catch((error: unknown) => {
      throw error instanceof FileProblem ? error.in(ask.caller.lang) : error
    })
    try {
      await transaction(async ({ env, cx }) => {
        const blob = await store.keep(cx, draft)
        await tellTrail(env!, ask, ids.length)
        await finishExport(env!, id, { file: blob, total: ids.length, rows, state: 'done' })
      })
    } finally {
      await draft.discard()
    }
    return { rows }
  },
}

async function readAsk(env: Env, id: number): Promise<ExportAsk> {
  const [record] = await env.asSystem('the server reads what it is to export', async (sys) =>
    (await tableOf(sys, 'ir.export').read([id], ['asked'])).map(({ asked }) => asked as never),
  )
  if (!record) throw new UserError('This export is gone: exports are kept for a day.')
  return record
}

export async function finishExport(env: Env, id: number, values: Readonly<Record<string, unknown>>): Promise<void> {
  await env.asSystem('the server keeps the file that it was asked for', async (sys) => tableOf(sys, 'ir.export').write([id], values))
}
