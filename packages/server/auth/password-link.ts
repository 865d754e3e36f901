import { type Connection, type Databases, type Outbox, UserError } from '@erp4/orm'
import { enqueue } from '../jobs/queue.ts'
import { registerJob } from '../jobs/registry.ts'
import { lettersOf } from '../mail/letters.ts'
import { passwordLetter } from '../mail/password-letters.ts'
import { senderOf } from '../mail/sender.ts'
import { rememberDevice } from '../sql/auth-cooldown.ts'
import {
  type Account,
  type Chosen,
  type LinkOwner,
  accountsOf,
  choosePassword,
  holdUsers,
  linkOwner,
  userWithLogin,
} from '../sql/auth-link.ts'
import { insertSession } from '../sql/auth-session.ts'
import { passwordPolicy } from '../sql/auth-user.ts'
import { choosePath, lifetimes, linkHash, makeLink } from './link.ts'
import { deviceHash, loginHash, placeHash, sourceNetwork } from './cooldown.ts'
import { tellOwner } from './notice.ts'
import { demandPassword, hashPassword } from './password.ts'
import { Rate } from './rate.ts'
import { makeToken, signOut, tokenHash } from './session.ts'
import { nameDevice } from './sign-in.ts'
import type { AuthInstance, Visitor } from './types.ts'

/** Where one asks for a link. */
export const askPath = '/web/reset_password'
/** Of one account in an hour, so that nobody's mailbox is filled by strangers. */
const mostLinks = 3
/** Of one source in an hour; a network's people share it. */
const asks = new Rate('password links', { most: 20, minutes: 60 })

const tokenShape = /^[A-Za-z0-9_-]{43}$/

/** A network asked for too many links within the hour. */
export class TooManyAsks extends UserError {
  override name = 'TooManyAsks'
}

/** The link was never made, is over, was used, or a newer one was sent: nobody is told which. */
export class LinkGone extends UserError {
  override name = 'LinkGone'
}

/**
 * Sends each of these users a link to choose a password, in the caller's transaction, and answers the ids of those who got one: whoever
 * is archived, has no address, or was sent three within the hour, gets none. His older links open nothing from then on.
 */
export async function sendPasswordLinks(cx: Connection, outbox: Outbox, origin: string, users: readonly number[]): Promise<number[]> {
  await cx.query(holdUsers(users))
  const accounts = await cx.query<Account>(accountsOf(users))
  const due = accounts.filter(({ lately }) => lately < mostLinks)
  for (const account of due) await sendLink(cx, outbox, origin, account)
  return due.map(({ id }) => id)
}

async function sendLink(cx: Connection, outbox: Outbox, origin: string, account: Account): Promise<void> {
  const token = await makeLink(cx, account)
  const { purpose, login, company, lang, share } = account
  const address = `${origin}${choosePath}?token=${token}`
  const name = account.name ?? login
  const from = await senderOf(cx, account.company_id, origin)
  await outbox.put(cx, {
    from,
    to: { address: account.address.trim() },
    until: new Date(Date.now() + lifetimes[purpose] * 60_000),
    ...passwordLetter({ purpose, name, login, company, address, isPortal: share }, lang),
  })
}

/** What a person is sent who forgot his password; a job, so that whoever asks learns nothing from how long it takes. */
export const linkJob = 'base.password_link'

registerJob(linkJob, {
  class: 'mail',
  run: async ({ cx, env, args }) => {
    const { origin, outbox } = env?.call ?? {}
    if (origin && outbox && typeof args.user === 'number') await sendPasswordLinks(cx, outbox, origin, [args.user])
    return null
  },
})

/**
 * Somebody forgot the password of this login. The same statements whether there is such a user or not; a mail goes out later, or none.
 * Throws TooManyAsks when his network asked too often.
 */
export async function askPasswordLink(instance: AuthInstance, databases: Databases, login: string, source: string): Promise<void> {
  await instance.markActive()
  await databases.transaction(instance.database, async (cx) => {
    if ((await asks.take(cx, instance, sourceNetwork(source))) > 0)
      throw new TooManyAsks('Too many links were asked for. Please try again in an hour.')
    const [user] = await cx.query<{ id: number }>(userWithLogin(login.replaceAll('\0', '')))
    await enqueue(cx, { name: linkJob, args: { user: user?.id ?? null }, userId: null })
  })
}

/** Whose password the link lets one choose; undefined when it is not good, or is none. */
export async function ownerOfLink(cx: Connection, token: string | undefined): Promise<LinkOwner | undefined> {
  if (token === undefined || !tokenShape.test(token)) return undefined
  const [owner] = await cx.query<LinkOwner>(linkOwner(linkHash(token)))
  return owner
}

/**
 * Uses the link up, gives its user the password and signs him in here; his sessions elsewhere end. He is told by mail that it was changed.
 *
 * Throws LinkGone, ValidationError when the password is too short (the link stays good), BusyError when too many wait for a hash.
 */
export async function useLink(
  instance: AuthInstance,
  databases: Databases,
  { token, password }: { token: string; password: string },
  visitor: Visitor,
): Promise<{ token: string; deviceToken: string }> {
  const [owner, policy] = await databases.use(instance.database, async (cx) => [
    await ownerOfLink(cx, token),
    (await cx.query<{ min_length: number; rounds: number }>(passwordPolicy))[0]!,
  ])
  // Before the hash: a stranger's guess costs us a statement, not a fifth of a second.
  if (!owner) throw new LinkGone('This link is no longer valid.')
  demandPassword(password, policy.min_length)
  const hash = await hashPassword(password, policy.rounds)
  await instance.markActive()
  return databases.transaction(instance.database, async (cx) => {
    const [chosen] = await cx.query<Chosen>(choosePassword(linkHash(token), hash, visitor.source))
    if (!chosen) throw new LinkGone('This link is no longer valid.')
    const session = makeToken()
    await signOut(cx, visitor.replaces)
    await cx.query(
      insertSession({
        hash: tokenHash(session),
        id: chosen.id,
        secVersion: chosen.sec_version,
        epoch: chosen.epoch,
        source: visitor.source,
        agent: visitor.agent ?? null,
      }),
    )
    const deviceToken = await nameDevice(cx, visitor.device)
    const login = loginHash(instance, chosen.login)
    await cx.query(rememberDevice(login, placeHash(instance, visitor.source, visitor.agent)))
    await cx.query(rememberDevice(login, deviceHash(deviceToken)))
    // Whoever chooses his first one has asked for nothing that somebody else could have done in his name.
    if (owner.purpose === 'reset')
      await tellOwner(cx, lettersOf(instance.keys), instance.record.origin, { user: chosen.id, by: chosen.id, what: 'password' })
    return { token: session, deviceToken }
  })
}

/** How long a new password has to be here. */
export async function leastLength(cx: Connection): Promise<number> {
  const [policy] = await cx.query<{ min_length: number }>(passwordPolicy)
  return Math.max(8, policy!.min_length)
}
