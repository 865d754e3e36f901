import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { asOwner, makeWorld, putFile } from '../backup/fixtures/world.ts'
import { runBackup } from '../backup/set.ts'
import { findInstance, type Instance } from '../instances.ts'
import { finishInterrupted } from '../interrupted.ts'
import { opens, rehearsedErp } from '../restore/fixtures/erp.ts'
import { faulty } from '../stores/fixtures/faulty.ts'
import { openStores } from '../stores/open.ts'
import type { StoreReader } from '../stores/store.ts'
import { startThrowawayCluster, type Throwaway } from '../throwaway.ts'
import { proveSet } from '../verify/prove.ts'
import { retireInstanceKeys, rotateInstanceKey, rotationFinishers } from './instance-rotation.ts'
import { listKeyObjects } from './objects.ts'

let world: Throwaway
let count = 0
// Its own: processes that hold locks of it are killed.
before(async () => (world = await startThrowawayCluster({ own: true })))
after(() => world.stop())

/** A live instance with two files. */
async function made(): Promise<Instance> {
  const instance = await makeWorld(world.host, `rotated-${++count}`)
  await asOwner(world.host, instance, async (db) => {
    for (const content of ['a recipe', 'a letter']) await putFile(world.host, instance, 'file', Buffer.from(content), db)
  })
  return instance
}

const present = ({ name }: Instance) => findInstance(world.host, name)
const rotate = async ({ uuid }: Instance) => rotateInstanceKey(world.host, uuid, await openStores(world.host.home, 'write'), erp())
const erp = () => rehearsedErp(world.host)
const finish = () => finishInterrupted(world.host, rotationFinishers(erp))

/** Which versions of its key open the instance's files: of each file, all that do. */
async function opening(instance: Instance): Promise<number[][]> {
  const { rows } = await asOwner(world.host, instance, (db) =>
    db.query<{ hash: string; wrapped: Buffer }>('select hash, wrapped_key as wrapped from blob order by hash'),
  )
  return rows.map(({ hash, wrapped }) =>
    world.host.keys
      .versions(instance.uuid)
      .filter((version) =>
        opens(world.host.keys.instanceKeys(instance.uuid, version).derive('files'), { instance: instance.uuid, name: hash }, wrapped),
      ),
  )
}

const objectsOf = async ({ uuid }: Instance) =>
  Promise.all((await openStores(world.host.home, 'read')).map((store: StoreReader) => listKeyObjects(store, uuid)))

test('a rotation takes the files along: the new version alone opens them, and older sets are proven as well as new ones', async () => {
  const instance = await made()
  const older = await runBackup(world.host, instance.name)
  const { version, rewrapped } = await rotate(instance)
  assert.deepEqual([version, rewrapped, (await present(instance)).keyVersion], [2, 2, 2])
  assert.deepEqual(await opening(instance), [[2], [2]])
  assert.deepEqual(await objectsOf(instance), [
    [1, 2],
    [1, 2],
    [1, 2],
  ])
  const newer = await runBackup(world.host, instance.name)
  for (const { id } of [older, newer]) {
    const { result, reason, files } = await proveSet(world.host, id)
    assert.deepEqual([result, reason, files.opened], ['pass', '', 2])
  }
})

test('with no location to take the new key, everything stays under the old one', async () => {
  const instance = await made()
  await assert.rejects(rotateInstanceKey(world.host, instance.uuid, [], erp()), { code: 'store_failed' })
  assert.deepEqual([world.host.keys.versions(instance.uuid), (await present(instance)).keyVersion], [[1], 1])
  assert.deepEqual(await opening(instance), [[1], [1]])
})

/** Rotates in a process of its own until it is `where`, and kills it there. */
async function kill({ uuid }: Instance, where: 'storing' | 'wrapping' | 'wrapped'): Promise<void> {
  const program = join(import.meta.dirname, 'fixtures', 'rotate.ts')
  const child = spawn(process.execPath, [program, world.host.home.dir, uuid, where], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'close')
}

for (const [where, result, version] of [
  ['storing', 'undone', 1],
  ['wrapping', 'done', 2],
  ['wrapped', 'done', 2],
] as const)
  test(`a rotation killed while ${where} is ${result} at the next start, and every file opens before and after`, async () => {
    const instance = await made()
    await kill(instance, where)
    assert.ok((await opening(instance)).every((versions) => versions.length === 1))
    await assert.rejects(runBackup(world.host, instance.name), { code: 'busy', message: /must be finished first/ })
    assert.deepEqual(
      (await finish()).map(({ record, result: how }) => [record.subject, how]),
      [[instance.uuid, result]],
    )
    assert.equal((await present(instance)).keyVersion, version)
    assert.deepEqual(await opening(instance), [[version], [version]])
    assert.deepEqual(await finish(), [])
    // The number of the one that was given up is not given again: a location may hold it.
    assert.equal((await rotate(instance)).version, 3)
    assert.deepEqual(await opening(instance), [[3], [3]])
  })

const retire = async ({ uuid }: Instance, readers?: readonly StoreReader[]) =>
  retireInstanceKeys(
    world.host,
    uuid,
    { readers: readers ?? (await openStores(world.host.home, 'read')), pruners: await openStores(world.host.home, 'prune') },
    erp(),
  )

test('an older key goes once no set needs it, from everywhere, and never while anything may still be sealed with it', async () => {
  const instance = await made()
  const set = await runBackup(world.host, instance.name)
  await rotate(instance)
  const untouched = async () => {
    assert.deepEqual(world.host.keys.versions(instance.uuid), [1, 2])
    assert.deepEqual(await objectsOf(instance), [
      [1, 2],
      [1, 2],
      [1, 2],
    ])
  }
  await assert.rejects(retire(instance), { code: 'retained' })
  await untouched()
  await world.host.db.query(`update operation set started = started - interval '11 minutes' where kind = 'rotate key'`)

  assert.deepEqual(await retire(instance), { retired: [], kept: [{ version: 1, sets: 1 }] })
  await untouched()

  await world.host.db.query(`update backup_set set state = 'pruned' where id = $1`, [set.id])
  const [first, ...others] = await openStores(world.host.home, 'read')
  const away = faulty(first!, { list: () => Promise.reject(new Error('no route')) })
  await assert.rejects(retire(instance, [away, ...others]), { code: 'store_failed', message: /no route/ })
  await untouched()

  await world.host.db.query(`update instance set legal_hold = 'court' where uuid = $1`, [instance.uuid])
  await assert.rejects(retire(instance), { code: 'legal_hold' })
  await untouched()
  await world.host.db.query('update instance set legal_hold = null where uuid = $1', [instance.uuid])

  // Put with the old key by a server that had not heard of the rotation.
  await asOwner(world.host, instance, (db) => putFile(world.host, { ...instance, keyVersion: 1 }, 'file', Buffer.from('late'), db))
  assert.deepEqual(await retire(instance), { retired: [1], kept: [] })
  assert.deepEqual(await objectsOf(instance), [[2], [2], [2]])
  assert.deepEqual(world.host.keys.versions(instance.uuid), [2])
  assert.deepEqual(await opening(instance), [[2], [2], [2]])
})
