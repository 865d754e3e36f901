import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { readSigned } from '../backup/record.ts'
import { relativePath } from '../backup/snapshot.ts'
import { demandSpace } from '../backup/spool.ts'
import { OpsError } from '../errors.ts'
import { writeDurably } from '../files.ts'
import type { Host } from '../host.ts'
import { versionsIn } from '../keys/objects.ts'
import { operation } from '../operation.ts'
import { knownManifest, openInto, partOf, withSet, type FetchedSet } from '../restore/fetch.ts'
import { unpackFiles } from '../restore/stored-files.ts'
import { openStores } from '../stores/open.ts'
import type { StoreReader } from '../stores/store.ts'
import { fileEntry, textEntry, zipOf, type ArchiveEntry } from './archive.ts'
import { demandPassphrase, lockedBy, opensWith } from './passphrase.ts'
import { readDumpedFiles, type DumpedFile } from './references.ts'
import { clearPlace, demandQuota, lifetimeMs, makePlace, readyIn, sweepDownloads, type Download } from './spool.ts'
import { openStoredFile, unwrapFileKey } from './stored-file.ts'

export interface DownloadOptions {
  /** Locks the archive with it, by OpenPGP. */
  passphrase?: string
  tell?: (step: string) => void
  signal?: AbortSignal
}

/**
 * Makes the open archive of a set: everything decrypted, usable with PostgreSQL and `unzip` alone. One that lies ready is given again. It is
 * built from what a store holds, and only from what is authentic; it dies after 24 hours. OpsError `disk_full`, `refused`, `set_damaged`.
 */
export async function buildDownload(host: Host, set: string, options: DownloadOptions = {}): Promise<Download> {
  sweepDownloads(host.home)
  if (options.passphrase !== undefined) demandPassphrase(options.passphrase)
  const { manifest } = await knownManifest(host, set)
  const isLocked = options.passphrase !== undefined
  const place = makePlace(host.home, manifest.instance, set, isLocked)
  return operation(host.db, `download of ${set}${isLocked ? ', locked' : ''}`, 'download', async ({ signal }) => {
    const ready = readyIn(place)
    if (ready && (!isLocked || (await opensWith(ready.path, options.passphrase!)))) return ready
    clearPlace(place)
    const either = options.signal ? AbortSignal.any([signal, options.signal]) : signal
    try {
      const plain = manifest.parts.reduce((sum, part) => sum + part.plain_bytes, 0)
      demandQuota(host.home, manifest.instance, plain)
      // The archive, and the dump it is made from.
      demandSpace(host.home, place, plain + partOf(manifest, 'database').plain_bytes + 2e6, 'The archive')
      const work = (fetched: FetchedSet) => build(host, fetched, place, { ...options, signal: either })
      const found = await fromAnyStore(host, set, { ...options, signal: either }, work)
      const facts: Omit<Download, 'path'> = {
        set,
        instance: manifest.instance,
        ...found,
        isLocked,
        expires: new Date(Date.now() + lifetimeMs),
      }
      writeDurably(join(place, 'facts.json'), JSON.stringify(facts), { mode: 0o600 })
      return readyIn(place)!
    } catch (error) {
      await rm(place, { recursive: true, force: true })
      throw error
    }
  })
}

/** The first location whose copy is whole; what is wrong with the others is their scrub's to find. */
async function fromAnyStore<T>(
  host: Host,
  set: string,
  { tell, signal }: { tell?: ((step: string) => void) | undefined; signal: AbortSignal },
  work: (fetched: FetchedSet) => Promise<T>,
): Promise<T> {
  const stores: StoreReader[] = await openStores(host.home, 'read')
  let last: unknown = new OpsError('not_found', 'There is no location to read the set from.')
  try {
    for (const store of stores) {
      tell?.(`Reading the set from ${store.location.name}`)
      try {
        return await withSet(host, set, store, work, { signal })
      } catch (error) {
        const { code } = error as { code?: string }
        if (code !== 'set_damaged' && code !== 'store_failed' && code !== 'not_found') throw error
        last = error
      }
    }
    throw last
  } finally {
    await Promise.all(stores.map((store) => store.close()))
  }
}

async function build(
  host: Host,
  fetched: FetchedSet,
  place: string,
  { passphrase, tell, signal }: DownloadOptions & { signal: AbortSignal },
): Promise<{ bytes: number; sha256: string }> {
  tell?.('Opening the database and the files')
  const dump = join(fetched.folder, 'db.dump')
  await openInto(fetched, partOf(fetched.manifest, 'database'), { file: dump }, { signal })
  const folder = join(fetched.folder, 'files')
  await unpackFiles(fetched, folder, signal)
  const files = await presentOf(await readDumpedFiles(host.home, dump), fetched)
  const index = files.map(({ hash, size, mimetype, used_by }) => ({ file: `files/${hash}`, bytes: size, mimetype, used_by }))
  const entries = [
    textEntry('READ-ME.txt', await readFile(join(import.meta.dirname, 'READ-ME.txt'), 'utf8')),
    fileEntry('db.dump', dump),
    textEntry('files.json', `${JSON.stringify(index, null, 1)}\n`),
    ...files.map((file) => contentEntry(host, fetched, folder, file)),
  ]
  tell?.('Writing the archive')
  const zip = zipOf(entries, fetched.manifest, await readSigned(host, fetched.manifest.set), host.keys.signer('host'))
  try {
    return await writeArchive(zip, join(place, 'archive'), passphrase, signal)
  } finally {
    zip.destroy()
  }
}

/** Rows whose file was gone already when the set was made are no files; any other must be there. */
async function presentOf(files: readonly DumpedFile[], { facts, manifest }: FetchedSet): Promise<DumpedFile[]> {
  const there = new Set(facts.files.map(({ name }) => name))
  const missing = files.find(({ hash, used_by }) => used_by.length > 0 && !there.has(hash))
  if (missing) throw new OpsError('set_damaged', `The set ${manifest.set} lacks the file ${missing.hash}, which its database refers to.`)
  return files.filter(({ hash }) => there.has(hash))
}

function contentEntry(host: Host, { manifest }: FetchedSet, folder: string, { hash, size, wrappedKey }: DumpedFile): ArchiveEntry {
  const path = join(folder, relativePath(hash))
  const content = () => openStoredFile(path, { name: hash, size, key: fileKey(host, manifest, hash, wrappedKey) })
  return { name: `files/${hash}`, bytes: size, content }
}

/** Wrapped with the version that the instance's key had then, or in the middle of a rotation with the one beside it. */
function fileKey(host: Host, { instance, key_version }: { instance: string; key_version: number }, name: string, wrapped: Buffer): Buffer {
  const versions = versionsIn(join(host.home.keys, 'host', instance)).filter((version) => version !== key_version)
  let first: unknown
  for (const version of [key_version, ...versions]) {
    try {
      return unwrapFileKey(host.keys.instanceKeys(instance, version).derive('files'), { instance, name }, wrapped)
    } catch (error) {
      first ??= error
    }
  }
  throw first
}

async function writeArchive(zip: Readable, path: string, passphrase: string | undefined, signal: AbortSignal) {
  const hash = createHash('sha256')
  let bytes = 0
  const meter = new Transform({
    transform(piece: Buffer, _encoding, done) {
      hash.update(piece)
      bytes += piece.length
      done(null, piece)
    },
  })
  const part = `${path}.part`
  const target = createWriteStream(part, { flags: 'wx', mode: 0o600, flush: true })
  if (passphrase === undefined) await pipeline(zip, meter, target, { signal })
  else await lockedBy(passphrase, zip, (locked) => pipeline(locked, meter, target, { signal }))
  await rename(part, path)
  return { bytes, sha256: hash.digest('hex') }
}
