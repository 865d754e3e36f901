import { constants } from 'node:fs'
import { chmod, chown, copyFile, link, lstat, open, readdir, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type pg from 'pg'
import type { SetFacts } from '../backup/manifest.ts'
import { relativePath } from '../backup/snapshot.ts'
import { ensureFolder, syncFolder } from '../files.ts'
import type { Home } from '../home.ts'

const tagBytes = 16

/**
 * Moves the files of a set into an instance's folder. One that is there already stays, because generations share it; where it was written
 * anew since, under another key, its name is told: the restored row must take that key over, for both hold the same content.
 */
export async function placeFiles(home: Home, uuid: string, from: string, files: SetFacts['files']): Promise<string[]> {
  const to = join(home.files, uuid)
  const shelves = new Set(files.map(({ name }) => dirname(join(to, relativePath(name)))))
  for (const shelf of shelves) ensureFolder(shelf, 0o700, home.serverUser)
  const rewritten: string[] = []
  for (const { name } of files) {
    const [source, target] = [join(from, relativePath(name)), join(to, relativePath(name))]
    if (!(await isThere(target))) await move(home, source, target)
    else if (!(await endsAlike(source, target))) rewritten.push(name)
  }
  for (const shelf of shelves) syncFolder(shelf)
  return rewritten
}

/**
 * Gives restored rows the keys under which their files lie now. `missing` are files that the live database has no row of: left by a
 * transaction that never committed, they are to be overwritten.
 */
export async function adoptKeys(live: pg.ClientBase, restored: pg.ClientBase, names: readonly string[]): Promise<{ missing: string[] }> {
  if (names.length === 0) return { missing: [] }
  const { rows } = await live.query<{ hash: string; wrapped_key: Buffer }>(
    'select hash, wrapped_key from public.blob where hash = any($1) and length(wrapped_key) > 0',
    [names],
  )
  await restored.query(
    'update public.blob b set wrapped_key = k.key from unnest($1::text[], $2::bytea[]) as k(hash, key) where b.hash = k.hash',
    [rows.map(({ hash }) => hash), rows.map(({ wrapped_key }) => wrapped_key)],
  )
  const known = new Set(rows.map(({ hash }) => hash))
  return { missing: names.filter((name) => !known.has(name)) }
}

export async function overwriteFiles(home: Home, uuid: string, from: string, names: readonly string[]): Promise<void> {
  for (const name of names) await move(home, join(from, relativePath(name)), join(home.files, uuid, relativePath(name)))
}

/** Where a replaced generation keeps a hold of its files: the collector of the present one knows nothing of them, and looks one level deep. */
export const keptFolder = (home: Home, uuid: string, generation: number): string => join(home.files, uuid, `generation-${generation}`)

/** Links every file of an instance into the folder of a generation, which costs no room. */
export async function keepFiles(home: Home, uuid: string, generation: number): Promise<void> {
  await linkAll(home, join(home.files, uuid), keptFolder(home, uuid, generation))
}

/** Brings back the files that a generation kept. */
export async function bringBackFiles(home: Home, uuid: string, generation: number): Promise<void> {
  await linkAll(home, keptFolder(home, uuid, generation), join(home.files, uuid))
}

async function linkAll(home: Home, from: string, to: string): Promise<void> {
  const shelves = (await readdir(from).catch(noneIfMissing)).filter((name) => /^[0-9a-f]{2}$/.test(name))
  ensureFolder(to, 0o700, home.serverUser)
  for (const shelf of shelves) {
    ensureFolder(join(to, shelf), 0o700, home.serverUser)
    for (const name of (await readdir(join(from, shelf))).filter((one) => /^[0-9a-f]{64}$/.test(one)))
      await link(join(from, shelf, name), join(to, shelf, name)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error
      })
    syncFolder(join(to, shelf))
  }
}

/** The last tag tells: the same content under another key has another one. */
async function endsAlike(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([tailOf(one), tailOf(other)])
  return a.equals(b)
}

async function tailOf(path: string): Promise<Buffer> {
  const handle = await open(path, 'r')
  try {
    const { size } = await handle.stat()
    const tail = Buffer.alloc(tagBytes + 8)
    tail.writeBigUInt64BE(BigInt(size), tagBytes)
    await handle.read(tail, 0, tagBytes, Math.max(0, size - tagBytes))
    return tail
  } finally {
    await handle.close()
  }
}

async function move(home: Home, from: string, to: string): Promise<void> {
  const owner = home.serverUser
  const fresh = `${to}.restored.part`
  await copyFile(from, fresh, constants.COPYFILE_FICLONE)
  await chmod(fresh, 0o600)
  if (owner) await chown(fresh, owner.uid, owner.gid)
  const handle = await open(fresh, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(fresh, to)
}

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )

const noneIfMissing = (error: NodeJS.ErrnoException): string[] => {
  if (error.code === 'ENOENT') return []
  throw error
}
