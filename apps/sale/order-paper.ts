import {
  byLanguage,
  columnsOf,
  facts,
  letterheadOf,
  lineFigures,
  notesOf,
  paperLine,
  paperPaths,
  partiesOf,
  pricedLine,
  sumsOf,
  taxNames,
  taxPaths,
} from '@erp4/account'
import { type Acceptance, type Env, type Loaded, type Paper, type PaperKind, type PaperState, type SharedPaper, writerOf } from '@erp4/orm'
import { acceptOrder, chooseOption, declineOrder } from './acceptance.ts'
import { contentHashes } from './content.ts'
import { isExpired } from './models/sale_order.ts'
import { orderLetters } from './sending.ts'

const paths = [
  ...paperPaths,
  'name',
  'state',
  'date_order',
  'validity_date',
  'commitment_date',
  'client_order_ref',
  'note',
  'partner_invoice_id.name',
  'partner_invoice_id.display_name',
  'partner_invoice_id.contact_address',
  'payment_term_id.name',
  'payment_term_id.note',
  'user_id.name',
  'require_signature',
  'signed_on',
  'declined_on',
  'order_line.display_type',
  'order_line.name',
  'order_line.product_uom_qty',
  'order_line.product_uom_id.name',
  'order_line.price_unit',
  'order_line.discount',
  'order_line.tax_ids.name',
  ...taxPaths('order_line.tax_ids'),
  'order_line.price_subtotal',
  'order_line.is_optional',
] as const

type Order = Loaded<'sale.order', (typeof paths)[number], true>

/** Quotations and orders, as customers get and accept them. */
export const orderPaper: PaperKind = {
  model: 'sale.order',
  path: 'orders',
  label: ['Order', 'Orders'],
  read: readOrders,
  list: listOrders,
  accept: (sys, id, acceptance: Acceptance) => acceptOrder(sys, id, acceptance),
  decline: declineOrder,
  letters: orderLetters,
  choose: chooseOption,
}

async function readOrders(sys: Env<true>, ids: readonly number[], lang?: string): Promise<ReadonlyMap<number, SharedPaper>> {
  const known = await sys.model('sale.order').browse(ids).read(['partner_id.lang'])
  // A version is what it is, in whichever language somebody looks at it.
  const hashes = await contentHashes(sys, ids)
  const papers = new Map<number, SharedPaper>()
  for (const { env, ids: some } of byLanguage(sys, known, lang)) {
    const orders = await env.model('sale.order').browse(some).read(paths)
    const names = await taxNames(env, orders)
    for (const order of orders) {
      papers.set(order.id, {
        paper: await paperOf(env, order, names),
        hash: hashes.get(order.id)!,
        state: stateOf(env, order),
        company: order.company_id.id,
        entity: order.commercial_partner_id ?? order.partner_id.id,
        partner: order.partner_id.id,
        keeper: order.user_id?.id ?? null,
        optional: order.order_line.filter((line) => line.is_optional && line.display_type === null).map(({ id }) => id),
        isSigned: order.require_signature,
      })
    }
  }
  return papers
}

function stateOf(env: Env<true>, order: Order): PaperState {
  if (order.signed_on !== null) return 'accepted'
  if (order.declined_on !== null) return 'declined'
  if (order.state === 'sale') return 'final'
  if (order.state !== 'sent') return 'withdrawn'
  return isExpired(order, env.call.now().toISOString().slice(0, 10)) ? 'expired' : 'open'
}

async function paperOf(env: Env<true>, order: Order, names: ReadonlyMap<number, string>): Promise<Paper> {
  const { lang } = env.context
  const { day } = writerOf(lang)
  const isOrder = order.state === 'sale'
  const number = order.name ?? ''
  return {
    lang,
    title: `${isOrder ? env.t('Order') : env.t('Quotation')} ${number}`,
    number,
    seller: await letterheadOf(env, order.company_id),
    parties: partiesOf(
      env,
      order.partner_id,
      [env.t('Invoice Address'), order.partner_invoice_id],
      [env.t('Delivery Address'), order.partner_shipping_id],
    ),
    facts: facts(
      [isOrder ? env.t('Order Date') : env.t('Quotation Date'), day(order.date_order)],
      [env.t('Valid Until'), isOrder ? null : day(order.validity_date)],
      [env.t('Delivery Date'), day(order.commitment_date)],
      [env.t('Customer Reference'), order.client_order_ref],
      [env.t('Payment Terms'), order.payment_term_id?.name ?? null],
      [env.t('Salesperson'), order.user_id?.name ?? null],
    ),
    columns: columnsOf(env),
    lines: order.order_line.map((line) =>
      paperLine(lang, order.currency_id, {
        ...line,
        quantity: line.product_uom_qty,
        unit: line.product_uom_id?.name ?? null,
        taxes: line.tax_ids.map((tax) => tax.name),
        amount: line.is_optional ? worthOf(line, order.currency_id.decimal_places) : line.price_subtotal,
        isOptional: line.is_optional,
      }),
    ),
    sums: sumsOf(env, order, names),
    notes: notesOf(
      [env.t('Terms and Conditions'), order.note],
      [null, order.payment_term_id?.note ?? null],
      [null, order.fiscal_position_id?.note ?? null],
    ),
  }
}

/** What an optional line would come to: it has no part in the order, and so no figures of its own there. */
const worthOf = (line: Order['order_line'][number], digits: number) =>
  lineFigures(pricedLine({ ...line, quantity: line.product_uom_qty }), digits).net

async function listOrders(env: Env, limit: number) {
  const orders = await env
    .model('sale.order')
    .find(
      [['state', 'in', ['sent', 'sale']]],
      ['name', 'date_order', 'amount_total', 'currency_id.name', 'currency_id.decimal_places', 'state', 'validity_date'],
      { order: 'date_order desc, id desc', limit },
    )
  const { day, money } = writerOf(env.context.lang)
  const today = env.call.now().toISOString().slice(0, 10)
  return orders.map((order) => ({
    id: order.id,
    name: order.name ?? '',
    date: day(order.date_order),
    amount: order.currency_id ? money(order.amount_total, order.currency_id) : '',
    status: order.state === 'sale' ? env.t('Confirmed') : isExpired(order, today) ? env.t('Expired') : env.t('Waits for your answer'),
  }))
}
