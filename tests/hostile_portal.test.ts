import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32, deflateSync } from 'node:zlib'
import { action_quotation_send, sale, salesman } from '@erp4/sale'
import { Decimal } from '@erp4/orm'
import { untilBlocked } from '@erp4/testing'
import { attachmentsOf, openShop, textOf } from './shop.ts'

// What a customer could do to keep the seller from the proof of what he signed: each of these signs, and both sides get the signed document.

const shop = await openShop([sale])
const { company, http } = shop
const ann = await shop.person('Ann Park', [salesman])
const [desk] = (await company.system.model('product.product').create({ name: 'Desk', list_price: Decimal.of(100) } as never)).ids
const [buyer] = (await company.system.model('res.partner').create({ name: 'Narae', is_company: true, email: 'buyer@narae.example' })).ids

/** A quotation that was sent; gives its id, and what a form of its page carries. */
async function sent() {
  const values = { partner_id: buyer!, order_line: [['create', { product_id: desk } as never]] } as const
  const [id] = (await ann.model('sale.order').create(values)).ids
  await action_quotation_send(ann.model('sale.order').browse([id!]))
  const letters = await shop.work()
  const token = letters.map((letter) => /\/portal\/open\/(\S+)/.exec(textOf(letter))?.[1]).find(Boolean)!
  const opened = await http.inject({ method: 'GET', url: `/portal/open/${token}`, headers: { host: 'azure.localhost' } })
  const path = opened.headers.location!
  const headers = { host: 'azure.localhost', cookie: String(opened.headers['set-cookie']).split(';')[0]! }
  const { body } = await http.inject({ method: 'GET', url: path, headers })
  const hidden = (name: string): string => new RegExp(`name="${name}" value="([^"]+)"`).exec(body)![1]!
  const form = { csrf_token: hidden('csrf_token'), version: hidden('version') }
  const post = (deed: string, fields: Readonly<Record<string, string>>) =>
    http.inject({
      method: 'POST',
      url: `${path}/${deed}`,
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ ...form, ...fields }).toString(),
    })
  return { id: id!, path, headers, post }
}

function chunk(name: string, content: Buffer, length = content.length): Buffer {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), content])
  const [size, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  size.writeUInt32BE(length)
  sum.writeUInt32BE(crc32(named))
  return Buffer.concat([size, named, sum])
}

function head(width: number, height: number, interlaced = 0): Buffer {
  const content = Buffer.alloc(13)
  content.writeUInt32BE(width, 0)
  content.writeUInt32BE(height, 4)
  content.set([8, 6, 0, 0, interlaced], 8)
  return chunk('IHDR', content)
}

const png = (...chunks: readonly Buffer[]): string =>
  `data:image/png;base64,${Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...chunks]).toString('base64')}`
const points = (width: number, height: number, filter = 0): Buffer =>
  chunk('IDAT', deflateSync(Buffer.concat(Array.from({ length: height }, () => Buffer.from([filter, ...Buffer.alloc(width * 4, 0x7f)])))))
const end = chunk('IEND', Buffer.alloc(0))

for (const [what, picture, isKept] of [
  ['a drawn picture', png(head(30, 10), points(30, 10), end), true],
  ['a chunk that leads back to itself', png(head(30, 10), chunk('tEXt', Buffer.alloc(20), 0xfffffff0), points(30, 10), end), false],
  ['points that do not unpack', png(head(30, 10), chunk('IDAT', Buffer.alloc(60, 7)), end), false],
  ['points that unpack to a hundred times as many', png(head(30, 10), points(1000, 30), end), false],
  ['fewer points than it says', png(head(1999, 1999), points(30, 10), end), false],
  ['a row with a filter that there is not', png(head(30, 10), points(30, 10, 9), end), false],
  ['a second head, of a gigantic picture', png(head(30, 10), head(60_000, 60_000), points(30, 10), end), false],
  ['nothing behind its head', png(head(30, 10), Buffer.alloc(60)), false],
] as const)
  test(`an order that is signed with ${what} is printed, and both sides get it`, async () => {
    const { id, post } = await sent()
    assert.equal((await post('accept', { name: 'Bob Lee', image: picture })).statusCode, 303)
    const letters = (await shop.work()).filter((letter) => letter.header('subject').startsWith('Signed:'))
    assert.deepEqual(
      letters.flatMap(({ to }) => to).toSorted((a, b) => a.localeCompare(b)),
      ['ann.park@azure.example', 'buyer@narae.example'],
    )
    for (const letter of letters)
      assert.deepEqual(
        [...attachmentsOf(letter).values()].map((pdf) => pdf.subarray(0, 5).toString()),
        ['%PDF-'],
      )
    const [signature] = await company.system.model('portal.signature').find([['res_id', '=', id]], ['image', 'file'])
    assert.deepEqual([signature!.image !== null, signature!.file !== null], [isKept, true])
  })

test('nor does a name keep it from them, whatever is in it', async () => {
  for (const name of [
    'Bob\u0000Lee',
    'Bob\u001b[31m\u0007',
    'Bob\r\nBcc: evil@example.com',
    '\u202eeeL boB',
    'é'.repeat(500),
    '<b>{{7*7}}</b>, "Bob"',
  ]) {
    const { id, post } = await sent()
    assert.equal((await post('accept', { name })).statusCode, 303, JSON.stringify(name))
    const letters = (await shop.work()).filter((letter) => letter.header('subject').startsWith('Signed:'))
    assert.equal(letters.length, 2, JSON.stringify(name))
    for (const { to, source } of letters) {
      assert.equal(to.length, 1)
      assert.ok(!/^bcc:/im.test(source.slice(0, source.search(/\r?\n\r?\n/))))
    }
    assert.equal(await company.system.model('portal.signature').count([['res_id', '=', id]]), 1)
  }
})

test('what the seller changes in the moment in which it is signed is not on what was signed', async () => {
  const { id, post } = await sent()
  const [line] = (await company.system.model('sale.order.line').search([['order_id', '=', id]])).ids
  const [written, mayEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const seller = ann.call(async (env) => {
    // Nothing that the order adds up.
    await env.model('sale.order.line').browse([line!]).write({ name: 'A stone' })
    written.resolve()
    await mayEnd.promise
  })
  await written.promise
  const signed = post('accept', { name: 'Bob Lee' })
  await untilBlocked(company, signed)
  mayEnd.resolve()
  await seller
  assert.equal((await signed).statusCode, 303)
  const [order] = await company.system.model('sale.order').find([['id', '=', id]], ['state', 'signed_on'])
  assert.deepEqual([order!.state, order!.signed_on], ['sent', null], 'he is shown the new version')
})

test('a line that is changed or deleted in the moment in which its order is signed stays as it is', async () => {
  const { id, post } = await sent()
  const note = { order_id: id, display_type: 'line_note', name: 'Delivery is free' } as const
  const [product] = (await company.system.model('sale.order.line').search([['order_id', '=', id]])).ids
  const order = company.system.model('sale.order').browse([id])
  const attempts: (() => Promise<unknown>)[] = [
    () => ann.model('sale.order.line').browse([product!]).write({ name: 'A stone' }),
    () => ann.model('sale.order.line').browse([product!]).unlink(),
    () => ann.model('sale.order.line').create(note),
  ]
  const [locked, mayEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const signing = company.system.call(async (sys) => {
    await sys.model('sale.order').browse([id]).lock()
    await sys
      .model('sale.order')
      .browse([id])
      .write({ signed_on: '2026-03-01 12:00:00' as never })
    locked.resolve()
    await mayEnd.promise
  })
  await locked.promise
  const tries = attempts.map((attempt) => attempt())
  const tried = Promise.allSettled(tries)
  await untilBlocked(company, ...tries)
  mayEnd.resolve()
  await signing
  assert.deepEqual(
    (await tried).map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  )
  assert.deepEqual(
    (await order.read(['order_line.name']))[0]!.order_line.map(({ name }) => name),
    ['Desk'],
  )
  assert.equal((await post('accept', { name: 'Bob Lee' })).statusCode, 303)
})
