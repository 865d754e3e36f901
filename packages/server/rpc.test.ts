import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, describe, test } from 'node:test'
import { administrator, base, contactManager, employee, portal } from '@erp4/base'
import { type Connection, type Env, Prepared, sql } from '@erp4/orm'
import { world } from '@erp4/testing'
import { createApp } from './app.ts'
import { hashPassword } from './auth/index.ts'
import { FileStore } from './files/index.ts'
import type { Hosting, InstanceRecord } from './hosting.ts'
import { createLogger } from './logging.ts'

/** The four protocols against a real instance; what Odoo answers is in external-api.md. */
const password = 'correct horse battery'
const company = await world(base)
const ann = (await company.person(employee, contactManager)).user
const boss = (await company.person(administrator)).user
const carl = (await company.person(portal)).user
const dora = (await company.person(employee)).user
const hash = await hashPassword(password, 1000)
await company.system.call((sys: Env<true>) =>
  sys
    .model('res.users')
    .browse([ann.id, boss.id, carl.id])
    .write({ password: new Prepared(hash) as never }),
)

const record: InstanceRecord = {
  uuid: 'a',
  name: 'azure',
  database: company.database,
  generation: 1,
  kind: 'live',
  apps: ['base'],
  hosts: ['127.0.0.1'],
  origin: 'http://azure.example.com',
}
let leases = 0
const hosting: Hosting = {
  find: (host) => (host === '127.0.0.1' ? record : undefined),
  connect: () => Promise.reject(new Error('The world connects.')),
  markActive: async () => void leases++,
  keys: (name) => ({ derive: (purpose) => createHmac('sha256', name).update(purpose).digest() }),
}
const files = new FileStore({ folder: '/nonexistent', instance: 'a', keys: { name: Buffer.alloc(32, 1), wrap: Buffer.alloc(32, 2) } })
const log = createLogger({ level: 'error' })

/** The world's connections, which note how many statements each loan ran. */
let statements: number[] = []
const counted = new Proxy(company.databases, {
  get(target, name) {
    if (name !== 'use' && name !== 'transaction') return Reflect.get(target, name, target)
    return (database: string, work: (cx: Connection) => Promise<unknown>, options?: object) =>
      target[name](
        database,
        async (cx) => {
          const result = await work(cx)
          statements.push(cx.statements)
          return result
        },
        options ?? {},
      )
  },
})
const app = createApp({ hosting, databases: counted, registryFor: () => company.registry, filesFor: () => files, log })
const origin = `http://127.0.0.1:${await app.listen({ addresses: ['127.0.0.1'], port: 0 })}`
after(() => app.stop({ drainMs: 0 }))

interface Posted {
  status: number
  headers: Headers
  body: any
}

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Posted> {
  const answer = await fetch(origin + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: answer.status, headers: answer.headers, body: await answer.json() }
}

const object = async (...args: unknown[]): Promise<any> =>
  (
    await post('/jsonrpc', {
      jsonrpc: '2.0',
      id: 1,
      method: 'call',
      params: { service: 'object', method: 'execute_kw', args: ['azure', ...args] },
    })
  ).body
const annCalls = (model: string, method: string, args: unknown[], kwargs: unknown = {}): Promise<any> =>
  object(ann.id, password, model, method, args, kwargs)

let cookie: string | undefined
async function session(): Promise<string> {
  if (cookie) return cookie
  const { headers } = await post('/web/session/authenticate', { params: { db: 'azure', login: ann.login, password } })
  cookie = headers.getSetCookie()[0]!.split(';')[0]!
  return cookie
}

let key: string | undefined
async function bearer(): Promise<Record<string, string>> {
  if (!key) {
    const { result: id } = await annCalls('res.users.apikeys.description', 'create', [{ name: 'tests', duration: '1' }])
    const { result } = await annCalls('res.users.apikeys.description', 'make_key', [[id]])
    key = result.context.default_key as string
  }
  return { authorization: `bearer ${key}` }
}

test('authenticate gives the id for the right password and false for everything else', async () => {
  const ask = async (method: string, ...args: unknown[]): Promise<unknown> =>
    (await post('/jsonrpc', { id: 1, params: { service: 'common', method, args } })).body.result
  assert.equal(await ask('login', 'azure', ann.login, password), ann.id)
  assert.equal(await ask('authenticate', 'azure', ann.login, password, []), ann.id)
  assert.equal(await ask('authenticate', 'azure', ann.login, 'wrong', {}), false)
  assert.equal(await ask('authenticate', 'azure', 'nobody', password, null), false)
  assert.equal(await ask('authenticate', 'azure', ann.login, false, {}), false)
  assert.equal(leases, 1, 'sign-ins write to the trail, so the sealer is told')
})

test('a wrong password later is AccessDenied, and nothing has happened', async () => {
  const count = (): Promise<number> => company.system.model('res.partner').count([])
  const before = await count()
  const { error, result } = await object(ann.id, 'wrong', 'res.partner', 'create', [{ name: 'Ghost' }])
  assert.deepEqual([error.code, error.data.name, result], [0, 'odoo.exceptions.AccessDenied', undefined])
  assert.equal(await count(), before)
})

test('a record is made, read, changed and removed over JSON-RPC', async () => {
  const { result: id } = await annCalls('res.partner', 'create', [{ name: 'Azure Interior' }])
  assert.equal(typeof id, 'number')
  const read = async (): Promise<any> => (await annCalls('res.partner', 'read', [id], { fields: ['name', 'parent_id'] })).result
  assert.deepEqual(await read(), [{ id, name: 'Azure Interior', parent_id: false }])
  assert.equal((await annCalls('res.partner', 'write', [[id], { name: 'Azure' }])).result, true)
  assert.equal((await read())[0].name, 'Azure')
  assert.equal((await annCalls('res.partner', 'unlink', [[id]])).result, true)
  assert.deepEqual(await read(), [])
})

for (const [name, call, data] of [
  ['an unknown model', ['no.model', 'read', [[1]]], 'odoo.exceptions.UserError'],
  ['an unknown method', ['res.partner', 'nothing', []], 'builtins.AttributeError'],
  ['a private method', ['res.partner', '_write', [[1], {}]], 'odoo.exceptions.AccessError'],
  ['a method of every object', ['res.partner', 'constructor', []], 'builtins.AttributeError'],
  ['a method of prototypes', ['res.partner', '__proto__', []], 'odoo.exceptions.AccessError'],
  ['a model of prototypes', ['__proto__', 'read', [[1]]], 'odoo.exceptions.UserError'],
  ['an unknown field', ['res.partner', 'read', [[1], ['nothing']]], 'builtins.ValueError'],
  ['an unknown argument', ['res.partner', 'search', [[]], { nothing: 1 }], 'builtins.TypeError'],
  ['a foreign company', ['res.partner', 'search', [[]], { context: { allowed_company_ids: [99] } }], 'odoo.exceptions.AccessError'],
  ['a language that is not installed', ['res.partner', 'search', [[]], { context: { lang: 'xx_XX' } }], 'odoo.exceptions.UserError'],
] as const) {
  test(`${name} is ${data}, with neither trace nor path`, async () => {
    const { error } = await annCalls(call[0], call[1], call[2] as unknown as unknown[], call[3])
    assert.equal(error.data.name, data)
    assert.ok(!/packages|node_modules|select|\.ts/.test(JSON.stringify(error)), JSON.stringify(error))
  })
}

test('XML-RPC answers the same, with doubles where the field is one', async () => {
  const value = (one: unknown): string => `<param><value>${String(one)}</value></param>`
  const xml = (method: string, ...params: unknown[]): string =>
    `<methodCall><methodName>${method}</methodName><params>${params.map(value).join('')}</params></methodCall>`
  const call = async (method: string, rest: string): Promise<string> => {
    const body = xml('execute_kw', 'azure', `<int>${ann.id}</int>`, password, 'res.currency', method, rest)
    const answer = await fetch(`${origin}/xmlrpc/2/object`, { method: 'POST', body, headers: { 'content-type': 'text/xml' } })
    assert.equal(answer.status, 200)
    return answer.text()
  }
  const fields = '<array><data><value>name</value><value>rounding</value><value>decimal_places</value></data></array>'
  const domain =
    '<array><data><value><array><data><value>name</value><value>=</value><value>EUR</value></data></array></value></data></array>'
  const found = await call('search_read', `<array><data><value>${domain}</value><value>${fields}</value></data></array>`)
  assert.match(found, /<name>rounding<\/name>\n<value><double>0\.01<\/double>/)
  assert.match(found, /<name>decimal_places<\/name>\n<value><int>2<\/int>/)
  assert.match(await call('_write', '<array><data/></array>'), /<int>4<\/int>.*Private methods/s)
})

test('a session answers who it is, calls methods and ends', async () => {
  const refused = await post('/web/session/authenticate', { id: 3, params: { db: 'azure', login: ann.login, password: 'wrong' } })
  assert.equal(refused.body.error.data.name, 'odoo.exceptions.AccessDenied')
  assert.deepEqual(refused.headers.getSetCookie(), [])

  const { headers, body } = await post('/web/session/authenticate', { id: 3, params: { db: 'azure', login: ann.login, password } })
  const [first] = headers.getSetCookie()
  assert.match(first!, /^session_id=[A-Za-z0-9_-]{84}; Path=\/; HttpOnly; SameSite=Lax$/)
  const { result } = body
  assert.deepEqual(
    [result.uid, result.db, result.username, result.server_version, result.is_internal_user, result.is_system],
    [ann.id, 'azure', ann.login, '19.0', true, false],
  )
  assert.deepEqual(result.user_context, { lang: 'en_US', tz: 'UTC', uid: ann.id })
  assert.equal(result.user_companies.allowed_companies[ann.company_id].id, ann.company_id)

  const signed = { cookie: first!.split(';')[0]! }
  const names = await post(
    '/web/dataset/call_kw/res.partner/search_count',
    { id: 4, params: { model: 'res.partner', method: 'search_count', args: [[]], kwargs: {} } },
    signed,
  )
  assert.equal(typeof names.body.result, 'number')
  const button = await post(
    '/web/dataset/call_button',
    { id: 4, params: { model: 'res.partner', method: 'search_count', args: [[]], kwargs: {} } },
    signed,
  )
  assert.equal(button.body.result, false)
  assert.deepEqual((await post('/web/session/check', { id: 5, params: {} }, signed)).body, { jsonrpc: '2.0', id: 5 })
  assert.deepEqual((await post('/web/session/destroy', { id: 5, params: {} }, signed)).body, { jsonrpc: '2.0', id: 5 })
  const late = await post(
    '/web/dataset/call_kw',
    { id: 6, params: { model: 'res.partner', method: 'search', args: [[]], kwargs: {} } },
    signed,
  )
  assert.deepEqual([late.body.error.code, late.body.error.message], [100, 'Odoo Session Expired'])
})

test('over the session an unknown model is code 404 without an id', async () => {
  const { body } = await post(
    '/web/dataset/call_kw',
    { id: 6, params: { model: 'no.model', method: 'search', args: [[]], kwargs: {} } },
    { cookie: await session() },
  )
  assert.deepEqual([body.id, body.error.code, body.error.data.name], [null, 404, 'werkzeug.exceptions.NotFound'])
})

test('a key is made after the password was confirmed, and opens JSON-2', async () => {
  const headers = await bearer()
  assert.match(key!, /^[0-9a-f]{40}$/)
  const { status, body } = await post(
    '/json/2/res.users/context_get',
    {},
    { authorization: headers.authorization!.replace('bearer', 'BEARER') },
  )
  assert.deepEqual([status, body.uid], [200, ann.id])
  assert.equal((await object(ann.id, key, 'res.partner', 'search_count', [[]])).error, undefined)
})

test('JSON-2 gives bare values, and its own statuses', async () => {
  const headers = await bearer()
  const made = await post('/json/2/res.partner/create', { vals_list: { name: 'Bert' } }, headers)
  assert.equal(made.status, 200)
  assert.ok(Array.isArray(made.body) && made.body.length === 1)
  const { body } = await post('/json/2/res.partner/read', { ids: made.body, fields: ['name'] }, headers)
  assert.deepEqual(body, [{ id: made.body[0], name: 'Bert' }])
  for (const [path, sent, status, name, sentHeaders = headers] of [
    ['res.partner/read', { ids: [1], nothing: 1 }, 422, 'werkzeug.exceptions.UnprocessableEntity'],
    ['res.partner/write', { ids: [1] }, 422, 'werkzeug.exceptions.UnprocessableEntity'],
    ['res.partner/search', { ids: [1] }, 422, 'werkzeug.exceptions.UnprocessableEntity'],
    ['res.partner/search', [], 422, 'werkzeug.exceptions.UnprocessableEntity'],
    ['no.model/read', {}, 404, 'werkzeug.exceptions.NotFound'],
    ['res.partner/nothing', {}, 404, 'werkzeug.exceptions.NotFound'],
    ['res.partner/_write', {}, 403, 'odoo.exceptions.AccessError'],
    ['res.partner/read', { ids: [1], fields: ['nothing'] }, 500, 'builtins.ValueError'],
    ['res.partner/create', { vals_list: [{}] }, 422, 'odoo.exceptions.ValidationError'],
    ['res.partner/read', {}, 401, 'werkzeug.exceptions.Unauthorized', { authorization: `bearer ${'0'.repeat(40)}` }],
    ['no.model/read', {}, 401, 'werkzeug.exceptions.Unauthorized', { authorization: 'bearer x' }],
    ['res.partner/read', {}, 401, 'werkzeug.exceptions.Unauthorized', { authorization: `Basic ${key}` }],
    ['res.partner/read', {}, 401, 'werkzeug.exceptions.Unauthorized', { cookie: await session() }],
  ] as const) {
    const answer = await post(`/json/2/${path}`, sent, sentHeaders)
    assert.deepEqual([answer.status, answer.body.name], [status, name], path)
  }
})

test("a key with another person's session is refused", async () => {
  const { headers } = await post('/web/session/authenticate', { params: { db: 'azure', login: boss.login, password } })
  const other = headers.getSetCookie()[0]!.split(';')[0]!
  const refused = await post('/json/2/res.users/context_get', {}, { ...(await bearer()), cookie: other })
  assert.deepEqual([refused.status, refused.body.name], [403, 'odoo.exceptions.AccessDenied'])
  assert.equal((await post('/json/2/res.users/context_get', {}, { ...(await bearer()), cookie: await session() })).status, 200)
})

test('a repeated create with the same Idempotency-Key makes one record', async () => {
  const headers = { ...(await bearer()), 'idempotency-key': 'order-17' }
  const values = { vals_list: [{ name: 'Once' }] }
  const answers = await Promise.all([1, 2, 3].map(() => post('/json/2/res.partner/create', values, headers)))
  assert.deepEqual(new Set(answers.map(({ status, body }) => JSON.stringify([status, body]))).size, 1)
  assert.equal(await company.system.model('res.partner').count([['name', '=', 'Once']]), 1)
  const other = await post('/json/2/res.partner/create', { vals_list: [{ name: 'Twice' }] }, headers)
  assert.deepEqual([other.status, other.body.name], [422, 'odoo.exceptions.UserError'])
  assert.equal(await company.system.model('res.partner').count([['name', '=', 'Twice']]), 0)
})

test('a call that fails forgets its Idempotency-Key', async () => {
  const headers = { ...(await bearer()), 'idempotency-key': 'order-18' }
  assert.equal((await post('/json/2/res.partner/create', { vals_list: [{}] }, headers)).status, 422)
  assert.equal((await post('/json/2/res.partner/create', { vals_list: [{ name: 'Late' }] }, headers)).status, 200)
})

test('writing calls hold a lease, once a minute', () => assert.equal(leases, 1))

test('calls keep to their budgets of statements, over a key and over the session', async () => {
  const key = await bearer()
  const cookie = { cookie: await session() }
  const [id] = (await post('/json/2/res.partner/create', { vals_list: [{ name: 'Counted' }] }, key)).body
  for (const [method, body, budget] of [
    ['read', { ids: [id], fields: ['name', 'city', 'parent_id', 'country_id'] }, 2],
    ['search_read', { domain: [['is_company', '=', false]], fields: ['name', 'email', 'parent_id', 'user_id'], limit: 80 }, 2],
    ['web_search_read', { domain: [], specification: { name: {}, parent_id: { fields: { display_name: {} } } }, limit: 80 }, 3],
    ['create', { vals_list: [{ name: 'Counted too' }] }, 6],
    ['write', { ids: [id], vals: { city: 'Daegu' } }, 5],
  ] as const) {
    const { ids, ...kwargs } = body as { ids?: number[] } & Record<string, unknown>
    for (const call of [
      () => post(`/json/2/res.partner/${method}`, body, key),
      () => post('/web/dataset/call_kw', { params: { model: 'res.partner', method, args: ids ? [ids] : [], kwargs } }, cookie),
    ]) {
      await call()
      statements = []
      const answer = await call()
      assert.ok(answer.status === 200 && !answer.body.error, JSON.stringify(answer.body))
      const total = statements.reduce((sum, one) => sum + one, 0)
      assert.ok(total <= budget, `${method} took ${total} statements, ${budget} are allowed`)
    }
  }
})

test('the documentation names models, fields and arguments', async () => {
  const headers = await bearer()
  const get = async (path: string, sent = headers): Promise<[number, any]> => {
    const answer = await fetch(origin + path, { headers: sent })
    return [answer.status, await answer.json()]
  }
  const [status, partner] = await get('/doc-bearer/res.partner.json')
  assert.equal(status, 200)
  assert.deepEqual(Object.keys(partner), ['model', 'name', 'doc', 'fields', 'methods'])
  assert.ok('domain' in partner.methods.search_read.parameters)
  assert.deepEqual(partner.methods.search_read.api.includes('model'), true)
  assert.equal(partner.fields.name.type, 'char')
  assert.equal((await get('/doc-bearer/index.json'))[0], 200)
  assert.equal((await get('/doc-bearer/no.model.json'))[0], 404)
  assert.equal((await get('/doc-bearer/res.partner.json', { authorization: 'bearer x' }))[0], 401)
})

test('nobody changes a password for anybody, an administrator his own neither, whichever way it is sent, and nothing changes', async () => {
  const hers = { cookie: await session() }
  const { headers } = await post('/web/session/authenticate', { params: { db: 'azure', login: boss.login, password } })
  const his = { cookie: headers.getSetCookie()[0]!.split(';')[0]! }
  const call = (method: string, ...args: unknown[]): Promise<Posted> =>
    post('/web/dataset/call_kw', { params: { model: 'res.users', method, args, kwargs: {} } }, his)
  const stored = (): Promise<unknown[]> =>
    company.databases.use(company.database, (cx) => cx.query(sql`select id, login, password, sec_version from res_users order by id`))

  const before = await stored()
  const secret = { password: 'another long sentence' }
  const refusals = [
    await call('write', [ann.id], secret),
    await call('write', [boss.id], secret),
    await call('write', [ann.id], { lang: 'en_US', ...secret }),
    await call('web_save', [ann.id], secret, { id: {} }),
    await call('web_save', [], { name: 'Eve', login: 'eve', ...secret }, { id: {} }),
  ]
  for (const { body } of refusals) assert.match(body.error.data.message, /chosen by its owner alone: send a link/)
  for (const other of ['', false, null, { value: 'x' }, ['x']])
    assert.ok((await call('write', [ann.id], { password: other })).body.error, String(other))
  const loaded = await call('load', ['name', 'login', 'password'], [['Eve', 'eve', 'another long sentence']])
  assert.ok(loaded.body.error ?? loaded.body.result.ids === false, JSON.stringify(loaded.body))
  assert.deepEqual(await stored(), before)
  assert.equal((await post('/web/session/check', { params: {} }, hers)).body.error, undefined)
})

test('a program makes a user with a first password, which is kept as a hash, and changes it no more', async () => {
  const { headers } = await post('/web/session/authenticate', { params: { db: 'azure', login: boss.login, password } })
  const his = { cookie: headers.getSetCookie()[0]!.split(';')[0]! }
  const call = async (method: string, ...args: unknown[]) =>
    (await post('/web/dataset/call_kw', { params: { model: 'res.users', method, args, kwargs: {} } }, his)).body
  const somebody = { name: 'Eve', login: 'eve' }
  assert.match((await call('create', { ...somebody, password: 'short' })).error.data.message, /at least \d+ characters/)
  const { result: eve } = await call('create', { ...somebody, password: 'the first long password' })
  const [{ password: kept }] = (await company.databases.use(company.database, (cx) =>
    cx.query<{ password: string }>(sql`select password from res_users where id = ${eve as number}`),
  )) as [{ password: string }]
  assert.match(kept, /^\$pbkdf2-sha512\$600000\$/)
  assert.ok((await call('write', [eve], { password: 'another long password' })).error)
  const enter = (secret: string) => post('/web/session/authenticate', { params: { db: 'azure', login: 'eve', password: secret } })
  const entered = await enter('the first long password')
  assert.equal(entered.body.result?.uid, eve, JSON.stringify(entered.body))
  assert.ok((await enter('another long password')).body.error)
})

describe("changing one's own password", () => {
  const enter = async (password: string): Promise<Posted & { cookie: Record<string, string> }> => {
    const answer = await post('/web/session/authenticate', { params: { db: 'azure', login: carl.login, password } })
    return { ...answer, cookie: { cookie: answer.headers.getSetCookie()[0]?.split(';')[0] ?? '' } }
  }
  const change = (by: Record<string, string>, ...args: unknown[]): Promise<Posted> =>
    post('/web/dataset/call_kw', { params: { model: 'res.users', method: 'change_password', args, kwargs: {} } }, by)
  const isIn = async ({ cookie }: { cookie: Record<string, string> }): Promise<boolean> =>
    (await post('/web/session/check', { params: {} }, cookie)).body.error === undefined
  const stored = (): Promise<{ password: string; n: string }[]> =>
    company.databases.use(company.database, (cx) =>
      cx.query(sql`select password, (select count(*) from audit_in where operation = 'login_failed' and rec = ${carl.id}::int4) as n
                   from res_users where id = ${carl.id}::int4`),
    )

  test('takes the old one, even in a session that has just begun, and a long enough new one', async () => {
    const here = await enter(password)
    const [before] = await stored()
    assert.equal((await change(here.cookie, 'a wrong guess', 'a new long sentence')).body.error.data.name, 'odoo.exceptions.AccessDenied')
    assert.equal((await change(here.cookie, '', 'a new long sentence')).body.error.data.name, 'odoo.exceptions.AccessDenied')
    assert.equal((await change(here.cookie, false, 'a new long sentence')).body.error.data.name, 'builtins.TypeError')
    assert.equal((await change(here.cookie, ['x'], 'a new long sentence')).body.error.data.name, 'odoo.exceptions.ValidationError')
    assert.equal((await change(here.cookie, password, 'too short')).body.error.data.name, 'odoo.exceptions.ValidationError')
    assert.equal((await change(here.cookie, password, '')).body.error.data.name, 'odoo.exceptions.ValidationError')
    assert.deepEqual(
      await stored(),
      [{ password: before!.password, n: Number(before!.n) + 1 }],
      'nothing changed, and the guess was counted',
    )
    assert.ok(await isIn(here))
  })

  test('ends his other sessions and goes on in this one, and the old password is worth nothing any more', async () => {
    const [here, elsewhere] = [await enter(password), await enter(password)]
    assert.equal((await change(here.cookie, password, 'a new long sentence')).body.result, true)
    assert.deepEqual([await isIn(here), await isIn(elsewhere)], [true, false])
    assert.equal((await enter(password)).body.error.data.name, 'odoo.exceptions.AccessDenied')
    assert.ok(await isIn(await enter('a new long sentence')))
    assert.match((await stored())[0]!.password, /^\$pbkdf2-sha512\$600000\$/)
    const trail = await company.databases.use(company.database, (cx) =>
      cx.query<{ change: unknown }>(sql`select change::text from audit_in where model = 'res.users' and rec = ${carl.id}::int4`),
    )
    assert.ok(!JSON.stringify(trail).includes('pbkdf2') && !JSON.stringify(trail).includes('sentence'), 'the trail holds neither')
  })
})

test('a user without a password is invited, and cannot sign in by any way of writing none', async () => {
  for (const given of ['', 'null', '$pbkdf2-sha512$'])
    assert.equal(
      (await post('/web/session/authenticate', { params: { db: 'azure', login: dora.login, password: given } })).body.error.data.name,
      'odoo.exceptions.AccessDenied',
    )
})
