import type pg from 'pg'
import { withClient } from '@erp4/ops'
import { type Connection, type Model, type Registry, asConnection } from '@erp4/orm'
import { rewrapKeys } from '@erp4/server'
import type { CopyKeys, InstanceAccess } from '../erp.ts'
import { loadApps } from './apps.ts'
import {
  beginTrail,
  dropKeys,
  dropTrail,
  empty,
  endSessions,
  holdJobs,
  holdOutbox,
  stopSchedules,
  trailHead,
  waitForEver,
} from './sql/neutralise.ts'

/**
 * Takes from the database of a copy whatever reaches outside or lets somebody in who was let into the original: keys, tokens, sessions, mail
 * that waits, jobs, schedules. Its files open with its own key from then on, and its trail is its own. All of it or nothing.
 * That it is a copy is a fact of the host registry; this is the second fence (cloud.md §4).
 */
export async function neutralise(access: InstanceAccess, keys: CopyKeys): Promise<void> {
  const registry = (await loadApps())(access.record.apps)
  await withClient(access.owner, (client) => neutraliseDatabase(client, registry, keys))
}

export async function neutraliseDatabase(client: pg.Client, registry: Registry, { from, to }: CopyKeys): Promise<void> {
  const cx = asConnection(client)
  await client.query('begin')
  await cx.query(waitForEver)
  const opening = from.wraps.map((wrap) => Buffer.from(wrap, 'base64'))
  await rewrapKeys(cx, { instance: from.instance, wrap: opening }, { instance: to.instance, wrap: Buffer.from(to.wrap, 'base64') })
  await dropSecrets(cx, registry)
  for (const statement of [endSessions, holdOutbox(why), holdJobs(why), stopSchedules]) await cx.query(statement)
  await startTrail(cx, from.instance)
  await client.query('commit')
}

const why = 'This is a copy of an instance, and copies send no mail and run no jobs.'

/**
 * Every field that holds a secret, whichever app declares it, is emptied: tokens, keys, passwords of other systems. People keep their own
 * passwords, to be able to sign in; a key is worth nothing without its secret, and goes whole.
 */
async function dropSecrets(cx: Connection, registry: Registry): Promise<void> {
  await cx.query(dropKeys)
  for (const model of registry.models.values()) {
    if (model.name === 'res.users.apikeys') continue
    for (const column of secretColumns(model)) await cx.query(empty(model.table, column))
  }
}

const secretColumns = (model: Model): string[] =>
  [...model.fields.values()]
    .filter(
      ({ name, column, options }) => options.secret === true && column !== null && !(model.name === 'res.users' && name === 'password'),
    )
    .map(({ column }) => column!)

/** The original keeps its trail; sealed for another chain it would prove nothing here. */
async function startTrail(cx: Connection, original: string): Promise<void> {
  const [head] = await cx.query<{ seq: number; head: string }>(trailHead)
  await cx.query(dropTrail)
  await cx.query(beginTrail(JSON.stringify({ of: original, seq: head?.seq ?? 0, head: head?.head ?? null })))
}
