import { type Accounts, type Connection, type Device, type Outbox, type Standing, UserError } from '@erp4/orm'
import { sendPasswordLinks, type SessionTrace, tellOwner } from './auth/index.ts'
import { endSessionsOf, sessionsOf, standingOf } from './sql/auth-session.ts'

/** What a call may ask of passwords and sessions; `session` is the one that it came with, and stays when the others end. */
export function accountsFor(outbox: Outbox | null, session?: SessionTrace): Accounts {
  const own = session ? Buffer.from(session.hash, 'hex') : null
  return {
    sendPasswordLinks: async (cx, origin, users) => {
      if (!outbox) throw new UserError('Only the server can send mails.')
      return sendPasswordLinks(cx, outbox, origin, users)
    },
    tellOwner: async (cx, origin, news) => {
      if (outbox) await tellOwner(cx, outbox, origin, news)
    },
    standingOf: async (cx, user) => (await cx.query<Standing>(standingOf(user)))[0] ?? null,
    devicesOf: (cx, user) => cx.query<Device>(sessionsOf(user, own)),
    endSessions: async (cx: Connection, ended) => {
      const [row] = await cx.query<{ n: number }>(endSessionsOf({ ...ended, own }))
      return row!.n
    },
  }
}
