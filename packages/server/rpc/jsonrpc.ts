import type { FastifyInstance } from 'fastify'
import { ArgumentError, NotFoundError, shown } from '@erp4/orm'
import { requestFacts } from '../http/facts.ts'
import { type RpcContext, countAnswer, reportError } from './context.ts'
import { Refused, demandMembers, openEnvelope, sendError, sendRefusal, sendResult } from './envelope.ts'
import { callService, isServiceName } from './services.ts'

/** `/jsonrpc`: the services of XML-RPC, in JSON. */
export function addJsonRpc(app: FastifyInstance, context: RpcContext): void {
  app.post('/jsonrpc', { config: { access: 'credentials', forgery: 'json' } }, async (request, reply) => {
    const facts = requestFacts(request, 'jsonrpc')
    let id: unknown = null
    try {
      const envelope = openEnvelope(request)
      id = envelope.id
      const { value } = await callService(context, request.instance, serviceCall(envelope.params), facts)
      countAnswer(context, facts)
      return sendResult(reply, id, value)
    } catch (error) {
      if (error instanceof Refused) return sendRefusal(reply, error)
      return sendError(reply, id, reportError(context, request, facts, error, 'rpc'))
    }
  })
}

function serviceCall(params: Readonly<Record<string, unknown>>): Parameters<typeof callService>[2] {
  demandMembers(params, ['service', 'method', 'args'])
  const { service, method, args } = params
  if (!isServiceName(service)) throw new NotFoundError('method', `The service '${shown(service, 100)}' does not exist`)
  if (typeof method !== 'string' || !Array.isArray(args)) throw new ArgumentError("'method' must be a text and 'args' a list")
  return { service, method, params: args }
}
