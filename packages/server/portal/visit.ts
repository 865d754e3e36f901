import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { cookieValue } from '../auth/index.ts'
import { isByTls } from '../http/facts.ts'

// A link's token comes once, in the address that the letter has. It moves into a cookie that is sent to that one document's pages alone, and
// those have an address that opens nothing: neither history nor `Referer` nor a log gives the token away.

/** 256 bits in base64url. */
const tokenShape = /^[A-Za-z0-9_-]{43}$/
const keyShape = /^[A-Za-z0-9_-]{16}$/
const root = '/portal/document'
/** A day with a document; then the letter's link is opened again. */
const cookieSeconds = 86_400

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest()
/** What names a document's page: part of the token's hash, which leads to nothing. */
const keyOf = (hash: Buffer): string => hash.subarray(0, 12).toString('base64url')

const cookieName = (key: string): string => `document_${key}`

/** Where a token leads, and the cookie that goes with it; undefined for what is no token. Nothing is looked up for it. */
export function exchange(request: FastifyRequest, token: string): { path: string; cookie: string } | undefined {
  if (!tokenShape.test(token)) return undefined
  const key = keyOf(hashOf(token))
  const path = `${root}/${key}`
  const secure = isByTls(request) ? '; Secure' : ''
  return { path, cookie: `${cookieName(key)}=${token}; Path=${path}; Max-Age=${cookieSeconds}; HttpOnly; SameSite=Lax${secure}` }
}

/** The hash of the token that this browser has for the document, hexadecimal; undefined when it has none, or another's. */
export function tokenHash(request: FastifyRequest, key: string): string | undefined {
  if (!keyShape.test(key)) return undefined
  const token = cookieValue(request.headers.cookie, cookieName(key))
  if (token === undefined || !tokenShape.test(token)) return undefined
  const hash = hashOf(token)
  return keyOf(hash) === key ? hash.toString('hex') : undefined
}

export const documentPath = (key: string): string => `${root}/${key}`
