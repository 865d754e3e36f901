import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { after, test } from 'node:test'
import { action_quotation_send, create_invoices, sale, salesman } from '@erp4/sale'
import { Decimal } from '@erp4/orm'
import { type ReceivedMail, chromium } from '@erp4/testing'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { attachmentsOf, openShop, textOf } from '../shop.ts'
import { patienceMs, picture } from './office.ts'

/** From a quotation to its signed confirmation and the draft of its invoice: the customer on his phone, with nothing but the mail he got. */
const shop = await openShop([sale])
const { company, origin } = shop
const browser = await chromium()
after(() => browser.close())
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const d = Decimal.of

const ann = await shop.person('Ann Park', [salesman])
await company.system
  .model('res.company')
  .browse([1])
  .write({ name: 'Azure Interior', email: 'sales@azure.example', phone: '+82 2 555 0100', street: 'Teheran-ro 1', city: 'Seoul' })
const [group] = (await company.system.model('account.tax.group').search([['company_id', '=', 1]])).ids
const [vat] = (await company.system.model('account.tax').create({ name: 'VAT 10%', amount: d(10), tax_group_id: group! })).ids
const [desk, lamp, chair] = (
  await company.system.model('product.product').create([
    { name: 'Desk', list_price: d('460'), taxes_id: [['set', [vat!]]], description_sale: 'Oak, 140 cm' },
    { name: 'Desk lamp', list_price: d('49.90'), taxes_id: [['set', [vat!]]] },
    { name: 'Office chair', list_price: d('289'), taxes_id: [['set', [vat!]]] },
  ] as never)
).ids
const [narae, blue] = (
  await company.system.model('res.partner').create([
    { name: '나래전자', is_company: true, email: 'buyer@narae.example', lang: 'ko_KR', city: '서울' },
    { name: 'Blue Wave', is_company: true, email: 'buyer@blue.example', lang: 'en_US', city: 'Busan' },
  ])
).ids as unknown as [number, number]

const linkIn = /https?:\/\/\S+\/portal\/open\/\S+/

/** A quotation of some lines, sent; gives its id and the letter. */
async function sent(partner: number): Promise<{ id: number; letter: ReceivedMail; link: string }> {
  const lines = [
    { display_type: 'line_section', name: partner === narae ? '1층 사무실' : 'First floor' },
    { product_id: desk, product_uom_qty: d(4), discount: d(5) },
    { product_id: chair, product_uom_qty: d(8) },
    { display_type: 'line_note', name: partner === narae ? '설치비가 포함된 금액입니다.' : 'Delivery and assembly are included.' },
    { product_id: lamp, product_uom_qty: d(4), is_optional: true },
  ]
  const { ids } = await ann.model('sale.order').create({
    partner_id: partner,
    client_order_ref: 'PO 7',
    note: '<p>Payment within 30 days.</p>',
    order_line: lines.map((line) => ['create', line] as never),
  })
  await action_quotation_send(ann.model('sale.order').browse([ids[0]!]))
  const found = (await shop.work()).map((letter) => ({ letter, link: linkIn.exec(textOf(letter))?.[0] })).find(({ link }) => link)
  return { id: ids[0]!, letter: found!.letter, link: found!.link! }
}

interface Visit {
  readonly page: Page
  readonly complaints: string[]
  readonly strangers: string[]
  /** Addresses that were sent as `Referer`. */
  readonly referrers: string[]
}

const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true } as const

async function visit(options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ locale: 'en-US', timezoneId: 'UTC', acceptDownloads: true, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(patienceMs)
  const [complaints, strangers, referrers]: [string[], string[], string[]] = [[], [], []]
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !/Failed to load resource/.test(message.text())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    const { referer } = request.headers()
    if (referer) referrers.push(referer)
    if (!request.url().startsWith(`${origin}/`) && !/^(?:data|blob):/.test(request.url())) strangers.push(request.url())
  })
  await context.exposeFunction('complain', (text: string) => void complaints.push(text))
  await context.addInitScript(
    "document.addEventListener('securitypolicyviolation', (event) => complain(`${event.violatedDirective} ${event.blockedURI}`))",
  )
  return { page, complaints, strangers, referrers }
}

async function endWell({ page, complaints, strangers, referrers }: Visit): Promise<void> {
  assert.deepEqual({ complaints, strangers }, { complaints: [], strangers: [] })
  assert.deepEqual(
    referrers.filter((one) => one.includes('/portal/open')),
    [],
    'the token is told to nobody, not even to us',
  )
  await page.context().close()
}

/** What axe finds on the page, as rule and place. Its script comes from outside the page, which its policy would refuse. */
async function axeFinds(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  return page.evaluate(`axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
    .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => id + ' ' + target)))`)
}

const isTooWide = (page: Page): Promise<boolean> => page.evaluate('document.documentElement.scrollWidth > window.innerWidth')

test('a customer signs on his phone, in his language, and an invoice comes of it', async () => {
  const { id, letter, link } = await sent(narae)
  assert.match(letter.header('subject'), /=\?UTF-8/i)
  const seen = await visit({ ...phone, locale: 'ko-KR' })
  const { page } = seen
  await page.goto(link)
  assert.match(page.url(), /\/portal\/document\/[\w-]{16}$/)
  assert.equal(await page.locator('html').getAttribute('lang'), 'ko')
  assert.equal(await isTooWide(page), false)
  assert.deepEqual(await axeFinds(page), [])
  await picture(page, 'portal-quotation-phone-korean')
  if (process.env['SHOT']) await page.screenshot({ path: `${process.env['SHOT']}/phone-ko.png`, fullPage: true })

  // An option is taken, and left again, without losing the version.
  const total = await page.locator('.amount').textContent()
  await page.getByRole('button', { name: 'Desk lamp 추가' }).click()
  await page.getByRole('button', { name: 'Desk lamp 빼기' }).waitFor()
  assert.notEqual(await page.locator('.amount').textContent(), total)

  const canvas = page.locator('canvas')
  await canvas.scrollIntoViewIfNeeded()
  const box = (await canvas.boundingBox())!
  // With a finger, up and down as well as along: the page stays where it is, and the line is drawn.
  const drawn = (): Promise<string> => page.evaluate("document.querySelector('canvas').toDataURL()")
  const scrolled = (): Promise<number> => page.evaluate('scrollY')
  const [empty, top] = [await drawn(), await scrolled()]
  const finger = await page.context().newCDPSession(page)
  const touch = (type: string, points: object[]): Promise<unknown> =>
    finger.send('Input.dispatchTouchEvent', { type, touchPoints: points } as never)
  await touch('touchStart', [{ x: box.x + 30, y: box.y + 100 }])
  for (let i = 0; i <= 20; i++) await touch('touchMove', [{ x: box.x + 30 + i * 12, y: box.y + 90 + 35 * Math.sin(i) }])
  await touch('touchEnd', [])
  assert.ok((await drawn()).length > empty.length, 'a finger draws')
  assert.equal(await scrolled(), top)
  await page.fill('#name', '김하나')
  await picture(page, 'portal-signing-phone')
  if (process.env['SHOT']) await page.screenshot({ path: `${process.env['SHOT']}/phone-sign.png` })
  await page.getByRole('button', { name: '수락하고 서명하기' }).click()
  await page.getByRole('status').waitFor()
  assert.match((await page.getByRole('status').textContent())!, /김하나 님이 .+ UTC에 수락하고 서명했습니다/)
  assert.deepEqual(await axeFinds(page), [])
  if (process.env['SHOT']) await page.screenshot({ path: `${process.env['SHOT']}/phone-done.png`, fullPage: true })

  const letters = await shop.work()
  assert.deepEqual(letters.map(({ to }) => to[0]).sort(), ['ann.park@azure.example', 'buyer@narae.example'])
  const [file, other] = letters.map((one) => [...attachmentsOf(one).values()][0]!)
  assert.ok(file!.equals(other!), 'both sides have the same file')
  await page.reload()
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: '서명된 PDF 내려받기' }).click()])
  const saved = readFileSync(await download.path())
  assert.ok(saved.equals(file!))
  if (process.env['SHOT']) await download.saveAs(`${process.env['SHOT']}/signed.pdf`)
  const hash = createHash('sha256').update(saved).digest('hex')
  assert.match(textOf(letters[0]!), new RegExp(hash))

  await page.goto(`${origin}/portal/verify`)
  await page.setInputFiles('#file', { name: 'signed.pdf', mimeType: 'application/pdf', buffer: saved })
  await page.getByRole('button', { name: '확인' }).click()
  assert.match((await page.getByRole('status').textContent())!, /서명된 바로 그 문서입니다[^]*김하나/)
  assert.deepEqual(await axeFinds(page), [])
  if (process.env['SHOT']) await page.screenshot({ path: `${process.env['SHOT']}/verify.png`, fullPage: true })
  await endWell(seen)

  const order = ann.model('sale.order').browse([id])
  const [invoice] = (await create_invoices(order)) as [number]
  const [draft] = await company.system.model('account.move').browse([invoice]).read(['state', 'amount_total'])
  const [confirmed] = await order.read(['state', 'amount_total', 'signed_by'])
  assert.deepEqual([confirmed?.state, confirmed?.signed_by, draft?.state], ['sale', '김하나', 'draft'])
  assert.ok(draft!.amount_total!.equals(confirmed!.amount_total!))
})

test('on a desk, in the dark and by the keyboard alone: without a script a typed name signs', async () => {
  const { link } = await sent(blue)
  const seen = await visit({ colorScheme: 'dark', viewport: { width: 1280, height: 900 }, javaScriptEnabled: false })
  const { page } = seen
  await page.goto(link)
  if (process.env['SHOT']) await page.screenshot({ path: `${process.env['SHOT']}/desk-dark.png`, fullPage: true })
  await picture(page, 'portal-quotation-dark')
  await page.focus('#name')
  await page.keyboard.press('ControlOrMeta+A')
  await page.keyboard.type('Kim Blue')
  await page.keyboard.press('Enter')
  assert.match((await page.getByRole('status').textContent())!, /Accepted and signed by Kim Blue/)
  await page.context().close()
})

test('in the light on a desk: questions, the other language, and a no with its reason', async () => {
  const { link } = await sent(blue)
  const seen = await visit({ viewport: { width: 1280, height: 900 } })
  const { page } = seen
  await page.goto(link)
  if (process.env['SHOT']) await page.screenshot({ path: `${process.env['SHOT']}/desk-light.png`, fullPage: true })
  await picture(page, 'portal-quotation')
  assert.deepEqual(await axeFinds(page), [])
  await page.getByRole('link', { name: '한국어' }).click()
  assert.equal(await page.locator('html').getAttribute('lang'), 'ko')
  await page.getByRole('link', { name: 'English' }).click()
  await page.getByText('Ask a question').click()
  await page.fill('#question', 'Is delivery on a Saturday possible?')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByText('Your question was sent.').waitFor()
  await page.locator('summary', { hasText: 'Decline' }).click()
  await page.fill('#reason', 'We found another offer.')
  await page.getByRole('button', { name: 'Decline' }).click()
  await page.getByText('You declined this quotation').waitFor()
  if (process.env['SHOT']) await page.screenshot({ path: `${process.env['SHOT']}/declined.png`, fullPage: true })
  await endWell(seen)
  const letters = await shop.work()
  assert.deepEqual(
    letters.map(({ to }) => to),
    [['ann.park@azure.example'], ['ann.park@azure.example']],
  )
  assert.ok(letters.some((one) => textOf(one).includes('Is delivery on a Saturday possible?')))
  assert.ok(letters.some((one) => textOf(one).includes('We found another offer.')))
})
