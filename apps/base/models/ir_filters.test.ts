import assert from 'node:assert/strict'
import { test } from 'node:test'
import { administrator, base, employee } from '@erp4/base'
import { AccessError } from '@erp4/orm'
import { world } from '@erp4/testing'

const { person } = await world(base)
const [ann, bob, root] = [await person(employee), await person(employee), await person(administrator)]
const saved = (name: string) => ({ name, model_id: 'res.partner', domain: '[["city", "=", "Seoul"]]' })

test("a saved search is its owner's: nobody else sees, changes or deletes it", async () => {
  const mine = await ann.model('ir.filters').create(saved('Mine'))
  assert.deepEqual(await bob.model('ir.filters').browse(mine.ids).read(['name']), [])
  assert.deepEqual(await root.model('ir.filters').browse(mine.ids).read(['name']), [])
  for (const other of [bob, root]) {
    await assert.rejects(other.model('ir.filters').browse(mine.ids).write({ name: 'Yours' }), AccessError)
    await assert.rejects(other.model('ir.filters').browse(mine.ids).unlink(), AccessError)
  }
  assert.equal((await mine.read(['name']))[0]!.name, 'Mine')
})

test('nobody saves a search for somebody else', async () => {
  const before = await ann.model('ir.filters').count([])
  await assert.rejects(bob.model('ir.filters').create({ ...saved('For you'), user_id: ann.user.id }), AccessError)
  assert.equal(await ann.model('ir.filters').count([]), before)
})

test('a shared search is seen by all, changed by its maker and tidied up by an administrator', async () => {
  const shared = await ann.model('ir.filters').create({ ...saved('Shared'), user_id: null })
  assert.equal((await bob.model('ir.filters').browse(shared.ids).read(['name']))[0]!.name, 'Shared')
  await assert.rejects(bob.model('ir.filters').browse(shared.ids).write({ domain: '[]' }), AccessError)
  assert.equal((await shared.read(['domain']))[0]!.domain, '[["city", "=", "Seoul"]]')
  await shared.write({ name: 'Ours' })
  await root.model('ir.filters').browse(shared.ids).unlink()
  assert.equal(await ann.model('ir.filters').count([['id', 'in', [...shared.ids]]]), 0)
})

test('a new default takes the place of the old one, for its user alone', async () => {
  const [first, second, his] = [
    await ann.model('ir.filters').create({ ...saved('First'), is_default: true }),
    await ann.model('ir.filters').create({ ...saved('Second') }),
    await bob.model('ir.filters').create({ ...saved('His'), is_default: true }),
  ]
  await second.write({ is_default: true })
  assert.deepEqual([(await first.read(['is_default']))[0]!.is_default, (await his.read(['is_default']))[0]!.is_default], [false, true])
})
