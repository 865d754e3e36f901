import assert from 'node:assert/strict'
import { test } from 'node:test'
import { administrator, contactManager, portal, userManager } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import { Decimal } from '@erp4/orm'
import { sale, salesman, salesmanOfAll } from '@erp4/sale'
import type { Page } from 'playwright-core'
import { barriers, endWell, openOffice, password, picture, until } from './office.ts'

/** Letters with quotations as they are written, and their templates, in a real browser. */
const office = await openOffice([contacts, sale])
const { system } = office.company
const ann = await office.person('ann', 'Ann Park', [salesman])
await office.person('hana', '김하나', [salesmanOfAll, contactManager], { lang: 'ko_KR', tz: 'Asia/Seoul' })
await office.person('root', 'Ruth Ward', [administrator, salesmanOfAll])
await system.model('res.company').browse([1]).write({ name: 'Azure Interior', email: 'office@azure.example' })
const [narae, mesa] = (
  await system.model('res.partner').create([
    { name: '나래전자', is_company: true, email: 'buyer@narae.example', lang: 'ko_KR' },
    { name: 'Blue Mesa Supply', is_company: true, email: 'info@mesa.example' },
    { name: 'Silent Co', is_company: true },
  ])
).ids as unknown as [number, number]
const [desk] = (await system.model('product.product').create({ name: 'Desk', list_price: Decimal.of('460') } as never)).ids

async function quotation(partner: number): Promise<number> {
  const order_line = [['create', { product_id: desk } as never]] as never
  return (await ann.model('sale.order').create({ partner_id: partner, order_line })).ids[0]!
}
const stateOf = async (id: number) => (await system.model('sale.order').browse([id]).read(['state']))[0]!.state
const shot = async (page: Page, name: string): Promise<void> => {
  if (process.env['SHOT']) await page.screenshot({ path: `${process.env['SHOT']}/${name}.png`, animations: 'disabled' })
  await picture(page, name)
}
/** What the dialogue keeps of the letter that is being written. */
const draftOf = async (page: Page, id: number): Promise<string> =>
  String(
    await page.evaluate(
      `Object.entries(localStorage).filter(([name]) => name.includes('draft.letter.sale.order.${id}')).map(([, text]) => Object.values(JSON.parse(text).texts)[0]?.body)[0]`,
    ),
  )
const letterOf = (page: Page) => page.locator('form.letter')

test('a letter is written, kept while it is put away, sent by keyboard to two people in their languages, and taken back', async () => {
  const id = await quotation(mesa)
  const seen = await office.enter('ann', `/odoo/quotations/${id}`)
  const { page } = seen
  await page.getByRole('button', { name: 'Send by Email' }).click()
  await page.getByText('An e-mail goes to Blue Mesa Supply (info@mesa.example) in English').waitFor()
  const text = page.getByLabel('Text')
  assert.match(await text.innerText(), /^Dear Blue Mesa Supply,\n\nHere is our quotation S\d{5} over €460.00/)
  assert.deepEqual(await barriers(page), [])
  await shot(page, 'letter')

  await text.press('Control+Home')
  await page.keyboard.type('Good morning!\n')
  await page.getByPlaceholder('Add a contact').fill('나래')
  await page.getByRole('option', { name: '나래전자' }).click()
  await page.getByText(/goes to Blue Mesa Supply in English.*, and to 나래전자 in Korean/).waitFor()
  await page.keyboard.press('Escape')
  await letterOf(page).waitFor({ state: 'detached' })
  await page.reload()
  await page.getByRole('button', { name: 'Send by Email' }).click()
  await page.getByText(/and to 나래전자 in Korean/).waitFor()
  const begins = (words: string): Promise<void> => until(async () => (await text.innerText()).startsWith(words))
  await begins('Good morning!')
  await page.getByText('Korean (1)').click()
  await begins('나래전자 님, 안녕하세요')
  await letterOf(page)
    .locator('input[type=file]')
    .setInputFiles({ name: 'plan.txt', mimeType: 'text/plain', buffer: Buffer.from('A plan') })
  await page.getByRole('button', { name: 'Remove plan.txt' }).waitFor()
  await shot(page, 'letter-two')

  await text.press('Control+Enter')
  // Under the mouse the notice stays, however slow the machine is; nothing here prints letters.
  await page.getByText('The letter leaves in 8 seconds.').hover()
  assert.equal(await stateOf(id), 'sent')
  await page.getByRole('button', { name: 'Undo', exact: true }).click()
  await page.getByText('The letter was not sent.').waitFor()
  assert.equal(await stateOf(id), 'draft')
  await page.getByText('Korean (1)').waitFor()
  // What was written is there again.
  await begins('Good morning!')
  await page.getByRole('button', { name: 'Start over' }).click()
  await until(async () => !(await text.innerText()).startsWith('Good'))

  await page.getByRole('button', { name: 'Leave out Blue Mesa Supply' }).click()
  await page.getByText('Say to whom the letter goes.').waitFor()
  assert.equal(await page.getByRole('button', { name: 'Send', exact: true }).isDisabled(), true)
  await page.getByPlaceholder('Add a contact').fill('Silent')
  await page.getByRole('option', { name: 'Silent Co' }).click()
  await page.getByText('No e-mail reaches Silent Co').waitFor()
  assert.equal(await page.getByRole('button', { name: 'Send', exact: true }).isDisabled(), true)
  await endWell(seen)
})

test('a letter has bold words, lists and links, by keyboard and by buttons; what is pasted is only that', async () => {
  const id = await quotation(mesa)
  const seen = await office.enter('ann', `/odoo/quotations/${id}`)
  const { page } = seen
  await page.getByRole('button', { name: 'Send by Email' }).click()
  const letter = letterOf(page)
  const text = letter.getByRole('textbox', { name: 'Text' })
  await text.waitFor()
  /** The whole text, or its end. */
  const says = async (html: string): Promise<void> => {
    const isThere = async (): Promise<boolean> => (await draftOf(page, id)).endsWith(html)
    await until(isThere).catch(async () => assert.equal(await draftOf(page, id), html))
  }
  await text.press('Control+a')
  await page.keyboard.press('Delete')
  await page.keyboard.type('Dear ')
  await page.keyboard.press('Control+b')
  await page.keyboard.type('Ada')
  await page.keyboard.press('Control+b')
  await page.keyboard.type(',\n- desks\nlamps\n\nSee you')
  await says('<p>Dear <b>Ada</b>,</p><ul><li>desks</li><li>lamps</li></ul><p>See you</p>')
  // Blocks grow together without a style that the page's policy refuses.
  await page.keyboard.press('Home')
  await page.keyboard.press('Backspace')
  await says('<p>Dear <b>Ada</b>,</p><ul><li>desks</li><li>lampsSee you</li></ul>')
  await page.keyboard.press('Control+z')
  await says('</ul><p>See you</p>')
  await page.keyboard.press('Control+Shift+z')
  await page.keyboard.press('Control+z')

  await page.keyboard.press('Shift+End')
  await letter.getByRole('button', { name: 'Link', exact: true }).click()
  await page.getByLabel('Link to').fill('javascript:alert(1)')
  await page.keyboard.press('Enter')
  await page.getByText('A link leads to an address of the web or of e-mail.').waitFor()
  await page.getByLabel('Link to').fill('azure.example/plan')
  await page.keyboard.press('Enter')
  await says('<p><a href="https://azure.example/plan">See you</a></p>')
  await letter.getByRole('button', { name: 'Numbered list' }).click()
  await says('<ol><li><a href="https://azure.example/plan">See you</a></li></ol>')
  assert.equal(await letter.getByRole('button', { name: 'Numbered list' }).getAttribute('aria-pressed'), 'true')
  assert.deepEqual(await barriers(page), [])
  await shot(page, 'letter-formatted')

  await text.press('Control+a')
  const box = `document.querySelector('form.letter [role=textbox]')`
  const hostile =
    '<h2 style="color:red">Offer</h2><p onclick="x()">a <strong>b</strong><img src=x onerror="x()"><script>x()</script> <a href="javascript:x()">c</a></p>'
  await page.evaluate(`{
    const data = new DataTransfer()
    data.setData('text/html', ${JSON.stringify(hostile)})
    ${box}.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
  }`)
  await says('<h2>Offer</h2><p>a <b>b</b> c</p>')
  assert.equal(await page.evaluate(`${box}.innerHTML`), '<h2>Offer</h2><p>a <b>b</b> c</p>')
  await endWell(seen)
})

test('the file is looked at before it goes', async () => {
  const id = await quotation(narae)
  const seen = await office.enter('ann', `/odoo/quotations/${id}`)
  const { page } = seen
  await page.getByRole('button', { name: 'Send by Email' }).click()
  const link = page.getByRole('link', { name: /견적서 S\d+\.pdf Preview/ })
  const answer = `fetch(${JSON.stringify(await link.getAttribute('href'))}).then((one) => [one.status, one.headers.get('content-type')])`
  assert.deepEqual(await page.evaluate(answer), [200, 'application/pdf'])
  await endWell(seen)
})

test('in Korean, on a phone and in the dark, a letter is written as well', async () => {
  const id = await quotation(narae)
  const seen = await office.enter('hana', `/odoo/quotations/${id}`, {
    viewport: { width: 390, height: 844 },
    locale: 'ko-KR',
    colorScheme: 'dark',
  })
  const { page } = seen
  await page.getByRole('button', { name: '이메일로 보내기' }).click()
  await page.getByText('나래전자 (buyer@narae.example)에게 한국어').waitFor()
  assert.deepEqual(await barriers(page), [])
  await until(async () => (await page.evaluate('document.documentElement.scrollWidth')) === 390)
  await shot(page, 'letter-phone-korean-dark')
  await page.getByRole('button', { name: '보내기', exact: true }).click()
  await page.getByText('8초 후에 메일이 발송됩니다.').waitFor()
  assert.equal(await stateOf(id), 'sent')
  await endWell(seen)
})

test('an administrator writes a template in both languages, sees what it says, and goes back to the original', async () => {
  await quotation(mesa)
  const seen = await office.enter('root', '/odoo/mail.template')
  const { page } = seen
  await page.setViewportSize({ width: 1280, height: 860 })
  await page.getByText('Quotation: send').click()
  await page.getByRole('button', { name: 'Write and Preview' }).click()
  const paper = page.locator('.letter-paper')
  await paper.getByText(/^Quotation S\d{5} from Azure Interior$/).waitFor()
  await page.getByText('This is the text that came with the app.').waitFor()
  const text = page.getByLabel('Text')
  await text.fill('Hello {{ recipient.nmae }}')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page
    .getByRole('alert')
    .getByText(/\{\{ recipient.nmae \}\} is not something/)
    .waitFor()
  await text.fill('Hello {{ recipient.name }}, it comes to ')
  await page.getByPlaceholder('Insert a field').fill('amount_total')
  await page.getByRole('option', { name: /amount_total/ }).click()
  await until(async () => (await text.innerText()) === 'Hello {{ recipient.name }}, it comes to {{ amount_total }}')
  await paper.getByText(/Hello Blue Mesa Supply, it comes to €460.00/).waitFor()
  assert.deepEqual(await barriers(page), [])
  await shot(page, 'template')
  await page.getByText('Korean', { exact: true }).click()
  await paper
    .getByText(/견적서 S\d{5}/)
    .first()
    .waitFor()
  await page.getByText('English', { exact: true }).click()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('Saved. The next letter says so.').waitFor()
  await page.getByText('This text was changed here.').waitFor()
  await page.getByRole('button', { name: 'Reset to the original' }).click()
  await page.getByText('it holds when you save').waitFor()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('This is the text that came with the app.').waitFor()
  await until(async () => (await text.innerText()).startsWith('Dear {{ recipient.name }}'))
  await endWell(seen)
})

test('a contact is let into the portal from his form, and keeps his addresses there on his phone', async () => {
  await office.person('max', 'Max Ward', [userManager])
  const [kim] = (await system.model('res.partner').create({ name: 'Kim Mesa', parent_id: mesa, email: 'kim@mesa.example' })).ids
  const seen = await office.enter('max', `/odoo/contacts/${kim}`)
  const { page } = seen
  await page.getByRole('button', { name: 'Portal Access' }).click()
  await page.getByText('No access', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Grant access' }).click()
  await page.getByText('Invited', { exact: true }).waitFor()
  await page.getByText('An invitation is on its way to kim@mesa.example.').waitFor()
  assert.deepEqual(await barriers(page), [])
  await shot(page, 'portal-access')
  await page.getByRole('button', { name: 'Revoke access' }).click()
  await page.getByText('Access taken away', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Grant access again' }).waitFor()
  await endWell(seen)

  const pat = await office.person('pat', 'Pat Mesa', [portal], { lang: 'ko_KR' })
  await system.model('res.partner').browse([pat.user.partner_id]).write({ parent_id: mesa })
  const visit = await office.visit({ viewport: { width: 390, height: 844 }, locale: 'ko-KR', colorScheme: 'dark' })
  await visit.page.goto(`${office.origin}/web/login?redirect=/my`)
  await visit.page.fill('#login', 'pat@azure.example')
  await visit.page.fill('#password', password)
  await Promise.all([visit.page.waitForURL((url) => url.pathname === '/my'), visit.page.keyboard.press('Enter')])
  await visit.page.getByRole('link', { name: '배송지 추가' }).click()
  await visit.page.fill('#street', '세종대로 1')
  await visit.page.fill('#city', '서울')
  await visit.page.selectOption('#country', { label: '대한민국' })
  await visit.page.getByRole('button', { name: '시/도 목록 보기' }).click()
  await visit.page.selectOption('#state', { index: 1 })
  assert.equal(await visit.page.inputValue('#street'), '세종대로 1')
  assert.deepEqual(await barriers(visit.page), [])
  await shot(visit.page, 'portal-address-korean-dark')
  await visit.page.getByRole('button', { name: '저장' }).click()
  await visit.page.getByText(/서울 세종대로 1/).waitFor()
  assert.deepEqual(await barriers(visit.page), [])
  assert.equal(await visit.page.evaluate('document.documentElement.scrollWidth > window.innerWidth'), false)
  await shot(visit.page, 'portal-home-korean-dark')
  await endWell(visit)
})
