import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Decimal, type Env, day, moment } from '@erp4/orm'
import { type Measure, pricedPaths, pricelistManager, pricelistOf, pricelistPaths, pricesOf, product } from '@erp4/product'
import { world } from '@erp4/testing'

const d = Decimal.of
const at = await world(product)
const ann = await at.person(pricelistManager)
const lists = ann.model('product.pricelist')
const noon = moment(new Date('2027-03-01T12:00:00Z'))
const all = at.system.with({ active_test: false })
const currencies = new Map(
  (await all.model('res.currency').find([['name', 'in', ['EUR', 'USD', 'KRW']]], ['name'])).map((one) => [one.name, one.id]),
)
const [euro, dollar] = [currencies.get('EUR')!, currencies.get('USD')!]
await at.system.model('res.currency.rate').create({ currency_id: dollar, name: day('2027-01-01'), rate: d('1.25'), company_id: null })
const units = new Map(
  (await ann.model('uom.uom').find([], ['name', 'factor', 'rounding', 'category_id'])).map((unit) => [unit.name, unit as Measure]),
)

const [furniture] = (await ann.model('product.category').create({ name: 'Furniture' })).ids
const [tables] = (await ann.model('product.category').create({ name: 'Tables', parent_id: furniture! })).ids
const [desk] = (
  await ann.model('product.product').create({ name: 'Desk', list_price: d('99.99'), standard_price: d(40), categ_id: tables! } as never)
).ids
const [template] = (await ann.model('product.product').browse([desk!]).read(['product_tmpl_id'])).map((one) => one.product_tmpl_id)

async function price(
  pricelist: number | null,
  quantity = '1',
  options: { unit?: string; currency?: number; at?: string } = {},
): Promise<string> {
  return ann.call(async (env: Env<false>) => {
    const [found] = await env.model('product.product').browse([desk!]).read(pricedPaths)
    const asked = { product: found!, quantity: d(quantity), unit: options.unit ? units.get(options.unit)! : null, pricelist }
    const terms = {
      company: 1,
      companyCurrency: euro,
      currency: options.currency ?? euro,
      at: options.at ? moment(new Date(options.at)) : noon,
    }
    const [answer] = await pricesOf(env, [{ ...asked, ...terms }])
    return answer!.price.toString()
  })
}
const list = async (name: string, items: readonly Record<string, unknown>[], values: Record<string, unknown> = {}) =>
  (await lists.create({ name, ...values, item_ids: items.map((item) => ['create', item as never] as const) })).ids[0]!

test('without a pricelist the sales price counts, in any unit and currency', async () => {
  assert.equal(await price(null), '99.99')
  assert.equal(await price(null, '1', { unit: 'Dozens' }), '1199.88')
  assert.equal(await price(null, '1', { currency: dollar }), '124.9875')
})

test('quantities are compared in the unit of the product, whatever the order counts in', async () => {
  const tiers = await list('Tiers', [
    { compute_price: 'percentage', percent_price: d(10), min_quantity: d(12) },
    { compute_price: 'percentage', percent_price: d(20), min_quantity: d(24) },
  ])
  assert.equal(await price(tiers, '11'), '99.99')
  assert.equal(await price(tiers, '12'), '89.991')
  assert.equal(await price(tiers, '1', { unit: 'Dozens' }), '1079.892')
  assert.equal(await price(tiers, '2', { unit: 'Dozens' }), '959.904')
})

test('rules hold for a category and those below it, for a product, and in their time', async () => {
  const season = await list('Season', [
    { applied_on: '2_product_category', categ_id: furniture, compute_price: 'fixed', fixed_price: d(90) },
    {
      applied_on: '1_product',
      product_tmpl_id: template,
      compute_price: 'fixed',
      fixed_price: d(80),
      date_start: moment(new Date('2027-03-01T00:00:00Z')),
      date_end: moment(new Date('2027-03-31T23:59:59Z')),
    },
  ])
  assert.equal(await price(season), '80')
  assert.equal(await price(season, '1', { at: '2027-04-01T00:00:00Z' }), '90')
})

test('a pricelist may rest on another, or on cost, and has a currency of its own', async () => {
  const base = await list('Base', [{ compute_price: 'percentage', percent_price: d(50) }])
  const upon = await list('Upon', [{ compute_price: 'formula', base: 'pricelist', base_pricelist_id: base, price_surcharge: d(1) }])
  const cost = await list('Cost plus', [{ compute_price: 'formula', base: 'standard_price', price_discount: d(-25) }], {
    currency_id: dollar,
  })
  assert.equal(await price(upon), '50.995')
  assert.equal(await price(cost, '1', { currency: dollar }), '62.5')
  assert.equal(await price(cost), '50')
})

test('pricelists that rest on each other in a circle end somewhere', async () => {
  const [a, b] = [await list('A', []), await list('B', [])]
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const)
    await ann
      .model('product.pricelist.item')
      .create({ pricelist_id: one, compute_price: 'percentage', percent_price: d(0), base: 'pricelist', base_pricelist_id: other })
  assert.equal(await price(a), '99.99')
})

test('many questions take no more statements than one', async () => {
  const tiers = (await lists.search([['name', '=', 'Tiers']])).ids[0]!
  const spent = (times: number) =>
    ann.call(async (env) => {
      const [found] = await env.model('product.product').browse([desk!]).read(pricedPaths)
      const before = env.cx.statements
      await pricesOf(
        env,
        Array.from({ length: times }, (_, i) => ({
          product: found!,
          quantity: d(i + 1),
          pricelist: tiers,
          company: 1,
          companyCurrency: euro,
          currency: euro,
          at: noon,
        })),
      )
      return env.cx.statements - before
    })
  assert.deepEqual([await spent(1), await spent(300)], [1, 1])
})

test('a customer has his own pricelist, that of his company, or that of his country', async () => {
  const [europe] = (await at.system.model('res.country.group').search([['country_ids.code', '=', 'BE']], { limit: 1 })).ids
  const [belgium] = (await at.system.model('res.country').search([['code', '=', 'BE']])).ids
  const [here, late] = [
    await list('Europe', [], { country_group_ids: [['link', europe!]], sequence: 2 }),
    await list('Late', [], { country_group_ids: [['link', europe!]], sequence: 9 }),
  ]
  const own = await list('Own', [])
  const partners = at.system.model('res.partner')
  const azure = await partners.create({ name: 'Azure', is_company: true, country_id: belgium! })
  const cleo = await partners.create({ name: 'Cleo', parent_id: azure.ids[0]! })
  const nobody = await partners.create({ name: 'Nobody' })
  const of = async (id: number) => pricelistOf((await ann.model('res.partner').browse([id]).read(pricelistPaths))[0]!)
  assert.ok(late !== here)
  assert.deepEqual([await of(azure.ids[0]!), await of(cleo.ids[0]!), await of(nobody.ids[0]!)], [here, here, null])
  await azure.write({ property_product_pricelist: own })
  assert.deepEqual([await of(azure.ids[0]!), await of(cleo.ids[0]!)], [own, own])
  await lists.browse([own]).write({ active: false })
  assert.equal(await of(cleo.ids[0]!), here)
})
