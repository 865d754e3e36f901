import type { Piece } from '../fields/markup.ts'
import { type Block, type Document, type Place, type Stretch, blocksOf, lengthOf } from './document.ts'

// A document as elements, made one by one and never from text; and where a place of it is among them.

const blockNames = 'p, li, h1, h2, h3, h4, blockquote'

export function draw(root: HTMLElement, blocks: Document): void {
  const made: HTMLElement[] = []
  for (const [i, block] of blocks.entries()) {
    const { kind } = block
    const isItem = kind === 'ul' || kind === 'ol'
    if (!isItem || blocks[i - 1]?.kind !== kind)
      made.push(isItem ? document.createElement(kind) : filled(document.createElement(kind), block))
    if (isItem) made.at(-1)!.append(filled(document.createElement('li'), block))
  }
  root.replaceChildren(...made)
}

function filled(element: HTMLElement, block: Block): HTMLElement {
  for (const { text, marks, href } of block.spans) {
    let inner: HTMLElement = element
    const into = (tag: string): HTMLElement => {
      const made = document.createElement(tag)
      inner.append(made)
      return (inner = made)
    }
    if (href !== null) into('a').setAttribute('href', href)
    for (const mark of marks) into(mark)
    for (const [i, line] of text.split('\n').entries())
      inner.append(...(i > 0 ? [document.createElement('br')] : []), ...(line ? [line] : []))
  }
  // Holds a line open that has no sign yet.
  if (lengthOf(block) === 0 || block.spans.at(-1)!.text.endsWith('\n')) element.append(document.createElement('br'))
  return element
}

/** What the elements say now, after somebody wrote into them by an input method. */
export const readElements = (root: HTMLElement): Document => blocksOf(piecesOf(root), false)

const piecesOf = (node: Node): Piece[] =>
  [...node.childNodes].flatMap((child): Piece[] => {
    if (child instanceof Text) return [child.data]
    if (!(child instanceof HTMLElement)) return []
    const href = child.getAttribute('href')
    return [{ tag: child.localName, ...(href === null ? {} : { href }), children: piecesOf(child) }]
  })

const blocksIn = (root: HTMLElement): HTMLElement[] => [...root.querySelectorAll<HTMLElement>(blockNames)]

/** Where a point of the page is in the document; null outside of it. */
export function placeOf(root: HTMLElement, node: Node, offset: number): Place | null {
  if (!root.contains(node)) return null
  const blocks = blocksIn(root)
  const within = (node instanceof Element ? node : node.parentElement)?.closest<HTMLElement>(blockNames)
  if (within && root.contains(within)) {
    const before = document.createRange()
    before.setStart(within, 0)
    before.setEnd(node, offset)
    return { block: blocks.indexOf(within), offset: Math.min(signsIn(before.cloneContents()), shownLength(within)) }
  }
  // Beside the blocks: at the beginning of the next one, or at the end of all.
  const next = node.childNodes[offset]
  const block = blocks.findIndex((one) => next !== undefined && (next === one || next.contains(one)))
  return block >= 0 ? { block, offset: 0 } : { block: blocks.length - 1, offset: blocks.length > 0 ? shownLength(blocks.at(-1)!) : 0 }
}

const signsIn = (node: ParentNode & Node): number => (node.textContent ?? '').length + node.querySelectorAll('br').length

/** Without the line end that holds it open. */
const shownLength = (block: HTMLElement): number => signsIn(block) - (endsOpen(block) ? 1 : 0)
const endsOpen = (node: Node): boolean => node.lastChild !== null && (node.lastChild.nodeName === 'BR' || endsOpen(node.lastChild))

/** What is chosen, in the document's order; null where that is elsewhere. */
export function chosenIn(root: HTMLElement): Stretch | null {
  const selection = document.getSelection()
  if (!selection || selection.rangeCount === 0) return null
  return stretchOf(root, selection.getRangeAt(0))
}

export function stretchOf(root: HTMLElement, range: AbstractRange): Stretch | null {
  const from = placeOf(root, range.startContainer, range.startOffset)
  const to = placeOf(root, range.endContainer, range.endOffset)
  return from && to && from.block >= 0 && to.block >= 0 ? { from, to } : null
}

export function choose(root: HTMLElement, { from, to }: Stretch): void {
  const [start, end] = [pointOf(root, from), pointOf(root, to)]
  if (start && end) document.getSelection()?.setBaseAndExtent(start.node, start.offset, end.node, end.offset)
}

function pointOf(root: HTMLElement, { block, offset }: Place): { node: Node; offset: number } | null {
  const element = blocksIn(root)[block]
  if (!element) return null
  let left = offset
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node instanceof Text) {
      if (left <= node.length) return { node, offset: left }
      left -= node.length
    } else if (node.nodeName === 'BR') {
      if (left === 0) return { node: node.parentNode!, offset: [...node.parentNode!.childNodes].indexOf(node as ChildNode) }
      left -= 1
    }
  }
  return { node: element, offset: element.childNodes.length }
}
