import type { Connection, Env } from '@erp4/orm'
import type { JobClass } from '../sql/jobs.ts'

/** An instance as the worker visits it. */
export interface WorkInstance {
  /** Its name in the host registry. */
  name: string
  /** The key of its database. */
  database: string
}

/** What a running job has in hand. */
export interface JobContext {
  readonly id: number
  /** Where it runs. */
  readonly instance: WorkInstance
  readonly args: Readonly<Record<string, unknown>>
  /** 1 for the first try. */
  readonly attempt: number
  /** Raised when the job was cancelled, when its lease was lost, and when the process stops. */
  readonly signal: AbortSignal
  /** Tells how far it is, for whoever watches, and throws when the job is to end. Cheap: written once a second at most. */
  progress(done: number, total?: number, message?: string): Promise<void>
}

/** The call of a job in a transaction; `env` is that of the job's user, or of the system itself. Null where the worker knows no models. */
export interface JobCall {
  readonly cx: Connection
  readonly env: Env | null
}

/**
 * A job that is one transaction: its writes, its result and its end commit together, so it happens exactly once, however often
 * it is tried. It must do nothing outside the database and wait for nothing.
 */
export interface TransactionJob {
  readonly class: JobClass
  readonly maxAttempts?: number
  run(context: JobContext & JobCall): Promise<unknown>
}

/**
 * A job of several transactions, or with an effect outside: it may be tried again after any of them, so each must find out
 * what was done already. A transaction commits only while the lease is held.
 */
export interface SteppedJob {
  readonly class: JobClass
  readonly maxAttempts?: number
  runSteps(context: JobContext & { transaction<T>(work: (call: JobCall) => Promise<T>): Promise<T> }): Promise<unknown>
}

export type Job = TransactionJob | SteppedJob

/** The jobs that exist: a row of the table can name nothing else. */
export class JobRegistry {
  readonly #jobs = new Map<string, Job>()
  readonly #beneath: JobRegistry | undefined

  /** `beneath`: jobs that are there as well, also those registered there later. */
  constructor(beneath?: JobRegistry) {
    this.#beneath = beneath
  }

  /** @throws when the name is taken. */
  register(name: string, job: Job): void {
    if (this.find(name)) throw new Error(`There is already a job '${name}'.`)
    this.#jobs.set(name, job)
  }

  find(name: string): Job | undefined {
    return this.#jobs.get(name) ?? this.#beneath?.find(name)
  }
}

/** The jobs of this process; apps and packages register theirs when they are loaded. */
export const jobs = new JobRegistry()

export const registerJob = (name: string, job: Job): void => jobs.register(name, job)
