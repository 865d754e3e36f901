import assert from 'node:assert/strict'
import { createHash, pbkdf2Sync } from 'node:crypto'
import { after, before, beforeEach, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { AccessDenied, type Registry } from '@erp4/orm'
import pg from 'pg'
import { keyUser, makeKey } from './api-key.ts'
import { noteUse, sessionUser, signOut, sweepSignIns } from './session.ts'
import { confirmIdentity, passwordUser, signIn } from './sign-in.ts'
import { annsPassword, authWorld, bobsPassword, instanceFor, type AuthWorld } from '../tests/auth-world.ts'
import type { Credentials, Signed } from './types.ts'
import { userById, userByLogin } from './user.ts'

let world: AuthWorld
const ann = 'ann@azure.example'
const home = '203.0.113.7'

const enter = (login = ann, password = annsPassword, replaces?: string) =>
  signIn(world.instance, world.databases, { login, password }, { source: home, replaces })
const who = (token: string | undefined) => world.databases.use(world.instance.database, (cx) => sessionUser(cx, world.instance, token))
const byKey = (key: string) => world.databases.use(world.instance.database, (cx) => keyUser(cx, world.instance, key))
const call = (credentials: Credentials) => passwordUser(world.instance, world.databases, credentials, home)

async function giveKey(change: Record<string, string> = {}): Promise<string> {
  const { key, key_index, secret_hash } = makeKey()
  const row: Record<string, string> = {
    name: "'n8n'",
    user_id: '1',
    key_index: `'${key_index}'`,
    secret_hash: `'${secret_hash}'`,
    ...change,
  }
  await world.at.tamper(`insert into res_users_apikeys (${Object.keys(row).join()}) values (${Object.values(row).join()})`)
  return key
}

describe('sessions', () => {
  before(async () => void (world = await authWorld()))
  after(() => world.stop())
  beforeEach(async () => {
    await world.calm()
    await world.at.tamper(
      'delete from session',
      'delete from audit_in',
      'delete from res_users_apikeys',
      'delete from ir_config_parameter',
      'update res_users set sec_version = 1, active = true',
      'update meta set epoch = 1, login = 1',
    )
  })

  test('a user is known by id or login as a call would see him, and no longer once he is archived', async () => {
    const { signed } = await enter()
    const groups = new Map(['base.group_user', 'base.group_system'].map((name) => [name, { name, label: '', help: '', implies: [] }]))
    const registry = { groups } as unknown as Registry
    const byId = (id: number) => world.databases.use(world.instance.database, (cx) => userById(cx, registry, id))
    const byLogin = (login: string) => world.databases.use(world.instance.database, (cx) => userByLogin(cx, registry, login))
    assert.deepEqual(await byId(1), { user: signed.user, languages: signed.languages, schema: signed.schema })
    assert.deepEqual(await byLogin('ANN@azure.example'), await byId(1))
    await world.at.tamper('update res_users set active = false where id = 1')
    assert.deepEqual([await byId(1), await byLogin(ann), await byId(99)], [undefined, undefined, undefined])
  })

  test('whoever signs in is known by a token of 84 plain characters, with rights, companies and versions, in one statement', async () => {
    const { token, signed } = await enter()
    assert.match(token, /^[A-Za-z0-9_-]{84}$/)
    const { again, statements } = await world.databases.use(world.instance.database, async (cx) => ({
      again: await sessionUser(cx, world.instance, token),
      statements: cx.statements,
    }))
    assert.equal(statements, 1)
    assert.deepEqual(again, signed)
    assert.deepEqual(again, {
      user: {
        id: 1,
        login: ann,
        name: 'Ann Park',
        partner_id: 1,
        commercial_partner_id: 1,
        company_id: 3,
        company_ids: [3, 7],
        groups: new Set(['base.group_user']),
        lang: 'ko_KR',
        tz: 'UTC',
      },
      languages: ['en_US', 'ko_KR'],
      epoch: 1,
      rules: 5,
      schema: 6,
      how: 'session',
      isConfirmed: true,
      session: { hash: createHash('sha256').update(token).digest('hex'), isStale: false },
    } satisfies Signed)
  })

  test('implied groups are there, a language that is not active is English', async () => {
    const { signed } = await enter('bob', bobsPassword)
    assert.deepEqual(signed.user.groups, new Set(['base.group_system', 'base.group_user']))
    assert.equal(signed.user.lang, 'en_US')
  })

  test('the table holds a hash of the token, never the token or the password', async () => {
    const { token, deviceToken } = await enter()
    const tables = await Promise.all(
      ['session', 'login_device', 'login_try', 'audit_in', 'res_users'].map((name) => world.at.rows(`select t::text from ${name} t`)),
    )
    const text = JSON.stringify(tables)
    for (const secret of [token, deviceToken, annsPassword]) {
      for (const spelling of [secret, Buffer.from(secret).toString('hex')]) assert.ok(!text.includes(spelling))
    }
  })

  for (const [what, change] of [
    ['the password, login, second factor or groups changed', 'update res_users set sec_version = 2'],
    ['the user was archived', 'update res_users set active = false'],
    ['the instance was restored', 'update meta set epoch = 2'],
    ['it was idle for a week', `update session set seen = seen - interval '7 days'`],
    ['it is a month old, however busy', `update session set ends = ends - interval '30 days'`],
  ] as const) {
    test(`a session ends when ${what}`, async () => {
      const { token } = await enter()
      await world.at.tamper(change)
      assert.equal(await who(token), undefined)
    })
  }

  for (const [what, token] of [
    ['no token', undefined],
    ['an empty one', ''],
    ['one nobody was given', 'A'.repeat(84)],
    ['one with a statement in it', `${'A'.repeat(70)}' or true; --`],
    ['one that is too long', 'A'.repeat(85)],
  ] as const)
    test(`${what} is nobody's`, async () => void assert.equal(await who(token), undefined))

  test('a stored hash is no token', async () => {
    const { signed } = await enter()
    assert.equal(await who(signed.session!.hash), undefined)
  })

  test('signing in ends the session the browser came with, and no other', async () => {
    const [first, other] = [await enter(), await enter()]
    const second = await enter(ann, annsPassword, first.token)
    assert.equal(await who(first.token), undefined)
    assert.ok(await who(other.token))
    assert.notEqual(second.token, first.token)
  })

  test('a failed sign-in leaves the old session alone and opens none', async () => {
    const { token } = await enter()
    await assert.rejects(enter(ann, 'wrong', token), AccessDenied)
    assert.ok(await who(token))
    assert.equal(await world.count('session'), 1)
  })

  test('the password given again confirms the session for ten minutes, a wrong one does not, nor in another session', async () => {
    const [mine, other] = [await enter(), await enter()]
    await world.at.tamper(`update session set confirmed = confirmed - interval '10 minutes'`)
    const stale = (await who(mine.token))!
    assert.equal(stale.isConfirmed, false)
    const confirm = (password: string) => confirmIdentity(world.instance, world.databases, stale, password, home)
    await assert.rejects(confirm('wrong'), AccessDenied)
    await assert.rejects(confirm(bobsPassword), AccessDenied)
    assert.equal((await who(mine.token))!.isConfirmed, false)
    await confirm(annsPassword)
    assert.equal((await who(mine.token))!.isConfirmed, true)
    assert.equal((await who(other.token))!.isConfirmed, false)
  })

  test('the case of a login does not matter, and is no second count', async () => {
    assert.equal((await enter('ANN@Azure.Example')).signed.user.id, 1)
    await world.set('base.login_cooldown_after', 1)
    await assert.rejects(enter('aNN@azure.example', 'wrong'), { name: 'AccessDenied' })
    await assert.rejects(enter(ann), { name: 'CooldownError' })
    await assert.rejects(enter('Nobody', 'wrong'), { name: 'AccessDenied' })
    await assert.rejects(enter('nobody', 'wrong'), { name: 'CooldownError' })
  })

  test('signing out ends it and says so in the trail', async () => {
    const { token } = await enter()
    await world.databases.use(world.instance.database, (cx) => signOut(cx, token))
    await world.databases.use(world.instance.database, (cx) => signOut(cx, token))
    assert.equal(await who(token), undefined)
    assert.deepEqual(await world.at.rows('select operation, actor, rec from audit_in order by id'), [
      { operation: 'login', actor: 1, rec: 1 },
      { operation: 'logout', actor: 1, rec: 1 },
    ])
  })

  test("another instance's key, host or database knows nothing of it", async () => {
    const { token } = await enter()
    const other = await world.cluster.instance([])
    await world.at.tamper(`select 1`)
    const strangers = other.databases('runtime')
    await assert.rejects(strangers.use(other.database, (cx) => sessionUser(cx, instanceFor(other.database), token)))
    await strangers.close()
  })

  test('use is written at most once a minute', async () => {
    const { token } = await enter()
    const seen = async () => (await world.at.rows('select seen::text from session'))[0]!.seen as string
    await world.at.tamper(`update session set seen = seen - interval '2 minutes'`)
    const before = await seen()
    const signed = (await who(token))!
    assert.equal(signed.session!.isStale, true)
    assert.equal(await seen(), before)
    await noteUse(world.databases, world.instance, signed)
    const noted = await seen()
    assert.notEqual(noted, before)
    await noteUse(world.databases, world.instance, signed)
    assert.equal(await seen(), noted)
    assert.equal((await who(token))!.session!.isStale, false)
  })

  test('ended sessions are swept', async () => {
    await enter()
    const { token } = await enter('bob', bobsPassword)
    await world.at.tamper(`update session set seen = seen - interval '8 days' where user_id = 1`)
    await world.databases.use(world.instance.database, sweepSignIns)
    assert.equal(await world.count('session'), 1)
    assert.ok(await who(token))
  })

  test('with more rounds the next sign-in hashes again, and open sessions stay open', async () => {
    const { token } = await enter()
    await world.set('password.hashing.rounds', 700_000)
    await enter()
    const [row] = await world.at.rows<{ password: string; sec_version: number }>('select password, sec_version from res_users where id = 1')
    assert.match(row!.password, /^\$pbkdf2-sha512\$700000\$/)
    assert.equal(row!.sec_version, 1)
    assert.ok(await who(token))
    await enter()
    assert.deepEqual(await world.at.rows('select password from res_users where id = 1'), [{ password: row!.password }])
    await world.set('password.hashing.rounds', 1)
    await enter()
  })

  test('a hash with few rounds, as an import brings it, is renewed too', async () => {
    const salt = Buffer.alloc(16, 3)
    const ab64 = (bytes: Buffer) => bytes.toString('base64').replaceAll('+', '.').replaceAll('=', '')
    const old = `$pbkdf2-sha512$25000$${ab64(salt)}$${ab64(pbkdf2Sync(bobsPassword, salt, 25_000, 64, 'sha512'))}`
    await world.at.tamper(`update res_users set password = '${old}' where id = 2`)
    await enter('bob', bobsPassword)
    const [row] = await world.at.rows('select password from res_users where id = 2')
    assert.match(row!.password, /^\$pbkdf2-sha512\$600000\$/)
  })

  for (const [what, change] of [
    ['plain text', `update res_users set password = 'bobs secret'`],
    ['nothing', 'update res_users set password = null'],
  ] as const) {
    test(`a password column with ${what} lets nobody in`, async () => {
      const [before] = await world.at.rows('select password from res_users where id = 2')
      await world.at.tamper(`${change} where id = 2`)
      for (const secret of ['bobs secret', '', bobsPassword]) await assert.rejects(enter('bob', secret), AccessDenied)
      await world.at.tamper(`update res_users set password = '${before!.password}' where id = 2`)
    })
  }

  test('a missing login, a wrong password and an archived user end alike', async () => {
    await world.at.tamper('update res_users set active = false where id = 2')
    const ends = []
    for (const [login, password] of [
      [ann, 'wrong'],
      ['nobody', 'wrong'],
      ['bob', bobsPassword],
      ['a\0b', 'wrong'],
      ["' or true --", annsPassword],
    ] as const) {
      ends.push(await enter(login, password).catch((error) => `${error.name}: ${error.message}`))
    }
    assert.deepEqual(new Set(ends), new Set(['AccessDenied: Access Denied']))
    assert.equal(await world.count('session'), 0)
  })

  test('a session opened while the password changes is never alive', async () => {
    const { change, over } = await beforeTheSession()
    const racing = enter().then(
      () => 'in',
      (error) => error.name,
    )
    await change('update res_users set sec_version = 2 where id = 1')
    await over()
    assert.equal(await racing, 'AccessDenied')
    assert.equal(await world.count('session'), 0)
  })
})

/** Holds whoever signs in after his password was judged and before there is a session; `change` waits until somebody is there. */
async function beforeTheSession(): Promise<{ change: (statement: string) => Promise<void>; over: () => Promise<void> }> {
  const db = new pg.Client(world.at.as('postgres'))
  await db.connect()
  await db.query('begin')
  await db.query('lock table session in share row exclusive mode')
  const waits = `select from pg_locks where not granted and relation = 'session'::regclass`
  return {
    change: async (statement) => {
      for (let tries = 0; (await world.at.rows(waits)).length === 0; tries++) {
        assert.ok(tries < 2_000, 'nobody came to where the session is opened')
        await pause(10)
      }
      await world.at.tamper(statement)
    },
    over: async () => {
      await db.query('commit')
      await db.end()
    },
  }
}

describe('passwords over RPC', () => {
  before(async () => void (world = await authWorld()))
  after(() => world.stop())
  beforeEach(async () => {
    await world.calm()
    await world.at.tamper('delete from audit_in', 'delete from res_users_apikeys', `update res_users set active = true`)
  })

  test('calls at the same time with the same secret share one hash, one count and one line in the trail', async () => {
    const all = await Promise.all(Array.from({ length: 30 }, () => call({ uid: 2, secret: bobsPassword })))
    assert.ok(all.every(({ user, how }) => user.id === 2 && how === 'password'))
    assert.equal(await world.count('audit_in'), 1)
  })

  test('a secret found right is not hashed again: by id and by login, one statement', async () => {
    await call({ login: ann, secret: annsPassword })
    for (let i = 0; i < 10; i++) {
      await call({ login: ann, secret: annsPassword })
      await call({ uid: 1, secret: annsPassword })
    }
    assert.equal(await world.count('audit_in'), 1)
    assert.equal(await world.count('login_try', 'n > 0'), 0)
  })

  test('a kept secret is good for nobody else and for no other instance', async () => {
    await call({ uid: 1, secret: annsPassword })
    await assert.rejects(call({ uid: 2, secret: annsPassword }), AccessDenied)
    await assert.rejects(call({ login: 'bob', secret: annsPassword }), AccessDenied)
    await assert.rejects(call({ uid: 1, secret: `${annsPassword} ` }), AccessDenied)
  })

  for (const [what, change] of [
    [
      'the password changed',
      `update res_users set sec_version = sec_version + 1, password = (select password from res_users where id = 2) where id = 1`,
    ],
    ['the user was archived', 'update res_users set active = false where id = 1'],
  ] as const) {
    test(`a kept secret is refused at once when ${what}`, async () => {
      const [row] = await world.at.rows('select password from res_users where id = 1')
      await call({ uid: 1, secret: annsPassword })
      await world.at.tamper(change)
      await assert.rejects(call({ uid: 1, secret: annsPassword }), AccessDenied)
      await world.at.tamper(`update res_users set password = '${row!.password}', active = true where id = 1`)
    })
  }

  test('a kept secret is judged anew after a restore', async () => {
    await call({ uid: 1, secret: annsPassword })
    await world.at.tamper('update meta set epoch = epoch + 1', 'delete from audit_in')
    await call({ uid: 1, secret: annsPassword })
    assert.equal(await world.count('audit_in'), 1)
  })

  test("others' failures from elsewhere do not stop a program whose secret is known here", async () => {
    await call({ uid: 1, secret: annsPassword })
    await world.set('base.login_cooldown_after', 1)
    const elsewhere = (secret: string) => passwordUser(world.instance, world.databases, { uid: 1, secret }, '198.51.100.1')
    await assert.rejects(elsewhere('wrong'), { name: 'AccessDenied' })
    await assert.rejects(elsewhere('wrong too'), { name: 'CooldownError' })
    assert.equal((await call({ uid: 1, secret: annsPassword })).user.id, 1)
    await assert.rejects(elsewhere(annsPassword), { name: 'CooldownError' })
    await world.at.tamper('delete from ir_config_parameter')
  })

  test('a known secret is no way around the cooldown: after failures from its own source it is refused with the rest', async () => {
    await world.set('base.login_cooldown_after', 2)
    await call({ login: ann, secret: annsPassword })
    for (const secret of ['wrong', 'wrong too']) await assert.rejects(call({ uid: 1, secret }), { name: 'AccessDenied' })
    await assert.rejects(call({ uid: 1, secret: annsPassword }), { name: 'CooldownError' })
    await assert.rejects(call({ login: ann, secret: annsPassword }), { name: 'CooldownError' })
    await world.calm()
    assert.equal((await call({ login: ann, secret: annsPassword })).user.id, 1)
    await world.at.tamper('delete from ir_config_parameter')
  })

  test('nor when others filled the cooldown: one refused guess from its own source, and it is refused too', async () => {
    await world.set('base.login_cooldown_after', 1)
    await call({ login: ann, secret: annsPassword })
    await assert.rejects(passwordUser(world.instance, world.databases, { uid: 1, secret: 'wrong' }, '198.51.100.1'), {
      name: 'AccessDenied',
    })
    await assert.rejects(call({ uid: 1, secret: 'a guess' }), { name: 'CooldownError' })
    await assert.rejects(call({ uid: 1, secret: annsPassword }), { name: 'CooldownError' })
    await world.at.tamper('delete from ir_config_parameter')
  })

  for (const [what, credentials] of [
    ['an empty password', { uid: 1, secret: '' }],
    ['a flood', { uid: 1, secret: 'x'.repeat(5000) }],
    ['an unknown id', { uid: 99, secret: 'wrong' }],
    ['an id that is none', { uid: 1.5, secret: annsPassword }],
    ['an id beyond all', { uid: 2 ** 40, secret: annsPassword }],
    ['a negative id', { uid: -1, secret: annsPassword }],
  ] as const)
    test(`${what} is refused`, async () => void (await assert.rejects(call(credentials), { name: 'AccessDenied' })))

  test('an API key does in place of the password, for its owner only', async () => {
    const key = await giveKey()
    assert.equal((await call({ uid: 1, secret: key })).how, 'key')
    assert.equal((await call({ login: ann, secret: key })).user.id, 1)
    await assert.rejects(call({ uid: 2, secret: key }), AccessDenied)
    await assert.rejects(call({ login: 'bob', secret: key }), AccessDenied)
  })

  test('an API key is no password for the sign-in page', async () => {
    const key = await giveKey()
    await assert.rejects(enter(ann, key), AccessDenied)
    assert.equal(await world.count('session'), 0)
  })
})

describe('API keys', () => {
  before(async () => void (world = await authWorld()))
  after(() => world.stop())
  beforeEach(() => world.at.tamper('delete from res_users_apikeys', 'update res_users set active = true'))

  test('a key is 40 hex digits, its table knows 8 of them and a hash', () => {
    const { key, key_index, secret_hash } = makeKey()
    assert.match(key, /^[0-9a-f]{40}$/)
    assert.equal(key_index, key.slice(0, 8))
    assert.equal(secret_hash, createHash('sha256').update(key).digest('hex'))
  })

  test('its owner is known in one statement, with rights as they are now', async () => {
    const key = await giveKey({ scope: "'rpc'", expiration_date: `now() at time zone 'utc' + interval '1 minute'` })
    const { signed, statements } = await world.databases.use(world.instance.database, async (cx) => ({
      signed: await keyUser(cx, world.instance, key),
      statements: cx.statements,
    }))
    assert.equal(statements, 1)
    assert.deepEqual([signed?.user.id, signed?.how, signed?.user.company_ids, signed?.key?.isStale], [1, 'key', [3, 7], true])
    await noteUse(world.databases, world.instance, signed!)
    assert.equal((await byKey(key))!.key!.isStale, false)
  })

  for (const [what, change] of [
    ['expired', { expiration_date: `now() at time zone 'utc' - interval '1 second'` }],
    ['for something else', { scope: "'calendar'" }],
    ['of nobody', { user_id: '99' }],
    ['with another hash', { secret_hash: "''" }],
  ] as const)
    test(`a key ${what} opens nothing`, async () => void assert.equal(await byKey(await giveKey(change)), undefined))

  test('a key of an archived user, a shortened one, one in capitals or a hash opens nothing', async () => {
    const key = await giveKey()
    const hash = createHash('sha256').update(key).digest('hex')
    for (const other of [key.slice(0, 39), `${key}0`, key.toUpperCase(), hash, hash.slice(0, 40), '', 'null'])
      assert.equal(await byKey(other), undefined)
    await world.at.tamper('update res_users set active = false')
    assert.equal(await byKey(key), undefined)
  })
})
