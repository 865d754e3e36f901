import { createHash, randomBytes } from 'node:crypto'
import type { Connection, Databases, User } from '@erp4/orm'
import { sweepDevices, sweepTries } from '../sql/auth-cooldown.ts'
import { sweepAsks, sweepLinks } from '../sql/auth-link.ts'
import {
  deleteSession,
  keepSession as renewSession,
  signedBySession,
  sweepSessions,
  touchKey,
  touchSession,
  type SignedRow,
} from '../sql/auth-session.ts'
import type { AuthInstance, Signed } from './types.ts'

const tokenShape = /^[A-Za-z0-9_-]{84}$/

/** A new session's token: 504 random bits as 84 characters of `[A-Za-z0-9_-]`, the shape clients know. */
export const makeToken = (): string => randomBytes(63).toString('base64url')

export const tokenHash = (token: string): Buffer => createHash('sha256').update(token).digest()

/**
 * Who holds the session with this token, in one statement: rights, companies and versions as they are now. Undefined when there is
 * none, it ended, or the user's password, login, groups or activity changed since.
 */
export async function sessionUser(cx: Connection, instance: AuthInstance, token: string | undefined): Promise<Signed | undefined> {
  if (token === undefined || !tokenShape.test(token)) return undefined
  const hash = tokenHash(token)
  const [row] = await cx.query<SignedRow>(signedBySession(hash), 'auth_session')
  if (!row) return undefined
  return { ...signedOf(instance, row, 'session'), session: { hash: hash.toString('hex'), isStale: row.is_stale } }
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

export function signedOf(instance: AuthInstance, row: SignedRow, how: Signed['how']): Signed {
  const user = userOf(row, instance.expandGroups(row.groups))
  return { user, languages: row.languages, epoch: row.epoch, rules: row.rules, schema: row.schema, how, isConfirmed: row.is_confirmed }
}

/** What a row of any of the session statements says of its user. */
export function userOf(row: SignedRow, groups: ReadonlySet<string>): User {
  return {
    id: row.id,
    login: row.login,
    name: row.name ?? row.login,
    partner_id: row.partner_id,
    commercial_partner_id: row.commercial_partner_id,
    company_id: row.company_id,
    company_ids: row.company_ids,
    groups,
    lang: row.lang !== null && row.languages.includes(row.lang) ? row.lang : 'en_US',
    tz: row.tz ?? 'UTC',
  }
}
