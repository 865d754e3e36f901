import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { administrator, base, employee, keep, portal } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import { type Env, type Group, Prepared } from '@erp4/orm'
import { type Hosting, type InstanceRecord, FileStore, createApp, createLogger, hashPassword, readClient } from '@erp4/server'
import { world } from '@erp4/testing'
import { openList } from './open.ts'

const company = await world([base, contacts])
const record: InstanceRecord = {
  uuid: 'azure',
  name: 'azure',
  database: company.database,
  generation: 1,
  kind: 'live',
  apps: ['base', 'contacts'],
  hosts: ['azure.localhost'],
  origin: 'http://azure.localhost',
}
const keys = { derive: (purpose: string) => createHmac('sha256', 'of this test').update(purpose).digest() }
const hosting: Hosting = {
  find: (host) => (host === 'azure.localhost' ? record : undefined),
  connect: () => Promise.reject(new Error('The world connects.')),
  markActive: async () => {},
  keys: () => keys,
}
const files = new FileStore({ folder: '/nonexistent', instance: 'azure', keys: { name: Buffer.alloc(32, 1), wrap: Buffer.alloc(32, 2) } })

const folder = mkdtempSync(join(tmpdir(), 'erp4-client-'))
mkdirSync(join(folder, 'assets'))
mkdirSync(join(folder, '.vite'))
const script = 'console.log("the client")\n'
writeFileSync(join(folder, 'assets/main-abc.js'), script)
writeFileSync(join(folder, 'assets/main-abc.js.gz'), gzipSync(script))
writeFileSync(join(folder, 'assets/main-abc.css'), 'p{}')
writeFileSync(join(folder, 'assets/stray.js'), 'not in the manifest')
writeFileSync(
  join(folder, '.vite/manifest.json'),
  JSON.stringify({ 'main.tsx': { file: 'assets/main-abc.js', isEntry: true, css: ['assets/main-abc.css'] } }),
)

const log = createLogger({ level: 'error' })
const client = readClient(folder)
const app = createApp({ hosting, databases: company.databases, registryFor: () => company.registry, filesFor: () => files, log, client })
after(async () => {
  await app.http.close()
  rmSync(folder, { recursive: true })
})

const host = 'azure.localhost'
const hash = await hashPassword('correct horse battery staple', 1000)

/** The session cookie of a new person with these groups. */
async function signedIn(...groups: readonly Group[]): Promise<string> {
  const { user } = await company.person(...groups)
  await company.system.call((sys: Env<true>) =>
    sys
      .model('res.users')
      .browse([user.id])
      .write({ password: new Prepared(hash) } as never),
  )
  const params = { db: 'azure', login: user.login, password: 'correct horse battery staple' }
  const answer = await app.http.inject({ method: 'POST', url: '/web/session/authenticate', headers: { host }, payload: { params } })
  return String([answer.headers['set-cookie']].flat()[0]).split(';')[0]!
}
const [ann, root, outsider] = [await signedIn(employee), await signedIn(administrator), await signedIn(portal)]

const get = (url: string, cookie = '', headers: Record<string, string> = {}) =>
  app.http.inject({ method: 'GET', url, headers: { host, cookie, ...headers } })

async function ask(
  cookie: string,
  name: string,
  params: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; result?: any; error?: any }> {
  const answer = await app.http.inject({
    method: 'POST',
    url: `/web/client/${name}`,
    headers: { host, cookie, ...headers },
    payload: { params },
  })
  return { status: answer.statusCode, ...(answer.statusCode === 200 ? (JSON.parse(answer.body) as object) : {}) }
}

test('only files of the manifest are served, for a year, in the encoding that is asked for', async () => {
  const answer = await get('/web/assets/main-abc.js', '', { 'accept-encoding': 'gzip' })
  assert.equal(answer.headers['cache-control'], 'public, max-age=31536000, immutable')
  assert.equal(answer.headers['content-encoding'], 'gzip')
  assert.equal(gunzipSync(answer.rawPayload).toString(), script)
  assert.equal((await get('/web/assets/main-abc.js')).body, script)
  for (const name of ['stray.js', 'main-abc.js.gz', '..%2f.vite%2fmanifest.json', '.sources', '__proto__'])
    assert.equal((await get(`/web/assets/${name}`)).statusCode, 404, name)
})

test('the page has a nonce of its own each time and a policy that runs our files alone', async () => {
  const [first, second] = [await get('/odoo/contacts', ann), await get('/odoo/contacts', ann)]
  const policy = String(first.headers['content-security-policy'])
  assert.match(policy, /script-src 'self';/)
  assert.match(policy, /require-trusted-types-for 'script'; trusted-types default$/)
  assert.doesNotMatch(policy, /unsafe/)
  const nonces = [first, second].map(({ body }) => /name="csp-nonce" nonce="([^"]+)"/.exec(body)![1]!)
  assert.ok(policy.includes(`'nonce-${nonces[0]}'`))
  assert.notEqual(nonces[0], nonces[1])
  assert.equal(first.headers['cache-control'], 'no-store')
})

test('a stranger is sent to sign in and back; a customer is sent to his own page', async () => {
  const answer = await get('/odoo/contacts/7?page=2')
  assert.deepEqual(
    [answer.statusCode, answer.headers.location],
    [303, `/web/login?redirect=${encodeURIComponent('/odoo/contacts/7?page=2')}`],
  )
  assert.deepEqual([(await get('/odoo', outsider)).headers.location, (await get('/web', ann)).headers.location], ['/web', '/odoo'])
  assert.equal((await get('/web', outsider)).statusCode, 200)
})

test('what a name holds cannot leave the attribute that the page carries it in', async () => {
  await company.system.call(async (sys) => {
    const [employeeId] = (await sys.model('res.users').search([['login', '=', 'user1']])).ids
    await sys.model('res.users').browse([employeeId!]).write({ name: '"><script>alert(1)</script>' })
  })
  const { body } = await get('/odoo', ann)
  assert.doesNotMatch(body, /<script>alert/)
  const [, content = ''] = /name="erp4-start" content="([^"]*)"/.exec(body) ?? []
  const start = JSON.parse(content.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')) as {
    session: { name: string }
  }
  assert.equal(start.session.name, '"><script>alert(1)</script>')
})

test('a list comes with its views, rows and count in one answer, and only with what the user may read', async () => {
  const { result } = await ask(root, 'list', { model: 'res.partner', views: true, limit: 2 })
  assert.equal(result.records.length, 2)
  assert.ok(result.length > 2 && result.views.views.form && Array.isArray(result.favourites))
  const refused = await ask(ann, 'list', { model: 'ir.config_parameter', views: true })
  assert.equal(refused.error.data.name, 'odoo.exceptions.AccessError')
  assert.equal(refused.result, undefined)
  const outside = await ask(outsider, 'list', { model: 'res.partner', fields: ['name', 'comment', 'user_id'] })
  assert.ok(outside.result.records.every((row: object) => !('comment' in row) && !('user_id' in row)))
})

test('a board comes in one answer: its columns with their first cards, and without those that are folded', async () => {
  const { result } = await ask(root, 'board', { model: 'res.partner', by: 'is_company', fields: ['name'], limit: 2, folded: ['false'] })
  assert.deepEqual([result.length, result.columns.length], [2, 2])
  const [people, companies] = result.columns
  assert.deepEqual([people.is_company, 'records' in people], [false, false])
  assert.deepEqual([companies.is_company, companies.records.length], [true, Math.min(2, companies.__count)])
  const all = await ask(root, 'list', { model: 'res.partner', domain: companies.__extra_domain, fields: ['name'] })
  assert.equal(all.result.length, companies.__count)
  assert.equal((await ask(root, 'board', { model: 'res.partner', by: 'comment', fields: ['name'] })).error.data.name, 'builtins.ValueError')
})

test('a board of a link has a column for every record that cards can go to, also without a card, as far as one may know it', async () => {
  const asked = { model: 'res.partner', by: 'country_id', fields: ['name'], all: true }
  const { result } = await ask(root, 'board', asked)
  const empty = result.all.filter(([id]: [number]) => !result.columns.some(({ country_id: key }: any) => key && key[0] === id))
  assert.ok(result.all.length > 10 && empty.length > 0)
  assert.equal((await ask(root, 'board', { ...asked, all: false })).result.all, undefined)
  assert.deepEqual((await ask(root, 'board', { ...asked, by: 'is_company' })).result.all, [], 'of what is no link there are none')
  const hidden = await ask(outsider, 'board', { ...asked, by: 'company_id' })
  assert.ok((hidden.result?.all ?? []).length <= 1, 'a customer learns of no company but his own')
})

test('the icon is there for whoever asks, where pages say it is and where browsers look by themselves', async () => {
  for (const url of ['/web/icon.svg', '/favicon.ico']) {
    const answer = await get(url)
    assert.deepEqual(
      [answer.statusCode, answer.headers['content-type'], answer.headers['set-cookie']],
      [200, 'image/svg+xml', undefined],
      url,
    )
    assert.match(answer.body, /^<svg [^>]*viewBox/)
    assert.equal((await get(url, '', { host: 'stranger.localhost' })).statusCode, 404, url)
  }
})

test('every call of a model says which fields people made, so that an open page learns of others; strangers are told nothing', async () => {
  const post = (url: string, cookie: string, params: unknown) =>
    app.http.inject({ method: 'POST', url, headers: { host, cookie }, payload: { params } })
  const call = { model: 'res.partner', method: 'search_count', args: [[]], kwargs: {} }
  const stamps = await Promise.all([
    post('/web/client/list', ann, { model: 'res.partner', fields: ['name'] }),
    post('/web/dataset/call_kw/res.partner/search_count', ann, call),
  ])
  const [first, second] = stamps.map(({ headers }) => headers['x-erp4-fields'])
  assert.match(String(first), /^[\w-]{16}$/)
  assert.equal(second, first)
  for (const [url, params] of [
    ['/web/dataset/call_kw/res.partner/search_count', call],
    ['/web/webclient/version_info', {}],
  ] as const)
    assert.equal((await post(url, '', params)).headers['x-erp4-fields'], undefined, url)
})

test('what hides a field or a record hides it from boards, charts and tables', async () => {
  for (const [name, params] of [
    ['board', { model: 'res.partner', by: 'user_id', fields: ['name'] }],
    ['groups', { model: 'res.partner', sets: [['user_id']] }],
  ] as const)
    assert.equal((await ask(outsider, name, params)).error.data.name, 'builtins.ValueError', name)
  for (const name of ['board', 'groups'])
    assert.equal(
      (await ask(ann, name, { model: 'ir.config_parameter', by: 'key', sets: [['key']] })).error.data.name,
      'odoo.exceptions.AccessError',
    )
  const [seen] = (await ask(outsider, 'groups', { model: 'res.partner', sets: [[]] })).result
  assert.equal(seen.groups[0].__count, 1, 'a customer counts himself alone')
})

test('several groupings come in one answer, and add up to each other', async () => {
  const [total, by, cross] = (
    await ask(root, 'groups', { model: 'res.partner', sets: [[], ['is_company'], ['is_company', 'type']], aggregates: ['color:sum'] })
  ).result
  const count = ({ groups }: { groups: { __count: number }[] }): number => groups.reduce((sum, group) => sum + group.__count, 0)
  assert.ok(count(total) > 2)
  assert.deepEqual([count(by), count(cross), cross.isCut], [count(total), count(total), false])
  for (const sets of [undefined, [], 'x', Array.from({ length: 17 }, () => [])])
    assert.equal((await ask(root, 'groups', { model: 'res.partner', sets })).error.data.name, 'builtins.TypeError')
})

test('columns that somebody chose are those of his first request on any device', async () => {
  const { person } = company
  const someone = await person(employee)
  const choice = { names: ['city', 'name'], widths: { city: 200 } }
  await someone.call(async (env) => keep(env.model('ir.view.choice').browse([]), { model_id: 'res.partner', view: 'list', choice }))
  const answer = await someone.call(async (env) => openList(env, { model: 'res.partner', views: true }))
  const page = JSON.parse(answer.text) as { records: object[]; choices: unknown }
  assert.deepEqual(page.choices, { list: choice })
  assert.deepEqual(Object.keys(page.records[0]!).sort(), ['active', 'city', 'id', 'name'])
  assert.deepEqual((await ask(ann, 'views', { model: 'res.partner' })).result.choices, {}, 'nobody else has them')
})

test('a shared search is the default for whom it finds something; one that fails keeps nobody from the list', async () => {
  const [maker, colleague] = [await company.person(employee), await company.person(employee)]
  const save = (who: typeof maker, name: string, domain: string, user_id: number | null) =>
    who.model('ir.filters').create({ name, model_id: 'res.partner', domain, user_id, is_default: true })
  const opened = async () => {
    const { text } = await colleague.call(async (env) => openList(env, { model: 'res.partner', views: true, useDefault: true }))
    return JSON.parse(text) as { length: number; records: object[]; favourites: { name: string; is_default: boolean }[] }
  }
  const defaults = async () => (await opened()).favourites.filter((one) => one.is_default).map(({ name }) => name)
  const all = (await opened()).length
  for (const domain of ['[["x_gone","=",1]]', '[["user_ids.password","=","x"]]', '["|"]', '[["name","near","x"]]', '{}', 'nonsense']) {
    await save(maker, domain, domain, null)
    const page = await opened()
    assert.equal(page.length, all, domain)
    // What is no domain at all is one without conditions to the client.
    assert.deepEqual(await defaults(), domain === 'nonsense' ? ['nonsense'] : [], domain)
  }
  await save(maker, 'Nobody', '[["id","=",0]]', null)
  assert.equal((await opened()).length, 0)
  assert.deepEqual(await defaults(), ['Nobody'])
  await save(colleague, 'Somebody', `[["id","=",${colleague.user.partner_id}]]`, colleague.user.id)
  assert.equal((await opened()).length, 1, 'his own comes first')
})

test('nobody saves so many or such long searches for all that others no longer find their own', async () => {
  const [maker, colleague] = [await company.person(employee), await company.person(employee)]
  const shared = (name: string, domain = '[]') => ({ name, model_id: 'res.country', domain, user_id: null })
  await assert.rejects(maker.model('ir.filters').create(shared('Long', `[["id","in",[${'1,'.repeat(20_000)}1]]]`)), /too long/)
  await maker.model('ir.filters').create(Array.from({ length: 250 }, (_, i) => shared(`A ${i}`)))
  await colleague.model('ir.filters').create({ name: 'Mine', model_id: 'res.country', domain: '[]' })
  const { text } = await colleague.call(async (env) => openList(env, { model: 'res.country', views: true }))
  const { favourites } = JSON.parse(text) as { favourites: { name: string }[] }
  assert.deepEqual([favourites.length, favourites[0]?.name], [200, 'Mine'])
})

test('of a record it is said what this user may do with it; a hidden one is as if missing', async () => {
  const own = (await ask(ann, 'list', { model: 'res.partner', domain: [['user_ids.login', '=', 'user1']] })).result.records[0].id as number
  const other = (await ask(ann, 'list', { model: 'res.partner', domain: [['user_ids.login', '=', 'user2']] })).result.records[0]
    .id as number
  assert.deepEqual((await ask(ann, 'form', { model: 'res.partner', id: own })).result.may, { write: true, unlink: false })
  assert.deepEqual((await ask(ann, 'form', { model: 'res.partner', id: other })).result.may, { write: false, unlink: false })
  assert.equal((await ask(outsider, 'form', { model: 'res.partner', id: other })).result.record, false)
  assert.equal((await ask(ann, 'form', { model: 'res.partner', id: 999_999 })).result.record, false)
})

test('the doors of a form say how much is behind them, as far as this user may see it', async () => {
  const { user } = await company.person(employee)
  await company.system.call((sys: Env<true>) =>
    sys.model('res.users.apikeys').create([
      { name: 'One', user_id: user.id },
      { name: 'Another', user_id: user.id },
    ]),
  )
  const counts = async (cookie: string, model: string, id: unknown) => (await ask(cookie, 'counts', { model, id })).result
  assert.deepEqual(await counts(root, 'res.users', user.id), [2])
  assert.deepEqual(await counts(ann, 'res.users', user.id), [0], 'keys of others')
  assert.deepEqual(await counts(ann, 'res.partner', 1), [false], 'a field of the record says it')
  assert.equal((await ask(ann, 'counts', { model: 'res.partner', id: 'x' })).error.data.name, 'builtins.TypeError')
})

test('the questions are refused to strangers, to other sites and for models that are not there', async () => {
  assert.equal((await ask('', 'list', { model: 'res.partner' })).error.code, 100)
  assert.equal((await ask(ann, 'list', { model: 'res.partner' }, { origin: 'http://evil.example' })).status, 403)
  for (const model of ['no.such', '__proto__', 7, null]) assert.equal((await ask(ann, 'views', { model })).error.code, 404, String(model))
  assert.equal(
    (await ask(ann, 'list', { model: 'res.partner', context: { allowed_company_ids: [999] } })).error.data.name,
    'odoo.exceptions.AccessError',
  )
})

test('Ctrl-K finds records by name, of models in the menu alone', async () => {
  const found = (await ask(root, 'find', { text: 'admin' })).result as { model: string; name: string }[]
  assert.ok(found.some(({ model }) => model === 'res.partner'))
  assert.ok(!(await ask(ann, 'find', { text: 'admin' })).result.some(({ model }: { model: string }) => model === 'res.users'))
  assert.deepEqual((await ask(root, 'find', { text: 'a' })).result, [])
})
