import { createHash } from 'node:crypto'
import type { Env, Loaded } from '@erp4/orm'

/**
 * Exactly what a customer sees of an order, and nothing else: who sells to whom, what, at which prices and taxes, on which terms. Not on it:
 * `date_order`, which the confirmation moves, the salesperson, and whatever says how far the order has come.
 */
const contentPaths = [
  'name',
  'validity_date',
  'commitment_date',
  'client_order_ref',
  'note',
  'amount_untaxed',
  'amount_tax',
  'amount_total',
  'tax_totals',
  'currency_id.name',
  'company_id.name',
  'company_id.partner_id.contact_address',
  'company_id.partner_id.vat',
  'partner_id.display_name',
  'partner_id.contact_address',
  'partner_id.vat',
  'partner_invoice_id.display_name',
  'partner_invoice_id.contact_address',
  'partner_shipping_id.display_name',
  'partner_shipping_id.contact_address',
  'payment_term_id.name',
  'payment_term_id.note',
  'fiscal_position_id.note',
  'order_line.display_type',
  'order_line.name',
  'order_line.product_uom_qty',
  'order_line.product_uom_id.name',
  'order_line.price_unit',
  'order_line.discount',
  'order_line.is_optional',
  'order_line.tax_ids.name',
  'order_line.price_subtotal',
  'order_line.price_total',
] as const

type Content = Loaded<'sale.order', (typeof contentPaths)[number], true>

/**
 * SHA-256 of what the customer sees of each order, in his language: what a link is bound to and what he signs. Two orders, or one at two
 * times, have the same only where he would see the same. Reads as the system; by id, missing ids are left out.
 */
export async function contentHashes(sys: Env<true>, ids: readonly number[]): Promise<Map<number, string>> {
  const languages = await sys.model('sale.order').browse(ids).read(['partner_id.lang'])
  const hashes = new Map<number, string>()
  for (const [lang, some] of Map.groupBy(languages, (order) => order.partner_id.lang ?? 'en_US')) {
    const table = sys.withContext({ lang }).model('sale.order')
    for (const order of await table.browse(some.map(({ id }) => id)).read(contentPaths)) hashes.set(order.id, hashOf(lang, order))
  }
  return hashes
}

/** The hash of one order; throws for one that is not there. */
export async function contentHash(sys: Env<true>, id: number): Promise<string> {
  const hash = (await contentHashes(sys, [id])).get(id)
  if (hash === undefined) throw new Error(`There is no order ${id}`)
  return hash
}

// A list of values in a fixed order, each as exact text: JSON of it is the same bytes on every machine and for ever.
function hashOf(lang: string, order: Content): string {
  const values = [
    version,
    lang,
    ...contentPaths.filter((path) => !path.startsWith('order_line.')).map((path) => valueAt(order, path.split('.'))),
  ]
  const lines = order.order_line.map((line) => [
    line.display_type,
    line.name,
    line.product_uom_qty.toString(),
    line.product_uom_id?.name ?? null,
    line.price_unit.toString(),
    line.discount.toString(),
    line.is_optional,
    line.tax_ids.map((tax) => tax.name),
    line.price_subtotal?.toString() ?? null,
    line.price_total?.toString() ?? null,
  ])
  return createHash('sha256')
    .update(JSON.stringify([...values, lines]))
    .digest('hex')
}

/** Changes with what is looked at: an old hash never matches by accident. */
const version = 'sale.order 1'

function valueAt(value: unknown, path: readonly string[]): unknown {
  const found = path.reduce<unknown>(
    (at, step) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[step] : null),
    value,
  )
  return canonical(found ?? null)
}

/** Objects by their keys in order, exact numbers as text. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  if ('toJSON' in value) return (value as { toJSON: () => unknown }).toJSON()
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, canonical(inner)])
}
