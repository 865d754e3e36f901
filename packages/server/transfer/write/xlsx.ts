import type { Cell } from '@erp4/orm'
import { columnLetters } from '../letters.ts'
import { type ZipPart, writeZip } from './zip.ts'

/** How the cells of a column are shown. */
export type ColumnKind = 'text' | 'number' | 'day' | 'moment'

/** Rows that a sheet can have at most, its header among them. */
export const mostSheetRows = 1_048_576

/**
 * Rows as a workbook of one sheet (ECMA-376), as they come. A text is a text whatever it begins with: only a formula element would be run. Days and
 * moments are numbers with a format, so that a spreadsheet sorts and adds them up.
 */
export function writeXlsx(rows: AsyncIterable<readonly Cell[]>, columns: readonly ColumnKind[], sheet: string): AsyncGenerator<Buffer> {
  return writeZip([
    part('[Content_Types].xml', contentTypes),
    part('_rels/.rels', packageRelations),
    part('xl/workbook.xml', workbook(sheet)),
    part('xl/_rels/workbook.xml.rels', workbookRelations),
    part('xl/styles.xml', styles),
    { name: 'xl/worksheets/sheet1.xml', content: sheetXml(rows, columns) },
  ])
}

const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const part = (name: string, xml: string): ZipPart => ({ name, content: once(Buffer.from(declaration + xml)) })

async function* once(content: Buffer): AsyncGenerator<Buffer> {
  yield content
}

const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const media = 'application/vnd.openxmlformats-officedocument.spreadsheetml'
const contentTypes = `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${media}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${media}.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="${media}.styles+xml"/></Types>`
const relation = (id: string, type: string, target: string): string =>
  `<Relationship Id="${id}" Type="${office}/${type}" Target="${target}"/>`
const relations = (list: string): string =>
  `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${list}</Relationships>`
const packageRelations = relations(relation('rId1', 'officeDocument', 'xl/workbook.xml'))
const workbookRelations = relations(relation('rId1', 'worksheet', 'worksheets/sheet1.xml') + relation('rId2', 'styles', 'styles.xml'))
const styles = `<styleSheet xmlns="${main}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/><numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd hh:mm:ss"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/><xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`
const [headerStyle, dayStyle, momentStyle] = [1, 2, 3]

/** A sheet's name has at most 31 signs, and none of these. */
const sheetName = (name: string): string => [...name.replaceAll(/[\\/?*[\]:]/g, ' ').trim()].slice(0, 31).join('') || 'Sheet1'
const workbook = (sheet: string): string =>
  `<workbook xmlns="${main}" xmlns:r="${office}"><sheets><sheet name="${escaped(sheetName(sheet))}" sheetId="1" r:id="rId1"/></sheets></workbook>`

const pieceLength = 64 * 1024

async function* sheetXml(rows: AsyncIterable<readonly Cell[]>, columns: readonly ColumnKind[]): AsyncGenerator<Buffer> {
  let piece = `${declaration}<worksheet xmlns="${main}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>${columns.map((kind, i) => `<col min="${i + 1}" max="${i + 1}" width="${kind === 'text' ? 24 : 16}" customWidth="1"/>`).join('')}</cols><sheetData>`
  let number = 0
  for await (const row of rows) {
    number++
    piece += `<row r="${number}">${row.map((cell, i) => cellXml(cell, `${columnLetters(i)}${number}`, number === 1 ? 'header' : (columns[i] ?? 'text'))).join('')}</row>`
    if (piece.length < pieceLength) continue
    yield Buffer.from(piece)
    piece = ''
  }
  yield Buffer.from(`${piece}</sheetData></worksheet>`)
}

function cellXml(cell: Cell, at: string, kind: ColumnKind | 'header'): string {
  if (cell === '') return ''
  if (typeof cell === 'boolean') return `<c r="${at}" t="b"><v>${cell ? 1 : 0}</v></c>`
  if (typeof cell === 'number') return `<c r="${at}"><v>${cell}</v></c>`
  if (kind === 'day' || kind === 'moment') {
    const serial = serialOf(cell)
    if (serial !== null) return `<c r="${at}" s="${kind === 'day' ? dayStyle : momentStyle}"><v>${serial}</v></c>`
  }
  const style = kind === 'header' ? ` s="${headerStyle}"` : ''
  return `<c r="${at}"${style} t="inlineStr"><is><t xml:space="preserve">${escaped(cell)}</t></is></c>`
}

/** The number of a day in the calendar that begins in 1900; of days before March 1900, which spreadsheets count wrongly, null. */
function serialOf(text: string): number | null {
  const at = Date.parse(`${text.length === 10 ? `${text} 00:00:00` : text}Z`.replace(' ', 'T'))
  if (Number.isNaN(at)) return null
  const serial = at / 86_400_000 + 25569
  return serial < 61 ? null : Math.round(serial * 1e9) / 1e9
}

const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Text for XML; signs that it cannot hold, and what looks like their spelling, are written as `_x000B_` (ECMA-376 §22.9.2.19). */
const escaped = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_')
    .replaceAll(/[&<>"]/g, (sign) => names[sign]!)
    // oxlint-disable-next-line no-control-regex -- these are the signs that must not get into XML.
    .replaceAll(
      /[\0-\x08\x0b\x0c\x0e-\x1f\r\ufffe\uffff]/g,
      (sign) => `_x${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`,
    )
