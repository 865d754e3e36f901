import {
  type Env,
  type Loaded,
  type ModelFields,
  binary,
  boolean,
  char,
  html,
  integer,
  many2many,
  many2one,
  model,
  one2many,
  selection,
} from '@erp4/orm'
import { languageNames } from '../data/languages.ts'
import { timeZones } from '../time-zones.ts'

export const languageChoices = languageNames

/** A person or a company in the books, or one of its addresses. */
export const res_partner = model('res.partner', {
  label: 'Contact',
  custom: 'fields',
  order: 'display_name, id desc',
  fields: {
    name: char({ index: 'trigram', help: 'Needed for people and companies; an address may do without.' }),
    display_name: char({ compute: 'stored', index: 'trigram' }),
    complete_name: char({ related: 'display_name' }),
    active: boolean({ default: true }),
    is_company: boolean({ label: 'Is a Company' }),
    company_type: selection({ person: 'Person', company: 'Company' }, { compute: 'live', label: 'Company Type' }),
    type: selection(
      { contact: 'Contact', invoice: 'Invoice Address', delivery: 'Delivery Address', other: 'Other Address' },
      { label: 'Address Type', default: 'contact' },
    ),
    parent_id: many2one('res.partner', { label: 'Related Company', index: true, ondelete: 'restrict', sameCompany: true }),
    parent_name: char({ related: 'parent_id.name', label: 'Parent Name' }),
    child_ids: one2many('res.partner', 'parent_id', { label: 'Contacts & Addresses' }),
    commercial_partner_id: many2one('res.partner', { compute: 'stored', label: 'Commercial Entity', index: true }),

    email: char({ index: 'trigram' }),
    email_normalized: char({ compute: 'stored', index: true, help: 'The address alone, in small letters, as mail programs compare it.' }),
    email_formatted: char({ compute: 'live', label: 'Formatted Email' }),
    phone: char({ index: 'trigram' }),
    website: char(),
    function: char({ label: 'Job Position' }),

    street: char(),
    street2: char(),
    zip: char(),
    city: char({ index: true }),
    state_id: many2one('res.country.state', { label: 'State', ondelete: 'restrict' }),
    country_id: many2one('res.country', { ondelete: 'restrict', index: true }),
    country_code: char({ related: 'country_id.code', label: 'Country Code' }),
    contact_address: char({ compute: 'live', label: 'Complete Address' }),

    vat: char({ label: 'Tax ID', index: true, help: 'Belongs to the company and all its contacts.' }),
    company_registry: char({ label: 'Company ID', help: 'Number in the commercial register.' }),
    ref: char({ label: 'Reference', index: true }),
    barcode: char({ copy: false, companyDependent: true }),
    employee: boolean({ help: 'Works for us.' }),
    customer_rank: integer({ default: 0, copy: false }),
    supplier_rank: integer({ default: 0, copy: false }),
    category_id: many2many('res.partner.category', { label: 'Tags' }),
    user_id: many2one('res.users', { label: 'Salesperson', index: true }),
    user_ids: one2many('res.users', 'partner_id', { label: 'Users', copy: false }),
    company_id: many2one('res.company', { index: true, help: 'Empty: seen in all companies.' }),
    bank_ids: one2many('res.partner.bank', 'partner_id', { label: 'Banks' }),

    lang: selection(languageChoices, { label: 'Language', help: 'Of the documents and mails sent to this contact.' }),
    tz: selection(timeZones, { label: 'Timezone' }),
    comment: html({ label: 'Notes' }),
    color: integer({ label: 'Color Index', default: 0 }),
    image_1920: binary({ image: true, label: 'Image' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'res.partner': ResPartner
  }
  interface ResPartner extends ModelFields<typeof res_partner> {}
}

// An address without a name goes by where it is: that tells two of a company apart, and is no word of any language (decision 24).
res_partner.compute('display_name', ['name', 'street', 'city', 'is_company', 'parent_id.name'], (partner) => {
  const own = partner.name ?? partner.street ?? partner.city ?? ''
  return partner.parent_id?.name && !partner.is_company ? [partner.parent_id.name, own].filter(Boolean).join(', ') : own
})

res_partner.compute('company_type', ['is_company'], (partner) => (partner.is_company ? 'company' : 'person'))
res_partner.inverse('company_type', (type) => ({ is_company: type === 'company' }))
res_partner.searchBy('company_type', (operator, type) => [['is_company', operator, type === 'company']])

res_partner.compute('commercial_partner_id', ['is_company', 'parent_id.commercial_partner_id'], (partner) =>
  partner.is_company || partner.parent_id === null ? partner.id : partner.parent_id.commercial_partner_id,
)

res_partner.compute('email_normalized', ['email'], (partner) => (partner.email === null ? null : plainAddress(partner.email)))

res_partner.compute('email_formatted', ['name', 'email'], (partner) => {
  const address = partner.email === null ? null : plainAddress(partner.email)
  return address === null ? null : `"${(partner.name ?? address).replaceAll(/["\\\r\n]/g, ' ').trim()}" <${address}>`
})

res_partner.compute('contact_address', ['street', 'street2', 'zip', 'city', 'state_id.name', 'country_id.name'], (partner) =>
  writtenAddress(partner),
)

// One constraint for both: each is a statement of its own at the end of a call, and contacts are written all day.
res_partner.constrain(['name', 'type', 'state_id.country_id', 'country_id'], (partner) => {
  if (partner.type === 'contact' && !isWritten(partner.name)) return 'A contact needs a name.'
  const { state_id: state, country_id: country } = partner
  return state === null || country === null || state.country_id === country || 'The state lies in another country.'
})

res_partner.onchange('state_id', ['state_id.country_id'], (partner) =>
  partner.state_id ? { country_id: partner.state_id.country_id } : {},
)

res_partner.onchange('country_id', ['country_id', 'state_id.country_id'], (partner) =>
  partner.state_id && partner.country_id !== null && partner.state_id.country_id !== partner.country_id ? { state_id: null } : {},
)

res_partner.onchange(
  'parent_id',
  ['type', 'parent_id.street', 'parent_id.street2', 'parent_id.zip', 'parent_id.city', 'parent_id.state_id', 'parent_id.country_id'],
  (partner) => {
    if (partner.parent_id === null || partner.type !== 'contact') return {}
    const { street, street2, zip, city, state_id, country_id } = partner.parent_id
    const isEmpty = [street, street2, zip, city, state_id, country_id].every((value) => value === null)
    return isEmpty ? {} : { street, street2, zip, city, state_id, country_id }
  },
)

/** Fields that a contact has from its company's commercial entity, so that documents to any of its people carry them. */
const commercialFields = ['vat', 'company_registry'] as const

const addressFields = ['street', 'street2', 'zip', 'city', 'state_id', 'country_id'] as const

// A new contact takes over what is its company's before it is stored; what hangs below changes with later writes only.
res_partner.prepare(async (env, list) => (list.some(hasParent) ? fromParents(env, list) : list))

res_partner.changed([...commercialFields, 'parent_id', 'is_company'], async (sys, ids, operation) => {
  if (operation === 'write') await shareCommercialFields(sys, ids)
})

res_partner.changed([...addressFields], async (sys, ids, operation) => {
  if (operation === 'write') await shareAddress(sys, ids)
})

/** What lies below a company that changed, or hangs on another one now, takes over its commercial fields. */
async function shareCommercialFields(sys: Env<true>, ids: readonly number[]): Promise<void> {
  const all = sys.withContext({ active_test: false }).model('res.partner')
  const written = await all.browse(ids).read(['commercial_partner_id'])
  const entities = [...new Set(written.map((one) => one.commercial_partner_id ?? one.id))]
  const parts = await all.find(
    [['commercial_partner_id', 'in', entities]],
    ['vat', 'company_registry', 'commercial_partner_id.vat', 'commercial_partner_id.company_registry'],
  )
  const stale = parts.filter(
    ({ commercial_partner_id: entity, ...own }) => entity !== null && commercialFields.some((field) => own[field] !== entity[field]),
  )
  const values = new Map(
    stale.map(({ id, commercial_partner_id: entity }) => [id, { vat: entity!.vat, company_registry: entity!.company_registry }]),
  )
  if (values.size > 0) await all.browse([...values.keys()]).write((id) => values.get(id)!)
}

/** People are found at their company's address: its change is theirs. Other addresses stay what they are. */
async function shareAddress(sys: Env<true>, ids: readonly number[]): Promise<void> {
  const all = sys.withContext({ active_test: false }).model('res.partner')
  const people = await all.find(
    [
      ['parent_id', 'in', ids],
      ['type', '=', 'contact'],
    ],
    ['parent_id', ...addressFields],
  )
  if (people.length === 0) return
  const homes = new Map((await all.browse(ids).read([...addressFields])).map((home) => [home.id, home]))
  const values = new Map(
    people.flatMap((person) => {
      const home = homes.get(person.parent_id!)
      return home && addressFields.some((field) => home[field] !== person[field]) ? [[person.id, addressOf(home)] as const] : []
    }),
  )
  if (values.size > 0) await all.browse([...values.keys()]).write((id) => values.get(id)!)
}

/** Commercial fields of the parent's commercial entity, and its address for a person given without one. */
async function fromParents(env: Env, list: readonly Given[]): Promise<readonly Given[]> {
  const ids = [...new Set(list.filter(hasParent).map((given) => given['parent_id'] as number))]
  const found = await env
    .model('res.partner')
    .browse(ids)
    .read([...addressFields, 'commercial_partner_id.vat', 'commercial_partner_id.company_registry'])
  const parents = new Map(found.map((parent) => [parent.id, parent]))
  return list.map((given) => {
    const parent = hasParent(given) ? parents.get(given['parent_id'] as number) : undefined
    if (!parent) return given
    const entity = given['is_company'] ? null : parent.commercial_partner_id
    return {
      ...given,
      ...(needsAddress(given) ? addressOf(parent) : {}),
      ...(entity ? { vat: entity.vat, company_registry: entity.company_registry } : {}),
    }
  })
}

type Given = Readonly<Record<string, unknown>>
type Address = Loaded<'res.partner', (typeof addressFields)[number]>

// Not yet looked at by anybody else: what is no id is left for the field to refuse.
const hasParent = ({ parent_id: id }: Given): boolean => typeof id === 'number' && Number.isInteger(id) && Math.abs(id) < 2 ** 31

const needsAddress = (given: Given): boolean => (given['type'] ?? 'contact') === 'contact' && addressFields.every((field) => !given[field])

const addressOf = ({ street, street2, zip, city, state_id, country_id }: Address) => ({ street, street2, zip, city, state_id, country_id })

const isWritten = (text: string | null): boolean => text !== null && text.trim() !== ''

const localPart = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const domainLabel = /^[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?$/u

/**
 * `ann@azure.example` out of `Ann <Ann@Azure.example>`; null when it holds no single address that a letter could go to (one that cannot be written
 * to would keep letters from everybody else who follows the same record). In time that grows with the text alone, which anybody may make long.
 */
function plainAddress(email: string): string | null {
  const text = email.trim()
  const start = text.lastIndexOf('<')
  const found = (start >= 0 && text.endsWith('>') ? text.slice(start + 1, -1) : text).toLowerCase()
  const at = found.lastIndexOf('@')
  if (at < 1 || at > 64 || found.length > 254 || !localPart.test(found.slice(0, at))) return null
  const labels = found.slice(at + 1).split('.')
  return labels.length > 1 && labels.every((label) => domainLabel.test(label)) ? found : null
}

const eastAsian = /[\p{Script=Hangul}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u

function writtenAddress(
  partner: Loaded<'res.partner', 'street' | 'street2' | 'zip' | 'city' | 'state_id.name' | 'country_id.name', true>,
): string {
  const { street, street2, zip, city } = partner
  // Written in such letters, an address goes from the large to the small.
  if (eastAsian.test(`${street ?? ''}${city ?? ''}`)) {
    const place = [zip ? `(${zip})` : '', partner.state_id?.name, city, street].filter(Boolean).join(' ')
    return [place, street2, partner.country_id?.name].filter(Boolean).join('\n')
  }
  const town = [city, partner.state_id?.name, zip].filter(Boolean).join(' ')
  return [street, street2, town, partner.country_id?.name].filter(Boolean).join('\n')
}
