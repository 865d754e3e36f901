import { type Registry, closure } from '@erp4/orm'

const closures = new WeakMap<Registry, Map<string, ReadonlySet<string>>>()
/** Combinations kept for each registry: users share a few roles, but nobody bounds how many combinations there could be. */
const maxCombinations = 1000

/** All groups that `direct` implies, themselves included; the set is shared between users with the same groups. Unknown names give nothing. */
export function impliedGroups(registry: Registry, direct: readonly string[]): ReadonlySet<string> {
  const known = closures.get(registry) ?? new Map<string, ReadonlySet<string>>()
  closures.set(registry, known)
  const combination = direct.join(',')
  const found = known.get(combination)
  if (found) return found
  const all = closure(
    registry.groups,
    direct.filter((name) => registry.groups.has(name)),
  )
  if (known.size >= maxCombinations) known.clear()
  known.set(combination, all)
  return all
}
