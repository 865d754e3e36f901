import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Html, href, html, makeNonce, page, pagePolicy, render } from '../html/index.ts'
import { style } from './style.ts'
import { type PortalTexts, portalTexts, spoken } from './texts.ts'

export interface Frame {
  readonly title: string
  readonly lang: string
  /** Whose page it is; `logo` is the address of his. */
  readonly seller: { readonly name: string; readonly logo: string | null } | null
  /** This page's own address, for the choice of its language; null where it is not chosen. */
  readonly path: string | null
  readonly body: Html
  /** Whether it has something to draw on. */
  readonly hasScript?: boolean
  /** False leaves out the way to where documents are verified. */
  readonly foot?: boolean
}

export const scriptPath = '/portal/signature.js'

const framed = ({ title, lang, seller, path, body, hasScript, foot }: Frame, nonce: string): Html => {
  const texts = portalTexts(lang)
  return page({
    lang: texts.code,
    title,
    nonce,
    head: html`${style(nonce)}${hasScript && html`<script nonce="${nonce}" src="${href(scriptPath)}" defer></script>`}`,
    body: html`<div class="column">
      <header class="top">${seller ? mast(seller) : html`<span></span>`}${path !== null && languages(texts, path)}</header>
      <main class="pile">${body}</main>
      ${foot !== false && footer(texts)}
    </div>`,
  })
}

const mast = ({ name, logo }: NonNullable<Frame['seller']>): Html =>
  logo === null ? html`<span class="seller">${name}</span>` : html`<span class="seller"><img src="${href(logo)}" alt="${name}" /></span>`

const footer = (texts: PortalTexts): Html =>
  html`<footer class="foot"><a href="/portal/verify">${texts.verify}</a><span>ERP4</span></footer>`

const languages = (texts: PortalTexts, path: string): Html =>
  html`<nav class="languages" aria-label="${texts.language}">
    ${spoken.map(([code, name]) =>
      portalTexts(code) === texts
        ? html`<span lang="${code.slice(0, 2)}" aria-current="true">${name}</span>`
        : html`<a lang="${code.slice(0, 2)}" href="${href(`${path}?lang=${code}`)}">${name}</a>`,
    )}
  </nav>`

/** Answers with a page for somebody outside. Where a page has a script it is one file of ours, under this answer's nonce. */
export function sendFramed(reply: FastifyReply, frame: Frame): FastifyReply {
  const nonce = makeNonce()
  const policy = frame.hasScript ? `${pagePolicy(nonce)}; script-src 'nonce-${nonce}'` : pagePolicy(nonce)
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', policy)
    .header('cache-control', 'no-store')
    .header('x-robots-tag', 'noindex')
    .send(render(framed(frame, nonce)))
}

/** A page that says one thing: that a link does not work, that one has to wait. */
export const sendWord = (
  request: FastifyRequest,
  reply: FastifyReply,
  word: (texts: PortalTexts) => readonly [title: string, hint: string],
): FastifyReply => {
  const lang = acceptedLanguage(request)
  const [title, hint] = word(portalTexts(lang))
  const body = html`<section class="card">
    <h1>${title}</h1>
    <p class="soft">${hint}</p>
  </section>`
  return sendFramed(reply, { title, lang, seller: null, path: null, body, foot: false })
}

/** The first of the browser's languages that these pages speak. */
export function acceptedLanguage({ headers }: FastifyRequest): string {
  const codes = (headers['accept-language'] ?? '').slice(0, 200).toLowerCase().split(',')
  const known = codes.map((code) => /^\s*(en|ko)\b/.exec(code)?.[1]).find((code) => code !== undefined)
  return known === 'ko' ? 'ko_KR' : 'en_US'
}
