import { type Connection, type SystemTable, sql } from '@erp4/orm'

/**
 * Answers already given to calls that carried an `Idempotency-Key`, kept in the transaction that did the work: a client whose answer got
 * lost repeats the call and is told the same, and nothing happens twice.
 */
export const idempotency: SystemTable = {
  name: 'idempotency',
  ddl: [
    `create table if not exists idempotency (
      user_id int4 not null, key text not null, digest bytea not null, answer text, at timestamptz not null default now(),
      primary key (user_id, key))`,
    'create index if not exists idempotency_at on idempotency (at)',
  ],
  runtime: ['select', 'insert', 'update', 'delete'],
}

export interface IdempotentCall {
  userId: number
  key: string
  /** Of the model, the method and the arguments: the same key with another one is a mistake of the client. */
  digest: Buffer
  /** What it answers is not to be kept. */
  isToldOnce?: boolean
}

export type Reservation = { isNew: true } | { isNew: false; digest: Buffer; answer: string | null }

/**
 * Claims the key for this transaction. A call with the same key that is still running is waited for, on the unique index: it commits, and
 * its answer is found, or it rolls back, and the key is ours.
 */
export async function reserveKey(cx: Connection, call: IdempotentCall): Promise<Reservation> {
  const claimed = await cx.query(
    sql`insert into idempotency as old (user_id, key, digest) values (${call.userId}, ${call.key}, ${call.digest})
        on conflict (user_id, key) do update set digest = excluded.digest, answer = null, at = now() where old.at < now() - interval '24 hours'
        returning user_id`,
    'idempotency_reserve',
  )
  if (claimed.length > 0) return { isNew: true }
  const [found] = await cx.query<{ digest: Buffer; answer: string | null }>(
    sql`select digest, answer from idempotency where user_id = ${call.userId} and key = ${call.key}`,
    'idempotency_find',
  )
  if (!found) throw new Error('An idempotency key was swept between two statements.')
  return { isNew: false, ...found }
}

/** Keeps the JSON text of the answer; it becomes visible with the work itself. */
export async function keepAnswer(cx: Connection, call: IdempotentCall, answer: string): Promise<void> {
  await cx.query(sql`update idempotency set answer = ${answer} where user_id = ${call.userId} and key = ${call.key}`, 'idempotency_keep')
}

/** Forgets keys after a day. */
export async function sweepKeys(cx: Connection): Promise<void> {
  await cx.query(sql`delete from idempotency where at < now() - interval '24 hours'`)
}
