import { type FiguredLine, type LoadedTax, type TaxRounding, figuresOf, roundingOf, taxPaths } from '@erp4/account'
import { type Measure, convert } from '@erp4/product'
import { Decimal } from '@erp4/orm'

/** A line of an order as its figures need it. */
export interface OrderLine {
  readonly id: number
  readonly display_type: string | null
  readonly is_optional: boolean
  readonly product_uom_qty: Decimal
  readonly price_unit: Decimal
  readonly discount: Decimal
  readonly tax_ids: readonly LoadedTax[]
}

/** What the figures of a line rest on. */
export const figuredPaths = ['display_type', 'is_optional', 'product_uom_qty', 'price_unit', 'discount', ...taxPaths('tax_ids')] as const

/** The same below an order. */
export const figuredLinePaths = [
  'order_line.display_type',
  'order_line.is_optional',
  'order_line.product_uom_qty',
  'order_line.price_unit',
  'order_line.discount',
  ...taxPaths('order_line.tax_ids'),
] as const

/** As the figures of all documents take it; what is only offered costs nothing yet. */
export const figured = (line: OrderLine, quantity: Decimal = line.product_uom_qty): FiguredLine => ({
  id: line.id,
  display_type: line.is_optional ? 'line_note' : line.display_type,
  quantity,
  price_unit: line.price_unit,
  discount: line.discount,
  tax_ids: line.tax_ids,
})

export interface FiguredOrder {
  readonly currency_id: { readonly decimal_places: number }
  readonly tax_rounding: TaxRounding
  readonly order_line: readonly OrderLine[]
}

const known = new WeakMap<readonly OrderLine[], readonly FiguredLine[]>()

/** An order's figures: worked out once for all fields that rest on one reading of its lines. */
export function figuresOfOrder({ currency_id, tax_rounding, order_line }: FiguredOrder) {
  const lines = known.get(order_line) ?? order_line.map((line) => figured(line))
  known.set(order_line, lines)
  return figuresOf(lines, roundingOf(currency_id.decimal_places, tax_rounding))
}

// ---- What is invoiced, and what is still to be --------------------------------------------------------

export type InvoiceStatus = 'upselling' | 'invoiced' | 'to invoice' | 'no'

/** What a line's invoicing rests on. */
export const invoicedPaths = [
  'display_type',
  'is_optional',
  'product_uom_qty',
  'qty_delivered',
  'product_id.product_tmpl_id.invoice_policy',
  'product_uom_id.name',
  'product_uom_id.category_id',
  'product_uom_id.factor',
  'product_uom_id.rounding',
  'invoice_lines.quantity',
  'invoice_lines.move_id.state',
  'invoice_lines.move_id.move_type',
  'invoice_lines.product_uom_id.name',
  'invoice_lines.product_uom_id.category_id',
  'invoice_lines.product_uom_id.factor',
  'invoice_lines.product_uom_id.rounding',
] as const

/** The same below an order. */
export const invoicedLinePaths = [
  'order_line.display_type',
  'order_line.is_optional',
  'order_line.product_uom_qty',
  'order_line.qty_delivered',
  'order_line.product_id.product_tmpl_id.invoice_policy',
  'order_line.product_uom_id.name',
  'order_line.product_uom_id.category_id',
  'order_line.product_uom_id.factor',
  'order_line.product_uom_id.rounding',
  'order_line.invoice_lines.quantity',
  'order_line.invoice_lines.move_id.state',
  'order_line.invoice_lines.move_id.move_type',
  'order_line.invoice_lines.product_uom_id.name',
  'order_line.invoice_lines.product_uom_id.category_id',
  'order_line.invoice_lines.product_uom_id.factor',
  'order_line.invoice_lines.product_uom_id.rounding',
] as const

export interface InvoicedLine {
  readonly display_type: string | null
  readonly is_optional: boolean
  readonly product_uom_qty: Decimal
  readonly qty_delivered: Decimal
  readonly product_id: { readonly product_tmpl_id: { readonly invoice_policy: 'order' | 'delivery' | null } } | null
  readonly product_uom_id: Measure | null
  readonly invoice_lines: readonly {
    readonly quantity: Decimal
    readonly move_id: { readonly state: 'draft' | 'posted' | 'cancel'; readonly move_type: string }
    readonly product_uom_id: Measure | null
  }[]
}

export const isOrdered = ({ display_type, is_optional }: { display_type: string | null; is_optional: boolean }): boolean =>
  display_type === null && !is_optional

/** How much of a line is on invoices that are not cancelled (`posted`: on posted ones), in the unit of the line; credit notes take it back. */
export function invoicedQuantity(line: InvoicedLine, posted = false): Decimal {
  return Decimal.sum(
    line.invoice_lines.flatMap(({ quantity, move_id: move, product_uom_id: unit }) => {
      if (move.state === 'cancel' || (posted && move.state !== 'posted')) return []
      const own = line.product_uom_id
      const mine = unit && own && unit.category_id === own.category_id ? convert(quantity, unit, { ...own, rounding: smallest }) : quantity
      return [move.move_type === 'out_refund' ? mine.negated() : mine]
    }),
  )
}

const smallest = Decimal.of('0.000001')
const zero = Decimal.of(0)

/** What the customer is to be asked for now: what he ordered, or what he got, less what he was asked for. */
export function quantityToInvoice(line: InvoicedLine, isConfirmed: boolean): Decimal {
  if (!isConfirmed || !isOrdered(line)) return zero
  const due = policyOf(line) === 'delivery' ? line.qty_delivered : line.product_uom_qty
  return due.minus(invoicedQuantity(line))
}

const policyOf = ({ product_id: product }: InvoicedLine): 'order' | 'delivery' => product?.product_tmpl_id.invoice_policy ?? 'order'

export function lineStatus(line: InvoicedLine, isConfirmed: boolean): InvoiceStatus {
  if (!isConfirmed || !isOrdered(line)) return 'no'
  if (!quantityToInvoice(line, true).isZero()) return 'to invoice'
  if (policyOf(line) === 'order' && line.qty_delivered.isMore(line.product_uom_qty)) return 'upselling'
  return invoicedQuantity(line).isLess(line.product_uom_qty) || line.product_uom_qty.isZero() ? 'no' : 'invoiced'
}

/** An order is to be invoiced as soon as one of its lines is, and invoiced when all are. */
export function orderStatus(lines: readonly InvoicedLine[], isConfirmed: boolean): InvoiceStatus {
  const seen = new Set(lines.filter(isOrdered).map((line) => lineStatus(line, isConfirmed)))
  if (seen.has('to invoice')) return 'to invoice'
  if (seen.size === 0 || seen.has('no')) return 'no'
  return seen.has('upselling') ? 'upselling' : 'invoiced'
}
