import { useState } from 'react'
import { RichText } from '../fields/html.tsx'
import { fromPlain, isPlain, toPlain } from './plain.ts'
import { words } from './texts.ts'

interface Props {
  readonly id: string
  readonly lang: string
  readonly html: string
  readonly rows?: number
  readonly problem?: string | null
  readonly onChange: (html: string) => void
  /** Where the cursor is, for what is put in from beside. */
  readonly onPlace?: (box: HTMLTextAreaElement) => void
}

/** The text of a letter. Plain paragraphs are written as text; formatted text is shown, and becomes plain when somebody wishes to write on. */
export function Body({ id, lang, html, rows = 9, problem, onChange, onPlace }: Props) {
  const [typed, setTyped] = useState<string | null>(null)
  // What the text came from may change under it: another recipient, another language.
  const known = typed !== null && fromPlain(typed) === html ? typed : toPlain(html)
  const write = (text: string): void => {
    setTyped(text)
    onChange(fromPlain(text))
  }
  if (!isPlain(html)) {
    return (
      <div className="letter-rich" lang={lang.slice(0, 2)}>
        <RichText html={html} />
        <p className="soft small">
          {words.richText}{' '}
          <button type="button" className="link" onClick={() => write(toPlain(html))}>
            {words.asPlain}
          </button>
          .
        </p>
      </div>
    )
  }
  return (
    <textarea
      id={id}
      className="input"
      rows={rows}
      lang={lang.slice(0, 2)}
      aria-label={words.text}
      aria-invalid={problem ? true : undefined}
      {...(problem ? { 'aria-describedby': `${id}-problem` } : {})}
      value={known}
      onChange={(event) => write(event.target.value)}
      onFocus={(event) => onPlace?.(event.currentTarget)}
    />
  )
}
