import { Readable } from 'node:stream'
import { OpsError } from '../errors.ts'
import { holds } from './content.ts'
import type { SetObject } from './objects.ts'
import type { StorePruner, StoreReader, StoreWriter } from './store.ts'

/** What reading an object back says of it. A store that cannot be read says nothing: that is thrown. */
export async function examineObject(
  store: StoreReader,
  { key, bytes, sha256 }: SetObject,
  signal?: AbortSignal,
): Promise<'good' | 'damaged' | 'missing'> {
  try {
    return (await holds(store, key, { length: bytes, sha256, ...(signal ? { signal } : {}) })) ? 'good' : 'damaged'
  } catch (error) {
    if (error instanceof OpsError && error.code === 'not_found') return 'missing'
    throw error
  }
}

export interface MendOrder {
  target: StoreWriter
  /** Without it a damaged object cannot be replaced, only a missing one put. */
  pruner?: StorePruner | undefined
  /** Where a good one may be, the likeliest first. */
  sources: readonly StoreReader[]
  signal?: AbortSignal | undefined
}

/**
 * Puts an object back that is missing or damaged at the target, and reads it back. The bytes come from the first source whose own are good:
 * they are hashed on the way, so that damage is never passed on. OpsError `set_damaged` when no source has it.
 */
export async function mendObject(object: SetObject, found: 'damaged' | 'missing', order: MendOrder): Promise<void> {
  const { target, pruner, sources, signal } = order
  const source = await firstGood(object, sources, signal)
  if (!source)
    throw new OpsError('set_damaged', `${object.key} is ${found} in ${target.location.name}, and no other location has a good one.`)
  if (found === 'damaged') {
    if (!pruner)
      throw new OpsError('set_damaged', `${object.key} is damaged in ${target.location.name}, and nobody here may move it aside.`)
    await pruner.setAside(object.key)
  }
  const { key, bytes, sha256 } = object
  const wanted = { length: bytes, sha256, ...(signal ? { signal } : {}) }
  // Kept here as long as there.
  const retainUntil = (await source.head(key))?.retainUntil
  const isPast = !retainUntil || retainUntil.getTime() < Date.now()
  await target.putIfAbsent(key, () => Readable.from(bytesOf(source, key)), isPast ? wanted : { ...wanted, retainUntil })
  if (await holds(target, key, wanted)) return
  throw new OpsError('set_damaged', `What ${target.location.name} gives back as ${key} is not what was stored.`)
}

/** Looked at before anything is moved aside: a set is never left without an object because its replacement was no better. */
async function firstGood(
  object: SetObject,
  sources: readonly StoreReader[],
  signal: AbortSignal | undefined,
): Promise<StoreReader | undefined> {
  for (const source of sources) {
    // A source that is away is passed over like one that has nothing.
    if ((await examineObject(source, object, signal).catch(() => 'away')) === 'good') return source
  }
  return undefined
}

async function* bytesOf(source: StoreReader, key: string): AsyncGenerator<Buffer> {
  yield* (await source.get(key)) as AsyncIterable<Buffer>
}
