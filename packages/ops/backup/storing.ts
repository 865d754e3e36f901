import { basename, join } from 'node:path'
import { OpsError } from '../errors.ts'
import type { Host } from '../host.ts'
import { publishKeyObjects } from '../keys/objects.ts'
import { locationsFor, readRegister } from '../stores/locations.ts'
import { objectsOf } from '../stores/objects.ts'
import { openStores } from '../stores/open.ts'
import { noteCopy, replicate, within, type CopyOutcome, type SetFile } from '../stores/replicate.ts'
import type { StoreWriter } from '../stores/store.ts'
import { fail, notePublished, readSigned } from './record.ts'
import { parseManifest } from './signed-manifest.ts'
import { removeSpool, spoolFolder } from './spool.ts'

export interface StoringOptions {
  /** Instead of those of the register. */
  stores?: readonly StoreWriter[]
  /** How long each store may take; by default a quarter of an hour, and a second for each megabyte. */
  deadlineMs?: number
  signal?: AbortSignal
  /** Hears each step as it begins. */
  tell?: (step: string) => void
}

/** No store lets a set go before: longer than the 7 days that a deletion lies in the trash. Retention extends it for sets that stay. */
const lockedDays = 9
const keyPatienceMs = 120_000

/**
 * Brings a spooled set to every store and reads it back, each store at its own pace. The set is published with the first whole copy. The
 * spool goes in any case: what is missing elsewhere is copied from there later. OpsError `store_failed` when no store could take it.
 */
export async function storeSet(host: Host, set: string, options: StoringOptions): Promise<void> {
  const signed = await readSigned(host, set)
  const manifest = parseManifest(signed.text)
  const folder = spoolFolder(host.home, set)
  const files: SetFile[] = objectsOf(manifest, signed).map((object) => ({ ...object, path: join(folder, basename(object.key)) }))
  const stores = options.stores ?? (await openStores(host.home, 'write', locationsFor(readRegister(host.home), manifest.instance)))
  options.tell?.(`Storing it in ${stores.map(({ location }) => location.name).join(', ')}`)
  try {
    await host.db.query(`update backup_set set state = 'storing' where id = $1 and state <> 'published'`, [set])
    // First of all the key: a set that nobody can open is none.
    const keyless = await publishKeys(host, manifest.instance, stores, options.signal)
    const outcomes = await replicate(host, {
      set,
      instance: manifest.instance,
      files,
      stores,
      retainUntil: new Date(Date.parse(manifest.taken) + lockedDays * 86_400_000),
      ...(options.deadlineMs ? { deadlineMs: options.deadlineMs } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
      tell: async (outcome) => {
        const missing = keyless.get(outcome.location)
        if (missing) await noteCopy(host, set, outcome.location, 'stored', `its key is not there: ${missing}`)
        else if (outcome.state === 'verified') await notePublished(host, set)
      },
    })
    demandOne(outcomes, keyless)
  } catch (error) {
    await fail(host, set, error)
    throw error
  } finally {
    removeSpool(host.home, set)
    // Not waited for: a connection that hangs would hang in closing, too.
    if (!options.stores) for (const store of stores) void store.close().catch(() => {})
  }
}

/** What went wrong, by the name of the location. */
async function publishKeys(
  host: Host,
  instance: string,
  stores: readonly StoreWriter[],
  signal?: AbortSignal,
): Promise<Map<string, string>> {
  const publish = async (store: StoreWriter): Promise<[string, string][]> => {
    const { location } = store
    try {
      const [result] = await within(location, keyPatienceMs, signal, () => publishKeyObjects(host.home, instance, [store]))
      return result?.error ? [[location.name, result.error.message]] : []
    } catch (error) {
      return [[location.name, (error as Error).message]]
    }
  }
  return new Map((await Promise.all(stores.map(publish))).flat())
}

function demandOne(outcomes: readonly CopyOutcome[], keyless: ReadonlyMap<string, string>): void {
  if (outcomes.some(({ location, state }) => state === 'verified' && !keyless.has(location))) return
  const why = outcomes.map((one) => `${one.location}: ${keyless.get(one.location) ?? ('error' in one ? one.error : one.state)}`)
  throw new OpsError('store_failed', `No location could take the backup: ${why.join('; ') || 'there is none'}.`)
}
