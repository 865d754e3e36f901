import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostName, requestedHost } from './hosts.ts'

for (const [header, name] of [
  ['demo.localhost', 'demo.localhost'],
  ['demo.localhost:8069', 'demo.localhost'],
  ['Demo.LocalHost:8069', 'demo.localhost'],
  ['demo.localhost.', 'demo.localhost'],
  ['demo.localhost.:8069', 'demo.localhost'],
  ['127.0.0.1:8069', '127.0.0.1'],
  ['[::1]:8069', '[::1]'],
] as const) {
  test(`'${header}' is a request for ${name}`, () => assert.equal(hostName(header), name))
}

for (const header of [
  '',
  ':8069',
  'a b',
  'user@demo.localhost',
  'demo.localhost/x',
  'demo.localhost?x',
  'demo.localhost#x',
  'a:b:80',
  'demo:port',
  '[::1',
  'a\\b',
  'a'.repeat(254),
]) {
  test(`'${header.slice(0, 30)}' is no host name`, () => assert.equal(hostName(header), undefined))
}

test('two trailing dots stay one too many', () => assert.equal(hostName('demo..'), 'demo.'))

const request = (rawHeaders: string[], url = '/') =>
  ({ rawHeaders, url, headers: { host: rawHeaders[1] } }) as Parameters<typeof requestedHost>[0]

test('a request with two Host headers is for nobody', () => {
  assert.equal(requestedHost(request(['Host', 'demo.localhost'])), 'demo.localhost')
  assert.equal(requestedHost(request(['Host', 'demo.localhost', 'hOST', 'main.localhost'])), undefined)
})

test('a request line that names a host itself is for nobody', () => {
  assert.equal(requestedHost(request(['Host', 'demo.localhost'], 'http://main.localhost/')), undefined)
  assert.equal(requestedHost(request(['Host', 'demo.localhost'], '*')), undefined)
})

test('a request without a Host header is for nobody', () => assert.equal(requestedHost(request([])), undefined))
