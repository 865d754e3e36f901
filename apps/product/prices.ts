import { type Rates, exchange, ratesOf } from '@erp4/base'
import { Decimal, type Env, type Loaded, type Moment, day } from '@erp4/orm'
import { type Measure, convert, convertPrice } from './measure.ts'
import { type PriceRule, applyRule, chooseRule } from './price.ts'

/** What must be loaded of a product so that it can be priced; a document reads it together with what else it needs. */
export const pricedPaths = [
  'product_tmpl_id',
  'standard_price',
  'product_tmpl_id.list_price',
  'product_tmpl_id.company_id.currency_id',
  'product_tmpl_id.categ_id.lineage',
  'product_tmpl_id.uom_id.name',
  'product_tmpl_id.uom_id.factor',
  'product_tmpl_id.uom_id.rounding',
  'product_tmpl_id.uom_id.category_id',
  'product_template_attribute_value_ids.price_extra',
] as const

export type PricedProduct = Loaded<'product.product', (typeof pricedPaths)[number]>

export interface Asked extends Terms {
  readonly product: PricedProduct
  readonly quantity: Decimal
  /** The unit of the quantity and of the price; the product's own without it. */
  readonly unit?: Measure | null
  readonly pricelist: number | null
}

export interface Terms {
  /** The company that sells, and its currency: what prices of shared products are in. */
  readonly company: number
  readonly companyCurrency: number
  /** What the answers are in. */
  readonly currency: number
  readonly at: Moment
}

export interface Priced {
  /** For one of the unit asked for, to 20 digits. */
  readonly price: Decimal
  /** The rule of the pricelist that made it; null where the sales price counts. */
  readonly rule: number | null
}

/** How many pricelists may rest on each other. */
const mostDepth = 10

/**
 * What products cost: by the rules of a pricelist, else their sales price, in the currency asked for, at the rates of the day. All questions
 * together take one statement for the rules, one more for each pricelist that others rest on, and three for rates where currencies differ.
 */
export async function pricesOf(env: Env, asked: readonly Asked[]): Promise<Priced[]> {
  const known: Known = { lists: await loadRules(env, asked), rates: new Map() }
  for (const [key, some] of Map.groupBy(asked, ratesKey)) known.rates.set(key, await loadRates(env, some, known))
  return asked.map((one) => answer(one, known))
}

interface Pricelist {
  readonly currency: number
  readonly rules: readonly (PriceRule & { readonly id: number })[]
}

interface Known {
  readonly lists: ReadonlyMap<number, Pricelist>
  /** By company and day. */
  readonly rates: Map<string, Rates>
}

const ratesKey = ({ company, at }: Terms): string => `${company} ${at.slice(0, 10)}`

/** The rates of one company on one day. */
async function loadRates(env: Env, asked: readonly Asked[], { lists }: Known): Promise<Rates> {
  const [first] = asked
  const currencies = new Set(asked.flatMap((one) => [one.currency, one.companyCurrency, currencyOf(one.product, one)]))
  if (asked.some(({ pricelist }) => pricelist !== null)) for (const { currency } of lists.values()) currencies.add(currency)
  return ratesOf(env, currencies, { company: first!.company, on: day(first!.at.slice(0, 10)) })
}

/** A product of one company has prices in its currency, one of all companies in that of the company that asks. */
const currencyOf = (product: PricedProduct, terms: Terms): number =>
  product.product_tmpl_id?.company_id?.currency_id ?? terms.companyCurrency

function answer(asked: Asked, known: Known): Priced {
  const { product, unit } = asked
  const own = unitOf(product)
  // Rules are about the unit of the product; a unit that measures something else leaves nothing to convert.
  const isOther = unit && own && unit.category_id === own.category_id
  const quantity = isOther ? convert(asked.quantity, unit, { ...own, rounding: smallest }) : asked.quantity
  const rates = known.rates.get(ratesKey(asked))!
  const { price, currency, rule } = listed(asked.pricelist, { ...asked, quantity }, { lists: known.lists, rates }, 0)
  const mine = exchange(price, currency, asked.currency, rates)
  return { price: isOther ? convertPrice(mine, own, unit) : mine, rule }
}

const smallest = Decimal.of('0.000001')

/** The price for one unit of the product by a pricelist, in the currency of that pricelist. */
function listed(
  pricelist: number | null,
  asked: Asked,
  known: { readonly lists: ReadonlyMap<number, Pricelist>; readonly rates: Rates },
  depth: number,
): { price: Decimal; currency: number; rule: number | null } {
  const { product } = asked
  const list = pricelist === null || depth > mostDepth ? undefined : known.lists.get(pricelist)
  const template = product.product_tmpl_id
  const question = {
    product: product.id,
    template: template?.id ?? 0,
    lineage: template?.categ_id?.lineage ?? null,
    quantity: asked.quantity,
    at: asked.at,
  }
  const rule = list && chooseRule(list.rules, question)
  const own = currencyOf(product, asked)
  if (!list || !rule) return { price: salesPrice(product), currency: own, rule: null }
  const from =
    rule.compute_price === 'fixed'
      ? { price: Decimal.of(0), currency: list.currency }
      : rule.base === 'pricelist'
        ? listed(rule.base_pricelist_id, asked, known, depth + 1)
        : rule.base === 'standard_price'
          ? { price: product.standard_price ?? Decimal.of(0), currency: own }
          : { price: salesPrice(product), currency: own }
  return { price: applyRule(rule, exchange(from.price, from.currency, list.currency, known.rates)), currency: list.currency, rule: rule.id }
}

/** What a variant costs without any rule. */
function salesPrice(product: PricedProduct): Decimal {
  return Decimal.sum([
    product.product_tmpl_id?.list_price ?? Decimal.of(0),
    ...product.product_template_attribute_value_ids.map((value) => value.price_extra),
  ])
}

const unitOf = (product: PricedProduct): Measure | null => product.product_tmpl_id?.uom_id as Measure | null

const rulePaths = [
  'pricelist_id.currency_id',
  'applied_on',
  'categ_id.lineage',
  'product_tmpl_id',
  'product_id',
  'min_quantity',
  'date_start',
  'date_end',
  'compute_price',
  'base',
  'base_pricelist_id',
  'fixed_price',
  'percent_price',
  'price_discount',
  'price_round',
  'price_surcharge',
  'price_min_margin',
  'price_max_margin',
] as const

/** The rules that could be about these products, of the pricelists asked for and of those they rest on. */
async function loadRules(env: Env, asked: readonly Asked[]): Promise<Map<number, Pricelist>> {
  const lists = new Map<number, Pricelist>()
  const products = [...new Set(asked.map(({ product }) => product.id))]
  const templates = [...new Set(asked.flatMap(({ product }) => product.product_tmpl_id?.id ?? []))]
  let wanted = [...new Set(asked.flatMap(({ pricelist }) => pricelist ?? []))]
  for (let depth = 0; wanted.length > 0 && depth <= mostDepth; depth++) {
    const found = await env
      .model('product.pricelist.item')
      .find(
        [
          ['pricelist_id', 'in', wanted],
          '|',
          '|',
          ['applied_on', 'in', ['3_global', '2_product_category']],
          ['product_tmpl_id', 'in', templates],
          ['product_id', 'in', products],
        ],
        rulePaths,
      )
    for (const id of wanted) {
      const rules = found.filter((rule) => rule.pricelist_id?.id === id)
      if (rules.length > 0) lists.set(id, { currency: rules[0]!.pricelist_id!.currency_id, rules })
    }
    wanted = [...new Set(found.flatMap((rule) => (rule.base === 'pricelist' ? (rule.base_pricelist_id ?? []) : [])))].filter(
      (id) => !lists.has(id),
    )
  }
  return lists
}

/** What must be loaded of a customer to know which pricelist he has. */
export const pricelistPaths = [
  'property_product_pricelist.active',
  'commercial_partner_id.property_product_pricelist.active',
  'country_id.country_group_ids.pricelist_ids.sequence',
] as const

/** His own pricelist, else that of his commercial entity, else the first of his country; null where sales prices count. */
export function pricelistOf(partner: Loaded<'res.partner', (typeof pricelistPaths)[number]>): number | null {
  const own = [partner.property_product_pricelist, partner.commercial_partner_id?.property_product_pricelist ?? null]
  const there = partner.country_id?.country_group_ids.flatMap((group) => group.pricelist_ids) ?? []
  const first = there.toSorted((a, b) => a.sequence - b.sequence || a.id - b.id)[0]
  return (own.find((list) => list?.active) ?? first)?.id ?? null
}
