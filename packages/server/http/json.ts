import { Decimal, RawJson } from '@erp4/orm'

/** A body that is no JSON we take. The message is safe to show. */
export class JsonError extends Error {
  override name = 'JsonError'
}

/** Deeper than any domain, command list or specification that a person or a program writes. */
const maxDepth = 100

/** Parses a JSON body in UTF-8. Refused: what is malformed, what nests too deep, and members named `__proto__`, however they are spelled. */
export function parseJson(body: Buffer): unknown {
  if (nestsTooDeep(body)) throw new JsonError('nested too deep')
  const text = decode(body)
  if (proto.test(text)) throw new JsonError('unexpected member name')
  try {
    return JSON.parse(text)
  } catch {
    throw new JsonError('malformed')
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function decode(body: Buffer): string {
  try {
    return utf8.decode(body)
  } catch {
    throw new JsonError('not UTF-8')
  }
}

// As an own member it is harmless until some code assigns it on, so no code gets to see one.
const proto =
  /"(?:_|\\u005[Ff])(?:_|\\u005[Ff])(?:p|\\u0070)(?:r|\\u0072)(?:o|\\u006[Ff])(?:t|\\u0074)(?:o|\\u006[Ff])(?:_|\\u005[Ff])(?:_|\\u005[Ff])"\s*:/

const [quote, backslash, openList, closeList, openObject, closeObject] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d]

/** Counted before parsing: the parser itself survives any depth, but whatever walks the result afterwards would not. */
function nestsTooDeep(body: Buffer): boolean {
  let depth = 0
  let inString = false
  for (let i = 0; i < body.length; i++) {
    const byte = body[i]
    if (inString) {
      if (byte === backslash) i++
      else if (byte === quote) inString = false
    } else if (byte === quote) inString = true
    else if (byte === openList || byte === openObject) {
      if (++depth > maxDepth) return true
    } else if (byte === closeList || byte === closeObject) depth--
  }
  return false
}

/**
 * The JSON text of an answer. What PostgreSQL made passes through untouched; an exact decimal becomes the number it is, digit for digit,
 * as the wire has doubles only; nothing is ever `null`, it is `false` as an empty field is.
 */
export function jsonText(value: unknown): string {
  if (value instanceof RawJson) return value.text
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'number':
      return Number.isFinite(value) ? String(value) : 'false'
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      return value === null ? 'false' : objectText(value)
    default:
      return 'false'
  }
}

function objectText(value: object): string {
  if (Decimal.isDecimal(value)) return value.toString()
  if (Array.isArray(value)) {
    let items = ''
    for (let i = 0; i < value.length; i++) items += (i > 0 ? ',' : '') + jsonText(value[i])
    return `[${items}]`
  }
  let members = ''
  for (const [key, item] of Object.entries(value)) {
    if (item !== undefined) members += `${members === '' ? '' : ','}${JSON.stringify(key)}:${jsonText(item)}`
  }
  return `{${members}}`
}
