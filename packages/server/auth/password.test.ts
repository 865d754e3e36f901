import assert from 'node:assert/strict'
import { pbkdf2Sync } from 'node:crypto'
import { test } from 'node:test'
import { BusyError, ValidationError } from '@erp4/orm'
import { Limiter } from '../limiter.ts'
import { demandPassword, hashPassword, isHashable, minRounds, verifyPassword } from './password.ts'

test('a hash is what passlib calls pbkdf2-sha512, computed as the standard says', async () => {
  const stored = await hashPassword('correct horse ü 비밀')
  const [, scheme, rounds, salt, hash] = stored.split('$')
  assert.deepEqual([scheme, rounds], ['pbkdf2-sha512', String(minRounds)])
  const bytes = (text: string) => Buffer.from(text.replaceAll('.', '+'), 'base64')
  assert.equal(bytes(salt!).length, 16)
  assert.deepEqual(bytes(hash!), pbkdf2Sync('correct horse ü 비밀', bytes(salt!), minRounds, 64, 'sha512'))
  assert.notEqual(stored, await hashPassword('correct horse ü 비밀'))
})

test('the right password matches, one that differs in a space, in case or after 72 bytes does not', async () => {
  const long = `${'x'.repeat(100)} end`
  const stored = await hashPassword(long)
  assert.deepEqual(await verifyPassword(stored, long), { matches: true, isOld: false })
  for (const other of [`${long} `, ` ${long}`, long.toUpperCase(), long.slice(0, -1)])
    assert.equal((await verifyPassword(stored, other)).matches, false)
})

test('a hash with fewer rounds matches and is old', async () => {
  const salt = Buffer.alloc(16, 7)
  const stored = `$pbkdf2-sha512$25000$${ab64(salt)}$${ab64(pbkdf2Sync('from elsewhere', salt, 25_000, 64, 'sha512'))}`
  assert.deepEqual(await verifyPassword(stored, 'from elsewhere'), { matches: true, isOld: true })
})

const shortHash = ab64(pbkdf2Sync('open sesame', 'salt', 1, 20, 'sha512'))
for (const [what, stored] of [
  ['plain text', 'open sesame'],
  ["passlib's plain text", '{plaintext}open sesame'],
  ['an empty column', ''],
  ['no password', null],
  ['another digest', `$pbkdf2-sha256$600000$c2FsdHNhbHRzYWx0$${'a'.repeat(86)}`],
  ['a cut hash', `$pbkdf2-sha512$1$c2FsdHNhbHRzYWx0$${shortHash}`],
  ['a flood of rounds', `$pbkdf2-sha512$99999999$c2FsdHNhbHRzYWx0$${'a'.repeat(86)}`],
  ['no rounds', `$pbkdf2-sha512$0$c2FsdHNhbHRzYWx0$${'a'.repeat(86)}`],
] as const)
  test(`${what} in the column matches nothing`, async () => void assert.equal((await verifyPassword(stored, 'open sesame')).matches, false))

test('the eleven letters and more are judged by length alone', () => {
  assert.throws(() => demandPassword('elevenchars'), ValidationError)
  assert.doesNotThrow(() => demandPassword('twelve chars'))
  assert.doesNotThrow(() => demandPassword('aaaaaaaaaaaaaaaaaaab'))
  assert.throws(() => demandPassword('비밀번호비밀번호', 9), ValidationError)
  assert.doesNotThrow(() => demandPassword('비밀번호비밀번호!', 9))
  assert.doesNotThrow(() => demandPassword('x'.repeat(4096)))
  assert.throws(() => demandPassword('x'.repeat(4097)), ValidationError)
  assert.throws(() => demandPassword('seven77', 1), ValidationError)
  assert.throws(() => demandPassword(`${'x'.repeat(20)}\ud800`), ValidationError)
})

test('what cannot be hashed as it is, is not hashed', async () => {
  for (const password of ['', 'x'.repeat(4097), '비'.repeat(1366), 'broken \ud800 text']) {
    assert.equal(isHashable(password), false)
    await assert.rejects(hashPassword(password), ValidationError)
  }
})

test('few run, few wait, the rest is told at once; keys take turns', async () => {
  const limiter = new Limiter({ running: 1, waiting: 5, waitingPerKey: 3 })
  const order: string[] = []
  const work = (name: string) => async () => {
    order.push(name)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const flood = ['a1', 'a2', 'a3', 'a4'].map((name) => limiter.run('a', work(name)))
  await assert.rejects(limiter.run('a', work('a5')), BusyError)
  const others = ['b1', 'b2'].map((name) => limiter.run('b', work(name)))
  await assert.rejects(limiter.run('c', work('c1')), BusyError)
  await Promise.all([...flood, ...others])
  assert.deepEqual(order, ['a1', 'a2', 'b1', 'a3', 'b2', 'a4'])
  await limiter.run('c', work('c2'))
  assert.equal(order.at(-1), 'c2')
})

test('work that throws gives its place back', async () => {
  const limiter = new Limiter({ running: 1, waiting: 1, waitingPerKey: 1 })
  await assert.rejects(
    limiter.run('a', async () => Promise.reject(new Error('no'))),
    /no/,
  )
  assert.equal(await limiter.run('a', async () => 'yes'), 'yes')
})

function ab64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('+', '.').replaceAll('=', '')
}
