import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base, employee } from '@erp4/base'
import {
  type Access,
  type Day,
  type ModelFields,
  app,
  boolean,
  char,
  date,
  grant,
  group,
  integer,
  many2one,
  model,
  one2many,
} from '@erp4/orm'
import { world } from '@erp4/testing'
import { rpc } from './rpc.ts'

// Statements are kept from call to call: whatever differs between two callers, or between today and tomorrow, must not be kept with them.

const guest = group('kept.guest', { label: 'Guest', implies: [employee] })
const host = group('kept.host', { label: 'Host', implies: [guest] })

const kept_room = model('kept.room', {
  label: 'Room',
  fields: {
    name: char({ required: true, translate: true }),
    company_id: many2one('res.company'),
    price: integer({ companyDependent: true }),
    odd: integer(),
    open_ids: one2many('kept.stay', 'room_id', { domain: [['until', '>=', 'today']] }),
    late_ids: one2many('kept.stay', 'room_id', { domain: [['is_mine', '=', true]] }),
    far_ids: one2many('kept.stay', 'room_id', { domain: [['nights', '!=', 99999999999]] }),
  },
})
const kept_stay = model('kept.stay', {
  label: 'Stay',
  fields: {
    room_id: many2one('kept.room', { required: true }),
    name: char({ required: true }),
    until: date(),
    nights: integer(),
    who: integer(),
    is_mine: boolean({ compute: 'live' }),
    active: boolean({ default: true }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'kept.room': KeptRoom
    'kept.stay': KeptStay
  }
  interface KeptRoom extends ModelFields<typeof kept_room> {}
  interface KeptStay extends ModelFields<typeof kept_stay> {}
}

kept_stay.compute('is_mine', ['who'], (stay) => stay.who === 0)
kept_stay.searchBy('is_mine', (_operator, _value, env) => [['who', '=', (env.context['desk'] as number | undefined) ?? 0]])

/** As it may stand in a domain that comes over the wire. */
const today = 'today' as unknown as Day
const access: Access<'kept.room' | 'kept.stay'> = {
  'kept.room': [grant(guest, ['read', 'write', 'create'])],
  'kept.stay': [grant(guest, ['read'], () => [['until', '>=', today]]), grant(host, ['read', 'write', 'create'])],
}
const kept = app({ name: 'kept', depends: [base], models: [kept_room, kept_stay], groups: [guest, host], access })

let now = new Date('2026-11-10T12:00:00Z')
const at = await world(kept, { now: () => now })
const [ann, boss] = [await at.person(guest), await at.person(host)]
const [room] = (await at.system.model('kept.room').create({ name: 'Blue', price: 10 })).ids as [number]
const stay = async (name: string, until: string, who = 0, nights = 1) =>
  (await at.system.model('kept.stay').create({ room_id: room, name, until: until as never, who, nights })).ids[0]!
const [short, long] = [await stay('Short', '2026-11-10', 1), await stay('Long', '2026-11-20', 2)]

const on = async <T>(day: string, work: () => Promise<T>): Promise<T> => {
  now = new Date(`${day}T12:00:00Z`)
  return work()
}

test('a rule that asks for today asks for the day of each call, by id and by code', async () => {
  const asked = () => rpc(ann, 'kept.stay', 'read', [[short, long], ['name']])
  const names = async () => [
    (await asked()).map((row: any) => row.name),
    (await ann.model('kept.stay').browse([short, long]).read(['name'])).map((row) => row.name),
  ]
  for (let i = 0; i < 3; i++)
    assert.deepEqual(await on('2026-11-10', names), [
      ['Short', 'Long'],
      ['Short', 'Long'],
    ])
  assert.deepEqual(await on('2026-11-15', names), [['Long'], ['Long']])
  assert.deepEqual(await on('2026-11-25', names), [[], []])
  assert.deepEqual(await on('2026-11-25', () => rpc(boss, 'kept.stay', 'read', [[short], ['name']])), [{ id: short, name: 'Short' }])
})

test('a list that holds what is open today holds what is open on the day of each call, for the system too', async () => {
  const open = async () => (await at.system.model('kept.room').browse([room]).read(['open_ids']))[0]!.open_ids
  for (let i = 0; i < 3; i++) assert.deepEqual(await on('2026-11-10', open), [short, long])
  assert.deepEqual(await on('2026-11-15', open), [long])
  assert.deepEqual(await on('2026-11-15', async () => (await rpc(boss, 'kept.room', 'read', [[room], ['open_ids']]))[0].open_ids), [long])
})

test('a search that asks the context asks that of each call', async () => {
  const mine = async (desk: number) => (await at.system.with({ desk }).model('kept.room').browse([room]).read(['late_ids']))[0]!.late_ids
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(await mine(1), [short])
    assert.deepEqual(await mine(2), [long])
  }
})

test('a value of a domain that looks like a place for ids is not taken for one', async () => {
  const rooms = async (...ids: number[]) =>
    (await at.system.model('kept.room').browse(ids).read(['name', 'far_ids'])).map((row) => row.far_ids)
  const [other] = (await at.system.model('kept.room').create({ name: 'Red' })).ids as [number]
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(await rooms(room), [[short, long]])
    assert.deepEqual(await rooms(other), [[]])
    assert.deepEqual(await rooms(room, other), [[short, long], []])
    assert.deepEqual(await rooms(other, room), [[], [short, long]])
  }
})

test('languages, companies, archived records and the order of ids are each call’s own', async () => {
  const second = await at.company('Second')
  const both = await at.personOf([1, second], guest)
  const [korean, green] = (await at.system.model('kept.room').create([{ name: 'White' }, { name: 'Green' }])).ids as [number, number]
  await at.system.with({ lang: 'ko_KR' }).model('kept.room').browse([korean]).write({ name: '하양' })
  await both
    .with({ allowed_company_ids: [second] })
    .model('kept.room')
    .browse([korean])
    .write({ price: 7 })
  await both
    .with({ allowed_company_ids: [1] })
    .model('kept.room')
    .browse([korean])
    .write({ price: 3 })
  const gone = await stay('Gone', '2030-01-01')
  await at.system.model('kept.stay').browse([gone]).write({ active: false })
  const read = async (context: Record<string, unknown>) =>
    (
      await at.system
        .with(context as never)
        .model('kept.room')
        .browse([korean])
        .read(['name', 'price'])
    )[0]!
  for (let i = 0; i < 2; i++) {
    assert.equal((await read({ lang: 'en_US' })).name, 'White')
    assert.equal((await read({ lang: 'ko_KR' })).name, '하양')
    assert.equal((await read({ allowed_company_ids: [second] })).price, 7)
    assert.equal((await read({ allowed_company_ids: [1, second] })).price, 3)
    assert.equal(
      (
        await both
          .with({ allowed_company_ids: [second, 1] })
          .model('kept.room')
          .browse([korean])
          .read(['price'])
      )[0]!.price,
      7,
    )
    const stays = async (active_test: boolean) =>
      (await at.system.with({ active_test }).model('kept.room').browse([room]).read(['far_ids']))[0]!.far_ids.includes(gone)
    assert.deepEqual([await stays(true), await stays(false)], [false, true])
    for (const ids of [[korean, green], [green, korean], [green]])
      assert.deepEqual(
        (await at.system.model('kept.room').browse(ids).read(['name'])).map((row) => row.id),
        ids,
      )
  }
})

test('what is written in one language or company is not written in the one before, and the trail names who did it', async () => {
  const second = await at.company('Third')
  const both = await at.personOf([1, second], guest)
  const write = (who: typeof both, context: Record<string, unknown>, price: number) =>
    who
      .with(context as never)
      .model('kept.room')
      .browse([room])
      .write({ price })
  for (let i = 0; i < 2; i++) {
    await write(both, { allowed_company_ids: [1] }, 10 + i)
    await write(both, { allowed_company_ids: [second] }, 20 + i)
    await write(ann, {}, 30 + i)
    const price = async (company: number) =>
      (
        await at.system
          .with({ allowed_company_ids: [company] })
          .model('kept.room')
          .browse([room])
          .read(['price'])
      )[0]!.price
    assert.deepEqual([await price(1), await price(second)], [30 + i, 20 + i])
  }
  const names = []
  for (const who of [ann, boss, ann]) {
    const [made] = (await who.model('kept.room').create({ name: `By ${who.user.id}` })).ids
    const [row] = await at.system.model('kept.room').browse([made!]).read(['create_uid', 'name'])
    names.push([row!.create_uid, row!.name])
  }
  assert.deepEqual(
    names,
    [ann, boss, ann].map(({ user }) => [user.id, `By ${user.id}`]),
  )
})

test('a list of paths that its owner changes afterwards is read as it is then', async () => {
  const paths: string[] = ['name']
  const read = async () =>
    Object.keys(
      (
        await at.system
          .model('kept.room')
          .browse([room])
          .read(paths as never)
      )[0]!,
    )
  assert.deepEqual(await read(), ['id', 'name'])
  paths.push('odd')
  assert.deepEqual(await read(), ['id', 'name', 'odd'])
})
