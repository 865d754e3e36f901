import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { OpsError } from '../errors.ts'
import type { Host } from '../host.ts'
import { holds } from './content.ts'
import { storeError } from './failure.ts'
import { locationsFor, readRegister } from './locations.ts'
import type { SetObject } from './objects.ts'
import { openStores } from './open.ts'
import type { Location, StoreWriter } from './store.ts'

/** A file of the spool and what it becomes. */
export interface SetFile extends SetObject {
  path: string
}

export interface ReplicationOrder {
  /** ULID; its row in `backup_set` is there. */
  set: string
  /** uuid: a residency waiver may say where its sets lie. */
  instance: string
  files: readonly SetFile[]
  /** No store that can promise it deletes the set before then. */
  retainUntil?: Date
  /** For each store; by default a quarter of an hour, and a second for each megabyte. */
  deadlineMs?: number
  signal?: AbortSignal
  /** Instead of those of the register, which are opened and closed for this. */
  stores?: readonly StoreWriter[]
  /** Hears of each copy as soon as it is whole or has failed: a set is published with the first, however slow the others are. */
  tell?: (outcome: CopyOutcome) => void | Promise<void>
}

/** `verified`: every byte was read back from the store. Otherwise `error` says what went wrong, and `repair` tries again. */
export type CopyOutcome =
  | { location: string; state: 'verified' }
  | { location: string; state: 'storing' | 'stored' | 'damaged'; error: string }

export const deadlineFor = (files: readonly SetObject[]): number => 900_000 + files.reduce((sum, { bytes }) => sum + bytes, 0) / 1000

/**
 * Brings a spooled set to every store that its instance may lie in, to all at once, and reads it back. A store that is away, slow or full
 * holds nobody up: its copy is noted with its error, and the others go on. Never throws for a store. Can be run again at any time: what is
 * there already is compared instead of stored.
 */
export async function replicate(host: Pick<Host, 'db' | 'home'>, order: ReplicationOrder): Promise<CopyOutcome[]> {
  const stores = order.stores ?? (await openStores(host.home, 'write', locationsFor(readRegister(host.home), order.instance)))
  try {
    return await Promise.all(stores.map((store) => copyTo(host, store, order)))
  } finally {
    // Not waited for: a connection that hangs would hang in closing, too.
    if (!order.stores) for (const store of stores) void store.close().catch(() => {})
  }
}

async function copyTo(host: Pick<Host, 'db'>, store: StoreWriter, order: ReplicationOrder): Promise<CopyOutcome> {
  const location = store.location.name
  let reached: 'storing' | 'stored' = 'storing'
  // What was verified once stays so until something else is known.
  await host.db.query(`insert into backup_copy (set, location, state) values ($1, $2, 'storing') on conflict do nothing`, [
    order.set,
    location,
  ])
  let outcome: CopyOutcome
  try {
    await within(store.location, order.deadlineMs ?? deadlineFor(order.files), order.signal, async (signal) => {
      for (const { key, path, bytes, sha256 } of manifestLast(order.files)) {
        const content = (): Readable => createReadStream(path, { highWaterMark: 2 ** 20 })
        await store.putIfAbsent(key, content, {
          length: bytes,
          sha256,
          signal,
          ...(order.retainUntil ? { retainUntil: order.retainUntil } : {}),
        })
      }
      signal.throwIfAborted()
      reached = 'stored'
      await noteCopy(host, order.set, location, reached)
      for (const object of order.files) await demandObject(store, object, signal)
    })
    outcome = { location, state: 'verified' }
  } catch (error) {
    const { code, message } = storeError(store.location, 'storing a set', error)
    // Before it was stored, damage is that of what was to be stored.
    const isDamaged = code === 'store_conflict' || (code === 'set_damaged' && (reached as string) === 'stored')
    outcome = { location, state: isDamaged ? 'damaged' : reached, error: message }
  }
  await noteCopy(host, order.set, location, outcome.state, 'error' in outcome ? outcome.error : undefined)
  await order.tell?.(outcome)
  return outcome
}

/** Whoever finds a manifest in a store finds all that it names. */
const manifestLast = <T extends SetObject>(files: readonly T[]): T[] =>
  files.toSorted((a, b) => Number(a.key.endsWith('/manifest.json')) - Number(b.key.endsWith('/manifest.json')))

/** Reads an object back whole; OpsError `set_damaged` when it is not what was stored. */
export async function demandObject(store: StoreWriter, { key, bytes, sha256 }: SetObject, signal: AbortSignal): Promise<void> {
  if (await holds(store, key, { length: bytes, sha256, signal })) return
  throw new OpsError('set_damaged', `What ${store.location.name} gives back as ${key} is not what was stored.`)
}

/** Runs `work` for at most so long; what does not answer to its signal is left behind. */
export async function within<T>(
  location: Location,
  deadlineMs: number,
  given: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), deadlineMs)
  const signal = given ? AbortSignal.any([late.signal, given]) : late.signal
  const tooLate = new Promise<never>((_, reject) => {
    const giveUp = (): void => {
      const why = late.signal.aborted ? `was not ready after ${Math.round(deadlineMs / 1000)} s` : 'was interrupted'
      reject(new OpsError('store_failed', `The store of ${location.name} ${why}.`))
    }
    if (signal.aborted) giveUp()
    signal.addEventListener('abort', giveUp, { once: true })
  })
  try {
    return await Promise.race([tooLate, work(signal)])
  } finally {
    clearTimeout(timer)
  }
}

/** Writes down how a copy stands; `verified` with the time, since every byte of it was just read. */
export async function noteCopy(
  host: Pick<Host, 'db'>,
  set: string,
  location: string,
  state: 'storing' | 'stored' | 'verified' | 'damaged' | 'missing',
  error?: string,
): Promise<void> {
  await host.db.query(
    `insert into backup_copy as copy (set, location, state, checked, error) values ($1, $2, $3, case $3 when 'verified' then now() end, $4)
     on conflict (set, location) do update set state = excluded.state, error = excluded.error, checked = coalesce(excluded.checked, copy.checked)`,
    [set, location, state, error ?? null],
  )
}
