import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { contactManager } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import { Worker, closeJobCall, openJobCall } from '@erp4/server'
import type { Page } from 'playwright-core'
import { barriers, endWell, openOffice, picture } from './office.ts'

/** Files into the client and out of it, as people do it: thousands of rows, some of them wrong, and a way back. */
const office = await openOffice([contacts])
const { company } = office
await office.person('ann', 'Ann Park', [contactManager])
await office.person('hana', '김하나', [contactManager], { lang: 'ko_KR' })
const here = { name: 'azure', database: company.database }
const worker = new Worker({
  databases: company.databases,
  hosting: { due: async () => [here], all: async () => [here], visited: async () => {} },
  openCall: (_instance, cx, userId, { name }) => openJobCall(cx, { registry: company.registry, files: office.files }, userId, name),
  closeCall: closeJobCall,
  onError: (error) => assert.fail(error as Error),
  everyMs: 200,
})
worker.start()

const choose = (page: Page, name: string, content: Buffer | string): Promise<void> =>
  page.locator('input[type=file]').setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(content) })
const openMenu = async (page: Page, item: RegExp): Promise<void> => {
  await page.getByRole('button', { name: /Import and export|가져오기와 내보내기/ }).click()
  await page.getByRole('menuitem', { name: item }).click()
}
const button = (page: Page, name: string | RegExp) =>
  page.getByRole('dialog').getByRole('button', { name, exact: typeof name === 'string' })
const named = (like: string): Promise<number> => company.system.model('res.partner').count([['name', '=like', like]] as never)
/** Only for what never comes: ten times as long as six thousand rows take where a machine is busy. */
const soon = { timeout: 600_000 }

test('six thousand rows: the test finds what is wrong, the mended file is imported, found again after a reload, and undone', async () => {
  const seen = await office.enter('ann', '/odoo/contacts')
  const { page } = seen
  const rows = (bad: boolean): string =>
    [
      'Name,City,Language',
      ...Array.from({ length: 6000 }, (_, i) => `Client ${i},Seoul,${bad && i % 1500 === 7 ? 'klingon' : 'en_US'}`),
    ].join('\n')
  await openMenu(page, /^Import…$/)
  await choose(page, 'clients.csv', rows(true))
  await button(page, 'Test').waitFor()
  assert.deepEqual(await barriers(page), [])
  await picture(page, 'import-columns')
  await button(page, 'Test').click()
  await page.getByText('4 records have errors, of 6,000.').waitFor(soon)
  await page.getByRole('cell', { name: 'klingon' }).first().waitFor()
  assert.equal(await named('Client %'), 0, 'a test keeps nothing')
  assert.deepEqual(await barriers(page), [])
  await picture(page, 'import-errors')

  await button(page, 'Another file').click()
  await choose(page, 'clients.csv', rows(false))
  await page.getByRole('dialog').getByLabel('If rows have errors').selectOption('good')
  await button(page, 'Import without testing').click()
  await page.getByRole('progressbar').waitFor()
  await page.reload()
  await page.getByText('Imported 6,000 of 6,000 records').waitFor(soon)
  assert.equal(await named('Client %'), 6000)
  await button(page, 'Undo this import').click()
  await page.getByRole('dialog', { name: 'Undo this import?' }).getByRole('button', { name: 'Undo this import' }).click()
  await page.getByText('Undone: 6,000 removed, 0 put back, 0 left alone.').waitFor(soon)
  assert.equal(await named('Client %'), 0)
  await endWell(seen)
})

test('a Korean file as Excel writes it is read in Korean on a phone, and what is exported has its letters', async () => {
  const seen = await office.enter('hana', '/odoo/contacts', { viewport: { width: 390, height: 844 } })
  const { page } = seen
  await openMenu(page, /^가져오기…$/)
  await choose(page, '고객.csv', Buffer.from('c0ccb8a72cb5b5bdc30d0a8c63b9e6b0a2c7cf2cb4ebb1b80d0a', 'hex'))
  await page.getByRole('dialog').getByLabel('인코딩').waitFor()
  assert.equal(await page.getByRole('dialog').getByLabel('인코딩').inputValue(), 'euc-kr')
  assert.deepEqual(await barriers(page), [])
  await picture(page, 'import-phone')
  await page.keyboard.press('Escape')

  await openMenu(page, /^내보내기…$/)
  await page.getByRole('dialog').getByLabel('형식').selectOption('csv')
  assert.deepEqual(await barriers(page), [])
  await button(page, '내보내기').click()
  const link = page.getByRole('dialog').getByRole('link', { name: '내려받기' })
  const [file] = await Promise.all([page.waitForEvent('download'), link.click()])
  assert.match(file.suggestedFilename(), /\.csv$/)
  const text = readFileSync(await file.path(), 'utf8')
  assert.match(text, /^\uFEFF이름.*\r\n[\s\S]*김하나/)
  await endWell(seen)
})

// Not in an `after`: those of the office, which close its databases under the worker, were there before.
test('the worker stops when it is told to', () => worker.stop())
