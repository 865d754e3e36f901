import type { Accounts, Connection, Device } from '@erp4/orm'
import { sendPasswordLinks, type SessionTrace } from './auth/index.ts'
import { endSessionsOf, sessionsOf } from './sql/auth-session.ts'

/** What a call may ask of passwords and sessions; `session` is the one that it came with, and stays when the others end. */
export function accountsFor(session?: SessionTrace): Accounts {
  const own = session ? Buffer.from(session.hash, 'hex') : null
  return {
    sendPasswordLinks,
    devicesOf: (cx, user) => cx.query<Device>(sessionsOf(user, own)),
    endSessions: async (cx: Connection, ended) => {
      const [row] = await cx.query<{ n: number }>(endSessionsOf({ ...ended, own }))
      return row!.n
    },
  }
}
