import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bookManager } from '@erp4/account'
import { administrator } from '@erp4/base'
import { asConnection, computeAnew, finishCall, ident, migrate, sql } from '@erp4/orm'
import { pricelistManager, productManager } from '@erp4/product'
import { sale, salesManager } from '@erp4/sale'
import { openSystemEnv, serverTables } from '@erp4/server'
import { openShop } from './shop.ts'
import { openSite } from './site.ts'

// What things are called that have no name of their own: variants, draft invoices, accounts. Over the network, in Korean and in English.

const shop = await openShop([sale])
const at = shop.company
const site = await openSite([at])
const someone = await site.caller(0, (await at.person(administrator, salesManager, pricelistManager, productManager, bookManager)).user.id)

type Row = Record<string, any>
async function ask(lang: string, model: string, method: string, args: readonly unknown[] = [], kwargs: Row = {}): Promise<any> {
  const { result, error } = await someone.call(model, method, args, { ...kwargs, context: { lang } })
  assert.equal(error, undefined, `${model}.${method}: ${error?.message}`)
  return result
}
const korean = (model: string, method: string, args: readonly unknown[] = [], kwargs: Row = {}) => ask('ko_KR', model, method, args, kwargs)
const english = (model: string, method: string, args: readonly unknown[] = [], kwargs: Row = {}) =>
  ask('en_US', model, method, args, kwargs)

let desk: number
let oak: number
let invoice: number

test('a product named in Korean and in English has variants that are called so, and are found by either', async () => {
  const material = await english('product.attribute', 'create', [
    {
      name: 'Material',
      value_ids: [
        [0, 0, { name: 'Oak' }],
        [0, 0, { name: 'Pine' }],
      ],
    },
  ])
  const [oakValue, pine] = await english('product.attribute.value', 'search', [[['attribute_id', '=', material]]], { order: 'id' })
  await korean('product.attribute.value', 'write', [[oakValue], { name: '참나무' }])
  await korean('product.attribute.value', 'write', [[pine], { name: '소나무' }])
  desk = await korean('product.template', 'create', [
    { name: '책상', attribute_line_ids: [[0, 0, { attribute_id: material, value_ids: [[6, 0, [oakValue, pine]]] }]] },
  ])
  await english('product.template', 'write', [[desk], { name: 'Desk' }])
  const named = (rows: Row[]) => rows.map(({ display_name }) => display_name)
  const variants = [[['product_tmpl_id', '=', desk]], ['display_name']]
  assert.deepEqual(named(await korean('product.product', 'search_read', variants)), ['책상 (소나무)', '책상 (참나무)'])
  assert.deepEqual(named(await english('product.product', 'search_read', variants)), ['Desk (Oak)', 'Desk (Pine)'])
  const [[id, name]] = await korean('product.product', 'name_search', ['참나무'])
  oak = id
  assert.equal(name, '책상 (참나무)')
  assert.deepEqual(await english('product.product', 'name_search', ['참나무']), [])
  assert.deepEqual(await english('product.product', 'name_search', ['desk (oak']), [[oak, 'Desk (Oak)']])
  const [group] = await korean('product.product', 'read_group', [[['id', '=', oak]], [], ['display_name']])
  assert.equal(group.display_name, '책상 (참나무)')
})

test('prices tell in which currency they are, and a port that it has no separators', async () => {
  const prices = await korean('product.product', 'fields_get', [['lst_price', 'weight', 'currency_id']])
  assert.deepEqual(
    [prices.lst_price.currency_field, prices.weight.currency_field, prices.currency_id.string],
    ['currency_id', undefined, '통화'],
  )
  const server = await korean('ir.mail_server', 'fields_get', [['smtp_port', 'sequence']])
  assert.deepEqual([server.smtp_port.ungrouped, server.sequence.ungrouped], [true, undefined])
  const { lang } = await korean('res.users', 'fields_get', [['lang']])
  const names = new Map(lang.selection)
  assert.deepEqual([names.get('ko_KR'), names.get('fr_FR')], ['한국어(대한민국)', '프랑스어(프랑스)'])
})

test('what a colleague calls it anew in Korean changes the Korean name alone, and English is what it falls back on', async () => {
  await korean('product.template', 'write', [[desk], { name: '사무용 책상' }])
  assert.equal((await korean('product.product', 'read', [[oak], ['display_name']]))[0].display_name, '사무용 책상 (참나무)')
  assert.equal((await english('product.product', 'read', [[oak], ['display_name']]))[0].display_name, 'Desk (Oak)')
  await korean('product.template', 'update_field_translations', [[desk], 'name', { ko_KR: false }])
  assert.equal((await korean('product.product', 'read', [[oak], ['display_name']]))[0].display_name, 'Desk (참나무)')
  await korean('product.template', 'update_field_translations', [[desk], 'name', { ko_KR: '책상' }])
})

test('an order and its draft invoice name things in the language of whoever looks', async () => {
  const customer = await korean('res.partner', 'create', [{ name: '한빛', is_company: true, lang: 'ko_KR', street: '세종대로 1' }])
  const order = await korean('sale.order', 'create', [
    { partner_id: customer, order_line: [[0, 0, { product_id: oak, product_uom_qty: 2 }]] },
  ])
  const lines = { order_line: { fields: { product_id: { fields: { display_name: {} } }, name: {} } } }
  const [seen] = await korean('sale.order', 'web_read', [[order], lines])
  assert.deepEqual(seen.order_line[0].product_id.display_name, '책상 (참나무)')
  assert.equal((await english('sale.order', 'web_read', [[order], lines]))[0].order_line[0].product_id.display_name, 'Desk (Oak)')
  await korean('sale.order', 'action_confirm', [[order]])
  ;[invoice] = (await at.system.call(async (env) => {
    const table = env.model('account.move')
    return (await table.create({ move_type: 'out_invoice', partner_id: customer })).ids
  })) as [number]
  assert.equal((await korean('account.move', 'read', [[invoice], ['display_name']]))[0].display_name, '고객 청구서')
  assert.equal((await english('account.move', 'read', [[invoice], ['display_name']]))[0].display_name, 'Customer Invoice')
  const [[found]] = await korean('account.move', 'name_search', ['고객 청구서'], { limit: 1 })
  assert.equal(found, invoice)
  const [address] = await korean('res.partner', 'create', [[{ type: 'delivery', parent_id: customer, street: '을지로 2' }]])
  assert.equal((await korean('res.partner', 'read', [[address], ['display_name']]))[0].display_name, '한빛, 을지로 2')
})

test('what is exported in Korean is imported again by its Korean names', async () => {
  const { datas } = await korean('product.product', 'export_data', [[oak], ['display_name']])
  assert.deepEqual(datas, [['책상 (참나무)']])
  const pricelist = await english('product.pricelist', 'create', [{ name: 'Club' }])
  const { ids, messages } = await korean('product.pricelist.item', 'load', [
    ['pricelist_id/.id', 'applied_on', 'product_id', 'fixed_price'],
    [[String(pricelist), '0_product_variant', '책상 (참나무)', '9']],
  ])
  assert.deepEqual(messages, [])
  assert.equal((await korean('product.pricelist.item', 'read', [ids, ['display_name']]))[0].display_name, '책상 (참나무)')
  const all = await korean('product.pricelist.item', 'create', [{ pricelist_id: pricelist, fixed_price: 1 }])
  assert.equal((await korean('product.pricelist.item', 'read', [[all], ['display_name']]))[0].display_name, '모든 품목')
})

test('a language that is made active is filled in by a job, whatever was there before', async () => {
  const [french] = await english('res.lang', 'search', [
    [
      ['code', '=', 'fr_FR'],
      ['active', '=', false],
    ],
  ])
  await english('res.lang', 'write', [[french], { active: true }])
  const frenchName = async () => (await ask('fr_FR', 'product.product', 'read', [[oak], ['display_name']]))[0].display_name
  assert.equal(await frenchName(), 'Desk (Oak)')
  await ask('fr_FR', 'product.template', 'write', [[desk], { name: 'Bureau' }])
  assert.equal(await frenchName(), 'Bureau (Oak)')
  // As after a call that did not know the language.
  await asOwner(sql`update product_product set display_name = display_name - 'fr_FR' where id = ${oak}`)
  assert.equal(await frenchName(), 'Desk (Oak)')
  await shop.work()
  assert.equal(await frenchName(), 'Bureau (Oak)')
  const jobs = await at.system.call((env) =>
    env.cx.query<{ state: string }>(sql`select state from job where name = 'base.languages' order by id`),
  )
  assert.deepEqual(
    jobs.map(({ state }) => state),
    ['done', 'queued'],
    'and once more when every call is over that does not know it',
  )
})

const asOwner = (statement: ReturnType<typeof sql>) => at.asOwner((client) => asConnection(client).query(statement))

test('an upgrade of an instance whose names were kept once gives it those of every language', async () => {
  const table = ident('product_product')
  await at.asOwner(async (client) => {
    await client.query('set role pg_database_owner')
    const { rows } = await client.query("select indexname as name from pg_indexes where indexname like 'product_product_display_name%'")
    const cx = asConnection(client)
    for (const { name } of rows) await cx.query(sql`drop index ${ident(name)}`)
    await cx.query(sql`alter table ${table} alter display_name type text using display_name->>'en_US'`)
    await client.query('reset role')
    const fields: string[] = []
    await migrate(client, {
      registry: at.registry,
      tables: serverTables,
      hooks: {
        stale: async (stale, cx) => {
          fields.push(...stale.map((field) => `${field.model.name}.${field.name}`))
          const sys = openSystemEnv(cx, { registry: at.registry, files: null, source: 'migration' })
          await computeAnew(sys, stale)
          await finishCall(sys)
        },
      },
    })
    assert.deepEqual(fields, ['product.product.display_name'])
  })
  assert.equal((await korean('product.product', 'read', [[oak], ['display_name']]))[0].display_name, '책상 (참나무)')
  assert.equal((await english('product.product', 'read', [[oak], ['display_name']]))[0].display_name, 'Desk (Oak)')
})
