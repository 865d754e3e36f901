import { html, type Html } from '../html/index.ts'

/** The parts of a mail that words go into. */
export interface MailText {
  subject: string
  text: string
  html: Html
}

const placeholder = /\{\{\s*([a-z_][a-z0-9_.]*)\s*\}\}/g

/**
 * Fills a template that people may edit: `{{ name }}` stands for one of `values`, and nothing else is understood. Values
 * go into HTML escaped; a blank line begins a paragraph.
 * @throws when a placeholder has no value: better no mail than one that says "Dear {{ name }}".
 */
export function fillTemplate(template: { subject: string; body: string }, values: Readonly<Record<string, string | number>>): MailText {
  const fill = (text: string): string =>
    text.replaceAll(placeholder, (_match, name: string) => {
      if (!Object.hasOwn(values, name)) throw new Error(`The mail template asks for '${name}', which it is not given.`)
      return String(values[name])
    })
  const text = fill(template.body)
  return { subject: oneLine(fill(template.subject)), text, html: paragraphs(text) }
}

const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()

function paragraphs(text: string): Html {
  const parts = text
    .trim()
    .replaceAll(/\r\n?/g, '\n')
    .split(/\n{2,}/)
  const lines = (part: string) => part.split('\n').map((line, i) => (i === 0 ? html`${line}` : html`<br />${line}`))
  return html`${parts.map((part) => html`<p>${lines(part)}</p>`)}`
}
