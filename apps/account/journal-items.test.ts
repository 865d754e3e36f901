import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Decimal, day } from '@erp4/orm'
import { asAmounts, balanced } from './journal-items.ts'

const d = Decimal.of

test('whatever the rate and the digits, the items of a document sum up to nothing', () => {
  let state = 9
  const random = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return Math.floor((state / 0x80000000) * below)
  }
  for (let i = 0; i < 300; i++) {
    const items = Array.from({ length: 1 + random(12) }, () => ({ amount: d(random(1_000_000) - 500_000).dividedBy(d(100)) }))
    const total = Decimal.sum(items.map(({ amount }) => amount)).negated()
    const parts = Array.from({ length: random(3) }, () =>
      total
        .times(d(random(60)))
        .dividedBy(d(100))
        .round(2),
    )
    const dues = [...parts, total.minus(Decimal.sum(parts))].map((amount) => ({ date: day('2027-01-01'), amount }))
    const rate = d(1 + random(2_000_000)).dividedBy(d(1000))
    const digits = [0, 2, 3][random(3)]!
    const booked = balanced(items, asAmounts(dues, 1), { rate, digits })
    const all = [...booked.items, ...booked.dues]
    assert.equal(Decimal.sum(all.map(({ balance }) => balance)).toString(), '0')
    assert.equal(Decimal.sum(all.map(({ amount }) => amount)).toString(), '0')
    for (const { balance } of all) assert.ok(balance.equals(balance.round(digits)))
  }
})

test('a credit note is the invoice turned round', () => {
  const due = [{ date: day('2027-01-01'), amount: d('6.22') }]
  assert.deepEqual(
    asAmounts(due, -1).map(({ amount }) => amount.toString()),
    ['-6.22'],
  )
})
