import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Decimal, UserError } from '@erp4/orm'
import { world } from '@erp4/testing'
import { action_done, action_number, action_take, clerk, chief, shop } from './shop.ts'

// The written concurrency contract (docs/architecture.md): what is read before its lock is never written back.

const at = await world(shop)
const ann = await at.person(chief)
const bob = await at.person(clerk)

const outcome = (all: readonly PromiseSettledResult<unknown>[]) => ({
  done: all.filter((one) => one.status === 'fulfilled').length,
  refused: all.filter((one) => one.status === 'rejected' && one.reason instanceof UserError).length,
})

test('an order that ten people confirm at once is confirmed once and delivered once', async () => {
  const order = await ann.model('shop.order').create({ line_ids: [['create', { name: 'Desk' }]] })
  const all = await Promise.allSettled(Array.from({ length: 10 }, () => action_done(order)))
  assert.deepEqual(outcome(all), { done: 1, refused: 9 })
  assert.equal(await at.system.model('shop.delivery').count([['order_id', 'in', order.ids]]), 1)
})

test('ten lines added at once by ten calls are all in the total', async () => {
  const order = await ann.model('shop.order').create({})
  await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      ann.model('shop.line').create({ order_id: order.ids[0]!, name: `Line ${i}`, quantity: 2, price: Decimal.of(10) }),
    ),
  )
  const [row] = await order.read(['total', 'line_count'])
  assert.deepEqual([row!.total?.toString(), row!.line_count], ['200', 10])
})

test('lines moved between two orders in both directions at once leave both totals right', async () => {
  const [a, b] = [await ann.model('shop.order').create({}), await ann.model('shop.order').create({})]
  const lines = await ann
    .model('shop.line')
    .create(Array.from({ length: 12 }, (_, i) => ({ order_id: (i % 2 ? a : b).ids[0]!, name: `Line ${i}`, price: Decimal.of(i + 1) })))
  await Promise.all(
    lines.ids.map((id, i) =>
      ann
        .model('shop.line')
        .browse([id])
        .write({ order_id: (i % 2 ? b : a).ids[0]! }),
    ),
  )
  for (const order of [a, b]) {
    const [row] = await order.read(['total', 'line_ids.amount'])
    assert.equal(row!.total?.toString(), Decimal.sum(row!.line_ids.map((line) => line.amount!)).toString())
    assert.equal(row!.line_ids.length, 6)
  }
})

test('stock for seven taken by twenty callers at once goes to seven of them', async () => {
  const quant = await ann.model('shop.quant').create({ name: 'Desk', quantity: 7 })
  const all = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) => action_take((i % 2 ? ann : bob).model('shop.quant').browse(quant.ids), { quantity: 1 })),
  )
  assert.deepEqual(outcome(all), { done: 7, refused: 13 })
  assert.equal((await quant.read(['quantity']))[0]!.quantity, 0)
})

test('numbers drawn by thirty calls at once, some of which fail, have no gap and no double', async () => {
  await at.system.model('ir.sequence').create({ name: 'Orders', code: 'shop.order', implementation: 'no_gap', padding: 4 })
  const orders = await ann.model('shop.order').create(Array.from({ length: 30 }, () => ({})))
  const all = await Promise.allSettled(
    orders.ids.map((id, i) =>
      ann.call(async (env) => {
        await action_number(env.model('shop.order').browse([id]))
        if (i % 5 === 0) throw new UserError('changed my mind')
      }),
    ),
  )
  assert.equal(outcome(all).done, 24)
  const names = (await orders.read(['name', 'display_name']))
    .map((row) => row.name)
    .filter((name) => name !== 'New')
    .sort()
  assert.deepEqual(
    names,
    Array.from({ length: 24 }, (_, i) => `S${String(i + 1).padStart(4, '0')}`),
  )
})

test('two calls that lock the same orders in opposite order both end', async () => {
  const orders = await ann.model('shop.order').create([{}, {}])
  const [a, b] = orders.ids as [number, number]
  const touch = (first: number, second: number) =>
    ann.call(async (env) => {
      await env.model('shop.order').browse([first]).write({ note: 'x' })
      await env.model('shop.order').browse([second]).write({ note: 'y' })
    })
  await Promise.all(Array.from({ length: 6 }, (_, i) => (i % 2 ? touch(a, b) : touch(b, a))))
})
