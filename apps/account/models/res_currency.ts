import { type FieldsOf, extend, one2many } from '@erp4/orm'

export const res_currency = extend('res.currency', {
  fields: { move_ids: one2many('account.move', 'currency_id', { label: 'Journal Entries', copy: false }) },
})

declare module '@erp4/orm/models' {
  interface ResCurrency extends FieldsOf<typeof res_currency> {}
}
