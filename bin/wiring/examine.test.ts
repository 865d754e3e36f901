import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base } from '@erp4/base'
import { connectAs, listInstances, withClient } from '@erp4/ops'
import { withCluster, world } from '@erp4/testing'
import { examineDatabase } from './examine.ts'

const here = await world(base)
const host = await withCluster()
const instance = (await listInstances(host)).find(({ database }) => database === here.database)!
const asOwner = async <T>(work: Parameters<typeof withClient<T>>[1]): Promise<T> =>
  withClient(await connectAs(host, instance, 'owner'), work)
const examine = () => asOwner((client) => examineDatabase(client, 'azure', here.registry))
const texts = async (level: string) => (await examine()).filter((one) => one.level === level).map(({ text }) => text)

test('every reason for which code ran without rules is told, with how often and when', async () => {
  await here.system.call((env) => env.asSystem('the test asks twice', async () => null))
  await here.system.call((env) => env.asSystem('the test asks twice', async () => null))
  const found = (await texts('note')).find((text) => text.includes('the test asks twice'))
  assert.match(found!, /^azure: without rules 2 times, because the test asks twice \(last \d{4}-\d\d-\d\d \d\d:\d\d UTC\)\.$/)
})

test('a right that nothing declares is a fault, until it is taken back', async () => {
  assert.deepEqual(await texts('fault'), [])
  await asOwner((client) => client.query('grant delete on audit_in to erp4_runtime'))
  const [fault, ...more] = await texts('fault')
  assert.match(fault!, /erp4_runtime may delete audit_in, which nothing declares/)
  assert.deepEqual(more, [])
  await asOwner((client) => client.query('revoke delete on audit_in from erp4_runtime'))
  assert.deepEqual(await texts('fault'), [])
})

test('a language that was switched on has no indexes yet, and it is told how to make them', async () => {
  const stepsBehind = async () => Number(/is behind by (\d+)/.exec((await texts('note')).join('\n'))?.[1] ?? 0)
  const before = await stepsBehind()
  const french = await here.system
    .with({ active_test: false })
    .model('res.lang')
    .search([['code', '=', 'fr_FR']])
  await french.write({ active: true })
  assert.ok((await stepsBehind()) > before)
  const found = (await texts('note')).find((text) => text.includes('is behind'))
  assert.match(
    found!,
    /^azure is behind by \d+ steps?, such as the indexes of a language that was switched on: .*erp4 instance upgrade azure does them\.$/,
  )
})
