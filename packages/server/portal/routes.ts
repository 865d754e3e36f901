import { readFileSync } from 'node:fs'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Databases } from '@erp4/orm'
import { Rate, sourceNetwork } from '../auth/index.ts'
import type { Dispatcher } from '../dispatch.ts'
import { addAccountPages } from './account.ts'
import { addAddressPages } from './addresses.ts'
import { callForReader } from './calls.ts'
import { sendGone, sendLogo, sendPdf, sendSigned, sendWait, showDocument, takeDeed, type Visit } from './document.ts'
import { scriptPath } from './frame.ts'
import { addPreview } from './preview.ts'
import { mostFileBytes, showVerify, takeVerify, verifyPath } from './verify.ts'
import { documentPath, exchange, tokenHash } from './visit.ts'

interface Keyed {
  Params: { key: string; deed: string }
}

/** Links that lead nowhere, from one place: a person mistypes a few. */
const misses = new Rate('misses', { most: 60, minutes: 10 })
/** A drawn signature is the largest thing in a form: 300 kB, a third more in base64, some of it spelled as %XX. */
const formBytes = 1 << 20
const deedNames = ['accept', 'decline', 'choose', 'ask', 'review']
const script = readFileSync(new URL('./signature.js', import.meta.url))

/** What people outside see: documents by signed links, and whether something was signed here. */
export function addPortal(app: FastifyInstance, { databases, dispatcher }: { databases: Databases; dispatcher: Dispatcher }): void {
  const reading = { config: { access: 'public', forgery: 'harmless' } } as const
  const writing = { config: { access: 'public', forgery: 'form' } } as const

  app.get<{ Params: { token: string } }>('/portal/open/:token', reading, async (request, reply) => {
    const found = exchange(request, request.params.token)
    if (!found) return sendGone(request, reply)
    return reply.header('set-cookie', found.cookie).header('referrer-policy', 'no-referrer').redirect(found.path, 303)
  })

  const page = (path: string, answer: (request: FastifyRequest, reply: FastifyReply, visit: Visit) => Promise<FastifyReply>): void => {
    app.get<Keyed>(`/portal/document/:key${path}`, reading, async (request, reply) => atDocument(databases, request, reply, answer))
  }
  page('', showDocument)
  page('/document.pdf', sendPdf)
  page('/signed.pdf', sendSigned)
  page('/logo', sendLogo)
  for (const name of deedNames) {
    app.post<Keyed>(`/portal/document/:key/${name}`, { ...writing, bodyLimit: formBytes }, async (request, reply) =>
      atDocument(databases, request, reply, (...at) => takeDeed(...at, name)),
    )
  }

  addAccountPages(app, databases, deedNames, formBytes)
  addAddressPages(app, databases)
  addPreview(app, dispatcher)
  app.get(verifyPath, reading, async (request, reply) => showVerify(request, reply))
  app.post(verifyPath, { ...writing, bodyLimit: mostFileBytes + (64 << 10) }, async (request, reply) =>
    takeVerify(databases, request, reply),
  )
  app.get(scriptPath, reading, async (_request, reply) =>
    reply.type('text/javascript; charset=utf-8').header('cache-control', 'public, max-age=3600').send(script),
  )
}

async function atDocument(
  databases: Databases,
  request: FastifyRequest<Keyed>,
  reply: FastifyReply,
  answer: (request: FastifyRequest, reply: FastifyReply, visit: Visit) => Promise<FastifyReply>,
): Promise<FastifyReply> {
  const { key } = request.params
  const { instance } = request
  const place = sourceNetwork(request.ip)
  const wait = await databases.use(instance.database, (cx) => misses.waitSeconds(cx, instance, place))
  if (wait > 0) return sendWait(request, reply, wait)
  const link = tokenHash(request, key)
  const sent = link === undefined ? sendGone(request, reply) : await answer(request, reply, visitBy(databases, request, key, link))
  if (reply.statusCode === 404) await databases.use(instance.database, (cx) => misses.take(cx, instance, place))
  return sent
}

const visitBy = (databases: Databases, request: FastifyRequest, key: string, link: string): Visit => ({
  reader: { link },
  path: documentPath(key),
  holder: `${request.instance.name} ${link}`,
  take: (rate) => databases.use(request.instance.database, (cx) => rate.take(cx, request.instance, link)),
  call: (how, work) => callForReader(databases, request, how, work),
})
