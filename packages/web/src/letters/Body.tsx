import type { Ref } from 'react'
import { RichEditor, type RichHandle } from '../rich/RichEditor.tsx'
import { words } from './texts.ts'

interface Props {
  readonly id: string
  readonly lang: string
  readonly html: string
  readonly rows?: number
  readonly problem?: string | null
  readonly onChange: (html: string) => void
  /** Somebody writes here now: what is put in from beside goes here. */
  readonly onFocus?: () => void
  readonly ref?: Ref<RichHandle>
}

/** The text of a letter. */
export const Body = ({ id, lang, html, rows = 9, problem, onChange, onFocus, ref }: Props) => (
  <RichEditor
    id={id}
    html={html}
    onChange={onChange}
    label={words.text}
    lang={lang.slice(0, 2)}
    rows={rows}
    isBad={Boolean(problem)}
    {...(problem ? { describedBy: `${id}-problem` } : {})}
    {...(onFocus ? { onFocus } : {})}
    {...(ref ? { ref } : {})}
  />
)
