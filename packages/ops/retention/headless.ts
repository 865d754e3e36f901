import type { StorePruner } from '../stores/store.ts'
import type { StoredInstance } from './stored-sets.ts'

/** What is left where a set was to be, or was: objects under a set's prefix without a manifest, which is the last to come and the first to go. */
export interface Headless {
  prefix: string
  keys: readonly string[]
}

const dayMs = 86_400_000
/** A writer has hours for a set, and a repair comes within the day: whoever was at it for a week is not coming back. */
const abandonedAfterMs = 7 * dayMs
/** Of an instance and run: should what we take for leavings be something else, there are days in which it is noticed, and the trash. */
const mostAtOnce = 2

/**
 * Which folders without a manifest may go: every object in them came a week ago or more, by the store's clock, and no set has parts there. With one
 * manifest of the instance that cannot be read nobody knows what it needs: then none.
 */
export async function abandoned(store: StorePruner, { sets, unreadable, headless }: StoredInstance, now: Date): Promise<Headless[]> {
  if (unreadable.length) return []
  const needed = new Set(sets.flatMap(({ needs }) => needs))
  const found: Headless[] = []
  for (const one of headless) {
    if (found.length === mostAtOnce) break
    const set = /-([0-9A-Z]{26})\/$/.exec(one.prefix)?.[1]
    if (set === undefined || needed.has(set)) continue
    const heads = await Promise.all(one.keys.map((key) => store.head(key)))
    if (heads.every((head) => head !== undefined && now.getTime() - head.modified.getTime() >= abandonedAfterMs)) found.push(one)
  }
  return found
}
