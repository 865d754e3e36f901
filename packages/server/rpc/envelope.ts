import type { FastifyReply, FastifyRequest } from 'fastify'
import { ArgumentError } from '@erp4/orm'
import { mediaType } from '../http/body.ts'
import { isSameOrigin } from '../http/facts.ts'
import { JsonError, jsonText, parseJson } from '../http/json.ts'
import { type WireError, errorData } from './errors.ts'

/** A JSON-RPC request that has passed the door. */
export interface Envelope {
  id: unknown
  params: Readonly<Record<string, unknown>>
}

/** What is wrong with a request before it is any call: answered as plain text with its status. */
export class Refused extends Error {
  override name = 'Refused'
  readonly status: 400 | 403 | 415

  constructor(status: Refused['status'], message: string) {
    super(message)
    this.status = status
  }
}

const jsonTypes = new Set(['application/json', 'application/json-rpc'])

/** Opens the envelope of a JSON-RPC request; throws Refused for a foreign page, another content type or what is no JSON object. */
export function openEnvelope(request: FastifyRequest): Envelope {
  if (!jsonTypes.has(mediaType(request))) throw new Refused(415, 'This address takes application/json.')
  if (!isSameOrigin(request)) throw new Refused(403, 'This address is not for other sites.')
  const { id, params } = openObject((request.body as Buffer | undefined) ?? Buffer.alloc(0))
  return { id: typeof id === 'number' || typeof id === 'string' ? id : null, params: openParams(params) }
}

function openObject(body: Buffer): Record<string, unknown> {
  let parsed: unknown
  try {
    parsed = parseJson(body)
  } catch (error) {
    if (error instanceof JsonError) throw new Refused(400, 'Invalid JSON data')
    throw error
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new Refused(400, 'Invalid JSON-RPC data')
  return parsed as Record<string, unknown>
}

const openParams = (params: unknown): Record<string, unknown> =>
  typeof params === 'object' && params !== null && !Array.isArray(params) ? (params as Record<string, unknown>) : {}

/** The members a route asks for, all of which must be there, whatever their values. Throws an ArgumentError that names the missing. */
export function demandMembers(params: Readonly<Record<string, unknown>>, names: readonly string[]): void {
  const missing = names.filter((name) => !Object.hasOwn(params, name))
  if (missing.length > 0)
    throw new ArgumentError(`missing ${missing.length} required argument(s): ${missing.map((name) => `'${name}'`).join(', ')}`)
}

/** Sends a result; `undefined` leaves `result` out, as clients know it from calls that answer nothing. */
export function sendResult(reply: FastifyReply, id: unknown, result: unknown): FastifyReply {
  const rest = result === undefined ? '' : `,"result":${jsonText(result)}`
  return reply.type(json).send(`{"jsonrpc":"2.0","id":${JSON.stringify(id)}${rest}}`)
}

/** Errors come with HTTP 200 too; only code 404 has no id. */
export function sendError(reply: FastifyReply, id: unknown, error: WireError): FastifyReply {
  const body = {
    jsonrpc: '2.0',
    id: error.code === 404 ? null : id,
    error: { code: error.code, message: messages[error.code], data: errorData(error) },
  }
  return reply.type(json).send(JSON.stringify(body))
}

const messages = { 0: 'Odoo Server Error', 100: 'Odoo Session Expired', 404: '404: Not Found' } as const

export const json = 'application/json; charset=utf-8'

export const sendRefusal = (reply: FastifyReply, { status, message }: Refused): FastifyReply =>
  reply.code(status).type('text/plain; charset=utf-8').send(message)
