import assert from 'node:assert/strict'
import { test } from 'node:test'
import { biller, bookManager } from '@erp4/account'
import { employee, explain_access, portal, userManager } from '@erp4/base'
import { AccessError, Decimal, type Records, UserError, ValidationError, ValueError, day } from '@erp4/orm'
import { pricelistManager } from '@erp4/product'
import {
  action_cancel,
  action_confirm,
  action_draft,
  action_lock,
  action_quotation_sent,
  action_take_option,
  action_unlock,
  action_update_prices,
  sale,
  salesManager,
  salesman,
  salesmanOfAll,
} from '@erp4/sale'
import { type Actor, conforms, world } from '@erp4/testing'

const d = Decimal.of

conforms(sale, {
  samples: {
    'sale.order': async (_n, sys) => ({ partner_id: (await sys.model('res.partner').search([], { limit: 1 })).ids[0]! }),
    'sale.order.line': async (n, sys) => {
      const [found] = (await sys.model('sale.order').search([['state', '=', 'draft']], { limit: 1 })).ids
      const order_id =
        found ??
        (await sys.model('sale.order').create({ partner_id: (await sys.model('res.partner').search([], { limit: 1 })).ids[0]! })).ids[0]!
      return { order_id, name: `Line ${n}`, price_unit: d(n) }
    },
  },
})

const at = await world(sale, { now: () => new Date('2027-03-10T09:00:00Z') })
const ann = await at.person(salesman)
const bob = await at.person(salesman)
const boss = await at.person(salesManager)
const clerk = await at.person(employee)
const visitor = await at.person(portal)
const elsewhere = await at.company('Elsewhere')
const stranger = await at.personOf([elsewhere], salesManager)
const [vat] = (
  await at.system.model('account.tax').create({
    name: '21%',
    amount: d(21),
    tax_group_id: (await at.system.model('account.tax.group').search([['company_id', '=', 1]])).ids[0]!,
  })
).ids
const [desk, lamp, hours] = (
  await at.system.model('product.product').create([
    { name: 'Desk', default_code: 'D', list_price: d('99.90'), taxes_id: [['set', [vat!]]], description_sale: 'Oak' },
    { name: 'Lamp', list_price: d('33.333333'), taxes_id: [['set', [vat!]]] },
    { name: 'Work', list_price: d(60), type: 'service', invoice_policy: 'delivery' },
  ] as never)
).ids as unknown as [number, number, number]
const [azure] = (await at.system.model('res.partner').create({ name: 'Azure', is_company: true })).ids
const orders = ann.model('sale.order')

const quote = (
  values: Record<string, unknown> = {},
  lines: readonly Record<string, unknown>[] = [{ product_id: desk, product_uom_qty: d(2) }, { product_id: lamp }],
): Promise<Records<'sale.order', false>> =>
  orders.create({ partner_id: azure!, order_line: lines.map((line) => ['create', line]), ...values } as never)
const amounts = async (order: Records<'sale.order', false>) => {
  const [row] = await at.system.model('sale.order').browse(order.ids).read(['amount_untaxed', 'amount_tax', 'amount_total'])
  return [row!.amount_untaxed, row!.amount_tax, row!.amount_total].map((value) => value?.toString())
}
const stateOf = async (order: Records<'sale.order', false>) =>
  (await at.system.model('sale.order').browse(order.ids).read(['state']))[0]!.state
const linesOf = async (order: Records<'sale.order', false>) =>
  (await at.system.model('sale.order').browse(order.ids).read(['order_line']))[0]!.order_line

test('a quotation has a number, addresses, terms, lines as their products say, and totals', async () => {
  const made = await quote()
  const [row] = await made.read([
    'name',
    'state',
    'partner_invoice_id',
    'partner_shipping_id',
    'validity_date',
    'user_id',
    'currency_id.name',
    'require_signature',
    'order_line.name',
    'order_line.price_unit',
    'order_line.price_subtotal',
    'order_line.tax_ids',
    'invoice_status',
  ])
  assert.match(row!.name!, /^S\d{5}$/)
  assert.deepEqual(
    [
      row!.state,
      row!.partner_invoice_id,
      row!.partner_shipping_id,
      row!.validity_date,
      row!.user_id,
      row!.currency_id?.name,
      row!.require_signature,
      row!.invoice_status,
    ],
    ['draft', azure, azure, '2027-04-09', ann.user.id, 'EUR', true, 'no'],
  )
  assert.deepEqual(
    row!.order_line.map((line) => [line.name, line.price_unit.toString(), line.price_subtotal?.toString(), line.tax_ids]),
    [
      ['[D] Desk\nOak', '99.9', '199.8', [vat]],
      ['Lamp', '33.333333', '33.33', [vat]],
    ],
  )
  assert.deepEqual(await amounts(made), ['233.13', '48.96', '282.09'])
})

test('invoices and goods go to the addresses that the customer has for them', async () => {
  const company = await at.system.model('res.partner').create({ name: 'Cobalt', is_company: true })
  const [bills, goods, ada] = (
    await at.system.model('res.partner').create([
      { name: 'Bills', type: 'invoice', parent_id: company.ids[0]! },
      { name: 'Goods', type: 'delivery', parent_id: company.ids[0]! },
      { name: 'Ada', parent_id: company.ids[0]! },
    ])
  ).ids
  const [row] = await (await quote({ partner_id: ada! })).read(['partner_invoice_id', 'partner_shipping_id', 'commercial_partner_id'])
  assert.deepEqual([row!.partner_invoice_id, row!.partner_shipping_id, row!.commercial_partner_id], [bills, goods, company.ids[0]])
})

test('an order for a colleague’s customer is his, where one may see it, and one’s own where not', async () => {
  const [hers] = (await at.system.model('res.partner').create({ name: 'Hers', user_id: bob.user.id })).ids
  const everyones = await at.person(salesmanOfAll)
  const userOf = async (order: Records<'sale.order', false>) => (await order.read(['user_id']))[0]!.user_id
  assert.equal(await userOf(await quote({ partner_id: hers! })), ann.user.id)
  assert.equal(await userOf(await everyones.model('sale.order').create({ partner_id: hers! })), bob.user.id)
})

test('sections, notes and options cost nothing; what is taken of the options does', async () => {
  const made = await quote({}, [
    { display_type: 'line_section', name: 'Furniture' },
    { product_id: desk },
    { display_type: 'line_note', name: 'Delivered in parts', price_unit: d(1000), product_uom_qty: d(5) },
    { product_id: lamp, is_optional: true, discount: d(10) },
  ])
  assert.deepEqual(await amounts(made), ['99.9', '20.98', '120.88'])
  const lines = await linesOf(made)
  await action_take_option(made, { lines: [lines[3]!, lines[0]!] })
  assert.deepEqual((await amounts(made))[0], '129.9')
  await action_confirm(made)
  await assert.rejects(action_take_option(made, { lines: [lines[3]!], taken: false }), UserError)
})

test('a customer pays what his pricelist says, in its currency and by quantity, and his language is spoken to him', async () => {
  const prices = await at.person(pricelistManager)
  const all = at.system.with({ active_test: false })
  const [dollar] = (await all.model('res.currency').search([['name', '=', 'USD']])).ids
  await at.system.model('res.currency.rate').create({ currency_id: dollar!, name: day('2027-01-01'), rate: d('1.25'), company_id: null })
  const [list] = (
    await prices.model('product.pricelist').create({
      name: 'Dollars',
      currency_id: dollar!,
      item_ids: [['create', { compute_price: 'percentage', percent_price: d(10), min_quantity: d(10) }]],
    })
  ).ids
  const [kim] = (await at.system.model('res.partner').create({ name: '김', lang: 'ko_KR', property_product_pricelist: list! })).ids
  await at.system.with({ lang: 'ko_KR' }).model('product.product').browse([desk]).write({ name: '책상', description_sale: '참나무' })
  const made = await quote({ partner_id: kim! }, [{ product_id: desk, product_uom_qty: d(10) }, { product_id: desk }])
  const [row] = await made.read([
    'currency_id',
    'currency_rate',
    'pricelist_id',
    'order_line.price_unit',
    'order_line.name',
    'order_line.technical_price_unit',
  ])
  assert.deepEqual([row!.currency_id, row!.currency_rate.toString(), row!.pricelist_id], [dollar, '1.25', list])
  assert.deepEqual(
    row!.order_line.map((line) => [line.price_unit.toString(), line.name]),
    [
      ['112.3875', '[D] 책상\n참나무'],
      ['124.875', '[D] 책상\n참나무'],
    ],
  )
  const [first] = await linesOf(made)
  await made.write({ order_line: [['update', first!, { product_uom_qty: d(1) }]] })
  await action_update_prices(made)
  assert.deepEqual(
    (await made.read(['order_line.price_unit']))[0]!.order_line.map((line) => line.price_unit.toString()),
    ['124.875', '124.875'],
  )
  await assert.rejects(made.write({ currency_id: 1 }), ValidationError)
})

test('a line that gets another product says what that says, but for what was given with it', async () => {
  const made = await quote()
  const [first, second] = await linesOf(made)
  await made.write({
    order_line: [
      ['update', first!, { product_id: lamp }],
      ['update', second!, { product_id: desk, price_unit: d(1), name: 'Own words' }],
    ],
  })
  const [row] = await made.read(['order_line.name', 'order_line.price_unit', 'order_line.product_uom_qty'])
  assert.deepEqual(
    row!.order_line.map((line) => [line.name, line.price_unit.toString(), line.product_uom_qty.toString()]),
    [
      ['Lamp', '33.333333', '2'],
      ['Own words', '1', '1'],
    ],
  )
})

test('a unit that is not the product’s own has its own price', async () => {
  const [dozen] = (await ann.model('uom.uom').search([['name', '=', 'Dozens']])).ids
  const made = await quote({}, [{ product_id: desk, product_uom_id: dozen! }])
  assert.deepEqual(await amounts(made), ['1198.8', '251.75', '1450.55'])
})

test('what is counted in pieces is not sold by weight, and no discount is more than all of it', async () => {
  const [kilo] = (await ann.model('uom.uom').search([['name', '=', 'kg']])).ids
  const made = await quote({}, [{ product_id: desk }])
  const [line] = (await made.read(['order_line.id']))[0]!.order_line
  const its = ann.model('sale.order.line').browse([line!.id])
  await assert.rejects(quote({}, [{ product_id: desk, product_uom_id: kilo! }]), /measures something else/)
  await assert.rejects(its.write({ product_uom_id: kilo! }), /measures something else/)
  await assert.rejects(its.write({ discount: d('100.01') }), /at most 100 percent/)
  assert.deepEqual(await amounts(made), ['99.9', '20.98', '120.88'])
})

test('it is sent, confirmed once, locked, unlocked by who may, and cancelled', async () => {
  const made = await quote()
  await action_quotation_sent(made)
  await assert.rejects(made.unlink(), UserError)
  await action_confirm(made)
  const [row] = await made.read(['name', 'state', 'date_order', 'locked'])
  assert.deepEqual([row!.state, row!.date_order, row!.locked], ['sale', '2027-03-10 09:00:00', false])
  await assert.rejects(action_confirm(made), new UserError(`${row!.name} is no longer a quotation.`))
  await action_lock(made)
  await assert.rejects(action_cancel(made), new UserError(`${row!.name} is locked. Unlock it first.`))
  await assert.rejects(action_unlock(made), UserError)
  await action_unlock(boss.model('sale.order').browse(made.ids))
  await action_cancel(made)
  await assert.rejects(action_cancel(made), UserError)
  await action_draft(made)
  assert.equal(await stateOf(made), 'draft')
  await made.unlink()
})

test('nothing empty and nothing negative is confirmed', async () => {
  const [empty, notes, negative] = [
    await quote({}, []),
    await quote({}, [
      { display_type: 'line_note', name: 'Soon' },
      { product_id: desk, is_optional: true },
    ]),
    await quote({}, [{ product_id: desk, product_uom_qty: d(-2) }]),
  ]
  for (const order of [empty, notes, negative]) {
    await assert.rejects(action_confirm(order), UserError)
    assert.equal(await stateOf(order), 'draft')
  }
  assert.deepEqual(await amounts(negative), ['-199.8', '-41.96', '-241.76'])
})

test('ten people who confirm an order at once confirm it once', async () => {
  const made = await quote()
  const all = await Promise.allSettled(Array.from({ length: 10 }, () => action_confirm(made)))
  assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 1)
  assert.ok(all.every((one) => one.status === 'fulfilled' || one.reason instanceof UserError))
})

test('numbers are each company’s own, without a gap, whatever fails', async () => {
  const both = await at.personOf([1, elsewhere], salesmanOfAll)
  const numbers = async (company: number) =>
    (await at.system.model('sale.order').find([['company_id', '=', company]], ['name'])).map((order) => order.name!).sort()
  const before = (await numbers(1)).length
  await Promise.allSettled(
    Array.from({ length: 12 }, (_, i) =>
      both.call(async (env) => {
        await env.model('sale.order').create([
          { partner_id: azure!, company_id: 1 },
          { partner_id: azure!, company_id: elsewhere },
        ])
        if (i % 3 === 0) throw new UserError('changed my mind')
      }),
    ),
  )
  const deleted = await at.system.model('sale.order').count([['company_id', '=', 1]])
  assert.equal(deleted, before + 8)
  assert.deepEqual(
    await numbers(elsewhere),
    Array.from({ length: 8 }, (_, i) => `S${String(i + 1).padStart(5, '0')}`),
  )
  const mine = (await numbers(1)).map((name) => Number(name.slice(1)))
  assert.deepEqual(
    mine.slice(-8),
    Array.from({ length: 8 }, (_, i) => mine.at(-1)! - 7 + i),
  )
})

test('why somebody may change an order tells what stays as it is in it, and why; while it is a quotation nothing does', async () => {
  type Told = { allowed: boolean; because: string; frozen: { says: string; fields: string[] }[] }
  const chief = await at.person(userManager, salesManager)
  const made = await quote()
  const asked = async (about: Actor<false>, lang = 'en_US') =>
    (await explain_access(chief.with({ lang }).model('res.users').browse([about.user.id]), {
      model: 'sale.order',
      res_id: made.ids[0]!,
      operation: 'write',
    })) as unknown as Told
  assert.deepEqual((await asked(ann)).frozen, [])
  await action_confirm(made)
  await action_lock(made)
  const [{ name } = { name: '' }] = await made.read(['name'])
  const { allowed, because, frozen } = await asked(ann)
  assert.equal(allowed, true)
  assert.match(because, /Some of its fields stay as they are for everybody\.$/)
  assert.deepEqual(frozen.map(({ says }) => says).toSorted(), [
    `${name} is confirmed: it keeps its customer, company and currency.`,
    `${name} is locked: what was agreed stays as it is.`,
  ])
  assert.ok(frozen.every(({ fields }) => fields.includes('Customer')))
  assert.match((await asked(ann, 'ko_KR')).frozen.map(({ says }) => says).join(' '), new RegExp(`${name}.*잠`))
  assert.deepEqual((await asked(clerk)).frozen, [], 'who may not change it at all is told that, and no more')
})

test('what is locked, signed or cancelled stays as it is, with a sentence that says so', async () => {
  for (const [what, freeze] of [
    ['locked', async (order: Records<'sale.order', false>) => (await action_confirm(order), action_lock(order))],
    [
      'signed',
      async (order: Records<'sale.order', false>) =>
        at.system
          .model('sale.order')
          .browse(order.ids)
          .write({ signed_by: 'Ada', signed_on: '2027-03-10 09:00:00' as never }),
    ],
    ['cancelled', (order: Records<'sale.order', false>) => action_cancel(order)],
  ] as const) {
    const made = await quote()
    const lines = await linesOf(made)
    await freeze(made)
    const before = JSON.stringify([
      await amounts(made),
      await made.read(['partner_id', 'note', 'order_line.name', 'order_line.price_unit']),
    ])
    const says = (error: Error) => error instanceof UserError && error.message.includes(what)
    const [mine, line] = [boss.model('sale.order').browse(made.ids), boss.model('sale.order.line').browse(lines.slice(0, 1))]
    for (const attempt of [
      () => mine.write({ note: 'more' }),
      () => mine.write({ payment_term_id: 1 }),
      () => mine.write({ order_line: [['create', { name: 'more' }]] }),
      () => mine.write({ order_line: [['update', lines[0]!, { price_unit: d(0) }]] }),
      () => mine.write({ order_line: [['delete', lines[0]!]] }),
      () => mine.write({ order_line: [['clear']] }),
      () => mine.write({ order_line: [['set', []]] }),
      () => line.write({ price_unit: d(0) }),
      () => line.write({ name: 'less' }),
      () => line.write({ tax_ids: [['clear']] }),
      () => line.unlink(),
      () => boss.model('sale.order.line').create({ order_id: made.ids[0]!, name: 'more' }),
    ])
      await assert.rejects(attempt(), says, what)
    assert.equal(
      JSON.stringify([await amounts(made), await made.read(['partner_id', 'note', 'order_line.name', 'order_line.price_unit'])]),
      before,
    )
    // What is not agreed upon goes on.
    if (what !== 'cancelled') await line.write({ qty_delivered: d(1) })
    if (what !== 'cancelled') await mine.write({ order_line: [['update', lines[0]!, { qty_delivered: d(2) }]] })
    await mine.write({ user_id: bob.user.id })
  }
})

test('a confirmed order keeps customer, currency and products, and its lines are changed in quantity and price', async () => {
  const made = await quote()
  const [first, second] = await linesOf(made)
  await action_confirm(made)
  const line = ann.model('sale.order.line').browse([first!])
  await line.write({ product_uom_qty: d(3), price_unit: d(10) })
  for (const attempt of [
    () => made.write({ partner_id: ann.user.partner_id }),
    () => line.write({ product_id: lamp }),
    () => ann.model('sale.order.line').browse([second!]).unlink(),
    () => line.write({ order_id: made.ids[0]! }),
  ])
    await assert.rejects(attempt(), UserError)
  await made.write({ order_line: [['create', { product_id: lamp } as never]] })
  assert.deepEqual((await amounts(made))[0], '96.66')
})

test('states, numbers, signatures and amounts are not written by hand', async () => {
  const made = await quote()
  const before = JSON.stringify(await made.read(['state', 'name', 'locked', 'signed_by', 'amount_total', 'invoice_status']))
  for (const values of [{ state: 'sale' }, { name: 'S1' }, { locked: true }, { signed_by: 'Ada' }, { signed_hash: 'x' }]) {
    await assert.rejects(
      boss
        .model('sale.order')
        .browse(made.ids)
        .write(values as never),
      ValueError,
    )
    await assert.rejects(orders.create({ partner_id: azure!, ...values } as never), ValueError)
  }
  await made.write({
    amount_total: d(1),
    invoice_status: 'invoiced',
    tax_totals: {},
    order_line: [['update', (await linesOf(made))[0]!, { price_subtotal: d(1), qty_invoiced: d(9) }]],
  } as never)
  assert.equal(JSON.stringify(await made.read(['state', 'name', 'locked', 'signed_by', 'amount_total', 'invoice_status'])), before)
  await assert.rejects(
    ann
      .model('sale.order.line')
      .browse(await linesOf(made))
      .write({ invoice_lines: [['clear']] } as never),
    ValueError,
  )
})

test('a seller works with his own quotations and those of nobody', async () => {
  const [hers, nobodys] = [await quote(), await quote({ user_id: null })]
  const his = bob.model('sale.order')
  assert.deepEqual(
    (await his.browse([...hers.ids, ...nobodys.ids]).read(['name'])).map(({ id }) => id),
    nobodys.ids,
  )
  await assert.rejects(action_confirm(his.browse(hers.ids)), AccessError)
  await assert.rejects(his.browse(hers.ids).write({ note: 'x' }), AccessError)
  await assert.rejects(bob.model('sale.order.line').create({ order_id: hers.ids[0]!, name: 'x' }), AccessError)
  const [line] = await linesOf(hers)
  await assert.rejects(his.browse(nobodys.ids).write({ order_line: [['update', line!, { price_unit: d(0) }]] }), AccessError)
  await assert.rejects(his.browse(nobodys.ids).write({ order_line: [['link', line!]] }), UserError)
  await assert.rejects(his.browse(nobodys.ids).write({ order_line: [['delete', line!]] }), AccessError)
  await assert.rejects(his.browse(nobodys.ids).write({ order_line: [['set', [line!]]] }), UserError)
  assert.deepEqual((await amounts(hers))[0], '233.13')
  // He cannot take one over, nor give his own away to where he would not see it.
  await assert.rejects(his.browse(hers.ids).write({ user_id: bob.user.id }), AccessError)
  await assert.rejects(his.browse(nobodys.ids).write({ user_id: ann.user.id }), AccessError)
  const everyones = await at.person(salesmanOfAll)
  assert.equal((await everyones.model('sale.order').browse(hers.ids).read(['name'])).length, 1)
})

test('who sells nothing, belongs elsewhere or is a customer reaches nothing that is not his', async () => {
  const made = await quote()
  await action_confirm(made)
  for (const someone of [clerk, stranger]) {
    const seen = await someone
      .model('sale.order')
      .browse(made.ids)
      .read(['name'])
      .catch((error: unknown) => (error instanceof AccessError ? [] : Promise.reject(error as Error)))
    assert.deepEqual(seen, [])
    await assert.rejects(action_cancel(someone.model('sale.order').browse(made.ids)), AccessError)
    await assert.rejects(
      someone
        .model('sale.order.line')
        .browse(await linesOf(made))
        .write({ price_unit: d(0) }),
      AccessError,
    )
  }
  const [own, draft] = [await quote({ partner_id: visitor.user.partner_id }), await quote({ partner_id: visitor.user.partner_id })]
  await action_quotation_sent(own)
  const seen = visitor.model('sale.order')
  assert.deepEqual(
    (await seen.browse([...made.ids, ...own.ids, ...draft.ids]).read(['amount_total', 'order_line.name'])).map((one) => [
      one.id,
      one.amount_total?.toString(),
      one.order_line.length,
    ]),
    [[own.ids[0], '282.09', 2]],
  )
  for (const attempt of [
    () => seen.browse(own.ids).write({ note: 'x' }),
    () => action_confirm(seen.browse(own.ids)),
    () =>
      visitor
        .model('sale.order.line')
        .browse([1])
        .write({ price_unit: d(0) }),
    () => seen.create({ partner_id: visitor.user.partner_id }),
  ])
    await assert.rejects(attempt(), AccessError)
  await assert.rejects(seen.browse(own.ids).read(['amount_open']), ValueError)
})

test('another company’s customer, pricelist and tax are refused', async () => {
  const [theirs] = (await at.system.model('res.partner').create({ name: 'Theirs', company_id: elsewhere })).ids
  const [foreign] = (
    await at.system.model('account.tax').create({
      name: 'Theirs',
      amount: d(5),
      company_id: elsewhere,
      tax_group_id: (await at.system.model('account.tax.group').search([['company_id', '=', elsewhere]])).ids[0]!,
    })
  ).ids
  const [list] = (
    await at.system.model('product.pricelist').create({
      name: 'Theirs',
      company_id: elsewhere,
      currency_id: (await at.system.model('res.company').browse([1]).read(['currency_id']))[0]!.currency_id,
    })
  ).ids
  const count = await orders.count([])
  for (const values of [{ partner_id: theirs! }, { pricelist_id: list! }, { company_id: elsewhere }])
    await assert.rejects(quote(values), UserError)
  await assert.rejects(quote({}, [{ name: 'x', tax_ids: [['set', [foreign!]]] }]), AccessError)
  assert.equal(await orders.count([]), count)
})

test('taxes of quotations that customers have keep their figures', async () => {
  const books = await at.person(bookManager)
  const [tax] = (
    await books
      .model('account.tax')
      .create({ name: 'On quotations', amount: d(5), tax_group_id: (await books.model('account.tax.group').search([])).ids[0]! })
  ).ids
  const made = await quote({}, [{ name: 'x', price_unit: d(100), tax_ids: [['set', [tax!]]] }])
  await books
    .model('account.tax')
    .browse([tax!])
    .write({ amount: d(6) })
  assert.deepEqual(await amounts(made), ['100', '6', '106'])
  await action_quotation_sent(made)
  await assert.rejects(
    books
      .model('account.tax')
      .browse([tax!])
      .write({ amount: d(7) }),
    UserError,
  )
  assert.deepEqual(await amounts(made), ['100', '6', '106'])
})

test('a copy is a quotation of its own', async () => {
  const made = await quote()
  await action_confirm(made)
  const copy = await made.copy()
  const [row] = await copy.read(['state', 'name', 'order_line.qty_invoiced', 'signed_by'])
  const [original] = await made.read(['name'])
  assert.equal(row!.state, 'draft')
  assert.notEqual(row!.name, original!.name)
  assert.deepEqual(await amounts(copy), await amounts(made))
  assert.ok(hours > 0 && biller.name !== '')
})
