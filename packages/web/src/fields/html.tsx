import { Fragment, type ReactNode, createElement } from 'react'
import { textOf } from '../format.ts'
import { useTexts } from '../i18n/index.ts'
import { type Piece, parseMarkup } from './markup.ts'
import type { EditProps, FieldWidget, ShowProps } from './widget.ts'
import { inputProps } from './widget.ts'

const render = (pieces: readonly Piece[]): ReactNode =>
  pieces.map((piece, i) => {
    if (typeof piece === 'string') return <Fragment key={i}>{piece}</Fragment>
    const link = piece.tag === 'a' ? { href: piece.href, target: '_blank', rel: 'noopener noreferrer' } : {}
    return createElement(piece.tag, { key: i, ...link }, ...(piece.children.length > 0 ? [render(piece.children)] : []))
  })

/** Formatted text as elements: whatever it is, it can only become those that may be shown. */
export const RichText = ({ html: text }: { html: string }) => <div className="rich">{render(parseMarkup(text))}</div>

const HtmlShow = ({ value }: ShowProps) => (typeof value === 'string' ? <RichText html={value} /> : null)

/** Only paragraphs and line ends: what a plain field can write back without losing anything. */
const isSimple = (html: string): boolean => !/<(?!\/?(?:p|br|div)\b)/i.test(html)

const toText = (html: string): string =>
  html
    .split(/<\/p>|<br\s*\/?>|<\/div>/i)
    .map(textOf)
    .join('\n')
    .trimEnd()

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }
/** What somebody typed, as formatted text: a paragraph for each line. */
export const toHtml = (text: string): string =>
  text
    .split('\n')
    .map((line) => `<p>${line === '' ? '<br>' : line.replaceAll(/[&<>]/g, (sign) => escapes[sign]!)}</p>`)
    .join('')

/** Plain paragraphs are edited as text; richer text is shown until there is an editor for it. */
function HtmlEdit(props: EditProps) {
  const { value, onChange, shown } = props
  const t = useTexts()
  const html = typeof value === 'string' ? value : ''
  if (!isSimple(html)) {
    return (
      <>
        <HtmlShow {...props} />
        <p className="soft small">{t.richTextIsShown}</p>
      </>
    )
  }
  return (
    <textarea
      {...inputProps(props)}
      className="input"
      rows={5}
      placeholder={shown.placeholder}
      defaultValue={toText(html)}
      onChange={(event) => onChange(event.target.value.trim() === '' ? false : toHtml(event.target.value))}
    />
  )
}

export const html: FieldWidget = { Edit: HtmlEdit, Show: HtmlShow, isWide: true }
