import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ArgumentError, RawJson } from '@erp4/orm'
import type { Credentials } from '../dispatch.ts'
import { mediaType } from '../http/body.ts'
import { isSameOrigin, requestFacts, sessionToken } from '../http/facts.ts'
import { JsonError, jsonText, parseJson } from '../http/json.ts'
import { byName } from './arguments.ts'
import { type RpcContext, countAnswer, reportError } from './context.ts'
import { json } from './envelope.ts'
import { HttpError, type WireError, errorData } from './errors.ts'

/** `POST /json/2/<model>/<method>`: one call, an API key as bearer, named arguments; the answer is the bare value. */
export function addJson2(app: FastifyInstance, context: RpcContext): void {
  const config = { access: 'key', forgery: 'json' } as const
  app.post<{ Params: { model: string; method: string } }>('/json/2/:model/:method', { config }, async (request, reply) => {
    const facts = requestFacts(request, 'json2')
    try {
      const credentials = bearer(request)
      const body = readBody(request)
      const { model, method } = request.params
      const result = await context.dispatcher.perform(
        request.instance,
        credentials,
        { model, method, bind: (info) => byName(info, { model, method }, demandObject(body)) },
        facts,
      )
      countAnswer(context, facts)
      return reply.type(json).send(jsonText(method === 'create' ? asList(result) : result))
    } catch (error) {
      return sendHttpError(reply, reportError(context, request, facts, error, 'json2'))
    }
  })
}

const scheme = /^bearer +(\S+)$/i

/** The key of a request; throws the 401 that a client understands. A session's cookie may come along, it is not enough. */
export function bearer(request: FastifyRequest): Credentials {
  const { authorization } = request.headers
  if (authorization === undefined) throw new HttpError(401, 'User not authenticated, use an API Key with a Bearer Authorization header.')
  const key = scheme.exec(authorization)?.[1]
  if (key === undefined) throw new HttpError(401, 'Invalid apikey')
  return { how: 'key', key, token: sessionToken(request) }
}

/** The JSON of the body; no body at all is an empty object. */
function readBody(request: FastifyRequest): unknown {
  if (!isSameOrigin(request)) throw new HttpError(403, 'This address is not for other sites.')
  const body = request.body as Buffer | undefined
  if (body === undefined || body.length === 0) return {}
  if (mediaType(request) !== 'application/json') throw new HttpError(415, 'This address takes application/json.')
  try {
    return parseJson(body)
  } catch (error) {
    if (error instanceof JsonError) throw new HttpError(400, `could not parse the body as json: ${error.message}`)
    throw error
  }
}

function demandObject(body: unknown): Record<string, unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new ArgumentError('could not parse the body, expecting a json object')
  return body as Record<string, unknown>
}

/** On this protocol `create` gives a list always. */
function asList(created: unknown): unknown {
  if (created instanceof RawJson) return created.text.startsWith('[') ? created : new RawJson(`[${created.text}]`)
  return Array.isArray(created) ? created : [created]
}

/** An error as JSON-2 has it: HTTP status, and the error's data alone as the body. */
export function sendHttpError(reply: FastifyReply, error: WireError): FastifyReply {
  if (error.status === 401) reply.header('www-authenticate', 'Bearer')
  if (error.status === 503 && !reply.hasHeader('retry-after')) reply.header('retry-after', '1')
  return reply
    .code(error.status)
    .type(json)
    .send(JSON.stringify(errorData(error)))
}
