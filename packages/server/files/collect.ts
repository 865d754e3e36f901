import { readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Connection, Databases } from '@erp4/orm'
import {
  checkNow,
  claimOrphan,
  deleteBlobs,
  lockCollection,
  lockDead,
  lockUnreferenced,
  markDead,
  reviveReferenced,
  withoutRow,
  type BlobReference,
} from '../sql/files.ts'
import type { FileStore } from './store.ts'

/** How long an unreferenced file is kept at least; more where point-in-time recovery reaches further back. */
const graceHours = 48
const batch = 200

export interface Collection {
  /** Found without a reference, and now counting down. */
  marked: number
  /** Counting down, but referred to again. */
  revived: number
  deleted: number
  /** Files that no row knew: left by transactions that never committed. */
  swept: number
  /** Nothing was done: a backup, a restore or another collector is at work. */
  isHeldUp: boolean
}

export interface CollectOptions {
  /** Every column that may name a file: the binary columns of all models, and those of this package. */
  references: readonly BlobReference[]
  graceHours?: number
}

/**
 * Removes what nobody refers to (cloud §1): a row without reference is marked dead, and after the grace the row is deleted and
 * the file unlinked within one transaction. A crash between the two leaves a dead row without a file, which the next `put` heals.
 */
export async function collectFiles(databases: Databases, database: string, store: FileStore, options: CollectOptions): Promise<Collection> {
  const done: Collection = { marked: 0, revived: 0, deleted: 0, swept: 0, isHeldUp: false }
  // Unlinking is an effect outside, so no step is run again by itself; the next collection finds what is left.
  const step = (work: (cx: Connection) => Promise<boolean | void>) =>
    databases.transaction(
      database,
      async (cx) => {
        const [lock] = await cx.query<{ mine: boolean }>(lockCollection)
        done.isHeldUp = !lock!.mine
        return lock!.mine && work(cx)
      },
      { retries: 0 },
    )

  while (await step((cx) => mark(cx, options, done)));
  while (await step((cx) => remove(cx, store, options, done)));
  // Never less: a younger draft may belong to somebody who is writing it.
  const before = Date.now() - graceHours * 3_600_000
  for (const shelf of await readdir(store.folder).catch(noneIfMissing)) {
    await step((cx) => sweep(cx, join(store.folder, shelf), store, done, before))
  }
  return done
}

async function mark(cx: Connection, { references }: CollectOptions, done: Collection): Promise<boolean> {
  const found = await cx.query<{ hash: string }>(lockUnreferenced(references, batch))
  // Looked at again under the lock: a reference may have been committed between the two.
  const marked = await cx.query(
    markDead(
      found.map((row) => row.hash),
      references,
    ),
  )
  done.marked += marked.length
  return marked.length > 0
}

async function remove(cx: Connection, store: FileStore, options: CollectOptions, done: Collection): Promise<boolean> {
  const dead = (await cx.query<{ hash: string }>(lockDead(options.graceHours ?? graceHours, batch))).map((row) => row.hash)
  if (dead.length === 0) return false
  const revived = new Set((await cx.query<{ hash: string }>(reviveReferenced(dead, options.references))).map((row) => row.hash))
  const gone = dead.filter((hash) => !revived.has(hash))
  await cx.query(checkNow)
  const deleted = await cx.query<{ size: number }>(deleteBlobs(gone))
  await store.space?.free(
    cx,
    deleted.reduce((sum, { size }) => sum + size, 0),
  )
  for (const hash of gone) await unlinkIfThere(store.path(hash))
  done.revived += revived.size
  done.deleted += gone.length
  return true
}

/** Old files of one shelf that have no row, drafts too. Each name is claimed first: a `put` of the same content waits. */
async function sweep(cx: Connection, shelf: string, store: FileStore, done: Collection, before: number): Promise<void> {
  const old = await oldFiles(shelf, before)
  const names = old.filter((name) => /^[0-9a-f]{64}$/.test(name))
  const orphans = await cx.query<{ hash: string }>(withoutRow(names))
  for (const { hash } of orphans) {
    if ((await cx.query(claimOrphan(hash))).length === 0) continue
    await unlinkIfThere(store.path(hash))
    await cx.query(deleteBlobs([hash]))
    done.swept++
  }
  for (const draft of old.filter((name) => name.endsWith('.part'))) {
    await unlinkIfThere(join(shelf, draft))
    done.swept++
  }
}

async function oldFiles(shelf: string, before: number): Promise<string[]> {
  const names = await readdir(shelf).catch(noneIfMissing)
  // A draft that is finished between the two looks has gone under this name: it is not old.
  const times = await Promise.all(names.map((name) => stat(join(shelf, name)).then(({ mtimeMs }) => mtimeMs, neverIfMissing)))
  return names.filter((_name, i) => times[i]! <= before)
}

const neverIfMissing = (error: NodeJS.ErrnoException): number => {
  if (error.code === 'ENOENT') return Number.POSITIVE_INFINITY
  throw error
}

const noneIfMissing = (error: NodeJS.ErrnoException): string[] => {
  if (error.code === 'ENOENT') return []
  throw error
}

const unlinkIfThere = (path: string): Promise<void> =>
  unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
