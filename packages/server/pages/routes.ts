import { randomBytes } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AccessDenied, BusyError, type Databases } from '@erp4/orm'
import {
  checkFormToken,
  clearedSessionCookie,
  CooldownError,
  cookieValue,
  deviceCookie,
  type FormScope,
  formCookie,
  formCookieName,
  formToken,
  sessionCookie,
  sessionUser,
  type Signed,
  signIn,
  signOut,
} from '../auth/index.ts'
import type { Dispatcher } from '../dispatch.ts'
import type { Html } from '../html/index.ts'
import { isByTls, isSameOrigin, requestFacts, sessionToken, visitorOf } from '../http/facts.ts'
import { SessionExpired } from '../rpc/errors.ts'
import { errorPage } from './error.ts'
import { readForm } from './form.ts'
import { companyName, homePage } from './home.ts'
import { addIcon } from './icon.ts'
import { addPasswordPages } from './password-routes.ts'
import { home, safeRedirect } from './redirect.ts'
import { sendPage, textsOf } from './send.ts'
import { signInPage } from './sign-in.ts'
import { type Texts, textsFor } from './texts.ts'

export interface PageDeps {
  databases: Databases
  dispatcher: Dispatcher
  /** Whether those who work here go on to the web client. */
  hasClient?: boolean
}

/** The pages made on the server: sign-in, the start, and signing out. */
export function registerPages(app: FastifyInstance, deps: PageDeps): void {
  const reading = { config: { access: 'public', forgery: 'harmless' } } as const
  // A password of 4096 bytes, each spelled as %XX, and the rest of the form.
  const form = { forgery: 'form' } as const
  const bodyLimit = 32 << 10
  app.get('/', reading, async (_request, reply) => reply.redirect(home, 303))
  app.get('/web/login', reading, async (request, reply) => showSignIn(deps, request, reply))
  app.post('/web/login', { config: { access: 'public', ...form }, bodyLimit }, async (request, reply) => takeSignIn(deps, request, reply))
  app.get(home, { config: { access: 'session', forgery: 'harmless' } }, async (request, reply) => showHome(deps, request, reply))
  // By POST alone: a picture in a mail could sign people out otherwise.
  app.get('/web/session/logout', reading, async (_request, reply) => reply.code(405).header('allow', 'POST').send())
  app.post('/web/session/logout', { config: { access: 'session', ...form }, bodyLimit }, async (request, reply) =>
    takeSignOut(deps, request, reply),
  )
  addPasswordPages(app, deps.databases)
  addIcon(app)
}

/** Answers with the page for a failed request of a browser; `reference` is what the log knows it by. */
export const answerErrorPage = (request: FastifyRequest, reply: FastifyReply, status: number, reference?: string): FastifyReply =>
  sendPage(reply.code(status), (nonce) => errorPage({ nonce, texts: textsOf(request), status, reference }))

/** Whether the caller is a person before a browser, who wants a page to read rather than a line of text. */
export const wantsPage = (request: FastifyRequest): boolean =>
  request.method === 'GET' && (request.headers.accept ?? '').split(',').some((type) => type.trim().startsWith('text/html'))

async function showSignIn(deps: PageDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { redirect } = request.query as { redirect?: unknown }
  const target = safeRedirect(redirect)
  if (await signedIn(deps, request)) return reply.redirect(target, 303)
  return sendSignIn(request, reply, { redirect: target, login: '' })
}

async function takeSignIn(deps: PageDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { instance } = request
  const fields = readForm(request)
  if (!fields) return reply.code(415).type('text/plain; charset=utf-8').send('Unsupported Media Type')
  const texts = textsOf(request)
  const login = (fields.get('login') ?? '').trim()
  const shown = { redirect: safeRedirect(fields.get('redirect')), login: login.slice(0, 320) }
  const refuse = (status: number, text: string, retrySeconds?: number): FastifyReply => {
    if (retrySeconds !== undefined) reply.header('retry-after', String(retrySeconds))
    return sendSignIn(request, reply.code(status), { ...shown, message: { text, isBad: true } })
  }

  const holder = cookieValue(request.headers.cookie, formCookieName)
  const isOurs = holder !== undefined && isSameOrigin(request) && checkFormToken(instance, signInScope(holder), fields.get('csrf_token'))
  if (!isOurs) return refuse(403, texts.stale)
  try {
    const credentials = { login, password: fields.get('password') ?? '' }
    const { token, deviceToken } = await signIn(instance, deps.databases, credentials, visitorOf(request))
    const tls = isByTls(request)
    return reply.header('set-cookie', [sessionCookie(token, { tls }), deviceCookie(deviceToken, { tls })]).redirect(shown.redirect, 303)
  } catch (error) {
    if (error instanceof CooldownError) return refuse(429, texts.wait(error.seconds), error.seconds)
    if (error instanceof AccessDenied) return refuse(403, texts.wrong)
    if (error instanceof BusyError) return refuse(503, texts.busy, 2)
    throw error
  }
}

async function takeSignOut(deps: PageDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { instance } = request
  const signed = await signedIn(deps, request)
  if (signed) {
    const token = readForm(request)?.get('csrf_token')
    if (!isSameOrigin(request) || !checkFormToken(instance, signOutScope(signed), token)) return answerErrorPage(request, reply, 403)
    await deps.databases.use(instance.database, (cx) => signOut(cx, sessionToken(request)))
    reply.header('set-cookie', clearedSessionCookie({ tls: isByTls(request) }))
  }
  return reply.redirect('/web/login', 303)
}

async function showHome({ dispatcher, hasClient }: PageDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { instance } = request
  try {
    const facts = requestFacts(request, 'web')
    const page = await dispatcher.read(instance, { how: 'session', token: sessionToken(request) }, facts, async (env, signed) => ({
      signed,
      company: await companyName(env, signed.user.company_id),
    }))
    if (hasClient && page.signed.user.groups.has('base.group_user')) return reply.redirect('/odoo', 303)
    if (page.signed.user.groups.has('base.group_portal') && instance.registry.apps.some(({ desk }) => desk !== null))
      return reply.redirect('/my', 303)
    return sendPage(reply, (nonce) => homeOf(request, page, nonce))
  } catch (error) {
    if (error instanceof SessionExpired) return reply.redirect('/web/login', 303)
    throw error
  }
}

function homeOf({ instance }: FastifyRequest, { signed, company }: { signed: Signed; company: string }, nonce: string): Html {
  const { user } = signed
  const texts = textsFor(user.lang, undefined)
  return homePage({
    nonce,
    texts,
    name: user.name,
    login: user.login,
    company,
    instance: instance.name,
    banner: bannerOf(instance, texts),
    origin: instance.record.origin,
    apps: instance.registry.apps.map(({ name, label }) => ({ name, title: inLanguage(instance, user.lang, label) })),
    csrfToken: formToken(instance, signOutScope(signed)),
  })
}

const inLanguage = ({ registry }: FastifyRequest['instance'], lang: string, english: string): string =>
  registry.i18n.get(lang)?.get(english) ?? english

/** What stands above every page of a copy. */
function bannerOf({ record: { kind, copy } }: FastifyRequest['instance'], texts: Texts): string | undefined {
  if (kind !== 'copy' || copy === undefined) return undefined
  return texts.copy(copy.of, copy.made, copy.expires)
}

type SignInShown = { redirect: string; login: string; message?: { text: string; isBad: boolean } }

/** The form, under a token for a cookie of its own: until someone signs in there is no session that the token could be bound to. */
function sendSignIn(request: FastifyRequest, reply: FastifyReply, shown: SignInShown): FastifyReply {
  const { instance } = request
  const known = cookieValue(request.headers.cookie, formCookieName)
  const holder = known !== undefined && /^[A-Za-z0-9_-]{32}$/.test(known) ? known : randomBytes(24).toString('base64url')
  reply.header('set-cookie', formCookie(holder, { tls: isByTls(request), path: '/web/login' }))
  const csrfToken = formToken(instance, signInScope(holder))
  const texts = textsOf(request)
  const banner = bannerOf(instance, texts)
  return sendPage(reply, (nonce) => signInPage({ ...shown, nonce, texts, instance: instance.name, banner, csrfToken }))
}

const signedIn = ({ databases }: PageDeps, request: FastifyRequest): Promise<Signed | undefined> =>
  databases.use(request.instance.database, (cx) => sessionUser(cx, request.instance, sessionToken(request)))

const signInScope = (holder: string): FormScope => ({ holder, route: 'sign-in' })
const signOutScope = ({ session }: Signed): FormScope => ({ holder: session!.hash, route: 'sign-out' })
