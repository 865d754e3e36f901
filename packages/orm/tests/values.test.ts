import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConflictError, Decimal, RawJson, UserError, ValidationError, callMethod, day } from '@erp4/orm'
import { type Actor, world } from '@erp4/testing'
import { chief, shop } from './shop.ts'

const at = await world(shop)
const ann = await at.person(chief)
const rpc = (who: Actor<any>, model: string, method: string, args: unknown[] = [], kwargs: Record<string, unknown> = {}): Promise<any> =>
  who.call(async (env) => {
    const result = await callMethod(env, { model, method, args, kwargs })
    return result instanceof RawJson ? JSON.parse(result.text) : (result as any)
  })
const total = async (id: number) => (await ann.model('shop.order').browse([id]).read(['total']))[0]!.total!.toString()
const order = async (values: Record<string, unknown> = {}): Promise<number> => rpc(ann, 'shop.order', 'create', [values])

test('x2many commands work in every spelling, in order', async () => {
  const id = await order({
    line_ids: [
      [0, 0, { name: 'A', price: 10 }],
      [0, 'virtual_1', { name: 'B', price: 20 }],
      [0, false, { name: 'C', price: 40 }],
    ],
  })
  assert.equal(await total(id), '70')
  const [
    {
      line_ids: [a, b, c],
    },
  ] = await rpc(ann, 'shop.order', 'read', [[id], ['line_ids']])
  await rpc(ann, 'shop.order', 'write', [
    [id],
    {
      line_ids: [
        [1, a, { quantity: 3 }],
        [2, b],
        [0, 0, { name: 'D', price: 1 }],
      ],
    },
  ])
  assert.equal(await total(id), '71')
  await rpc(ann, 'shop.order', 'write', [[id], { line_ids: [[3, c]] }])
  assert.equal(await total(id), '31')
  await rpc(ann, 'shop.order', 'write', [[id], { line_ids: [[6, 0, [a]]] }])
  assert.equal(await total(id), '30')
  await rpc(ann, 'shop.order', 'write', [[id], { line_ids: [[5]] }])
  assert.equal(await total(id), '0')
})

test('links come and go by command, by list and by false; the other side and its counts follow', async () => {
  const [x, y] = [await rpc(ann, 'shop.tag', 'create', [{ name: 'X' }]), await rpc(ann, 'shop.tag', 'create', [{ name: 'Y' }])]
  const uses = async () => (await ann.model('shop.tag').browse([x, y]).read(['uses'])).map((tag) => tag.uses)
  const id = await order({ tag_ids: [x, y] })
  assert.deepEqual(await uses(), [1, 1])
  await rpc(ann, 'shop.order', 'write', [[id], { tag_ids: [[3, x]] }])
  assert.deepEqual(await uses(), [0, 1])
  await rpc(ann, 'shop.tag', 'write', [[x], { order_ids: [[4, id]] }])
  assert.deepEqual((await rpc(ann, 'shop.order', 'read', [[id], ['tag_ids']]))[0].tag_ids.sort(), [x, y].sort())
  await rpc(ann, 'shop.order', 'write', [[id], { active: false }])
  assert.deepEqual(await uses(), [0, 0])
  await rpc(ann, 'shop.order', 'write', [[id], { active: true, tag_ids: false }])
  assert.deepEqual(await uses(), [0, 0])
  await rpc(ann, 'shop.order', 'write', [[id], { tag_ids: [[6, 0, [y]]] }])
  await rpc(ann, 'shop.order', 'unlink', [[id]])
  assert.deepEqual(await uses(), [0, 0])
})

test('a name that depends on its parent’s follows through any depth, and a circle is refused', async () => {
  const ids: number[] = []
  for (const name of ['A', 'B', 'C', 'D']) ids.push(await rpc(ann, 'shop.category', 'create', [{ name, parent_id: ids.at(-1) ?? false }]))
  const [a, b, , d] = ids as [number, number, number, number]
  const path = async (id: number) => (await at.system.model('shop.category').browse([id]).read(['path_name']))[0]!.path_name
  assert.equal(await path(d), 'A / B / C / D')
  await rpc(ann, 'shop.category', 'write', [[a], { name: 'Z' }])
  assert.equal(await path(d), 'Z / B / C / D')
  await rpc(ann, 'shop.category', 'write', [[b], { parent_id: false }])
  assert.equal(await path(d), 'B / C / D')
  assert.deepEqual((await rpc(ann, 'shop.category', 'search', [[['id', 'child_of', b]]])).length, 3)
  assert.deepEqual((await rpc(ann, 'shop.category', 'search', [[['parent_id', 'child_of', b]]])).length, 3)
  assert.deepEqual((await rpc(ann, 'shop.category', 'search', [[['id', 'parent_of', d]]])).length, 3)
  await assert.rejects(rpc(ann, 'shop.category', 'write', [[b], { parent_id: d }]), ValidationError)
  assert.equal(await path(d), 'B / C / D')
  await rpc(ann, 'shop.category', 'unlink', [[b]])
  assert.deepEqual(
    await at.system
      .model('shop.category')
      .browse(ids)
      .read(['name'])
      .then((rows) => rows.map((row) => row.name)),
    ['Z'],
  )
})

test('deleting what is in use is refused with the name of what uses it; lines go with their order', async () => {
  const id = await order({ line_ids: [[0, 0, { name: 'A' }]] })
  await rpc(ann, 'shop.order', 'action_done', [[id]])
  await assert.rejects(
    rpc(ann, 'shop.order', 'unlink', [[id]]),
    (error: any) => error instanceof UserError && /Shop Delivery/.test(error.message),
  )
  assert.equal(await at.system.model('shop.line').count([['order_id', '=', id]]), 1)
  const free = await order({ line_ids: [[0, 0, { name: 'A' }]] })
  await rpc(ann, 'shop.order', 'unlink', [[free]])
  assert.equal(await at.system.model('shop.line').count([['order_id', '=', free]]), 0)
})

test('a constraint over lines is checked when they change', async () => {
  const id = await order({ line_ids: [[0, 0, { name: 'A' }]] })
  await rpc(ann, 'shop.order', 'action_done', [[id]])
  await assert.rejects(rpc(ann, 'shop.order', 'write', [[id], { line_ids: [[5]] }]), ValidationError)
  await assert.rejects(
    rpc(ann, 'shop.line', 'unlink', [(await at.system.model('shop.line').search([['order_id', '=', id]])).ids]),
    ValidationError,
  )
  assert.equal(await at.system.model('shop.line').count([['order_id', '=', id]]), 1)
})

test('a form saved over somebody else’s change is told so, and writes nothing', async () => {
  const id = await order({ name: 'Form', line_ids: [[0, 0, { name: 'A' }]] })
  const [{ version }] = await rpc(ann, 'shop.order', 'read', [[id], ['version']])
  await rpc(ann, 'shop.order', 'write', [[id], { name: 'By another' }])
  await assert.rejects(
    rpc(ann, 'shop.order', 'web_save', [[id], { name: 'By me', line_ids: [[5]] }, { name: {} }], { version }),
    ConflictError,
  )
  assert.deepEqual(await rpc(ann, 'shop.order', 'read', [[id], ['name', 'line_count']]), [{ id, name: 'By another', line_count: 1 }])
  const [{ version: now }] = await rpc(ann, 'shop.order', 'read', [[id], ['version']])
  assert.deepEqual(await rpc(ann, 'shop.order', 'web_save', [[id], { name: 'By me' }, { name: {} }], { version: now }), [
    { id, name: 'By me' },
  ])
})

test('translated values are per language, English where there is none', async () => {
  await at.system
    .model('res.lang')
    .browse(
      (
        await at.system
          .with({ active_test: false })
          .model('res.lang')
          .search([['code', '=', 'ko_KR']])
      ).ids,
    )
    .write({ active: true })
  const speak = (lang: string) => ann.with({ lang })
  const id = await order({ note: 'Hello' })
  const read = async (lang: string) => (await speak(lang).model('shop.order').browse([id]).read(['note']))[0]!.note
  await speak('ko_KR').model('shop.order').browse([id]).write({ note: '안녕' })
  assert.deepEqual([await read('en_US'), await read('ko_KR')], ['Hello', '안녕'])
  assert.deepEqual(
    (
      await speak('ko_KR')
        .model('shop.order')
        .search([['note', 'ilike', '안']])
    ).ids,
    [id],
  )
  await assert.rejects(rpc(ann, 'shop.order', 'read', [[id], ['note']], { context: { lang: 'xx_XX' } }), UserError)
})

test('company-dependent values are each company’s own', async () => {
  const second = await at.company('Second')
  const both = await at.personOf([1, second], chief)
  const id = (await both.model('shop.order').create({ rebate: 5 })).ids[0]!
  const inSecond = both.with({ allowed_company_ids: [second, 1] })
  const read = async (who: Actor<any>) => (await who.model('shop.order').browse([id]).read(['rebate']))[0]!.rebate
  assert.deepEqual([await read(both), await read(inSecond)], [5, null])
  await inSecond.model('shop.order').browse([id]).write({ rebate: 9 })
  assert.deepEqual([await read(both), await read(inSecond)], [5, 9])
  assert.deepEqual((await inSecond.model('shop.order').search([['rebate', '=', 9]])).ids, [id])
})

test('a company’s own link to a record that was deleted is none, wherever it is asked for, and stands in nobody’s way', async () => {
  const [gone = 0, kept = 0] = (await at.system.model('res.partner').create([{ name: 'Gone' }, { name: 'Kept' }])).ids
  const [id, other] = [await order({ payer_id: gone }), await order({ payer_id: kept })]
  await at.system.model('res.partner').browse([gone]).unlink()

  const asked = (method: string, ...args: unknown[]): Promise<any> => rpc(ann, 'shop.order', method, args)
  assert.deepEqual(await asked('read', [id], ['payer_id']), [{ id, payer_id: false }])
  assert.deepEqual(await rpc(ann, 'shop.order', 'read', [[id], ['payer_id']], { load: null }), [{ id, payer_id: false }])
  assert.deepEqual(await asked('web_read', [id], { payer_id: { fields: { display_name: {} } } }), [{ id, payer_id: false }])
  assert.deepEqual(await asked('web_read', [id], { payer_id: { fields: { city: {} } } }), [{ id, payer_id: false }])
  assert.deepEqual(await asked('export_data', [id], ['payer_id/name', 'payer_id/.id']), { datas: [['', '']] })
  const [typed] = await ann.model('shop.order').browse([id]).read(['payer_id', 'payer_id.name'])
  assert.equal(typed!.payer_id, null)

  const found = (...terms: unknown[]): Promise<number[]> => asked('search', [['id', 'in', [id, other]], ...terms])
  assert.deepEqual(await found(['payer_id', '=', false]), [id])
  assert.deepEqual(await found(['payer_id', '!=', false]), [other])
  assert.deepEqual(await found(['payer_id', 'in', [gone, kept]]), [other])
  assert.deepEqual(await found(['payer_id.name', 'in', ['Gone', 'Kept']]), [other])
  assert.deepEqual(await found('!', ['payer_id', 'any', [['name', '=', 'Kept']]]), [id])
  assert.deepEqual(
    (await rpc(ann, 'shop.order', 'search', [[['id', 'in', [id, other]]]], { order: 'payer_id desc' })).toSorted(),
    [id, other].toSorted(),
  )
  const groups = await asked('formatted_read_group', [['id', 'in', [id, other]]], ['payer_id'], ['__count'])
  assert.deepEqual(
    groups.map((one: any) => [one.payer_id, one.__count]),
    [
      [[kept, 'Kept'], 1],
      [false, 1],
    ],
  )

  const seen = await asked('web_save', [id], { name: 'Saved', payer_id: false }, { name: {}, payer_id: {} })
  assert.deepEqual(seen, [{ id, name: 'Saved', payer_id: false }])
  const copy = await asked('copy', [other])
  assert.deepEqual(await asked('read', [Array.isArray(copy) ? copy[0] : copy], ['payer_id']), [
    { id: Array.isArray(copy) ? copy[0] : copy, payer_id: [kept, 'Kept'] },
  ])
  await assert.rejects(asked('write', [other], { payer_id: gone }), { name: 'AccessError' })
  assert.deepEqual(await asked('read', [other], ['payer_id']), [{ id: other, payer_id: [kept, 'Kept'] }])
})

test('live fields are computed when read, searched by their search, and never stored', async () => {
  const [small, big] = [
    await order({ line_ids: [[0, 0, { name: 'A', price: 1 }]] }),
    await order({ line_ids: [[0, 0, { name: 'A', price: 5000 }]] }),
  ]
  assert.deepEqual(
    (await rpc(ann, 'shop.order', 'read', [[small, big], ['is_big']])).map((row: any) => row.is_big),
    [false, true],
  )
  assert.deepEqual(
    (await rpc(ann, 'shop.order', 'read', [[small, big], ['verdict']])).map((row: any) => row.verdict),
    ['small', 'big'],
  )
  const found = await rpc(ann, 'shop.order', 'search', [
    [
      ['is_big', '=', true],
      ['id', 'in', [small, big]],
    ],
  ])
  assert.deepEqual(found, [big])
  await assert.rejects(rpc(ann, 'shop.order', 'search', [[]], { order: 'is_big' }), /Cannot sort/)
})

for (const [what, values, kind] of [
  ['an unknown choice', { state: 'sold' }, 'ValueError'],
  ['a day that is none', { due: '2026-02-30' }, 'ValueError'],
  ['a text for a number', { rebate: 'many' }, 'ValueError'],
  ['a number beyond 32 bits', { rebate: 3e9 }, 'ValueError'],
  ['an unknown field', { nope: 1 }, 'ValueError'],
  ['a text for a relation', { partner_id: '1' }, 'ValueError'],
  ['an object for a text', { name: { a: 1 } }, 'ValueError'],
  ['a huge exponent', { margin: '1e1000000' }, 'ValueError'],
  ['no list for lines', { line_ids: 'x' }, 'ValueError'],
  ['a line without its name', { line_ids: [[0, 0, {}]] }, 'ValidationError'],
  ['null for a required choice', { state: false }, 'ValidationError'],
] as const) {
  test(`${what} is refused by name, and nothing is written`, async () => {
    const before = await at.system.model('shop.order').count([])
    await assert.rejects(order(values), (error: any) => error.name === kind)
    assert.equal(await at.system.model('shop.order').count([]), before)
  })
}

test('two records with one unique name are refused in words', async () => {
  await rpc(ann, 'shop.quant', 'create', [{ name: 'Chair' }])
  await assert.rejects(
    rpc(ann, 'shop.quant', 'create', [{ name: 'Chair' }]),
    (error: any) => error instanceof ValidationError && !/duplicate key|shop_quant/.test(error.message),
  )
})

test('a thousand orders with lines are made in a handful of statements and read in one', async () => {
  await ann.call(async (env) => {
    const before = env.cx.statements
    const orders = await env
      .model('shop.order')
      .create(Array.from({ length: 1000 }, (_, i) => ({ name: `N${i}`, line_ids: [['create', { name: 'A', price: Decimal.of(i) }]] })))
    const rows = await orders.read(['total', 'line_ids.amount', 'partner_id.name'])
    assert.equal(rows[999]!.total!.toString(), '999')
    assert.ok(env.cx.statements - before < 14, `${env.cx.statements - before} statements`)
  })
})

test('copying takes lines and links along, not what must not be copied', async () => {
  const id = await order({ name: 'Orig', margin: 3, due: '2026-05-01', line_ids: [[0, 0, { name: 'A', price: 5 }]] })
  const [copy] = await rpc(ann, 'shop.order', 'copy', [[id], { due: '2026-06-01' }])
  assert.deepEqual(await rpc(ann, 'shop.order', 'read', [[copy], ['name', 'total', 'due', 'line_count']]), [
    { id: copy, name: 'New', total: 5, due: '2026-06-01', line_count: 1 },
  ])
})

test('the trail has every change with old and new values, and no secrets', async () => {
  const id = await order({ name: 'Trail', due: '2026-01-01' })
  await rpc(ann, 'shop.order', 'write', [[id], { name: 'Trail 2', due: false }])
  await rpc(ann, 'shop.order', 'unlink', [[id]])
  const rows = await at.databases.use(at.database, (cx) =>
    cx.query<any>({
      compile: () => ({
        text: "select operation, change, actor from audit_in where model = 'shop.order' and rec = $1 order by id",
        values: [id],
      }),
    } as any),
  )
  assert.deepEqual(
    rows.map((row) => [row.operation, row.actor]),
    [
      ['create', ann.user.id],
      ['write', ann.user.id],
      ['unlink', ann.user.id],
    ],
  )
  assert.deepEqual(rows[1].change, { name: ['Trail', 'Trail 2'], due: ['2026-01-01', null] })
})

test('domains mean on the wire what the protocol says', async () => {
  const make = (name: string | false, rebate: number | false, due: string | false) =>
    rpc(ann, 'shop.order', 'create', [{ name, due, rebate, line_ids: rebate ? [[0, 0, { name: `L${rebate}`, price: rebate }]] : [] }])
  const ids = [
    await make('dom Ä_1%', 1, '2026-01-31'),
    await make('dom b', 2, '2026-02-28'),
    await make(false, false, false),
    await make('', 3, '2026-03-31'),
  ]
  const found = async (...domain: unknown[]) =>
    (await rpc(ann, 'shop.order', 'search', [[['id', 'in', ids], ...domain]], { order: 'id' })).map((id: number) => ids.indexOf(id))
  assert.deepEqual(await found(['name', '=', false]), [2, 3])
  assert.deepEqual(await found(['name', '!=', false]), [0, 1])
  assert.deepEqual(await found(['name', 'not ilike', 'DOM']), [2, 3])
  assert.deepEqual(await found(['name', 'ilike', 'ä_1%']), [0])
  assert.deepEqual(await found(['name', 'like', 'DOM']), [])
  assert.deepEqual(await found(['name', '=ILIKE', 'dom _']), [1])
  assert.deepEqual(await found(['name', '!=', 'dom b']), [0, 2, 3])
  assert.deepEqual(await found(['name', 'in', ['dom b', false]]), [1, 2, 3])
  assert.deepEqual(await found(['name', 'in', []]), [])
  assert.deepEqual(await found(['name', 'not in', []]), [0, 1, 2, 3])
  assert.deepEqual(await found(['rebate', '<', 2]), [0, 2])
  assert.deepEqual(await found(['rebate', '=', 0]), [2])
  assert.deepEqual(await found(['rebate', '>=', 2]), [1, 3])
  assert.deepEqual(await found(['due', '>', '2026-02-01']), [1, 3])
  assert.deepEqual(await found(['due.month_number', '=', 2]), [1])
  assert.deepEqual(await found('|', ['rebate', '=', 1], ['rebate', '=', 3]), [0, 3])
  assert.deepEqual(await found('!', '|', ['rebate', '=', 1], ['rebate', '=', 3]), [1, 2])
  assert.deepEqual(await found(['line_ids.name', '=', 'L2']), [1])
  assert.deepEqual(await found(['line_ids', '=', false]), [2])
  assert.deepEqual(await found(['line_ids', '!=', false]), [0, 1, 3])
  assert.deepEqual(await found(['line_ids', 'any', [['price', '>', 1]]]), [1, 3])
  assert.deepEqual(await found(['line_ids', 'not any', [['price', '>', 1]]]), [0, 2])
  assert.deepEqual(await found(['line_ids', 'ilike', 'l1']), [0])
  assert.deepEqual(await found(['partner_id', '=?', false]), [0, 1, 2, 3])
  assert.deepEqual(await found(['user_id', '=', ann.user.name]), [0, 1, 2, 3])
  assert.deepEqual(await found([1, '=', 1]), [0, 1, 2, 3])
  assert.deepEqual(await found([0, '=', 1]), [])
  assert.deepEqual(await found(['due', '<=', 'today']).then((list: number[]) => list.length), 3)
  void day
})
