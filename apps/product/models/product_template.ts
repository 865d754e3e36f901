import { thread } from '@erp4/mail'
import {
  Decimal,
  type Env,
  type FieldsOf,
  type ModelFields,
  UserError,
  binary,
  boolean,
  char,
  decimal,
  html,
  integer,
  many2one,
  model,
  one2many,
  selection,
  text,
} from '@erp4/orm'
import { combinations, pairKey, reconcileVariants } from '../combinations.ts'
import { keepValues } from './product_template_attribute.ts'
import { firstUnit } from './uom_uom.ts'

/** Something that is sold or bought; its variants are what is ordered and counted. */
export const product_template = model('product.template', {
  label: 'Product',
  custom: 'fields',
  order: 'sequence, name, id',
  fields: {
    name: char({ required: true, translate: true, index: 'trigram' }),
    sequence: integer({ required: true, default: 1 }),
    active: boolean({ default: true }),
    type: selection({ consu: 'Goods', service: 'Service' }, { label: 'Product Type', required: true, default: 'consu' }),
    is_storable: boolean({ label: 'Track Inventory' }),
    categ_id: many2one('product.category', { label: 'Product Category', ondelete: 'restrict', index: true }),
    company_id: many2one('res.company', { index: true, help: 'Empty: sold by all companies.' }),
    currency_id: many2one('res.currency', { related: 'company_id.currency_id' }),
    list_price: decimal({
      digits: 6,
      currency: 'currency_id',
      required: true,
      default: Decimal.of(1),
      label: 'Sales Price',
      help: 'For one unit, in the currency of the company; taxes as the taxes of the product say.',
    }),
    uom_id: many2one('uom.uom', { label: 'Unit', required: true, ondelete: 'restrict', default: firstUnit }),
    uom_name: char({ related: 'uom_id.name', label: 'Unit Name' }),
    sale_ok: boolean({ label: 'Sales', default: true, help: 'Offered on quotations.' }),
    purchase_ok: boolean({ label: 'Purchase', default: true, help: 'Offered on purchase orders.' }),
    description: html({ label: 'Internal Notes', translate: true }),
    description_sale: text({ label: 'Sales Description', translate: true, help: 'Written below the name on quotations and invoices.' }),
    description_purchase: text({ label: 'Purchase Description', translate: true }),
    weight: decimal({ digits: 3 }),
    volume: decimal({ digits: 3 }),
    color: integer({ label: 'Color Index', default: 0 }),
    image_1920: binary({ image: true, label: 'Image' }),
    attribute_line_ids: one2many('product.template.attribute.line', 'product_tmpl_id', { label: 'Attributes', copy: true }),
    product_variant_ids: one2many('product.product', 'product_tmpl_id', { label: 'Variants', copy: false }),
    product_variant_id: many2one('product.product', { compute: 'live', label: 'First Variant' }),
    product_variant_count: integer({ compute: 'live', label: 'Number of Variants' }),
    single_variant_id: many2one('product.product', {
      compute: 'stored',
      label: 'Only Variant',
      help: 'Of a product that comes in one kind.',
    }),
    default_code: char({ related: 'single_variant_id.default_code', label: 'Internal Reference' }),
    barcode: char({ related: 'single_variant_id.barcode' }),
    standard_price: decimal({ related: 'single_variant_id.standard_price', digits: 6, currency: 'currency_id', label: 'Cost' }),
  },
})

/** What is said about it, who follows it, and what is to do. */
export const product_template_thread = thread('product.template')

declare module '@erp4/orm/models' {
  interface Models {
    'product.template': ProductTemplate
  }
  interface ProductTemplate extends ModelFields<typeof product_template>, FieldsOf<typeof product_template_thread> {}
}

product_template.compute('product_variant_id', ['product_variant_ids'], (template) => template.product_variant_ids[0] ?? null)
product_template.compute('product_variant_count', ['product_variant_ids'], (template) => template.product_variant_ids.length)
product_template.compute('single_variant_id', ['product_variant_ids'], (template) =>
  template.product_variant_ids.length === 1 ? template.product_variant_ids[0]! : null,
)

/** What a product of one kind says of its variant. */
const ofVariant = ['default_code', 'barcode', 'standard_price'] as const

// A product without attributes is made with its only variant, and what is said of that.
product_template.prepare(async (env, list) => {
  if (env.context['create_product_product'] === false) return list
  return list.map((given) => {
    const hasAttributes = Array.isArray(given['attribute_line_ids']) && given['attribute_line_ids'].length > 0
    if (hasAttributes || 'product_variant_ids' in given) return given
    const own = Object.fromEntries(ofVariant.filter((name) => name in given).map((name) => [name, given[name]]))
    const template = Object.fromEntries(Object.entries(given).filter(([name]) => !(name in own)))
    return { ...template, product_variant_ids: [['create', own]] }
  })
})

product_template.changed(['attribute_line_ids'], async (sys, ids) => {
  await makeVariants(sys, ids)
})

/** How many variants a product may have. */
const mostVariants = 1000

/**
 * Makes the variants of these products those that their attributes say. Variants that are no longer wanted are archived, since documents
 * may name them; those that fit again come back. Throws a UserError where there would be too many.
 */
export async function makeVariants(sys: Env<true>, templates: readonly number[]): Promise<void> {
  const all = sys.withContext({ active_test: false })
  const lines = await all.model('product.template.attribute.line').search([['product_tmpl_id', 'in', templates]])
  await keepValues(all, lines.ids)
  const found = await all
    .model('product.template')
    .browse(templates)
    .read([
      'name',
      'attribute_line_ids.attribute_id.create_variant',
      'attribute_line_ids.product_template_value_ids.ptav_active',
      'attribute_line_ids.product_template_value_ids.exclude_for.value_ids',
      'product_variant_ids.active',
      'product_variant_ids.product_template_attribute_value_ids',
    ])
  const create: { product_tmpl_id: number; product_template_attribute_value_ids: [['set', readonly number[]]] }[] = []
  const extend = new Map<number, readonly number[]>()
  const turned = new Map<number, boolean>()
  for (const template of found) {
    const values = template.attribute_line_ids.flatMap((line) => line.product_template_value_ids)
    const excluded = new Set(
      values.flatMap((value) => value.exclude_for.flatMap((one) => one.value_ids.map((other) => pairKey(value.id, other)))),
    )
    const attributes = template.attribute_line_ids
      .filter((line) => line.attribute_id.create_variant === 'always')
      .map((line) => line.product_template_value_ids.filter((value) => value.ptav_active).map((value) => value.id))
    const present = template.product_variant_ids.map((variant) => ({
      id: variant.id,
      values: variant.product_template_attribute_value_ids,
      active: variant.active,
    }))
    const changes = reconcileVariants(attributes, wantedOf(sys, template.name, attributes, excluded), present)
    for (const own of changes.create) create.push({ product_tmpl_id: template.id, product_template_attribute_value_ids: [['set', own]] })
    for (const [id, own] of changes.extend) extend.set(id, own)
    for (const id of changes.archive) turned.set(id, false)
    for (const id of changes.unarchive) turned.set(id, true)
  }
  const variants = all.model('product.product')
  if (create.length > 0) await variants.create(create)
  if (extend.size > 0)
    await variants.browse([...extend.keys()]).write((id) => ({ product_template_attribute_value_ids: [['set', extend.get(id)!]] }))
  if (turned.size > 0) await variants.browse([...turned.keys()]).write((id) => ({ active: turned.get(id)! }))
}

function wantedOf(env: Env, name: string, attributes: readonly (readonly number[])[], excluded: ReadonlySet<string>): number[][] {
  try {
    return combinations(attributes, excluded, mostVariants)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new UserError(
      env.t('{name} would come in more than {most} variants. Let some attributes make no variants.', {
        name,
        most: mostVariants,
      }),
    )
  }
}
