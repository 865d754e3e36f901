import { Decimal } from '../decimal.ts'
import { type Node } from '../domain.ts'
import type { Env } from '../env.ts'
import { ArgumentError, UserError, ValueError, shown } from '../errors.ts'
import { type FieldInfo, type Model, isToMany } from '../registry.ts'
import { byDomain, byIds, demandEver, parseOrder, readTyped, searchNode } from '../operations/read.ts'
import { keptStatement } from '../operations/kept.ts'
import { flush } from '../operations/recompute.ts'
import { ruleFor, visibleField } from '../rules.ts'
import { isPushable, relatedEnd } from '../sql/expression.ts'
import type { Sql } from '../sql/fragment.ts'
import { askedName, shapeName } from '../sql/names.ts'
import type { Nested, Want } from '../sql/select.ts'
import { RawJson } from './method.ts'

/** A caller's limit: false, null and 0 mean none. */
export function cleanLimit(limit: unknown): number | null {
  if (limit === null || limit === undefined || limit === false || limit === 0 || limit === '') return null
  if (!Number.isSafeInteger(limit) || (limit as number) < 0) throw new ArgumentError('limit must be a positive whole number')
  return limit as number
}

export function cleanOffset(offset: unknown): number {
  if (offset === null || offset === undefined || offset === false || offset === '') return 0
  if (!Number.isSafeInteger(offset) || (offset as number) < 0) throw new ArgumentError('offset must be a positive whole number')
  return offset as number
}

export function cleanIds(ids: unknown): number[] {
  const list = ids === null || ids === undefined || ids === false ? [] : Array.isArray(ids) ? ids : [ids]
  if (list.length > 100_000) throw new ArgumentError('Too many ids in one call')
  return list.map((id) => {
    const number = typeof id === 'string' && /^\d{1,10}$/.test(id) ? Number(id) : id
    if (typeof number !== 'number' || !Number.isInteger(number)) throw new ArgumentError(`'${shown(id, 40)}' is not a record id`)
    // Ids beyond the column's range exist for nobody.
    return number > 2147483647 || number < -2147483648 ? 0 : number
  })
}

/** The fields a caller names; none means all that he may read. */
export function chooseFields(env: Env, model: Model, names: unknown): FieldInfo[] {
  if (names === null || names === undefined || names === false || (Array.isArray(names) && names.length === 0)) {
    return [...model.fields.values()].filter((field) => visibleField(env, model, field.name))
  }
  if (!Array.isArray(names)) throw new ArgumentError('fields must be a list of names')
  return [...new Set(names)].map((name) => {
    const field = typeof name === 'string' ? visibleField(env, model, name) : undefined
    if (!field) throw new ValueError(`Invalid field '${shown(name)}' on '${model.name}'`)
    return field
  })
}

/** `load='_classic_read'` gives many2one as `[id, name]`, anything else the bare id. */
export const wantsOf = (fields: readonly FieldInfo[], load: unknown): Want[] =>
  fields.map((field) => (field.kind === 'many2one' ? { field, pair: hasPairs(load) } : { field }))

const hasPairs = (load: unknown): boolean => load === '_classic_read' || load === undefined

/** Records by id as JSON; hidden and missing ones are left out. */
export async function readWire(env: Env, model: Model, ids: readonly number[], wants: readonly Want[]): Promise<RawJson> {
  demandEver(env, model, 'read')
  await flush(env)
  if (ids.length === 0) return new RawJson('[]')
  return (await answer(env, model, wants, (pushed) => byIds(env, model, ids, pushed, 'wire'), shapeName)).json
}

/** `read` with fields by name: by far the most frequent call, so its statement is kept. */
export async function readByName(env: Env, model: Model, ids: readonly number[], names: unknown, load: unknown): Promise<RawJson> {
  const wants = (): Want[] => wantsOf(chooseFields(env, model, names), load)
  const isPlain =
    Array.isArray(names) &&
    names.length > 0 &&
    names.every((name) => typeof name === 'string' && model.fields.has(name) && isPushable(env, model.fields.get(name)!))
  if (!isPlain || ids.length === 0 || env.context['force_rows']) return readWire(env, model, ids, wants())
  await flush(env)
  const { statement } = keptStatement(env, `wire|${model.name}|${hasPairs(load)}|${names.join(' ')}`, { ids }, (standIns) => {
    demandEver(env, model, 'read')
    return { statement: byIds(env, model, standIns.ids, wants(), 'wire') }
  })
  const [row] = await env.cx.query<{ '?column?': string }>(statement, shapeName(statement))
  return new RawJson(row!['?column?'])
}

/** A page of what matches, as JSON, and the number of its records; `node` is the condition they meet. */
export async function searchReadWire(
  env: Env,
  model: Model,
  domain: unknown,
  wants: readonly Want[],
  options: { order: unknown; limit: number | null; offset: number },
): Promise<Page & { node: Node }> {
  demandEver(env, model, 'read')
  await flush(env)
  const node = searchNode(env, model, domain)
  const order = parseOrder(env, model, options.order as string)
  if (node.kind === 'false') return { json: new RawJson('[]'), rows: 0, node }
  const page = await answer(env, model, wants, (pushed) => byDomain(env, model, node, pushed, 'wire', { ...options, order }), askedName)
  return { ...page, node }
}

interface Page {
  readonly json: RawJson
  readonly rows: number
}

/** One statement whose text is passed through; or, when a field is not SQL's to give, the same values completed and written by us. */
async function answer(
  env: Env,
  model: Model,
  wants: readonly Want[],
  statement: (wants: readonly Want[]) => Sql,
  nameOf: (query: Sql) => string | undefined,
): Promise<Page> {
  if (wants.every((want) => isPushed(env, want)) && !env.context['force_rows']) {
    const query = statement(wants)
    const [row] = await env.cx.query<{ '?column?': string; n?: number }>(query, nameOf(query))
    return { json: new RawJson(row!['?column?']), rows: row!.n ?? 0 }
  }
  const query = statement(wants.flatMap((want) => pushedPart(env, want)))
  const [row] = await env.cx.query<{ '?column?': string }>(query)
  const rows = await complete(env, model, wants, JSON.parse(row!['?column?']))
  return { json: new RawJson(writeRows(env, wants, rows)), rows: rows.length }
}

const isPushed = (env: Env, want: Want): boolean =>
  want.field.options.secret === true || (isPushable(env, want.field) && (want.nested?.wants.every((inner) => isPushed(env, inner)) ?? true))

function pushedPart(env: Env, want: Want): Want[] {
  if (want.field.options.secret) return [want]
  if (!isPushable(env, want.field)) return []
  return [want.nested ? { ...want, nested: { ...want.nested, wants: want.nested.wants.flatMap((inner) => pushedPart(env, inner)) } } : want]
}

type Row = { id: number; [field: string]: unknown }

/** Adds what SQL could not give: live fields, computed as the reader, and the content of binary fields. */
async function complete(env: Env, model: Model, wants: readonly Want[], rows: Row[]): Promise<Row[]> {
  if (rows.length === 0) return rows
  const missing = wants.filter((want) => !want.field.options.secret && !isPushable(env, want.field))
  const live = missing.filter(({ field }) => endOf(env, field).kind !== 'binary')
  const binary = missing.filter(({ field }) => endOf(env, field).kind === 'binary')
  if (live.length + binary.length > 0) {
    const typed = new Map(
      (
        await readTyped(
          env,
          model,
          rows.map((row) => row.id),
          missing.map(({ field }) => field.name),
        )
      ).map((row) => [row.id, row]),
    )
    const held = { files: 0, bytes: 0 }
    for (const row of rows) {
      for (const want of live) row[want.field.name] = await toWire(env, want, typed.get(row.id)?.[want.field.name] ?? null)
      for (const { field } of binary) row[field.name] = await content(env, typed.get(row.id)?.[field.name] ?? null, held)
    }
  }
  for (const want of wants) {
    if (!want.nested || !isPushable(env, want.field)) continue
    const comodel = env.modelOf(endOf(env, want.field).comodel!)
    const nested = rows.flatMap((row) =>
      Array.isArray(row[want.field.name]) ? (row[want.field.name] as Row[]) : row[want.field.name] ? [row[want.field.name] as Row] : [],
    )
    await complete(env, comodel, want.nested.wants, nested)
  }
  return rows
}

const endOf = (env: Env, field: FieldInfo): FieldInfo => (field.related ? relatedEnd(env, field) : field)

/** Of one file as much as it has; of several together no more than this: a row may name a file, and an answer has any number of rows. */
const mostContentBytes = 96 << 20

async function content(env: Env, name: string | null, held: { files: number; bytes: number }): Promise<string | false> {
  const { blobs, cx } = env.call
  if (!name || !blobs) return false
  if (env.context['bin_size']) return sizeText(await blobs.size(cx, name))
  const bytes = await blobs.get(cx, name)
  held.bytes += bytes.byteLength
  if (++held.files > 1 && held.bytes > mostContentBytes)
    throw new UserError(env.t('These files are too large to be read at once. Read them one by one.'))
  return Buffer.from(bytes).toString('base64')
}

function sizeText(bytes: number): string {
  const units = ['bytes', 'Kb', 'Mb', 'Gb']
  const at = bytes === 0 ? 0 : Math.min(units.length - 1, Math.floor(Math.log(bytes) / Math.log(1024)))
  return `${(bytes / 1024 ** at).toFixed(2)} ${units[at]}`
}

/** A value of our own code as the protocol writes it. */
async function toWire(env: Env, want: Want, value: unknown): Promise<unknown> {
  const { field } = want
  if (field.kind === 'many2one') {
    if (typeof value !== 'number') return false
    if (!want.pair && !want.nested) return value
    const [found] = await readTyped(
      env,
      env.modelOf(field.comodel!),
      [value],
      ['display_name'],
      ruleFor(env, env.modelOf(field.comodel!), 'name'),
    )
    return want.pair ? [value, found?.display_name ?? ''] : { id: value, display_name: found?.display_name ?? '' }
  }
  return scalarToWire(field, value)
}

export function scalarToWire(field: FieldInfo, value: unknown): unknown {
  if (value instanceof Decimal) return value.toNumber()
  if (value === null || value === undefined)
    return field.kind === 'integer' || field.kind === 'float' || field.kind === 'decimal' || field.kind === 'monetary'
      ? 0
      : isToMany(field)
        ? []
        : false
  return value
}

// ---- Our own writer: the same bytes as PostgreSQL's, so that both ways give one answer ---------------

function writeRows(env: Env, wants: readonly Want[], rows: readonly Row[]): string {
  return `[${rows.map((row) => writeRow(env, wants, row)).join(',')}]`
}

function writeRow(env: Env, wants: readonly Want[], row: Row): string {
  const members = wants
    .filter((want) => want.field.name !== 'id')
    .map((want) => `${JSON.stringify(want.field.name)}:${writeValue(env, want, row[want.field.name])}`)
  return `{${[`"id":${row.id}`, ...members].join(',')}}`
}

function writeValue(env: Env, want: Want, value: unknown): string {
  const kind = endOf(env, want.field).kind
  if (want.pair && Array.isArray(value)) return `[${value[0]}, ${JSON.stringify(value[1])}]`
  if (want.nested && Array.isArray(value)) return writeRows(env, want.nested.wants, value as Row[])
  if (want.nested && value)
    return isHidden(want.nested, value as Row)
      ? `{"id" : ${(value as Row).id}, "display_name" : ""}`
      : writeRow(env, want.nested.wants, value as Row)
  if (typeof value === 'number' && (kind === 'float' || kind === 'decimal' || kind === 'monetary')) return writeDouble(value)
  return JSON.stringify(value ?? false)
}

/** What SQL gives for a record whose link is visible and whose content is not: nothing but id and empty name. */
const isHidden = (nested: Nested, row: Row): boolean =>
  Object.keys(row).length === 2 &&
  row['display_name'] === '' &&
  nested.wants.some(({ field }) => field.name !== 'id' && field.name !== 'display_name')

/** As PostgreSQL writes a float8: exponents from 1e15 and below 1e-4, with two digits. */
function writeDouble(value: number): string {
  const size = Math.abs(value)
  if (value === 0 || (size >= 1e-4 && size < 1e15)) return String(value)
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
}
