import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Html, makeNonce, pagePolicy, render } from '../html/index.ts'
import { type Texts, textsFor } from './texts.ts'

/** Answers with a page made here, under its policy and kept nowhere. */
export function sendPage(reply: FastifyReply, page: (nonce: string) => Html): FastifyReply {
  const nonce = makeNonce()
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', pagePolicy(nonce))
    .header('cache-control', 'no-store')
    .header('vary', 'Accept-Language, Cookie')
    .send(render(page(nonce)))
}

/** The words for whoever has not said who he is: in the language of his browser. */
export const textsOf = (request: FastifyRequest): Texts => textsFor(undefined, request.headers['accept-language'])
