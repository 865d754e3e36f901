import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import {
  connectAs,
  createInstance,
  listInstances,
  renameInstance,
  rotatePasswords,
  setHostNames,
  sweepInstances,
  type InstanceOrder,
} from './instances.ts'
import { demandHostName, demandInstanceName, demandZone } from './names.ts'
import { operation } from './operation.ts'
import { withClient } from './provision.ts'
import { HostTable } from './registry.ts'
import { ensureTemplate } from './templates.ts'
import { discardInstance, startThrowawayCluster, type Throwaway } from './throwaway.ts'

let world: Throwaway
let template: string

before(async () => {
  world = await startThrowawayCluster({ own: true })
  template = await ensureTemplate(world.host, { label: 'plain', apps: ['base'], fingerprint: '1' }, async () => {})
})
after(() => world.stop())

const order = (name: string, change: Partial<InstanceOrder<void>> = {}): InstanceOrder<void> => ({
  name,
  hosts: [`${name}.localhost`],
  apps: ['base'],
  release: '1',
  template,
  prepare: async () => {},
  ...change,
})

/** Everything of any instance that the cluster and the home hold, to see that nothing stays behind. */
async function traces(): Promise<unknown> {
  const { rows } = await world.host.db.query(
    `select (select count(*)::int from pg_database where datname like 'i\\_%') as databases, (select count(*)::int from pg_roles where rolname like 'i\\_%') as roles,
       (select count(*)::int from instance) as instances, (select count(*)::int from host_name) as hosts, (select count(*)::int from secret) as secrets,
       (select count(*)::int from operation_lock) as locks`,
  )
  return rows[0]
}

const eventually = async (holds: () => boolean) => {
  for (let tries = 0; !holds(); tries++) {
    assert.ok(tries < 15_000, 'did not come true within five minutes')
    await pause(20)
  }
}

for (const name of [
  '',
  'Demo',
  '-demo',
  'demo-',
  'de--mo',
  '1demo',
  "'; drop database postgres; --",
  'demo"',
  'démo',
  'デモ',
  'demo\n',
  'de mo',
  'demo.eu',
  '../demo',
  'localhost',
  'x'.repeat(41),
  '\u202edemo',
]) {
  test(`${JSON.stringify(name)} is no name of an instance`, async () => {
    const before = await traces()
    assert.throws(() => demandInstanceName(name), { code: 'name_invalid' })
    await assert.rejects(createInstance(world.host, order(name, { hosts: [] })), { code: 'name_invalid' })
    assert.deepEqual(await traces(), before)
  })
}

for (const host of [
  '',
  'Demo.localhost',
  'demo.localhost:8069',
  'demo.localhost.',
  '.localhost',
  '*.localhost',
  'de_mo',
  "';--",
  'ｄemo.localhost',
  '[::1]',
  'a'.repeat(64),
  'a..b',
]) {
  test(`${JSON.stringify(host)} is no host name`, async () => {
    assert.throws(() => demandHostName(host), { code: 'name_invalid' })
    await assert.rejects(createInstance(world.host, order('hosted', { hosts: [host] })), { code: 'name_invalid' })
  })
}

test('ordinary names and numeric hosts are taken', () => {
  for (const name of ['demo', 'main', 'azure-2', 'a']) demandInstanceName(name)
  for (const host of ['localhost', '127.0.0.1', 'demo.localhost', 'erp.example.com', 'xn--bcher-kva.example']) demandHostName(host)
})

test('time zones are names, not offsets, and those that nobody knows are refused', () => {
  for (const zone of ['UTC', 'Asia/Seoul', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Etc/GMT+9', 'America/Port-au-Prince'])
    demandZone(zone)
  for (const zone of ['', '+09:00', 'Seoul', 'Asia/Nowhere', "UTC'; drop", 'Asia/Seoul\n', '../Asia/Seoul'])
    assert.throws(() => demandZone(zone), { code: 'name_invalid' }, zone)
})

test('of two creates of the same name at once one succeeds, and the other leaves nothing', async () => {
  const before = await traces()
  const results = await Promise.allSettled([createInstance(world.host, order('twice')), createInstance(world.host, order('twice'))])
  assert.deepEqual(results.map((result) => result.status).sort(), ['fulfilled', 'rejected'])
  const failure = results.find((result) => result.status === 'rejected')!
  assert.equal(failure.reason.code, 'name_taken')
  await discardInstance(world.host, 'twice')
  assert.deepEqual(await traces(), before)
})

test('two creates of different names at once both succeed', async () => {
  const made = await Promise.all([createInstance(world.host, order('left')), createInstance(world.host, order('right'))])
  assert.notEqual(made[0].instance.database, made[1].instance.database)
  for (const name of ['left', 'right']) await discardInstance(world.host, name)
})

test('a host name belongs to one instance only', async () => {
  await createInstance(world.host, order('first-come', { hosts: ['shared.localhost'] }))
  const before = await traces()
  await assert.rejects(createInstance(world.host, order('second', { hosts: ['shared.localhost'] })), { code: 'name_taken' })
  assert.deepEqual(await traces(), before)
  await discardInstance(world.host, 'first-come')
})

test('an instance that cannot be prepared leaves nothing, in the cluster or in the home', async () => {
  const before = await traces()
  let uuid = ''
  const failing = order('unlucky', {
    prepare: async (instance) => {
      uuid = instance.uuid
      assert.ok(existsSync(join(world.host.home.keys, 'instances', uuid)))
      throw new Error('no first password')
    },
  })
  await assert.rejects(createInstance(world.host, failing), /no first password/)
  assert.deepEqual(await traces(), before)
  for (const place of [
    join(world.host.home.keys, 'instances', uuid),
    join(world.host.home.keys, 'host', uuid),
    join(world.host.home.files, uuid),
  ]) {
    assert.equal(existsSync(place), false, place)
  }
})

test('what a killed create left is swept away', async () => {
  const before = await traces()
  await createInstance(world.host, order('half'))
  await world.host.db.query("update instance set state = 'creating' where name = 'half'")
  assert.deepEqual(await sweepInstances(world.host), ['half'])
  assert.deepEqual(await traces(), before)
})

test('a template is built once, by one of two at once, and again when its fingerprint changes', async () => {
  const built: string[] = []
  const ask = (fingerprint: string) =>
    ensureTemplate(world.host, { label: 'once', apps: ['base'], fingerprint }, async () => void built.push(fingerprint))
  const names = await Promise.all([ask('1'), ask('1')])
  assert.deepEqual([names[0] === names[1], built], [true, ['1']])
  const next = await ask('2')
  assert.notEqual(next, names[0])
  assert.deepEqual(built, ['1', '2'])
  const { rows } = await world.host.db.query('select datname from pg_database where datname = any($1)', [[names[0], next]])
  assert.deepEqual(rows, [{ datname: next }], 'the stale one is gone')
})

test('a template whose building failed is built anew, and one that its builder owns is refused', async () => {
  const order = { label: 'broken', apps: ['base'], fingerprint: '1' }
  await assert.rejects(
    ensureTemplate(world.host, order, async () => {
      throw new Error('half way')
    }),
    /half way/,
  )
  const own = ensureTemplate(world.host, order, (config) =>
    withClient(config, async (db) => void (await db.query('create table mine (id int)'))),
  )
  await assert.rejects(own, /belongs in part to its builder.*mine/)
  assert.ok(await ensureTemplate(world.host, order, async () => {}))
})

test('operations on one subject come one after the other, and a dead holder lets go', async () => {
  const events: string[] = []
  const work = (name: string) => async () => {
    events.push(`${name} begins`)
    await pause(50)
    events.push(`${name} ends`)
  }
  await Promise.all([operation(world.host.db, 'subject', 'test', work('one')), operation(world.host.db, 'subject', 'test', work('two'))])
  assert.equal(events[0]!.split(' ')[0], events[1]!.split(' ')[0])
  const [held, mayEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const hold = operation(world.host.db, 'held', 'test', () => (held.resolve(), mayEnd.promise))
  await held.promise
  await assert.rejects(
    operation(world.host.db, 'held', 'test', async () => {}, { waitMs: 100 }),
    { code: 'busy' },
  )
  mayEnd.resolve()
  await hold
  await world.host.db.query("insert into operation_lock values ('dead', 0, 'test', 'nobody', now() + interval '200 ms')")
  await operation(world.host.db, 'dead', 'test', async () => {}, { waitMs: 300_000 })

  const killed = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  const start = readFileSync(`/proc/${killed.pid}/stat`, 'utf8').split(' ')[21]
  await world.host.db.query("insert into operation_lock values ('killed', 0, 'test', $1, now() + interval '1 hour')", [
    `${hostname()}/${killed.pid}/${start}`,
  ])
  await assert.rejects(
    operation(world.host.db, 'killed', 'test', async () => {}, { waitMs: 200 }),
    { code: 'busy' },
  )
  killed.kill('SIGKILL')
  await once(killed, 'exit')
  await operation(world.host.db, 'killed', 'test', async () => {}, { waitMs: 200 })
})

test('servers hear of new, renamed and deleted instances, keep the same object for an unchanged one, and come back after a loss', async () => {
  const { host, cluster } = world
  let losses = 0
  const table = await HostTable.open(cluster.config('erp4_host', 'erp4_server', host.keys.login('erp4_server')!), { lost: () => losses++ })
  try {
    assert.equal(table.find('heard.localhost'), undefined)
    const { instance } = await createInstance(host, order('heard'))
    await eventually(() => table.find('heard.localhost') !== undefined)
    const first = table.find('heard.localhost')
    for (const other of ['HEARD.localhost', 'x.heard.localhost', 'heard.localhost.', 'localhost', ''])
      assert.equal(table.find(other), undefined, other)

    await createInstance(host, order('other'))
    await eventually(() => table.find('other.localhost') !== undefined)
    assert.equal(table.find('heard.localhost'), first)

    await renameInstance(host, 'heard', 'listened')
    await setHostNames(host, 'listened', ['listened.localhost', '127.0.0.9'])
    await eventually(() => table.find('127.0.0.9')?.name === 'listened')
    assert.equal(table.find('heard.localhost'), undefined)

    const namesOf = (instances: readonly { name: string }[]) => instances.map(({ name }) => name)
    assert.deepEqual(namesOf(await table.activeInstances()), ['listened', 'other'], 'what was written while they were made is sealed')
    assert.deepEqual(await table.instancesToVisit(), [])
    await host.db.query("update instance set created = now() - interval '1 day'")
    assert.deepEqual(await table.activeInstances(), [])
    await table.markActive(instance.uuid)
    assert.deepEqual(namesOf(await table.activeInstances()), ['listened'])
    await assert.rejects(table.secret(instance.uuid, 'seal'), { code: 'not_found' })
    assert.equal(await table.kindOf(instance.uuid), 'live')

    await host.db.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'erp4_server'")
    await eventually(() => losses === 1)
    assert.equal(table.find('127.0.0.9')?.name, 'listened', 'the last known table serves on')
    await discardInstance(host, 'listened')
    await eventually(() => table.find('127.0.0.9') === undefined)
  } finally {
    await table.close()
    await discardInstance(host, 'other')
  }
  assert.deepEqual(await listInstances(host), [])
})

test('new passwords open the roles and the old ones do not, and a connection that is open stays', async () => {
  const { instance } = await createInstance(world.host, order('rotated'))
  const roles = ['owner', 'runtime', 'seal'] as const
  const old = await Promise.all(roles.map((role) => connectAs(world.host, instance, role)))
  await withClient(old[1]!, async (db) => {
    await rotatePasswords(world.host, 'rotated')
    assert.equal((await db.query('select 1 as one')).rows[0].one, 1)
  })
  for (const config of old)
    await assert.rejects(
      withClient(config, (db) => db.query('select 1')),
      { code: '28P01' },
    )
  for (const role of roles) await withClient(await connectAs(world.host, instance, role), (db) => db.query('select 1'))
  await assert.rejects(rotatePasswords(world.host, 'nobody'), { code: 'not_found' })
  await discardInstance(world.host, 'rotated')
})

test('after a crash an instance draws no number that its records have', async () => {
  const builder = await ensureTemplate(world.host, { label: 'numbered', apps: ['base'], fingerprint: '1' }, (config) =>
    withClient(config, async (db) => {
      await db.query('set role pg_database_owner')
      await db.query('create table ticket (id int generated always as identity primary key)')
      await db.query('insert into ticket default values')
    }),
  )
  const { instance } = await createInstance(world.host, order('numbered', { template: builder }))
  const draw = async () =>
    withClient(await connectAs(world.host, instance, 'owner'), async (db) => {
      await db.query('set role pg_database_owner')
      await db.query('set synchronous_commit = on') // throw-away clusters forget otherwise
      return (await db.query<{ id: number }>('insert into ticket default values returning id')).rows[0]!.id
    })
  assert.deepEqual([await draw(), await draw()], [2, 3])
  const { cluster } = world
  const { pid } = cluster.status() as { pid: number }
  process.kill(pid, 'SIGKILL')
  await eventually(() => !cluster.status().running)
  await cluster.start()
  assert.ok((await draw()) > 3)
})
