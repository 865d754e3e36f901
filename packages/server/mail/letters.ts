import { type Letter, type LetterState, type Mailbox, type Outbox, localeOf } from '@erp4/orm'
import type { InstanceKeys } from '../hosting.ts'
import { type Html, cleaned, href, html, render } from '../html/index.ts'
import { mailStates } from '../sql/outbox.ts'
import { resendMail, sendMail } from './outbox.ts'

/** What apps write their letters into (`env.call.outbox`): laid out here, as text and as HTML, and queued in the caller's transaction, sealed. */
export const lettersOf = (keys: InstanceKeys): Outbox => ({
  put: (cx, letter) =>
    sendMail(cx, keys, {
      from: named(letter.from),
      to: [named(letter.to)],
      ...(letter.replyTo ? { replyTo: named(letter.replyTo) } : {}),
      subject: oneLine(letter.subject, 300),
      text: asText(letter),
      html: asPage(letter),
      attachments: (letter.attachments ?? []).map(({ name, blob }) => ({ name: oneLine(name, 200) || 'file', blob })),
      language: localeOf(letter.language),
      ...(letter.until ? { until: letter.until } : {}),
    }),

  async states(cx, numbers) {
    const rows = await cx.query<{ id: number; state: keyof typeof told; error: string | null }>(mailStates(numbers))
    const known = new Map(rows.map(({ id, state, error }) => [id, { state: told[state], error }]))
    return new Map(numbers.map((number): [number, LetterState] => [number, known.get(number) ?? { state: 'gone', error: null }]))
  },

  async retry(cx, numbers) {
    await resendMail(cx, numbers)
  },
})

/** What people are called, and what they call their documents, is theirs to say; that a letter goes out must not hang on it. */
const named = ({ name, address }: Mailbox): Mailbox => {
  const said = oneLine(name ?? '', 200)
  return said === '' ? { address } : { name: said, address }
}

const oneLine = (text: string, most: number): string =>
  text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, most)

const told = { queued: 'waiting', sending: 'waiting', sent: 'sent', failed: 'failed', held: 'held' } as const

/**
 * Attributes instead of styles: the oldest mail programs understand them, and nothing has to be loaded. As wide as the window, like any
 * letter that a person writes; a narrow one needs no scrolling to the side.
 */
function asPage({ body, links = [], footer, language, subject }: Letter): Html {
  return html`<!doctype html>
<html lang="${localeOf(language)}">
<head><meta charset="utf-8" /><meta name="viewport" content="width=device-width" /><title>${subject}</title></head>
<body bgcolor="#ffffff" text="#1c2126" link="#0f6b57" vlink="#0f6b57">
<font face="${letterFaces}">
${cleaned(body)}
${links.map(({ label, url }, i) => (i === 0 ? button(label, url) : html`<p><a href="${href(url)}">${label}</a></p>`))}
${footer ? html`<hr size="1" color="#d9dedb" /><p><small><font color="#5d6662">${footer}</font></small></p>` : ''}
</font>
</body>
</html>`
}

/** What is there on the reader's machine for Latin and for Hangul; a letter brings no face along. */
const letterFaces = 'Segoe UI, Malgun Gothic, Apple SD Gothic Neo, Noto Sans KR, Helvetica, Arial, sans-serif'

/** A table's cell takes no face from around it in some programs. */
const button = (label: string, url: string): Html => html`
<table role="presentation" border="0" cellspacing="0" cellpadding="12"><tr><td bgcolor="#0f6b57"><a href="${href(url)}"><font face="${letterFaces}" color="#ffffff"><b>${label}</b></font></a></td></tr></table>
<br />`

const asText = ({ body, links = [], footer }: Letter): string =>
  [wordsOf(body), ...links.map(({ label, url }) => `${label}: ${url}`), ...(footer ? [`-- \n${footer}`] : [])].join('\n\n')

const entities: Readonly<Record<string, string>> = { '&nbsp;': ' ', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' }

/** The words of formatted text, paragraphs apart; an address stands behind the words that lead to it. */
function wordsOf(body: string): string {
  return (
    render(cleaned(body))
      .replaceAll(/\s+/g, ' ')
      .replaceAll(/<a\b[^>]*\bhref="([^"]*)"[^>]*>(.*?)<\/a>/gi, (_all, url: string, words: string) =>
        words === url ? url : `${words} (${url})`,
      )
      .replaceAll(/<li\b[^>]*>/gi, '\n- ')
      .replaceAll(/<(?:br|\/tr|\/div)\b[^>]*>/gi, '\n')
      .replaceAll(/<\/(?:p|h\d|ul|ol|table|blockquote)>/gi, '\n\n')
      .replaceAll(/<[^>]*>/g, '')
      .replaceAll(/&(?:nbsp|lt|gt|quot|#39|amp);/g, (entity) => entities[entity]!)
      // Line by line: to look for spaces around line ends takes minutes where there are a hundred thousand spaces and no line end.
      .split('\n')
      .map((line) => line.trim())
      .join('\n')
      .replaceAll(/\n{3,}/g, '\n\n')
      .trim()
  )
}
