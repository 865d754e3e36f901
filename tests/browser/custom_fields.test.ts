import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { administrator, base, contactManager } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import { OwnRegistries, Worker, closeJobCall, openJobCall } from '@erp4/server'
import { barriers, endWell, openOffice, picture, until } from './office.ts'

/** An administrator makes a field for his company, and the people who work with contacts have it. */
const office = await openOffice([base, contacts])
const { system } = office.company
await office.person('root', 'Ruth Ward', [administrator])
await office.person('ann', 'Ann Park', [contactManager])
await office.person('hana', '김하나', [administrator], { lang: 'ko_KR', tz: 'Asia/Seoul' })
await system.model('res.partner').create({ name: 'Blue Mesa Supply', email: 'info@mesa.example' })

test('a field is made by its label alone, shows where it is put, and is filled in, listed and grouped by at once', async () => {
  // Opened in the morning, and left open.
  const early = await office.enter('ann', '/odoo/contacts')
  await early.page.locator('.grid-record').first().waitFor()
  const typing = await office.enter('ann', '/odoo/contacts')
  await typing.page.locator('.grid-record', { hasText: 'Blue Mesa Supply' }).click()
  await typing.page.locator('#field-city').fill('Mesa')
  const seen = await office.enter('root', '/odoo/settings')
  const { page } = seen
  await page.getByRole('link', { name: /^Custom Fields/ }).click()
  await page.getByText('No fields of your own yet').waitFor()
  await picture(page, 'custom-fields-none')
  assert.deepEqual(await barriers(page), [])
  await page.getByRole('button', { name: 'New field' }).click()
  const dialogue = page.getByRole('dialog', { name: 'New field' })
  await dialogue.getByLabel('Label in English').fill('Loyalty level')
  await dialogue.getByLabel('Label in Korean').fill('고객 등급')
  await until(async () => (await dialogue.getByLabel('Technical name').inputValue()) === 'x_loyalty_level')
  await dialogue.getByRole('combobox', { name: 'Type' }).click()
  await page.getByRole('option', { name: 'Choice from a list' }).click()
  await dialogue.getByLabel('Option 1 in English').fill('Gold')
  await dialogue.getByLabel('Option 2 in English').fill('Silver')
  await dialogue.getByRole('combobox', { name: 'In the form' }).click()
  await page.getByRole('option', { name: 'After Email' }).click()
  await dialogue.getByRole('combobox', { name: 'In the list' }).click()
  await page.getByRole('option', { name: 'A column from the start' }).click()
  await dialogue.locator('.fields-preview [data-own]').first().waitFor()
  assert.deepEqual(await barriers(page), [])
  await picture(page, 'custom-field')
  await dialogue.getByRole('button', { name: 'Make the field' }).click()
  await page.getByText('The field is there for everybody.').waitFor()
  await page.getByText('x_loyalty_level · Choice from a list · After Email · A column from the start · In the search').waitFor()
  await picture(page, 'custom-fields')
  assert.deepEqual(await barriers(page), [])
  await endWell(seen)

  assert.equal(await early.page.getByRole('columnheader', { name: 'Loyalty level' }).count(), 0)
  await early.page.getByRole('button', { name: 'Name', exact: true }).click()
  await early.page.getByRole('columnheader', { name: 'Loyalty level' }).waitFor()
  await endWell(early)

  // The form that was open all the time has it with its next answer, and what was typed.
  await typing.page.getByRole('combobox', { name: 'Tags' }).click()
  await typing.page.locator('#field-x_loyalty_level').waitFor()
  assert.equal(await typing.page.locator('#field-city').inputValue(), 'Mesa')
  await typing.page.keyboard.press('Escape')
  await typing.page.locator('#field-x_loyalty_level').selectOption('Silver')
  await typing.page.keyboard.press('Control+s')
  await typing.page.getByText('Saved.', { exact: true }).waitFor()
  await typing.page.reload()
  await typing.page.locator('#field-x_loyalty_level').waitFor()
  assert.equal(await typing.page.locator('#field-x_loyalty_level option:checked').innerText(), 'Silver')
  assert.equal(await typing.page.locator('#field-city').inputValue(), 'Mesa')
  await endWell(typing)

  const worker = await office.enter('ann', '/odoo/contacts')
  await worker.page.locator('.grid-record', { hasText: 'Blue Mesa Supply' }).click()
  await worker.page.locator('#field-x_loyalty_level').selectOption('Gold')
  await worker.page.keyboard.press('Control+s')
  await worker.page.getByText('Saved.', { exact: true }).waitFor()
  await picture(worker.page, 'custom-field-form')
  await worker.page.goto(`${office.origin}/odoo/contacts?q=${encodeURIComponent(JSON.stringify([{ by: ['x_loyalty_level'] }]))}`)
  await worker.page.locator('.grid-group', { hasText: 'Gold' }).waitFor()
  await worker.page.goto(`${office.origin}/odoo/contacts`)
  await worker.page.getByRole('button', { name: 'Import and export' }).click()
  await worker.page.getByRole('menuitem', { name: /^Export…$/ }).click()
  const transfer = worker.page.getByRole('dialog')
  await transfer.getByLabel('Format').selectOption('csv')
  await transfer.getByRole('button', { name: 'Export', exact: true }).click()
  const [file] = await Promise.all([worker.page.waitForEvent('download'), transfer.getByRole('link', { name: 'Download' }).click()])
  assert.match(readFileSync(await file.path(), 'utf8'), /Loyalty level[\s\S]*Blue Mesa Supply.*Gold/)
  await endWell(worker)
})

test('a file with a column for the field is imported: what its options are called, in either case, and what none is called is an error', async (context) => {
  const here = { name: 'azure', database: office.company.database }
  const registries = new OwnRegistries()
  const worker = new Worker({
    databases: office.company.databases,
    hosting: { due: async () => [here], all: async () => [here], visited: async () => {} },
    openCall: async (_instance, cx, userId, { name }) => {
      const registry = await registries.at(cx, here.database, office.company.registry)
      return openJobCall(cx, { registry, files: office.files }, userId, name)
    },
    closeCall: closeJobCall,
    onError: (error) => assert.fail(error as Error),
    everyMs: 200,
  })
  worker.start()
  // Whatever comes of the test: a worker that goes on keeps the file from its end.
  context.after(() => worker.stop())
  const seen = await office.enter('ann', '/odoo/contacts')
  const { page } = seen
  const dialogue = page.getByRole('dialog')
  await page.getByRole('button', { name: 'Import and export' }).click()
  await page.getByRole('menuitem', { name: 'Import…', exact: true }).click()
  const choose = (rows: string[]): Promise<void> =>
    page.locator('input[type=file]').setInputFiles({
      name: 'loyal.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(['Name,Loyalty level', ...rows].join('\n')),
    })
  await choose(['Amber Ltd,Gold', 'Birch Ltd,Platinum'])
  await dialogue.getByRole('button', { name: 'Test', exact: true }).click()
  await page.getByText('1 record has errors, of 2.').waitFor()
  await page.getByRole('cell', { name: 'Platinum' }).first().waitFor()
  assert.deepEqual(await barriers(page), [])
  await picture(page, 'import-custom-field')
  await dialogue.getByRole('button', { name: 'Another file' }).click()
  await choose(['Amber Ltd,Gold', 'Birch Ltd,silver', 'Cedar Ltd,'])
  await dialogue.getByRole('button', { name: 'Import without testing' }).click()
  await page.getByText('Imported 3 of 3 records').waitFor()
  await page.goto(`${office.origin}/odoo/contacts`)
  for (const [name, level] of [
    ['Amber Ltd', 'Gold'],
    ['Birch Ltd', 'Silver'],
    ['Cedar Ltd', ''],
  ] as const) {
    const cell = page.locator('.grid-record', { hasText: name }).locator('[data-cell=x_loyalty_level]')
    await cell.waitFor({ state: 'attached' })
    assert.equal((await cell.innerText()).trim(), level, name)
  }
  await (await system.model('res.partner').search([['name', 'in', ['Amber Ltd', 'Birch Ltd', 'Cedar Ltd']]])).unlink()
  await endWell(seen)
})

test('whoever deletes a field is told how many records hold a value and types its name, and can bring it back', async () => {
  const seen = await office.enter('root', '/odoo/custom-fields')
  const { page } = seen
  await page.getByRole('button', { name: 'Delete Loyalty level' }).click()
  const dialogue = page.getByRole('dialog')
  await dialogue.getByText('1 record holds a value').waitFor()
  assert.equal(await dialogue.getByRole('button', { name: 'Delete', exact: true }).isDisabled(), true)
  await dialogue.getByLabel('Type x_loyalty_level to delete it').fill('x_loyalty_level')
  assert.deepEqual(await barriers(page), [])
  await page.keyboard.press('Enter')
  await page.getByText('its values are kept until').waitFor()
  await page.getByRole('button', { name: 'Bring back Loyalty level' }).click()
  await page.getByText('The field is back, with its values.').waitFor()
  await page.getByRole('button', { name: 'Change Loyalty level' }).waitFor()
  const [field] = await system.model('ir.model.fields').find([['name', '=', 'x_loyalty_level']], ['phase'])
  assert.equal(field!.phase, 'ready')
  await endWell(seen)
})

test('in Korean, on a phone and in the dark, the field and its screen are there', async () => {
  const seen = await office.enter('hana', '/odoo/custom-fields', {
    viewport: { width: 390, height: 844 },
    locale: 'ko-KR',
    colorScheme: 'dark',
  })
  const { page } = seen
  await page.getByRole('heading', { name: '사용자 정의 필드' }).waitFor()
  await page.getByText('고객 등급', { exact: true }).waitFor()
  await until(async () => (await page.evaluate('document.documentElement.scrollWidth')) === 390)
  await picture(page, 'custom-fields-phone')
  await page.getByRole('button', { name: '고객 등급 변경' }).click()
  await page.getByRole('dialog').getByLabel('기술 이름').waitFor()
  assert.deepEqual(await barriers(page), [])
  await picture(page, 'custom-field-phone')
  await endWell(seen)
})
