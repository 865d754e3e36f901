import { type Env, type ModelFields, UserError, binary, boolean, char, integer, many2many, many2one, model, one2many } from '@erp4/orm'
import { userManager } from '../groups.ts'

/** One of our own companies: its books, its users, its currency. */
export const res_company = model('res.company', {
  label: 'Company',
  custom: 'links',
  order: 'sequence, name',
  unique: [{ fields: ['name'], message: 'Another company has this name already.' }],
  fields: {
    name: char({ label: 'Company Name', required: true }),
    active: boolean({ default: true }),
    sequence: integer({ default: 10 }),
    partner_id: many2one('res.partner', { label: 'Partner', required: true, ondelete: 'restrict' }),
    currency_id: many2one('res.currency', { required: true, ondelete: 'restrict', default: currencyOfCaller }),
    parent_id: many2one('res.company', { label: 'Parent Company', index: true, ondelete: 'restrict' }),
    parent_path: char({ index: true }),
    child_ids: one2many('res.company', 'parent_id', { label: 'Branches' }),
    user_ids: many2many('res.users', { label: 'Accepted Users', copy: false, inverse: 'company_ids' }),
    email: char({ related: 'partner_id.email' }),
    phone: char({ related: 'partner_id.phone' }),
    website: char({ related: 'partner_id.website' }),
    vat: char({ related: 'partner_id.vat', label: 'Tax ID' }),
    company_registry: char({ related: 'partner_id.company_registry', label: 'Company ID' }),
    street: char({ related: 'partner_id.street' }),
    street2: char({ related: 'partner_id.street2' }),
    zip: char({ related: 'partner_id.zip' }),
    city: char({ related: 'partner_id.city' }),
    state_id: many2one('res.country.state', { related: 'partner_id.state_id', label: 'State' }),
    country_id: many2one('res.country', { related: 'partner_id.country_id' }),
    country_code: char({ related: 'partner_id.country_id.code', label: 'Country Code' }),
    logo: binary({ related: 'partner_id.image_1920', image: true, label: 'Company Logo' }),
    color: integer({ default: 0 }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'res.company': ResCompany
  }
  interface ResCompany extends ModelFields<typeof res_company> {}
}

/** A further company counts in the currency of the one that its maker works in, until he says otherwise. */
async function currencyOfCaller(env: Env): Promise<number> {
  const [own] = await env.model('res.company').browse([env.user.company_id]).read(['currency_id'])
  if (!own) throw new UserError('Say in which currency the company counts.')
  return own.currency_id
}

/** A company is in the books like any other: its contact is made with it. */
res_company.prepare(async (env, list) => {
  const incomplete = list.filter((given) => !given['partner_id'])
  if (incomplete.length === 0 || !env.isIn(userManager)) return list
  const made = await env.asSystem('a new company needs the contact that it is', async (sys) => {
    const contacts = await sys
      .model('res.partner')
      .create(incomplete.map((given) => ({ name: String(given['name'] ?? ''), is_company: true })))
    return contacts.ids
  })
  const partners = new Map(incomplete.map((given, i) => [given, made[i]!]))
  return list.map((given) => (partners.has(given) ? { ...given, partner_id: partners.get(given) } : given))
})

res_company.changed(['name'], async (sys, ids, operation) => {
  if (operation === 'create') await letMakerIn(sys, ids)
  else await renameContacts(sys, ids)
})

/** Whoever makes a company works in it; else he could not see what he made. */
async function letMakerIn(sys: Env<true>, ids: readonly number[]): Promise<void> {
  const maker = sys.model('res.users').browse([sys.user.id])
  const [user] = await maker.read(['company_ids'])
  if (user) await maker.write({ company_ids: [['set', [...user.company_ids, ...ids]]] })
}

async function renameContacts(sys: Env<true>, ids: readonly number[]): Promise<void> {
  const companies = await sys.model('res.company').browse(ids).read(['name', 'partner_id'])
  const names = new Map(companies.map((company) => [company.partner_id, company.name]))
  await sys
    .model('res.partner')
    .browse([...names.keys()])
    .write((id) => ({ name: names.get(id)! }))
}
