import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { administrator, contactManager, portal } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import { Databases, type Env, Prepared, sql } from '@erp4/orm'
import { connectAs, listInstances, withClient } from '@erp4/ops'
import { FileStore, hashPassword, shareFile } from '@erp4/server'
import { type World, withCluster, world } from '@erp4/testing'
import { type Answer, type Ask, openSite, password } from './site.ts'

// Two instances behind one server, with people of the same ids: nothing that one of them gave means anything at the other.

const [azure, bakery] = [await world(contacts), await world(contacts)]
const more: World[] = []
/** With the two: thirty with `--long`, which take their time to make; ten want more connections than there are, too. */
const fours = process.env['ERP4_LONG'] === '1' ? 7 : 2
for (let i = 0; i < fours; i++) more.push(...(await Promise.all(Array.from({ length: 4 }, () => world(contacts)))))
const site = await openSite([azure, bakery, ...more], { budget: { total: 10, perDatabase: 4 } })
const [a, b] = site.records as [(typeof site.records)[0], (typeof site.records)[0]]
const [hostA, hostB] = [a.hosts[0]!, b.hosts[0]!]
const people = await Promise.all([azure, bakery].map((one) => one.person(administrator).then(({ user }) => user)))
const [ann, bob] = people as [(typeof people)[0], (typeof people)[0]]
const [asAnn, asBob] = await Promise.all([site.caller(0, ann.id), site.caller(1, bob.id)])
const keyOfAnn = await asAnn.key()
const marks = ['AZURE-MARK', 'BAKERY-MARK'] as const
for (const [i, one] of [azure, bakery].entries()) {
  await one.system
    .model('res.partner')
    .create(Array.from({ length: 5 }, (_, n) => ({ name: `${marks[i]} ${n}`, email: `${n}@${marks[i]!.toLowerCase()}.example` })))
  await one.system.model('ir.config_parameter').create({ key: 'mark', value: marks[i]! })
}

const post = (path: string, host: string, body: unknown, more: Ask = {}): Promise<Answer> =>
  site.send(path, { ...more, host, method: 'POST', body })
const call = (
  host: string,
  headers: Ask['headers'],
  model = 'res.partner',
  method = 'search_read',
  args: unknown[] = [[], ['name', 'email']],
) => post('/web/dataset/call_kw', host, { id: 1, params: { model, method, args, kwargs: {} } }, { headers: headers ?? {} })
const rpc = (host: string, service: string, method: string, args: unknown[]) =>
  post('/jsonrpc', host, { id: 1, params: { service, method, args } })

/** What a caller sees of an answer; the reference and the time differ between any two. */
const seen = ({ status, headers, text }: Answer): unknown => {
  const { date: _, 'x-request-id': __, 'content-security-policy': policy, 'set-cookie': cookie, ...rest } = headers
  return [
    status,
    rest,
    policy?.toString().replaceAll(/nonce-[^']+/g, 'nonce'),
    cookie?.length,
    text.replaceAll(/nonce="[^"]+"|value="[^"]{40,}"/g, ''),
  ]
}

test('both have a user with the same id, so that nothing but the instance tells them apart', () => {
  assert.equal(ann.id, bob.id)
  assert.notEqual(a.database, b.database)
})

test("a session, a device, a form's token and a key of one are a stranger's at the other", async () => {
  const stranger = await call(hostB, { cookie: `session_id=${'x'.repeat(84)}` })
  assert.deepEqual(seen(await call(hostB, { cookie: asAnn.cookie })), seen(stranger))
  assert.match(stranger.text, /SessionExpired/)
  assert.match((await call(hostA, { cookie: asAnn.cookie })).text, /AZURE-MARK/)

  const json2 = (host: string, key: string, headers = {}) =>
    post(
      '/json/2/res.partner/search_read',
      host,
      { domain: [], fields: ['name'] },
      { headers: { authorization: `bearer ${key}`, ...headers } },
    )
  assert.match((await json2(hostA, keyOfAnn)).text, /AZURE-MARK/)
  assert.deepEqual(seen(await json2(hostB, keyOfAnn)), seen(await json2(hostB, '0'.repeat(40))))
  assert.deepEqual(seen(await json2(hostB, keyOfAnn, { cookie: asBob.cookie })), seen(await json2(hostB, '0'.repeat(40))))
  assert.match((await rpc(hostB, 'object', 'execute_kw', [b.name, bob.id, keyOfAnn, 'res.partner', 'search', [[]]])).text, /AccessDenied/)
  assert.equal(JSON.parse((await rpc(hostB, 'common', 'login', [b.name, bob.login, keyOfAnn])).text).result, false)

  const page = await site.send('/web/login', { host: hostA })
  const token = /name="csrf_token" value="([^"]+)"/.exec(page.text)![1]!
  const form = page.headers['set-cookie']![0]!.split(';')[0]!
  const signIn = (host: string) =>
    site.send('/web/login', {
      host,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', cookie: form },
      body: new URLSearchParams({ csrf_token: token, login: bob.login, password }).toString(),
    })
  assert.equal((await signIn(hostB)).status, 403)
  assert.equal((await signIn(hostA)).status, 303)
})

test('a name beside the host that is not its own is refused, the same for a neighbour and for nobody', async () => {
  const names = [b.name, 'nobody', b.database, a.name.toUpperCase(), '', 'postgres', b.uuid]
  for (const name of names) {
    for (const headers of [
      { cookie: asAnn.cookie, 'x-odoo-database': name },
      { authorization: `bearer ${keyOfAnn}`, 'x-odoo-database': name },
    ]) {
      const answer = await call(hostA, headers)
      assert.deepEqual([answer.status, answer.text], [404, ''], name)
    }
    assert.deepEqual(
      [
        (await site.send(`/web/login?db=${encodeURIComponent(name)}`, { host: hostA })).status,
        (await site.send(`/odoo?db=${encodeURIComponent(name)}`, { host: hostA, headers: { cookie: asAnn.cookie } })).status,
      ],
      [404, 404],
    )
    const told = (text: string) => text.replaceAll(JSON.stringify(name).slice(1, -1), '<name>')
    for (const args of [
      [ann.login, password],
      [bob.login, password],
    ])
      assert.match((await rpc(hostA, 'common', 'login', [name, ...args])).text, /does not exist/)
    assert.equal(
      told((await rpc(hostA, 'object', 'execute_kw', [name, ann.id, password, 'res.partner', 'search', [[]]])).text),
      told((await rpc(hostA, 'object', 'execute_kw', [name, 999, 'x', 'no.model', 'x', []])).text),
    )
    assert.match(
      (await post('/web/session/authenticate', hostA, { params: { db: name, login: bob.login, password } })).text,
      /does not exist/,
    )
    assert.equal(JSON.parse((await rpc(hostA, 'db', 'db_exist', [name])).text).result, false)
  }
  assert.deepEqual(JSON.parse((await rpc(hostA, 'db', 'list', [])).text).result, [a.name])
  assert.deepEqual(JSON.parse((await post('/web/database/list', hostA, { params: {} })).text).result, [a.name])
})

test('an instance answers its exact host names alone; everything else is an empty 404', async () => {
  const cookie = asAnn.cookie
  for (const host of [`${hostA}:8069`, hostA.toUpperCase(), `${hostA}.`])
    assert.match((await call(host, { cookie })).text, /AZURE-MARK/, host)
  for (const host of [
    `x.${hostA}`,
    hostA.slice(1),
    `${hostA}.evil.example`,
    `${hostA}..`,
    `evil.example/${hostA}`,
    `${hostA}@evil.example`,
    `${hostA}#`,
    `${hostA}%00`,
    'localhost',
    '127.0.0.1',
    '[::1]',
    '*',
    '.',
    '-',
    `${a.name}.localhost`,
    a.database,
    `${hostA},${hostB}`,
    `${hostA} ${hostB}`,
  ]) {
    const answer = await call(host, { cookie })
    assert.deepEqual([answer.status, answer.text], [404, ''], host)
  }
  for (const name of [
    'x-forwarded-host',
    'x-host',
    'x-original-host',
    'forwarded',
    'x-forwarded-server',
    'x-http-host-override',
    'x-rewrite-url',
    'x-original-url',
  ])
    assert.match((await call(hostA, { cookie, [name]: name === 'forwarded' ? `host=${hostB}` : hostB })).text, /AZURE-MARK/, name)

  const raw = (...lines: string[]) => site.raw(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`)
  const told = (text: string): string => text.split('\r\n', 1)[0]!.split(' ')[1] ?? ''
  assert.equal(told(await raw('GET /web/login HTTP/1.1', `Host: ${hostA}`)), '200')
  assert.equal(told(await raw(`GET http://${hostB}/web/login HTTP/1.1`, `Host: ${hostA}`)), '404')
  assert.equal(told(await raw(`GET http://${hostA}/web/login HTTP/1.1`, `Host: ${hostA}`)), '404')
  assert.match(told(await raw('GET /web/login HTTP/1.1', `Host: ${hostA}`, `Host: ${hostB}`)), /^40[04]$/)
  assert.match(told(await raw('GET /web/login HTTP/1.1', `Host: ${hostA}`, `host: ${hostA}`)), /^40[04]$/)
  assert.match(told(await raw('GET /web/login HTTP/1.1')), /^40[04]$/)
  assert.match(told(await raw('GET /web/login HTTP/1.0')), /^40[04]$/)
  assert.match(told(await raw('GET /web/login HTTP/1.1', ` Host: ${hostA}`)), /^40[04]$/)
})

test("an idempotency key, a file's name, a link's token and an id of one find nothing at the other", async () => {
  const headers = { authorization: `bearer ${keyOfAnn}`, 'idempotency-key': 'one-order' }
  const made = await post('/json/2/res.partner/create', hostA, { vals_list: [{ name: 'AZURE-MARK once' }] }, { headers })
  assert.equal((await post('/json/2/res.partner/create', hostA, { vals_list: [{ name: 'AZURE-MARK once' }] }, { headers })).text, made.text)
  const before = await bakery.system.model('res.partner').count([])
  const other = await post(
    '/json/2/res.partner/create',
    hostB,
    { vals_list: [{ name: 'AZURE-MARK once' }] },
    { headers: { authorization: `bearer ${await asBob.key()}`, 'idempotency-key': 'one-order' } },
  )
  assert.equal(other.status, 200)
  assert.equal(await bakery.system.model('res.partner').count([]), before + 1)
  await bakery.system.model('res.partner').browse(JSON.parse(other.text)).unlink()

  const storeOf = (record: typeof a) => {
    const keys = site.hosting.keys(record.name)
    return new FileStore({
      folder: site.filesOf(record),
      instance: record.uuid,
      keys: { name: keys.derive('names'), wrap: keys.derive('files') },
    })
  }
  const content = Buffer.from('the same bytes in both').toString('base64')
  const { result: fileA } = await asAnn.call('ir.attachment', 'create', [{ name: 'a.txt', raw: content }])
  const { result: fileB } = await asBob.call('ir.attachment', 'create', [{ name: 'b.txt', raw: content }])
  const blobs = await Promise.all(
    [azure, bakery].map((one) => one.databases.use(one.database, (cx) => cx.query<{ hash: string }>(sql`select hash from blob`))),
  )
  assert.ok(
    blobs[0]!.length > 0 && !blobs[0]!.some(({ hash }) => blobs[1]!.some((other) => other.hash === hash)),
    'equal content has one name in both',
  )
  await assert.rejects(bakery.databases.use(bakery.database, (cx) => storeOf(b).get(cx, blobs[0]![0]!.hash)))

  const token = 'a token of a link'
  await azure.system
    .model('ir.attachment')
    .browse([fileA])
    .write({ access_token: createHash('sha256').update(token).digest('hex') })
  const link = `/web/content/${fileA}?access_token=${encodeURIComponent(token)}`
  assert.match((await site.send(link, { host: hostA })).text, /the same bytes/)
  assert.deepEqual(seen(await site.send(link, { host: hostB })), seen(await site.send(`/web/content/${fileB + 1000}`, { host: hostB })))
  assert.equal((await site.send(`/web/content/${fileB}`, { host: hostB, headers: { cookie: asAnn.cookie } })).status, 404)
  assert.equal(shareFile.length, 2)
})

test('two hundred calls at once, half of each: no answer holds a word of the other', async () => {
  const keys = [keyOfAnn, await asBob.key()]
  const asked = Array.from({ length: 200 }, (_, n) => n % 2)
  const answers = await Promise.all(
    asked.map((i, n) => {
      const [host, cookie] = [[hostA, hostB][i]!, [asAnn.cookie, asBob.cookie][i]!]
      switch (n % 10) {
        case 0:
        case 1:
          return post(
            '/json/2/res.partner/search_read',
            host,
            { domain: [], fields: ['name', 'email'] },
            { headers: { authorization: `bearer ${keys[i]}` } },
          )
        case 2:
        case 3:
          return call(host, { cookie }, 'ir.config_parameter', 'get_param', ['mark'])
        case 4:
        case 5:
          return post('/web/session/get_session_info', host, { params: {} }, { headers: { cookie } })
        case 6:
        case 7:
          return call(host, { cookie }, 'res.partner', 'create', [{ name: `${marks[i]} made ${n}` }])
        default:
          return call(host, { cookie })
      }
    }),
  )
  for (const [n, answer] of answers.entries()) {
    assert.equal(answer.status, 200, answer.text)
    assert.ok(
      !answer.text.includes(marks[1 - asked[n]!]!) && !answer.text.includes([b, a][asked[n]!]!.name),
      `${n}: ${answer.text.slice(0, 200)}`,
    )
  }
  for (const [i, one] of [azure, bakery].entries()) {
    assert.equal(await one.system.model('res.partner').count([['name', 'like', marks[1 - i]!]]), 0)
    assert.equal(await one.system.model('res.partner').count([['name', 'like', 'made']]), 20)
  }
})

test('what is remembered of a user, of rights and of a wrong password belongs to one instance', async () => {
  // Warm both, then take the rights away in one.
  const [one, two] = [await azure.person(contactManager), await bakery.person(contactManager)]
  assert.equal(one.user.id, two.user.id)
  const callers = [await site.caller(0, one.user.id), await site.caller(1, two.user.id)] as const
  for (const caller of callers) assert.equal((await caller.call('res.partner', 'create', [{ name: 'warm' }])).error, undefined)
  const asPassword = (i: 0 | 1, method: string, args: unknown[]) =>
    rpc([hostA, hostB][i]!, 'object', 'execute_kw', [[a, b][i]!.name, one.user.id, password, 'res.partner', method, args])
  for (const i of [0, 1] as const) assert.match((await asPassword(i, 'search_count', [[]])).text, /"result":\d+/)
  const portalGroup = (await azure.system.model('res.groups').search([['key', '=', portal.name]])).ids
  await azure.system.call((sys: Env<true>) =>
    sys
      .model('res.users')
      .browse([one.user.id])
      .write({ group_ids: portalGroup } as never),
  )
  assert.match((await asPassword(0, 'create', [{ name: 'x' }])).text, /AccessError/)
  assert.match((await asPassword(1, 'create', [{ name: 'x' }])).text, /"result":\d+/)

  // The same person's other password there: what was found right here says nothing of it.
  const other = new Prepared(await hashPassword('quite another password', 1000))
  const again = new Prepared(await hashPassword(password, 1000))
  for (const [i, hash] of [again, other].entries()) {
    const side = i === 0 ? azure : bakery
    await side.system
      .model('res.users')
      .browse([one.user.id])
      .write({ password: hash } as never)
  }
  const versions = await Promise.all(
    [azure, bakery].map(({ system }) => system.model('res.users').browse([one.user.id]).read(['sec_version'])),
  )
  await bakery.databases.use(bakery.database, (cx) =>
    cx.query(sql`update res_users set sec_version = ${versions[0]![0]!.sec_version}::int4 where id = ${one.user.id}::int4`),
  )
  assert.match((await asPassword(0, 'search_count', [[]])).text, /"result":\d+/)
  assert.match((await asPassword(1, 'search_count', [[]])).text, /AccessDenied/)

  // Failures here are no failures there.
  for (let i = 0; i < 12; i++) await rpc(hostA, 'common', 'login', [a.name, two.user.login, `wrong ${i}`])
  assert.equal(JSON.parse((await rpc(hostA, 'common', 'login', [a.name, one.user.login, password])).text).result, false)
  assert.equal(
    JSON.parse((await rpc(hostB, 'common', 'login', [b.name, two.user.login, 'quite another password'])).text).result,
    two.user.id,
  )
})

test('the role that serves one instance reaches no other database, and makes nothing in its own', async () => {
  const host = await withCluster()
  const mine = (await listInstances(host)).find(({ uuid }) => uuid === a.uuid)!
  const config = await connectAs(host, mine, 'runtime')
  for (const database of [b.database, 'postgres', 'template1', 'erp4_host'])
    await assert.rejects(
      withClient({ ...config, database }, (db) => db.query('select 1')),
      { code: '42501' },
      database,
    )
  const role = (statement: string) => withClient(config, (db) => db.query(statement))
  for (const statement of [
    'create table planted (id int)',
    'create temp table planted (id int)',
    'create schema planted',
    "copy res_partner to '/tmp/x'",
    "copy res_partner to program 'id'",
    "select pg_read_file('/etc/passwd')",
    "select lo_import('/etc/passwd')",
    "select lo_from_bytea(0, 'x')",
    'create extension dblink',
    'create extension postgres_fdw',
    'alter system set fsync = off',
    `set role ${config.user!.replace('_runtime', '_owner')}`,
    'set role pg_database_owner',
    "create function f() returns int language sql as 'select 1'",
    'truncate audit_in',
    'delete from audit_in',
    'update audit_log set seq = 1',
    'insert into audit_log default values',
    'drop table res_partner',
    'alter table res_partner add x int',
  ])
    await assert.rejects(role(statement), { code: '42501' }, statement)
  for (const statement of [
    "select * from pg_stat_activity where datname <> current_database() and query <> '<insufficient privilege>' and query <> '' and query is not null",
    'select * from pg_authid',
  ])
    await role(statement).then(
      ({ rows }) => assert.deepEqual(rows, [], statement),
      (error: { code: string }) => assert.equal(error.code, '42501'),
    )
})

test(`${2 + fours * 4} instances visited at once share one budget of connections, and everybody is answered`, async () => {
  const host = await withCluster()
  // The two that this file itself is connected to are left out of the count.
  const counted = more.map(({ database }) => database)
  let [most, before] = [0, new Set<number>()]
  let isDone = false
  const watching = (async () => {
    while (!isDone) {
      const { rows } = await host.db.query<{ pid: number }>('select pid from pg_stat_activity where datname = any($1)', [counted])
      // One answer may hold a connection that ended while it was being made, and another that began after; who is in two was there between them.
      most = Math.max(most, rows.filter(({ pid }) => before.has(pid)).length)
      before = new Set(rows.map(({ pid }) => pid))
      assert.ok(site.databases.size <= 10, `${site.databases.size} connections`)
    }
  })()
  const visits = Array.from({ length: 360 }, (_, n) => site.records[n % site.records.length]!)
  const answers = await Promise.all(visits.map(({ hosts }) => call(hosts[0]!, { cookie: `session_id=${'x'.repeat(84)}` })))
  isDone = true
  await watching
  for (const { text } of answers) assert.match(text, /SessionExpired/)
  assert.ok(most > 0 && most <= 10, `${most} connections at once`)
})

test('a connection counts until it is closed, however quickly instances take turns', async () => {
  let [open, most] = [0, 0]
  const stream = (): Socket => {
    most = Math.max(most, ++open)
    return new Socket().once('close', () => open--)
  }
  const databases = new Databases(async (database) => ({ ...(await site.hosting.connect(database)), stream }), { total: 3, perDatabase: 2 })
  const visits = Array.from({ length: 200 }, (_, n) => more[n % 6]!.database)
  await Promise.all(visits.map((database) => databases.use(database, (cx) => cx.query(sql`select 1`))))
  await databases.close()
  assert.ok(most <= 3, `${most} connections at once, where the budget is 3`)
  assert.equal(open, 0)
})
