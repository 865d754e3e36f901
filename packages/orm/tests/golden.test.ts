import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base, employee, userManager } from '@erp4/base'
import type { RawJson } from '@erp4/orm'
import { callMethod } from '@erp4/orm'
import { world } from '@erp4/testing'
import { chief, shop } from './shop.ts'

const at = await world([base, shop])
const ann = await at.person(employee, userManager, chief)
const text = (model: string, method: string, args: unknown[], kwargs: Record<string, unknown> = {}): Promise<string> =>
  ann.call(async (env) => ((await callMethod(env, { model, method, args, kwargs })) as RawJson).text)

await ann.model('shop.order').create([
  {
    name: 'Quote " back \\ slash \n tab \t low \u0001 \u2028 한국어 😀 </script>',
    due: '2026-01-31' as never,
    partner_id: 1,
    line_ids: [
      ['create', { name: 'A', price: '0.00001' as never }],
      ['create', { name: 'B', price: '1234567890123456.25' as never, quantity: 3 }],
    ],
  },
  { name: null },
  { name: '' },
])

for (const [name, model] of at.registry.models) {
  test(`${name}: PostgreSQL's JSON and our own are the same bytes`, async () => {
    // A field that SQL cannot give would send both down the same road.
    const fields = [...model.fields.values()]
      .filter(
        (field) =>
          field.name !== 'parent_path' && field.kind !== 'binary' && !(field.computed === 'live' && !field.related && !field.magic),
      )
      .map((field) => field.name)
    const context = { active_test: false }
    const read = (more: Record<string, unknown>) =>
      text(name, 'search_read', [[]], { fields, limit: 200, context: { ...context, ...more } }).catch(
        (error) => `${error.name}: ${error.message}`,
      )
    assert.equal(await read({ force_rows: true }), await read({}))
  })
}

test('nested specifications give the same bytes both ways', async () => {
  const specification = {
    name: {},
    total: {},
    partner_id: { fields: { display_name: {}, email: {}, country_id: { fields: { display_name: {} } } } },
    line_ids: { fields: { name: {}, price: {}, amount: {}, order_id: {} }, limit: 1, order: 'name desc' },
    tag_ids: {},
  }
  const read = (more: Record<string, unknown>) => text('shop.order', 'web_search_read', [[], specification], { context: more })
  assert.equal(await read({ force_rows: true }), await read({}))
})
