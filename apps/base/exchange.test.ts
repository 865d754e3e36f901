import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base, employee, exchange, ratesOf } from '@erp4/base'
import { Decimal, day } from '@erp4/orm'
import { world } from '@erp4/testing'

const at = await world(base)
const d = Decimal.of
const currencies = new Map(
  (
    await at.system
      .with({ active_test: false })
      .model('res.currency')
      .find([['name', 'in', ['EUR', 'USD', 'KRW']]], ['name'])
  ).map((one) => [one.name, one.id]),
)
const [euro, dollar, won] = ['EUR', 'USD', 'KRW'].map((code) => currencies.get(code)!) as [number, number, number]
const elsewhere = await at.company('Elsewhere')
await at.system.model('res.currency.rate').create([
  { currency_id: dollar, name: day('2027-01-01'), rate: d('1.10'), company_id: null },
  { currency_id: dollar, name: day('2027-02-01'), rate: d('1.20'), company_id: null },
  { currency_id: dollar, name: day('2027-02-01'), rate: d('1.25'), company_id: 1 },
  { currency_id: won, name: day('2027-01-15'), rate: d('1500'), company_id: null },
])
const ann = await at.person(employee)
const rate = (on: string, company = 1) =>
  ann.call(async (env) => (await ratesOf(env, [euro, dollar, won], { company, on: day(on) })).get(dollar)?.toString())

test('the newest rate until the day holds, a company’s own before those for all', async () => {
  assert.deepEqual(
    [
      await rate('2026-12-31'),
      await rate('2027-01-01'),
      await rate('2027-01-31'),
      await rate('2027-02-01'),
      await rate('2028-02-01'),
      await rate('2028-02-01', elsewhere),
    ],
    [undefined, '1.1', '1.1', '1.25', '1.25', '1.2'],
  )
})

test('one currency alone takes no statement, several take two and the note of why', async () => {
  await ann.call((env) => ratesOf(env, [euro, euro], { company: 1, on: day('2027-02-01') }))
  assert.equal(ann.statements, 0)
  await rate('2027-02-01')
  assert.equal(ann.statements, 3)
})

test('an amount goes from currency to currency through the company’s, unrounded', () => {
  const rates = new Map([
    [dollar, d('1.25')],
    [won, d('1500')],
  ])
  assert.equal(exchange(d(10), euro, dollar, rates).toString(), '12.5')
  assert.equal(exchange(d('12.5'), dollar, won, rates).toString(), '15000')
  assert.equal(exchange(d(1), won, euro, rates).toString(), '0.00066666666666666667')
  assert.equal(exchange(d('0.1'), euro, euro, new Map()).toString(), '0.1')
})
