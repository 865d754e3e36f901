import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Decimal } from './decimal.ts'

const d = Decimal.of

test('a tenth and two tenths are three tenths', () => assert.equal(d('0.1').plus(d('0.2')).toString(), '0.3'))
test('halves round away from zero', () =>
  assert.deepEqual(
    ['1.005', '-1.005', '2.5'].map((t) =>
      d(t)
        .round(t === '2.5' ? 0 : 2)
        .toString(),
    ),
    ['1.01', '-1.01', '3'],
  ))
test('operators are refused instead of passing through a double', () => {
  assert.throws(() => (d('10') as any) < (d('9') as any), TypeError)
  assert.throws(() => (d('10') as any) + 1, TypeError)
})
test('a double comes in by its shortest text', () => assert.equal(Decimal.fromNumber(1.005).toString(), '1.005'))
for (const wrong of ['1e1000000', 'NaN', '', ' 1', '1.', '0x10', '1,5', 'Infinity', '9'.repeat(41)]) {
  test(`'${wrong.slice(0, 12)}' is no decimal`, () => void assert.throws(() => d(wrong), RangeError))
}
test('a fraction as a number is refused', () => void assert.throws(() => d(0.5), RangeError))
test('division by zero is refused', () => void assert.throws(() => d(1).dividedBy(d(0)), RangeError))
