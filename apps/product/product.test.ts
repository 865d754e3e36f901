import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contactManager, employee, portal } from '@erp4/base'
import { AccessError, Decimal, UserError, ValidationError, ValueError } from '@erp4/orm'
import { convert, pricelistManager, product, productManager } from '@erp4/product'
import { conforms, world } from '@erp4/testing'

const d = Decimal.of

conforms(product, {
  samples: {
    'uom.uom': async (n, sys) => ({
      name: `Unit ${n}`,
      relative_uom_id: (await sys.model('uom.uom').search([['name', '=', 'Units']])).ids[0]!,
      relative_factor: d(n),
    }),
    'product.template.attribute.line': async (n, sys) => {
      const attribute = await sys.model('product.attribute').create({ name: `Attribute ${n}`, value_ids: [['create', { name: 'Only' }]] })
      const value_ids = (await attribute.read(['value_ids']))[0]!.value_ids
      const [template] = (await sys.model('product.template').search([], { limit: 1 })).ids
      const product_tmpl_id = template ?? (await sys.model('product.template').create({ name: 'Desk' })).ids[0]!
      return { product_tmpl_id, attribute_id: attribute.ids[0]!, value_ids: [['set', value_ids]] }
    },
    'product.template.attribute.value': (n, sys) => attributeValue(n, sys),
    'product.template.attribute.exclusion': async (n, sys) => {
      const value = await sys.model('product.template.attribute.value').create(await attributeValue(n, sys))
      const [row] = await value.read(['product_tmpl_id'])
      return { product_template_attribute_value_id: value.ids[0]!, product_tmpl_id: row!.product_tmpl_id! }
    },
  },
})

async function attributeValue(n: number, sys: Parameters<typeof convertAll>[0]) {
  const attribute = await sys.model('product.attribute').create({
    name: `Kind ${n}`,
    value_ids: [
      ['create', { name: 'First' }],
      ['create', { name: 'Second' }],
    ],
  })
  const [row] = await attribute.read(['value_ids'])
  const template = await sys.model('product.template').create({ name: `Chair ${n}` })
  const line = await sys
    .model('product.template.attribute.line')
    .create({ product_tmpl_id: template.ids[0]!, attribute_id: attribute.ids[0]!, value_ids: [['set', row!.value_ids.slice(0, 1)]] })
  return { attribute_line_id: line.ids[0]!, product_attribute_value_id: row!.value_ids[1]! }
}

const at = await world(product)
const ann = await at.person(productManager)
const boss = await at.person(pricelistManager)
const bob = await at.person(employee)
const visitor = await at.person(portal)
const elsewhere = await at.company('Elsewhere')
const stranger = await at.personOf([elsewhere], pricelistManager)

async function convertAll(sys: { model: typeof at.system.model }) {
  return sys.model('uom.uom').find([], ['name', 'factor', 'rounding', 'category_id'])
}

test('the units that every instance has are exact, and a mile is 1609.344 metres', async () => {
  const units = new Map((await convertAll(at.system)).map((unit) => [unit.name, unit]))
  const into = (quantity: string, from: string, to: string) => convert(d(quantity), units.get(from)!, units.get(to)!).toString()
  assert.equal(into('1', 'mi', 'm'), '1609.344')
  assert.equal(into('1', 'gal (US)', 'L'), '3.79')
  assert.equal(units.get('gal (US)')!.factor!.toString(), '3.785411784')
  assert.equal(into('16', 'oz', 'lb'), '1')
  assert.equal(into('1', 'Days', 'Minutes'), '480')
  assert.equal(into('30', 'Units', 'Dozens'), '2.5')
  const korean = await at.system
    .with({ lang: 'ko_KR' })
    .model('uom.uom')
    .find([['name', '=', '다스']], ['factor'])
  assert.equal(korean[0]?.factor?.toString(), '12')
})

test('a unit never changes what it measures, and is measured within its category', async () => {
  const units = ann.model('uom.uom')
  const [kilo] = await units.search([['name', '=', 'kg']]).then(({ ids }) => ids)
  const crate = await units.create({
    name: 'Crate',
    relative_factor: d(20),
    relative_uom_id: (await units.search([['name', '=', 'Units']])).ids[0]!,
  })
  await assert.rejects(
    crate.write({ relative_factor: d(24) }),
    new UserError('Quantities were counted in Crate, so it keeps what it measures. Archive it and make another unit.'),
  )
  await assert.rejects(crate.write({ relative_uom_id: kilo! }), UserError)
  await crate.write({ name: 'Case' })
  const [row] = await crate.read(['factor', 'name', 'category_id.name'])
  assert.deepEqual([row!.factor?.toString(), row!.name, row!.category_id?.name], ['20', 'Case', 'Unit'])
  const [units_] = await at.system
    .model('uom.category')
    .search([['name', '=', 'Unit']])
    .then(({ ids }) => ids)
  await assert.rejects(units.create({ name: 'Odd', relative_factor: d(2), relative_uom_id: kilo!, category_id: units_! }), ValidationError)
  await assert.rejects(units.create({ name: 'Second reference', category_id: units_! }), ValidationError)
  const second = await units.create({ name: 'Parsec' })
  assert.equal((await second.read(['category_id.name']))[0]!.category_id?.name, 'Parsec')
})

test('a product of one kind is one record for whoever makes it, from either side', async () => {
  const made = await ann
    .model('product.template')
    .create({ name: 'Desk', list_price: d('99.90'), default_code: 'DESK-1', barcode: '4001', standard_price: d(40) })
  const [desk] = await made.read(['default_code', 'barcode', 'standard_price', 'product_variant_ids.display_name', 'product_variant_count'])
  assert.deepEqual([desk!.default_code, desk!.barcode, desk!.standard_price?.toString()], ['DESK-1', '4001', '40'])
  assert.deepEqual(
    desk!.product_variant_ids.map((variant) => variant.display_name),
    ['[DESK-1] Desk'],
  )
  await made.write({ default_code: 'DESK-2', standard_price: d(41) })
  const [variant] = await ann
    .model('product.product')
    .find([['product_tmpl_id', 'in', made.ids]], ['default_code', 'standard_price', 'lst_price', 'name'])
  assert.deepEqual(
    [variant!.default_code, variant!.standard_price?.toString(), variant!.lst_price?.toString(), variant!.name],
    ['DESK-2', '41', '99.9', 'Desk'],
  )

  const other = await ann.model('product.product').create({ name: 'Chair', list_price: d(30), default_code: 'CH', type: 'consu' } as never)
  const [chair] = await other.read([
    'name',
    'lst_price',
    'display_name',
    'product_tmpl_id.product_variant_count',
    'product_tmpl_id.default_code',
  ])
  assert.deepEqual([chair!.name, chair!.lst_price?.toString(), chair!.display_name], ['Chair', '30', '[CH] Chair'])
  assert.deepEqual([chair!.product_tmpl_id?.product_variant_count, chair!.product_tmpl_id?.default_code], [1, 'CH'])
})

test('making a product takes a handful of statements', async () => {
  const [unit] = (await ann.model('uom.uom').search([['name', '=', 'Units']])).ids
  await ann.model('product.template').create({ name: 'Shelf', default_code: 'S', uom_id: unit! })
  assert.ok(ann.statements <= 9, `it took ${ann.statements}`)
})

async function attribute(name: string, ...values: string[]) {
  const made = await ann.model('product.attribute').create({ name, value_ids: values.map((value) => ['create', { name: value }] as const) })
  const [row] = await made.read(['value_ids.name'])
  return { id: made.ids[0]!, values: new Map(row!.value_ids.map((value) => [value.name, value.id])) }
}

const names = async (template: number, active: boolean) =>
  (
    await ann
      .with({ active_test: false })
      .model('product.product')
      .find(
        [
          ['product_tmpl_id', '=', template],
          ['active', '=', active],
        ],
        ['display_name'],
      )
  )
    .map((one) => one.display_name)
    .sort()

test('variants follow the attributes: made, archived and brought back', async () => {
  const [wood, width] = [await attribute('Wood', 'Oak', 'Pine'), await attribute('Width', '120', '160')]
  const table = await ann.model('product.template').create({
    name: 'Table',
    attribute_line_ids: [
      ['create', { attribute_id: wood.id, value_ids: [['set', [...wood.values.values()]]] }],
      ['create', { attribute_id: width.id, value_ids: [['set', [...width.values.values()]]] }],
    ],
  })
  const id = table.ids[0]!
  assert.deepEqual(await names(id, true), ['Table (Oak, 120)', 'Table (Oak, 160)', 'Table (Pine, 120)', 'Table (Pine, 160)'])
  const [row] = await table.read(['attribute_line_ids'])
  const [, widths] = row!.attribute_line_ids
  await table.write({ attribute_line_ids: [['update', widths!, { value_ids: [['set', [width.values.get('120')!]]] }]] })
  assert.deepEqual(await names(id, true), ['Table (Oak, 120)', 'Table (Pine, 120)'])
  assert.deepEqual(await names(id, false), ['Table (Oak, 160)', 'Table (Pine, 160)'])
  const archived = await ann
    .with({ active_test: false })
    .model('product.product')
    .search([
      ['product_tmpl_id', '=', id],
      ['active', '=', false],
    ])
  await table.write({ attribute_line_ids: [['update', widths!, { value_ids: [['set', [...width.values.values()]]] }]] })
  assert.equal((await names(id, true)).length, 4)
  assert.deepEqual(
    (await archived.read(['active'])).map((one) => one.active),
    [true, true],
    'the same records',
  )
})

test('values that exclude each other make no variant, and extra prices add up', async () => {
  const [color, size] = [await attribute('Color', 'Red', 'Blue'), await attribute('Size', 'S', 'L')]
  const shirt = await ann.model('product.template').create({
    name: 'Shirt',
    list_price: d(10),
    attribute_line_ids: [
      ['create', { attribute_id: color.id, value_ids: [['set', [...color.values.values()]]] }],
      ['create', { attribute_id: size.id, value_ids: [['set', [...size.values.values()]]] }],
    ],
  })
  const values = await ann
    .model('product.template.attribute.value')
    .find([['attribute_line_id.product_tmpl_id', 'in', shirt.ids]], ['name'])
  const valueOf = (name: string) => values.find((value) => value.name === name)!.id
  const extras = new Map([
    [valueOf('Red'), d('1.50')],
    [valueOf('L'), d('0.25')],
  ])
  await ann
    .model('product.template.attribute.value')
    .browse([...extras.keys()])
    .write((id) => ({ price_extra: extras.get(id)! }))
  await ann
    .model('product.template.attribute.exclusion')
    .create({ product_tmpl_id: shirt.ids[0]!, product_template_attribute_value_id: valueOf('Blue'), value_ids: [['set', [valueOf('L')]]] })
  const [row] = await shirt.read(['attribute_line_ids'])
  await shirt.write({ attribute_line_ids: [['update', row!.attribute_line_ids[0]!, { sequence: 5 }]] })
  assert.deepEqual(await names(shirt.ids[0]!, true), ['Shirt (Blue, S)', 'Shirt (Red, L)', 'Shirt (Red, S)'])
  const priced = await ann
    .model('product.product')
    .find([['product_tmpl_id', 'in', shirt.ids]], ['display_name', 'lst_price', 'price_extra'])
  assert.equal(priced.find((one) => one.display_name === 'Shirt (Red, L)')!.lst_price?.toString(), '11.75')
})

test('a product of too many kinds is refused, and not made', async () => {
  const attributes = await Promise.all(
    ['A', 'B', 'C'].map((name) => attribute(name, ...Array.from({ length: 12 }, (_, i) => `${name}${i}`))),
  )
  const lines = attributes.map(({ id, values }) => ['create', { attribute_id: id, value_ids: [['set', [...values.values()]]] }] as const)
  await assert.rejects(ann.model('product.template').create({ name: 'Monster', attribute_line_ids: lines }), UserError)
  assert.equal(await ann.model('product.template').count([['name', '=', 'Monster']]), 0)
})

test('an employee reads products and changes none', async () => {
  const made = await ann.model('product.template').create({ name: 'Lamp', standard_price: d(3) })
  const seen = bob.model('product.template').browse(made.ids)
  assert.equal((await seen.read(['name', 'standard_price']))[0]?.standard_price?.toString(), '3')
  await assert.rejects(seen.write({ list_price: d(0) }), AccessError)
  await assert.rejects(bob.model('product.pricelist').create({ name: 'Mine' }), AccessError)
  await assert.rejects(ann.model('product.pricelist').create({ name: 'Mine' }), AccessError)
  await assert.rejects(visitor.model('product.template').search([]), AccessError)
  assert.equal((await made.read(['list_price']))[0]!.list_price.toString(), '1')
})

test('what a customer pays is set by whoever keeps pricelists', async () => {
  const list = await boss.model('product.pricelist').create({ name: 'Friends' })
  const keeper = await at.person(contactManager)
  const customer = await keeper.model('res.partner').create({ name: 'Azure' })
  await assert.rejects(customer.write({ property_product_pricelist: list.ids[0]! }), ValueError)
  await boss.model('res.partner').browse(customer.ids).write({ property_product_pricelist: list.ids[0]! })
  assert.equal((await customer.read(['property_product_pricelist']))[0]?.property_product_pricelist, list.ids[0])
})

test('products of another company are not there', async () => {
  const own = await ann.model('product.template').create({ name: 'Ours', company_id: 1 })
  const shared = await ann.model('product.template').create({ name: 'Shared' })
  const table = stranger.model('product.template')
  assert.deepEqual(
    (await table.browse([...own.ids, ...shared.ids]).read(['name'])).map((one) => one.name),
    ['Shared'],
  )
  const variants = (await own.read(['product_variant_ids']))[0]!.product_variant_ids
  assert.deepEqual(await stranger.model('product.product').browse(variants).read(['name']), [])
  await assert.rejects(
    stranger.model('product.pricelist.item').create({
      pricelist_id: (await stranger.model('product.pricelist').create({ name: 'X' })).ids[0]!,
      applied_on: '0_product_variant',
      product_id: variants[0]!,
    }),
    AccessError,
  )
})

test('the cost is each company’s own', async () => {
  const both = await at.personOf([1, elsewhere], productManager)
  const made = await ann.model('product.product').create({ name: 'Cable', standard_price: d(5) } as never)
  const there = both
    .with({ allowed_company_ids: [elsewhere, 1] })
    .model('product.product')
    .browse(made.ids)
  assert.equal((await there.read(['standard_price']))[0]!.standard_price, null)
  await there.write({ standard_price: d(7) })
  assert.equal((await made.read(['standard_price']))[0]!.standard_price?.toString(), '5')
})
