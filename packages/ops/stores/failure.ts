import { OpsError } from '../errors.ts'
import type { Location } from './store.ts'

/** What went wrong at a location, for an operator: OpsError `disk_full` when it has no room, otherwise `store_failed`. */
export function storeError(location: Pick<Location, 'name'>, doing: string, error: unknown): OpsError {
  if (error instanceof OpsError) return error
  const { code, message } = error as { code?: unknown; message?: string }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new OpsError('disk_full', `The store of ${location.name} is full: make room there, or give it more.`, { cause: error })
  }
  return new OpsError('store_failed', `The store of ${location.name} failed while ${doing}: ${message ?? String(error)}`, { cause: error })
}

export const notFound = (location: Pick<Location, 'name'>, key: string): OpsError =>
  new OpsError('not_found', `The store of ${location.name} has no ${key}.`)

export const isRetained = (location: Pick<Location, 'name'>, key: string, until: Date): OpsError =>
  new OpsError('retained', `${key} in ${location.name} may not be deleted before ${until.toISOString()}.`)

/** Runs `work`; whatever it throws names the location and what was being done. */
export async function at<T>(location: Pick<Location, 'name'>, doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw storeError(location, doing, error)
  }
}
