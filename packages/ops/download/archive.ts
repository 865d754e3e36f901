import { createHash } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import { Readable } from 'node:stream'
import { ZipFile } from 'yazl'
import type { Manifest } from '../backup/manifest.ts'
import { signText, type ManifestSigner, type SignedManifest } from '../backup/signed-manifest.ts'

/** What the archive says of itself in `manifest.json`, signed in `manifest.sig` as sets are. */
export interface ArchiveManifest {
  v: 1
  kind: 'erp4 download'
  /** ULID of the set that it was made from. */
  set: string
  /** uuid */
  instance: string
  taken: string
  release: string
  postgres: string
  /** Every other entry but the signature. */
  entries: { name: string; bytes: number; sha256: string }[]
}

/** An entry, read when its turn comes. */
export interface ArchiveEntry {
  name: string
  bytes: number
  content: () => AsyncIterable<Buffer>
}

export const fileEntry = (name: string, path: string): ArchiveEntry => ({
  name,
  bytes: statSync(path).size,
  content: () => createReadStream(path, { highWaterMark: 2 ** 20 }),
})

export function textEntry(name: string, text: string): ArchiveEntry {
  const bytes = Buffer.from(text)
  return { name, bytes: bytes.length, content: () => Readable.from([bytes]) }
}

/** The earliest time that a zip can tell, on every clock: the same content makes the same bytes. */
const looks = { compress: false, forceDosTimestamp: true, mtime: new Date(1980, 0, 1), mode: 0o100600 }

/**
 * The bytes of an open archive: a zip whose entries are stored as they are, sorted, with their digests in a signed manifest at the end.
 * One entry is in memory at a time, and of it a piece. The stream fails when an entry does.
 */
export function zipOf(entries: readonly ArchiveEntry[], set: Manifest, setSigned: SignedManifest, signer: ManifestSigner): Readable {
  const zip = new ZipFile()
  const output = zip.outputStream as Readable
  output.on('error', () => {}) // told to whoever reads it
  zip.on('error', (error: Error) => output.destroy(error))
  const seen: ArchiveManifest['entries'] = []
  const add = ({ name, bytes, content }: ArchiveEntry) =>
    zip.addReadStreamLazy(name, { ...looks, size: bytes }, (give) => {
      const stream = Readable.from(measured(content(), (sha256) => seen.push({ name, bytes, sha256 })))
      stream.once('error', (error) => output.destroy(error))
      give(null, stream)
    })
  const all = [...entries, textEntry('backup.json', setSigned.text), textEntry('backup.sig', setSigned.signature)]
  for (const entry of all.toSorted((a, b) => (a.name < b.name ? -1 : 1))) add(entry)
  const { set: id, instance, taken, release, postgres } = set
  let text = ''
  zip.addReadStreamLazy('manifest.json', looks, (give) => {
    const manifest: ArchiveManifest = { v: 1, kind: 'erp4 download', set: id, instance, taken, release, postgres, entries: seen }
    text = `${JSON.stringify(manifest, null, 1)}\n`
    give(null, Readable.from([Buffer.from(text)]))
  })
  zip.addReadStreamLazy('manifest.sig', looks, (give) => give(null, Readable.from([Buffer.from(signText(text, signer))])))
  zip.end()
  return output
}

async function* measured(content: AsyncIterable<Buffer>, done: (sha256: string) => void): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  for await (const piece of content) {
    hash.update(piece)
    yield piece
  }
  done(hash.digest('hex'))
}
