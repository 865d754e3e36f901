import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { base } from '@erp4/base'
import { AccessError, ConflictError, Decimal, UserError, callMethod, historyOf, sql } from '@erp4/orm'
import { type Actor, world } from '@erp4/testing'
import { chief, clerk, shop } from './shop.ts'

// What the trail tells of a record, and what it can bring back.

const here = await world([base, shop])
const ann = await here.person(chief)
const bob = await here.person(clerk)
const tags = (await ann.model('shop.tag').create([{ name: 'Red' }, { name: 'Blue' }])).ids as [number, number]

const call = (who: Actor<false>, method: string, ids: readonly number[], kwargs: Record<string, unknown>): Promise<unknown> =>
  who.call((env) => callMethod(env, { model: 'shop.order', method, args: [ids], kwargs }))
const save = (who: Actor<false>, id: number, vals: Record<string, unknown>): Promise<unknown> =>
  call(who, 'web_save', [id], { vals, specification: {} })
const versionOf = async (id: number): Promise<number> => (await here.system.model('shop.order').browse([id]).read(['version']))[0]!.version
const history = (who: Actor<false>, id: number, more = {}) => who.call((env) => historyOf(env, env.modelOf('shop.order'), id, more))

/** Everything of an order that a save may change. */
const stateOf = (id: number) =>
  here.system.call(async (sys) => {
    const [order] = await sys
      .model('shop.order')
      .browse([id])
      .read(['name', 'note', 'due', 'margin', 'tag_ids', 'total', 'line_ids.name', 'line_ids.quantity', 'line_ids.price'])
    const lines = order!.line_ids.map((line) => `${line.quantity} × ${line.name} at ${line.price.toString()}`)
    return { ...order, id: undefined, margin: order!.margin?.toString(), total: order!.total?.toString(), line_ids: lines.toSorted() }
  })

async function order(who: Actor<false> = ann): Promise<{ id: number; lines: readonly number[] }> {
  const lines = ['Desk', 'Chair'].map((name) => ['create', { name, quantity: 2, price: Decimal.of('10.10') }] as const)
  const [id] = (await who.model('shop.order').create({ name: 'S1', note: 'first', line_ids: lines, tag_ids: [['link', tags[0]]] })).ids
  const [made] = await who.model('shop.order').browse([id!]).read(['line_ids'])
  return { id: id!, lines: made!.line_ids }
}

describe('the history of a record', () => {
  test('tells each change with who made it, links by name, newest first', async () => {
    const { id } = await order()
    await save(ann, id, { note: 'second', tag_ids: [[6, 0, [tags[1]]]] })
    await here.system.model('shop.order').browse([id]).write({ user_id: bob.user.id })
    const { entries, more } = await history(ann, id)
    assert.deepEqual(
      entries.map(({ actor, operation, changes }) => [actor, operation, changes]),
      [
        [1, 'write', [{ field: 'user_id', old: { id: ann.user.id, display_name: 'Ann' }, new: { id: bob.user.id, display_name: 'Bob' } }]],
        [
          ann.user.id,
          'write',
          [
            { field: 'note', old: 'first', new: 'second' },
            { field: 'tag_ids', old: [{ id: tags[0], display_name: 'Red' }], new: [{ id: tags[1], display_name: 'Blue' }] },
          ],
        ],
        [ann.user.id, 'create', []],
      ],
    )
    assert.equal(more, false)
  })

  test('comes in pages', async () => {
    const { id } = await order()
    for (const note of ['a', 'b', 'c']) await save(ann, id, { note })
    const first = await history(ann, id, { limit: 2 })
    assert.deepEqual([first.entries.map(({ changes }) => changes[0]?.new), first.more], [['c', 'b'], true])
    const rest = await history(ann, id, { limit: 20, before: first.entries.at(-1)!.key })
    assert.deepEqual([rest.entries.map(({ operation, changes }) => changes[0]?.new ?? operation), rest.more], [['a', 'create'], false])
  })

  test('leaves out fields that are protected from the reader, and changes of nothing else', async () => {
    const { id } = await order(bob)
    await here.system
      .model('shop.order')
      .browse([id])
      .write({ margin: Decimal.of(5) })
    await here.system
      .model('shop.order')
      .browse([id])
      .write({ margin: Decimal.of(6), note: 'with a margin' })
    const fields = async (who: Actor<false>) => (await history(who, id)).entries.flatMap(({ changes }) => changes.map(({ field }) => field))
    assert.deepEqual(await fields(bob), ['note'])
    assert.deepEqual((await fields(ann)).toSorted(), ['margin', 'margin', 'note'])
  })

  test('is nothing to who may not read the record', async () => {
    const { id } = await order(ann)
    await assert.rejects(history(bob, id), AccessError)
  })
})

describe('the last save', () => {
  test('is taken back whole: fields, links, lines that were changed, added and deleted', async () => {
    const { id, lines } = await order()
    const before = await stateOf(id)
    await save(ann, id, {
      note: 'changed',
      due: '2027-01-31',
      margin: 12.345,
      tag_ids: [[6, 0, [tags[1]]]],
      line_ids: [
        [1, lines[0], { quantity: 7, price: 0.1 }],
        [2, lines[1], 0],
        [0, 0, { name: 'Lamp', quantity: 1, price: 99 }],
      ],
    })
    assert.notDeepEqual(await stateOf(id), before)
    assert.equal(await call(ann, 'web_undo', [id], { version: await versionOf(id) }), true)
    assert.deepEqual(await stateOf(id), before)
  })

  test('is taken back when only a line was changed, and the undoing can be undone', async () => {
    const { id, lines } = await order()
    const before = await stateOf(id)
    await save(ann, id, { line_ids: [[1, lines[0], { quantity: 9 }]] })
    const after = await stateOf(id)
    await call(ann, 'web_undo', [id], { version: await versionOf(id) })
    assert.deepEqual(await stateOf(id), before)
    await call(ann, 'web_undo', [id], { version: await versionOf(id) })
    assert.deepEqual(await stateOf(id), after)
  })

  test('stays when the record was changed since', async () => {
    const { id } = await order()
    await save(ann, id, { note: 'mine' })
    const version = await versionOf(id)
    await here.system.model('shop.order').browse([id]).write({ due: null, name: 'S2' })
    const before = await stateOf(id)
    await assert.rejects(call(ann, 'web_undo', [id], { version }), ConflictError)
    assert.deepEqual(await stateOf(id), before)
  })

  test('of somebody else, or the making of the record, is not taken back', async () => {
    const { id } = await order(bob)
    await assert.rejects(call(bob, 'web_undo', [id], { version: await versionOf(id) }), UserError)
    await save(bob, id, { note: 'Bob’s' })
    const before = await stateOf(id)
    await assert.rejects(call(ann, 'web_undo', [id], { version: await versionOf(id) }), UserError)
    assert.deepEqual(await stateOf(id), before)
  })

  test('is not taken back where it changed what the person may not set', async () => {
    const { id } = await order(bob)
    await bob.call(async (env) => {
      await env.model('shop.order').browse([id]).write({ note: 'noted' })
      await env.asSystem('a test changes what he may not', async (sys) => {
        await sys
          .model('shop.order')
          .browse([id])
          .write({ margin: Decimal.of(3) })
      })
    })
    const before = await stateOf(id)
    await assert.rejects(call(bob, 'web_undo', [id], { version: await versionOf(id) }), UserError)
    assert.deepEqual(await stateOf(id), before)
  })

  test('of a hidden record is refused as of a missing one', async () => {
    const { id } = await order(ann)
    await save(ann, id, { note: 'hers' })
    for (const one of [id, 987_654]) await assert.rejects(call(bob, 'web_undo', [one], { version: 2 }), AccessError)
    assert.equal((await stateOf(id)).note, 'hers')
  })
})

describe('a value from the history', () => {
  test('comes back alone', async () => {
    const { id } = await order()
    await save(ann, id, { note: 'second', margin: 7.5 })
    await save(ann, id, { name: 'S9' })
    const { entries } = await history(ann, id)
    await call(ann, 'web_restore', [id], { key: entries[1]!.key, field: 'note', version: await versionOf(id) })
    const { name, note, margin } = await stateOf(id)
    assert.deepEqual([name, note, margin], ['S9', 'first', '7.5'])
  })

  test('does not come back over a newer version, from another record or for another field', async () => {
    const [{ id }, other] = [await order(), await order()]
    await save(ann, id, { note: 'second' })
    await save(ann, other.id, { note: 'other' })
    const [[mine], [theirs]] = [(await history(ann, id)).entries, (await history(ann, other.id)).entries]
    const before = await stateOf(id)
    await assert.rejects(call(ann, 'web_restore', [id], { key: mine!.key, field: 'note', version: 1 }), ConflictError)
    await assert.rejects(call(ann, 'web_restore', [id], { key: theirs!.key, field: 'note' }), UserError)
    await assert.rejects(call(ann, 'web_restore', [id], { key: mine!.key, field: 'due' }), UserError)
    assert.deepEqual(await stateOf(id), before)
  })

  test('that a person may not see does not come back by his hand', async () => {
    const { id } = await order(bob)
    await here.system
      .model('shop.order')
      .browse([id])
      .write({ margin: Decimal.of(5), note: 'seen' })
    const { entries } = await history(bob, id)
    await assert.rejects(call(bob, 'web_restore', [id], { key: entries[0]!.key, field: 'margin' }), UserError)
    assert.equal((await stateOf(id)).margin, '5')
  })
})

test('a deleted record is in the trail with all that it was', async () => {
  const { id } = await order()
  await ann.model('shop.order').browse([id]).unlink()
  const [row] = await here.databases.use(here.database, (cx) =>
    cx.query<{ change: Record<string, unknown> }>(
      sql`select change from audit_in where model = 'shop.order' and rec = ${id}::int4 and operation = 'unlink'`,
    ),
  )
  assert.deepEqual([row!.change['name'], row!.change['user_id'], row!.change['tag_ids']], ['S1', ann.user.id, [tags[0]]])
})
