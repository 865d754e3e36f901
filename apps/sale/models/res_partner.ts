import { type FieldsOf, extend, one2many } from '@erp4/orm'

export const res_partner = extend('res.partner', {
  fields: { sale_order_ids: one2many('sale.order', 'partner_id', { label: 'Sales Orders', copy: false }) },
})

declare module '@erp4/orm/models' {
  interface ResPartner extends FieldsOf<typeof res_partner> {}
}
