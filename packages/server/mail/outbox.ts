import { randomUUID } from 'node:crypto'
import { ValidationError, type Connection } from '@erp4/orm'
import type { InstanceKeys } from '../hosting.ts'
import { Html, render } from '../html/index.ts'
import { insertAttachments, insertMail, releaseMail, type Address } from '../sql/outbox.ts'
import { checkAddress, checkLine } from './address.ts'
import { sealBody } from './sealed.ts'

export type { Address }

/** A mail to be sent. HTML comes as a value that only code can make (`html`, `fillTemplate`). */
export interface Mail {
  from: Address
  to: readonly Address[]
  cc?: readonly Address[]
  replyTo?: Address
  subject: string
  text: string
  html?: Html
  /** Contents already kept by the file store in this transaction or before. */
  attachments?: readonly { name: string; blob: string }[]
  /** Of the text: `en`, `ko-KR`. */
  language?: string
  /** Not before. */
  runAt?: Date
  /** Not after: a link in it is over then, or it is no news any more. */
  until?: Date
}

const mostRecipients = 100

/**
 * Puts a mail into the outbox, in the caller's transaction: it is sent if and only if that commits. What it says is sealed with the
 * instance's key until then, and forgotten after. Its Message-ID is made here
 * and never changes, so that a mail sent twice after a crash is recognised as one.
 * @returns the outbox row's id. @throws ValidationError for what is no address, or a line break where none may be
 */
export async function sendMail(cx: Connection, keys: InstanceKeys, mail: Mail): Promise<number> {
  const from = checkAddress(mail.from)
  const [to, cc] = [mail.to.map(checkAddress), (mail.cc ?? []).map(checkAddress)]
  if (to.length === 0 || to.length + cc.length > mostRecipients) throw new ValidationError(`A mail has 1 to ${mostRecipients} recipients.`)
  if (mail.html !== undefined && !(mail.html instanceof Html)) throw new TypeError('The HTML of a mail is made with the html tag.')
  if (mail.language !== undefined && !/^[a-z]{2,3}(-[a-z0-9]{2,8})*$/i.test(mail.language))
    throw new ValidationError('The language of a mail is a code like ko-KR.')
  const files = (mail.attachments ?? []).map(({ name, blob }) => ({ name: checkLine(name, "An attachment's name"), blob }))

  const messageId = `<${randomUUID()}@${from.address.slice(from.address.indexOf('@') + 1)}>`
  const body = { text: mail.text.replaceAll('\0', ''), html: mail.html ? render(mail.html) : null }
  const [row] = await cx.query<{ id: number }>(
    insertMail({
      messageId,
      from,
      to,
      cc,
      replyTo: mail.replyTo ? checkAddress(mail.replyTo) : null,
      subject: checkLine(mail.subject, 'The subject'),
      sealed: sealBody(keys, messageId, body),
      language: mail.language ?? null,
      runAt: mail.runAt?.toISOString() ?? null,
      until: mail.until?.toISOString() ?? null,
    }),
  )
  if (files.length > 0)
    await cx.query(
      insertAttachments(
        row!.id,
        files.map((file) => file.name),
        files.map((file) => file.blob),
      ),
    )
  return row!.id
}

/** Sends again what was held or had failed, under the Message-ID it has, unless what it said is forgotten. Gives the ids that were. */
export async function resendMail(cx: Connection, ids: readonly number[]): Promise<number[]> {
  return (await cx.query<{ id: number }>(releaseMail(ids))).map((row) => row.id)
}
