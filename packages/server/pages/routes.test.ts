import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { fastify, type FastifyInstance } from 'fastify'
import { waitingLetters } from '@erp4/testing'
import { sendPasswordLinks, sessionUser } from '../auth/index.ts'
import { annsPassword, type AuthWorld, authWorld } from '../tests/auth-world.ts'
import { BodyBudget, defaultBodyLimits, readBodies } from '../http/body.ts'
import { demandDeclarations } from '../http/routes.ts'
import { lettersOf } from '../mail/letters.ts'
import { SessionExpired } from '../rpc/errors.ts'
import { answerErrorPage, registerPages } from './index.ts'

let world: AuthWorld
let app: FastifyInstance
const kind = { of: 'live' as 'live' | 'copy' }
const host = 'azure.localhost'
const ann = 'ann@azure.example'

/** A browser that keeps its cookies and says where its forms come from. */
class Browser {
  readonly cookies = new Map<string, string>()
  headers: Record<string, string> = {}

  get = (url: string) => this.#send('GET', url)
  post = (url: string, fields: Record<string, string> | string) =>
    this.#send('POST', url, typeof fields === 'string' ? fields : new URLSearchParams(fields).toString())

  async token(url: string): Promise<string> {
    const { body } = await this.get(url)
    return /name="csrf_token" value="([^"]+)"/.exec(body)![1]!
  }

  async signIn(fields: Record<string, string> = {}) {
    return this.post('/web/login', {
      csrf_token: await this.token('/web/login'),
      login: ann,
      password: annsPassword,
      redirect: '/web',
      ...fields,
    })
  }

  async #send(method: 'GET' | 'POST', url: string, payload?: string) {
    const cookie = [...this.cookies].map((pair) => pair.join('=')).join('; ')
    const form = payload === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded', payload }
    const { payload: body, ...type } = form as { payload?: string }
    const answer = await app.inject({
      method,
      url,
      headers: { host, cookie, ...type, ...this.headers },
      ...(body === undefined ? {} : { payload: body }),
    })
    for (const one of [answer.headers['set-cookie'] ?? []].flat()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(one)!
      if (value === '') this.cookies.delete(name!)
      else this.cookies.set(name!, value!)
    }
    return answer
  }
}

const sessions = () => world.count('session')

describe('the pages made on the server', () => {
  before(async () => {
    world = await authWorld()
    app = fastify()
    demandDeclarations(app)
    readBodies(app, new BodyBudget(defaultBodyLimits))
    app.decorateRequest('instance')
    app.addHook('onRequest', async (request) => {
      const copy = kind.of === 'copy' ? { of: 'azure', made: '2026-03-01', expires: '2026-03-15' } : undefined
      const record = { kind: kind.of, copy, origin: `http://${host}`, name: 'azure-copy' }
      request.instance = { ...world.instance, record, registry: { apps: [{ name: 'base', label: 'Base <1>' }], i18n: new Map() } } as never
    })
    // Stands for the dispatcher, which needs the apps' models: the session is the real one, the company is said.
    const read = async (_instance: unknown, credentials: { token?: string | undefined }) => {
      const signed = await world.databases.use(world.instance.database, (cx) => sessionUser(cx, world.instance, credentials.token))
      if (!signed) throw new SessionExpired()
      return { signed, company: 'Azure & Sons' }
    }
    registerPages(app, { databases: world.databases, dispatcher: { read } as never })
    app.get('/fails', { config: { access: 'public', forgery: 'harmless' } }, async (request, reply) =>
      answerErrorPage(request, reply, 500, 'a1b2'),
    )
  })
  after(async () => {
    await app.close()
    await world.stop()
  })
  beforeEach(async () => {
    kind.of = 'live'
    await world.calm()
    await world.at.tamper(
      'delete from session',
      'delete from ir_config_parameter',
      'delete from job',
      'delete from password_link',
      'update res_users set active = true',
    )
  })

  test('who signs in by the form is redirected to the page asked for, and stays signed in', async () => {
    const browser = new Browser()
    const answer = await browser.signIn({ redirect: '/web/content/7?download=true', login: ` ${ann} ` })
    assert.deepEqual([answer.statusCode, answer.headers.location], [303, '/web/content/7?download=true'])
    const cookies = [answer.headers['set-cookie']].flat() as string[]
    assert.match(cookies[0]!, /^session_id=[A-Za-z0-9_-]{84}; Path=\/; HttpOnly; SameSite=Lax$/)
    assert.match(cookies[1]!, /^known_device=/)
    const home = await browser.get('/web')
    assert.equal(home.statusCode, 200)
    for (const part of ['Ann Park', ann, 'Azure &amp; Sons', 'azure', 'Base &lt;1&gt;', 'lang="ko"'])
      assert.ok(home.body.includes(part), part)
    assert.equal((await browser.get('/web/login')).headers.location, '/web')
    assert.equal((await browser.get('/')).headers.location, '/web')
  })

  test('an unknown login and a wrong password look alike', async () => {
    const seen = []
    for (const fields of [{ login: 'nobody' }, { login: ann }]) {
      const answer = await new Browser().signIn({ ...fields, password: 'wrong' })
      const body = answer.body.replace(fields.login, 'LOGIN').replace(/nonce="[^"]+"|name="csrf_token" value="[^"]+"/g, '')
      const {
        'content-security-policy': _policy,
        'set-cookie': _cookie,
        date: _date,
        'content-length': _length,
        ...headers
      } = answer.headers
      seen.push({ status: answer.statusCode, body, headers })
    }
    assert.deepEqual(seen[0], seen[1])
    assert.equal(seen[0]!.status, 403)
    assert.match(seen[0]!.body, /role="alert">Wrong login or password\./)
    assert.equal(await sessions(), 0)
  })

  test('the cooldown says how long, in the language of the browser, and refuses the right password', async () => {
    await world.set('base.login_cooldown_after', 1)
    const browser = new Browser()
    browser.headers = { 'accept-language': 'fr, ko;q=0.9, en;q=0.1' }
    await browser.signIn({ password: 'wrong' })
    const answer = await browser.signIn()
    assert.equal(answer.statusCode, 429)
    assert.match(String(answer.headers['retry-after']), /^(5\d|60)$/)
    assert.match(answer.body, /lang="ko"[\s\S]*role="alert">로그인에 여러 번 실패했습니다\. \d+초/)
    assert.equal(await sessions(), 0)
  })

  for (const [what, change] of [
    ['no token', () => ({ csrf_token: '' })],
    ['a token of another browser', async () => ({ csrf_token: await new Browser().token('/web/login') })],
    [
      'a token twice',
      async (browser: Browser) => `csrf_token=${await browser.token('/web/login')}&csrf_token=x&login=${ann}&password=${annsPassword}`,
    ],
  ] as const) {
    test(`the form with ${what} signs nobody in`, async () => {
      const browser = new Browser()
      await browser.get('/web/login')
      const fields = await change(browser)
      const answer = await browser.post(
        '/web/login',
        typeof fields === 'string' ? fields : { login: ann, password: annsPassword, ...fields },
      )
      assert.equal(answer.statusCode, 403)
      assert.equal(await sessions(), 0)
      assert.equal(await world.count('login_try'), 0)
    })
  }

  for (const headers of [
    { origin: 'http://evil.example' },
    { origin: `http://${host}.evil.example` },
    { origin: 'null' },
    { origin: `https://${host}` },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ]) {
    test(`a form from ${JSON.stringify(headers)} signs nobody in and nobody out`, async () => {
      const browser = new Browser()
      const csrf_token = await browser.token('/web/login')
      browser.headers = headers
      assert.equal((await browser.post('/web/login', { csrf_token, login: ann, password: annsPassword })).statusCode, 403)
      assert.equal(await sessions(), 0)
      browser.headers = { origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }
      await browser.signIn()
      const leave = await browser.token('/web')
      browser.headers = headers
      assert.equal((await browser.post('/web/session/logout', { csrf_token: leave })).statusCode, 403)
      assert.equal(await sessions(), 1)
    })
  }

  test('a redirect to elsewhere leads home', async () => {
    const answer = await new Browser().signIn({ redirect: '//evil.example' })
    assert.equal(answer.headers.location, '/web')
    const page = await new Browser().get('/web/login?redirect=https://evil.example/%22%3E%3Cscript%3E')
    assert.ok(!page.body.includes('evil'))
    const twice = await new Browser().get('/web/login?redirect=/a&redirect=//evil.example')
    assert.match(twice.body, /name="redirect" value="\/web"/)
  })

  test('what was typed comes back escaped, and the password never', async () => {
    const answer = await new Browser().signIn({ login: '"><script>alert(1)</script>', password: 'my <secret>' })
    assert.ok(answer.body.includes('value="&quot;&gt;&lt;script&gt;'))
    assert.ok(!answer.body.includes('<script') && !answer.body.includes('secret'))
  })

  test('signing in gives a new token and ends the old one', async () => {
    const browser = new Browser()
    const csrf_token = await browser.token('/web/login')
    browser.cookies.set('session_id', 'A'.repeat(84))
    await browser.post('/web/login', { csrf_token, login: ann, password: annsPassword })
    const first = browser.cookies.get('session_id')
    assert.notEqual(first, 'A'.repeat(84))
    await browser.post('/web/login', { csrf_token, login: ann, password: annsPassword })
    assert.notEqual(browser.cookies.get('session_id'), first)
    assert.equal(await sessions(), 1)
  })

  test('signing out needs a post with the token of this session', async () => {
    const browser = new Browser()
    await browser.signIn()
    const get = await browser.get('/web/session/logout')
    assert.deepEqual([get.statusCode, get.headers.allow], [405, 'POST'])
    const other = new Browser()
    await other.signIn()
    for (const csrf_token of ['', await other.token('/web')])
      assert.equal((await browser.post('/web/session/logout', { csrf_token })).statusCode, 403)
    assert.equal(await sessions(), 2)
    const left = await browser.post('/web/session/logout', { csrf_token: await browser.token('/web') })
    assert.deepEqual([left.statusCode, left.headers.location], [303, '/web/login'])
    assert.equal(browser.cookies.has('session_id'), false)
    assert.equal(await sessions(), 1)
    assert.equal((await browser.get('/web')).headers.location, '/web/login')
  })

  test('a body that is no form, or too large, signs nobody in', async () => {
    const plain = await app.inject({
      method: 'POST',
      url: '/web/login',
      headers: { host, 'content-type': 'text/plain' },
      payload: 'login=x',
    })
    assert.equal(plain.statusCode, 415)
    const large = await new Browser().post('/web/login', { login: 'x'.repeat(40_000) })
    assert.equal(large.statusCode, 413)
  })

  test('every page forbids scripts, frames and caches, under a nonce of its own', async () => {
    const browser = new Browser()
    const [first, second] = [await browser.get('/web/login'), await browser.get('/web/login')]
    assert.notEqual(first.headers['content-security-policy'], second.headers['content-security-policy'])
    await browser.signIn()
    for (const page of [first, await browser.get('/web'), await browser.get('/fails'), await browser.post('/web/session/logout', {})]) {
      const nonce = /style-src 'nonce-([^']+)'/.exec(String(page.headers['content-security-policy']))![1]!
      assert.match(String(page.headers['content-security-policy']), /^default-src 'none';.*frame-ancestors 'none'/)
      assert.equal(page.headers['cache-control'], 'no-store')
      assert.ok(page.body.includes(`<style nonce="${nonce}">`))
      assert.doesNotMatch(page.body, /<script|\son\w+=|\sstyle=|javascript:/)
    }
  })

  test('a copy says that it is one, before and after signing in', async () => {
    kind.of = 'copy'
    const browser = new Browser()
    browser.headers = { 'accept-language': 'en' }
    const signIn = /class="banner">Copy of azure, made on 2026-03-01\. .*it sends no mail, runs no jobs .*It is removed on 2026-03-15\./
    assert.match((await browser.get('/web/login')).body, signIn)
    await browser.signIn()
    assert.match(
      (await browser.get('/web')).body,
      /class="banner" role="status">2026-03-01에 만든 azure의 사본입니다\. .*2026-03-15에 삭제됩니다\./,
    )
    kind.of = 'live'
    assert.doesNotMatch((await browser.get('/web/login')).body, /class="banner"/)
  })

  /** The address in the last mail, without its origin. */
  const linkFor = async (user: number): Promise<string> => {
    await world.databases.transaction(world.instance.database, (cx) =>
      sendPasswordLinks(cx, lettersOf(world.instance.keys), 'https://azure.example', [user]),
    )
    const letters = await world.databases.use(world.instance.database, (cx) => waitingLetters(cx, world.instance.keys))
    return /https:\/\/azure\.example(\S+)/.exec(letters.at(-1)!.text)![1]!
  }

  test('who asks for a link is told the same whether the account exists, and the page says nothing of what was typed', async () => {
    const seen = []
    for (const login of [ann, 'nobody@azure.example']) {
      const browser = new Browser()
      const csrf_token = await browser.token('/web/reset_password')
      const { statusCode, body } = await browser.post('/web/reset_password', { csrf_token, login })
      assert.ok(!body.includes(login))
      seen.push([statusCode, body.replaceAll(/nonce="[^"]+"|name="csrf_token" value="[^"]+"/g, '')])
    }
    assert.deepEqual(seen[0], seen[1])
    assert.match(String(seen[0]![1]), /role="status">If there is such an account, a mail with a link is on its way\./)
    assert.deepEqual(
      (await world.at.rows('select args from job order by id')).map(({ args }) => args),
      [{ user: 1 }, { user: null }],
    )
  })

  test('a link is asked for by our own form alone', async () => {
    const before = await world.count('job')
    const browser = new Browser()
    const csrf_token = await browser.token('/web/reset_password')
    for (const fields of [{ login: ann }, { login: ann, csrf_token: await new Browser().token('/web/reset_password') }])
      assert.equal((await browser.post('/web/reset_password', fields)).statusCode, 403)
    browser.headers = { origin: 'https://evil.example' }
    assert.equal((await browser.post('/web/reset_password', { csrf_token, login: ann })).statusCode, 403)
    assert.equal(await world.count('job'), before)
  })

  test('the token leaves the address at once, is in no page, and the password chosen signs in', async () => {
    const url = await linkFor(1)
    const token = url.split('token=')[1]!
    const browser = new Browser()
    const first = await browser.get(url)
    assert.deepEqual(
      [first.statusCode, first.headers.location, first.headers['referrer-policy']],
      [303, '/web/choose_password', 'no-referrer'],
    )
    assert.match(
      String(first.headers['set-cookie']),
      /^password_link=[\w-]{43}; Path=\/web\/choose_password; Max-Age=3600; HttpOnly; SameSite=Lax$/,
    )
    const page = await browser.get('/web/choose_password')
    assert.match(page.body, /lang="ko"[\s\S]*Ann Park/)
    assert.ok(!page.body.includes(token) && !page.body.includes('<script'))
    const csrf_token = await browser.token('/web/choose_password')
    const choose = (password: string, again = password) => browser.post('/web/choose_password', { csrf_token, password, again })
    assert.equal((await choose('short')).statusCode, 422)
    assert.match((await choose('four words that differ', 'four words that do not')).body, /두 비밀번호가 서로 다릅니다/)
    const chosen = await choose(annsPassword)
    assert.deepEqual([chosen.statusCode, chosen.headers.location, browser.cookies.has('password_link')], [303, '/web', false])
    assert.equal((await browser.get('/web')).statusCode, 200)
    const again = await new Browser().get(url)
    assert.equal(again.statusCode, 303)
  })

  test('a link that was used, forged, or comes from another browser without its form changes nothing', async () => {
    const url = await linkFor(1)
    const [before] = await world.at.rows('select password, sec_version from res_users where id = 1')
    const stranger = new Browser()
    stranger.cookies.set('password_link', url.split('token=')[1]!)
    const fields = { password: 'four words of a stranger', again: 'four words of a stranger' }
    assert.equal((await stranger.post('/web/choose_password', fields)).statusCode, 403)
    const other = new Browser()
    await other.get('/web/choose_password?token=' + 'A'.repeat(43))
    const gone = await other.get('/web/choose_password')
    assert.deepEqual([gone.statusCode, other.cookies.size], [404, 0])
    assert.equal((await other.post('/web/choose_password', fields)).statusCode, 404)
    assert.deepEqual(await world.at.rows('select password, sec_version from res_users where id = 1'), [before])
    assert.equal(await sessions(), 0)
  })

  test('the page of a failure gives a reference and nothing else', async () => {
    const { statusCode, body } = await new Browser().get('/fails')
    assert.equal(statusCode, 500)
    assert.match(body, /Reference: a1b2/)
  })
})
