import { createHash, randomUUID } from 'node:crypto'
import { post, sendLetter } from '@erp4/mail'
import { type Env, type LetterJob, type ModelName, type Printed, UserError, writerOf } from '@erp4/orm'
import { paragraphs, putLetter } from './correspondence.ts'
import { demandKind, makeLink } from './links.ts'
import { contentOf, fileName, proofOf, readSignature, signedName, timeOf } from './proof.ts'

// Letters with a document in them: put on paper by a job, since that takes its time, and sent when that is done.

/** A document that goes to somebody, with a link to read and, perhaps, accept it. */
export interface Sending {
  readonly kind: 'document'
  readonly model: ModelName
  readonly id: number
  readonly purpose: 'sign' | 'view'
  readonly partner: number
  /** Who sends it: the letter is signed with his name, and answers go to him. */
  readonly user: number
  /** What he wrote instead of the usual words; a blank line begins a paragraph. */
  readonly text: string | null
}

/** What both sides get when something was signed. */
export interface Signing {
  readonly kind: 'signed'
  readonly signature: number
}

/** Has a letter printed and sent, if and only if this call commits. */
export async function askForLetter(sys: Env<true>, letter: Sending | Signing): Promise<void> {
  const { jobs } = sys.call
  if (!jobs) throw new UserError(sys.t('Nothing can be sent from here.'))
  await jobs.ask(sys.cx, 'portal.letter', { ...letter, letter: randomUUID() })
}

const asLetter = (job: LetterJob): Sending | Signing => job as unknown as Sending | Signing

export async function printLetter(sys: Env<true>, job: LetterJob): Promise<Printed | null> {
  const letter = asLetter(job)
  if (letter.kind === 'signed') {
    const signature = await readSignature(sys, letter.signature)
    if (!signature) return null
    return { paper: await withLogo(sys, signature), proof: await proofOf(sys, signature) }
  }
  const shared = (await demandKind(sys, letter.model).read(sys, [letter.id])).get(letter.id)
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
  { model, id, purpose, partner, user, text }: Sending,
  letter: string,
  pdf: Uint8Array,
): Promise<void> {
  // Sent by an earlier try, which ended before it could say so.
  if ((await sys.model('portal.link').count([['letter', '=', letter]])) > 0) return
  const [reader] = await sys.model('res.partner').browse([partner]).read(['name', 'email', 'lang'])
  const lang = reader?.lang ?? 'en_US'
  const env = sys.withContext({ lang })
  const shared = (await demandKind(env, model).read(env, [id], lang)).get(id)
  if (!reader?.email || !shared) return
  const { paper } = shared
  const [sender] = await env.model('res.users').browse([user]).read(['name', 'partner_id'])
  const { token, expires } = await makeLink(env, { model, id, purpose, partner, email: reader.email, shared, letter })
  const total = paper.sums.at(-1)?.value ?? ''
  const words = {
    reader: reader.name ?? '',
    document: paper.title,
    seller: paper.seller.name,
    sender: sender?.name ?? paper.seller.name,
    total,
    until: writerOf(lang).day(expires),
  }
  const usual = [
    env.t('Dear {reader},', words),
    purpose === 'sign'
      ? env.t('Here is {document} over {total}. You can read it, ask questions and accept it online.', words)
      : env.t('Here is {document} over {total}. You can read it online, too.', words),
  ].join('\n\n')
  const footer = env.t('The link is meant for you alone: whoever has it can answer in your name. It works until {until}.', words)
  const door = {
    label: purpose === 'sign' ? env.t('Read and accept') : env.t('Read it online'),
    url: `${sys.call.origin}/portal/open/${token}`,
  }
  const greeting = [env.t('Kind regards'), ...new Set([words.sender, words.seller])].join('\n')
  await sendLetter(env, {
    record: env.model(model).browse([id]),
    content: { subject: env.t('{document} from {seller}', words), body: paragraphs([text ?? usual, greeting, footer].join('\n\n')) },
    to: [partner],
    attachments: [{ name: `${fileName(paper.title)}.pdf`, content: pdf }],
    links: () => [door],
    ...(sender ? { author: sender.partner_id } : {}),
  })
}

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
