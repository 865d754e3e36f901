import type { Env } from '@erp4/orm'
import { type ExampleCompany, exampleCompanies, examplePeople, exampleTags, exampleUsers } from './data/examples.ts'
import { idOf, loadNamed } from './external-ids.ts'

const demo = { module: 'base', demo: true } as const

/**
 * Fills an instance with examples: companies with people and addresses in real countries, tags, and three users without passwords.
 * Their external ids are flagged `demo`, so `removeDemoData` finds them again. Run as the system, after `loadStandardData`; safe to run twice.
 */
export async function loadDemoData(sys: Env<true>): Promise<void> {
  const all = sys.withContext({ active_test: false, lang: 'en_US' })
  const users = await loadUsers(all)
  const tags = await loadTags(all)
  const places = await placesOf(all)
  const companies = await loadCompanies(all, { tags, places, salesman: users.get('user_ann')! })
  await loadPeople(all, companies, places)
}

async function loadUsers(sys: Env<true>): Promise<Map<string, number>> {
  const partners = await loadNamed(
    sys,
    'res.partner',
    exampleUsers.map((one) => ({
      key: `partner_${one.login}`,
      values: {},
      initial: {
        name: one.name,
        function: one.function,
        email: `${one.login}@mycompany.example`,
        lang: one.lang,
        tz: one.tz,
        employee: true,
      },
    })),
    demo,
  )
  const groups = new Map((await sys.model('res.groups').find([], ['key'])).map((group) => [group.key, group.id]))
  const company = await idOf(sys, 'base', 'main_company')
  if (company === undefined) throw new Error('Demo data needs the standard data first')
  return loadNamed(
    sys,
    'res.users',
    exampleUsers.map((one) => ({
      key: one.id,
      values: {},
      initial: {
        login: one.login,
        partner_id: partners.get(`partner_${one.login}`)!,
        lang: one.lang,
        tz: one.tz,
        company_id: company,
        company_ids: [company],
        group_ids: [groups.get(one.group)!],
      },
    })),
    demo,
  )
}

async function loadTags(sys: Env<true>): Promise<Map<string, number>> {
  const wanted = (tags: typeof exampleTags, parents: ReadonlyMap<string, number>) =>
    tags.map((tag) => ({
      key: tag.id,
      values: {},
      initial: { name: tag.name, color: tag.color, parent_id: tag.parent ? parents.get(tag.parent)! : null },
    }))
  const roots = await loadNamed(
    sys,
    'res.partner.category',
    wanted(
      exampleTags.filter((tag) => !tag.parent),
      new Map(),
    ),
    demo,
  )
  const leaves = await loadNamed(
    sys,
    'res.partner.category',
    wanted(
      exampleTags.filter((tag) => tag.parent),
      roots,
    ),
    demo,
  )
  return new Map([...roots, ...leaves])
}

/** Ids of countries and of their subdivisions, by code: `KR` and `KR-41`. */
async function placesOf(sys: Env<true>): Promise<Map<string, number>> {
  const countries = await sys.model('res.country').find([], ['code'])
  const codes = new Map(countries.map((country) => [country.id, country.code]))
  const states = await sys.model('res.country.state').find([], ['code', 'country_id'])
  return new Map([
    ...countries.map((country) => [country.code, country.id] as const),
    ...states.map((state) => [`${codes.get(state.country_id)}-${state.code}`, state.id] as const),
  ])
}

interface Known {
  readonly tags: ReadonlyMap<string, number>
  readonly places: ReadonlyMap<string, number>
  readonly salesman: number
}

async function loadCompanies(sys: Env<true>, { tags, places, salesman }: Known): Promise<Map<string, number>> {
  return loadNamed(
    sys,
    'res.partner',
    exampleCompanies.map((company) => ({
      key: company.id,
      values: {},
      initial: {
        name: company.name,
        is_company: true,
        phone: company.phone,
        email: `info@${domainOf(company)}`,
        website: `https://www.${domainOf(company)}`,
        vat: company.vat ?? null,
        lang: company.lang,
        category_id: company.tags.map((tag) => tags.get(tag)!),
        ...addressOf(company, places),
        user_id: company.tags.some((tag) => tag === 'tag_key_account') ? salesman : null,
      },
    })),
    demo,
  )
}

async function loadPeople(sys: Env<true>, companies: ReadonlyMap<string, number>, places: ReadonlyMap<string, number>): Promise<void> {
  const employed = exampleCompanies.flatMap((company) =>
    company.people.map((person, i) => ({
      key: `${company.id}_${i + 1}`,
      values: {},
      initial: {
        name: person.name,
        function: person.function,
        phone: person.phone ?? null,
        email: `contact${i + 1}@${domainOf(company)}`,
        lang: company.lang,
        parent_id: companies.get(company.id)!,
        ...addressOf(company, places),
      },
    })),
  )
  const deliveries = exampleCompanies.flatMap((company) =>
    company.delivery
      ? [
          {
            key: `${company.id}_delivery`,
            values: {},
            initial: { type: 'delivery', parent_id: companies.get(company.id)!, ...addressOf({ ...company, ...company.delivery }, places) },
          },
        ]
      : [],
  )
  const alone = examplePeople.map((person) => ({
    key: person.id,
    values: {},
    initial: { name: person.name, email: `${person.id}@mail.example`, lang: person.lang, ...addressOf(person, places) },
  }))
  await loadNamed(sys, 'res.partner', [...employed, ...deliveries, ...alone], demo)
}

function addressOf(
  one: { street: string; zip: string; city: string; country: string; state?: string },
  places: ReadonlyMap<string, number>,
) {
  const { street, zip, city, country, state } = one
  return { street, zip, city, country_id: places.get(country)!, state_id: state ? places.get(`${country}-${state}`)! : null }
}

const domainOf = (company: ExampleCompany): string => `${company.id.replaceAll('_', '-')}.example`
