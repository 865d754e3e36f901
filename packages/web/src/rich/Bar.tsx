import { type ReactNode, useId, useRef, useState } from 'react'
import { addressOf } from './document.ts'
import { words } from './texts.ts'

export interface Tool {
  readonly name: string
  readonly icon: ReactNode
  readonly isOn: boolean
  readonly keys?: string
  readonly run: () => void
}

/** One stop for the keyboard; the arrows go from button to button. */
export function Bar({ id, tools, back }: { id: string; tools: readonly Tool[]; back: () => void }) {
  const [at, setAt] = useState(0)
  const bar = useRef<HTMLDivElement>(null)
  const go = (to: number): void => {
    setAt(to)
    bar.current!.querySelectorAll('button')[to]!.focus()
  }
  return (
    <div
      ref={bar}
      className="rich-bar"
      role="toolbar"
      aria-label={words.formatting}
      aria-controls={id}
      onKeyDown={(event) => {
        if (event.key === 'ArrowRight') go((at + 1) % tools.length)
        if (event.key === 'ArrowLeft') go((at + tools.length - 1) % tools.length)
        if (event.key !== 'Escape') return
        event.stopPropagation()
        back()
      }}
    >
      {tools.map(({ name, icon, isOn, keys, run }, i) => (
        <button
          key={name}
          type="button"
          aria-label={name}
          title={keys ? `${name} (${keys.replace('Control', 'Ctrl')})` : name}
          {...(keys ? { 'aria-keyshortcuts': keys } : {})}
          aria-pressed={isOn}
          tabIndex={i === at ? 0 : -1}
          // What is chosen in the text stays chosen.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => (setAt(i), run())}
        >
          {icon}
        </button>
      ))}
    </div>
  )
}

/** Where a link leads. */
export function LinkRow({ href, onSet, onClose }: { href: string; onSet: (href: string | null) => void; onClose: () => void }) {
  const id = useId()
  const [text, setText] = useState(href)
  const [isBad, setBad] = useState(false)
  const set = (): void => {
    const found = addressOf(text)
    if (found === null) setBad(true)
    else onSet(found)
  }
  return (
    <div
      className="rich-link"
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== 'Escape') return
        event.preventDefault()
        event.stopPropagation()
        if (event.key === 'Escape') onClose()
        else set()
      }}
    >
      <label htmlFor={id}>{words.linkTo}</label>
      <input
        id={id}
        className="input"
        value={text}
        placeholder={words.linkPlaceholder}
        autoComplete="off"
        autoFocus
        aria-invalid={isBad || undefined}
        {...(isBad ? { 'aria-describedby': `${id}-bad` } : {})}
        onChange={(event) => (setBad(false), setText(event.target.value))}
      />
      <button type="button" className="link" onClick={set}>
        {words.setLink}
      </button>
      {href !== '' && (
        <button type="button" className="link" onClick={() => onSet(null)}>
          {words.removeLink}
        </button>
      )}
      {isBad && (
        <p id={`${id}-bad`} role="alert">
          {words.noLink}
        </p>
      )}
    </div>
  )
}
