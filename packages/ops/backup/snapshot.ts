import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { OpsError } from '../errors.ts'
import type { Host } from '../host.ts'
import { connectAs, type Instance } from '../instances.ts'
import { contentOf, databaseBytes, hasTable, sequencesOf, type Content } from './content.ts'

/** A stored file as the snapshot knows it: its name in the store of files, and its size on disk. */
export interface SnapshotFile {
  name: string
  bytes: number
}

/**
 * The one point of a backup (cloud.md §1): dump, counts, hashes and the list of files all come from it. Until `letGo` the snapshot can be
 * given to pg_dump; until `close` no file is collected. Both can be called at any time, and again.
 */
export interface Snapshot {
  /** For `pg_dump --snapshot`. */
  id: string
  /** By the database's clock. */
  taken: Date
  /** Of PostgreSQL, such as `15.18`. */
  postgres: string
  databaseBytes: number
  files: SnapshotFile[]
  /** How to reach the database, as the owner. */
  config: pg.ClientConfig
  /** Counts and hashes everything in the snapshot: may go on beside the dump, and takes about a third of its time. */
  measure(): Promise<Content>
  /** Ends the transaction: an old snapshot keeps dead rows from being cleared away. */
  letGo(): Promise<void>
  close(): Promise<void>
}

/** The collector of files takes this lock alone, a backup shared, in the instance's database (packages/server/sql/files.ts). */
const collectionLock = 0x626c6f62

/** Takes one of the four connections that an owner may have; pg_dump takes another. OpsError `set_damaged` when a file is missing. */
export async function takeSnapshot(host: Host, instance: Pick<Instance, 'uuid' | 'database'>): Promise<Snapshot> {
  const config = { ...(await connectAs(host, instance, 'owner')), application_name: 'erp4 backup' }
  const db = new pg.Client(config)
  db.on('error', () => {}) // told by the next statement
  await db.connect()
  let isOpen = true
  const close = async () => {
    if (isOpen) await db.end()
    isOpen = false
  }
  try {
    // A dump takes as long as it takes; the cluster would end an idle transaction after a minute.
    await db.query('set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set lock_timeout = 0')
    await db.query('select pg_advisory_lock_shared($1)', [collectionLock])
    await db.query('begin isolation level repeatable read read only')
    const { rows } = await db.query<{ id: string; taken: Date; postgres: string }>(
      `select pg_export_snapshot() as id, now() as taken, split_part(current_setting('server_version'), ' ', 1) as postgres`,
    )
    // Sequences obey no snapshot: read before the dump begins, they are never ahead of it.
    const drawn = await sequencesOf(db)
    const size = await databaseBytes(db)
    const files = await listFiles(db, join(host.home.files, instance.uuid))
    const letGo = async () => {
      if (isOpen) await db.query('commit')
    }
    return { ...rows[0]!, databaseBytes: size, files, config, measure: () => contentOf(db, drawn), letGo, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Chunks of 1 MiB, each with a tag of 16 bytes; an empty file is one empty chunk (packages/server/files/cipher.ts). */
export const storedBytes = (size: number): number => size + 16 * Math.max(1, Math.ceil(size / 2 ** 20))

/**
 * The files whose rows the snapshot shows. One that counts down to its removal (`dead_at`) belongs to it as well: a reference may have
 * come back that no collector has seen yet. Only such a one may be missing, as when a collector was killed between unlinking and commit.
 */
async function listFiles(db: pg.ClientBase, folder: string): Promise<SnapshotFile[]> {
  if (!(await hasTable(db, 'public.blob'))) return []
  const { rows } = await db.query<{ name: string; size: string; dead: boolean }>(
    `select hash as name, size, dead_at is not null as dead from public.blob where length(wrapped_key) > 0 order by hash`,
  )
  const files: SnapshotFile[] = []
  for (const { name, size, dead } of rows) {
    const found = await lstat(join(folder, relativePath(name))).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    const bytes = storedBytes(Number(size))
    if (found?.isFile() && found.size === bytes) files.push({ name, bytes })
    else if (!dead) throw new OpsError('set_damaged', tellMissing(name, found?.size, bytes))
  }
  return files
}

/** Where a file lies below the instance's folder. */
export function relativePath(name: string): string {
  if (!/^[0-9a-f]{64}$/.test(name)) throw new OpsError('set_damaged', `${JSON.stringify(name)} is no name of a stored file.`)
  return `${name.slice(0, 2)}/${name}`
}

const tellMissing = (name: string, found: number | undefined, bytes: number): string =>
  found === undefined
    ? `The file ${name} is missing, though the database refers to it: no backup can be made until it is restored or its row removed.`
    : `The file ${name} has ${found} bytes instead of ${bytes}: no backup can be made until it is restored or its row removed.`
