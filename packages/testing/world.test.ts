import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base, contactManager, employee } from '@erp4/base'
import { AccessError } from '@erp4/orm'
import { world } from './world.ts'

test('a person does what his groups let him, in calls of their own', async () => {
  const { person, system } = await world(base)
  const [ann, bob] = [await person(contactManager), await person(employee)]
  const azure = await ann.model('res.partner').create({ name: 'Azure Interior', is_company: true })
  const [seen] = await bob.model('res.partner').browse(azure.ids).read(['name'])
  assert.equal(seen?.name, 'Azure Interior')
  await assert.rejects(bob.model('res.partner').browse(azure.ids).write({ name: 'Mine' }), AccessError)
  assert.equal(await system.model('res.partner').count([['name', '=', 'Azure Interior']]), 1)
})

test('what fails in a call leaves nothing', async () => {
  const { system } = await world(base)
  const before = await system.model('res.partner').count([])
  const failing = system.call(async (sys) => {
    await sys.model('res.partner').create({ name: 'Lost' })
    throw new Error('stop')
  })
  await assert.rejects(failing, /stop/)
  assert.equal(await system.model('res.partner').count([]), before)
})

test('a second company has people of its own', async () => {
  const { company, personOf } = await world(base)
  const azure = await company('Azure')
  const carla = await personOf([azure], employee)
  assert.deepEqual([carla.user.company_id, carla.user.company_ids], [azure, [azure]])
})
