import { type FieldsOf, extend, many2many } from '@erp4/orm'

export const res_country_group = extend('res.country.group', {
  fields: { pricelist_ids: many2many('product.pricelist', { label: 'Pricelists', inverse: 'country_group_ids' }) },
})

declare module '@erp4/orm/models' {
  interface ResCountryGroup extends FieldsOf<typeof res_country_group> {}
}
