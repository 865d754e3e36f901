import { type Group, type GroupSet, groupText, keyText, specParts } from '../../data/groups.ts'
import { type KnownViews, metaOf } from '../../data/views.ts'
import type { Domain } from '../../domain.ts'
import type { Texts } from '../../i18n/index.ts'

/** Levels on each side: with the totals of both they are sixteen groupings, which the server answers at once. */
export const mostLevels = 3

/** A row or a column: where it is in its tree, and what it is called. */
export interface Head {
  /** The keys from the outermost inwards; empty for the total. */
  readonly path: readonly string[]
  /** The path as text. */
  readonly id: string
  readonly label: string
  readonly children: readonly Head[]
}

export interface Table {
  readonly rows: Head
  readonly columns: Head
  /** The group of a row and a column; none where no record is in both. */
  readonly cell: (row: Head, column: Head) => Group | undefined
  /** The server did not tell all of it. */
  readonly isCut: boolean
}

/** The groupings that a table of these rows and columns is made of: every level of the one with every level of the other. */
export const setsFor = (rows: readonly string[], columns: readonly string[]): string[][] =>
  levels(rows).flatMap((outer) => levels(columns).map((inner) => [...outer, ...inner]))

const levels = (specs: readonly string[]): (readonly string[])[] => Array.from({ length: specs.length + 1 }, (_, i) => specs.slice(0, i))

const idOf = (path: readonly string[]): string => JSON.stringify(path)

/** The answers to `setsFor`, as a tree of rows, a tree of columns, and the figures where they meet. */
export function tableOf(
  answers: readonly GroupSet[],
  rows: readonly string[],
  columns: readonly string[],
  views: KnownViews,
  t: Texts,
): Table {
  const cells = new Map<string, Group>()
  const width = columns.length + 1
  answers.forEach(({ groups }, at) => {
    const [outer, inner] = [rows.slice(0, Math.floor(at / width)), columns.slice(0, at % width)]
    for (const group of groups) cells.set(cellId(pathOf(group, outer), pathOf(group, inner)), group)
  })
  const answerOf = (row: number, column: number): readonly Group[] => answers[row * width + column]?.groups ?? []
  return {
    rows: treeOf(rows, (level) => answerOf(level, 0), views, t),
    columns: treeOf(columns, (level) => answerOf(0, level), views, t),
    cell: (row, column) => cells.get(cellId(row.path, column.path)),
    isCut: answers.some(({ isCut }) => isCut),
  }
}

const cellId = (row: readonly string[], column: readonly string[]): string => `${idOf(row)}${idOf(column)}`

const pathOf = (group: Group, specs: readonly string[]): string[] => specs.map((spec) => keyText(group[spec]))

function treeOf(specs: readonly string[], groupsAt: (level: number) => readonly Group[], views: KnownViews, t: Texts): Head {
  const { fields } = metaOf(views)
  const inside = new Map<string, Head[]>()
  // From the innermost outwards, so that the children of a head are there before it.
  for (let level = specs.length; level > 0; level--) {
    const spec = specs[level - 1]!
    for (const group of groupsAt(level)) {
      const path = pathOf(group, specs.slice(0, level))
      const id = idOf(path)
      const head = { path, id, label: groupText(group[spec], fields[specParts(spec).name], t), children: inside.get(id) ?? [] }
      const parent = idOf(path.slice(0, -1))
      inside.set(parent, [...(inside.get(parent) ?? []), head])
    }
  }
  return { path: [], id: idOf([]), label: t.total, children: inside.get(idOf([])) ?? [] }
}

export const whereOf = (group: Group | undefined): Domain => (group?.['__extra_domain'] as Domain | undefined) ?? []

/** A head with its depth, as it stands in the table. */
export interface Placed {
  readonly head: Head
  readonly level: number
  readonly isOpen: boolean
}

/** Rows from the top down: the total, and below each open head what is in it. */
export function rowsIn(head: Head, shut: ReadonlySet<string>, level = 0): Placed[] {
  const isOpen = head.children.length > 0 && !shut.has(head.id)
  return [{ head, level, isOpen }, ...(isOpen ? head.children.flatMap((child) => rowsIn(child, shut, level + 1)) : [])]
}

/** Columns that hold figures: the innermost ones, shut ones as one, and the total last. */
export function columnsIn(root: Head, shut: ReadonlySet<string>): Head[] {
  const leaves = (head: Head): Head[] => (head.children.length > 0 && !shut.has(head.id) ? head.children.flatMap(leaves) : [head])
  return root.children.length === 0 || shut.has(root.id) ? [root] : [...root.children.flatMap(leaves), root]
}

/** How many columns of figures a head stands above. */
export const spanOf = (head: Head, shut: ReadonlySet<string>): number =>
  head.children.length === 0 || shut.has(head.id) ? 1 : head.children.reduce((sum, child) => sum + spanOf(child, shut), 0)

/** The heads of one level, with `null` below those that are shut above it. */
export function headsAt(root: Head, level: number, shut: ReadonlySet<string>): { readonly head: Head; readonly isBelow: boolean }[] {
  const walk = (head: Head, depth: number): { head: Head; isBelow: boolean }[] => {
    if (depth === level) return [{ head, isBelow: false }]
    if (head.children.length === 0 || shut.has(head.id)) return depth === 0 ? [] : [{ head, isBelow: true }]
    return head.children.flatMap((child) => walk(child, depth + 1))
  }
  return walk(root, 0)
}
