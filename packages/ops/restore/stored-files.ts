import { createDecipheriv } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { lstat, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import type { SetFacts } from '../backup/manifest.ts'
import { relativePath } from '../backup/snapshot.ts'
import { OpsError } from '../errors.ts'
import { openInto, partOf, type FetchedSet } from './fetch.ts'

/** Files of an instance as they lie in a set: chunks of 1 MiB, each followed by its tag (packages/server/files/cipher.ts has the format). */
const chunkBytes = 2 ** 20
const tagBytes = 16
const wrappedBytes = 1 + 12 + 32 + tagBytes

/** Unpacks the files of a fetched set into a new folder, and sees that those which its facts name are there, in their length, and no other. */
export async function unpackFiles(fetched: FetchedSet, folder: string, signal?: AbortSignal): Promise<void> {
  mkdirSync(folder, { mode: 0o700 })
  // Reads to the very end: a program that stops at the archive's own end would leave the last bytes unproven.
  const looks = ['--no-same-owner', '--no-same-permissions', '--keep-old-files', '--ignore-zeros']
  const tar = { command: 'tar', args: ['--extract', '--file=-', `--directory=${folder}`, ...looks] }
  await openInto(fetched, partOf(fetched.manifest, 'files'), tar, { signal })
  await demandNoOther(fetched, folder)
  for (const { name, bytes } of fetched.facts.files) {
    const found = await lstat(join(folder, relativePath(name))).catch(() => undefined)
    if (!found?.isFile() || found.size !== bytes)
      throw new OpsError(
        'set_damaged',
        `The file ${name} of the set ${fetched.manifest.set} is ${found ? `${found.size} bytes long instead of ${bytes}` : 'missing'}.`,
      )
  }
}

/** Shelves are folders, and what is on them are files that the facts name: nothing that leads elsewhere, is a device or has a second name. */
async function demandNoOther({ manifest, facts }: FetchedSet, folder: string): Promise<void> {
  const named = new Set(facts.files.map(({ name }) => relativePath(name)))
  const other = (path: string): OpsError =>
    new OpsError('set_damaged', `Among the files of the set ${manifest.set} is ${JSON.stringify(path)}, which is none of them.`)
  for (const shelf of await readdir(folder, { withFileTypes: true })) {
    if (!shelf.isDirectory()) throw other(shelf.name)
    const files = await readdir(join(folder, shelf.name), { withFileTypes: true })
    if (files.length === 0) throw other(`${shelf.name}/`)
    for (const file of files) if (!file.isFile() || !named.has(`${shelf.name}/${file.name}`)) throw other(`${shelf.name}/${file.name}`)
  }
}

interface StoredRow {
  hash: string
  size: string
  wrapped_key: Buffer
}

/** All files are opened where they are at most this many bytes together; of more, a share a day, so that all have been within `rotaDays`. */
const allUpTo = 256 * 2 ** 20
const rotaDays = 14

/** Which of the files are opened on this day (days since 1970). The same file comes every fourteenth day. */
export function filesToOpen(files: SetFacts['files'], day: number, limit = allUpTo): SetFacts['files'] {
  const all = files.reduce((sum, file) => sum + file.bytes, 0)
  return all <= limit ? files : files.filter(({ name }) => parseInt(name.slice(0, 8), 16) % rotaDays === day % rotaDays)
}

/**
 * Decrypts files under `folder` with the keys that the restored database holds, wrapped by one of `wraps`; nothing is written. Gives the
 * number of bytes opened. OpsError `set_damaged` names the file that does not open.
 */
export async function openFiles(
  db: pg.ClientBase,
  { instance, wraps, folder }: { instance: string; wraps: readonly Buffer[]; folder: string },
  names: readonly string[],
): Promise<number> {
  let opened = 0
  for (let at = 0; at < names.length; at += 500) {
    const some = names.slice(at, at + 500)
    const { rows } = await db.query<StoredRow>('select hash, size, wrapped_key from public.blob where hash = any($1)', [some])
    if (rows.length !== some.length) throw new OpsError('set_damaged', 'The restored database lacks rows of files that are in the set.')
    for (const row of rows) opened += await openFile(row, { instance, wraps, path: join(folder, relativePath(row.hash)) })
  }
  return opened
}

async function openFile(
  { hash, size, wrapped_key }: StoredRow,
  { instance, wraps, path }: { instance: string; wraps: readonly Buffer[]; path: string },
): Promise<number> {
  try {
    const key = unwrapWithAny(wraps, instance, hash, wrapped_key)
    await decrypt(path, hash, Number(size), key)
    return Number(size)
  } catch (error) {
    throw new OpsError('set_damaged', `The file ${hash} of the set does not open: ${(error as Error).message}`, { cause: error })
  }
}

/** In the middle of a rotation some are wrapped with one version of the instance's key and some with the next. */
function unwrapWithAny([wrap, ...more]: readonly Buffer[], instance: string, name: string, wrapped: Buffer): Buffer {
  try {
    return unwrap(wrap!, instance, name, wrapped)
  } catch (error) {
    if (more.length === 0) throw error
    return unwrapWithAny(more, instance, name, wrapped)
  }
}

function unwrap(wrap: Buffer, instance: string, name: string, wrapped: Buffer): Buffer {
  if (wrapped.length !== wrappedBytes || wrapped[0] !== 1) throw new Error('its key has an unknown form')
  const opening = createDecipheriv('aes-256-gcm', wrap, wrapped.subarray(1, 13), { authTagLength: tagBytes })
    .setAAD(Buffer.from(`erp4.file-key.1\n${instance}\n${name}`))
    .setAuthTag(wrapped.subarray(45))
  return Buffer.concat([opening.update(wrapped.subarray(13, 45)), opening.final()])
}

async function decrypt(path: string, name: string, size: number, key: Buffer): Promise<void> {
  const handle = await open(path, 'r')
  try {
    const last = Math.max(0, Math.ceil(size / chunkBytes) - 1)
    for (let number = 0; number <= last; number++) {
      const stored = Buffer.alloc(Math.min(chunkBytes, size - number * chunkBytes) + tagBytes)
      const { bytesRead } = await handle.read(stored, 0, stored.length, number * (chunkBytes + tagBytes))
      if (bytesRead !== stored.length) throw new Error('it is too short')
      const nonce = Buffer.alloc(12)
      nonce.writeUInt8(number === last ? 1 : 0, 0)
      nonce.writeBigUInt64BE(BigInt(number), 4)
      const opening = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
        .setAAD(Buffer.concat([Buffer.from(`erp4.file.1\n${name}`), nonce]))
        .setAuthTag(stored.subarray(-tagBytes))
      opening.update(stored.subarray(0, -tagBytes))
      opening.final()
    }
  } finally {
    await handle.close()
  }
}
