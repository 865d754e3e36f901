import { Decimal } from '@erp4/orm'

/** A unit as conversion needs it: one of it is `factor` of the reference unit of its category. */
export interface Measure {
  readonly name: string | null
  readonly category_id: number | null
  readonly factor: Decimal | null
  readonly rounding: Decimal
}

/** `up` and `down` are away from zero and towards it; a half goes away from zero. */
export type RoundingMode = 'half-up' | 'up' | 'down'

const one = Decimal.of(1)
const two = Decimal.of(2)

/**
 * A quantity of one unit in another of the same category, a multiple of the other's `rounding`. The factors are multiplied before anything is
 * divided, and rounding looks at the exact remainder: a dozen is twelve whichever way it is asked, and nothing is rounded twice. Throws a
 * RangeError for units that measure different things.
 */
export function convert(quantity: Decimal, from: Measure, to: Measure, mode: RoundingMode = 'half-up'): Decimal {
  demandSame(from, to)
  return toMultiple(quantity.times(factorOf(from)), factorOf(to), to.rounding, mode)
}

/** The price for one of unit `to`, when one of unit `from` costs `price`; to 20 digits, for the caller to round as money. */
export function convertPrice(price: Decimal, from: Measure, to: Measure): Decimal {
  demandSame(from, to)
  return price.times(factorOf(to)).dividedBy(factorOf(from))
}

/** The quotient as a multiple of `step`, decided on the exact remainder. */
export function toMultiple(dividend: Decimal, divisor: Decimal, step: Decimal, mode: RoundingMode): Decimal {
  const whole = divisor.times(step)
  const amount = dividend.abs()
  const near = amount.dividedBy(whole).round(0)
  // The quotient was cut at 20 digits, so that the nearest whole number may be one too many.
  const floor = near.times(whole).isMore(amount) ? near.minus(one) : near
  const rest = amount.minus(floor.times(whole))
  const isMore = mode === 'up' ? !rest.isZero() : mode === 'half-up' && !rest.times(two).isLess(whole)
  const result = (isMore ? floor.plus(one) : floor).times(step)
  return dividend.isNegative() ? result.negated() : result
}

const factorOf = (unit: Measure): Decimal => unit.factor ?? one

function demandSame(from: Measure, to: Measure): void {
  if (from.category_id !== to.category_id) throw new RangeError(`${from.name} cannot be converted to ${to.name}`)
}
