import pg from 'pg'
import { asConnection } from '@erp4/orm'
import { type NewLink, accountByHand } from '../sql/auth-link.ts'
import { choosePath, lifetimes, makeLink } from './link.ts'

/** A link that whoever runs the machine hands over himself. */
export interface HandedLink {
  /** Of the instance's address: `/web/choose_password?token=…`. */
  readonly path: string
  readonly minutes: number
}

/**
 * A link with which the active user of this login chooses a password, as a mail would have brought it: where no mail reaches him. It needs no
 * app and no model. Null where there is no such user. Through the instance's runtime role.
 */
export async function linkByHand(login: string, runtime: pg.ClientConfig): Promise<HandedLink | null> {
  const client = new pg.Client(runtime)
  await client.connect()
  try {
    const cx = asConnection(client)
    const [account] = await cx.query<NewLink['account']>(accountByHand(login))
    if (!account) return null
    return { path: `${choosePath}?token=${await makeLink(cx, account)}`, minutes: lifetimes[account.purpose] }
  } finally {
    await client.end()
  }
}
