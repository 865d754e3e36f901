import { ident, join, sql, type Sql, type SystemTable } from '@erp4/orm'

/** One row per content; columns of models refer to `hash` with a foreign key. The file itself lies outside (files/store.ts). */
export const blobTable: SystemTable = {
  name: 'blob',
  ddl: [
    `create table if not exists blob (
       hash text primary key check (hash ~ '^[0-9a-f]{64}$'), size bigint not null, wrapped_key bytea not null, mimetype text not null,
       dead_at timestamptz, created_at timestamptz not null default now())`,
    'create index if not exists blob_dead on blob (dead_at) where dead_at is not null',
  ],
  runtime: ['select', 'insert', 'update', 'delete'],
}

/** What all files take (`person` 0), and what each person added in the day that began with `since`; in bytes. */
export const fileSpaceTable: SystemTable = {
  name: 'file_space',
  ddl: [
    `create table if not exists file_space (person int4 primary key, bytes bigint not null, since timestamptz not null default now())`,
    `insert into file_space (person, bytes) select 0, coalesce(sum(size), 0) from blob on conflict do nothing`,
  ],
  runtime: ['select', 'insert', 'update', 'delete'],
}

/** Counts bytes that came, or, less than 0, that went. No row: with them it would be more than `most`. */
export const countSpace = (bytes: number, most: number | null): Sql => sql`
  update file_space set bytes = bytes + ${bytes}::int8
  where person = 0 and (${most}::int8 is null or bytes + ${bytes}::int8 <= ${most}::int8) returning true`

/** The same for what one person adds in a day. */
export const countDay = (person: number, bytes: number, most: number): Sql => sql`
  insert into file_space as t (person, bytes) select ${person}::int4, ${bytes}::int8 where ${bytes}::int8 <= ${most}::int8
  on conflict (person) do update set
    bytes = case when t.since <= now() - interval '1 day' then excluded.bytes else t.bytes + excluded.bytes end,
    since = case when t.since <= now() - interval '1 day' then now() else t.since end
  where t.since <= now() - interval '1 day' or t.bytes + excluded.bytes <= ${most}::int8
  returning true`

export const stillThere = (hashes: readonly string[]): Sql => sql`select hash from blob where hash = any(${hashes})`

/** Bytes of all files, and of those that one person added in his day. */
export const readSpace = (person: number): Sql => sql`
  select coalesce((select bytes from file_space where person = 0), 0)::float8 as all,
    coalesce((select bytes from file_space where person = ${person}::int4 and since > now() - interval '1 day'), 0)::float8 as day`

export interface BlobRow {
  hash: string
  size: number
  wrapped_key: Buffer
  mimetype: string
}

/** Revives a dead row, waits for a transaction that has the same content in hand, and answers with the key that counts. */
export const claimBlob = (blob: BlobRow): Sql => sql`
  insert into blob (hash, size, wrapped_key, mimetype) values (${blob.hash}, ${blob.size}, ${blob.wrapped_key}, ${blob.mimetype})
  on conflict (hash) do update set dead_at = null returning wrapped_key`

export const findBlob = (hash: string): Sql => sql`select hash, size, wrapped_key, mimetype from blob where hash = ${hash}`

/** A column that names blobs. */
export interface BlobReference {
  table: string
  column: string
}

const unreferenced = (references: readonly BlobReference[]): Sql =>
  join(
    [
      sql`true`,
      ...references.map(({ table, column }) => sql`not exists (select from ${ident(table)} r where r.${ident(column)} = blob.hash)`),
    ],
    ' and ',
  )

/**
 * `for update` on purpose, against the rule that locks are `for no key update`: a row that comes to refer to the blob takes
 * `for key share`, and exactly that one has to wait.
 */
export const lockUnreferenced = (references: readonly BlobReference[], limit: number): Sql => sql`
  select hash from blob where dead_at is null and ${unreferenced(references)} limit ${limit} for update skip locked`

export const markDead = (hashes: readonly string[], references: readonly BlobReference[]): Sql => sql`
  update blob set dead_at = now() where hash = any(${hashes}) and dead_at is null and ${unreferenced(references)} returning hash`

export const lockDead = (graceHours: number, limit: number): Sql => sql`
  select hash from blob where dead_at < now() - make_interval(hours => ${graceHours}) order by dead_at limit ${limit} for update skip locked`

/** Asked after the lock, in a statement of its own: only then it sees what was committed meanwhile. */
export const reviveReferenced = (hashes: readonly string[], references: readonly BlobReference[]): Sql => sql`
  update blob set dead_at = null where hash = any(${hashes}) and not (${unreferenced(references)}) returning hash`

export const deleteBlobs = (hashes: readonly string[]): Sql =>
  sql`delete from blob where hash = any(${hashes}) returning hash, size::float8 as size`

/** Deferred foreign keys would speak at commit, when the files are gone. */
export const checkNow: Sql = sql`set constraints all immediate`

// Backups and restores hold it shared for as long as they run, with pg_advisory_lock_shared, in the instance's database (cloud §1, I5).
export const collectionLock = 0x626c6f62
export const lockCollection: Sql = sql`select pg_try_advisory_xact_lock(${collectionLock}) as mine`

/** Which of these files have no row. */
export const withoutRow = (hashes: readonly string[]): Sql => sql`
  select hash from unnest(${hashes}::text[]) file(hash) where not exists (select from blob where blob.hash = file.hash)`

/** Takes the name of a file that may have no row, so that nobody can put the same content meanwhile. */
export const claimOrphan = (hash: string): Sql => sql`
  insert into blob (hash, size, wrapped_key, mimetype, dead_at) values (${hash}, 0, '', '', now()) on conflict do nothing returning hash`

export const blobPage = (after: string, limit: number): Sql =>
  sql`select hash, size, wrapped_key, mimetype from blob where hash > ${after} order by hash limit ${limit} for no key update`

export const replaceKeys = (hashes: readonly string[], keys: readonly Buffer[]): Sql => sql`
  update blob set wrapped_key = part.key from unnest(${hashes}::text[], ${keys}::bytea[]) part(hash, key) where blob.hash = part.hash`

/** The attachment that a link's token opens. Only the token's hash is kept, and only here it is compared. */
export const sharedAttachment = (id: number, tokenHash: string): Sql => sql`
  select name, raw as blob from ir_attachment where id = ${id} and access_token = ${tokenHash} and type = 'binary' and raw is not null`

/** The attachment that its owner made public: whoever has its address may fetch it. */
export const publicAttachment = (id: number): Sql => sql`
  select name, raw as blob from ir_attachment where id = ${id} and public and type = 'binary' and raw is not null`
