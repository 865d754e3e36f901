import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, rmdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { OpsError } from '../errors.ts'
import { ensureFolder } from '../files.ts'
import type { Home } from '../home.ts'

/** An archive that lies ready to be copied. */
export interface Download {
  /** ULID */
  set: string
  /** uuid */
  instance: string
  path: string
  bytes: number
  /** Hex, of the archive as it lies. */
  sha256: string
  /** With a passphrase, by OpenPGP. */
  isLocked: boolean
  /** It is removed then. */
  expires: Date
}

/** Longer than any copy takes that is not given up; it lies there readable, so not longer. */
export const lifetimeMs = 24 * 3_600_000
/** Of all archives of one instance together. */
export const quotaBytes = 100 * 2 ** 30

/** `downloads/<instance>/<set>[.locked]/`, each with `archive` and `facts.json`, which is written last. */
export const downloadsOf = (home: Home): string => join(home.dir, 'downloads')

export function makePlace(home: Home, instance: string, set: string, isLocked: boolean): string {
  const place = join(downloadsOf(home), instance, `${set}${isLocked ? '.locked' : ''}`)
  for (const folder of [downloadsOf(home), join(downloadsOf(home), instance), place]) ensureFolder(folder, 0o700)
  return place
}

/** The archive in a place; undefined where there is none, a half one, or one whose time is over. */
export function readyIn(place: string, now = Date.now()): Download | undefined {
  const facts = join(place, 'facts.json')
  if (!existsSync(facts)) return undefined
  const { expires, ...rest } = JSON.parse(readFileSync(facts, 'utf8')) as Omit<Download, 'expires' | 'path'> & { expires: string }
  const path = join(place, 'archive')
  const ready: Download = { ...rest, path, expires: new Date(expires) }
  return ready.expires.getTime() > now && existsSync(path) && statSync(path).size === ready.bytes ? ready : undefined
}

/** OpsError `refused` when another archive of that size would be more than an instance may have lying about. */
export function demandQuota(home: Home, instance: string, bytes: number): void {
  const folder = join(downloadsOf(home), instance)
  const places = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []
  const lying = places.reduce((sum, place) => sum + (readyIn(place)?.bytes ?? 0), 0)
  if (lying + bytes <= quotaBytes) return
  const gigabytes = (lying / 1e9).toFixed(1)
  throw new OpsError('refused', `Downloads of this instance already take ${gigabytes} GB; each goes 24 hours after it was made.`)
}

/** Removes archives whose time is over, and what killed builders left; all of an instance that is deleted, where it is named. */
export function sweepDownloads(home: Home, options: { now?: number; instance?: string } = {}): void {
  const now = options.now ?? Date.now()
  if (options.instance) return rmSync(join(downloadsOf(home), options.instance), { recursive: true, force: true })
  for (const instance of existsSync(downloadsOf(home)) ? readdirSync(downloadsOf(home)) : []) {
    const folder = join(downloadsOf(home), instance)
    for (const name of readdirSync(folder)) {
      const place = join(folder, name)
      const isBeingBuilt = now - statSync(place).mtimeMs < lifetimeMs && !existsSync(join(place, 'facts.json'))
      if (!isBeingBuilt && !readyIn(place, now)) rmSync(place, { recursive: true, force: true })
    }
    if (readdirSync(folder).length === 0) rmdirSync(folder)
  }
}

/** An empty place: what an earlier builder left in it is gone. */
export function clearPlace(place: string): void {
  rmSync(place, { recursive: true, force: true })
  mkdirSync(place, { mode: 0o700 })
}
