import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AccessError, ValidationError } from '@erp4/orm'
import { administrator, base, employee, userManager } from '@erp4/base'
import { untilBlocked, world } from '@erp4/testing'

const here = await world(base)
const groupOf = async (key: string) => (await here.system.model('res.groups').search([['key', '=', key]])).ids[0]!
const systemGroup = await groupOf(administrator.name)
const admin = (await here.system.model('res.users').search([['login', '=', 'admin']])).ids[0]!
const chief = await here.person(userManager)
const refused = ValidationError

const administrators = async () =>
  (await here.system.model('res.users').search([['group_ids', 'any', [['key', '=', administrator.name]]]])).ids

describe('the last active administrator', () => {
  const users = chief.model('res.users')

  test('is neither archived nor taken out of the group, from the user or from the group', async () => {
    assert.deepEqual(await administrators(), [admin])
    await assert.rejects(users.browse([admin]).write({ active: false }), refused)
    await assert.rejects(users.browse([admin]).write({ group_ids: [['unlink', systemGroup]] }), refused)
    await assert.rejects(users.browse([admin]).write({ group_ids: [['set', [await groupOf(employee.name)]]] }), refused)
    await assert.rejects(
      chief
        .model('res.groups')
        .browse([systemGroup])
        .write({ user_ids: [['unlink', admin]] }),
      refused,
    )
    assert.deepEqual(await administrators(), [admin])
  })

  test('is not deleted, nor is any administrator: he leaves the group first', async () => {
    const other = await here.person(administrator)
    await assert.rejects(users.browse([other.user.id]).unlink(), AccessError)
    await users.browse([other.user.id]).write({ group_ids: [['set', [await groupOf(employee.name)]]] })
    await users.browse([other.user.id]).unlink()
    assert.deepEqual(await administrators(), [admin])
  })

  test('stays when two archive each other at the same time', async () => {
    const other = await here.person(administrator)
    const first = Promise.withResolvers<void>()
    const second = first.promise.then(() => users.browse([other.user.id]).write({ active: false }))
    const ends = await Promise.allSettled([
      chief.call(async (env) => {
        await env.model('res.users').browse([admin]).write({ active: false })
        first.resolve()
        // Not committed yet: nobody else can see it.
        await untilBlocked(here, second)
      }),
      second,
    ])
    assert.deepEqual(
      ends.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    )
    assert.deepEqual(await administrators(), [other.user.id])
  })
})
