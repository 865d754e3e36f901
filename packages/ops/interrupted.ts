import type { Host } from './host.ts'
import {
  dropDeadLocks,
  endRecord,
  handleOf,
  operationColumns,
  takeOver,
  withLock,
  type Hold,
  type Operation,
  type OperationRecord,
} from './operation.ts'

/**
 * Brings an interrupted operation to an end, from what its record says: `done` when it went on to the end, `undone` when its subject is as
 * before. It may be killed and run again like any operation. Throws to be asked again later.
 */
export type Finisher = (host: Host, record: OperationRecord, operation: Operation) => Promise<'done' | 'undone'>

/** By the operation's kind. */
export type Finishers = Readonly<Record<string, Finisher>>

export interface Finished {
  record: OperationRecord
  /** `interrupted`: there was nothing to finish; `failed`: it could not be finished now. */
  result: 'done' | 'undone' | 'interrupted' | 'failed'
  error?: Error
}

/** Operations whose holder is gone: they have not ended, and nobody holds their lock. The newest first, so that what ran within another comes before it. */
export async function unfinished(host: Host): Promise<OperationRecord[]> {
  await dropDeadLocks(host.db)
  const { rows } = await host.db.query<OperationRecord>(
    `select ${operationColumns} from operation o
     where ended is null and not exists (select from operation_lock l where l.subject = o.subject and l.fence = o.fence and l.until > now())
     order by o.id desc`,
  )
  return rows
}

/** The records of operations, the newest first; of one subject (an instance's uuid), or of all. */
export async function listOperations(host: Host, subject?: string, limit = 100): Promise<OperationRecord[]> {
  const { rows } = await host.db.query<OperationRecord>(
    `select ${operationColumns} from operation o where $1::text is null or subject = $1 order by o.id desc limit $2`,
    [subject ?? null, limit],
  )
  return rows
}

/**
 * Finishes or undoes what killed processes left, each under its lock; to be called at the start of a host and by the agent. One that somebody
 * else has at hand is left to him. What has no finisher and need not be finished is only closed.
 */
export async function finishInterrupted(host: Host, finishers: Finishers): Promise<Finished[]> {
  const all: Finished[] = []
  for (const record of await unfinished(host)) {
    const one = await finish(host, record, finishers).catch((error: Error & { code?: string }): Finished | undefined =>
      error.code === 'busy' ? undefined : { record, result: 'failed', error },
    )
    if (one) all.push(one)
  }
  return all
}

const finish = (host: Host, { id, subject, kind }: OperationRecord, finishers: Finishers): Promise<Finished | undefined> =>
  withLock(host.db, subject, kind, { waitMs: 0 }, async (hold) => {
    const record = await takeOver(hold, id)
    if (!record) return undefined
    const finisher = finishers[kind]
    return finisher ? runFinisher(host, hold, record, finisher) : closeOff(hold, record)
  })

async function runFinisher(host: Host, hold: Hold, record: OperationRecord, finisher: Finisher): Promise<Finished> {
  try {
    const result = await finisher(host, record, handleOf(hold, record.id, record.kind))
    await endRecord(hold, record.id, result)
    return { record, result }
  } catch (error) {
    await hold.db.query('update operation set detail = detail || $3::jsonb where id = $1 and fence = $2', [
      record.id,
      hold.fence,
      JSON.stringify({ finishing: (error as Error).message }),
    ])
    return { record, result: 'failed', error: error as Error }
  }
}

async function closeOff(hold: Hold, record: OperationRecord): Promise<Finished> {
  if (record.mustFinish) return { record, result: 'failed', error: new Error(`Nobody knows how to finish a ${record.kind}.`) }
  await endRecord(hold, record.id, 'interrupted')
  return { record, result: 'interrupted' }
}
