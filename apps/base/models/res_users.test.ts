import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AccessError, Env, ValidationError, ValueError, finishCall, openCall } from '@erp4/orm'
import { administrator, base, context_get, employee, has_group, make_key, portal, run_check, userManager } from '@erp4/base'
import { world } from '@erp4/testing'

const here = await world(base)
const chief = await here.person(userManager)
const ann = await here.person(employee)
const bob = await here.person(employee)
const dora = await here.person(portal)

const groupId = async (key: string) => (await here.system.model('res.groups').search([['key', '=', key]])).ids[0]!
const [userGroup, portalGroup, managerGroup, systemGroup] = await Promise.all([
  groupId(employee.name),
  groupId(portal.name),
  groupId(userManager.name),
  groupId(administrator.name),
])
const held = async (id: number) =>
  (await here.system.model('res.users').browse([id]).read(['group_ids', 'company_ids', 'company_id', 'login', 'active', 'sec_version']))[0]!

describe('a user', () => {
  test('is made with a name and a login alone: his contact, company and group come by themselves', async () => {
    const [id] = await chief.call(
      async (env) =>
        (await env.model('res.users').create({ login: 'emil@azure.example', ...({ name: 'Emil', tz: 'Asia/Seoul' } as object) } as never))
          .ids,
    )
    const [emil] = await here.system
      .model('res.users')
      .browse([id!])
      .read(['display_name', 'name', 'email', 'partner_id.name', 'partner_id.email', 'company_ids', 'group_ids.key', 'share', 'tz'])
    assert.deepEqual(
      { ...emil, id: 0, partner_id: { ...emil?.partner_id, id: 0 }, group_ids: emil?.group_ids.map((group) => group.key) },
      {
        id: 0,
        display_name: 'Emil',
        name: 'Emil',
        email: 'emil@azure.example',
        partner_id: { id: 0, name: 'Emil', email: 'emil@azure.example' },
        company_ids: [1],
        group_ids: ['base.group_user'],
        share: false,
        tz: 'Asia/Seoul',
      },
    )
  })

  test('has a login that nobody else has, however it is written', async () => {
    const count = await here.system.model('res.users').count([])
    const partner = await here.system.model('res.partner').create({ name: 'Double' })
    await assert.rejects(
      chief.model('res.users').create({ login: ann.user.login.toUpperCase(), partner_id: partner.ids[0]! }),
      /Another user has this login already/,
    )
    assert.equal(await here.system.model('res.users').count([]), count)
  })

  test('is from inside or from outside, never both', async () => {
    await assert.rejects(
      chief
        .model('res.users')
        .browse([ann.user.id])
        .write({ group_ids: [['link', portalGroup]] }),
      new ValidationError(`${ann.user.login} is an internal user, a portal user or the public: one of them.`),
    )
    assert.deepEqual((await held(ann.user.id)).group_ids, [userGroup])
    assert.equal((await here.system.model('res.users').browse([dora.user.id]).read(['share']))[0]?.share, true)
  })

  test('works by default in a company he may work in', async () => {
    const other = await here.company('Elsewhere')
    await assert.rejects(chief.model('res.users').browse([ann.user.id]).write({ company_id: other }))
    assert.equal((await held(ann.user.id)).company_id, 1)
  })

  test('is told what he signed in as', async () => {
    assert.deepEqual(await context_get(ann.model('res.users').browse([])), { lang: 'en_US', tz: 'UTC', uid: ann.user.id })
  })

  test('knows his groups, implied ones too', async () => {
    const me = chief.model('res.users').browse([chief.user.id])
    assert.equal(await has_group(me, { group_ext_id: 'base.group_partner_manager' }), true)
    assert.equal(await has_group(me, { group_ext_id: 'base.group_system' }), false)
  })
})

describe('what one may change of oneself', () => {
  test('is language, time zone, signature, and how one is called', async () => {
    const me = ann.model('res.users').browse([ann.user.id])
    await me.write({ lang: 'ko_KR', tz: 'Asia/Seoul', signature: '<p>Ann</p>', phone: '+1 555 0100' })
    assert.deepEqual(
      { ...(await me.read(['lang', 'tz', 'signature', 'phone']))[0], id: 0 },
      { id: 0, lang: 'ko_KR', tz: 'Asia/Seoul', signature: '<p>Ann</p>', phone: '+1 555 0100' },
    )
    const hers = dora.model('res.users').browse([dora.user.id])
    await hers.write({ lang: 'ko_KR' })
    assert.equal((await hers.read(['lang']))[0]?.lang, 'ko_KR')
  })

  for (const [what, values] of [
    ['groups', { group_ids: [['link', managerGroup]] }],
    ['groups, spelled as RPC does', { group_ids: [[6, 0, [systemGroup]]] }],
    ['companies', { company_ids: [['set', [1, 2]]] }],
    ['login', { login: 'root' }],
    ['contact', { partner_id: 1 }],
    ['password without the old one', { password: 'correct horse battery staple' }],
    ['security version', { sec_version: 7 }],
    ['activity', { active: false }],
  ] as const) {
    for (const person of [ann, dora]) {
      test(`is not one's ${what} (${person === ann ? 'an employee' : 'a portal user'})`, async () => {
        const before = await held(person.user.id)
        await assert.rejects(
          person
            .model('res.users')
            .browse([person.user.id])
            .write(values as never),
          ValueError,
        )
        assert.deepEqual(await held(person.user.id), before)
      })
    }
  }

  test('is nothing of a colleague', async () => {
    await assert.rejects(ann.model('res.users').browse([bob.user.id]).write({ lang: 'ko_KR' }), AccessError)
    assert.deepEqual(await dora.model('res.users').browse([bob.user.id]).read(['name']), [])
  })
})

describe('nobody gives himself a right', () => {
  test('from the side of the group', async () => {
    const group = ann.model('res.groups').browse([systemGroup])
    await assert.rejects(group.write({ user_ids: [['link', ann.user.id]] }), AccessError)
    assert.deepEqual((await held(ann.user.id)).group_ids, [userGroup])
  })

  test('from the side of the company', async () => {
    const other = await here.company('Yonder')
    await assert.rejects(
      ann
        .model('res.company')
        .browse([other])
        .write({ user_ids: [['link', ann.user.id]] }),
      AccessError,
    )
    await assert.rejects(
      ann
        .model('res.company')
        .browse([1])
        .write({ user_ids: [['set', [ann.user.id]]] }),
      AccessError,
    )
    assert.deepEqual((await held(ann.user.id)).company_ids, [1])
  })

  test('by changing what a group implies, an administrator neither', async () => {
    const group = chief.model('res.groups').browse([userGroup])
    await assert.rejects(group.write({ implied_ids: [['link', systemGroup]] }), ValueError)
    await assert.rejects(group.write({ key: 'base.group_other' }), ValueError)
    assert.deepEqual(
      (await here.system.model('res.groups').browse([userGroup]).read(['implied_ids', 'key'])).map((one) => [one.implied_ids, one.key]),
      [[[], 'base.group_user']],
    )
  })

  test('by making a user', async () => {
    await assert.rejects(
      ann.call((env) =>
        env.model('res.users').create({ login: 'me2', ...({ name: 'Me', group_ids: [['set', [systemGroup]]] } as object) } as never),
      ),
      AccessError,
    )
    assert.equal(await here.system.model('res.users').count([['login', '=', 'me2']]), 0)
    assert.equal(await here.system.model('res.partner').count([['name', '=', 'Me']]), 0)
  })

  test('through his own contact', async () => {
    const mine = ann.model('res.partner').browse([ann.user.partner_id])
    await assert.rejects(mine.write({ user_ids: [['update', ann.user.id, { group_ids: [['link', systemGroup]] }]] }))
    assert.deepEqual((await held(ann.user.id)).group_ids, [userGroup])
  })
})

test('sessions end with the login, the groups and the activity, and with nothing else', async () => {
  const users = chief.model('res.users').browse([bob.user.id])
  const version = async () => (await held(bob.user.id)).sec_version
  const start = await version()
  await users.write({ tz: 'Asia/Seoul' })
  assert.equal(await version(), start)
  await users.write({ login: 'bob.kestrel' })
  assert.equal(await version(), start + 1)
  await users.write({ group_ids: [['link', managerGroup]] })
  assert.equal(await version(), start + 2)
  await users.write({ active: false })
  assert.equal(await version(), start + 3)
})

test('passwords and hashes of keys are read by nobody', async () => {
  for (const person of [ann, chief]) {
    await assert.rejects(person.model('res.users').find([['password', '!=', null]], ['login']), ValueError)
    await assert.rejects(person.model('res.users.apikeys').find([['secret_hash', '!=', null]], ['name']), ValueError)
  }
})

describe('an API key', () => {
  /** One call of Ann's whose identity the server has or has not confirmed. */
  const asAnn = <T>(identityConfirmed: boolean, work: (env: Env<false>) => Promise<T>): Promise<T> =>
    here.databases.transaction(here.database, async (cx) => {
      const context = { lang: 'en_US', tz: 'UTC', allowed_company_ids: [1], active_test: true }
      const env = new Env(openCall({ registry: here.registry, cx, identityConfirmed }), ann.user, context, false)
      const result = await work(env)
      await finishCall(env)
      return result
    })
  const dialogue = async (duration: '1' | '0' | '365') =>
    (await ann.model('res.users.apikeys.description').create({ name: 'Laptop', duration })).ids
  const keys = () => ann.model('res.users.apikeys').find([], ['name', 'scope', 'expiration_date'])
  type Action = { res_model: string; res_id?: number; context?: { default_key: string } }

  test('asks for the password first, and is made once it is given', async () => {
    const ids = await dialogue('1')
    const asked = (await asAnn(false, (env) => make_key(env.model('res.users.apikeys.description').browse(ids)))) as unknown as Action
    assert.equal(asked.res_model, 'res.users.identitycheck')
    await assert.rejects(
      asAnn(false, (env) => run_check(env.model('res.users.identitycheck').browse([asked.res_id!]))),
      /Incorrect Password/,
    )
    assert.deepEqual(await keys(), [])
    const made = (await asAnn(true, (env) => run_check(env.model('res.users.identitycheck').browse([asked.res_id!])))) as unknown as Action
    assert.match(made.context!.default_key, /^[0-9a-f]{40}$/)
    assert.deepEqual(
      (await keys()).map((key) => [key.name, key.scope, typeof key.expiration_date]),
      [['Laptop', 'rpc', 'string']],
    )
  })

  for (const duration of ['0', '365'] as const) {
    test(`of an ordinary user does not last ${duration === '0' ? 'for ever' : 'a year'}`, async () => {
      const ids = await dialogue(duration)
      const before = await keys()
      await assert.rejects(
        asAnn(true, (env) => make_key(env.model('res.users.apikeys.description').browse(ids))),
        new ValidationError('An API key is good for 90 days at most.'),
      )
      assert.deepEqual(await keys(), before)
    })
  }

  test('is seen and removed by its owner only', async () => {
    const [key] = await keys()
    const theirs = dora.model('res.users.apikeys').browse([key!.id])
    assert.deepEqual(await theirs.read(['name']), [])
    await assert.rejects(theirs.unlink(), AccessError)
    await assert.rejects(ann.model('res.users.apikeys').create({ name: 'Forged', user_id: chief.user.id }), AccessError)
    await ann.model('res.users.apikeys').browse([key!.id]).unlink()
    assert.deepEqual(await keys(), [])
  })
})
