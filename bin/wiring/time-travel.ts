import type pg from 'pg'
import { withClient } from '@erp4/ops'
import { type Connection, type Sql, asConnection } from '@erp4/orm'
import { rewrapKeys, skipDue } from '@erp4/server'
import type { CopyKeys } from '../erp.ts'
import {
  type LiveRights,
  archiveGone,
  continueTrail,
  endSessions,
  giveLesserGroups,
  holdJobs,
  holdOutbox,
  keepPasswords,
  liveRights,
  raiseEpoch,
  revokeKeys,
  shortenKeys,
  skipNumbers,
  takeCompanies,
  takeGroups,
} from './sql/time-travel.ts'

/** What an instance must not forget when it goes back in time: read from the live database, applied to the restored one (cloud.md §4). */
export type Carried = { rights: LiveRights }

/** Where the instance comes from and goes to, for the entry in its trail. */
export interface Journey {
  /** Of the set. */
  set: string
  taken: string
  /** The set that keeps what was lost. */
  safety: string
  /** The live database went with its host: nothing is known of its last hours. */
  isHostLost?: true
}

/** What was done to the restored database, for the report and the operator's review. */
export interface Reconciled {
  epoch: number
  archived: string[]
  passwords: string[]
  groups: { login: string; group: string }[]
  companies: { login: string; company: number }[]
  revokedKeys: { name: string; user: number }[]
  shortenedKeys: string[]
  heldMails: number
  heldJobs: number
  /** Numbers of documents that were given since: skipped, for somebody to look at. */
  numbers: { id: number; name: string; code: string | null; prefix: string | null; implementation: string; from: number; to: number }[]
}

/** More than anybody can have raised the epoch since the set was taken: tickets of the lost hours must not be good again. */
const unknownEpochs = 1_000

export const carryOver = (owner: pg.ClientConfig): Promise<Carried> =>
  withClient(owner, async (client) => {
    const [row] = await asConnection(client).query<{ rights: LiveRights }>(liveRights)
    return { rights: row!.rights }
  })

/** All of it or nothing; it can be run again, with what was carried later: then it finds what changed in between. */
export const reconcile = (
  owner: pg.ClientConfig,
  { rights }: Carried,
  { journey, keys }: { journey?: Journey | undefined; keys?: CopyKeys | undefined },
): Promise<Reconciled> =>
  withClient(owner, async (client) => {
    const cx = asConnection(client)
    await client.query('begin')
    await client.query('set local statement_timeout = 0')
    if (keys) await rewrap(cx, keys)
    const done = await apply(cx, journey?.isHostLost ? { ...rights, epoch: rights.epoch + unknownEpochs } : rights)
    if (journey) await cx.query(continueTrail({ ...journey, lost: rights.trail, done }))
    await client.query('commit')
    return done
  })

async function apply(cx: Connection, rights: LiveRights): Promise<Reconciled> {
  const logins = async (statement: Sql) => (await cx.query<{ login: string }>(statement)).map(({ login }) => login)
  const count = async (statement: Sql) => (await cx.query(statement)).length
  const [{ epoch }] = (await cx.query<{ epoch: number }>(raiseEpoch(rights.epoch))) as [{ epoch: number }]
  await cx.query(endSessions)
  // What is over by its time happened already, in the time that is lost: it is not made up for.
  await skipDue(cx)
  await cx.query(giveLesserGroups(rights))
  return {
    epoch,
    archived: await logins(archiveGone(rights)),
    passwords: await logins(keepPasswords(rights)),
    groups: await cx.query(takeGroups(rights)),
    companies: await cx.query(takeCompanies(rights)),
    revokedKeys: await cx.query(revokeKeys(rights)),
    shortenedKeys: (await cx.query<{ name: string }>(shortenKeys(rights))).map(({ name }) => name),
    heldMails: await count(holdOutbox(held)),
    heldJobs: await count(holdJobs(held)),
    numbers: await cx.query(skipNumbers(rights)),
  }
}

const held = 'Held by a restore: it may have been done in the time that was lost. Release it when you have looked.'

/** After a rotation of an instance's key, while people work: whoever puts a content that is there already waits for the end of it. */
export const rewrapFiles = (owner: pg.ClientConfig, { from, to }: CopyKeys): Promise<number> =>
  withClient(owner, async (client) => {
    await client.query('begin')
    await client.query('set local statement_timeout = 0')
    const done = await rewrap(asConnection(client), { from, to })
    await client.query('commit')
    return done
  })

/** Files of a set that was made under an older key of the instance open with the present one from then on. */
async function rewrap(cx: Connection, { from, to }: CopyKeys): Promise<number> {
  const opening = from.wraps.map((wrap) => Buffer.from(wrap, 'base64'))
  return rewrapKeys(cx, { instance: from.instance, wrap: opening }, { instance: to.instance, wrap: Buffer.from(to.wrap, 'base64') })
}
