import assert from 'node:assert/strict'
import { test } from 'node:test'
import { administrator } from '@erp4/base'
import { callMethod, loadExamples } from '@erp4/orm'
import { sale } from '@erp4/sale'
import { world } from '@erp4/testing'

const at = await world(sale)
const boss = await at.person(administrator)
const orders = () => at.system.model('sale.order').find([], ['name', 'state', 'date_order', 'user_id'], { order: 'id' })

test('the examples are half a year of orders at every step, made once, and go without a trace', async () => {
  await at.system.call(loadExamples)
  const made = await orders()
  assert.deepEqual(new Set(made.map(({ state }) => state)), new Set(['draft', 'sent', 'sale', 'cancel']))
  assert.ok(new Set(made.map(({ date_order }) => date_order.slice(0, 7))).size >= 6, 'months')
  assert.equal(new Set(made.map(({ user_id }) => user_id)).size, 3, 'sellers')
  await at.system.call(loadExamples)
  assert.deepEqual(await orders(), made)

  const { removed, kept } = await boss.call((env): Promise<any> =>
    callMethod(env, { model: 'ir.model.data', method: 'remove_examples', args: [], kwargs: {} }),
  )
  assert.deepEqual(kept, [])
  assert.ok(removed > made.length)
  assert.deepEqual(await orders(), [])
  assert.equal(await at.system.model('account.move').count([]), 0)
})
