import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Decimal, day } from '@erp4/orm'
import { type Installment, dueDates, dueOn } from './terms.ts'

const d = Decimal.of
const part = (values: Partial<Installment> = {}): Installment => ({
  value: 'percent',
  value_amount: d(100),
  delay_type: 'days_after',
  nb_days: 0,
  days_next_month: 10,
  ...values,
})
const dues = (installments: readonly Installment[], total: string, digits = 2) =>
  dueDates(installments, { on: day('2028-01-30'), total: d(total), digits }).map(({ date, amount }) => [date, amount.toString()])

for (const [what, values, from, expected] of [
  ['30 days', { nb_days: 30 }, '2028-01-30', '2028-02-29'],
  ['0 days', {}, '2028-02-29', '2028-02-29'],
  ['15 days after the end of the month', { delay_type: 'days_after_end_of_month', nb_days: 15 }, '2028-01-05', '2028-02-15'],
  ['the end of the month, in February of a leap year', { delay_type: 'days_after_end_of_month' }, '2028-02-01', '2028-02-29'],
  ['the end of the following month, from the 31st', { delay_type: 'days_after_end_of_next_month' }, '2027-01-31', '2027-02-28'],
  ['over the end of the year', { delay_type: 'days_after_end_of_next_month', nb_days: 10 }, '2027-12-15', '2028-02-10'],
  ['30 days, then the 10th of the next month', { delay_type: 'days_end_of_month_on_the', nb_days: 30 }, '2028-01-05', '2028-03-10'],
  [
    'the last of the next month where it has no 31st',
    { delay_type: 'days_end_of_month_on_the', days_next_month: 31 },
    '2028-03-05',
    '2028-04-30',
  ],
] as const)
  test(`${what} from ${from} is ${expected}`, () => assert.equal(dueOn(part(values), day(from)), expected))

test('installments sum up to the total, the last one being what is left', () => {
  const thirds = [
    part({ value_amount: d('33.33') }),
    part({ value_amount: d('33.33'), nb_days: 30 }),
    part({ value_amount: d('33.34'), nb_days: 60 }),
  ]
  assert.deepEqual(dues(thirds, '100.01'), [
    ['2028-01-30', '33.33'],
    ['2028-02-29', '33.33'],
    ['2028-03-30', '33.35'],
  ])
  assert.deepEqual(
    dues(thirds, '100', 0).map(([, amount]) => amount),
    ['33', '33', '34'],
  )
})

test('a fixed part and the rest', () => {
  const advance = [part({ value: 'fixed', value_amount: d(50) }), part({ nb_days: 30 })]
  assert.deepEqual(
    dues(advance, '120').map(([, amount]) => amount),
    ['50', '70'],
  )
  assert.deepEqual(
    dues(advance, '-120').map(([, amount]) => amount),
    ['-50', '-70'],
  )
})

test('without installments everything is due at once', () => assert.deepEqual(dues([], '9.99'), [['2028-01-30', '9.99']]))
