import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { action_post, biller } from '@erp4/account'
import { administrator, employee, portal } from '@erp4/base'
import { loadTemplates, renderText } from '@erp4/mail'
import { AccessError, Decimal, UserError, ValidationError, callMethod, sql } from '@erp4/orm'
import { sale, salesman, salesmanOfAll } from '@erp4/sale'
import type { Actor, ReceivedMail } from '@erp4/testing'
import { attachmentsOf, openShop, password, textOf } from './shop.ts'

// Letters with quotations and invoices as people write them, over the methods that the client calls, and with a real mail server.

const shop = await openShop([sale])
const { company, http } = shop
const d = Decimal.of
const ann = await shop.person('Ann Park', [salesman])
const bea = await shop.person('Bea Bill', [biller])
const root = await shop.person('Root', [administrator, salesmanOfAll])
const eve = await shop.person('Eve', [employee])
const pat = await shop.person('Pat', [portal])
const [desk] = (await company.system.model('product.product').create({ name: 'Desk', list_price: d(100) } as never)).ids as unknown as [
  number,
]
const [narae, blue, dumb] = (
  await company.system.model('res.partner').create([
    { name: '나래전자', is_company: true, email: 'buyer@narae.example', lang: 'ko_KR' },
    { name: 'Blue', is_company: true, email: 'buyer@blue.example' },
    { name: 'Dumb', is_company: true },
  ])
).ids as unknown as [number, number, number]

const orders = company.system.model('sale.order')
const query = <T>(text: ReturnType<typeof sql>) => company.databases.use(company.database, (cx) => cx.query<T>(text))
const rpc = (who: Actor, model: string, method: string, args: unknown[], kwargs: Record<string, unknown> = {}) =>
  who.call((env) => callMethod(env, { model, method, args, kwargs })) as Promise<any>
const letter = (who: Actor, method: string, id: number, kwargs: Record<string, unknown> = {}, res_model = 'sale.order') =>
  rpc(who, 'portal.link', method, [], { res_model, res_id: id, ...kwargs })

async function quotation(partner = narae): Promise<number> {
  const order_line = [['create', { product_id: desk } as never]] as never
  return (await ann.model('sale.order').create({ partner_id: partner, order_line })).ids[0]!
}
const stateOf = async (id: number) => (await orders.browse([id]).read(['state']))[0]!.state

/** The seconds to think of it again are over. */
async function leave(): Promise<readonly ReceivedMail[]> {
  await query(sql`update job set run_at = now() where state = 'queued'`)
  return shop.work()
}
const counts = () =>
  query(sql`select (select count(*)::int4 from job where name = 'portal.letter') as jobs, (select count(*)::int4 from outbox) as letters,
    (select count(*)::int4 from mail_message) as messages, (select count(*)::int4 from portal_link) as links,
    (select string_agg(state, ',' order by id) from sale_order) as states, (select string_agg(res_model || res_id, ',' order by id) from ir_attachment) as files`)
async function refuses(work: () => Promise<unknown>, kind: new (...args: never[]) => Error): Promise<void> {
  const before = await counts()
  await assert.rejects(work(), kind)
  assert.deepEqual(await counts(), before)
}

describe('a letter with a quotation', () => {
  test('begins with what its template says in each recipient’s language, and goes as it was written, with a link for each', async () => {
    const id = await quotation()
    const usual = await letter(ann, 'letter_begin', id)
    const [order] = await orders.browse([id]).read(['name'])
    assert.deepEqual(
      [usual.purpose, usual.recipients],
      ['sign', [{ id: narae, name: '나래전자', email: 'buyer@narae.example', lang: 'ko_KR' }]],
    )
    assert.match(usual.letters[0].subject, new RegExp(`견적서 ${order!.name}`))
    assert.match(usual.letters[0].body, /나래전자 님, 안녕하세요.*€100.00.*Ann Park/s)
    assert.equal(usual.letters[0].file.name, `견적서 ${order!.name}.pdf`)

    const two = await letter(ann, 'letter_begin', id, { partner_ids: [narae, blue, eve.user.partner_id] })
    assert.deepEqual(
      two.letters.map((one: { lang: string; partners: number[] }) => [one.lang, one.partners]),
      [
        ['ko_KR', [narae]],
        ['en_US', [blue, eve.user.partner_id]],
      ],
    )
    assert.match(two.letters[1].body, /Dear \{\{ recipient.name \}\},/)
    const [file] = (await ann.model('ir.attachment').create({ name: 'terms.txt', raw: Buffer.from('Our terms') as never })).ids
    const [korean, english] = two.letters
    const written =
      '<p onclick="x()">안녕하십니까 <b>굵게</b><script>x()</script></p><ul><li>하나</li><li>둘</li></ul>' +
      '<p><a href="https://azure.example/plan">계획</a> <a href="javascript:x()">안</a></p>'
    const letters = [{ ...korean, body: written }, english]
    await letter(ann, 'letter_send', id, { letters, attachment_ids: [file] })
    assert.deepEqual([await stateOf(id), await shop.work()], ['sent', []], 'noted at once, and nothing has left')
    const sent = (await leave()).toSorted((a, b) => (a.to[0]! < b.to[0]! ? -1 : 1))
    assert.deepEqual(
      sent.map(({ to }) => to),
      [['buyer@blue.example'], ['buyer@narae.example'], ['eve@azure.example']],
    )
    const [toBlue, toNarae, toEve] = sent as [ReceivedMail, ReceivedMail, ReceivedMail]
    assert.match(textOf(toBlue), /Dear Blue,/)
    assert.match(textOf(toEve), /Dear Eve,/)
    assert.match(
      textOf(toNarae).replaceAll('\r', ''),
      /^안녕하십니까 굵게\n\n- 하나\n- 둘\n\n계획 \(https:\/\/azure\.example\/plan\) 안\n/m,
    )
    assert.match(
      textOf(toNarae, 'html'),
      /안녕하십니까 <b>굵게<\/b><\/p><ul><li>하나<\/li>.*<a href="https:\/\/azure\.example\/plan">계획<\/a>/,
    )
    for (const kind of ['plain', 'html'] as const) assert.doesNotMatch(textOf(toNarae, kind), /x\(\)|script|onclick/)
    assert.deepEqual([toNarae.header('content-language'), toBlue.header('content-language')], ['ko-KR', 'en-US'])
    const tokens = sent.map((one) => /\/portal\/open\/(\S+)/.exec(textOf(one))![1]!)
    assert.equal(new Set(tokens).size, 3)
    assert.ok(tokens.every((token, i) => !textOf(sent[(i + 1) % 3]!).includes(token)))
    const pdfOf = (mail: ReceivedMail) => [...attachmentsOf(mail)].find(([name]) => name.endsWith('.pdf'))![1]
    const printed = (mail: ReceivedMail) => execFileSync('pdftotext', ['-layout', '-', '-'], { input: pdfOf(mail) }).toString()
    assert.match(printed(toNarae), /견적서/)
    assert.match(printed(toBlue), /Quotation/)
    for (const { source } of sent) assert.match(source, /filename="?terms\.txt[^]*(Our terms|T3VyIHRlcm1z)/)
    const links = await company.system.model('portal.link').find([['res_id', '=', id]], ['partner_id', 'purpose', 'email'], { order: 'id' })
    assert.deepEqual(
      links.map(({ partner_id, purpose }) => [partner_id, purpose]),
      [
        [narae, 'sign'],
        [blue, 'sign'],
        [eve.user.partner_id, 'sign'],
      ],
    )
    const said = await company.system.model('mail.message').find(
      [
        ['res_id', '=', id],
        ['model', '=', 'sale.order'],
      ],
      ['body', 'attachment_ids.name'],
    )
    assert.ok(
      said.every(({ body }) => !body?.includes('/portal/open')),
      'no link stands in the story',
    )
  })

  test('is taken back as if nothing had been, until it leaves', async () => {
    const id = await quotation()
    const { letters } = await letter(ann, 'letter_begin', id)
    const { jobs, seconds } = await letter(ann, 'letter_send', id, { letters })
    assert.equal(seconds, 8)
    assert.equal(await letter(ann, 'letter_recall', id, { jobs }), true)
    assert.equal(await stateOf(id), 'draft')
    assert.deepEqual(await leave(), [])

    const again = await letter(ann, 'letter_send', id, { letters })
    assert.equal((await leave()).length, 1)
    assert.equal(await letter(ann, 'letter_recall', id, { jobs: again.jobs }), false)
    const third = await letter(ann, 'letter_send', id, { letters })
    assert.equal(await letter(ann, 'letter_recall', id, { jobs: third.jobs }), true)
    assert.equal(await stateOf(id), 'sent', 'the one before is out')
  })

  test('is taken back by its sender alone, and with its own numbers', async () => {
    const [id, other] = [await quotation(), await quotation()]
    const { letters } = await letter(ann, 'letter_begin', id)
    const { jobs } = await letter(ann, 'letter_send', id, { letters })
    const job = await company.system.call((sys) => sys.call.jobs!.ask(sys.cx, 'base.password_link', { user: null }))
    const waiting = () => query(sql`select id, state from job where state = 'queued' order by id`)
    const before = await waiting()
    const sue = await shop.person('Sue', [salesman])
    await orders.browse([id]).write({ user_id: sue.user.id })
    for (const [who, about, numbers] of [
      [sue, id, jobs],
      [ann, other, jobs],
      [ann, other, [job]],
      [ann, other, []],
      [ann, other, ['1', null, {}]],
    ] as const)
      assert.equal(await letter(who, 'letter_recall', about, { jobs: numbers }), false)
    await assert.rejects(letter(pat, 'letter_recall', id, { jobs }), AccessError)
    await assert.rejects(letter(eve, 'letter_recall', id, { jobs }), AccessError)
    assert.deepEqual(await waiting(), before)
    await leave()
  })

  test('is not written by who may not change the document, nor to whom or with what the sender may not see', async () => {
    const id = await quotation()
    const { letters } = await letter(ann, 'letter_begin', id)
    const elsewhere = await company.company('Elsewhere')
    const [hidden] = (await company.system.model('res.partner').create({ name: 'Hidden', email: 'h@h.example', company_id: elsewhere })).ids
    const [file] = (await eve.model('ir.attachment').create({ name: 'hers', raw: Buffer.from('hers') as never })).ids
    const stranger = await company.personOf([elsewhere], salesman)
    const own = letters[0]
    for (const [who, kwargs, kind] of [
      [pat, { letters }, AccessError],
      [eve, { letters }, AccessError],
      [stranger, { letters }, AccessError],
      [ann, { letters: [{ ...own, partners: [hidden] }] }, AccessError],
      [ann, { letters: [{ ...own, partners: [987_654] }] }, AccessError],
      [ann, { letters, attachment_ids: [file] }, AccessError],
      [ann, { letters: [{ ...own, partners: [dumb] }] }, UserError],
      [ann, { letters: [] }, UserError],
      [ann, { letters: [own, own] }, ValidationError],
      [ann, { letters: [{ ...own, subject: ' ' }] }, ValidationError],
      [ann, { letters: [{ ...own, lang: 'xx_XX' }] }, ValidationError],
      [ann, { letters: [{ ...own, partners: ['1'] }] }, ValidationError],
      [ann, { letters: [{ ...own, body: 'x'.repeat(200_000) }] }, ValidationError],
      [ann, { letters: { 0: own } }, UserError],
    ] as const)
      await refuses(() => letter(who, 'letter_send', id, kwargs), kind)
    await refuses(() => letter(ann, 'letter_begin', id, { partner_ids: [hidden] }), AccessError)
    await refuses(() => letter(ann, 'letter_begin', id, {}, 'res.partner'), UserError)
    await refuses(() => letter(ann, 'letter_begin', 987_654), AccessError)
  })

  test('says what a customer called himself, and not what he wrote between braces', async () => {
    const names = ['{{ partner_id.comment }}', '{{{ partner_id.comment }}', '{ { x {{object.partner_id.comment}} {']
    const values = names.map((name, i) => ({ name, is_company: true, email: `sly${i}@sly.example`, comment: '<p>Owes us since May</p>' }))
    const { ids } = await company.system.model('res.partner').create(values)
    for (const sly of ids) {
      const id = await quotation(sly)
      const begun = await letter(ann, 'letter_begin', id)
      assert.ok(begun.letters[0].body.includes('partner_id.comment'), 'the template names its reader')
      await letter(ann, 'letter_send', id, { letters: begun.letters })
    }
    const sent = await leave()
    assert.equal(sent.length, ids.length)
    for (const mail of sent) {
      assert.match(textOf(mail), /partner_id\.comment/)
      for (const kind of ['plain', 'html'] as const) assert.doesNotMatch(textOf(mail, kind), /Owes us/)
    }
  })

  test('says nothing that its sender may not read, whatever he writes between braces', async () => {
    const id = await quotation()
    const own = (await letter(ann, 'letter_begin', id)).letters[0]
    for (const place of [
      'user_id.password',
      'sender.password',
      'sender.sec_version',
      'user_id.partner_id.user_ids',
      'order_line',
      'constructor.constructor',
      '7 * 7',
      "name.replace('a','b')",
      'partner_id.property_account_receivable_id.code',
    ])
      await refuses(() => letter(ann, 'letter_send', id, { letters: [{ ...own, body: `<p>{{ ${place} }}</p>` }] }), UserError)
    const text = { subject: 'x', body: '<p>[{{ company.account_receivable_id.name }}]</p>' }
    const { body } = await ann.call((env) => renderText(env, 'sale.order', text, { id, language: 'en_US', recipient: null }))
    assert.equal(body, '<p>[]</p>', 'a record that is hidden from him is as if it were not there')
  })
})

describe('a template', () => {
  const idOf = async (name: string): Promise<number> =>
    (await company.system.model('ir.model.data').find([['name', '=', name]], ['res_id']))[0]!.res_id!
  const textsOf = async (id: number) => rpc(root, 'mail.template', 'texts_read', [[id]])

  test('is written in both languages, seen with a real record, and reset', async () => {
    const id = await idOf('email_template_edi_sale')
    const first = await textsOf(id)
    assert.deepEqual([first.model, Object.keys(first.texts)], ['sale.order', ['en_US', 'ko_KR']])
    assert.deepEqual(first.original, first.texts)
    assert.ok(first.places.some((one: { path: string }) => one.path === 'amount_total'))
    assert.ok(!first.places.some((one: { path: string }) => /password|tax_totals/.test(one.path)))
    const order = await quotation(blue)
    const told = await rpc(root, 'mail.template', 'texts_preview', [[id]], {
      res_id: order,
      lang: 'ko_KR',
      subject: '{{ partner_id.name }} 귀하',
      body: '<p>{{ amount_total }}<img src=x onerror=alert(1)></p>',
    })
    assert.deepEqual([told.subject, told.body.replace(/<img[^>]*>/, '')], ['Blue 귀하', '<p>€100.00</p>'])
    assert.doesNotMatch(told.body, /onerror/)
    await rpc(root, 'mail.template', 'texts_write', [[id]], { texts: { ko_KR: { subject: '새 제목', body: '<p>{{ name }}</p>' } } })
    const second = await textsOf(id)
    assert.deepEqual([second.original, second.texts.ko_KR.subject, second.texts.en_US], [first.original, '새 제목', first.texts.en_US])
    assert.equal((await letter(ann, 'letter_begin', await quotation())).letters[0].subject, '새 제목')
    await rpc(root, 'mail.template', 'action_reset', [[id]])
    assert.deepEqual(await textsOf(id), first)
  })

  test('that would say what there is not is not kept, in any language, and nothing is run', async () => {
    const id = await idOf('email_template_edi_sale')
    const before = await textsOf(id)
    for (const lang of ['en_US', 'ko_KR'])
      for (const place of ['nmae', 'sender.password', '__proto__', '7*7', 'user_id.signature.x', 'process.env'])
        await assert.rejects(
          rpc(root, 'mail.template', 'texts_write', [[id]], { texts: { [lang]: { subject: 'S', body: `<p>{{ ${place} }}</p>` } } }),
          ValidationError,
          `${lang} ${place}`,
        )
    for (const texts of [
      null,
      [],
      'x',
      { en_US: 'x' },
      { en_US: { subject: 1, body: '' } },
      { en_US: { subject: 'x'.repeat(400), body: '' } },
    ])
      await assert.rejects(rpc(root, 'mail.template', 'texts_write', [[id]], { texts }), UserError)
    assert.deepEqual(await textsOf(id), before)
  })

  test('is its administrator’s: nobody else writes it, and nobody what it came with', async () => {
    const id = await idOf('email_template_edi_invoice')
    const before = await textsOf(id)
    const texts = { en_US: { subject: 'Pay to me', body: '<p>x</p>' } }
    for (const who of [ann, bea, eve, pat]) {
      for (const [method, kwargs] of [
        ['texts_write', { texts }],
        ['texts_read', {}],
        ['action_reset', {}],
        ['write', { vals: { subject: 'Pay to me' } }],
      ] as const)
        await assert.rejects(rpc(who, 'mail.template', method, [[id]], kwargs), AccessError)
    }
    await assert.rejects(rpc(root, 'mail.template', 'write', [[id], { original: texts }]), UserError)
    assert.deepEqual(await textsOf(id), before)
  })

  test('follows its app as long as nobody wrote it anew', async () => {
    const shipped = (subject: string) => [
      {
        key: 'test_template',
        model: 'sale.order' as const,
        name: { en_US: 'Test', ko_KR: '시험' },
        texts: { en_US: { subject, body: '<p>Hello</p>' }, ko_KR: { subject: `${subject} 한국어`, body: '<p>안녕</p>' } },
      },
    ]
    const load = (subject: string) => company.system.call((sys) => loadTemplates(sys, 'sale', shipped(subject)))
    await load('One')
    const id = await idOf('test_template')
    await load('Two')
    assert.deepEqual((await textsOf(id)).texts.en_US.subject, 'Two')
    await rpc(root, 'mail.template', 'texts_write', [[id]], { texts: { ko_KR: { subject: '우리 것', body: '<p>안녕</p>' } } })
    await load('Three')
    const { texts, original } = await textsOf(id)
    assert.deepEqual([texts.en_US.subject, texts.ko_KR.subject, original.ko_KR.subject], ['Three', '우리 것', 'Three 한국어'])
    await rpc(root, 'mail.template', 'action_reset', [[id]])
    assert.equal((await textsOf(id)).texts.ko_KR.subject, 'Three 한국어')
    const version = async () => (await company.system.model('mail.template').browse([id]).read(['version']))[0]!.version
    const before = await version()
    await load('Three')
    assert.equal(await version(), before, 'what is as it should be is not written')
  })
})

describe('an invoice', () => {
  const invoice = async (): Promise<number> =>
    (
      await bea.model('account.move').create({
        move_type: 'out_invoice',
        partner_id: blue,
        invoice_line_ids: [['create', { product_id: desk } as never]] as never,
      })
    ).ids[0]!
  const isSent = async (id: number) => (await company.system.model('account.move').browse([id]).read(['is_move_sent']))[0]!.is_move_sent

  test('goes to its customer once it is posted, with a page of its own, and says that it went', async () => {
    const id = await invoice()
    await refuses(() => letter(bea, 'letter_begin', id, {}, 'account.move'), UserError)
    await action_post(bea.model('account.move').browse([id]))
    const begun = await letter(bea, 'letter_begin', id, {}, 'account.move')
    assert.deepEqual([begun.purpose, begun.recipients[0].id], ['view', blue])
    assert.match(begun.letters[0].subject, /^Invoice INV\/\d{4}\/\d{5} from /)
    const { jobs } = await letter(bea, 'letter_send', id, { letters: begun.letters }, 'account.move')
    assert.equal(await isSent(id), true)
    assert.equal(await letter(bea, 'letter_recall', id, { jobs }, 'account.move'), true)
    assert.equal(await isSent(id), false)
    await letter(bea, 'letter_send', id, { letters: begun.letters }, 'account.move')
    const [mail] = await leave()
    const [, token] = /\/portal\/open\/(\S+)/.exec(textOf(mail!))!
    const opened = await http.inject({ method: 'GET', url: `/portal/open/${token}`, headers: { host: 'azure.localhost' } })
    const cookie = String(opened.headers['set-cookie']).split(';')[0]!
    const page = await http.inject({ method: 'GET', url: opened.headers.location!, headers: { host: 'azure.localhost', cookie } })
    assert.match(page.body, /Invoice INV\/\d{4}\/\d{5}/)
    assert.doesNotMatch(page.body, /Accept/)
    assert.equal([...attachmentsOf(mail!)].length, 1)
  })

  test('says nothing of what is due while it is a draft, and nobody says by hand that it went', async () => {
    const id = await invoice()
    await assert.rejects(rpc(bea, 'account.move', 'write', [[id], { is_move_sent: true }]), UserError)
    assert.equal(await isSent(id), false)
    await refuses(
      () => letter(bea, 'letter_send', id, { letters: [{ lang: 'en_US', partners: [blue], subject: 'x', body: '' }] }, 'account.move'),
      UserError,
    )
  })
})

describe('the file of a letter', () => {
  test('is looked at by colleagues who may read its document, as its reader gets it', async () => {
    const id = await quotation()
    const cookieOf = async (name: string): Promise<string> => {
      const payload = { params: { db: 'azure', login: `${name}@azure.example`, password } }
      const answer = await http.inject({ method: 'POST', url: '/web/session/authenticate', headers: { host: 'azure.localhost' }, payload })
      return String([answer.headers['set-cookie']].flat()[0]).split(';')[0]!
    }
    const look = (cookie: string, path: string) =>
      http.inject({ method: 'GET', url: `/web/paper/${path}`, headers: { host: 'azure.localhost', cookie } })
    const [anns, eves, pats] = [await cookieOf('ann.park'), await cookieOf('eve'), await cookieOf('pat')]
    const pdf = await look(anns, `sale.order/${id}/x.pdf?lang=ko_KR`)
    assert.deepEqual([pdf.statusCode, pdf.headers['content-type']], [200, 'application/pdf'])
    assert.match(String(pdf.headers['content-disposition']), /^inline;/)
    assert.match(execFileSync('pdftotext', ['-layout', '-', '-'], { input: pdf.rawPayload }).toString(), /견적서/)
    for (const [cookie, path] of [
      [eves, `sale.order/${id}/x.pdf`],
      [pats, `sale.order/${id}/x.pdf`],
      [anns, 'sale.order/987654/x.pdf'],
      [anns, 'sale.order/0/x.pdf'],
      [anns, `res.partner/${narae}/x.pdf`],
      [anns, `res.users/1/x.pdf`],
    ] as const)
      assert.equal((await look(cookie, path)).statusCode, 404, path)
    assert.equal((await look('', `sale.order/${id}/x.pdf`)).statusCode, 303)
  })
})
