import { type Before, type Env, type Model, UserError, asSentence, inSavepoint, moment, narrow, valuesBefore } from '@erp4/orm'
import type { SteppedJob } from '../jobs/index.ts'
import { type ImportRecord, demandModel, readWhole, updateImport } from './imports.ts'
import { tableOf } from './records.ts'
import { say } from './says.ts'

export const undoJob = 'transfer.undo'

const batchSize = 100

/** A record of `ir.import.line`. */
interface Line {
  readonly id: number
  readonly res_id: number
  readonly kind: 'made' | 'changed'
  readonly before: Before | null
  /** The version of the record when the import had done with it. */
  readonly left_at: number
}

/** A line with what became of it: null where it was undone, else why it was not. */
interface Verdict {
  readonly line: Line
  readonly reason: string | null
}

/**
 * Takes an import back, the last record first: what it made is removed, what it changed gets its old values, and what somebody changed since is
 * left alone and listed. `args`: `{ import: id }`. Batch by batch; interrupted, it goes on where it was.
 */
export const undoImport: SteppedJob = {
  class: 'interactive',
  maxAttempts: 6,
  async runSteps({ args, transaction, progress }) {
    const id = Number(args['import'])
    let done = 0
    for (;;) {
      const { count, total } = await transaction(({ env }) => undoBatch(env!, id))
      if (count === 0) break
      done += count
      await progress(done, total)
    }
    return transaction(({ env }) => finish(env!, id))
  },
}

async function undoBatch(env: Env, id: number): Promise<{ count: number; total: number }> {
  const record = await readWhole(env, id)
  const { lines, total } = (await env.asSystem('an undo reads what its import did', async (sys) => {
    const table = tableOf(sys, 'ir.import.line')
    const open = [
      ['import_id', '=', id],
      ['state', '=', 'done'],
    ]
    const found = await table.find(open, ['res_id', 'kind', 'before', 'left_at'], { order: 'id desc', limit: batchSize })
    return { lines: found as never[], total: found.length === 0 ? 0 : record.created + record.updated } as never
  })) as { lines: Line[]; total: number }
  const caller = asMaker(env, record)
  const model = demandModel(caller, record.res_model)
  const verdicts: Verdict[] = []
  const runs = runsOf(lines)
  for (const [i, run] of runs.entries()) verdicts.push(...(await undoRun(caller, model, id, i === 0 ? run : await again(env, run))))
  await note(env, record, verdicts)
  return { count: lines.length, total }
}

/** In the import's language, whose translations it wrote, and its companies, as far as the one who takes it back has them. */
function asMaker(env: Env, { caller }: ImportRecord): Env {
  const companies = caller.allowed_company_ids.filter((company) => env.user.company_ids.includes(company))
  return narrow(env, {
    lang: env.call.languages.includes(caller.lang) ? caller.lang : undefined,
    allowed_company_ids: companies,
    active_test: false,
  })
}

/** Lines one after the other of one kind and about different records, which can be undone together. */
function runsOf(lines: readonly Line[]): Line[][] {
  const runs: Line[][] = []
  let seen = new Set<number>()
  for (const line of lines) {
    const last = runs.at(-1)
    if (last && last[0]!.kind === line.kind && !seen.has(line.res_id)) last.push(line)
    else {
      runs.push([line])
      seen = new Set()
    }
    seen.add(line.res_id)
  }
  return runs
}

/** A run before this one may have been about the same records, and passed their versions on. */
async function again(env: Env, run: readonly Line[]): Promise<Line[]> {
  const ids = run.map(({ id }) => id)
  const rows = await env.asSystem('an undo reads what its import did', async (sys) =>
    (await tableOf(sys, 'ir.import.line').read(ids, ['left_at'])).map(({ id, left_at }): [number, number] => [id, left_at]),
  )
  const versions = new Map(rows)
  return run.map((line) => ({ ...line, left_at: versions.get(line.id) ?? line.left_at }))
}

async function undoRun(env: Env, model: Model, id: number, lines: readonly Line[]): Promise<Verdict[]> {
  const now = await versionsOf(env, model, lines)
  const { lang } = env.context
  const judged = lines.map((line): Verdict => {
    const version = now.get(line.res_id)
    if (version === undefined) return { line, reason: say(lang, 'It was deleted since the import.') }
    return { line, reason: version === line.left_at ? null : say(lang, 'It was changed since the import.') }
  })
  const ready = judged.filter(({ reason }) => reason === null).map(({ line }) => line)
  const tried = await tryAll(env, ready, (some) => (lines[0]!.kind === 'made' ? remove(env, model, some) : putBack(env, model, some)))
  if (lines[0]!.kind === 'changed')
    await passVersionsOn(
      env,
      model,
      id,
      tried.filter(({ reason }) => reason === null).map(({ line }) => line),
    )
  return [...judged.filter(({ reason }) => reason !== null), ...tried]
}

async function versionsOf(env: Env, model: Model, lines: readonly Line[]): Promise<Map<number, number>> {
  const rows = await env.asSystem('an undo asks whether its records were changed since', async (sys) =>
    (
      await tableOf(sys, model.name).read(
        lines.map(({ res_id }) => res_id),
        ['version'],
      )
    ).map(({ id, version }): [number, number] => [id, version]),
  )
  return new Map(rows)
}

const remove = (env: Env, model: Model, lines: readonly Line[]): Promise<void> =>
  tableOf(env, model.name).unlink(lines.map(({ res_id }) => res_id))

async function putBack(env: Env, model: Model, lines: readonly Line[]): Promise<void> {
  const lists = [...new Set(lines.flatMap(({ before }) => Object.keys(before ?? {})))].filter(
    (name) => model.fields.get(name)?.kind === 'one2many',
  )
  const now = new Map(
    lists.length === 0
      ? []
      : (
          await tableOf(env, model.name).read(
            lines.map(({ res_id }) => res_id),
            lists,
          )
        ).map((row) => [row['id'] as number, row]),
  )
  const values = new Map(lines.map(({ res_id, before }) => [res_id, valuesBefore(model, before ?? {}, now.get(res_id) ?? {})]))
  await tableOf(env, model.name).write([...values.keys()], (id) => values.get(id)!)
}

/** All together; where that is refused, in halves, until those that cannot be undone are known, with what was said of each. */
async function tryAll(env: Env, lines: readonly Line[], work: (lines: readonly Line[]) => Promise<void>): Promise<Verdict[]> {
  if (lines.length === 0) return []
  try {
    await inSavepoint(env, () => work(lines))
    return lines.map((line) => ({ line, reason: null }))
  } catch (error) {
    const said = asSentence(env, error)
    if (!(said instanceof UserError)) throw error
    if (lines.length === 1) return [{ line: lines[0]!, reason: said.message }]
  }
  const middle = Math.ceil(lines.length / 2)
  return [...(await tryAll(env, lines.slice(0, middle), work)), ...(await tryAll(env, lines.slice(middle), work))]
}

/** A record that an earlier row of the same import made or changed is now as that row left it, at a later version. */
async function passVersionsOn(env: Env, model: Model, id: number, lines: readonly Line[]): Promise<void> {
  if (lines.length === 0) return
  const now = await versionsOf(env, model, lines)
  await env.asSystem('an undo goes on to what the same import did before', async (sys) => {
    const table = tableOf(sys, 'ir.import.line')
    const earlier = await table.find(
      [
        ['import_id', '=', id],
        ['state', '=', 'done'],
        ['res_id', 'in', lines.map(({ res_id }) => res_id)],
        ['id', '<', Math.min(...lines.map((line) => line.id))],
      ],
      ['res_id'],
    )
    const versions = new Map(earlier.map((line) => [line['id'] as number, now.get(line['res_id'])!]))
    if (versions.size > 0) await table.write([...versions.keys()], (line) => ({ left_at: versions.get(line)! }))
  })
}

async function note(env: Env, record: ImportRecord, verdicts: readonly Verdict[]): Promise<void> {
  if (verdicts.length === 0) return
  const undone = verdicts.filter(({ reason }) => reason === null).map(({ line }) => line)
  const reasons = new Map(verdicts.flatMap(({ line, reason }) => (reason === null ? [] : [[line.id, reason] as const])))
  await env.asSystem('an undo notes what it did and what it left', async (sys) => {
    const table = tableOf(sys, 'ir.import.line')
    if (undone.length > 0)
      await table.write(
        undone.map(({ id }) => id),
        { state: 'undone' },
      )
    if (reasons.size > 0) await table.write([...reasons.keys()], (id) => ({ state: 'kept', reason: reasons.get(id)! }))
  })
  await updateImport(env, record.id, {
    removed: record.removed + undone.filter(({ kind }) => kind === 'made').length,
    restored: record.restored + undone.filter(({ kind }) => kind === 'changed').length,
    kept: record.kept + reasons.size,
  })
}

async function finish(env: Env, id: number): Promise<{ removed: number; restored: number; kept: number }> {
  await updateImport(env, id, { state: 'undone', message: null, undone_at: moment(new Date()) })
  const { removed, restored, kept } = await readWhole(env, id)
  return { removed, restored, kept }
}
