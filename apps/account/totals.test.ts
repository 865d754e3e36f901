import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Decimal } from '@erp4/orm'
import { type PricedLine, type Rounding, type TaxRule, documentTotals, lineAmount, lineCorrections, lineFigures } from './totals.ts'

const d = Decimal.of
const zero = d(0)
let last = 0
const tax = (amount: string, values: Partial<TaxRule> = {}): TaxRule => ({
  id: ++last,
  type: 'percent',
  amount: d(amount),
  isIncluded: false,
  affectsNext: false,
  isAffected: true,
  ...values,
})
const line = (quantity: string, price: string, taxes: readonly TaxRule[] = [], discount = '0'): PricedLine => ({
  quantity: d(quantity),
  price: d(price),
  discount: d(discount),
  taxes,
})
const global = (digits: number): Rounding => ({ digits, method: 'global' })
const byLine = (digits: number): Rounding => ({ digits, method: 'line' })
const figures = (lines: readonly PricedLine[], rounding: Rounding): string[] => {
  const { untaxed, tax: taxes, total } = documentTotals(lines, rounding)
  return [untaxed, taxes, total].map((value) => value.toString())
}

test('nets are rounded on each line first, and the tax once for the document', () => {
  const vat = tax('21')
  // 3 × 0.335 = 1.005 → 1.01 each; ten of them are 10.10, of which 21 % are 2.121 → 2.12.
  const lines = Array.from({ length: 10 }, () => line('3', '0.335', [vat]))
  assert.deepEqual(figures(lines, global(2)), ['10.1', '2.12', '12.22'])
  // Rounded on each line: 0.2121 → 0.21, ten times.
  assert.deepEqual(figures(lines, byLine(2)), ['10.1', '2.1', '12.2'])
})

test('three invoice lines of 17.65 are 52.95, as printed', () => {
  assert.deepEqual(figures([line('1', '17.65'), line('1', '17.65'), line('1', '17.65')], global(2)), ['52.95', '0', '52.95'])
})

test('won and yen have no digits behind the point, dinars three', () => {
  const vat = tax('10')
  assert.deepEqual(figures([line('3', '333.4', [vat]), line('1', '0.5', [vat])], global(0)), ['1001', '100', '1101'])
  assert.deepEqual(figures([line('1', '1.2345', [tax('5')])], global(3)), ['1.235', '0.062', '1.297'])
})

test('prices that contain the tax: the total is what was asked for, the base is rounded, the tax is the rest', () => {
  const vat = tax('21', { isIncluded: true })
  assert.deepEqual(figures([line('1', '100', [vat])], global(2)), ['82.64', '17.36', '100'])
  const lines = Array.from({ length: 3 }, () => line('1', '9.99', [vat]))
  assert.deepEqual(figures(lines, global(2)), ['24.77', '5.2', '29.97'])
  // One by one 8.26 each, which would be 24.78: one line bears the cent.
  const corrections = lineCorrections(lines, global(2))
  assert.deepEqual(
    [...corrections].map(([index, by]) => [index, by.toString()]),
    [[0, '-0.01']],
  )
  const nets = lines.map((one, i) => lineFigures(one, 2, corrections.get(i)).net.toString())
  assert.deepEqual(nets, ['8.25', '8.26', '8.26'])
})

for (const [what, lines, digits, expected] of [
  ['a discount is part of the line', [line('3', '19.99', [tax('20')], '10')], 2, ['53.97', '10.79', '64.76']],
  ['a discount of everything leaves nothing', [line('3', '19.99', [tax('20')], '100')], 2, ['0', '0', '0']],
  ['a negative line takes its tax back', [line('1', '100', [tax('20')]), line('-1', '30', [tax('20')])], 2, ['70', '14', '84']],
  ['a document may come to less than nothing', [line('1', '-10.005', [tax('20')])], 2, ['-10.01', '-2', '-12.01']],
  ['a fixed tax is for each unit', [line('7', '2', [tax('0.15', { type: 'fixed' })])], 2, ['14', '1.05', '15.05']],
  ['a tax by division is a part of what is paid', [line('1', '90', [tax('10', { type: 'division' })])], 2, ['90', '10', '100']],
  [
    'a tax by division that the price contains is a part of the price',
    [line('1', '100', [tax('10', { type: 'division', isIncluded: true })])],
    2,
    ['90', '10', '100'],
  ],
  ['no taxes are no taxes', [line('1', '5')], 2, ['5', '0', '5']],
  ['nothing comes to nothing', [], 2, ['0', '0', '0']],
] as const)
  test(what, () => assert.deepEqual(figures(lines, global(digits)), expected))

test('a tax on a tax, unless it does not care', () => {
  const eco = tax('5', { type: 'fixed', affectsNext: true })
  assert.deepEqual(figures([line('2', '45', [eco, tax('20')])], global(2)), ['90', '30', '120'])
  assert.deepEqual(figures([line('2', '45', [eco, tax('20', { isAffected: false })])], global(2)), ['90', '28', '118'])
})

test('prices that contain a chain of taxes are taken apart from the end', () => {
  const [eco, vat] = [tax('5', { type: 'fixed', affectsNext: true, isIncluded: true }), tax('20', { isIncluded: true })]
  assert.deepEqual(figures([line('1', '120', [eco, vat])], global(2)), ['95', '25', '120'])
  const { taxes } = documentTotals([line('1', '120', [eco, vat])], global(2))
  assert.deepEqual(
    taxes.map(({ base, amount }) => [base.toString(), amount.toString()]),
    [
      ['95', '5'],
      ['100', '20'],
    ],
  )
})

test('a tax that the price contains goes together with one that it does not', () => {
  const [vat, extra] = [tax('20', { isIncluded: true }), tax('2')]
  assert.deepEqual(figures([line('1', '120', [vat, extra])], global(2)), ['100', '22', '122'])
})

test('one tax in lines of different combinations is worked out once', () => {
  const [vat, eco] = [tax('21'), tax('0.1', { type: 'fixed' })]
  const { taxes } = documentTotals([line('1', '0.07', [vat]), line('1', '0.07', [vat, eco])], global(2))
  // 21 % of 0.14 is 0.03; of 0.07 it would be 0.01, twice.
  assert.deepEqual(
    taxes.map(({ base, amount }) => [base.toString(), amount.toString()]),
    [
      ['0.14', '0.03'],
      ['0.07', '0.1'],
    ],
  )
})

// ---- Whatever the document ---------------------------------------------------------------------------

/** Reproducible: a number below `below`. */
function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return Math.floor((state / 0x80000000) * below)
  }
}

function someDocument(
  random: (below: number) => number,
  { included }: { included: 'all' | 'none' | 'some' },
): { lines: PricedLine[]; digits: number } {
  const digits = [0, 2, 2, 3][random(4)]!
  const pool = ['0', '5', '5.5', '6.25', '10', '19', '20', '21'].map((rate, i) => {
    const isIncluded = included === 'all' || (included === 'some' && i % 2 === 0)
    return tax(rate, { isIncluded, affectsNext: i === 3, isAffected: i !== 5 })
  })
  pool.push(tax('0.35', { type: 'fixed', isIncluded: included === 'all' }))
  const lines = Array.from({ length: 1 + random(40) }, () => {
    const taxes = [...new Set(Array.from({ length: random(3) }, () => random(pool.length)))].sort((a, b) => a - b).map((i) => pool[i]!)
    const price = d(random(200000) - (random(8) === 0 ? 200000 : 0)).dividedBy(d([1, 100, 1000][random(3)]!))
    return line(String(random(50) - (random(9) === 0 ? 50 : 0)), price.toString(), taxes, String(random(4) === 0 ? random(101) : 0))
  })
  return { lines, digits }
}

const times = 150

for (const included of ['none', 'all', 'some'] as const) {
  for (const method of ['global', 'line'] as const) {
    test(`the nets of the lines sum up to the untaxed total, base and taxes to the total: ${included} of the taxes in the prices, rounded by ${method}`, () => {
      const random = seeded(11)
      for (let i = 0; i < times; i++) {
        const { lines, digits } = someDocument(random, { included })
        const rounding = { digits, method }
        const totals = documentTotals(lines, rounding)
        const corrections = lineCorrections(lines, rounding)
        const nets = lines.map((one, at) => lineFigures(one, digits, corrections.get(at)).net)
        assert.equal(Decimal.sum(nets).toString(), totals.untaxed.toString(), 'BR-CO-10')
        assert.equal(totals.untaxed.plus(totals.tax).toString(), totals.total.toString(), 'BR-CO-15')
        assert.equal(Decimal.sum(totals.taxes.map(({ amount }) => amount)).toString(), totals.tax.toString(), 'BR-CO-14')
        for (const value of [...nets, totals.untaxed, totals.tax, totals.total])
          assert.ok(value.equals(value.round(digits)), 'no fractions of the last digit')
        for (const by of corrections.values()) assert.ok(by.abs().equals(d(1).dividedBy(d(10 ** digits))), 'one unit of the last digit')
      }
    })
  }
}

test('a percentage is the printed base times the rate, once for the document (BR-CO-17)', () => {
  const random = seeded(5)
  for (let i = 0; i < times; i++) {
    const { lines, digits } = someDocument(random, { included: 'none' })
    const rules = new Map(lines.flatMap(({ taxes }) => taxes).map((rule) => [rule.id, rule]))
    for (const { tax: id, base, amount } of documentTotals(lines, global(digits)).taxes) {
      const rule = rules.get(id)!
      if (rule.type === 'percent') assert.equal(amount.toString(), base.times(rule.amount).dividedBy(d(100)).round(digits).toString())
    }
  }
})

test('where prices contain their taxes, the total is the sum of the lines as priced, to the last digit', () => {
  const random = seeded(3)
  for (let i = 0; i < times; i++) {
    const { lines, digits } = someDocument(random, { included: 'all' })
    for (const method of ['global', 'line'] as const) {
      const asked = Decimal.sum(lines.map((one) => lineAmount(one, digits)))
      assert.equal(documentTotals(lines, { digits, method }).total.toString(), asked.toString())
    }
  }
})

test('where prices contain their taxes, the tax differs from the base times the rate by less than one unit for each tax', () => {
  const random = seeded(17)
  for (let i = 0; i < times; i++) {
    const vat = tax(['5.5', '10', '19', '21'][random(4)]!, { isIncluded: true })
    const lines = Array.from({ length: 1 + random(60) }, () =>
      line(String(1 + random(9)), `${random(500)}.${random(10)}${random(10)}`, [vat]),
    )
    const { taxes } = documentTotals(lines, global(2))
    const { base, amount } = taxes[0]!
    assert.ok(base.times(vat.amount).dividedBy(d(100)).minus(amount).abs().isLess(d('0.01')))
  }
})

test('a price with its tax and the same price without it come to the same, wherever both can be written down', () => {
  const random = seeded(23)
  for (let i = 0; i < times; i++) {
    // 25 %: every price without tax that is a multiple of 0.04 has one with tax that is exact to the cent.
    const [without, within] = [tax('25'), tax('25', { isIncluded: true })]
    const sets = Array.from({ length: 1 + random(20) }, () => ({ quantity: String(1 + random(20)), net: d(random(5000)).times(d('0.04')) }))
    const plain = sets.map(({ quantity, net }) => line(quantity, net.toString(), [without]))
    const full = sets.map(({ quantity, net }) => line(quantity, net.times(d('1.25')).toString(), [within]))
    assert.deepEqual(figures(full, global(2)), figures(plain, global(2)))
    assert.equal(lineCorrections(full, global(2)).size, 0)
  }
})

test('turning all quantities around turns all figures around', () => {
  const random = seeded(31)
  const negated = (value: Decimal) => value.negated().plus(zero).toString()
  for (let i = 0; i < times; i++) {
    const { lines, digits } = someDocument(random, { included: 'some' })
    const turned = lines.map((one) => ({ ...one, quantity: one.quantity.negated() }))
    for (const method of ['global', 'line'] as const) {
      const [a, b] = [documentTotals(lines, { digits, method }), documentTotals(turned, { digits, method })]
      assert.deepEqual(
        [a.untaxed, a.tax, a.total].map(negated),
        [b.untaxed, b.tax, b.total].map((value) => value.plus(zero).toString()),
      )
    }
  }
})

test('the order of the lines changes nothing but which of them bears a correction', () => {
  const random = seeded(41)
  for (let i = 0; i < times; i++) {
    const { lines, digits } = someDocument(random, { included: 'some' })
    assert.deepEqual(figures(lines.toReversed(), global(digits)), figures(lines, global(digits)))
  }
})

test('splitting a line in two changes the total by no more than its own rounding', () => {
  const vat = tax('19')
  assert.deepEqual(
    figures([line('2', '10.10', [vat])], global(2)),
    figures([line('1', '10.10', [vat]), line('1', '10.10', [vat])], global(2)),
  )
})
