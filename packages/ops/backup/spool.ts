import { existsSync, mkdirSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { OpsError } from '../errors.ts'
import { ensureFolder, writeDurably } from '../files.ts'
import type { Home } from '../home.ts'
import { isUlid } from '../ulid.ts'
import type { SignedManifest } from './signed-manifest.ts'

/** Where sets lie, encrypted, between the dump and the stores. */
export const spoolOf = (home: Home): string => join(home.dir, 'spool')
export const spoolFolder = (home: Home, set: string): string => join(spoolOf(home), set)

export function makeSpool(home: Home, set: string): string {
  ensureFolder(spoolOf(home), 0o700)
  const folder = spoolFolder(home, set)
  mkdirSync(folder, { mode: 0o700 })
  return folder
}

export function removeSpool(home: Home, set: string): void {
  rmSync(spoolFolder(home, set), { recursive: true, force: true })
}

/** The sets that something is spooled of. */
export const spooledSets = (home: Home): string[] => (existsSync(spoolOf(home)) ? readdirSync(spoolOf(home)).filter(isUlid) : [])

/** The last that comes into a spool, as into a store: where it is, everything is. */
export function writeManifest(folder: string, { text, signature }: SignedManifest): void {
  writeDurably(join(folder, 'manifest.sig'), signature, { mode: 0o600 })
  writeDurably(join(folder, 'manifest.json'), text, { mode: 0o600 })
}

/** Left for PostgreSQL, which stops when its disk is full. */
const reserveBytes = 256 * 2 ** 20

/** OpsError `disk_full` unless `bytes` can be written to `folder`, and some are left for the database where it shares the disk. */
export function demandSpace(home: Home, folder: string, bytes: number, what: string): void {
  const { bavail, bsize } = statfsSync(folder)
  const isShared = existsSync(home.data) && statSync(folder).dev === statSync(home.data).dev
  const free = bavail * bsize - (isShared ? reserveBytes : 0)
  if (free >= bytes) return
  throw new OpsError(
    'disk_full',
    `${what} needs about ${megabytes(bytes)} in ${folder}, where ${megabytes(Math.max(0, free))} may be used.`,
  )
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`
