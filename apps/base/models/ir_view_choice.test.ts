import assert from 'node:assert/strict'
import { test } from 'node:test'
import { administrator, base, employee, keep, portal } from '@erp4/base'
import { AccessError, ValidationError } from '@erp4/orm'
import { type Actor, world } from '@erp4/testing'

const { person } = await world(base)
const [ann, bob, root] = [await person(employee), await person(employee), await person(administrator)]
const list = { model_id: 'res.partner', view: 'list' } as const
const kept = (who: Actor) => who.model('ir.view.choice').find([], ['model_id', 'view', 'choice'])
const keepAs = (who: Actor, choice: object | null) => keep(who.model('ir.view.choice').browse([]), { ...list, choice: choice as never })

test('a choice takes the place of the one before, and null forgets it', async () => {
  await keepAs(ann, { names: ['name'] })
  await keepAs(ann, { names: ['name', 'city'] })
  assert.deepEqual(
    (await kept(ann)).map(({ choice }) => choice),
    [{ names: ['name', 'city'] }],
  )
  await keepAs(ann, null)
  assert.deepEqual(await kept(ann), [])
})

test('two tabs that keep a first choice at once keep one', async () => {
  await Promise.all([keepAs(bob, { names: ['name'] }), keepAs(bob, { names: ['city'] })])
  assert.equal((await kept(bob)).length, 1)
  await keepAs(bob, null)
})

test("a choice is its owner's: nobody else sees it, makes one for him or changes it", async () => {
  await keepAs(ann, { names: ['name'] })
  const [mine] = await kept(ann)
  for (const other of [bob, root]) {
    assert.deepEqual(await kept(other), [])
    await assert.rejects(other.model('ir.view.choice').browse([mine!.id]).write({ choice: {} }), AccessError)
    await assert.rejects(other.model('ir.view.choice').create({ ...list, view: 'kanban', choice: {}, user_id: ann.user.id }), AccessError)
  }
  await assert.rejects(keepAs(await person(portal), { names: [] }), AccessError)
  assert.deepEqual(await kept(ann), [mine])
})

test('what would fill the database is refused, and the choice before it stays', async () => {
  await assert.rejects(keepAs(ann, { names: ['x'.repeat(30_000)] }), ValidationError)
  assert.deepEqual((await kept(ann))[0]!.choice, { names: ['name'] })
})
