import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Decimal, type Env, ValueError, callMethod } from '@erp4/orm'
import { world } from '@erp4/testing'
import { desk, owner, rental } from './rental.ts'
import { rpc } from './rpc.ts'

const at = await world(rental)
const [ann, bob, eve] = [await at.person(desk), await at.person(desk), await at.person(owner)]
const things = (
  await at.system.model('rental.thing').create([
    { name: 'Ladder', depot: 'North', kind: 'tool' },
    { name: 'Van', depot: 'South', kind: 'vehicle' },
    { name: 'Yacht', depot: 'Sea', hidden: true },
  ] as never)
).ids
const [ladder, van, yacht] = things as unknown as [number, number, number]
const [hot, calm, dark] = (await at.system.model('rental.tag').create([{ name: 'Hot' }, { name: 'Calm' }, { name: 'Dark', hidden: true }]))
  .ids as unknown as [number, number, number]
const customer = (await at.system.model('res.partner').create({ name: 'Azure' })).ids[0]!

await rpc(ann, 'rental.booking', 'create', [
  [
    {
      name: 'A',
      thing_id: ladder,
      starts: '2026-01-31 22:30:00',
      day: '2026-01-31',
      days: 2,
      price: 10.1,
      weight: 1.5,
      tag_ids: [hot],
      partner_id: customer,
      state: 'confirmed',
      paid: true,
    },
    { name: 'B', thing_id: ladder, starts: '2026-01-31 23:30:00', day: '2026-02-01', days: 0, price: 20.2, tag_ids: [hot, calm] },
    { name: 'C', thing_id: van, starts: '2026-02-14 08:15:30', day: '2026-05-17', days: 5, price: 0.3, weight: 4 },
    { name: '', days: false },
    { name: 'Old', active: false, days: 100, price: 1000 },
  ].map((values) => ({ ...values, name: values.name || 'D' })),
])
await rpc(eve, 'rental.booking', 'create', [
  [{ name: 'Hers', thing_id: yacht, days: 1000 % 366, price: 9999, tag_ids: [dark], user_id: eve.user.id, secret: 5, day: '2031-01-01' }],
])
// Ann may see this booking, and neither its thing nor its tag.
const [mixed] = (
  await at.system
    .model('rental.booking')
    .create([{ name: 'Mixed', thing_id: yacht, user_id: ann.user.id, tag_ids: [['set', [dark]]], days: 7 }] as never)
).ids

const groups = (
  who: Parameters<typeof rpc>[0],
  groupby: string[],
  aggregates: string[] = ['__count'],
  kwargs: Record<string, unknown> = {},
) => rpc(who, 'rental.booking', 'formatted_read_group', [[], groupby, aggregates], kwargs) as Promise<Record<string, any>[]>
const bare = ({ __extra_domain, ...rest }: Record<string, any>) => {
  void __extra_domain
  return rest
}

test('groups and sums come in one statement', async () => {
  await groups(ann, ['thing_id', 'starts:month'], ['__count', 'days:sum', 'price:avg'], { order: 'thing_id desc', limit: 3 })
  assert.equal(ann.statements, 1)
  await rpc(ann, 'rental.booking', 'web_read_group', [[], ['tag_ids'], ['days:sum']])
  assert.equal(ann.statements, 1)
  await rpc(ann, 'rental.booking', 'read_group', [[], ['price'], ['state']])
  assert.equal(ann.statements, 1)
})

const days = [
  'day',
  'week',
  'month',
  'quarter',
  'year',
  'day_of_week',
  'month_number',
  'iso_week_number',
  'day_of_year',
  'quarter_number',
  'year_number',
  'day_of_month',
]
const singles = [
  'name',
  'state',
  'thing_id',
  'depot',
  'kind',
  'partner_id',
  'user_id',
  'days',
  'price',
  'weight',
  'paid',
  'total',
  'active',
  'thing_id.kind',
  'thing_id.hidden',
  'partner_id.country_id',
  'create_uid',
  ...['starts', 'day', 'create_date'].flatMap((field) => days.map((span) => `${field}:${span}`)),
  'starts:hour',
  'starts:hour_number',
  'starts:minute_number',
  'starts:second_number',
]

test('every key finds its records again by its domain, and the groups share out all records', async () => {
  for (const who of [
    ann,
    eve,
    bob.with({ tz: 'Asia/Seoul' }),
    ann.with({ tz: 'America/St_Johns', lang: 'ko_KR' }),
    ann.with({ active_test: false }),
  ]) {
    // One call for all of it: each rpc() would be a transaction.
    await who.call(async (env: Env<any>) => {
      const ask = async (method: string, ...args: unknown[]): Promise<any> =>
        callMethod(env, { model: 'rental.booking', method, args, kwargs: {} })
      const all = await ask('search', [])
      for (const spec of singles) {
        const found: any[] = await ask('formatted_read_group', [], [spec], ['__count'])
        const members: number[][] = []
        for (const group of found) members.push(await ask('search', group.__extra_domain))
        assert.deepEqual(
          members.map((ids) => ids.length),
          found.map((group) => group.__count),
          `${spec} ${JSON.stringify(found)}`,
        )
        assert.deepEqual(
          members.flat().sort((a, b) => a - b),
          all.toSorted((a: number, b: number) => a - b),
          spec,
        )
      }
      for (const specs of [['tag_ids'], ['state', 'thing_id', 'day:month']]) {
        for (const group of await ask('formatted_read_group', [], specs, ['__count']))
          assert.equal(await ask('search_count', group.__extra_domain), group.__count)
      }
    })
  }
})

test('hidden rows are neither counted nor summed, whatever is asked', async () => {
  const asked = async () => [
    await groups(bob, [], ['__count', 'days:sum', 'price:max', 'id:recordset', 'thing_id:array_agg']),
    await groups(bob, ['thing_id', 'tag_ids'], ['__count', 'days:sum']),
    await groups(bob, ['day:year']),
    await groups(bob, ['state'], ['total:sum'], { having: [['__count', '>', 0]] }),
    await rpc(bob, 'rental.booking', 'read_group', [[], ['days', 'price'], ['user_id', 'state']], { lazy: false }),
    await rpc(bob, 'rental.booking', 'web_read_group', [[['thing_id.name', 'ilike', 'y']], ['thing_id'], ['__count']]),
  ]
  const before = JSON.stringify(await asked())
  assert.deepEqual((await asked())[0], [
    { __count: 0, 'days:sum': 0, 'price:max': false, 'id:recordset': [], 'thing_id:array_agg': [], __extra_domain: [] },
  ])
  const more = (
    await at.system.model('rental.booking').create([
      {
        name: 'More',
        user_id: eve.user.id,
        thing_id: yacht,
        price: Decimal.of(5),
        days: 3,
        day: '2040-01-01',
        tag_ids: [['set', [hot]]],
      },
    ] as never)
  ).ids
  assert.equal(JSON.stringify(await asked()), before)
  await at.system.model('rental.booking').browse(more).unlink()
})

test('a hidden thing is a group without a name; hidden tags are none', async () => {
  const byThing = (await groups(ann, ['thing_id'])).map((group) => [group['thing_id'], group['__count']])
  assert.deepEqual(byThing, [
    [[yacht, ''], 1],
    [[ladder, 'Ladder'], 2],
    [[van, 'Van'], 1],
    [false, 1],
  ])
  const byTag = (await groups(ann, ['tag_ids'])).map((group) => [group['tag_ids'], group['__count']])
  assert.deepEqual(byTag, [
    [[calm, 'Calm'], 1],
    [[hot, 'Hot'], 2],
    [false, 3],
  ])
  assert.deepEqual(
    (await groups(ann, ['depot'])).map((group) => [group['depot'], group['__count']]),
    [
      ['North', 2],
      ['South', 1],
      [false, 2],
    ],
  )
  assert.ok(mixed)
})

test('a protected field and one that does not exist answer alike, as key and as aggregate', async () => {
  for (const [method, args] of [
    ['formatted_read_group', [[], ['NAME'], []]],
    ['formatted_read_group', [[], ['state'], ['NAME:sum']]],
    ['formatted_read_group', [[], ['thing_id.NAME']]],
    ['read_group', [[], ['NAME:sum'], ['state']]],
    ['read_group', [[], ['NAME'], ['state']]],
    ['read_group', [[], [], ['NAME']]],
    ['web_read_group', [[], ['NAME']]],
    ['formatted_read_group', [[['NAME', '=', 1]], ['state']]],
    ['formatted_read_group', [[], ['state'], [], [], 0, null, 'NAME']],
  ] as const) {
    const said = (name: string) =>
      rpc(ann, 'rental.booking', method, JSON.parse(JSON.stringify(args).replace('NAME', name))).then(
        () => 'answered',
        (error) => `${error.name} ${error.message.replaceAll(name, 'NAME')}`,
      )
    const real = JSON.stringify(args).includes('thing_id.NAME') ? 'cost' : 'secret'
    assert.equal(await said(real), await said('nosuch'))
    assert.match(await said(real), /^ValueError/)
  }
  assert.equal((await groups(eve, ['secret'])).length, 2)
})

test('keys and labels are written as clients know them, in the caller’s time and language', async () => {
  const starts = async (who: typeof ann, span: string) => (await groups(who, [`starts:${span}`])).map((group) => group[`starts:${span}`])
  assert.deepEqual(await starts(ann, 'month'), [['2026-01-01 00:00:00', 'January 2026'], ['2026-02-01 00:00:00', 'February 2026'], false])
  assert.deepEqual(await starts(ann.with({ tz: 'Europe/Paris' }), 'month'), [
    ['2025-12-31 23:00:00', 'January 2026'],
    ['2026-01-31 23:00:00', 'February 2026'],
    false,
  ])
  assert.deepEqual(await starts(ann.with({ lang: 'ko_KR' }), 'month'), [
    ['2026-01-01 00:00:00', '2026년 1월'],
    ['2026-02-01 00:00:00', '2026년 2월'],
    false,
  ])
  assert.deepEqual(await starts(ann, 'quarter'), [['2026-01-01 00:00:00', 'Q1 2026'], false])
  assert.deepEqual(await starts(ann, 'year'), [['2026-01-01 00:00:00', '2026'], false])
  assert.deepEqual(await starts(ann, 'day'), [['2026-01-31 00:00:00', '31 Jan 2026'], ['2026-02-14 00:00:00', '14 Feb 2026'], false])
  assert.deepEqual((await starts(ann, 'hour'))[0], ['2026-01-31 22:00:00', '22:00 31 Jan'])
  assert.deepEqual(await starts(ann, 'day_of_week'), [6, false])
  // English weeks begin on Sunday, French ones on Monday.
  assert.deepEqual(await starts(ann, 'week'), [['2026-01-25 00:00:00', 'W5 2026'], ['2026-02-08 00:00:00', 'W7 2026'], false])
  assert.deepEqual(await starts(ann.with({ lang: 'fr_FR' }), 'week'), [
    ['2026-01-26 00:00:00', 'W5 2026'],
    ['2026-02-09 00:00:00', 'W7 2026'],
    false,
  ])
  assert.deepEqual(
    (await groups(ann, ['day:month'])).map((group) => group['day:month']),
    [['2026-01-01', 'January 2026'], ['2026-02-01', 'February 2026'], ['2026-05-01', 'May 2026'], false],
  )
  assert.deepEqual((await groups(ann, ['state', 'paid'])).map(bare), [
    { state: 'asked', paid: false, __count: 4 },
    { state: 'confirmed', paid: true, __count: 1 },
  ])
  assert.deepEqual((await groups(ann, ['days'])).map(bare), [
    { days: 0, __count: 2 },
    { days: 2, __count: 1 },
    { days: 5, __count: 1 },
    { days: 7, __count: 1 },
  ])
})

test('a day on which clocks go back over midnight is one group, with all its hours', async () => {
  const ids = await rpc(ann, 'rental.booking', 'create', [
    [
      { name: 'H1', starts: '2025-11-02 04:30:00' },
      { name: 'H2', starts: '2025-11-02 05:30:00' },
      { name: 'H0', starts: '2025-11-02 03:59:59' },
    ],
  ])
  const havana = ann.with({ tz: 'America/Havana' })
  const domain = [['id', 'in', ids]]
  const found = await rpc(havana, 'rental.booking', 'formatted_read_group', [domain, ['starts:day'], ['__count']])
  assert.deepEqual(
    found.map((group: any) => [group['starts:day'], group.__count]),
    [
      [['2025-11-01 04:00:00', '01 Nov 2025'], 1],
      [['2025-11-02 04:00:00', '02 Nov 2025'], 2],
    ],
  )
  for (const group of found)
    assert.equal(await rpc(havana, 'rental.booking', 'search_count', [[...domain, ...group.__extra_domain]]), group.__count)
  const hours = await rpc(havana, 'rental.booking', 'formatted_read_group', [domain, ['starts:hour'], ['__count']])
  assert.deepEqual(
    hours.map((group: any) => group.__count),
    [1, 1, 1],
  )
  await rpc(ann, 'rental.booking', 'unlink', [ids])
})

test('aggregates have their kinds’ values', async () => {
  const [all] = await groups(
    ann,
    [],
    [
      '__count',
      'price:sum',
      'price:avg',
      'days:min',
      'days:max',
      'day:min',
      'starts:max',
      'thing_id:count',
      'thing_id:count_distinct',
      'name:array_agg',
      'paid:bool_or',
      'paid:bool_and',
      'weight:sum',
      'weight:avg',
      'thing_id:recordset',
    ],
  )
  assert.deepEqual(bare(all!), {
    __count: 5,
    'price:sum': 30.6,
    'price:avg': 10.2,
    'days:min': 0,
    'days:max': 7,
    'day:min': '2026-01-31',
    'starts:max': '2026-02-14 08:15:30',
    'thing_id:count': 4,
    'thing_id:count_distinct': 3,
    'name:array_agg': ['A', 'B', 'C', 'D', 'Mixed'],
    'paid:bool_or': true,
    'paid:bool_and': false,
    'weight:sum': 5.5,
    'weight:avg': 2.75,
    'thing_id:recordset': [ladder, ladder, van, yacht],
  })
})

test('groups are filtered by having, sorted by key or sum, and paged', async () => {
  const states = await groups(ann, ['thing_id'], ['days:sum', '__count'], {
    having: ['|', ['__count', '>', 1], ['days:sum', 'in', [7]]],
    order: 'days:sum desc',
  })
  assert.deepEqual(
    states.map((group) => group['days:sum']),
    [7, 2],
  )
  assert.deepEqual(
    (await groups(ann, ['name'], [], { order: 'name desc', limit: 2, offset: 1 })).map((group) => group['name']),
    ['D', 'C'],
  )
  const paged = await rpc(ann, 'rental.booking', 'web_read_group', [[], ['name'], ['days:sum']], { limit: 2, order: 'days desc, color' })
  assert.deepEqual([paged.length, paged.groups.map((group: any) => group.name)], [5, ['Mixed', 'C']])
  await assert.rejects(groups(ann, ['thing_id'], ['name:max'], { having: [['name:max', '=', 1]] }), ValueError)
  for (const having of [['&'], [['__count', '~', 1]], [['__count', '=', 'x']], [['other:sum', '=', 1]]])
    await assert.rejects(groups(ann, ['state'], [], { having }), ValueError)
})

test('what cannot be grouped is refused', async () => {
  for (const spec of [
    'line_ids',
    'greeting',
    'note',
    'starts',
    'day:second',
    'name:month',
    'thing_id.booking_ids',
    'tag_ids.name',
    'state:month:day',
    '',
  ])
    await assert.rejects(groups(ann, [spec]), ValueError, spec)
  for (const aggregate of [
    'name:sum',
    'days',
    'days:median',
    'tag_ids:array_agg',
    'greeting:max',
    'day:sum',
    'state:bool_or',
    'days:sum:x',
  ])
    await assert.rejects(groups(ann, ['state'], [aggregate]), ValueError, aggregate)
})

test('read_group answers as it always did', async () => {
  const read = (fields: string[], groupby: string[], kwargs = {}) =>
    rpc(ann, 'rental.booking', 'read_group', [[['name', '!=', 'Mixed']], fields, groupby], kwargs) as Promise<any[]>
  const [first] = await read(['price', 'days:max', 'most:max(price)', 'thing_id'], ['starts', 'state'])
  assert.deepEqual(first, {
    starts_count: 2,
    starts: 'January 2026',
    price: 30.3,
    days: 2,
    most: 20.2,
    __range: { starts: { from: '2026-01-01 00:00:00', to: '2026-02-01 00:00:00' } },
    __domain: [['name', '!=', 'Mixed'], '&', ['starts', '>=', '2026-01-01 00:00:00'], ['starts', '<', '2026-02-01 00:00:00']],
    __context: { group_by: ['state'] },
  })
  const both = await read(['price:sum'], ['state', 'thing_id'], { lazy: false, orderby: 'price desc' })
  assert.deepEqual(
    both.map((group) => [group.state, group.thing_id, group.price, group.__count]),
    [
      ['asked', [ladder, 'Ladder'], 20.2, 1],
      ['confirmed', [ladder, 'Ladder'], 10.1, 1],
      ['asked', [van, 'Van'], 0.3, 1],
      ['asked', false, 0, 1],
    ],
  )
  assert.equal((await read([], []))[0].__count, 4)
})

test('our own code gets Decimals, nulls and ids', async () => {
  const rows = await ann.model('rental.booking').group([], ['thing_id'], ['price:sum', 'price:avg', 'days:sum'])
  assert.deepEqual(
    rows.map((row) => [row.thing_id, row.__count, String(row['price:sum']), row['days:sum']]),
    [
      [yacht, 1, '0', 7],
      [ladder, 2, '30.3', 2],
      [van, 1, '0.3', 5],
      [null, 1, '0', 0],
    ],
  )
  assert.ok(rows[1]!['price:sum'] instanceof Decimal)
  const tags = await ann.model('rental.booking').group([], ['tag_ids', 'day'])
  assert.deepEqual(
    tags.map((row) => [row.tag_ids, row.day]),
    [
      [[calm], '2026-02-01'],
      [[hot], '2026-01-31'],
      [[hot], '2026-02-01'],
      [[], '2026-05-17'],
      [[], null],
    ],
  )
})
