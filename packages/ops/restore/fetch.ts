import { createHash, randomBytes, type KeyObject } from 'node:crypto'
import { createWriteStream, existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setPrefix, type Manifest, type ManifestPart, type SetFacts } from '../backup/manifest.ts'
import { openManifest } from '../backup/signed-manifest.ts'
import { demandSpace } from '../backup/spool.ts'
import { openPart, PartProcess, type Command } from '../envelope/envelope.ts'
import { OpsError } from '../errors.ts'
import { ensureFolder, withUnnamedFile } from '../files.ts'
import type { Home } from '../home.ts'
import type { Host } from '../host.ts'
import { readText } from '../stores/content.ts'
import type { StoreReader } from '../stores/store.ts'
import { beginningOf } from './scratch.ts'

/** A set that was read from one location into this host, every byte of it compared with its signed manifest. */
export interface FetchedSet {
  manifest: Manifest
  /** Of the manifest's bytes, hex. */
  manifestSha256: string
  facts: SetFacts
  /** The store that it was read from. */
  location: string
  /** Where its parts lie, still sealed; a folder of this process, that `withSet` removes. */
  folder: string
  /** The key of its parts. */
  key: Buffer
  /** Opens all of them, and ends with `withSet`; a process for each without it. */
  opening?: PartProcess | undefined
}

export interface FetchOptions {
  signal?: AbortSignal | undefined
  /** Hears how many bytes of how many were read, and then how many were loaded. */
  progress?: ((bytes: number, of: number) => void) | undefined
  /** Only what is needed to know of the set, not to restore it. */
  factsAlone?: boolean
  /** A set that is another host's: this one's registry and keys know nothing of it. */
  foreign?: Foreign | undefined
}

/** What is known of another host's set from elsewhere than the registry. */
export interface Foreign {
  manifest: Manifest
  /** Of the manifest, byte for byte. */
  text: string
  trustedKey: (keyId: string) => KeyObject | undefined
  /** Of its parts. */
  key: Buffer
}

/** One location's copy is not what was written; those of others may be. */
export class DamagedCopy extends OpsError {
  constructor(store: StoreReader, key: string, how: string) {
    super('set_damaged', `${key} in ${store.location.name} is damaged: ${how}; read the set from another location.`)
  }
}

/** Where sets are unpacked, beside the spool of those that are being made. */
const foldersOf = (home: Home): string => join(home.dir, 'restoring')

/**
 * Reads a set from `store` and gives it to `work`; what was read is gone afterwards. OpsError `set_damaged` names the object and the location
 * when anything is not what its host wrote; `not_found` when the host knows no such set.
 */
export async function withSet<T>(
  host: Host,
  set: string,
  store: StoreReader,
  work: (fetched: FetchedSet) => Promise<T>,
  options: FetchOptions = {},
): Promise<T> {
  const { foreign } = options
  const known = foreign ?? (await knownManifest(host, set))
  const { manifest, manifestSha256 } = await readManifest(store, known, foreign?.trustedKey ?? ((id) => host.keys.trustedKey(id)))
  const folder = reserveFolder(host.home)
  const opening = new PartProcess()
  try {
    const parts = manifest.parts.filter(({ kind }) => kind === 'facts' || !options.factsAlone)
    const all = parts.reduce((sum, part) => sum + part.bytes, 0)
    const plain = parts.reduce((sum, part) => sum + (part.kind === 'database' ? 0 : part.plain_bytes), 0)
    demandSpace(host.home, folder, all + plain, 'Reading the set')
    let read = 0
    for (const part of parts)
      await fetchPart(store, manifest, part, folder, { ...options, progress: (bytes) => options.progress?.(read + bytes, all) }).then(
        () => (read += part.bytes),
      )
    const key = foreign?.key ?? host.keys.instanceKeys(manifest.instance, manifest.key_version).derive('backup')
    const fetched = { manifest, manifestSha256, location: store.location.name, folder, key, opening }
    return await work({ ...fetched, facts: await readFacts(fetched, options.signal) })
  } finally {
    await opening.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The one part of a kind; a set without it is damaged. */
export function partOf(manifest: Manifest, kind: ManifestPart['kind']): ManifestPart {
  const part = manifest.parts.find((one) => one.kind === kind)
  if (!part) throw new OpsError('set_damaged', `The set ${manifest.set} has no part of the kind ${kind}.`)
  return part
}

/** Opens a part of a fetched set into a file or a program, and compares what was in it with the manifest. */
export async function openInto(
  { manifest, folder, key, location, opening }: Omit<FetchedSet, 'facts'>,
  part: ManifestPart,
  sink: Command | { file: string },
  { signal, progress }: { signal?: AbortSignal | undefined; progress?: ((bytes: number) => void) | undefined } = {},
): Promise<void> {
  const context = { instance: manifest.instance, set: part.shared_from ?? manifest.set, part: part.name }
  const compressed = part.kind !== 'files'
  const source = { file: join(folder, part.name) }
  const opened = await openPart({ process: opening, source, key, context, sink, compressed, signal, progress })
  if (opened.plainSha256 !== part.plain_sha256 || opened.plainBytes !== part.plain_bytes)
    throw new OpsError('set_damaged', `What is in ${part.name} of the set ${manifest.set} (${location}) is not what its manifest says.`)
}

/** Removes what killed restores of this machine had read. */
export function sweepFetched(home: Home): void {
  if (!existsSync(foldersOf(home))) return
  for (const name of readdirSync(foldersOf(home))) {
    const [pid, began] = name.split('-')
    if (beginningOf(Number(pid)) !== began) rmSync(join(foldersOf(home), name), { recursive: true, force: true })
  }
}

/** The signed manifest of a set that this host knows of. */
export async function knownManifest(host: Host, set: string): Promise<{ manifest: Manifest; text: string }> {
  const { rows } = await host.db.query<{ manifest: string | null; signature: string | null; state: string }>(
    'select manifest, signature, state from backup_set where id = $1',
    [set],
  )
  const row = rows[0]
  if (!row) throw new OpsError('not_found', `This host knows no backup set ${JSON.stringify(set)}: "erp4 backup list" shows all.`)
  if (row.state === 'pruned' || row.state === 'failed' || !row.manifest || !row.signature)
    throw new OpsError('not_found', `There is nothing to restore of the set ${set}: it is ${row.state}.`)
  const trusted = (id: string) => host.keys.trustedKey(id)
  return { manifest: openManifest({ text: row.manifest, signature: row.signature }, trusted), text: row.manifest }
}

/** What lies in the store must be the manifest that this host knows, byte for byte: a good one of another set is a swapped set. */
async function readManifest(
  store: StoreReader,
  known: Pick<Foreign, 'manifest' | 'text'>,
  trustedKey: Foreign['trustedKey'],
): Promise<{ manifest: Manifest; manifestSha256: string }> {
  const prefix = setPrefix(known.manifest)
  const found = await objectText(store, `${prefix}manifest.json`)
  const signature = await objectText(store, `${prefix}manifest.sig`)
  const manifest = believe(store, `${prefix}manifest.json`, () => openManifest({ text: found, signature }, trustedKey))
  if (found !== known.text)
    throw new DamagedCopy(store, `${prefix}manifest.json`, `it is another one than this host knows, of the set ${manifest.set}`)
  return { manifest, manifestSha256: createHash('sha256').update(found).digest('hex') }
}

function believe<T>(store: StoreReader, key: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    throw new DamagedCopy(store, key, (error as Error).message)
  }
}

const objectText = (store: StoreReader, key: string): Promise<string> => readText(store, key).catch(asDamage(store, key))

const missingIsDamage = (store: StoreReader, key: string) => store.get(key).catch(asDamage(store, key))

const asDamage =
  (store: StoreReader, key: string) =>
  (error: Error & { code?: string }): never => {
    if (error.code === 'not_found') throw new DamagedCopy(store, key, 'it is missing')
    if (error.code === 'set_damaged') throw new DamagedCopy(store, key, 'it is too long')
    throw error
  }

async function fetchPart(
  store: StoreReader,
  manifest: Manifest,
  part: ManifestPart,
  folder: string,
  { signal, progress }: { signal?: AbortSignal | undefined; progress: (bytes: number) => void },
): Promise<void> {
  const prefix = part.shared_from ? await prefixOfShared(store, manifest, part) : setPrefix(manifest)
  const key = `${prefix}${part.name}`
  const hash = createHash('sha256')
  let bytes = 0
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      bytes += chunk.length
      progress(bytes)
      // No more than was promised comes to our disk.
      done(bytes > part.bytes ? new DamagedCopy(store, key, `it has more than ${part.bytes} bytes`) : null, chunk)
    },
  })
  const target = createWriteStream(join(folder, part.name), { flags: 'wx', mode: 0o600 })
  await pipeline([await missingIsDamage(store, key), meter, target], signal ? { signal } : {})
  if (bytes !== part.bytes) throw new DamagedCopy(store, key, `it has ${bytes} of ${part.bytes} bytes`)
  if (hash.digest('hex') !== part.sha256) throw new DamagedCopy(store, key, 'its bytes are not those that were written')
}

/** A part that another set holds lies with that set: same instance, its ULID at the end of the folder's name. */
async function prefixOfShared(store: StoreReader, manifest: Manifest, part: ManifestPart): Promise<string> {
  const { objects } = await store.list(`v1/${manifest.instance}/`)
  const found = objects.find(({ key }) => key.endsWith(`-${part.shared_from}/${part.name}`))
  if (!found) throw new DamagedCopy(store, `v1/${manifest.instance}/…-${part.shared_from}/${part.name}`, 'it is missing')
  return found.key.slice(0, -part.name.length)
}

/** As where they are made: what names a customer, his hosts and his tables has no name on the disk, where a kill would leave it. */
async function readFacts(fetched: Omit<FetchedSet, 'facts'>, signal: AbortSignal | undefined): Promise<SetFacts> {
  const facts = await withUnnamedFile(fetched.folder, async (file, path) => {
    const sink = { command: 'dd', args: [`of=${path}`, 'bs=1M', 'status=none'] }
    await openInto(fetched, partOf(fetched.manifest, 'facts'), sink, { signal })
    return JSON.parse(await file.readFile('utf8')) as SetFacts
  })
  if (facts.v !== 1 || facts.instance.uuid !== fetched.manifest.instance)
    throw new OpsError('set_damaged', `The facts of the set ${fetched.manifest.set} are of another instance or version.`)
  return facts
}

function reserveFolder(home: Home): string {
  ensureFolder(foldersOf(home), 0o700)
  sweepFetched(home)
  const folder = join(foldersOf(home), `${process.pid}-${beginningOf(process.pid)}-${randomBytes(3).toString('hex')}`)
  ensureFolder(folder, 0o700)
  return folder
}
