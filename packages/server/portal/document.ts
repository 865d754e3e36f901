import type { FastifyReply, FastifyRequest } from 'fastify'
import { BusyError, type Databases, type Deed, type Env, type Reader, type Reading, UserError } from '@erp4/orm'
import { Rate, checkFormToken, formToken, type FormScope } from '../auth/index.ts'
import { printPaper } from '../documents/index.ts'
import { isSameOrigin } from '../http/facts.ts'
import { readForm } from '../pages/form.ts'
import { deskOf } from './desk.ts'
import { sendFramed, sendWord } from './frame.ts'
import { documentPage, type DocumentPage } from './page.ts'
import { drawnPicture } from './picture.ts'
import { askedLanguage, portalTexts } from './texts.ts'

/** Somebody at a document: by a link, or signed in. How he came is the routes' matter; what he sees and does is the same. */
export interface Visit {
  readonly reader: Reader
  /** The document's address. */
  readonly path: string
  /** What forms and counts are bound to. */
  readonly holder: string
  /** Counts one of what is rated, here; answers for how many seconds it has to wait. */
  take(rate: Rate): Promise<number>
  call<T>(how: 'reading' | 'writing', work: (env: Env) => Promise<T>): Promise<T>
}

export interface Serving {
  readonly databases: Databases
}

/** Deeds of one reader on one document. */
const deeds = new Rate('deeds', { most: 60, minutes: 10 })
/** Letters to our side that one reader can cause. */
const questions = new Rate('questions', { most: 10, minutes: 60 })
/** A printed document costs a second of a processor. */
const prints = new Rate('prints', { most: 20, minutes: 10 })

/** Whoever has no right, for whatever reason, is told this. */
export const sendGone = (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
  sendWord(request, reply.code(404), (texts) => [texts.gone, texts.goneHint])

export const sendWait = (request: FastifyRequest, reply: FastifyReply, seconds: number): FastifyReply =>
  sendWord(request, reply.code(429).header('retry-after', String(seconds)), (texts) => [texts.wait, texts.waitHint(seconds)])

async function readingOf(request: FastifyRequest, visit: Visit): Promise<Reading | null> {
  const desk = deskOf(request.instance.registry)
  if (!desk) return null
  const { lang } = request.query as { lang?: unknown }
  return visit.call('reading', (env) => desk.show(env, visit.reader, askedLanguage(lang)))
}

/** The document's page. It changes nothing, whoever or whatever asks for it. */
export async function showDocument(
  request: FastifyRequest,
  reply: FastifyReply,
  visit: Visit,
  more: Pick<DocumentPage, 'typed'> & { readonly message?: DocumentPage['message'] } = {},
): Promise<FastifyReply> {
  const reading = await readingOf(request, visit)
  if (!reading) return sendGone(request, reply)
  const { seller, title } = reading.paper
  const { done } = request.query as { done?: unknown }
  const asked = done === 'ask' ? { text: portalTexts(reading.lang).asked, isBad: false } : null
  return sendFramed(reply, {
    title: `${title} · ${seller.name}`,
    lang: reading.lang,
    seller: { name: seller.name, logo: seller.logo === null ? null : `${visit.path}/logo` },
    path: visit.path,
    hasScript: true,
    body: documentPage({
      reading,
      path: visit.path,
      csrfToken: formToken(request.instance, scopeOf(visit)),
      message: asked,
      ...more,
    }),
  })
}

const scopeOf = ({ holder }: Visit): FormScope => ({ holder, route: 'form' })

/** Does what a form asks for, then shows the document again: how it stands is the answer. */
export async function takeDeed(request: FastifyRequest, reply: FastifyReply, visit: Visit, name: string): Promise<FastifyReply> {
  const fields = readForm(request)
  const desk = deskOf(request.instance.registry)
  if (!fields || !desk) return sendGone(request, reply)
  const lang = askedLanguage((request.query as { lang?: unknown }).lang)
  const texts = portalTexts(lang ?? '')
  if (!isSameOrigin(request) || !checkFormToken(request.instance, scopeOf(visit), fields.get('csrf_token')))
    return showDocument(request, reply.code(403), visit, { message: { text: texts.stale, isBad: true } })
  const wait = (await visit.take(deeds)) || (name === 'ask' || name === 'decline' ? await visit.take(questions) : 0)
  if (wait > 0) return sendWait(request, reply, wait)
  const deed = deedOf(name, fields)
  if (!deed) return sendGone(request, reply)
  try {
    const whence = { address: request.ip, agent: request.headers['user-agent'] ?? '' }
    const mayAct = await visit.call('writing', (env) => desk.act(env, visit.reader, deed, whence, lang))
    if (!mayAct) return await sendGone(request, reply)
    const query = [lang && `lang=${lang}`, name === 'ask' && 'done=ask'].filter(Boolean).join('&')
    return await reply.redirect(`${visit.path}${query && `?${query}`}`, 303)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const typed = { name: fields.get('name') ?? '', question: fields.get('question') ?? '' }
    return showDocument(request, reply.code(422), visit, { message: { text: error.message, isBad: true }, typed })
  }
}

function deedOf(name: string, fields: ReadonlyMap<string, string>): Deed | undefined {
  const hash = fields.get('version') ?? ''
  switch (name) {
    case 'accept':
      return { kind: 'accept', hash, name: fields.get('name') ?? '', image: drawnPicture(fields.get('image')) }
    case 'decline':
      return { kind: 'decline', hash, reason: fields.get('reason') ?? '' }
    case 'choose': {
      const line = Number(fields.get('line'))
      return Number.isSafeInteger(line) && line > 0 && line <= 0x7fffffff
        ? { kind: 'choose', line, taken: fields.get('taken') === '1' }
        : undefined
    }
    case 'ask':
      return { kind: 'ask', text: fields.get('question') ?? '' }
    case 'review':
      return { kind: 'review' }
    default:
      return undefined
  }
}

/** The document as it is now, on paper. */
export async function sendPdf(request: FastifyRequest, reply: FastifyReply, visit: Visit): Promise<FastifyReply> {
  const wait = await visit.take(prints)
  if (wait > 0) return sendWait(request, reply, wait)
  const reading = await readingOf(request, visit)
  // Another version is shown, and printed, once its reader has asked for it.
  if (!reading || reading.state === 'preparing' || reading.state === 'changed') return sendGone(request, reply)
  try {
    return await sendFile(
      reply,
      await printPaper(request.instance.name, { paper: reading.paper, proof: null }),
      `${reading.paper.title}.pdf`,
    )
  } catch (error) {
    if (error instanceof BusyError) return sendWait(request, reply, 5)
    throw error
  }
}

/** The file that both sides were sent. */
export async function sendSigned(request: FastifyRequest, reply: FastifyReply, visit: Visit): Promise<FastifyReply> {
  const reading = await readingOf(request, visit)
  const signature = reading?.signature
  const desk = deskOf(request.instance.registry)
  if (!desk || !signature?.hasPdf) return sendGone(request, reply)
  const { files } = request.instance
  const found = await visit.call('reading', async (env) => {
    const file = await env.asSystem('a reader gets the file that he signed', async (sys) => desk.signedFile(sys, signature.id) as never)
    const { blob, name } = (file ?? {}) as { blob?: string; name?: string }
    return blob === undefined ? null : { stored: await files.find(env.cx, blob), name: name! }
  })
  if (!found) return sendGone(request, reply)
  return sendFile(reply, Buffer.concat(await found.stored.stream().toArray()), found.name)
}

export async function sendLogo(request: FastifyRequest, reply: FastifyReply, visit: Visit): Promise<FastifyReply> {
  const reading = await readingOf(request, visit)
  const [, type, content] = /^data:(image\/(?:png|jpeg));base64,(.*)$/s.exec(reading?.paper.seller.logo ?? '') ?? []
  if (type === undefined || content === undefined) return sendGone(request, reply)
  return reply.type(type).send(Buffer.from(content, 'base64'))
}

const sendFile = (reply: FastifyReply, content: Buffer, name: string): FastifyReply =>
  reply
    .type('application/pdf')
    .header('content-disposition', `attachment; filename="document.pdf"; filename*=UTF-8''${encodeURIComponent(name.toWellFormed())}`)
    .header('cache-control', 'no-store')
    .send(content)
