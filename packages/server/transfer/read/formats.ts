import type { Text } from '@erp4/orm'
import type { Row } from './row.ts'

/** How a file writes days and numbers, in the directives that `load` knows. */
export interface Formats {
  /** `%d/%m/%Y`; empty where days are written 2026-01-31. */
  readonly dateFormat: string
  readonly datetimeFormat: string
  readonly decimal: '.' | ','
  readonly thousand: '' | ',' | '.' | ' ' | "'"
}

export const dateFormats = [
  '%Y-%m-%d',
  '%Y/%m/%d',
  '%Y.%m.%d',
  '%Y. %m. %d.',
  '%Y. %m. %d',
  '%Y년 %m월 %d일',
  '%Y%m%d',
  '%d/%m/%Y',
  '%m/%d/%Y',
  '%d.%m.%Y',
  '%d-%m-%Y',
  '%m-%d-%Y',
  '%d/%m/%y',
  '%m/%d/%y',
  '%d.%m.%y',
] as const
const times = ['%H:%M:%S', '%H:%M'] as const

const sizes: Readonly<Record<string, string>> = {
  Y: '\\d{4}',
  y: '\\d{2}',
  m: '\\d{1,2}',
  d: '\\d{1,2}',
  H: '\\d{1,2}',
  M: '\\d{2}',
  S: '\\d{2}',
}
const ranges: Readonly<Record<string, number>> = { m: 12, d: 31, H: 23, M: 59, S: 59 }

/** Whether a text is written in the format: its digits where they belong, and no thirteenth month. */
function fits(format: string, text: string): boolean {
  const letters = [...format.matchAll(/%(.)/g)].map(([, letter]) => letter!)
  // An administrator writes the format of a language. With the same digits asked for many times, to find no match takes years.
  if (new Set(letters).size < letters.length || letters.some((letter) => !Object.hasOwn(sizes, letter))) return false
  const source = format.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/%(.)/g, (_, letter: string) => `(${sizes[letter]!})`)
  const found = new RegExp(`^${source}$`).exec(text)
  return found !== null && letters.every((letter, i) => Number(found[i + 1]) <= (ranges[letter] ?? Infinity))
}

/**
 * The formats in which the columns of the sample are written: the one that fits all cells of most columns. `preferred` (that of the person's
 * language) decides where 03/04/2026 could be either.
 */
export function detectFormats(rows: readonly Row[], preferred: string): Formats {
  const columns = columnsOf(rows)
  const days = best(columns, preferred === '' ? dateFormats : [preferred, ...dateFormats])
  const moments = best(
    columns,
    times.flatMap((time) =>
      (days ? [days, ...dateFormats] : preferred === '' ? [...dateFormats] : [preferred, ...dateFormats]).map((day) => `${day} ${time}`),
    ),
  )
  const numbers = detectNumbers(columns)
  const plain = (format: string | undefined): string => (format === undefined || format.startsWith('%Y-%m-%d') ? '' : format)
  return { dateFormat: plain(days ?? moments?.replace(/ %H.*$/, '')), datetimeFormat: plain(moments), ...numbers }
}

/** The texts of each column, without the empty cells. */
function columnsOf(rows: readonly Row[]): string[][] {
  const columns: string[][] = []
  for (const { cells } of rows)
    cells.forEach((cell: Text, i) => typeof cell === 'string' && cell.trim() !== '' && (columns[i] ??= []).push(cell.trim()))
  return columns.filter(Boolean)
}

function best(columns: readonly (readonly string[])[], formats: readonly string[]): string | undefined {
  let found: { format: string; count: number } | undefined
  for (const format of formats) {
    const count = columns.filter((texts) => texts.every((text) => fits(format, text))).length
    if (count > (found?.count ?? 0)) found = { format, count }
  }
  return found?.format
}

const numeric = /^[+-]?\d[\d.,' \u00a0\u202f]*$/
/** No number has more signs; in one of a megabyte, its groups of thousands are looked for from each of them. */
const longestNumber = 100
const isNumeric = (text: string): boolean => text.length <= longestNumber && numeric.test(text)

/** A sign that stands twice, or before three digits while the other stands behind it, groups thousands; the last one before other digits is decimal. */
function detectNumbers(columns: readonly (readonly string[])[]): Pick<Formats, 'decimal' | 'thousand'> {
  const texts = columns.filter((column) => column.every(isNumeric)).flat()
  const votes = { comma: 0, point: 0 }
  let thousand: Formats['thousand'] = ''
  for (const text of texts) {
    const [comma, point] = [text.lastIndexOf(','), text.lastIndexOf('.')]
    if (/\d'\d{3}(?!\d)/.test(text)) thousand = "'"
    else if (/\d[ \u00a0\u202f]\d{3}(?!\d)/.test(text)) thousand = ' '
    if (comma >= 0 && point >= 0) {
      if (comma > point) votes.comma += 2
      else votes.point += 2
      thousand = comma > point ? '.' : ','
    } else if (comma >= 0 && /,\d{3}(,\d{3})*$/.test(text)) {
      // 1,234 is a thousand to most who write it; three digits behind a decimal comma are rare.
      thousand = thousand === '' ? ',' : thousand
      if (text.split(',').length > 2) votes.point++
    } else if (comma >= 0) votes.comma++
    else if (point >= 0 && text.split('.').length > 2) [thousand, votes.comma] = ['.', votes.comma + 1]
    else if (point >= 0) votes.point++
  }
  const decimal = votes.comma > votes.point ? ',' : '.'
  return { decimal, thousand: thousand === decimal ? '' : thousand }
}

/** Whether the first row names the columns: texts, none twice, and no number among them. */
export function hasHeader([first, ...rest]: readonly Row[]): boolean {
  if (!first) return false
  const texts = first.cells.filter((cell) => cell !== '')
  const isNamed = texts.every((cell) => typeof cell === 'string' && !isNumeric(cell))
  return texts.length > 0 && isNamed && new Set(texts).size === texts.length && (rest.length > 0 || first.cells.length > 1)
}
