type Row = Record<string, any>

/** Gives a function its row as its own needs describe it. */
export type Shape = (row: Row) => Row

const same: Shape = (row) => row

/**
 * Of what several functions need is one reading, so that a relation that one of them only counts may have come with fields for another.
 * Gives each row to a function as its own `needs` describe it: ids where it asked for no more than the relation. `within` holds every path
 * that was read into: `order_line` where `order_line.price` was.
 */
export function shapeFor(needs: readonly string[], within: ReadonlySet<string>): Shape {
  if (within.size === 0) return same
  const own = relationsIn(needs)
  const flat = needs.filter((need) => within.has(need) && !own.has(need))
  if (flat.length === 0) return same
  const paths = flat.map((path) => path.split('.'))
  return (row) => reshaped(row, paths)
}

/** The relations that paths lead through. */
export function relationsIn(paths: Iterable<string>): Set<string> {
  const found = new Set<string>()
  for (const path of paths)
    for (let at = path.lastIndexOf('.'); at > 0 && !found.has(path.slice(0, at)); at = path.lastIndexOf('.', at - 1))
      found.add(path.slice(0, at))
  return found
}

function reshaped(row: Row, paths: readonly (readonly string[])[]): Row {
  const copy = { ...row }
  for (const [head, mine] of Map.groupBy(paths, ([first = '']) => first)) {
    const rest = mine.map((path) => path.slice(1)).filter((path) => path.length > 0)
    const shape = (value: unknown): unknown =>
      typeof value !== 'object' || value === null ? value : rest.length === 0 ? (value as Row)['id'] : reshaped(value, rest)
    copy[head] = Array.isArray(row[head]) ? (row[head] as unknown[]).map(shape) : shape(row[head])
  }
  return copy
}
