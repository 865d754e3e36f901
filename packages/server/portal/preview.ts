import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AccessError, BusyError, type Env, type Paper } from '@erp4/orm'
import type { Dispatcher } from '../dispatch.ts'
import { printPaper } from '../documents/index.ts'
import { requestFacts, sessionToken } from '../http/facts.ts'
import { SessionExpired } from '../rpc/errors.ts'
import { askedLanguage } from './texts.ts'

interface Asked {
  Params: { model: string; id: string; name: string }
  Querystring: { lang?: unknown }
}

/** A document as a PDF for colleagues, as its reader will get it: `/web/paper/sale.order/7/S00007.pdf?lang=ko_KR`, the name being the browser's to show. */
export function addPreview(app: FastifyInstance, dispatcher: Dispatcher): void {
  app.get<Asked>('/web/paper/:model/:id/:name', { config: { access: 'session', forgery: 'harmless' } }, async (request, reply) => {
    const credentials = { how: 'session', token: sessionToken(request) } as const
    const facts = requestFacts(request, 'web')
    try {
      const paper = await dispatcher.read(request.instance, credentials, facts, (env) => paperFor(env, request))
      return await (paper
        ? sendPaper(reply, paper, request.params.name)
        : reply.code(404).type('text/plain; charset=utf-8').send('Not Found'))
    } catch (error) {
      if (error instanceof SessionExpired) return reply.redirect(`/web/login?redirect=${encodeURIComponent(request.url)}`, 303)
      if (error instanceof AccessError) return reply.code(404).type('text/plain; charset=utf-8').send('Not Found')
      if (error instanceof BusyError)
        return reply.code(503).header('retry-after', '5').type('text/plain; charset=utf-8').send(error.message)
      throw error
    }
  })
}

/** Null for whoever is no colleague, for what he may not read, and for what is not there. */
async function paperFor(env: Env, { params, query }: FastifyRequest<Asked>): Promise<Paper | null> {
  const kind = env.registry.apps.flatMap(({ papers }) => papers).find(({ model }) => model === params.model)
  const id = /^[1-9]\d{0,9}$/.test(params.id) ? Number(params.id) : 0
  if (!kind || id < 1 || id > 0x7fffffff || !env.isIn('base.group_user')) return null
  const seen = await env.model(kind.model).search([['id', '=', id]] as never)
  if (seen.ids.length === 0) return null
  return env.asSystem('a document on paper, for a colleague who may read it', async (sys) => {
    const shared = (await kind.read(sys, [id], askedLanguage(query.lang))).get(id)
    return (shared?.paper ?? null) as never
  })
}

const sendPaper = async (reply: FastifyReply, paper: Paper, name: string): Promise<FastifyReply> =>
  reply
    .type('application/pdf')
    .header(
      'content-disposition',
      `inline; filename="document.pdf"; filename*=UTF-8''${encodeURIComponent(name.slice(0, 150).toWellFormed())}`,
    )
    .header('cache-control', 'no-store')
    .send(await printPaper(reply.request.instance.name, { paper, proof: null }))
