import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Databases, Verdict } from '@erp4/orm'
import { Rate, checkFormToken, formToken, sourceNetwork, type FormScope } from '../auth/index.ts'
import { type Html, html } from '../html/index.ts'
import { isSameOrigin } from '../http/facts.ts'
import { callForReader } from './calls.ts'
import { deskOf } from './desk.ts'
import { sendGone, sendWait } from './document.ts'
import { acceptedLanguage, sendFramed } from './frame.ts'
import { readMultipart } from './multipart.ts'
import { notice } from './page.ts'
import { askedLanguage, type PortalTexts, portalTexts } from './texts.ts'

export const verifyPath = '/portal/verify'
export const mostFileBytes = 20 << 20

const questions = new Rate('verifications', { most: 30, minutes: 10 })
const scope: FormScope = { holder: 'verify', route: 'form' }

/** Whether a file, or a hash, is of something that was signed here: for whoever has it. He is told what it says anyway. */
export async function showVerify(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  return deskOf(request.instance.registry) ? sendVerify(request, reply, null) : sendGone(request, reply)
}

export async function takeVerify(databases: Databases, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const desk = deskOf(request.instance.registry)
  if (!desk) return sendGone(request, reply)
  const { instance } = request
  const wait = await databases.use(instance.database, (cx) => questions.take(cx, instance, sourceNetwork(request.ip)))
  if (wait > 0) return sendWait(request, reply, wait)
  const lang = languageOf(request)
  const texts = portalTexts(lang)
  const parts = readMultipart(request)
  if (!isSameOrigin(request) || !checkFormToken(request.instance, scope, parts?.get('csrf_token')?.toString()))
    return sendVerify(request, reply.code(403), notice('bad', texts.stale, null))
  const hash = hashOf(parts?.get('file'), parts?.get('hash')?.toString())
  if (hash === undefined) return sendVerify(request, reply.code(422), notice('bad', texts.unreadable, null))
  const verdict = await callForReader(databases, request, 'reading', (sys) => desk.verify(sys, hash, lang))
  return sendVerify(request, reply, verdict ? found(texts, verdict) : notice('bad', texts.unknown, texts.unknownHint))
}

function hashOf(file: Buffer | undefined, typed: string | undefined): string | undefined {
  if (file && file.length > 0) return createHash('sha256').update(file).digest('hex')
  const plain = (typed ?? '').replaceAll(/\s/g, '').toLowerCase()
  return /^[0-9a-f]{64}$/.test(plain) ? plain : undefined
}

const found = (texts: PortalTexts, verdict: Verdict): Html => {
  const facts = [
    [texts.document, verdict.title],
    [texts.seller, verdict.seller],
    [texts.signedBy, verdict.name],
    [texts.signedOn, verdict.at],
  ]
  return html`<section class="notice" role="status">
    <h2>${verdict.isFile ? texts.genuine : texts.genuineContent}</h2>
    <dl class="facts">${facts.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>
    <p class="small soft">${texts.contentHash}<br /><code>${verdict.contentHash}</code></p>
    ${verdict.fileHash !== null && html`<p class="small soft">${texts.fileHash}<br /><code>${verdict.fileHash}</code></p>`}
  </section>`
}

const languageOf = (request: FastifyRequest): string =>
  askedLanguage((request.query as { lang?: unknown }).lang) ?? acceptedLanguage(request)

function sendVerify(request: FastifyRequest, reply: FastifyReply, answer: Html | null): FastifyReply {
  const lang = languageOf(request)
  const texts = portalTexts(lang)
  const body = html`${answer}
    <section class="card">
      <div>
        <h1>${texts.verify}</h1>
        <p class="soft">${texts.verifyHint}</p>
      </div>
      <form method="post" enctype="multipart/form-data">
        <input type="hidden" name="csrf_token" value="${formToken(request.instance, scope)}" />
        <div class="field">
          <label for="file">${texts.file}</label>
          <input id="file" name="file" type="file" accept="application/pdf" />
        </div>
        <div class="field">
          <label for="hash">${texts.hash}</label>
          <input id="hash" name="hash" type="text" autocomplete="off" spellcheck="false" maxlength="100" />
        </div>
        <button type="submit">${texts.check}</button>
      </form>
    </section>`
  return sendFramed(reply, { title: texts.verify, lang, seller: null, path: verifyPath, body, foot: false })
}
