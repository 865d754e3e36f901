import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cookieValue, deviceCookie, sessionCookie } from './cookies.ts'
import { checkFormToken, type FormScope, formToken } from './csrf.ts'
import { instanceFor } from '../tests/auth-world.ts'

const azure = instanceFor('azure', 'key of azure')
const scope: FormScope = { holder: 'a session', route: 'form' }
const now = Date.UTC(2026, 0, 1)
const token = formToken(azure, scope, now)

test('a form token holds for its page for twelve hours', () => {
  assert.equal(checkFormToken(azure, scope, token, now), true)
  assert.equal(checkFormToken(azure, scope, token, now + 12 * 3600_000 - 1000), true)
  assert.equal(checkFormToken(azure, scope, token, now + 12 * 3600_000), false)
})

const later = (Math.floor(now / 1000) + 999_999).toString(36)
for (const [what, instance, given, held] of [
  ['another session', azure, token, { ...scope, holder: 'another session' }],
  ['another kind of route', azure, token, { ...scope, route: 'sign-out' }],
  ['another instance', instanceFor('brick', 'key of brick'), token, scope],
  ['a later end', azure, `${token.split('.')[0]}.${later}`, scope],
  ['no end', azure, token.split('.')[0], scope],
  ['an altered signature', azure, (token.startsWith('A') ? 'B' : 'A') + token.slice(1), scope],
  ['a cut one', azure, token.slice(1), scope],
  ['nothing', azure, '', scope],
  ['none', azure, undefined, scope],
  ['a list', azure, [token], scope],
  ['holder and route that only read alike', azure, token, { holder: 'a session', route: 'sign-in' }],
] as const)
  test(`a form token is refused with ${what}`, () => assert.equal(checkFormToken(instance, held, given, now), false))

test('the session cookie is one that clients can cut out and scripts cannot read', () => {
  const cookie = sessionCookie('T'.repeat(84), { tls: true })
  assert.equal(cookie, `session_id=${'T'.repeat(84)}; Path=/; HttpOnly; SameSite=Lax; Secure`)
  assert.doesNotMatch(sessionCookie('T', { tls: false }), /Secure/)
  assert.match(deviceCookie('D', { tls: true }), /HttpOnly; SameSite=Lax; Secure$/)
})

for (const [what, header, value] of [
  ['among others', 'a=1; session_id=T; b=2', 'T'],
  ['without spaces', 'a=1;session_id=T', 'T'],
  ['of a name that ends alike', 'xsession_id=T', undefined],
  ['twice', 'session_id=T; session_id=U', undefined],
  ['nowhere', undefined, undefined],
] as const)
  test(`a cookie ${what} reads ${value}`, () => assert.equal(cookieValue(header, 'session_id'), value))
