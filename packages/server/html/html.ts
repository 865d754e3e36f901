import { sanitizeHtml } from '@erp4/orm'

/**
 * HTML as values. `html` escapes whatever is put into it; only other pieces made by `html`, which code alone can write, go in as
 * they are. A hole may stand where escaping is enough: in text and in a quoted attribute. Everywhere else (a tag's or an
 * attribute's name, an unquoted value, a script, a style, an event handler) the template itself is refused, the first time it is
 * used, whatever the value.
 */
export class Html {
  readonly #text: string

  private constructor(text: string) {
    this.#text = text
  }

  static tagged(texts: TemplateStringsArray, ...values: unknown[]): Html {
    const places = placesOf(texts)
    let text = texts[0]!
    for (const [i, value] of values.entries()) text += Html.#show(value, places[i]!) + texts[i + 1]!
    return new Html(text)
  }

  /** Formatted text that people wrote, without anything that runs, frames or sends. */
  static cleaned(text: string): Html {
    return new Html(sanitizeHtml(text))
  }

  /** The text for the browser. */
  static render(page: Html): string {
    return page.#text
  }

  static #show(value: unknown, place: Place): string {
    if (place === 'link') {
      if (value instanceof Link) return escape(value.toString())
      throw new TypeError('An address goes through href().')
    }
    if (value === undefined || value === null || value === false) return ''
    if (typeof value === 'string') return escape(value)
    if (typeof value === 'number' || typeof value === 'bigint') return String(value)
    if (place === 'text') {
      // The brand is a private field: no object from outside has one.
      if (typeof value === 'object' && #text in value) return value.#text
      if (Array.isArray(value)) return value.map((one) => Html.#show(one, place)).join('')
    }
    throw new TypeError(`A ${typeof value} cannot be shown here.`)
  }
}

/** A page or a piece of one: html`<p>${name}</p>`. */
export const html = Html.tagged

export const render = Html.render

export const cleaned = Html.cleaned

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;', '`': '&#96;' }
const escape = (text: string): string => text.replace(/[&<>"'`]/g, (sign) => escapes[sign]!)

/** An address that was found harmless; made by `href` alone. */
class Link {
  readonly #address: string

  constructor(address: string) {
    this.#address = address
  }

  toString(): string {
    return this.#address
  }
}

export type { Link }

/**
 * An address for `href`, `src`, `action` and their like: http, https, mailto, or relative to this page. Anything else, `javascript:`
 * in all its spellings above all, becomes `#`.
 */
export function href(address: string): Link {
  // Browsers drop tabs and line ends inside, and controls and spaces before, an address: so does what is judged and what is written.
  const plain = [...address]
    .filter((sign) => sign > '\u001f' && sign !== '\u007f')
    .join('')
    .trim()
  const scheme = /^([^/?#]*?):/.exec(plain)?.[1]?.toLowerCase()
  return new Link(scheme === undefined || ['http', 'https', 'mailto'].includes(scheme) ? plain : '#')
}

type Place = 'text' | 'attribute' | 'link'

const known = new WeakMap<TemplateStringsArray, readonly Place[]>()

/** Where each hole of a template stands. Worked out once for each template in the source. */
function placesOf(texts: TemplateStringsArray): readonly Place[] {
  const found = known.get(texts) ?? locate(texts)
  known.set(texts, found)
  return found
}

const addresses = new Set(['href', 'src', 'action', 'formaction', 'poster', 'cite', 'data', 'background', 'ping', 'manifest', 'xlink:href'])
const refusedAttribute = /^(on.*|style|srcdoc|srcset|imagesrcset|http-equiv)$/
const rawText = new Set(['script', 'style', 'iframe', 'noscript', 'noembed', 'noframes', 'plaintext', 'xmp', 'template', 'svg', 'math'])

/** A reader of the template's own text, which our code wrote: it needs no mercy for malformed HTML, it refuses it. */
function locate(texts: readonly string[]): Place[] {
  const places: Place[] = []
  const refuse = (why: string): never => {
    throw new TypeError(`html: ${why} (near "${texts[places.length]!.slice(-40)}")`)
  }
  let state: State = { at: 'text', within: undefined }
  for (const [i, text] of texts.entries()) {
    state = read(text, state, refuse)
    if (i === texts.length - 1) break
    places.push(placeIn(state, text, texts[i + 1]!, refuse))
  }
  if (state.at !== 'text' || state.within !== undefined) refuse('the template ends inside a tag or a raw element')
  return places
}

type State =
  | { at: 'text'; within: string | undefined }
  | { at: 'tag'; tag: string }
  | { at: 'value'; tag: string; attribute: string; quote: string }
  | { at: 'comment' }

const opening = /^<([a-zA-Z][a-zA-Z0-9-]*)/
const closing = /^<\/([a-zA-Z][a-zA-Z0-9-]*)\s*>/
const attributeStart = /^\s*([a-zA-Z_:][a-zA-Z0-9_:.-]*)(?:=(["']))?/

function read(text: string, from: State, refuse: (why: string) => never): State {
  let state = from
  let rest = text
  while (rest !== '') {
    const [next, length] = step(rest, state, refuse)
    state = next
    rest = rest.slice(length)
  }
  return state
}

/** The state after the next piece of `rest`, and the piece's length. */
function step(rest: string, state: State, refuse: (why: string) => never): [State, number] {
  switch (state.at) {
    case 'text': {
      if (state.within !== undefined) return leaveRaw(rest, state.within)
      const at = rest.indexOf('<')
      if (at !== 0) return [state, at < 0 ? rest.length : at]
      if (rest.startsWith('<!--')) return [{ at: 'comment' }, 4]
      if (/^<!doctype html>/i.test(rest)) return [state, 15]
      const end = closing.exec(rest)
      if (end) return [state, end[0].length]
      const start = opening.exec(rest) ?? refuse('a "<" that opens no element')
      return [{ at: 'tag', tag: start[1]!.toLowerCase() }, start[0].length]
    }
    case 'comment': {
      const at = rest.indexOf('-->')
      return at < 0 ? [state, rest.length] : [{ at: 'text', within: undefined }, at + 3]
    }
    case 'tag': {
      const end = /^\s*\/?>/.exec(rest)
      if (end) return [{ at: 'text', within: rawText.has(state.tag) ? state.tag : undefined }, end[0].length]
      const attribute = attributeStart.exec(rest)
      if (attribute?.[2])
        return [{ at: 'value', tag: state.tag, attribute: attribute[1]!.toLowerCase(), quote: attribute[2] }, attribute[0].length]
      if (attribute && !rest.slice(attribute[0].length).startsWith('=')) return [state, attribute[0].length]
      if (/^\s+$/.test(rest)) return [state, rest.length]
      return refuse('an attribute without quotes')
    }
    case 'value': {
      const at = rest.indexOf(state.quote)
      return at < 0 ? [state, rest.length] : [{ at: 'tag', tag: state.tag }, at + 1]
    }
  }
}

function leaveRaw(rest: string, within: string): [State, number] {
  const at = rest.toLowerCase().indexOf(`</${within}`)
  if (at < 0) return [{ at: 'text', within }, rest.length]
  return [{ at: 'text', within: undefined }, at]
}

function placeIn(state: State, before: string, after: string, refuse: (why: string) => never): Place {
  if (state.at === 'text') return state.within === undefined ? 'text' : refuse(`a value inside <${state.within}>`)
  if (state.at !== 'value') return refuse('a value that is neither text nor in a quoted attribute')
  if (refusedAttribute.test(state.attribute)) return refuse(`a value in the attribute ${state.attribute}`)
  const isAddress = addresses.has(state.attribute) || (state.attribute === 'content' && state.tag === 'meta' && before.includes('refresh'))
  if (!isAddress) return 'attribute'
  // The value alone decides where an address leads, so the value must be all of it.
  return before.endsWith(state.quote) && after.startsWith(state.quote) ? 'link' : refuse('an address that is put together')
}
