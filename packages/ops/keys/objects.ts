import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { keyObject } from '../backup/manifest.ts'
import { asOpsError, OpsError } from '../errors.ts'
import type { Home } from '../home.ts'
import { unseal, type SealContext } from '../sealing.ts'
import type { StoreReader, StoreWriter } from '../stores/store.ts'

/** A key object is 61 bytes; what is longer is something else. */
const objectLimit = 1024

/** What came of one location. */
export interface AtLocation {
  location: string
  error?: OpsError
}

/** What an instance key is sealed with, under R (key objects) and under the host's serving key alike. */
export const instanceKeyContext = (uuid: string, version: number): SealContext => ({ instance: uuid, purpose: 'instance key', version })

/** This home's copies of the key objects of an instance: `keys/instances/<uuid>/<v>.sealed`. */
export const objectFolder = (home: Home, uuid: string): string => join(home.keys, 'instances', uuid)
export const objectFile = (home: Home, uuid: string, version: number): string => join(objectFolder(home, uuid), `${version}.sealed`)

export const shreddingFile = (home: Home, uuid: string): string => join(home.keys, 'shredded', `${uuid}.json`)
/** Whether the keys of an instance are being destroyed, or were. */
export const isShredding = (home: Home, uuid: string): boolean => existsSync(shreddingFile(home, uuid))

/** The versions of an instance's key that may be stored: none that is destroyed. One that came back from another host has newer ones. */
function storable(home: Home, uuid: string): number[] {
  const versions = versionsIn(objectFolder(home, uuid))
  if (!isShredding(home, uuid)) return versions
  const { versions: gone } = JSON.parse(readFileSync(shreddingFile(home, uuid), 'utf8')) as { versions: number[] }
  const left = versions.filter((version) => !gone.includes(version))
  if (left.length) return left
  throw new OpsError('refused', `The keys of instance ${uuid} are being shredded: they are stored nowhere.`)
}

/** The versions in a folder of sealed keys, the oldest first. */
export function versionsIn(folder: string): number[] {
  const names = existsSync(folder) ? readdirSync(folder) : []
  return names
    .flatMap((name) => /^(\d+)\.sealed$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
}

/** Every instance whose keys this home holds. */
export const instancesWithKeys = (home: Home): string[] =>
  existsSync(join(home.keys, 'instances')) ? readdirSync(join(home.keys, 'instances')).sort() : []

/**
 * Puts the key objects of an instance (its key under R, each version) into every location: without them no set there opens. They carry
 * no retention, so that they can be shredded. Can be repeated; a location that is away does not stop the others.
 */
export function publishKeyObjects(home: Home, uuid: string, writers: readonly StoreWriter[]): Promise<AtLocation[]> {
  return atEach(writers, async (writer) => {
    for (const version of storable(home, uuid))
      await putObject(writer, keyObject(uuid, version), readFileSync(objectFile(home, uuid, version)))
  })
}

/** Reads an instance key with R from the first location that has it whole. OpsError of the last location when none does. */
export async function readKeyObject(stores: readonly StoreReader[], root: Uint8Array, uuid: string, version: number): Promise<Buffer> {
  let last: unknown = new OpsError('not_found', 'There is no location to read a key from.')
  for (const store of stores) {
    try {
      return unseal(root, instanceKeyContext(uuid, version), await fetchObject(store, keyObject(uuid, version)))
    } catch (error) {
      last = error
    }
  }
  throw last
}

/** The versions of an instance's key that a location holds, the oldest first. */
export async function listKeyObjects(store: StoreReader, uuid: string): Promise<number[]> {
  const versions: number[] = []
  for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
    const page = await store.list(`keys/${uuid}/`, cursor)
    versions.push(...page.objects.flatMap(({ key }) => /\/(\d+)\.sealed$/.exec(key)?.[1] ?? []).map(Number))
    cursor = page.cursor
  }
  return versions.sort((a, b) => a - b)
}

export async function putObject(writer: StoreWriter, key: string, content: Buffer): Promise<void> {
  const sha256 = createHash('sha256').update(content).digest('hex')
  await writer.putIfAbsent(key, () => Readable.from([content]), { length: content.length, sha256 })
}

export async function fetchObject(store: StoreReader, key: string): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of (await store.get(key)) as AsyncIterable<Buffer>) {
    length += piece.length
    if (length > objectLimit) throw new OpsError('set_damaged', `${key} of ${store.location.name} is no key object: it is too long.`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** The same at every location, one after the other, whatever came of those before. */
export async function atEach<S extends StoreReader>(stores: readonly S[], work: (store: S) => Promise<void>): Promise<AtLocation[]> {
  const results: AtLocation[] = []
  for (const store of stores) {
    const { name } = store.location
    try {
      await work(store)
      results.push({ location: name })
    } catch (error) {
      results.push({ location: name, error: asOpsError(error) ?? new OpsError('store_failed', `${name}: ${(error as Error).message}`) })
    }
  }
  return results
}
