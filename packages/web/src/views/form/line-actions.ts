import type { ViewNode } from '@erp4/orm/views-types'
import type { Values } from '../../fields/widget.ts'
import { type Lines, changeLine, moveLine, removeLine } from './lines.ts'
import type { FormRecord } from './record.ts'

export type LinesNode = Extract<ViewNode, { tag: 'lines' }>

/** The line with the cursor, and the field it goes to where that is not the first. */
export interface Editing {
  readonly key: string
  readonly field?: string
}

/** What one does in lines, by the line's key. The same functions as long as the lines are there, so that a row is drawn for its line alone. */
export interface LineActions {
  edit(key: string, field?: string): void
  change(key: string, field: string, value: unknown): void
  remove(key: string): void
  move(key: string, by: 1 | -1): void
  /** To where another line is: from above behind it, from below before it. */
  moveTo(key: string, target: string): void
  /** To the line below, or to a new one. */
  next(key: string): void
}

/** What is asked of the record when it is asked for: a row that calls may have been drawn before the one below it was added. */
export function actionsOn(record: FormRecord, node: LinesNode, setEditing: (at: Editing) => void, add: () => void): LineActions {
  const now = (): Lines => record.values[node.field] as Lines
  const place = (key: string): number => now().lines.findIndex((line) => line.key === key)
  const put = (key: string, to: number): void => record.setLines(node.field, moved(now(), key, to, node.sequence!))
  return {
    edit: (key, field) => setEditing({ key, ...(field ? { field } : {}) }),
    change: (key, field, value) => record.setLines(node.field, changeLine(now(), key, { [field]: value }), { key, field }),
    remove: (key) => record.setLines(node.field, removeLine(now(), key)),
    move: (key, by) => put(key, place(key) + by),
    moveTo: (key, target) => put(key, place(target)),
    next: (key) => {
      const below = now().lines[place(key) + 1]
      if (below) setEditing({ key: below.key })
      else add()
    },
  }
}

/** Moved, and every line numbered anew where its number is another one now. */
function moved(lines: Lines, key: string, to: number, sequence: string): Lines {
  const next = moveLine(lines, key, Math.max(0, to))
  return next.lines.reduce(
    (all, line, i) => (line.values[sequence] === i + 1 ? all : changeLine(all, line.key, { [sequence]: i + 1 })),
    next,
  )
}

/** What a line that is added at the end begins with, whatever the model says of new ones: its place behind the last, and which kind of heading it is. */
export function begunWith({ sequence, headings }: LinesNode, { lines }: Lines, kind?: string): Values {
  const last = sequence === undefined ? 0 : Math.max(0, ...lines.map(({ values }) => Number(values[sequence] ?? 0)))
  return { ...(sequence && last > 0 ? { [sequence]: last } : {}), ...(headings && kind ? { [headings.kind]: kind } : {}) }
}
