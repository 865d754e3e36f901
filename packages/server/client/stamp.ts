import { createHash } from 'node:crypto'
import type { Registry } from '@erp4/orm'

const known = new WeakMap<Registry, string>()

/** The header of answers with `stampOf` the registry that they were made with. */
export const stampHeader = 'x-erp4-fields'

/** Says whether two answers know the same fields of people's own: pages that are open for hours learn from it that they know too little. */
export function stampOf(registry: Registry): string {
  const found = known.get(registry)
  if (found !== undefined) return found
  const fields = [...registry.models.values()].flatMap((model) => [...model.fields.values()].flatMap(({ custom }) => custom ?? []))
  const stamp = createHash('sha256').update(JSON.stringify(fields)).digest('base64url').slice(0, 16)
  known.set(registry, stamp)
  return stamp
}
