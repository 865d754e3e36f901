import assert from 'node:assert/strict'
import { test } from 'node:test'
import { doorsOf, recordOf } from './fixtures/doors.ts'

const record = recordOf('azure', { isSuspended: true })
const { app, seen } = doorsOf([record, recordOf('beryl')])

const ask = (method: 'GET' | 'POST', url: string, headers: Record<string, string> = {}, payload?: string) =>
  app.http.inject({ method, url, headers: { host: 'azure.example.com', ...headers }, ...(payload === undefined ? {} : { payload }) })
const json = { 'content-type': 'application/json' }
const rpc = JSON.stringify({ jsonrpc: '2.0', id: 7, params: { service: 'common', method: 'version', args: [] } })
const said = /This instance is suspended\. Nothing is lost/

for (const url of ['/', '/web', '/web/login', '/web/content/1', '/web/version', '/nothing-here', '/doc']) {
  test(`a suspended instance answers ${url} with a page that says so`, async () => {
    const { statusCode, body, headers } = await ask('GET', url, { accept: 'text/html' })
    assert.deepEqual([statusCode, headers['retry-after']], [503, '300'])
    assert.match(body, /<h1>This instance is suspended<\/h1>/)
    assert.match((await ask('GET', url, { accept: 'text/html', 'accept-language': 'ko' })).body, /<h1>일시 중지된 인스턴스입니다<\/h1>/)
  })
}

test('programs are told in the words of their protocol', async () => {
  for (const url of ['/jsonrpc', '/web/session/authenticate', '/web/dataset/call_kw/res.partner/read', '/web/database/list']) {
    const { statusCode, body } = await ask('POST', url, json, rpc)
    const { id, error } = JSON.parse(body) as { id: number; error: { data: { name: string; message: string } } }
    assert.deepEqual([statusCode, id, error.data.name], [200, 7, 'odoo.exceptions.UserError'], url)
    assert.match(error.data.message, said)
  }
  const two = await ask('POST', '/json/2/res.partner/read', { ...json, authorization: `bearer ${'a'.repeat(40)}` }, '{}')
  assert.equal(two.statusCode, 503)
  assert.match((JSON.parse(two.body) as { message: string }).message, said)
  const call = '<?xml version="1.0"?><methodCall><methodName>version</methodName><params></params></methodCall>'
  const numbered = await ask('POST', '/xmlrpc/2/common', { 'content-type': 'text/xml' }, call)
  assert.equal(numbered.statusCode, 200)
  assert.match(numbered.body, /<fault>.*<int>2<\/int>.*This instance is suspended/s)
  assert.match(
    (await ask('POST', '/xmlrpc/common', { 'content-type': 'text/xml' }, call)).body,
    /<fault>.*warning -- UserError.*This instance is suspended/s,
  )
})

test('nobody signs in to a suspended instance, and nothing asks its database; its process and its neighbours go on', async () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const { statusCode, headers } = await ask('POST', '/web/login', form, 'login=ann&password=secret&csrf_token=x')
  assert.deepEqual([statusCode, headers['set-cookie']], [503, undefined])
  assert.equal(seen.connections, 0)
  assert.equal((await ask('GET', '/healthz')).statusCode, 200)
  assert.equal((await ask('GET', '/web/version', { host: 'beryl.example.com' })).statusCode, 200)
  record.isSuspended = false
  assert.equal((await ask('POST', '/web/database/list', json, rpc)).statusCode, 200)
})
