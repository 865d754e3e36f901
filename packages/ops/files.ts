import { randomBytes } from 'node:crypto'
import { chownSync, closeSync, fchownSync, fchmodSync, fsyncSync, mkdirSync, openSync, chmodSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
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
    writeSync(fd, typeof content === 'string' ? Buffer.from(content) : content)
    if (options.owner) fchownSync(fd, options.owner.uid, options.owner.gid)
    else if (options.gid !== undefined) fchownSync(fd, process.getuid!(), options.gid)
    fchmodSync(fd, options.mode)
    fsyncSync(fd)
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
