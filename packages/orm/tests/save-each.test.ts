import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ArgumentError, callMethod } from '@erp4/orm'
import { world } from '@erp4/testing'
import { desk, rental } from './rental.ts'
import { rpc } from './rpc.ts'

const at = await world(rental)
const [ann, bob] = [await at.person(desk), await at.person(desk)]

const book = async (who: typeof ann, names: readonly string[]): Promise<number[]> =>
  rpc(who, 'rental.booking', 'create', [names.map((name) => ({ name, days: 1, user_id: who.user.id }))])
const stored = async (ids: readonly number[]) =>
  (await at.system.model('rental.booking').browse(ids).read(['days', 'version'])).map(({ days, version }) => ({ days, version }))
const save = async (records: unknown, who = ann): Promise<any[]> => rpc(who, 'rental.booking', 'web_save_each', [records])

test('many records are saved in one call, as many statements for ten as for fifty', async () => {
  const ids = await book(
    ann,
    Array.from({ length: 60 }, (_, i) => `Trip ${i}`),
  )
  const statements = async (some: readonly number[]): Promise<number> =>
    ann.call(async (env) => {
      const before = env.cx.statements
      const records = some.map((id) => ({ id, values: { days: 3 }, version: 1 }))
      await callMethod(env, { model: 'rental.booking', method: 'web_save_each', args: [records], kwargs: {} })
      return env.cx.statements - before
    })
  assert.equal(await statements(ids.slice(0, 10)), await statements(ids.slice(10)))
  assert.ok((await stored(ids)).every(({ days }) => days === 3))
})

test('what one record is refused keeps the others from nothing, and is said of it alone', async () => {
  const [first, stale, broken, last] = (await book(ann, ['A', 'B', 'C', 'D'])) as [number, number, number, number]
  const [hidden] = (await book(bob, ['E'])) as [number]
  await rpc(ann, 'rental.booking', 'write', [[stale], { days: 9 }])
  const asked = [first, stale, broken, last, hidden, 2_000_000].map((id) => ({ id, values: { days: id === broken ? 400 : 5 }, version: 1 }))
  const answers = await save(asked)
  assert.deepEqual(answers[0], { id: first, version: 2 })
  assert.deepEqual(answers[3], { id: last, version: 2 })
  assert.deepEqual(
    answers.map(({ isConflict }) => isConflict),
    [undefined, true, false, undefined, false, false],
  )
  assert.match(answers[1].refused, /^B was changed by someone else/)
  assert.equal(answers[2].refused, 'Nobody hires for more than a year.')
  assert.equal(answers[4].refused, answers[5].refused, 'a hidden record is as if missing')
  assert.deepEqual(await stored([first, stale, broken, last, hidden]), [
    { days: 5, version: 2 },
    { days: 9, version: 2 },
    { days: 1, version: 1 },
    { days: 5, version: 2 },
    { days: 1, version: 1 },
  ])
})

test('taken back at the versions that were answered, each is as it was, but for those changed since', async () => {
  const ids = await book(ann, ['F', 'G'])
  const done = await save(ids.map((id) => ({ id, values: { days: 7 }, version: 1 })))
  await rpc(bob, 'rental.booking', 'read', [ids, ['days']])
  await rpc(ann, 'rental.booking', 'write', [[ids[1]], { days: 8 }])
  const undone = await save(done.map(({ id, version }) => ({ id, values: { days: 1 }, version })))
  assert.deepEqual(
    undone.map(({ isConflict }) => isConflict ?? false),
    [false, true],
  )
  assert.deepEqual(
    (await stored(ids)).map(({ days }) => days),
    [1, 8],
  )
})

for (const [name, records] of [
  ['no list', 'all'],
  ['more than fifty', Array.from({ length: 51 }, (_, id) => ({ id: id + 1, values: {}, version: 1 }))],
  ['a record without a version', [{ id: 1, values: { days: 2 } }]],
  ['a record without an id', [{ values: { days: 2 }, version: 1 }]],
  ['values that are a list', [{ id: 1, values: [], version: 1 }]],
  ['nothing in its place', [null]],
  [
    'one record twice',
    [
      { id: 1, values: {}, version: 1 },
      { id: 1, values: {}, version: 1 },
    ],
  ],
] as const)
  test(`${name} is refused`, async () => {
    await assert.rejects(save(records), ArgumentError)
  })
