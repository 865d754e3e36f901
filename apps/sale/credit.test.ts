import assert from 'node:assert/strict'
import { test } from 'node:test'
import { action_post, biller, bookManager } from '@erp4/account'
import { Decimal, UserError, callMethod } from '@erp4/orm'
import { action_confirm, action_unlock, create_invoices, credit_warning, sale, salesManager, salesman } from '@erp4/sale'
import { untilBlocked, world } from '@erp4/testing'

const d = Decimal.of
const at = await world(sale)
const [ann, bob] = [await at.person(salesman), await at.person(salesman)]
const boss = await at.person(salesManager)
const carla = await at.person(biller)
const books = await at.person(bookManager)
const company = at.system.model('res.company').browse([1])

async function customer(limit: number): Promise<number> {
  const [id] = (await at.system.model('res.partner').create({ name: `Limit ${limit}`, is_company: true })).ids
  await books
    .model('res.partner')
    .browse([id!])
    .write({ credit_limit: d(limit) })
  return id!
}
const quote = (partner: number, price: number, seller = ann) =>
  seller.model('sale.order').create({ partner_id: partner, order_line: [['create', { name: 'Desk', price_unit: d(price) }]] as never })

test('nobody is stopped while the company uses no limits', async () => {
  await action_confirm(await quote(await customer(10), 1000))
})

test('a limit warns, or refuses all but an administrator, over invoices and orders of all sellers together', async () => {
  await company.write({ account_use_credit_limit: true, credit_limit_policy: 'warn' })
  const azure = await customer(1000)
  const [contact] = (await at.system.model('res.partner').create({ name: 'Ada', parent_id: azure })).ids
  await action_confirm(await quote(contact!, 400, bob))
  const billed = await quote(azure, 300, bob)
  await action_confirm(billed)
  await action_post(carla.model('account.move').browse((await create_invoices(billed)) as number[]))
  const [fits, over] = [await quote(azure, 300), await quote(azure, 301)]
  const [{ name }] = (await over.read(['name'])) as never as [{ name: string }]
  const sentence = `${name} goes over the credit limit of its customer: €700.00 of €1,000.00 are used.`
  assert.equal(await credit_warning(fits), false)
  assert.equal(await credit_warning(over), sentence)
  await company.write({ credit_limit_policy: 'block' })
  await assert.rejects(action_confirm(over), new UserError(sentence))
  assert.equal((await over.read(['state']))[0]!.state, 'draft')
  await action_confirm(fits)
  await assert.rejects(action_confirm(await quote(azure, 1)), UserError)
  await action_confirm(boss.model('sale.order').browse(over.ids))
})

test('of two orders that fit one by one, confirmed at once, one is confirmed', async () => {
  const azure = await customer(100)
  const [first, second] = [await quote(azure, 60), await quote(azure, 60, bob)]
  const [confirmed, mayEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  // Not committed yet: what the first one uses of the limit nobody else can see.
  const holding = ann.call(async (env) => {
    await action_confirm(env.model('sale.order').browse(first.ids))
    confirmed.resolve()
    await mayEnd.promise
  })
  await confirmed.promise
  const rival = action_confirm(second)
  await untilBlocked(at, rival)
  mayEnd.resolve()
  await holding
  await assert.rejects(rival, /goes over the credit limit of its customer: €60\.00 of €100\.00 are used/)
  assert.deepEqual([(await first.read(['state']))[0]!.state, (await second.read(['state']))[0]!.state], ['sale', 'draft'])
  const together = ann.model('sale.order').browse([...(await quote(await customer(100), 60)).ids])
  await action_confirm(together)
})

test('an order that a limit let through does not grow afterwards, but for who decides', async () => {
  const order = await quote(await customer(100), 90)
  await action_confirm(order)
  const [{ order_line: lines }] = (await order.read(['locked', 'order_line.id'])) as never as [{ order_line: { id: number }[] }]
  const line = ann.model('sale.order.line').browse([lines[0]!.id])
  await assert.rejects(line.write({ product_uom_qty: d(2000) }), /is locked/)
  await assert.rejects(ann.model('sale.order.line').create({ order_id: order.ids[0]!, name: 'More', price_unit: d(90) }), /is locked/)
  await assert.rejects(order.write({ order_line: [['update', line.ids[0]!, { price_unit: d(900) }]] as never }), /is locked/)
  await assert.rejects(action_unlock(order), UserError)
  const [after] = await order.read(['amount_total', 'order_line.id'])
  assert.deepEqual([String(after!.amount_total), after!.order_line.length], ['90', 1])
  await action_unlock(boss.model('sale.order').browse(order.ids))
  await line.write({ product_uom_qty: d(2) })
})

test('who sells does not decide on limits', async () => {
  const azure = await customer(50)
  await assert.rejects(
    ann
      .model('res.partner')
      .browse([azure])
      .write({ credit_limit: d(5000) }),
    UserError,
  )
  assert.equal((await ann.model('res.partner').browse([azure]).read(['credit_limit']))[0]!.credit_limit?.toString(), '50')
})

test('a form that gets a customer without credit says so, and one with credit left says nothing', async () => {
  const [spent, fresh] = [await customer(5), await customer(5)]
  await company.write({ credit_limit_policy: 'warn' })
  await action_confirm(await quote(spent, 6))
  const ask = (partner: number) =>
    ann.call((env) =>
      callMethod(env, {
        model: 'sale.order',
        method: 'onchange',
        args: [[], { partner_id: partner, company_id: 1 }, ['partner_id'], { note: {} }],
        kwargs: {},
      }),
    )
  assert.deepEqual(((await ask(spent)) as { warning: unknown }).warning, {
    title: 'Warning',
    message: 'Limit 5 is over the credit limit: €6.00 of €5.00 are used.',
    type: 'dialog',
  })
  assert.ok(!('warning' in ((await ask(fresh)) as object)))
})
