import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFromOurPages } from './origin.ts'

const own = ['https://demo.example.com']

for (const [name, headers, accepted] of [
  ['a program without either header', {}, true],
  ['our own page', { origin: 'https://demo.example.com', 'sec-fetch-site': 'same-origin' }, true],
  ['our own page in a browser without Sec-Fetch-Site', { origin: 'https://demo.example.com' }, true],
  ['an address typed by the person', { 'sec-fetch-site': 'none' }, true],
  ['another site', { origin: 'https://evil.example' }, false],
  ['a site whose name begins as ours', { origin: 'https://demo.example.com.evil.example' }, false],
  ['a site whose name ends as ours', { origin: 'https://evildemo.example.com' }, false],
  ['our name without TLS', { origin: 'http://demo.example.com' }, false],
  ['our name on another port', { origin: 'https://demo.example.com:8443' }, false],
  ['our name in capitals, as no browser writes it', { origin: 'https://DEMO.example.com' }, false],
  ['a sandboxed frame', { origin: 'null' }, false],
  ['an empty origin', { origin: '' }, false],
  ['a cross-site fetch that hides its origin', { 'sec-fetch-site': 'cross-site' }, false],
  ['a neighbour of the same site', { origin: 'https://demo.example.com', 'sec-fetch-site': 'same-site' }, false],
  ['an unknown Sec-Fetch-Site', { 'sec-fetch-site': 'friendly' }, false],
] as const) {
  test(`${name} is ${accepted ? 'accepted' : 'refused'}`, () => assert.equal(isFromOurPages(headers, own), accepted))
}
