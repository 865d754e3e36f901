import { Decimal } from '@erp4/orm'

/**
 * Which numbers of an answer are doubles on the wire even when they are whole: `12` of a monetary field is `<double>12.0</double>`, and strict
 * clients (Go, Java) fail on an `<int>` there. A record's shape, derived from its model's fields.
 */
export interface RecordShape {
  isDouble(key: string): boolean
  /** The shape of the records under a relation, as `web_read` nests them. */
  under(key: string): RecordShape | undefined
}

/** An answer that XML-RPC cannot carry: an integer beyond 32 bits. */
export class MarshalError extends Error {
  override name = 'MarshalError'
}

/** `<methodResponse>` with one value. There is no null on this wire: what would be one becomes false, as an empty field does. */
export function encodeResponse(value: unknown, shape?: RecordShape): string {
  return `${head}<params><param>${encodeValue(value, shape)}</param></params>${foot}`
}

/** A fault. The code is a number under `/xmlrpc/2`, a text under `/xmlrpc`. */
export function encodeFault(code: number | string, message: string): string {
  return `${head}<fault>${encodeValue({ faultCode: code, faultString: message })}</fault>${foot}`
}

const head = "<?xml version='1.0'?>\n<methodResponse>\n"
const foot = '\n</methodResponse>\n'

function encodeValue(value: unknown, shape?: RecordShape, isDouble = false): string {
  switch (typeof value) {
    case 'string':
      return `<value><string>${escapeText(value)}</string></value>`
    case 'number':
      return isDouble || !Number.isInteger(value) ? encodeDouble(value) : encodeInteger(value)
    case 'boolean':
      return `<value><boolean>${value ? 1 : 0}</boolean></value>`
    case 'object':
      return value === null ? nothing : encodeObject(value, shape, isDouble)
    default:
      return nothing
  }
}

const nothing = '<value><boolean>0</boolean></value>'

function encodeObject(value: object, shape: RecordShape | undefined, isDouble: boolean): string {
  if (Decimal.isDecimal(value)) return encodeDouble(value.toNumber())
  if (Array.isArray(value)) {
    let items = ''
    for (const item of value) items += encodeValue(item, shape, isDouble) + '\n'
    return `<value><array><data>\n${items}</data></array></value>`
  }
  let members = ''
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue
    const encoded = encodeValue(item, shape?.under(key), shape?.isDouble(key))
    members += `<member>\n<name>${escapeText(key)}</name>\n${encoded}\n</member>\n`
  }
  return `<value><struct>\n${members}</struct></value>`
}

function encodeInteger(value: number): string {
  if (value > 2_147_483_647 || value < -2_147_483_648) throw new MarshalError('int exceeds XML-RPC limits')
  return `<value><int>${value}</int></value>`
}

function encodeDouble(value: number): string {
  if (!Number.isFinite(value)) throw new MarshalError('a number that is not finite cannot be marshalled')
  const text = Object.is(value, -0) ? '0' : String(value)
  return `<value><double>${/^-?\d+$/.test(text) ? `${text}.0` : text}</double></value>`
}

const special = /[&<>\r\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/
const specials = /[&<>\r\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g
// A bare carriage return would come out of every parser as a line feed.
const replacements: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' }

/** Escaped for XML; characters that XML cannot hold are dropped, halves of surrogate pairs replaced. */
function escapeText(text: string): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed()
  return special.test(whole) ? whole.replace(specials, (found) => replacements[found] ?? '') : whole
}
