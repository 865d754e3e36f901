import { type FieldsOf, extend, many2one } from '@erp4/orm'

export const res_partner = extend('res.partner', {
  fields: {
    property_product_pricelist: many2one('product.pricelist', {
      companyDependent: true,
      label: 'Pricelist',
      help: 'What this customer pays. Empty: the pricelist of his country, or the sales prices.',
    }),
  },
})

declare module '@erp4/orm/models' {
  interface ResPartner extends FieldsOf<typeof res_partner> {}
}
