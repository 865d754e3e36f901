import { Decimal } from '@erp4/orm'

/** A tax, as amounts are worked out with it. A group is its children: `taxRules` of `tax-rules.ts` takes them apart. */
export interface TaxRule {
  readonly id: number
  /** `percent` of the base; `division`: so many percent of base and tax together; `fixed` for each unit of quantity. */
  readonly type: 'percent' | 'division' | 'fixed'
  readonly amount: Decimal
  /** Prices contain it. */
  readonly isIncluded: boolean
  /** Taxes that come later are on it too… */
  readonly affectsNext: boolean
  /** …unless they do not care for what came before. */
  readonly isAffected: boolean
}

export interface PricedLine {
  readonly quantity: Decimal
  readonly price: Decimal
  /** In percent. */
  readonly discount: Decimal
  /** In the order in which they are worked out. */
  readonly taxes: readonly TaxRule[]
}

export interface Rounding {
  /** Digits of the currency behind the point: 0 for KRW, 2 for EUR, 3 for KWD. */
  readonly digits: number
  /** `global`: a tax is rounded once for the document (EN 16931 BR-CO-17); `line`: on each line, and the lines are summed. */
  readonly method: 'global' | 'line'
}

export interface LineFigures {
  /** Without taxes: EN 16931 BT-131. */
  readonly net: Decimal
  readonly tax: Decimal
  readonly gross: Decimal
}

export interface TaxFigures {
  readonly tax: number
  readonly base: Decimal
  readonly amount: Decimal
}

export interface Totals {
  /** BT-106 and BT-109: the sum of the lines' nets, whatever else happens (BR-CO-10). */
  readonly untaxed: Decimal
  readonly tax: Decimal
  /** BT-112: both together (BR-CO-15). */
  readonly total: Decimal
  /** In the order in which the lines name them. */
  readonly taxes: readonly TaxFigures[]
}

const zero = Decimal.of(0)
const one = Decimal.of(1)
const hundred = Decimal.of(100)

/** What a line comes to at its price, rounded first of all: with the taxes that the price contains, without the others. */
export function lineAmount({ quantity, price, discount }: PricedLine, digits: number): Decimal {
  const full = quantity.times(price)
  return (discount.isZero() ? full : full.times(hundred.minus(discount)).dividedBy(hundred)).round(digits)
}

/**
 * A line's own figures. `correction` is what `lineCorrections` says of it: where prices contain taxes, nets that are rounded one by one
 * need not sum up to the document's, and some of them bear a unit of the last digit.
 */
export function lineFigures(line: PricedLine, digits: number, correction: Decimal = zero): LineFigures {
  const amount = lineAmount(line, digits)
  const split = splitAmount(line.taxes, amount, line.quantity)
  const net = split.base.round(digits).plus(correction)
  const included = line.taxes.some(({ isIncluded }) => isIncluded) ? amount.minus(net) : zero
  const others = line.taxes.flatMap((tax, i) => (tax.isIncluded ? [] : [split.taxes[i]!.amount.round(digits)]))
  const tax = Decimal.sum([included, ...others])
  return { net, tax, gross: net.plus(tax) }
}

/**
 * Which lines' nets differ from their own rounding, and by how much: by index, few, a unit of the last digit each. Only prices that contain
 * taxes need it: the base of a document is rounded once (total less base is the tax), and its lines must sum up to it.
 */
export function lineCorrections(lines: readonly PricedLine[], { digits, method }: Rounding): ReadonlyMap<number, Decimal> {
  const corrections = new Map<number, Decimal>()
  if (method === 'line') return corrections
  const unit = Decimal.of(digits === 0 ? '1' : `0.${'1'.padStart(digits, '0')}`)
  for (const { taxes, members } of combinationsOf(lines)) {
    if (!taxes.some(({ isIncluded }) => isIncluded)) continue
    const parts = members.map((index) => {
      const line = lines[index]!
      const exact = splitAmount(taxes, lineAmount(line, digits), line.quantity).base
      const net = exact.round(digits)
      return { index, net, error: exact.minus(net) }
    })
    const whole = wholeOf(lines, members, digits)
    const missing = splitAmount(taxes, whole.amount, whole.quantity)
      .base.round(digits)
      .minus(Decimal.sum(parts.map(({ net }) => net)))
    const step = missing.isNegative() ? unit.negated() : unit
    const byError = parts.toSorted(
      (a, b) => (missing.isNegative() ? a.error.compare(b.error) : b.error.compare(a.error)) || a.index - b.index,
    )
    for (let left = missing.abs(), i = 0; !left.isZero(); left = left.minus(unit), i++) corrections.set(byError[i]!.index, step)
  }
  return corrections
}

/** The totals of a document: of quotations, orders and invoices, on screen, on paper and on the wire alike. */
export function documentTotals(lines: readonly PricedLine[], rounding: Rounding): Totals {
  const sums = new Map<number, { tax: TaxRule; base: Decimal; amount: Decimal }>()
  const add = (tax: TaxRule, base: Decimal, amount: Decimal): void => {
    const known = sums.get(tax.id)
    sums.set(tax.id, { tax, base: (known?.base ?? zero).plus(base), amount: (known?.amount ?? zero).plus(amount) })
  }
  const untaxed = rounding.method === 'line' ? addLines(lines, rounding.digits, add) : addWholes(lines, rounding.digits, add)
  const taxes = [...sums.values()].map(({ tax, base, amount }): TaxFigures => {
    const rounded = base.round(rounding.digits)
    // BR-CO-17: what is printed as the base, times the rate. What prices contain was decided before: the total less the base.
    const isOnBase = rounding.method === 'global' && !tax.isIncluded && tax.type === 'percent'
    return { tax: tax.id, base: rounded, amount: (isOnBase ? rounded.times(tax.amount).dividedBy(hundred) : amount).round(rounding.digits) }
  })
  const tax = Decimal.sum(taxes.map(({ amount }) => amount))
  return { untaxed, tax, total: untaxed.plus(tax), taxes }
}

type Add = (tax: TaxRule, base: Decimal, amount: Decimal) => void

/** Lines with the same taxes are one amount, of which base and taxes are taken once. */
function addWholes(lines: readonly PricedLine[], digits: number, add: Add): Decimal {
  let untaxed = zero
  for (const { taxes, members } of combinationsOf(lines)) {
    const { amount, quantity } = wholeOf(lines, members, digits)
    untaxed = untaxed.plus(addAmount(taxes, { amount, quantity, digits, keepFractions: true }, add))
  }
  return untaxed
}

function addLines(lines: readonly PricedLine[], digits: number, add: Add): Decimal {
  return Decimal.sum(
    lines.map((line) =>
      addAmount(line.taxes, { amount: lineAmount(line, digits), quantity: line.quantity, digits, keepFractions: false }, add),
    ),
  )
}

/** Adds the taxes of one amount; answers its base, rounded. Taxes that it contains are rounded so that nothing of it is lost. */
function addAmount(
  taxes: readonly TaxRule[],
  { amount, quantity, digits, keepFractions }: { amount: Decimal; quantity: Decimal; digits: number; keepFractions: boolean },
  add: Add,
): Decimal {
  const base = splitAmount(taxes, amount, quantity).base.round(digits)
  const figures = taxesOn(taxes, base, quantity)
  const contained = taxes.flatMap((tax, i) => (tax.isIncluded ? [{ i, amount: figures[i]!.amount.round(digits) }] : []))
  const left = amount.minus(base).minus(Decimal.sum(contained.map((one) => one.amount)))
  const largest = contained.toSorted((a, b) => b.amount.abs().compare(a.amount.abs()) || a.i - b.i)[0]
  for (const [i, tax] of taxes.entries()) {
    const own = contained.find((one) => one.i === i)
    const exact = figures[i]!
    if (own) add(tax, exact.base, own === largest ? own.amount.plus(left) : own.amount)
    else add(tax, exact.base, keepFractions ? exact.amount : exact.amount.round(digits))
  }
  return base
}

interface Split {
  readonly base: Decimal
  readonly taxes: readonly { readonly base: Decimal; readonly amount: Decimal }[]
}

/** The base within an amount, and each tax on it, exact. Every tax is a fixed part and a share of the base, so that the base is one division. */
function splitAmount(taxes: readonly TaxRule[], amount: Decimal, quantity: Decimal): Split {
  if (!taxes.some(({ isIncluded }) => isIncluded)) return { base: amount, taxes: taxesOn(taxes, amount, quantity) }
  const [fixed, ofOne] = [taxesOn(taxes, zero, quantity), taxesOn(taxes, one, quantity)]
  const contained = taxes.flatMap((tax, i) => (tax.isIncluded ? [i] : []))
  const constant = Decimal.sum(contained.map((i) => fixed[i]!.amount))
  const share = Decimal.sum(contained.map((i) => ofOne[i]!.amount.minus(fixed[i]!.amount)))
  const base = amount.minus(constant).dividedBy(one.plus(share))
  return { base, taxes: taxesOn(taxes, base, quantity) }
}

/** Each tax on a base, in turn: on those before it too, where they and it say so. */
function taxesOn(taxes: readonly TaxRule[], base: Decimal, quantity: Decimal): { base: Decimal; amount: Decimal }[] {
  let upon = zero
  return taxes.map((tax) => {
    const own = tax.isAffected ? base.plus(upon) : base
    const amount = amountOf(tax, own, quantity)
    if (tax.affectsNext) upon = upon.plus(amount)
    return { base: own, amount }
  })
}

function amountOf({ type, amount }: TaxRule, base: Decimal, quantity: Decimal): Decimal {
  if (type === 'fixed') return amount.times(quantity)
  if (type === 'percent') return base.times(amount).dividedBy(hundred)
  return base.times(amount).dividedBy(hundred.minus(amount))
}

/** A price as it is without the taxes that it contains, exact. */
export const withoutTaxes = (price: Decimal, taxes: readonly TaxRule[]): Decimal => splitAmount(taxes, price, one).base

/** A price with those of these taxes that prices contain, exact. */
export function withTaxes(price: Decimal, taxes: readonly TaxRule[]): Decimal {
  const figures = taxesOn(taxes, price, one)
  return Decimal.sum([price, ...taxes.flatMap((tax, i) => (tax.isIncluded ? [figures[i]!.amount] : []))])
}

/** Lines by the taxes they have, in the order in which these first appear. */
function combinationsOf(lines: readonly PricedLine[]): { taxes: readonly TaxRule[]; members: number[] }[] {
  const found = new Map<string, { taxes: readonly TaxRule[]; members: number[] }>()
  for (const [index, { taxes }] of lines.entries()) {
    const key = taxes.map(({ id }) => id).join(' ')
    const known = found.get(key) ?? { taxes, members: [] }
    known.members.push(index)
    found.set(key, known)
  }
  return [...found.values()]
}

function wholeOf(lines: readonly PricedLine[], members: readonly number[], digits: number): { amount: Decimal; quantity: Decimal } {
  return {
    amount: Decimal.sum(members.map((index) => lineAmount(lines[index]!, digits))),
    quantity: Decimal.sum(members.map((index) => lines[index]!.quantity)),
  }
}
