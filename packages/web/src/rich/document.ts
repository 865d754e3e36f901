import { type Piece, parseMarkup } from '../fields/markup.ts'

// Formatted text as the editor holds it: a list of blocks, each a row of spans. What it cannot hold it cannot write.

/** `ul` and `ol` are items; those that follow each other are one list. */
export type Kind = 'p' | 'ul' | 'ol' | 'h1' | 'h2' | 'h3' | 'h4' | 'blockquote'

export const markTags = ['b', 'i', 'u', 's'] as const
export type Mark = (typeof markTags)[number]

export interface Span {
  /** A line end within a block is `\n`. */
  readonly text: string
  readonly marks: readonly Mark[]
  readonly href: string | null
}

export interface Block {
  readonly kind: Kind
  readonly spans: readonly Span[]
}

/** Never without a block. */
export type Document = readonly Block[]

/** A place between two signs. */
export interface Place {
  readonly block: number
  readonly offset: number
}

export interface Stretch {
  readonly from: Place
  readonly to: Place
}

export interface Edited {
  readonly document: Document
  readonly caret: Place
}

export const emptyDocument: Document = [{ kind: 'p', spans: [] }]

export const textIn = ({ spans }: Block): string => spans.map(({ text }) => text).join('')
export const lengthOf = (block: Block): number => textIn(block).length
export const isCollapsed = ({ from, to }: Stretch): boolean => from.block === to.block && from.offset === to.offset

// Reading and writing

/** Formatted text as a document; what a document cannot hold leaves its words. */
export const read = (html: string): Document => blocksOf(parseMarkup(html), true)

/** Plain words: a blank line begins a paragraph. */
export const plainBlocks = (text: string): Document =>
  text
    .replaceAll(/\r\n?/g, '\n')
    .trimEnd()
    .split(/\n{2,}/)
    .map((part) => ({ kind: 'p', spans: joined([{ text: part, marks: [], href: null }]) }))

const tagShape =
  /^<(?:\/?(?:p|div|b|strong|i|em|u|s|ul|ol|li|h[1-4]|blockquote)\s*|br\s*\/?|a(?:\s+(?:href|target|rel)="[^"]*")+\s*|\/a\s*)>$/i

/** Whether nothing is lost by reading a text and writing it again. */
export function isEditable(html: string): boolean {
  let lists = 0
  let items = 0
  for (const [tag] of html.matchAll(/<[^>]*>?/g)) {
    if (!tagShape.test(tag)) return false
    if (/^<[uo]l/i.test(tag) && ++lists > 1) return false
    if (/^<\/[uo]l/i.test(tag)) lists -= 1
    if (/^<li/i.test(tag)) items += 1
  }
  return items === read(html).filter(({ kind }) => kind === 'ul' || kind === 'ol').length
}

const kinds: Readonly<Record<string, Kind>> = {
  p: 'p',
  div: 'p',
  pre: 'p',
  tr: 'p',
  h1: 'h1',
  h2: 'h2',
  h3: 'h3',
  h4: 'h4',
  blockquote: 'blockquote',
}
const marksByTag: Readonly<Record<string, Mark>> = { b: 'b', strong: 'b', i: 'i', em: 'i', u: 'u', s: 's' }

/** What elements there are, as blocks. Of markup white space means nothing; what somebody typed is as he typed it. */
export function blocksOf(pieces: readonly Piece[], isMarkup: boolean): Document {
  const blocks: { kind: Kind; spans: Span[] }[] = []
  let open: { kind: Kind; spans: Span[] } | null = null
  const begin = (kind: Kind): void => void blocks.push((open = { kind, spans: [] }))
  const put = (text: string, marks: readonly Mark[], href: string | null, kind: Kind): void => {
    if (!open) {
      // Between blocks there is nothing but the way markup was laid out.
      if (isMarkup && text.trim() === '') return
      begin(kind)
    }
    open!.spans.push({ text, marks, href })
  }
  const walk = (inner: readonly Piece[], marks: readonly Mark[], href: string | null, kind: Kind): void => {
    for (const piece of inner) {
      if (typeof piece === 'string') {
        put(isMarkup ? piece.replaceAll(/[ \t\r\n\f]+/g, ' ') : piece.replaceAll('\u00a0', ' '), marks, href, kind)
        continue
      }
      const { tag, children } = piece
      const mark = marksByTag[tag]
      if (tag === 'br') {
        if (!open) begin(kind)
        open!.spans.push({ text: '\n', marks, href })
      } else if (mark)
        walk(children, marks.includes(mark) ? marks : markTags.filter((one) => one === mark || marks.includes(one)), href, kind)
      else if (tag === 'a') walk(children, marks, piece.href ?? href, kind)
      else if (tag === 'ul' || tag === 'ol') {
        open = null
        walk(children, marks, href, tag)
        open = null
      } else if (tag === 'li' || kinds[tag]) {
        const own = tag === 'li' ? (kind === 'ol' ? 'ol' : 'ul') : kinds[tag] === 'p' ? kind : kinds[tag]!
        // A paragraph right within an item is that item.
        if (!open || own !== kind || tag === 'li' || open.spans.length > 0) begin(own)
        const mine = open!
        walk(children, marks, href, own)
        // It only held others.
        if (mine.spans.length === 0 && blocks.at(-1) !== mine) blocks.splice(blocks.indexOf(mine), 1)
        open = null
      } else {
        walk(children, marks, href, kind)
        if (tag === 'td' || tag === 'th') put(' ', marks, href, kind)
      }
    }
  }
  walk(pieces, [], null, 'p')
  const made = blocks.map(({ kind, spans }) => ({ kind, spans: withoutFiller(joined(isMarkup ? trimSpans(spans) : spans)) }))
  return made.length > 0 ? made : emptyDocument
}

/** Spaces at the ends of a line are not seen, nor is a second one beside the first. */
function trimSpans(spans: readonly Span[]): Span[] {
  const signs = spans.flatMap((span) => [...span.text].map((sign) => ({ ...span, text: sign })))
  const once = signs.filter(({ text }, i) => text !== ' ' || ![' ', '\n'].includes(signs[i - 1]?.text ?? '\n'))
  return once.filter(({ text }, i) => text !== ' ' || (once[i + 1]?.text ?? '\n') !== '\n')
}

/** A line end that ends a block only holds it open. */
function withoutFiller(spans: readonly Span[]): Span[] {
  const last = spans.at(-1)
  return last?.text.endsWith('\n') ? joined([...spans.slice(0, -1), { ...last, text: last.text.slice(0, -1) }]) : [...spans]
}

const isAlike = (a: Span, b: Span): boolean => a.href === b.href && a.marks.join('') === b.marks.join('')

function joined(spans: readonly Span[]): Span[] {
  const found: Span[] = []
  for (const span of spans) {
    const last = found.at(-1)
    if (span.text === '') continue
    if (last && isAlike(last, span)) found[found.length - 1] = { ...last, text: last.text + span.text }
    else found.push(span)
  }
  return found
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }
const escaped = (text: string): string => text.replaceAll(/[&<>]/g, (sign) => escapes[sign]!)

/** The document as formatted text, spelt as the server spells it; nothing where nothing is said. */
export function write(document: Document): string {
  const isSilent = (block: Block): boolean => block.kind === 'p' && textIn(block).trim() === ''
  const first = document.findIndex((block) => !isSilent(block))
  const said = first < 0 ? [] : document.slice(first, document.findLastIndex((block) => !isSilent(block)) + 1)
  return said.map((block, i) => written(block, said[i - 1]?.kind, said[i + 1]?.kind)).join('')
}

function written(block: Block, before: Kind | undefined, after: Kind | undefined): string {
  const { kind } = block
  const inner = spansOf(withoutFiller(block.spans)) || '<br />'
  if (kind !== 'ul' && kind !== 'ol') return `<${kind}>${inner}</${kind}>`
  return `${before === kind ? '' : `<${kind}>`}<li>${inner}</li>${after === kind ? '' : `</${kind}>`}`
}

/** Spans of one link stand in one element: a letter as plain text tells each address once. */
function spansOf(spans: readonly Span[]): string {
  let written = ''
  for (const [i, { text, marks, href }] of spans.entries()) {
    const words = escaped(text).replaceAll('\n', '<br />')
    const marked = marks.reduceRight((inner, mark) => `<${mark}>${inner}</${mark}>`, words)
    const begins = href !== null && spans[i - 1]?.href !== href
    const ends = href !== null && spans[i + 1]?.href !== href
    written += `${begins ? `<a href="${escaped(href).replaceAll('"', '&quot;')}">` : ''}${marked}${ends ? '</a>' : ''}`
  }
  return written
}

// Changing

/** What of a block lies between two offsets. */
function cut({ spans }: Block, from: number, to: number): Span[] {
  let at = 0
  return spans.flatMap((span) => {
    const [start, end] = [Math.max(from - at, 0), Math.min(to - at, span.text.length)]
    at += span.text.length
    return start < end ? [{ ...span, text: span.text.slice(start, end) }] : []
  })
}

/** Puts other blocks where a stretch was; none take it away, and what stood beside it grows together. */
export function replace(document: Document, { from, to }: Stretch, put: readonly Block[]): Edited {
  const [first, last] = [document[from.block]!, document[to.block]!]
  const head = cut(first, 0, from.offset)
  const tail = cut(last, to.offset, Infinity)
  const [a, z] = [put[0], put.at(-1)]
  const middle: Block[] =
    put.length < 2
      ? [{ kind: first.kind, spans: joined([...head, ...(a?.spans ?? []), ...tail]) }]
      : [
          { kind: head.length === 0 ? a!.kind : first.kind, spans: joined([...head, ...a!.spans]) },
          ...put.slice(1, -1),
          { kind: z!.kind, spans: joined([...z!.spans, ...tail]) },
        ]
  const caret =
    put.length < 2
      ? { block: from.block, offset: from.offset + (a ? lengthOf(a) : 0) }
      : { block: from.block + put.length - 1, offset: lengthOf(z!) }
  return { document: [...document.slice(0, from.block), ...middle, ...document.slice(to.block + 1)], caret }
}

/** Puts words where a stretch was, looking as those before them; of a link only within it. */
export function type(document: Document, stretch: Stretch, text: string, marks?: readonly Mark[]): Edited {
  const { kind } = document[stretch.from.block]!
  const like = lookAt(document, stretch.from, stretch.to)
  return replace(document, stretch, [{ kind, spans: [{ text, marks: marks ?? like.marks, href: like.href }] }])
}

/** How words would look that are put between two places. */
export function lookAt(document: Document, from: Place, to = from): Pick<Span, 'marks' | 'href'> {
  const [before] = cut(document[from.block]!, from.offset - 1, from.offset)
  const [after] = cut(document[to.block]!, to.offset, to.offset + 1)
  return { marks: (before ?? after)?.marks ?? [], href: before && before.href === after?.href ? before.href : null }
}

/** A new block begins here. An item that says nothing is none any more; after a heading goes a paragraph. */
export function breakBlock(document: Document, stretch: Stretch): Edited {
  const { block } = stretch.from
  const { kind } = document[block]!
  const isItem = kind === 'ul' || kind === 'ol'
  if (isItem && isCollapsed(stretch) && lengthOf(document[block]!) === 0)
    return { document: setKind(document, stretch, 'p'), caret: stretch.from }
  const next = isItem || kind === 'blockquote' ? kind : 'p'
  const made = replace(document, stretch, [
    { kind, spans: [] },
    { kind: next, spans: [] },
  ])
  // What stood before the cursor stays what it was, also where that is nothing.
  return { ...made, document: made.document.map((one, i) => (i === block ? { ...one, kind } : one)) }
}

export const setKind = (document: Document, { from, to }: Stretch, kind: Kind): Document =>
  document.map((block, i) => (i >= from.block && i <= to.block ? { ...block, kind } : block))

/** The parts of each block that lie in a stretch. */
function* partsIn(document: Document, { from, to }: Stretch): Generator<{ block: number; start: number; end: number }> {
  for (let block = from.block; block <= to.block; block++)
    yield {
      block,
      start: block === from.block ? from.offset : 0,
      end: block === to.block ? to.offset : lengthOf(document[block]!),
    }
}

function change(document: Document, stretch: Stretch, look: (span: Span) => Span): Document {
  const parts = new Map([...partsIn(document, stretch)].map((part) => [part.block, part]))
  return document.map((block, i) => {
    const part = parts.get(i)
    if (!part) return block
    const spans = [...cut(block, 0, part.start), ...cut(block, part.start, part.end).map(look), ...cut(block, part.end, Infinity)]
    return { ...block, spans: joined(spans) }
  })
}

const spansIn = (document: Document, stretch: Stretch): Span[] =>
  [...partsIn(document, stretch)].flatMap(({ block, start, end }) => cut(document[block]!, start, end))

export const isMarked = (document: Document, stretch: Stretch, mark: Mark): boolean => {
  const spans = spansIn(document, stretch)
  return spans.length > 0 && spans.every(({ marks }) => marks.includes(mark))
}

export const withMark = (marks: readonly Mark[], mark: Mark, isOn: boolean): readonly Mark[] =>
  markTags.filter((one) => (one === mark ? isOn : marks.includes(one)))

export function toggleMark(document: Document, stretch: Stretch, mark: Mark): Document {
  const isOn = !isMarked(document, stretch, mark)
  return change(document, stretch, (span) => ({ ...span, marks: withMark(span.marks, mark, isOn) }))
}

export const setLink = (document: Document, stretch: Stretch, href: string | null): Document =>
  change(document, stretch, (span) => ({ ...span, href }))

/** The link at a place with all of its words, or none. */
export function linkAt(document: Document, { block, offset }: Place): (Stretch & { href: string }) | null {
  const spans = document[block]?.spans ?? []
  let start = 0
  for (const [i, { text, href }] of spans.entries()) {
    const end = start + text.length
    if (href !== null && offset >= start && offset <= end) {
      let [first, last] = [start, end]
      for (let j = i - 1; spans[j]?.href === href; j--) first -= spans[j]!.text.length
      for (let j = i + 1; spans[j]?.href === href; j++) last += spans[j]!.text.length
      return { from: { block, offset: first }, to: { block, offset: last }, href }
    }
    start = end
  }
  return null
}

/** What somebody gives as an address as one that a letter may lead to: of the web or of mail. Null for what is neither. */
export function addressOf(given: string): string | null {
  const text = given.trim()
  if (/^(?:https?:\/\/|mailto:)\S+$/i.test(text)) return text
  if (/^[^\s@/]+@[^\s@/]+\.[^\s@/]+$/.test(text)) return `mailto:${text}`
  return /^[^\s:/@]+\.[^\s:/@]{2,}(?:[/?#]\S*)?$/.test(text) ? `https://${text}` : null
}
