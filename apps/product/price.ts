import { Decimal, type Moment } from '@erp4/orm'
import { toMultiple } from './measure.ts'

/** A pricelist's rule, as prices are worked out by it. */
export interface PriceRule {
  readonly id: number
  readonly applied_on: '3_global' | '2_product_category' | '1_product' | '0_product_variant' | null
  readonly categ_id: { readonly lineage: string | null } | null
  readonly product_tmpl_id: number | null
  readonly product_id: number | null
  readonly min_quantity: Decimal
  readonly date_start: Moment | null
  readonly date_end: Moment | null
  readonly compute_price: 'fixed' | 'percentage' | 'formula' | null
  readonly base: 'list_price' | 'standard_price' | 'pricelist' | null
  readonly base_pricelist_id: number | null
  readonly fixed_price: Decimal | null
  readonly percent_price: Decimal | null
  readonly price_discount: Decimal | null
  readonly price_round: Decimal | null
  readonly price_surcharge: Decimal | null
  readonly price_min_margin: Decimal | null
  readonly price_max_margin: Decimal | null
}

/** Of what the price is asked: `quantity` in the unit of the product. */
export interface PriceQuestion {
  readonly product: number
  readonly template: number
  /** Its category under its parents, `'1/5/'`; null without one. */
  readonly lineage: string | null
  readonly quantity: Decimal
  readonly at: Moment
}

const zero = Decimal.of(0)
const hundred = Decimal.of(100)

/** The rule that counts: the most specific one that fits, of these the one for the largest quantity, then the nearest category, then the newest. */
export function chooseRule<R extends PriceRule>(rules: readonly R[], question: PriceQuestion): R | undefined {
  return rules.filter((rule) => fits(rule, question)).toSorted(byWeight)[0]
}

function fits(rule: PriceRule, { product, template, lineage, quantity, at }: PriceQuestion): boolean {
  if (rule.min_quantity.isMore(quantity)) return false
  if ((rule.date_start !== null && at < rule.date_start) || (rule.date_end !== null && at > rule.date_end)) return false
  switch (rule.applied_on) {
    case '0_product_variant':
      return rule.product_id === product
    case '1_product':
      return rule.product_tmpl_id === template
    case '2_product_category':
      return Boolean(rule.categ_id?.lineage && lineage?.startsWith(rule.categ_id.lineage))
    default:
      return true
  }
}

function byWeight(a: PriceRule, b: PriceRule): number {
  const [first, second] = [a.applied_on ?? '', b.applied_on ?? '']
  if (first !== second) return first < second ? -1 : 1
  return b.min_quantity.compare(a.min_quantity) || depth(b) - depth(a) || b.id - a.id
}

const depth = (rule: PriceRule): number => rule.categ_id?.lineage?.length ?? 0

/**
 * The price for one unit of the product by this rule, `base` being what the rule starts from, both in the currency of the pricelist. Not
 * rounded as money yet, but to `price_round` where the rule has one: discount, rounding, extra fee, margins, in this order.
 */
export function applyRule(rule: PriceRule, base: Decimal): Decimal {
  if (rule.compute_price === 'fixed' || rule.compute_price === null) return rule.fixed_price ?? zero
  if (rule.compute_price === 'percentage') return less(base, rule.percent_price)
  let price = less(base, rule.price_discount)
  const step = rule.price_round ?? zero
  if (step.isMore(zero)) price = toMultiple(price, Decimal.of(1), step, 'half-up')
  price = price.plus(rule.price_surcharge ?? zero)
  const [least, most] = [rule.price_min_margin ?? zero, rule.price_max_margin ?? zero]
  if (!least.isZero()) price = larger(price, base.plus(least))
  if (!most.isZero()) price = smaller(price, base.plus(most))
  return price
}

const less = (amount: Decimal, percent: Decimal | null): Decimal => amount.minus(amount.times(percent ?? zero).dividedBy(hundred))
const larger = (a: Decimal, b: Decimal): Decimal => (a.isLess(b) ? b : a)
const smaller = (a: Decimal, b: Decimal): Decimal => (a.isMore(b) ? b : a)
