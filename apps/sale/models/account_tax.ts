import { type FieldsOf, extend, many2many } from '@erp4/orm'

export const account_tax = extend('account.tax', {
  fields: { sale_line_ids: many2many('sale.order.line', { label: 'Sales Order Lines', inverse: 'tax_ids', copy: false }) },
})

declare module '@erp4/orm/models' {
  interface AccountTax extends FieldsOf<typeof account_tax> {}
}
