import type { Connection } from './databases.ts'

/** Where slow work is asked for, to be done by another process once the call's transaction has committed. The server implements it. */
export interface Jobs {
  /** Gives the job's number. `userId`: with whose rights; the system's own without one. Throws where no such job exists. */
  ask(cx: Connection, name: string, args: Readonly<Record<string, unknown>>, userId?: number): Promise<number>
}
