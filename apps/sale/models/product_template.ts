import { type FieldsOf, extend, selection } from '@erp4/orm'

export const product_template = extend('product.template', {
  fields: {
    invoice_policy: selection(
      { order: 'Ordered quantities', delivery: 'Delivered quantities' },
      { label: 'Invoicing Policy', default: 'order', help: 'What customers are asked to pay: what they ordered, or what they got.' },
    ),
  },
})

export const product_product = extend('product.product', {
  fields: {
    invoice_policy: selection(
      { order: 'Ordered quantities', delivery: 'Delivered quantities' },
      { related: 'product_tmpl_id.invoice_policy', label: 'Invoicing Policy' },
    ),
  },
})

declare module '@erp4/orm/models' {
  interface ProductTemplate extends FieldsOf<typeof product_template> {}
  interface ProductProduct extends FieldsOf<typeof product_product> {}
}
