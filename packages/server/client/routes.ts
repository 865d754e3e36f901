import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Env, firstSteps, menusFor, narrow, numberedMenus } from '@erp4/orm'
import { makeNonce, render } from '../html/index.ts'
import { requestFacts, sessionToken } from '../http/facts.ts'
import { signInPath } from '../pages/redirect.ts'
import { type RpcContext, countAnswer, reportError } from '../rpc/context.ts'
import { Refused, openEnvelope, sendError, sendRefusal, sendResult } from '../rpc/envelope.ts'
import { SessionExpired } from '../rpc/errors.ts'
import { type Client, type ClientFile, assetsPath } from './files.ts'
import { openBoard, openGroups } from './groups.ts'
import { countLinked, findRecords, openForm, openList, openViews } from './open.ts'
import { mailServerAsked, tryMailServer } from './mail-test.ts'
import { clientPolicy, shellPage } from './shell.ts'
import { stampHeader, stampOf } from './stamp.ts'
import { startOf } from './start.ts'

type Params = Readonly<Record<string, unknown>>

/** What the client asks for that no method of a model answers. All of it only reads; changes go through `/web/dataset/call_kw`. */
const questions: Readonly<Record<string, (env: Env, params: Params) => Promise<unknown>>> = {
  views: async (env, params) => openViews(env, params),
  list: openList,
  form: openForm,
  counts: countLinked,
  board: openBoard,
  groups: openGroups,
  find: findRecords,
  menus: async (env) => menusFor(env),
  steps: firstSteps,
}

/**
 * The web client: its page under `/odoo/…`, which is where users and links of the external API expect it, its files, and its questions under
 * `/web/client/…`. Without a built client there are the questions alone.
 */
export function addClient(app: FastifyInstance, context: RpcContext, client: Client | undefined): void {
  for (const [name, answer] of Object.entries(questions)) {
    app.post(`/web/client/${name}`, { config: { access: 'session', forgery: 'json' } }, async (request, reply) =>
      ask(context, request, reply, answer),
    )
  }
  app.post('/web/client/mail_test', { config: { access: 'session', forgery: 'json' } }, async (request, reply) =>
    ask(context, request, reply, mailServerAsked, (trial) => tryMailServer(request.instance, trial, context.mailMayBeInside)),
  )
  app.get('/web/webclient/load_menus', { config: { access: 'session', forgery: 'harmless' } }, async (request, reply) =>
    sendMenus(context, request, reply),
  )
  if (!client) return
  for (const url of ['/odoo', '/odoo/*']) {
    app.get(url, { config: { access: 'session', forgery: 'harmless' } }, async (request, reply) =>
      sendShell(context, client, request, reply),
    )
  }
  app.get<{ Params: { name: string } }>(
    `${assetsPath}:name`,
    { config: { access: 'public', forgery: 'harmless' } },
    async (request, reply) => {
      const file = client.files.get(request.params.name)
      return file ? sendFile(file, request, reply) : reply.code(404).type('text/plain; charset=utf-8').send('Not Found')
    },
  )
}

async function ask<T>(
  context: RpcContext,
  request: FastifyRequest,
  reply: FastifyReply,
  answer: (env: Env, params: Params) => Promise<T>,
  /** What takes time and no connection. */
  finish: (found: T) => Promise<unknown> = async (found) => found,
): Promise<FastifyReply> {
  const facts = requestFacts(request, 'web')
  let id: unknown = null
  try {
    const envelope = openEnvelope(request)
    id = envelope.id
    const { context: given, ...params } = envelope.params
    const result = await context.dispatcher.read(request.instance, { how: 'session', token: sessionToken(request) }, facts, (env) => {
      reply.header(stampHeader, stampOf(env.registry))
      return answer(narrow(env, given), params)
    })
    const told = await finish(result)
    countAnswer(context, facts)
    return sendResult(reply, id, told)
  } catch (error) {
    if (error instanceof Refused) return sendRefusal(reply, error)
    return sendError(reply, id, reportError(context, request, facts, error, 'session'))
  }
}

async function sendMenus(context: RpcContext, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const facts = requestFacts(request, 'web')
  try {
    const menus = await context.dispatcher.read(request.instance, { how: 'session', token: sessionToken(request) }, facts, async (env) =>
      numberedMenus(env),
    )
    return reply.type('application/json; charset=utf-8').send(JSON.stringify(menus))
  } catch (error) {
    if (error instanceof SessionExpired) return reply.code(403).type('text/plain; charset=utf-8').send('Session expired')
    throw error
  }
}

/** The page for whoever works here; others go where they belong, and come back to this address after signing in. */
async function sendShell(context: RpcContext, client: Client, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { instance } = request
  const facts = requestFacts(request, 'web')
  try {
    const shown = await context.dispatcher.read(
      instance,
      { how: 'session', token: sessionToken(request) },
      facts,
      async (env, { user }) => user.groups.has('base.group_user') && { start: await startOf(env, instance, request.url) },
    )
    if (!shown) return reply.redirect('/web', 303)
    const nonce = makeNonce()
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', clientPolicy(nonce))
      .header('cache-control', 'no-store')
      .send(render(shellPage({ nonce, client, start: shown.start })))
  } catch (error) {
    if (error instanceof SessionExpired) return reply.redirect(signInPath(request.url), 303)
    throw error
  }
}

const aYear = 31_536_000

function sendFile({ type, plain, br, gzip }: ClientFile, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const accepted = new Set((request.headers['accept-encoding'] ?? '').split(/[\s,;]+/))
  const [encoding, body] = br && accepted.has('br') ? (['br', br] as const) : gzip && accepted.has('gzip') ? (['gzip', gzip] as const) : []
  if (encoding) reply.header('content-encoding', encoding)
  return reply
    .type(type)
    .header('cache-control', `public, max-age=${aYear}, immutable`)
    .header('vary', 'Accept-Encoding')
    .send(body ?? plain)
}
