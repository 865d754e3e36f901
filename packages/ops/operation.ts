import { AsyncLocalStorage } from 'node:async_hooks'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { OpsError } from './errors.ts'

export interface OperationOptions {
  /** How long to wait for another operation on the same subject before refusing. */
  waitMs?: number
  /** How long the lock outlives a holder that died. */
  leaseMs?: number
  /**
   * Killed half way, it leaves its subject in a state that nobody should work on: until a finisher has finished or undone it
   * (interrupted.ts), further operations on the subject are refused.
   */
  mustFinish?: boolean
}

/** What the work of an operation holds in its hand. */
export interface Operation {
  /** Of its record. */
  readonly id: string
  readonly subject: string
  readonly kind: string
  /** Aborted when another process has taken the lock: whatever still runs should end. */
  readonly signal: AbortSignal
  /** Records that the step `state` begins, with what a finisher must know of it. OpsError `busy` when the lock is no longer ours. */
  step(state: string, detail?: Readonly<Record<string, unknown>>): Promise<void>
  /** Records how far the step has come, at most once a second. */
  progress(done: number, total: number): void
  /**
   * Runs one destructive step while nobody can take the lock away: it is checked and held in a transaction, which is given to `work` for
   * changes of the registry and commits after it. OpsError `busy`, and no call of `work`, when the lock is no longer ours.
   */
  fenced<T>(work: (db: pg.ClientBase) => Promise<T>): Promise<T>
}

/** What is written down of an operation. */
export interface OperationRecord {
  id: string
  subject: string
  kind: string
  /** `<machine>/<process>/<its beginning in ticks since boot>` */
  holder: string
  /** The last step that began; `begun` before the first. */
  state: string
  detail: Record<string, unknown>
  progress: { done: number; total: number } | null
  mustFinish: boolean
  started: Date
  ended: Date | null
  /** `done`, `undone`, `interrupted`, or the code of the error it ended with; null while it runs. */
  result: string | null
}

export const operationColumns = `o.id::text, o.subject, o.kind, o.holder, o.state, o.detail, o.progress, o.must_finish as "mustFinish", o.started, o.ended, o.result`

/** The lock of one subject, in the hand of this process. */
export interface Hold {
  readonly db: pg.Pool
  readonly subject: string
  readonly fence: string
  readonly leaseMs: number
  readonly lost: AbortController
}

const holder = `${hostname()}/${process.pid}/${startOf(process.pid)}`
const progressEveryMs = 1_000
const held = new AsyncLocalStorage<readonly Hold[]>()

/**
 * Runs `work` as the only operation on `subject` (an instance's uuid, a template's name), and keeps a record of it. The lock is a lease with
 * a fencing number: a holder that died lets go at once if it ran on this machine, else after `leaseMs`. Within `work`, a further
 * operation on the same subject (the safety backup of a restore) runs under the same lock, with a record of its own.
 * OpsError `busy` when waiting was in vain, or when an interrupted operation has to be finished first.
 */
export async function operation<T>(
  db: pg.Pool,
  subject: string,
  kind: string,
  work: (operation: Operation) => Promise<T>,
  options: OperationOptions = {},
): Promise<T> {
  const outer = held.getStore()?.find((hold) => hold.subject === subject)
  const run = async (hold: Hold): Promise<T> => recorded(hold, await begin(hold, kind, options.mustFinish ?? false), kind, work)
  if (outer) return run(outer)
  return withLock(db, subject, kind, options, async (hold) => {
    await demandFinished(hold)
    return run(hold)
  })
}

/** Records what was done at once, in one statement that needs no lock. */
export async function noteOperation(
  db: pg.Pool | pg.ClientBase,
  subject: string,
  kind: string,
  detail: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await db.query(`insert into operation (subject, kind, holder, detail, ended, result) values ($1, $2, $3, $4, now(), 'done')`, [
    subject,
    kind,
    holder,
    JSON.stringify(detail),
  ])
}

/** Holds the lock of `subject` for `work`; whether an interrupted operation waits there is the caller's affair. */
export async function withLock<T>(
  db: pg.Pool,
  subject: string,
  kind: string,
  { waitMs = 60_000, leaseMs = 30_000 }: OperationOptions,
  work: (hold: Hold) => Promise<T>,
): Promise<T> {
  const hold: Hold = { db, subject, leaseMs, fence: await acquire(db, subject, kind, leaseMs, waitMs), lost: new AbortController() }
  const renewing = setInterval(() => void renew(hold), leaseMs / 3)
  try {
    return await held.run([...(held.getStore() ?? []), hold], () => work(hold))
  } finally {
    clearInterval(renewing)
    await db.query('delete from operation_lock where subject = $1 and fence = $2', [subject, hold.fence]).catch(() => {}) // the lease ends by itself
  }
}

/** Lets go of the locks of processes of this machine that are gone, as after `kill -9`, so that nobody waits for their lease to end. */
export async function dropDeadLocks(db: pg.Pool): Promise<void> {
  const { rows } = await db.query<{ subject: string; fence: string; holder: string }>('select subject, fence, holder from operation_lock')
  for (const lock of rows.filter((one) => isGone(one.holder)))
    await db.query('delete from operation_lock where subject = $1 and fence = $2', [lock.subject, lock.fence])
}

/** The handle of the record `id`, under the lock `hold`. */
export function handleOf(hold: Hold, id: string, kind: string): Operation {
  const { db, subject, fence, leaseMs } = hold
  let [told, notes] = [0, Promise.resolve<unknown>(undefined)]
  const fenceOff = (): never => {
    hold.lost.abort()
    throw new OpsError('busy', `The ${kind} of ${subject} paused for too long, and another process has taken it over.`)
  }
  return {
    id,
    subject,
    kind,
    signal: hold.lost.signal,
    async step(state, detail = {}) {
      await notes // what was reported of the step before
      const { rowCount } = await db.query(
        `with mine as (select from operation_lock where subject = $1 and fence = $2 for share)
         update operation set state = $4, detail = detail || $5::jsonb, progress = null
         where id = $3 and fence = $2 and exists (select from mine)`,
        [subject, fence, id, state, JSON.stringify(detail)],
      )
      if (rowCount !== 1) fenceOff()
    },
    progress(done, total) {
      if (Date.now() - told < progressEveryMs) return
      told = Date.now()
      const note = [id, fence, JSON.stringify({ done, total })]
      notes = db.query('update operation set progress = $3 where id = $1 and fence = $2', note).catch(() => {}) // a courtesy
    },
    async fenced(work) {
      // Not from the pool: work takes connections of it, and operations that wait for each other's would wait for ever.
      const client = new pg.Client(db.options)
      client.on('error', () => {}) // told by the next statement
      await client.connect()
      try {
        await client.query('begin')
        // Shared, so that `step` may be called meanwhile; whoever wants to take the lock has to wait.
        const mine = 'select from operation_lock where subject = $1 and fence = $2 for share'
        const { rowCount } = await client.query(mine, [subject, fence])
        if (rowCount !== 1) fenceOff()
        const value = await work(client)
        await client.query(renewal, [subject, fence, leaseMs])
        await client.query('commit')
        return value
      } finally {
        await client.end() // without a commit all is undone
      }
    },
  }
}

/** Writes the end of a record, unless another process has taken it over. */
export async function endRecord({ db, fence }: Hold, id: string, result: string): Promise<void> {
  await db.query('update operation set ended = now(), result = $3 where id = $1 and fence = $2', [id, fence, result])
}

async function begin({ db, subject, fence }: Hold, kind: string, mustFinish: boolean): Promise<string> {
  const { rows } = await db.query<{ id: string }>(
    'insert into operation (subject, kind, holder, fence, must_finish) values ($1, $2, $3, $4, $5) returning id',
    [subject, kind, holder, fence, mustFinish],
  )
  return rows[0]!.id
}

async function recorded<T>(hold: Hold, id: string, kind: string, work: (operation: Operation) => Promise<T>): Promise<T> {
  try {
    const value = await work(handleOf(hold, id, kind))
    await endRecord(hold, id, 'done')
    return value
  } catch (error) {
    await endRecord(hold, id, error instanceof OpsError ? error.code : 'failed').catch(() => {}) // the first error is the one to tell
    throw error
  }
}

/** Takes a record over from a holder that is gone; undefined when it has ended meanwhile. */
export async function takeOver({ db, fence }: Hold, id: string): Promise<OperationRecord | undefined> {
  const { rows } = await db.query<OperationRecord>(
    `update operation o set holder = $2, fence = $3 where id = $1 and ended is null returning ${operationColumns}`,
    [id, holder, fence],
  )
  return rows[0]
}

async function demandFinished({ db, subject, fence }: Hold): Promise<void> {
  const { rows } = await db.query<{ kind: string; started: Date }>(
    'select kind, started from operation where subject = $1 and ended is null and must_finish and fence is distinct from $2 limit 1',
    [subject, fence],
  )
  if (!rows[0]) return
  const { kind, started } = rows[0]
  throw new OpsError(
    'busy',
    `The ${kind} of ${started.toISOString()} was interrupted and must be finished first: "erp4 instance operations --finish" does it, and so does the next start.`,
  )
}

async function acquire(db: pg.Pool, subject: string, kind: string, leaseMs: number, waitMs: number): Promise<string> {
  const deadline = Date.now() + waitMs
  for (;;) {
    const { rows } = await db.query<{ fence: string }>(
      `insert into operation_lock as held (subject, fence, kind, holder, until)
       values ($1, nextval('operation_fence'), $2, $3, now() + $4 * interval '1 ms')
       on conflict (subject) do update set fence = excluded.fence, kind = excluded.kind, holder = excluded.holder, until = excluded.until
       where held.until < now() returning fence`,
      [subject, kind, holder, leaseMs],
    )
    if (rows[0]) return rows[0].fence
    if (Date.now() > deadline) throw new OpsError('busy', `Another operation on ${subject} is still running: try again when it has ended.`)
    await dropDeadLocks(db)
    await pause(100)
  }
}

/** A process of this machine that has ended; of other machines nothing is known. A number that was given to a new process does not deceive. */
function isGone(one: string): boolean {
  const [host, pid, start] = one.split('/')
  return host === hostname() && startOf(Number(pid)) !== start
}

/** When a process of this machine began, in clock ticks since boot: field 22 of proc(5) stat, the 20th after the name; empty when there is none. */
export function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!
  } catch {
    return '' // ENOENT: it has ended
  }
}

const renewal = `update operation_lock set until = clock_timestamp() + $3 * interval '1 ms' where subject = $1 and fence = $2`

async function renew({ db, subject, fence, leaseMs, lost }: Hold): Promise<void> {
  const found = await db.query(renewal, [subject, fence, leaseMs]).catch(() => null) // tried again in a third of the lease
  if (found?.rowCount === 0) lost.abort()
}
