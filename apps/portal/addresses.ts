import { post } from '@erp4/mail'
import { AccessError, type AddressBook, type AddressGiven, type Env, type PostalAddress, UserError } from '@erp4/orm'
import { paragraphs } from './correspondence.ts'
import { kindsOf } from './links.ts'

// Where customers want to have their invoices and goods: their own addresses, by their own hands. Nothing else of a contact is theirs to change:
// not its name or tax number, whose it is, or who may sign in as it.

const paths = [
  'name',
  'display_name',
  'type',
  'street',
  'street2',
  'zip',
  'city',
  'state_id.name',
  'country_id.name',
  'phone',
  'contact_address',
] as const
const kinds = ['invoice', 'delivery'] as const
const mostAddresses = 50

/** The addresses of the caller's company, and the countries and subdivisions to choose from. */
export async function readAddresses(env: Env): Promise<AddressBook> {
  const entity = env.user.commercial_partner_id
  const found = await env
    .model('res.partner')
    .find(['|', ['id', '=', entity], '&', ['parent_id', '=', entity], ['type', 'in', [...kinds]]], paths, {
      order: 'type desc, display_name, id',
      limit: mostAddresses + 1,
    })
  const countries = await env.model('res.country').find([], ['name'], { order: 'name' })
  return {
    main: found.filter(({ id }) => id === entity).map(asAddress)[0] ?? null,
    // Whoever is his own company changes where he is at home; an employee does not move his company.
    mayChangeMain: env.user.partner_id === entity,
    others: found.filter(({ id }) => id !== entity).map(asAddress),
    countries: countries.map(({ id, name }) => ({ id, name: name ?? '' })),
  }
}

/** The subdivisions of a country. */
export async function readStates(env: Env, country: number): Promise<AddressBook['countries']> {
  const found = await env.model('res.country.state').find([['country_id', '=', country]], ['name'], { order: 'name' })
  return found.map(({ id, name }) => ({ id, name: name ?? '' }))
}

type Row = Awaited<ReturnType<typeof read>>[number]
const read = (env: Env, id: number) => env.model('res.partner').find([['id', '=', id]], paths)

const asAddress = (row: Row): PostalAddress => ({
  id: row.id,
  kind: row.type === 'invoice' || row.type === 'delivery' ? row.type : 'main',
  name: row.name ?? '',
  street: row.street ?? '',
  street2: row.street2 ?? '',
  zip: row.zip ?? '',
  city: row.city ?? '',
  state: row.state_id?.id ?? null,
  country: row.country_id?.id ?? null,
  phone: row.phone ?? '',
  lines: (row.contact_address ?? '').split('\n').filter((line) => line !== ''),
})

/**
 * Keeps an address: a new one where `id` is null. One that stands on documents stays as it is there: a new one takes its place. Our side finds
 * what changed in the history of the customer.
 * @throws AccessError for an address that is not the caller's; UserError saying what is wrong with it
 */
export async function saveAddress(env: Env, id: number | null, given: AddressGiven): Promise<void> {
  const values = checked(env, given)
  const own = id === null ? null : await demandOwn(env, id)
  await env.asSystem('customers keep their own addresses, and nothing else of a contact', async (sys) => {
    const entity = env.user.commercial_partner_id
    await sys.model('res.partner').browse([entity]).lock()
    await demandPlace(sys, values)
    const what = { who: env.user.name, address: written(values) }
    if (own?.kind === 'main') {
      const { name: _, ...place } = values
      await sys.model('res.partner').browse([entity]).write(place)
      return tell(sys, entity, sys.t('{who} changed the address: {address}', what))
    }
    if (own && !(await isOnPapers(sys, own.id))) {
      await sys.model('res.partner').browse([own.id]).write(values)
      return tell(sys, entity, sys.t('{who} changed an address: {address}', what))
    }
    const kind = own?.kind ?? given.kind
    const count = await sys.model('res.partner').count([
      ['parent_id', '=', entity],
      ['type', 'in', [...kinds]],
    ])
    if (!own && count >= mostAddresses) throw new UserError(sys.t('You have {most} addresses. Archive one first.', { most: mostAddresses }))
    const [company] = await sys.model('res.partner').browse([entity]).read(['company_id', 'lang'])
    await sys
      .model('res.partner')
      .create({ ...values, type: kind, parent_id: entity, company_id: company?.company_id ?? null, lang: company?.lang ?? null })
    if (own) await sys.model('res.partner').browse([own.id]).write({ active: false })
    return tell(sys, entity, own ? sys.t('{who} changed an address: {address}', what) : sys.t('{who} added an address: {address}', what))
  })
}

/** Takes an invoice or delivery address out of use; documents keep it. */
export async function archiveAddress(env: Env, id: number): Promise<void> {
  const own = await demandOwn(env, id)
  if (own.kind === 'main') throw new AccessError(env.t('This is not your address.'))
  await env.asSystem('customers put their own addresses away', async (sys) => {
    await sys.model('res.partner').browse([id]).write({ active: false })
    await tell(
      sys,
      env.user.commercial_partner_id,
      sys.t('{who} put an address away: {address}', { who: env.user.name, address: own.lines.join(', ') }),
    )
  })
}

/** An address that the caller may change: read with his own rights, and then one of those that are his to keep. */
async function demandOwn(env: Env, id: number): Promise<PostalAddress> {
  const { main, mayChangeMain, others } = await readAddresses(env)
  const own = [...(main && mayChangeMain ? [main] : []), ...others].find((one) => one.id === id)
  if (!own) throw new AccessError(env.t('This is not your address.'))
  return own
}

const lengths = { name: 100, street: 200, street2: 200, zip: 20, city: 100, phone: 40 } as const

/** What may be written, and nothing else that came along. */
function checked(env: Env, given: AddressGiven) {
  const text = (field: keyof typeof lengths): string | null => {
    const value = given[field].replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()
    if (value.length > lengths[field]) throw new UserError(env.t('That is longer than {most} characters.', { most: lengths[field] }))
    return value === '' ? null : value
  }
  const values = {
    name: text('name'),
    street: text('street'),
    street2: text('street2'),
    zip: text('zip'),
    city: text('city'),
    phone: text('phone'),
  }
  if (!values.street || !values.city) throw new UserError(env.t('An address has a street and a city.'))
  if (given.country === null) throw new UserError(env.t('Choose a country.'))
  return { ...values, country_id: given.country, state_id: given.state }
}

type Values = ReturnType<typeof checked>

async function demandPlace(sys: Env<true>, { country_id, state_id }: Values): Promise<void> {
  if ((await sys.model('res.country').count([['id', '=', country_id]])) === 0) throw new UserError(sys.t('Choose a country.'))
  if (state_id === null) return
  const fits = await sys.model('res.country.state').count([
    ['id', '=', state_id],
    ['country_id', '=', country_id],
  ])
  if (fits === 0) throw new UserError(sys.t('The state lies in another country.'))
}

/** Whether a document that people get names the address, in whichever of its fields. */
async function isOnPapers(sys: Env<true>, id: number): Promise<boolean> {
  const all = sys.withContext({ active_test: false })
  for (const { model } of kindsOf(sys)) {
    const links = [...sys.registry.models.get(model)!.fields.values()].filter(
      (field) => field.comodel === 'res.partner' && field.kind === 'many2one' && field.column,
    )
    for (const { name } of links) if ((await all.model(model).count([[name, '=', id]] as never, { limit: 1 })) > 0) return true
  }
  return false
}

const written = ({ name, street, street2, zip, city }: Values): string => [name, street, street2, zip, city].filter(Boolean).join(', ')

const tell = async (sys: Env<true>, entity: number, text: string): Promise<void> => {
  await post(sys, { model: 'res.partner', id: entity }, { kind: 'note', type: 'notification', body: paragraphs(text) })
}
