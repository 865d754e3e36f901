import {
  Decimal,
  type Env,
  type ModelFields,
  binary,
  boolean,
  char,
  decimal,
  html,
  integer,
  many2many,
  many2one,
  model,
  selection,
  text,
} from '@erp4/orm'
import { combinationKey } from '../combinations.ts'

/** A variant of a product: what is ordered, delivered, invoiced and counted. */
export const product_product = model('product.product', {
  label: 'Product Variant',
  custom: 'fields',
  order: 'display_name, id',
  unique: [{ fields: ['barcode'], message: 'Another product has this barcode already.' }],
  fields: {
    display_name: char({ compute: 'stored', translate: true, index: 'trigram' }),
    active: boolean({ default: true }),
    product_tmpl_id: many2one('product.template', { label: 'Product', required: true, ondelete: 'cascade', index: true }),
    default_code: char({ label: 'Internal Reference', index: true }),
    barcode: char({ copy: false, help: 'What a scanner reads: a number for each kind.' }),
    standard_price: decimal({
      digits: 6,
      currency: 'currency_id',
      companyDependent: true,
      label: 'Cost',
      help: 'What one unit costs the company, in its currency.',
    }),
    product_template_attribute_value_ids: many2many('product.template.attribute.value', { label: 'Attribute Values', copy: false }),
    combination_indices: char({ compute: 'stored', label: 'Combination', index: true }),
    price_extra: decimal({ compute: 'live', digits: 6, currency: 'currency_id', label: 'Variant Extra Price' }),
    lst_price: decimal({
      compute: 'live',
      digits: 6,
      currency: 'currency_id',
      label: 'Public Price',
      help: 'The price of the product and what this variant costs more.',
    }),
    image_variant_1920: binary({ image: true, label: 'Variant Image' }),

    name: char({ related: 'product_tmpl_id.name' }),
    sequence: integer({ related: 'product_tmpl_id.sequence' }),
    type: selection({ consu: 'Goods', service: 'Service' }, { related: 'product_tmpl_id.type', label: 'Product Type' }),
    is_storable: boolean({ related: 'product_tmpl_id.is_storable', label: 'Track Inventory' }),
    categ_id: many2one('product.category', { related: 'product_tmpl_id.categ_id', label: 'Product Category' }),
    company_id: many2one('res.company', { related: 'product_tmpl_id.company_id' }),
    currency_id: many2one('res.currency', { related: 'product_tmpl_id.company_id.currency_id' }),
    list_price: decimal({ related: 'product_tmpl_id.list_price', digits: 6, currency: 'currency_id', label: 'Sales Price' }),
    uom_id: many2one('uom.uom', { related: 'product_tmpl_id.uom_id', label: 'Unit' }),
    uom_name: char({ related: 'product_tmpl_id.uom_id.name', label: 'Unit Name' }),
    sale_ok: boolean({ related: 'product_tmpl_id.sale_ok', label: 'Sales' }),
    purchase_ok: boolean({ related: 'product_tmpl_id.purchase_ok', label: 'Purchase' }),
    description: html({ related: 'product_tmpl_id.description', label: 'Internal Notes' }),
    description_sale: text({ related: 'product_tmpl_id.description_sale', label: 'Sales Description' }),
    description_purchase: text({ related: 'product_tmpl_id.description_purchase', label: 'Purchase Description' }),
    weight: decimal({ digits: 3, related: 'product_tmpl_id.weight' }),
    volume: decimal({ digits: 3, related: 'product_tmpl_id.volume' }),
    image_1920: binary({ related: 'product_tmpl_id.image_1920', image: true, label: 'Image' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'product.product': ProductProduct
  }
  interface ProductProduct extends ModelFields<typeof product_product> {}
}

const zero = Decimal.of(0)

product_product.compute(
  'display_name',
  [
    'default_code',
    'product_tmpl_id.name',
    'product_template_attribute_value_ids.attribute_line_id.sequence',
    'product_template_attribute_value_ids.product_attribute_value_id.name',
  ],
  (variant) =>
    variantName({
      code: variant.default_code,
      name: variant.product_tmpl_id.name,
      values: variant.product_template_attribute_value_ids.toSorted(byAttribute).map((value) => value.product_attribute_value_id.name),
    }),
)

product_product.compute('combination_indices', ['product_template_attribute_value_ids'], (variant) =>
  combinationKey(variant.product_template_attribute_value_ids),
)

product_product.compute('price_extra', ['product_template_attribute_value_ids.price_extra'], (variant) =>
  Decimal.sum(variant.product_template_attribute_value_ids.map((value) => value.price_extra)),
)

product_product.compute('lst_price', ['product_tmpl_id.list_price', 'product_template_attribute_value_ids.price_extra'], (variant) =>
  Decimal.sum([variant.product_tmpl_id.list_price, ...variant.product_template_attribute_value_ids.map((value) => value.price_extra)]),
)

product_product.constrain(['standard_price'], (variant) =>
  (variant.standard_price ?? zero).isNegative() ? 'A product costs nothing at least.' : true,
)

interface Valued {
  readonly attribute_line_id: { readonly id: number; readonly sequence: number } | null
}

/** As the attributes of the product are ordered. */
export function byAttribute({ attribute_line_id: a }: Valued, { attribute_line_id: b }: Valued): number {
  return (a?.sequence ?? 0) - (b?.sequence ?? 0) || (a?.id ?? 0) - (b?.id ?? 0)
}

/** `[DESK-1] Desk (Oak, 160 cm)`, as documents and lists name a variant. */
export function variantName({ code, name, values }: { code: string | null; name: string; values: readonly (string | null)[] }): string {
  const kind = values.filter((value) => value !== null).join(', ')
  return `${code ? `[${code}] ` : ''}${name}${kind ? ` (${kind})` : ''}`
}

/** A variant made by itself is a product of one kind: its template is made with it, of what is given of that. */
product_product.prepare(async (env, list) => {
  const alone = list.filter((given) => !given['product_tmpl_id'])
  if (alone.length === 0) return list
  const related = new Map(
    [...env.modelOf('product.product').fields.values()].flatMap((field) =>
      field.related?.[0] === 'product_tmpl_id' && field.related.length === 2 ? [[field.name, field.related[1]!] as const] : [],
    ),
  )
  const templates = alone.map((given) =>
    Object.fromEntries(Object.entries(given).flatMap(([name, value]) => (related.has(name) ? [[related.get(name)!, value]] : []))),
  )
  const ids = await makeTemplates(env, templates)
  const own = new Map(alone.map((given, i) => [given, ids[i]!]))
  return list.map((given) => {
    const product_tmpl_id = own.get(given)
    if (product_tmpl_id === undefined) return given
    return { ...Object.fromEntries(Object.entries(given).filter(([name]) => !related.has(name))), product_tmpl_id }
  })
})

async function makeTemplates(env: Env, templates: readonly Record<string, unknown>[]): Promise<readonly number[]> {
  const table = env.withContext({ create_product_product: false }).model('product.template')
  // Names and values are the caller's; the ORM looks at each of them.
  return (await table.create(templates as never)).ids
}
