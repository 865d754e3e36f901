import { inCompany } from '@erp4/account'
import { type CreateValues, Decimal, type Loaded, UserError, boolean, json } from '@erp4/orm'
import { sale_order } from './models/sale_order.ts'

const invoicePaths = [
  'name',
  'state',
  'client_order_ref',
  'company_id',
  'currency_id',
  'partner_id',
  'partner_invoice_id',
  'partner_shipping_id',
  'payment_term_id',
  'fiscal_position_id',
  'tax_rounding',
  'user_id',
  'note',
  'order_line.display_type',
  'order_line.is_optional',
  'order_line.sequence',
  'order_line.name',
  'order_line.product_id',
  'order_line.product_uom_id',
  'order_line.price_unit',
  'order_line.discount',
  'order_line.tax_ids',
  'order_line.qty_to_invoice',
] as const

type Order = Loaded<'sale.order', (typeof invoicePaths)[number]>
type Line = Order['order_line'][number]

/**
 * Draft invoices for what is to be invoiced of confirmed orders: ordered or delivered quantities, as their products say, linked line by line.
 * Orders of one customer on the same terms share an invoice, unless `separately`. `final` also takes back what was invoiced too much; where
 * that is more than what is asked for, a credit note comes of it. Answers the ids of the drafts. Throws a UserError where nothing is to be
 * invoiced. The orders are locked, so that nothing is invoiced twice.
 */
export const create_invoices = sale_order.action(
  'create_invoices',
  {
    needs: 'write',
    args: { separately: boolean({ default: false }), final: boolean({ default: false }) },
    returns: json({ required: true }),
  },
  async ({ env, ids }, { separately = false, final = false }) => {
    const orders = await env.model('sale.order').browse(ids).read(invoicePaths)
    const open = orders.find((order) => order.state !== 'sale')
    if (open) throw new UserError(env.t('{name} is not confirmed: there is nothing to invoice.', { name: open.name ?? '' }))
    const groups = [...Map.groupBy(orders, (order) => (separately ? String(order.id) : sharing(order))).values()]
    const invoices = groups.flatMap((some) => invoiceOf(some, final) ?? [])
    if (invoices.length === 0) throw new UserError(env.t('There is nothing to invoice.'))
    return env.asSystem('who sold something may ask for the money', async (sys) => {
      const made: number[] = []
      for (const [company, some] of Map.groupBy(invoices, (invoice) => invoice.company_id!)) {
        const created = await inCompany(sys, company).model('account.move').create(some)
        made.push(...created.ids)
      }
      return made
    })
  },
)

/** What orders must agree in to be on one invoice. */
const sharing = (order: Order): string =>
  JSON.stringify([
    order.company_id,
    order.partner_invoice_id,
    order.currency_id,
    order.payment_term_id,
    order.fiscal_position_id,
    order.tax_rounding,
  ])

const zero = Decimal.of(0)

function invoiceOf(orders: readonly Order[], final: boolean): CreateValues<'account.move'> | null {
  const [first] = orders
  const lines = orders.map((order) => ({ order, lines: linesOf(order, final) })).filter((one) => one.lines.length > 0)
  if (!first || lines.length === 0) return null
  const sum = Decimal.sum(
    lines.flatMap((one) =>
      one.lines.map((line) => (line.qty_to_invoice ?? zero).times(line.price_unit).times(hundred.minus(line.discount))),
    ),
  )
  const isRefund = sum.isNegative()
  const many = lines.length > 1
  return {
    move_type: isRefund ? 'out_refund' : 'out_invoice',
    company_id: first.company_id,
    currency_id: first.currency_id,
    partner_id: first.partner_invoice_id ?? first.partner_id,
    partner_shipping_id: first.partner_shipping_id,
    invoice_payment_term_id: first.payment_term_id,
    fiscal_position_id: first.fiscal_position_id,
    tax_rounding: first.tax_rounding,
    invoice_user_id: first.user_id,
    narration: many ? null : first.note,
    ref: many ? null : first.client_order_ref,
    invoice_origin: lines.map(({ order }) => order.name).join(', '),
    invoice_line_ids: lines.flatMap(({ order, lines: own }, at) => [
      // Who finds several orders on an invoice wants to know which line is whose.
      ...(many
        ? [['create', { display_type: 'line_section', name: order.name ?? '', sequence: at * 10_000, quantity: zero }] as const]
        : []),
      ...own.map((line, i) => ['create', invoiceLine(line, at * 10_000 + i + 1, isRefund)] as const),
    ]),
  }
}

const hundred = Decimal.of(100)

/** What is invoiced of an order, with the sections and notes that stand above or between it. */
function linesOf(order: Order, final: boolean): Line[] {
  const wanted = (line: Line): boolean => {
    const quantity = line.qty_to_invoice ?? zero
    return final ? !quantity.isZero() : quantity.isMore(zero)
  }
  const ordered = order.order_line.filter((line) => !line.is_optional)
  const found: Line[] = []
  let heading: Line[] = []
  for (const line of ordered) {
    if (line.display_type === null) {
      if (wanted(line)) {
        found.push(...heading, line)
        heading = []
      }
    } else if (line.display_type === 'line_note') heading.push(line)
    // A section that has nothing on it gives way to the next one.
    else heading = line.display_type === 'line_section' ? [line] : [...heading.filter((one) => one.display_type === 'line_section'), line]
  }
  return found
}

function invoiceLine(line: Line, sequence: number, isRefund: boolean) {
  if (line.display_type !== null) return { display_type: line.display_type, name: line.name, sequence, quantity: zero }
  const quantity = line.qty_to_invoice ?? zero
  return {
    display_type: 'product' as const,
    name: line.name,
    sequence,
    product_id: line.product_id,
    product_uom_id: line.product_uom_id,
    quantity: isRefund ? quantity.negated() : quantity,
    price_unit: line.price_unit,
    discount: line.discount,
    tax_ids: [['set', line.tax_ids]] as const,
    sale_line_ids: [['set', [line.id]]] as const,
  }
}
