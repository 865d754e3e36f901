import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contactManager } from '@erp4/base'
import { Decimal, ValueError, callMethod } from '@erp4/orm'
import { world } from '@erp4/testing'
import { desk, owner, rental } from './rental.ts'
import { createRecords } from '../operations/create.ts'
import { inSavepoint } from '../operations/savepoint.ts'
import { rpc } from './rpc.ts'

const at = await world(rental)
const [ann, eve, clerk] = [await at.person(desk), await at.person(owner), await at.person(contactManager)]
type Who = Parameters<typeof rpc>[0]
const [ladder] = (
  await at.system.model('rental.thing').create([
    { name: 'Ladder', cost: Decimal.of(70) },
    { name: 'Yacht', hidden: true },
  ])
).ids as unknown as [number]
const [hot, calm] = (await at.system.model('rental.tag').create([{ name: 'Hot' }, { name: 'Calm' }, { name: 'Dark', hidden: true }]))
  .ids as unknown as [number, number]
const bookings = (who: Who, domain: unknown[] = []): Promise<any[]> =>
  rpc(
    who,
    'rental.booking',
    'search_read',
    [domain, ['name', 'state', 'thing_id', 'starts', 'day', 'days', 'price', 'paid', 'tag_ids', 'line_ids']],
    { order: 'id' },
  )
const load = (
  who: Who,
  fields: string[],
  data: unknown[][],
  kwargs: Record<string, unknown> = {},
  model = 'rental.booking',
): Promise<any> => rpc(who, model, 'load', [fields, data], kwargs)
const said = (result: any): unknown[] => result.messages.map((one: any) => [one.record, one.rows.from, one.field, one.message])
const exported = async (who: Who, ids: number[], fields: string[]): Promise<unknown[][]> =>
  (await rpc(who, 'rental.booking', 'export_data', [ids, fields])).datas

test('rows become records: names, labels, spellings of yes, days and times of the caller’s clock', async () => {
  const done = await load(
    ann.with({ tz: 'Asia/Seoul' }),
    ['name', 'state', 'thing_id', 'starts', 'day', 'days', 'price', 'paid', 'tag_ids'],
    [
      ['One', 'Confirmed', 'Ladder', '2026-03-01 09:00:00', '2026-03-01', '3', '12.50', 'yes', 'Hot, Calm'],
      ['Two', 'asked', '', '2026-03-01T09:00:00Z', '', '', '1e3', '0', ''],
      ['Three', '', '', '2026-03-01 09:00', '', '-4', 7, true, 'Calm'],
    ],
  )
  assert.deepEqual(done.messages, [])
  assert.equal(done.nextrow, 0)
  const rows = await bookings(ann, [['id', 'in', done.ids]])
  assert.deepEqual(
    rows.map((row) => [row.name, row.state, row.thing_id, row.starts, row.day, row.days, row.price, row.paid, row.tag_ids]),
    [
      ['One', 'confirmed', [ladder, 'Ladder'], '2026-03-01 00:00:00', '2026-03-01', 3, 12.5, true, [calm, hot]],
      ['Two', 'asked', false, '2026-03-01 09:00:00', false, 1, 1000, false, []],
      ['Three', 'asked', false, '2026-03-01 00:00:00', false, -4, 7, true, [calm]],
    ],
  )
})

test('what was exported is imported as it was, by its external id', async () => {
  const who = ann.with({ tz: 'America/New_York' })
  const fields = [
    'id',
    'name',
    'state',
    'thing_id',
    'starts',
    'day',
    'days',
    'price',
    'paid',
    'tag_ids',
    'line_ids/.id',
    'line_ids/name',
    'line_ids/price',
  ]
  const ids = (
    await load(
      who,
      ['name', 'starts', 'tag_ids/.id', 'line_ids/name', 'line_ids/price', 'paid'],
      [
        ['Trip', '2026-07-04 12:00:00', `${hot},${calm}`, 'Rope', '3', 'y'],
        ['', '', '', 'Map', '2.5', ''],
        ['Solo', '', '', '', '', ''],
      ],
    )
  ).ids
  const before = await bookings(who, [['id', 'in', ids]])
  assert.equal(before[0].line_ids.length, 2)
  const rows = await exported(who, ids, fields)
  assert.equal(rows.length, 3)
  assert.deepEqual(rows[0]!.slice(1), [
    'Trip',
    'Asked For',
    '',
    '2026-07-04 12:00:00',
    '',
    1,
    0,
    true,
    rows[0]![9],
    String(before[0].line_ids[0]),
    'Rope',
    3,
  ])
  assert.deepEqual(rows[1]!.slice(0, 10), ['', '', '', '', '', '', '', '', '', ''])
  await rpc(who, 'rental.booking', 'write', [ids, { name: 'Changed', paid: false }])
  const again = await load(who, fields, rows)
  assert.deepEqual([again.messages, again.ids], [[], ids])
  assert.deepEqual(await bookings(who, [['id', 'in', ids]]), before)
})

test('external ids are made once, by the system for a user who may not write them', async () => {
  const [id] = (await load(ann, ['name', 'thing_id/.id'], [['Named', String(ladder)]])).ids
  const [first] = await exported(ann, [id], ['id', 'thing_id/id', '.id', 'thing_id/.id', 'thing_id/name'])
  assert.match(String(first![0]), /^__export__\.rental_booking_\d+_[0-9a-f]{8}$/)
  assert.match(String(first![1]), /^__export__\.rental_thing_/)
  assert.deepEqual(first!.slice(2), [String(id), String(ladder), 'Ladder'])
  assert.deepEqual((await exported(ann, [id], ['id', 'thing_id/id']))[0], first!.slice(0, 2))
  const made = await at.system.model('ir.model.data').find(
    [
      ['module', '=', '__export__'],
      ['model', '=', 'rental.booking'],
      ['res_id', '=', id],
    ],
    ['name'],
  )
  assert.equal(made.length, 1)
})

test('export shows no hidden record, no hidden name, and refuses protected fields as unknown ones', async () => {
  const [theirs] = (await load(eve, ['name', 'thing_id', 'user_id/.id'], [['Theirs', 'Yacht', String(eve.user.id)]])).ids
  const [shared] = (await load(eve, ['name', 'thing_id', 'user_id/.id'], [['Shared', 'Yacht', String(ann.user.id)]])).ids
  assert.deepEqual(await exported(ann, [theirs], ['name']), [])
  const count = await at.system.model('ir.model.data').count([['model', '=', 'rental.thing']])
  assert.deepEqual(await exported(ann, [shared, theirs], ['name', 'thing_id', 'thing_id/id', 'thing_id/.id', 'thing_id/depot']), [
    ['Shared', '', '', '', ''],
  ])
  assert.equal(await at.system.model('ir.model.data').count([['model', '=', 'rental.thing']]), count)
  const refusal = (field: string) =>
    exported(ann, [shared], [field]).then(
      () => 'answered',
      (error) => `${error.name} ${error.message.replace(field, 'FIELD')}`,
    )
  for (const [real, wrong] of [
    ['secret', 'nosuch'],
    ['thing_id/cost', 'thing_id/nosuch'],
    ['name/x', 'nosuch/x'],
  ] as const)
    assert.equal(await refusal(real), await refusal(wrong))
  await assert.rejects(rpc(eve, 'res.users', 'export_data', [[eve.user.id], ['password']]), ValueError)
  assert.deepEqual((await exported(eve, [shared], ['thing_id/name']))[0], ['Yacht'])
})

test('each bad cell is told with its row and field, and nothing is written', async () => {
  const before = await at.system.model('rental.booking').count([])
  const done = await load(
    ann,
    ['name', 'state', 'thing_id', 'day', 'days', 'price', 'paid', 'starts', 'tag_ids', 'line_ids/name', 'line_ids/quantity'],
    [
      ['Good', '', '', '', '', '', '', '', '', '', ''],
      ['Bad', 'lost', 'Nothing', '2026-02-30', '1.5', '1,5', 'perhaps', 'noon', 'Hot, Cold', 'Rope', 'many'],
      ['', '', '', '', '', '', '', '', '', 'Map', '2'],
      ['', 'asked', '', '', '', '', '', '', '', '', ''],
      ['Hidden', '', 'Yacht', '', '', '', '', '', 'Dark', '', ''],
    ],
  )
  assert.equal(done.ids, false)
  assert.deepEqual(
    said(done).map((one: any) => one.slice(0, 3)),
    [
      [1, 1, 'state'],
      [1, 1, 'thing_id'],
      [1, 1, 'day'],
      [1, 1, 'days'],
      [1, 1, 'price'],
      [1, 1, 'paid'],
      [1, 1, 'starts'],
      [1, 1, 'tag_ids'],
      [1, 1, 'line_ids'],
      [2, 3, false],
      [3, 4, 'thing_id'],
      [3, 4, 'tag_ids'],
    ],
  )
  assert.deepEqual(done.messages[0].rows, { from: 1, to: 2 })
  assert.match(done.messages.find((one: any) => one.record === 2).message, /Name.*required/)
  // What is hidden is as if it were not there.
  assert.equal(
    said(done)[10]!.toString().replace('Yacht', 'X'),
    said(
      await load(
        ann,
        ['name', 'state', 'thing_id'],
        [
          ['a', '', ''],
          ['a', '', ''],
          ['a', '', ''],
          ['Hidden', '', 'X'],
        ],
      ),
    )[0]!
      .toString()
      .replace(/^3,3/, '3,4'),
  )
  assert.equal(await at.system.model('rental.booking').count([]), before)
})

test('the database’s and the code’s own refusals find their rows too; keeping the good ones is asked for', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => [`Tag ${i === 30 ? 7 : i}`])
  const before = await at.system.model('rental.tag').count([])
  const refused = await load(eve, ['name'], rows, {}, 'rental.tag')
  assert.deepEqual(
    [refused.ids, said(refused).map((one: any) => one[0]), await at.system.model('rental.tag').count([])],
    [false, [30], before],
  )
  const kept = await load(eve, ['name'], rows, { context: { import_keep_good: true } }, 'rental.tag')
  assert.equal(kept.ids.filter((id: unknown) => id === false).length, 1)
  assert.equal(kept.ids[30], false)
  assert.deepEqual(
    (await rpc(eve, 'rental.tag', 'read', [kept.ids.filter(Boolean), ['name']])).map((tag: any) => tag.name),
    rows.map(([name]) => name).filter((_, i) => i !== 30),
  )
  // A constraint in code, judged at the end of a call, and a total that is computed there.
  const long = await load(
    ann,
    ['name', 'days', 'price'],
    [
      ['Short', '2', '10'],
      ['Long', '400', '1'],
      ['Shorter', '1', '5'],
    ],
    { keep_good: true },
  )
  assert.deepEqual(said(long), [[1, 1, false, 'Nobody hires for more than a year.']])
  assert.deepEqual(
    (await rpc(ann, 'rental.booking', 'read', [[long.ids[0], long.ids[2]], ['total']])).map((row: any) => row.total),
    [20, 5],
  )
  assert.equal(await at.system.model('rental.booking').count([['name', '=', 'Long']]), 0)
})

test('too many bad rows end the search after 60 savepoints, and say so', async () => {
  const rows = Array.from({ length: 300 }, (_, i) => [i % 3 === 0 ? 'Same' : `Other ${i}`])
  const done = await load(eve, ['name'], rows, { keep_good: true }, 'rental.tag')
  assert.ok(done.messages.some((one: any) => one.message.startsWith('Not tried')))
  assert.equal(done.ids.length, 300)
  assert.equal(await at.system.model('rental.tag').count([['name', '=', 'Same']]), 1)
  assert.equal(
    await at.system.model('rental.tag').count([['name', 'like', 'Other']]),
    done.ids.filter((id: number | false, i: number) => id !== false && i % 3 !== 0).length,
  )
})

test('a user changes by import only what he may change', async () => {
  const [hers] = (await load(eve, ['id', 'name', 'user_id/.id'], [['hers', 'Hers', String(eve.user.id)]])).ids
  for (const [fields, row] of [
    [
      ['id', 'name'],
      ['hers', 'Mine'],
    ],
    [
      ['.id', 'name'],
      [String(hers), 'Mine'],
    ],
    [
      ['.id', 'name'],
      ['2000000', 'Mine'],
    ],
  ] as const) {
    const done = await load(ann, [...fields], [[...row]])
    assert.equal(done.ids, false)
    assert.equal(done.messages.length, 1)
  }
  assert.equal((await rpc(eve, 'rental.booking', 'read', [[hers], ['name']]))[0].name, 'Hers')
  const stolen = await load(ann, ['name', 'user_id/.id'], [['Given away', String(eve.user.id)]])
  assert.equal(stolen.ids, false)
  const app = await load(
    ann,
    ['id', 'name'],
    [
      ['base.mine', 'Mine'],
      ['rental.mine', 'Mine'],
      ['res.odd name', 'x'],
    ],
  )
  assert.deepEqual([app.ids, app.messages.length], [false, 3])
  const taken = await load(ann, ['id', 'name'], [['base.main_company', 'Mine']])
  assert.match(taken.messages[0].message, /taken by another kind/)
  await assert.rejects(load(ann, ['name', 'secret'], [['x', '1']]), /Invalid field 'secret' in 'rental.booking'/)
  await assert.rejects(load(ann, ['name', 'nosuch'], [['x', '1']]), /Invalid field 'nosuch' in 'rental.booking'/)
  await assert.rejects(load(eve, ['login', 'password'], [['x', '1']], {}, 'res.users'), ValueError)
  await assert.rejects(load(ann, ['name'], [['x']], {}, 'rental.thing'), { name: 'AccessError' })
})

test('companies and their people come in one file, by external id and by name; a second run changes them', async () => {
  const fields = ['id', 'name', 'is_company', 'parent_id/id', 'parent_id', 'country_id', 'city']
  const rows = [
    ['azure', 'Azure Interior', 'True', '', '', 'Germany', 'Berlin'],
    ['azure_ann', 'Ann Azure', '', 'azure', '', '', ''],
    ['ben', 'Ben', 'false', '', 'Azure Interior', '', ''],
    ['kid', 'Kid', '', 'azure_ann', '', '', ''],
  ]
  const done = await load(clerk, fields, rows, {}, 'res.partner')
  assert.deepEqual(done.messages, [])
  const partners = await rpc(clerk, 'res.partner', 'read', [
    done.ids,
    ['name', 'parent_id', 'country_id', 'commercial_partner_id', 'display_name'],
  ])
  assert.deepEqual(
    partners.map((one: any) => one.parent_id && one.parent_id[0]),
    [false, done.ids[0], done.ids[0], done.ids[1]],
  )
  assert.ok(partners.every((one: any) => one.commercial_partner_id[0] === done.ids[0] && one.country_id[1] === 'Germany'))
  const again = await load(
    clerk,
    fields,
    [
      ['__import__.azure', 'Azure Indoor', 'True', '', '', 'France', 'Paris'],
      ['azure', 'Azure Third', 'True', '', '', 'France', 'Lyon'],
      ['new', 'New', '', 'azure', '', '', ''],
    ],
    {},
    'res.partner',
  )
  assert.deepEqual([again.messages, again.ids.slice(0, 2)], [[], [done.ids[0], done.ids[0]]])
  assert.deepEqual((await rpc(clerk, 'res.partner', 'read', [[done.ids[0]], ['name', 'city']]))[0].name, 'Azure Third')
  const twice = await load(
    clerk,
    ['name', 'parent_id'],
    [
      ['Doppel', ''],
      ['Doppel', ''],
      ['Lost', 'Doppel'],
      ['Orphan', 'Nobody'],
    ],
    { keep_good: true },
    'res.partner',
  )
  assert.deepEqual(
    said(twice).map((one: any) => [one[0], one[2]]),
    [
      [2, 'parent_id'],
      [3, 'parent_id'],
    ],
  )
  const failing = await load(
    clerk,
    ['id', 'name', 'email', 'parent_id/id'],
    [
      ['p', '', '', ''],
      ['c', 'Child', '', 'p'],
    ],
    { keep_good: true },
    'res.partner',
  )
  assert.deepEqual(failing.ids, [false, false])
  assert.match(failing.messages[1].message, /row 1/)
})

test('the file’s own way of writing numbers and days is told by the context', async () => {
  const context = {
    float_decimal_separator: ',',
    float_thousand_separator: '.',
    date_format: '%d/%m/%Y',
    datetime_format: '%d.%m.%y %H:%M',
  }
  const done = await load(ann, ['name', 'price', 'days', 'day', 'starts'], [['Euro', '1.234,50', '12', '31/01/2026', '01.02.26 08:30']], {
    context,
  })
  assert.deepEqual(
    (await bookings(ann, [['id', 'in', done.ids]])).map((row) => [row.price, row.days, row.day, row.starts]),
    [[1234.5, 12, '2026-01-31', '2026-02-01 08:30:00']],
  )
  const bad = await load(
    ann,
    ['name', 'price', 'day'],
    [
      ['a', '12.34,5', '2026/01/31'],
      ['b', '1,2,3', '31/13/2026'],
    ],
    { context },
  )
  assert.deepEqual(
    said(bad).map((one: any) => one[2]),
    ['price', 'day', 'price', 'day'],
  )
  // The year first, then month and day, can mean one day only: so days of a spreadsheet are written.
  const plain = await load(ann, ['name', 'day'], [['c', '2026-01-31']], { context })
  assert.deepEqual(
    (await bookings(ann, [['id', 'in', plain.ids]])).map((row) => row.day),
    ['2026-01-31'],
  )
})

test('a limit leaves the rest for the next call', async () => {
  const rows = [
    ['P', 'x'],
    ['', 'y'],
    ['Q', ''],
    ['R', ''],
  ]
  const first = await load(ann.with({ _import_limit: 2 }), ['name', 'line_ids/name'], rows)
  assert.deepEqual([first.ids.length, first.nextrow], [2, 3])
})

test('five thousand partners are loaded in a few statements', async () => {
  const rows = Array.from({ length: 5000 }, (_, i) => [
    `big_${i}`,
    `Partner ${i}`,
    `p${i}@example.com`,
    'Street 1',
    'Seoul',
    'South Korea',
    i % 10 === 0 ? '1' : '',
    i % 10 === 0 ? '' : `big_${i - (i % 10)}`,
  ])
  const done = await load(
    clerk,
    ['id', 'name', 'email', 'street', 'city', 'country_id', 'is_company', 'parent_id/id'],
    rows,
    {},
    'res.partner',
  )
  assert.deepEqual([done.messages, done.ids.length], [[], 5000])
  assert.ok(clerk.statements < 60, `${clerk.statements} statements`)
})

test('what the same call did before a failed row stays done', async () => {
  const id = await ann.call(async (env) => {
    const [made] = (await env.model('rental.booking').create({ name: 'Before', price: Decimal.of(4), days: 2 })).ids
    const rows = [
      ['Long', '900'],
      ['Fine', '1'],
    ]
    const call = { model: 'rental.booking', method: 'load', args: [['name', 'days'], rows], kwargs: { keep_good: true } }
    const done = (await callMethod(env, call)) as { ids: unknown[] }
    assert.equal(done.ids[0], false)
    return made!
  })
  assert.equal(String((await ann.model('rental.booking').browse([id]).read(['total']))[0]!.total), '8')
})

test('after a failed step the call remembers nothing of it, and goes on', async () => {
  const [first, second] = await ann.call(async (env) => {
    const made = (name: string) => createRecords(env, env.modelOf('rental.booking'), [{ name, price: 3, days: 2 }])
    const failing = inSavepoint(env, async () => {
      await made('Lost')
      await env.asSystem('this use is undone with the step', async () => undefined)
      throw new Error('no')
    })
    await assert.rejects(failing, /no/)
    const { dirty, unchecked, unjudged, reasons } = env.call
    assert.deepEqual([dirty.ids.size, dirty.reached.length, unchecked.size, unjudged.length, reasons.size], [0, 0, 0, 0, 0])
    return [...(await made('Kept')), ...(await inSavepoint(env, () => made('Kept too')))]
  })
  const kept = await ann.model('rental.booking').find([['name', 'in', ['Lost', 'Kept', 'Kept too']]], ['total'], { order: 'id' })
  assert.deepEqual(
    kept.map((one) => [one.id, String(one.total)]),
    [
      [first, '6'],
      [second, '6'],
    ],
  )
})

test('a hidden record is not found by id or external id either', async () => {
  const [yacht] = (await at.system.model('rental.thing').search([['name', '=', 'Yacht']])).ids
  await at.system.model('ir.model.data').create({ module: 'fleet', name: 'yacht', model: 'rental.thing', res_id: yacht! })
  for (const [column, hidden, missing] of [
    ['thing_id/.id', String(yacht), '2000000'],
    ['thing_id/id', 'fleet.yacht', 'fleet.nosuch'],
  ] as const) {
    const told = async (cell: string) => {
      const done = await load(ann, ['name', column], [['x', cell]])
      assert.equal(done.ids, false)
      return done.messages[0].message.replace(cell, 'CELL')
    }
    assert.equal(await told(hidden), await told(missing))
    assert.match(await told(hidden), /There is no/)
  }
})
