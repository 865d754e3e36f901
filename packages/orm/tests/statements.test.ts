import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base, contactManager, employee } from '@erp4/base'
import { callMethod } from '@erp4/orm'
import { world } from '@erp4/testing'

// The budgets of docs/performance.md, less the one session statement that the server adds to each call.
const at = await world(base)
const ann = await at.person(employee, contactManager)
const parent = (await ann.model('res.partner').create({ name: 'Azure', is_company: true })).ids[0]!

async function count(model: string, method: string, args: unknown[], kwargs: Record<string, unknown> = {}): Promise<number> {
  let statements = 0
  await ann.call(async (env) => {
    await callMethod(env, { model, method, args, kwargs })
    statements = env.cx.statements
  })
  return statements
}

const listed = ['name', 'email', 'phone', 'city', 'country_id', 'parent_id', 'category_id', 'user_id']
for (const [what, most, call] of [
  ['reading one partner', 1, () => count('res.partner', 'read', [[parent], listed])],
  ['search_read of 80 partners and 8 fields', 1, () => count('res.partner', 'search_read', [[]], { fields: listed, limit: 80 })],
  [
    'a list view with its count',
    2,
    () =>
      count(
        'res.partner',
        'web_search_read',
        [[], Object.fromEntries(listed.map((name) => [name, name.endsWith('_id') ? { fields: { display_name: {} } } : {}]))],
        { limit: 80, count_limit: 10_001 },
      ),
  ],
  [
    'creating a partner',
    5,
    () => count('res.partner', 'create', [{ name: 'Bold', is_company: true, email: 'b@example.com', street: 'Main 1', city: 'Ghent' }]),
  ],
  [
    'creating a contact of a company',
    5,
    () => count('res.partner', 'create', [{ name: 'Cleo', parent_id: parent, email: 'c@example.com' }]),
  ],
  ['writing one field', 4, () => count('res.partner', 'write', [[parent], { phone: '+32 1' }])],
  ['writing the name of a company with contacts', 6, () => count('res.partner', 'write', [[parent], { name: 'Azure II' }])],
  [
    'grouping by two keys',
    1,
    () =>
      count('res.partner', 'formatted_read_group', [[]], { groupby: ['country_id', 'is_company'], aggregates: ['__count', 'color:sum'] }),
  ],
  ['name_search', 1, () => count('res.partner', 'name_search', ['a'])],
] as const) {
  test(`${what} takes at most ${most} statement(s)`, async () => {
    const taken = await call()
    assert.ok(taken <= most, `it took ${taken}`)
  })
}
