import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { UserError, ValidationError } from '@erp4/orm'
import { type AuthWorld, authWorld } from '../tests/auth-world.ts'
import { verifyPassword } from './password.ts'
import { preparers } from './preparers.ts'

let world: AuthWorld

before(async () => void (world = await authWorld()))
after(() => world.stop())

const chosen = (clear: string) => prepare('res.users.change_password.new_passwd', clear)
const prepare = (field: string, clear: string, method = 'write') => preparers(world.instance, world.databases).get(field)!(clear, method)

test("a user's new password becomes a hash when it is long enough by the instance's setting", async () => {
  await assert.rejects(chosen('x'.repeat(11)), ValidationError)
  assert.ok((await verifyPassword(await chosen('x'.repeat(12)), 'x'.repeat(12))).matches)
  await world.set('auth_password_policy.minlength', 16)
  await assert.rejects(chosen('x'.repeat(15)), /at least 16 characters/)
  assert.match(await chosen('x'.repeat(16)), /^\$pbkdf2-sha512\$600000\$/)
  await world.set('password.hashing.rounds', 700_000)
  assert.match(await chosen(' '.repeat(16)), /^\$pbkdf2-sha512\$700000\$/)
})

test("a new user's first password is judged as any other", async () => {
  await assert.rejects(prepare('res.users.password', 'x'.repeat(7), 'create'), ValidationError)
  assert.match(await prepare('res.users.password', 'x'.repeat(30), 'create'), /^\$pbkdf2-sha512\$/)
})

test('a password for somebody who is there is refused, with the way that there is, before anything is hashed', async () => {
  for (const clear of ['x'.repeat(30), 'short', '\0'])
    await assert.rejects(
      prepare('res.users.password', clear),
      (error: Error) => error instanceof UserError && /send a link/.test(error.message),
    )
})

test('the password typed into a dialogue is not kept', async () => {
  assert.equal(await prepare('res.users.identitycheck.password', 'correct horse battery staple'), '')
})
