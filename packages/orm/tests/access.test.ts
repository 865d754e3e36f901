import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccessError, Decimal, RawJson, UserError, ValueError, callMethod } from '@erp4/orm'
import { portal } from '@erp4/base'
import { type Actor, world } from '@erp4/testing'
import { action_done, chief, clerk, shop } from './shop.ts'

const at = await world(shop)
const [ann, bob, eve] = [await at.person(clerk), await at.person(clerk), await at.person(chief)]
const other = await at.personOf([await at.company('Elsewhere')], chief)
const customer = (await at.system.model('res.partner').create({ name: 'Azure', city: 'Seoul' })).ids[0]!
const visitor = await at.person(portal)

const rpc = (who: Actor<any>, model: string, method: string, args: unknown[] = [], kwargs: Record<string, unknown> = {}): Promise<any> =>
  who.call(async (env) => {
    const result = await callMethod(env, { model, method, args, kwargs })
    return result instanceof RawJson ? JSON.parse(result.text) : (result as any)
  })

const hers = (
  await ann
    .model('shop.order')
    .create({ name: 'Hers', partner_id: customer, line_ids: [['create', { name: 'Desk', price: Decimal.of(500), quantity: 3 }]] })
).ids[0]!
const missing = 2_000_000
await eve
  .model('shop.order')
  .browse([hers])
  .write({ margin: Decimal.of(7) })
const snapshot = async () =>
  JSON.stringify(
    await at.system
      .model('shop.order')
      .browse([hers])
      .read(['name', 'total', 'state', 'user_id', 'note', 'margin', 'line_ids.name', 'tag_ids', 'active']),
  )
const before = await snapshot()

for (const [what, who] of [
  ['a colleague', bob],
  ['another company', other],
  ['a portal user', visitor],
] as const) {
  test(`${what} finds no trace of an order that is not theirs, on any reading path`, async () => {
    const domain = [['id', '=', hers]]
    assert.deepEqual(await rpc(who, 'shop.order', 'read', [[hers, missing], ['name']]), [])
    assert.deepEqual(await rpc(who, 'shop.order', 'search', [domain]), [])
    assert.equal(await rpc(who, 'shop.order', 'search_count', [domain]), 0)
    assert.deepEqual(await rpc(who, 'shop.order', 'search_read', [domain, ['name']]), [])
    assert.deepEqual(await rpc(who, 'shop.order', 'web_search_read', [domain, { name: {} }]), { length: 0, records: [] })
    assert.deepEqual(await rpc(who, 'shop.order', 'web_read', [[hers], { name: {} }]), [])
    assert.deepEqual(await rpc(who, 'shop.order', 'name_search', ['Hers']), [])
    assert.deepEqual(await rpc(who, 'shop.order', 'get_metadata', [[hers]]), [])
    assert.deepEqual(await who.model('shop.order').group([['id', '=', hers]], ['state'], ['total:sum']), [])
    assert.deepEqual(await rpc(who, 'shop.line', 'search_read', [[['order_id', '=', hers]], ['name', 'amount']]), [])
  })
}

test('hidden and missing records are refused with the same words, and nothing changes', async () => {
  const words = async (method: string, id: number, ...rest: unknown[]) =>
    rpc(bob, 'shop.order', method, [[id], ...rest]).then(
      () => 'done',
      (error) => `${error.name}: ${error.message}`,
    )
  for (const [method, ...rest] of [['write', { note: 'x' }], ['unlink'], ['action_done'], ['action_archive'], ['copy']] as const) {
    const [hidden, gone] = [await words(method, hers, ...rest), await words(method, missing, ...rest)]
    assert.equal(hidden, gone, method)
    assert.match(hidden, /^AccessError/, method)
  }
  assert.equal(await snapshot(), before)
})

test('a domain through a hidden record tells nothing of what it holds', async () => {
  const tell = async () => [
    await rpc(bob, 'shop.line', 'search_count', [[['order_id.name', '=', 'Hers']]]),
    await rpc(bob, 'res.partner', 'search_count', [[['id', '=', customer]]]),
    await rpc(bob, 'shop.tag', 'search_count', [[['order_ids', 'any', [['name', 'ilike', 'h']]]]]),
    await rpc(bob, 'shop.tag', 'search_count', [[['order_ids', 'not any', [['name', 'ilike', 'h']]]]]),
    await rpc(bob, 'shop.tag', 'search_count', [['!', ['order_ids.name', 'ilike', 'h']]]),
    await rpc(bob, 'shop.order', 'search_count', [[['partner_id.name', '=', 'Azure']]]),
  ]
  await at.system.model('shop.tag').create({ name: 'Hot', order_ids: [['link', hers]] })
  const asHers = await tell()
  await at.system.model('shop.order').browse([hers]).write({ name: 'Other' })
  assert.deepEqual(await tell(), asHers)
  await at.system.model('shop.order').browse([hers]).write({ name: 'Hers' })
  await at.system
    .model('shop.tag')
    .browse((await at.system.model('shop.tag').search([])).ids)
    .unlink()
})

test('a protected field answers as one that does not exist, everywhere', async () => {
  const attempts: [string, unknown[], Record<string, unknown>?][] = [
    ['read', [[hers], ['margin']]],
    ['search', [[['margin', '>', 0]]]],
    ['search', [[]], { order: 'margin' }],
    ['search_read', [[], ['margin']]],
    ['web_read', [[hers], { margin: {} }]],
    ['write', [[hers], { margin: 3 }]],
    ['create', [{ margin: 3 }]],
    ['default_get', [['margin']]],
    ['search', [['|', ['id', '=', 1], '!', ['margin', 'in', [1]]]]],
    ['formatted_read_group', [[]], { groupby: ['state'], aggregates: ['margin:sum'] }],
    ['formatted_read_group', [[]], { groupby: ['margin'] }],
    ['export_data', [[hers], ['margin']]],
  ]
  for (const [method, args, kwargs] of attempts) {
    const wrong = JSON.parse(JSON.stringify([args, kwargs ?? {}]).replaceAll('margin', 'marg1n'))
    const said = async (a: unknown[], k?: Record<string, unknown>) =>
      rpc(ann, 'shop.order', method, a, k).then(
        (result) => JSON.stringify(result),
        (error) => `${error.name}: ${error.message}`,
      )
    assert.equal((await said(args, kwargs)).replaceAll('margin', 'marg1n'), await said(wrong[0], wrong[1]), method)
  }
  assert.ok(!('margin' in (await rpc(ann, 'shop.order', 'fields_get'))))
  assert.ok(!('margin' in (await rpc(ann, 'shop.order', 'read', [[hers], []]))[0]))
  assert.deepEqual(await rpc(ann, 'shop.order', 'read', [[hers], ['margin_note']]), [{ id: hers, margin_note: false }])
  assert.deepEqual(await rpc(eve, 'shop.order', 'read', [[hers], ['margin_note']]), [{ id: hers, margin_note: 'earns 7' }])
  assert.ok('margin' in (await rpc(eve, 'shop.order', 'fields_get')))
  assert.equal(await snapshot(), before)
})

test('lines of another order cannot be reached through one’s own', async () => {
  const [line] = (await at.system.model('shop.line').search([['order_id', '=', hers]])).ids
  const own = (await bob.model('shop.order').create({ name: 'Own' })).ids[0]!
  for (const command of [
    [1, line, { price: 0 }],
    [2, line],
    [3, line],
    [4, line],
    [6, 0, [line]],
  ]) {
    await assert.rejects(rpc(bob, 'shop.order', 'write', [[own], { line_ids: [command] }]), AccessError, JSON.stringify(command))
  }
  assert.equal(await snapshot(), before)
})

test('a link to a record one may not name is refused as one to a record that is not there', async () => {
  const foreign = (await at.system.model('res.partner').create({ name: 'Secret', company_id: other.user.company_id })).ids[0]!
  const words = (id: number) =>
    rpc(ann, 'shop.order', 'create', [{ partner_id: id }]).then(
      () => 'done',
      (error) => `${error.name}: ${error.message}`,
    )
  assert.equal(await words(foreign), await words(missing))
  assert.match(await words(foreign), /^AccessError/)
  assert.match(await rpc(ann, 'shop.order', 'write', [[hers], { tag_ids: [[4, missing]] }]).catch((error) => error.name), /AccessError/)
})

test('relations declared for one company do not cross to another', async () => {
  const foreign = (await at.system.model('res.partner').create({ name: 'Abroad', company_id: other.user.company_id })).ids[0]!
  await assert.rejects(at.system.model('shop.order').create({ partner_id: foreign, company_id: 1 }), UserError)
})

test('nobody gives a record away and keeps reading it: the new state is judged too', async () => {
  const order = await ann.model('shop.order').create({ name: 'Mine' })
  await assert.rejects(order.write({ user_id: bob.user.id }), AccessError)
  await assert.rejects(ann.model('shop.order').create({ user_id: bob.user.id }), AccessError)
  assert.equal((await order.read(['user_id']))[0]!.user_id, ann.user.id)
})

test('companies of a call can only be fewer than one’s own', async () => {
  await assert.rejects(
    rpc(ann, 'shop.order', 'search', [[]], { context: { allowed_company_ids: [other.user.company_id] } }),
    /unauthorized or invalid companies/,
  )
  await assert.rejects(rpc(ann, 'shop.order', 'search', [[]], { context: { allowed_company_ids: ['1 or true'] } }), AccessError)
})

test('a context cannot set what its caller may not set, nor speak for another user', async () => {
  await assert.rejects(rpc(ann, 'shop.order', 'create', [{}], { context: { default_margin: 9 } }), ValueError)
  const id = await rpc(ann, 'shop.order', 'create', [{}], {
    context: { uid: 1, su: true, default_state: 'done', default_total: 5, default_line_ids: [[0, 0, { name: 'x' }]] },
  })
  const [row] = await at.system.model('shop.order').browse([id]).read(['user_id', 'total', 'create_uid'])
  assert.deepEqual([row!.user_id, row!.total?.toString(), row!.create_uid], [ann.user.id, '0', ann.user.id])
})

test('the name of a hidden record reads as empty beside its id, so that a form saved back keeps the link', async () => {
  const hidden = (await at.system.model('res.partner').create({ name: 'Hush', company_id: other.user.company_id })).ids[0]!
  const id = (await ann.model('shop.order').create({ name: 'Linked' })).ids[0]!
  await at.databases.use(at.database, (cx) =>
    cx.query({ compile: () => ({ text: 'update shop_order set partner_id = $1 where id = $2', values: [hidden, id] }) } as any),
  )
  const [row] = await rpc(ann, 'shop.order', 'read', [[id], ['partner_id', 'city']])
  assert.deepEqual(row, { id, partner_id: [hidden, ''], city: false })
  const [nested] = await rpc(ann, 'shop.order', 'web_read', [[id], { partner_id: { fields: { display_name: {}, email: {} } } }])
  assert.deepEqual(nested.partner_id, { id: hidden, display_name: '' })
})

for (const name of [
  '_write',
  '__init__',
  'sudo',
  'browse',
  'constructor',
  '__proto__',
  'toString',
  'hasOwnProperty',
  'prepare_invoice',
  'then',
  'call',
  'read;',
  '',
]) {
  test(`'${name}' cannot be called from outside`, async () => {
    await assert.rejects(rpc(eve, 'shop.order', name, [[hers]]), (error: any) => ['AccessError', 'NotFoundError'].includes(error.name))
    await assert.rejects(rpc(eve, name, 'read', [[hers]]), (error: any) => error.name === 'NotFoundError')
  })
}

test('an action demands its right before its body runs', async () => {
  await assert.rejects(action_done(bob.model('shop.order').browse([hers])), AccessError)
  await assert.rejects(action_done(visitor.model('shop.order').browse([hers])), AccessError)
  assert.equal(await at.system.model('shop.delivery').count([]), 0)
})

for (const [what, domain] of [
  ['an unknown field', [['nam', '=', 1]]],
  ['a path through a text', [['name.x', '=', 1]]],
  ['an unknown operator', [['name', '; drop', 1]]],
  ['a term of two', [['name', '=']]],
  ['too few operands', ['|', ['name', '=', 'x']]],
  ['an object', { name: 'x' }],
  ['a forged fragment', [['name', '=', { text: 'x' }]]],
  ['a deep nest', Array.from({ length: 60 }).reduce<any>((d) => [['parent_id', 'any', d]], [])],
  ['a list of objects', [['name', 'in', [{ a: 1 }]]]],
  ['sort text', 'name; drop table x'],
] as const) {
  test(`a domain with ${what} is refused with a ValueError`, async () => {
    await assert.rejects(rpc(eve, 'shop.order', 'search', [domain]), (error: any) => error.name === 'ValueError')
  })
}

for (const order of ['name; drop table shop_order', '(select 1)', 'name desc, pg_sleep(1)', 'line_ids', 'nope', 'name nulls', '"name" x']) {
  test(`the order '${order}' is refused`, async () => {
    await assert.rejects(rpc(eve, 'shop.order', 'search', [[]], { order }), (error: any) => error.name === 'ValueError')
  })
}

test('a company-dependent link leads only to what the caller may see', async () => {
  const mine = (await ann.model('shop.order').create({ name: 'Paid', payer_id: customer })).ids[0]!
  const hidden = (await at.system.model('res.partner').create({ name: 'Hidden', company_id: other.user.company_id })).ids[0]!
  for (const payer_id of [hidden, missing])
    await assert.rejects(rpc(ann, 'shop.order', 'write', [[mine], { payer_id }]), { name: 'AccessError' }, `payer ${payer_id}`)
  await assert.rejects(rpc(ann, 'shop.order', 'create', [{ name: 'Paid too', payer_id: hidden }]), { name: 'AccessError' })
  assert.deepEqual(await rpc(ann, 'shop.order', 'read', [[mine], ['payer_id']]), [{ id: mine, payer_id: [customer, 'Azure'] }])
  assert.equal(await at.system.model('shop.order').count([['name', '=', 'Paid too']]), 0)
})

test('a refused deletion tells of what the caller may see, and of nothing else', async () => {
  const order = (await bob.model('shop.order').create({ name: 'Delivered' })).ids[0]!
  await eve.model('shop.delivery').create({ order_id: order })
  const refusal = () => rpc(bob, 'shop.order', 'unlink', [[order]]).catch((error: Error) => error.message)
  assert.equal(
    await refusal(),
    "This 'Shop Order' cannot be deleted: something that you may not see still refers to it. Archive it instead.",
  )
  await bob.model('shop.delivery').create({ order_id: order })
  assert.match(await refusal(), /: 1 record\(s\) of 'Shop Delivery' still refer to it \(Order\)\./)
  assert.equal(await at.system.model('shop.order').count([['id', '=', order]]), 1)
})

test('the path of a hierarchy, which names hidden parents, cannot be asked for by name', async () => {
  const category = (await eve.model('shop.category').create({ name: 'Top' })).ids[0]!
  const asked = (method: string, ...args: unknown[]) => rpc(eve, 'shop.category', method, args)
  await assert.rejects(asked('read', [category], ['parent_path']), { name: 'ValueError' })
  await assert.rejects(asked('search', [['parent_path', '=like', '%']]), { name: 'ValueError' })
  await assert.rejects(asked('search', [], 0, 5, 'parent_path'), { name: 'ValueError' })
  assert.deepEqual(await asked('search', [['id', 'child_of', category]]), [category])
})
