import { type KeyboardEvent, type Ref, useEffect, useImperativeHandle, useLayoutEffect, useRef, useState } from 'react'
import { RichText } from '../fields/html.tsx'
import { chosenIn, choose, draw, readElements, stretchOf } from './dom.ts'
import {
  type Document,
  type Edited,
  type Kind,
  type Mark,
  type Place,
  type Stretch,
  breakBlock,
  isCollapsed,
  isEditable,
  isMarked,
  lengthOf,
  linkAt,
  lookAt,
  read,
  replace,
  setKind,
  setLink,
  textIn,
  toggleMark,
  plainBlocks,
  type,
  withMark,
  write,
} from './document.ts'
import { History } from './history.ts'
import { IconBold, IconItalic, IconLink, IconList, IconListNumbers } from './icons.ts'
import { Bar, LinkRow } from './Bar.tsx'
import './rich.css'
import { words } from './texts.ts'

/** What may be done to an editor from beside. */
export interface RichHandle {
  /** Puts words where the cursor is, or was. */
  insert(text: string): void
}

interface Props {
  readonly id: string
  readonly html: string
  readonly onChange: (html: string) => void
  /** Names it, where no element does. */
  readonly label?: string | undefined
  readonly labelledBy?: string | undefined
  readonly describedBy?: string | undefined
  readonly lang?: string | undefined
  readonly placeholder?: string | undefined
  readonly required?: boolean
  readonly isBad?: boolean
  readonly autoFocus?: boolean
  /** How high it is at least, in lines. */
  readonly rows?: number
  readonly onFocus?: () => void
  readonly ref?: Ref<RichHandle>
}

/** Formatted text to be written; one that holds more than can be written here is shown, until somebody does without that. */
export function RichEditor(props: Props) {
  const { html, onChange } = props
  const [isSimplified, setSimplified] = useState(false)
  if (isSimplified || isEditable(html)) return <Editor {...props} />
  return (
    <div className="rich-box rich-kept" lang={props.lang}>
      <RichText html={html} />
      <p className="soft small">
        {words.hasMore}{' '}
        <button
          type="button"
          className="link"
          onClick={() => {
            setSimplified(true)
            onChange(write(read(html)))
          }}
        >
          {words.writeOn}
        </button>
        .
      </p>
    </div>
  )
}

/** How the words look where the cursor is: what the buttons show as pressed. */
interface Look {
  readonly bold: boolean
  readonly italic: boolean
  readonly kind: Kind
  readonly isLink: boolean
}

const plainLook: Look = { bold: false, italic: false, kind: 'p', isLink: false }

/**
 * The browser writes single signs and what an input method composes; all else is done to the document, which is then drawn anew. So nothing
 * stands in the page but elements that were made here, and none with a style of its own, which the page's policy would refuse.
 */
function Editor({
  id,
  html,
  onChange,
  label,
  labelledBy,
  describedBy,
  lang,
  placeholder,
  required,
  isBad,
  autoFocus,
  rows = 5,
  onFocus,
  ref,
}: Props) {
  const root = useRef<HTMLDivElement>(null)
  const now = useRef<{ document: Document; html: string }>({ document: read(html), html })
  const chosen = useRef<Stretch | null>(null)
  const pending = useRef<readonly Mark[] | null>(null)
  const composing = useRef<Place | null>(null)
  const history = useRef(new History())
  const [look, setLook] = useState(plainLook)
  const [link, setLinkRow] = useState<{ readonly stretch: Stretch; readonly href: string } | null>(null)
  const [isEmpty, setEmpty] = useState(html === '')

  const tell = (document: Document): void => {
    const html = write(document)
    now.current = { document, html }
    setEmpty(document.length === 1 && lengthOf(document[0]!) === 0)
    onChange(html)
  }
  const show = (document: Document, stretch: Stretch): void => {
    draw(root.current!, document)
    choose(root.current!, stretch)
    chosen.current = stretch
    see()
  }
  /** A change of the document, which can be taken back. */
  const edit = (document: Document, stretch: Stretch, isTyped = false): void => {
    history.current.keep({ document: now.current.document, stretch: chosen.current }, isTyped)
    pending.current = null
    tell(document)
    show(document, stretch)
  }
  const put = ({ document, caret }: Edited, isTyped = false): void => edit(document, { from: caret, to: caret }, isTyped)
  /** Where the cursor is now. The browser tells of it a moment later, and a key may come before that. */
  const lookUp = (): boolean => {
    const at = root.current && composing.current === null ? chosenIn(root.current) : null
    if (!at) return false
    if (pending.current && JSON.stringify(at) !== JSON.stringify(chosen.current)) pending.current = null
    chosen.current = at
    return true
  }
  const see = (): void => {
    const at = chosen.current
    if (!at) return
    const { document } = now.current
    const marks = pending.current ?? (isCollapsed(at) ? lookAt(document, at.from).marks : null)
    const has = (mark: Mark): boolean => (marks ? marks.includes(mark) : isMarked(document, at, mark))
    const seen = {
      bold: has('b'),
      italic: has('i'),
      kind: document[at.from.block]?.kind ?? 'p',
      isLink: linkAt(document, at.from) !== null,
    }
    setLook((known) => (Object.entries(seen).every(([key, value]) => known[key as keyof Look] === value) ? known : seen))
  }

  useLayoutEffect(() => {
    draw(root.current!, now.current.document)
    if (autoFocus) root.current!.focus()
    // The page's own elements from here on: it is drawn anew only where the text comes from elsewhere.
  }, [])
  useLayoutEffect(() => {
    if (html === now.current.html) return
    const document = read(html)
    now.current = { document, html }
    setEmpty(html === '')
    history.current.forget()
    draw(root.current!, document)
  }, [html])
  useEffect(() => {
    const follow = (): void => void (lookUp() && see())
    document.addEventListener('selectionchange', follow)
    return () => document.removeEventListener('selectionchange', follow)
  })
  useEffect(() => {
    const element = root.current!
    // React's own event of this name is another one.
    const before = (event: InputEvent): void => take(event)
    element.addEventListener('beforeinput', before)
    return () => element.removeEventListener('beforeinput', before)
  })
  const atCursor = (): Stretch => {
    const last = now.current.document.length - 1
    const end = { block: last, offset: lengthOf(now.current.document[last]!) }
    return chosenIn(root.current!) ?? chosen.current ?? { from: end, to: end }
  }
  useImperativeHandle(ref, () => ({
    insert: (text) => {
      root.current!.focus()
      put(type(now.current.document, chosen.current ?? atCursor(), text))
    },
  }))

  const take = (event: InputEvent): void => {
    const { inputType, data } = event
    if (event.isComposing || inputType.includes('Composition')) return
    lookUp()
    const { document } = now.current
    const [range] = event.getTargetRanges()
    const at = (range && stretchOf(root.current!, range)) ?? atCursor()
    if (inputType === 'insertText' && data !== null) {
      if (isWrittenByBrowser(document, at, data)) return
      event.preventDefault()
      return typed(document, at, data)
    }
    event.preventDefault()
    if (inputType === 'insertReplacementText') {
      const text = data ?? event.dataTransfer?.getData('text/plain') ?? ''
      return put(type(document, at, text), true)
    }
    if (inputType === 'insertParagraph') return put(breakBlock(document, at))
    if (inputType === 'insertLineBreak') return put(type(document, at, '\n'))
    if (inputType.startsWith('delete')) return erase(document, at, inputType)
    if (inputType === 'formatBold') return mark('b')
    if (inputType === 'formatItalic') return mark('i')
    if (inputType === 'historyUndo') return undo(false)
    if (inputType === 'historyRedo') return undo(true)
    if (inputType === 'insertFromDrop' && event.dataTransfer) paste(event.dataTransfer, at)
  }
  /** One sign among others like it, which the browser writes best: with its own spelling and corrections. */
  const isWrittenByBrowser = (document: Document, at: Stretch, data: string): boolean =>
    isCollapsed(at) &&
    pending.current === null &&
    lengthOf(document[at.from.block]!) > 0 &&
    !(data === ' ' && listBegun(document, at.from)) &&
    lookAt(document, at.from).href === linkOf(document, at.from)
  const linkOf = (document: Document, { block, offset }: Place): string | null => linkAt(document, { block, offset })?.href ?? null
  const listBegun = (document: Document, { block, offset }: Place): Kind | null => {
    const one = document[block]!
    const before = one.kind === 'p' ? textIn(one).slice(0, offset) : ''
    return before === '-' || before === '*' ? 'ul' : before === '1.' ? 'ol' : null
  }
  const typed = (document: Document, at: Stretch, data: string): void => {
    const list = data === ' ' && isCollapsed(at) ? listBegun(document, at.from) : null
    if (data.includes('\n')) return put(replace(document, at, plainBlocks(data)))
    if (!list) return put(type(document, at, data, pending.current ?? undefined), true)
    const { document: without, caret } = replace(document, { from: { ...at.from, offset: 0 }, to: at.from }, [])
    edit(setKind(without, { from: caret, to: caret }, list), { from: caret, to: caret })
  }
  const erase = (document: Document, at: Stretch, inputType: string): void => {
    const { from } = chosen.current ?? at
    const isAtStart = chosen.current !== null && isCollapsed(chosen.current) && from.offset === 0 && inputType === 'deleteContentBackward'
    const { kind } = document[from.block]!
    // The first step back out of a list or heading takes its look alone.
    if (isAtStart && kind !== 'p') return edit(setKind(document, { from, to: from }, 'p'), { from, to: from })
    if (!isCollapsed(at)) put(replace(document, at, []), at.from.block === at.to.block)
  }
  const paste = (given: DataTransfer, at: Stretch): void => {
    const rich = given.getData('text/html')
    const blocks = rich ? read(rich) : plainBlocks(given.getData('text/plain'))
    const [only] = blocks
    // Some words are put among those that are there; they bring no block of their own.
    put(replace(now.current.document, at, blocks.length === 1 ? [{ ...only!, kind: 'p' }] : blocks))
  }

  const mark = (one: Mark): void => {
    const at = atCursor()
    const { document } = now.current
    if (!isCollapsed(at)) return edit(toggleMark(document, at, one), at)
    const marks = pending.current ?? lookAt(document, at.from).marks
    chosen.current = at
    pending.current = withMark(marks, one, !marks.includes(one))
    see()
  }
  const listAs = (kind: 'ul' | 'ol'): void => {
    const at = atCursor()
    const { document } = now.current
    edit(setKind(document, at, document[at.from.block]!.kind === kind ? 'p' : kind), at)
  }
  const openLink = (): void => {
    const at = atCursor()
    const found = linkAt(now.current.document, at.from)
    setLinkRow({ stretch: isCollapsed(at) && found ? found : at, href: found?.href ?? '' })
  }
  const putLink = (href: string | null): void => {
    const { stretch } = link!
    const { document } = now.current
    setLinkRow(null)
    root.current!.focus()
    if (!isCollapsed(stretch)) return edit(setLink(document, stretch, href), stretch)
    if (href === null) return
    const { from } = stretch
    const text = href.replace(/^(?:https?:\/\/|mailto:)/i, '')
    const { document: made, caret } = replace(document, stretch, [{ kind: 'p', spans: [{ text, marks: [], href }] }])
    edit(made, { from: caret, to: caret.block === from.block ? caret : from })
  }
  const undo = (isForward: boolean): void => {
    const was = history.current.go({ document: now.current.document, stretch: chosen.current }, isForward)
    if (!was) return
    pending.current = null
    tell(was.document)
    show(was.document, was.stretch ?? { from: { block: 0, offset: 0 }, to: { block: 0, offset: 0 } })
  }
  /** After the browser or an input method wrote. */
  const follow = (): void => {
    if (composing.current !== null) return
    history.current.keep({ document: now.current.document, stretch: chosen.current }, true)
    tell(readElements(root.current!))
    chosen.current = chosenIn(root.current!)
    see()
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.nativeEvent.isComposing) return
    const key = event.key.toLowerCase()
    const does = { b: () => mark('b'), i: () => mark('i'), u: () => mark('u'), z: () => undo(event.shiftKey), y: () => undo(true) }[key]
    if (!does) return
    event.preventDefault()
    event.stopPropagation()
    lookUp()
    does()
  }
  const beginComposing = (): void => {
    const at = atCursor()
    const { document } = now.current
    // An input method would join blocks in its own way.
    if (at.from.block !== at.to.block) put(replace(document, at, []))
    composing.current = at.from
  }
  const endComposing = (data: string): void => {
    const from = composing.current
    const marks = pending.current
    composing.current = null
    follow()
    if (!from || !marks || data === '') return
    const written = { from, to: { ...from, offset: from.offset + data.length } }
    const { document } = now.current
    const made = (['b', 'i', 'u', 's'] as const).reduce(
      (at, one) => (isMarked(at, written, one) === marks.includes(one) ? at : toggleMark(at, written, one)),
      document,
    )
    edit(made, { from: written.to, to: written.to })
  }

  return (
    <div className="rich-box" data-bad={isBad || undefined}>
      <Bar
        id={id}
        tools={[
          { name: words.bold, icon: <IconBold size={16} aria-hidden />, isOn: look.bold, keys: 'Control+B', run: () => mark('b') },
          { name: words.italic, icon: <IconItalic size={16} aria-hidden />, isOn: look.italic, keys: 'Control+I', run: () => mark('i') },
          { name: words.bullets, icon: <IconList size={16} aria-hidden />, isOn: look.kind === 'ul', run: () => listAs('ul') },
          { name: words.numbers, icon: <IconListNumbers size={16} aria-hidden />, isOn: look.kind === 'ol', run: () => listAs('ol') },
          { name: words.link, icon: <IconLink size={16} aria-hidden />, isOn: look.isLink, run: openLink },
        ]}
        back={() => (root.current!.focus(), chosen.current && choose(root.current!, chosen.current))}
      />
      {link && <LinkRow href={link.href} onSet={putLink} onClose={() => (setLinkRow(null), root.current!.focus())} />}
      <div
        ref={root}
        id={id}
        className="rich-text rich"
        contentEditable
        suppressContentEditableWarning
        role="textbox"
        aria-multiline
        tabIndex={0}
        lang={lang}
        {...(label ? { 'aria-label': label } : {})}
        {...(labelledBy ? { 'aria-labelledby': labelledBy } : {})}
        {...(describedBy ? { 'aria-describedby': describedBy } : {})}
        aria-required={required || undefined}
        aria-invalid={isBad || undefined}
        data-rows={Math.min(Math.max(rows, 2), 12)}
        data-empty={isEmpty || undefined}
        {...(placeholder ? { 'data-placeholder': placeholder, 'aria-placeholder': placeholder } : {})}
        onInput={follow}
        onKeyDown={onKeyDown}
        onFocus={onFocus}
        onPaste={(event) => (event.preventDefault(), paste(event.clipboardData, atCursor()))}
        onCompositionStart={beginComposing}
        onCompositionEnd={(event) => endComposing(event.data)}
      />
    </div>
  )
}
