import { SaxesParser } from 'saxes'

export interface XmlCall {
  method: string
  params: unknown[]
}

/** The body is no XML-RPC call, or one too big to be honest. The message is safe to show. */
export class XmlError extends Error {
  override name = 'XmlError'
}

/** How deep values may nest, and how many there may be: a call with ten thousand records of thirty fields is below. */
const maxDepth = 64
const maxValues = 400_000

/**
 * Reads a `<methodCall>`. As external-api.md §4 has it: `<i4>` is `<int>`, an untyped value is a string, `<params/>` may be missing, `<nil/>` is
 * understood, a `<dateTime.iso8601>` becomes `2026-01-31 12:00:00` and a `<base64>` stays base64 text, as the ORM takes both.
 * A DOCTYPE is refused, so there are no entities but XML's own five.
 */
export function decodeCall(body: Uint8Array): XmlCall {
  const reader = new CallReader()
  const parser = new SaxesParser({ xmlns: false, position: false, fragment: false })
  parser.on('error', () => fail('not well-formed'))
  parser.on('doctype', () => fail('a document type is not accepted'))
  parser.on('opentag', (tag) => reader.open(tag.name))
  parser.on('closetag', (tag) => reader.close(tag.name))
  parser.on('text', (text) => reader.text(text))
  parser.on('cdata', (text) => reader.text(text))
  parser.write(decodeText(body)).close()
  return reader.result()
}

const declared = /^(?:\xef\xbb\xbf)?<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']/

function decodeText(body: Uint8Array): string {
  const head = Buffer.from(body.buffer, body.byteOffset, Math.min(body.byteLength, 300)).toString('latin1')
  const encoding = declared.exec(head)?.[1]?.toLowerCase() ?? 'utf-8'
  // PHP's xmlrpc extension declares iso-8859-1 and sends characters beyond ASCII as references.
  if (!['utf-8', 'utf8', 'us-ascii', 'ascii', 'iso-8859-1', 'latin1'].includes(encoding)) fail('send it in UTF-8')
  try {
    return new TextDecoder(encoding.startsWith('utf') ? 'utf-8' : 'latin1', { fatal: true }).decode(body)
  } catch {
    return fail('not well-formed: it is not in the encoding it declares')
  }
}

/** Which elements may stand in which; everything else is a mistake, or an attempt. */
const scalars = ['i1', 'i2', 'i4', 'i8', 'int', 'boolean', 'double', 'string', 'dateTime.iso8601', 'base64', 'nil', 'ex:nil']
const children: Readonly<Record<string, readonly string[]>> = {
  '': ['methodCall'],
  methodCall: ['methodName', 'params'],
  params: ['param'],
  param: ['value'],
  value: [...scalars, 'struct', 'array'],
  struct: ['member'],
  member: ['name', 'value'],
  array: ['data'],
  data: ['value'],
}
const textual = new Set([...scalars, 'name', 'methodName', 'value'])

interface Frame {
  tag: string
  text: string
  /** What the element holds so far: the typed value of a `value`, the list of a `data`, the object of a `struct`. */
  held: unknown
  /** A `value` whose type was given, a `member` whose value was. */
  isFilled: boolean
  key: string | undefined
}

class CallReader {
  #method: string | undefined
  readonly #params: unknown[] = []
  readonly #stack: Frame[] = [newFrame('')]
  #values = 0
  #depth = 0

  open(tag: string): void {
    const parent = this.#stack.at(-1)!
    if (!Object.hasOwn(children, parent.tag) || !children[parent.tag]!.includes(tag)) fail(`unexpected element in '${parent.tag}'`)
    if (tag === 'value') this.#countValue()
    if (parent.tag === 'value' && parent.isFilled) fail('a value holds two types')
    if (parent.tag === 'member' && tag === 'value' && parent.isFilled) fail('a member holds two values')
    if (parent.tag === 'methodCall' && parent.text.includes(`<${tag}>`)) fail(`two '${tag}'`)
    if (parent.tag === 'methodCall') parent.text += `<${tag}>`
    this.#stack.push(newFrame(tag))
  }

  text(text: string): void {
    const frame = this.#stack.at(-1)!
    if (textual.has(frame.tag)) frame.text += text
    else if (text.trim() !== '') fail(`unexpected text in '${frame.tag}'`)
  }

  close(tag: string): void {
    const frame = this.#stack.pop()!
    const parent = this.#stack.at(-1)!
    if (tag === 'value') {
      this.#depth--
      receive(parent, frame.isFilled ? frame.held : frame.text, this.#params)
    } else if (tag === 'methodName') this.#method = frame.text.trim()
    else if (tag === 'name') parent.key = frame.text
    else if (tag === 'member') receiveMember(parent, frame)
    else if (tag === 'data') parent.held = frame.held
    else if (parent.tag === 'value') {
      parent.held = tag === 'struct' ? frame.held : tag === 'array' ? (frame.held ?? []) : scalar(tag, frame.text)
      parent.isFilled = true
    }
  }

  result(): XmlCall {
    if (!this.#method) fail('the method name is missing')
    return { method: this.#method, params: this.#params }
  }

  #countValue(): void {
    if (++this.#values > maxValues) fail('too many values')
    if (++this.#depth > maxDepth) fail('values nest too deep')
  }
}

const newFrame = (tag: string): Frame => ({
  tag,
  text: '',
  held: tag === 'struct' ? {} : tag === 'data' ? [] : undefined,
  isFilled: false,
  key: undefined,
})

function receive(parent: Frame, value: unknown, params: unknown[]): void {
  if (parent.tag === 'param') params.push(value)
  else if (parent.tag === 'data') (parent.held as unknown[]).push(value)
  else {
    parent.held = value
    parent.isFilled = true
  }
}

function receiveMember(struct: Frame, member: Frame): void {
  if (member.key === undefined || !member.isFilled) fail('a member needs a name and a value')
  // Assigned, `__proto__` would change what the object is instead of what it holds.
  if (member.key === '__proto__') fail('unexpected member name')
  ;(struct.held as Record<string, unknown>)[member.key] = member.held
}

const whole = /^[+-]?\d{1,19}$/
const fraction = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/
const moment = /^(\d{4})-?(\d{2})-?(\d{2})T(\d{2}):?(\d{2}):?(\d{2})(?:\.\d{1,6})?Z?$/
const base64 = /^[A-Za-z0-9+/]*={0,2}$/

function scalar(tag: string, text: string): unknown {
  switch (tag) {
    case 'string':
      return text
    case 'boolean':
      return boolean(text.trim())
    case 'double':
      return number(text.trim(), fraction)
    case 'dateTime.iso8601':
      return dateTime(text.trim())
    case 'base64':
      return binary(text.replace(/[\s]+/g, ''))
    case 'nil':
    case 'ex:nil':
      return null
    default:
      return integer(number(text.trim(), whole))
  }
}

function boolean(text: string): boolean {
  if (text !== '0' && text !== '1') fail('a boolean is 0 or 1')
  return text === '1'
}

function number(text: string, shape: RegExp): number {
  const value = shape.test(text) ? Number(text) : NaN
  if (!Number.isFinite(value)) fail('a number is malformed')
  return value
}

function integer(value: number): number {
  if (!Number.isSafeInteger(value)) fail('a number is too big')
  return value
}

function dateTime(text: string): string {
  const [, year, month, day, hour, minute, second] = moment.exec(text) ?? fail('a date is malformed')
  return `${year}-${month}-${day} ${hour}:${minute}:${second}`
}

function binary(text: string): string {
  if (!base64.test(text)) fail('a base64 value is malformed')
  return text
}

function fail(message: string): never {
  throw new XmlError(`Invalid XML-RPC request: ${message}.`)
}
