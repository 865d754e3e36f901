import type { Cell } from '@erp4/orm'
import { guarded } from '../formulas.ts'

/** Rows as CSV in UTF-8 with a mark, by which Excel knows the encoding; lines end as RFC 4180 says. */
export async function* writeCsv(rows: AsyncIterable<readonly Cell[]>): AsyncGenerator<Buffer> {
  yield Buffer.from('\ufeff')
  for await (const some of gathered(rows)) yield Buffer.from(some)
}

const pieceLength = 64 * 1024

async function* gathered(rows: AsyncIterable<readonly Cell[]>): AsyncGenerator<string> {
  let piece = ''
  for await (const row of rows) {
    piece += `${row.map(field).join(',')}\r\n`
    if (piece.length < pieceLength) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}

/** A number is what it says, `-5` too; a text that looks like a formula is kept from being one. */
function field(cell: Cell): string {
  if (typeof cell !== 'string') return String(cell)
  const text = guarded(cell)
  return /[",;|\t\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
