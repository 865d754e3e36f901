import { type TaxRounding, companyCurrency, companyRounding, figuresOf, roundingOf, taxRoundings, totalsAsJson } from '@erp4/account'
import { numberByCode } from '@erp4/base'
import { thread } from '@erp4/mail'
import {
  Decimal,
  type Env,
  type FieldsOf,
  type ModelFields,
  binary,
  boolean,
  char,
  date,
  datetime,
  decimal,
  html,
  integer,
  json,
  many2many,
  many2one,
  model,
  moment,
  monetary,
  one2many,
  selection,
  text,
} from '@erp4/orm'
import { creditSpent } from '../credit.ts'
import {
  type FiguredOrder,
  type InvoicedLine,
  type OrderLine,
  figured,
  figuredLinePaths,
  figuresOfOrder,
  invoicedLinePaths,
  invoicedQuantity,
  isOrdered,
  orderStatus,
} from '../figures.ts'
import { customerPaths, customerTerms, followPricelist, prepareOrders } from '../preparation.ts'

/** A quotation, and the order that it becomes when it is confirmed. */
export const sale_order = model('sale.order', {
  label: 'Sales Order',
  custom: 'fields',
  order: 'date_order desc, id desc',
  unique: [{ fields: ['name', 'company_id'], message: 'Another order of the company has this number already.' }],
  fields: {
    name: char({ label: 'Order Reference', copy: false, index: 'trigram', help: 'Given when it is made, without a gap.' }),
    state: selection(
      { draft: 'Quotation', sent: 'Quotation Sent', sale: 'Sales Order', cancel: 'Cancelled' },
      { label: 'Status', required: true, default: 'draft', copy: false, index: true },
    ),
    locked: boolean({ copy: false, help: 'What was agreed stays as it is.' }),
    partner_id: many2one('res.partner', { label: 'Customer', required: true, ondelete: 'restrict', index: true, sameCompany: true }),
    commercial_partner_id: many2one('res.partner', { compute: 'stored', label: 'Commercial Entity', index: true }),
    partner_invoice_id: many2one('res.partner', { label: 'Invoice Address', ondelete: 'restrict', sameCompany: true }),
    partner_shipping_id: many2one('res.partner', { label: 'Delivery Address', ondelete: 'restrict', sameCompany: true }),
    date_order: datetime({
      label: 'Order Date',
      required: true,
      copy: false,
      default: (env) => moment(env.call.now()),
      help: 'Of a quotation, when it was made; of an order, when it was confirmed.',
    }),
    validity_date: date({ label: 'Expiration', copy: false, help: 'The last day on which the customer can accept it.' }),
    commitment_date: datetime({ label: 'Delivery Date', copy: false, help: 'Promised to the customer.' }),
    client_order_ref: char({ label: 'Customer Reference', copy: false }),
    origin: char({ label: 'Source Document' }),
    user_id: many2one('res.users', { label: 'Salesperson', index: true, default: (env) => env.user.id }),
    team_id: many2one('crm.team', { label: 'Sales Team', ondelete: 'set null', sameCompany: true }),
    company_id: many2one('res.company', { required: true, ondelete: 'restrict', index: true, default: (env) => env.me.company_id }),
    company_currency_id: many2one('res.currency', { related: 'company_id.currency_id', label: 'Company Currency' }),
    pricelist_id: many2one('product.pricelist', { ondelete: 'restrict', sameCompany: true, help: 'Empty: the sales prices.' }),
    currency_id: many2one('res.currency', {
      required: true,
      ondelete: 'restrict',
      default: companyCurrency,
      help: 'That of the pricelist, else that of the company.',
    }),
    currency_rate: decimal({
      digits: 12,
      required: true,
      default: Decimal.of(1),
      copy: false,
      label: 'Currency Rate',
      help: 'Units of its currency for one of the company, when it was made.',
    }),
    payment_term_id: many2one('account.payment.term', { label: 'Payment Terms', ondelete: 'restrict' }),
    fiscal_position_id: many2one('account.fiscal.position', { label: 'Fiscal Position', ondelete: 'restrict', sameCompany: true }),
    tax_rounding: selection(taxRoundings, { label: 'Tax Rounding', required: true, default: companyRounding }),
    order_line: one2many('sale.order.line', 'order_id', { label: 'Order Lines', copy: true }),
    note: html({ label: 'Terms and Conditions' }),

    amount_untaxed: monetary({ compute: 'stored', label: 'Untaxed Amount' }),
    amount_tax: monetary({ compute: 'stored', label: 'Taxes' }),
    amount_total: monetary({ compute: 'stored', label: 'Total' }),
    tax_totals: json({ compute: 'stored', label: 'Tax Totals' }),
    line_corrections: json({ compute: 'stored', label: 'Rounding of the Lines' }),
    amount_open: monetary({
      compute: 'stored',
      currency: 'company_currency_id',
      label: 'To Be Invoiced',
      help: 'With taxes, in the currency of the company: what counts for the credit limit.',
    }),
    invoice_status: selection(
      { upselling: 'Upselling Opportunity', invoiced: 'Fully Invoiced', 'to invoice': 'To Invoice', no: 'Nothing to Invoice' },
      { compute: 'stored', label: 'Invoice Status', index: true },
    ),
    invoice_ids: many2many('account.move', { compute: 'live', label: 'Invoices' }),
    invoice_count: integer({ compute: 'live', label: 'Number of Invoices' }),
    is_expired: boolean({ compute: 'live', label: 'Expired' }),

    require_signature: boolean({ label: 'Online Signature', help: 'The customer signs it to confirm it.' }),
    signed_by: char({ label: 'Signed By', copy: false }),
    signed_on: datetime({ label: 'Signed On', copy: false }),
    signature: binary({ image: true, copy: false }),
    signed_hash: char({ label: 'Signed Content', copy: false, help: 'SHA-256 of what the customer saw when he signed.' }),
    declined_on: datetime({ label: 'Declined On', copy: false }),
    decline_reason: text({ label: 'Reason for Declining', copy: false }),
  },
})

/** What is said about it, who follows it, and what is to do. */
export const sale_order_thread = thread('sale.order')

declare module '@erp4/orm/models' {
  interface Models {
    'sale.order': SaleOrder
  }
  interface SaleOrder extends ModelFields<typeof sale_order>, FieldsOf<typeof sale_order_thread> {}
}

/** What is agreed with a customer: fixed when an order is locked or signed. Of its lines, none comes or goes, and `agreedOfLine` is fixed. */
export const agreed = [
  'partner_id',
  'partner_invoice_id',
  'partner_shipping_id',
  'validity_date',
  'client_order_ref',
  'company_id',
  'pricelist_id',
  'currency_id',
  'currency_rate',
  'payment_term_id',
  'fiscal_position_id',
  'tax_rounding',
  'note',
  'date_order',
] as const

sale_order.prepare((env, list) => prepareOrders(env, list))

sale_order.changed(['partner_id'], async (sys, ids, operation) => {
  if (operation === 'create') await numberByCode(sys.model('sale.order').browse(ids), 'name', 'sale.order')
})

sale_order.compute(
  'commercial_partner_id',
  ['partner_id.commercial_partner_id'],
  (order) => order.partner_id.commercial_partner_id ?? order.partner_id.id,
)

const figuredOrder = ['currency_id.decimal_places', 'tax_rounding', ...figuredLinePaths] as const

sale_order.compute('line_corrections', figuredOrder, (order) => figuresOfOrder(order).corrections)
sale_order.compute('tax_totals', figuredOrder, (order) => totalsAsJson(figuresOfOrder(order).totals))
sale_order.compute('amount_untaxed', figuredOrder, (order) => figuresOfOrder(order).totals.untaxed)
sale_order.compute('amount_tax', figuredOrder, (order) => figuresOfOrder(order).totals.tax)
sale_order.compute('amount_total', figuredOrder, (order) => figuresOfOrder(order).totals.total)

sale_order.compute('invoice_status', ['state', ...invoicedLinePaths], (order) => orderStatus(order.order_line, order.state === 'sale'))

sale_order.compute(
  'amount_open',
  ['state', 'currency_rate', 'company_id.currency_id.decimal_places', ...figuredOrder, ...invoicedLinePaths],
  (order) =>
    order.state === 'sale' ? openAmount(order).dividedBy(order.currency_rate).round(order.company_id.currency_id.decimal_places) : zero,
)

const zero = Decimal.of(0)

/** What an order would come to if only what is on no posted invoice were on it. */
function openAmount(
  order: Omit<FiguredOrder, 'order_line'> & {
    readonly tax_rounding: TaxRounding
    readonly order_line: readonly (OrderLine & InvoicedLine)[]
  },
): Decimal {
  const left = order.order_line.filter(isOrdered).map((line) => figured(line, line.product_uom_qty.minus(invoicedQuantity(line, true))))
  return figuresOf(left, roundingOf(order.currency_id.decimal_places, order.tax_rounding)).totals.total
}

sale_order.compute('invoice_ids', ['order_line.invoice_lines.move_id'], (order) => [
  ...new Set(order.order_line.flatMap((line) => line.invoice_lines.map((invoiced) => invoiced.move_id))),
])
sale_order.searchBy('invoice_ids', (operator, value) => [['order_line', 'any', [['invoice_lines', 'any', [['move_id', operator, value]]]]]])
sale_order.compute(
  'invoice_count',
  ['order_line.invoice_lines.move_id'],
  (order) => new Set(order.order_line.flatMap((line) => line.invoice_lines.map((invoiced) => invoiced.move_id))).size,
)

sale_order.compute('is_expired', ['state', 'validity_date'], (order) => isExpired(order, new Date().toISOString().slice(0, 10)))

/** Whether a quotation is past its last day. */
export const isExpired = (
  { state, validity_date }: { readonly state: string; readonly validity_date: string | null },
  today: string,
): boolean => (state === 'draft' || state === 'sent') && validity_date !== null && validity_date < today

sale_order.changed(['pricelist_id', 'currency_id', 'currency_rate'], async (sys, ids, operation, given) => {
  if (operation === 'write') await followPricelist(sys, ids, given)
})

// What a form fills in when the customer changes: what he agreed to, and where his things go.
sale_order.onchange(
  'partner_id',
  customerPaths.map((path) => `partner_id.${path}` as const),
  (order, env) => (order.partner_id ? customerTerms(env, order.partner_id) : {}),
)

// Told while the seller can still think about it; confirming is where a limit refuses.
sale_order.onchange(
  'partner_id',
  ['partner_id.display_name', 'partner_id.commercial_partner_id', 'company_id.account_use_credit_limit'],
  async ({ partner_id: customer, company_id: company }, env, warn) => {
    if (!customer || !company?.account_use_credit_limit) return {}
    const named = { name: customer.display_name ?? '', entity: customer.commercial_partner_id ?? customer.id }
    const sentence = await creditSpent(env, company.id, named)
    if (sentence) warn(sentence)
    return {}
  },
)

sale_order.onchange('pricelist_id', ['pricelist_id.currency_id', 'company_id.currency_id'], (order) => {
  const currency = order.pricelist_id?.currency_id ?? order.company_id?.currency_id
  return currency ? { currency_id: currency } : {}
})

/** An order's company decides what depends on companies. */
export const inCompany = (env: Env, company: number): Env =>
  env.withContext({ allowed_company_ids: [company, ...env.context.allowed_company_ids.filter((id) => id !== company)] })
