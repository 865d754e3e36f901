import { Fragment, type ReactNode, Suspense, createElement, lazy } from 'react'
import { type Piece, parseMarkup } from './markup.ts'
import type { EditProps, FieldWidget, ShowProps } from './widget.ts'

const render = (pieces: readonly Piece[]): ReactNode =>
  pieces.map((piece, i) => {
    if (typeof piece === 'string') return <Fragment key={i}>{piece}</Fragment>
    const link = piece.tag === 'a' ? { href: piece.href, target: '_blank', rel: 'noopener noreferrer' } : {}
    return createElement(piece.tag, { key: i, ...link }, ...(piece.children.length > 0 ? [render(piece.children)] : []))
  })

/** Formatted text as elements: whatever it is, it can only become those that may be shown. */
export const RichText = ({ html: text }: { html: string }) => <div className="rich">{render(parseMarkup(text))}</div>

const HtmlShow = ({ value }: ShowProps) => (typeof value === 'string' ? <RichText html={value} /> : null)

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }
/** What somebody typed, as formatted text: a paragraph for each line. */
export const toHtml = (text: string): string =>
  text
    .split('\n')
    .map((line) => `<p>${line === '' ? '<br>' : line.replaceAll(/[&<>]/g, (sign) => escapes[sign]!)}</p>`)
    .join('')

// Writing is begun in few of the forms that are looked at.
const RichEditor = lazy(async () => ({ default: (await import('../rich/RichEditor.tsx')).RichEditor }))

function HtmlEdit(props: EditProps) {
  const { id, value, onChange, shown, field, required, problem, autoFocus, compact } = props
  const html = typeof value === 'string' ? value : ''
  return (
    <Suspense fallback={<RichText html={html} />}>
      <RichEditor
        id={id}
        html={html}
        onChange={(written) => onChange(written === '' ? false : written)}
        {...(compact ? { label: field.string } : { labelledBy: `${id}-label` })}
        describedBy={problem === undefined ? undefined : `${id}-problem`}
        placeholder={shown.placeholder}
        required={required}
        isBad={problem !== undefined}
        autoFocus={autoFocus ?? false}
        rows={compact ? 2 : 4}
      />
    </Suspense>
  )
}

export const html: FieldWidget = { Edit: HtmlEdit, Show: HtmlShow, isWide: true }
