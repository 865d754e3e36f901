import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { administrator, base, contactManager, employee } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import { sql } from '@erp4/orm'
import { FileStore, Mailer, Worker, closeJobCall, openJobCall } from '@erp4/server'
import { smtpSink } from '@erp4/testing'
import type { Page } from 'playwright-core'
import { barriers, endWell, openOffice, password, picture, until } from './office.ts'

/** Users, their passwords, devices, keys and rights, as an administrator and they themselves meet them. */
const office = await openOffice([base, contacts])
const { company } = office
await office.person('root', 'Ruth Ward', [administrator])
const ann = await office.person('ann', 'Ann Park', [employee])
const bob = await office.person('bob', 'Bob Lee', [contactManager])
await office.person('hana', '김하나', [administrator], { lang: 'ko_KR', tz: 'Asia/Seoul' })

const smtp = await smtpSink()
const instance = { name: 'azure', database: company.database }
const files = new FileStore({ folder: '/nonexistent', instance: 'azure', keys: { name: Buffer.alloc(32, 1), wrap: Buffer.alloc(32, 2) } })
const mailer = new Mailer({
  databases: company.databases,
  settings: async () => ({ host: smtp.host, port: smtp.port, tls: 'none' }),
  kindOf: async () => 'live',
  files: () => files,
  keys: () => company.keys,
  onError: (error) => assert.fail(error as Error),
})
const worker = new Worker({
  databases: company.databases,
  hosting: { due: async () => [instance], all: async () => [instance], visited: async () => {} },
  openCall: (_instance, cx, userId, { name }) =>
    openJobCall(cx, { registry: company.registry, files, keys: company.keys, origin: office.origin }, userId, name),
  closeCall: closeJobCall,
  errands: [mailer.visit],
  onError: (error) => assert.fail(error as Error),
})
after(async () => {
  await worker.stop()
  await mailer.stop()
  await smtp.close()
})

/** The link in the next mail that arrives, where this test's server listens. */
async function nextLink(): Promise<string> {
  const count = smtp.mails.length
  await worker.visit()
  await until(async () => worker.running === 0)
  await worker.visit()
  const mails = await smtp.received(count + 1)
  const text = mails.at(-1)!.source.replaceAll('=\r\n', '').replaceAll('=3D', '=')
  return `${office.origin}${/\/web\/choose_password\?token=[\w-]{43}/.exec(text)![0]}`
}

async function choosePassword(page: Page, link: string, chosen: string): Promise<void> {
  await page.goto(link)
  await page.fill('#password', chosen)
  await page.fill('#again', chosen)
  await Promise.all([page.waitForURL((url) => url.pathname.startsWith('/odoo')), page.keyboard.press('Enter')])
}

test('an administrator invites somebody, who chooses his password from a mail and works', async () => {
  const seen = await office.enter('root', '/odoo/settings')
  const { page } = seen
  await page.getByRole('heading', { name: 'People' }).waitFor()
  await page.getByRole('heading', { name: 'Rules of signing in' }).waitFor()
  await page.getByLabel('Shortest password').waitFor()
  await picture(page, 'settings')
  assert.deepEqual(await barriers(page), [])
  await page.getByRole('searchbox', { name: 'Search the settings' }).fill('rates by day')
  await until(async () => (await page.locator('.settings-link').count()) === 1)
  await page.getByRole('searchbox').fill('')
  await page
    .getByRole('link', { name: /^Users/ })
    .first()
    .click()
  await page.getByRole('button', { name: 'New', exact: true }).click()
  await page.getByPlaceholder('Name').fill('Emil Stone')
  await page.locator('#field-login').fill('emil@azure.example')
  await page.keyboard.press('Control+s')
  await page.getByRole('button', { name: 'Send a Password Link' }).click()
  await page.getByRole('button', { name: 'Go on' }).click()
  await page.getByText('A mail with a link to choose a password is on its way.').waitFor()

  const link = await nextLink()
  assert.deepEqual(smtp.mails.at(-1)!.to, ['emil@azure.example'])
  const guest = await office.visit()
  await guest.page.goto(link)
  await guest.page.getByText('For Emil Stone, who signs in as emil@azure.example.').waitFor()
  assert.equal(new URL(guest.page.url()).search, '')
  assert.deepEqual(await barriers(guest.page), [])
  await picture(guest.page, 'choose-password')
  await choosePassword(guest.page, link, 'four words nobody knows')
  await guest.page.getByRole('heading', { name: 'Hello, Emil Stone' }).waitFor()

  const late = await office.visit()
  await late.page.goto(link)
  await late.page.getByRole('heading', { name: 'This link is no longer valid' }).waitFor()
  await endWell(late)
  await endWell(guest)
  await endWell(seen)
})

test('somebody who forgot his password is sent a way back in, in his language', async () => {
  const seen = await office.visit({ locale: 'ko-KR' })
  const { page } = seen
  await company.system
    .model('res.partner')
    .browse([(await company.system.model('res.users').find([['login', '=', 'hana@azure.example']], ['partner_id']))[0]!.partner_id])
    .write({ email: 'hana@azure.example' })
  await page.goto(`${office.origin}/web/login`)
  await page.getByRole('link', { name: '비밀번호를 잊으셨나요?' }).click()
  await page.fill('#login', 'hana@azure.example')
  await page.keyboard.press('Enter')
  await page.getByRole('status').waitFor()
  assert.deepEqual(await barriers(page), [])
  const link = await nextLink()
  assert.equal(smtp.mails.at(-1)!.header('Content-Language'), 'ko-KR')
  await choosePassword(page, link, '아무도 모르는 네 단어 비밀번호')
  await page.goto(`${office.origin}/odoo/preferences`)
  await page.getByRole('heading', { name: '내 환경설정' }).waitFor()
  await page.getByText('현재 기기').waitFor()
  await picture(page, 'preferences-korean')
  assert.deepEqual(await barriers(page), [])
  await page.goto(`${office.origin}/odoo/settings`)
  await page.getByRole('heading', { name: '로그인 규칙' }).waitFor()
  await page.getByLabel('비밀번호 최소 길이').waitFor()
  assert.deepEqual(await barriers(page), [])
  await endWell(seen)
})

test('a person sees where he is signed in, ends what he does not know, and changes his password', async () => {
  const other = await office.enter('ann', '/odoo/contacts')
  const seen = await office.enter('ann', '/odoo/preferences')
  const { page } = seen
  await page.getByText('This device').waitFor()
  assert.equal(await page.locator('.settings-rows strong', { hasText: /Chrome on Linux/ }).count(), 2)
  await picture(page, 'preferences')
  await page.getByRole('button', { name: 'Sign out: Chrome on Linux' }).click()
  await page.getByText('One session ended.').waitFor()
  await until(async () => (await page.getByRole('button', { name: /^Sign out: / }).count()) === 0)
  await other.page.reload()
  await other.page.getByLabel('Password').waitFor()
  assert.match(other.page.url(), /\/web\/login/)
  await endWell(other)

  const change = async (old: string, fresh: string, again = fresh): Promise<void> => {
    await page.getByLabel('Present password').fill(old)
    await page.getByLabel('New password', { exact: true }).fill(fresh)
    await page.getByLabel('New password again').fill(again)
    await page.getByRole('button', { name: 'Change the password' }).click()
  }
  const stored = async () =>
    (
      await company.databases.use(company.database, (cx) =>
        cx.query(sql`select password, sec_version from res_users where id = ${ann.user.id}::int4`),
      )
    )[0]
  const before = await stored()
  await change('not the present one', 'four other words of mine')
  await page.getByText('That is not your present password.').waitFor()
  await change(password, 'four other words of mine', 'four other words of yours')
  await page.getByText('The two passwords are not the same.').waitFor()
  await change(password, 'short')
  await page.getByText(/A password has at least 12 characters/).waitFor()
  assert.deepEqual(await stored(), before)
  assert.deepEqual(await barriers(page), [])
  await change(password, 'four other words of mine')
  await page.getByText('The password is changed. You are signed out everywhere else.').waitFor()
  assert.notDeepEqual(await stored(), before)

  await company.databases.use(company.database, (cx) => cx.query(sql`update session set confirmed = now() - interval '1 hour'`))
  await page.getByRole('button', { name: 'New key' }).click()
  await page.getByLabel('What is it for?').fill('Warehouse')
  await page.getByRole('button', { name: 'Make the key' }).click()
  const check = page.getByRole('dialog').getByLabel('Present password')
  await check.fill('a guess')
  await page.keyboard.press('Enter')
  await page.getByText('That is not your present password.').waitFor()
  assert.equal(await company.system.model('res.users.apikeys').count([['user_id', '=', ann.user.id]]), 0)
  await check.fill('four other words of mine')
  await page.keyboard.press('Enter')
  const key = await page.getByLabel('Your new key').textContent()
  assert.match(key!, /^[0-9a-f]{40}$/)
  assert.deepEqual(await barriers(page), [])
  await page.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('button', { name: 'Remove the key Warehouse' }).waitFor()
  await endWell(seen)
})

test('an administrator sees what a change of rights would change before it happens, and why somebody may see a record', async () => {
  const seen = await office.enter('root', `/odoo/users/${bob.user.id}`)
  const { page } = seen
  await page.getByRole('button', { name: 'Change Rights…' }).click()
  await page.getByText('Nothing would change.').waitFor()
  await page.getByLabel('Contacts: editor').uncheck()
  await page.getByLabel('Internal user').check()
  await page.getByText('− Contacts: editor').waitFor()
  await page
    .getByText(/Contact Tag|Tags?: may no longer create, change, delete/)
    .first()
    .waitFor()
  await picture(page, 'rights')
  assert.deepEqual(await barriers(page), [])
  const groups = async () =>
    (await company.system.model('res.users').browse([bob.user.id]).read(['group_ids.key']))[0]!.group_ids.map(({ key }) => key)
  assert.deepEqual(await groups(), [contactManager.name])
  // It is a while since somebody signed in here: he may have gone for lunch.
  await company.databases.use(company.database, (cx) => cx.query(sql`update session set confirmed = now() - interval '1 hour'`))
  await page.getByRole('button', { name: 'Change the rights' }).click()
  const question = page.getByRole('dialog', { name: 'Is it you?' })
  await question.getByLabel('Password').fill('not his password')
  await page.keyboard.press('Enter')
  await question.getByText('That is not your password.').waitFor()
  assert.deepEqual(await barriers(page), [])
  assert.deepEqual(await groups(), [contactManager.name])
  await question.getByLabel('Password').fill(password)
  await page.keyboard.press('Enter')
  await page.getByText('The rights are changed.', { exact: false }).waitFor()
  await question.waitFor({ state: 'hidden' })
  assert.deepEqual(await groups(), [employee.name])

  await page.goto(`${office.origin}/odoo/contacts/${ann.user.partner_id}`)
  await page.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: 'Who may see this, and why?' }).click()
  await page.getByRole('dialog').getByLabel('User').click()
  await page.getByRole('option', { name: 'Bob Lee' }).click()
  await page.getByRole('dialog').getByLabel('To do what').click()
  await page.getByRole('option', { name: 'change' }).click()
  await page.getByRole('button', { name: 'Tell me why' }).click()
  await page.getByText('Bob Lee may not change this record.', { exact: false }).waitFor()
  await picture(page, 'why')
  assert.deepEqual(await barriers(page), [])
  await endWell(seen)
})
