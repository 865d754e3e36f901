import type { FieldMeta, ShownField } from '@erp4/orm/views-types'
import type { Values } from '../fields/widget.ts'
import { formatDay, formatMoment, formatValue } from '../format.ts'

/** How many letters a column is made for, at least and at most, where its values do not say. */
const room: Readonly<Record<string, readonly [number, number]>> = {
  many2one: [12, 30],
  many2many: [9, 24],
  text: [18, 40],
  char: [14, 34],
}

/** Words of at most so many letters have room for all of them. */
const short = 20

const letter = 7.6
const padding = 20
/** So many rows are looked at. */
const sample = 60

/** A column of a list or of lines, with the heading it shows. */
export interface Measured {
  readonly field: FieldMeta
  readonly label: string
  /** Its letters are bold. */
  readonly isBold?: boolean
  /** Its sum stands below it. */
  readonly isSummed?: boolean
}

/**
 * The width of a column, as a track of a grid: numbers, dates and badges are never cut, names and texts share what is left by their lengths.
 * A heading that `wraps` has room for its longest word, another one for all of it and the sign of the order.
 */
export function trackOf({ field, label, isBold = false, isSummed = false }: Measured, rows: readonly Values[], wraps: boolean): string {
  const head = wraps ? longestWord(label) : width(label) + 2
  const letters = (most: number): number => Math.max(0, ...rows.slice(0, sample).map((row) => Math.min(most, width(text(field, row)))))
  const px = (count: number): number => Math.round(count * letter * (isBold || isSummed ? 1.08 : 1) + padding)
  if (field.type === 'boolean') return `${px(Math.max(head, 4))}px`
  const whole = uncut(field)
  if (whole !== undefined) {
    const count = Math.max(head, letters(40) + (isSummed ? 2 : 0), whole)
    return `minmax(${px(count)}px, ${px(count)}fr)`
  }
  const [least, most] = room[field.type] ?? [12, 24]
  // Rows that are there tell how much is needed, down to the heading; none yet, and there must be room to type.
  const count = Math.min(Math.max(head, rows.length > 0 ? letters(most) : least, 7), most)
  // Short words, such as telephone numbers, are not cut.
  return `minmax(${px(count <= short ? count : least)}px, ${px(count)}fr)`
}

/** The tracks of a table of lines. */
export const tracksOf = (columns: readonly ShownField[], fields: Readonly<Record<string, FieldMeta>>, rows: readonly Values[]): string =>
  columns
    .map((column) => fields[column.field]!)
    .map((field, i) => trackOf({ field, label: `${columns[i]!.label ?? field.string}${hasStar(field) ? '**' : ''}` }, rows, true))
    .join(' ')

/** Whether a heading says that the field has to be filled in. A number always is something. */
export const hasStar = ({ required, readonly, type }: FieldMeta): boolean =>
  required === true && readonly !== true && !['integer', 'float', 'monetary', 'boolean'].includes(type)

/** Of fields whose values are not to be cut, how many letters those have that are not there yet. */
function uncut({ type, selection = [] }: FieldMeta): number | undefined {
  switch (type) {
    case 'integer':
    case 'float':
    case 'monetary':
      return 7
    case 'date':
      return width(formatDay('2027-12-30'))
    case 'datetime':
      return width(formatMoment('2027-12-30 22:58:00'))
    case 'selection': // in a badge
      return Math.min(24, Math.max(4, ...selection.map(([, label]) => width(label)))) + 3
    default:
      return undefined
  }
}

/** Tags have their own edges. */
const text = (field: FieldMeta, row: Values): string => formatValue(field, row[field.name], row) + (field.type === 'many2many' ? '   ' : '')

/** Headings break between words. */
const longestWord = (words: string): number => Math.max(...words.split(/\s+/).map(width))

/** Korean and Chinese signs are as wide as two letters, figures a little wider than one. */
const width = (words: string): number =>
  [...words].reduce((sum, sign) => sum + (/[\u1100-\u11ff\u2e80-\ud7ff\uf900-\ufaff]/.test(sign) ? 2 : /[0-9+]/.test(sign) ? 1.12 : 1), 0)
