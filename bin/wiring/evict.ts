import type { Databases } from '@erp4/orm'

/**
 * Closes the connections to databases that are no instance's any more: deleted, suspended, or of a generation that a restore has
 * replaced. `current` is asked after each change of the registry.
 */
export function evictGone(
  databases: Pick<Databases, 'evict'>,
  current: () => Iterable<string>,
  onChange: (listener: () => void) => void,
): void {
  let known = new Set(current())
  onChange(() => {
    const now = new Set(current())
    for (const database of known.difference(now)) void databases.evict(database)
    known = now
  })
}
