import { type Measure, type Terms, byAttribute, isOwnUnit, otherKind, pricedPaths, pricesOf, variantName } from '@erp4/product'
import { type Decimal, type Env, type Loaded, ValidationError } from '@erp4/orm'
import { type TaxMapping, mapTaxes } from './models/account_fiscal_position.ts'
import { type Given, idOrNull, idsOf, quantityOf } from './given.ts'
import { type LoadedTax, taxFigurePaths, taxRules } from './tax-rules.ts'
import { withTaxes, withoutTaxes } from './totals.ts'

/** A product on a line of a document, and the terms of that. */
export interface LineAsk extends Terms {
  readonly product: number
  readonly quantity: Decimal
  /** The unit that the line counts in; the product's own without it. */
  readonly unit: number | null
  readonly pricelist: number | null
  readonly use: 'sale' | 'purchase'
  /** The language of whoever gets the document. */
  readonly lang: string
  readonly mapping: readonly TaxMapping[]
}

/** What a product says of a line. */
export interface ProductLine {
  readonly name: string
  readonly product_uom_id: number | null
  readonly price_unit: Decimal
  readonly tax_ids: readonly number[]
}

const describedPaths = [
  ...pricedPaths,
  'default_code',
  'product_tmpl_id.name',
  'product_tmpl_id.description_sale',
  'product_template_attribute_value_ids.attribute_line_id.sequence',
  'product_template_attribute_value_ids.product_attribute_value_id.name',
  'product_tmpl_id.taxes_id.company_id',
] as const

/** For what is bought there are other words and other taxes. */
const boughtPaths = [...describedPaths, 'product_tmpl_id.description_purchase', 'product_tmpl_id.supplier_taxes_id.company_id'] as const

type Described = Loaded<'product.product', (typeof describedPaths)[number]>
type Bought = Loaded<'product.product', (typeof boughtPaths)[number]>

/**
 * How products are written on the lines of documents: called as the customer's language calls them, in a unit, at a price, with the taxes of
 * the company after its fiscal position. One statement for the products of a language, one for units that are not the products' own, one for
 * taxes that a fiscal position maps, and those of `pricesOf`. A product that the caller may not see has no answer. `strict` throws a ValidationError
 * for a unit of another kind; a form that is being filled in goes on without.
 */
export async function describeProducts(env: Env, asks: readonly LineAsk[], strict = false): Promise<(ProductLine | undefined)[]> {
  const products = await readProducts(env, asks)
  const units = await otherUnits(env, asks, products)
  const taxes = await mappedTaxes(env, asks, products)
  const seen = asks.filter((ask) => products.has(ask))
  const prices = await pricesOf(
    env,
    seen.map((ask) => ({ ...ask, product: products.get(ask)!, unit: ask.unit === null ? null : (units.get(ask.unit) ?? null) })),
  )
  for (const ask of strict ? seen : []) demandUnit(env, ask, products.get(ask)!, units)
  const lines = new Map(seen.map((ask, i) => [ask, describe(ask, products.get(ask)!, { listed: prices[i]!.price, taxes })]))
  return asks.map((ask) => lines.get(ask))
}

function demandUnit(env: Env, { unit }: LineAsk, product: Described | Bought, units: ReadonlyMap<number, Measure>): void {
  const other = unit === null ? undefined : units.get(unit)
  if (other && isOwnUnit({ product_uom_id: other, product_id: { product_tmpl_id: { uom_id: product.product_tmpl_id!.uom_id! } } }) !== true)
    throw new ValidationError(env.t(otherKind))
}

async function readProducts(env: Env, asks: readonly LineAsk[]): Promise<Map<LineAsk, Described | Bought>> {
  const products = new Map<LineAsk, Described | Bought>()
  for (const some of Map.groupBy(asks, (ask) => `${ask.use} ${ask.lang}`).values()) {
    const [{ lang, use }] = some as [LineAsk, ...LineAsk[]]
    const records = env
      .withContext({ lang, active_test: false })
      .model('product.product')
      .browse(some.map((ask) => ask.product))
    const found = new Map((await (use === 'sale' ? records.read(describedPaths) : records.read(boughtPaths))).map((one) => [one.id, one]))
    for (const ask of some) if (found.has(ask.product)) products.set(ask, found.get(ask.product)!)
  }
  return products
}

async function otherUnits(
  env: Env,
  asks: readonly LineAsk[],
  products: ReadonlyMap<LineAsk, Described | Bought>,
): Promise<Map<number, Measure>> {
  const wanted = asks.flatMap((ask) => (ask.unit !== null && ask.unit !== products.get(ask)?.product_tmpl_id?.uom_id?.id ? [ask.unit] : []))
  if (wanted.length === 0) return new Map()
  const found = await env.model('uom.uom').browse(wanted).read(['name', 'category_id', 'factor', 'rounding'])
  return new Map(found.map((unit) => [unit.id, unit]))
}

/** The figures of taxes that a fiscal position may put others in the place of: what a price that contained one was without it. */
async function mappedTaxes(
  env: Env,
  asks: readonly LineAsk[],
  products: ReadonlyMap<LineAsk, Described | Bought>,
): Promise<Map<number, LoadedTax>> {
  const wanted = asks.flatMap((ask) => (ask.mapping.length > 0 && products.has(ask) ? taxesOf(ask, products.get(ask)!) : []))
  if (wanted.length === 0) return new Map()
  const found = await env
    .model('account.tax')
    .browse([...new Set(wanted)])
    .read(taxFigurePaths)
  return new Map(found.map((tax) => [tax.id, tax]))
}

/** The taxes that the company itself asks for. */
function taxesOf(ask: LineAsk, product: Described | Bought): number[] {
  const template = product.product_tmpl_id
  const own = ask.use === 'sale' ? template?.taxes_id : template && 'supplier_taxes_id' in template ? template.supplier_taxes_id : []
  return (own ?? []).flatMap((tax) => (tax.company_id === ask.company ? [tax.id] : []))
}

function describe(
  ask: LineAsk,
  product: Described | Bought,
  { listed, taxes }: { listed: Decimal; taxes: ReadonlyMap<number, LoadedTax> },
): ProductLine {
  const template = product.product_tmpl_id
  const own = taxesOf(ask, product)
  const figured = own.flatMap((id) => taxes.get(id) ?? [])
  const mapped = ask.mapping.length === 0 ? own : mapTaxes(figured, ask.mapping).map((tax) => tax.id)
  const price = ask.use === 'sale' ? listed : (product.standard_price ?? listed)
  const below =
    ask.use === 'sale' ? template?.description_sale : template && 'description_purchase' in template ? template.description_purchase : null
  const values = product.product_template_attribute_value_ids
    .toSorted(byAttribute)
    .map((value) => value.product_attribute_value_id?.name ?? null)
  const name = variantName({ code: product.default_code, name: template?.name ?? '', values })
  return {
    name: below ? `${name}\n${below}` : name,
    product_uom_id: ask.unit ?? template?.uom_id?.id ?? null,
    price_unit: ask.mapping.length === 0 ? price.round(6) : adapted(price, figured, mapTaxes(figured, ask.mapping)),
    tax_ids: mapped,
  }
}

/** A price that contained a tax which does not apply is what it was without it, and with the one that does. */
function adapted(price: Decimal, own: readonly LoadedTax[], mapped: readonly LoadedTax[]): Decimal {
  const before = taxRules(own)
  if (!before.some((rule) => rule.isIncluded) || own.every((tax) => mapped.some((other) => other.id === tax.id))) return price.round(6)
  return withTaxes(withoutTaxes(price, before), taxRules(mapped)).round(6)
}

/** The terms of the document that a line is on. */
export type DocumentTerms = Omit<LineAsk, 'product' | 'quantity' | 'unit'>

const ofProduct = ['name', 'product_uom_id', 'price_unit', 'tax_ids'] as const

/** A line with a product that does not say everything itself. */
export const lacksProduct = (line: Given): boolean =>
  idsOf([line['product_id']]).length > 0 && !isForPeople(line['display_type']) && ofProduct.some((name) => line[name] === undefined)

const isForPeople = (type: unknown): boolean => typeof type === 'string' && type.startsWith('line_')

/** Given lines completed by what their products say; what is given counts for more. Answered by the line that was given. */
export async function completeLines(
  env: Env,
  lines: ReadonlyMap<Given, DocumentTerms>,
  quantity: 'quantity' | 'product_uom_qty',
): Promise<Map<Given, Given>> {
  const asks = [...lines].map(([line, terms]): LineAsk => ({
    ...terms,
    product: line['product_id'] as number,
    quantity: quantityOf(line[quantity]),
    unit: idOrNull(line['product_uom_id']),
  }))
  const answers = await describeProducts(env, asks, true)
  return new Map(
    [...lines.keys()].map((line, i) => {
      const answer = answers[i]
      return [line, answer ? { ...answer, tax_ids: [['set', answer.tax_ids]], ...line } : line] as const
    }),
  )
}
