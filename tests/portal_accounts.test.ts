import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contactManager, portal, userManager } from '@erp4/base'
import { action_quotation_send, action_quotation_sent, sale, salesman } from '@erp4/sale'
import { AccessError, Decimal, IdentityError, UserError, callMethod, sql } from '@erp4/orm'
import { action_grant_portal, action_revoke_portal, portal_access } from '@erp4/portal'
import { openShop, password, textOf } from './shop.ts'

// Customers who sign in: their own documents and devices, and nothing of anybody else's.

const shop = await openShop([sale])
const { company, http } = shop
const d = Decimal.of
const ann = await shop.person('Ann Park', [salesman])
const [desk] = (await company.system.model('product.product').create({ name: 'Desk', list_price: d(100) } as never)).ids
const [narae, blue] = (
  await company.system.model('res.partner').create([
    { name: 'Narae', is_company: true, email: 'buyer@narae.example' },
    { name: 'Blue', is_company: true, email: 'buyer@blue.example' },
  ])
).ids as unknown as [number, number]
const orders = company.system.model('sale.order')

async function sent(partner: number): Promise<number> {
  const { ids } = await ann.model('sale.order').create({ partner_id: partner, order_line: [['create', { product_id: desk } as never]] })
  await action_quotation_sent(ann.model('sale.order').browse([ids[0]!]))
  return ids[0]!
}

/** A portal user of this customer, signed in: what he sends carries his session. */
async function customer(name: string, of: number) {
  const { user } = await shop.person(name, [portal])
  await company.system.model('res.partner').browse([user.partner_id]).write({ parent_id: of })
  const login = `${name.toLowerCase()}@azure.example`
  const signIn = async (): Promise<string> => {
    const payload = { params: { db: 'azure', login, password } }
    const answer = await http.inject({ method: 'POST', url: '/web/session/authenticate', headers: { host: 'azure.localhost' }, payload })
    return String([answer.headers['set-cookie']].flat()[0]).split(';')[0]!
  }
  const cookie = await signIn()
  const headers = { host: 'azure.localhost', cookie }
  return {
    signIn,
    get: (url: string) => http.inject({ method: 'GET', url, headers }),
    post: (url: string, fields: Readonly<Record<string, string>>) =>
      http.inject({
        method: 'POST',
        url,
        headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
        payload: new URLSearchParams(fields).toString(),
      }),
  }
}

const formOf = (body: string) => ({
  csrf_token: /action="\/my\/orders[^]*?name="csrf_token" value="([^"]+)"/.exec(body)![1]!,
  version: /name="version" value="([^"]+)"/.exec(body)![1]!,
})

const [hana, lee] = [await customer('Hana', narae), await customer('Lee', blue)]

test('a customer who signs in sees his own orders, and accepts one', async () => {
  const [mine, other] = [await sent(narae), await sent(blue)]
  const [name, foreign] = (await orders.browse([mine, other]).read(['name'])).map((order) => order.name!)
  const web = await hana.get('/web')
  assert.deepEqual([web.statusCode, web.headers.location], [303, '/my'])
  const list = (await hana.get('/my')).body
  assert.ok(list.includes(name!) && !list.includes(foreign!))
  const page = await hana.get(`/my/orders/${mine}`)
  assert.equal(page.statusCode, 200)
  assert.equal((await hana.get(`/my/orders/${mine}/document.pdf`)).headers['content-type'], 'application/pdf')
  const answer = await hana.post(`/my/orders/${mine}/accept`, { ...formOf(page.body), name: 'Hana Kim' })
  assert.deepEqual([answer.statusCode, answer.headers.location], [303, `/my/orders/${mine}`])
  const [order] = await orders.browse([mine]).read(['state', 'signed_by'])
  assert.deepEqual([order?.state, order?.signed_by], ['sale', 'Hana Kim'])
})

test("nobody reads or answers another customer's document, a draft, or what is none, however he asks", async () => {
  const [mine, other] = [await sent(narae), await sent(blue)]
  const { ids } = await ann.model('sale.order').create({ partner_id: narae, order_line: [['create', { product_id: desk } as never]] })
  const form = formOf((await hana.get(`/my/orders/${mine}`)).body)
  const stateOf = () => orders.browse([mine, other, ids[0]!]).read(['state', 'version', 'signed_by'])
  const before = await stateOf()
  for (const where of [
    `orders/${other}`,
    `orders/${ids[0]}`,
    'orders/999999',
    'orders/0',
    'orders/1e3',
    'orders/2147483648',
    `invoices/${mine}`,
    `users/1`,
  ]) {
    for (const end of ['', '/document.pdf', '/signed.pdf', '/logo'])
      assert.equal((await hana.get(`/my/${where}${end}`)).statusCode, 404, `${where}${end}`)
    for (const deed of ['accept', 'decline', 'ask', 'choose']) {
      const { statusCode } = await hana.post(`/my/${where}/${deed}`, { ...form, name: 'Hana', question: 'x', line: '1' })
      assert.ok(statusCode === 404 || statusCode === 403, `${where}/${deed}: ${statusCode}`)
    }
  }
  // Another customer's form, with one's own session.
  assert.equal((await lee.post(`/my/orders/${other}/accept`, { ...form, name: 'Lee' })).statusCode, 403)
  assert.deepEqual(await stateOf(), before)
})

test('what was once offered and is part of the order by now is not the customer’s to take off it', async () => {
  const option = { product_id: desk, is_optional: true, price_unit: d(40) } as never
  const lines = [
    ['create', { product_id: desk } as never],
    ['create', option],
  ] as never
  const [id] = (await ann.model('sale.order').create({ partner_id: narae, order_line: lines })).ids as [number]
  await action_quotation_send(ann.model('sale.order').browse([id]))
  await shop.work()
  const [line] = (
    await company.system.model('sale.order.line').search([
      ['order_id', '=', id],
      ['is_optional', '=', true],
    ])
  ).ids
  const total = async (): Promise<string> => String((await orders.browse([id]).read(['amount_total']))[0]!.amount_total)
  const choose = async (taken: '0' | '1') => {
    const { body } = await hana.get(`/my/orders/${id}`)
    return hana.post(`/my/orders/${id}/choose`, { ...formOf(body), line: String(line), taken })
  }
  assert.equal((await choose('1')).statusCode, 303)
  assert.equal(await total(), '140')
  assert.equal((await choose('0')).statusCode, 303)
  assert.equal(await total(), '100')
  // Agreed on by telephone: it is on the order, which is sent anew.
  await ann.model('sale.order.line').browse([line!]).write({ is_optional: false })
  await action_quotation_send(ann.model('sale.order').browse([id]))
  await shop.work()
  assert.equal((await choose('0')).statusCode, 404)
  assert.equal(await total(), '140')
})

test('a program in a customer’s name sends our side no hundred letters', async () => {
  const id = await sent(narae)
  const payload = (n: number) => ({
    params: {
      model: 'sale.order',
      method: 'message_post',
      args: [[id]],
      kwargs: { body: `<p>Hello ${n}</p>`, subtype_xmlid: 'mail.mt_comment' },
    },
  })
  const headers = { host: 'azure.localhost', cookie: await lee.signIn() }
  const others = await http.inject({ method: 'POST', url: '/web/dataset/call_kw', headers, payload: payload(0) })
  assert.ok(others.json<{ error?: object }>().error, 'an order of somebody else')
  headers.cookie = await hana.signIn()
  const said = await Promise.all(
    Array.from({ length: 30 }, async (_, n) =>
      (await http.inject({ method: 'POST', url: '/web/dataset/call_kw', headers, payload: payload(n) })).json<{ result?: unknown }>(),
    ),
  )
  assert.equal(said.filter(({ result }) => result !== undefined).length, 20)
  const written = [
    ['model', '=', 'sale.order'],
    ['res_id', '=', id],
    ['message_type', '!=', 'email_outgoing'],
  ] as const
  assert.equal(await company.system.model('mail.message').count([...written]), 20)
})

test('without a session there is the sign-in page and nothing else', async () => {
  const id = await sent(narae)
  const before = await orders.browse([id]).read(['state', 'version'])
  for (const cookie of ['', 'session_id=forged', `session_id=${'a'.repeat(84)}`]) {
    const headers = { host: 'azure.localhost', cookie }
    const page = await http.inject({ method: 'GET', url: `/my/orders/${id}`, headers })
    assert.deepEqual([page.statusCode, page.headers.location], [303, `/web/login?redirect=${encodeURIComponent(`/my/orders/${id}`)}`])
    const post = await http.inject({ method: 'POST', url: `/my/orders/${id}/accept`, headers, payload: 'name=x' })
    assert.equal(post.statusCode, 303)
  }
  assert.deepEqual(await orders.browse([id]).read(['state', 'version']), before)
})

test('one ends his own other devices, by his own form, and nobody those of others', async () => {
  const other = await hana.signIn()
  const page = (await hana.get('/my')).body
  const token = /action="\/my\/devices"[^]*?name="csrf_token" value="([^"]+)"/.exec(page)![1]!
  const device = /name="device" value="([^"]+)"/.exec(page)![1]!
  const isIn = async () =>
    (await http.inject({ method: 'GET', url: '/my', headers: { host: 'azure.localhost', cookie: other } })).statusCode === 200
  assert.equal((await lee.post('/my/devices', { csrf_token: token, device })).statusCode, 404)
  await lee.signIn()
  const lees = /action="\/my\/devices"[^]*?name="csrf_token" value="([^"]+)"/.exec((await lee.get('/my')).body)![1]!
  await lee.post('/my/devices', { csrf_token: lees, device })
  assert.equal(await isIn(), true)
  assert.equal((await hana.post('/my/devices', { csrf_token: token, device })).statusCode, 303)
  assert.equal(await isIn(), false)
})

const partners = company.system.model('res.partner')
const addressToken = (body: string): string => /action="\/my\/addresses[^]*?name="csrf_token" value="([^"]+)"/.exec(body)![1]!
const korea = (await company.system.model('res.country').search([['code', '=', 'KR']])).ids[0]!
const [seoul] = (await company.system.model('res.country.state').search([['country_id', '=', korea]], { limit: 1 })).ids
const [abroad] = (await company.system.model('res.country.state').search([['country_id', '!=', korea]], { limit: 1 })).ids
const at = (more: Readonly<Record<string, string>> = {}) => ({
  name: 'Warehouse',
  street: 'Sejong-daero 1',
  city: 'Seoul',
  zip: '04524',
  country: String(korea),
  state: String(seoul),
  ...more,
})
const children = (of: number) =>
  company.system
    .with({ active_test: false })
    .model('res.partner')
    .find(
      [['parent_id', '=', of]],
      ['name', 'type', 'street', 'city', 'state_id', 'active', 'vat', 'email', 'user_ids', 'company_id', 'parent_id'],
      { order: 'id' },
    )
const everybody = () =>
  company.databases.use(company.database, (cx) =>
    cx.query(sql`select (select json_agg(p order by id) from (select id, name, type, street, vat, parent_id, company_id, active, version from res_partner) p) as partners,
      (select json_agg(u order by id) from (select id, login, partner_id, company_id, active from res_users) u) as users`),
  )

test('a customer adds, changes and archives delivery and invoice addresses, and our side finds it in the history', async () => {
  const token = addressToken((await hana.get('/my/addresses/delivery')).body)
  const made = await hana.post('/my/addresses/delivery', { csrf_token: token, ...at() })
  assert.deepEqual([made.statusCode, made.headers.location], [303, '/my'])
  const [kept] = (await children(narae)).filter(({ type }) => type === 'delivery')
  assert.deepEqual([kept!.street, kept!.state_id, kept!.active], ['Sejong-daero 1', seoul, true])
  assert.match((await hana.get('/my')).body, /Delivery address · Warehouse/)
  const form = (await hana.get(`/my/addresses/${kept!.id}`)).body
  assert.match(form, new RegExp(`<option value="${seoul}" selected>`))
  await hana.post(`/my/addresses/${kept!.id}`, { csrf_token: token, ...at({ street: 'Toegye-ro 2' }) })
  assert.equal((await partners.browse([kept!.id]).read(['street']))[0]!.street, 'Toegye-ro 2')
  // Another country: its provinces, and nothing kept.
  const before = await everybody()
  const shown = await hana.post(`/my/addresses/${kept!.id}`, { csrf_token: token, ...at({ street: 'Not yet', states: '1' }) })
  assert.deepEqual([shown.statusCode, shown.body.includes('Not yet')], [200, true])
  assert.deepEqual(await everybody(), before)

  const order = await sent(narae)
  await orders.browse([order]).write({ partner_shipping_id: kept!.id })
  await hana.post(`/my/addresses/${kept!.id}`, { csrf_token: token, ...at({ street: 'Namdaemun-ro 3' }) })
  const all = (await children(narae)).filter(({ type }) => type === 'delivery')
  assert.deepEqual(
    all.map(({ street, active }) => [street, active]),
    [
      ['Toegye-ro 2', false],
      ['Namdaemun-ro 3', true],
    ],
    'what stands on a document stays as it is',
  )
  assert.equal((await hana.post(`/my/addresses/${all[1]!.id}/archive`, { csrf_token: token })).statusCode, 303)
  assert.equal((await partners.browse([all[1]!.id]).read(['active']))[0]?.active ?? false, false)
  const notes = await company.system.model('mail.message').find(
    [
      ['model', '=', 'res.partner'],
      ['res_id', '=', narae],
    ],
    ['body', 'is_internal'],
  )
  assert.ok(notes.every(({ is_internal }) => is_internal))
  for (const street of ['Sejong-daero 1', 'Toegye-ro 2', 'Namdaemun-ro 3'])
    assert.ok(
      notes.some(({ body }) => body?.includes(street)),
      street,
    )
})

test('nobody touches an address that is not his, or anything of a contact that is no address', async () => {
  const [lees] = (await partners.create({ type: 'delivery', parent_id: blue, street: 'Hers 1', city: 'Busan' })).ids
  const [person] = (await partners.create({ name: 'Colleague', parent_id: narae, street: 'x', city: 'y' })).ids
  const token = addressToken((await hana.get('/my/addresses/invoice')).body)
  const lee_token = addressToken((await lee.get('/my/addresses/invoice')).body)
  const [{ user_ids: [hanaUser] } = { user_ids: [] }] = (await children(narae)).filter(({ user_ids }) => user_ids.length > 0)
  const before = await everybody()
  for (const end of [lees, person, narae, blue, 1, 2, 999_999, 0, '1e3', 'other', '2147483648', '-1']) {
    const path = `/my/addresses/${end}`
    assert.ok([404].includes((await hana.get(path)).statusCode), `GET ${path}`)
    assert.equal((await hana.post(path, { csrf_token: token, ...at() })).statusCode, 404, path)
    assert.equal((await hana.post(`${path}/archive`, { csrf_token: token })).statusCode, 404, path)
  }
  // Without the form's token, with another's, or with another form's.
  for (const csrf_token of [
    '',
    'x',
    lee_token,
    /action="\/web\/session\/logout"[^]*?value="([^"]+)"/.exec((await hana.get('/my')).body)![1]!,
  ])
    assert.equal((await hana.post('/my/addresses/delivery', { csrf_token, ...at() })).statusCode, 403)
  const foreign = { host: 'azure.localhost', origin: 'https://evil.example', 'content-type': 'application/x-www-form-urlencoded' }
  assert.equal(
    (await http.inject({ method: 'POST', url: '/my/addresses/delivery', headers: foreign, payload: 'street=x' })).statusCode,
    303,
  )
  for (const wrong of [
    { street: '' },
    { city: ' ' },
    { country: '' },
    { country: '999999' },
    { state: String(abroad) },
    { street: 'x'.repeat(300) },
  ])
    assert.equal((await hana.post('/my/addresses/delivery', { csrf_token: token, ...at(wrong) })).statusCode, 422, JSON.stringify(wrong))
  const huge = await hana.post('/my/addresses/delivery', { csrf_token: token, ...at({ street: 'x'.repeat(200_000) }) })
  assert.equal(huge.statusCode, 413)
  assert.deepEqual(await everybody(), before)

  // What else comes with the form is not looked at.
  const more = {
    vat: 'KR999',
    email: 'me@evil.example',
    parent_id: String(blue),
    company_id: '1',
    user_ids: '1',
    group_ids: '1',
    type: 'contact',
    id: String(lees),
    active: '0',
    is_company: '1',
  }
  await hana.post('/my/addresses/invoice', { csrf_token: token, ...at({ name: 'Books' }), ...more })
  const made = (await children(narae)).find(({ name }) => name === 'Books')!
  assert.deepEqual([made.type, made.vat, made.email, made.parent_id, made.user_ids, made.active], ['invoice', null, null, narae, [], true])
  // And over RPC nothing of it is theirs at all.
  const user = await company.system.model('res.users').browse([hanaUser!]).read(['login'])
  assert.match(user[0]!.login, /^hana@/)
  const answer = await http.inject({
    method: 'POST',
    url: '/web/dataset/call_kw/res.partner/write',
    headers: { host: 'azure.localhost', cookie: await hana.signIn(), 'content-type': 'application/json' },
    payload: JSON.stringify({ params: { model: 'res.partner', method: 'write', args: [[made.id], { street: 'By RPC' }], kwargs: {} } }),
  })
  assert.match(answer.body, /AccessError/)
  assert.equal((await partners.browse([made.id]).read(['street']))[0]!.street, 'Sejong-daero 1')
})

test('a contact is invited, comes in, is shut out at once, and comes back by a new invitation alone', async () => {
  const root = await shop.person('Root', [userManager])
  const [kim] = (await partners.create({ name: 'Kim', parent_id: narae, email: 'kim@narae.example', lang: 'ko_KR' })).ids as unknown as [
    number,
  ]
  const state = async (): Promise<string> => ((await portal_access(root.model('res.partner').browse([kim]))) as { state: string }).state
  const linkOf = async () => {
    const [letter] = (await shop.work()).filter(({ to }) => to[0] === 'kim@narae.example')
    return /\/web\/choose_password\?token=[\w-]{43}/.exec(textOf(letter!))![0]
  }
  assert.equal(await state(), 'never')
  await action_grant_portal(root.model('res.partner').browse([kim]))
  assert.equal(await state(), 'invited')
  const first = await linkOf()
  await action_grant_portal(root.model('res.partner').browse([kim]))
  const second = await linkOf()
  assert.notEqual(first, second)
  const users = company.system.with({ active_test: false }).model('res.users')
  const [user] = await users.find([['partner_id', '=', kim]], ['id', 'login', 'share', 'group_ids.key'])
  assert.deepEqual([user!.login, user!.share, user!.group_ids.map(({ key }) => key)], ['kim@narae.example', true, ['base.group_portal']])

  const open = await http.inject({ method: 'GET', url: second, headers: { host: 'azure.localhost' } })
  const jar = [open.headers['set-cookie'] ?? []]
    .flat()
    .map((one) => one.split(';')[0])
    .join('; ')
  const page = await http.inject({ method: 'GET', url: String(open.headers.location), headers: { host: 'azure.localhost', cookie: jar } })
  const csrf_token = /name="csrf_token" value="([^"]+)"/.exec(page.body)![1]!
  const chosen = await http.inject({
    method: 'POST',
    url: '/web/choose_password',
    headers: { host: 'azure.localhost', cookie: jar, 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({ csrf_token, password, again: password, confirm: password }).toString(),
  })
  const session = [chosen.headers['set-cookie'] ?? []]
    .flat()
    .map((one) => one.split(';')[0])
    .find((one) => one!.startsWith('session_id='))!
  const mine = () => http.inject({ method: 'GET', url: '/my', headers: { host: 'azure.localhost', cookie: session } })
  assert.deepEqual([(await mine()).statusCode, await state()], [200, 'active'])

  await action_revoke_portal(root.model('res.partner').browse([kim]))
  assert.deepEqual([(await mine()).statusCode, await state()], [303, 'revoked'])
  const signIn = () =>
    http.inject({
      method: 'POST',
      url: '/web/session/authenticate',
      headers: { host: 'azure.localhost' },
      payload: { params: { db: 'azure', login: 'kim@narae.example', password } },
    })
  assert.match((await signIn()).body, /AccessDenied/)
  await company.databases.use(company.database, (cx) => cx.query(sql`delete from password_link`))
  await action_grant_portal(root.model('res.partner').browse([kim]))
  assert.equal(await state(), 'invited')
  assert.match((await signIn()).body, /AccessDenied/, 'the old password is not his any more')
  assert.equal(await users.count([['partner_id', '=', kim]]), 1)
})

test('access is given and taken by who manages users, with his password, and to nobody who works here or has no address', async () => {
  const root = await shop.person('Rex', [userManager])
  const editor = await shop.person('Ed', [contactManager])
  const [mute, pat] = (await partners.create([{ name: 'Mute' }, { name: 'Pat', email: 'pat@narae.example', parent_id: narae }]))
    .ids as unknown as [number, number]
  const before = await everybody()
  const on = (who: typeof root, id: number) => who.model('res.partner').browse([id])
  for (const who of [ann, editor])
    for (const act of [action_grant_portal, action_revoke_portal]) await assert.rejects(act(on(who, pat)), AccessError)
  await assert.rejects(action_grant_portal(on(root, mute)), UserError)
  await assert.rejects(action_grant_portal(on(root, ann.user.partner_id)), UserError)
  await assert.rejects(action_revoke_portal(on(root, ann.user.partner_id)), UserError)
  await assert.rejects(action_revoke_portal(on(root, pat)), UserError)
  await assert.rejects(action_grant_portal(on(root, 987_654)), AccessError)
  const unproven = root.call(async (env) => {
    const call = { ...env.call, isProven: false }
    return callMethod(new (env.constructor as any)(call, env.user, env.context, false), {
      model: 'res.partner',
      method: 'action_grant_portal',
      args: [[pat]],
      kwargs: {},
    })
  })
  await assert.rejects(unproven, IdentityError)
  const stranger = await shop.person('Customer', [portal])
  await assert.rejects(portal_access(on(stranger, stranger.user.partner_id)), AccessError)
  assert.deepEqual((await everybody())[0]!.partners.length >= before[0]!.partners.length, true)
  assert.equal(
    await company.system
      .with({ active_test: false })
      .model('res.users')
      .count([['partner_id', 'in', [pat, mute]]]),
    0,
  )
})
