import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { asOwner, makeWorld } from './backup/fixtures/world.ts'
import { runBackup } from './backup/set.ts'
import { OpsError } from './errors.ts'
import { deleteInstance, undeleteInstance } from './instances-deletion.ts'
import { connectAs, findInstance, setApps, type Instance } from './instances.ts'
import { listOperations } from './interrupted.ts'
import { rotateInstanceKey } from './keys/instance-rotation.ts'
import { invite, openPaper, ownFingerprint } from './move/papers.ts'
import { sendInstance, undoMove } from './move/send.ts'
import { operation } from './operation.ts'
import { withClient } from './provision.ts'
import { rehearsedErp } from './restore/fixtures/erp.ts'
import { restoreOverLive } from './restore/over-live.ts'
import { openStores } from './stores/open.ts'
import { startThrowawayCluster, type Throwaway } from './throwaway.ts'

// Whatever operators ask of one instance at once, it happens one after the other, and what makes no sense any more is refused.

let world: Throwaway
let target: Throwaway
before(async () => {
  ;[world, target] = await Promise.all([startThrowawayCluster({ own: true }), startThrowawayCluster({ own: true })])
})
after(() => Promise.all([world.stop(), target.stop()]))

/** Rows of the instance's present generation, whoever may connect. */
const partners = async (instance: Instance): Promise<number> => {
  const { rows } = await asOwner(world.host, instance, (db) => db.query<{ count: number }>('select count(*)::int from partner'))
  return rows[0]!.count
}

test('restored, deleted, moved, migrated, rotated and backed up at once, an instance is afterwards in one state, with one open generation and all its rows', async () => {
  const { host } = world
  const before = await makeWorld(host, 'azure')
  const set = await runBackup(host, 'azure')
  await asOwner(host, before, (db) => db.query(`insert into partner (name) values ('of after the set')`))
  const erp = rehearsedErp(host)
  const final = async () => (await runBackup(host, 'azure', { class: 'final' })).id
  const works: Record<string, () => Promise<unknown>> = {
    restore: () => restoreOverLive(host, 'azure', { set: set.id, confirm: 'azure', erp }),
    'restore again': () => restoreOverLive(host, 'azure', { set: set.id, confirm: 'azure', erp }),
    migrate: () =>
      operation(host.db, before.uuid, 'migrate', async () => {
        await erp.migrate(await findInstance(host, 'azure'))
        await setApps(host, before.uuid, ['base'], '2')
      }),
    rotate: async () => rotateInstanceKey(host, before.uuid, await openStores(host.home, 'write'), erp),
    backup: () => runBackup(host, 'azure'),
    delete: () => deleteInstance(host, 'azure', { confirm: 'azure', by: 'ann', finalBackup: final }),
    move: () =>
      sendInstance(host, 'azure', {
        confirm: 'azure',
        invitation: openPaper(invite(target.host), 'erp4 invitation', ownFingerprint(target.host)),
        finalBackup: final,
      }),
  }
  const names = Object.keys(works)
  const ended = await Promise.allSettled(names.map((name) => works[name]!()))
  const failed = ended.flatMap((one, index) => (one.status === 'rejected' ? [[names[index]!, one.reason as Error] as const] : []))
  for (const [name, error] of failed)
    assert.ok(error instanceof OpsError && ['refused', 'busy'].includes(error.code), `${name}: ${error.message}`)
  assert.equal(failed.filter(([name]) => name === 'delete' || name === 'move').length, 1, 'it is deleted or it moves')

  const instance = await findInstance(host, 'azure')
  assert.ok(['deleted', 'moving'].includes(instance.state), instance.state)
  assert.ok((await listOperations(host, instance.uuid)).every(({ ended: end }) => end !== null))
  const { rows } = await host.db.query<{ open: string }>(
    `select datname as open from pg_database where starts_with(datname, $1) and datallowconn`,
    [instance.database.split('_g')[0]],
  )
  assert.deepEqual(
    rows.map(({ open }) => open),
    [instance.database],
  )
  await assert.rejects(
    withClient(await connectAs(host, instance, 'runtime'), async () => {}),
    { code: '42501' },
  )
  const isRestored = ended.some((one, index) => names[index]!.startsWith('restore') && one.status === 'fulfilled')
  assert.equal(await partners(instance), isRestored ? 50 : 51)

  if (instance.state === 'deleted') await undeleteInstance(host, 'azure')
  else await undoMove(host, 'azure', { isTargetGone: true })
  await withClient(await connectAs(host, instance, 'runtime'), (db) => db.query('select'))
  assert.equal((await runBackup(host, 'azure')).state, 'published')
})
