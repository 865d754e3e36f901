import assert from 'node:assert/strict'
import { test } from 'node:test'
import { doorsOf, recordOf } from './fixtures/doors.ts'
import { Pace } from './flood.ts'

/** A server of two instances that lets a person ask three times a minute, and a network ten times; and whether anybody asked a database. */
function server() {
  const { app, seen } = doorsOf([recordOf('azure'), recordOf('beryl')], {
    requests: { perPerson: 3, perNetwork: 10 },
    trustedProxies: ['127.0.0.1'],
  })
  const ask = (method: 'GET' | 'POST', url: string, { from = '203.0.113.7', ...headers }: Record<string, string> = {}, payload?: string) =>
    app.http.inject({
      method,
      url,
      headers: { host: 'azure.example.com', 'x-forwarded-for': from, ...headers },
      ...(payload === undefined ? {} : { payload }),
    })
  return { ask, seen }
}

const json = { 'content-type': 'application/json' }
const version = '/web/webclient/version_info'
const rpc = JSON.stringify({ jsonrpc: '2.0', id: 7, params: { service: 'common', method: 'version', args: [] } })
const said = /Too many requests came at once\. Nothing was done; ask again in \d+ s\./

test('whoever asks too much is told to wait in the words of his protocol, before anything is done; others go on', async () => {
  const { ask, seen } = server()
  for (let i = 0; i < 3; i++)
    assert.equal((await ask('GET', '/web/login', { accept: 'text/html', cookie: 'session_id=x' })).headers['retry-after'], undefined)
  const asked = seen.connections
  const cookie = 'session_id=x'
  const page = await ask('GET', '/web/login', { accept: 'text/html', cookie })
  assert.deepEqual([page.statusCode, page.headers['retry-after']], [429, '20'])
  assert.match(page.body, /<h1>Too many requests at once<\/h1>/)
  assert.match((await ask('GET', '/web', { accept: 'text/html', cookie, 'accept-language': 'ko' })).body, /요청이 한꺼번에 너무 많이/)
  for (const url of ['/jsonrpc', '/web/dataset/call_kw/res.partner/read', '/web/client/list']) {
    const { statusCode, headers, body } = await ask('POST', url, { ...json, cookie }, rpc)
    const { id, error } = JSON.parse(body) as { id: number; error: { data: { name: string; message: string } } }
    assert.deepEqual([statusCode, id, error.data.name, headers['retry-after']], [200, 7, 'odoo.exceptions.UserError', '20'], url)
    assert.match(error.data.message, said)
  }
  const upload = { 'content-type': 'application/octet-stream', cookie }
  assert.match((await ask('POST', '/web/transfer/upload?model=res.partner&name=x', upload, 'name\n')).body, said)
  assert.equal(seen.connections, asked, 'nobody asked a database for him')
  assert.equal((await ask('GET', '/web/login', { accept: 'text/html', cookie: 'session_id=y' })).headers['retry-after'], undefined)
  assert.equal((await ask('GET', '/healthz')).statusCode, 200)
})

test('a key and a password with each call are counted, too', async () => {
  const { ask } = server()
  const bearer = { ...json, authorization: `bearer ${'a'.repeat(40)}` }
  for (let i = 0; i < 3; i++) await ask('POST', '/json/2/res.partner/read', bearer, '{}')
  const two = await ask('POST', '/json/2/res.partner/read', bearer, '{}')
  assert.deepEqual([two.statusCode, two.headers['retry-after']], [429, '20'])
  assert.match((JSON.parse(two.body) as { message: string }).message, said)
  const call = '<?xml version="1.0"?><methodCall><methodName>version</methodName><params></params></methodCall>'
  const xml = (url: string) => ask('POST', url, { 'content-type': 'text/xml' }, call)
  for (let i = 0; i < 3; i++) assert.doesNotMatch((await xml('/xmlrpc/2/common')).body, said)
  const { statusCode, body, headers } = await xml('/xmlrpc/2/common')
  assert.deepEqual([statusCode, headers['retry-after']], [200, '20'])
  assert.match(body, /<fault>.*<int>2<\/int>.*Too many requests/s)
  assert.match((await xml('/xmlrpc/common')).body, /<fault>.*warning -- UserError.*Too many requests/s)
})

test('new sessions, keys and headers give no new minute beyond that of their network; another instance and another network have their own', async () => {
  const { ask } = server()
  const login = (n: number, more = {}) => ask('POST', version, { ...json, cookie: `session_id=${n}`, ...more }, rpc)
  const held = async (n: number, more = {}) => (await login(n, more)).headers['retry-after'] !== undefined
  for (let i = 0; i < 10; i++) assert.equal(await held(i), false)
  assert.equal(await held(10), true)
  assert.equal(await held(11, { authorization: 'Bearer x' }), true)
  // Written by himself, before the proxy adds where he is.
  assert.equal(await held(12, { from: '198.51.100.1, 203.0.113.7' }), true)
  assert.equal(await held(13, { from: '198.51.100.1' }), false)
  assert.equal(await held(14, { host: 'beryl.example.com' }), false)
})

test('a pace is kept however it is asked: all at once, or one by one', () => {
  let now = 0
  const pace = new Pace(() => now)
  const passed = (times: number): number => Array.from({ length: times }, () => pace.take('ann', 60)).filter((wait) => wait === 0).length
  assert.equal(passed(1000), 60)
  assert.equal(pace.take('ann', 60), 1)
  now += 1000
  assert.equal(passed(1000), 1)
  now += 10_000
  assert.equal(passed(1000), 10)
  now += 3_600_000
  assert.equal(passed(1000), 60, 'a rest is worth a minute and no more')
  assert.equal(pace.take('ann', 0), 0)
})

test('strangers with a hundred thousand addresses fill no memory, and nobody who goes on asking is forgotten for them', () => {
  const pace = new Pace(() => 0)
  let isHeld = 0
  for (let i = 0; i < 100_000; i++) {
    pace.take(`stranger ${i}`, 60)
    if (i % 100 === 0 && pace.take('runaway', 60) > 0) isHeld++
  }
  assert.ok(pace.known <= 20_000, String(pace.known))
  assert.equal(isHeld, 1000 - 60)
})
