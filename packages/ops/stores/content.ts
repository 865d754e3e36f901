import { createHash } from 'node:crypto'
import { addAbortSignal, type Readable } from 'node:stream'
import { OpsError } from '../errors.ts'
import type { Location, PutOrder, StoreReader } from './store.ts'

/**
 * What a put is given, piece by piece; throws OpsError `set_damaged` unless it is what the order says, and ends with its signal. The last
 * piece is held back until that is known: who has received all of it has received the right thing.
 */
export async function* demandContent(key: string, content: () => Readable, { length, sha256, signal }: PutOrder): AsyncGenerator<Buffer> {
  signal?.throwIfAborted()
  const stream = signal ? addAbortSignal(signal, content()) : content()
  const hash = createHash('sha256')
  let seen = 0
  let held: Buffer | undefined
  for await (const piece of readable(key, stream, signal)) {
    seen += piece.length
    if (seen > length) break
    hash.update(piece)
    if (held) yield held
    held = piece
  }
  if (seen !== length || hash.digest('hex') !== sha256)
    throw new OpsError('set_damaged', `What was to be stored as ${key} is not what it should be: nothing was stored.`)
  if (held) yield held
}

/** A source that fails is its own trouble, not the store's: no use in trying again. */
async function* readable(key: string, stream: Readable, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  try {
    yield* stream as AsyncIterable<Buffer>
  } catch (error) {
    if (error instanceof OpsError || signal?.aborted) throw error
    throw new OpsError('set_damaged', `What was to be stored as ${key} could not be read: ${(error as Error).message}`, { cause: error })
  }
}

/** Length and SHA-256 (hex) of a stream. */
export async function measure(stream: AsyncIterable<Buffer>): Promise<{ length: number; sha256: string }> {
  const hash = createHash('sha256')
  let length = 0
  for await (const piece of stream) {
    length += piece.length
    hash.update(piece)
  }
  return { length, sha256: hash.digest('hex') }
}

/** `same` when every byte of the stored object is what the order says; OpsError `store_conflict` when not. */
export async function demandSame(store: StoreReader, key: string, order: PutOrder): Promise<'same'> {
  if (await holds(store, key, order)) return 'same'
  throw conflict(store.location, key)
}

export const conflict = ({ name }: Location, key: string): OpsError =>
  new OpsError('store_conflict', `${name} holds another object as ${key} already, and objects are never written over.`)

/**
 * Reads an object back from its store, every byte of it: is it what it should be? What the store says of its length is not asked, since a
 * store may be wrong about itself. OpsError `not_found` when it is not there.
 */
export async function holds(store: StoreReader, key: string, wanted: Pick<PutOrder, 'length' | 'sha256' | 'signal'>): Promise<boolean> {
  const stream = await store.get(key)
  const found = await measure(wanted.signal ? addAbortSignal(wanted.signal, stream) : stream)
  return found.length === wanted.length && found.sha256 === wanted.sha256
}

/** As long as no text of ours in a store is: a manifest, a signature, a record. */
const longestText = 16 * 2 ** 20

/** An object that is a text. OpsError `set_damaged` when it is too long to be one: no more of it than that is held in memory. */
export async function readText(store: StoreReader, key: string): Promise<string> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of (await store.get(key)) as AsyncIterable<Buffer>) {
    length += piece.length
    if (length > longestText) throw new OpsError('set_damaged', `${key} of ${store.location.name} is too long to be what it should be.`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}
