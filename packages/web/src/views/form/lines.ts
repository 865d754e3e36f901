import type { DraftLines } from '../../data/drafts.ts'
import type { Values } from '../../fields/widget.ts'
import { isSameValue, wireValue } from './wire.ts'

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

/** The same lines with the fields that `fresh`, the saved ones read anew, have beside theirs. */
export function withFields({ lines, removed }: Lines, fresh: Lines): Lines {
  const read = new Map(fresh.lines.map((line) => [line.id, line.values]))
  return { removed, lines: lines.map((line) => ({ ...line, values: { ...read.get(line.id), ...line.values } })) }
}

export function changeLine({ lines, removed }: Lines, key: string, values: Values, byHand: readonly string[] = Object.keys(values)): Lines {
  return {
    removed,
    lines: lines.map((line) =>
      line.key === key ? { ...line, values: { ...line.values, ...values }, changed: new Set([...line.changed, ...byHand]) } : line,
    ),
  }
}

type Fields = Readonly<Record<string, { readonly type: string; readonly readonly?: true }>>

/** An onchange tells lists of links as commands; as values they are the records. */
export const withLinks = (fields: Fields, changes: Values, before: Values): Values =>
  Object.fromEntries(
    Object.entries(changes).map(([name, value]) => [name, fields[name]?.type === 'many2many' ? linksAfter(before[name], value) : value]),
  )

interface Linked {
  readonly id: number
}

function linksAfter(before: unknown, commands: unknown): unknown {
  if (!Array.isArray(commands)) return commands
  let links = Array.isArray(before) ? (before as Linked[]) : []
  for (const [verb, id, values] of commands as [number, number, Linked | undefined][]) {
    if (verb === 3) links = links.filter((one) => one.id !== id)
    else if (verb === 4) links = [...links.filter((one) => one.id !== id), { ...values, id }]
    else if (verb === 5 || verb === 6) links = []
  }
  return links
}

/** Takes an onchange's answer about a list (external-api §5): lines that changed, came, went. `isOwn` names values to be left as they are. */
export function followedLines(before: Lines, commands: unknown, fields: Fields, isOwn: (key: string, field: string) => boolean): Lines {
  let { lines, removed } = before
  const changes = new Map<string, Values>()
  for (const [verb, ref, values] of Array.isArray(commands) ? (commands as [number, number | string, Values][]) : []) {
    if (verb === 0) lines = [...lines, newLine(withLinks(fields, values, {}))]
    else if (verb === 1) changes.set(String(ref), values)
    else if (verb === 2 || verb === 3) ({ lines, removed } = removeLine({ lines, removed }, String(ref)))
    else if (verb === 5) [removed, lines] = [[...removed, ...lines.flatMap(({ id }) => id ?? [])], []]
  }
  if (changes.size === 0) return { lines, removed }
  const merged = lines.map((line) => {
    const followed = Object.entries(changes.get(line.key) ?? {}).filter(([field]) => !isOwn(line.key, field))
    const said = Object.entries(withLinks(fields, Object.fromEntries(followed), line.values))
    // A line of which nothing new was said is the same line, and is not drawn anew.
    const fresh = said.filter(([field, value]) => JSON.stringify(value) !== JSON.stringify(line.values[field]))
    return fresh.length === 0 ? line : { ...line, values: { ...line.values, ...Object.fromEntries(fresh) } }
  })
  return { lines: merged, removed }
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

/**
 * What was typed into lines while they were being saved, on top of what the save gave. New lines got ids meanwhile: they come in the order
 * in which they were sent, and are taken for each other only where they say the same.
 */
export function carriedOver(saved: Lines, sent: Lines, now: Lines): Lines {
  const known = new Set(sent.lines.map(({ id }) => id))
  const born = saved.lines.filter(({ id }) => !known.has(id))
  const targets = new Map<string, Line | undefined>(saved.lines.map((line) => [line.key, line]))
  for (const [i, line] of sent.lines.filter(({ id }) => id === null).entries()) targets.set(line.key, saysTheSame(line, born[i]))
  let next = saved
  for (const line of now.lines) {
    const before = sent.lines.find(({ key }) => key === line.key)
    const target = targets.get(line.key)
    const typed = Object.entries(line.values).filter(([name, value]) => value !== before?.values[name])
    if (!before) next = { ...next, lines: [...next.lines, line] }
    else if (target && typed.length > 0) next = changeLine(next, target.key, Object.fromEntries(typed))
  }
  for (const { key } of sent.lines) {
    const target = now.lines.some((line) => line.key === key) ? undefined : targets.get(key)
    if (target) next = removeLine(next, target.key)
  }
  return next
}

/** What was changed of a list, without what the server gave. */
export const draftOf = ({ lines, removed }: Lines): DraftLines => {
  const own = ({ values, changed }: Line): Values => Object.fromEntries([...changed].map((name) => [name, values[name]]))
  return {
    added: lines.flatMap((line) => (line.id === null ? [line.values] : [])),
    changed: lines.flatMap((line) => (line.id !== null && line.changed.size > 0 ? [[line.id, own(line)] as const] : [])),
    removed,
  }
}

/** A draft on top of the list as it is now; what it says of lines that are gone is left out. */
export function withDraft(now: Lines, { added, changed, removed }: DraftLines): Lines {
  let next = now
  for (const [id, values] of changed) next = changeLine(next, String(id), values)
  for (const id of removed) next = removeLine(next, String(id))
  return { ...next, lines: [...next.lines, ...added.map(newLine)] }
}

const saysTheSame = (sent: Line, saved: Line | undefined): Line | undefined =>
  saved && [...sent.changed].every((name) => !(name in saved.values) || isSameValue(sent.values[name], saved.values[name]))
    ? saved
    : undefined

/** The list's changes as the protocol's commands: create, update, delete. */
export function commandsOf({ lines, removed }: Lines, fields: Fields): unknown[] {
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
