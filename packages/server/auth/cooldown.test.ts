import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, beforeEach, describe, test } from 'node:test'
import { AccessDenied } from '@erp4/orm'
import { sweepTries } from '../sql/auth-cooldown.ts'
import { admit, CooldownError, pardon, sourceNetwork } from './cooldown.ts'
import { passwordUser, signIn } from './sign-in.ts'
import { annsPassword, authWorld, bobsPassword, type AuthWorld } from '../tests/auth-world.ts'

let world: AuthWorld
const ann = 'ann@azure.example'
const home = '203.0.113.7'

/** Counts an attempt as a sign-in would, without the hash that follows. */
const attempt = ({ login = ann, source = home, device }: { login?: string; source?: string; device?: string } = {}) =>
  world.databases.transaction(world.instance.database, (cx) => admit(cx, world.instance, { login, source, device }))

/** How many of `n` attempts, one after the other, are admitted. */
async function admitted(n: number, where: Parameters<typeof attempt>[0] = {}): Promise<number> {
  let count = 0
  for (let i = 0; i < n; i++)
    count += await attempt(where).then(
      () => 1,
      (error) => (error instanceof CooldownError ? 0 : Promise.reject(error)),
    )
  return count
}

const age = (seconds: number) => world.at.tamper(`update login_try set since = since - interval '${seconds} seconds'`)

describe('the cooldown of sign-in', () => {
  before(async () => void (world = await authWorld()))
  after(() => world.stop())
  beforeEach(async () => {
    await world.calm()
    await world.at.tamper('delete from ir_config_parameter', 'delete from audit_in', 'delete from session')
  })

  test('ten attempts are judged, then even the right password is refused, with how long to wait', async () => {
    assert.equal(await admitted(12), 10)
    const refused = await signIn(world.instance, world.databases, { login: ann, password: annsPassword }, { source: home }).catch(
      (error) => error,
    )
    assert.ok(refused instanceof CooldownError && refused instanceof AccessDenied)
    assert.ok(refused.seconds > 55 && refused.seconds <= 60, String(refused.seconds))
    assert.equal(await world.count('session'), 0)
  })

  test('a refused attempt counts nowhere: the source keeps its places and the wait does not grow', async () => {
    await admitted(10)
    const before = await world.at.rows('select * from login_try order by bucket')
    assert.equal(await admitted(5), 0)
    assert.deepEqual(await world.at.rows('select * from login_try order by bucket'), before)
  })

  test('the wait ends after the duration', async () => {
    await admitted(10)
    await age(59)
    assert.equal(await admitted(1), 0)
    await age(1)
    assert.equal(await admitted(12), 10)
  })

  test('attempts that come slower than they are forgotten never add up; others do', async () => {
    await admitted(9)
    await age(50)
    assert.equal(await admitted(3), 1)
  })

  test('a login that nobody has is counted like one that somebody has', async () => {
    assert.equal(await admitted(12, { login: 'nobody@azure.example' }), 10)
  })

  test('another login is not held up by it', async () => {
    await admitted(10)
    assert.equal(await admitted(1, { login: 'bob' }), 1)
  })

  test('one source may try a hundred times over all logins', async () => {
    let count = 0
    for (let i = 0; i < 13; i++) count += await admitted(8, { login: `login ${i}` })
    assert.equal(count, 100)
    assert.equal(await admitted(1, { login: 'login 99', source: '203.0.113.8' }), 1)
  })

  test("a source's window does not move with every attempt: who signs in all day is not locked out", async () => {
    for (let i = 0; i < 99; i++) await attempt({ login: `login ${i}` })
    await age(59)
    assert.equal(await admitted(1, { login: 'the hundredth' }), 1)
    await age(1)
    assert.equal(await admitted(1, { login: 'a new window' }), 1)
  })

  test('all addresses of an IPv6 customer are one source, an IPv4 address in IPv6 clothes is itself', async () => {
    assert.equal(sourceNetwork('2001:db8:1:2::1'), sourceNetwork('2001:DB8:1:2:ffff:ffff:ffff:ffff'))
    assert.notEqual(sourceNetwork('2001:db8:1:2::1'), sourceNetwork('2001:db8:1:3::1'))
    assert.equal(sourceNetwork('2001:db8::1'), '2001:db8:0:0::/64')
    assert.equal(sourceNetwork('::1'), '0:0:0:0::/64')
    assert.equal(sourceNetwork('fe80::1%eth0'), 'fe80:0:0:0::/64')
    assert.equal(sourceNetwork('1:2:3:4:5:6:7:8'), '1:2:3:4::/64')
    assert.equal(sourceNetwork('::ffff:203.0.113.7'), '203.0.113.7')
    assert.equal(sourceNetwork('203.0.113.7'), '203.0.113.7')
  })

  test('settings act at once, nonsense in them does not, and 0 switches the cooldown off', async () => {
    await world.set('base.login_cooldown_after', 3)
    assert.equal(await admitted(5), 3)
    await world.set('base.login_cooldown_after', 4)
    assert.equal(await admitted(5), 1)
    await world.set('base.login_cooldown_duration', 1)
    await age(1)
    assert.equal(await admitted(1), 1)
    await world.calm()
    await world.set('base.login_cooldown_after', '10; drop table session')
    assert.equal(await admitted(12), 10)
    await world.set('base.login_cooldown_after', 0)
    assert.equal(await admitted(15), 15)
  })

  test('success clears the failures of its login, and gives its source back one place only', async () => {
    await admitted(9)
    for (let i = 0; i < 5; i++) await attempt({ login: `spray ${i}` })
    const good = await attempt()
    await world.databases.transaction(world.instance.database, (cx) => pardon(cx, good))
    assert.equal(await admitted(12), 10)
    const [row] = await world.at.rows<{ n: number }>('select max(n) as n from login_try')
    assert.equal(row!.n, 9 + 5 + 10)
  })

  test('a reservation is not returned to a window it was not taken from', async () => {
    const early = await attempt()
    await age(60)
    await attempt({ login: 'bob' })
    await world.databases.transaction(world.instance.database, (cx) => pardon(cx, early))
    assert.deepEqual(
      (await world.at.rows('select n from login_try')).map(({ n }) => n),
      [1, 1],
    )
  })

  test("the owner's own browser is not locked out by others, and has a bound of its own", async () => {
    const { deviceToken } = await signIn(world.instance, world.databases, { login: ann, password: annsPassword }, { source: home })
    await admitted(10)
    assert.equal(await admitted(1), 0)
    assert.equal(await admitted(1, { device: 'A'.repeat(43) }), 0)
    assert.equal(await admitted(1, { login: 'bob', device: deviceToken }), 1)
    const again = await signIn(
      world.instance,
      world.databases,
      { login: ann, password: annsPassword },
      { source: home, device: deviceToken },
    )
    assert.equal(again.deviceToken, deviceToken)
    assert.equal(await admitted(12, { device: deviceToken }), 10)
    // Her success on the known device cleared its own count, not the login's, which others had filled.
    assert.equal(await admitted(1), 0)
  })

  test("a device token of one's own making is not taken over", async () => {
    const { deviceToken } = await signIn(
      world.instance,
      world.databases,
      { login: ann, password: annsPassword },
      { source: home, device: 'planted-token' },
    )
    assert.match(deviceToken, /^[A-Za-z0-9_-]{43}$/)
    assert.equal(await world.count('login_device'), 2, 'a device of ours, and the place')
    assert.equal(await world.count('login_device', `device = sha256('planted-token')`), 0)
  })

  test('by id and by login, a user has one count', async () => {
    await world.set('base.login_cooldown_after', 2)
    const by = (credentials: Parameters<typeof passwordUser>[2]) =>
      passwordUser(world.instance, world.databases, credentials, home).catch((error) => error.name)
    assert.equal(await by({ uid: 2, secret: 'wrong' }), 'AccessDenied')
    assert.equal(await by({ login: 'bob', secret: 'wrong too' }), 'AccessDenied')
    assert.equal(await by({ uid: 2, secret: bobsPassword }), 'CooldownError')
    assert.equal(await by({ login: 'bob', secret: bobsPassword }), 'CooldownError')
  })

  test('40 attempts at once in two other processes: exactly ten are judged', async () => {
    const config = world.at.as('runtime')
    const ends = await Promise.all(
      ['198.51.100.1', '198.51.100.2'].map((source) => rival({ config, database: world.at.database, attempts: 20, source })),
    )
    const all = ends.flat()
    assert.deepEqual(
      [all.length, all.filter((end) => end === 'AccessDenied').length, all.filter((end) => end === 'CooldownError').length],
      [40, 10, 30],
    )
    assert.equal(await world.count('audit_in', `operation = 'login_failed' and rec = 1`), 10)
    const refused = await signIn(world.instance, world.databases, { login: ann, password: annsPassword }, { source: home }).catch(
      (error) => error.name,
    )
    assert.equal(refused, 'CooldownError')
  })

  test('the trail grows with attempts that were judged, and not with what people type as a login', async () => {
    await world.set('base.login_cooldown_after', 2)
    for (let i = 0; i < 4; i++)
      await signIn(world.instance, world.databases, { login: 'my password by mistake', password: 'x' }, { source: home }).catch(
        () => undefined,
      )
    const rows = await world.at.rows(`select actor, source, model, rec, operation, change from audit_in`)
    assert.deepEqual(
      rows,
      Array.from({ length: 2 }, () => ({
        actor: null,
        source: 'web',
        model: 'res.users',
        rec: null,
        operation: 'login_failed',
        change: { by: 'session', from: home },
      })),
    )
  })

  test('many at once who are right and wrong neither deadlock nor leave a place taken', async () => {
    await world.set('base.login_cooldown_after', 1000)
    await world.set('base.login_cooldown_source_after', 1000)
    await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const good = await attempt({ login: `login ${i % 3}` })
        await world.databases.transaction(world.instance.database, (cx) => pardon(cx, good))
      }),
    )
    assert.deepEqual(await world.at.rows('select n from login_try'), [{ n: 0 }])
  })

  test('expired rows are swept, live ones stay', async () => {
    await admitted(3)
    await age(61)
    await admitted(1, { login: 'bob', source: '203.0.113.9' })
    await world.databases.use(world.instance.database, (cx) => cx.query(sweepTries))
    assert.equal(await world.count('login_try'), 2)
  })

  test('the table holds no login, address or device in the clear', async () => {
    await attempt()
    const rows = await world.at.rows<{ bucket: Buffer }>('select bucket from login_try')
    for (const { bucket } of rows) assert.equal(bucket.length, 32)
  })
})

function rival(task: object): Promise<string[]> {
  const program = new URL('./rival.ts', import.meta.url).pathname
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [...process.execArgv, program, JSON.stringify(task)], { timeout: 600_000 }, (error, stdout) => {
      if (error) reject(new Error('the rival failed', { cause: error }))
      else resolve(JSON.parse(stdout) as string[])
    })
  })
}
