import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify'
import { ArgumentError, RawJson } from '@erp4/orm'
import { clearedSessionCookie, deviceCookie, sessionCookie, signIn, signOut } from '../auth/index.ts'
import { stampHeader, stampOf } from '../client/stamp.ts'
import type { Credentials, ModelCall, RequestFacts } from '../dispatch.ts'
import { isByTls, requestFacts, sessionToken, visitorOf } from '../http/facts.ts'
import type { RouteAccess } from '../http/routes.ts'
import { positional } from './arguments.ts'
import { type RpcContext, countAnswer, reportError } from './context.ts'
import { type Envelope, Refused, demandMembers, openEnvelope, sendError, sendRefusal, sendResult } from './envelope.ts'
import { demandOwnName } from './services.ts'
import { sessionInfo } from './session-info.ts'
import { shortVersion, versionInfo } from './version.ts'

/** What a route of this protocol does with an opened envelope; undefined answers without a `result`. */
type Work = (asked: Asked) => unknown

interface Asked {
  request: FastifyRequest
  reply: FastifyReply
  params: Envelope['params']
  facts: RequestFacts
  credentials: Credentials
}

/** `/web/session/…`, `/web/dataset/…` and their like: JSON-RPC envelopes with the session's cookie. */
export function addSessionRpc(app: FastifyInstance, context: RpcContext): void {
  const add = (url: string, access: RouteAccess, work: Work): void =>
    void app.post(url, { config: { access, forgery: 'json' } }, answering(context, work))

  add('/web/session/authenticate', 'public', (asked) => authenticate(context, asked))
  add('/web/session/get_session_info', 'session', (asked) => readInfo(context, asked))
  add('/web/session/check', 'session', (asked) =>
    context.dispatcher.read(asked.request.instance, asked.credentials, asked.facts, async () => undefined),
  )
  add('/web/session/modules', 'session', ({ request, credentials, facts }) =>
    context.dispatcher.read(request.instance, credentials, facts, async () => request.instance.registry.apps.map((one) => one.name)),
  )
  add('/web/session/destroy', 'session', (asked) => destroy(context, asked))
  for (const path of ['', '/*']) {
    add(`/web/dataset/call_kw${path}`, 'session', (asked) => call(context, asked))
    add(`/web/dataset/call_button${path}`, 'session', async (asked) => actionOrFalse(await call(context, asked)))
  }
  add('/web/webclient/version_info', 'public', () => versionInfo)
  add('/web/database/list', 'public', ({ request }) => [request.instance.name])
  for (const url of ['/web/version', '/json/version'])
    app.get(url, { config: { access: 'public', forgery: 'harmless' } }, async () => shortVersion)
}

function answering(context: RpcContext, work: Work): RouteHandlerMethod {
  return async (request, reply) => {
    const facts = requestFacts(request, 'web')
    let id: unknown = null
    try {
      const envelope = openEnvelope(request)
      id = envelope.id
      const credentials = { how: 'session', token: sessionToken(request) } as const
      const result = await work({ request, reply, params: envelope.params, facts, credentials })
      countAnswer(context, facts)
      return sendResult(reply, id, result)
    } catch (error) {
      if (error instanceof Refused) return sendRefusal(reply, error)
      return sendError(reply, id, reportError(context, request, facts, error, 'session'))
    }
  }
}

async function authenticate(context: RpcContext, { request, reply, params, facts }: Asked): Promise<unknown> {
  const { instance } = request
  demandMembers(params, ['db', 'login', 'password'])
  demandOwnName(instance, params.db)
  const { login, password } = params
  if (typeof login !== 'string' || typeof password !== 'string') throw new ArgumentError("'login' and 'password' must be texts")
  const { token, deviceToken } = await signIn(instance, context.databases, { login, password }, visitorOf(request))
  const tls = isByTls(request)
  // The session's first: a published client cuts its id out of the joined header.
  reply.header('set-cookie', [sessionCookie(token, { tls }), deviceCookie(deviceToken, { tls })])
  return readInfo(context, { request, facts, credentials: { how: 'session', token } })
}

const readInfo = (
  { dispatcher }: RpcContext,
  { request, credentials, facts }: Pick<Asked, 'request' | 'credentials' | 'facts'>,
): Promise<unknown> => dispatcher.read(request.instance, credentials, facts, (env, { user }) => sessionInfo(env, user, request.instance))

async function destroy({ databases, dispatcher }: RpcContext, { request, reply, credentials, facts }: Asked): Promise<undefined> {
  const { instance } = request
  await dispatcher.read(instance, credentials, facts, async () => undefined)
  await databases.use(instance.database, (cx) => signOut(cx, sessionToken(request)))
  reply.header('set-cookie', clearedSessionCookie({ tls: isByTls(request) }))
}

async function call({ dispatcher }: RpcContext, { request, reply, params, credentials, facts }: Asked): Promise<unknown> {
  const answer = await dispatcher.perform(request.instance, credentials, modelCall(params), facts)
  // The call was made with the fields of its session; a page that knows others learns of them from whatever it asks.
  reply.header(stampHeader, stampOf(request.instance.registry))
  return answer
}

function modelCall(params: Envelope['params']): ModelCall {
  demandMembers(params, ['model', 'method', 'args', 'kwargs'])
  const { model, method, args, kwargs } = params
  if (typeof model !== 'string' || typeof method !== 'string') throw new ArgumentError("'model' and 'method' must be texts")
  return { model, method, bind: (info) => positional(info, args, kwargs) }
}

/** A button's answer is what the client should do next, or nothing. */
function actionOrFalse(result: unknown): unknown {
  const isAction =
    typeof result === 'object' && result !== null && !Array.isArray(result) && !(result instanceof RawJson) && 'type' in result
  return isAction ? result : false
}
