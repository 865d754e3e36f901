import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base, contactManager, employee } from '@erp4/base'
import { type RawJson, callMethod, sql } from '@erp4/orm'
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

test('a page that is not full says itself how many there are; only a full one, or one behind the end, is counted', async () => {
  await ann.model('res.partner').create(['Page one', 'Page two', 'Page three'].map((name) => ({ name })))
  const page = (name: string, limit: number | null, offset: number, count_limit: number | null = null): Promise<[number, number, number]> =>
    ann.call(async (env) => {
      const kwargs = { domain: [['name', 'like', name]], specification: { name: {} }, limit, offset, count_limit }
      const { text } = (await callMethod(env, { model: 'res.partner', method: 'web_search_read', args: [], kwargs })) as RawJson
      const { length, records } = JSON.parse(text)
      return [length, records.length, env.cx.statements]
    })
  assert.deepEqual(await page('Page', 80, 0), [3, 3, 1])
  assert.deepEqual(await page('Page', null, 1), [3, 2, 1])
  assert.deepEqual(await page('Page', 2, 0), [3, 2, 2])
  assert.deepEqual(await page('Page', 2, 2), [3, 1, 1])
  assert.deepEqual(await page('Page', 2, 9), [3, 0, 2])
  assert.deepEqual(await page('Page', 80, 0, 2), [2, 3, 1])
  assert.deepEqual(await page('No such page', 80, 0), [0, 0, 1])
})

test('a statement over several records keeps its plan, however many they are', async () => {
  const ids = (await ann.model('res.partner').create(Array.from({ length: 8 }, (_, n) => ({ name: `Kept ${n}` })))).ids
  const plans = await ann.call(async (env) => {
    const read = (some: readonly number[]) =>
      callMethod(env, { model: 'res.partner', method: 'read', args: [some, ['name', 'country_id', 'lang']], kwargs: {} })
    for (let n = 2; n < 9; n++) await read(ids.slice(0, n))
    return env.cx.query<{ generic: number; custom: number }>(
      sql`select generic_plans::int4 as generic, custom_plans::int4 as custom from pg_prepared_statements where statement like '%as "lang" from "res_partner" t%'`,
    )
  })
  // PostgreSQL tries five plans for the values at hand before it decides.
  assert.deepEqual(plans, [{ generic: 2, custom: 5 }])
})
