import { keyObject, setPrefix } from '../backup/manifest.ts'
import { asOpsError, OpsError } from '../errors.ts'
import type { Host } from '../host.ts'
import { atEach } from '../keys/objects.ts'
import { objectKeys } from '../retention/stored-sets.ts'
import { notePruned } from '../retention/registry.ts'
import { openStores } from '../stores/open.ts'
import type { StorePruner } from '../stores/store.ts'
import type { Ticket } from './papers.ts'

/*
 * An arrival that fails is undone on this host with the instance that it was making. What it had stored lies outside: a version of the key in
 * each location, and perhaps a set, which proves nothing and which no pruner would take, since an instance's newest three stay.
 */

type Of = Pick<Ticket, 'id' | 'instance'>

/** Versions of the key that failed arrivals of an instance have used up here. */
export async function usedVersions(host: Host, instance: string): Promise<number[]> {
  const { rows } = await host.db.query<{ version: number }>(
    `select (detail ->> 'version')::int as version from operation where subject = $1 and kind = 'create' and detail ? 'version'`,
    [instance],
  )
  return rows.map(({ version }) => version)
}

/**
 * Clears from the locations what failed arrivals of a ticket had stored: the key is destroyed, then the sets lie in the trash for as long as the
 * location has locked them. Gives what could not be cleared, in sentences; call it again when the location, or its credentials, are there.
 */
export async function clearLeavings(host: Host, { id, instance }: Of): Promise<string[]> {
  const { rows } = await host.db.query<{ id: string; version: number; sets: { set: string; taken: string }[] }>(
    `select o.id, (o.detail ->> 'version')::int as version,
       (select coalesce(jsonb_agg(jsonb_build_object('set', s.id, 'taken', s.taken)), '[]') from backup_set s
        where s.instance::text = $1 and s.taken is not null and s.started between o.started and coalesce(o.ended, now())) as sets
     from operation o where o.subject = $1 and o.kind = 'create' and o.detail ->> 'ticket' = $2 and o.result is distinct from 'done'
       and not o.detail ? 'cleared'`,
    [instance, id],
  )
  const left: string[] = []
  for (const { id: failed, version, sets } of rows) {
    const pruners = await openStores(host.home, 'prune')
    const outcomes = await atEach(pruners, (pruner) => clear(host, pruner, { instance, version, sets }))
    for (const pruner of pruners) void pruner.close().catch(() => {}) // one that hangs would hang in closing, too
    const away = outcomes.filter(({ error }) => error)
    left.push(...away.map(({ location, error }) => `${location}: ${error!.message}`))
    if (away.length === 0) await host.db.query(`update operation set detail = detail || '{"cleared": true}' where id = $1`, [failed])
  }
  return left
}

interface Left {
  instance: string
  version: number
  sets: readonly { set: string; taken: string }[]
}

/** The key first: from then on the set is noise, whatever becomes of it. */
async function clear(host: Host, pruner: StorePruner, { instance, version, sets }: Left): Promise<void> {
  await pruner.delete(keyObject(instance, version))
  for (const { set, taken } of sets) {
    const prefix = setPrefix({ instance, set, taken: new Date(taken).toISOString() })
    const keys: string[] = []
    for await (const key of objectKeys(pruner, prefix)) keys.push(key)
    // What is left of a set when this is interrupted must not look like one.
    const isManifest = (key: string): boolean => key.endsWith('/manifest.json')
    for (const key of keys.toSorted((a, b) => Number(isManifest(b)) - Number(isManifest(a)))) await pruner.setAside(key)
  }
  await notePruned(host, { location: pruner.location.name, instances: [{ dropped: sets }] })
}

/** The error of a failed arrival, with what it left behind. */
export async function withLeavings(host: Host, ticket: Of, error: unknown): Promise<unknown> {
  const left = await clearLeavings(host, ticket).catch((failure: Error) => [failure.message])
  if (left.length === 0) return error
  const { code = 'refused' } = asOpsError(error) ?? {}
  const says = `What it had stored could not be cleared away (${left.join(' ')}): "erp4 instance receive TICKET --decline" tries again.`
  return new OpsError(code, `${(error as Error).message} ${says}`, { cause: error })
}
