import { createHash, randomBytes } from 'node:crypto'
import type { Connection, Databases } from '@erp4/orm'
import { sweepDevices, sweepTries } from '../sql/auth-cooldown.ts'
import { sweepLinks } from '../sql/auth-link.ts'
import { deleteSession, keepSession as renewSession, signedBySession, sweepSessions, touchKey, touchSession } from '../sql/auth-session.ts'
import { sweepAsks } from '../sql/rates.ts'
import { type Proof, prove } from './proof.ts'
import type { AuthInstance, Signed } from './types.ts'

const tokenShape = /^[A-Za-z0-9_-]{84}$/

/** A new session's token: 504 random bits as 84 characters of `[A-Za-z0-9_-]`, the shape clients know. */
export const makeToken = (): string => randomBytes(63).toString('base64url')

export const tokenHash = (token: string): Buffer => createHash('sha256').update(token).digest()

/** Of a session's token; undefined for what none ever looked like. Lost when it ended, or its user's password, login, groups or activity changed. */
export function sessionProof(token: string | undefined): Proof | undefined {
  if (token === undefined || !tokenShape.test(token)) return undefined
  const hash = tokenHash(token)
  return { how: 'session', hash: hash.toString('hex'), statement: signedBySession(hash) }
}

/** Who holds the session with this token, in one statement. Undefined when there is none. */
export async function sessionUser(cx: Connection, instance: AuthInstance, token: string | undefined): Promise<Signed | undefined> {
  const proof = sessionProof(token)
  return proof && prove(cx, instance, proof)
}

/** Ends the session, if there is one. */
export async function signOut(cx: Connection, token: string | undefined): Promise<void> {
  if (token !== undefined && tokenShape.test(token)) await cx.query(deleteSession(tokenHash(token)), 'auth_sign_out')
}

/** The session outlives a change of its user's password that was made in it; all his others end. In the transaction of that change. */
export async function keepSession(cx: Connection, { session }: Pick<Signed, 'session'>): Promise<void> {
  if (session) await cx.query(renewSession(Buffer.from(session.hash, 'hex')))
}

/** Writes that a session or key was used, at most once a minute. Call it when the answer is out: it is no part of the call. */
export async function noteUse(databases: Databases, instance: AuthInstance, signed: Signed): Promise<void> {
  const { session, key } = signed
  if (session?.isStale) await databases.use(instance.database, (cx) => cx.query(touchSession(Buffer.from(session.hash, 'hex'))))
  if (key?.isStale) await databases.use(instance.database, (cx) => cx.query(touchKey(key.id)))
}

/** Deletes ended sessions, expired cooldowns, links and devices not seen for a year, a thousand of each at a time. Answers how many went. */
export async function sweepSignIns(cx: Connection): Promise<number> {
  let gone = 0
  for (const sweep of [sweepSessions, sweepTries, sweepDevices, sweepLinks, sweepAsks]) gone += (await cx.query(sweep)).length
  return gone
}
