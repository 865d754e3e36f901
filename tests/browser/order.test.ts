import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bookManager } from '@erp4/account'
import { base } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import { Decimal, loadExamples } from '@erp4/orm'
import { action_confirm, action_lock, sale, salesManager } from '@erp4/sale'
import type { Page } from 'playwright-core'
import { barriers, endWell, openOffice, picture, until } from './office.ts'

/** Quotations as they are typed: by keyboard, quicker than the answers come, and long ones. */
const office = await openOffice([base, contacts, sale])
await office.company.system.call(loadExamples)
const sara = await office.person('sara', 'Sara Lind', [salesManager, bookManager])

const field = (page: Page, name: string) => page.locator(`#field-${name}`)
const lines = (page: Page) => page.locator('.table-row:not(.table-head)')
const cell = (page: Page, line: number, name: string) => lines(page).nth(line).locator(`[data-cell="${name}"]`)
const total = (page: Page) => page.locator('.totals [data-last] dd')
const saved = (page: Page) => page.getByText('Saved.', { exact: true })
const press = async (page: Page, ...keys: string[]): Promise<void> => {
  for (const key of keys) await page.keyboard.press(key)
}

/** Holds every onchange back until `letGo` is called; `asked` when the first is on its way. */
async function holdAnswers(page: Page): Promise<{ asked: Promise<void>; letGo: () => void }> {
  const [{ promise: asked, resolve: ask }, { promise: held, resolve: letGo }] = [
    Promise.withResolvers<void>(),
    Promise.withResolvers<void>(),
  ]
  await page.route('**/onchange', async (route) => {
    ask()
    await held
    await route.continue()
  })
  return { asked, letGo }
}

const focused = (page: Page, name: string) =>
  until(() => page.evaluate(`document.activeElement.closest('[data-cell]')?.dataset.cell === '${name}'`))
const idOf = (page: Page): number => Number(new URL(page.url()).pathname.split('/').at(-1))

test('a quotation is written with the keyboard alone, in fifty strokes, and waits for the cursor at most, never for an answer', async () => {
  const seen = await office.enter('sara', '/odoo/quotations')
  const { page } = seen
  await page.locator('.grid-record').first().waitFor()
  let strokes = 0
  const type = async (text: string): Promise<void> => {
    strokes += text.length
    await page.keyboard.type(text)
  }
  const press = async (...keys: string[]): Promise<void> => {
    strokes += keys.length
    for (const key of keys) await page.keyboard.press(key)
  }
  await press('Alt+n')
  await page.locator('#field-partner_id:focus').waitFor()
  const { asked, letGo } = await holdAnswers(page)
  // Nobody waits for the names: Enter takes the first that comes.
  await type('Cedar Hollow')
  await press('Enter')
  for (const [product, quantity] of [
    ['Office Chair', '3'],
    ['Desk Lamp', '12'],
  ] as const) {
    await press('Alt+l')
    await focused(page, 'product_id')
    await type(product)
    await press('Enter', 'Tab', 'Tab')
    await focused(page, 'product_uom_qty')
    await type(quantity)
  }
  await asked
  letGo()
  await until(async () => /\d/.test((await total(page).textContent()) ?? '') && !/^0[.,]00/.test((await total(page).textContent())!))
  await press('Control+s')
  await saved(page).waitFor()
  assert.ok(strokes <= 50, `${strokes} strokes`)
  const [made] = await sara
    .model('sale.order')
    .browse([idOf(page)])
    .read(['partner_id.name', 'amount_total', 'order_line.product_id.name', 'order_line.product_uom_qty'])
  assert.equal(made!.partner_id?.name, 'Cedar Hollow Furniture Co.')
  assert.deepEqual(
    made!.order_line.map((line) => [line.product_id?.name, Number(line.product_uom_qty.toString())]),
    [
      ['Office Chair', 3],
      ['Desk Lamp', 12],
    ],
  )
  assert.equal(Number((await total(page).textContent())!.replaceAll(/[^\d.]/g, '')), Number(made!.amount_total!.toFixed(2)))
  assert.deepEqual(await barriers(page), [])
  await picture(page, 'quotation')
  await endWell(seen)
})

test('what is typed while answers are on their way is never overwritten by them, and what else follows is taken', async () => {
  const seen = await office.enter('sara', '/odoo/quotations/new')
  const { page } = seen
  await page.locator('#field-partner_id:focus').waitFor()
  await page.keyboard.type('Cedar Hollow')
  await press(page, 'Enter')
  await until(async () => (await field(page, 'partner_invoice_id').inputValue()) !== '')
  await press(page, 'Alt+l')
  await focused(page, 'product_id')
  const { asked, letGo } = await holdAnswers(page)
  await page.keyboard.type('Desk Lamp')
  await press(page, 'Enter')
  await until(async () => (await cell(page, 0, 'product_id').locator('input').inputValue()).includes('Lamp'))
  await asked
  await cell(page, 0, 'price_unit').locator('input').fill('99')
  await field(page, 'client_order_ref').fill('PO 7')
  letGo()
  await until(async () => (await cell(page, 0, 'name').textContent())!.includes('Lamp'))
  assert.match((await cell(page, 0, 'price_unit').textContent())!, /^99/)
  assert.equal(await field(page, 'client_order_ref').inputValue(), 'PO 7')
  await press(page, 'Control+s')
  await saved(page).waitFor()
  const [made] = await sara
    .model('sale.order')
    .browse([idOf(page)])
    .read(['client_order_ref', 'order_line.price_unit'])
  assert.deepEqual([made!.client_order_ref, made!.order_line.map((line) => line.price_unit.toString())], ['PO 7', ['99']])

  // What a save is taken back to, and what a button made of the order, is shown with its lines.
  await field(page, 'client_order_ref').fill('PO 8')
  await press(page, 'Control+s')
  await page.getByRole('button', { name: 'Undo', exact: true }).last().click()
  await until(async () => (await field(page, 'client_order_ref').inputValue()) === 'PO 7')
  assert.match((await cell(page, 0, 'name').textContent())!, /Lamp/)
  await page.getByRole('button', { name: 'Confirm', exact: true }).click()
  await page.getByRole('button', { name: 'Create Invoice' }).waitFor()
  assert.match((await cell(page, 0, 'name').textContent())!, /Lamp/)
  assert.equal(await lines(page).count(), 1)
  await endWell(seen)
})

test('what an app has to say about a choice stands above the form until it is put away', async () => {
  const system = office.company.system
  await system.model('res.company').browse([1]).write({ account_use_credit_limit: true })
  const [spent] = (await system.model('res.partner').create({ name: 'Spent Out', is_company: true })).ids
  const order = await sara
    .model('sale.order')
    .create({ partner_id: spent!, order_line: [['create', { name: 'Desk', price_unit: Decimal.of(50) }]] as never })
  await action_confirm(order)
  await sara
    .model('res.partner')
    .browse([spent!])
    .write({ credit_limit: Decimal.of(10) })
  const seen = await office.enter('sara', '/odoo/quotations/new')
  const { page } = seen
  await page.locator('#field-partner_id:focus').waitFor()
  await page.keyboard.type('Spent Out')
  await press(page, 'Enter')
  const said = page.locator('.offer', { hasText: 'Spent Out is over the credit limit' })
  await said.waitFor()
  assert.deepEqual(await barriers(page), [])
  await said.getByRole('button').click()
  await said.waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Discard' }).click()
  await endWell(seen)
})

test('a customer is found with the whole search, or made in his own form, over the quotation', async () => {
  const seen = await office.enter('sara', '/odoo/quotations/new')
  const { page } = seen
  await page.locator('#field-partner_id:focus').waitFor()
  await field(page, 'partner_id').click()
  await page.getByRole('option', { name: 'Search more…' }).click()
  const list = page.getByRole('dialog', { name: 'Search: Customer' })
  await list.locator('#pick-search:focus').waitFor()
  await page.keyboard.type('Cedar Hollow')
  await list.getByRole('option').first().waitFor()
  await press(page, 'Enter')
  await list.locator('.chip').waitFor()
  await list.locator('.grid-record', { hasText: 'Cedar Hollow Furniture Co.' }).first().waitFor()
  assert.deepEqual(await barriers(page), [])
  await list.locator('.grid-record').first().click()
  await list.waitFor({ state: 'detached' })
  await until(async () => (await field(page, 'partner_id').inputValue()).startsWith('Cedar Hollow'))
  await field(page, 'partner_id').fill('Hanok Homes')
  await page.getByRole('option', { name: 'Create “Hanok Homes”' }).waitFor()
  await press(page, 'ArrowDown', 'Enter')
  const form = page.getByRole('dialog', { name: 'New: Customer' })
  await form.getByLabel('City').fill('Seoul')
  assert.deepEqual(await barriers(page), [])
  // Escape is the dialogue's alone: the quotation stays.
  await form.getByLabel('Related Company').click()
  await page.getByRole('listbox', { name: 'Related Company' }).waitFor()
  await press(page, 'Escape')
  await page.getByRole('listbox', { name: 'Related Company' }).waitFor({ state: 'detached' })
  // With something typed it is not closed unasked, and what was typed is still there for who stays.
  await form.getByLabel('City').focus()
  await press(page, 'Escape')
  const question = page.getByRole('dialog', { name: 'There are unsaved changes' })
  await question.waitFor()
  assert.deepEqual(await barriers(page), [])
  await picture(page, 'make-unsaved')
  await press(page, 'Escape')
  await question.waitFor({ state: 'detached' })
  assert.equal(await form.getByLabel('City').inputValue(), 'Seoul')
  await form.getByLabel('City').focus()
  await press(page, 'Control+s')
  await form.waitFor({ state: 'detached' })
  await until(async () => (await field(page, 'partner_id').inputValue()) === 'Hanok Homes')
  assert.deepEqual(
    (await sara.model('res.partner').find([['name', '=', 'Hanok Homes']], ['city'])).map(({ city }) => city),
    ['Seoul'],
  )
  await page.getByRole('button', { name: 'Discard' }).click()
  await endWell(seen)
})

test('a line’s unit is one of its product’s kind, a day is picked from its calendar, and the document is printed', async () => {
  const [chair] = await sara.model('product.product').find([['default_code', '=', 'CHAIR-01']], ['uom_id'])
  const [partner] = await sara.model('res.partner').find([['is_company', '=', true]], ['name'])
  const line = ['create', { product_id: chair!.id, product_uom_qty: Decimal.of(1) }]
  const [id] = (await sara.model('sale.order').create({ partner_id: partner!.id, order_line: [line] } as never)).ids
  const seen = await office.enter('sara', `/odoo/quotations/${id}`)
  const { page } = seen
  await cell(page, 0, 'product_uom_id').getByRole('button').click()
  await cell(page, 0, 'product_uom_id').getByRole('combobox').click()
  await page.getByRole('option', { name: 'Dozens' }).waitFor()
  const offered = (await page.locator('.options li:not([data-doing])').allInnerTexts()).sort()
  const [unit] = await sara.model('uom.uom').browse([chair!.uom_id!]).read(['category_id'])
  const alike = await sara.model('uom.uom').find([['category_id', '=', unit!.category_id]], ['name'])
  assert.deepEqual(offered, alike.map(({ name }) => name).sort())
  assert.ok((await sara.model('uom.uom').count([])) > alike.length, 'there are other kinds of units')
  await press(page, 'Escape')

  await page.getByLabel('Expiration').click()
  await page.locator('.mantine-DateInput-day, .mantine-DatePickerInput-day').first().waitFor()
  assert.deepEqual(await barriers(page), [])
  await page.getByRole('button', { name: 'Next month' }).click()
  await page.locator('.mantine-DateInput-day:not([data-outside])', { hasText: /^15$/ }).click()
  await press(page, 'Control+s')
  await saved(page).waitFor()
  assert.match(String((await sara.model('sale.order').browse([id!]).read(['validity_date']))[0]!.validity_date), /-15$/)

  await page.getByRole('button', { name: 'More actions' }).click()
  const [paper] = await Promise.all([
    page.context().waitForEvent('request', (request) => request.url().includes(`/web/paper/sale.order/${id}/`)),
    page.getByRole('menuitem', { name: 'Print' }).click(),
  ])
  assert.equal((await paper.response())!.headers()['content-type'], 'application/pdf')
  await endWell(seen)
})

test('headings and notes stand between the lines, which are moved by mouse and keyboard; a line left without a word is gone', async () => {
  const [customer] = await sara.model('res.partner').find([['name', '=', 'Cedar Hollow Furniture Co.']], ['id' as never])
  const [id] = (
    await sara.model('sale.order').create({
      partner_id: customer!.id,
      order_line: ['Desk', 'Chair'].map((name) => ['create', { name, price_unit: Decimal.of(10) }]) as never,
    })
  ).ids
  const linesOf = async (): Promise<unknown[]> => {
    const [order] = await sara.model('sale.order').browse([id!]).read(['order_line.name', 'order_line.display_type'])
    return order!.order_line.map((line) => [line.display_type, line.name])
  }
  const seen = await office.enter('sara', `/odoo/quotations/${id}`)
  const { page } = seen
  await lines(page).nth(1).waitFor()
  await page.getByRole('button', { name: 'Add a section' }).click()
  await focused(page, 'name')
  await page.keyboard.type('For the office')
  await page.getByRole('button', { name: 'Add a note' }).click()
  await focused(page, 'name')
  await page.keyboard.type('Two weeks,')
  await press(page, 'Shift+Enter')
  await page.keyboard.type('or three')
  // A line that nothing is typed into goes as soon as it is left.
  await press(page, 'Alt+l')
  await focused(page, 'product_id')
  await field(page, 'client_order_ref').click()
  await until(async () => (await lines(page).count()) === 4)
  await page.getByRole('button', { name: 'Move line 3', exact: true }).hover()
  await page.mouse.down()
  const first = (await lines(page).first().boundingBox())!
  await page.mouse.move(first.x + 200, first.y + 12, { steps: 6 })
  await page.mouse.up()
  await until(async () => (await lines(page).first().getAttribute('data-heading')) === 'line_section')
  await cell(page, 2, 'product_uom_qty').locator('button').click()
  await press(page, 'Alt+ArrowUp')
  await until(async () => (await cell(page, 1, 'product_uom_qty').locator('input').count()) === 1)
  assert.deepEqual(await barriers(page), [])
  await press(page, 'Control+s')
  await saved(page).waitFor()
  assert.deepEqual(await linesOf(), [
    ['line_section', 'For the office'],
    [null, 'Chair'],
    [null, 'Desk'],
    ['line_note', 'Two weeks,\nor three'],
  ])
  await page.reload()
  await lines(page).nth(3).waitFor()
  assert.match((await lines(page).first().textContent())!, /For the office/)
  await endWell(seen)
})

test('an order of 300 lines draws those in sight, asks once for what was typed in one go, and saves what was changed', async () => {
  const [customer] = await sara.model('res.partner').find([['name', '=', 'Cedar Hollow Furniture Co.']], ['id' as never])
  const [id] = (
    await sara.model('sale.order').create({
      partner_id: customer!.id,
      order_line: Array.from({ length: 300 }, (_, i) => [
        'create',
        { name: `Item ${i + 1}`, price_unit: Decimal.of(1), sequence: i + 1 },
      ]) as never,
    })
  ).ids
  const seen = await office.enter('sara', `/odoo/quotations/${id}`)
  const { page, requests } = seen
  await lines(page).nth(5).waitFor()
  assert.ok((await lines(page).count()) < 60, `${await lines(page).count()} rows`)
  await cell(page, 2, 'product_uom_qty').locator('button').click()
  requests.length = 0
  // However slowly it is typed: while one question is on its way, what is typed waits for the next.
  const { asked, letGo } = await holdAnswers(page)
  await page.keyboard.type('1')
  await asked
  await page.keyboard.type('25')
  letGo()
  await until(async () => /^424[.,]00/.test((await total(page).textContent())!.replaceAll(/[^\d.,]/g, '')))
  assert.ok(requests.filter((path) => path.endsWith('/onchange')).length <= 2, requests.join('\n'))
  // A line that says more than its neighbours pushes them down.
  await cell(page, 2, 'name').locator('textarea').fill('Item 3\nin oak\nwith drawers')
  await until(async () => {
    const [own, next] = [await lines(page).nth(2).boundingBox(), await lines(page).nth(3).boundingBox()]
    return own!.height > 60 && next!.y >= own!.y + own!.height - 1
  })
  await cell(page, 2, 'name').locator('textarea').fill('Item 3')
  await page.getByRole('button', { name: 'Remove line 4' }).click()
  await press(page, 'Alt+l')
  await focused(page, 'product_id')
  await page.keyboard.type('Office Chair')
  await press(page, 'Enter')
  await until(async () => (await lines(page).last().locator('[data-cell="name"] textarea').inputValue()).includes('Office Chair'))
  await press(page, 'Control+s')
  await saved(page).waitFor()
  const [after] = await sara.model('sale.order').browse([id!]).read(['order_line.name', 'order_line.product_uom_qty'])
  const names = after!.order_line.map((line) => line.name)
  assert.equal(names.length, 300)
  assert.ok(!names.includes('Item 4') && names.some((name) => name.includes('Office Chair')))
  assert.equal(after!.order_line.find((line) => line.name === 'Item 3')!.product_uom_qty.toString(), '125')
  await picture(page, 'order-long')
  await endWell(seen)
})

test('what was agreed cannot be typed into, line by line, but for what was delivered', async () => {
  const [customer] = await sara.model('res.partner').find([['name', '=', 'Cedar Hollow Furniture Co.']], ['id' as never])
  const order = await sara.model('sale.order').create({
    partner_id: customer!.id,
    order_line: [['create', { name: 'Desk', price_unit: Decimal.of(10) }]] as never,
  })
  await action_confirm(order)
  await action_lock(order)
  const seen = await office.enter('sara', `/odoo/quotations/${order.ids[0]}`)
  const { page } = seen
  await lines(page).first().waitFor()
  assert.equal(await page.getByRole('button', { name: 'Add a line' }).count(), 0)
  assert.equal(await page.getByRole('button', { name: /^(Remove|Move) line/ }).count(), 0)
  await cell(page, 0, 'price_unit').locator('button').click()
  await cell(page, 0, 'qty_delivered').locator('input:focus').waitFor()
  assert.equal(await lines(page).first().locator('input, textarea').count(), 1)
  await page.keyboard.press('Control+a')
  await page.keyboard.type('1')
  await press(page, 'Enter')
  await press(page, 'Control+s')
  await saved(page).waitFor()
  const [kept] = await order.read(['order_line.qty_delivered', 'order_line.price_unit'])
  assert.deepEqual(
    kept!.order_line.map((line) => [String(line.qty_delivered), String(line.price_unit)]),
    [['1', '10']],
  )
  assert.deepEqual(await barriers(page), [])
  await endWell(seen)
})

test('what cannot be done yet says why, before anybody tries: buttons and steps, to mouse, keyboard and ear', async () => {
  const [customer] = await sara.model('res.partner').find([['name', '=', 'Cedar Hollow Furniture Co.']], ['id' as never])
  const order = await sara.model('sale.order').create({ partner_id: customer!.id })
  const stateOf = async () => (await order.read(['state', 'locked']))[0]!
  const seen = await office.enter('sara', `/odoo/quotations/${order.ids[0]}`)
  const { page } = seen
  const header = (name: string) => page.getByRole('button', { name, exact: true })
  await header('Confirm').and(page.locator('[aria-disabled=true]')).waitFor()
  for (const name of ['Confirm', 'Send by Email', 'Sales Order'])
    assert.equal(await header(name).evaluate((one) => one.ariaDescribedByElements?.[0]?.textContent), 'Add a line first.', name)
  await header('Confirm').focus()
  await page.getByRole('tooltip', { name: 'Not yet: Add a line first.' }).waitFor()
  assert.deepEqual(await barriers(page), [])
  await picture(page, 'order-not-yet')
  await press(page, 'Enter')
  await page.getByRole('alert').getByText('Add a line first.', { exact: true }).waitFor()
  assert.equal((await stateOf()).state, 'draft')

  // As soon as there is a line it can be done, and the step says what it does.
  await press(page, 'Alt+l')
  await focused(page, 'product_id')
  await page.keyboard.type('Desk Lamp')
  await press(page, 'Enter')
  await header('Confirm').and(page.locator(':not([aria-disabled])')).waitFor()
  await header('Sales Order').click()
  const question = page.getByRole('dialog', { name: 'Take it on to “Sales Order”?' })
  await question.getByRole('button', { name: 'Confirm' }).click()
  await header('Create Invoice').waitFor()
  assert.equal((await stateOf()).state, 'sale')

  await header('Lock').click()
  // By force, because the driver itself respects that it is disabled.
  await header('Cancel').and(page.locator('[aria-disabled=true]')).click({ force: true })
  await page.getByRole('alert').getByText('It is locked. Whoever manages sales unlocks it.').waitFor()
  await header('Quotation').click({ force: true })
  await page.getByRole('alert').getByText('Nothing leads here from “Sales Order”.').waitFor()
  assert.deepEqual(await stateOf().then(({ state, locked }) => [state, locked]), ['sale', true])
  await endWell(seen)
})
