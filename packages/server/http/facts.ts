import type { FastifyRequest } from 'fastify'
import { type Visitor, cookieValue, deviceCookieName, sessionCookieName } from '../auth/index.ts'
import type { RequestFacts } from '../dispatch.ts'
import { isFromOurPages } from './origin.ts'

/** What a call is told of the request that brought it. */
export function requestFacts(request: FastifyRequest, skin: RequestFacts['skin']): RequestFacts {
  const key = request.headers['idempotency-key']
  return { id: request.id, source: request.ip, skin, idempotencyKey: Array.isArray(key) ? key.join() : key }
}

export const sessionToken = (request: FastifyRequest): string | undefined => cookieValue(request.headers.cookie, sessionCookieName)

/** The browser that sent a request, as signing in asks for it. */
export const visitorOf = (request: FastifyRequest): Visitor => ({
  source: request.ip,
  agent: request.headers['user-agent'],
  device: cookieValue(request.headers.cookie, deviceCookieName),
  replaces: sessionToken(request),
})

/** Whether the request reached us, or the trusted proxy before us, by TLS. */
export const isByTls = (request: FastifyRequest): boolean => request.protocol === 'https'

/**
 * The origins under which the request's instance is known: the configured one, and the one the request was sent to, which is this
 * instance's too because its host name was looked up exactly.
 */
export const ownOrigins = (request: FastifyRequest): string[] => [
  request.instance.record.origin,
  `${request.protocol}://${request.headers.host!.toLowerCase()}`,
]

/** Whether no foreign page sent this: see `isFromOurPages`. */
export function isSameOrigin(request: FastifyRequest): boolean {
  const { origin } = request.headers
  if (origin === undefined && request.headers['sec-fetch-site'] === undefined) return true
  return isFromOurPages(request.headers, ownOrigins(request))
}
