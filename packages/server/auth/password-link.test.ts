import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, beforeEach, describe, test } from 'node:test'
import { ValidationError } from '@erp4/orm'
import { waitingLetters } from '@erp4/testing'
import { lettersOf } from '../mail/letters.ts'
import { annsPassword, type AuthWorld, authWorld } from '../tests/auth-world.ts'
import { verifyPassword } from './password.ts'
import { linkByHand } from './link-by-hand.ts'
import { LinkGone, TooManyAsks, askPasswordLink, ownerOfLink, sendPasswordLinks, useLink } from './password-link.ts'
import { sessionUser, sweepSignIns } from './session.ts'
import { signIn } from './sign-in.ts'

let world: AuthWorld
const [ann, bob] = [1, 2]
const here = { source: '203.0.113.7', agent: 'Mozilla/5.0 (a test)' }
const origin = 'https://azure.example'
const fresh = 'four words that nobody knows'

const inTransaction = <T>(work: Parameters<typeof world.databases.transaction<T>>[1]) =>
  world.databases.transaction(world.instance.database, work)
const send = (...users: number[]) => inTransaction((cx) => sendPasswordLinks(cx, lettersOf(world.instance.keys), origin, users))
const mails = () => world.databases.use(world.instance.database, (cx) => waitingLetters(cx, world.instance.keys))
/** The token in the mail that was written last. */
const lastToken = async () => /\?token=([A-Za-z0-9_-]{43})\n/.exec((await mails()).at(-1)!.text)![1]!
async function linkFor(user: number): Promise<string> {
  await send(user)
  return lastToken()
}
const use = (token: string, password = fresh) => useLink(world.instance, world.databases, { token, password }, here)
const owner = (token: string) => inTransaction((cx) => ownerOfLink(cx, token))
const stored = async (user: number) =>
  (await world.at.rows<{ password: string; sec_version: number }>(`select password, sec_version from res_users where id = ${user}`))[0]!

describe('links to choose a password', () => {
  let hash = ''
  before(async () => {
    world = await authWorld()
    hash = (await stored(ann)).password
  })
  after(() => world.stop())
  beforeEach(() =>
    world.at.tamper(
      'delete from password_link',
      'delete from link_ask',
      'delete from outbox',
      'delete from job',
      'delete from session',
      'delete from audit_in',
      'delete from ir_config_parameter',
      `update res_users set password = '${hash}', sec_version = 1, active = true where id = 1`,
      `update res_partner set email = 'ann@azure.example' where id = 1`,
      'update meta set epoch = 1',
    ),
  )

  test('a link is 256 random bits, of which the table keeps a hash alone, and leads to the configured address', async () => {
    const token = await linkFor(ann)
    const [mail] = await mails()
    assert.ok(mail!.text.includes(`${origin}/web/choose_password?token=${token}`))
    assert.deepEqual([mail!.to, mail!.language], ['ann@azure.example', 'ko-KR'])
    assert.match(mail!.subject, /비밀번호/)
    const rows = await world.at.rows('select * from password_link')
    assert.deepEqual(rows[0]!.hash, createHash('sha256').update(token).digest())
    assert.ok(
      !JSON.stringify([rows, await world.at.rows('select * from audit_in'), await world.at.rows('select * from job')]).includes(token),
    )
  })

  test('it sets the password once, signs in here, ends every other session, and the trail says so without the password', async () => {
    const before = await signIn(world.instance, world.databases, { login: 'ann@azure.example', password: annsPassword }, here)
    const token = await linkFor(ann)
    await world.at.tamper('delete from audit_in')
    const opened = await use(token)
    assert.equal((await inTransaction((cx) => sessionUser(cx, world.instance, opened.token)))?.user.id, ann)
    assert.equal(await inTransaction((cx) => sessionUser(cx, world.instance, before.token)), undefined)
    assert.ok((await verifyPassword((await stored(ann)).password, fresh)).matches)
    const trail = await world.at.rows('select actor, model, rec, operation, change from audit_in')
    assert.deepEqual(trail, [
      {
        actor: ann,
        model: 'res.users',
        rec: ann,
        operation: 'write',
        change: { password: ['…', '…'], sec_version: [1, 2], by: 'reset', from: here.source },
      },
    ])
    const after = await stored(ann)
    await assert.rejects(use(token, 'another one of four words'), LinkGone)
    assert.deepEqual(await stored(ann), after)
  })

  test('of five who use it at once one succeeds', async () => {
    const token = await linkFor(ann)
    const ends = await Promise.allSettled(Array.from({ length: 5 }, (_, i) => use(token, `four words that nobody knows ${i}`)))
    assert.equal(ends.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const end of ends) if (end.status === 'rejected') assert.ok(end.reason instanceof LinkGone, String(end.reason))
    const i = ends.findIndex(({ status }) => status === 'fulfilled')
    const { password, sec_version } = await stored(ann)
    assert.ok((await verifyPassword(password, `four words that nobody knows ${i}`)).matches)
    assert.deepEqual([sec_version, await world.count('session'), await world.count('audit_in')], [2, 1, 1])
  })

  for (const [what, change] of [
    ['its half hour is over', `update password_link set ends = now() - interval '1 second'`],
    ['the password was changed', 'update res_users set sec_version = sec_version + 1 where id = 1'],
    ['the user was archived', 'update res_users set active = false where id = 1'],
    ['the mail address is another one', `update res_partner set email = 'ann@elsewhere.example' where id = 1`],
    ['the instance was restored', 'update meta set epoch = epoch + 1'],
    ['the user is gone', 'update password_link set user_id = 99'],
  ] as const)
    test(`a link opens nothing once ${what}`, async () => {
      const token = await linkFor(ann)
      await world.at.tamper(change)
      const before = await stored(ann)
      assert.equal(await owner(token), undefined)
      await assert.rejects(use(token), LinkGone)
      assert.deepEqual([await stored(ann), await world.count('session')], [before, 0])
    })

  test('a newer link takes the older one out of force, and using one ends all', async () => {
    const [first, second] = [await linkFor(ann), await linkFor(ann)]
    assert.equal(await owner(first), undefined)
    await assert.rejects(use(first), LinkGone)
    await use(second)
    assert.equal(await world.count('password_link'), 0)
  })

  test('an invitation is for whoever has no password yet, lasts seven days whatever else is changed, and not beyond the first password', async () => {
    await world.at.tamper('update res_users set password = null where id = 1')
    const token = await linkFor(ann)
    assert.match((await mails())[0]!.subject, /초대/)
    const [{ days }] = (await world.at.rows<{ days: number }>(
      `select extract(epoch from ends - made)::int4 / 86400 as days from password_link`,
    )) as [{ days: number }]
    assert.equal(days, 7)
    await world.at.tamper('update res_users set sec_version = sec_version + 5 where id = 1')
    assert.equal((await owner(token))?.purpose, 'invitation')
    await world.at.tamper(`update res_users set password = '${hash}' where id = 1`)
    assert.equal(await owner(token), undefined)
    await assert.rejects(use(token), LinkGone)
    assert.equal((await stored(ann)).password, hash)
  })

  test('whoever runs the machine makes a link for somebody without a mail address, once, and it stands in the trail without the token', async () => {
    const runtime = world.at.as('runtime')
    const { password } = await stored(bob)
    const first = (await linkByHand('BOB', runtime))!
    const second = (await linkByHand('bob', runtime))!
    assert.equal(second.minutes, 30)
    const tokens = [first, second].map(({ path }) => /^\/web\/choose_password\?token=([A-Za-z0-9_-]{43})$/.exec(path)![1]!)
    const [older, token] = tokens as [string, string]
    assert.equal(await owner(older), undefined)
    assert.equal((await owner(token))?.login, 'bob')
    const trail = await world.at.rows<{ rec: number; operation: string }>('select * from audit_in')
    assert.deepEqual(
      trail.map(({ rec, operation }) => [rec, operation]),
      [
        [bob, 'password_link'],
        [bob, 'password_link'],
      ],
    )
    assert.ok(!JSON.stringify(trail).includes(token))
    await use(token)
    assert.ok((await verifyPassword((await stored(bob)).password, fresh)).matches)
    await assert.rejects(use(token), LinkGone)
    assert.equal(await linkByHand('nobody', runtime), null)
    await world.at.tamper(`update res_users set password = '${password}', active = false where id = 2`)
    assert.equal(await linkByHand('bob', runtime), null)
    await world.at.tamper('update res_users set active = true where id = 2')
  })

  test('the length that is asked for here is kept, and the link stays good for the next try', async () => {
    await world.set('auth_password_policy.minlength', 20)
    const token = await linkFor(ann)
    await assert.rejects(use(token, 'x'.repeat(19)), ValidationError)
    assert.equal((await stored(ann)).password, hash)
    await use(token, 'x'.repeat(20))
  })

  test('forged, cut, empty and giant tokens open nothing', async () => {
    const token = await linkFor(ann)
    const turned = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
    for (const other of [turned, token.slice(1), `${token}A`, '', 'A'.repeat(43), 'x'.repeat(1_000_000), "' or true --"])
      await assert.rejects(use(other), LinkGone)
    assert.deepEqual([(await stored(ann)).password, await world.count('password_link')], [hash, 1])
  })

  test('nobody is sent more than three links in an hour, also when they are asked for at once; whoever has no address is sent none', async () => {
    const sent = await Promise.all(Array.from({ length: 8 }, () => send(ann, bob, 99)))
    assert.deepEqual(sent.flat(), [ann, ann, ann])
    assert.equal(await world.count('outbox'), 3)
    await world.at.tamper(`update password_link set made = made - interval '61 minutes'`)
    assert.deepEqual(await send(ann), [ann])
  })

  test('asking does the same work for a login that exists and for one that does not, and keeps nothing of what was typed', async () => {
    const statements: number[] = []
    for (const login of ['ANN@azure.example', 'my password by mistake', 'nobody\0'])
      await askPasswordLink(world.instance, counting(statements), login, here.source)
    assert.ok(statements[0]! > 0 && new Set(statements).size === 1, String(statements))
    const jobs = await world.at.rows('select name, args, user_id from job order by id')
    assert.deepEqual(
      jobs.map(({ args }) => args),
      [{ user: ann }, { user: null }, { user: null }],
    )
    assert.ok(!JSON.stringify(jobs).includes('mistake'))
  })

  test('a network that asked twenty times within the hour is refused, whomever it asks for; another one is not', async () => {
    const ask = (login: string, source = here.source) => askPasswordLink(world.instance, world.databases, login, source)
    for (let i = 0; i < 20; i++) await ask(`login ${i}`)
    await assert.rejects(ask('ann@azure.example'), TooManyAsks)
    assert.equal(await world.count('job'), 20)
    await ask('ann@azure.example', '198.51.100.1')
    await world.at.tamper(`update link_ask set since = since - interval '1 hour'`)
    await ask('ann@azure.example')
    assert.equal(await world.count('job'), 22)
  })

  test('links and counts that decide nothing any more are swept', async () => {
    await send(ann)
    await askPasswordLink(world.instance, world.databases, 'x', here.source)
    await inTransaction(sweepSignIns)
    assert.equal(await world.count('password_link'), 1)
    await world.at.tamper(
      `update password_link set ends = now() - interval '2 hours'`,
      `update link_ask set since = now() - interval '2 hours'`,
    )
    await inTransaction(sweepSignIns)
    assert.deepEqual([await world.count('password_link'), (await world.at.rows('select from link_ask')).length], [0, 0])
  })
})

/** The databases of the world, which note how many statements each transaction ran. */
function counting(statements: number[]): AuthWorld['databases'] {
  const { databases } = world
  return Object.create(databases, {
    transaction: {
      value: (database: string, work: (cx: never) => Promise<unknown>) =>
        databases.transaction(database, async (cx) => {
          const before = cx.statements
          const result = await work(cx as never)
          statements.push(cx.statements - before)
          return result
        }),
    },
  }) as AuthWorld['databases']
}
