import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AccessError, UserError, ValidationError } from '@erp4/orm'
import {
  action_reset_password,
  administrator,
  base,
  contactManager,
  devices,
  employee,
  end_sessions,
  explain_access,
  portal,
  preview_groups,
  set_param,
  userManager,
} from '@erp4/base'
import { type Actor, world } from '@erp4/testing'

const here = await world(base)
const ann = await here.person(employee)
const bob = await here.person(employee)
const chief = await here.person(userManager)
const root = await here.person(administrator)
const dora = await here.person(portal)
const elsewhere = await here.company('Elsewhere')
const hana = await here.personOf([elsewhere], userManager)

const user = (asker: Actor<false>, about: Actor<false>) => asker.model('res.users').browse([about.user.id])
const groupIds = async (...keys: string[]) => [...(await here.system.model('res.groups').search([['key', 'in', keys]])).ids]
type Explained = {
  allowed: boolean
  because: string
  record: string
  rules: { kind: string; where: string | null; holds: boolean }[]
  closed: string[]
}
const why = async (
  asker: Actor<false>,
  about: Actor<false>,
  model: string,
  res_id: number,
  operation: 'read' | 'write' | 'unlink' = 'read',
) => (await explain_access(user(asker, about), { model, res_id, operation })) as unknown as Explained

describe('a link to choose a password', () => {
  test('is sent by who manages users, to whoever has an address', async () => {
    await here.system.model('res.partner').browse([ann.user.partner_id]).write({ email: 'ann@azure.example' })
    const answer = (await action_reset_password(user(chief, ann))) as { tag: string; params: { message: string } }
    assert.deepEqual(
      [answer.tag, answer.params.message],
      ['display_notification', 'A mail with a link to choose a password is on its way.'],
    )
    await assert.rejects(action_reset_password(user(chief, bob)), /No mail was sent: Bob cannot be sent one/)
  })

  test('is not sent for a colleague, nor by a customer, nor by who manages users of another company', async () => {
    for (const asker of [bob, dora, hana]) await assert.rejects(action_reset_password(user(asker, ann)), AccessError)
  })
})

describe('devices', () => {
  test("are neither shown nor ended for a colleague, a customer or another company's manager", async () => {
    for (const asker of [bob, dora, hana]) {
      await assert.rejects(devices(user(asker, ann)), AccessError)
      await assert.rejects(end_sessions(user(asker, ann), { device: null }), AccessError)
    }
  })

  test('are asked for one user at a time', async () => {
    const both = chief.model('res.users').browse([ann.user.id, bob.user.id])
    await assert.rejects(devices(both), AccessError)
    await assert.rejects(end_sessions(both, {}), AccessError)
  })
})

describe('why somebody may do something', () => {
  test('names the group that gives the right, in the language of whoever asks', async () => {
    const { allowed, because, record, rules } = await why(chief, ann, 'res.partner', bob.user.partner_id)
    assert.deepEqual([allowed, record, because], [true, 'Bob', 'Ann may see this record. The group “Internal user” gives the right.'])
    assert.ok(rules.every(({ holds, kind }) => holds || kind === 'grant'))
    const inKorean = (await explain_access(chief.with({ lang: 'ko_KR' }).model('res.users').browse([ann.user.id]), {
      model: 'res.partner',
      res_id: bob.user.partner_id,
      operation: 'read',
    })) as { because: string }
    assert.match(inKorean.because, /^Ann 님은 이 레코드를 볼 수 있습니다\. ‘.+’ 그룹이 이 권한을 줍니다\.$/)
  })

  test('says what the missing right would take, and what the rules demand, in words', async () => {
    const { allowed, because, rules } = await why(chief, ann, 'res.partner', bob.user.partner_id, 'write')
    assert.equal(allowed, false)
    assert.equal(because, 'Ann may not change this record. Internal user would give it for other records, not for this one.')
    assert.ok(
      rules.some(({ kind, where }) => kind === 'grant' && where === 'ID is Ann'),
      JSON.stringify(rules),
    )
    const never = await why(root, ann, 'res.currency', 1, 'unlink')
    assert.equal(
      never.because,
      'Ann may not delete this record. It takes one of these groups, and the user is in none of them: Administration: settings.',
    )
  })

  test('agrees with what the user really may', async () => {
    const partner = (await here.system.model('res.partner').create({ name: 'Azure', company_id: elsewhere })).ids[0]!
    const both = await here.personOf([1, elsewhere], userManager)
    const { allowed, because } = await why(both, ann, 'res.partner', partner)
    assert.deepEqual([allowed, because], [false, 'Ann may not see this record. A limit that holds for everybody stops it.'])
    assert.deepEqual(await ann.model('res.partner').browse([partner]).read(['name']), [])
  })

  test('tells of fields that stay closed', async () => {
    const { closed } = await why(chief, dora, 'res.partner', dora.user.partner_id)
    assert.ok(closed.includes('Notes'), String(closed))
  })

  test('is told to who manages users alone, and about records that he may see', async () => {
    for (const asker of [ann, dora]) await assert.rejects(why(asker, asker, 'res.partner', asker.user.partner_id), AccessError)
    const secret = (await here.system.model('res.partner').create({ name: 'Hidden', company_id: elsewhere })).ids[0]!
    const [hidden, missing] = await Promise.all([secret, 99_999].map((id) => why(chief, ann, 'res.partner', id).catch((error) => error)))
    assert.ok(hidden instanceof UserError && missing instanceof UserError)
    assert.equal(hidden.message, missing.message)
    await assert.rejects(why(chief, ann, 'no.such.model', 1), UserError)
    await assert.rejects(why(hana, ann, 'res.partner', ann.user.partner_id), AccessError)
  })
})

describe('a change of rights', () => {
  test('is told before it happens: groups with implied ones, and what could be done with each kind of record', async () => {
    const told = (await preview_groups(user(chief, ann), { group_ids: await groupIds(contactManager.name) })) as {
      gained: { key: string; help: string }[]
      lost: unknown[]
      changes: { model: string; operation: string; before: string; after: string }[]
    }
    assert.deepEqual([told.gained.map(({ key }) => key), told.lost], [[contactManager.name], []])
    assert.match(told.gained[0]!.help, /Creates, changes and deletes contacts/)
    const partner = told.changes.filter(({ model }) => model === 'res.partner.category')
    assert.deepEqual(
      partner.map(({ operation, before, after }) => [operation, before, after]),
      [
        ['create', 'none', 'all'],
        ['write', 'none', 'all'],
        ['unlink', 'none', 'all'],
      ],
    )
    const [held] = await here.system.model('res.users').browse([ann.user.id]).read(['group_ids.key'])
    assert.deepEqual(
      held!.group_ids.map(({ key }) => key),
      [employee.name],
    )
  })

  test('is not told to who may not make it', async () => {
    for (const asker of [ann, dora]) await assert.rejects(preview_groups(user(asker, asker), { group_ids: [] }), AccessError)
  })
})

describe('the rules of signing in', () => {
  for (const [key, value] of [
    ['auth_password_policy.minlength', '7'],
    ['auth_password_policy.minlength', '1e3'],
    ['auth_password_policy.minlength', '129'],
    ['base.login_cooldown_after', '-1'],
    ['base.login_cooldown_duration', '0'],
    ['base.login_cooldown_duration', '86401'],
    ['base.login_cooldown_source_after', 'many'],
  ] as const)
    test(`${key} cannot be ${value}`, async () => {
      const before = await here.system.model('ir.config_parameter').find([['key', '=', key]], ['value'])
      await assert.rejects(set_param(root.model('ir.config_parameter').browse([]), { key, value }), ValidationError)
      assert.deepEqual(await here.system.model('ir.config_parameter').find([['key', '=', key]], ['value']), before)
    })

  test('are for administrators', async () => {
    const change = { key: 'auth_password_policy.minlength', value: '16' }
    await assert.rejects(set_param(chief.model('ir.config_parameter').browse([]), change), AccessError)
    await set_param(root.model('ir.config_parameter').browse([]), change)
    assert.equal((await here.system.model('ir.config_parameter').find([['key', '=', change.key]], ['value']))[0]!.value, '16')
  })
})
