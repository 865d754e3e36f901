import type { Connection } from './databases.ts'

/** Where slow work is asked for, to be done by another process once the call's transaction has committed. The server implements it. */
export interface Jobs {
  /** Gives the job's number. Throws where no such job exists. */
  ask(cx: Connection, name: string, args: JobArguments, options?: JobOptions): Promise<number>
  /**
   * Takes back what nobody has begun yet: of these numbers, jobs of this name with at least these arguments. Gives the arguments of those
   * that will not be done; each of the others has begun, is over, or is none of these.
   */
  recall(cx: Connection, numbers: readonly number[], job: { readonly name: string; readonly args: JobArguments }): Promise<JobArguments[]>
}

export type JobArguments = Readonly<Record<string, unknown>>

export interface JobOptions {
  /** With whose rights it runs; the system's own without one. */
  readonly user?: number
  /** Not before so many seconds have passed: until then it can be recalled. */
  readonly afterSeconds?: number
}
