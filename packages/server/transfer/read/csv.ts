import { pipeline } from 'node:stream/promises'
import { type CsvError, parse } from 'csv-parse'
import { FileProblem } from '../says.ts'
import { unguarded } from '../formulas.ts'
import { type Row, mostColumns } from './row.ts'

export const delimiters = [',', ';', '\t', '|'] as const
export type Delimiter = (typeof delimiters)[number]

/** A record that is longer has lost a quotation mark; a picture in a cell is not. */
const mostRecordBytes = 8 << 20

/** The rows of a text (RFC 4180, and quotation marks within unquoted cells as they stand). Throws UserError where it is not well-formed. */
export async function* readCsv(text: AsyncIterable<string>, delimiter: Delimiter): AsyncGenerator<Row> {
  const parser = parse({ delimiter, relax_column_count: true, relax_quotes: true, max_record_size: mostRecordBytes })
  const feeding = pipeline(text, parser)
  // Told by the loop below; a reader that has seen enough ends the loop, and with it the feeding.
  feeding.catch(() => undefined)
  let number = 0
  try {
    for await (const record of parser as AsyncIterable<string[]>) {
      number++
      if (record.length > mostColumns)
        throw new FileProblem('Row {row} has {count} columns; a table has at most {most}.', {
          row: number,
          count: record.length,
          most: mostColumns,
        })
      yield { number, cells: record.map(unguarded) }
    }
  } catch (error) {
    throw asSentence(error, number + 1)
  }
}

function asSentence(error: unknown, row: number): unknown {
  const code = (error as Partial<CsvError>).code
  if (code === 'CSV_QUOTE_NOT_CLOSED' || code === 'CSV_MAX_RECORD_SIZE')
    return new FileProblem('Row {row}: a quotation mark is opened and never closed.', { row })
  if (typeof code === 'string' && code.startsWith('CSV_')) return new FileProblem('Row {row}: the file is not well-formed CSV.', { row })
  return error
}

/** The separator that cuts the first rows into most columns, alike in all of them. */
export async function detectDelimiter(sample: string): Promise<Delimiter> {
  let best: { delimiter: Delimiter; score: number } = { delimiter: ',', score: 0 }
  for (const delimiter of delimiters) {
    const score = await scoreOf(sample, delimiter)
    if (score > best.score) best = { delimiter, score }
  }
  return best.delimiter
}

async function scoreOf(sample: string, delimiter: Delimiter): Promise<number> {
  const widths: number[] = []
  try {
    for await (const { cells } of readCsv(one(sample), delimiter)) {
      if (cells.length > 1 || cells[0] !== '') widths.push(cells.length)
      if (widths.length === 50) break
    }
  } catch {
    // The sample may be cut within quotation marks; what was read before it counts.
  }
  const columns = widths[0] ?? 1
  if (columns < 2) return 0
  return widths.filter((width) => width === columns).length / widths.length + Math.min(columns, 50) / 1000
}

async function* one(text: string): AsyncGenerator<string> {
  yield text
}
