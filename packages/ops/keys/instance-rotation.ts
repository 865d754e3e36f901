import { rebuildCatalogue } from '../backup/catalogue.ts'
import { keyObject } from '../backup/manifest.ts'
import type { ErpTasks } from '../erp-tasks.ts'
import { OpsError } from '../errors.ts'
import type { Host } from '../host.ts'
import { findInstanceBy, type Instance } from '../instances.ts'
import type { Finishers } from '../interrupted.ts'
import { operation, type Operation } from '../operation.ts'
import type { StorePruner, StoreReader, StoreWriter } from '../stores/store.ts'
import { atEach, listKeyObjects, publishKeyObjects, type AtLocation } from './objects.ts'

/** What a rotation needs of the ERP. */
export type Rewrap = Pick<ErpTasks, 'rewrap'>

const rotating = 'rotate key'

/**
 * A new version of an instance's key, while people work. New sets are sealed with it, older ones keep theirs; the registry points at it,
 * so that servers seal with it, and open what is older until that is wrapped anew, too. Then nothing but older sets needs the old version:
 * `retireInstanceKeys`. Needs R. What came of each location is told; a set brings the key along where it is missing. Killed, it is undone while
 * no location had the new version for certain, and finished after that. OpsError `store_failed` when no location took it, and nothing has changed.
 */
export function rotateInstanceKey(
  host: Host,
  uuid: string,
  writers: readonly StoreWriter[],
  erp: Rewrap,
): Promise<{ version: number; locations: AtLocation[]; rewrapped: number }> {
  const work = async (op: Operation) => {
    const version = await nextVersion(host, uuid, writers)
    await op.step('asked', { version })
    host.keys.createInstanceKey(uuid, version)
    const locations = await publishKeyObjects(host.home, uuid, writers)
    if (locations.every(({ error }) => error)) {
      host.keys.removeInstanceKeys(uuid, version)
      throw new OpsError(
        'store_failed',
        `No location took the new key of instance ${uuid}: it keeps the old one. ${locations[0]?.error?.message ?? ''}`,
      )
    }
    await op.step('published')
    return { version, locations, rewrapped: await takeUp(host, uuid, version, erp, op) }
  }
  return operation(host.db, uuid, rotating, work, { mustFinish: true })
}

/** A number that no key of the instance ever had, in whichever location: an interrupted rotation, or another host, may have left one. */
export async function nextVersion(host: Host, uuid: string, stores: readonly StoreReader[]): Promise<number> {
  const found = await Promise.all(stores.map((store) => listKeyObjects(store, uuid).catch(() => [])))
  return Math.max(0, ...host.keys.versions(uuid), ...found.flat()) + 1
}

async function takeUp(host: Host, uuid: string, version: number, erp: Rewrap, op: Operation): Promise<number> {
  await op.fenced((db) => db.query('update instance set key_version = $2 where uuid = $1', [uuid, version]))
  await op.step('switched')
  return erp.rewrap(await findInstanceBy(host, uuid))
}

/** Ends rotations that were killed half way. */
export const rotationFinishers = (erp: (host: Host) => Rewrap & Pick<ErpTasks, 'close'>): Finishers => ({
  [rotating]: async (host, { subject, state, detail }, op) => {
    const version = Number(detail['version'])
    if (state === 'begun') return 'undone'
    if (state === 'asked') {
      host.keys.removeInstanceKeys(subject, version)
      return 'undone'
    }
    const tasks = erp(host)
    try {
      await takeUp(host, subject, version, tasks, op)
    } finally {
      await tasks.close?.()
    }
    return 'done'
  },
})

/** Of the versions of an instance's key but the present one: those that are gone now, and those that sets still need. */
export interface Retirement {
  retired: number[]
  kept: { version: number; sets: number }[]
}

/** Servers hear of a rotation at once, at the latest after a minute; with what they hold until then nothing may still be sealed. */
const settledMinutes = 10

/**
 * Destroys the older versions of an instance's key that no set is sealed with any more: in every location, then on this host. What was sealed
 * with them is noise to whoever has no copy. Before that the stores are asked which sets there are, and everything in the instance is wrapped with the
 * present version. OpsError `store_failed` when a location cannot be asked, `retained` within ten minutes of a rotation, `legal_hold`.
 */
export function retireInstanceKeys(
  host: Host,
  uuid: string,
  { readers, pruners }: { readers: readonly StoreReader[]; pruners: readonly StorePruner[] },
  erp: Rewrap,
): Promise<Retirement> {
  return operation(host.db, uuid, 'retire keys', async () => {
    const instance = await findInstanceBy(host, uuid)
    await demandSettled(host, instance)
    const { problems } = await rebuildCatalogue(host, readers, uuid)
    if (problems.length) throw new OpsError('store_failed', `Which sets there are cannot be told, so no key goes: ${problems.join(' ')}`)
    await erp.rewrap(instance)
    const needed = await setsByVersion(host, uuid)
    const older = host.keys.versions(uuid).filter((version) => version !== instance.keyVersion)
    const retired = older.filter((version) => !needed.has(version))
    const results = await atEach(pruners, async (pruner) => {
      for (const version of retired) await pruner.delete(keyObject(uuid, version))
    })
    const failed = results.find(({ error }) => error)
    if (failed)
      throw new OpsError('store_failed', `The old keys still lie in ${failed.location} (${failed.error!.message}): run this again.`)
    for (const version of retired) host.keys.removeInstanceKeys(uuid, version)
    return { retired, kept: older.flatMap((version) => (needed.has(version) ? [{ version, sets: needed.get(version)! }] : [])) }
  })
}

async function demandSettled(host: Host, { uuid, name, legalHold }: Instance): Promise<void> {
  if (legalHold !== null) throw new OpsError('legal_hold', `${name} is under legal hold (${legalHold}): none of its keys may go.`)
  const { rowCount } = await host.db.query(
    `select from operation where subject = $1 and kind = $2 and started > now() - make_interval(mins => $3) limit 1`,
    [uuid, rotating, settledMinutes],
  )
  if (rowCount)
    throw new OpsError('retained', `The key of ${name} was rotated within ${settledMinutes} minutes: a server may still hold the old one.`)
}

/** How many sets that are still somewhere were sealed with each version. */
async function setsByVersion(host: Host, uuid: string): Promise<Map<number, number>> {
  const { rows } = await host.db.query<{ version: number; sets: number }>(
    `select (manifest::jsonb ->> 'key_version')::int as version, count(*)::int as sets from backup_set
     where instance = $1 and manifest is not null and state not in ('pruned', 'failed') group by 1`,
    [uuid],
  )
  return new Map(rows.map(({ version, sets }) => [version, sets]))
}
