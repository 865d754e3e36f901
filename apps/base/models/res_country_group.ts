import { type ModelFields, char, many2many, model } from '@erp4/orm'

export const res_country_group = model('res.country.group', {
  label: 'Country Group',
  order: 'name',
  fields: {
    name: char({ required: true, translate: true }),
    code: char(),
    country_ids: many2many('res.country', { label: 'Countries', inverse: 'country_group_ids' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'res.country.group': ResCountryGroup
  }
  interface ResCountryGroup extends ModelFields<typeof res_country_group> {}
}
