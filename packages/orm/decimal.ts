import Big from 'big.js'

const Exact = Big()
Exact.strict = true
Exact.RM = Exact.roundHalfUp
Exact.DP = 20

const shape = /^-?\d{1,40}(\.\d{1,20})?$/

/**
 * An exact decimal number: money, quantities, rates. `+`, `*` and `<` do not work on it, on purpose: they would pass through a double.
 * At most 40 digits before the point and 20 behind, so that no input is expensive.
 */
export class Decimal {
  readonly #value: Big

  private constructor(value: Big) {
    this.#value = value
  }

  /** From its text (`'12.50'`, as PostgreSQL gives it), a whole number, or another Decimal. A fraction must come as text. */
  static of(value: string | number | Decimal): Decimal {
    if (value instanceof Decimal) return value
    if (typeof value === 'number' && !Number.isSafeInteger(value))
      throw new RangeError(`${value} is not a whole number: give a fraction as text`)
    const text = String(value)
    if (!shape.test(text)) throw new RangeError(`'${text.slice(0, 60)}' is not a decimal number`)
    return new Decimal(new Exact(text))
  }

  /** From a double of the external protocol, by its shortest text: 0.1 is 0.1. */
  static fromNumber(value: number): Decimal {
    if (!Number.isFinite(value)) throw new RangeError(`${value} is not a number`)
    if (Math.abs(value) >= 1e40) throw new RangeError(`${value} is too large`)
    return new Decimal(new Exact(new Exact(String(value)).toFixed(20)))
  }

  static isDecimal(value: unknown): value is Decimal {
    return value instanceof Decimal
  }

  static sum(values: Iterable<Decimal>): Decimal {
    let total = zero
    for (const value of values) total = total.plus(value)
    return total
  }

  plus(other: Decimal): Decimal {
    return new Decimal(this.#value.plus(other.#value))
  }
  minus(other: Decimal): Decimal {
    return new Decimal(this.#value.minus(other.#value))
  }
  times(other: Decimal): Decimal {
    return new Decimal(this.#value.times(other.#value))
  }
  negated(): Decimal {
    return new Decimal(this.#value.times(new Exact('-1')))
  }
  abs(): Decimal {
    return new Decimal(this.#value.abs())
  }

  /** Quotient, rounded half away from zero at 20 digits. */
  dividedBy(other: Decimal): Decimal {
    if (other.isZero()) throw new RangeError('Division by zero')
    return new Decimal(this.#value.div(other.#value))
  }

  /** Rounded half away from zero, as invoices are (EN 16931 leaves the mode open; this is the field's custom). */
  round(digits: number): Decimal {
    return new Decimal(this.#value.round(digits, Exact.roundHalfUp))
  }

  compare(other: Decimal): -1 | 0 | 1 {
    return this.#value.cmp(other.#value)
  }
  equals(other: Decimal): boolean {
    return this.#value.eq(other.#value)
  }
  isLess(other: Decimal): boolean {
    return this.#value.lt(other.#value)
  }
  isMore(other: Decimal): boolean {
    return this.#value.gt(other.#value)
  }
  isZero(): boolean {
    return this.#value.eq('0')
  }
  isNegative(): boolean {
    return this.#value.lt('0')
  }

  /** Plain digits, never an exponent. */
  toString(): string {
    return this.#value.toFixed()
  }
  /** With exactly `digits` behind the point. */
  toFixed(digits: number): string {
    return this.#value.toFixed(digits, Exact.roundHalfUp)
  }
  toJSON(): string {
    return this.toString()
  }
  /** For the external wire, which knows doubles only. */
  toNumber(): number {
    return Number(this.#value.toFixed())
  }

  valueOf(): never {
    throw new TypeError('A Decimal is computed with plus(), minus(), times() and compared with compare()')
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `Decimal(${this.toString()})`
  }
}

const zero = Decimal.of(0)
