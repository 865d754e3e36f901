import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Decimal, moment } from '@erp4/orm'
import { type PriceQuestion, type PriceRule, applyRule, chooseRule } from './price.ts'

const d = Decimal.of
const at = (text: string) => moment(new Date(`${text}Z`))

let last = 0
const rule = (values: Partial<PriceRule> = {}): PriceRule => ({
  id: ++last,
  applied_on: '3_global',
  categ_id: null,
  product_tmpl_id: null,
  product_id: null,
  min_quantity: d(0),
  date_start: null,
  date_end: null,
  compute_price: 'fixed',
  base: 'list_price',
  base_pricelist_id: null,
  fixed_price: null,
  percent_price: null,
  price_discount: null,
  price_round: null,
  price_surcharge: null,
  price_min_margin: null,
  price_max_margin: null,
  ...values,
})
const question: PriceQuestion = { product: 7, template: 3, lineage: '1/5/', quantity: d(10), at: at('2027-01-15T12:00:00') }

test('the most specific rule counts, whatever the order they come in', () => {
  const [all, above, near, template, variant] = [
    rule(),
    rule({ applied_on: '2_product_category', categ_id: { lineage: '1/' } }),
    rule({ applied_on: '2_product_category', categ_id: { lineage: '1/5/' } }),
    rule({ applied_on: '1_product', product_tmpl_id: 3 }),
    rule({ applied_on: '0_product_variant', product_id: 7 }),
  ] as const
  const rules = [above, all, variant, near, template]
  for (const expected of [variant, template, near, above, all]) {
    assert.equal(chooseRule(rules, question), expected)
    rules.splice(rules.indexOf(expected), 1)
  }
  assert.equal(chooseRule(rules, question), undefined)
})

test('of equal rules the one for the largest quantity that is reached counts, then the newest', () => {
  const [few, many, most, newer] = [
    rule({ min_quantity: d(2) }),
    rule({ min_quantity: d(10) }),
    rule({ min_quantity: d('10.001') }),
    rule({ min_quantity: d(10) }),
  ]
  assert.equal(chooseRule([few, many, most], question), many)
  assert.equal(chooseRule([few, many, newer], question), newer)
})

for (const [what, values, holds] of [
  ['from its first moment', { date_start: at('2027-01-15T12:00:00') }, true],
  ['not a second earlier', { date_start: at('2027-01-15T12:00:01') }, false],
  ['at its last moment', { date_end: at('2027-01-15T12:00:00') }, true],
  ['not a second later', { date_end: at('2027-01-15T11:59:59') }, false],
  ['not for another template', { applied_on: '1_product', product_tmpl_id: 4 }, false],
  ['not for another variant', { applied_on: '0_product_variant', product_id: 8 }, false],
  ['not for a category whose number only begins alike', { applied_on: '2_product_category', categ_id: { lineage: '1/50/' } }, false],
] as const)
  test(`a rule holds ${what}`, () => {
    assert.equal(chooseRule([rule(values)], question) !== undefined, holds)
  })

for (const [what, values, expected] of [
  ['a fixed price', { compute_price: 'fixed', fixed_price: d('9.95') }, '9.95'],
  ['a discount', { compute_price: 'percentage', percent_price: d('12.5') }, '87.5'],
  ['a markup', { compute_price: 'percentage', percent_price: d(-10) }, '110'],
  [
    'a formula: discount, rounding, then the fee',
    { compute_price: 'formula', price_discount: d(7), price_round: d(10), price_surcharge: d('-0.01') },
    '89.99',
  ],
  ['rounding to nickels', { compute_price: 'formula', price_discount: d('33.333'), price_round: d('0.05') }, '66.65'],
  ['at least a margin above the base', { compute_price: 'formula', price_discount: d(50), price_min_margin: d(5) }, '105'],
  ['at most a margin above the base', { compute_price: 'formula', price_discount: d(-50), price_max_margin: d(20) }, '120'],
] as const)
  test(`100 becomes ${expected} by ${what}`, () => {
    assert.equal(applyRule(rule(values), d(100)).toString(), expected)
  })

test('a third off is exact to twenty digits, since nobody has rounded it as money yet', () => {
  assert.equal(applyRule(rule({ compute_price: 'percentage', percent_price: d('33.3333') }), d('0.01')).toString(), '0.00666667')
})
