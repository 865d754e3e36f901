import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { RunningErp4 } from '@erp4/testing'
import OdooAwait from 'odoo-await'

// The first sale as a program makes it: a published client over XML-RPC, at a real ERP4 with its standard apps and examples.

type Row = Record<string, any>

describe('a program that sells', () => {
  let erp4: RunningErp4
  let seller: OdooAwait
  let accountant: OdooAwait
  let order: number

  before(async () => {
    erp4 = await RunningErp4.start()
    const { url, db, login, password } = erp4.instance('demo')
    const admin = await connect({ url, db, login, password })
    seller = await hire(admin, { url, db }, 'seller', ['sales_team.group_sale_salesman'])
    accountant = await hire(admin, { url, db }, 'accountant', ['account.group_account_invoice'])
  })
  after(() => erp4?.remove())

  test('finds products of the examples, and what an order is made of', async () => {
    const products = (await seller.searchRead(
      'product.product',
      [['sale_ok', '=', true]],
      ['display_name', 'lst_price', 'uom_id', 'taxes_id'],
      { limit: 80, order: 'id' },
    )) as Row[]
    assert.ok(products.length >= 12, 'seven things and a desk in six variants')
    assert.ok(products.some((product) => product['display_name'] === 'Desk (Oak, 140 cm)' && product['lst_price'] === 460))
    const fields = (await seller.getFields('sale.order', ['type', 'relation', 'required'])) as Row
    assert.deepEqual(
      [fields['order_line'].relation, fields['amount_total'].type, fields['partner_id'].required],
      ['sale.order.line', 'monetary', true],
    )
  })

  test('writes a quotation of five lines, and is told what it comes to', async () => {
    const [customer] = (await seller.searchRead(
      'res.partner',
      [
        ['is_company', '=', true],
        ['lang', '=', 'ko_KR'],
      ],
      ['id'],
      { limit: 1 },
    )) as Row[]
    const products = (await seller.searchRead(
      'product.product',
      [['default_code', 'in', ['LAMP-01', 'CHAIR-01', 'SHELF-01', 'PENCIL-12', 'SERV-ASM']]],
      ['lst_price', 'default_code'],
      { order: 'default_code' },
    )) as Row[]
    assert.equal(products.length, 5)
    order = await seller.create('sale.order', {
      partner_id: customer!['id'],
      client_order_ref: 'PO 7',
      order_line: {
        action: 'create',
        value: products.map((product, i) => ({ product_id: product['id'], product_uom_qty: i + 1, discount: i === 0 ? 10 : 0 })),
      },
    })
    const [row] = (await seller.read('sale.order', order, [
      'name',
      'state',
      'amount_untaxed',
      'amount_tax',
      'amount_total',
      'order_line',
      'partner_invoice_id',
      'validity_date',
    ])) as [Row]
    assert.match(row['name'], /^S\d{5}$/)
    assert.equal(row['state'], 'draft')
    assert.equal(row['order_line'].length, 5)
    const lines = (await seller.read('sale.order.line', row['order_line'], [
      'name',
      'price_unit',
      'product_uom_qty',
      'discount',
      'price_subtotal',
    ])) as Row[]
    const nets = lines.map((line) => line['price_unit'] * line['product_uom_qty'] * (1 - line['discount'] / 100))
    assert.deepEqual(
      lines.map((line) => line['price_subtotal']),
      nets.map(cents),
    )
    assert.equal(row['amount_untaxed'], cents(lines.reduce((sum, line) => sum + line['price_subtotal'], 0)))
    assert.equal(row['amount_tax'], cents(row['amount_untaxed'] * 0.21), 'the tax of the examples, once for the document')
    assert.equal(row['amount_total'], cents(row['amount_untaxed'] + row['amount_tax']))
    assert.ok(
      lines.some((line) => /[가-힣]/.test(line['name'])),
      'in the language of the customer',
    )
  })

  test('reads all of it as careless clients do', async () => {
    const [all] = (await seller.read('sale.order', order)) as [Row]
    assert.ok(Object.keys(all).length > 40)
    const [line] = (await seller.read('sale.order.line', all['order_line'])) as Row[]
    assert.equal(line!['order_id'][0], order)
  })

  test('changes nothing that is not its to change', async () => {
    const before = await amounts(seller, order)
    await assert.rejects(seller.update('sale.order', order, { state: 'sale' }))
    await seller.update('sale.order', order, { amount_total: 1 })
    await assert.rejects(accountant.update('sale.order', order, { client_order_ref: 'mine' }))
    assert.deepEqual(await amounts(seller, order), before)
  })

  test('confirms it, asks for the money, and an accountant posts it', async () => {
    assert.equal(await seller.execute_kw('sale.order', 'action_confirm', [[[order]]]), true)
    await assert.rejects(seller.execute_kw('sale.order', 'action_confirm', [[[order]]]), /no longer a quotation/)
    const [invoice] = (await seller.execute_kw('sale.order', 'create_invoices', [[[order]]])) as [number]
    await assert.rejects(seller.execute_kw('sale.order', 'create_invoices', [[[order]]]), /nothing to invoice/)
    await assert.rejects(seller.execute_kw('account.move', 'action_post', [[[invoice]]]))
    assert.equal(await accountant.execute_kw('account.move', 'action_post', [[[invoice]]]), true)
    const [posted] = (await accountant.read('account.move', invoice, [
      'name',
      'state',
      'amount_untaxed',
      'amount_tax',
      'amount_total',
      'ref',
      'invoice_line_ids',
      'line_ids',
    ])) as [Row]
    assert.match(posted['name'], /^INV\/\d{4}\/\d{5}$/)
    assert.deepEqual(
      [posted['state'], posted['ref'], posted['invoice_line_ids'].length, posted['line_ids'].length],
      ['posted', 'PO 7', 5, 7],
    )
    assert.deepEqual(
      [posted['amount_untaxed'], posted['amount_tax'], posted['amount_total']],
      await amounts(seller, order),
      'the figures of the order, to the last digit',
    )
    const items = (await accountant.read('account.move.line', posted['line_ids'], ['debit', 'credit'])) as Row[]
    assert.equal(cents(items.reduce((sum, item) => sum + item['debit'] - item['credit'], 0)), 0)
    const [sold] = (await seller.read('sale.order', order, ['state', 'invoice_status', 'invoice_ids', 'invoice_count'])) as [Row]
    assert.deepEqual(
      [sold['state'], sold['invoice_status'], sold['invoice_ids'], sold['invoice_count']],
      ['sale', 'invoiced', [invoice], 1],
    )
    await assert.rejects(accountant.update('account.move', invoice, { invoice_date: '2020-01-01' }), /credit note/)
  })
})

async function connect({ url, db, login, password }: { url: string; db: string; login: string; password: string }): Promise<OdooAwait> {
  const client = new OdooAwait({ baseUrl: url, db, username: login, password })
  await client.connect()
  return client
}

/** Somebody with these rights, signed in. */
async function hire(admin: OdooAwait, at: { url: string; db: string }, login: string, keys: readonly string[]): Promise<OdooAwait> {
  const groups = await admin.search('res.groups', [['key', 'in', keys]])
  assert.equal(groups.length, keys.length)
  const password = `the password of the ${login}`
  await admin.create('res.users', { name: login, login, password, group_ids: [[6, 0, groups]] })
  return connect({ ...at, login, password })
}

async function amounts(client: OdooAwait, id: number): Promise<number[]> {
  const [row] = (await client.read('sale.order', id, ['amount_untaxed', 'amount_tax', 'amount_total'])) as [Row]
  return [row['amount_untaxed'], row['amount_tax'], row['amount_total']]
}

const cents = (amount: number): number => Math.round((amount + Number.EPSILON) * 100) / 100
