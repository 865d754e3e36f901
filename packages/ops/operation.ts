import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { OpsError } from './errors.ts'

export interface OperationOptions {
  /** How long to wait for another operation on the same subject before refusing. */
  waitMs?: number
  /** How long the lock outlives a holder that died. */
  leaseMs?: number
}

const holder = `${hostname()}/${process.pid}/${startOf(process.pid)}`

/**
 * Runs `work` as the only operation on `subject` (an instance's uuid, a template's name), and writes it into the log.
 * The lock is a lease with a fencing number: a holder that died lets go at once if it ran on this machine, else after `leaseMs`.
 * OpsError `busy` when waiting was in vain.
 */
export async function operation<T>(
  db: pg.Pool,
  subject: string,
  kind: string,
  work: () => Promise<T>,
  options: OperationOptions = {},
): Promise<T> {
  const leaseMs = options.leaseMs ?? 30_000
  const fence = await acquire(db, subject, kind, leaseMs, options.waitMs ?? 60_000)
  const renewal = setInterval(() => void renew(db, subject, fence, leaseMs), leaseMs / 3)
  try {
    return await logged(db, subject, kind, work)
  } finally {
    clearInterval(renewal)
    await db.query('delete from operation_lock where subject = $1 and fence = $2', [subject, fence]).catch(() => {}) // the lease ends by itself
  }
}

async function logged<T>(db: pg.Pool, subject: string, kind: string, work: () => Promise<T>): Promise<T> {
  const { rows } = await db.query('insert into operation (subject, kind, holder) values ($1, $2, $3) returning id', [subject, kind, holder])
  const end = (result: string) => db.query('update operation set ended = now(), result = $2 where id = $1', [rows[0].id, result])
  try {
    const value = await work()
    await end('done')
    return value
  } catch (error) {
    await end(error instanceof OpsError ? error.code : 'failed').catch(() => {}) // the first error is the one to tell
    throw error
  }
}

/** Lets go of the locks of processes of this machine that are gone, as after `kill -9`, so that nobody waits for their lease to end. */
export async function dropDeadLocks(db: pg.Pool): Promise<void> {
  const { rows } = await db.query<{ subject: string; fence: string; holder: string }>('select subject, fence, holder from operation_lock')
  for (const lock of rows.filter((one) => isGone(one.holder)))
    await db.query('delete from operation_lock where subject = $1 and fence = $2', [lock.subject, lock.fence])
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

/** When a process began, in clock ticks since boot: field 22 of proc(5) stat, the 20th after the name; empty when there is none. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!
  } catch {
    return '' // ENOENT: it has ended
  }
}

async function renew(db: pg.Pool, subject: string, fence: string, leaseMs: number): Promise<void> {
  const renewed = `update operation_lock set until = now() + $3 * interval '1 ms' where subject = $1 and fence = $2`
  await db.query(renewed, [subject, fence, leaseMs]).catch(() => {}) // tried again in a third of the lease
}
