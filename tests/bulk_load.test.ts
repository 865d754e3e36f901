import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { OdooClient } from 'odoo-xmlrpc-ts'
import { RunningErp4 } from '@erp4/testing'
import { type Company, addressBook } from './bulk/book.ts'
import { type Caller, type People, makePeople } from './clients/wire.ts'

// The main job: a published client loads a few thousand companies and contacts into an empty instance, works with them, and the
// neighbours see nothing of it. Times are printed and decide nothing.

const book = addressBook(1_500)
const loaded = book.slice(0, 1_200)
const created = book.slice(1_200)
const people = (companies: readonly Company[]) => companies.flatMap((company) => company.people.map((person) => ({ ...person, company })))

let erp4: RunningErp4
let who: People
let editor: OdooClient
let neighbour: OdooClient

const clientOf = ({ url, db, login, password }: Caller): OdooClient => new OdooClient({ url, db, username: login, password })

before(async () => {
  erp4 = await RunningErp4.start()
  who = await makePeople(erp4.instance('main'), 'bulk')
  editor = clientOf(who.editor)
  neighbour = clientOf(who.neighbour)
})
after(() => erp4?.remove())

interface Loaded {
  readonly ids: number[] | false
  readonly messages: readonly { message: string; record: number; field?: string; type: string }[]
  readonly nextrow: number
}

const load = (fields: readonly string[], rows: readonly (readonly string[])[]): Promise<Loaded> =>
  editor.execute('res.partner', 'load', [fields, rows])

function batches<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size))
}

const companyFields = ['id', 'name', 'is_company', 'street', 'zip', 'city', 'state_id/id', 'country_id', 'phone', 'email']
const countryNames = new Intl.DisplayNames(['en'], { type: 'region' })
const companyRow = ({ key, name, street, zip, town, phone, email }: Company): string[] => [
  `book.${key}`,
  name,
  '1',
  street,
  zip,
  town.city,
  `base.state_${town.country}_${town.state}`.toLowerCase(),
  countryNames.of(town.country)!,
  phone,
  email,
]

const count = (client: OdooClient, domain: unknown[], context = {}): Promise<number> =>
  client.execute('res.partner', 'search_count', [domain], { context })

/** What the book is known by: nobody else's mail ends so. */
const ofTheBook = ['email', '=like', '%.example%']

test('a few thousand companies and contacts are loaded, by import and in lists', async (t) => {
  const began = performance.now()
  for (const batch of batches(loaded, 300)) {
    const { ids, messages } = await load(companyFields, batch.map(companyRow))
    assert.deepEqual(messages, [])
    assert.equal((ids as number[]).length, batch.length)
  }
  const imported = performance.now()
  for (const batch of batches(people(loaded), 600)) {
    const rows = batch.map(({ key, name, function: job, email, company }) => [`book.${key}`, name, job, email, `book.${company.key}`])
    const { ids, messages } = await load(['id', 'name', 'function', 'email', 'parent_id/id'], rows)
    assert.deepEqual(messages, [])
    assert.equal((ids as number[]).length, batch.length)
  }
  const peopled = performance.now()
  const places = await placeIds()
  for (const batch of batches(created, 100)) {
    const ids = await editor.execute<number[]>('res.partner', 'create', [batch.map((company) => orderOf(company, places))])
    assert.equal(ids.length, batch.length)
  }
  const listed = performance.now()
  const total = book.length + people(book).length
  assert.equal(await count(editor, [ofTheBook]), total)
  assert.equal(await count(editor, [ofTheBook, ['is_company', '=', true]]), book.length)
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
  t.diagnostic(
    `${total} records: ${loaded.length} companies imported in ${seconds(imported - began)}, ${people(loaded).length} contacts in ${seconds(peopled - imported)}, ` +
      `${created.length} companies with ${people(created).length} contacts created in ${seconds(listed - peopled)}`,
  )
})

/** Ids of countries by code, and of subdivisions by both codes. */
async function placeIds(): Promise<Map<string, number>> {
  const countries = await editor.searchRead<{ id: number; code: string }>('res.country', [], { fields: ['code'] })
  const codes = new Map(countries.map(({ id, code }) => [id, code]))
  const states = await editor.searchRead<{ id: number; code: string; country_id: [number, string] }>('res.country.state', [], {
    fields: ['code', 'country_id'],
  })
  return new Map([
    ...countries.map(({ id, code }) => [code, id] as const),
    ...states.map(({ id, code, country_id }) => [`${codes.get(country_id[0])}-${code}`, id] as const),
  ])
}

const orderOf = ({ name, street, zip, phone, email, town, people: staff }: Company, places: ReadonlyMap<string, number>) => ({
  name,
  is_company: true,
  street,
  zip,
  city: town.city,
  phone,
  email,
  country_id: places.get(town.country)!,
  state_id: places.get(`${town.country}-${town.state}`)!,
  child_ids: staff.map((person) => [0, 0, { name: person.name, function: person.function, email: person.email }]),
})

test('every one of them is as the book has it', async () => {
  interface Row {
    id: number
    name: string
    street: string
    zip: string
    city: string
    phone: string
    state_id: [number, string]
    country_id: [number, string]
    child_ids: number[]
  }
  const rows = await editor.searchRead<Row>('res.partner', [['is_company', '=', true]], {
    fields: ['name', 'street', 'zip', 'city', 'phone', 'state_id', 'country_id', 'child_ids'],
  })
  const places = await placeIds()
  const found = new Map(rows.map((row) => [row.name, row]))
  for (const { name, street, zip, phone, town, people: staff } of book) {
    const row = found.get(name)!
    assert.deepEqual(
      [row.street, row.zip, row.city, row.phone, row.country_id[0], row.state_id[0], row.child_ids.length],
      [street, zip, town.city, phone, places.get(town.country), places.get(`${town.country}-${town.state}`), staff.length],
      name,
    )
  }
  const staff = await editor.searchRead<{ name: string; email: string; city: string; display_name: string }>(
    'res.partner',
    [['parent_id', '!=', false]] as never,
    {
      fields: ['name', 'email', 'city', 'display_name'],
    },
  )
  const byMail = new Map(staff.map((person) => [person.email, person]))
  for (const { name, email, company } of people(book)) {
    const row = byMail.get(email)!
    assert.deepEqual([row.name, row.city, row.display_name], [name, company.town.city, `${company.name}, ${name}`])
  }
})

test('a row that cannot be is told with its field, and nothing of its batch is written', async () => {
  const before = await count(editor, [], { active_test: false })
  const good = companyRow({ ...book[0]!, key: 'not_yet', name: 'Not yet' })
  const { ids, messages } = await load(companyFields, [good, good.with(0, 'book.bad').with(7, 'Atlantis')])
  assert.equal(ids, false)
  assert.deepEqual(
    messages.map(({ record, field, type }) => [record, field, type]),
    [[1, 'country_id', 'error']],
  )
  assert.match(messages[0]!.message, /Atlantis/)
  assert.equal(await count(editor, [], { active_test: false }), before)
})

test('they are found by every way that a person looks', async () => {
  const inTown = (city: string) => book.filter(({ town }) => town.city === city)
  assert.equal(
    await count(editor, [
      ['city', '=', 'München'],
      ['is_company', '=', true],
    ]),
    inTown('München').length,
  )
  assert.equal(
    await count(editor, [
      ['country_id.code', '=', 'DE'],
      ['is_company', '=', true],
    ]),
    book.filter(({ town }) => town.country === 'DE').length,
  )
  assert.equal(
    await count(editor, [
      ['name', 'ilike', 'märchen'],
      ['is_company', '=', true],
    ]),
    book.filter(({ name }) => name.startsWith('Märchen')).length,
  )
  assert.equal(await count(editor, [['parent_id.city', '=', '서울']]), people(inTown('서울')).length)
  const [company] = await editor.search('res.partner', [['name', '=', book[7]!.name]])
  assert.equal(await count(editor, [['id', 'child_of', company]]), 1 + book[7]!.people.length)
  const names = await editor.execute<[number, string][]>('res.partner', 'name_search', [book[7]!.name], { limit: 10 })
  assert.equal(names.find(([id]) => id === company)?.[1], book[7]!.name)
  const groups = await editor.execute<Record<string, any>[]>('res.partner', 'read_group', [
    [['is_company', '=', true], ofTheBook],
    ['country_id'],
    ['country_id'],
  ])
  const byCountry = Map.groupBy(book, ({ town }) => countryNames.of(town.country)!)
  assert.deepEqual(
    Object.fromEntries(groups.map((group) => [group['country_id'][1], group['country_id_count']])),
    Object.fromEntries([...byCountry].map(([name, list]) => [name, list.length])),
  )
  const pages: number[] = []
  for (let offset = 0; pages.length === offset; offset += 500)
    pages.push(...(await editor.search('res.partner', [ofTheBook] as never, { limit: 500, offset, order: 'name, id' })))
  assert.deepEqual([pages.length, new Set(pages).size], [book.length + people(book).length, book.length + people(book).length])
})

test('they are edited: one by one, many at once, and by importing them again', async () => {
  const berlin = await editor.search('res.partner', [
    ['city', '=', 'Berlin'],
    ['is_company', '=', true],
  ])
  assert.equal(
    await editor.write('res.partner', berlin, {
      category_id: [[0, 0, { name: 'Visited' }]],
      comment: '<p>Seen <script>alert(1)</script>at the fair</p>',
    }),
    true,
  )
  const visited = await editor.searchRead<{ id: number; comment: string }>('res.partner', [['category_id.name', '=', 'Visited']], {
    fields: ['comment'],
  })
  assert.deepEqual(visited.map(({ id }) => id).toSorted(), berlin.toSorted())
  assert.ok(visited.every(({ comment }) => comment.includes('Seen') && !comment.includes('script')))

  const moved = loaded.filter(({ town }) => town.city === 'Hamburg')
  const again = await load(
    ['id', 'street'],
    moved.map(({ key }) => [`book.${key}`, 'Neuer Wall 1']),
  )
  assert.deepEqual([again.messages, (again.ids as number[]).length], [[], moved.length])
  assert.equal(
    await count(editor, [
      ['street', '=', 'Neuer Wall 1'],
      ['is_company', '=', true],
    ]),
    moved.length,
  )
  assert.equal(
    await count(editor, [
      ['street', '=', 'Neuer Wall 1'],
      ['parent_id', '!=', false],
    ]),
    people(moved).length,
    'their people moved with them',
  )
  assert.equal(await count(editor, [ofTheBook]), book.length + people(book).length, 'nobody was made twice')

  const { datas } = await editor.execute<{ datas: string[][] }>('res.partner', 'export_data', [again.ids, ['id', 'name', 'country_id/id']])
  assert.deepEqual(
    datas,
    moved.map(({ key, name }) => [`book.${key}`, name, 'base.de']),
  )
})

test('they are archived and taken back', async () => {
  const milano = await editor.search('res.partner', [['city', '=', 'Milano']])
  assert.equal(await editor.write('res.partner', milano, { active: false }), true)
  assert.equal(await count(editor, [['city', '=', 'Milano']]), 0)
  assert.equal(await count(editor, [['city', '=', 'Milano']], { active_test: false }), milano.length)
  await editor.execute('res.partner', 'action_unarchive', [milano])
  assert.equal(await count(editor, [['city', '=', 'Milano']]), milano.length)
})

test('what belongs to one company is nothing to the other, whatever way it looks', async () => {
  const lyon = book.filter(({ town }) => town.city === 'Lyon')
  const ids = await editor.search('res.partner', [
    ['city', '=', 'Lyon'],
    ['is_company', '=', true],
  ])
  const staff = await editor.search('res.partner', [['parent_id', 'in', ids]] as never)
  const all = await count(neighbour, [ofTheBook])
  assert.equal(all, book.length + people(book).length, 'contacts of no company are seen by both')
  await editor.write('res.partner', [...ids, ...staff], { company_id: who.company })

  assert.equal(await count(editor, [['city', '=', 'Lyon']]), lyon.length + people(lyon).length)
  assert.equal(await count(neighbour, [ofTheBook]), all - ids.length - staff.length)
  assert.equal(await count(neighbour, [['city', '=', 'Lyon']], { active_test: false }), 0)
  assert.deepEqual(await neighbour.read('res.partner', ids, ['name']), [])
  assert.deepEqual(await neighbour.execute('res.partner', 'name_search', [lyon[0]!.name]), [])
  assert.deepEqual(
    await neighbour.execute('res.partner', 'read_group', [[['country_id.code', '=', 'FR'], ofTheBook], ['country_id'], ['country_id']]),
    [],
  )
  assert.deepEqual(await neighbour.execute('res.partner', 'search', [[['parent_id', 'in', ids]]]), [])
  assert.equal(await count(neighbour, [['child_ids.email', '=', lyon[0]!.people[0]!.email]]), 0)
  await assert.rejects(neighbour.write('res.partner', ids, { city: 'Nice' }), /You may not/)
  await assert.rejects(neighbour.unlink('res.partner', staff), /You may not/)
  await assert.rejects(
    neighbour.execute('res.partner', 'search_count', [[['city', '=', 'Lyon']]], { context: { allowed_company_ids: [who.company] } }),
    /companies/,
  )
  assert.equal(await count(editor, [['city', '=', 'Lyon']]), lyon.length + people(lyon).length)
})
