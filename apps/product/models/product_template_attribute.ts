import { Decimal, type Env, type ModelFields, boolean, char, decimal, integer, many2many, many2one, model, one2many } from '@erp4/orm'

/** An attribute that a product has, with those of its values that the product comes in. */
export const product_template_attribute_line = model('product.template.attribute.line', {
  label: 'Product Attribute',
  order: 'sequence, id',
  unique: [{ fields: ['product_tmpl_id', 'attribute_id'], message: 'The product has this attribute already.' }],
  fields: {
    display_name: char({ related: 'attribute_id.name' }),
    sequence: integer({ required: true, default: 10 }),
    product_tmpl_id: many2one('product.template', { label: 'Product', required: true, ondelete: 'cascade', index: true }),
    attribute_id: many2one('product.attribute', { required: true, ondelete: 'restrict', index: true }),
    value_ids: many2many('product.attribute.value', { label: 'Values', archived: true }),
    product_template_value_ids: one2many('product.template.attribute.value', 'attribute_line_id', {
      label: 'Values of the Product',
      copy: false,
    }),
  },
})

/** One value of an attribute, as one product has it: with what it costs more, and whether it is still offered. */
export const product_template_attribute_value = model('product.template.attribute.value', {
  label: 'Product Attribute Value',
  order: 'id',
  unique: [{ fields: ['attribute_line_id', 'product_attribute_value_id'] }],
  fields: {
    name: char({ related: 'product_attribute_value_id.name' }),
    ptav_active: boolean({ label: 'Offered', default: true }),
    attribute_line_id: many2one('product.template.attribute.line', { required: true, ondelete: 'cascade', index: true }),
    product_attribute_value_id: many2one('product.attribute.value', {
      label: 'Attribute Value',
      required: true,
      ondelete: 'restrict',
      index: true,
    }),
    attribute_id: many2one('product.attribute', { related: 'attribute_line_id.attribute_id' }),
    product_tmpl_id: many2one('product.template', { related: 'attribute_line_id.product_tmpl_id', label: 'Product' }),
    html_color: char({ related: 'product_attribute_value_id.html_color', label: 'Color' }),
    currency_id: many2one('res.currency', { related: 'attribute_line_id.product_tmpl_id.company_id.currency_id' }),
    price_extra: decimal({ digits: 6, currency: 'currency_id', required: true, default: Decimal.of(0), label: 'Extra Price' }),
    exclude_for: one2many('product.template.attribute.exclusion', 'product_template_attribute_value_id', {
      label: 'Exclude for',
      copy: false,
    }),
  },
})

/** A value that does not go together with others: no variant has both. */
export const product_template_attribute_exclusion = model('product.template.attribute.exclusion', {
  label: 'Product Attribute Exclusion',
  fields: {
    product_template_attribute_value_id: many2one('product.template.attribute.value', {
      label: 'Attribute Value',
      required: true,
      ondelete: 'cascade',
      index: true,
    }),
    product_tmpl_id: many2one('product.template', { label: 'Product', required: true, ondelete: 'cascade', index: true }),
    value_ids: many2many('product.template.attribute.value', { label: 'Attribute Values' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'product.template.attribute.line': ProductTemplateAttributeLine
    'product.template.attribute.value': ProductTemplateAttributeValue
    'product.template.attribute.exclusion': ProductTemplateAttributeExclusion
  }
  interface ProductTemplateAttributeLine extends ModelFields<typeof product_template_attribute_line> {}
  interface ProductTemplateAttributeValue extends ModelFields<typeof product_template_attribute_value> {}
  interface ProductTemplateAttributeExclusion extends ModelFields<typeof product_template_attribute_exclusion> {}
}

product_template_attribute_line.constrain(['value_ids.attribute_id', 'attribute_id'], (line) => {
  if (line.value_ids.length === 0) return 'Choose at least one value for each attribute of a product.'
  return line.value_ids.every((value) => value.attribute_id === line.attribute_id) || 'These values belong to another attribute.'
})

/**
 * Gives each attribute of these products one value record for each value it comes in; those that it no longer comes in are kept, not
 * offered, since variants that were sold have them.
 */
export async function keepValues(sys: Env<true>, lines: readonly number[]): Promise<void> {
  const found = await sys
    .model('product.template.attribute.line')
    .browse(lines)
    .read([
      'value_ids.default_extra_price',
      'product_template_value_ids.product_attribute_value_id',
      'product_template_value_ids.ptav_active',
    ])
  const values = sys.model('product.template.attribute.value')
  const missing = found.flatMap((line) => {
    const known = new Set(line.product_template_value_ids.map((value) => value.product_attribute_value_id))
    return line.value_ids
      .filter((value) => !known.has(value.id))
      .map((value) => ({ attribute_line_id: line.id, product_attribute_value_id: value.id, price_extra: value.default_extra_price }))
  })
  const turned = new Map(
    found.flatMap((line) => {
      const wanted = new Set(line.value_ids.map((value) => value.id))
      return line.product_template_value_ids
        .filter((value) => value.ptav_active !== wanted.has(value.product_attribute_value_id))
        .map((value) => [value.id, !value.ptav_active] as const)
    }),
  )
  if (missing.length > 0) await values.create(missing)
  if (turned.size > 0) await values.browse([...turned.keys()]).write((id) => ({ ptav_active: turned.get(id)! }))
}
