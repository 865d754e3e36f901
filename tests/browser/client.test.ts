import assert from 'node:assert/strict'
import { test } from 'node:test'
import { administrator, base, contactManager, employee, loadDemoData } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import type { Page } from 'playwright-core'
import { barriers, endWell, openOffice, picture, until } from './office.ts'

/** The web client as people use it: in a real browser, on a real server, under its own policy. */
const office = await openOffice([base, contacts])
await office.company.system.call(async (sys) => {
  await loadDemoData(sys)
})
const ann = await office.person('ann', 'Ann Park', [contactManager])
const bob = await office.person('bob', 'Bob Lee', [contactManager])
await office.person('eve', 'Eve Kim', [employee])
await office.person('root', 'Ruth Ward', [administrator])
await office.person('hana', '김하나', [contactManager], { lang: 'ko_KR', tz: 'Asia/Seoul' })

const rows = (page: Page) => page.locator('.grid-record')
const cell = (page: Page, text: string) => page.locator('.grid-record', { hasText: text })
const field = (page: Page, name: string) => page.locator(`#field-${name}`)
const press = async (page: Page, ...keys: string[]): Promise<void> => {
  for (const key of keys) await page.keyboard.press(key)
}
const lineName = (page: Page) => page.locator('[data-cell=name]:focus, [data-cell=name] :focus')
/** The heading that says where one is; a record's name comes into it a moment after the record. */
const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name, exact: typeof name === 'string' })
/** What was asked for that is no file of the client's: those are fetched whenever the browser has nothing better to do. */
const asked = (requests: readonly string[]): string[] => requests.filter((path) => !/^\/web\/(assets|image)\//.test(path))
const saved = (page: Page) => page.getByText('Saved.', { exact: true })

test('a list opens with one request, and so does a record from it', async () => {
  const seen = await office.enter('ann', '/odoo')
  const { page, requests } = seen
  await page.getByRole('link', { name: 'Contacts' }).waitFor()
  await picture(page, 'apps')
  assert.deepEqual(await barriers(page), [])
  await page.waitForLoadState('networkidle')
  requests.length = 0
  await page.getByRole('link', { name: 'Contacts' }).click()
  await rows(page).first().waitFor()
  assert.deepEqual(asked(requests), ['/web/client/list'])
  await picture(page, 'list')
  requests.length = 0
  await cell(page, 'Blue Mesa Medical Supply').first().click()
  await field(page, 'email').waitFor()
  await heading(page, 'Blue Mesa Medical Supply').waitFor()
  assert.deepEqual(asked(requests), ['/web/client/form'])
  await picture(page, 'form')
  assert.deepEqual(await barriers(page), [])
  await endWell(seen)
})

test('the first list after signing in takes at most twelve requests and 350 KB of script', async () => {
  const seen = await office.visit({ isNew: true })
  const { page } = seen
  await page.goto(`${office.origin}/web/login?redirect=/odoo/contacts`)
  await page.fill('#login', 'ann@azure.example')
  await page.fill('#password', 'correct horse battery staple')
  await page.addInitScript(`new MutationObserver(() => {
    if (document.querySelector('.grid-record')) globalThis.firstRow ??= performance.now()
  }).observe(document, { childList: true, subtree: true })`)
  await page.keyboard.press('Enter')
  await rows(page).first().waitFor()
  // What comes while one already looks at the list is in nobody's way.
  const fetched = await page.evaluate<{ name: string; encodedBodySize: number }[]>(
    "performance.getEntriesByType('resource').filter(({ startTime }) => startTime < firstRow).map((entry) => entry.toJSON())",
  )
  const names = ['/web/login', '/odoo/contacts', ...fetched.map(({ name }) => name)]
  const bytes = fetched.filter(({ name }) => name.endsWith('.js')).reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)
  assert.ok(names.some((name) => name.endsWith('/web/client/list')) && names.length <= 12, names.join('\n'))
  assert.ok(bytes > 100_000 && bytes <= 350_000, `${bytes} bytes of script`)
  await endWell(seen)
})

test('what is typed is searched in the field one picks, chips say it, and the address brings it back', async () => {
  const seen = await office.enter('ann', '/odoo/contacts')
  const { page } = seen
  await page.getByRole('combobox', { name: 'Search' }).fill('portland')
  await page.getByRole('option', { name: 'City contains portland' }).click()
  await until(async () => (await rows(page).count()) < 12)
  assert.ok((await rows(page).count()) > 0)
  for (const text of await rows(page).allTextContents()) assert.match(text, /Portland/)
  await page.getByRole('button', { name: 'Filters and groups' }).click()
  await page.getByRole('checkbox', { name: 'Companies' }).click()
  await page.getByRole('checkbox', { name: 'Individuals' }).click()
  await picture(page, 'filters')
  assert.deepEqual(await barriers(page), [])
  await press(page, 'Escape')
  assert.deepEqual(await page.locator('.chip > span').allTextContents(), ['City portland', 'Companies or Individuals'])
  const found = await rows(page).allTextContents()
  await page.reload()
  await rows(page).first().waitFor()
  assert.deepEqual(await rows(page).allTextContents(), found)
  await endWell(seen)
})

test('groups open one after the other, and hold what they say', async () => {
  const by = encodeURIComponent(JSON.stringify([{ by: ['country_id', 'city'] }]))
  const seen = await office.enter('ann', `/odoo/contacts?q=${by}`)
  const { page, requests } = seen
  await page.locator('.grid-group', { hasText: 'United States' }).waitFor()
  assert.equal(await rows(page).count(), 0)
  requests.length = 0
  await page.locator('.grid-group', { hasText: 'United States' }).click()
  const inner = page.locator('.grid-group[aria-level="2"]')
  await inner.first().waitFor()
  const [, count = ''] = /\((\d+)\)/.exec((await inner.first().textContent())!) ?? []
  await inner.first().click()
  await rows(page).first().waitFor()
  assert.equal(await rows(page).count(), Number(count))
  assert.equal(requests.filter((path) => !path.startsWith('/web/assets/')).length, 2)
  await picture(page, 'groups')
  assert.deepEqual(await barriers(page), [])
  await endWell(seen)
})

test('a condition of one’s own becomes a chip, and a search is kept under a name and made the default', async () => {
  const seen = await office.enter('bob', '/odoo/contacts')
  const { page } = seen
  await page.getByRole('button', { name: 'Filters and groups' }).click()
  await page.getByRole('button', { name: 'Custom filter…' }).click()
  await page.getByLabel('Field', { exact: true }).selectOption('city')
  await page.getByLabel('Comparison').selectOption('is')
  await page.getByLabel('Value').fill('Seoul')
  await page.getByRole('button', { name: 'Apply' }).click()
  await page.getByLabel('Save this search').fill('In Seoul')
  await page.getByLabel('Use it when I open this list').check()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('The search is saved.').waitFor()
  const kept = await bob.model('ir.filters').find([], ['name', 'domain', 'user_id', 'is_default'])
  assert.deepEqual(
    kept.map(({ name, domain, user_id, is_default }) => ({ name, domain, user_id, is_default })),
    [{ name: 'In Seoul', domain: '[["city","=","Seoul"]]', user_id: bob.user.id, is_default: true }],
  )
  await page.goto(`${office.origin}/odoo/contacts`)
  await page.locator('.chip', { hasText: 'In Seoul' }).waitFor()
  await bob
    .model('ir.filters')
    .browse(kept.map(({ id }) => id))
    .unlink()
  await endWell(seen)
})

test('who saves on top of somebody else’s change is asked which value to keep', async () => {
  const [id] = (await ann.model('res.partner').create({ name: 'Azure Interior', city: 'Oslo', phone: '1' })).ids
  const seen = await office.enter('ann', `/odoo/contacts/${id}`)
  const { page } = seen
  await field(page, 'city').fill('Bergen')
  await bob.model('res.partner').browse([id!]).write({ city: 'Tromsø', phone: '2' })
  await press(page, 'Control+s')
  const dialogue = page.getByRole('dialog')
  await dialogue.getByText(/Bob Lee changed this in the meantime/).waitFor()
  assert.deepEqual(await dialogue.locator('tbody tr').allTextContents(), ['City Bergen Tromsø'])
  await picture(page, 'conflict')
  assert.deepEqual(await barriers(page), [])
  await dialogue.getByRole('button', { name: 'Save the chosen values' }).click()
  await saved(page).waitFor()
  const [after] = await ann.model('res.partner').browse([id!]).read(['city', 'phone'])
  assert.deepEqual([after!.city, after!.phone], ['Bergen', '2'])
  await endWell(seen)
})

test('a contact with two people is made with the keyboard alone', async () => {
  const seen = await office.enter('ann', '/odoo/contacts')
  const { page } = seen
  await rows(page).first().waitFor()
  await press(page, 'Alt+n')
  await page.getByRole('textbox', { name: 'Name' }).first().waitFor()
  await press(page, 'Control+s')
  await page.getByRole('alert').getByText('Name is needed.').waitFor()
  assert.deepEqual(await barriers(page), [])
  await page.keyboard.type('Cobalt Bakery')
  await press(page, 'Tab', 'Tab', 'ArrowRight') // past the picture to "Company"
  await field(page, 'email').focus()
  await page.keyboard.type('hello@cobalt.example')
  await page.getByRole('combobox', { name: 'Country' }).focus()
  await page.keyboard.type('Norw')
  await page.getByRole('option', { name: 'Norway', exact: true }).waitFor()
  await press(page, 'Enter')
  await page.getByRole('button', { name: 'Add a line' }).focus()
  await press(page, 'Enter')
  await lineName(page).waitFor()
  await page.keyboard.type('Nora')
  await press(page, 'Enter')
  // Not the first line's, in which the cursor stands until the second has it.
  await page.locator('.table-row').nth(2).and(page.locator(':has([data-cell=name]:focus, [data-cell=name] :focus)')).waitFor()
  await page.keyboard.type('Odd')
  await picture(page, 'new-contact')
  await press(page, 'Alt+s')
  await saved(page).waitFor()
  const [made] = await ann
    .model('res.partner')
    .find([['name', '=', 'Cobalt Bakery']], ['is_company', 'email', 'country_id.code', 'child_ids.name'])
  assert.equal(made!.email, 'hello@cobalt.example')
  assert.equal(made!.is_company, true)
  assert.equal(made!.country_id?.code, 'NO')
  assert.deepEqual(made!.child_ids.map((one) => one.name).sort(), ['Nora', 'Odd'])
  assert.equal(new URL(page.url()).pathname, `/odoo/contacts/${made!.id}`)
  await endWell(seen)
})

test('unsaved changes are asked about before one leaves, and kept when one stays', async () => {
  const [id] = (await ann.model('res.partner').create({ name: 'Left Alone' })).ids
  const seen = await office.enter('ann', `/odoo/contacts/${id}`)
  const { page } = seen
  await field(page, 'city').fill('Lima')
  await page.getByRole('link', { name: 'Contacts' }).first().click()
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
  assert.equal(await field(page, 'city').inputValue(), 'Lima')
  await page.getByRole('link', { name: 'Contacts' }).first().click()
  await page.getByRole('dialog').getByRole('button', { name: 'Save and leave' }).click()
  await rows(page).first().waitFor()
  assert.equal((await ann.model('res.partner').browse([id!]).read(['city']))[0]!.city, 'Lima')
  await endWell(seen)
})

test('many are changed at once, after it was said how many and to what', async () => {
  const { ids } = await ann.model('res.partner').create([1, 2, 3].map((n) => ({ name: `Many ${n}`, ref: 'MANY' })))
  const q = encodeURIComponent(JSON.stringify([{ where: [['ref', '=', 'MANY']], label: 'Many' }]))
  const seen = await office.enter('ann', `/odoo/contacts?q=${q}`)
  const { page } = seen
  await rows(page).nth(2).waitFor()
  await page.getByRole('grid').focus()
  await press(page, ' ', 'ArrowDown', 'ArrowDown', 'Shift+ ')
  await page.getByText('3 selected').waitFor()
  assert.deepEqual(await barriers(page), [])
  await page.getByRole('button', { name: 'Edit', exact: true }).click()
  const dialogue = page.getByRole('dialog')
  await dialogue.getByLabel('Field').selectOption('city')
  await dialogue.getByLabel('New value').fill('Quito')
  await dialogue.getByText('In 3 records, City will be: Quito').waitFor()
  await dialogue.getByRole('button', { name: 'Change 3' }).click()
  await page.getByText('3 records changed.').waitFor()
  assert.deepEqual(
    (await ann.model('res.partner').browse(ids).read(['city'])).map(({ city }) => city),
    ['Quito', 'Quito', 'Quito'],
  )
  await page.getByLabel('Select all rows of this page').check()
  await page.getByRole('button', { name: 'Actions' }).click()
  await page.getByRole('menuitem', { name: 'Archive' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Archive' }).click()
  await page.getByText('Nothing matches this search').waitFor()
  assert.equal(
    await ann
      .with({ active_test: false })
      .model('res.partner')
      .count([
        ['ref', '=', 'MANY'],
        ['active', '=', false],
      ]),
    3,
  )
  await endWell(seen)
})

test('a cell is changed in place, and somebody else’s change in the meantime is not overwritten unasked', async () => {
  const [id] = (await ann.model('res.partner.category').create({ name: 'Wholesale' })).ids
  const seen = await office.enter('ann', '/odoo/contact-tags')
  const { page } = seen
  await cell(page, 'Wholesale').locator('[data-cell=name]').click()
  await page.locator('.cell-edit input').fill('Wholesale EU')
  await bob.model('res.partner.category').browse([id!]).write({ name: 'Wholesale Asia' })
  await press(page, 'Enter')
  await page.getByText('Yours: Wholesale EU. Theirs: Wholesale Asia.').waitFor()
  await page.getByRole('button', { name: 'Take theirs' }).click()
  await cell(page, 'Wholesale Asia').waitFor()
  assert.equal((await ann.model('res.partner.category').browse([id!]).read(['name']))[0]!.name, 'Wholesale Asia')
  await endWell(seen)
})

test('Ctrl-K goes to a menu or a record, and ? tells the keys', async () => {
  const seen = await office.enter('root', '/odoo')
  const { page } = seen
  await page.getByRole('link', { name: 'Settings' }).waitFor()
  await press(page, 'Control+k')
  await page.locator('.palette-input:focus').waitFor()
  await page.keyboard.type('cedar hollow')
  await page
    .getByRole('option', { name: /Cedar Hollow Furniture Co\./ })
    .first()
    .waitFor()
  await picture(page, 'palette')
  assert.deepEqual(await barriers(page), [])
  await press(page, 'Enter')
  await field(page, 'email').waitFor()
  await heading(page, /Cedar Hollow/).waitFor()
  await press(page, 'Control+k')
  await page.locator('.palette-input:focus').waitFor()
  await page.keyboard.type('currenc')
  await page
    .getByRole('option', { name: /Currencies/ })
    .first()
    .waitFor()
  await press(page, 'Enter')
  await page.waitForURL(`${office.origin}/odoo/currencies`)
  await rows(page).first().waitFor()
  await page.locator('.palette-input').waitFor({ state: 'detached' })
  await page.locator('h1').click() // in a field, a question mark is a question mark
  await press(page, '?')
  await page.getByRole('heading', { name: 'Keyboard shortcuts' }).waitFor()
  assert.deepEqual(await barriers(page), [])
  await endWell(seen)
})

test('who has no rights sees no menu for them, and learns nothing from an address', async () => {
  const seen = await office.enter('eve', '/odoo')
  const { page } = seen
  await page.getByRole('link', { name: 'Contacts' }).waitFor()
  assert.deepEqual(await page.locator('.apps a').allTextContents(), ['Contacts'])
  await page.goto(`${office.origin}/odoo/contacts`)
  await rows(page).first().waitFor()
  assert.equal(await page.getByRole('button', { name: 'New' }).count(), 0)
  await rows(page).first().click()
  await page.locator('.sheet h1, .sheet .field').first().waitFor()
  assert.equal(await page.locator('.sheet input:not([type=file])').count(), 0)
  await page.goto(`${office.origin}/odoo/ir.config_parameter`)
  await page.getByText('You may not do this').waitFor()
  await page.goto(`${office.origin}/odoo/res.partner/999999`)
  await page.getByText('This record is not here').waitFor()
  assert.deepEqual(await barriers(page), [])
  await endWell(seen)
})

test('all of it is Korean for who reads Korean', async () => {
  const seen = await office.enter('hana', '/odoo/contacts', { locale: 'ko-KR' })
  const { page } = seen
  await rows(page).first().waitFor()
  assert.deepEqual([await page.locator('html').getAttribute('lang'), await page.locator('h1').textContent()], ['ko', '연락처'])
  await cell(page, 'Blue Mesa Medical Supply').first().click()
  await field(page, 'email').waitFor()
  await picture(page, 'form-korean')
  // Labels, buttons and tabs: what we wrote, not what people did.
  const words = await page.locator('.label, button:not(.cell-text), [role=tab], .table-head .cell').allTextContents()
  const english = words.map((one) => one.trim()).filter((one) => /[a-z]{4}/.test(one))
  assert.deepEqual(english, [])
  assert.deepEqual(await barriers(page), [])
  await endWell(seen)
})

test('in the dark everything can be read', async () => {
  const seen = await office.enter('ann', '/odoo/contacts', { colorScheme: 'dark' })
  const { page } = seen
  await rows(page).first().waitFor()
  assert.equal(await page.locator('html').getAttribute('data-mantine-color-scheme'), 'dark')
  await picture(page, 'list-dark')
  assert.deepEqual(await barriers(page), [])
  await cell(page, 'Blue Mesa Medical Supply').first().click()
  await field(page, 'email').waitFor()
  assert.deepEqual(await barriers(page), [])
  await endWell(seen)
})

test('on a phone nothing is cut off', async () => {
  const seen = await office.enter('ann', '/odoo/contacts', {
    viewport: { width: 360, height: 740 },
    deviceScaleFactor: 2,
    hasTouch: true,
    isMobile: true,
  })
  const { page } = seen
  const isTooWide = (): Promise<boolean> => page.evaluate('document.documentElement.scrollWidth > window.innerWidth')
  await rows(page).first().waitFor()
  assert.equal(await isTooWide(), false)
  await picture(page, 'list-phone')
  assert.deepEqual(await barriers(page), [])
  await cell(page, 'Blue Mesa Medical Supply').first().click()
  await field(page, 'email').waitFor()
  assert.equal(await isTooWide(), false)
  await picture(page, 'form-phone')
  assert.deepEqual(await barriers(page), [])
  await page.getByRole('button', { name: 'Menu' }).click()
  await page.getByRole('dialog').getByRole('link', { name: 'Contact Tags' }).click()
  await page.waitForURL(`${office.origin}/odoo/contact-tags`)
  await endWell(seen)
})

test('on a phone rows are chosen by a finger that rests on one, or after “Select rows”, and archived together', async () => {
  const made = ['Zinc One', 'Zinc Two', 'Zinc Three'].map((name) => ({ name }))
  const { ids } = await ann.model('res.partner').create(made)
  const q = encodeURIComponent(JSON.stringify([{ where: [['id', 'in', ids]], label: 'Zinc' }]))
  const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true }
  const seen = await office.enter('ann', `/odoo/contacts?q=${q}`, phone)
  const { page } = seen
  const { x, y } = (await cell(page, 'Zinc Two').boundingBox())!
  const touch = await page.context().newCDPSession(page)
  await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x: x + 60, y: y + 30 }] })
  await page.getByText('1 selected').waitFor()
  await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
  assert.ok(page.url().includes('/odoo/contacts?'), 'a finger that rested does not open the row')
  await cell(page, 'Zinc One').tap()
  await page.getByText('2 selected').waitFor()
  assert.deepEqual(await barriers(page), [])
  assert.equal(await page.evaluate('document.documentElement.scrollWidth > window.innerWidth'), false)
  await picture(page, 'list-phone-select')
  await page.getByRole('button', { name: 'Clear the selection' }).tap()
  await page.getByRole('button', { name: 'Select rows' }).tap()
  await page.getByRole('checkbox', { name: 'Select all rows of this page' }).tap()
  await page.getByText('3 selected').waitFor()
  await cell(page, 'Zinc Three').tap()
  await page.getByRole('button', { name: 'Actions' }).tap()
  await page.getByRole('menuitem', { name: 'Archive' }).tap()
  await page.getByRole('dialog').getByRole('button', { name: 'Archive' }).tap()
  await page.getByText('2 records archived.').waitFor()
  const left = await ann.model('res.partner').find([['id', 'in', ids]], ['name'])
  assert.deepEqual(
    left.map(({ name }) => name),
    ['Zinc Three'],
  )
  await endWell(seen)
})

test('what was searched lately is offered, columns stay in sight, and both go into an address that others can open', async () => {
  const seen = await office.enter('bob', '/odoo/contacts')
  const { page } = seen
  const search = page.getByRole('combobox', { name: 'Search' })
  await search.fill('portland')
  await page.getByRole('option', { name: 'City contains portland' }).click()
  await page.locator('.chip').waitFor()
  await press(page, 'Backspace')
  await page.locator('.chip').waitFor({ state: 'detached' })
  await search.click()
  await page.getByRole('listbox', { name: 'Searched lately' }).getByRole('option', { name: 'City: portland' }).waitFor()
  assert.deepEqual(await barriers(page), [])
  await press(page, 'Enter')
  await page.locator('.chip', { hasText: 'portland' }).waitFor()

  await page.getByRole('button', { name: 'Columns', exact: true }).click()
  await page.getByRole('button', { name: 'Keep the columns up to Name in sight' }).click()
  for (const name of ['Website', 'Street', 'Job Position', 'Language']) await page.getByRole('checkbox', { name, exact: true }).click()
  await page.evaluate('navigator.clipboard.writeText = async (text) => void (globalThis.copied = text)')
  await page.getByRole('button', { name: 'Copy a link with these columns' }).click()
  const link = String(await page.evaluate('globalThis.copied'))
  await press(page, 'Escape')
  const name = rows(page).first().locator('[data-cell=name], [data-cell=complete_name], [data-cell=display_name]').first()
  const left = async (): Promise<number> => Math.round((await name.boundingBox())!.x)
  const before = await left()
  // Before it is scrolled: to axe what has gone below a column that stays is still beside it.
  assert.deepEqual(await barriers(page), [])
  await page.locator('.grid-scroll').evaluate((box) => (box.scrollLeft = 400))
  await until(async () => (await page.locator('.grid-scroll').evaluate((box) => box.scrollLeft)) > 100)
  assert.equal(await left(), before)
  await endWell(seen)

  const other = await office.enter('ann', link.slice(office.origin.length))
  await rows(other.page).first().waitFor()
  for (const heading of ['Website', 'Job Position']) await other.page.getByRole('columnheader', { name: heading }).waitFor()
  await other.page.locator('.chip', { hasText: 'portland' }).waitFor()
  await endWell(other)
})

test('several tags are taken from the whole list at once, and a record’s link is copied', async () => {
  const [id] = (await ann.model('res.partner').create({ name: 'Tagged Ltd' })).ids
  const seen = await office.enter('ann', `/odoo/contacts/${id}`)
  const { page } = seen
  await field(page, 'category_id').click()
  await page.getByRole('option', { name: 'Search more…' }).click()
  const list = page.getByRole('dialog', { name: 'Search: Tags' })
  await list.locator('.grid-record').first().waitFor()
  const ticks = list.locator('.grid-record input[type=checkbox]')
  await ticks.nth(0).check()
  await ticks.nth(1).check()
  assert.deepEqual(await barriers(page), [])
  await list.getByRole('button', { name: 'Add 2' }).click()
  await until(async () => (await page.locator('.tags-edit .tag').count()) === 2)
  await press(page, 'Control+s')
  await saved(page).waitFor()
  assert.equal((await ann.model('res.partner').browse([id!]).read(['category_id']))[0]!.category_id.length, 2)
  await page.evaluate('navigator.clipboard.writeText = async (text) => void (globalThis.copied = text)')
  await page.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: 'Copy link' }).click()
  await page.getByText('The link is copied.').waitFor()
  assert.equal(await page.evaluate('globalThis.copied'), `${office.origin}/odoo/contacts/${id}`)
  await endWell(seen)
})

test('when the server is away it says so, keeps what was typed, and goes on when it is back', async () => {
  const [id] = (await ann.model('res.partner').create({ name: 'Far Away' })).ids
  const seen = await office.enter('ann', `/odoo/contacts/${id}`)
  const { page } = seen
  await field(page, 'city').fill('Nuuk')
  await page.context().setOffline(true)
  await press(page, 'Control+s')
  await page.getByText(/^The server cannot be reached\. What you typed/).waitFor()
  await page.getByRole('alert').getByText('The server cannot be reached', { exact: true }).waitFor()
  assert.equal(await field(page, 'city').inputValue(), 'Nuuk')
  await page.context().setOffline(false)
  // Twice, as one does who is not sure: it is saved once, and said once.
  await press(page, 'Control+s', 'Control+s')
  await saved(page).waitFor()
  assert.equal((await ann.model('res.partner').browse([id!]).read(['city']))[0]!.city, 'Nuuk')
  assert.equal(await page.getByText(/^The server cannot be reached\. What you typed/).count(), 0)
  await page.getByText('The server cannot be reached', { exact: true }).first().waitFor({ state: 'detached' })
  await endWell(seen)
})

test('an address asked for without a session comes back after signing in; signing out is a POST', async () => {
  const seen = await office.visit()
  const { page } = seen
  await page.goto(`${office.origin}/odoo/contacts?page=1`)
  assert.equal(page.url(), `${office.origin}/web/login?redirect=${encodeURIComponent('/odoo/contacts?page=1')}`)
  await page.fill('#login', 'ann@azure.example')
  await page.fill('#password', 'correct horse battery staple')
  await page.keyboard.press('Enter')
  await rows(page).first().waitFor()
  await page.getByRole('button', { name: /^Ann Park/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.waitForURL(/\/web\/login/)
  const [cookies] = [await page.context().cookies()]
  assert.deepEqual(
    cookies.filter(({ name }) => name === 'session_id'),
    [],
  )
  await endWell(seen)
})
