import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Decimal } from '@erp4/orm'
import { type Measure, convert, convertPrice, toMultiple } from './measure.ts'

const d = Decimal.of
const unit = (factor: string, rounding = '0.01', category_id = 1): Measure => ({
  name: factor,
  category_id,
  factor: d(factor),
  rounding: d(rounding),
})
const [units, dozen, gross] = [unit('1', '1'), unit('12'), unit('144')]

for (const [quantity, from, to, expected] of [
  ['1', dozen, units, '12'],
  ['12', units, dozen, '1'],
  ['1', gross, dozen, '12'],
  ['7', units, dozen, '0.58'],
  ['-7', units, dozen, '-0.58'],
  ['6.5', units, units, '7'],
] as const)
  test(`${quantity} of ${from.name} are ${expected} of ${to.name}`, () => {
    assert.equal(convert(d(quantity), from, to).toString(), expected)
  })

test('there and back again gives what there was, wherever the way there could be written down', () => {
  const names = ['1', '12', '144', '0.45359237', '0.028349523125', '1609.344', '0.0254', '0.001', '1000', '60', '480']
  for (const a of names)
    for (const b of names)
      for (const quantity of ['1', '3', '0.5', '17.25', '-2']) {
        const [from, to] = [unit(a, '0.000001'), unit(b, '0.000001')]
        const there = d(quantity).times(from.factor!)
        // Only where the quotient has no more than six digits is nothing lost.
        const exact = there.dividedBy(to.factor!)
        if (!exact.round(6).times(to.factor!).equals(there)) continue
        assert.equal(convert(convert(d(quantity), from, to), to, from).toString(), d(quantity).toString(), `${quantity}: ${a} to ${b}`)
      }
})

test('a quotient is rounded by its exact remainder, not by its first twenty digits', () => {
  const third = (mode: 'up' | 'down' | 'half-up') => toMultiple(d(1), d(3), d('0.01'), mode).toString()
  assert.deepEqual([third('down'), third('half-up'), third('up')], ['0.33', '0.33', '0.34'])
  const almost = d('0.99999999999999999999')
  assert.equal(toMultiple(almost.times(d(3)), d(3), d(1), 'down').toString(), '0')
  assert.equal(toMultiple(almost, d(1), d(1), 'up').toString(), '1')
  // An exact half goes away from zero, on both sides of it.
  assert.deepEqual(
    ['0.5', '-0.5', '1.5', '0.49999999999999999999'].map((value) => toMultiple(d(value), d(1), d(1), 'half-up').toString()),
    ['1', '-1', '2', '0'],
  )
})

test('rounding up and down leaves whole multiples alone', () => {
  for (const mode of ['up', 'down', 'half-up'] as const) {
    assert.equal(convert(d(24), units, dozen, mode).toString(), '2')
    assert.equal(convert(d('0.3'), unit('1', '0.1'), unit('1', '0.1'), mode).toString(), '0.3')
  }
})

test('a converted quantity differs from the exact one by less than one rounding step', () => {
  const random = seeded(7)
  for (let i = 0; i < 500; i++) {
    const [from, to] = [unit(String(1 + random(999)), '0.01'), unit(String(1 + random(999)), '0.01')]
    const quantity = d(random(100000)).dividedBy(d(1000))
    const exact = quantity.times(from.factor!)
    const back = convert(quantity, from, to).times(to.factor!)
    assert.ok(
      !back
        .minus(exact)
        .abs()
        .isMore(to.factor!.times(d('0.005'))),
      `${quantity.toString()} ${from.name} ${to.name}`,
    )
  }
})

test('a price follows its unit: a dozen at twelve is one each', () => {
  assert.equal(convertPrice(d(12), dozen, units).toString(), '1')
  assert.equal(convertPrice(d('0.25'), units, gross).toString(), '36')
})

test('what measures different things is not converted', () => {
  assert.throws(() => convert(d(1), units, unit('1', '1', 2)), RangeError)
  assert.throws(() => convertPrice(d(1), units, unit('1', '1', 2)), RangeError)
})

/** The same numbers at every run: 0 ≤ n < below. */
function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return state % below
  }
}
