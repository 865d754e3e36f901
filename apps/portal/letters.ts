import { createHash, randomUUID } from 'node:crypto'
import { post, sendLetter } from '@erp4/mail'
import { type Env, type LetterJob, type ModelName, type Paper, type Printed, UserError, writerOf } from '@erp4/orm'
import { paragraphs, putLetter } from './correspondence.ts'
import { demandKind, makeLink } from './links.ts'
import { contentOf, fileName, proofOf, readSignature, signedName, timeOf } from './proof.ts'

// Letters with a document in them: put on paper by a job, since that takes its time, and sent when that is done.

/** A document that goes to people who read the same language: printed once, a letter and a link to each. */
export interface Sending {
  readonly kind: 'document'
  readonly model: ModelName
  readonly id: number
  readonly purpose: 'sign' | 'view'
  /** `ko_KR`: of the letters and of the file. */
  readonly lang: string
  /** Formatted text, filled in for each reader; what the link is for is said below it. */
  readonly to: readonly { readonly partner: number; readonly subject: string; readonly body: string }[]
  /** Who sends it: answers go to him. */
  readonly user: number
  /** `ir.attachment`s that go with it. */
  readonly files: readonly number[]
  /** Whether the document was out before; if not, and it is recalled, it is not out after all. */
  readonly isFirst: boolean
}

/** What both sides get when something was signed. */
export interface Signing {
  readonly kind: 'signed'
  readonly signature: number
}

/** The job that prints and sends. */
export const letterJob = 'portal.letter'

/** Has a letter printed and sent, if and only if this call commits, and not before so many seconds; gives the job's number. */
export async function askForLetter(sys: Env<true>, letter: Sending | Signing, afterSeconds = 0): Promise<number> {
  const { jobs } = sys.call
  if (!jobs) throw new UserError(sys.t('Nothing can be sent from here.'))
  return jobs.ask(sys.cx, letterJob, { ...letter, letter: randomUUID() }, { afterSeconds })
}

const asLetter = (job: LetterJob): Sending | Signing => job as unknown as Sending | Signing

export async function printLetter(sys: Env<true>, job: LetterJob): Promise<Printed | null> {
  const letter = asLetter(job)
  if (letter.kind === 'signed') {
    const signature = await readSignature(sys, letter.signature)
    if (!signature) return null
    return { paper: await withLogo(sys, signature), proof: await proofOf(sys, signature) }
  }
  const shared = (await demandKind(sys, letter.model).read(sys, [letter.id], letter.lang)).get(letter.id)
  return shared && shared.state !== 'withdrawn' ? { paper: shared.paper, proof: null } : null
}

/** The content that was signed, under the letterhead's picture as it is now: the picture is no part of what was agreed. */
async function withLogo(sys: Env<true>, signature: NonNullable<Awaited<ReturnType<typeof readSignature>>>) {
  const content = contentOf(signature)
  const { res_model, res_id } = signature
  const now = (await demandKind(sys, res_model).read(sys, [res_id], content.lang)).get(res_id)
  return { ...content, seller: { ...content.seller, logo: now?.paper.seller.logo ?? null } }
}

export async function postLetter(sys: Env<true>, job: LetterJob, pdf: Uint8Array): Promise<void> {
  const letter = asLetter(job)
  await (letter.kind === 'signed' ? postSigned(sys, letter, pdf) : postDocument(sys, letter, String(job['letter']), pdf))
}

async function postDocument(
  sys: Env<true>,
  { model, id, purpose, lang, to, user, files }: Sending,
  letter: string,
  pdf: Uint8Array,
): Promise<void> {
  // Sent by an earlier try, which ended before it could say so.
  if ((await sys.model('portal.link').count([['letter', '=', letter]])) > 0) return
  const env = sys.withContext({ lang })
  const shared = (await demandKind(env, model).read(env, [id], lang)).get(id)
  const reachable = new Map(
    (
      await sys
        .model('res.partner')
        .browse(to.map(({ partner }) => partner))
        .read(['email_normalized'])
    ).map((one) => [one.id, one.email_normalized]),
  )
  const readers = to.filter(({ partner }) => reachable.get(partner))
  if (readers.length === 0 || !shared) return
  const [sender] = await env.model('res.users').browse([user]).read(['partner_id'])
  const doors = new Map<number, { label: string; url: string }>()
  let until = ''
  for (const { partner } of readers) {
    const { token, expires } = await makeLink(env, { model, id, purpose, partner, email: reachable.get(partner)!, shared, letter })
    const label = purpose === 'sign' ? env.t('Read and accept') : env.t('Read it online')
    doors.set(partner, { label, url: `${sys.call.origin}/portal/open/${token}` })
    until = writerOf(lang).day(expires)
  }
  const footer = linkNotice(env, purpose, until)
  await sendLetter(env, {
    record: env.model(model).browse([id]),
    content: { words: new Map(readers.map(({ partner, subject, body }) => [partner, { subject, body, footer, language: lang }])) },
    to: readers.map(({ partner }) => partner),
    attachments: [{ name: paperName(shared.paper), content: pdf }, ...files],
    links: ({ id: partner }) => [doors.get(partner)!],
    ...(sender ? { author: sender.partner_id } : {}),
  })
}

/** What stands below a letter with a link in it. */
export const linkNotice = (env: Env, purpose: 'sign' | 'view', until: string): string =>
  purpose === 'sign'
    ? env.t('The link is meant for you alone: whoever has it can answer in your name. It works until {until}.', { until })
    : env.t('The link is meant for you alone: whoever has it can read the document. It works until {until}.', { until })

/** What the file of a document is called. */
export const paperName = (paper: Paper): string => `${fileName(paper.title)}.pdf`

async function postSigned(sys: Env<true>, { signature: id }: Signing, pdf: Uint8Array): Promise<void> {
  const signature = await readSignature(sys, id)
  // Printed by an earlier try, whose letters went with it.
  if (!signature || signature.file !== null) return
  const file_hash = createHash('sha256').update(pdf).digest('hex')
  await sys
    .model('portal.signature')
    .browse([id])
    .write({ file: pdf as never, file_hash })
  const { res_model, res_id } = signature
  const paper = contentOf(signature)
  const shared = (await demandKind(sys, res_model).read(sys, [res_id], paper.lang)).get(res_id)
  if (!shared) return
  const attachment = await attach(sys, { model: res_model, id: res_id, name: signedName(paper), pdf })
  const [keeper] = shared.keeper === null ? [] : await sys.model('res.users').browse([shared.keeper]).read(['name', 'email', 'lang'])
  const told = sys
    .withContext({ lang: keeper?.lang ?? 'en_US' })
    .t('{name} accepted and signed {document}.', { name: signature.name, document: paper.title })
  await post(
    sys,
    { model: res_model, id: res_id },
    { kind: 'note', type: 'notification', body: paragraphs(told), attachments: [attachment.id] },
  )
  const both = [
    { name: signature.name, address: signature.email, lang: paper.lang },
    { name: keeper?.name ?? '', address: keeper?.email ?? null, lang: keeper?.lang ?? 'en_US' },
  ]
  for (const { name, address, lang } of both) {
    if (!address) continue
    const env = sys.withContext({ lang })
    const words = {
      document: paper.title,
      name: signature.name,
      time: timeOf(signature.signed_on),
      address: signature.address,
      content: signature.content_hash,
      file: file_hash,
    }
    await putLetter(env, {
      company: shared.company,
      to: { name, address },
      replyTo: null,
      subject: env.t('Signed: {document}', words),
      text: [
        env.t('{name} accepted and signed {document}. The signed document is attached; please keep it.', words),
        [
          env.t('Time: {time}', words),
          env.t('Network address: {address}', words),
          env.t('SHA-256 of what was signed: {content}', words),
          env.t('SHA-256 of the attached file: {file}', words),
        ].join('\n'),
        env.t('Whether a file is the one that was signed can be verified at any time:'),
      ].join('\n\n'),
      link: { label: env.t('Verify the document'), url: `${sys.call.origin}/portal/verify` },
      footer: null,
      attachment: { name: attachment.name, blob: attachment.blob },
      lang,
    })
  }
}

/** Keeps a file on the document, for our side to find again; answers it as a letter wants it. */
async function attach(
  sys: Env<true>,
  { model, id, name, pdf }: { model: string; id: number; name: string; pdf: Uint8Array },
): Promise<{ id: number; name: string; blob: string }> {
  const made = await sys.model('ir.attachment').create({ name, res_model: model, res_id: id, raw: pdf as never })
  const [file] = await made.read(['raw'])
  return { id: file!.id, name, blob: file!.raw! }
}
