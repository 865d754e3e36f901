import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { base, employee } from '@erp4/base'
import { connectAs, listInstances, withClient } from '@erp4/ops'
import { type Connection, type Sql, Prepared, finishCall, sql } from '@erp4/orm'
import {
  FileStore,
  enqueue,
  hashPassword,
  jobs,
  makeKey,
  openSystemEnv,
  scheduleUpkeep,
  sendMail,
  upkeepName,
  JobRegistry,
} from '@erp4/server'
import { withCluster, world } from '@erp4/testing'
import type { CopyKeys } from '../erp.ts'
import { neutraliseDatabase } from './neutralise.ts'

const here = await world(base)
const host = await withCluster()
const instance = (await listInstances(host)).find(({ database }) => database === here.database)!
const folder = await mkdtemp(join(tmpdir(), 'erp4-neutralise-'))
after(() => rm(folder, { recursive: true }))

const original = { instance: randomUUID(), keys: { name: randomBytes(32), wrap: randomBytes(32) } }
const copy = { instance: randomUUID(), keys: { name: randomBytes(32), wrap: randomBytes(32) } }
const [theirs, ours] = [original, copy].map((one) => new FileStore({ folder, ...one })) as [FileStore, FileStore]
const keys: CopyKeys = {
  // As after a rotation: the newest version first, and the files may still be wrapped with an older one.
  from: { instance: original.instance, wraps: [randomBytes(32), original.keys.wrap].map((key) => key.toString('base64')) },
  to: { instance: copy.instance, wrap: copy.keys.wrap.toString('base64') },
}

const inTransaction = <T>(work: (cx: Connection) => Promise<T>): Promise<T> => here.databases.transaction(here.database, work)
const rows = <R>(statement: Sql) => here.databases.use(here.database, (cx) => cx.query<R>(statement))
const asOwner = async (with_ = keys) =>
  withClient(await connectAs(host, instance, 'owner'), (client) => neutraliseDatabase(client, here.registry, with_))
const count = async (table: Sql) => (await rows<{ n: number }>(sql`select count(*)::int as n from ${table}`))[0]!.n

test('of a copy nothing points outside any more, its files open with its own key alone, and people keep their passwords', async () => {
  const ann = await here.person(employee)
  const registry = new JobRegistry(jobs)
  registry.register('tell', { class: 'interactive', run: async () => null })
  const file = await inTransaction(async (cx) => {
    const name = await theirs.put(cx, Buffer.from('a letter'))
    const sys = openSystemEnv(cx, { registry: here.registry, files: theirs, source: 'test' })
    await sys.model('ir.attachment').create({ name: 'letter', raw: name } as never)
    const { key_index, secret_hash } = makeKey()
    await sys.model('res.users.apikeys').create({ name: 'program', user_id: ann.user.id, key_index, secret_hash })
    await sys
      .model('res.users')
      .browse([ann.user.id])
      .write({ password: new Prepared(await hashPassword('correct horse battery')) } as never)
    await finishCall(sys)
    await cx.query(sql`update ir_attachment set access_token = 'token'`)
    await cx.query(sql`insert into session (hash, user_id, sec_version, epoch) values (${Buffer.alloc(32, 1)}, ${ann.user.id}::int4, 0, 1)`)
    await sendMail(cx, here.keys, {
      from: { address: 'a@azure.example' },
      to: [{ address: 'b@azure.example' }],
      subject: 'hello',
      text: 'x',
    })
    await enqueue(cx, { name: 'tell', userId: ann.user.id }, registry)
    await scheduleUpkeep(cx)
    return name
  })
  const password = () => rows<{ password: string | null }>(sql`select password from res_users where id = ${ann.user.id}::int4`)
  const before = await password()
  assert.ok(before[0]!.password)
  const letters = await count(sql`ir_attachment`)

  await asOwner()
  assert.deepEqual(await password(), before)
  assert.deepEqual(await Promise.all([count(sql`session`), count(sql`res_users_apikeys`)]), [0, 0])
  assert.deepEqual(await rows(sql`select state from outbox`), [{ state: 'held' }])
  assert.deepEqual(await rows(sql`select distinct state from job`), [{ state: 'held' }])
  assert.deepEqual(await rows(sql`select active from schedule where key = ${upkeepName}`), [{ active: false }])
  assert.deepEqual([await count(sql`ir_attachment`), await count(sql`ir_attachment where access_token is not null`)], [letters, 0])

  const read = (store: FileStore) => here.databases.use(here.database, (cx) => store.get(cx, file))
  assert.equal((await read(ours)).toString(), 'a letter')
  await assert.rejects(read(theirs), { name: 'DamagedFileError' })

  const trail = await rows<{ operation: string; change: { of: string } }>(sql`select operation, change from audit_in`)
  assert.deepEqual(
    trail.map(({ operation, change }) => [operation, change.of]),
    [['copied', original.instance]],
  )
})

test('with keys that do not open its files a copy is left as it was', async () => {
  await here.system.model('res.partner').create({ name: 'Bakery' })
  // Those of before open with the copy's own key by now.
  const file = await inTransaction((cx) => theirs.put(cx, Buffer.from('another letter')))
  const trail = await count(sql`audit_in`)
  await assert.rejects(asOwner({ ...keys, from: { instance: original.instance, wraps: [randomBytes(32).toString('base64')] } }))
  assert.equal(await count(sql`audit_in`), trail)
  assert.equal((await here.databases.use(here.database, (cx) => theirs.get(cx, file))).toString(), 'another letter')
})
