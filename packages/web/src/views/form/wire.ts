/** A form's value as the protocol takes it: links as ids, lists of links as the whole set. Lines have their own commands. */
export function wireValue(type: string, value: unknown): unknown {
  if (type === 'many2one') return typeof value === 'object' && value !== null ? (value as { id: number }).id : value
  if (type === 'many2many')
    return [[6, 0, (Array.isArray(value) ? value : []).map((one: unknown) => (typeof one === 'object' ? (one as { id: number }).id : one))]]
  return value
}

/** Whether two values of a form say the same: nothing and the empty text do, and links to the same record. */
export const isSameValue = (one: unknown, other: unknown): boolean => JSON.stringify(core(one)) === JSON.stringify(core(other))

function core(value: unknown): unknown {
  if (value === null || value === undefined || value === '') return false
  if (Array.isArray(value)) return value.map(core)
  if (typeof value === 'object' && 'id' in value) return value.id
  return value
}

/** Nothing was given. Zero and "no" are values. */
export const isEmptyValue = (value: unknown): boolean =>
  value === false || value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
