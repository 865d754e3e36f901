import { type FieldsOf, boolean, extend, integer } from '@erp4/orm'
import { openSales } from '../data.ts'

export const res_company = extend('res.company', {
  fields: {
    quotation_validity_days: integer({
      label: 'Quotation Validity',
      required: true,
      default: 30,
      help: 'Days for which a quotation can be accepted; 0: for ever.',
    }),
    portal_confirmation_sign: boolean({ label: 'Online Signature', default: true, help: 'Customers sign quotations to confirm them.' }),
    sale_lock_confirmed: boolean({ label: 'Lock Confirmed Orders', help: 'What was agreed stays as it is from the confirmation on.' }),
  },
})

declare module '@erp4/orm/models' {
  interface ResCompany extends FieldsOf<typeof res_company> {}
}

res_company.changed(['name'], async (sys, ids, operation) => {
  if (operation === 'create') await openSales(sys, ids)
})
