import { type LineFigures, figuresOfLine } from '@erp4/account'
import {
  Decimal,
  type ModelFields,
  boolean,
  char,
  decimal,
  float,
  integer,
  many2many,
  many2one,
  model,
  monetary,
  selection,
  text,
} from '@erp4/orm'
import { figured, figuredPaths, invoicedPaths, invoicedQuantity, lineStatus, quantityToInvoice } from '../figures.ts'
import { formPaths, lineOfProduct, prepareOrderLines, priceOfQuantity, redescribe } from '../preparation.ts'
import { demandGoodLines } from '../line-rules.ts'

export const sale_order_line = model('sale.order.line', {
  label: 'Sales Order Line',
  custom: 'fields',
  order: 'sequence, id',
  fields: {
    display_name: char({ compute: 'stored' }),
    order_id: many2one('sale.order', { label: 'Order', required: true, ondelete: 'cascade', index: true }),
    sequence: integer({ required: true, default: 10 }),
    display_type: selection({ line_section: 'Section', line_subsection: 'Subsection', line_note: 'Note' }, { label: 'Display Type' }),
    product_id: many2one('product.product', { ondelete: 'restrict', index: true, domain: [['sale_ok', '=', true]] }),
    product_template_id: many2one('product.template', { related: 'product_id.product_tmpl_id', readonly: true, label: 'Product Template' }),
    name: text({ label: 'Description', required: true }),
    product_uom_qty: decimal({ digits: 6, required: true, default: Decimal.of(1), label: 'Quantity' }),
    product_uom_id: many2one('uom.uom', { label: 'Unit', ondelete: 'restrict' }),
    product_uom_category_id: many2one('uom.category', {
      related: 'product_id.product_tmpl_id.uom_id.category_id',
      readonly: true,
      label: 'Unit Category',
    }),
    price_unit: decimal({ digits: 6, currency: 'currency_id', required: true, default: Decimal.of(0), label: 'Unit Price' }),
    technical_price_unit: decimal({
      digits: 6,
      copy: false,
      label: 'Listed Price',
      help: 'What the pricelist said last; a price that is still that follows the quantity.',
    }),
    discount: decimal({ digits: 4, required: true, default: Decimal.of(0), label: 'Discount (%)' }),
    tax_ids: many2many('account.tax', { label: 'Taxes', archived: true }),
    is_optional: boolean({ label: 'Optional', help: 'Offered, and not part of the order until the customer takes it.' }),
    customer_lead: float({ label: 'Lead Time', required: true, default: 0, help: 'Days between the confirmation and the delivery.' }),
    qty_delivered: decimal({ digits: 6, required: true, default: Decimal.of(0), copy: false, label: 'Delivered' }),
    invoice_lines: many2many('account.move.line', { label: 'Invoice Lines', inverse: 'sale_line_ids', copy: false }),

    price_subtotal: monetary({ compute: 'stored', label: 'Subtotal' }),
    price_tax: monetary({ compute: 'stored', label: 'Total Tax' }),
    price_total: monetary({ compute: 'stored', label: 'Total' }),
    qty_invoiced: decimal({ compute: 'stored', digits: 6, label: 'Invoiced' }),
    qty_to_invoice: decimal({ compute: 'stored', digits: 6, label: 'To Invoice' }),
    invoice_status: selection(
      { upselling: 'Upselling Opportunity', invoiced: 'Fully Invoiced', 'to invoice': 'To Invoice', no: 'Nothing to Invoice' },
      { compute: 'stored', label: 'Invoice Status' },
    ),

    state: selection(
      { draft: 'Quotation', sent: 'Quotation Sent', sale: 'Sales Order', cancel: 'Cancelled' },
      { related: 'order_id.state', readonly: true, label: 'Order Status' },
    ),
    currency_id: many2one('res.currency', { related: 'order_id.currency_id', readonly: true }),
    company_id: many2one('res.company', { related: 'order_id.company_id', readonly: true }),
    order_partner_id: many2one('res.partner', { related: 'order_id.partner_id', readonly: true, label: 'Customer' }),
    salesman_id: many2one('res.users', { related: 'order_id.user_id', readonly: true, label: 'Salesperson' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'sale.order.line': SaleOrderLine
  }
  interface SaleOrderLine extends ModelFields<typeof sale_order_line> {}
}

/** What is agreed on a line: fixed with its order. What was delivered is not. */
export const agreedOfLine = [
  'sequence',
  'display_type',
  'product_id',
  'name',
  'product_uom_qty',
  'product_uom_id',
  'price_unit',
  'discount',
  'tax_ids',
  'is_optional',
] as const

sale_order_line.prepare(async (env, list) => {
  const lines = await prepareOrderLines(env, list)
  await demandGoodLines(env, lines)
  return lines
})

// What was written is judged as what is made is: see `demandGoodLines`.
sale_order_line.changed(['product_id', 'product_uom_id', 'discount'], async (sys, ids, operation) => {
  if (operation === 'write')
    await demandGoodLines(sys, await sys.model('sale.order.line').browse(ids).read(['product_id', 'product_uom_id', 'discount']))
})

const figuredLine = [...figuredPaths, 'order_id.line_corrections', 'order_id.currency_id.decimal_places'] as const

interface OnOrder {
  readonly order_id: {
    readonly line_corrections: Parameters<typeof figuresOfLine>[2]
    readonly currency_id: { readonly decimal_places: number }
  }
}

type Line = Parameters<typeof figured>[0] & OnOrder
const known = new WeakMap<Line, LineFigures>()

/** A line's figures: worked out once for all fields that rest on one reading of it. */
function figures(line: Line): LineFigures {
  const found = known.get(line) ?? figuresOfLine(figured(line), line.order_id.currency_id.decimal_places, line.order_id.line_corrections)
  known.set(line, found)
  return found
}

sale_order_line.compute('price_subtotal', figuredLine, (line) => figures(line).net)
sale_order_line.compute('price_tax', figuredLine, (line) => figures(line).tax)
sale_order_line.compute('price_total', figuredLine, (line) => figures(line).gross)
sale_order_line.compute('qty_invoiced', invoicedPaths, (line) => invoicedQuantity(line))
sale_order_line.compute('qty_to_invoice', ['order_id.state', ...invoicedPaths], (line) =>
  quantityToInvoice(line, line.order_id.state === 'sale'),
)
sale_order_line.compute('invoice_status', ['order_id.state', ...invoicedPaths], (line) => lineStatus(line, line.order_id.state === 'sale'))
sale_order_line.compute('display_name', ['name'], (line) => line.name.split('\n')[0]!)

// A line that gets another product says what that says, but for what was given with it.
sale_order_line.changed(['product_id'], async (sys, ids, operation, given) => {
  if (operation === 'write') await redescribe(sys, ids, given)
})

sale_order_line.onchange('product_id', formPaths, (line, env) => lineOfProduct(env, line))
sale_order_line.onchange('product_uom_qty', formPaths, (line, env) => priceOfQuantity(env, line))
sale_order_line.onchange('product_uom_id', formPaths, (line, env) => priceOfQuantity(env, line))
sale_order_line.onchange('product_uom_id', formPaths, (line, env) => priceOfQuantity(env, line))
