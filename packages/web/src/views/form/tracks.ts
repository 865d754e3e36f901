import type { FieldMeta, ShownField } from '@erp4/orm/views-types'
import { formatValue } from '../../format.ts'
import type { Line } from './lines.ts'

/** How many letters a column is made for, at least and at most, where its lines do not say. */
const room: Readonly<Record<string, readonly [number, number]>> = {
  many2one: [12, 30],
  many2many: [9, 20],
  text: [18, 40],
  char: [14, 34],
  selection: [10, 18],
  date: [12, 14],
  datetime: [17, 20],
}
const numbers = new Set(['integer', 'float', 'monetary'])

const letter = 7.6
const padding = 20
/** So many lines are looked at. */
const sample = 60

/**
 * The widths of the columns of lines, as a grid template: numbers and dates are never cut, names and texts share what is left by their
 * lengths. Of the lines as they were saved, so that nothing moves while one types.
 */
export function tracksOf(columns: readonly ShownField[], fields: Readonly<Record<string, FieldMeta>>, lines: readonly Line[]): string {
  return columns
    .map((column) => {
      const field = fields[column.field]!
      const head = longestWord(column.label ?? field.string)
      const values = lines.slice(0, sample).map(({ values: line }) => width(formatValue(field, line[column.field], line)))
      const widest = Math.max(0, ...values)
      if (field.type === 'boolean') return `${Math.max(head, 4) * letter + padding}px`
      if (numbers.has(field.type)) {
        const letters = Math.max(head, widest, 7)
        return `minmax(${Math.round(letters * letter + padding)}px, ${letters}fr)`
      }
      const [least, most] = room[field.type] ?? [12, 24]
      // Lines that are there tell how much is needed, down to the heading; none yet, and there must be room to type.
      const letters = Math.min(Math.max(head, lines.length > 0 ? Math.min(widest, most) : least, 7), most)
      return `minmax(${Math.round(Math.min(letters, least) * letter + padding)}px, ${letters}fr)`
    })
    .join(' ')
}

/** Headings break between words. */
const longestWord = (text: string): number => Math.max(...text.split(/\s+/).map(width))

/** Korean and Chinese signs are as wide as two letters. */
const width = (text: string): number =>
  [...text].reduce((sum, sign) => sum + (/[\u1100-\u11ff\u2e80-\ud7ff\uf900-\ufaff]/.test(sign) ? 2 : 1), 0)
