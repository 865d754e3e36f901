import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { App, Env, Group } from '@erp4/orm'
import { Prepared, settleCustomFields } from '@erp4/orm'
import { type Hosting, type InstanceRecord, FileStore, createApp, createLogger, hashPassword, readClient } from '@erp4/server'
import { type Actor, type World, chromium, world } from '@erp4/testing'
import { buildClient } from '@erp4/web/build'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { Browsers } from './browsers.ts'

export const password = 'correct horse battery staple'
/** Only for what never comes: where ten share a machine, everything takes its time. */
export const patienceMs = 300_000

/** A company with people who can sign in, behind a real server with the built client, and a real browser. */
export interface Office {
  readonly company: World
  readonly origin: string
  readonly files: FileStore
  /** A user with this name and these groups, who can sign in as `<login>@azure.example`. */
  person(login: string, name: string, groups: readonly Group[], more?: Readonly<Record<string, unknown>>): Promise<Actor<false>>
  /** A browser that knows nobody and notes what should never happen; it may have the client's files already, unless it is `isNew`. */
  visit(options?: VisitOptions): Promise<Visit>
  /** The same, signed in and at this address. */
  enter(login: string, path: string, options?: VisitOptions): Promise<Visit>
}

export interface VisitOptions extends BrowserContextOptions {
  /** Nothing is in its cache. */
  readonly isNew?: boolean
}

export interface Visit {
  readonly page: Page
  /** Whatever the browser complained about: policies, errors, warnings. */
  readonly complaints: string[]
  /** Addresses asked for that are not the instance's. */
  readonly strangers: string[]
  /** Paths asked for, in order. */
  readonly requests: string[]
  /** Leaves the browser to the next visit, with nothing of this one but the client's files. */
  readonly leave: () => Promise<void>
}

/** To be called at the top of a file: what it opens goes when the file's tests are through. */
export async function openOffice(apps: readonly App[]): Promise<Office> {
  const company = await world(apps)
  const record: InstanceRecord = {
    uuid: 'azure',
    name: 'azure',
    database: company.database,
    generation: 1,
    kind: 'live',
    apps: company.registry.apps.map(({ name }) => name),
    hosts: ['azure.localhost'],
    origin: 'http://azure.localhost',
  }
  const hosting: Hosting = {
    find: (host) => (record.hosts.includes(host) ? record : undefined),
    connect: () => Promise.reject(new Error('The world connects.')),
    markActive: async () => {},
    // At once, where a host has the owner's work done beside.
    askOwner: async () => void (await company.asOwner((client) => settleCustomFields(client, company.registry))),
    keys: () => company.keys,
  }
  const folder = mkdtempSync(join(tmpdir(), 'erp4-office-'))
  const files = new FileStore({ folder, instance: 'azure', keys: { name: Buffer.alloc(32, 1), wrap: Buffer.alloc(32, 2) } })
  const client = readClient(await buildClient())
  const log = createLogger({ level: 'error' })
  const app = createApp({ hosting, databases: company.databases, registryFor: () => company.registry, filesFor: () => files, log, client })
  const port = await app.listen({ addresses: ['127.0.0.1'], port: 0 })
  const origin = `http://azure.localhost:${port}`
  const browser = await chromium()
  after(async () => {
    await browser.close()
    await app.stop({ drainMs: 0 })
    rmSync(folder, { recursive: true, force: true })
  })
  const hash = await hashPassword(password, 1000)
  const agent = `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${browser.version()} Safari/537.36`

  /** A new session, as the browser of this person would be given one. */
  async function sessionOf(login: string): Promise<string> {
    const body = JSON.stringify({ params: { db: 'azure', login: `${login}@azure.example`, password } })
    const headers = { host: `azure.localhost:${port}`, 'content-type': 'application/json', 'user-agent': agent }
    const asking = request({ host: '127.0.0.1', port, path: '/web/session/authenticate', method: 'POST', headers }).end(body)
    const [answer] = (await once(asking, 'response')) as [IncomingMessage]
    answer.resume()
    const token = /session_id=([^;]+)/.exec(String(answer.headers['set-cookie']))?.[1]
    assert.ok(token, `${login} could not sign in`)
    return token
  }

  const browsers = new Browsers(browser)

  const visit: Office['visit'] = async ({ isNew = false, ...options } = {}) => {
    const { page, told: complaints, leave } = await browsers.take(options, isNew)
    page.setDefaultTimeout(patienceMs)
    const [strangers, requests]: [string[], string[]] = [[], []]
    page.on('console', (message) => {
      // Chromium reports each answer of 400 and above; the pages are read by the tests themselves.
      if (['error', 'warning'].includes(message.type()) && !/Failed to load resource/.test(message.text())) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => {
      // Their icon browsers fetch whenever they like.
      if (request.url() === `${origin}/web/icon.svg`) return
      if (request.url().startsWith(`${origin}/`)) requests.push(request.url().slice(origin.length))
      else if (!/^(?:data|blob):/.test(request.url())) strangers.push(request.url())
    })
    return { page, complaints, strangers, requests, leave }
  }
  return {
    company,
    origin,
    files,
    visit,
    async person(login, name, groups, more = {}) {
      const actor = await company.person(...groups)
      await company.system.call(async (sys: Env<true>) => {
        const values = { login: `${login}@azure.example`, password: new Prepared(hash), ...more }
        await sys
          .model('res.users')
          .browse([actor.user.id])
          .write(values as never)
        await sys.model('res.partner').browse([actor.user.partner_id]).write({ name })
      })
      return actor
    },
    async enter(login, path, options) {
      const seen = await visit(options)
      // The page of signing in has tests of its own.
      await seen.page.context().addCookies([{ name: 'session_id', value: await sessionOf(login), url: origin, httpOnly: true }])
      await seen.page.goto(origin + path)
      return seen
    },
  }
}

/** Nothing was refused by the page's own policy, and nobody else was asked for anything. */
export async function endWell({ complaints, strangers, leave }: Visit): Promise<void> {
  assert.deepEqual({ complaints, strangers }, { complaints: [], strangers: [] })
  await leave()
}

/** Writes a picture to docs/screens, when ERP4_SCREENS asks for them (`ERP4_SCREENS=1 ./erp4 test tests/browser`). */
export async function picture(page: Page, name: string): Promise<void> {
  if (process.env['ERP4_SCREENS'] !== '1') return
  const folder = join(import.meta.dirname, '../../docs/screens')
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' })
}

/** Waits until it is so, asking from outside: the page's policy refuses what `waitForFunction` would ask there again and again. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + patienceMs; !(await isSo());) {
    assert.ok(Date.now() < end, `it was never so: ${isSo.toString()}`)
    await pause(50)
  }
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Everything that axe finds against WCAG 2.2 A and AA, as one line each. */
export async function barriers(page: Page): Promise<string[]> {
  // Not through a script element: the page's policy has none but its own. Once for each page that was loaded.
  if (!(await page.evaluate('"axe" in globalThis'))) await page.evaluate(axe)
  // What is half faded in has half its contrast.
  await page.evaluate(`Promise.allSettled(document.getAnimations()
    .filter((one) => Number.isFinite(one.effect.getComputedTiming().endTime)).map((one) => one.finished))`)
  // What passes is not described, which takes as long as the checks.
  return page.evaluate(`axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations'], selectors: false }).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ html, any, all }) => id + ': ' + html.slice(0, 160) + ' ' + [...any, ...all].map((one) => one.message).join('; '))))`)
}
