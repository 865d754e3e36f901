import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openLine } from '../evidence/record.ts'
import { startHost, type Host } from '../host.ts'
import { withClient } from '../provision.ts'
import { newPassword, scramVerifier } from '../scram.ts'
import { openStores } from '../stores/open.ts'
import type { StorePruner, StoreReader } from '../stores/store.ts'
import { startThrowawayCluster, type Throwaway } from '../throwaway.ts'
import { rotateHostLogins } from './logins.ts'
import { listKeyObjects, publishKeyObjects, readKeyObject } from './objects.ts'
import { rotateRoot } from './rotation.ts'
import { certifyShreddings, copiesLiveDays, listShreddings, shredInstanceKeys, waitsFor, type Shredding } from './shredding.ts'

let world: Throwaway
let host: Host
// Its own: passwords of the host's roles are changed under it.
before(async () => {
  world = await startThrowawayCluster({ own: true })
  host = world.host
})
after(() => world.stop())

const dayMs = 86_400_000
const later = (days: number) => new Date(Date.now() + days * dayMs)

/** A row of the registry, its key, and the key's objects in every location. */
async function made(): Promise<string> {
  const uuid = randomUUID()
  await host.db.query(`insert into instance (uuid, name, state, delete_after) values ($1, $2, 'deleted', now())`, [
    uuid,
    `i-${uuid.slice(0, 8)}`,
  ])
  host.keys.createInstanceKey(uuid)
  await publishKeyObjects(host.home, uuid, await openStores(host.home, 'write'))
  return uuid
}
const pruners = () => openStores(host.home, 'prune')
const objectsOf = async (uuid: string) =>
  Promise.all((await openStores(host.home, 'read')).map((store: StoreReader) => listKeyObjects(store, uuid)))
const everywhere = [[1], [1], [1]]

for (const [name, hold] of [
  ['an instance', `update instance set legal_hold = 'court' where uuid = $1`],
  [
    'one of its sets',
    `insert into backup_set (id, instance, class, state, seq, hold) values ('01K6Z3V5Q8N4T2R7XW9YB0CDEF', $1, 'manual', 'published', 1, true)`,
  ],
] as const) {
  test(`a legal hold on ${name} refuses shredding, and no key is touched`, async () => {
    const uuid = await made()
    await host.db.query(hold, [uuid])
    await assert.rejects(shredInstanceKeys(host, uuid, await pruners()), { code: 'legal_hold' })
    assert.deepEqual(await objectsOf(uuid), everywhere)
    assert.ok(host.keys.backupKey(uuid))
    assert.deepEqual(
      listShreddings(host.home).filter(({ instance }) => instance === uuid),
      [],
    )
  })
}

test('shredded keys are gone everywhere, are stored nowhere again, and are certified when no copy can be left', async () => {
  const uuid = await made()
  const root = host.keys.root
  const shredding = await shredInstanceKeys(host, uuid, await pruners())
  assert.deepEqual(await objectsOf(uuid), [[], [], []])
  assert.throws(() => host.keys.backupKey(uuid), { code: 'key_missing' })
  for (const place of ['instances', 'host']) assert.ok(!existsSync(join(host.home.keys, place, uuid)))
  await assert.rejects(readKeyObject(await openStores(host.home, 'read'), root, uuid, 1), { code: 'not_found' })
  assert.deepEqual(
    (await publishKeyObjects(host.home, uuid, await openStores(host.home, 'write'))).map(({ error }) => error?.code),
    ['refused', 'refused', 'refused'],
  )

  assert.equal(waitsFor(host.home, shredding).length, 5, 'three trashes, copies of the home, the root key')
  assert.deepEqual(waitsFor(host.home, shredding, later(10)).length, 2)
  const end = later(copiesLiveDays + 1)
  assert.deepEqual(waitsFor(host.home, shredding, end), ['the root key has not been rotated since: erp4 keys rotate root'])
  assert.deepEqual(certifyShreddings(host, end), [])

  const [readers, writers] = await Promise.all([openStores(host.home, 'read'), openStores(host.home, 'write')])
  const prune = await pruners()
  await rotateRoot(
    host,
    readers.map((reader, index) => ({ reader, writer: writers[index]!, pruner: prune[index]! })),
  )
  assert.deepEqual(await objectsOf(uuid), [[], [], []], 'the rotation does not bring it back')
  assert.deepEqual(certifyShreddings(host, later(10)), [], 'not before its dates')
  const [certified] = certifyShreddings(host, end)
  assert.equal(certified!.shredding.instance, uuid)
  const opened = openLine<Shredding>(certified!.certificate, (id) => host.keys.trustedKey(id))
  assert.ok(!('fault' in opened) && opened.payload.done === end.toISOString())
  assert.equal(readFileSync(join(host.home.keys, 'shredded', `${uuid}.certificate`), 'utf8'), certified!.certificate)
  assert.deepEqual(certifyShreddings(host, end), [], 'once')
})

test('a location that is away stops a shredding before the host forgets the keys, and a second run ends it', async () => {
  const uuid = await made()
  const all = await pruners()
  const away = Object.create(all[1]!, { delete: { value: () => Promise.reject(new Error('no route')) } }) as StorePruner
  await assert.rejects(shredInstanceKeys(host, uuid, [all[0]!, away, all[2]!]), { code: 'store_failed', message: /us-1/ })
  assert.deepEqual(await objectsOf(uuid), [[], [1], []])
  assert.ok(host.keys.backupKey(uuid), 'the host still has them')
  const begun = listShreddings(host.home).find(({ instance }) => instance === uuid)!
  assert.equal(begun.hostRemoved, null)
  assert.ok(waitsFor(host.home, begun, later(400)).includes('its key objects have not gone from every location'))
  const done = await shredInstanceKeys(host, uuid, all)
  assert.equal(done.asked, begun.asked)
  assert.deepEqual(Object.keys(done.locations).sort(), ['ap-1', 'eu-1', 'us-1'])
  assert.deepEqual(await objectsOf(uuid), [[], [], []])
})

const tryLogin = (login: string, password: string) =>
  withClient(host.cluster.config('erp4_host', login, password), (db) => db.query('select 1'))

test("the host's own roles get new passwords, and whoever opens a connection uses them", async () => {
  const old = host.keys.login('erp4_server')!
  await rotateHostLogins(host)
  assert.notEqual(host.keys.login('erp4_server'), old)
  await assert.rejects(tryLogin('erp4_server', old), { code: '28P01' })
  await tryLogin('erp4_server', host.keys.login('erp4_server')!)
  // More connections than the pool had before.
  await Promise.all(Array.from({ length: 4 }, () => host.db.query('select pg_sleep(0.05)')))
  assert.equal(host.keys.login('erp4_server.next'), undefined)
})

test('a rotation killed before or after PostgreSQL had the new password is settled by the next start', async () => {
  const old = host.keys.login('erp4_sealer')!
  const fresh = newPassword()
  host.keys.sealLogin('erp4_sealer.next', fresh)
  const again = async () => (await startHost(host.home, { throwaway: true })).host.close()
  await again()
  assert.equal(host.keys.login('erp4_sealer'), old, 'PostgreSQL never heard of the new one')
  await withClient(host.cluster.config('postgres', 'postgres', host.keys.login('postgres')!), (db) =>
    db.query(`alter role erp4_sealer password '${scramVerifier(fresh)}'`),
  )
  await again()
  assert.equal(host.keys.login('erp4_sealer'), fresh)
  await tryLogin('erp4_sealer', fresh)
})
