import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccessError, callMethod } from '@erp4/orm'
import { administrator, base, contactManager, loadDemoData } from '@erp4/base'
import { world } from '@erp4/testing'

const at = await world(base)
await at.system.call(loadDemoData)
const [ruth, ann] = [await at.person(administrator), await at.person(contactManager)]

const ask = (who: typeof ruth, method: string): Promise<any> =>
  who.call((env) => callMethod(env, { model: 'ir.model.data', method, args: [], kwargs: {} }))
const examples = () => at.system.model('ir.model.data').find([['demo', '=', true]], ['model', 'res_id'], { order: 'id' })
const named = (name: string) => at.system.model('res.partner').find([['name', '=', name]], ['child_ids', 'category_id'])

test('who may not change settings neither counts nor removes examples', async () => {
  const before = await examples()
  await assert.rejects(ask(ann, 'report_examples'), AccessError)
  await assert.rejects(ask(ann, 'remove_examples'), AccessError)
  assert.deepEqual(await examples(), before)
})

test('looking at what would go takes nothing away', async () => {
  const before = await examples()
  const { counts, used } = await ask(ruth, 'report_examples')
  assert.equal(
    counts.reduce((sum: number, one: { count: number }) => sum + one.count, 0),
    before.length,
  )
  assert.deepEqual(used, [])
  assert.deepEqual(await examples(), before)
})

test('somebody’s file on an example keeps it, and so does one link after thousands to another', async () => {
  const tags = (await examples()).filter(({ model }) => model === 'res.partner.category').map(({ res_id }) => res_id!)
  const [many, one] = tags as [number, number]
  const [partner] = await named('나래전자 주식회사')
  const [file] = (await ann.model('ir.attachment').create({ name: 'Contract', res_model: 'res.partner', res_id: partner!.id })).ids
  const made = await ann
    .model('res.partner.category')
    .create([...Array.from({ length: 2001 }, (_, i) => ({ name: `A ${i}`, parent_id: many })), { name: 'Z', parent_id: one }])
  const { used } = await ask(ruth, 'report_examples')
  const keeps = new Map(used.map(({ model, id, by }: { model: string; id: number; by: string }) => [`${model},${id}`, by]))
  assert.equal(keeps.get(`res.partner,${partner!.id}`), 'Attachment (1)')
  assert.equal(keeps.get(`res.partner.category,${many}`), 'Contact Tag (2001)')
  assert.equal(keeps.get(`res.partner.category,${one}`), 'Contact Tag (1)')
  await at.system.model('res.partner.category').browse(made.ids).unlink()
  await at.system.model('ir.attachment').browse([file!]).unlink()
})

test('what people use stays, with what it stands on, and is named; the rest goes at once', async () => {
  const [company] = await named('나래전자 주식회사')
  const person = company!.child_ids[0]!
  const [tag] = company!.category_id
  // Ann works with an example: a contact of hers reports to one, another carries a tag of the examples.
  const [mine] = (await ann.model('res.partner').create({ name: 'Mine', parent_id: person, category_id: [['link', tag!]] })).ids
  const [all, { used }] = [(await examples()).length, await ask(ruth, 'report_examples')]
  const keys = (list: { model: string; id: number }[]) => list.map(({ model, id }) => `${model},${id}`).sort()
  assert.ok(keys(used).includes(`res.partner,${person}`) && keys(used).includes(`res.partner.category,${tag}`))
  assert.ok(keys(used).includes(`res.partner,${company!.id}`), 'the company of a person who stays')
  const { removed, kept } = await ask(ruth, 'remove_examples')
  assert.deepEqual(keys(kept), keys(used))
  assert.equal(removed, all - kept.length)
  assert.ok(kept.length < 10, `${kept.length} stay`)
  assert.deepEqual(keys((await examples()).map(({ model, res_id }) => ({ model, id: res_id! }))), keys(kept))
  const [left] = await ann.model('res.partner').browse([mine!]).read(['parent_id', 'category_id'])
  assert.deepEqual([left!.parent_id, left!.category_id], [person, [tag]])
  // Later, when nobody needs them any more, they go too.
  await ann.model('res.partner').browse([mine!]).unlink()
  assert.equal((await ask(ruth, 'remove_examples')).kept.length, 0)
  assert.deepEqual(await examples(), [])
})
