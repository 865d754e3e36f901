import { createHash } from 'node:crypto'
import { addAbortSignal, type Readable } from 'node:stream'
import { OpsError } from '../errors.ts'
import type { Location, PutOrder, StoreReader } from './store.ts'

/** What a put is given, piece by piece; throws OpsError `set_damaged` at the end unless it is what the order says, and ends with its signal. */
export async function* demandContent(key: string, content: () => Readable, { length, sha256, signal }: PutOrder): AsyncGenerator<Buffer> {
  signal?.throwIfAborted()
  const stream = signal ? addAbortSignal(signal, content()) : content()
  const hash = createHash('sha256')
  let seen = 0
  for await (const piece of stream as AsyncIterable<Buffer>) {
    seen += piece.length
    if (seen > length) break
    hash.update(piece)
    yield piece
  }
  if (seen === length && hash.digest('hex') === sha256) return
  throw new OpsError('set_damaged', `What was to be stored as ${key} is not what it should be: nothing was stored.`)
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
