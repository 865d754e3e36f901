import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AccessError, Decimal, ValueError } from '@erp4/orm'
import { world } from '@erp4/testing'
import { desk, owner, rental } from './rental.ts'
import { rpc } from './rpc.ts'

const at = await world(rental)
const [ann, bob, eve] = [await at.person(desk), await at.person(desk), await at.person(owner)]
type Who = Parameters<typeof rpc>[0]
const [ladder, boat, yacht] = (
  await at.system.model('rental.thing').create([
    { name: 'Ladder', daily: Decimal.of('4.50'), cost: Decimal.of(70), depot: 'North' },
    { name: 'Boat', daily: Decimal.of(30), cost: Decimal.of(900), kind: 'vehicle' },
    { name: 'Yacht', daily: Decimal.of(999), cost: Decimal.of(90000), hidden: true },
  ])
).ids as unknown as [number, number, number]
const [hot, calm, dark] = (await at.system.model('rental.tag').create([{ name: 'Hot' }, { name: 'Calm' }, { name: 'Dark', hidden: true }]))
  .ids as unknown as [number, number, number]
const customer = (await at.system.model('res.partner').create({ name: 'Azure' })).ids[0]!

const name = { fields: { display_name: {} } }
const spec = {
  name: {},
  state: {},
  thing_id: name,
  depot: {},
  kind: {},
  partner_id: name,
  user_id: {},
  days: {},
  price: {},
  paid: {},
  note: {},
  total: {},
  greeting: {},
  value: {},
  active: {},
  tag_ids: { fields: { display_name: {} } },
  line_ids: { fields: { name: {}, quantity: {}, price: {}, amount: {}, share: {} } },
}
const change = async (who: Who, ids: number[], values: Record<string, unknown>, names: string[], fields: unknown = spec): Promise<any> =>
  (await rpc(who, 'rental.booking', 'onchange', [ids, values, names, fields])).value
const book = async (who: Who, values: Record<string, unknown>): Promise<number> => rpc(who, 'rental.booking', 'create', [values])
const counted = async () => [await at.system.model('rental.booking').count([]), await at.system.model('rental.line').count([])]

test('with no field changed a form gets the defaults of a new record, and what follows from them', async () => {
  const value = await change(ann.with({ default_thing_id: ladder, default_days: 3, default_tag_ids: [hot] }), [], {}, [])
  assert.deepEqual(value, {
    name: false,
    state: 'asked',
    thing_id: { id: ladder, display_name: 'Ladder' },
    depot: 'North',
    kind: 'tool',
    partner_id: false,
    user_id: ann.user.id,
    days: 3,
    price: 4.5,
    paid: false,
    note: 'Mind the Ladder',
    total: 13.5,
    greeting: 'Nobody: 13.5',
    active: true,
    tag_ids: [[4, hot, { id: hot, display_name: 'Hot' }]],
  })
  assert.ok(!('value' in value), 'rests on a protected field')
  assert.equal((await change(eve.with({ default_thing_id: ladder, default_days: 3 }), [], {}, [])).value, 210)
})

test('a changed field brings what follows from it, and nothing else', async () => {
  const values = { name: 'Trip', days: 2, price: 1, note: false, paid: false, total: 2, greeting: 'Nobody: 2', depot: false, kind: false }
  assert.deepEqual(await change(ann, [], { ...values, thing_id: boat }, ['thing_id']), {
    price: 30,
    note: 'Mind the Boat',
    paid: true,
    total: 60,
    greeting: 'Nobody: 60',
    kind: 'vehicle',
  })
  assert.deepEqual(await change(ann, [], { ...values, days: 5 }, ['days']), { total: 5, greeting: 'Nobody: 5' })
  assert.deepEqual(await change(ann, [], { ...values, name: 'Tour' }, ['name']), {})
  assert.deepEqual(await change(ann, [], { ...values, partner_id: customer }, ['partner_id']), { greeting: 'Azure: 2' })
})

test('lines are seen as the form has them: stored, changed, new and taken away', async () => {
  const id = await book(ann, {
    name: 'Trip',
    days: 2,
    price: 10,
    line_ids: [
      [0, 0, { name: 'Rope', price: 3 }],
      [0, 0, { name: 'Map', price: 4 }],
      [0, 0, { name: 'Cup', price: 100 }],
    ],
  })
  const [rope, map, cup] = (await rpc(ann, 'rental.booking', 'read', [[id], ['line_ids']]))[0].line_ids
  const before = await counted()
  const commands = [
    [1, rope, { quantity: 5 }],
    [2, cup],
    [0, 'virtual_7', { name: 'Lamp', price: 2, quantity: 2, amount: 0, share: false }],
  ]
  const value = await change(ann, [id], { days: 4, line_ids: commands }, ['days', 'line_ids'])
  assert.equal(value.total, 4 * 10 + 15 + 4 + 4)
  assert.deepEqual(
    value.line_ids,
    [
      [1, rope, { amount: 15, share: 'Rope of Trip (4)' }],
      [1, map, { share: 'Map of Trip (4)' }],
      [1, 'virtual_7', { amount: 4, share: 'Lamp of Trip (4)' }],
    ].map(([verb, line, changes]: any) => [verb, line, changes]),
  )
  assert.deepEqual(await counted(), before)
  assert.equal((await rpc(ann, 'rental.booking', 'read', [[id], ['total']]))[0].total, 127)
  // A line's own form brings its owner along.
  const line = await rpc(ann, 'rental.line', 'onchange', [
    [],
    { name: 'Tent', quantity: 3, price: 2, booking_id: { id, name: 'Renamed', days: 9 } },
    ['quantity'],
    { amount: {}, share: {} },
  ])
  assert.deepEqual(line.value, { amount: 6, share: 'Tent of Renamed (9)' })
})

test('ids that a person may not name are refused, hidden and missing ones alike, and nothing follows from them', async () => {
  const before = await counted()
  const mine = await book(ann, { name: 'Mine' })
  const [theirs] = [await book(eve, { name: 'Theirs', user_id: eve.user.id, line_ids: [[0, 0, { name: 'Secret line', price: 5 }]] })]
  const [line] = (await rpc(eve, 'rental.booking', 'read', [[theirs], ['line_ids']]))[0].line_ids
  const words = (values: Record<string, unknown>, ids: number[] = []) =>
    change(ann, ids, values, Object.keys(values)).then(
      () => 'answered',
      (error) => `${error.name}: ${error.message}`,
    )
  for (const [hidden, missing] of [
    [{ thing_id: yacht }, { thing_id: 2000000 }],
    [{ tag_ids: [[4, dark]] }, { tag_ids: [[4, 2000000]] }],
    [{ tag_ids: [dark] }, { tag_ids: [2000000] }],
    [{ line_ids: [[4, line]] }, { line_ids: [[4, 2000000]] }],
    [{ line_ids: [[1, line, { quantity: 1 }]] }, { line_ids: [[1, 2000000, { quantity: 1 }]] }],
  ]) {
    assert.equal(await words(hidden!), await words(missing!))
    assert.match(await words(hidden!, [mine]), /^AccessError/)
  }
  await assert.rejects(change(ann, [theirs], { days: 3 }, ['days']), AccessError)
  await assert.rejects(rpc(ann, 'rental.booking', 'onchange', [[2000000], { days: 3 }, ['days'], spec]), AccessError)
  await assert.rejects(change(ann.with({ default_thing_id: yacht }), [], {}, []), AccessError)
  await assert.rejects(rpc(ann, 'rental.thing', 'onchange', [[], {}, [], { name: {} }]), AccessError)
  assert.deepEqual(await counted(), [before[0]! + 2, before[1]! + 1])
})

test('a form with a hidden thing on it goes on working, and shows nothing of the thing', async () => {
  const id = (
    await at.system.model('rental.booking').create({ name: 'Shared', thing_id: yacht, user_id: ann.user.id, days: 1, price: Decimal.of(2) })
  ).ids[0]!
  const asked = () => change(ann, [id], { thing_id: yacht, days: 2, total: 2, depot: false }, ['days', 'thing_id'])
  const value = await asked()
  assert.deepEqual(value, { price: 0, total: 0, greeting: 'Nobody: 0' })
  await at.system
    .model('rental.thing')
    .browse([yacht])
    .write({ name: 'Raft', daily: Decimal.of(1), cost: Decimal.of(1), depot: 'Sea' })
  assert.deepEqual(await asked(), value)
  assert.deepEqual(await change(bob.with({ default_user_id: ann.user.id }), [], {}, [], { user_id: {} }), { user_id: ann.user.id })
})

test('fields are cut to what the person may read, and unknown ones are refused', async () => {
  for (const [values, names, fields] of [
    [{ secret: 1 }, ['secret'], spec],
    [{ nosuch: 1 }, ['nosuch'], spec],
    [{ days: 1 }, ['nosuch'], spec],
    [{ days: 1 }, ['days'], { secret: {} }],
    [{ days: 1 }, ['days'], { line_ids: { fields: { nosuch: {} } } }],
  ] as const) {
    await assert.rejects(change(ann, [], values, [...names], fields), ValueError)
  }
  for (const [values, wrong] of [
    [{ days: 'many' }, /days/],
    [{ state: 'lost' }, /state/],
    [{ line_ids: 'x' }, /line_ids/],
    [{ thing_id: -4 }, /thing_id/],
  ] as const)
    await assert.rejects(change(ann, [], values, Object.keys(values)), wrong)
})

test('links that change are told by command', async () => {
  const id = await book(ann, { name: 'Tagged', tag_ids: [hot] })
  assert.deepEqual(await change(ann, [id], { tag_ids: [[4, calm]], weight: 3 }, ['weight']), { tag_ids: [[3, hot]] })
  // What the person changed himself is not told back to him.
  assert.deepEqual(
    await change(
      ann,
      [id],
      {
        tag_ids: [
          [3, hot],
          [4, calm],
        ],
      },
      ['tag_ids'],
    ),
    {},
  )
})

test('a function of an app adds lines, changes them and takes them away, saved or not, and nothing is written', async () => {
  const id = await book(ann, {
    name: 'Trip',
    thing_id: ladder,
    price: 1,
    line_ids: [
      [0, 0, { name: 'Rope', price: 3 }],
      [0, 0, { name: 'Gift', price: 0 }],
      [0, 0, { name: 'Map', price: 4 }],
    ],
  })
  const [, gift, map] = (await rpc(ann, 'rental.booking', 'read', [[id], ['line_ids']]))[0].line_ids
  const before = await counted()
  const unsaved = [
    [0, 'virtual_1', { name: 'Gift', price: 0 }],
    [0, 'virtual_2', { name: 'Map', price: 1, quantity: 1, amount: 1, share: 'Map of Trip (1)' }],
  ]
  const value = await change(ann, [id], { state: 'confirmed', days: 1, line_ids: unsaved }, ['state'])
  const [added] = value.line_ids.filter(([verb]: any) => verb === 0)
  assert.match(added[1], /^suggested_/)
  assert.deepEqual(value.line_ids, [
    [2, gift],
    [2, 'virtual_1'],
    [1, map, { quantity: 2, amount: 8 }],
    [1, 'virtual_2', { quantity: 2, amount: 2 }],
    [0, added[1], { name: 'Insurance', quantity: 1, price: 9, amount: 9, share: 'Insurance of Trip (1)' }],
  ])
  assert.equal(value.total, 1 + 3 + 8 + 2 + 9)
  assert.deepEqual(await counted(), before)
  // What came back is taken as the client's own the next time.
  const again = await change(ann, [id], { state: 'asked', days: 2, line_ids: [[2, gift], added] }, ['days'])
  assert.deepEqual(again.line_ids.at(-1), [1, added[1], { share: 'Insurance of Trip (2)' }])
})

test('what a function of an app has to say comes as one warning, and nothing without one', async () => {
  const asked = (values: Record<string, unknown>) => rpc(ann, 'rental.booking', 'onchange', [[], values, ['state'], { state: {} }])
  assert.deepEqual(await asked({ state: 'confirmed' }), {
    value: {},
    warning: { title: 'Warnings', message: 'Nothing is hired yet.\n\nExtras: No extras.', type: 'dialog' },
  })
  assert.deepEqual((await asked({ state: 'confirmed', thing_id: boat })).warning, {
    title: 'Extras',
    message: 'No extras.',
    type: 'dialog',
  })
  assert.ok(!('warning' in (await asked({ state: 'asked' }))))
})

test('a stored value that rests on a hidden record stays as it is until it is saved', async () => {
  const fields = { deposit: {}, total: {} }
  const id = (await at.system.model('rental.booking').create({ name: 'Shared', thing_id: yacht, user_id: ann.user.id, days: 1 })).ids[0]!
  assert.deepEqual(await change(ann, [id], { thing_id: yacht, days: 2, deposit: 3, total: 9 }, ['days'], fields), { total: 0 })
  assert.deepEqual(await change(ann, [id], { thing_id: boat, days: 2, deposit: 3, total: 0 }, ['days'], fields), { deposit: 30 })
  assert.equal((await change(eve, [id], { thing_id: yacht, days: 2, deposit: 3, total: 0 }, ['days'], fields)).deposit, 1)
})
