import assert from 'node:assert/strict'
import { test } from 'node:test'
import { action_post, action_reverse, biller, button_cancel } from '@erp4/account'
import { AccessError, Decimal, type Records, UserError } from '@erp4/orm'
import { action_cancel, action_confirm, create_invoices, create_invoices_of_orders, sale, salesManager, salesman } from '@erp4/sale'
import { world } from '@erp4/testing'

const d = Decimal.of
const at = await world(sale, { now: () => new Date('2027-03-10T09:00:00Z') })
const ann = await at.person(salesman)
const boss = await at.person(salesManager)
const carla = await at.person(salesman, biller)
const [group] = (await at.system.model('account.tax.group').search([])).ids
const [vat, within] = (
  await at.system.model('account.tax').create([
    { name: '21%', amount: d(21), tax_group_id: group! },
    { name: '19% incl.', amount: d(19), price_include_override: 'tax_included', tax_group_id: group! },
  ])
).ids
const [desk, work] = (
  await at.system.model('product.product').create([
    { name: 'Desk', list_price: d('99.99'), taxes_id: [['set', [vat!]]] },
    { name: 'Work', list_price: d(60), type: 'service', invoice_policy: 'delivery', taxes_id: [['set', [vat!]]] },
  ] as never)
).ids as unknown as [number, number]
const [azure] = (await at.system.model('res.partner').create({ name: 'Azure', is_company: true })).ids

async function confirmed(
  lines: readonly Record<string, unknown>[],
  values: Record<string, unknown> = {},
): Promise<Records<'sale.order', false>> {
  const made = await ann
    .model('sale.order')
    .create({ partner_id: azure!, order_line: lines.map((line) => ['create', line]), ...values } as never)
  await action_confirm(made)
  return made
}
const seen = async (order: Records<'sale.order', false>) => {
  const [row] = await at.system
    .model('sale.order')
    .browse(order.ids)
    .read([
      'invoice_status',
      'invoice_ids',
      'amount_open',
      'order_line.qty_invoiced',
      'order_line.qty_to_invoice',
      'order_line.invoice_status',
    ])
  return {
    status: row!.invoice_status,
    open: row!.amount_open?.toString(),
    lines: row!.order_line.map((line) => [line.qty_invoiced?.toString(), line.qty_to_invoice?.toString(), line.invoice_status]),
  }
}
const invoice = (ids: unknown) => carla.model('account.move').browse(ids as number[])
const linesOf = async (order: Records<'sale.order', false>) =>
  (await at.system.model('sale.order').browse(order.ids).read(['order_line']))[0]!.order_line
const deliver = async (order: Records<'sale.order', false>, quantity: string, at_ = 0) =>
  ann
    .model('sale.order.line')
    .browse([(await linesOf(order))[at_]!])
    .write({ qty_delivered: d(quantity) })

test('an invoice asks for what was ordered or delivered, to the same figures as the order, and is linked back', async () => {
  const order = await confirmed(
    [
      { display_type: 'line_section', name: 'Furniture' },
      { product_id: desk, product_uom_qty: d(3), discount: d(5) },
      { product_id: work, product_uom_qty: d(8) },
    ],
    { client_order_ref: 'PO 7' },
  )
  assert.deepEqual(await seen(order), {
    status: 'to invoice',
    open: '925.61',
    lines: [
      ['0', '0', 'no'],
      ['0', '3', 'to invoice'],
      ['0', '0', 'no'],
    ],
  })
  const first = invoice(await create_invoices(order))
  const [row] = await first.read([
    'move_type',
    'state',
    'partner_id',
    'ref',
    'invoice_origin',
    'invoice_user_id',
    'amount_untaxed',
    'amount_total',
    'invoice_line_ids.display_type',
    'invoice_line_ids.quantity',
    'invoice_line_ids.name',
  ])
  assert.deepEqual(
    [row!.move_type, row!.state, row!.partner_id, row!.ref, row!.invoice_user_id, row!.amount_untaxed?.toString()],
    ['out_invoice', 'draft', azure, 'PO 7', ann.user.id, '284.97'],
  )
  assert.deepEqual(
    row!.invoice_line_ids.map((line) => [line.display_type, line.quantity.toString()]),
    [
      ['line_section', '0'],
      ['product', '3'],
    ],
  )
  await deliver(order, '5.5', 2)
  const second = invoice(await create_invoices(order))
  assert.equal((await second.read(['amount_untaxed']))[0]!.amount_untaxed?.toString(), '330')
  await action_post(second)
  await action_post(first)
  assert.deepEqual(await seen(order), {
    status: 'no',
    open: '181.5',
    lines: [
      ['0', '0', 'no'],
      ['3', '0', 'invoiced'],
      ['5.5', '0', 'no'],
    ],
  })
  await deliver(order, '8', 2)
  await action_post(invoice(await create_invoices(order)))
  assert.deepEqual(await seen(order), {
    status: 'invoiced',
    open: '0',
    lines: [
      ['0', '0', 'no'],
      ['3', '0', 'invoiced'],
      ['8', '0', 'invoiced'],
    ],
  })
  await assert.rejects(create_invoices(order), new UserError('There is nothing to invoice.'))
})

test('an order that is invoiced whole has the figures of its invoice, whichever way taxes are in the prices and rounded', async () => {
  for (const [tax, tax_rounding] of [
    [vat!, 'round_globally'],
    [vat!, 'round_per_line'],
    [within!, 'round_globally'],
    [within!, 'round_per_line'],
  ] as const) {
    const order = await confirmed(
      Array.from({ length: 9 }, (_, i) => ({
        name: `Part ${i}`,
        product_uom_qty: d(i + 1),
        price_unit: d(`${i}.337`),
        discount: d(i),
        tax_ids: [['set', [tax]]],
      })),
      { tax_rounding },
    )
    const bill = invoice(await create_invoices(order))
    const paths = ['amount_untaxed', 'amount_tax', 'amount_total'] as const
    const text = (row: Record<string, unknown>) => paths.map((path) => (row[path] as Decimal).toString())
    assert.deepEqual(text((await bill.read(paths))[0]!), text((await order.read(paths))[0]!))
    const nets = async (lines: readonly { price_subtotal: Decimal | null }[]) => lines.map((line) => line.price_subtotal?.toString())
    const [mine] = await order.read(['order_line.price_subtotal'])
    const [theirs] = await bill.read(['invoice_line_ids.price_subtotal'])
    assert.deepEqual(await nets(theirs!.invoice_line_ids), await nets(mine!.order_line))
  }
})

test('two people who invoice an order at once do not ask for the money twice', async () => {
  const order = await confirmed([{ product_id: desk, product_uom_qty: d(4) }])
  const all = await Promise.allSettled([
    create_invoices(order),
    create_invoices(order),
    create_invoices(boss.model('sale.order').browse(order.ids)),
  ])
  assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 1)
  assert.deepEqual((await seen(order)).lines, [['4', '0', 'invoiced']])
  assert.equal(
    await at.system.model('account.move').count([['invoice_line_ids', 'any', [['sale_line_ids', 'any', [['order_id', 'in', order.ids]]]]]]),
    1,
  )
})

test('a cancelled draft and a credit note give back what is to be invoiced', async () => {
  const order = await confirmed([{ product_id: desk, product_uom_qty: d(2) }])
  const draft = invoice(await create_invoices(order))
  await button_cancel(draft)
  assert.deepEqual((await seen(order)).lines, [['0', '2', 'to invoice']])
  const bill = invoice(await create_invoices(order))
  await action_post(bill)
  const credit = invoice(await action_reverse(bill, {}))
  // A note made by hand names the invoice, not the lines of the order: it is linked here as the goods come back.
  await at.system.call(async (sys) => {
    const [line] = (await sys.model('account.move').browse(credit.ids).read(['invoice_line_ids']))[0]!.invoice_line_ids
    await sys
      .model('account.move.line')
      .browse([line!])
      .write({ sale_line_ids: [['set', await linesOf(order)]] })
  })
  await action_post(credit)
  assert.deepEqual((await seen(order)).lines, [['0', '2', 'to invoice']])
})

test('what was invoiced too much is taken back when it is final', async () => {
  const order = await confirmed([{ product_id: work, product_uom_qty: d(10) }])
  await deliver(order, '10')
  await action_post(invoice(await create_invoices(order)))
  await deliver(order, '7')
  assert.deepEqual((await seen(order)).lines, [['10', '-3', 'to invoice']])
  await assert.rejects(create_invoices(order), UserError)
  const refund = invoice(await create_invoices(order, { final: true }))
  const [row] = await refund.read(['move_type', 'amount_untaxed'])
  assert.deepEqual([row!.move_type, row!.amount_untaxed?.toString()], ['out_refund', '180'])
  await action_post(refund)
  assert.deepEqual((await seen(order)).lines[0]!.slice(0, 2), ['7', '0'])
})

test('orders of one customer share an invoice, unless they are not to', async () => {
  const [a, b] = [await confirmed([{ product_id: desk }]), await confirmed([{ product_id: desk }])]
  const both = ann.model('sale.order').browse([...a.ids, ...b.ids])
  const one = (await create_invoices(both)) as number[]
  assert.equal(one.length, 1)
  const [row] = await invoice(one).read(['invoice_origin', 'invoice_line_ids.name', 'invoice_line_ids.display_type'])
  const names = (await both.read(['name'])).map((order) => order.name)
  assert.equal(row!.invoice_origin, names.join(', '))
  assert.deepEqual(
    row!.invoice_line_ids.map((line) => line.name),
    [names[0], 'Desk', names[1], 'Desk'],
  )
  await button_cancel(invoice(one))
  assert.equal(((await create_invoices(both, { separately: true })) as number[]).length, 2)
})

test('an order goes with its drafts, and stays while an invoice is posted', async () => {
  const order = await confirmed([{ product_id: desk }])
  const draft = invoice(await create_invoices(order))
  await action_cancel(order)
  assert.equal((await draft.read(['state']))[0]!.state, 'cancel')
  const other = await confirmed([{ product_id: desk }])
  const posted = invoice(await create_invoices(other))
  await action_post(posted)
  await assert.rejects(action_cancel(other), UserError)
  assert.equal((await other.read(['state']))[0]!.state, 'sale')
})

test('who only sells asks for the money and does not touch the books', async () => {
  const order = await confirmed([{ product_id: desk }])
  const ids = (await create_invoices(order)) as number[]
  const mine = ann.model('account.move').browse(ids)
  assert.equal((await mine.read(['amount_total'])).length, 1)
  await assert.rejects(action_post(mine), UserError)
  await assert.rejects(mine.write({ narration: 'x' }), UserError)
  await assert.rejects(ann.model('account.move').create({ move_type: 'out_invoice', partner_id: azure! }), UserError)
  assert.equal((await mine.read(['state']))[0]!.state, 'draft')
})

test('as Odoo’s clients ask for it: a dialogue about orders, by the rights of whoever has it, and once', async () => {
  const [one, two] = [await confirmed([{ product_id: desk }]), await confirmed([{ product_id: desk, product_uom_qty: d(2) }])]
  const ask = async (who: typeof ann, orders: readonly number[], values = {}) =>
    who
      .with({ active_ids: orders, active_model: 'sale.order' })
      .model('sale.advance.payment.inv')
      .create({ advance_payment_method: 'delivered', ...values })
  const both = await ask(ann, [...one.ids, ...two.ids])
  const answer = (await create_invoices_of_orders(both)) as { res_model: string; res_id: number }
  assert.deepEqual([answer.res_model, (await seen(one)).status, (await seen(two)).status], ['account.move', 'invoiced', 'invoiced'])
  assert.equal((await ann.model('account.move').browse([answer.res_id]).read(['amount_untaxed']))[0]!.amount_untaxed!.toString(), '299.97')
  await assert.rejects(create_invoices_of_orders(both), /nothing to invoice/)
  await assert.rejects(create_invoices_of_orders(await ask(ann, [])), UserError)
  // Another seller neither sees the dialogue nor invoices orders that are not hers.
  const other = await at.person(salesman)
  const third = await confirmed([{ product_id: desk }])
  await assert.rejects(create_invoices_of_orders(other.model('sale.advance.payment.inv').browse(both.ids)), AccessError)
  await assert.rejects(async () => create_invoices_of_orders(await ask(other, third.ids)))
  assert.equal((await seen(third)).status, 'to invoice')
})
