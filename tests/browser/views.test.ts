import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { base, contactManager } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import { Decimal, callMethod, day, moment } from '@erp4/orm'
import { action_confirm, action_lock, action_quotation_sent, sale, salesmanOfAll } from '@erp4/sale'
import type { Locator, Page } from 'playwright-core'
import { barriers, endWell, openOffice, picture, until } from './office.ts'

/** Boards, charts, tables and calendars as people use them: in a real browser, on a real server, under its own policy. */
const office = await openOffice([base, contacts, sale])
const { company } = office
const ann = await office.person('ann', 'Ann Park', [salesmanOfAll, contactManager])
const bob = await office.person('bob', 'Bob Lee', [salesmanOfAll])
await office.person('hana', '김하나', [salesmanOfAll], { lang: 'ko_KR', tz: 'Asia/Seoul' })

const d = Decimal.of
const [desk] = (await company.system.model('product.product').create([{ name: 'Desk', list_price: d(100) }] as never)).ids
const customers = await company.system
  .model('res.partner')
  .create([{ name: 'Azure Interior' }, { name: 'Blue Mesa' }, { name: 'Cobalt Bakery' }].map((one) => ({ ...one, is_company: true })))

/** `[customer, desks, month, seller]`: quotations at 100 a desk. */
const made = [
  [0, 3, '01', ann],
  [0, 2, '02', ann],
  [1, 7, '02', bob],
  [1, 1, '03', bob],
  [2, 5, '03', ann],
  [2, 4, '03', bob],
] as const
const orders: number[] = []
for (const [at, count, month, seller] of made) {
  const values = { partner_id: customers.ids[at]!, user_id: seller.user.id, date_order: moment(new Date(`2027-${month}-10T09:00:00Z`)) }
  const line = ['create', { product_id: desk, product_uom_qty: d(count), tax_ids: [['set', []]] }]
  orders.push(...(await ann.model('sale.order').create({ ...values, order_line: [line] } as never)).ids)
}
const named = new Map((await ann.model('sale.order').browse(orders).read(['name'])).map(({ id, name }) => [id, name!]))
const nameOf = (i: number): string => named.get(orders[i]!)!
const order = (i: number) => ann.model('sale.order').browse([orders[i]!])
const stateOf = async (i: number): Promise<string> => (await order(i).read(['state']))[0]!.state
await action_quotation_sent(order(3))
await action_confirm(order(4))
await action_lock(order(4))

const column = (page: Page, label: string): Locator => page.getByRole('region', { name: new RegExp(`^${label}: `) })
const card = (where: Page | Locator, i: number): Locator => where.locator('.kard', { hasText: nameOf(i) })
const said = (page: Page): Locator => page.locator('[aria-live=assertive]')
const middle = async (one: Locator): Promise<[number, number]> => {
  const { x, y, width, height } = (await one.boundingBox())!
  return [x + width / 2, y + height / 2]
}

/** With the mouse, in steps, as a hand does it. */
async function drag(page: Page, from: Locator, to: Locator): Promise<void> {
  await page.mouse.move(...(await middle(from)))
  await page.mouse.down()
  await page.mouse.move(...(await middle(to)), { steps: 6 })
  await page.mouse.up()
}
const settled = (page: Page): Promise<unknown> => page.locator('.kard[data-state=moving]').first().waitFor({ state: 'detached' })

test('a board opens with one request, says how many are in a column and what they come to, and is moved by the mouse', async () => {
  const seen = await office.enter('ann', '/odoo/sale.order?view=kanban')
  const { page, requests } = seen
  await card(page, 0).waitFor()
  await page.waitForLoadState('networkidle')
  assert.deepEqual(
    requests.filter((path) => path.startsWith('/web/client/')),
    ['/web/client/board'],
  )
  const heads = async () => page.locator('.board-head').allInnerTexts()
  assert.match((await heads())[0]!, /^Quotation\s+4\s+1,600\.00\s€/)
  assert.deepEqual(await barriers(page), [])
  await picture(page, 'kanban')
  await drag(page, card(page, 0), column(page, 'Quotation Sent'))
  await card(column(page, 'Quotation Sent'), 0).waitFor()
  await settled(page)
  assert.equal(await stateOf(0), 'sent')
  assert.match((await heads())[1]!, /^Quotation Sent\s+2\s+400\.00\s€/)
  assert.equal(new URL(page.url()).pathname, '/odoo/sale.order', 'a drag is no click')
  await endWell(seen)
})

test('what the server refuses goes back to its column, marked, with the reason, and nothing has changed', async () => {
  const seen = await office.enter('ann', '/odoo/sale.order?view=kanban')
  const { page } = seen
  await card(page, 4).waitFor()
  await page.getByRole('button', { name: 'Unfold Cancelled' }).click()
  await drag(page, card(page, 4), column(page, 'Cancelled'))
  await page
    .getByRole('alert')
    .getByText(`${nameOf(4)} is locked. Unlock it first.`)
    .waitFor()
  await card(column(page, 'Sales Order'), 4).and(page.locator('[data-state=returned]')).waitFor()
  assert.match((await said(page).textContent())!, /is back in Sales Order\. .* is locked/)
  assert.equal(await stateOf(4), 'sale')
  await picture(page, 'kanban-refused')
  assert.deepEqual(await barriers(page), [])
  await endWell(seen)
})

test('the keyboard picks a card up, carries it and lets it go, and says so', async () => {
  const seen = await office.enter('ann', '/odoo/sale.order?view=kanban')
  const { page } = seen
  await card(page, 1).waitFor()
  await card(page, 1).getByRole('link').focus()
  await page.keyboard.press('Space')
  assert.match((await said(page).textContent())!, /picked up in Quotation, column 1 of 4/)
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  assert.match((await said(page).textContent())!, /over Sales Order, column 3 of 4/)
  await page.keyboard.press('Escape')
  assert.match((await said(page).textContent())!, /stays in Quotation/)
  assert.equal(await stateOf(1), 'draft')
  await page.locator(`#card-${orders[1]}:focus`).waitFor()
  await page.keyboard.press('Space')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Space')
  await card(column(page, 'Sales Order'), 1).waitFor()
  await settled(page)
  assert.equal(await stateOf(1), 'sale')
  // And for who cannot drag at all: the card's own menu.
  await card(page, 2).hover()
  await page.getByRole('button', { name: `Move ${nameOf(2)}` }).click()
  assert.deepEqual(await barriers(page), [])
  await page.getByRole('menuitem', { name: 'Quotation Sent' }).click()
  await card(column(page, 'Quotation Sent'), 2).waitFor()
  await settled(page)
  assert.equal(await stateOf(2), 'sent')
  await endWell(seen)
})

test('a board of people is moved by writing, made longer in its column, and folded for this user on all his devices', async () => {
  const by = encodeURIComponent(JSON.stringify([{ by: ['user_id'] }]))
  const address = `/odoo/sale.order?view=kanban&q=${by}`
  const seen = await office.enter('bob', address)
  const { page } = seen
  await card(page, 3).waitFor()
  await drag(page, card(page, 3), column(page, 'Ann Park'))
  await card(column(page, 'Ann Park'), 3).waitFor()
  await settled(page)
  assert.equal((await order(3).read(['user_id']))[0]!.user_id, ann.user.id)
  await page.getByRole('button', { name: 'New in Bob Lee' }).click()
  await page.keyboard.type('Cobalt')
  await page.getByRole('option', { name: 'Cobalt Bakery' }).click()
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await column(page, 'Bob Lee').locator('.kard', { hasText: 'Cobalt Bakery' }).nth(1).waitFor()
  const [newest] = await ann.model('sale.order').find([], ['user_id', 'partner_id'], { order: 'id desc', limit: 1 })
  assert.deepEqual([newest!.user_id, newest!.partner_id], [bob.user.id, customers.ids[2]])
  await ann.model('sale.order').browse([newest!.id]).unlink()
  // A column that holds more than it should is seen to; the limit and the fold are kept together.
  await page.getByRole('button', { name: /^Ann Park: .*set a limit$/ }).click()
  await page.getByLabel('At most so many cards').fill('1')
  await page.keyboard.press('Enter')
  await column(page, 'Ann Park').and(page.locator('[data-full=true]')).waitFor()
  await page.getByRole('button', { name: /^Ann Park: \d+ \/ 1, set a limit$/ }).waitFor()
  assert.deepEqual(await barriers(page), [])
  const kept = page.waitForResponse(
    (response) => /ir\.view\.choice\/keep/.test(response.url()) && response.request().postData()!.includes('"folded"'),
  )
  await page.getByRole('button', { name: 'Fold Ann Park' }).click()
  await kept
  await endWell(seen)
  const other = await office.enter('bob', address)
  await other.page.getByRole('button', { name: 'Unfold Ann Park' }).waitFor()
  assert.equal(await column(other.page, 'Ann Park').getAttribute('data-full'), 'true')
  assert.equal(await column(other.page, 'Ann Park').locator('.kard').count(), 0)
  await endWell(other)
})

/** What the server says of these groups, asked as any integration asks. */
const grouped = (by: string[]) =>
  ann.call(async (env) =>
    callMethod(env, { model: 'sale.order', method: 'formatted_read_group', args: [[], by, ['amount_total:sum', '__count']], kwargs: {} }),
  ) as Promise<Record<string, any>[]>
const money = (value: number): string => `${value.toLocaleString('en-US', { minimumFractionDigits: 2 })}\u00a0€`

test('a chart is the server’s figures, drawn, told as a table, and kept in the address', async () => {
  const seen = await office.enter('ann', '/odoo/sale.order?view=graph')
  const { page, requests } = seen
  await page.locator('.recharts-bar-rectangle').first().waitFor()
  assert.deepEqual(
    requests.filter((path) => path.startsWith('/web/client/')),
    ['/web/client/groups'],
  )
  const months = await grouped(['date_order:month', 'user_id'])
  assert.equal(await page.locator('.recharts-bar-rectangle:has(path[d])').count(), months.length)
  assert.deepEqual(await barriers(page), [])
  await picture(page, 'graph')
  await page.getByRole('switch', { name: 'Table' }).click()
  await page.getByRole('row').nth(1).waitFor()
  const cells = (await page.locator('.figures tbody td a').allInnerTexts()).sort()
  assert.deepEqual(cells, months.map((group) => money(group['amount_total:sum'])).sort())
  assert.deepEqual(await barriers(page), [])
  await page.getByRole('combobox', { name: 'Measure' }).selectOption({ label: 'Number of records' })
  await page.locator('.graph-total', { hasText: /^Number of records/ }).waitFor()
  await page.getByTitle('Pie').click()
  const slices = await grouped(['date_order:month'])
  const texts = slices.map((group) => String(group['__count']))
  await until(async () => (await page.locator('.figures tbody td a').allInnerTexts()).join() === texts.join())
  await page.reload()
  await until(async () => (await page.locator('.figures tbody td a').allInnerTexts()).join() === texts.join())
  await page.locator('.figures tbody td a').last().click()
  await page.locator('.chip', { hasText: slices.at(-1)!['date_order:month'][1] }).waitFor()
  await until(async () => (await page.locator('.grid-record').count()) === slices.at(-1)!['__count'])
  await endWell(seen)
})

test('a bar of the chart opens the records behind it', async () => {
  const seen = await office.enter('ann', '/odoo/sale.order?view=graph')
  const { page } = seen
  const [first] = await grouped(['date_order:month'])
  await page.locator('.recharts-bar-rectangle path').first().click()
  await page.locator('.chip', { hasText: first!['date_order:month'][1] }).waitFor()
  await endWell(seen)
})

test('a pivot table is the server’s figures at every level, opens and shuts, is turned, and goes into a spreadsheet', async () => {
  const seen = await office.enter('ann', '/odoo/sale.order?view=pivot&rows=user_id,partner_id')
  const { page, requests } = seen
  const row = (name: string): Locator => page.getByRole('row', { name: new RegExp(`^${name}`) })
  await row('Total').waitFor()
  assert.deepEqual(
    requests.filter((path) => path.startsWith('/web/client/')),
    ['/web/client/groups'],
  )
  const total = await grouped([])
  const sums = async (name: string): Promise<string[]> => row(name).locator('td').allInnerTexts()
  assert.equal((await sums('Total')).at(-1), money(total[0]!['amount_total:sum']))
  const people = await grouped(['user_id'])
  for (const person of people) assert.equal((await sums(person['user_id'][1])).at(-1), money(person['amount_total:sum']))
  const inner = await grouped(['user_id', 'partner_id'])
  assert.equal(await page.locator('.pivot th[data-level="2"]').count(), inner.length)
  assert.deepEqual(await barriers(page), [])
  await picture(page, 'pivot')
  await page.getByRole('button', { name: 'Bob Lee' }).click()
  await page.locator('.pivot button[aria-expanded=false]').waitFor()
  const left = inner.filter((group) => group['user_id'][1] !== 'Bob Lee').length
  assert.equal(await page.locator('.pivot th[data-level="2"]').count(), left)
  await page.reload()
  await page.locator('.pivot button[aria-expanded=false]').waitFor()
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download the table as CSV' }).click()])
  const lines = readFileSync(await file.path(), 'utf8')
    .trim()
    .split('\r\n')
  assert.equal(lines.length, 1 + 1 + people.length + left)
  assert.equal(lines[1]!.split(',').at(-1), String(total[0]!['amount_total:sum']))
  await page.getByRole('button', { name: 'Swap rows and columns' }).click()
  const month = (await grouped(['date_order:month'])).at(-1)!
  await row(month['date_order:month'][1]).waitFor()
  assert.equal((await sums('Total')).at(-1), money(total[0]!['amount_total:sum']))
  await row(month['date_order:month'][1]).getByRole('link').last().click()
  await until(async () => (await page.locator('.grid-record').count()) === month['__count'])
  await endWell(seen)
})

const dateOf = async (i: number): Promise<string> => (await order(i).read(['date_order']))[0]!.date_order
const event = (page: Page, i: number): Locator => page.locator(`#event-${orders[i]}`)
const arrived = (page: Page): Promise<unknown> => page.waitForResponse(/sale\.order\/web_save/)

test('a calendar moves a record to another day by mouse and by keyboard, to another hour, and back where the server refuses', async () => {
  const seen = await office.enter('ann', '/odoo/sale.order?view=calendar&at=2027-02-15')
  const { page, requests } = seen
  await event(page, 2).waitFor()
  assert.deepEqual(
    requests.filter((path) => path.startsWith('/web/client/')),
    ['/web/client/list'],
  )
  await page.getByText('February 2027').waitFor()
  assert.deepEqual(await barriers(page), [])
  await picture(page, 'calendar')
  await Promise.all([arrived(page), drag(page, event(page, 2), page.locator('[data-drop="2027-02-18"]'))])
  await until(async () => (await dateOf(2)) === '2027-02-18 09:00:00')
  await page.locator('[data-drop="2027-02-18"]').locator(`#event-${orders[2]}`).waitFor()
  await event(page, 2).focus()
  await page.keyboard.press('Space')
  assert.match((await said(page).textContent())!, /picked up on Thursday, February 18, 2027/)
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowLeft')
  await Promise.all([arrived(page), page.keyboard.press('Space')])
  await until(async () => (await dateOf(2)) === '2027-02-24 09:00:00')
  await page.goto(`${office.origin}/odoo/sale.order?view=calendar&at=2027-02-24&scale=week`)
  await event(page, 2).waitFor()
  await picture(page, 'calendar-week')
  assert.deepEqual(await barriers(page), [])
  await Promise.all([arrived(page), drag(page, event(page, 2), page.locator('[data-drop="2027-02-26T630"]'))])
  await until(async () => (await dateOf(2)) === '2027-02-26 10:30:00')
  const before = await dateOf(4)
  await page.goto(`${office.origin}/odoo/sale.order?view=calendar&at=${before.slice(0, 10)}&scale=week`)
  await event(page, 4).focus()
  await page.keyboard.press('Space')
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('Space')
  await page
    .getByRole('alert')
    .getByText(`${nameOf(4)} is`)
    .waitFor()
  await event(page, 4).and(page.locator('[data-state=returned]')).waitFor()
  assert.equal(await dateOf(4), before)
  await endWell(seen)
})

test('what is to do about records stands by kind and by when, is planned in its cell and ended there', async () => {
  const [call] = await ann.model('mail.activity.type').find([['category', '=', 'phonecall']], ['name'])
  const subject = { res_model: 'sale.order', res_id: orders[2]!, activity_type_id: call!.id, summary: 'Ask about the colour' }
  await ann.model('mail.activity').create({ ...subject, date_deadline: day('2026-01-02') })
  const seen = await office.enter('ann', '/odoo/sale.order?view=activity')
  const { page } = seen
  const cell = page.locator('.activity-cell[data-tone=overdue]', { hasText: 'Ask about the colour' })
  await cell.waitFor()
  assert.equal(await page.locator('.activity-table tbody tr').count(), 1)
  assert.deepEqual(await barriers(page), [])
  await picture(page, 'activity')
  await page
    .getByRole('button', { name: new RegExp(`^Plan: .*, ${nameOf(2)}$`) })
    .first()
    .click()
  await page.getByLabel('Summary').fill('Meet on site')
  await page.getByRole('button', { name: 'Plan', exact: true }).click()
  await page.locator('.activity-cell', { hasText: 'Meet on site' }).waitFor()
  await cell.click()
  assert.deepEqual(await barriers(page), [])
  await page.getByRole('button', { name: 'Mark “Ask about the colour” as done' }).click()
  await page.getByRole('button', { name: 'Done', exact: true }).click()
  await cell.waitFor({ state: 'detached' })
  assert.equal(await ann.model('mail.activity').count([['res_id', '=', orders[2]!]]), 1)
  await endWell(seen)
})

test('an empty day of the calendar begins a record on that day', async () => {
  const seen = await office.enter('ann', '/odoo/sale.order?view=calendar&at=2027-04-15&date=validity_date')
  const { page } = seen
  await page.getByRole('button', { name: 'New on Saturday, April 3, 2027' }).click()
  await page.locator('#field-validity_date').waitFor()
  await until(async () => (await page.locator('#field-validity_date').inputValue()) === 'Apr 3, 2027')
  await page.goBack()
  await page.getByText('April 2027').waitFor()
  await endWell(seen)
})

test('all of it is Korean for who reads Korean, and can be read in the dark', async () => {
  const seen = await office.enter('hana', '/odoo/sale.order?view=kanban', { locale: 'ko-KR', colorScheme: 'dark' })
  const { page } = seen
  for (const [name, ready] of [
    ['kanban', '.kard'],
    ['graph', '.recharts-bar-rectangle'],
    ['pivot', '.pivot'],
    ['calendar', '.month'],
    ['activity', '.activity-table'],
  ] as const) {
    await page.goto(`${office.origin}/odoo/sale.order?view=${name}`)
    await page.locator(ready).first().waitFor()
    const words = await page
      .locator('.board-head h2, .toolbar, .pivot-corner, .month th, .activity-table thead, button[aria-label]')
      .evaluateAll((all) =>
        all.map((one) => `${one.getAttribute('aria-label') ?? ''} ${(one as unknown as { innerText: string }).innerText}`),
      )
    // Names of records and people are theirs, whatever the language.
    const english = words.filter((one) => /[a-z]{4}/.test(one.replaceAll(/Ann Park|Bob Lee|S0\d+|Ctrl|Enter|Esc/g, '')))
    assert.deepEqual(english, [], name)
    assert.deepEqual(await barriers(page), [], name)
    await picture(page, `${name}-korean-dark`)
  }
  await endWell(seen)
})

test('on a phone cards are moved by a finger that rests on them, and the calendar is an agenda', async () => {
  const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true }
  const seen = await office.enter('ann', '/odoo/sale.order?view=kanban', phone)
  const { page } = seen
  const isTooWide = (): Promise<boolean> => page.evaluate('document.documentElement.scrollWidth > window.innerWidth')
  await card(page, 5).waitFor()
  assert.equal(await isTooWide(), false)
  assert.deepEqual(await barriers(page), [])
  await picture(page, 'kanban-phone')
  const [x, y] = await middle(card(page, 5))
  const touch = await page.context().newCDPSession(page)
  const send = (type: string, points: object[]): Promise<unknown> =>
    touch.send('Input.dispatchTouchEvent', { type, touchPoints: points } as never)
  await send('touchStart', [{ x, y }])
  await page.locator('.drag-picture').waitFor()
  const to = (await column(page, 'Quotation Sent').boundingBox())!
  await send('touchMove', [{ x: to.x + 20, y: to.y + 60 }])
  await column(page, 'Quotation Sent').and(page.locator('[data-over]')).waitFor()
  await send('touchEnd', [])
  await until(async () => (await stateOf(5)) === 'sent')
  await page.goto(`${office.origin}/odoo/sale.order?view=calendar&at=2027-03-01`)
  await page.locator('.agenda section').first().waitFor()
  assert.equal(await isTooWide(), false)
  assert.deepEqual(await barriers(page), [])
  await picture(page, 'calendar-phone')
  for (const view of ['graph', 'pivot']) {
    await page.goto(`${office.origin}/odoo/sale.order?view=${view}`)
    await page.locator('.graph, .pivot').first().waitFor()
    assert.equal(await isTooWide(), false, view)
    assert.deepEqual(await barriers(page), [], view)
  }
  await endWell(seen)
})

test('a board, a chart, a table and a calendar take files in, and give out exactly what they show', async () => {
  const q = encodeURIComponent(JSON.stringify([{ where: [['user_id', '=', bob.user.id]], label: 'Bob’s' }]))
  const seen = await office.enter('ann', `/odoo/sale.order?view=kanban&q=${q}`)
  const { page } = seen
  const fileOf = async (count: number): Promise<string> => {
    await page.getByRole('button', { name: 'Import and export' }).click()
    await page.getByRole('menuitem', { name: 'Import…', exact: true }).waitFor()
    await page.getByRole('menuitem', { name: 'Export…', exact: true }).click()
    const dialogue = page.getByRole('dialog')
    await dialogue.getByText(`${count} will be exported`).waitFor()
    await dialogue.getByLabel('Format').selectOption('csv')
    await dialogue.getByRole('button', { name: 'Export', exact: true }).click()
    const link = dialogue.getByRole('link', { name: 'Download' })
    const [file] = await Promise.all([page.waitForEvent('download'), link.click()])
    return readFileSync(await file.path(), 'utf8')
  }
  await page.locator('.kard').first().waitFor()
  const numbers = (text: string): string[] => [...new Set(text.match(/\bS\d{5}\b/g))].sort()
  const bobs = (await ann.model('sale.order').find([['user_id', '=', bob.user.id]], ['name'])).map(({ name }) => name!)
  assert.ok(bobs.length > 0 && bobs.length < orders.length)
  assert.deepEqual(numbers(await fileOf(bobs.length)), bobs.sort())
  for (const [view, ready] of [
    ['graph', '.recharts-bar-rectangle'],
    ['pivot', '.pivot'],
  ] as const) {
    await page.goto(`${office.origin}/odoo/sale.order?view=${view}&q=${q}`)
    await page.locator(ready).first().waitFor()
    const text = await fileOf(bobs.length)
    assert.deepEqual(numbers(text), bobs, `what is behind the ${view}`)
    assert.match(text.split('\n')[0]!, /Total/, 'with what is measured')
  }
  await page.goto(`${office.origin}/odoo/sale.order?view=calendar&at=2027-03-01&q=${encodeURIComponent('[]')}`)
  await page.locator('.calendar [id^=event-]').first().waitFor()
  // The weeks of March, whole.
  const weeks = [moment(new Date('2027-02-28T00:00:00Z')), moment(new Date('2027-04-04T00:00:00Z'))] as const
  const inMarch = [
    ['date_order', '>=', weeks[0]],
    ['date_order', '<', weeks[1]],
  ] as never
  const march = (await ann.model('sale.order').find(inMarch, ['name'])).map(({ name }) => name!)
  assert.ok(march.length > 0 && march.length < orders.length)
  assert.deepEqual(numbers(await fileOf(march.length)), march.sort())
  await endWell(seen)
})

test('columns that somebody chose, moved and made wider are his on every device', async () => {
  const seen = await office.enter('bob', '/odoo/sale.order?view=list')
  const { page } = seen
  const heads = (where: Page): Promise<string[]> => where.locator('.grid-head .head').allInnerTexts()
  await page.locator('.grid-record').first().waitFor()
  const before = await heads(page)
  await page.getByRole('button', { name: /^Customer/ }).focus()
  await page.keyboard.press('Alt+ArrowLeft')
  await page.keyboard.press('Shift+ArrowRight')
  // What was chosen a moment before may be kept by itself.
  const kept = page.waitForResponse(
    (answer) => /ir\.view\.choice\/keep/.test(answer.url()) && /team_id/.test(answer.request().postData() ?? ''),
  )
  await page.getByRole('button', { name: 'Columns', exact: true }).click()
  await page.getByRole('checkbox', { name: 'Sales Team' }).check()
  await kept
  // Chosen while an earlier choice is on its way, and the page is gone at once: it is kept all the same.
  const sent = page.waitForRequest(/ir\.view\.choice\/keep/)
  await page.getByRole('checkbox', { name: 'Customer Reference' }).click()
  await sent
  await page.getByRole('checkbox', { name: 'Expiration' }).click()
  await page.goto(`${office.origin}/favicon.ico`)
  await until(async () =>
    JSON.stringify((await bob.model('ir.view.choice').find([['view', '=', 'list']], ['choice']))[0]).includes('validity_date'),
  )
  await endWell(seen)
  const other = await office.enter('bob', '/odoo/sale.order?view=list')
  await other.page.locator('.grid-record').first().waitFor()
  const [first, second, ...rest] = before as [string, string, ...string[]]
  assert.deepEqual(await heads(other.page), [first, rest[0], second, ...rest.slice(1), 'Sales Team', 'Customer Reference', 'Expiration'])
  assert.deepEqual(
    other.requests.filter((path) => path.startsWith('/web/client/')),
    ['/web/client/list'],
  )
  const width = (await other.page.getByRole('columnheader', { name: 'Customer', exact: true }).boundingBox())!.width
  assert.equal((await choices(bob))['Customer'], Math.round(width))
  await endWell(other)
  const others = await office.enter('ann', '/odoo/sale.order?view=list')
  await others.page.locator('.grid-record').first().waitFor()
  assert.deepEqual(await heads(others.page), before)
  await endWell(others)
})

test('what is too much at one minute of a week is one step away on its day, where each has room', async () => {
  const at = { partner_id: customers.ids[0]!, date_order: moment(new Date('2027-05-05T09:00:00Z')) }
  const { ids } = await ann.model('sale.order').create(Array.from({ length: 5 }, () => at))
  const seen = await office.enter('ann', '/odoo/sale.order?view=calendar&at=2027-05-05&scale=week')
  const { page } = seen
  await page.getByRole('button', { name: '4 more', exact: true }).waitFor()
  assert.equal(await page.locator('.hours-event .event').count(), 1)
  assert.deepEqual(await barriers(page), [])
  await picture(page, 'calendar-week-full')
  // What is carried there stays in sight.
  await page.locator('.hours-event .event').focus()
  await page.keyboard.press('Space')
  await page.keyboard.press('ArrowDown')
  await page.getByRole('button', { name: '3 more', exact: true }).waitFor()
  assert.equal(await page.locator('.hours-event .event[data-state=held]').count(), 1)
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: '4 more', exact: true }).click()
  await page.locator('.hours-event .event').nth(4).waitFor()
  for (const one of await page.locator('.hours-event .event').all()) assert.ok((await one.boundingBox())!.width > 95)
  await ann.model('sale.order').browse(ids).unlink()
  await endWell(seen)
})

async function choices(who: typeof bob): Promise<Record<string, number>> {
  const [kept] = await who.model('ir.view.choice').find([['view', '=', 'list']], ['choice'])
  const { widths } = kept!.choice as { widths: Record<string, number> }
  return { Customer: widths['partner_id']! }
}
