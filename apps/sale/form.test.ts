import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Decimal, callMethod } from '@erp4/orm'
import { sale, salesman } from '@erp4/sale'
import { world } from '@erp4/testing'

const at = await world(sale)
const ann = await at.person(salesman)
const partner = (await at.system.model('res.partner').create({ name: 'Azure', is_company: true })).ids[0]!

await at.system.model('product.template').create({ name: 'Chair', list_price: Decimal.of(40) })

const onchange = (model: string, values: object, changed: string[], spec: object): Promise<any> =>
  ann.call(async (env) => {
    const answer: any = await callMethod(env, { model, method: 'onchange', args: [[], values, changed, spec], kwargs: {} })
    return answer.value
  })
const line = { name: {}, product_uom_qty: {}, price_unit: {}, price_subtotal: {}, display_name: {} }

test('a line begins with what it can, with its order and without', async () => {
  const alone = await onchange('sale.order.line', {}, [], line)
  const owned = await onchange('sale.order.line', { order_id: { id: 0, partner_id: partner, currency_id: 1 } }, [], line)
  assert.deepEqual([alone.product_uom_qty, owned.product_uom_qty], [1, 1])
})

test('a product says what it is and costs to who works in one company, and is never asked for it', async () => {
  const [chair] = await at.system.model('product.product').find([['name', '=', 'Chair']], ['id' as never])
  const order = { id: 0, partner_id: partner, currency_id: false, date_order: '2026-11-22 10:00:00' }
  const value = await onchange('sale.order.line', { product_id: chair!.id, product_uom_qty: 2, order_id: order }, ['product_id'], line)
  assert.deepEqual([value.name, value.price_unit], ['Chair', 40])
})

test('an order with a line that is not filled in yet goes on saying what follows', async () => {
  const value = await onchange(
    'sale.order',
    {
      partner_id: partner,
      currency_id: 1,
      tax_rounding: 'round_globally',
      order_line: [
        [0, 'virtual_1', { name: 'Desk', price_unit: 40, product_uom_qty: 2 }],
        [0, 'virtual_2', { tax_ids: [[6, 0, []]] }],
      ],
    },
    ['order_line'],
    { amount_total: {}, order_line: { fields: line } },
  )
  assert.equal(value.amount_total, 80)
  const changed = new Map(value.order_line.map(([, ref, values]: [number, string, object]) => [ref, values]))
  assert.deepEqual((changed.get('virtual_1') as { price_subtotal: number }).price_subtotal, 80)
})

test('what follows in an order of fifty lines takes as many statements as in one of ten', async () => {
  const statements = async (lines: number): Promise<number> => {
    const products = (
      await at.system.model('product.product').create(Array.from({ length: lines }, (_, i) => ({ name: `Part ${lines}/${i}` })) as never)
    ).ids
    const [id] = (
      await ann
        .model('sale.order')
        .create({ partner_id: partner, order_line: products.map((product_id) => ['create', { product_id }]) as never })
    ).ids
    return ann.call(async (env) => {
      const before = env.cx.statements
      const values = { order_line: [] }
      await callMethod(env, {
        model: 'sale.order',
        method: 'onchange',
        args: [[id], values, ['order_line'], { amount_total: {}, order_line: { fields: line } }],
        kwargs: {},
      })
      return env.cx.statements - before
    })
  }
  const [few, many] = [await statements(10), await statements(50)]
  assert.equal(many, few)
  assert.ok(few < 40, `${few} statements`)
})
