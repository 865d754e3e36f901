import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { OpsError } from '../errors.ts'
import { syncFolder, writeDurably } from '../files.ts'
import type { Home } from '../home.ts'
import { parseKey, readKey } from './key-file.ts'
import { keyId } from '../sealing.ts'
import { combineShares } from './shares.ts'

/** What a home knows of its root key R, also when R is elsewhere. */
export interface RootFacts {
  /** 16 hex digits. */
  id: string
  /** ISO 8601. */
  since: string
}

export const rootFile = (home: Home): string => join(home.keys, 'root.key')
/** R while it is being replaced: what `rotateRoot` goes on with after an interruption. */
export const nextRootFile = (home: Home): string => join(home.keys, 'root.key.next')
const factsFile = (home: Home): string => join(home.keys, 'root.json')

/** Whether R lies on this host: whoever is root here then has the keys of all its instances, past ones too. */
export const hasRoot = (home: Home): boolean => existsSync(rootFile(home))

export function rootFacts(home: Home): RootFacts {
  if (!existsSync(factsFile(home))) noteRoot(home, readKey(rootFile(home)))
  return JSON.parse(readFileSync(factsFile(home), 'utf8')) as RootFacts
}

export function noteRoot(home: Home, root: Uint8Array): void {
  writeDurably(factsFile(home), `${JSON.stringify({ id: keyId(root), since: new Date().toISOString() } satisfies RootFacts)}\n`, {
    mode: 0o600,
  })
}

/** OpsError `key_wrong` unless it is the root key of this home. */
export function demandRoot(home: Home, root: Uint8Array): void {
  const { id } = rootFacts(home)
  if (keyId(root) !== id)
    throw new OpsError('key_wrong', `That is the root key ${keyId(root)}; the one of this home is ${id}: nothing was changed.`)
}

export function readRoot(home: Home): Buffer {
  if (hasRoot(home)) return readKey(rootFile(home))
  throw new OpsError(
    'key_missing',
    `The root key ${rootFacts(home).id} is not on this host: give it with --root-key FILE (the key, or two shares of the recovery kit; - reads them from standard input).`,
  )
}

/** R as a person gives it: a key file's text, or two shares of the recovery kit. */
export function parseRoot(text: string): Promise<Buffer> | Buffer {
  return /^[A-Za-z0-9+/]{43}=$/.test(text.trim()) ? parseKey(text) : combineShares(text)
}

/** Takes R off this host. */
export function removeRoot(home: Home): void {
  rmSync(rootFile(home), { force: true })
  syncFolder(home.keys)
}
