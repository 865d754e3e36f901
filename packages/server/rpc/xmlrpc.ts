import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { NotFoundError, RawJson } from '@erp4/orm'
import { requestFacts } from '../http/facts.ts'
import { type RpcContext, countAnswer, reportError } from './context.ts'
import { type WireError, faultText, textFault } from './errors.ts'
import { recordShape } from './record-shape.ts'
import { type ServiceAnswer, callService, isServiceName } from './services.ts'
import { decodeCall } from './xml-decode.ts'
import { encodeFault, encodeResponse } from './xml-encode.ts'

/** `/xmlrpc/2/<service>`, and `/xmlrpc/<service>` whose fault codes are texts. Always 200, faults too: clients take another status for a broken line. */
export function addXmlRpc(app: FastifyInstance, context: RpcContext): void {
  for (const [prefix, fault] of [
    ['/xmlrpc/2', numbered],
    ['/xmlrpc', named],
  ] as const) {
    app.post<{ Params: { service: string } }>(
      `${prefix}/:service`,
      { config: { access: 'credentials', forgery: 'credentials' } },
      async (request, reply) => {
        return sendXml(reply, await answer(context, request, request.params.service, fault))
      },
    )
  }
}

type Fault = (error: WireError) => string

const numbered: Fault = (error) => encodeFault(error.fault, faultText(error))
const named: Fault = (error) => {
  const { code, message } = textFault(error)
  return encodeFault(code, message)
}

async function answer(context: RpcContext, request: FastifyRequest, service: string, fault: Fault): Promise<string> {
  const facts = requestFacts(request, 'xmlrpc')
  try {
    const { method, params } = decodeCall((request.body as Buffer | undefined) ?? Buffer.alloc(0))
    if (!isServiceName(service)) throw new NotFoundError('method', `The service '${service.slice(0, 100)}' does not exist`)
    const text = encode(request, await callService(context, request.instance, { service, method, params }, facts))
    countAnswer(context, facts)
    return text
  } catch (error) {
    return fault(reportError(context, request, facts, error, 'rpc'))
  }
}

function encode({ instance }: FastifyRequest, { value, model }: ServiceAnswer): string {
  // The one protocol that cannot take PostgreSQL's text as it is.
  const plain: unknown = value instanceof RawJson ? JSON.parse(value.text) : value
  return encodeResponse(plain, model === undefined ? undefined : recordShape(instance.registry, model))
}

/** A fault outside of any call, as the request's protocol spells it. */
export const sendFault = (request: FastifyRequest, reply: FastifyReply, error: WireError): FastifyReply =>
  sendXml(reply, (request.routeOptions.url?.startsWith('/xmlrpc/2') ? numbered : named)(error))

const sendXml = (reply: FastifyReply, text: string): FastifyReply => reply.type('text/xml; charset=utf-8').send(text)
