import assert from 'node:assert/strict'
import { test } from 'node:test'
import { account, action_post, action_reverse, biller, bookManager, bookReader, button_cancel, button_draft } from '@erp4/account'
import { administrator, employee, portal } from '@erp4/base'
import { AccessError, Decimal, type Records, UserError, ValidationError, ValueError, day } from '@erp4/orm'
import { conforms, world } from '@erp4/testing'

const d = Decimal.of

conforms(account, {
  samples: {
    'account.payment.term.line': async (_n, sys) => ({
      payment_id: (await sys.model('account.payment.term').create({ name: 'Term' })).ids[0]!,
    }),
    'account.move': async (_n, sys) => ({
      move_type: 'entry',
      journal_id: (await sys.model('account.journal').search([['type', '=', 'general']])).ids[0]!,
    }),
    'account.fiscal.position.tax': async (n, sys) => {
      const [group] = (await sys.model('account.tax.group').search([])).ids
      return {
        position_id: (await sys.model('account.fiscal.position').create({ name: `Position ${n}` })).ids[0]!,
        tax_src_id: (await sys.model('account.tax').create({ name: `Tax ${n}`, tax_group_id: group! })).ids[0]!,
      }
    },
  },
})

const at = await world(account, { now: () => new Date('2027-03-10T09:00:00Z') })
const ann = await at.person(biller)
const boss = await at.person(bookManager)
const reader = await at.person(bookReader)
const bob = await at.person(employee)
const elsewhere = await at.company('Elsewhere')
const stranger = await at.personOf([elsewhere], bookManager)
const moves = ann.model('account.move')
const [group] = (await boss.model('account.tax.group').search([])).ids
const [vat] = (await boss.model('account.tax').create({ name: '21%', amount: d(21), tax_group_id: group! })).ids
const [customer] = (await at.system.model('res.partner').create({ name: 'Azure', is_company: true, lang: 'ko_KR' })).ids
const [product] = (
  await boss
    .model('product.product')
    .create({ name: 'Desk', list_price: d('99.90'), taxes_id: [['set', [vat!]]], description_sale: 'Oak' } as never)
).ids

const invoice = (values: Record<string, unknown> = {}): Promise<Records<'account.move', false>> =>
  moves.create({
    move_type: 'out_invoice',
    partner_id: customer!,
    invoice_line_ids: [
      ['create', { name: 'Desk', quantity: d(3), price_unit: d('0.335'), tax_ids: [['set', [vat!]]] }],
      ['create', { name: 'Below', display_type: 'line_section' }],
      ['create', { name: 'Chair', quantity: d(1), price_unit: d(10), discount: d(50) }],
    ],
    ...values,
  } as never)

const amounts = async (records: Records<'account.move', false>) => {
  const [row] = await records.read(['amount_untaxed', 'amount_tax', 'amount_total', 'amount_residual', 'state', 'name'])
  return [row!.amount_untaxed, row!.amount_tax, row!.amount_total, row!.amount_residual].map((value) => value?.toString())
}
const items = async (records: Records<'account.move', false>) =>
  (
    await at.system.model('account.move.line').find(
      [
        ['move_id', 'in', records.ids],
        ['account_id', '!=', null],
      ],
      ['name', 'account_id.code', 'debit', 'credit', 'date_maturity', 'display_type'],
    )
  ).map((line) => [line.account_id?.code, line.debit?.toString(), line.credit?.toString()])

test('a draft has its totals and no number, and takes one only when it is posted', async () => {
  const draft = await invoice()
  assert.deepEqual(await amounts(draft), ['6.01', '0.21', '6.22', '0'])
  assert.equal((await draft.read(['name']))[0]!.name, null)
  await action_post(draft)
  const [row] = await draft.read(['name', 'state', 'invoice_date', 'invoice_date_due', 'display_name', 'payment_state'])
  assert.deepEqual(
    { ...row, id: 0 },
    {
      id: 0,
      name: 'INV/2027/00001',
      state: 'posted',
      invoice_date: '2027-03-10',
      invoice_date_due: '2027-03-10',
      display_name: 'INV/2027/00001',
      payment_state: 'not_paid',
    },
  )
  assert.deepEqual(await amounts(draft), ['6.01', '0.21', '6.22', '6.22'])
  assert.deepEqual(await items(draft), [
    ['400000', '0', '1.01'],
    ['400000', '0', '5'],
    ['251000', '0', '0.21'],
    ['121000', '6.22', '0'],
  ])
})

test('lines say what their product says: in the language of the customer, with its price and taxes', async () => {
  await boss.with({ lang: 'ko_KR' }).model('product.product').browse([product!]).write({ name: '책상', description_sale: '참나무' })
  const draft = await invoice({
    invoice_line_ids: [
      [0, 0, { product_id: product! }],
      ['create', { product_id: product!, name: 'Own words', price_unit: d(1) }],
    ],
  })
  const [row] = await draft.read([
    'invoice_line_ids.name',
    'invoice_line_ids.price_unit',
    'invoice_line_ids.tax_ids',
    'invoice_line_ids.product_uom_id',
    'amount_total',
  ])
  assert.deepEqual(
    row!.invoice_line_ids.map((line) => [line.name, line.price_unit.toString(), line.tax_ids]),
    [
      ['책상\n참나무', '99.9', [vat]],
      ['Own words', '1', [vat]],
    ],
  )
  assert.equal(row!.amount_total?.toString(), '122.09')
  const line = await ann.model('account.move.line').create({ move_id: draft.ids[0]!, product_id: product!, quantity: d(2) })
  assert.deepEqual(
    (await line.read(['name', 'price_subtotal', 'price_total'])).map((one) => [
      one.name,
      one.price_subtotal?.toString(),
      one.price_total?.toString(),
    ]),
    [['책상\n참나무', '199.8', '241.76']],
  )
})

test('installments are due as the payment term says', async () => {
  const [term] = (await ann.model('account.payment.term').search([['name', '=', '30% Now, Balance 60 Days']])).ids
  const draft = await invoice({ invoice_payment_term_id: term! })
  await action_post(draft)
  const due = await at.system.model('account.move.line').find(
    [
      ['move_id', 'in', draft.ids],
      ['display_type', '=', 'payment_term'],
    ],
    ['date_maturity', 'debit'],
    { order: 'id' },
  )
  assert.deepEqual(
    due.map((line) => [line.date_maturity, line.debit?.toString()]),
    [
      ['2027-03-10', '1.87'],
      ['2027-05-09', '4.35'],
    ],
  )
  assert.equal((await draft.read(['invoice_date_due']))[0]!.invoice_date_due, '2027-05-09')
})

test('another currency is booked at the rate of the day, and balances to the last cent', async () => {
  const [dollar] = (await at.system.model('res.currency').search([['name', '=', 'USD']])).ids
  await at.system.model('res.currency.rate').create([
    { currency_id: dollar!, name: day('2027-01-01'), rate: d('1.07'), company_id: null },
    { currency_id: dollar!, name: day('2027-04-01'), rate: d('2'), company_id: null },
  ])
  const lines = Array.from({ length: 7 }, (_, i) => [
    'create',
    { name: `Part ${i}`, price_unit: d(`${i + 1}.33`), tax_ids: [['set', [vat!]]] },
  ])
  const draft = await invoice({ currency_id: dollar!, invoice_line_ids: lines })
  await action_post(draft)
  const [row] = await draft.read(['invoice_currency_rate', 'amount_total', 'amount_total_signed', 'amount_residual_signed'])
  assert.deepEqual([row!.invoice_currency_rate, row!.amount_total, row!.amount_total_signed, row!.amount_residual_signed].map(toText), [
    '1.07',
    '36.68',
    '34.28',
    '34.28',
  ])
  const found = await at.system
    .model('account.move.line')
    .find([['move_id', 'in', draft.ids]], ['balance', 'amount_currency', 'display_type'])
  assert.equal(Decimal.sum(found.map((line) => line.balance)).toString(), '0')
  assert.equal(Decimal.sum(found.map((line) => line.amount_currency)).toString(), '0')
})

function toText(value: Decimal | null): string {
  return value?.toString() ?? ''
}

test('a posted invoice is changed by nobody, whichever way it is tried', async () => {
  const draft = await invoice()
  await action_post(draft)
  const [{ name, invoice_line_ids: lines }] = (await draft.read(['name', 'invoice_line_ids'])) as never as [
    { name: string; invoice_line_ids: number[] },
  ]
  const before = JSON.stringify([await amounts(draft), await items(draft)])
  const refusal = new UserError(`${name} is posted and stays as it is. Make a credit note instead.`)
  const all = boss.model('account.move').browse(draft.ids)
  for (const values of [
    { partner_id: null },
    { invoice_date: day('2026-01-01') },
    { narration: 'x' },
    { currency_id: 1 },
    { invoice_line_ids: [['clear']] },
    { line_ids: [['create', { name: 'x' }]] },
  ])
    await assert.rejects(all.write(values as never), refusal, JSON.stringify(values))
  for (const values of [{ state: 'draft' }, { name: 'INV/1' }, { payment_state: 'paid' }])
    await assert.rejects(all.write(values as never), ValueError)
  const line = boss.model('account.move.line').browse(lines.slice(0, 1))
  for (const attempt of [
    () => line.write({ price_unit: d(0) }),
    () => line.write({ balance: d(0) }),
    () => line.write({ tax_ids: [['clear']] }),
    () => line.unlink(),
    () => boss.model('account.move.line').create({ move_id: draft.ids[0]!, name: 'more' }),
  ])
    await assert.rejects(attempt(), UserError)
  await assert.rejects(all.unlink(), refusal)
  await assert.rejects(button_cancel(all), UserError)
  await assert.rejects(button_draft(all), UserError)
  await assert.rejects(action_post(all), new UserError(`${name} is no draft any more.`))
  // Computed amounts that a client sends back are not his to say.
  await all.write({ amount_total: d(1), ref: 'PO 7' } as never)
  assert.equal(JSON.stringify([await amounts(draft), await items(draft)]), before)
  assert.equal((await draft.read(['ref']))[0]!.ref, 'PO 7')
})

test('taxes and currencies of posted invoices keep their figures, and others do not', async () => {
  const [free] = (await boss.model('account.tax').create({ name: 'Draft only', amount: d(5), tax_group_id: group! })).ids
  const draft = await invoice({ invoice_line_ids: [['create', { name: 'x', price_unit: d(100), tax_ids: [['set', [free!]]] }]] })
  const tax = boss.model('account.tax').browse([free!])
  await tax.write({ amount: d(6) })
  assert.deepEqual((await amounts(draft)).slice(0, 3), ['100', '6', '106'])
  await action_post(draft)
  await assert.rejects(
    tax.write({ amount: d(7) }),
    new UserError('Draft only is on posted invoices, whose amounts rest on it. Archive it and make another tax.'),
  )
  await tax.write({ active: false })
  assert.deepEqual((await amounts(draft)).slice(0, 3), ['100', '6', '106'])
  const currencies = (await at.person(administrator)).model('res.currency')
  await assert.rejects(currencies.browse((await currencies.search([['name', '=', 'EUR']])).ids).write({ decimal_places: 3 }), UserError)
})

test('a company that rounds on each line from now on leaves what was there', async () => {
  const lines = Array.from({ length: 10 }, () => [
    'create',
    { name: 'x', quantity: d(3), price_unit: d('0.335'), tax_ids: [['set', [vat!]]] },
  ])
  const [before] = [await invoice({ invoice_line_ids: lines })]
  const company = boss.model('res.company').browse([1])
  await at.system.model('res.company').browse([1]).write({ tax_calculation_rounding_method: 'round_per_line' })
  const after = await invoice({ invoice_line_ids: lines })
  await at.system.model('res.company').browse([1]).write({ tax_calculation_rounding_method: 'round_globally' })
  assert.deepEqual([(await amounts(before))[1], (await amounts(after))[1]], ['2.12', '2.1'])
  await assert.rejects(ann.model('res.company').browse([1]).write({ tax_calculation_rounding_method: 'round_per_line' }), AccessError)
  assert.ok((await company.read(['name'])).length === 1)
})

test('numbers have no gap, whoever posts at the same time and whatever fails', async () => {
  const drafts = await Promise.all(Array.from({ length: 12 }, () => invoice()))
  await invoice({ partner_id: null })
  const before = await moves.count([
    ['state', '=', 'posted'],
    ['move_type', '=', 'out_invoice'],
  ])
  const all = await Promise.allSettled(
    drafts.map((draft, i) =>
      ann.call(async (env) => {
        await action_post(env.model('account.move').browse(draft.ids))
        if (i % 4 === 0) throw new UserError('changed my mind')
      }),
    ),
  )
  assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 9)
  const names = (
    await moves.find(
      [
        ['state', '=', 'posted'],
        ['move_type', '=', 'out_invoice'],
      ],
      ['name'],
    )
  )
    .map((move) => move.name)
    .sort()
  assert.deepEqual(
    names,
    Array.from({ length: before + 9 }, (_, i) => `INV/2027/${String(i + 1).padStart(5, '0')}`),
  )
})

test('the first entries of a year that are posted at once share one counter', async () => {
  const drafts = await Promise.all(Array.from({ length: 4 }, () => invoice({ invoice_date: day('2025-12-31') })))
  await Promise.all(drafts.map((draft) => action_post(draft)))
  const names = (await moves.find([['name', '=like', 'INV/2025/%']], ['name', 'date'])).map((move) => move.name).sort()
  assert.deepEqual(names, ['INV/2025/00001', 'INV/2025/00002', 'INV/2025/00003', 'INV/2025/00004'])
  assert.equal(await at.system.model('ir.sequence').count([['prefix', '=', 'INV/2025/']]), 1)
})

test('one invoice that two people post at once is posted once', async () => {
  const draft = await invoice()
  const all = await Promise.allSettled([1, 2, 3].map(() => action_post(draft)))
  assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 1)
  assert.equal((await items(draft)).length, 4)
})

test('a credit note takes an invoice back: linked, turned round, and posted it clears the account', async () => {
  const original = await invoice()
  await action_post(original)
  const [note] = (await action_reverse(original, { reason: 'broken' })) as number[]
  const credit = moves.browse([note!])
  const [row] = await credit.read(['move_type', 'state', 'reversed_entry_id', 'ref', 'amount_total', 'amount_total_signed', 'partner_id'])
  const [{ name }] = (await original.read(['name'])) as never as [{ name: string }]
  assert.deepEqual(
    [
      row!.move_type,
      row!.state,
      row!.reversed_entry_id,
      row!.ref,
      row!.amount_total?.toString(),
      row!.amount_total_signed?.toString(),
      row!.partner_id,
    ],
    ['out_refund', 'draft', original.ids[0], `${name}, broken`, '6.22', '-6.22', customer],
  )
  await action_post(credit)
  assert.deepEqual(await items(credit), [
    ['400000', '1.01', '0'],
    ['400000', '5', '0'],
    ['251000', '0.21', '0'],
    ['121000', '0', '6.22'],
  ])
  const ledger = await at.system
    .model('account.move.line')
    .find([['move_id', 'in', [...original.ids, ...credit.ids]]], ['balance', 'account_id.code'])
  for (const [, lines] of Map.groupBy(ledger, (line) => line.account_id?.code))
    assert.equal(Decimal.sum(lines.map((line) => line.balance)).toString(), '0')
  await assert.rejects(action_reverse(await invoice(), {}), UserError)
})

test('three people who take back one invoice at the same moment make one draft, and the others are told', async () => {
  const original = await invoice()
  await action_post(original)
  const all = await Promise.allSettled([1, 2, 3].map((nth) => action_reverse(original, { reason: `${nth}` })))
  const [made, ...more] = all.flatMap((one) => (one.status === 'fulfilled' ? (one.value as number[]) : []))
  assert.ok(made)
  assert.deepEqual(more, [])
  for (const one of all)
    if (one.status === 'rejected')
      assert.match(
        `${one.reason.name}: ${one.reason.message}`,
        /^UserError: INV\/.+ is being taken back already, by a draft: change that one/,
      )
  const drafts = () => at.system.model('account.move').count([['reversed_entry_id', '=', original.ids[0]!]])
  assert.equal(await drafts(), 1)
  await assert.rejects(action_reverse(original, {}), /taken back already/)
  assert.equal(await drafts(), 1)
  const note = ann.model('account.move').browse([made])
  await button_cancel(note)
  assert.equal(((await action_reverse(original, {})) as number[]).length, 1, 'a cancelled draft takes nothing back')
})

test('an entry of the general journal is posted when it balances', async () => {
  const accounts = new Map((await ann.model('account.account').find([], ['code'])).map((one) => [one.code, one.id]))
  const entry = (credit: string) =>
    moves.create({
      move_type: 'entry',
      line_ids: [
        ['create', { name: 'a', account_id: accounts.get('101000')!, debit: d(100), credit: d(0) }],
        ['create', { name: 'b', account_id: accounts.get('400000')!, debit: d(0), credit: d(credit) }],
      ],
    } as never)
  const good = await entry('100')
  await action_post(good)
  assert.equal((await good.read(['name']))[0]!.name, 'MISC/2027/00001')
  const bad = await entry('99.99')
  await assert.rejects(action_post(bad), new ValidationError('The items of a posted entry sum up to nothing.'))
  assert.deepEqual(
    (await bad.read(['name', 'state'])).map((one) => [one.name, one.state]),
    [[null, 'draft']],
  )
})

test('a vendor bill is the other way round', async () => {
  const bill = await moves.create({
    move_type: 'in_invoice',
    partner_id: customer!,
    invoice_line_ids: [['create', { name: 'Paper', price_unit: d(50) }]],
  })
  await action_post(bill)
  assert.deepEqual(await items(bill), [
    ['600000', '50', '0'],
    ['211000', '0', '50'],
  ])
  assert.equal(
    (await bill.read(['name', 'amount_total_signed'])).map((one) => `${one.name} ${one.amount_total_signed?.toString()}`)[0],
    'BILL/2027/00001 -50',
  )
})

test('a fiscal position maps taxes, and a price that contained one does no more', async () => {
  const [within] = (
    await boss
      .model('account.tax')
      .create({ name: '25% incl.', amount: d(25), price_include_override: 'tax_included', tax_group_id: group! })
  ).ids
  const [zero] = (await boss.model('account.tax').create({ name: 'Export', amount: d(0), tax_group_id: group! })).ids
  const [position] = (
    await boss
      .model('account.fiscal.position')
      .create({ name: 'Export', tax_ids: [['create', { tax_src_id: within!, tax_dest_id: zero! }]] })
  ).ids
  const [lamp] = (await boss.model('product.product').create({ name: 'Lamp', list_price: d(50), taxes_id: [['set', [within!]]] } as never))
    .ids
  const [abroad] = (await at.system.model('res.partner').create({ name: 'Abroad', property_account_position_id: position! })).ids
  const read = async (partner: number) => {
    const made = await moves.create({
      move_type: 'out_invoice',
      partner_id: partner,
      invoice_line_ids: [['create', { product_id: lamp! }]],
    })
    const [row] = await made.read(['invoice_line_ids.price_unit', 'invoice_line_ids.tax_ids', 'amount_untaxed', 'amount_total'])
    return [
      row!.invoice_line_ids[0]!.price_unit.toString(),
      row!.invoice_line_ids[0]!.tax_ids,
      row!.amount_untaxed?.toString(),
      row!.amount_total?.toString(),
    ]
  }
  assert.deepEqual(await read(customer!), ['50', [within], '40', '50'])
  assert.deepEqual(await read(abroad!), ['40', [zero], '40', '40'])
})

test('prices with their tax: the lines bear the rounding of the document', async () => {
  const [within] = (
    await boss
      .model('account.tax')
      .create({ name: '21% incl.', amount: d(21), price_include_override: 'tax_included', tax_group_id: group! })
  ).ids
  const draft = await invoice({
    invoice_line_ids: [1, 2, 3].map((i) => ['create', { name: `${i}`, price_unit: d('9.99'), tax_ids: [['set', [within!]]] }]),
  })
  assert.deepEqual((await amounts(draft)).slice(0, 3), ['24.77', '5.2', '29.97'])
  const [row] = await draft.read(['invoice_line_ids.price_subtotal', 'invoice_line_ids.price_total'])
  assert.deepEqual(
    row!.invoice_line_ids.map((line) => [line.price_subtotal?.toString(), line.price_total?.toString()]),
    [
      ['8.25', '9.99'],
      ['8.26', '9.99'],
      ['8.26', '9.99'],
    ],
  )
  await action_post(draft)
  assert.deepEqual((await items(draft)).at(-1), ['121000', '29.97', '0'])
})

test('invoices are their company’s, and a customer sees his posted ones alone', async () => {
  const [mine, draft] = [await invoice(), await invoice()]
  await action_post(mine)
  assert.deepEqual(await stranger.model('account.move').browse(mine.ids).read(['name']), [])
  await assert.rejects(action_post(stranger.model('account.move').browse(draft.ids)), AccessError)
  await assert.rejects(bob.model('account.move').search([]), AccessError)
  await assert.rejects(action_post(reader.model('account.move').browse(draft.ids)), AccessError)
  const visitor = await at.person(portal)
  const [his, unposted] = [await invoice({ partner_id: visitor.user.partner_id }), await invoice({ partner_id: visitor.user.partner_id })]
  await action_post(his)
  const seen = visitor.model('account.move').browse([...mine.ids, ...his.ids, ...unposted.ids])
  assert.deepEqual(
    (await seen.read(['amount_total', 'invoice_line_ids.name'])).map((one) => [
      one.id,
      one.amount_total?.toString(),
      one.invoice_line_ids.length,
    ]),
    [[his.ids[0], '6.22', 3]],
  )
  assert.deepEqual(await visitor.model('account.move.line').find([['display_type', 'in', ['payment_term', 'tax']]], ['debit']), [])
  await assert.rejects(visitor.model('account.move').create({ move_type: 'out_invoice' } as never), AccessError)
})

test('a journal of another company, and an account of one, are refused', async () => {
  const [foreign] = (
    await at.system.model('account.journal').search([
      ['company_id', '=', elsewhere],
      ['type', '=', 'sale'],
    ])
  ).ids
  const both = await at.personOf([1, elsewhere], biller)
  await assert.rejects(
    both.model('account.move').create({ move_type: 'out_invoice', partner_id: customer!, journal_id: foreign!, company_id: 1 }),
    UserError,
  )
  const there = await both.model('account.move').create({
    move_type: 'out_invoice',
    partner_id: customer!,
    company_id: elsewhere,
    invoice_line_ids: [['create', { name: 'x', price_unit: d(5) }]],
  })
  await action_post(there)
  assert.equal(
    (await there.read(['name', 'journal_id'])).map((one) => `${one.name} ${one.journal_id === foreign}`)[0],
    'INV/2027/00001 true',
  )
})
