import { OpsError } from '../errors.ts'
import type { Host } from '../host.ts'
import { openStores } from '../stores/open.ts'
import type { StoreReader } from '../stores/store.ts'
import { DamagedCopy, withSet, type FetchedSet, type FetchOptions } from './fetch.ts'

export interface SourceOptions extends FetchOptions {
  /** Read from this location alone. */
  from?: string | undefined
  /** Stores to read, instead of those of the register. */
  stores?: readonly StoreReader[] | undefined
  tell?: ((step: string) => void) | undefined
}

/**
 * Gives a set to `work`, from the first location that has it whole: a restore in need takes what it can get. What `work` throws is the
 * end; only a location that is away or damaged makes it look in the next.
 */
export async function fromAnyStore<T>(
  host: Host,
  set: string,
  options: SourceOptions,
  work: (fetched: FetchedSet) => Promise<T>,
): Promise<T> {
  const stores = options.stores ?? (await openStores(host.home, 'read'))
  const chosen = options.from === undefined ? stores : stores.filter(({ location }) => location.name === options.from)
  const failures: string[] = []
  try {
    for (const store of chosen) {
      let isRead = false
      options.tell?.(`Reading the set from ${store.location.name}`)
      try {
        return await withSet(
          host,
          set,
          store,
          (fetched) => {
            isRead = true
            return work(fetched)
          },
          options,
        )
      } catch (error) {
        const isOfStore = error instanceof DamagedCopy || (error as { code?: string }).code === 'store_failed'
        if (isRead || !isOfStore) throw error
        failures.push((error as Error).message)
      }
    }
  } finally {
    if (!options.stores) await Promise.all(stores.map((store) => store.close()))
  }
  if (chosen.length === 0) throw new OpsError('not_found', `There is no location ${options.from ?? 'at all'}: see locations.json.`)
  const who = options.from === undefined ? 'No location has' : `${options.from}, which alone was read, does not have`
  throw new OpsError('set_damaged', `${who} the set ${set} whole. ${failures.join(' ')}`)
}
