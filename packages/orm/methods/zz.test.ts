import { test } from 'node:test'
import { world } from '@erp4/testing'
import { base, employee } from '@erp4/base'
import { callMethod } from '@erp4/orm'
test('x', async () => {
  const t = Date.now()
  const w = await world(base)
  console.log('world', Date.now() - t)
  const ann = await w.person(employee)
  console.log(await ann.call((env) => callMethod(env, { model: 'res.partner', method: 'search_read', args: [[], ['name']], kwargs: {} })))
})
