import { sql, type Sql, type SystemTable } from '@erp4/orm'

/** One row for each batch sealed: the signed head. `payload` holds the literal bytes under the signature. */
export const auditSeal: SystemTable = {
  name: 'audit_seal',
  ddl: [
    `create table if not exists audit_seal (
       n bigint primary key, first bigint not null, last bigint not null, head bytea not null, at timestamptz not null,
       payload text not null, key text not null, signature bytea not null)`,
  ],
  runtime: ['select'],
  seal: ['select', 'insert'],
}

/** A row on its way from the inbox into the chain, every value as the text that is hashed. */
export interface InboxRow {
  id: string
  at: string | null
  txid: string | null
  actor: string | null
  on_behalf: string | null
  source: string | null
  model: string | null
  rec: string | null
  operation: string | null
  change: string | null
  salt: Buffer | null
}

export interface LogRow extends Omit<InboxRow, 'id'> {
  id: string | null
  seq: number
  row_hash: Buffer
  hash: Buffer
}

export interface SealRow {
  n: number
  first: number
  last: number
  head: Buffer
  payload: string
  key: string
  signature: Buffer
}

// Any number would do; it only has to be the same in every sealer.
const sealerLock = 0x65727034

/**
 * One sealer per instance. Held to the end of the transaction and not of the session: the lock then cannot stay behind
 * on a connection that goes back to a pool, and it ends together with the batch that it protects.
 */
export const lockTrail: Sql = sql`select pg_try_advisory_xact_lock(${sealerLock}) as mine`

export const lastSeal: Sql = sql`select n, first, last, head, payload, key, signature from audit_seal order by n desc limit 1`

// Microseconds since 1970 as an integer; an infinite time, which only a forged row has, counts as none and stalls nobody.
const columns: Sql = sql`id::text, case when isfinite(at) then (extract(epoch from at) * 1000000)::int8::text end as at, txid::text, actor::text,
  on_behalf::text, source, model, rec::text, operation, change::text, salt`

/** The oldest rows of the inbox: at most `rows`, and no more text than `bytes` unless the first row alone is larger. */
export const inboxBatch = (rows: number, bytes: number): Sql => sql`
  select id, at, txid, actor, on_behalf, source, model, rec, operation, change, salt
  from (select *, sum(octet_length(change)) over (order by n) - octet_length(change) as before
        from (select ${columns}, audit_in.id as n from audit_in order by audit_in.id limit ${rows}) one) upto
  where before is null or before <= ${bytes} order by n`

/** Moves the rows in one statement, so that what is stored is what was deleted. */
export const moveBatch = (batch: {
  ids: readonly string[]
  firstSeq: number
  salts: readonly Buffer[]
  rowHashes: readonly Buffer[]
  hashes: readonly Buffer[]
}): Sql => sql`
  with gone as (delete from audit_in where id = any(${batch.ids}::bigint[])
                returning id, at, txid::text, actor, on_behalf, source, model, rec, operation, change::text)
  insert into audit_log (seq, id, at, txid, actor, on_behalf, source, model, rec, operation, change, salt, row_hash, hash)
  select ${batch.firstSeq}::bigint + part.n - 1, gone.id, gone.at, gone.txid, gone.actor, gone.on_behalf, gone.source, gone.model, gone.rec,
         gone.operation, gone.change, part.salt, part.row_hash, part.hash
  from unnest(${batch.ids}::bigint[], ${batch.salts}::bytea[], ${batch.rowHashes}::bytea[], ${batch.hashes}::bytea[])
       with ordinality as part(id, salt, row_hash, hash, n) join gone on gone.id = part.id
  returning seq`

export const insertSeal = (seal: Omit<SealRow, never> & { at: string }): Sql => sql`
  insert into audit_seal (n, first, last, head, at, payload, key, signature)
  values (${seal.n}, ${seal.first}, ${seal.last}, ${seal.head}, ${seal.at}, ${seal.payload}, ${seal.key}, ${seal.signature})`

/** Pages by `seq`; rows that share one (only possible once the primary key was dropped) come together, so none hides at a page's edge. */
export const logPage = (after: number, rows: number): Sql => sql`
  select seq, ${columns}, row_hash, hash from audit_log
  where seq > ${after} and seq <= coalesce((select seq from audit_log where seq > ${after} order by seq offset ${rows - 1} limit 1), 9223372036854775807)
  order by seq`

export const sealPage = (after: number, rows: number): Sql => sql`
  select n, first, last, head, payload, key, signature from audit_seal
  where n > ${after} and n <= coalesce((select n from audit_seal where n > ${after} order by n offset ${rows - 1} limit 1), 9223372036854775807) order by n`

export const inboxState: Sql = sql`
  select count(*) as waiting, coalesce(jsonb_agg(change) filter (where operation = 'erase' and model = 'audit_log'), '[]') as erasures from audit_in`

/** Entries that say what was erased are themselves kept. */
export const eraseRows = (seqs: readonly number[]): Sql => sql`
  update audit_log set id = null, at = null, txid = null, actor = null, on_behalf = null, source = null, model = null, rec = null,
         operation = null, change = null, salt = null
  where seq = any(${seqs}::bigint[]) and salt is not null and not (operation = 'erase' and model = 'audit_log') returning seq`

export const noteErasure = (entry: { actor: number | null; source: string; change: string }): Sql => sql`
  insert into audit_in (actor, source, model, operation, change) values (${entry.actor}, ${entry.source}, 'audit_log', 'erase', ${entry.change}::jsonb)`

/** How often code ran without access rules, by the reason it gave. The index of records finds these rows: they are of none. */
export const systemUses: Sql = sql`
  with uses as (
    select change, at from audit_in where operation = 'as_system'
    union all
    select change::jsonb, at from audit_log where model is null and rec is null and operation = 'as_system'
  )
  select change->>'reason' as reason, sum((change->>'count')::int8)::int8 as count, to_char(max(at) at time zone 'utc', 'YYYY-MM-DD HH24:MI') as last
  from uses group by 1 order by 2 desc, 1`
