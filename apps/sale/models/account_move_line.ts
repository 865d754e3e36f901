import { type FieldsOf, extend, many2many } from '@erp4/orm'

export const account_move_line = extend('account.move.line', {
  fields: { sale_line_ids: many2many('sale.order.line', { label: 'Sales Order Lines', copy: false }) },
})

declare module '@erp4/orm/models' {
  interface AccountMoveLine extends FieldsOf<typeof account_move_line> {}
}
