import { Decimal } from '../decimal.ts'
import type { Env } from '../env.ts'
import { ValueError } from '../errors.ts'
import { choiceLabel } from '../labels.ts'
import { type FieldInfo, type Model, isToMany } from '../registry.ts'
import { readableField } from '../rules.ts'
import { relatedEnd } from '../sql/expression.ts'
import { onClock } from '../time-zones.ts'
import { ensureExternalIds } from './external-ids.ts'
import { readTyped } from './read.ts'

export type Cell = string | number | boolean
type Path = readonly string[]
type Row = { readonly id: number; readonly [field: string]: unknown }

/** An external id that is still to be looked up. */
interface Pending {
  readonly model: Model
  readonly id: number
}
type Draft = Cell | Pending | readonly Pending[]

/**
 * Records as rows of cells, as `load` reads them: `name`, `parent_id` (its name), `parent_id/id` (its external id, made where there is none),
 * `parent_id/.id`, `child_ids/name` (one row for each child). Hidden records are left out. Names separated by commas for many2many, unless the
 * context says `import_compat: false`. Labels, not keys, of selections; instants as the caller's clock shows them; the empty text where unset.
 * A number that is unset is 0, as everywhere on the external wire; where the context says `export_exact` it is empty, and one that a double
 * cannot hold is a text, so that what is read back is what was there.
 */
export async function exportRows(env: Env, model: Model, ids: readonly number[], fields: readonly string[]): Promise<Cell[][]> {
  const paths = fields.map((field) => checkPath(env, model, field))
  const wanted = new Set(
    paths.flatMap((path) => (path.length === 1 && isId(path[0]!) ? [] : [path.map((step) => (isId(step) ? 'id' : step)).join('.')])),
  )
  const records: Row[] = await readTyped(env, model, ids, [...wanted])
  const lines: Draft[][] = []
  for (const record of records) lines.push(...(await linesOf(env, model, record, paths)))
  return named(env, lines)
}

const isId = (step: string): boolean => step === 'id' || step === '.id'

/** The path with the name of the record where it ends at a relation; every step is there for the caller. */
function checkPath(env: Env, model: Model, text: string): Path {
  const steps = text.split('/')
  const path: string[] = []
  let at = model
  for (const [i, step] of steps.entries()) {
    path.push(step)
    const isLast = i === steps.length - 1
    if (isId(step) && isLast) return path
    const field = steps.length <= 8 ? readableField(env, at, step) : undefined
    const end = field && endOf(env, field)
    if (!field || !end || field.options.secret || (!isLast && !end.comodel))
      throw new ValueError(`Invalid field '${text.slice(0, 80)}' on '${model.name}'`)
    if (end.comodel) {
      at = env.modelOf(end.comodel)
      if (isLast) path.push('display_name')
    }
  }
  return path
}

const endOf = (env: Env, field: FieldInfo): FieldInfo => (field.related ? relatedEnd(env, field) : field)

/** A record's own line, then one for each further line of its lists; the first of each list stands in the record's own. */
async function linesOf(env: Env, model: Model, record: Row, paths: readonly Path[]): Promise<Draft[][]> {
  const own: Draft[] = paths.map(() => '')
  const lines: Draft[][] = [own]
  const spread = new Set<string>()
  for (const [i, path] of paths.entries()) {
    const [head = '', ...rest] = path
    if (path.length === 0 || spread.has(head)) continue
    if (isId(head)) own[i] = head === 'id' ? { model, id: record.id } : String(record.id)
    else {
      const field = model.fields.get(head)!
      const end = endOf(env, field)
      if (!end.comodel) own[i] = await cellOf(env, end, record[head])
      else if (end.kind === 'many2many' && env.context['import_compat'] !== false)
        own[i] = await joined(env, env.modelOf(end.comodel), record[head] as Row[], rest)
      else {
        spread.add(head)
        const inner = paths.map((other) => (other[0] === head ? other.slice(1) : []))
        const related = isToMany(end) ? (record[head] as Row[]) : record[head] ? [record[head] as Row] : []
        const [first, ...more] = await nestedLines(env, env.modelOf(end.comodel), related, inner)
        for (const [j, cell] of (first ?? []).entries()) if (inner[j]!.length > 0) own[j] = cell
        lines.push(...more)
      }
    }
  }
  return lines
}

async function nestedLines(env: Env, model: Model, records: readonly Row[], paths: readonly Path[]): Promise<Draft[][]> {
  const lines: Draft[][] = []
  for (const record of records) lines.push(...(await linesOf(env, model, record, paths)))
  return lines
}

/** Several records in one cell, as `load` takes them apart again. */
async function joined(env: Env, comodel: Model, records: readonly Row[], path: Path): Promise<Draft> {
  if (path[0] === 'id') return records.map(({ id }) => ({ model: comodel, id }))
  const cells: Draft[] = []
  for (const record of records) for (const line of await linesOf(env, comodel, record, [path])) cells.push(line[0]!)
  return cells
    .filter((cell) => cell !== '')
    .map(String)
    .join(',')
}

async function cellOf(env: Env, field: FieldInfo, value: unknown): Promise<Cell> {
  const isExact = env.context['export_exact'] === true
  if (value instanceof Decimal) return isExact ? exactNumber(value) : value.toNumber()
  if (value === null || value === undefined) return !isExact && ['integer', 'float', 'decimal', 'monetary'].includes(field.kind) ? 0 : ''
  switch (field.kind) {
    case 'selection':
      return choiceLabel(env, field, String(value))
    case 'datetime':
      return onClock(env.context.tz, value as never)
    case 'binary':
      return env.call.blobs ? Buffer.from(await env.call.blobs.get(env.cx, value as string)).toString('base64') : ''
    case 'json':
      return JSON.stringify(value)
    default:
      return value as Cell
  }
}

function exactNumber(value: Decimal): number | string {
  const number = value.toNumber()
  return Decimal.fromNumber(number).equals(value) ? number : value.toString()
}

/** External ids put in, looked up for all records of a model at once. */
async function named(env: Env, lines: readonly Draft[][]): Promise<Cell[][]> {
  const wanted = new Map<Model, Set<number>>()
  for (const { model, id } of lines
    .flat()
    .flatMap((cell): readonly Pending[] => (typeof cell !== 'object' ? [] : isList(cell) ? cell : [cell])))
    wanted.set(model, (wanted.get(model) ?? new Set()).add(id))
  const names = new Map<Model, ReadonlyMap<number, string>>()
  for (const [model, ids] of wanted) names.set(model, await ensureExternalIds(env, model, [...ids]))
  const nameOf = ({ model, id }: Pending): string => names.get(model)?.get(id) ?? ''
  return lines.map((line) =>
    line.map((cell) => (typeof cell !== 'object' ? cell : isList(cell) ? cell.map(nameOf).filter(Boolean).join(',') : nameOf(cell))),
  )
}

const isList = (cell: Pending | readonly Pending[]): cell is readonly Pending[] => Array.isArray(cell)
