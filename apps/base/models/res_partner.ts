import {
  type Loaded, type ModelFields, binary, boolean, char, html, integer, many2many, many2one, model, one2many, selection,
} from '@erp4/orm'
import { languages } from '../data/languages.ts'
import { timeZones } from '../time-zones.ts'

export const languageChoices: Readonly<Record<string, string>> = Object.fromEntries(languages.map((language) => [language.code, language.names.en_US]))

/** A person or a company in the books, or one of its addresses. */
export const res_partner = model('res.partner', {
  label: 'Contact',
  order: 'display_name, id desc',
  fields: {
    name:                  char({ index: 'trigram', help: 'Needed for people and companies; an address may do without.' }),
    display_name:          char({ compute: 'stored', required: true, index: 'trigram' }),
    complete_name:         char({ related: 'display_name' }),
    active:                boolean({ default: true }),
    is_company:            boolean({ label: 'Is a Company' }),
    company_type:          selection({ person: 'Person', company: 'Company' }, { compute: 'live', label: 'Company Type' }),
    type:                  selection(
      { contact: 'Contact', invoice: 'Invoice Address', delivery: 'Delivery Address', other: 'Other Address' },
      { label: 'Address Type', default: 'contact' },
    ),
    parent_id:             many2one('res.partner', { label: 'Related Company', index: true, ondelete: 'restrict', sameCompany: true }),
    parent_path:           char({ index: true, copy: false }),
    parent_name:           char({ related: 'parent_id.name', label: 'Parent Name' }),
    child_ids:             one2many('res.partner', 'parent_id', { label: 'Contacts & Addresses' }),
    commercial_partner_id: many2one('res.partner', { compute: 'stored', label: 'Commercial Entity', index: true }),

    email:                 char({ index: 'trigram' }),
    email_normalized:      char({ compute: 'stored', index: true, help: 'The address alone, in small letters, as mail programs compare it.' }),
    email_formatted:       char({ compute: 'live', label: 'Formatted Email' }),
    phone:                 char({ index: 'trigram' }),
    website:               char(),
    function:              char({ label: 'Job Position' }),

    street:                char(),
    street2:               char(),
    zip:                   char(),
    city:                  char({ index: true }),
    state_id:              many2one('res.country.state', { label: 'State', ondelete: 'restrict' }),
    country_id:            many2one('res.country', { ondelete: 'restrict', index: true }),
    country_code:          char({ related: 'country_id.code', label: 'Country Code' }),
    contact_address:       char({ compute: 'live', label: 'Complete Address' }),

    vat:                   char({ label: 'Tax ID', index: true, help: 'Belongs to the company and all its contacts.' }),
    company_registry:      char({ label: 'Company ID', help: 'Number in the commercial register.' }),
    ref:                   char({ label: 'Reference', index: true }),
    barcode:               char({ copy: false, companyDependent: true }),
    employee:              boolean({ help: 'Works for us.' }),
    customer_rank:         integer({ default: 0, copy: false }),
    supplier_rank:         integer({ default: 0, copy: false }),
    category_id:           many2many('res.partner.category', { label: 'Tags' }),
    user_id:               many2one('res.users', { label: 'Salesperson', index: true }),
    user_ids:              one2many('res.users', 'partner_id', { label: 'Users', copy: false }),
    company_id:            many2one('res.company', { index: true, help: 'Empty: seen in all companies.' }),
    bank_ids:              one2many('res.partner.bank', 'partner_id', { label: 'Banks' }),

    lang:                  selection(languageChoices, { label: 'Language', help: 'Of the documents and mails sent to this contact.' }),
    tz:                    selection(timeZones, { label: 'Timezone' }),
    comment:               html({ label: 'Notes' }),
    color:                 integer({ label: 'Color Index', default: 0 }),
    image_1920:            binary({ image: true, label: 'Image' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models { 'res.partner': ResPartner }
  interface ResPartner extends ModelFields<typeof res_partner> {}
}

res_partner.compute('display_name', ['name', 'type', 'is_company', 'parent_id.name'], (partner) => {
  const own = partner.name ?? (partner.type === null ? '' : addressLabels[partner.type])
  return partner.parent_id?.name && !partner.is_company ? `${partner.parent_id.name}, ${own}` : own
})

res_partner.compute('company_type', ['is_company'], (partner) => (partner.is_company ? 'company' : 'person'))
res_partner.inverse('company_type', (type) => ({ is_company: type === 'company' }))
res_partner.searchBy('company_type', (operator, type) => [['is_company', operator, type === 'company']])

res_partner.compute('commercial_partner_id', ['is_company', 'parent_id.commercial_partner_id'], (partner) =>
  partner.is_company || partner.parent_id === null ? partner.id : partner.parent_id.commercial_partner_id)

res_partner.compute('email_normalized', ['email'], (partner) => (partner.email === null ? null : plainAddress(partner.email)))

res_partner.compute('email_formatted', ['name', 'email'], (partner) => {
  const address = partner.email === null ? null : plainAddress(partner.email)
  return address === null ? null : `"${(partner.name ?? address).replaceAll(/["\\\r\n]/g, ' ').trim()}" <${address}>`
})

res_partner.compute('contact_address', ['street', 'street2', 'zip', 'city', 'state_id.name', 'country_id.name'], (partner) => writtenAddress(partner))

res_partner.constrain(['name', 'type'], (partner) =>
  partner.type !== 'contact' || isWritten(partner.name) || 'A contact needs a name.')

res_partner.constrain(['state_id.country_id', 'country_id'], (partner) =>
  partner.state_id === null || partner.country_id === null || partner.state_id.country_id === partner.country_id || 'The state lies in another country.')

res_partner.onchange('state_id', ['state_id.country_id'], (partner) => (partner.state_id ? { country_id: partner.state_id.country_id } : {}))

res_partner.onchange('country_id', ['country_id', 'state_id.country_id'], (partner) =>
  partner.state_id && partner.country_id !== null && partner.state_id.country_id !== partner.country_id ? { state_id: null } : {})

res_partner.onchange('parent_id', ['type', 'parent_id.street', 'parent_id.street2', 'parent_id.zip', 'parent_id.city', 'parent_id.state_id', 'parent_id.country_id'], (partner) => {
  if (partner.parent_id === null || partner.type !== 'contact') return {}
  const { street, street2, zip, city, state_id, country_id } = partner.parent_id
  const isEmpty = [street, street2, zip, city, state_id, country_id].every((value) => value === null)
  return isEmpty ? {} : { street, street2, zip, city, state_id, country_id }
})

const addressLabels = { contact: '', invoice: 'Invoice Address', delivery: 'Delivery Address', other: 'Other Address' } as const

const isWritten = (text: string | null): boolean => text !== null && text.trim() !== ''

/** `ann@azure.example` out of `Ann <Ann@Azure.example>`; null when it holds no single address. */
function plainAddress(email: string): string | null {
  const found = /<([^<>\s]+@[^<>\s]+)>\s*$/.exec(email)?.[1] ?? email.trim()
  return /^[^@\s,;<>"]+@[^@\s,;<>"]+$/.test(found) ? found.toLowerCase() : null
}

function writtenAddress(partner: Loaded<'res.partner', 'street' | 'street2' | 'zip' | 'city' | 'state_id.name' | 'country_id.name', true>): string {
  const town = [partner.city, partner.state_id?.name, partner.zip].filter(Boolean).join(' ')
  return [partner.street, partner.street2, town, partner.country_id?.name].filter(Boolean).join('\n')
}
