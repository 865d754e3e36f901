import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { base, contactManager } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import { type Env, Prepared } from '@erp4/orm'
import { type Hosting, type InstanceRecord, FileStore, createApp, createLogger, hashPassword } from '@erp4/server'
import { chromium, world } from '@erp4/testing'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { patienceMs } from './office.ts'

/** The pages that a person meets before the client: in a real browser, on a real server, with the keyboard. */
const company = await world([base, contacts])
const ann = (await company.person(contactManager)).user
const hana = (await company.person(contactManager)).user
const password = 'correct horse battery staple'
const hash = await hashPassword(password)
await company.system.call(async (sys: Env<true>) => {
  const users = sys.model('res.users')
  await users.browse([ann.id]).write({ login: 'ann@azure.example', password: new Prepared(hash) as never })
  await users.browse([hana.id]).write({ login: 'hana@azure.example', password: new Prepared(hash) as never, lang: 'ko_KR' })
  await sys.model('res.partner').browse([ann.partner_id]).write({ name: 'Ann Park' })
  await sys.model('res.partner').browse([hana.partner_id]).write({ name: '김하나' })
})

const recordOf = (name: string, kind: InstanceRecord['kind']): InstanceRecord => ({
  uuid: name,
  name,
  database: company.database,
  generation: 1,
  kind,
  copy: kind === 'copy' ? { of: 'azure', made: '2026-03-01', expires: '2026-03-15' } : undefined,
  apps: ['base', 'contacts'],
  hosts: [`${name}.localhost`],
  origin: `http://${name}.localhost`,
})
// Two names for one database: what a copy looks like needs no second world.
const records = [recordOf('azure', 'live'), recordOf('azure-copy', 'copy')]
const keys = { derive: (purpose: string) => createHmac('sha256', 'of this test').update(purpose).digest() }
const hosting: Hosting = {
  find: (host) => records.find(({ hosts }) => hosts.includes(host)),
  connect: () => Promise.reject(new Error('The world connects.')),
  markActive: async () => {},
  keys: () => keys,
}
const files = new FileStore({ folder: '/nonexistent', instance: 'azure', keys: { name: Buffer.alloc(32, 1), wrap: Buffer.alloc(32, 2) } })
const log = createLogger({ level: 'error' })
const app = createApp({ hosting, databases: company.databases, registryFor: () => company.registry, filesFor: () => files, log })
const port = await app.listen({ addresses: ['127.0.0.1'], port: 0 })
const azure = `http://azure.localhost:${port}`
const browser = await chromium()
after(async () => {
  await browser.close()
  await app.stop({ drainMs: 0 })
})

interface Visit {
  page: Page
  /** Whatever the browser complained about: policies, errors, warnings. */
  complaints: string[]
  /** Addresses asked for that are not the instance's. */
  strangers: string[]
}

/** A person's browser, with its own cookies, that notes what should never happen. */
async function visit(options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ locale: 'en-US', ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(patienceMs)
  const [complaints, strangers]: [string[], string[]] = [[], []]
  page.on('console', (message) => {
    // Chromium reports each answer of 400 and above; the pages are read by the tests themselves.
    if (['error', 'warning'].includes(message.type()) && !/Failed to load resource/.test(message.text())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (!/^http:\/\/azure(?:-copy)?\.localhost:/.test(request.url())) strangers.push(request.url())
  })
  await context.exposeFunction('complain', (text: string) => void complaints.push(text))
  await context.addInitScript(
    "document.addEventListener('securitypolicyviolation', (event) => complain(`${event.violatedDirective} ${event.blockedURI}`))",
  )
  return { page, complaints, strangers }
}

/** Nothing was refused by the page's own policy, and nobody else was asked for anything. */
async function endWell({ page, complaints, strangers }: Visit): Promise<void> {
  assert.deepEqual({ complaints, strangers }, { complaints: [], strangers: [] })
  await page.context().close()
}

const screens = process.env['ERP4_SCREENS']

/** Writes a picture to docs/screens, when ERP4_SCREENS asks for them (`ERP4_SCREENS=1 ./erp4 test browser`). */
async function picture(page: Page, name: string): Promise<void> {
  if (screens !== '1') return
  const folder = join(import.meta.dirname, '../../docs/screens')
  mkdirSync(folder, { recursive: true })
  // The port is another one each time; a picture should change only when the page does.
  await page.evaluate(
    `for (const one of document.querySelectorAll('pre')) one.textContent = one.textContent.replaceAll('${azure}', 'http://azure.localhost')`,
  )
  await page.screenshot({ path: join(folder, `${name}.png`) })
}

/** As a person without a mouse does it: the cursor already stands in the login. */
async function signIn(page: Page, login: string, secret: string): Promise<void> {
  if ((await page.inputValue('#login')) === '') {
    await page.keyboard.type(login)
    await page.keyboard.press('Tab')
  }
  await page.keyboard.type(secret)
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')])
}

// What runs in the page is text: the types of a browser are not those of this program.
const focused = (page: Page): Promise<string> => page.evaluate('document.activeElement.id || document.activeElement.textContent')

/** Whether something is wider than the window: a phone would have to be pushed sideways. */
const isTooWide = (page: Page): Promise<boolean> => page.evaluate('document.documentElement.scrollWidth > window.innerWidth')

test('one signs in and out with the keyboard alone', async () => {
  const seen = await visit()
  const { page } = seen
  await page.goto(`${azure}/`)
  assert.equal(await page.title(), 'Sign in to azure')
  assert.equal(await focused(page), 'login')
  await picture(page, 'sign-in')
  await signIn(page, 'ann@azure.example', password)
  assert.equal(page.url(), `${azure}/web`)
  assert.equal(await page.locator('h1').textContent(), 'Hello, Ann Park')
  assert.deepEqual(await page.locator('.apps strong').allTextContents(), ['Base', 'Contacts'])
  await picture(page, 'home')
  await page.keyboard.press('Tab')
  assert.equal(await focused(page), 'Sign out')
  await Promise.all([page.waitForURL(`${azure}/web/login`), page.keyboard.press('Enter')])
  await page.goto(`${azure}/web`)
  assert.equal(page.url(), `${azure}/web/login`)
  await endWell(seen)
})

test('a wrong password says so, keeps the login and waits in the password', async () => {
  const seen = await visit()
  const { page } = seen
  await page.goto(`${azure}/web/login`)
  await signIn(page, 'ann@azure.example', 'not this one at all')
  assert.equal(await page.getByRole('alert').textContent(), 'Wrong login or password.')
  assert.deepEqual([await page.inputValue('#login'), await page.inputValue('#password')], ['ann@azure.example', ''])
  assert.equal(await focused(page), 'password')
  assert.deepEqual(
    (await page.context().cookies()).filter(({ name }) => name === 'session_id'),
    [],
  )
  await picture(page, 'wrong-password')
  await signIn(page, 'ann@azure.example', password)
  assert.equal(page.url(), `${azure}/web`)
  await endWell(seen)
})

test('a login that failed too often must wait, with the right password too, and is told how long', async () => {
  const restore = await setParameters({ 'base.login_cooldown_after': '3', 'base.login_cooldown_duration': '600' })
  const seen = await visit()
  const { page } = seen
  await page.goto(`${azure}/web/login`)
  for (const secret of ['wrong number one', 'wrong number two', 'wrong number three', password])
    await signIn(page, 'nobody@azure.example', secret)
  const [, seconds] =
    /^Too many failed sign-ins\. Please try again in (\d+) seconds\.$/.exec((await page.getByRole('alert').textContent())!) ?? []
  assert.ok(Number(seconds) > 300 && Number(seconds) <= 600, seconds)
  assert.equal(new URL(page.url()).pathname, '/web/login')
  await picture(page, 'cooldown')
  await restore()
  await endWell(seen)
})

/** Sets these settings of the instance; gives the way back. */
async function setParameters(values: Readonly<Record<string, string>>): Promise<() => Promise<void>> {
  const { system } = company
  const found = await system.model('ir.config_parameter').find([['key', 'in', Object.keys(values)]], ['key', 'value'])
  const records = system.model('ir.config_parameter').browse(found.map(({ id }) => id))
  const write = (valueOf: (one: (typeof found)[number]) => string | null) =>
    records.write((id) => ({ value: valueOf(found.find((one) => one.id === id)!) ?? '' }))
  await write(({ key }) => values[key]!)
  return () => write(({ value }) => value)
}

test('the pages speak Korean to who prefers it', async () => {
  const seen = await visit({ locale: 'ko-KR' })
  const { page } = seen
  await page.goto(`${azure}/web/login`)
  assert.deepEqual([await page.locator('html').getAttribute('lang'), await page.locator('h1').textContent()], ['ko', '로그인'])
  await picture(page, 'sign-in-korean')
  await signIn(page, 'hana@azure.example', password)
  assert.equal(await page.locator('h1').textContent(), '김하나 님, 안녕하세요')
  assert.ok((await page.locator('.apps strong').allTextContents()).includes('연락처'))
  await picture(page, 'home-korean')
  await endWell(seen)
})

test('a dark device gets a dark page, on which everything can be read', async () => {
  const seen = await visit({ colorScheme: 'dark' })
  const { page } = seen
  await page.goto(`${azure}/web/login`)
  await signIn(page, 'ann@azure.example', 'not this one at all')
  for (const [selector, least] of [
    ['h1', 4.5],
    ['.soft', 4.5],
    ['label', 4.5],
    ['.message', 4.5],
    ['button', 4.5],
  ] as const)
    assert.ok((await contrast(page, selector)) >= least, `${selector} has a contrast of ${await contrast(page, selector)}`)
  await picture(page, 'sign-in-dark')
  await endWell(seen)
})

test('on a phone nothing is cut off or too small to touch', async () => {
  const seen = await visit({ viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true })
  const { page } = seen
  await page.goto(`${azure}/web/login`)
  assert.equal(await isTooWide(page), false)
  for (const control of await page.locator('input:not([type=hidden]), button').all()) assert.ok((await control.boundingBox())!.height >= 44)
  // Below 16 pixels a phone zooms into a field that is touched.
  assert.ok((await page.evaluate<number>("parseFloat(getComputedStyle(document.querySelector('#login')).fontSize)")) >= 16)
  await picture(page, 'sign-in-phone')
  await signIn(page, 'ann@azure.example', password)
  assert.equal(await isTooWide(page), false)
  await picture(page, 'home-phone')
  await endWell(seen)
})

test('a copy says on every page that it is one', async () => {
  const seen = await visit()
  const { page } = seen
  await page.goto(`http://azure-copy.localhost:${port}/web/login`)
  assert.match((await page.locator('.banner').textContent())!, /^Copy of azure, made on 2026-03-01\./)
  await picture(page, 'copy')
  await signIn(page, 'ann@azure.example', password)
  assert.match((await page.locator('.banner').textContent())!, /^Copy of azure, made on 2026-03-01\./)
  await endWell(seen)
})

test('neither signing in nor being signed in ever leads to another site', async () => {
  const seen = await visit()
  const { page } = seen
  await page.goto(`${azure}/web/login?redirect=${encodeURIComponent('//evil.example')}`)
  await signIn(page, 'ann@azure.example', password)
  assert.equal(page.url(), `${azure}/web`)
  for (const target of [
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '/%2f%2fevil.example',
    'javascript:alert(1)',
    '/web/login?redirect=//evil.example',
    '/.//evil.example',
  ]) {
    await page.goto(`${azure}/web/login?redirect=${encodeURIComponent(target)}`)
    assert.equal(page.url(), `${azure}/web`, target)
  }
  await endWell(seen)
})

test('signing in leads back to the page that was asked for', async () => {
  const seen = await visit()
  const { page } = seen
  await page.goto(`${azure}/web/login?redirect=${encodeURIComponent('/web?debug=1#home')}`)
  await signIn(page, 'ann@azure.example', password)
  assert.equal(page.url(), `${azure}/web?debug=1#home`)
  await endWell(seen)
})

test('a page that does not exist says so and shows the way back', async () => {
  const seen = await visit()
  const { page } = seen
  const answer = await page.goto(`${azure}/web/nothing-here`)
  assert.equal(answer!.status(), 404)
  assert.equal(await page.locator('h1').textContent(), 'This page does not exist')
  await picture(page, 'not-found')
  await endWell(seen)
})

/** The ratio of WCAG 2.2 between an element's text and what lies behind it. */
async function contrast(page: Page, selector: string): Promise<number> {
  const [ink = '', ground = ''] = await page.evaluate<string[]>(`(() => {
    const element = document.querySelector('${selector}')
    let behind = element
    while (behind.parentElement && getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement
    return [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor]
  })()`)
  const [a, b] = [luminance(ink), luminance(ground)]
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map((part) => {
    const share = Number(part) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
