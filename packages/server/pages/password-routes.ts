import { randomBytes } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { BusyError, ValidationError, type Databases } from '@erp4/orm'
import {
  askPasswordLink,
  askPath,
  checkFormToken,
  choosePath,
  cookieValue,
  deviceCookie,
  type FormScope,
  formCookie,
  formCookieName,
  formToken,
  leastLength,
  linkCookie,
  linkCookieName,
  LinkGone,
  linkHash,
  type LinkOwner,
  ownerOfLink,
  sessionCookie,
  TooManyAsks,
  useLink,
} from '../auth/index.ts'
import { isByTls, isSameOrigin, visitorOf } from '../http/facts.ts'
import { readForm } from './form.ts'
import { askPage, choosePage, gonePage } from './password.ts'
import { home } from './redirect.ts'
import { sendPage, textsOf } from './send.ts'
import { textsFor } from './texts.ts'

// Two passwords of 4096 bytes, each spelled as %XX, and the rest of the form.
const bodyLimit = 48 << 10

/** Forgotten passwords and invitations: asking for a link, and choosing a password with one. */
export function addPasswordPages(app: FastifyInstance, databases: Databases): void {
  const reading = { config: { access: 'public', forgery: 'harmless' } } as const
  const writing = { config: { access: 'public', forgery: 'form' }, bodyLimit } as const
  app.get(askPath, reading, async (request, reply) => sendAsk(request, reply))
  app.post(askPath, writing, async (request, reply) => takeAsk(databases, request, reply))
  app.get(choosePath, reading, async (request, reply) => showChoice(databases, request, reply))
  app.post(choosePath, writing, async (request, reply) => takeChoice(databases, request, reply))
}

type Message = { text: string; isBad: boolean }

function sendAsk(request: FastifyRequest, reply: FastifyReply, message?: Message): FastifyReply {
  const { instance } = request
  const known = cookieValue(request.headers.cookie, formCookieName)
  const holder = known !== undefined && /^[A-Za-z0-9_-]{32}$/.test(known) ? known : randomBytes(24).toString('base64url')
  reply.header('set-cookie', formCookie(holder, { tls: isByTls(request), path: askPath }))
  const csrfToken = formToken(instance, askScope(holder))
  return sendPage(reply, (nonce) => askPage({ nonce, texts: textsOf(request), instance: instance.name, message, csrfToken }))
}

async function takeAsk(databases: Databases, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const texts = textsOf(request)
  const fields = readForm(request)
  const holder = cookieValue(request.headers.cookie, formCookieName)
  const isOurs =
    holder !== undefined && isSameOrigin(request) && checkFormToken(request.instance, askScope(holder), fields?.get('csrf_token'))
  if (!isOurs) return sendAsk(request, reply.code(403), { text: texts.stale, isBad: true })
  try {
    const login = (fields?.get('login') ?? '').trim().slice(0, 320)
    await askPasswordLink(request.instance, databases, login, request.ip)
    return sendAsk(request, reply, { text: texts.linkSent, isBad: false })
  } catch (error) {
    if (error instanceof TooManyAsks) return sendAsk(request, reply.code(429), { text: texts.tooManyAsks, isBad: true })
    throw error
  }
}

/**
 * The token comes once, in the address that the mail has; it moves into a cookie, and the page that one stays on has an address without it:
 * neither the browser's history nor a `Referer` can give it away.
 */
async function showChoice(databases: Databases, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { token: given } = request.query as { token?: unknown }
  if (typeof given === 'string' && /^[A-Za-z0-9_-]{1,100}$/.test(given))
    return reply
      .header('referrer-policy', 'no-referrer')
      .header('set-cookie', linkCookie(given, { tls: isByTls(request), path: choosePath }))
      .redirect(choosePath, 303)
  const token = cookieValue(request.headers.cookie, linkCookieName)
  return sendChoice(databases, request, reply, token)
}

async function sendChoice(
  databases: Databases,
  request: FastifyRequest,
  reply: FastifyReply,
  token: string | undefined,
  problem?: (texts: ReturnType<typeof textsOf>, least: number) => string,
): Promise<FastifyReply> {
  const { instance } = request
  const [owner, least] = await databases.use(instance.database, async (cx) => [await ownerOfLink(cx, token), await leastLength(cx)])
  if (!owner || token === undefined) return sendGone(request, reply)
  const texts = textsOfOwner(request, owner)
  const message = problem && { text: problem(texts, least), isBad: true }
  const csrfToken = formToken(instance, linkScope(token))
  const { login, name } = owner
  return sendPage(reply, (nonce) =>
    choosePage({ nonce, texts, instance: instance.name, message, csrfToken, name: name ?? login, login, least }),
  )
}

async function takeChoice(databases: Databases, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { instance } = request
  const tls = isByTls(request)
  const fields = readForm(request)
  const token = cookieValue(request.headers.cookie, linkCookieName)
  if (token === undefined) return sendGone(request, reply)
  const again = (status: number, problem: Parameters<typeof sendChoice>[4]) =>
    sendChoice(databases, request, reply.code(status), token, problem)
  if (!isSameOrigin(request) || !checkFormToken(instance, linkScope(token), fields?.get('csrf_token')))
    return again(403, (texts) => texts.stale)
  const password = fields?.get('password') ?? ''
  if (password !== fields?.get('again')) return again(422, (texts) => texts.notTheSame)
  try {
    const opened = await useLink(instance, databases, { token, password }, visitorOf(request))
    return reply
      .header('set-cookie', [
        sessionCookie(opened.token, { tls }),
        deviceCookie(opened.deviceToken, { tls }),
        linkCookie('', { tls, path: choosePath }),
      ])
      .redirect(home, 303)
  } catch (error) {
    if (error instanceof LinkGone) return sendGone(request, reply)
    if (error instanceof ValidationError)
      return again(422, (texts, least) => ([...password].length < least ? texts.tooShort(least) : texts.badPassword))
    if (error instanceof BusyError) return again(503, (texts) => texts.busy)
    throw error
  }
}

function sendGone(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.code(404).header('set-cookie', linkCookie('', { tls: isByTls(request), path: choosePath }))
  return sendPage(reply, (nonce) => gonePage({ nonce, texts: textsOf(request), instance: request.instance.name }))
}

/** In the language that he chose for himself, or was given; without one, in that of his browser. */
const textsOfOwner = (request: FastifyRequest, { lang }: LinkOwner) => textsFor(lang ?? undefined, request.headers['accept-language'])

const askScope = (holder: string): FormScope => ({ holder, route: 'form' })
const linkScope = (token: string): FormScope => ({ holder: linkHash(token).toString('hex'), route: 'form' })
