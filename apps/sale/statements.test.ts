import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Decimal } from '@erp4/orm'
import { pricelistManager } from '@erp4/product'
import { action_confirm, create_invoices, sale, salesman } from '@erp4/sale'
import { world } from '@erp4/testing'

// The budgets of the first sale: each call's statements, less the one of its session.

const d = Decimal.of
const at = await world(sale)
const ann = await at.person(salesman)
const [group] = (await at.system.model('account.tax.group').search([])).ids
const [vat] = (await at.system.model('account.tax').create({ name: '21%', amount: d(21), tax_group_id: group! })).ids
const products = (
  await at.system
    .model('product.product')
    .create(Array.from({ length: 60 }, (_, i) => ({ name: `Product ${i}`, list_price: d(10 + i), taxes_id: [['set', [vat!]]] })) as never)
).ids
const [plain] = (await at.system.model('res.partner').create({ name: 'Azure' })).ids
const prices = await at.person(pricelistManager)
const [list] = (
  await prices
    .model('product.pricelist')
    .create({ name: 'Tiers', item_ids: [['create', { compute_price: 'percentage', percent_price: d(5) }]] })
).ids
const [wholesale] = (await at.system.model('res.partner').create({ name: 'Cobalt', property_product_pricelist: list! })).ids

const order = async (partner: number, lines: number) =>
  ann.model('sale.order').create({
    partner_id: partner,
    order_line: products.slice(0, lines).map((product_id) => ['create', { product_id, product_uom_qty: d(2) }] as const) as never,
  })

test('an order with five lines takes at most twelve statements, one more with a pricelist', async () => {
  await order(plain!, 5)
  assert.ok(ann.statements <= 11, `it took ${ann.statements}`)
  await order(wholesale!, 5)
  assert.ok(ann.statements <= 12, `with a pricelist it took ${ann.statements}`)
})

test('sixty lines take no more than five', async () => {
  await order(plain!, 5)
  const few = ann.statements
  await order(plain!, 60)
  assert.equal(ann.statements, few)
})

test('confirming takes at most fifteen statements, for one order and for ten', async () => {
  await action_confirm(await order(plain!, 5))
  assert.ok(ann.statements <= 15, `it took ${ann.statements}`)
  const ten = await ann
    .model('sale.order')
    .create(Array.from({ length: 10 }, () => ({ partner_id: plain!, order_line: [['create', { product_id: products[0]! }]] })) as never)
  await action_confirm(ten)
  assert.ok(ann.statements <= 15, `for ten it took ${ann.statements}`)
})

test('invoicing takes as many statements for sixty lines as for one', async () => {
  const spent = async (lines: number) => {
    const made = await order(plain!, lines)
    await action_confirm(made)
    await create_invoices(made)
    return ann.statements
  }
  const few = await spent(1)
  assert.equal(await spent(60), few)
})
