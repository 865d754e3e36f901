import { Decimal, type Json } from '@erp4/orm'
import { type LoadedTax, taxRules } from './tax-rules.ts'
import { type PricedLine, type Rounding, type Totals, documentTotals, lineCorrections, lineFigures } from './totals.ts'

// From the lines of a document as they are loaded to its figures: orders and invoices have the same.

/** A line as the figures of a document need it. */
export interface FiguredLine {
  readonly id: number
  readonly display_type: string | null
  readonly quantity: Decimal
  readonly price_unit: Decimal
  readonly discount: Decimal
  readonly tax_ids: readonly LoadedTax[]
}

/** How a document rounds, decided when it is made: a setting of the company that changes later changes no document. */
export type TaxRounding = 'round_globally' | 'round_per_line'

export const taxRoundings = { round_globally: 'Round once per document', round_per_line: 'Round on each line' } as const

export const roundingOf = (digits: number, method: TaxRounding): Rounding => ({
  digits,
  method: method === 'round_per_line' ? 'line' : 'global',
})

export const pricedLine = ({ quantity, price_unit, discount, tax_ids }: Omit<FiguredLine, 'id' | 'display_type'>): PricedLine => ({
  quantity,
  price: price_unit,
  discount,
  taxes: taxRules(tax_ids),
})

interface Figures {
  readonly totals: Totals
  readonly corrections: Readonly<Record<string, string>> | null
}

// Several fields of a document are worked out of one reading of its lines: the first one does it for all.
const known = new WeakMap<readonly FiguredLine[], Figures>()

/** The totals of a document, and which of its lines bear a rounding difference. Sections and notes cost nothing. */
export function figuresOf(lines: readonly FiguredLine[], rounding: Rounding): Figures {
  const found = known.get(lines)
  if (found) return found
  const counted = lines.filter(isCounted)
  const priced = counted.map(pricedLine)
  const corrections = [...lineCorrections(priced, rounding)].map(([index, by]) => [String(counted[index]!.id), by.toString()] as const)
  const figures = {
    totals: documentTotals(priced, rounding),
    corrections: corrections.length === 0 ? null : Object.fromEntries(corrections),
  }
  known.set(lines, figures)
  return figures
}

/** What lines of a document are for: `product` or nothing is something that costs; the others structure it. */
export const isCounted = ({ display_type }: { readonly display_type: string | null }): boolean =>
  display_type === null || display_type === 'product'

const zero = Decimal.of(0)

/** A line's net, tax and gross, with what the document corrected of it. */
export function figuresOfLine(line: FiguredLine, digits: number, corrections: Json | null): { net: Decimal; tax: Decimal; gross: Decimal } {
  if (!isCounted(line)) return { net: zero, tax: zero, gross: zero }
  const correction = (corrections as Record<string, string> | null)?.[String(line.id)]
  return lineFigures(pricedLine(line), digits, correction === undefined ? zero : Decimal.of(correction))
}

/** The totals as they are kept beside the document, exact: what its foot shows. */
export const totalsAsJson = ({ untaxed, tax, total, taxes }: Totals): Json => ({
  amount_untaxed: untaxed.toString(),
  amount_tax: tax.toString(),
  amount_total: total.toString(),
  taxes: taxes.map((one) => ({ id: one.tax, base: one.base.toString(), amount: one.amount.toString() })),
})
