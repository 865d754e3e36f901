import type { Env } from '@erp4/orm'

/** A letter in plain words; a blank line begins a paragraph. */
export interface PlainLetter {
  /** Whose letter it is. */
  readonly company: number
  readonly to: { readonly name: string; readonly address: string }
  readonly replyTo: { readonly name: string; readonly address: string } | null
  readonly subject: string
  readonly text: string
  readonly link: { readonly label: string; readonly url: string } | null
  readonly footer: string | null
  readonly attachment: { readonly name: string; readonly blob: string } | null
  readonly lang: string
}

/** Puts a letter that is no message on a record into the outbox, to leave when this call has committed. */
export async function putLetter(sys: Env<true>, letter: PlainLetter): Promise<void> {
  const { outbox } = sys.call
  if (!outbox) throw new Error('This call has no outbox')
  await outbox.put(sys.cx, {
    from: await senderOf(sys, letter.company),
    to: letter.to.name === '' ? { address: letter.to.address } : letter.to,
    ...(letter.replyTo ? { replyTo: letter.replyTo } : {}),
    subject: letter.subject,
    body: paragraphs(letter.text),
    links: letter.link ? [letter.link] : [],
    ...(letter.footer ? { footer: letter.footer } : {}),
    attachments: letter.attachment ? [letter.attachment] : [],
    language: letter.lang,
  })
}

async function senderOf(sys: Env<true>, company: number): Promise<{ name: string; address: string }> {
  const [own] = await sys.model('res.company').browse([company]).read(['name', 'email'])
  const host = sys.call.origin ? new URL(sys.call.origin).hostname : 'localhost'
  return { name: own?.name ?? '', address: own?.email ?? `no-reply@${host}` }
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/** Plain words as formatted text. */
export const paragraphs = (text: string): string =>
  text
    .split(/\n{2,}/)
    .map((part) => `<p>${part.replaceAll(/[&<>]/g, (sign) => escapes[sign]!).replaceAll('\n', '<br>')}</p>`)
    .join('')
