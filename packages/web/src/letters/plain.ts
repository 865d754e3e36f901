import { textOf } from '../format.ts'

// A letter's formatted text as plain text that a person writes, and back: a blank line begins a paragraph.

/** Whether there is nothing in it that plain text would lose. */
export const isPlain = (html: string): boolean => !/<(?!\/?(?:p|br|div)\b)/i.test(html)

export const toPlain = (html: string): string =>
  html
    .replaceAll(/\s*\n\s*/g, ' ')
    .split(/<\/(?:p|div)>/i)
    .map((part) =>
      part
        .split(/<br\s*\/?>/i)
        .map((line) => textOf(line).trim())
        .join('\n'),
    )
    .join('\n\n')
    .trim()

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

export const fromPlain = (text: string): string =>
  text
    .trim()
    .split(/\n{2,}/)
    .map((part) => `<p>${part.replaceAll(/[&<>]/g, (sign) => escapes[sign]!).replaceAll('\n', '<br />')}</p>`)
    .join('')
