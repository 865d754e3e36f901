import { Decimal, type ModelFields, boolean, char, decimal, integer, many2one, model, one2many, selection } from '@erp4/orm'

/** What variants of a product differ in: colour, size. */
export const product_attribute = model('product.attribute', {
  label: 'Attribute',
  order: 'sequence, id',
  fields: {
    name: char({ required: true, translate: true }),
    active: boolean({ default: true }),
    sequence: integer({ required: true, default: 20 }),
    create_variant: selection(
      { always: 'At once', no_variant: 'Never' },
      {
        label: 'Variant Creation',
        required: true,
        default: 'always',
        help: 'Never: it describes the product and makes no variants.',
      },
    ),
    display_type: selection(
      { radio: 'Radio', pills: 'Pills', select: 'Select', color: 'Color' },
      { label: 'Display Type', required: true, default: 'radio' },
    ),
    value_ids: one2many('product.attribute.value', 'attribute_id', { label: 'Values', copy: true }),
  },
})

export const product_attribute_value = model('product.attribute.value', {
  label: 'Attribute Value',
  order: 'sequence, id',
  unique: [{ fields: ['name', 'attribute_id'], message: 'The attribute has this value already.' }],
  fields: {
    name: char({ required: true, translate: true }),
    active: boolean({ default: true }),
    sequence: integer({ required: true, default: 10 }),
    attribute_id: many2one('product.attribute', { required: true, ondelete: 'cascade', index: true }),
    html_color: char({ label: 'Color' }),
    default_extra_price: decimal({ digits: 6, required: true, default: Decimal.of(0), label: 'Default Extra Price' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'product.attribute': ProductAttribute
    'product.attribute.value': ProductAttributeValue
  }
  interface ProductAttribute extends ModelFields<typeof product_attribute> {}
  interface ProductAttributeValue extends ModelFields<typeof product_attribute_value> {}
}
