import type { Text } from '@erp4/orm'
import { FileProblem } from '../says.ts'
import { type Readable, type Row, mostColumns } from './row.ts'
import { type Dates, datesOf, textOfSerial } from './xlsx-dates.ts'
import { readXml } from './xml.ts'
import { type Zip, openZip } from './zip.ts'

/** Unpacked bytes of all parts, and of the texts, which are in memory while the rows come by. */
const limits = { maxBytes: 300 << 20, maxEntries: 2000 }
const mostTextBytes = 64 << 20
/** Of the parts that tell of sheets, styles and where they are; they are kept as a whole. */
const mostHeadBytes = 16 << 20
/** Excel has 65,490. */
const mostStyles = 100_000
/** A longer text counts wherever a cell names it: one of eight megabytes, in a million cells, is a file of some kilobytes. */
const [longText, mostRepeated] = [1000, 64 << 20]

/** An Excel workbook, opened: nothing of its sheets is read yet. */
export interface Workbook {
  readonly sheets: readonly string[]
  /** The rows of a sheet, of the first one without a name; formulas by the value that they had when the file was saved. */
  rows(sheet?: string): AsyncGenerator<Row>
}

/** Opens a workbook (ECMA-376, part 1 §18). Throws UserError for what is none, is protected, or would be too large. */
export async function openXlsx(file: Readable): Promise<Workbook> {
  const zip = await openZip(file, limits)
  for (const part of heads)
    if (zip.size(part) > mostHeadBytes) throw new FileProblem('This is not an Excel file (.xlsx), or it is damaged.')
  const { sheets, is1904 } = await readWorkbook(zip)
  if (sheets.length === 0) throw new FileProblem('The Excel file has no sheet.')
  return {
    sheets: sheets.map(({ name }) => name),
    async *rows(name) {
      const sheet = name === undefined ? sheets[0]! : sheets.find((one) => one.name === name)
      if (!sheet) throw new FileProblem('The file has no sheet named {name}.', { name: name ?? '' })
      if (zip.size('xl/sharedStrings.xml') > mostTextBytes)
        throw new FileProblem('The texts of the file have more than {most} MB. Save it as CSV.', { most: mostTextBytes >> 20 })
      const texts = zip.names.has('xl/sharedStrings.xml') ? await readTexts(zip) : []
      const dates = zip.names.has('xl/styles.xml') ? await readDates(zip, is1904) : datesOf([], new Map(), is1904)
      yield* readSheet(zip, sheet.part, texts, dates)
    },
  }
}

const heads = ['xl/workbook.xml', 'xl/_rels/workbook.xml.rels', 'xl/styles.xml']

interface Sheet {
  readonly name: string
  readonly part: string
}

async function readWorkbook(zip: Zip): Promise<{ sheets: Sheet[]; is1904: boolean }> {
  const targets = new Map<string, string>()
  await drain(
    readXml(zip.read('xl/_rels/workbook.xml.rels'), {
      open: (name, { Id, Target }) => void (name === 'Relationship' && Id && Target && targets.set(Id, Target)),
    }),
  )
  const sheets: Sheet[] = []
  let is1904 = false
  await drain(
    readXml(zip.read('xl/workbook.xml'), {
      open: (tag, attributes) => {
        if (tag === 'workbookPr') is1904 = ['1', 'true'].includes(attributes['date1904'] ?? '')
        if (tag !== 'sheet') return
        const target = targets.get(attributes['r:id'] ?? attributes['id'] ?? '')
        const part = target?.startsWith('/') ? target.slice(1) : `xl/${target ?? ''}`
        // A sheet of a chart has no cells.
        if (part.includes('worksheets/')) sheets.push({ name: attributes['name'] ?? '', part })
      },
    }),
  )
  return { sheets, is1904 }
}

async function drain(reading: AsyncGenerator<void>): Promise<void> {
  for await (const _ of reading) void _
}

/** The texts of all cells, which name them by their place; without the readings of Japanese names that may hang on them. */
async function readTexts(zip: Zip): Promise<string[]> {
  const texts: string[] = []
  let [current, isText, isReading] = ['', false, false]
  await drain(
    readXml(zip.read('xl/sharedStrings.xml'), {
      open: (name) => {
        if (name === 'si') current = ''
        else if (name === 'rPh') isReading = true
        else if (name === 't') isText = !isReading
      },
      text: (text) => {
        if (isText) current += text
      },
      close: (name) => {
        if (name === 'si') texts.push(unescaped(current))
        else if (name === 'rPh') isReading = false
        else if (name === 't') isText = false
      },
    }),
  )
  return texts
}

async function readDates(zip: Zip, is1904: boolean): Promise<Dates> {
  const [formats, styles] = [new Map<number, string>(), [] as number[]]
  let isCells = false
  await drain(
    readXml(zip.read('xl/styles.xml'), {
      open: (name, { numFmtId, formatCode }) => {
        if (name === 'numFmt') formats.set(Number(numFmtId), formatCode ?? '')
        else if (name === 'cellXfs') isCells = true
        else if (name === 'xf' && isCells && styles.length < mostStyles) styles.push(Number(numFmtId ?? 0))
      },
      close: (name) => {
        if (name === 'cellXfs') isCells = false
      },
    }),
  )
  return datesOf(styles, formats, is1904)
}

interface CellAt {
  readonly column: number
  readonly type: string
  readonly style: number
}

async function* readSheet(zip: Zip, part: string, texts: readonly string[], dates: Dates): AsyncGenerator<Row> {
  let ready: Row[] = []
  let repeated = 0
  let [number, next, cells]: [number, number, Text[]] = [0, 0, []]
  let cell: CellAt | null = null
  let [value, isValue]: [string, boolean] = ['', false]
  const reading = readXml(zip.read(part), {
    open: (name, attributes) => {
      if (name === 'row') {
        number = Math.max(Number(attributes['r'] ?? 0) || 0, number + 1)
        ;[next, cells] = [0, []]
      } else if (name === 'c') {
        cell = { column: columnOf(attributes['r']) ?? next, type: attributes['t'] ?? 'n', style: Number(attributes['s'] ?? -1) }
        next = cell.column + 1
        value = ''
        // `<f>`, the formula, is passed over; `<v>` is what it came to.
      } else if ((name === 'v' || name === 't') && cell) isValue = true
    },
    text: (text) => {
      if (isValue) value += text
    },
    close: (name) => {
      if (name === 'v' || name === 't') isValue = false
      else if (name === 'c' && cell) {
        const text = cellText(cell, value, texts, dates)
        if (cell.type === 's' && typeof text === 'string' && text.length > longText) repeated += text.length
        if (repeated > mostRepeated)
          throw new FileProblem('The texts of the file have more than {most} MB. Save it as CSV.', { most: mostRepeated >> 20 })
        place(cells, cell.column, text, number)
        cell = null
      } else if (name === 'row') ready.push({ number, cells })
    },
  })
  for await (const _ of reading) {
    void _
    yield* ready
    ready = []
  }
}

function place(cells: Text[], column: number, value: Text, row: number): void {
  if (value === '') return
  if (column >= mostColumns) throw new FileProblem('Row {row} has more than {most} columns.', { row, most: mostColumns })
  while (cells.length < column) cells.push('')
  cells[column] = value
}

/** `AB12` is in column 27, from 0. */
function columnOf(reference: string | undefined): number | undefined {
  const letters = /^[A-Z]{1,3}/.exec(reference ?? '')?.[0]
  if (!letters) return undefined
  return [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1
}

function cellText({ type, style }: CellAt, value: string, texts: readonly string[], dates: Dates): Text {
  if (value === '') return ''
  switch (type) {
    case 's':
      return texts[Number(value)] ?? ''
    case 'b':
      return value === '1' || value === 'true'
    case 'inlineStr':
    case 'str':
      return unescaped(value)
    case 'd':
      return value.replace('T', ' ').replace(/\.\d+$/, '')
    case 'e':
      return value
    default:
      return numberText(value, style, dates)
  }
}

function numberText(value: string, style: number, dates: Dates): Text {
  const number = Number(value)
  if (!Number.isFinite(number)) return value
  if (dates.isDate(style)) return textOfSerial(number, dates.is1904)
  // A spreadsheet shows 15 digits, and keeps what binary arithmetic left behind them: 0.1 + 0.2 is 0.3 to its owner.
  return Number(number.toPrecision(15))
}

/** Signs that XML cannot hold are written `_x000B_` (ECMA-376 §22.9.2.19). */
const unescaped = (text: string): string =>
  text.includes('_x')
    ? text
        .replaceAll(/_x([0-9A-Fa-f]{4})_/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
        .replaceAll('\0', '')
        .toWellFormed()
    : text
