import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { connectAs, createInstance, findInstance, renameInstance, sweepInstances, type Instance, type InstanceOrder } from './instances.ts'
import {
  deleteInstance,
  deletionFinishers,
  dropCopy,
  dueDeletions,
  finishDeletion,
  holdInstance,
  releaseInstance,
  undeleteInstance,
  type DeletionOrder,
} from './instances-deletion.ts'
import { finishInterrupted, listOperations } from './interrupted.ts'
import { listKeyObjects, publishKeyObjects } from './keys/objects.ts'
import { withClient } from './provision.ts'
import { HostTable } from './registry.ts'
import { openStores } from './stores/open.ts'
import { ensureTemplate } from './templates.ts'
import { discardInstance, startThrowawayCluster, type Throwaway } from './throwaway.ts'

let world: Throwaway
let template: string

before(async () => {
  world = await startThrowawayCluster({ own: true })
  template = await ensureTemplate(world.host, { label: 'plain', apps: ['base'], fingerprint: '1' }, async () => {})
})
after(() => world.stop())

async function make(name: string, change: Partial<InstanceOrder<void>> = {}): Promise<Instance> {
  const order = { name, hosts: [`${name}.localhost`], apps: ['base'], release: '1', template, prepare: async () => {}, ...change }
  const { instance } = await createInstance(world.host, order)
  return instance
}

const sql = (text: string, ...values: unknown[]) => world.host.db.query(text, values)
const signIn = async (instance: Instance, work = (db: pg.Client): Promise<unknown> => db.query('select 1')) =>
  withClient(await connectAs(world.host, instance, 'runtime'), work)
const order = (name: string, change: Partial<DeletionOrder> = {}): DeletionOrder => ({
  confirm: name,
  by: 'ann',
  finalBackup: async () => 'set 1',
  ...change,
})
/** As if nothing had been deleted or removed lately. */
const forget = () => sql(`update operation set started = started - interval '2 hours'`)
const expire = ({ uuid }: Instance) => sql(`update instance set delete_after = now() - interval '1 second' where uuid = $1`, uuid)
const exists = async ({ uuid, database }: Instance) => {
  const { rows } = await sql(
    `select exists (select from pg_database where datname = $1) as database, exists (select from pg_roles where rolname = $2) as owner`,
    database,
    `i_${uuid.replaceAll('-', '')}_owner`,
  )
  const { home } = world.host
  return { ...rows[0], files: existsSync(join(home.files, uuid)), keys: existsSync(join(home.keys, 'instances', uuid)) }
}
const whole = { database: true, owner: true, files: true, keys: true }
const gone = { database: false, owner: false, files: false, keys: false }

test('an instance is deleted only when its name is typed once more; nobody writes after the final backup began, and all comes back', async () => {
  await forget()
  const instance = await make('going')
  const table = await HostTable.open(world.cluster.config('erp4_host', 'erp4_server', world.host.keys.login('erp4_server')!))
  let asked = 0
  for (const confirm of [undefined, '', 'goin', 'GOING'])
    await assert.rejects(deleteInstance(world.host, 'going', order('going', { confirm, finalBackup: async () => String(asked++) })), {
      code: 'not_confirmed',
    })
  assert.deepEqual([asked, (await findInstance(world.host, 'going')).state], [0, 'ready'])

  const sleeping = assert.rejects(
    signIn(instance, (db) => db.query('select pg_sleep(36000)')),
    { code: '57P01' },
  )
  while ((await sql(`select from pg_stat_activity where query = 'select pg_sleep(36000)'`)).rowCount === 0) await pause(10)
  const finalBackup: DeletionOrder['finalBackup'] = async (deleted, op) => {
    assert.deepEqual([deleted.state, op.kind], ['deleted', 'delete'])
    await sleeping
    await assert.rejects(signIn(instance), { code: '42501' })
    // The owner, as whom a backup is made, still gets in.
    await withClient(await connectAs(world.host, instance, 'owner'), (db) => db.query('select 1'))
    return 'set 1'
  }
  const { deleteAfter, set } = await deleteInstance(world.host, 'going', order('going', { finalBackup }))
  assert.equal(set, 'set 1')
  const days = (deleteAfter.getTime() - Date.now()) / 86_400_000
  assert.ok(days > 29.9 && days <= 30, `${days} days`)
  assert.deepEqual([table.find('going.localhost'), await table.kindOf(instance.uuid)], [undefined, undefined])
  assert.deepEqual(await exists(instance), whole)
  assert.deepEqual(await sweepInstances(world.host), [], 'a start leaves it alone')
  await assert.rejects(make('going', { hosts: [] }), { code: 'name_taken' })
  await assert.rejects(deleteInstance(world.host, 'going', order('going')), { code: 'refused' })
  await assert.rejects(signIn(instance), { code: '42501' })

  await undeleteInstance(world.host, 'going')
  await signIn(instance)
  assert.deepEqual(await findInstance(world.host, 'going'), instance)
  await assert.rejects(undeleteInstance(world.host, 'going'), { code: 'refused' })
  await table.close()
  await discardInstance(world.host, 'going')
})

test('without a final backup nothing is deleted', async () => {
  await forget()
  const instance = await make('unsaved')
  const failing = order('unsaved', { finalBackup: () => Promise.reject(new Error('no store answers')) })
  await assert.rejects(deleteInstance(world.host, 'unsaved', failing), /no store answers/)
  assert.deepEqual(await findInstance(world.host, 'unsaved'), instance)
  await signIn(instance)
  await discardInstance(world.host, 'unsaved')
})

for (const [state, finishes] of [
  ['closing', 'undone'],
  ['backing up', 'undone'],
  ['deleted', 'done'],
] as const) {
  test(`a deletion killed at "${state}" is ${finishes} at the next start`, async () => {
    await forget()
    const instance = await make('killed')
    await deleteInstance(world.host, 'killed', order('killed'))
    // As the killed process would have left it: the record not ended, its holder gone, its lock run out.
    await sql(
      `update operation set ended = null, result = null, state = $2, holder = 'nobody' where subject = $1 and kind = 'delete'`,
      instance.uuid,
      state,
    )
    await assert.rejects(renameInstance(world.host, 'killed', 'other'), { code: 'busy' })
    const results = (await finishInterrupted(world.host, deletionFinishers)).map(({ result }) => result)
    assert.deepEqual(results, [finishes])
    assert.equal((await findInstance(world.host, 'killed')).state, finishes === 'undone' ? 'ready' : 'deleted')
    await (finishes === 'undone' ? signIn(instance) : assert.rejects(signIn(instance), { code: '42501' }))
    await discardInstance(world.host, 'killed')
  })
}

test('when its 30 days are over, and not before, an instance is removed with its keys, once they are shredded elsewhere', async () => {
  await forget()
  const instance = await make('over')
  writeFileSync(join(world.host.home.files, instance.uuid, 'a-file'), 'x')
  await deleteInstance(world.host, 'over', order('over'))
  const shredded: string[] = []
  const shred = async (_host: unknown, { uuid }: { uuid: string }) => void shredded.push(uuid)
  assert.deepEqual(await dueDeletions(world.host), [])
  await assert.rejects(finishDeletion(world.host, await findInstance(world.host, 'over'), shred), { code: 'retained' })
  assert.deepEqual([shredded, await exists(instance)], [[], whole])

  await expire(instance)
  const [due, ...more] = await dueDeletions(world.host)
  assert.deepEqual([due!.name, more], ['over', []])
  await assert.rejects(
    finishDeletion(world.host, due!, () => Promise.reject(new Error('the store is away'))),
    /store is away/,
  )
  assert.deepEqual(await exists(instance), whole)
  await finishDeletion(world.host, due!, shred)
  assert.deepEqual([shredded, await exists(instance)], [[instance.uuid], gone])
  await assert.rejects(findInstance(world.host, 'over'), { code: 'not_found' })
  assert.equal((await listOperations(world.host, instance.uuid))[0]!.kind, 'erase', 'its records stay')
})

for (const [state, finishes] of [
  ['begun', 'undone'],
  ['shredding', 'done'],
  ['removing', 'done'],
] as const) {
  test(`a removal killed at "${state}" is ${finishes} at the next start, and cannot be taken back once it destroys keys`, async () => {
    await forget()
    const instance = await make('dying')
    await deleteInstance(world.host, 'dying', order('dying'))
    await expire(instance)
    await sql(
      `insert into operation (subject, kind, holder, state, must_finish) values ($1, 'erase', 'nobody', $2, true)`,
      instance.uuid,
      state,
    )
    await assert.rejects(undeleteInstance(world.host, 'dying'), { code: 'busy' })
    const results = (await finishInterrupted(world.host, deletionFinishers)).map(({ result }) => result)
    assert.deepEqual(results, [finishes])
    assert.deepEqual(await exists(instance), finishes === 'undone' ? whole : gone)
    if (finishes === 'undone') await discardInstance(world.host, 'dying')
  })
}

test('keys of a removed instance are destroyed in the locations of its backups too', async () => {
  await forget()
  const instance = await make('stored')
  const writers = await openStores(world.host.home, 'write')
  await publishKeyObjects(world.host.home, instance.uuid, writers)
  const places = () => Promise.all(writers.map((writer) => listKeyObjects(writer, instance.uuid)))
  assert.deepEqual(await places(), [[1], [1], [1]])
  await deleteInstance(world.host, 'stored', order('stored'))
  await expire(instance)
  const [due] = await dueDeletions(world.host)
  await finishDeletion(world.host, due!)
  assert.deepEqual(await places(), [[], [], []])
  assert.deepEqual(await exists(instance), gone)
})

test('a legal hold refuses every way of removing, and releasing it lets the clock go on', async () => {
  await forget()
  const instance = await make('held')
  await assert.rejects(holdInstance(world.host, 'held', ' '), { code: 'refused' })
  await holdInstance(world.host, 'held', 'Azure v. Bakery')
  await assert.rejects(deleteInstance(world.host, 'held', order('held')), { code: 'legal_hold', message: /Azure v\. Bakery/ })
  assert.deepEqual((await findInstance(world.host, 'held')).state, 'ready')
  await releaseInstance(world.host, 'held')
  await deleteInstance(world.host, 'held', order('held'))
  await expire(instance)
  const [due] = await dueDeletions(world.host)
  await holdInstance(world.host, 'held', 'Azure v. Bakery')
  assert.deepEqual(await dueDeletions(world.host), [])
  await assert.rejects(
    finishDeletion(world.host, due!, async () => assert.fail('shredded')),
    { code: 'retained' },
  )
  assert.deepEqual(await exists(instance), whole)

  const copy = await make('held-copy', { kind: 'copy', days: 0 })
  await holdInstance(world.host, 'held-copy', 'evidence')
  await assert.rejects(dropCopy(world.host, 'held-copy', 'held-copy'), { code: 'legal_hold' })
  assert.deepEqual([await dueDeletions(world.host), await exists(copy)], [[], whole])
  for (const name of ['held', 'held-copy']) await discardInstance(world.host, name)
})

test('a fourth deletion within an hour needs a second operator, and the agent removes three an hour', async () => {
  await forget()
  const names = ['one', 'two', 'three', 'four']
  const made = await Promise.all(names.map((name) => make(name)))
  const results = await Promise.allSettled(names.map((name) => deleteInstance(world.host, name, order(name))))
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 3)
  const spared = names[results.findIndex(({ status }) => status === 'rejected')]!
  for (const secondOperator of [undefined, '', 'ann'])
    await assert.rejects(deleteInstance(world.host, spared, order(spared, { secondOperator })), { code: 'refused' })
  assert.equal((await findInstance(world.host, spared)).state, 'ready')
  await deleteInstance(world.host, spared, order(spared, { secondOperator: 'bob' }))
  const [record] = (await listOperations(world.host, (await findInstance(world.host, spared)).uuid)).filter(
    ({ result }) => result === 'done',
  )
  assert.deepEqual([record!.detail['by'], record!.detail['second_operator']], ['ann', 'bob'])

  for (const one of made) await expire(one)
  const due = await dueDeletions(world.host)
  assert.equal(due.length, 4)
  for (const one of due.slice(0, 3)) await finishDeletion(world.host, one, async () => {})
  await assert.rejects(
    finishDeletion(world.host, due[3]!, async () => {}),
    { code: 'refused' },
  )
  assert.deepEqual(await exists(due[3]!), whole)
  await forget()
  await finishDeletion(world.host, due[3]!, async () => {})
})

test('a copy is dropped at once, or by the agent when it has expired; a live instance is not', async () => {
  await make('live')
  await assert.rejects(dropCopy(world.host, 'live', 'live'), { code: 'refused' })
  const copy = await make('a-copy', { kind: 'copy', copyOf: randomUUID(), days: 14 })
  assert.ok(copy.expires!.getTime() - Date.now() > 13.9 * 86_400_000)
  await assert.rejects(dropCopy(world.host, 'a-copy', 'copy'), { code: 'not_confirmed' })
  assert.deepEqual([await dueDeletions(world.host), await exists(copy)], [[], whole])
  await dropCopy(world.host, 'a-copy', 'a-copy')
  assert.deepEqual(await exists(copy), gone)

  const expired = await make('expired', { kind: 'copy', days: 0 })
  const [due, ...more] = await dueDeletions(world.host)
  assert.deepEqual([due!.name, more], ['expired', []])
  await finishDeletion(world.host, due!, async () => {})
  assert.deepEqual(await exists(expired), gone)
  await discardInstance(world.host, 'live')
})
