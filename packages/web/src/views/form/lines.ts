import type { Values } from '../../fields/widget.ts'
import { wireValue } from './wire.ts'

/** A line of a record's list: saved ones have an id, new ones a name of ours until they are. */
export interface Line {
  readonly key: string
  readonly id: number | null
  readonly values: Values
  /** Fields that were changed since the record was read; all that were given, of a new line. */
  readonly changed: ReadonlySet<string>
}

export interface Lines {
  readonly lines: readonly Line[]
  /** Saved lines that were taken out, to be deleted. */
  readonly removed: readonly number[]
}

let last = 0

export const newLine = (values: Values): Line => ({
  key: `virtual_${++last}`,
  id: null,
  values,
  changed: new Set(Object.keys(values).filter((name) => values[name] !== false && values[name] !== 0)),
})

export const linesFrom = (rows: unknown): Lines => ({
  lines: (Array.isArray(rows) ? rows : [])
    .filter((row): row is Values & { id: number } => typeof row === 'object' && row !== null && typeof row.id === 'number')
    .map((row) => ({ key: String(row.id), id: row.id, values: row, changed: new Set<string>() })),
  removed: [],
})

export const isTouched = ({ lines, removed }: Lines): boolean =>
  removed.length > 0 || lines.some((line) => line.id === null || line.changed.size > 0)

export function changeLine({ lines, removed }: Lines, key: string, values: Values, byHand: readonly string[] = Object.keys(values)): Lines {
  return {
    removed,
    lines: lines.map((line) =>
      line.key === key ? { ...line, values: { ...line.values, ...values }, changed: new Set([...line.changed, ...byHand]) } : line,
    ),
  }
}

export function removeLine({ lines, removed }: Lines, key: string): Lines {
  const line = lines.find((one) => one.key === key)
  return { lines: lines.filter((one) => one !== line), removed: line?.id != null ? [...removed, line.id] : removed }
}

export function moveLine({ lines, removed }: Lines, key: string, to: number): Lines {
  const line = lines.find((one) => one.key === key)
  if (!line) return { lines, removed }
  const rest = lines.filter((one) => one !== line)
  return { removed, lines: [...rest.slice(0, to), line, ...rest.slice(to)] }
}

/** The list's changes as the protocol's commands: create, update, delete. */
export function commandsOf(
  { lines, removed }: Lines,
  fields: Readonly<Record<string, { readonly type: string; readonly readonly?: true }>>,
): unknown[] {
  const valuesOf = ({ values, changed }: Line): Values =>
    Object.fromEntries(
      [...changed]
        .filter((name) => fields[name] && !fields[name].readonly)
        .map((name) => [name, wireValue(fields[name]!.type, values[name])]),
    )
  return [
    ...removed.map((id) => [2, id, 0]),
    ...lines.flatMap((line) =>
      line.id === null ? [[0, line.key, valuesOf(line)]] : line.changed.size > 0 ? [[1, line.id, valuesOf(line)]] : [],
    ),
  ]
}
