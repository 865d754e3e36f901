import { createHash } from 'node:crypto'
import type { Text } from '@erp4/orm'
import { columnLetters } from '../letters.ts'
import { FileProblem } from '../says.ts'
import { type Delimiter, delimiters, detectDelimiter, readCsv } from './csv.ts'
import { type Encoding, decodeText, detectEncoding, isEncoding } from './encoding.ts'
import { type Formats, detectFormats, hasHeader } from './formats.ts'
import type { Readable, Row } from './row.ts'
import { openXlsx } from './xlsx.ts'

export type FileFormat = 'csv' | 'xlsx'

/** How a file is to be read: found out first, changed by the person where it was found out wrongly. */
export interface ReadOptions extends Formats {
  readonly encoding: Encoding
  readonly delimiter: Delimiter
  /** Of an Excel file; empty for the first. */
  readonly sheet: string
  readonly hasHeader: boolean
}

/** A file as it was found to be. */
export interface Inspected {
  readonly options: ReadOptions
  readonly sheets: readonly string[]
  /** What stands above the columns, or their letters. */
  readonly headers: readonly string[]
  /** The first rows below the header, to be shown. */
  readonly sample: readonly (readonly Text[])[]
  /** The same for files with the same headers. */
  readonly headerKey: string
}

const sampledRows = 500
const sampledCharacters = 4 << 20
const shownRows = 10
/** Of a cell that is shown, and of a header: more than a column is wide. */
const longestShown = 200

/** What the bytes are: `.xlsx` is an archive, and anything else that can be read is text. */
export const formatOf = (mimetype: string): FileFormat =>
  mimetype === 'application/zip' || mimetype.startsWith('application/vnd.openxmlformats') ? 'xlsx' : 'csv'

/**
 * Finds out how the file is written, except for what `given` says; `preferred` is how the person's language writes days. Throws UserError, with a
 * sentence, for what is no table.
 */
export async function inspect(file: Readable, format: FileFormat, given: Partial<ReadOptions>, preferred: string): Promise<Inspected> {
  const way =
    format === 'csv' ? await wayOfCsv(file, given) : { encoding: 'utf-8' as const, delimiter: ',' as const, sheet: given.sheet ?? '' }
  const workbook = format === 'xlsx' ? await openXlsx(file) : undefined
  if (workbook && way.sheet !== '' && !workbook.sheets.includes(way.sheet))
    throw new FileProblem('The file has no sheet named {name}.', { name: way.sheet })
  const sheet = way.sheet === '' ? undefined : way.sheet
  const rows = workbook ? workbook.rows(sheet) : readCsv(decodeText(file, way.encoding), way.delimiter)
  const sample: Row[] = []
  let characters = 0
  for await (const row of rows) {
    if (row.cells.every((cell) => cell === '')) continue
    sample.push(row)
    for (const cell of row.cells) characters += String(cell).length
    if (sample.length > sampledRows || characters > sampledCharacters) break
  }
  if (sample.length === 0) throw new FileProblem('The file is empty.')
  const isHeaded = given.hasHeader ?? hasHeader(sample)
  const body = isHeaded ? sample.slice(1) : sample
  const width = Math.max(...sample.map(({ cells }) => cells.length))
  const first = isHeaded ? sample[0]!.cells : []
  const headers = Array.from({ length: width }, (_, i) => cut(String(first[i] ?? '').trim()) || columnLetters(i))
  const formats = detectFormats(body, preferred)
  return {
    options: { ...formats, ...definedOf(given), ...way, hasHeader: isHeaded },
    sheets: workbook?.sheets ?? [],
    headers,
    sample: body.slice(0, shownRows).map(({ cells }) => cells.map((cell) => (typeof cell === 'string' ? cut(cell) : cell))),
    headerKey: createHash('sha256').update(JSON.stringify(headers)).digest('hex'),
  }
}

const cut = (text: string): string => (text.length > longestShown ? `${text.slice(0, longestShown).toWellFormed()}…` : text)

const definedOf = <T extends object>(given: T): Partial<T> =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<T>

async function wayOfCsv(file: Readable, given: Partial<ReadOptions>): Promise<Pick<ReadOptions, 'encoding' | 'delimiter' | 'sheet'>> {
  const encoding = given.encoding ?? (await detectEncoding(file))
  if (given.delimiter) return { encoding, delimiter: given.delimiter, sheet: '' }
  let sample = ''
  for await (const text of decodeText(file, encoding)) {
    sample += text
    if (sample.length > 64 * 1024) break
  }
  return { encoding, delimiter: await detectDelimiter(sample.slice(0, 64 * 1024)), sheet: '' }
}

/** Every row below the header that is not wholly empty. */
export async function* readRows(file: Readable, format: FileFormat, options: ReadOptions): AsyncGenerator<Row> {
  const rows =
    format === 'xlsx'
      ? (await openXlsx(file)).rows(options.sheet === '' ? undefined : options.sheet)
      : readCsv(decodeText(file, options.encoding), options.delimiter)
  let isHeader = options.hasHeader
  for await (const row of rows) {
    if (row.cells.every((cell) => cell === '')) continue
    if (isHeader) isHeader = false
    else yield row
  }
}

const formatShape = /^(?:%[YymdHMS]|[^%\d]){0,24}$/u

/** What a person chose, checked: from outside nothing is taken for what it says it is. Throws UserError. */
export function parseOptions(given: unknown): Partial<ReadOptions> {
  if (given === null || given === undefined) return {}
  const { encoding, delimiter, sheet, hasHeader, dateFormat, datetimeFormat, decimal, thousand } = given as Record<string, unknown>
  const is = <T>(value: unknown, holds: boolean, name: string): T | undefined => {
    if (value === undefined) return undefined
    if (!holds) throw new FileProblem('This choice is not known: {name}', { name })
    return value as T
  }
  const isFormat = (value: unknown): boolean => typeof value === 'string' && value.length <= 40 && formatShape.test(value)
  return definedOf({
    encoding: is<Encoding>(encoding, isEncoding(encoding), 'encoding'),
    delimiter: is<Delimiter>(delimiter, delimiters.includes(delimiter as Delimiter), 'delimiter'),
    sheet: is<string>(sheet, typeof sheet === 'string' && sheet.length <= 100, 'sheet'),
    hasHeader: is<boolean>(hasHeader, typeof hasHeader === 'boolean', 'hasHeader'),
    dateFormat: is<string>(dateFormat, isFormat(dateFormat), 'dateFormat'),
    datetimeFormat: is<string>(datetimeFormat, isFormat(datetimeFormat), 'datetimeFormat'),
    decimal: is<'.' | ','>(decimal, decimal === '.' || decimal === ',', 'decimal'),
    thousand: is<Formats['thousand']>(thousand, ['', ',', '.', ' ', "'"].includes(thousand as string), 'thousand'),
  }) as Partial<ReadOptions>
}
