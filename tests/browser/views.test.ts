import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { base, contactManager } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import { Decimal, callMethod, moment } from '@erp4/orm'
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
  const kept = page.waitForResponse(/ir\.view\.choice\/keep/)
  await page.getByRole('button', { name: 'Fold Ann Park' }).click()
  await kept
  await endWell(seen)
  const other = await office.enter('bob', address)
  await other.page.getByRole('button', { name: 'Unfold Ann Park' }).waitFor()
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

test('columns that somebody chose, moved and made wider are his on every device', async () => {
  const seen = await office.enter('bob', '/odoo/sale.order?view=list')
  const { page } = seen
  const heads = (where: Page): Promise<string[]> => where.locator('.grid-head .head').allInnerTexts()
  await page.locator('.grid-record').first().waitFor()
  const before = await heads(page)
  await page.getByRole('button', { name: /^Customer/ }).focus()
  await page.keyboard.press('Alt+ArrowLeft')
  await page.keyboard.press('Shift+ArrowRight')
  const kept = page.waitForResponse(/ir\.view\.choice\/keep/)
  await page.getByRole('button', { name: 'Columns', exact: true }).click()
  await page.getByRole('checkbox', { name: 'Sales Team' }).check()
  await kept
  await endWell(seen)
  const other = await office.enter('bob', '/odoo/sale.order?view=list')
  await other.page.locator('.grid-record').first().waitFor()
  const [first, second, ...rest] = before as [string, string, ...string[]]
  assert.deepEqual(await heads(other.page), [first, rest[0], second, ...rest.slice(1), 'Sales Team'])
  assert.deepEqual(
    other.requests.filter((path) => path.startsWith('/web/client/')),
    ['/web/client/list'],
  )
  const width = (await other.page.getByRole('columnheader', { name: /^Customer/ }).boundingBox())!.width
  assert.equal((await choices(bob))['Customer'], Math.round(width))
  await endWell(other)
  const others = await office.enter('ann', '/odoo/sale.order?view=list')
  await others.page.locator('.grid-record').first().waitFor()
  assert.deepEqual(await heads(others.page), before)
  await endWell(others)
})

async function choices(who: typeof bob): Promise<Record<string, number>> {
  const [kept] = await who.model('ir.view.choice').find([['view', '=', 'list']], ['choice'])
  const { widths } = kept!.choice as { widths: Record<string, number> }
  return { Customer: widths['partner_id']! }
}
