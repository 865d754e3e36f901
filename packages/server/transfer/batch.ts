import { type Done, type Env, type Model, type Text, inSavepoint, loadRows, recordStarts } from '@erp4/orm'
import type { Row } from './read/row.ts'

/** Which columns of a file are read into which fields. */
export interface Mapping {
  readonly fields: readonly string[]
  /** For each of the fields, the place of its column in the file. */
  readonly places: readonly number[]
}

/** `columns`: for each column of the file the path of its field, or null. */
export function mappingOf(columns: readonly (string | null)[]): Mapping {
  const used = columns.flatMap((path, place) => (path === null ? [] : [{ path, place }]))
  return { fields: used.map(({ path }) => path), places: used.map(({ place }) => place) }
}

/** The rows of one record: its own, and those of its lists. */
export type RecordRows = readonly Row[]

/** What is wrong with a cell, or with a record as a whole (`position` null). */
export interface CellError {
  readonly row: number
  readonly position: number | null
  readonly value: string
  readonly message: string
}

export interface BatchResult {
  readonly done: readonly (Done & { readonly rowNumber: number })[]
  readonly errors: readonly CellError[]
  /** Records with errors. */
  readonly failed: number
}

/** With more records than this in a batch that is full of errors, `load` has not enough attempts to try each. */
const surelyTried = 25
/** Lines of one document; more is a file whose first columns are not mapped. */
const mostRowsOfRecord = 20_000

/** Records as the rows come by: a row whose own cells are empty goes on with the lists of the one above. Throws ValueError for a column that is not there. */
export async function* recordsIn(
  env: Env,
  model: Model,
  { fields, places }: Mapping,
  rows: AsyncIterable<Row>,
): AsyncGenerator<RecordRows> {
  const isStart = recordStarts(env, model, fields)
  let current: Row[] = []
  for await (const row of rows) {
    const cells = pick(row, places)
    if (cells.every((cell) => cell === '')) continue
    if (current.length > 0 && (isStart(cells) || current.length >= mostRowsOfRecord)) {
      yield current
      current = []
    }
    current.push(row)
  }
  if (current.length > 0) yield current
}

const pick = ({ cells }: Row, places: readonly number[]): Text[] => places.map((place) => blank(cells[place] ?? ''))
const blank = (cell: Text): Text => (typeof cell === 'string' ? cell.trim() : cell)

/** What a batch holds of texts; records with whole documents in their cells come a few at a time. */
const mostCharacters = 8 << 20

const charactersOf = (record: RecordRows): number =>
  record.reduce((sum, { cells }) => sum + cells.reduce<number>((all, cell) => all + (typeof cell === 'string' ? cell.length : 1), 0), 0)

/** Several records at once, up to `most` of them. */
export async function* batchesOf(records: AsyncIterable<RecordRows>, most: number): AsyncGenerator<RecordRows[]> {
  let [batch, characters]: [RecordRows[], number] = [[], 0]
  for await (const record of records) {
    batch.push(record)
    characters += charactersOf(record)
    if (batch.length < most && characters < mostCharacters) continue
    yield batch
    ;[batch, characters] = [[], 0]
  }
  if (batch.length > 0) yield batch
}

class TooManyErrors extends Error {}

/**
 * Loads records as the caller, keeping those that can be kept; every error is told. A batch with more errors than attempts is taken back and
 * loaded in two.
 */
export async function loadBatch(env: Env, model: Model, mapping: Mapping, records: readonly RecordRows[]): Promise<BatchResult> {
  try {
    return await inSavepoint(env, () => loadOnce(env, model, mapping, records))
  } catch (error) {
    if (!(error instanceof TooManyErrors)) throw error
  }
  const middle = Math.ceil(records.length / 2)
  const [first, second] = [
    await loadBatch(env, model, mapping, records.slice(0, middle)),
    await loadBatch(env, model, mapping, records.slice(middle)),
  ]
  return { done: [...first.done, ...second.done], errors: [...first.errors, ...second.errors], failed: first.failed + second.failed }
}

async function loadOnce(env: Env, model: Model, mapping: Mapping, records: readonly RecordRows[]): Promise<BatchResult> {
  const rows = records.flat()
  const { done, messages, isCut } = await loadRows(
    env,
    model,
    mapping.fields,
    rows.map((row) => pick(row, mapping.places)),
    { keepGood: true, limit: null, keepsHistory: true },
  )
  if (isCut && records.length > surelyTried) throw new TooManyErrors()
  return {
    done: done.map((one) => ({ ...one, rowNumber: rows[one.row]!.number })),
    errors: messages.map(({ cell, rows: span, field, message }) => {
      const row = rows[cell?.row ?? span.from]!
      const column = cell?.column ?? mapping.fields.findIndex((path) => field !== false && path.split('/')[0] === field)
      const position = column >= 0 ? mapping.places[column]! : null
      return { row: row.number, position, value: position === null ? '' : String(row.cells[position] ?? '').slice(0, 200), message }
    }),
    failed: new Set(messages.map(({ record }) => record)).size,
  }
}
