import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Cell, type Env, UserError, guestOf, narrow } from '@erp4/orm'
import { FileTooLarge } from '../files/index.ts'
import { mediaType } from '../http/body.ts'
import { isSameOrigin, requestFacts, sessionToken } from '../http/facts.ts'
import { type RpcContext, countAnswer, reportError } from '../rpc/context.ts'
import { Refused, openEnvelope, sendError, sendRefusal, sendResult } from '../rpc/envelope.ts'
import { demandMay, mostUploadBytes, takeFile, transferAnswers } from './answers.ts'
import { readImport } from './imports.ts'
import { readRows } from './read/file.ts'
import { storeOf, tableOf } from './records.ts'
import { inLanguage, say } from './says.ts'
import { writeCsv } from './write/csv.ts'

type Work = (env: Env) => Promise<unknown>

/** Import and export: `/web/transfer/<question>`, the upload of a file, and the file of what was wrong with it. */
export function addTransfer(app: FastifyInstance, context: RpcContext): void {
  for (const [name, answer] of Object.entries(transferAnswers)) {
    app.post(`/web/transfer/${name}`, { config: { access: 'session', forgery: 'json' } }, async (request, reply) =>
      answerCall(context, request, reply, () => {
        const { id, params } = openEnvelope(request)
        return { id, work: (env) => answer(env, params), given: params['context'] }
      }),
    )
  }
  addUpload(app, context)
  app.get<{ Params: { id: string } }>(
    '/web/transfer/import-errors/:id',
    { config: { access: 'session', forgery: 'harmless' } },
    async (request, reply) => sendErrors(context, request, reply, Number(request.params.id)),
  )
}

interface Asked {
  readonly id: unknown
  readonly work: Work
  /** The context that the client sent. */
  readonly given: unknown
}

/** Opens the envelope, does the work in a transaction as the session's user, and answers as every call is answered. */
async function answerCall(context: RpcContext, request: FastifyRequest, reply: FastifyReply, open: () => Asked): Promise<FastifyReply> {
  const facts = requestFacts(request, 'web')
  let id: unknown = null
  try {
    const asked = open()
    id = asked.id
    const credentials = { how: 'session', token: sessionToken(request) } as const
    const result = await context.dispatcher.act(request.instance, credentials, facts, (env) => {
      const caller = narrow(env, asked.given)
      return inLanguage(caller.context.lang, () => asked.work(caller))
    })
    countAnswer(context, facts)
    return await sendResult(reply, id, result)
  } catch (error) {
    if (error instanceof Refused) return sendRefusal(reply, error)
    return sendError(reply, id, reportError(context, request, facts, error, 'session'))
  }
}

/**
 * `POST /web/transfer/upload?model=…&name=…` with the file's bytes as they are. They go to the disk as they come, sealed; what is more than
 * the limit is refused where it is reached, or before, where the request says how much it brings.
 */
function addUpload(app: FastifyInstance, context: RpcContext): void {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
    scope.post<{ Querystring: Record<string, unknown> }>(
      '/web/transfer/upload',
      // A form cannot send this content type, and the origin is looked at as with JSON.
      { config: { access: 'session', forgery: 'json' }, bodyLimit: mostUploadBytes },
      async (request, reply) => upload(context, request, reply),
    )
  })
}

async function upload(
  context: RpcContext,
  request: FastifyRequest<{ Querystring: Record<string, unknown> }>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const facts = requestFacts(request, 'web')
  const credentials = { how: 'session', token: sessionToken(request) } as const
  const given = { lang: textOf(request.query['lang']) ?? '' }
  try {
    if (mediaType(request) !== 'application/octet-stream') throw new Refused(415, 'This address takes application/octet-stream.')
    if (!isSameOrigin(request)) throw new Refused(403, 'This address is not for other sites.')
    // Asked before a byte is read: strangers, and whoever may not import this, do not get to fill the disk.
    const lang = await context.dispatcher.read(request.instance, credentials, facts, async (env) => {
      const caller = narrow(env, given)
      demandMay(caller, request.query['model'])
      const guest = guestOf(caller)
      if (guest) await request.instance.files.space?.demand(caller.cx, Number(request.headers['content-length'] ?? 0), guest)
      return caller.context.lang
    })
    const tooLarge = (): UserError => new UserError(say(lang, 'The file is larger than {most} MB.', { most: mostUploadBytes >> 20 }))
    if (Number(request.headers['content-length'] ?? 0) > mostUploadBytes) throw tooLarge()
    const body = request.body as AsyncIterable<Uint8Array>
    const draft = await request.instance.files.draft(body, { maxBytes: mostUploadBytes }).catch((error: unknown) => {
      throw error instanceof FileTooLarge ? tooLarge() : error
    })
    try {
      return await answerCall(context, request, reply, () => ({
        id: null,
        work: (env) => takeFile(env, draft, request.query),
        given,
      }))
    } finally {
      await draft.discard()
    }
  } catch (error) {
    // What is left of a body that was refused is not read, so nothing else can be said on this connection.
    reply.header('connection', 'close')
    if (error instanceof Refused) return sendRefusal(reply, error)
    return sendError(reply, null, reportError(context, request, facts, error, 'session'))
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/** The rows that were not imported, as they were, with what is wrong in front of them: to be mended, and imported by themselves. */
async function sendErrors(context: RpcContext, request: FastifyRequest, reply: FastifyReply, id: number): Promise<FastifyReply> {
  const facts = requestFacts(request, 'web')
  try {
    const found = await context.dispatcher.read(request.instance, { how: 'session', token: sessionToken(request) }, facts, async (env) => {
      const record = await readImport(env, id)
      const table = tableOf(env, 'ir.import.error')
      const errors = await table.find([['import_id', '=', record.id]], ['row', 'column', 'message'])
      return { record, errors, file: await storeOf(env).find(env.cx, record.file!), lang: env.context.lang }
    })
    const messages = new Map<number, string>()
    for (const { row, column, message } of found.errors) {
      const said = column ? `${column}: ${message}` : message
      messages.set(row, messages.has(row) ? `${messages.get(row)} | ${said}` : said)
    }
    const { record } = found
    async function* lines(): AsyncGenerator<readonly Cell[]> {
      yield [say(found.lang, 'Row'), say(found.lang, 'Error'), ...record.headers]
      for await (const { number, cells } of readRows(found.file, record.format, record.options)) {
        const said = messages.get(number)
        if (said !== undefined) yield [number, said, ...record.headers.map((_, i) => cells[i] ?? '')]
      }
    }
    const name = encodeURIComponent(`${record.name.replace(/\.[^.]*$/, '')} - ${say(found.lang, 'errors')}.csv`)
    return await reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="errors.csv"; filename*=UTF-8''${name.replaceAll("'", '%27')}`)
      .send(Readable.from(writeCsv(lines())))
  } catch (error) {
    const told = reportError(context, request, facts, error, 'session')
    return reply
      .code(told.isInternal ? 500 : 404)
      .type('text/plain; charset=utf-8')
      .send(told.message)
  }
}
