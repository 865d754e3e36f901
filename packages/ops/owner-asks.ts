import pg from 'pg'
import type { Host } from './host.ts'
import { findInstanceBy, type Instance } from './instances.ts'

/** An instance in which something waits for the owner of its tables. */
export interface OwnerAsk {
  instance: Instance
  asked: Date
  /** Nothing that was begun before the ask can still be under way: what is found now is all there is. */
  isSettled: boolean
}

/** Asks come before the transaction that they are about has ended; none of a server's lasts longer. */
const longestCall = '2 minutes'

/** Asks of instances that may be worked on, the oldest first. */
export async function listOwnerAsks(host: Host): Promise<OwnerAsk[]> {
  const { rows } = await host.db.query<{ uuid: string; asked: Date; isSettled: boolean }>(
    `select a.instance as uuid, a.asked, a.asked < now() - $1::interval as "isSettled" from owner_ask a join instance i on i.uuid = a.instance
     where i.state = 'ready' and i.fenced is null order by a.asked`,
    [longestCall],
  )
  const asks: OwnerAsk[] = []
  for (const { uuid, ...ask } of rows) asks.push({ instance: await findInstanceBy(host, uuid), ...ask })
  return asks
}

/** Nothing waits there any more, unless somebody asked again meanwhile. */
export async function forgetOwnerAsk(host: Host, { instance, asked }: OwnerAsk): Promise<void> {
  // Timestamps of PostgreSQL are finer than a Date.
  await host.db.query(`delete from owner_ask where instance = $1 and date_trunc('milliseconds', asked) <= $2`, [instance.uuid, asked])
}

/** Calls `heard` for each ask from now on; gives the way to stop. `lost` hears that nothing is heard any more. */
export async function hearOwnerAsks(host: Host, heard: () => void, lost: () => void): Promise<() => Promise<void>> {
  const client = new pg.Client(host.cluster.config('erp4_host', 'erp4_ops', host.keys.login('erp4_ops')!))
  let isStopped = false
  client.on('notification', heard)
  client.on('error', () => {}) // its end tells
  client.on('end', () => isStopped || lost())
  await client.connect()
  await client.query('listen erp4_owner')
  return async () => {
    isStopped = true
    await client.end().catch(() => {})
  }
}
