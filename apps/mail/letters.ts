import { type Env, type ModelName, type Records, UserError, ValidationError } from '@erp4/orm'
import { type NewFile, type Posted, type Words, demandRecipients, oneLine, post } from './posting.ts'
import { type Recipient, recipientsOf } from './recipients.ts'
import { renderTemplate } from './templates.ts'

type Links = Words['links']

export interface LetterText {
  readonly subject: string
  readonly body: string
  /** Small print below the doors. */
  readonly footer?: string
}

/** A letter about a document: what an app sends on behalf of whoever calls it. */
export interface LetterRequest<N extends ModelName = ModelName> {
  /** One record, which the caller may read. */
  readonly record: Records<N>
  /** The id of a `mail.template` of the record's model; or the words themselves, `body` being formatted text: the same for all, or by partner. */
  readonly content:
    | { readonly template: number }
    | LetterText
    | { readonly words: ReadonlyMap<number, LetterText & { readonly language: string }> }
  /** Partners; each gets a letter of his own, in his language. */
  readonly to: readonly number[]
  /** Ids of `ir.attachment`, or new files, which are then kept on the record. */
  readonly attachments?: readonly (number | NewFile)[]
  /** Doors below the text, for each reader his own. They are in his letter and nowhere else: not in the message on the record. */
  readonly links?: (reader: Recipient) => Links | Promise<Links>
  /** The partner who writes; the caller unless given. */
  readonly author?: number
}

/**
 * Sends a letter about a record to some partners, and says so on the record: a message, in the first reader's language and with the files,
 * and the letters in the outbox, all in the caller's transaction. Followers get the message as theirs. What a template shows is read with
 * the caller's rights.
 * @returns the message's id, and the numbers of the letters by partner
 * @throws UserError naming a reader without a mail address; AccessError for a record, template, reader or file that the caller may not see
 */
export async function sendLetter<N extends ModelName>(env: Env, request: LetterRequest<N>): Promise<Posted> {
  if (!env.call.outbox) throw new Error('This call has no outbox')
  const subject = { model: request.record.model as string, id: demandOne(request.record.ids) }
  const to = await demandRecipients(env, request.to)
  const words = new Map<number, Words>()
  // One after the other: each is in its own language, with its own values and doors.
  for (const reader of await readersOf(env, to)) {
    const text = await wordsFor(env, request.content, subject.id, reader)
    words.set(reader.id, { ...text, subject: oneLine(text.subject), links: (await request.links?.(reader)) ?? [] })
  }
  const first = words.get(to[0]!)!
  return post(env, subject, {
    kind: 'comment',
    type: 'email_outgoing',
    subject: first.subject,
    body: first.body,
    to,
    words,
    attachments: request.attachments ?? [],
    ...(request.author ? { author: request.author } : {}),
  })
}

function demandOne(ids: readonly number[]): number {
  const [id] = ids
  if (id === undefined || ids.length > 1) throw new ValidationError('A letter is about one record.')
  return id
}

async function readersOf(env: Env, to: readonly number[]): Promise<Recipient[]> {
  const readers: Recipient[] = []
  await env.asSystem('whom a letter goes to, and in which language', async (sys) => {
    readers.push(...(await recipientsOf(sys, to)))
  })
  if (readers.length === 0) throw new UserError(env.t('Say to whom the letter goes.'))
  const silent = readers.find(({ email }) => email === null)
  if (silent) throw new UserError(env.t('{who} has no mail address.', { who: silent.name }))
  return readers
}

async function wordsFor(
  env: Env,
  content: LetterRequest['content'],
  id: number,
  reader: Recipient,
): Promise<LetterText & { readonly language: string }> {
  if ('words' in content) {
    const own = content.words.get(reader.id)
    if (!own) throw new Error('This letter has no words for one of its readers')
    return own
  }
  if (!('template' in content)) return { ...content, language: reader.lang }
  return renderTemplate(env, content.template, { id, language: reader.lang, recipient: reader.id })
}
