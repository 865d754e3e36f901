import { createHash, randomBytes } from 'node:crypto'
import type { Connection } from '@erp4/orm'
import { type NewLink, insertLink } from '../sql/auth-link.ts'

/** Where a link leads; `?token=` follows. */
export const choosePath = '/web/choose_password'

/** How long a link is good, in minutes. */
export const lifetimes = { invitation: 7 * 24 * 60, reset: 30 } as const

/** What a form is bound to that a link opened; and how the link is kept. */
export const linkHash = (token: string): Buffer => createHash('sha256').update(token).digest()

/** A new link's token, of which only the hash is kept; the user's older ones open nothing from then on. */
export async function makeLink(cx: Connection, account: NewLink['account']): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  await cx.query(insertLink({ hash: linkHash(token), account, minutes: lifetimes[account.purpose] }))
  return token
}
