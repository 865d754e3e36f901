import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { type TestContext, describe, test } from 'node:test'
import { action_cancel, action_draft, action_quotation_send, sale, salesman } from '@erp4/sale'
import { type Connection, type Databases, type Lent, Decimal, UserError, day, moment, sql } from '@erp4/orm'
import { action_revoke, hashOfToken } from '@erp4/portal'
import type { ReceivedMail } from '@erp4/testing'
import { attachmentsOf, openShop, textOf } from './shop.ts'

// What customers do with the links that they are sent, over HTTP and with real letters; and what strangers try with them.

const shop = await openShop([sale])
const { company, http } = shop
const d = Decimal.of
const ann = await shop.person('Ann Park', [salesman])
const [group] = (await company.system.model('account.tax.group').search([['company_id', '=', 1]])).ids
const [vat] = (await company.system.model('account.tax').create({ name: 'VAT 21%', amount: d(21), tax_group_id: group! })).ids
const [desk, lamp] = (
  await company.system.model('product.product').create([
    { name: '책상 Desk', list_price: d('99.90'), taxes_id: [['set', [vat!]]] },
    { name: 'Lamp', list_price: d('33.33'), taxes_id: [['set', [vat!]]] },
  ] as never)
).ids as unknown as [number, number]
const narae = { name: '나래전자', is_company: true, email: 'buyer@narae.example', lang: 'ko_KR' } as const
const [customer] = (await company.system.model('res.partner').create(narae)).ids as unknown as [number]

const orders = company.system.model('sale.order')
const linkIn = /https?:\/\/\S+\/portal\/open\/(\S+)/

async function quotation(values: Readonly<Record<string, unknown>> = {}): Promise<number> {
  const { ids } = await ann.model('sale.order').create({
    partner_id: customer,
    order_line: [
      ['create', { product_id: desk, product_uom_qty: d(2) } as never],
      ['create', { product_id: lamp, product_uom_qty: d(1), is_optional: true } as never],
    ],
    ...values,
  })
  return ids[0]!
}

/** Sends it; gives the letter and the token in it. */
async function send(id: number): Promise<{ letter: ReceivedMail; token: string }> {
  await action_quotation_send(ann.model('sale.order').browse([id]))
  for (const letter of await shop.work()) {
    const token = linkIn.exec(textOf(letter))?.[1]
    if (token) return { letter, token }
  }
  throw new Error('No letter with a link came.')
}

/** The text of each statement that runs from now on, in order. */
function statementsOf(t: TestContext, databases: Databases): string[] {
  const texts: string[] = []
  const noted = (cx: Connection): void => {
    const query = cx.query.bind(cx)
    cx.query = (statement, name) => {
      texts.push(statement.compile().text)
      return query(statement, name)
    }
  }
  for (const name of ['use', 'transaction'] as const) {
    const real = databases[name].bind(databases) as (
      key: string,
      work: (cx: Lent) => Promise<unknown>,
      ...more: never[]
    ) => Promise<unknown>
    const spied = (key: string, work: (cx: Lent) => Promise<unknown>, ...more: never[]) => real(key, (cx) => (noted(cx), work(cx)), ...more)
    t.mock.method(databases, name, spied as never)
  }
  return texts
}

/** A browser with its cookies, which it sends where they belong. */
class Browser {
  readonly cookies = new Map<string, { value: string; path: string; all: string }>()

  async send(method: 'GET' | 'POST', url: string, payload?: string | Buffer, headers: Record<string, string> = {}) {
    const path = url.split('?')[0]!
    const cookie = [...this.cookies].flatMap(([name, one]) => (path.startsWith(one.path) ? [`${name}=${one.value}`] : [])).join('; ')
    const type: Record<string, string> = payload === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await http.inject({
      method,
      url,
      headers: { host: 'azure.localhost', cookie, ...type, ...headers },
      ...(payload === undefined ? {} : { payload }),
    })
    for (const all of [answer.headers['set-cookie'] ?? []].flat()) {
      const [, name, value, where] = /^([^=]+)=([^;]*); Path=([^;]+)/.exec(all)!
      this.cookies.set(name!, { value: value!, path: where!, all })
    }
    return answer
  }

  get = (url: string) => this.send('GET', url)
  post = (url: string, fields: Readonly<Record<string, string>>, headers?: Record<string, string>) =>
    this.send('POST', url, new URLSearchParams(fields).toString(), headers)

  /** Opens a letter's link; gives the document's path. */
  async open(token: string): Promise<string> {
    return (await this.get(`/portal/open/${token}`)).headers.location!
  }
}

const formOf = (body: string) => ({
  csrf_token: /name="csrf_token" value="([^"]+)"/.exec(body)![1]!,
  version: /name="version" value="([^"]+)"/.exec(body)![1]!,
})

const visible = (body: string): string => body.replace(/<style[^]*<\/style>/, '').replaceAll(/(?:nonce|value)="[^"]*"/g, '')

/** All that an answer could change. */
const stateOf = async (id: number) => [
  (await orders.browse([id]).read(['state', 'signed_by', 'signed_on', 'amount_total', 'version', 'declined_on']))[0],
  await company.system.model('portal.signature').count([['res_id', '=', id]]),
  await company.system.model('mail.message').count([['res_id', '=', id]]),
]

describe('a quotation that is sent', () => {
  test('reaches the customer in his language, with a PDF and a link, and both sides get what he signs', async () => {
    const id = await quotation()
    const { letter, token } = await send(id)
    const [order] = await orders.browse([id]).read(['name', 'state', 'amount_total', 'amount_untaxed', 'amount_tax'])
    assert.deepEqual([order!.state, letter.to], ['sent', ['buyer@narae.example']])
    const words = textOf(letter)
    assert.match(words, new RegExp(`나래전자 님, 안녕하세요[^]*견적서\\(${order!.name}, 합계 €241\\.76\\)`))
    const [[name, pdf]] = [...attachmentsOf(letter)] as [[string, Buffer]]
    assert.match(decodeURIComponent(name), /\.pdf/)
    const printed = execFileSync('pdftotext', ['-layout', '-', '-'], { input: pdf }).toString()
    for (const text of ['책상 Desk', `견적서 ${order!.name}`, '나래전자', '€199.80', '€41.96', '€241.76', '선택 품목'])
      assert.ok(printed.includes(text), `${text} is on the PDF`)
    assert.deepEqual([order!.amount_untaxed, order!.amount_tax, order!.amount_total].map(String), ['199.8', '41.96', '241.76'])

    const browser = new Browser()
    const path = await browser.open(token)
    const page = await browser.get(path)
    assert.equal(page.statusCode, 200)
    for (const text of ['책상 Desk', '€199.80', '€41.96', '€241.76']) assert.ok(page.body.includes(text), `${text} is on the page`)
    const answer = await browser.post(`${path}/accept`, { ...formOf(page.body), name: ' Kim  Hana ' }, { 'user-agent': 'Phone' })
    assert.deepEqual([answer.statusCode, answer.headers.location], [303, path])
    const [signed] = await orders.browse([id]).read(['state', 'signed_by', 'signed_hash'])
    assert.deepEqual(signed, { id, state: 'sale', signed_by: 'Kim Hana', signed_hash: formOf(page.body).version })

    const letters = (await shop.work()).filter((one) => /SHA-256/.test(textOf(one)))
    assert.deepEqual(letters.map(({ to }) => to[0]).sort(), ['ann.park@azure.example', 'buyer@narae.example'])
    const files = letters.map((one) => [...attachmentsOf(one).values()][0]!)
    assert.ok(files[0]!.equals(files[1]!))
    const fileHash = createHash('sha256').update(files[0]!).digest('hex')
    for (const one of letters) for (const fact of [fileHash, signed.signed_hash, '127.0.0.1']) assert.ok(textOf(one).includes(fact), fact)
    const proof = execFileSync('pdftotext', ['-layout', '-', '-'], { input: files[0]! }).toString()
    for (const fact of ['Kim Hana', signed.signed_hash, '127.0.0.1', 'buyer@narae.example']) assert.ok(proof.includes(fact), fact)
    const again = await browser.get(`${path}/signed.pdf`)
    assert.deepEqual([again.headers['content-type'], again.rawPayload.equals(files[0]!)], ['application/pdf', true])
  })

  test('is printed to the same bytes each time, as the page says it', async () => {
    const browser = new Browser()
    const path = await browser.open((await send(await quotation())).token)
    const [first, second] = [await browser.get(`${path}/document.pdf`), await browser.get(`${path}/document.pdf`)]
    assert.equal(first.statusCode, 200)
    assert.ok(first.rawPayload.equals(second.rawPayload))
  })

  test('that has no line, no reader or no longer any sense is not sent', async () => {
    const [mute] = (await company.system.model('res.partner').create({ name: 'Mute', is_company: true })).ids
    const [empty, unreachable, cancelled] = [await quotation({ order_line: [] }), await quotation({ partner_id: mute }), await quotation()]
    await action_cancel(ann.model('sale.order').browse([cancelled]))
    for (const [id, why] of [
      [empty, /nothing on it/],
      [unreachable, /no mail address/],
      [cancelled, /cancelled/],
    ] as const) {
      const before = await stateOf(id)
      await assert.rejects(
        action_quotation_send(ann.model('sale.order').browse([id])),
        (error: Error) => error instanceof UserError && why.test(error.message),
      )
      assert.deepEqual(await stateOf(id), before)
    }
    assert.deepEqual(await shop.work(), [])
  })
})

describe('a link', () => {
  test('gives up its token at the first visit: it is in no page, referrer, log or row, and opens one path alone', async () => {
    const { token } = await send(await quotation())
    const browser = new Browser()
    const opened = await browser.get(`/portal/open/${token}`)
    const path = opened.headers.location!
    assert.deepEqual(
      [opened.statusCode, opened.headers['referrer-policy'], opened.headers['cache-control']],
      [303, 'no-referrer', 'no-store'],
    )
    const [cookie] = [...browser.cookies.values()]
    assert.match(cookie!.all, new RegExp(`; Path=${path}; Max-Age=86400; HttpOnly; SameSite=Lax$`))
    const page = await browser.get(path)
    assert.ok(!page.body.includes(token) && !path.includes(token))
    assert.match(String(page.headers['content-security-policy']), /default-src 'none'.*script-src 'nonce-[^']+'$/)
    assert.ok(!shop.log.some((line) => line.includes(token)), 'no log line has it')
    const dump = await company.databases.use(company.database, async (cx) => [
      ...(await cx.query<{ row: string }>(sql`select to_jsonb(l)::text as row from portal_link l`)),
      ...(await cx.query<{ row: string }>(sql`select to_jsonb(o)::text as row from outbox o`)),
      ...(await cx.query<{ row: string }>(sql`select to_jsonb(m)::text as row from mail_message m`)),
      ...(await cx.query<{ row: string }>(sql`select to_jsonb(j)::text as row from job j`)),
      ...(await cx.query<{ row: string }>(sql`select to_jsonb(a)::text as row from audit_in a`)),
    ])
    assert.ok(dump.length > 5)
    assert.ok(!dump.some(({ row }) => row.includes(token)), 'no row has it once the letter is out')
    assert.ok(
      dump.some(({ row }) => row.includes(hashOfToken(token))),
      'its hash is there',
    )
  })

  test('that is unknown, expired, revoked, of another host or copied in part is told nothing, and all are told the same by the same work', async (t) => {
    const ids = [await quotation(), await quotation()]
    const tokens = [(await send(ids[0]!)).token, (await send(ids[1]!)).token]
    const links = company.system.model('portal.link')
    const linkOf = async (token: string) => (await links.search([['token_hash', '=', hashOfToken(token)]])).ids
    await links.browse(await linkOf(tokens[0]!)).write({ expires: moment(new Date('2020-01-01T00:00:00Z')) })
    const before = await Promise.all(ids.map(stateOf))
    const browser = new Browser()
    const revokedPath = await browser.open(tokens[1]!)
    const form = formOf((await browser.get(revokedPath)).body)
    await action_revoke(ann.model('portal.link').browse(await linkOf(tokens[1]!)))
    const answers = []
    // No clock tells them apart, as they take the same statements, one after the other, and give as many bytes.
    const work: (string | number)[][] = []
    const asked = statementsOf(t, company.databases)
    for (const token of [tokens[0]!, tokens[1]!, randomBytes(32).toString('base64url')]) {
      const other = new Browser()
      const path = await other.open(token)
      asked.length = 0
      const page = await other.get(path)
      work.push([page.body.length, ...asked])
      answers.push([page.statusCode, visible(page.body)])
      for (const name of ['document.pdf', 'signed.pdf', 'logo']) assert.equal((await other.get(`${path}/${name}`)).statusCode, 404)
    }
    answers.push(await new Browser().get(revokedPath).then((page) => [page.statusCode, visible(page.body)]))
    answers.push(await new Browser().get(`/portal/open/${tokens[1]!.slice(0, 40)}`).then((page) => [page.statusCode, visible(page.body)]))
    for (const one of answers) assert.deepEqual(one, answers[0])
    for (const one of work) assert.deepEqual(one, work[0])
    assert.ok(
      work[0]!.some((text) => String(text).includes('token_hash')),
      'the link was looked for',
    )
    assert.equal(answers[0]![0], 404)
    // The page was open while the link was revoked.
    assert.equal((await browser.post(`${revokedPath}/accept`, { ...form, name: 'Late' })).statusCode, 404)
    assert.deepEqual(await Promise.all(ids.map(stateOf)), before)
  })

  test('opens no other document: not with its cookie at another path, not with another form, not by a foreign page', async () => {
    const [mine, other] = [await quotation(), await quotation()]
    const [{ token }, { token: second }] = [await send(mine), await send(other)]
    const browser = new Browser()
    const path = await browser.open(token)
    const form = formOf((await browser.get(path)).body)
    const stranger = new Browser()
    const elsewhere = await stranger.open(second)
    const before = [await stateOf(mine), await stateOf(other)]
    const name = (where: string) => `document_${where.split('/').at(-1)}`
    // The token of one document under the name of another.
    const forged = { cookie: `${name(elsewhere)}=${token}` }
    assert.equal((await new Browser().send('GET', elsewhere, undefined, forged)).statusCode, 404)
    // The form of one document sent to another, whose cookie is there.
    assert.equal((await stranger.post(`${elsewhere}/accept`, { ...form, name: 'Mallory' })).statusCode, 403)
    for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }])
      assert.equal((await browser.post(`${path}/accept`, { ...form, name: 'Mallory' }, headers)).statusCode, 403)
    assert.equal((await browser.post(`${path}/accept`, { version: form.version, name: 'Mallory' })).statusCode, 403)
    // A name of another deed, or a line of another order.
    assert.equal((await browser.post(`${path}/confirm`, { ...form })).statusCode, 404)
    const [line] = (await company.system.model('sale.order.line').search([['order_id', '=', other]], { limit: 1 })).ids
    for (const wrong of [String(line), '0', '-1', '1e9', 'x'])
      assert.equal((await browser.post(`${path}/choose`, { ...form, line: wrong, taken: '1' })).statusCode, 404, wrong)
    assert.deepEqual([await stateOf(mine), await stateOf(other)], before)
  })

  test('for reading alone answers nothing', async () => {
    const id = await quotation()
    const { token } = await send(id)
    const link = await company.system.model('portal.link').search([['token_hash', '=', hashOfToken(token)]])
    await link.write({ purpose: 'view' })
    const browser = new Browser()
    const path = await browser.open(token)
    const page = await browser.get(path)
    assert.ok(!page.body.includes('/accept'))
    const before = await stateOf(id)
    for (const deed of ['accept', 'decline', 'choose', 'review'])
      assert.equal((await browser.post(`${path}/${deed}`, { ...formOf(page.body), name: 'Kim', line: '1' })).statusCode, 404, deed)
    assert.deepEqual(await stateOf(id), before)
  })

  test('that a mail scanner opens, follows and asks for in every way changes nothing', async () => {
    const id = await quotation()
    const { token } = await send(id)
    const before = await stateOf(id)
    const scanner = new Browser()
    const path = await scanner.open(token)
    for (const url of [
      path,
      `${path}?lang=en_US`,
      `${path}?lang=../x`,
      `${path}/document.pdf`,
      `${path}/accept`,
      `${path}/decline`,
      `${path}/review`,
    ])
      await scanner.get(url)
    assert.deepEqual(await stateOf(id), before)
    const links = await company.system.model('portal.link').find([['token_hash', '=', hashOfToken(token)]], ['version', 'state'])
    assert.deepEqual([links[0]?.version, links[0]?.state], [1, 'open'])
  })
})

describe('a version', () => {
  test('that changed is shown as a new one, reviewed first, and accepted only as it was reviewed', async () => {
    const id = await quotation()
    const { token } = await send(id)
    const browser = new Browser()
    const path = await browser.open(token)
    const old = formOf((await browser.get(path)).body)
    const [line] = (
      await company.system.model('sale.order.line').search([
        ['order_id', '=', id],
        ['is_optional', '=', false],
      ])
    ).ids
    await ann
      .model('sale.order.line')
      .browse([line!])
      .write({ price_unit: d(500) })
    // What nobody sent him he neither sees nor accepts.
    const preparing = await browser.get(path)
    assert.ok(!preparing.body.includes('500') && !preparing.body.includes('/accept'))
    assert.equal((await browser.get(`${path}/document.pdf`)).statusCode, 404)
    await browser.post(`${path}/accept`, { ...old, name: 'Kim' })
    await browser.post(`${path}/review`, old)
    assert.equal((await orders.browse([id]).read(['state']))[0]?.state, 'sent')
    // Sent again: the first link leads to the new version, after a look.
    await send(id)
    const changed = await browser.get(path)
    assert.match(changed.body, /새 버전이 있습니다/)
    assert.ok(!changed.body.includes('/accept'))
    await browser.post(`${path}/accept`, { ...old, name: 'Kim' })
    assert.equal((await orders.browse([id]).read(['state']))[0]?.state, 'sent')
    await browser.post(`${path}/review`, old)
    const now = await browser.get(path)
    assert.match(now.body, /€1,000\.00/)
    await browser.post(`${path}/accept`, { ...old, name: 'Kim' })
    assert.equal((await orders.browse([id]).read(['state']))[0]?.state, 'sent', 'the form of the old version accepts nothing')
    await browser.post(`${path}/accept`, { ...formOf(now.body), name: 'Kim' })
    const [order] = await orders.browse([id]).read(['state', 'signed_hash'])
    assert.deepEqual([order?.state, order?.signed_hash], ['sale', formOf(now.body).version])
  })

  test('that was signed stays as it is, and cannot be deleted', async () => {
    const id = await quotation()
    const browser = new Browser()
    const path = await browser.open((await send(id)).token)
    await browser.post(`${path}/accept`, { ...formOf((await browser.get(path)).body), name: 'Kim' })
    const before = await stateOf(id)
    await assert.rejects(ann.model('sale.order').browse([id]).write({ client_order_ref: 'other' }), /signed/)
    await assert.rejects(ann.model('sale.order').browse([id]).unlink(), UserError)
    assert.deepEqual(await stateOf(id), before)
  })

  test('is past its day, cancelled, or a draft again: nothing can be accepted', async () => {
    const expired = await quotation({ validity_date: day('2020-01-01') })
    const drafted = await quotation()
    for (const [id, act] of [
      [expired, async () => undefined],
      [drafted, async () => action_draft(ann.model('sale.order').browse([drafted]))],
    ] as const) {
      const browser = new Browser()
      const path = await browser.open((await send(id)).token)
      const form = formOf((await browser.get(path)).body)
      await act()
      const before = await stateOf(id)
      await browser.post(`${path}/accept`, { ...form, name: 'Kim' })
      assert.deepEqual(await stateOf(id), before)
      assert.ok(!(await browser.get(path)).body.includes(`${path}/accept`))
    }
  })
})

describe('an answer', () => {
  test('is given once: twelve clicks of two people in the same moment make one signature and one confirmation', async () => {
    const id = await quotation()
    const [first, second] = [new Browser(), new Browser()]
    const [a, b] = [await first.open((await send(id)).token), await second.open((await send(id)).token)]
    const [formA, formB] = [formOf((await first.get(a)).body), formOf((await second.get(b)).body)]
    const clicks = Array.from({ length: 12 }, (_, i) =>
      i % 2 === 0
        ? first.post(`${a}/accept`, { ...formA, name: 'Kim' })
        : second.post(`${b}/${i % 4 === 1 ? 'accept' : 'decline'}`, { ...formB, name: 'Lee', reason: 'no' }),
    )
    const answers = await Promise.all(clicks)
    assert.deepEqual([...new Set(answers.map(({ statusCode }) => statusCode))], [303])
    const [order] = await orders.browse([id]).read(['state', 'signed_by', 'declined_on'])
    const signatures = await company.system.model('portal.signature').find([['res_id', '=', id]], ['name'])
    if (order!.state === 'sale') assert.deepEqual([signatures.length, signatures[0]?.name, order!.declined_on], [1, order!.signed_by, null])
    else assert.deepEqual([order!.state, signatures.length, order!.signed_by], ['cancel', 0, null])
    const letters = (await shop.work()).filter((one) => /SHA-256/.test(textOf(one)))
    assert.equal(letters.length, order!.state === 'sale' ? 2 : 0)
  })

  test('needs a name; takes no picture that is none; keeps what was typed', async () => {
    const id = await quotation()
    const browser = new Browser()
    const path = await browser.open((await send(id)).token)
    const form = formOf((await browser.get(path)).body)
    const before = await stateOf(id)
    const refused = await browser.post(`${path}/accept`, { ...form, name: '  ' })
    assert.equal(refused.statusCode, 422)
    assert.match(refused.body, /role="alert"[^]*성명을 입력해 주세요/)
    assert.equal((await browser.post(`${path}/ask`, { ...form, question: ' ' })).statusCode, 422)
    assert.deepEqual(await stateOf(id), before)
    const bomb = Buffer.from('iVBORw0KGgoAAAANSUhEUgAA//8AAP//CAYAAAA=', 'base64')
    const image = `data:image/png;base64,${Buffer.concat([bomb, Buffer.alloc(100)]).toString('base64')}`
    const evil = '<script>alert(1)</script>'
    await browser.post(`${path}/accept`, { ...form, name: evil, image })
    const [signature] = await company.system.model('portal.signature').find([['res_id', '=', id]], ['name', 'image'])
    assert.deepEqual([signature?.name, signature?.image], [evil, null])
    assert.ok(!(await browser.get(path)).body.includes(evil))
  })

  test('that is a question, or a no with its reason, reaches the seller and stands on the order', async () => {
    const id = await quotation()
    const browser = new Browser()
    const path = await browser.open((await send(id)).token)
    const form = formOf((await browser.get(path)).body)
    const asked = await browser.post(`${path}/ask`, { ...form, question: '토요일 배송이 가능한가요? <b>' })
    assert.equal(asked.headers.location, `${path}?done=ask`)
    await browser.post(`${path}/decline`, { ...form, reason: 'Another offer.' })
    const letters = await shop.work()
    assert.deepEqual(
      letters.map(({ to }) => to),
      [['ann.park@azure.example'], ['ann.park@azure.example']],
    )
    assert.match(textOf(letters[0]!), /토요일 배송이 가능한가요\? <b>/)
    assert.match(textOf(letters[1]!), /Another offer\./)
    const page = await browser.get(path)
    assert.match(page.body, /토요일 배송이 가능한가요\? &lt;b&gt;/)
    const [order] = await orders.browse([id]).read(['state', 'decline_reason'])
    assert.deepEqual([order?.state, order?.decline_reason], ['cancel', 'Another offer.'])
  })

  test('that chooses an option changes the total, and what is then signed has it', async () => {
    const id = await quotation()
    const browser = new Browser()
    const path = await browser.open((await send(id)).token)
    const page = await browser.get(path)
    const [line] = (
      await company.system.model('sale.order.line').search([
        ['order_id', '=', id],
        ['is_optional', '=', true],
      ])
    ).ids
    await browser.post(`${path}/choose`, { ...formOf(page.body), line: String(line), taken: '1' })
    const [taken] = await orders.browse([id]).read(['amount_total'])
    assert.equal(String(taken!.amount_total), '282.09')
    const now = await browser.get(path)
    assert.match(now.body, /€282\.09/)
    assert.notEqual(formOf(now.body).version, formOf(page.body).version)
    await browser.post(`${path}/accept`, { ...formOf(now.body), name: 'Kim' })
    const [signature] = await company.system.model('portal.signature').find([['res_id', '=', id]], ['content_hash', 'content'])
    assert.equal(signature?.content_hash, formOf(now.body).version)
    assert.match(JSON.stringify(signature?.content), /€282\.09/)
    // After the signature nothing can be chosen any more.
    await browser.post(`${path}/choose`, { ...formOf(now.body), line: String(line), taken: '0' })
    assert.equal(String((await orders.browse([id]).read(['amount_total']))[0]!.amount_total), '282.09')
  })

  test('over a credit limit that refuses is signed and waits for our side', async () => {
    await company.system
      .model('res.company')
      .browse([1])
      .write({ account_use_credit_limit: true, credit_limit_policy: 'block' } as never)
    await company.system
      .model('res.partner')
      .browse([customer])
      .write({ credit_limit: d(1) })
    const id = await quotation()
    const browser = new Browser()
    const path = await browser.open((await send(id)).token)
    await browser.post(`${path}/accept`, { ...formOf((await browser.get(path)).body), name: 'Kim' })
    const [order] = await orders.browse([id]).read(['state', 'signed_by'])
    assert.deepEqual([order?.state, order?.signed_by], ['sent', 'Kim'])
    await company.system.model('res.company').browse([1]).write({ account_use_credit_limit: false })
  })
})

describe('a signed file', () => {
  const verify = async (parts: Readonly<Record<string, string | Buffer>>) => {
    const browser = new Browser()
    const token = /name="csrf_token" value="([^"]+)"/.exec((await browser.get('/portal/verify')).body)![1]!
    const pieces = Object.entries({ csrf_token: token, ...parts }).map(([name, value]) =>
      Buffer.concat([
        Buffer.from(`--b0\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n`),
        Buffer.from(value),
        Buffer.from('\r\n'),
      ]),
    )
    return browser.send('POST', '/portal/verify', Buffer.concat([...pieces, Buffer.from('--b0--\r\n')]), {
      'content-type': 'multipart/form-data; boundary=b0',
    })
  }

  test('is known by its bytes or its hashes, and not when one bit of it is another', async () => {
    const id = await quotation()
    const browser = new Browser()
    const path = await browser.open((await send(id)).token)
    await browser.post(`${path}/accept`, { ...formOf((await browser.get(path)).body), name: 'Kim Hana' })
    await shop.work()
    const file = (await browser.get(`${path}/signed.pdf`)).rawPayload
    const changed = Buffer.from(file)
    changed[changed.length - 40]! ^= 1
    const [{ content_hash } = { content_hash: '' }] = await company.system
      .model('portal.signature')
      .find([['res_id', '=', id]], ['content_hash'])
    for (const [parts, says] of [
      [{ file }, /exactly the document that was signed[^]*Kim Hana/],
      [{ hash: createHash('sha256').update(file).digest('hex') }, /exactly the document/],
      [{ hash: ` ${content_hash.toUpperCase()} ` }, /with this content was signed/],
      [{ file: changed }, /Nothing like this was signed/],
      [{ hash: 'f'.repeat(64) }, /Nothing like this was signed/],
    ] as const)
      assert.match((await verify(parts)).body, says)
    for (const parts of [{}, { hash: 'abc' }, { hash: `${'0'.repeat(63)}'` }]) assert.equal((await verify(parts)).statusCode, 422)
    assert.equal((await new Browser().post('/portal/verify', { hash: 'f'.repeat(64) })).statusCode, 403)
  })
})

test('who tries many links from one place has to wait, and others do not', async () => {
  const from = (remoteAddress: string, url: string) =>
    http.inject({ method: 'GET', url, remoteAddress, headers: { host: 'azure.localhost' } }).then(({ statusCode }) => statusCode)
  const tries = []
  for (let i = 0; i < 70; i++) tries.push(await from('203.0.113.9', `/portal/document/${randomBytes(12).toString('base64url')}`))
  assert.deepEqual([tries[0], tries.at(-1)], [404, 429])
  assert.equal(await from('198.51.100.7', `/portal/document/${randomBytes(12).toString('base64url')}`), 404)
})
