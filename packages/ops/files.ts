import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { OsUser } from './os-user.ts'

/** Writes a file so that after a power cut there is the old one or the new one, whole. */
export function writeDurably(
  path: string,
  content: string | Uint8Array,
  options: { mode: number; owner?: OsUser | undefined; gid?: number | undefined },
): void {
  const fresh = `${path}.${randomBytes(4).toString('hex')}.new`
  const fd = openSync(fresh, 'wx', 0o600)
  try {
    // A disk that fills up takes a part and says so only to whoever goes on: `writeFileSync` does.
    writeFileSync(fd, content)
    if (options.owner) fchownSync(fd, options.owner.uid, options.owner.gid)
    else if (options.gid !== undefined) fchownSync(fd, process.getuid!(), options.gid)
    fchmodSync(fd, options.mode)
    fsyncSync(fd)
  } catch (error) {
    rmSync(fresh, { force: true })
    throw error
  } finally {
    closeSync(fd)
  }
  renameSync(fresh, path)
  syncFolder(dirname(path))
}

/** Makes a folder with exactly this mode and owner, or brings an existing one to them. */
export function ensureFolder(path: string, mode: number, owner?: OsUser, gid?: number): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  if (owner) chownSync(path, owner.uid, gid ?? owner.gid)
  else if (gid !== undefined) chownSync(path, process.getuid!(), gid)
  chmodSync(path, mode)
}

/** A new or renamed name is only safe once its folder is. */
export function syncFolder(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/**
 * A file that has no name, for what must not lie on the disk in plain: it is gone with this process, however that ends. Programs of the same user
 * reach it by `path` as long as `work` takes.
 */
export async function withUnnamedFile<T>(folder: string, work: (file: FileHandle, path: string) => Promise<T>): Promise<T> {
  const name = join(folder, `${randomBytes(8).toString('hex')}.unnamed`)
  const file = await open(name, 'wx+', 0o600)
  try {
    await rm(name)
    return await work(file, `/proc/${process.pid}/fd/${file.fd}`)
  } finally {
    await file.close()
  }
}
