import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Decimal, day } from '@erp4/orm'
import { action_confirm, action_quotation_sent, contentHash, contentHashes, sale, salesManager } from '@erp4/sale'
import { world } from '@erp4/testing'

const d = Decimal.of
const at = await world(sale)
const ann = await at.person(salesManager)
const [group] = (await at.system.model('account.tax.group').search([])).ids
const [vat] = (await at.system.model('account.tax').create({ name: '21%', amount: d(21), tax_group_id: group! })).ids
const [azure] = (await at.system.model('res.partner').create({ name: 'Azure', is_company: true, city: 'Ghent' })).ids
const make = async () =>
  (
    await ann.model('sale.order').create({
      partner_id: azure!,
      order_line: [
        ['create', { name: 'Desk', price_unit: d(100), tax_ids: [['set', [vat!]]] }],
        ['create', { name: 'Lamp', is_optional: true }],
      ] as never,
    })
  ).ids[0]!
const hash = (id: number) => at.system.call((sys) => contentHash(sys, id))

test('anything that the customer sees changes it, and nothing else does', async () => {
  const id = await make()
  const order = ann.model('sale.order').browse([id])
  const [first, second] = (await order.read(['order_line']))[0]!.order_line
  const [term] = (await ann.model('account.payment.term').search([])).ids
  let last = await hash(id)
  assert.match(last, /^[0-9a-f]{64}$/)
  for (const [what, change] of [
    ['a price', () => order.write({ order_line: [['update', first!, { price_unit: d('100.01') }]] })],
    ['a quantity', () => order.write({ order_line: [['update', first!, { product_uom_qty: d(2) }]] })],
    ['a description', () => order.write({ order_line: [['update', first!, { name: 'Desk, oak' }]] })],
    ['an option that is taken', () => order.write({ order_line: [['update', second!, { is_optional: false }]] })],
    ['the order of the lines', () => order.write({ order_line: [['update', second!, { sequence: 1 }]] })],
    ['a further line', () => order.write({ order_line: [['create', { name: 'Note', display_type: 'line_note' }]] })],
    ['a tax', () => order.write({ order_line: [['update', first!, { tax_ids: [['clear']] }]] })],
    ['the last day', () => order.write({ validity_date: day('2030-01-01') })],
    ['the terms', () => order.write({ note: '<p>Only as a whole</p>' })],
    ['when it is paid', () => order.write({ payment_term_id: term! })],
    ['the customer’s reference', () => order.write({ client_order_ref: 'PO 7' })],
    ['his address', () => at.system.model('res.partner').browse([azure!]).write({ city: 'Bruges' })],
    ['the name of the seller', () => at.system.model('res.company').browse([1]).write({ name: 'Ours Ltd' })],
    ['his language', () => at.system.model('res.partner').browse([azure!]).write({ lang: 'ko_KR' })],
  ] as const) {
    await change()
    const now = await hash(id)
    assert.notEqual(now, last, what)
    assert.equal(await hash(id), now, 'it is the same as long as nothing changes')
    last = now
  }
  for (const [what, change] of [
    ['the salesperson', () => order.write({ user_id: null })],
    ['where it comes from', () => order.write({ origin: 'Fair' })],
    ['that it was sent', () => action_quotation_sent(order)],
    ['that it is confirmed', () => action_confirm(order)],
    [
      'what was delivered',
      () =>
        ann
          .model('sale.order.line')
          .browse([first!])
          .write({ qty_delivered: d(1) }),
    ],
  ] as const) {
    await change()
    assert.equal(await hash(id), last, what)
  }
})

test('what looks alike in other places is not the same', async () => {
  const [a, b] = [await make(), await make()]
  assert.notEqual(await hash(a), await hash(b), 'they have other numbers')
  const order = ann.model('sale.order').browse([a])
  const [first] = (await order.read(['order_line']))[0]!.order_line
  await order.write({ order_line: [['update', first!, { name: 'a"],["b' }]] })
  const one = await hash(a)
  await order.write({
    order_line: [
      ['update', first!, { name: 'a' }],
      ['create', { name: 'b' }],
    ],
  })
  assert.notEqual(await hash(a), one)
})

test('many orders are read at once', async () => {
  const ids = [await make(), await make(), await make()]
  const found = await at.system.call(async (sys) => {
    const before = sys.cx.statements
    const hashes = await contentHashes(sys, ids)
    assert.ok(sys.cx.statements - before <= 3)
    return [...hashes.values()]
  })
  assert.equal(new Set(found).size, 3)
  await assert.rejects(hash(999_999))
})
