import { randomBytes, randomUUID } from 'node:crypto'
import { mkdir, open, rename, stat, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { BlobStore, Connection, Guest } from '@erp4/orm'
import { blobPage, claimBlob, findBlob, replaceKeys, type BlobRow } from '../sql/files.ts'
import { chunkBytes, lastChunk, nameOf, openChunk, sealChunk, storedBytes, tagBytes, unwrapKey, wrapKey, type FileKeys } from './cipher.ts'
import { type Draft, draftOf } from './draft.ts'
import { Space, type SpaceLimits } from './space.ts'
import { typeOf } from './type.ts'

export interface FileStoreOptions {
  /** The instance's folder; made when missing. */
  folder: string
  /** The instance's uuid. */
  instance: string
  keys: FileKeys
  /** What files may take; without it they are not counted. */
  space?: SpaceLimits
}

/** A file ready to be read, without a database connection. */
export interface StoredFile {
  readonly name: string
  readonly size: number
  /** By content, as it was found when the file came. */
  readonly mimetype: string
  /** Bytes `start` to `end`, both included; all without them. Fails as soon as a chunk is not what was stored. */
  stream(start?: number, end?: number): Readable
}

/** The file's row is there and its bytes are not, or not those that were put. */
export class DamagedFileError extends Error {
  override name = 'DamagedFileError'
}

/**
 * Contents of one instance, each once, encrypted, under `<folder>/<first two>/<name>` (cloud §1, I1 and I4): first the row is
 * claimed, then the file is looked for and written if need be, all within the caller's transaction. Whoever holds the row
 * is the only one to write its file.
 */
export class FileStore implements BlobStore {
  readonly #folder: string
  readonly #instance: string
  readonly #keys: FileKeys
  readonly space: Space | undefined

  constructor({ folder, instance, keys, space }: FileStoreOptions) {
    for (const key of [keys.name, keys.wrap]) {
      if (key.length !== 32 || key.every((byte) => byte === 0))
        throw new Error('A key of the file store must be 32 bytes that are not all zero.')
    }
    this.#folder = folder
    this.#instance = instance
    this.space = space && new Space(folder, space)
    // Copies, so that nobody who wipes his buffer wipes ours.
    this.#keys = { ...keys, name: Buffer.from(keys.name), wrap: Buffer.from(keys.wrap) }
  }

  /** Keeps `content` once `cx`'s transaction commits, and gives its name. On disk when this resolves. */
  async put(cx: Connection, content: Uint8Array, guest?: Guest): Promise<string> {
    const name = nameOf(this.#keys.name, content)
    return this.#keep(cx, { name, size: content.byteLength, mimetype: typeOf(content), chunks: () => chunksOf(content) }, guest)
  }

  /** Takes in content as it comes, however long, before there is a transaction; `keep` makes it a file. Throws FileTooLarge beyond `maxBytes`. */
  draft(source: AsyncIterable<Uint8Array>, limits: { maxBytes: number }): Promise<Draft> {
    return draftOf(this.#folder, this.#keys.name, source, limits)
  }

  /** Keeps a draft as `put` keeps content. The draft is the caller's to discard. */
  keep(cx: Connection, draft: Draft, guest?: Guest): Promise<string> {
    return this.#keep(cx, draft, guest)
  }

  async #keep(cx: Connection, content: Content, guest?: Guest): Promise<string> {
    const { name, size, mimetype } = content
    const owner = { instance: this.#instance, name }
    const offered = wrapKey(this.#keys.wrap, owner, randomBytes(32))
    const [row] = await cx.query<{ wrapped_key: Buffer }>(claimBlob({ hash: name, size, wrapped_key: offered, mimetype }), 'blob_claim')
    // With a new row, a file of that name is what a transaction left behind that never committed: its key is lost.
    const isNew = row!.wrapped_key.equals(offered)
    if (isNew) await this.space?.take(cx, content, guest)
    if (isNew || !(await this.#isWhole(name, size))) await this.#write(cx, this.#unwrap(name, row!.wrapped_key), content)
    return name
  }

  /** @throws DamagedFileError */
  async get(cx: Connection, name: string): Promise<Buffer> {
    const file = await this.find(cx, name)
    return Buffer.concat(await file.stream().toArray())
  }

  async size(cx: Connection, name: string): Promise<number> {
    return (await this.#row(cx, name)).size
  }

  async type(cx: Connection, name: string): Promise<string> {
    return (await this.#row(cx, name)).mimetype
  }

  /** The file, checked to be there and of the right length. @throws DamagedFileError */
  async find(cx: Connection, name: string): Promise<StoredFile> {
    const { size, mimetype, wrapped_key } = await this.#row(cx, name)
    if (!(await this.#isWhole(name, size))) throw new DamagedFileError(`File ${name} is missing or has another length.`)
    const key = this.#unwrap(name, wrapped_key)
    return { name, size, mimetype, stream: (start = 0, end = size - 1) => Readable.from(this.#read({ name, size, key }, start, end)) }
  }

  /** Bytes `start` to `end`, both included. */
  async readRange(cx: Connection, name: string, start: number, end: number): Promise<Readable> {
    return (await this.find(cx, name)).stream(start, end)
  }

  /** Where a file lies; for the collector, which unlinks it. */
  path(name: string): string {
    if (!/^[0-9a-f]{64}$/.test(name)) throw new Error('That is not the name of a stored file.')
    return join(this.#folder, name.slice(0, 2), name)
  }

  get folder(): string {
    return this.#folder
  }

  async #row(cx: Connection, name: string): Promise<BlobRow> {
    const [row] = await cx.query<BlobRow>(findBlob(name), 'blob_find')
    if (!row) throw new DamagedFileError(`File ${name} has no row.`)
    return row
  }

  #unwrap(name: string, wrapped: Buffer): Buffer {
    const owner = { instance: this.#instance, name }
    try {
      return unwrapKey(this.#keys.wrap, owner, wrapped)
    } catch (error) {
      const others = this.#keys.others?.() ?? []
      const [key] = others.flatMap((wrap) => opened(wrap, owner, wrapped) ?? [])
      if (key) return key
      throw new DamagedFileError(`The key of file ${name} does not open.`, { cause: error })
    }
  }

  async #isWhole(name: string, size: number): Promise<boolean> {
    const found = await stat(this.path(name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })
    return found?.size === storedBytes(size)
  }

  async #write(cx: Connection, key: Buffer, content: Content): Promise<void> {
    const { name } = content
    const target = this.path(name)
    const shelf = join(this.#folder, name.slice(0, 2))
    if (await mkdir(shelf, { recursive: true, mode: 0o700 })) await syncFolder(this.#folder)
    const draft = `${target}.${randomUUID()}.part`
    const handle = await open(draft, 'wx', 0o600)
    try {
      try {
        await writeChunks(handle, key, content)
        await handle.sync()
      } finally {
        await handle.close()
      }
      // Our transaction may have ended while we wrote; then the row, and the file, may be another's by now.
      await this.#row(cx, name)
      await rename(draft, target)
    } catch (error) {
      await unlink(draft).catch(() => undefined) // The first error is the one to tell; the sweep removes what is left.
      throw error
    }
    await syncFolder(shelf)
  }

  async *#read({ name, size, key }: { name: string; size: number; key: Buffer }, start: number, end: number): AsyncGenerator<Buffer> {
    const handle = await open(this.path(name), 'r')
    try {
      const last = lastChunk(size)
      // An empty file is opened as well: its one chunk proves that it is empty.
      for (let number = Math.floor(start / chunkBytes); number <= Math.max(0, Math.floor(end / chunkBytes)); number++) {
        const from = number * chunkBytes
        const stored = Buffer.alloc(Math.min(chunkBytes, size - from) + tagBytes)
        const { bytesRead } = await handle.read(stored, 0, stored.length, number * (chunkBytes + tagBytes))
        const content = openStored({ name, number, isLast: number === last }, key, stored.subarray(0, bytesRead))
        yield content.subarray(Math.max(0, start - from), end - from + 1)
      }
    } finally {
      await handle.close()
    }
  }
}

function openStored(chunk: { name: string; number: number; isLast: boolean }, key: Buffer, stored: Buffer): Buffer {
  try {
    return openChunk(key, chunk, stored)
  } catch (error) {
    throw new DamagedFileError(`Chunk ${chunk.number} of file ${chunk.name} is not what was stored.`, { cause: error })
  }
}

/** What is to be stored, in chunks of `chunkBytes`; of an empty file none. */
interface Content {
  readonly name: string
  readonly size: number
  readonly mimetype: string
  chunks(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

function* chunksOf(content: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < content.byteLength; at += chunkBytes) yield content.subarray(at, at + chunkBytes)
}

async function writeChunks(handle: FileHandle, key: Buffer, { name, size, chunks }: Content): Promise<void> {
  const last = lastChunk(size)
  let number = 0
  for await (const part of chunks()) {
    await handle.appendFile(sealChunk(key, { name, number, isLast: number === last }, part))
    number++
  }
  if (number === 0) await handle.appendFile(sealChunk(key, { name, number, isLast: true }, Buffer.alloc(0)))
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Wraps the files' keys anew, for a rotation or for a copy that gets keys of its own; no file is touched, names stay. Of several keys that
 * they may be wrapped with, each is tried; what is wrapped as it should be already is left alone. In the caller's transaction: all rows or
 * none. Gives how many were wrapped anew.
 */
export async function rewrapKeys(
  cx: Connection,
  from: { instance: string; wrap: Buffer | readonly Buffer[] },
  to: { instance: string; wrap: Buffer },
): Promise<number> {
  let done = 0
  for (let after = ''; ;) {
    const rows = await cx.query<BlobRow>(blobPage(after, 1000))
    if (rows.length === 0) return done
    const old = rows.filter(({ hash, wrapped_key }) => !opened(to.wrap, { instance: to.instance, name: hash }, wrapped_key))
    const keys = old.map(({ hash, wrapped_key }) => {
      const key = unwrapWithAny([from.wrap].flat(), { instance: from.instance, name: hash }, wrapped_key)
      return wrapKey(to.wrap, { instance: to.instance, name: hash }, key)
    })
    await cx.query(
      replaceKeys(
        old.map((row) => row.hash),
        keys,
      ),
    )
    done += old.length
    after = rows.at(-1)!.hash
  }
}

function opened(wrap: Buffer, owner: { instance: string; name: string }, wrapped: Buffer): Buffer | undefined {
  try {
    return unwrapKey(wrap, owner, wrapped)
  } catch {
    return undefined // wrapped with another one
  }
}

function unwrapWithAny([wrap, ...more]: readonly Buffer[], owner: { instance: string; name: string }, wrapped: Buffer): Buffer {
  try {
    return unwrapKey(wrap!, owner, wrapped)
  } catch (error) {
    if (more.length === 0) throw error
    return unwrapWithAny(more, owner, wrapped)
  }
}
