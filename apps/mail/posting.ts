import { employee, idOf } from '@erp4/base'
import { AccessError, type Env, type Letter, UserError, ValidationError, moment } from '@erp4/orm'
import { type Recipient, mayRead, recipientsOf } from './recipients.ts'
import { senderAddress } from './sender.ts'
import { escapeHtml } from './show.ts'

/** Records of any model: what a chatter's methods need of them. */
export interface SomeRecords {
  readonly env: Env
  readonly model: string
  readonly ids: readonly number[]
  lock(): Promise<void>
}

/** The record that something is said about. */
export interface Subject {
  readonly model: string
  readonly id: number
}

/** A comment goes to the followers, a note stays among colleagues, a done activity is a line in the record's story. */
export type MessageKind = 'comment' | 'note' | 'activity'

export interface Post {
  readonly kind: MessageKind
  /** Formatted text; cleaned when it is written. */
  readonly body: string
  readonly subject?: string | null
  readonly type?: 'comment' | 'email' | 'email_outgoing' | 'notification'
  /** Partners who get it beside the followers; of a note, colleagues. */
  readonly to?: readonly number[]
  /** `ir.attachment`s, those on no record yet are put on this one; or new files. */
  readonly attachments?: readonly (number | NewFile)[]
  /** What some readers' letters say instead of the message itself. */
  readonly words?: ReadonlyMap<number, Words>
  readonly parent?: number | null
  /** The partner who says it; the caller unless given, which code alone can. */
  readonly author?: number
}

export interface NewFile {
  readonly name: string
  readonly content: Uint8Array
}

/** The words of one reader's letter, and the doors below them. */
export interface Words extends Pick<Letter, 'subject' | 'body' | 'language' | 'footer'> {
  readonly links: NonNullable<Letter['links']>
}

export interface Posted {
  readonly id: number
  /** The letters that went into the outbox. */
  readonly letters: readonly SentLetter[]
}

/** Kept with the message, so that what became of its letters can be told. */
export interface SentLetter {
  readonly partner: number
  readonly letter: number
}

/** A letter to each of its readers costs a statement or two: a newsletter is another thing. */
export const mostRecipients = 100
const mostAttachments = 50
const longestBody = 500_000

/**
 * Says something about a record, which the caller is known to be able to read: writes the message and puts its letters into the outbox, in the
 * same transaction. A follower who may not read the record any more gets none.
 * @throws AccessError for recipients or files that are not the caller's to see; UserError for a note to somebody from outside
 */
export async function post(env: Env, subject: Subject, message: Post): Promise<Posted> {
  if (message.body.length > longestBody) throw new ValidationError(env.t('This message is too long.'))
  const to = await demandRecipients(env, message.to ?? [])
  const known = await demandFiles(
    env,
    (message.attachments ?? []).filter((file) => typeof file === 'number'),
  )
  const name = await nameOf(env, subject)
  const parent = message.parent ?? null
  if (parent !== null) await demandParent(env, subject, parent)
  return env.asSystem('a message is written for its author, by this function only', async (sys) => {
    const author = message.author ?? env.user.partner_id
    const recipients = await recipientsOf(sys, to)
    if (message.kind === 'note') await demandColleagues(sys, subject, name, recipients)
    await keepFiles(sys, subject, known)
    const files = [
      ...known,
      ...(await makeFiles(
        sys,
        subject,
        (message.attachments ?? []).filter((file) => typeof file !== 'number'),
      )),
    ]
    const [writer] = await recipientsOf(sys, [author])
    const values = {
      model: subject.model,
      res_id: subject.id,
      record_name: name,
      author_id: author,
      email_from: writer?.email ?? null,
      subject: message.subject ?? null,
      body: message.body,
      message_type: message.type ?? ('comment' as const),
      subtype_id: (await idOf(sys, 'mail', subtypes[message.kind]))!,
      is_internal: message.kind !== 'comment',
      date: moment(sys.call.now()),
      parent_id: parent,
      partner_ids: to,
      attachment_ids: files,
    }
    const made = await sys.model('mail.message').create(values as never)
    const id = made.ids[0]!
    const readers = [...recipients, ...(message.kind === 'comment' ? await followersOf(sys, subject, to) : [])]
    // Whoever speaks wishes to hear the answer.
    if (message.kind === 'comment' && env.isIn(employee) && message.author === undefined) await keepFollowing(sys, subject, author)
    const letters = await sendAll(sys, { subject, name, message, writer: writer ?? null, readers, files, author })
    if (letters.length > 0) await made.write({ letters: letters.map(({ partner, letter }) => ({ partner, letter })) })
    return { id, letters: letters.map(({ partner, letter }) => ({ partner, letter })) }
  })
}

const subtypes = { comment: 'mt_comment', note: 'mt_note', activity: 'mt_activities' } as const

/** Whom the caller writes to he must be able to see. */
export async function demandRecipients(env: Env, ids: readonly number[]): Promise<readonly number[]> {
  const wanted = [...new Set(ids)]
  if (wanted.length > mostRecipients) throw new ValidationError(env.t('A message has {most} recipients at most.', { most: mostRecipients }))
  if (wanted.length === 0) return wanted
  const seen = await env.model('res.partner').browse(wanted).read(['display_name'])
  if (seen.length !== wanted.length) throw new AccessError(env.t('A recipient of this message does not exist, or you may not see him.'))
  return wanted
}

/** What is answered was said about the same record, and is the caller's to read. Hidden and missing sound the same. */
async function demandParent(env: Env, { model, id }: Subject, parent: number): Promise<void> {
  const known = await env.model('mail.message').count([
    ['id', '=', parent],
    ['model', '=', model],
    ['res_id', '=', id],
  ])
  if (known === 0) throw new AccessError(env.t('The message that this one answers does not exist, or you may not see it.'))
}

/** Puts files that the caller brought along on a record, to be sent with a letter later. @throws AccessError for one that he may not see */
export async function takeFiles(env: Env, subject: Subject, files: readonly number[]): Promise<readonly number[]> {
  const wanted = await demandFiles(env, files)
  await env.asSystem('files of a letter hang on the record that it is about', (sys) => keepFiles(sys, subject, wanted))
  return wanted
}

async function demandFiles(env: Env, ids: readonly number[]): Promise<readonly number[]> {
  const wanted = [...new Set(ids)]
  if (wanted.length > mostAttachments) throw new ValidationError(env.t('A message has {most} files at most.', { most: mostAttachments }))
  if (wanted.length === 0) return wanted
  const seen = await env.model('ir.attachment').browse(wanted).read(['name'])
  if (seen.length !== wanted.length) throw new AccessError(env.t('A file of this message does not exist, or you may not see it.'))
  return wanted
}

async function demandColleagues(sys: Env<true>, subject: Subject, name: string, recipients: readonly Recipient[]): Promise<void> {
  for (const { user, name: who } of recipients) {
    if (!user?.isColleague) throw new UserError(sys.t('{who} does not work here: an internal note stays among colleagues.', { who }))
    if (!(await mayRead(sys, user.id, subject.model, subject.id))) throw new UserError(sys.t('{who} may not see {name}.', { who, name }))
  }
}

async function keepFollowing(sys: Env<true>, { model, id }: Subject, partner: number): Promise<void> {
  const isFollowing = async (): Promise<boolean> =>
    (await sys.model('mail.followers').count([
      ['res_model', '=', model],
      ['res_id', '=', id],
      ['partner_id', '=', partner],
    ])) > 0
  if (await isFollowing()) return
  // Two messages of one person at once: the second looks again when the first is through.
  await sys
    .model(model as never)
    .browse([id])
    .lock()
  if (!(await isFollowing())) await sys.model('mail.followers').create({ res_model: model, res_id: id, partner_id: partner })
}

/** Files that their sender brought along for this message hang on its record from now on. Others' stay where they are. */
async function keepFiles(sys: Env<true>, { model, id }: Subject, files: readonly number[]): Promise<void> {
  if (files.length === 0) return
  const rows = await sys.model('ir.attachment').browse(files).read(['res_model', 'res_id', 'create_uid'])
  const free = rows.filter(
    ({ res_model, res_id, create_uid }) =>
      create_uid === sys.user.id && (res_model === null || !res_id || res_model === 'mail.compose.message'),
  )
  if (free.length > 0)
    await sys
      .model('ir.attachment')
      .browse(free.map((file) => file.id))
      .write({ res_model: model, res_id: id })
}

/** Who may send a document may send what was made of it, so these are made as the system. */
async function makeFiles(sys: Env<true>, { model, id }: Subject, files: readonly NewFile[]): Promise<readonly number[]> {
  if (files.length === 0) return []
  const values = files.map(({ name, content }) => ({ name: oneLine(name), raw: content, res_model: model, res_id: id }))
  return (await sys.model('ir.attachment').create(values)).ids
}

/** The followers who may still read the record; people who do not sign in follow because a colleague said so. */
async function followersOf(sys: Env<true>, { model, id }: Subject, but: readonly number[]): Promise<Recipient[]> {
  const rows = await sys.model('mail.followers').find(
    [
      ['res_model', '=', model],
      ['res_id', '=', id],
      ['partner_id', 'not in', but],
    ],
    ['partner_id'],
    { limit: mostRecipients },
  )
  const followers = await recipientsOf(
    sys,
    rows.map((row) => row.partner_id),
  )
  const kept: Recipient[] = []
  // One after the other: each is a question about other rights, and a record has few followers.
  for (const one of followers) if (one.user === null || (await mayRead(sys, one.user.id, model, id))) kept.push(one)
  return kept
}

interface Sending {
  readonly subject: Subject
  readonly name: string
  readonly message: Post
  readonly writer: Recipient | null
  readonly readers: readonly Recipient[]
  readonly files: readonly number[]
  readonly author: number
}

/** One letter to each reader but the author, so that nobody learns of the others' addresses. */
async function sendAll(sys: Env<true>, sending: Sending): Promise<SentLetter[]> {
  const { readers, author, files, message, writer } = sending
  const { outbox, cx } = sys.call
  const reachable = [...new Map(readers.map((one) => [one.id, one])).values()].filter(({ id, email }) => id !== author && email !== null)
  if (!outbox || reachable.length === 0) return []
  const from = await senderAddress(sys, writer)
  const attachments = await contentsOf(sys, files)
  const sent: SentLetter[] = []
  for (const reader of reachable) {
    const letter: Letter = {
      from,
      to: { name: reader.name, address: reader.email! },
      ...(writer?.email ? { replyTo: { name: writer.name, address: writer.email } } : {}),
      attachments,
      language: reader.lang,
      ...(message.words?.get(reader.id) ?? lettered(sys, sending, reader, message)),
    }
    sent.push({ partner: reader.id, letter: await outbox.put(cx, letter) })
  }
  return sent
}

/** What a letter about a message says in its reader's language: who said it about what, and to a colleague where it is. */
function lettered(
  sys: Env<true>,
  { subject, name, writer }: Sending,
  reader: Recipient,
  message: Post,
): Pick<Letter, 'subject' | 'body' | 'links' | 'footer'> {
  const spoken = sys.withContext({ lang: reader.lang })
  const who = writer?.name ?? ''
  const heading =
    message.kind === 'note' ? spoken.t('{who} wrote a note on {name}', { who, name }) : spoken.t('{who} wrote about {name}', { who, name })
  const door =
    reader.user?.isColleague && sys.call.origin
      ? [{ label: spoken.t('Open {name}', { name }), url: addressOf(sys.call.origin, subject) }]
      : []
  return {
    subject: oneLine(message.subject ?? heading),
    body: `<p><b>${escapeHtml(heading)}</b></p>${message.body}`,
    links: door,
    footer: reader.user?.isColleague ? spoken.t('You get this because you follow {name} or were named in it.', { name }) : '',
  }
}

/** Where colleagues find a record. */
export const addressOf = (origin: string, { model, id }: Subject): string => `${origin}/odoo/${model}/${id}`

export const oneLine = (text: string): string =>
  text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, 300)

/** The files as a letter carries them; links to elsewhere are not carried. */
export async function contentsOf(sys: Env<true>, ids: readonly number[]): Promise<{ name: string; blob: string }[]> {
  const rows = await sys.model('ir.attachment').browse(ids).read(['name', 'raw'])
  return rows.flatMap(({ name, raw }) => (raw === null ? [] : [{ name: oneLine(name), blob: raw }]))
}

/** What the record is called. @throws AccessError where the caller may not read it */
export async function nameOf(env: Env, { model, id }: Subject): Promise<string> {
  const name = (await namesOf(env, model, [id])).get(id)
  if (name === undefined) throw new AccessError(env.t('This record does not exist, or you may not see it.'))
  return name
}

/** What records of any model are called, those that the caller may read. */
export async function namesOf(env: Env, model: string, ids: readonly number[]): Promise<ReadonlyMap<number, string>> {
  const rows = await env
    .withContext({ active_test: false })
    .model(model as never)
    .browse(ids)
    .read(['display_name' as never])
  return new Map((rows as { id: number; display_name?: string | null }[]).map((row) => [row.id, row.display_name ?? '']))
}
