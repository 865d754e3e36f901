import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { asOwner, makeWorld, putFile } from './backup/fixtures/world.ts'
import { relativePath } from './backup/snapshot.ts'
import {
  connectAs,
  findInstance,
  listInstances,
  rotatePasswords,
  suspendInstance,
  resumeInstance,
  sweepInstances,
  type Instance,
} from './instances.ts'
import { duplicateInstance, type CopyOrder } from './instances-copy.ts'
import { dropCopy } from './instances-deletion.ts'
import { finishInterrupted } from './interrupted.ts'
import { operation } from './operation.ts'
import { withClient } from './provision.ts'
import { HostTable } from './registry.ts'
import { discardInstance, startThrowawayCluster, type Throwaway } from './throwaway.ts'

let world: Throwaway
let azure: Instance
let file: string

before(async () => {
  world = await startThrowawayCluster({ own: true })
  azure = await makeWorld(world.host, 'azure')
  file = await asOwner(world.host, azure, (db) => putFile(world.host, azure, 'letter', Buffer.from('to be copied'), db))
})
after(() => world.stop())

const order = (name: string, change: Partial<CopyOrder> = {}): CopyOrder => ({
  name,
  hosts: [`${name}.localhost`],
  release: '2',
  days: 14,
  tasks: { migrate: async () => {}, neutralise: async () => {} },
  ...change,
})

/** Everything of any instance in the cluster and the home. */
async function traces(): Promise<unknown> {
  const { rows } = await world.host.db.query(
    `select (select count(*)::int from pg_database where datname like 'i\\_%') as databases, (select count(*)::int from pg_roles where rolname like 'i\\_%') as roles,
       (select count(*)::int from instance) as instances, (select count(*)::int from host_name) as hosts, (select count(*)::int from secret) as secrets`,
  )
  const { home } = world.host
  return { ...rows[0], keys: readdirSync(join(home.keys, 'instances')).length, files: readdirSync(home.files).length }
}

const partners = (instance: Instance): Promise<{ count: number; last: string }> =>
  asOwner(world.host, instance, async (db) => {
    const { rows } = await db.query('select count(*)::int as count, max(id)::text as last from partner')
    return rows[0]
  })

test('a copy holds what its original held at one moment, has keys, roles and files of its own, and was a copy before it could be reached', async () => {
  const seen: string[] = []
  const table = await HostTable.open(world.cluster.config('erp4_host', 'erp4_server', world.host.keys.login('erp4_server')!))
  const look = (task: string) => async (copy: Instance) => {
    seen.push(`${task}: ${copy.kind}, ${copy.state}, of ${copy.copyOfName}`)
    assert.equal(table.find('azure-copy.localhost'), undefined, 'nobody is served yet')
    // What the original gets from here on, the copy does not.
    await asOwner(world.host, azure, (db) => db.query(`insert into partner (name) values ('later')`))
  }
  const tasks = { migrate: look('migrate'), neutralise: look('neutralise') }
  const before = await partners(azure)
  const copy = await duplicateInstance(world.host, 'azure', order('azure-copy', { tasks }))
  assert.deepEqual(seen, ['migrate: copy, creating, of azure', 'neutralise: copy, creating, of azure'])
  assert.deepEqual([copy.kind, copy.state, copy.copyOf, copy.release, copy.zone], ['copy', 'ready', azure.uuid, '2', azure.zone])
  assert.ok(Math.abs(copy.expires!.getTime() - Date.now() - 14 * 86_400_000) < 3_600_000)
  assert.deepEqual(await partners(copy), before)
  assert.equal((await partners(azure)).count, before.count + 2)

  const [theirs, ours] = [azure, copy].map(({ uuid }) => join(world.host.home.files, uuid, relativePath(file)))
  assert.equal(statSync(ours!).size, statSync(theirs!).size)
  assert.equal(statSync(join(world.host.home.files, copy.uuid)).mode & 0o777, 0o700)
  assert.notDeepEqual(world.host.keys.everyVersion(copy.uuid, 'files'), world.host.keys.everyVersion(azure.uuid, 'files'))
  const runtime = await connectAs(world.host, copy, 'runtime')
  await assert.rejects(
    withClient({ ...runtime, database: azure.database }, async () => {}),
    { code: '42501' },
  )

  // Sequences go on where they were: a new row gets a number of its own.
  await asOwner(world.host, copy, (db) => db.query(`insert into partner (name) values ('new here')`))
  for (let tries = 0; !table.find('azure-copy.localhost') && tries < 15_000; tries++) await pause(20)
  assert.equal(table.find('azure-copy.localhost')!.copyOfName, 'azure')
  await Promise.all([azure, copy].map(({ uuid }) => table.markActive(uuid)))
  assert.deepEqual(
    (await table.instancesToVisit()).map(({ name }) => name),
    ['azure'],
    'no worker visits a copy',
  )

  await dropCopy(world.host, 'azure-copy', 'azure-copy')
  assert.ok(existsSync(theirs!), 'the original keeps its files')
  await table.close()
})

test('a suspended instance is no work for anybody, and stays known to its servers', async () => {
  const table = await HostTable.open(world.cluster.config('erp4_host', 'erp4_server', world.host.keys.login('erp4_server')!))
  const isSuspended = () => table.find('azure.localhost')!.suspended !== null
  const eventually = async (wanted: boolean) => {
    for (let tries = 0; isSuspended() !== wanted; tries++) {
      assert.ok(tries < 15_000, 'not heard of within five minutes')
      await pause(20)
    }
  }
  await table.markActive(azure.uuid)
  await suspendInstance(world.host, 'azure')
  await eventually(true)
  assert.deepEqual([await table.instancesToVisit(), await table.kindOf(azure.uuid)], [[], undefined])
  assert.deepEqual((await table.activeInstances()).length, 1, 'what it wrote before is sealed')
  await resumeInstance(world.host, 'azure')
  await eventually(false)
  assert.equal((await table.instancesToVisit()).length, 1)
  assert.equal(await table.kindOf(azure.uuid), 'live')
  await table.close()
})

for (const [what, change] of [
  ['cannot be migrated', { tasks: { migrate: () => Promise.reject(new Error('no')), neutralise: async () => {} } }],
  ['cannot be neutralised', { tasks: { migrate: async () => {}, neutralise: () => Promise.reject(new Error('no')) } }],
] as const) {
  test(`of a copy that ${what} nothing stays`, async () => {
    const before = await traces()
    await assert.rejects(duplicateInstance(world.host, 'azure', order('failing', change)), /^Error: no$/)
    assert.deepEqual(await traces(), before)
  })
}

test('an instance whose file is missing is not copied, nor one that is not ready, and names are looked at first', async () => {
  const lost = await makeWorld(world.host, 'lost')
  const name = await asOwner(world.host, lost, (db) => putFile(world.host, lost, 'gone', Buffer.from('x'), db))
  rmSync(join(world.host.home.files, lost.uuid, relativePath(name)))
  const before = await traces()
  await assert.rejects(duplicateInstance(world.host, 'lost', order('lost-copy')), { code: 'set_damaged' })
  await assert.rejects(duplicateInstance(world.host, 'azure', order('lost')), { code: 'name_taken' })
  await assert.rejects(duplicateInstance(world.host, 'azure', order('Lost')), { code: 'name_invalid' })
  await assert.rejects(duplicateInstance(world.host, 'nobody', order('copy')), { code: 'not_found' })
  assert.deepEqual(await traces(), before)
  await discardInstance(world.host, 'lost')
})

test('a source that dies while it is read leaves no copy', async () => {
  const before = await traces()
  const tell = (step: string): void => {
    if (step !== 'Copying the database') return
    const kill = async (): Promise<void> => {
      const { rowCount } = await world.host.db.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and application_name = 'erp4 backup' and query not like '%advisory%'`,
        [azure.database],
      )
      if (!rowCount) return void setTimeout(() => void kill(), 5)
    }
    void kill()
  }
  await assert.rejects(duplicateInstance(world.host, 'azure', order('broken', { tell })))
  assert.deepEqual(await traces(), before)
})

for (const step of ['Copying the database', 'Copying the files', 'Comparing with the original', 'Neutralising']) {
  test(`a copy killed at "${step}" is swept away, and its original is free at once`, async () => {
    const before = await traces()
    const program = join(import.meta.dirname, 'fixtures', 'duplicate.ts')
    const child = spawn(process.execPath, [program, world.host.home.dir, 'azure', 'killed', step], { stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    child.stdout.on('data', (piece: Buffer) => (said += piece.toString()))
    while (!said.includes(step) && child.exitCode === null) await pause(20)
    assert.deepEqual(await sweepInstances(world.host), [], 'one that is being made is left alone')
    child.kill('SIGKILL')
    await once(child, 'exit')
    assert.deepEqual(
      (await finishInterrupted(world.host, {})).map(({ record, result }) => [record.kind, result]),
      [
        ['create', 'interrupted'],
        ['duplicate', 'interrupted'],
      ],
    )
    assert.deepEqual(await sweepInstances(world.host), ['killed'])
    assert.deepEqual(await traces(), before)
    await operation(world.host.db, azure.uuid, 'other', async () => {}, { waitMs: 0 })
  })
}

test('with all that, the original is as it was', async () => {
  assert.equal((await findInstance(world.host, 'azure')).state, 'ready')
  assert.deepEqual(
    (await listInstances(world.host)).map(({ name }) => name),
    ['azure'],
  )
  await rotatePasswords(world.host, 'azure')
  await withClient(await connectAs(world.host, azure, 'runtime'), (db) => db.query('select count(*) from partner'))
})
