import { type ModelFields, binary, boolean, char, integer, many2many, many2one, model, one2many } from '@erp4/orm'

/** One of our own companies: its books, its users, its currency. */
export const res_company = model('res.company', {
  label: 'Company',
  order: 'sequence, name',
  unique: [{ fields: ['name'], message: 'Another company has this name already.' }],
  fields: {
    name:             char({ label: 'Company Name', required: true }),
    active:           boolean({ default: true }),
    sequence:         integer({ default: 10 }),
    partner_id:       many2one('res.partner', { label: 'Partner', required: true, ondelete: 'restrict' }),
    currency_id:      many2one('res.currency', { required: true, ondelete: 'restrict' }),
    parent_id:        many2one('res.company', { label: 'Parent Company', index: true, ondelete: 'restrict' }),
    parent_path:      char({ index: true }),
    child_ids:        one2many('res.company', 'parent_id', { label: 'Branches' }),
    user_ids:         many2many('res.users', { label: 'Accepted Users', copy: false, inverse: 'company_ids' }),
    email:            char({ related: 'partner_id.email' }),
    phone:            char({ related: 'partner_id.phone' }),
    website:          char({ related: 'partner_id.website' }),
    vat:              char({ related: 'partner_id.vat', label: 'Tax ID' }),
    company_registry: char({ related: 'partner_id.company_registry', label: 'Company ID' }),
    street:           char({ related: 'partner_id.street' }),
    street2:          char({ related: 'partner_id.street2' }),
    zip:              char({ related: 'partner_id.zip' }),
    city:             char({ related: 'partner_id.city' }),
    state_id:         many2one('res.country.state', { related: 'partner_id.state_id', label: 'State' }),
    country_id:       many2one('res.country', { related: 'partner_id.country_id' }),
    country_code:     char({ related: 'partner_id.country_id.code', label: 'Country Code' }),
    logo:             binary({ related: 'partner_id.image_1920', image: true, label: 'Company Logo' }),
    color:            integer({ default: 0 }),
  },
})

declare module '@erp4/orm/models' {
  interface Models { 'res.company': ResCompany }
  interface ResCompany extends ModelFields<typeof res_company> {}
}
