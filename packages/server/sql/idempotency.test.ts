import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Connection, type Databases, sql } from '@erp4/orm'
import { type IdempotentCall, idempotency, keepAnswer, reserveKey, sweepKeys } from './idempotency.ts'
import { type ThrowawayCluster, type ThrowawayInstance, startCluster } from '@erp4/testing'

let cluster: ThrowawayCluster
let instance: ThrowawayInstance
let databases: Databases
before(async () => {
  cluster = await startCluster()
  instance = await cluster.instance([idempotency])
  databases = instance.databases('runtime')
})
after(async () => {
  await databases?.close()
  await cluster?.stop()
})

const call = (key: string, userId = 2, content = 'a'): IdempotentCall => ({ userId, key, digest: Buffer.alloc(32, content) })
const inTransaction = <T>(work: (cx: Connection) => Promise<T>): Promise<T> => databases.transaction(instance.database, work)

/** What a call does: the work, unless it was done. */
const once = (asked: IdempotentCall, work: () => Promise<string>): Promise<string | null> =>
  inTransaction(async (cx) => {
    const reservation = await reserveKey(cx, asked)
    if (!reservation.isNew) return reservation.answer
    const answer = await work()
    await keepAnswer(cx, asked, answer)
    return answer
  })

test('a repeated call finds the answer and the digest of the first', async () => {
  assert.equal(await once(call('again'), async () => '[7]'), '[7]')
  const second = await inTransaction((cx) => reserveKey(cx, call('again', 2, 'b')))
  assert.deepEqual(second, { isNew: false, digest: call('again').digest, answer: '[7]' })
})

test("another user's key of the same name is another key", async () => {
  assert.equal(await once(call('shared', 2), async () => '"of two"'), '"of two"')
  assert.equal(await once(call('shared', 3), async () => '"of three"'), '"of three"')
})

test('ten calls at once with one key do the work once and get one answer', async () => {
  let works = 0
  const answers = await Promise.all(
    Array.from({ length: 10 }, () =>
      once(call('at once'), async () => {
        works++
        await new Promise((resolve) => setTimeout(resolve, 50))
        return `[${works}]`
      }),
    ),
  )
  assert.equal(works, 1)
  assert.deepEqual(new Set(answers), new Set(['[1]']))
})

test('a call that failed leaves its key to whoever waited for it', async () => {
  let release!: () => void
  const held = new Promise<void>((resolve) => (release = resolve))
  let begin!: () => void
  const begun = new Promise<void>((resolve) => (begin = resolve))
  const failing = once(call('failed'), async () => {
    begin()
    await held
    throw new Error('no')
  })
  await begun
  const waiting = once(call('failed'), async () => '"second"')
  release()
  await assert.rejects(failing, { message: 'no' })
  assert.equal(await waiting, '"second"')
})

test('a key is forgotten after a day, by the next call with it and by the sweep', async () => {
  await once(call('old'), async () => '1')
  await once(call('older'), async () => '1')
  await once(call('young'), async () => '1')
  await instance.tamper("update idempotency set at = now() - interval '25 hours' where key in ('old', 'older')")
  assert.equal(await once(call('old', 2, 'b'), async () => '2'), '2')
  await databases.use(instance.database, sweepKeys)
  const left = await instance.rows<{ key: string }>("select key from idempotency where key in ('old', 'older', 'young') order by key")
  assert.deepEqual(
    left.map(({ key }) => key),
    ['old', 'young'],
  )
})

test('a key costs two statements, new or known', async () => {
  const count = (asked: IdempotentCall): Promise<number> =>
    inTransaction(async (cx) => {
      const { isNew } = await reserveKey(cx, asked)
      if (isNew) await keepAnswer(cx, asked, '1')
      return cx.statements
    })
  assert.equal(await count(call('counted')), 2)
  assert.equal(await count(call('counted')), 2)
})

test('the table takes no text that could end a statement', async () => {
  const key = "x'); drop table idempotency; --"
  assert.equal(await once(call(key), async () => '1'), '1')
  assert.deepEqual(
    await databases.use(instance.database, (cx) => cx.query(sql`select count(*)::int as n from idempotency where key = ${key}`)),
    [{ n: 1 }],
  )
})
