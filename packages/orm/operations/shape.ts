type Row = Record<string, any>

/**
 * Of what several functions need is one reading, so that a relation that one of them only counts may have come with fields for another.
 * Gives each row to a function as its own `needs` describe it: ids where it asked for no more than the relation. `all` is what was read.
 */
export function shapeFor(needs: readonly string[], all: Iterable<string>): (row: Row) => Row {
  const others = [...all]
  const flat = needs.filter(
    (need) => others.some((other) => other.startsWith(`${need}.`)) && !needs.some((own) => own.startsWith(`${need}.`)),
  )
  return flat.length === 0
    ? (row) => row
    : (row) =>
        reshaped(
          row,
          flat.map((path) => path.split('.')),
        )
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
