import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { contactManager, employee } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import { mail } from '@erp4/mail'
import { callMethod } from '@erp4/orm'
import { Mailer } from '@erp4/server'
import { smtpSink } from '@erp4/testing'
import type { Page } from 'playwright-core'
import { barriers, endWell, openOffice, picture, until } from './office.ts'

/** What is said about a record and done on it, in a real browser, with letters that go through a real mail server. */
const office = await openOffice([contacts, mail])
const { system, database, databases } = office.company
const ann = await office.person('ann', 'Ann Park', [contactManager])
const bob = await office.person('bob', 'Bob Lee', [employee])
await office.person('hana', '김하나', [contactManager], { lang: 'ko_KR', tz: 'Asia/Seoul' })
await system.model('res.partner').browse([bob.user.partner_id]).write({ email: 'bob@azure.example' })
const [main] = await system.model('res.company').find([], ['partner_id'], { order: 'id', limit: 1 })
await system.model('res.partner').browse([main!.partner_id]).write({ email: 'office@azure.example' })
const [mesa] = (
  await system.model('res.partner').create({ name: 'Blue Mesa Supply', is_company: true, city: 'Bonn', email: 'info@mesa.example' })
).ids as [number]
const path = `/odoo/contacts/${mesa}`

const sink = await smtpSink()
const mailer = new Mailer({
  databases,
  settings: async () => ({ host: sink.host, port: sink.port, tls: 'none' }),
  kindOf: async () => 'live',
  files: () => office.files,
  keys: () => office.company.keys,
  onError: (error) => assert.fail(String(error)),
})
after(async () => {
  await mailer.stop()
  await sink.close()
})

const cityOf = async () => (await system.model('res.partner').browse([mesa]).read(['city']))[0]!.city
const said = (page: Page, text: string) => page.locator('.said', { hasText: text })

test('a message goes to a follower by mail, a note to nobody, and both stand in the story', async () => {
  const seen = await office.enter('ann', path)
  const { page } = seen
  await page.locator('.chatter').waitFor()
  await page.getByRole('button', { name: '0 followers' }).click()
  await page.getByPlaceholder('Add a follower').fill('Bob')
  await page.getByRole('option', { name: 'Bob Lee' }).click()
  await page.getByRole('button', { name: 'Remove Bob Lee from the followers' }).waitFor()
  await page.keyboard.press('Escape')

  await page.getByRole('button', { name: 'Send message' }).click()
  await page.getByText('An e-mail goes to Bob Lee.').waitFor()
  await page.getByRole('textbox', { name: 'Send message' }).fill('The <b>lamps</b> are here')
  await page
    .locator('.composer input[type=file]')
    .setInputFiles({ name: 'lamps.txt', mimeType: 'text/plain', buffer: Buffer.from('12 lamps') })
  await page.locator('.composer-files', { hasText: 'lamps.txt' }).waitFor()
  await page.getByRole('textbox', { name: 'Send message' }).press('Control+Enter')
  await said(page, 'The <b>lamps</b> are here').waitFor()

  await page.getByRole('button', { name: 'Log note' }).click()
  await page.getByText('Only colleagues see this note.').waitFor()
  await page.getByRole('textbox', { name: 'Log note' }).fill('He pays late')
  assert.deepEqual(await barriers(page), [])
  await page.getByRole('button', { name: 'Keep note' }).click()
  await page.locator('.said[data-kind=note]', { hasText: 'He pays late' }).waitFor()

  await mailer.visit({ name: 'azure', database })
  const [letter] = await sink.received(1)
  assert.deepEqual(letter!.to, ['bob@azure.example'])
  assert.match(letter!.source, /The &lt;b&gt;lamps&lt;\/b&gt; are here/)
  assert.match(letter!.source, new RegExp(`/odoo/res.partner/${mesa}`))
  assert.match(letter!.source, /filename="?lamps.txt/)
  await mailer.idle()
  assert.equal(sink.mails.length, 1)
  await page.setViewportSize({ width: 1720, height: 980 })
  await picture(page, 'chatter')
  await endWell(seen)
})

test('an activity is planned for a colleague, who finds it above every page and says that it is done', async () => {
  const planner = await office.enter('ann', path)
  await planner.page.getByRole('button', { name: 'Activity', exact: true }).click()
  await planner.page.getByLabel('Summary').fill('Ring them up')
  await planner.page.getByLabel('Due').fill('2020-01-31')
  await planner.page.getByRole('combobox', { name: 'Assigned to' }).fill('Bob')
  await planner.page.getByRole('option', { name: 'Bob Lee' }).click()
  await planner.page.getByRole('button', { name: 'Plan', exact: true }).click()
  await planner.page.locator('.activity', { hasText: 'Ring them up' }).waitFor()
  assert.match((await planner.page.locator('.activity-due').textContent())!, /days overdue/)
  await endWell(planner)

  const seen = await office.enter('bob', '/odoo')
  const { page } = seen
  await page
    .getByRole('navigation', { name: 'Apps' })
    .getByRole('link', { name: /^Contacts\s*\(1 activity due\)$/ })
    .waitFor()
  assert.deepEqual(await barriers(page), [])
  await page.getByRole('button', { name: 'My activities, 1 due' }).click()
  await picture(page, 'activities')
  await page.getByRole('link', { name: /Ring them up/ }).click()
  await page.getByRole('button', { name: 'Mark “Ring them up” as done' }).click()
  await page.getByLabel('What came of it').fill('They pay on Friday')
  await page.keyboard.press('Enter')
  await said(page, 'They pay on Friday').waitFor()
  await page.getByRole('button', { name: 'My activities', exact: true }).waitFor()
  await endWell(seen)
})

test('what was written to somebody himself is counted at his bell until he has seen it, and leads to its record', async () => {
  await ann.call(async (env) =>
    callMethod(env, {
      model: 'res.partner',
      method: 'message_post',
      args: [[mesa]],
      kwargs: { body: 'Is the price right?', message_type: 'comment', subtype_xmlid: 'mail.mt_note', partner_ids: [bob.user.partner_id] },
    }),
  )
  const seen = await office.enter('bob', '/odoo')
  const { page } = seen
  await page.getByRole('button', { name: 'Notices, 1 new' }).click()
  const message = page.getByRole('link', { name: /Ann Park left a note for you.*Blue Mesa Supply/ })
  await message.waitFor()
  assert.deepEqual(await barriers(page), [])
  await picture(page, 'to-me')
  const kept = page.waitForResponse((answer) => /ir\.view\.choice\/keep/.test(answer.url()))
  await message.click()
  await page.locator('.said[data-kind=note]', { hasText: 'Is the price right?' }).waitFor()
  await kept
  await page.reload()
  await page.getByRole('button', { name: 'Notices', exact: true }).waitFor()
  await endWell(seen)
})

test('a save is taken back from its own message, a value from the history, and nobody’s later change is lost', async () => {
  const seen = await office.enter('ann', path)
  const { page } = seen
  const city = page.locator('#field-city')
  const save = async (value: string): Promise<void> => {
    await city.fill(value)
    await page.keyboard.press('Control+s')
    await page.locator('.diff', { hasText: value }).first().waitFor()
  }
  await city.waitFor()
  await page.locator('.chatter').waitFor()
  await save('Köln')
  await page.getByRole('button', { name: 'Undo', exact: true }).click()
  await page.getByText('The last save is undone.').waitFor()
  assert.deepEqual([await city.inputValue(), await cityOf()], ['Bonn', 'Bonn'])

  await save('Ulm')
  await page.getByRole('button', { name: 'City: Restore “Bonn”' }).first().click()
  await page.getByText('City has its former value again.').waitFor()
  assert.deepEqual([await city.inputValue(), await cityOf()], ['Bonn', 'Bonn'])

  await save('Trier')
  await system.model('res.partner').browse([mesa]).write({ city: 'Mainz' })
  await page.getByRole('button', { name: 'Undo', exact: true }).last().click()
  await page.getByText(/was changed since/).waitFor()
  assert.equal(await cityOf(), 'Mainz')
  await endWell(seen)
})

test('in Korean, on a phone, everything is there and within reach', async () => {
  const seen = await office.enter('hana', path, { viewport: { width: 390, height: 844 }, locale: 'ko-KR' })
  const { page } = seen
  await page.getByRole('button', { name: '메모 남기기' }).click()
  await page.getByText('이 메모는 직원만 볼 수 있습니다.').waitFor()
  await page.getByRole('textbox', { name: '메모 남기기' }).fill('다음 주에 다시 연락')
  await page.getByRole('button', { name: '메모 저장' }).click()
  await page.locator('.said[data-kind=note]', { hasText: '다음 주에 다시 연락' }).waitFor()
  assert.deepEqual(await barriers(page), [])
  await until(async () => (await page.evaluate('document.documentElement.scrollWidth')) === 390)
  await page.locator('.chatter').scrollIntoViewIfNeeded()
  await picture(page, 'chatter-phone')
  await endWell(seen)
})
