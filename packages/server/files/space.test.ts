import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Connection, type Guest, sql, UserError } from '@erp4/orm'
import { startCluster, type ThrowawayCluster } from '@erp4/testing'
import { blobTable, fileSpaceTable } from '../sql/files.ts'
import { collectFiles } from './collect.ts'
import type { SpaceLimits } from './space.ts'
import { FileStore } from './store.ts'

let cluster: ThrowawayCluster
before(async () => void (cluster = await startCluster()))
after(() => cluster.stop())

const guest = (person: number): Guest => ({ person, refuse: (what, most) => new UserError(`${what} ${most}`) })
const [ann, bob] = [guest(7), guest(8)]
const mebibyte = 2 ** 20

async function world(t: { after(work: () => Promise<void>): void }, space: SpaceLimits) {
  const instance = await cluster.instance([blobTable, fileSpaceTable])
  const databases = instance.databases('runtime')
  const folder = await mkdtemp(join(tmpdir(), 'erp4-space-'))
  const store = new FileStore({ folder, instance: 'azure', keys: { name: randomBytes(32), wrap: randomBytes(32) }, space })
  t.after(async () => {
    await databases.close()
    await rm(folder, { recursive: true })
  })
  const inTransaction = <T>(work: (cx: Connection) => Promise<T>): Promise<T> =>
    databases.transaction(instance.database, work, { retries: 0 })
  return {
    instance,
    databases,
    store,
    inTransaction,
    /** So many bytes that nobody has stored before. */
    put: (bytes: number, by?: Guest) => inTransaction((cx) => store.put(cx, randomBytes(bytes), by)),
    counted: async () => {
      const [row] = await instance.rows('select bytes::float8 from file_space where person = 0')
      const [real] = await instance.rows('select coalesce(sum(size), 0)::float8 as bytes from blob')
      assert.deepEqual(row, real, 'what is counted is what is there')
      return row!.bytes as number
    },
    files: async () => (await readdir(folder, { recursive: true })).filter((path) => /[0-9a-f]{64}$/.test(path)).length,
  }
}

test('what does not fit is refused before it is written, and what is counted is what is there', async (t) => {
  const there = await world(t, { instance: 3 * mebibyte, person: 0 })
  await there.put(mebibyte, ann)
  await there.put(mebibyte, bob)
  await assert.rejects(there.put(mebibyte + 1, ann), { name: 'UserError', message: 'instance 3' })
  assert.equal(await there.files(), 2)
  await there.put(mebibyte, ann)
  await assert.rejects(there.put(1, bob), { message: 'instance 3' })
  assert.equal(await there.counted(), 3 * mebibyte)
})

test('of six uploads at the same moment exactly those come through that fit', async (t) => {
  const there = await world(t, { instance: 2 * 1000, person: 0 })
  const all = Promise.withResolvers<void>()
  let looked = 0
  const ended = await Promise.allSettled(
    Array.from({ length: 6 }, () =>
      there.inTransaction(async (cx) => {
        await there.store.put(cx, randomBytes(1000), ann)
        // All have looked before the first one commits.
        if (++looked === 6) all.resolve()
        await all.promise
      }),
    ),
  )
  assert.equal(ended.filter(({ status }) => status === 'fulfilled').length, 2)
  for (const one of ended) if (one.status === 'rejected') assert.equal((one.reason as Error).message, 'instance 0')
  assert.equal(await there.counted(), 2000)
})

test('one person fills no more than his share of a day, however many files he sends; others go on, and so does he the next day', async (t) => {
  const there = await world(t, { instance: 10 * mebibyte, person: mebibyte })
  for (let i = 0; i < 4; i++) await there.put(mebibyte / 4, ann)
  await assert.rejects(there.put(1, ann), { message: 'person 1' })
  // In one call, too.
  await assert.rejects(
    there.inTransaction(async (cx) => {
      for (let i = 0; i < 5; i++) await there.store.put(cx, randomBytes(mebibyte / 4), bob)
    }),
    { message: 'person 1' },
  )
  await there.put(mebibyte, bob)
  await there.instance.tamper(`update file_space set since = now() - interval '25 hours' where person = ${ann.person}`)
  await there.put(mebibyte, ann)
  assert.equal(await there.counted(), 3 * mebibyte)
})

test('the same content is counted once, a step that was taken back not at all, and what the system keeps is counted and never refused', async (t) => {
  const there = await world(t, { instance: 1100, person: 0 })
  const content = randomBytes(600)
  for (let i = 0; i < 3; i++) await there.inTransaction((cx) => there.store.put(cx, content, ann))
  await there.inTransaction(async (cx) => {
    await cx.query(sql`savepoint step`)
    await there.store.put(cx, randomBytes(300), ann)
    await cx.query(sql`rollback to step`)
    await there.store.put(cx, randomBytes(200), ann)
  })
  assert.equal(await there.counted(), 800)
  await there.put(5000)
  assert.equal(await there.counted(), 5800)
  await assert.rejects(there.put(1, ann), { message: 'instance 0' })
})

test('what nobody refers to any more makes room when it is deleted', async (t) => {
  const there = await world(t, { instance: 1000, person: 0 })
  await there.put(900, ann)
  await assert.rejects(there.put(900, ann), { message: 'instance 0' })
  const collect = () => collectFiles(there.databases, there.instance.database, there.store, { references: [], graceHours: 0 })
  await collect()
  await collect()
  assert.equal(await there.counted(), 0)
  await there.put(900, ann)
})
