import assert from 'node:assert/strict'
import { test } from 'node:test'
import { administrator, base, contactManager, loadDemoData } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import type { Page } from 'playwright-core'
import { barriers, endWell, openOffice, password, picture, until } from './office.ts'

/** What stands around lists and forms: drafts, sessions that end, many at once, the palette, the first visit. */
const office = await openOffice([base, contacts])
await office.company.system.call(loadDemoData)
const ann = await office.person('ann', 'Ann Park', [contactManager])
const bob = await office.person('bob', 'Bob Lee', [contactManager])
await office.person('ruth', 'Ruth Ward', [administrator])

const field = (page: Page, name: string) => page.locator(`#field-${name}`)
const rows = (page: Page) => page.locator('.grid-record')
const saved = (page: Page) => page.getByText('Saved.', { exact: true })
const keptDrafts = (page: Page): Promise<string[]> => page.evaluate("Object.keys(localStorage).filter((key) => key.includes('.draft.'))")
const partner = async (values: Record<string, unknown>): Promise<number> => (await ann.model('res.partner').create(values)).ids[0]!

test('what was typed before the browser went away is offered again, to its user alone, with what it differs in', async () => {
  const id = await partner({ name: 'Half Typed', city: 'Oslo' })
  const seen = await office.enter('ann', `/odoo/contacts/${id}`)
  const { page } = seen
  await field(page, 'city').fill('Bergen')
  await until(async () => (await keptDrafts(page)).length === 1)
  const context = page.context()
  await page.close({ runBeforeUnload: false })
  const again = await context.newPage()
  await again.goto(`${office.origin}/odoo/contacts/${id}`)
  const offer = again.locator('.offer')
  await offer.getByText('You typed something here that was not saved').waitFor()
  assert.equal(await field(again, 'city').inputValue(), 'Oslo')
  assert.deepEqual(await barriers(again), [])
  await picture(again, 'draft')
  await offer.getByRole('button', { name: 'Compare' }).click()
  assert.deepEqual(await again.getByRole('dialog').locator('tbody tr').allTextContents(), ['CityOsloBergen'])
  await again.getByRole('dialog').getByRole('button', { name: 'Take it up again' }).click()
  assert.equal(await field(again, 'city').inputValue(), 'Bergen')
  await again.keyboard.press('Control+s')
  await saved(again).waitFor()
  assert.equal((await ann.model('res.partner').browse([id]).read(['city']))[0]!.city, 'Bergen')
  assert.deepEqual(await keptDrafts(again), [])
  // Left behind in the browser that two people use, it is nobody else's.
  await field(again, 'city').fill('Lima')
  await until(async () => (await keptDrafts(again)).length === 1)
  await context.clearCookies()
  const third = await context.newPage()
  await third.goto(`${office.origin}/web/login?redirect=/odoo/contacts/${id}`)
  await third.fill('#login', 'bob@azure.example')
  await third.fill('#password', password)
  await third.keyboard.press('Enter')
  await field(third, 'city').waitFor()
  assert.equal(await third.locator('.offer').count(), 0)
  await context.close()
})

const kept = (page: Page, name: string) =>
  page.waitForResponse((answer) => /ir\.view\.choice\/keep/.test(answer.url()) && (answer.request().postData() ?? '').includes(`"${name}"`))

test('forms save themselves for who wants it, whole and valid or not at all, and what was not meant is taken back', async () => {
  const id = await partner({ name: 'Self Saver', city: 'Oslo' })
  const cityOf = async () => (await ann.model('res.partner').browse([id]).read(['city']))[0]!.city
  const seen = await office.enter('ann', '/odoo/preferences')
  const { page, requests } = seen
  const answer = kept(page, 'autosave')
  await page.getByRole('switch', { name: 'Save by itself what I change' }).click({ force: true })
  await answer
  await page.goto(`${office.origin}/odoo/contacts/${id}`)
  const saves = (): number => requests.filter((path) => path.endsWith('/web_save')).length
  const own = page.getByText('Saved by itself.')
  await field(page, 'city').fill('Bergen')
  await own.waitFor()
  assert.deepEqual([await cityOf(), saves()], ['Bergen', 1])
  assert.deepEqual(await barriers(page), [])
  await picture(page, 'autosave')
  await page.getByRole('button', { name: 'Undo', exact: true }).click()
  await page.getByText('The last save is undone.').waitFor()
  assert.deepEqual([await field(page, 'city').inputValue(), await cityOf()], ['Oslo', 'Oslo'])

  // What lacks something waits for it, without a word.
  const name = page.getByRole('textbox', { name: 'Name' }).first()
  await name.fill('')
  await field(page, 'city').fill('Tromsø')
  await page.waitForTimeout(2500)
  assert.deepEqual([saves(), await page.getByRole('alert').filter({ hasText: 'is needed' }).count()], [1, 0])
  await name.fill('Self Saver')
  await own.waitFor()
  assert.equal(await cityOf(), 'Tromsø')

  // Nobody is overwritten by it.
  await bob.model('res.partner').browse([id]).write({ city: 'Lima' })
  await field(page, 'city').fill('Quito')
  await page
    .getByRole('dialog')
    .getByText(/Bob Lee changed this in the meantime/)
    .waitFor()
  assert.equal(await cityOf(), 'Lima')
  await endWell(seen)
})

test('apps stand in the order of each person, by mouse and by keyboard, on all his devices', async () => {
  const seen = await office.enter('ruth', '/odoo')
  const { page } = seen
  const names = (where: Page): Promise<string[]> => where.locator('.apps a').allInnerTexts()
  await page.locator('.apps a').first().waitFor()
  const [first, second, ...rest] = await names(page)
  const answer = kept(page, 'apps')
  await page.locator('.apps a').first().focus()
  await page.keyboard.press('Alt+ArrowRight')
  await until(async () => (await names(page))[0] === second)
  assert.match((await page.locator('[aria-live=assertive]').textContent())!, new RegExp(`${first} is 2 of ${2 + rest.length} now`))
  await answer
  assert.equal(await page.locator('.apps a:focus').innerText(), first, 'the app goes, and the cursor with it')
  await endWell(seen)

  const other = await office.enter('ruth', '/odoo')
  await other.page.locator('.apps a').first().waitFor()
  assert.deepEqual(await names(other.page), [second, first, ...rest])
  await other.page.getByRole('button', { name: 'Apps', exact: true }).click()
  const switcher = other.page.getByRole('menuitem')
  await switcher.first().waitFor()
  assert.deepEqual((await switcher.allInnerTexts()).slice(0, 2), [second, first])
  await other.page.keyboard.press('Escape')
  const middle = async (at: number): Promise<[number, number]> => {
    const { x, y, width, height } = (await other.page.locator('.apps li').nth(at).boundingBox())!
    return [x + width / 2, y + height / 2]
  }
  const again = kept(other.page, 'apps')
  await other.page.mouse.move(...(await middle(1)))
  await other.page.mouse.down()
  await other.page.mouse.move(...(await middle(0)), { steps: 6 })
  await other.page.mouse.up()
  await until(async () => (await names(other.page))[0] === first)
  await again
  assert.equal(new URL(other.page.url()).pathname, '/odoo', 'a drag opens nothing')
  await endWell(other)
})

test('passwords are in no draft, and signing out leaves none behind', async () => {
  const seen = await office.enter('ruth', '/odoo/res.users/new')
  const { page } = seen
  await page.locator('.sheet input').first().waitFor()
  await page.evaluate("localStorage.setItem('erp4.azure.0.probe', '1')")
  await page.getByLabel('Name').first().fill('New Colleague')
  await until(async () => (await keptDrafts(page)).length === 1)
  const text = await page.evaluate<string>('JSON.stringify(localStorage)')
  assert.ok(text.includes('New Colleague') && !/password/i.test(text))
  page.on('dialog', (dialog) => void dialog.accept())
  await page.getByRole('button', { name: /^Ruth Ward/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.waitForURL(/\/web\/login/)
  assert.deepEqual(await keptDrafts(page), [])
  await page.context().close()
})

test('whose session ends signs in where he is, and what he was doing goes on', async () => {
  const id = await partner({ name: 'Long Lunch' })
  const seen = await office.enter('ann', `/odoo/contacts/${id}`)
  const { page } = seen
  await field(page, 'city').fill('Nuuk')
  await page.context().clearCookies({ name: 'session_id' })
  await page.keyboard.press('Control+s')
  const dialogue = page.getByRole('dialog')
  await dialogue.getByText('Your session has ended.').waitFor()
  assert.deepEqual(await barriers(page), [])
  await dialogue.getByLabel('Password').fill('wrong')
  await page.keyboard.press('Enter')
  await dialogue.getByRole('alert').waitFor()
  assert.equal((await ann.model('res.partner').browse([id]).read(['city']))[0]!.city, null)
  await dialogue.getByLabel('Password').fill(password)
  await page.keyboard.press('Enter')
  await saved(page).waitFor()
  assert.equal((await ann.model('res.partner').browse([id]).read(['city']))[0]!.city, 'Nuuk')
  await endWell(seen)
})

test('what the server puts off is said kindly, and sent again by itself', async () => {
  const id = await partner({ name: 'Patient', city: 'Oslo' })
  const seen = await office.enter('ann', `/odoo/contacts/${id}`)
  const { page } = seen
  await field(page, 'city').fill('Bergen')
  const letGo = Promise.withResolvers<void>()
  let asked = 0
  await page.route('**/web_save', async (route) => {
    if (++asked > 1) {
      await letGo.promise
      return route.continue()
    }
    const data = { name: 'odoo.exceptions.UserError', message: 'Too many requests came at once.', arguments: [] }
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code: 0, data } })
    return route.fulfill({ body, contentType: 'application/json', headers: { 'retry-after': '1' } })
  })
  await page.keyboard.press('Control+s')
  const banner = page.getByText('What you did is sent again in a moment.')
  await banner.waitFor()
  assert.deepEqual(await barriers(page), [])
  letGo.resolve()
  await saved(page).waitFor()
  await banner.waitFor({ state: 'detached' })
  assert.equal(asked, 2)
  assert.equal((await ann.model('res.partner').browse([id]).read(['city']))[0]!.city, 'Bergen')
  await endWell(seen)
})

test('a change of many says which rows refused it, and is taken back but for what was changed since', async () => {
  const { ids } = await ann
    .model('res.partner')
    .create(Array.from({ length: 120 }, (_, n) => ({ name: `Row ${n}`, ref: 'MASS', city: `Town ${n}` })))
  const q = encodeURIComponent(JSON.stringify([{ where: [['ref', '=', 'MASS']], label: 'Mass' }]))
  const seen = await office.enter('ann', `/odoo/contacts?q=${q}`)
  const { page } = seen
  await rows(page).nth(2).waitFor()
  await page.getByLabel('Select all rows of this page').check()
  await page.getByRole('button', { name: 'Select all 120' }).click()
  await page.getByText('All 120 selected').waitFor()
  await page.getByRole('button', { name: 'Edit', exact: true }).click()
  const dialogue = page.getByRole('dialog')
  await dialogue.getByLabel('Field').selectOption('city')
  await dialogue.getByLabel('New value').fill('Quito')
  await dialogue.getByText('In 120 records, City will be: Quito').waitFor()
  // One goes away between the preview and the change.
  await ann.model('res.partner').browse([ids[7]!]).unlink()
  await dialogue.getByRole('button', { name: 'Change 120' }).click()
  await page.getByText('119 records changed.').first().waitFor()
  await page.getByRole('dialog').getByText('1 record was left as it is:').waitFor()
  await picture(page, 'mass-edit')
  assert.deepEqual(await barriers(page), [])
  const cities = async () => new Set((await ann.model('res.partner').find([['ref', '=', 'MASS']], ['city'])).map(({ city }) => city))
  assert.deepEqual(await cities(), new Set(['Quito']))
  await ann.model('res.partner').browse([ids[3]!]).write({ city: 'Lima' })
  await page.getByRole('dialog').getByRole('button', { name: 'Undo' }).click()
  await page.getByText('118 records are as they were before.').first().waitFor()
  await page.getByRole('dialog').getByRole('link', { name: 'Row 3' }).waitFor()
  const after = await ann.model('res.partner').find([['ref', '=', 'MASS']], ['name', 'city'])
  for (const { name, city } of after) assert.equal(city, name === 'Row 3' ? 'Lima' : name!.replace('Row', 'Town'))
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
  await page.getByRole('button', { name: 'Notices' }).click()
  await page.getByText('119 records changed.').first().waitFor()
  assert.deepEqual(await barriers(page), [])
  await page.keyboard.press('Escape')
  // What was seen is no news any more, and what is cleared is gone.
  await page.locator('.topbar .dot').waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Notices' }).click()
  await page.getByRole('button', { name: 'Clear all' }).click()
  await page.locator('.notices li').first().waitFor({ state: 'detached' })
  await endWell(seen)
})

test('the palette loses no letter, takes Enter before its answers, and knows what the screen can do', async () => {
  const seen = await office.enter('ann', '/odoo/contacts')
  const { page } = seen
  await rows(page).first().waitFor()
  // In one go, as fast as keys can come.
  await page.evaluate(`for (const key of ['k', 'c', 'e', 'd']) {
    const isOpening = key === 'k'
    const target = document.activeElement
    target.dispatchEvent(new KeyboardEvent('keydown', { key, ctrlKey: isOpening, bubbles: true, cancelable: true }))
  }`)
  await page.locator('.palette-input:focus').waitFor()
  await page.keyboard.type('ar hollow fur')
  await page.keyboard.press('Enter')
  await field(page, 'email').waitFor()
  await page.getByRole('heading', { level: 1, name: /Cedar Hollow/ }).waitFor()
  await page.keyboard.press('Control+k')
  await page.keyboard.type('next rec')
  await page.getByRole('option', { name: /Next record/ }).waitFor()
  await page.keyboard.press('Escape')
  await page.keyboard.press('Control+k')
  await page.keyboard.type('new: cont')
  await page.getByRole('option', { name: 'New: Contact' }).first().waitFor()
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/new$/)
  await endWell(seen)
})

test('the first visit says what to do next, and its examples go in one step', async () => {
  const seen = await office.enter('ruth', '/odoo')
  const { page } = seen
  await page.getByRole('heading', { name: 'First steps' }).waitFor()
  // Ann has customers: that app has nothing left to do first.
  assert.equal(await page.locator('.first li', { hasText: 'Add your first customer' }).count(), 0)
  assert.equal(await page.locator('.first li:not([data-done])', { hasText: 'Invite a colleague' }).count(), 1)
  assert.deepEqual(await barriers(page), [])
  await picture(page, 'first-visit')
  await page.getByRole('button', { name: 'Remove the examples…' }).click()
  const dialogue = page.getByRole('dialog')
  await dialogue.getByText('Records that came with the apps').waitFor()
  await picture(page, 'examples')
  assert.deepEqual(await barriers(page), [])
  await dialogue.getByRole('button', { name: /^Remove \d+/ }).click()
  await page
    .getByText(/examples are gone/)
    .first()
    .waitFor()
  assert.equal(await office.company.system.model('ir.model.data').count([['demo', '=', true]]), 0)
  await page.getByRole('heading', { name: 'There are examples in here' }).waitFor({ state: 'detached' })
  await page.goto(`${office.origin}/odoo`)
  await page.getByRole('button', { name: 'Hide' }).click()
  assert.equal(await page.getByRole('heading', { name: 'First steps' }).count(), 0)
  await endWell(seen)
})
