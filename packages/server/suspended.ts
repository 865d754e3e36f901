import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { mediaType } from './http/body.ts'
import { answerErrorPage } from './pages/index.ts'
import { openEnvelope, sendError, Refused, sendRefusal } from './rpc/envelope.ts'
import { SuspendedError, type WireError, wireError } from './rpc/errors.ts'
import { sendHttpError } from './rpc/json2.ts'
import { sendFault } from './rpc/xmlrpc.ts'

/** Somebody has to decide that it goes on: asking every second changes nothing. */
const retryAfterSeconds = 300
/** These tell of the process, which other instances share. */
export const ofTheProcess: ReadonlySet<string> = new Set(['/healthz', '/readyz'])

/**
 * Answers every request for a suspended instance: people get a page, programs the error of the protocol they speak. Nothing here, and nothing
 * behind it, touches the instance's database. To be called before routes are added.
 */
export function refuseSuspended(http: FastifyInstance): void {
  // When the body has been read: who is answered before that may see a broken line instead.
  http.addHook('preHandler', async (request, reply) => {
    if (!request.instance.record.isSuspended || ofTheProcess.has(request.routeOptions.url ?? '')) return undefined
    reply.header('retry-after', String(retryAfterSeconds))
    return answerUnavailable(request, reply, wireError(new SuspendedError(), 'rpc', request.id))
  })
}

/** 503, or what else the error says: as people and programs expect it of the route that they asked. */
export function answerUnavailable(request: FastifyRequest, reply: FastifyReply, error: WireError): FastifyReply {
  const { access, forgery } = request.routeOptions.config
  if (forgery === 'credentials') return sendFault(request, reply, error)
  if (access === 'key') return sendHttpError(reply, error)
  if (forgery === 'json') return sendEnveloped(request, reply, error)
  return answerErrorPage(request, reply, error.status)
}

function sendEnveloped(request: FastifyRequest, reply: FastifyReply, error: WireError): FastifyReply {
  // A file that is sent as it is has no envelope, and nobody reads it any more.
  if (mediaType(request) === 'application/octet-stream') return sendError(reply.header('connection', 'close'), null, error)
  try {
    return sendError(reply, openEnvelope(request).id, error)
  } catch (refused) {
    if (refused instanceof Refused) return sendRefusal(reply, refused)
    throw refused
  }
}
