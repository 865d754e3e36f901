import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Dispatcher } from '../dispatch.ts'
import { type FileAnswer, type FileRequest, contentAnswer, findFile, imageAnswer } from '../files/index.ts'
import { SessionExpired } from '../rpc/errors.ts'
import { requestFacts, sessionToken } from './facts.ts'

interface Asked {
  Params: { id?: string; model?: string; field?: string; name?: string }
  Querystring: Record<string, unknown>
}

type Found = Awaited<ReturnType<typeof findFile>>
type Answer = (found: Found, request: FileRequest) => FileAnswer

/** `/web/content…` and `/web/image…`, as integrations spell them: an attachment by its id, or a record's binary field. */
export function addContent(app: FastifyInstance, dispatcher: Dispatcher): void {
  for (const [root, answer] of [
    ['/web/content', contentAnswer],
    ['/web/image', imageAnswer],
  ] as const) {
    for (const path of ['', '/:id', '/:id/:name', '/:model/:id/:field', '/:model/:id/:field/:name']) {
      app.route<Asked>({
        method: ['GET', 'HEAD'],
        url: `${root}${path}`,
        exposeHeadRoute: false,
        // Public to the gate: a link's token opens what it was made for. Everything else is not there for a stranger.
        config: { access: 'public', forgery: 'harmless' },
        handler: async (request, reply) => send(reply, await serve(request, dispatcher, answer)),
      })
    }
  }
}

async function serve(request: FastifyRequest<Asked>, dispatcher: Dispatcher, answer: Answer): Promise<FileAnswer> {
  const asked = fileRequest(request)
  return answer(await find(request, dispatcher, asked), asked)
}

async function find(request: FastifyRequest<Asked>, dispatcher: Dispatcher, asked: FileRequest): Promise<Found> {
  const { instance } = request
  const facts = requestFacts(request, 'web')
  const token = sessionToken(request)
  const look = (credentials: Parameters<Dispatcher['read']>[1]): Promise<Found> =>
    dispatcher.read(instance, credentials, facts, (env) => findFile(env, instance.files, asked))
  if (token === undefined) return look({ how: 'nobody' })
  try {
    return await look({ how: 'session', token })
  } catch (error) {
    if (error instanceof SessionExpired) return look({ how: 'nobody' })
    throw error
  }
}

const idShape = /^(\d{1,10})(?:-[\w.]{1,100})?$/

function fileRequest({ method, params, query, headers }: FastifyRequest<Asked>): FileRequest {
  const optional = {
    model: text(params.model ?? query.model),
    field: text(params.field ?? query.field),
    name: text(params.name ?? query.filename),
    accessToken: text(query.access_token),
    range: headers.range,
    ifRange: text(headers['if-range']),
    ifNoneMatch: headers['if-none-match'],
  }
  return {
    method: method === 'HEAD' ? 'HEAD' : 'GET',
    // `<id>-<anything>` is how links get past a browser's cache.
    id: Number(idShape.exec(text(params.id ?? query.id) ?? '')?.[1] ?? 0),
    isDownload: ['1', 'true', 'True'].includes(text(query.download) ?? ''),
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  }
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

const send = (reply: FastifyReply, { status, headers, body }: FileAnswer): FastifyReply =>
  reply
    .code(status)
    .headers(headers)
    .send(body ?? undefined)
