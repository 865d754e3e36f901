import { type ModelFields, char, many2one, model } from '@erp4/orm'

export const res_country_state = model('res.country.state', {
  label: 'State',
  order: 'name, id',
  unique: [{ fields: ['country_id', 'code'], message: 'Another state of this country has this code already.' }],
  fields: {
    name: char({ label: 'State Name', required: true, translate: true, index: true, help: 'State, province, region or canton.' }),
    code: char({ label: 'State Code', required: true, help: 'ISO 3166-2, without the country.' }),
    country_id: many2one('res.country', { required: true, index: true }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'res.country.state': ResCountryState
  }
  interface ResCountryState extends ModelFields<typeof res_country_state> {}
}
