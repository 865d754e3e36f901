import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { AccessDenied } from '@erp4/orm'
import { waitingLetters } from '@erp4/testing'
import { lettersOf } from '../mail/letters.ts'
import { annsPassword, type AuthWorld, authWorld, bobsPassword } from '../tests/auth-world.ts'
import { tellOwner } from './notice.ts'
import { useLink, sendPasswordLinks } from './password-link.ts'
import { signIn } from './sign-in.ts'
import type { Visitor } from './types.ts'

// What a person is told when somebody comes in by his door.

let world: AuthWorld
const [ann, bob] = [1, 2]
const home: Visitor = { source: '203.0.113.7', agent: 'Mozilla/5.0 (X11; Linux) Firefox/140.0' }
const stranger: Visitor = { source: '198.51.100.9', agent: 'Mozilla/5.0 (Windows NT) Chrome/150.0' }
const origin = 'https://azure.example'

before(async () => void (world = await authWorld()))
after(() => world.stop())
beforeEach(async () => {
  await world.calm()
  await world.at.tamper('delete from outbox', 'delete from link_ask', 'delete from session', 'update res_users set active = true')
})

const enter = (visitor: Visitor, login = 'ann@azure.example', password = annsPassword) =>
  signIn(world.instance, world.databases, { login, password }, visitor)
const letters = () => world.databases.use(world.instance.database, (cx) => waitingLetters(cx, world.instance.keys))
const inTransaction = <T>(work: Parameters<typeof world.databases.transaction<T>>[1]) =>
  world.databases.transaction(world.instance.database, work)

test('a device that the login never used is told of in its owner’s language, with where and what, and without anything that opens a door', async () => {
  await enter(home)
  const { token, deviceToken } = await enter(stranger)
  const [letter, ...others] = await letters()
  assert.equal(others.length, 0)
  assert.deepEqual([letter!.to, letter!.language], ['ann@azure.example', 'ko-KR'])
  assert.match(letter!.subject, /Azure에 새 기기로 로그인/)
  assert.match(letter!.text, /198\.51\.100\.9[^]*Chrome\/150\.0/)
  assert.ok(letter!.text.includes(`${origin}/web/reset_password`) && !letter!.text.includes('?'))
  for (const secret of [token, deviceToken, annsPassword]) assert.ok(!letter!.text.includes(secret) && !letter!.html.includes(secret))
})

test('the first device of all is no news, nor is one that is known by its cookie or by its place', async () => {
  const { deviceToken } = await enter(home)
  await enter(home)
  await enter({ ...stranger, device: deviceToken })
  assert.deepEqual(await letters(), [])
})

test('a cookie of somebody else’s device, or of one’s own making, is no known device', async () => {
  const { deviceToken } = await enter(home, 'bob', bobsPassword)
  await enter(home)
  await enter({ ...stranger, device: deviceToken })
  await enter({ ...stranger, agent: 'another', device: 'x'.repeat(43) })
  assert.deepEqual(
    (await letters()).map(({ to }) => to),
    ['ann@azure.example', 'ann@azure.example'],
  )
})

test('whoever has the password and calls himself by ever new names fills no mailbox; a wrong password tells nobody anything', async () => {
  await enter(home)
  for (let i = 0; i < 6; i++) await enter({ ...stranger, agent: `browser ${i}` })
  assert.equal((await letters()).length, 3)
  await assert.rejects(enter({ ...stranger, agent: 'guess' }, 'ann@azure.example', 'wrong'), AccessDenied)
  assert.equal((await letters()).length, 3)
})

test('one without a mail address signs in all the same, and what a browser calls itself is only text', async () => {
  await enter(home, 'bob', bobsPassword)
  await enter(stranger, 'bob', bobsPassword)
  assert.deepEqual(await letters(), [])
  await enter(home)
  await enter({ ...stranger, agent: '<img src=x onerror=1> \r\nBcc: evil@example.com' })
  const [letter] = await letters()
  assert.ok(letter!.html.includes('&lt;img') && !letter!.html.includes('<img'))
})

test('a new password by a link is told of, a first one is not', async () => {
  const link = async (): Promise<string> => {
    await inTransaction((cx) => sendPasswordLinks(cx, lettersOf(world.instance.keys), origin, [ann]))
    const token = /\?token=([A-Za-z0-9_-]{43})\n/.exec((await letters()).at(-1)!.text)![1]!
    await world.at.tamper('delete from outbox')
    return token
  }
  const [{ password }] = (await world.at.rows<{ password: string }>('select password from res_users where id = 1')) as [
    { password: string },
  ]
  await useLink(world.instance, world.databases, { token: await link(), password: 'four words that nobody knows' }, home)
  const told = await letters()
  assert.deepEqual(
    told.map(({ to }) => to),
    ['ann@azure.example'],
  )
  assert.match(told[0]!.subject, /비밀번호가 변경/)
  await world.at.tamper('delete from outbox', 'update res_users set password = null where id = 1')
  await useLink(world.instance, world.databases, { token: await link(), password: 'four words that nobody knows' }, home)
  assert.deepEqual(await letters(), [])
  await world.at.tamper(`update res_users set password = '${password}' where id = 1`)
})

test('another address is told at both, who did it with it, and nothing of the new one at the old', async () => {
  const tell = (user: number, from: string | null, to: string | null, by = user) =>
    inTransaction((cx) => tellOwner(cx, lettersOf(world.instance.keys), origin, { user, by, what: 'address', from, to }))
  await tell(ann, 'ann@azure.example', 'ann@elsewhere.example', bob)
  const [former, present] = await letters()
  assert.deepEqual([former!.to, present!.to], ['ann@azure.example', 'ann@elsewhere.example'])
  assert.ok(!former!.text.includes('elsewhere') && former!.text.includes('Bob Stone'))
  assert.ok(!former!.text.includes('reset_password') && !present!.text.includes('http'))
  await world.at.tamper('delete from outbox')
  await tell(ann, 'no address', 'a@b\r\nBcc: evil@example.com')
  await tell(ann, null, null)
  await tell(99, 'a@b.example', 'c@d.example')
  await world.at.tamper('update res_users set active = false where id = 1')
  await tell(ann, 'ann@azure.example', 'ann@elsewhere.example')
  assert.deepEqual(await letters(), [])
})
