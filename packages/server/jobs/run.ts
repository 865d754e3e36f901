import { randomUUID } from 'node:crypto'
import { BusyError, LockError, UserError, type Connection, type Databases } from '@erp4/orm'
import { beat, endJob, finishJob, holdJob, retryJob, returnJob, type JobRow } from '../sql/jobs.ts'
import type { Job, JobCall, JobContext, WorkInstance } from './registry.ts'

/** The job was cancelled, or is no longer ours: it is to end, and no error of its own. */
export class JobEnded extends Error {
  override name = 'JobEnded'
  readonly why: 'cancelled' | 'lost' | 'stopping'

  constructor(why: 'cancelled' | 'lost' | 'stopping') {
    super({ cancelled: 'The job was cancelled.', lost: 'The lease of the job was lost.', stopping: 'The process stops.' }[why])
    this.why = why
  }
}

export interface RunOptions {
  databases: Databases
  instance: WorkInstance
  leaseMs: number
  /** Opens the call of the job's user on `cx` (null: the system's own job), as for a request. Throws when he may no longer act. */
  openCall: (cx: Connection, userId: number | null, job: JobRow) => Promise<JobCall['env']>
  /** What the ORM does at the end of a call: recomputes and constraints. */
  closeCall?: (env: JobCall['env']) => Promise<void>
  onError: (error: unknown, facts: { job: number; name: string; attempt: number; reference: string }) => void
}

const beatsPerLease = 4
const progressMs = 1000

/** Runs one claimed job to its end: done, to be tried again, failed, cancelled, or given back. Never throws. */
export class JobRun {
  readonly row: JobRow
  readonly #job: Job | undefined
  readonly #options: RunOptions
  readonly #ending = new AbortController()
  #report: { done: number | null; total: number | null; message: string | null } = { done: null, total: null, message: null }
  #reportedAt = 0

  constructor(row: JobRow, job: Job | undefined, options: RunOptions) {
    this.row = row
    this.#job = job
    this.#options = options
  }

  /** The process stops: the job gets a sign, and is given back when it heeds it. */
  stop(): void {
    this.#ending.abort(new JobEnded('stopping'))
  }

  async run(): Promise<void> {
    const heart = setInterval(() => void this.#beat().catch(() => undefined), this.#options.leaseMs / beatsPerLease)
    try {
      await this.#work()
    } catch (error) {
      await this.#settle(error).catch((worse: unknown) => this.#tell(worse, randomUUID()))
    } finally {
      clearInterval(heart)
    }
  }

  async #work(): Promise<void> {
    const job = this.#job
    if (!job) throw new UserError(`There is no job '${this.row.name}' in this release.`)
    const context: JobContext = {
      id: this.row.id,
      instance: this.#options.instance,
      args: this.row.args,
      attempt: this.row.attempts,
      signal: this.#ending.signal,
      progress: (done, total, message) => this.#progress(done, total, message),
    }
    if ('run' in job) {
      await this.#transaction(async (call) => {
        const result = await job.run({ ...context, ...call })
        return { result, last: finishJob({ ...this.row, result: JSON.stringify(result ?? null) }) }
      })
      return
    }
    const result = await job.runSteps({
      ...context,
      transaction: (work) => this.#transaction(async (call) => ({ result: await work(call), last: holdJob(this.row) })),
    })
    const { databases, instance } = this.#options
    const finish = finishJob({ ...this.row, result: JSON.stringify(result ?? null) })
    if ((await databases.use(instance.database, (cx) => cx.query(finish))).length === 0) throw new JobEnded('lost')
  }

  /** A transaction that commits only while the lease is ours: its last statement finds out, and holds the row until the commit. */
  #transaction<T>(work: (call: JobCall) => Promise<{ result: T; last: ReturnType<typeof holdJob> }>): Promise<T> {
    const { databases, instance, openCall, closeCall } = this.#options
    return databases.transaction(instance.database, async (cx) => {
      this.#ending.signal.throwIfAborted()
      const env = await openCall(cx, this.row.user_id, this.row)
      const { result, last } = await work({ cx, env })
      await closeCall?.(env)
      if ((await cx.query(last)).length === 0) throw new JobEnded('lost')
      return result
    })
  }

  async #progress(done: number, total?: number, message?: string): Promise<void> {
    this.#report = { done, total: total ?? this.#report.total, message: message ?? this.#report.message }
    if (Date.now() - this.#reportedAt >= progressMs) await this.#beat()
    this.#ending.signal.throwIfAborted()
  }

  async #beat(): Promise<void> {
    this.#reportedAt = Date.now()
    const { databases, instance, leaseMs } = this.#options
    const [row] = await databases.use(instance.database, (cx) =>
      cx.query<{ cancel_asked: boolean }>(beat({ ...this.row, ...this.#report, leaseMs })),
    )
    if (!row) this.#ending.abort(new JobEnded('lost'))
    else if (row.cancel_asked) this.#ending.abort(new JobEnded('cancelled'))
  }

  async #settle(error: unknown): Promise<void> {
    const ended =
      error instanceof JobEnded ? error : this.#ending.signal.aborted && isAbort(error) ? (this.#ending.signal.reason as JobEnded) : null
    if (ended?.why === 'lost') return
    const { databases, instance } = this.#options
    const write = (statement: Parameters<Connection['query']>[0]) => databases.use(instance.database, (cx) => cx.query(statement))
    if (ended?.why === 'stopping') await write(returnJob(this.row))
    else if (ended) await write(endJob({ ...this.row, state: 'cancelled', error: null }))
    else await write(this.#verdict(error))
  }

  #verdict(error: unknown) {
    const reference = randomUUID()
    const text = error instanceof UserError ? error.message : `Internal error, reference ${reference}`
    if (!(error instanceof UserError)) this.#tell(error, reference)
    // What a person is told (a rule broken, a right missing) will be the same next time; only contention passes.
    const isFinal = error instanceof UserError && !(error instanceof LockError) && !(error instanceof BusyError)
    if (isFinal || this.row.attempts >= this.row.max_attempts) return endJob({ ...this.row, state: 'failed', error: text })
    return retryJob({ ...this.row, error: text, waitMs: backOffMs(this.row.attempts) })
  }

  #tell(error: unknown, reference: string): void {
    this.#options.onError(error, { job: this.row.id, name: this.row.name, attempt: this.row.attempts, reference })
  }
}

const isAbort = (error: unknown): boolean => (error as { name?: string }).name === 'AbortError'

/** 5 s, 20 s, 80 s … to an hour, each a little different, so that what failed together does not come back together. */
export const backOffMs = (attempts: number, random: number = Math.random()): number =>
  Math.min(3_600_000, 5000 * 4 ** (attempts - 1)) * (0.75 + random / 2)
