import type { Env } from '@erp4/orm'
import { countryGroups, listCountries } from './data/countries.ts'
import { listCurrencies } from './data/currencies.ts'
import { listLanguages } from './data/languages.ts'
import { listSubdivisions } from './data/subdivisions.ts'
import { loadNamed } from './external-ids.ts'
import { syncMetadata } from './metadata.ts'
import { followAddresses } from './user-addresses.ts'

const base = { module: 'base' } as const

/**
 * Brings an instance to what this release ships: metadata, languages, currencies, countries and subdivisions, the main company
 * and its first users, none of whom has a password yet. Run as the system after each migration; what people may change (names, symbols, what is active) stays as they made it.
 */
export async function loadStandardData(sys: Env<true>): Promise<void> {
  const all = sys.withContext({ active_test: false, lang: 'en_US' })
  await syncMetadata(all)
  await loadLanguages(all)
  const currencyIds = await loadCurrencies(all)
  await loadCountries(all, currencyIds)
  await loadPeople(all, currencyIds)
  // Users of earlier releases have none yet.
  await followAddresses(all, [['security_email', '=', null]], 'first')
  await loadParameters(all)
}

async function loadLanguages(sys: Env<true>): Promise<void> {
  await loadNamed(
    sys,
    'res.lang',
    listLanguages().map((language) => ({
      key: language.id,
      values: { code: language.code, name: language.names.en_US },
      initial: {
        iso_code: language.isoCode,
        url_code: language.isoCode,
        direction: language.direction,
        date_format: language.dateFormat,
        time_format: language.timeFormat,
        week_start: language.weekStart,
        grouping: language.grouping,
        decimal_point: language.decimalPoint,
        thousands_sep: language.thousandsSeparator,
        active: language.active,
      },
      korean: { name: language.names.ko_KR },
    })),
    base,
  )
}

/** In use from the beginning; the others are switched on when somebody needs them. */
const usedAtFirst = new Set(['EUR', 'USD', 'KRW'])

async function loadCurrencies(sys: Env<true>): Promise<Map<string, number>> {
  return loadNamed(
    sys,
    'res.currency',
    listCurrencies().map((currency) => ({
      key: currency.code,
      // Odoo's ids are in capitals; integrations that write them small find the same record.
      aliases: [currency.code.toLowerCase()],
      values: { name: currency.code, full_name: currency.names.en_US, decimal_places: currency.digits },
      initial: { symbol: currency.symbol, position: currency.position, active: usedAtFirst.has(currency.code) },
      korean: { full_name: currency.names.ko_KR },
    })),
    base,
  )
}

async function loadCountries(sys: Env<true>, currencyIds: ReadonlyMap<string, number>): Promise<void> {
  const ids = await loadNamed(
    sys,
    'res.country',
    listCountries().map((country) => ({
      key: country.code.toLowerCase(),
      // Odoo knows the United Kingdom as base.uk.
      ...(country.code === 'GB' ? { aliases: ['uk'] } : {}),
      values: { code: country.code, phone_code: country.phoneCode, currency_id: currencyIds.get(country.currency) ?? null },
      initial: { name: country.names.en_US },
      korean: { name: country.names.ko_KR },
    })),
    base,
  )
  await loadNamed(
    sys,
    'res.country.group',
    countryGroups.map((group) => ({
      key: group.id,
      values: { country_ids: group.members.map((code) => ids.get(code.toLowerCase())!) },
      initial: { name: group.names.en_US },
      korean: { name: group.names.ko_KR },
    })),
    base,
  )
  await loadNamed(
    sys,
    'res.country.state',
    listSubdivisions().map(({ country, code, names }) => ({
      key: `state_${country}_${code}`.toLowerCase(),
      values: { country_id: ids.get(country.toLowerCase())!, code, name: names.en_US },
      ...(names.ko_KR === names.en_US ? {} : { korean: { name: names.ko_KR } }),
    })),
    base,
  )
}

async function loadPeople(sys: Env<true>, currencyIds: ReadonlyMap<string, number>): Promise<void> {
  const partners = await loadNamed(
    sys,
    'res.partner',
    [
      { key: 'main_partner', values: {}, initial: { name: 'My Company', is_company: true } },
      { key: 'partner_root', values: {}, initial: { name: 'System', active: false } },
      { key: 'partner_admin', values: {}, initial: { name: 'Administrator' } },
      { key: 'public_partner', values: {}, initial: { name: 'Public user', active: false } },
    ],
    base,
  )
  const companies = await loadNamed(
    sys,
    'res.company',
    [
      {
        key: 'main_company',
        values: {},
        initial: { name: 'My Company', partner_id: partners.get('main_partner')!, currency_id: currencyIds.get('EUR')! },
      },
    ],
    base,
  )
  const company = companies.get('main_company')!
  const groups = new Map((await sys.model('res.groups').find([], ['key'])).map((group) => [group.key, group.id]))
  const user = (login: string, partner: string, group: string, active = true) => ({
    login,
    active,
    partner_id: partners.get(partner)!,
    company_id: company,
    company_ids: [company],
    group_ids: [groups.get(group)!],
  })
  // In this order: integrations know the system as user 1 and the administrator as user 2.
  await loadNamed(
    sys,
    'res.users',
    [
      { key: 'user_root', values: {}, initial: user('__system__', 'partner_root', 'base.group_system', false) },
      { key: 'user_admin', values: {}, initial: user('admin', 'partner_admin', 'base.group_system') },
      { key: 'public_user', values: {}, initial: user('public', 'public_partner', 'base.group_public', false) },
    ],
    base,
  )
}

async function loadParameters(sys: Env<true>): Promise<void> {
  const parameters = { 'base.login_cooldown_after': '10', 'base.login_cooldown_duration': '60', 'auth_password_policy.minlength': '12' }
  await loadNamed(
    sys,
    'ir.config_parameter',
    Object.entries(parameters).map(([key, value]) => ({
      key: `parameter_${key.replaceAll('.', '_')}`,
      values: { key },
      initial: { value },
    })),
    base,
  )
}
