import { type ModelFields, char, integer, many2many, many2one, model, one2many } from '@erp4/orm'

export const res_country = model('res.country', {
  label: 'Country',
  custom: 'links',
  order: 'name',
  unique: [{ fields: ['code'], fold: true, message: 'Another country has this code already.' }],
  fields: {
    name: char({ required: true, translate: true }),
    code: char({ label: 'Country Code', required: true, size: 2, help: 'ISO 3166-1, two letters.' }),
    phone_code: integer({ label: 'Country Calling Code', grouping: false }),
    currency_id: many2one('res.currency'),
    state_ids: one2many('res.country.state', 'country_id', { label: 'States' }),
    country_group_ids: many2many('res.country.group', { label: 'Country Groups' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'res.country': ResCountry
  }
  interface ResCountry extends ModelFields<typeof res_country> {}
}

res_country.constrain(['code'], (country) => /^[A-Z]{2}$/.test(country.code) || 'A country code is two capital letters.')
