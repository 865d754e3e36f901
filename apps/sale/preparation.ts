import {
  type DocumentTerms,
  type Given,
  addDays,
  completeLines,
  completed,
  createdLines,
  describeProducts,
  idOrNull,
  idsOf,
  lacksProduct,
  mapCreated,
  mappingPaths,
  mappingsOf,
  rateKeeper,
} from '@erp4/account'
import { pricelistOf, pricelistPaths } from '@erp4/product'
import { type Day, type Decimal, type Env, type Loaded, type Moment, ValidationError, day, isMoment, moment } from '@erp4/orm'
import { salesmanOfAll } from './groups.ts'

// What is given to create an order, completed: by code, import and RPC alike, before rights and required fields are looked at.

/** What must be loaded of a customer so that an order to him can be completed. */
export const customerPaths = [
  'lang',
  'user_id',
  'property_payment_term_id',
  ...pricelistPaths,
  'property_product_pricelist.currency_id',
  'commercial_partner_id.property_product_pricelist.currency_id',
  'country_id.country_group_ids.pricelist_ids.currency_id',
  'property_account_position_id',
  'child_ids.type',
  'commercial_partner_id.child_ids.type',
] as const

type Customer = Loaded<'res.partner', (typeof customerPaths)[number]>

/**
 * What a customer agreed to once for all his orders, and where his invoices and his goods go. He is his salesperson's, unless the caller
 * could not see what he makes for a colleague: then it is the caller's own.
 */
export function customerTerms(env: Env, customer: Customer) {
  return {
    partner_invoice_id: addressOf(customer, 'invoice'),
    partner_shipping_id: addressOf(customer, 'delivery'),
    pricelist_id: pricelistOf(customer),
    payment_term_id: customer.property_payment_term_id,
    fiscal_position_id: customer.property_account_position_id,
    ...(customer.user_id !== null && env.isIn(salesmanOfAll) ? { user_id: customer.user_id } : {}),
  }
}

/** An address of the customer for a purpose, else one of his company, else his own. */
function addressOf(customer: Customer, type: 'invoice' | 'delivery'): number {
  const all = [...customer.child_ids, ...(customer.commercial_partner_id?.child_ids ?? [])]
  return all.find((one) => one.type === type)?.id ?? customer.id
}

interface Wanted {
  readonly given: Given
  readonly company: number
  readonly at: Moment
}

/** Addresses, pricelist, currency and rate, terms, validity, the lines as their products say, and a number. */
export async function prepareOrders(env: Env, list: readonly Given[]): Promise<readonly Given[]> {
  const wanted = list.map((given): Wanted => ({ given, company: companyOf(env, given), at: momentOf(env, given) }))
  const companies = await companiesOf(env, wanted)
  const customers = await customersOf(env, wanted)
  const pricelists = await otherPricelists(env, wanted, customers)
  const rateOf = rateKeeper(env)
  const complete = new Map<Given, Omit<DocumentTerms, 'mapping'> | null>()
  for (const { given, company, at } of wanted) {
    const books = companies.get(company)
    const customer = customers.get(given['partner_id'] as number)
    const terms = customer ? customerTerms(env, customer) : null
    const pricelist = 'pricelist_id' in given ? idOrNull(given['pricelist_id']) : (terms?.pricelist_id ?? null)
    const listed = pricelist === null ? undefined : (currencyOf(customer, pricelist) ?? pricelists.get(pricelist))
    const currency = listed ?? idOrNull(given['currency_id']) ?? books?.currency_id
    const rate = books && currency !== undefined ? await rateOf(currency, { company, own: books.currency_id, on: dayOf(at) }) : undefined
    // Both are ours to say: an order is in the currency of its pricelist, at the rate of its day.
    const { currency_id: _currency, currency_rate: _rate, ...rest } = given
    const values = completed(
      rest,
      {
        ...terms,
        ...(books
          ? { validity_date: validUntil(at, books.quotation_validity_days), require_signature: books.portal_confirmation_sign }
          : {}),
      },
      {
        partner_invoice_id: terms?.partner_invoice_id,
        partner_shipping_id: terms?.partner_shipping_id,
        currency_id: currency,
        currency_rate: rate,
        tax_rounding: books?.tax_calculation_rounding_method,
      },
    )
    complete.set(
      values,
      books && currency !== undefined
        ? {
            pricelist,
            use: 'sale',
            lang: customer?.lang ?? env.context.lang,
            company,
            companyCurrency: books.currency_id,
            currency,
            at,
          }
        : null,
    )
  }
  const mappings = await mappingsOf(
    env,
    [...complete.keys()].map((values) => (hasProducts(values) ? values['fiscal_position_id'] : null)),
  )
  return withLines(
    env,
    new Map(
      [...complete].map(([values, terms]) => [
        values,
        terms && { ...terms, mapping: mappings.get(values['fiscal_position_id'] as number) ?? [] },
      ]),
    ),
  )
}

/** Whether its lines are still to say what their products say. */
const hasProducts = (given: Given): boolean => createdLines(given['order_line']).some(lacksProduct)

const companyOf = (env: Env, given: Given): number =>
  idOrNull(given['company_id']) ?? idOrNull(env.context['default_company_id']) ?? env.me.company_id

function momentOf(env: Env, given: Given): Moment {
  const text = given['date_order']
  return typeof text === 'string' && isMoment(text) ? text : moment(env.call.now())
}

const dayOf = (at: Moment): Day => day(at.slice(0, 10))

const validUntil = (at: Moment, days: number): Day | null => (days > 0 ? addDays(dayOf(at), days) : null)

async function companiesOf(env: Env, wanted: readonly Wanted[]) {
  const found = await env
    .model('res.company')
    .browse(idsOf(wanted.map(({ company }) => company)))
    .read(['currency_id', 'tax_calculation_rounding_method', 'quotation_validity_days', 'portal_confirmation_sign'])
  return new Map(found.map((one) => [one.id, one]))
}

async function customersOf(env: Env, wanted: readonly Wanted[]): Promise<Map<number, Customer>> {
  const found = await env
    .model('res.partner')
    .browse(idsOf(wanted.map(({ given }) => given['partner_id'])))
    .read(customerPaths)
  return new Map(found.map((one) => [one.id, one]))
}

/** The currency of a pricelist that the customer has by himself. */
function currencyOf(customer: Customer | undefined, pricelist: number): number | undefined {
  const own = [customer?.property_product_pricelist, customer?.commercial_partner_id?.property_product_pricelist]
  const there = customer?.country_id?.country_group_ids.flatMap((group) => group.pricelist_ids) ?? []
  return [...own, ...there].find((one) => one?.id === pricelist)?.currency_id
}

/** The currencies of pricelists that were given. */
async function otherPricelists(
  env: Env,
  wanted: readonly Wanted[],
  customers: ReadonlyMap<number, Customer>,
): Promise<Map<number, number>> {
  const ids = wanted.flatMap(({ given }) => {
    const id = idOrNull(given['pricelist_id'])
    return id === null || currencyOf(customers.get(given['partner_id'] as number), id) ? [] : [id]
  })
  if (ids.length === 0) return new Map()
  return new Map((await env.model('product.pricelist').browse(ids).read(['currency_id'])).map((one) => [one.id, one.currency_id]))
}

/** The lines that come with orders, completed together. */
async function withLines(env: Env, orders: ReadonlyMap<Given, DocumentTerms | null>): Promise<readonly Given[]> {
  const lines = new Map<Given, DocumentTerms>()
  for (const [given, terms] of orders)
    if (terms !== null) for (const line of createdLines(given['order_line'])) if (lacksProduct(line)) lines.set(line, terms)
  const described = lines.size === 0 ? new Map<Given, Given>() : await listed(env, lines)
  return [...orders.keys()].map((given) =>
    given['order_line'] ? { ...given, order_line: mapCreated(given['order_line'], (line) => described.get(line) ?? line) } : given,
  )
}

/** Lines with what their products say, and what the price then was. */
async function listed(env: Env, lines: ReadonlyMap<Given, DocumentTerms>): Promise<Map<Given, Given>> {
  const described = await completeLines(env, lines, 'product_uom_qty')
  return new Map(
    [...described].map(([line, values]) => [
      line,
      line['price_unit'] === undefined ? { ...values, technical_price_unit: values['price_unit'] } : values,
    ]),
  )
}

const orderPaths = [
  'date_order',
  'currency_id',
  'pricelist_id',
  'company_id.currency_id',
  'partner_id.lang',
  ...mappingPaths('fiscal_position_id'),
] as const

/** Lines that are made by themselves, for an order that is there. */
export async function prepareOrderLines(env: Env, given: readonly Given[]): Promise<readonly Given[]> {
  // A heading is no thing: whoever adds quantities up counts none.
  const list = given.map((line) => (line['display_type'] && line['product_uom_qty'] === undefined ? { ...line, product_uom_qty: 0 } : line))
  const lacking = list.filter((line) => lacksProduct(line) && idOrNull(line['order_id']) !== null)
  if (lacking.length === 0) return list
  const found = await env
    .model('sale.order')
    .browse(idsOf(lacking.map((line) => line['order_id'])))
    .read(orderPaths)
  const orders = new Map(found.map((order) => [order.id, order]))
  const lines = new Map<Given, DocumentTerms>()
  for (const line of lacking) {
    const terms = termsOfOrder(env, orders.get(line['order_id'] as number))
    if (terms) lines.set(line, terms)
  }
  const described = await listed(env, lines)
  return list.map((line) => described.get(line) ?? line)
}

function termsOfOrder(env: Env, order: Loaded<'sale.order', (typeof orderPaths)[number]> | null | undefined): DocumentTerms | null {
  if (!order?.company_id) return null
  return {
    pricelist: order.pricelist_id,
    use: 'sale',
    lang: order.partner_id?.lang ?? env.context.lang,
    mapping: order.fiscal_position_id?.tax_ids ?? [],
    company: order.company_id.id,
    companyCurrency: order.company_id.currency_id,
    currency: order.currency_id,
    at: order.date_order,
  }
}

export const formPaths = [
  'display_type',
  'product_id',
  'product_uom_qty',
  'product_uom_id',
  'price_unit',
  'technical_price_unit',
  ...orderPaths.map((path) => `order_id.${path}` as const),
] as const

type FormLine = Loaded<'sale.order.line', (typeof formPaths)[number]>

/** What a form fills in when somebody chooses a product. */
export async function lineOfProduct(env: Env, line: FormLine) {
  const answer = await ask(env, line, null)
  return answer ? { ...answer, technical_price_unit: answer.price_unit } : {}
}

/** A price that nobody changed by hand follows the quantity and the unit. */
export async function priceOfQuantity(env: Env, line: FormLine) {
  if (line.technical_price_unit === null || !line.technical_price_unit.equals(line.price_unit)) return {}
  const answer = await ask(env, line, line.product_uom_id)
  return answer ? { price_unit: answer.price_unit, technical_price_unit: answer.price_unit } : {}
}

async function ask(env: Env, line: FormLine, unit: number | null) {
  const terms = termsOfOrder(env, line.order_id)
  if (line.product_id === null || terms === null) return undefined
  const [answer] = await describeProducts(env, [{ ...terms, product: line.product_id, quantity: line.product_uom_qty, unit }])
  return answer
}

const followed = ['name', 'product_uom_id', 'price_unit', 'tax_ids'] as const

/** What lines with other products say now, but for what was given with these. */
export async function redescribe(sys: Env<true>, ids: readonly number[], given: ReadonlySet<string>): Promise<void> {
  const missing = followed.filter((name) => !given.has(name))
  if (missing.length > 0) await describeAgain(sys, ids, missing)
}

/** Writes what the products of these lines say to the fields named, at the terms of their orders. */
export async function describeAgain(env: Env, ids: readonly number[], fields: readonly (typeof followed)[number][]): Promise<void> {
  const lines = await env.model('sale.order.line').browse(ids).read(formPaths)
  const wanted = lines.flatMap((line) => {
    const terms = termsOfOrder(env, line.order_id)
    // A unit that was not given with another product is that of the other product.
    const unit = fields.includes('product_uom_id') ? null : line.product_uom_id
    return line.product_id !== null && line.display_type === null && terms
      ? [{ line, ask: { ...terms, product: line.product_id, quantity: line.product_uom_qty, unit } }]
      : []
  })
  const answers = await describeProducts(
    env,
    wanted.map(({ ask }) => ask),
  )
  const values = new Map(
    wanted.flatMap(({ line }, i) => {
      const answer = answers[i]
      if (!answer) return []
      const own = { ...answer, tax_ids: [['set', answer.tax_ids]] as const }
      const price: { technical_price_unit?: Decimal } = fields.includes('price_unit') ? { technical_price_unit: answer.price_unit } : {}
      return [[line.id, { ...Object.fromEntries(fields.map((name) => [name, own[name]])), ...price }] as const]
    }),
  )
  if (values.size > 0)
    await env
      .model('sale.order.line')
      .browse([...values.keys()])
      .write((id) => values.get(id)!)
}

/** After a change of pricelist, currency or rate: an order is in the currency of its pricelist, at the rate of its day. */
export async function followPricelist(sys: Env<true>, ids: readonly number[], given: ReadonlySet<string>): Promise<void> {
  const orders = await sys
    .model('sale.order')
    .browse(ids)
    .read(['pricelist_id.currency_id', 'currency_id', 'currency_rate', 'date_order', 'company_id.currency_id'])
  const rateOf = rateKeeper(sys)
  const values = new Map<number, { currency_id: number; currency_rate: Decimal }>()
  for (const order of orders) {
    const own = order.company_id.currency_id
    const chosen = given.has('currency_id') || !given.has('pricelist_id')
    const wanted = order.pricelist_id?.currency_id ?? (chosen ? order.currency_id : own)
    if (chosen && wanted !== order.currency_id) throw new ValidationError(sys.t('An order is in the currency of its pricelist.'))
    const rate = await rateOf(wanted, { company: order.company_id.id, own, on: dayOf(order.date_order) })
    if (wanted !== order.currency_id || !rate.equals(order.currency_rate))
      values.set(order.id, { currency_id: wanted, currency_rate: rate })
  }
  // Writing it calls this again, which then finds everything as it is wanted.
  const differing = sys.model('sale.order').browse([...values.keys()])
  if (values.size > 0) await differing.write((id) => values.get(id)!)
}
