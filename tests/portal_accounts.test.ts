import assert from 'node:assert/strict'
import { test } from 'node:test'
import { portal } from '@erp4/base'
import { action_quotation_sent, sale, salesman } from '@erp4/sale'
import { Decimal } from '@erp4/orm'
import { openShop, password } from './shop.ts'

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
