import { createRequire } from 'node:module'
import { setImmediate } from 'node:timers/promises'
import type sanitize from 'sanitize-html'
import { guestOf } from '../blobs.ts'
import { Decimal } from '../decimal.ts'
import type { Env } from '../env.ts'
import { ValidationError, ValueError, shown } from '../errors.ts'
import { fieldLabel } from '../labels.ts'
import type { FieldInfo, Model } from '../registry.ts'
import { demandProof, settableField } from '../rules.ts'
import { isDay, isMoment } from '../time.ts'
import { type Commands, parseCommands } from './commands.ts'

/** A secret that has been hashed already, outside the transaction. Only the server makes these; text from a caller is refused. */
export class Prepared {
  readonly value: string

  constructor(value: string) {
    this.value = value
  }
}

/** Content that the store holds already, by its name: only our own code makes these, of what it has read. */
export class Kept {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** One record's given values, sorted by what has to be done with them. */
export interface Sorted {
  /** Columns with the values as they go into the row. */
  readonly columns: Map<FieldInfo, unknown>
  readonly commands: Map<FieldInfo, Commands>
  /** Related fields: written to the record they come from. */
  readonly related: Map<FieldInfo, unknown>
  /** many2one fields that the caller set himself: he must be allowed to name their targets. */
  readonly links: Set<FieldInfo>
  /** The same of reference fields. */
  readonly references: Set<FieldInfo>
}

const ignored = new Set(['id', 'create_uid', 'create_date', 'write_uid', 'write_date', 'version', 'display_name', 'parent_path'])

/**
 * Checks what a caller gave, in our code's or the protocol's spelling (`false` for unset, numbers for decimals, numbered x2many commands).
 * Throws ValueError for a field that does not exist or a value that is none of its kind, ValidationError for one that breaks a rule.
 */
export async function sortValues(env: Env, model: Model, given: Record<string, unknown>, operation: 'create' | 'write'): Promise<Sorted> {
  const sorted: Sorted = { columns: new Map(), commands: new Map(), related: new Map(), links: new Set(), references: new Set() }
  await sortInto(env, model, given, operation, sorted)
  return sorted
}

async function sortInto(
  env: Env,
  model: Model,
  given: Record<string, unknown>,
  operation: 'create' | 'write',
  sorted: Sorted,
): Promise<void> {
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || (ignored.has(name) && !model.computes.has(name))) continue
    const field = settableField(env, model, name, operation)
    if (!field) throw new ValueError(`Invalid field '${name.slice(0, 60)}' in '${model.name}'`)
    demandProof(env, field)
    const inverse = model.inverses.get(name)
    if (inverse) await sortInto(env, model, inverse(asRead(field, await toColumn(env, field, value))), operation, sorted)
    else if (field.related) {
      // Another name of a field of this record is that field, with its rights.
      if (field.related.length === 1) await sortInto(env, model, { [field.related[0]!]: value }, operation, sorted)
      else if (!field.options.readonly) sorted.related.set(field, value)
    } else if (field.computed) {
      // A client that saves a whole form sends computed values too; they are ours to say.
      continue
    } else if (field.kind === 'one2many' || field.kind === 'many2many') sorted.commands.set(field, parseCommands(field, value))
    else {
      const kept = toColumn(env, field, value)
      sorted.columns.set(field, kept instanceof Promise ? await kept : kept)
      if (field.kind === 'many2one') sorted.links.add(field)
      else if (field.kind === 'reference') sorted.references.add(field)
    }
  }
}

/** A column's value as code reads it: what `inverse` functions are written for. */
function asRead(field: FieldInfo, value: unknown): unknown {
  const isExact = field.kind === 'decimal' || field.kind === 'monetary'
  return isExact && typeof value === 'string' ? Decimal.of(value) : field.kind === 'float' && value !== null ? Number(value) : value
}

const wrong = (field: FieldInfo, value: unknown): never => {
  throw new ValueError(`Wrong value for ${field.model.name}.${field.name}: '${shown(value, 100)}'`)
}

/**
 * One value as its column keeps it; JSON-able. A promise of it for formatted text and for content, which take time; the others, which are
 * most, are not worth a wait.
 */
export function toColumn(env: Env, field: FieldInfo, value: unknown): unknown {
  if (field.kind === 'boolean')
    return typeof value === 'boolean'
      ? value
      : value === null || value === 0 || value === 1 || value === ''
        ? Boolean(value)
        : wrong(field, value)
  if (field.kind === 'json') return value === null || value === false ? null : env.isSystem ? value : keptJson(value)
  if (field.options.secret) return toSecret(env, field, value)
  if (value === null || value === false)
    return field.options.required && !field.computed && !field.options.companyDependent ? missing(env, field) : null
  switch (field.kind) {
    case 'char':
    case 'text':
      return toText(env, field, value)
    case 'html':
      return toHtml(env, field, value)
    case 'selection':
      return typeof value === 'string' && Object.hasOwn(field.choices!, value) ? value : wrong(field, value)
    case 'integer':
      return toInteger(field, value)
    case 'float':
      return toFloat(field, value)
    case 'decimal':
    case 'monetary':
      return toDecimal(field, value)
    case 'date':
      return toDay(field, value)
    case 'datetime':
      return toMoment(field, value)
    case 'many2one':
      return value === 0 ? null : field.declaration.accepts(value) ? value : wrong(field, value)
    case 'reference':
      return value === '' ? null : field.declaration.accepts(value) ? value : wrong(field, value)
    case 'binary':
      return toBlob(env, field, value)
    default:
      return wrong(field, value)
  }
}

function missing(env: Env, field: FieldInfo): never {
  throw new ValidationError(env.t('{field} is required.', { field: `${fieldLabel(env, field)} (${env.t(field.model.label)})` }))
}

function toSecret(env: Env, field: FieldInfo, value: unknown): string | null {
  if (value instanceof Prepared) return value.value
  if (value === null || value === false || value === '') return null
  if (!env.isSystem || typeof value !== 'string') throw new ValidationError(`${field.model.name}.${field.name} cannot be set this way.`)
  return value
}

/** PostgreSQL keeps neither NUL nor half of a surrogate pair. */
const keptText = (text: string): string => (text.includes('\0') ? text.replaceAll('\0', '') : text).toWellFormed()

/** Nor in the texts and names of JSON. What our own code puts together has been a text of a field, or is known. */
function keptJson(value: unknown): unknown {
  if (typeof value === 'string') return keptText(value)
  if (Array.isArray(value)) return value.map(keptJson)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [keptText(name), keptJson(one)]))
}

function toText(env: Env, field: FieldInfo, value: unknown): string | null {
  const given = typeof value === 'number' ? String(value) : value
  if (typeof given !== 'string') return wrong(field, value)
  const text = keptText(given)
  if (field.options['size'] && text.length > (field.options['size'] as number))
    throw new ValidationError(`${fieldLabel(env, field)} is longer than ${field.options['size']} characters.`)
  if (field.options.required && text.trim() === '') return missing(env, field)
  return text
}

/** Characters of formatted text that are cleaned in a row: about a tenth of a second. */
const mostInARow = 100_000
let inARow = 0

/** A body of many megabytes may hold nothing but formatted text: between one and the next, others are answered. */
async function toHtml(env: Env, field: FieldInfo, value: unknown): Promise<string | null> {
  const text = toText(env, field, value)
  if (text === null) return null
  inARow += text.length
  if (inARow > mostInARow) {
    inARow = 0
    await setImmediate()
  }
  return sanitizeHtml(text)
}

const require = createRequire(import.meta.url)
/** Loaded for the first formatted text: its parsers take as long to load as all the rest of the ORM. */
const cleaner = () => require('sanitize-html') as typeof sanitize

let allowed: sanitize.IOptions | undefined
const allowedHtml = (allowedTags: readonly string[]): sanitize.IOptions => ({
  allowedTags: [...allowedTags, 'img', 'h1', 'h2', 'del', 'ins', 'font'],
  allowedAttributes: {
    '*': ['class', 'title', 'dir', 'lang'],
    a: ['href', 'target', 'rel'],
    img: ['src', 'alt', 'width', 'height'],
    td: ['colspan', 'rowspan'],
    th: ['colspan', 'rowspan'],
    ol: ['start', 'type'],
  },
  allowedSchemes: ['http', 'https', 'mailto', 'tel'],
  allowedSchemesByTag: { img: ['http', 'https', 'data', 'cid'] },
  allowProtocolRelative: false,
  disallowedTagsMode: 'discard',
  transformTags: {
    a: (tagName, attribs) => ({ tagName, attribs: attribs['target'] ? { ...attribs, rel: 'noopener noreferrer' } : attribs }),
  },
})

/** More than any letter nests its quotations and tables. With each tag that stays open the parser has more to look through. */
const deepestHtml = 250

/** Formatted text without anything that runs, frames, or sends. @throws ValidationError for what is longer, or nested deeper, than people write */
export function sanitizeHtml(text: string): string {
  if (text.length > 2_000_000) throw new ValidationError('The text is too long.')
  const library = cleaner()
  let depth = 0
  const onOpenTag = (): void => {
    if (++depth > deepestHtml) throw new ValidationError('The text is nested too deep.')
  }
  return library(text, { ...(allowed ??= allowedHtml(library.defaults.allowedTags)), onOpenTag, onCloseTag: () => void depth-- })
}

function toInteger(field: FieldInfo, value: unknown): number {
  const number =
    typeof value === 'boolean'
      ? Number(value)
      : typeof value === 'string' && /^-?\d{1,10}$/.test(value)
        ? Number(value)
        : typeof value === 'number'
          ? Math.trunc(value)
          : value
  return field.declaration.accepts(number) ? (number as number) : wrong(field, value)
}

function toFloat(field: FieldInfo, value: unknown): number | string {
  const number = typeof value === 'string' && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isFinite(number)) return wrong(field, value)
  const digits = field.options['digits'] as number | undefined
  return digits === undefined ? number : Decimal.fromNumber(number).round(digits).toString()
}

function toDecimal(field: FieldInfo, value: unknown): string {
  try {
    const exact =
      value instanceof Decimal
        ? value
        : typeof value === 'number'
          ? Decimal.fromNumber(value)
          : typeof value === 'string'
            ? Decimal.of(value)
            : wrong(field, value)
    const digits = field.options['digits'] as number | undefined
    const text = (digits === undefined ? exact : exact.round(digits)).toString()
    // What was worked out can have twice the digits of what was given: kept, it could never be read again.
    return text.length > 40 ? Decimal.of(text).toString() : text
  } catch (error) {
    if (error instanceof RangeError) return wrong(field, value)
    throw error
  }
}

function toDay(field: FieldInfo, value: unknown): string {
  const text = typeof value === 'string' ? value.slice(0, 10) : value
  return isDay(text) && (value as string).length <= 30 ? text : wrong(field, value)
}

function toMoment(field: FieldInfo, value: unknown): string {
  if (typeof value !== 'string' || value.length > 30) return wrong(field, value)
  const text = value.replace('T', ' ').replace(/(\.\d+)?(Z|\+00:00)?$/, '')
  const full = isDay(text)
    ? `${text} 00:00:00`
    : /^\d{8} \d{2}:/.test(text)
      ? `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`
      : text
  return isMoment(full) ? full : wrong(field, value)
}

async function toBlob(env: Env, field: FieldInfo, value: unknown): Promise<string> {
  const { blobs, cx } = env.call
  if (value instanceof Kept) return value.name
  if (!blobs) throw new Error('This call has no file store')
  if (value instanceof Uint8Array) return blobs.put(cx, value, guestOf(env))
  if (typeof value !== 'string') return wrong(field, value)
  // A name of content is only trusted from our own code: for a caller 64 hex digits are base64 like any other text.
  if (env.isSystem && /^[0-9a-f]{64}$/.test(value)) return value
  const text = value.replace(/\s/g, '')
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 === 1) return wrong(field, '…')
  return blobs.put(cx, Buffer.from(text, 'base64'), guestOf(env))
}
