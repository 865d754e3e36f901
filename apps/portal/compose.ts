import { employee, idOf } from '@erp4/base'
import { type Recipient, demandRecipients, recipientsOf, renderTemplate, renderText, takeFiles } from '@erp4/mail'
import {
  AccessError,
  type Env,
  type Json,
  type LetterStart,
  type ModelName,
  type PaperLetters,
  UserError,
  ValidationError,
  char,
  integer,
  json,
  many2many,
  selection,
  writerOf,
} from '@erp4/orm'
import { languageChoices } from '@erp4/base'
import { type Sending, askForLetter, letterJob, linkNotice, paperName } from './letters.ts'
import { demandKind, endOfLink } from './links.ts'
import { portal_link } from './models/portal_link.ts'

// Letters with a document, as people write them: what a letter begins with, its sending, and taking it back before it leaves.

/** So long one may think of it again: the letter waits before it is printed. */
const secondsToRecall = 8
const mostLetters = 10
const longestBody = 100_000

const record = { res_model: char({ required: true }), res_id: integer({ required: true }) } as const

/**
 * What a letter with this document begins with: `{ name, purpose, recipients: [{ id, name, email, lang }], letters: [{ lang, partners, subject,
 * body, file, notice }] }`, a letter for each language that the recipients read. Without `partner_ids` it goes to whom it usually goes; with
 * `lang` all of it is in that language. What is to be filled in for each of several recipients still stands as `{{ recipient.name }}`.
 * @throws UserError for a document that cannot be sent; AccessError for one that the caller may not change
 */
export const letter_begin = portal_link.action(
  'letter_begin',
  {
    on: 'model',
    needs: 'read',
    args: { ...record, partner_ids: many2many('res.partner'), lang: selection(languageChoices) },
    returns: json({ required: true }),
  },
  async ({ env }, { res_model, res_id, partner_ids, lang }) => {
    const document = await demandDocument(env, res_model, res_id)
    const start = await document.letters.begin(env, res_id)
    const to = await demandRecipients(env, partner_ids ?? start.to)
    const recipients = await readersOf(env, to)
    const byLanguage = Map.groupBy(recipients, (one) => lang ?? one.lang)
    const letters: Json[] = []
    // One after the other: each is read and filled in in its own language.
    for (const [language, readers] of byLanguage) letters.push(await letterIn(env, document, start, language, readers))
    return {
      purpose: start.purpose,
      recipients: recipients.map(({ id, name, email, lang: own }) => ({ id, name, email, lang: own })),
      letters,
    }
  },
)

async function letterIn(env: Env, { model, id }: Document, start: LetterStart, lang: string, readers: readonly Recipient[]): Promise<Json> {
  const spoken = env.withContext({ lang })
  const paper = await env.asSystem('the title of a document that its sender may change', async (sys) => {
    const shared = (await demandKind(sys, model).read(sys, [id], lang)).get(id)
    return shared ? { name: paperName(shared.paper), title: shared.paper.title, seller: shared.paper.seller.name } : null
  })
  if (!paper) throw new UserError(env.t('This document cannot be sent.'))
  const template = await templateId(env, start.template)
  const [reader] = readers
  const options = { id, language: lang, recipient: reader!.id, keepsRecipient: readers.length > 1 }
  const { subject, body } =
    template === null
      ? { subject: spoken.t('{document} from {seller}', { document: paper.title, seller: paper.seller }), body: '' }
      : await renderTemplate(env, template, options)
  return {
    lang,
    partners: readers.map((one) => one.id),
    subject,
    body,
    file: { name: paper.name, url: `/web/paper/${model}/${id}/${encodeURIComponent(paper.name)}?lang=${lang}` },
    notice: linkNotice(spoken, start.purpose, writerOf(lang).day(endOfLink(env))),
  }
}

/** The template with this external id, if nobody archived or deleted it. */
async function templateId(env: Env, name: string): Promise<number | null> {
  const [module = '', key = ''] = name.split('.')
  const id = await env.asSystem(
    'the template of a letter is known by its external id',
    async (sys) => (await idOf(sys, module, key)) ?? null,
  )
  return id !== null && (await env.model('mail.template').search([['id', '=', id]])).ids.length > 0 ? id : null
}

/**
 * Sends it: `letters` as `letter_begin` gives them, with what was changed in them. Placeholders in them are filled in for each recipient, with
 * the sender's rights. Answers `{ jobs, seconds }`: for so long `letter_recall` takes it back.
 * @throws UserError naming a recipient without an address; ValidationError for letters that say nothing, or a placeholder that stands for
 * nothing; AccessError for a recipient or file that the caller may not see
 */
export const letter_send = portal_link.action(
  'letter_send',
  {
    on: 'model',
    needs: 'read',
    args: { ...record, letters: json({ required: true }), attachment_ids: many2many('ir.attachment') },
    returns: json({ required: true }),
  },
  async ({ env }, { res_model, res_id, letters, attachment_ids }) => {
    const jobs = await send(env, await demandDocument(env, res_model, res_id), asLetters(env, letters), attachment_ids ?? [])
    return { jobs, seconds: secondsToRecall }
  },
)

/** Sends a document to whom it usually goes, with what its template says, as the caller; it can be taken back no more than any letter. */
export async function sendPaper(env: Env, model: ModelName, id: number): Promise<void> {
  const document = await demandDocument(env, model, id)
  const start = await document.letters.begin(env, id)
  const recipients = await readersOf(env, await demandRecipients(env, start.to))
  const letters: WrittenLetter[] = []
  for (const [lang, readers] of Map.groupBy(recipients, (one) => one.lang))
    letters.push((await letterIn(env, document, start, lang, readers)) as unknown as WrittenLetter)
  await send(env, document, letters, [], 0)
}

async function send(
  env: Env,
  { model, id, letters: kind }: Document,
  letters: readonly WrittenLetter[],
  attachments: readonly number[],
  afterSeconds = secondsToRecall,
): Promise<number[]> {
  const { purpose } = await kind.begin(env, id)
  const recipients = await demandRecipients(
    env,
    letters.flatMap(({ partners }) => partners),
  )
  const silent = (await readersOf(env, recipients)).find(({ email }) => email === null)
  if (silent) throw new UserError(env.t('{name} has no mail address. Give the contact one, or leave it out.', { name: silent.name }))
  const files = await takeFiles(env, { model, id }, attachments)
  const filled: Pick<Sending, 'lang' | 'to'>[] = []
  for (const { lang, partners, subject, body } of letters) {
    const to: { partner: number; subject: string; body: string }[] = []
    for (const partner of partners) {
      const text = await renderText(env, model, { subject, body }, { id, language: lang, recipient: partner })
      to.push({ partner, subject: text.subject, body: text.body })
    }
    filled.push({ lang, to })
  }
  return env.asSystem('what goes out with a document is noted on it', async (sys) => {
    const isFirst = await kind.sent(sys, id)
    const jobs: number[] = []
    for (const one of filled) {
      const letter = { kind: 'document', model, id, purpose, user: env.user.id, files, isFirst, ...one } as const
      jobs.push(await askForLetter(sys, letter, afterSeconds))
    }
    return jobs
  })
}

/**
 * Takes letters back that the caller sent with this document and that have not left, by the numbers that `letter_send` gave. Answers whether
 * all of them were stopped.
 */
export const letter_recall = portal_link.action(
  'letter_recall',
  { on: 'model', needs: 'read', args: { ...record, jobs: json({ required: true }) }, returns: json({ required: true }) },
  async ({ env }, { res_model, res_id, jobs }) => {
    const { model, id, letters } = await demandDocument(env, res_model, res_id)
    const numbers = Array.isArray(jobs) ? jobs.filter((one): one is number => Number.isSafeInteger(one)).slice(0, mostLetters) : []
    const args = { kind: 'document', model, id, user: env.user.id }
    const stopped = (await env.call.jobs?.recall(env.cx, numbers, { name: letterJob, args })) ?? []
    const isAll = stopped.length === numbers.length && numbers.length > 0
    if (isAll && stopped.some(({ isFirst }) => isFirst === true))
      await env.asSystem('a document that was recalled before it left is as it was', (sys) => letters.recalled(sys, id))
    return isAll
  },
)

interface Document {
  readonly model: ModelName
  readonly id: number
  readonly letters: PaperLetters
}

/** A document that the caller may change, locked: so who sends it twice at once sends it once after the other. */
async function demandDocument(env: Env, name: string, id: number): Promise<Document> {
  if (!env.isIn(employee)) throw new AccessError(env.t('Only colleagues send documents.'))
  const { model, letters } = demandKind(env, name)
  if (!letters) throw new UserError(env.t('This document cannot be sent.'))
  await env.model(model).browse([id]).lock()
  return { model, id, letters }
}

/** As letters reach them, by language: read as the system, after the caller's right to see them was asked. */
async function readersOf(env: Env, ids: readonly number[]): Promise<readonly Recipient[]> {
  const readers: Recipient[] = []
  await env.asSystem('whom a letter goes to, and in which language', async (sys) => {
    readers.push(...(await recipientsOf(sys, ids)))
  })
  return readers
}

interface WrittenLetter {
  readonly lang: string
  readonly partners: readonly number[]
  readonly subject: string
  readonly body: string
}

function asLetters(env: Env, given: Json): readonly WrittenLetter[] {
  const letters = (Array.isArray(given) ? given : []) as unknown as readonly Partial<WrittenLetter>[]
  const isId = (id: unknown): id is number => Number.isInteger(id) && (id as number) > 0 && (id as number) <= 0x7fffffff
  const isLetter = (one: Partial<WrittenLetter> | null): one is WrittenLetter =>
    typeof one === 'object' &&
    one !== null &&
    env.call.languages.includes(one.lang as string) &&
    Array.isArray(one.partners) &&
    one.partners.length > 0 &&
    one.partners.every(isId) &&
    typeof one.subject === 'string' &&
    typeof one.body === 'string' &&
    one.body.length <= longestBody
  if (letters.length === 0) throw new UserError(env.t('Say to whom the letter goes.'))
  if (letters.length > mostLetters || !letters.every(isLetter)) throw new ValidationError(env.t('These are no letters that could be sent.'))
  const partners = letters.flatMap((one) => one.partners)
  if (new Set(partners).size !== partners.length) throw new ValidationError(env.t('Each recipient gets one letter.'))
  if (letters.some(({ subject }) => subject.trim() === '' || subject.length > 300))
    throw new ValidationError(env.t('A letter has a subject of up to 300 characters.'))
  return letters
}

/** What a button answers that has the client write a letter with this document. Throws a UserError for several at once. */
export function letterDialogue(env: Env, model: ModelName, ids: readonly number[]): Json {
  const [id] = ids
  if (id === undefined || ids.length > 1) throw new UserError(env.t('One document is sent at a time.'))
  return { type: 'ir.actions.client', tag: 'portal.letter', params: { model, id } }
}
