import assert from 'node:assert/strict'
import type { Call } from './wire.ts'

/**
 * A morning of somebody who keeps the contacts, told through any client: every step is one that integrations take, and each answer
 * is looked at. Leaves nothing behind.
 */
export async function keepContacts(call: Call, tag: string): Promise<void> {
  const places = await lookUpPlaces(call)
  const company = await makeCompany(call, places, tag)
  const people = await addPeople(call, company, tag)
  await changeLinks(call, company, people, tag)
  await find(call, company, people, tag)
  await copyAndArchive(call, company, people, tag)
  await refuse(call, company)
  await remove(call, company, people)
}

interface Places {
  readonly germany: number
  readonly bavaria: number
  readonly korea: number
}

async function lookUpPlaces(call: Call): Promise<Places> {
  const fields = await call('res.partner', 'fields_get', [['name', 'country_id', 'child_ids', 'type']], {
    attributes: ['type', 'relation', 'selection', 'string'],
  })
  assert.deepEqual(Object.keys(fields).sort(), ['child_ids', 'country_id', 'name', 'type'])
  assert.deepEqual([fields.name.type, fields.country_id.relation, fields.child_ids.type], ['char', 'res.country', 'one2many'])
  assert.deepEqual(
    fields.type.selection.map(([key]: [string]) => key),
    ['contact', 'invoice', 'delivery', 'other'],
  )
  const countries = await call('res.country', 'search_read', [[['code', 'in', ['DE', 'KR']]]], { fields: ['code', 'name'], order: 'code' })
  assert.deepEqual(
    countries.map(({ code, name }: { code: string; name: string }) => [code, name]),
    [
      ['DE', 'Germany'],
      ['KR', 'South Korea'],
    ],
  )
  const [bavaria] = await call('res.country.state', 'search', [
    [
      ['country_id.code', '=', 'DE'],
      ['code', '=', 'BY'],
    ],
  ])
  const inKorean = await call('res.country', 'read', [[countries[0].id], ['name']], { context: { lang: 'ko_KR' } })
  assert.equal(inKorean[0].name, '독일')
  return { germany: countries[0].id, korea: countries[1].id, bavaria }
}

async function makeCompany(call: Call, { germany, bavaria }: Places, tag: string): Promise<number> {
  const id = await call('res.partner', 'create', [
    {
      name: `Isar Optik ${tag}`,
      is_company: true,
      street: 'Lindwurmstraße 12',
      zip: '80337',
      city: 'München',
      country_id: germany,
      state_id: bavaria,
      vat: 'DE129273398',
      email: 'Kontakt <Info@Isar-Optik.example>',
      category_id: [[0, 0, { name: `Optics ${tag}` }]],
      child_ids: [
        [0, 0, { name: 'Jürgen Größl', function: 'Owner' }],
        [0, 0, { type: 'delivery', street: 'Tor 3 & <Lager>', city: 'Freising', country_id: germany }],
      ],
    },
  ])
  assert.ok(Number.isInteger(id) && id > 0, 'create of one answers its id')
  const [made] = await call('res.partner', 'read', [
    [id],
    ['name', 'country_id', 'state_id', 'child_ids', 'email_normalized', 'phone', 'active', 'vat', 'customer_rank'],
  ])
  assert.deepEqual([made.country_id, made.state_id[0]], [[germany, 'Germany'], bavaria])
  assert.deepEqual([made.email_normalized, made.phone, made.active, made.customer_rank], ['info@isar-optik.example', false, true, 0])
  assert.equal(made.child_ids.length, 2)
  const children = await call('res.partner', 'read', [
    made.child_ids,
    ['name', 'display_name', 'type', 'street', 'zip', 'parent_id', 'vat', 'commercial_partner_id'],
  ])
  const owner = children.find(({ type }: { type: string }) => type === 'contact')
  const store = children.find(({ type }: { type: string }) => type === 'delivery')
  assert.equal(owner.display_name, `Isar Optik ${tag}, Jürgen Größl`)
  assert.deepEqual(
    [owner.street, owner.zip, owner.vat],
    ['Lindwurmstraße 12', '80337', 'DE129273398'],
    'people are found at the address of their company',
  )
  assert.deepEqual([store.name, store.street, store.zip], [false, 'Tor 3 & <Lager>', false], 'another address stays what it is')
  assert.deepEqual(owner.commercial_partner_id, [id, `Isar Optik ${tag}`])
  return id
}

async function addPeople(call: Call, company: number, tag: string): Promise<number[]> {
  const ids = await call('res.partner', 'create', [
    [
      { name: `Ada ${tag}`, parent_id: company, email: 'ada@isar-optik.example' },
      { name: `Béla ${tag}`, parent_id: company, phone: '+49 89 5550123' },
      { name: `찬호 ${tag}`, parent_id: company, lang: 'ko_KR' },
    ],
  ])
  assert.equal(ids.length, 3, 'create of a list answers a list')
  const rows = await call('res.partner', 'read', [ids, ['name', 'lang', 'city']])
  assert.deepEqual(
    rows.map(({ id, name, lang, city }: Record<string, unknown>) => [id, name, lang, city]),
    [
      [ids[0], `Ada ${tag}`, false, 'München'],
      [ids[1], `Béla ${tag}`, false, 'München'],
      [ids[2], `찬호 ${tag}`, 'ko_KR', 'München'],
    ],
  )
  return ids
}

async function changeLinks(call: Call, company: number, people: readonly number[], tag: string): Promise<void> {
  const write = (values: unknown) => call('res.partner', 'write', [[company], values])
  const tags = async () => (await call('res.partner', 'read', [[company], ['category_id']]))[0].category_id as number[]
  const [optics] = await tags()
  const [gold, silver] = await call('res.partner.category', 'create', [[{ name: `Gold ${tag}` }, { name: `Silver ${tag}` }]])
  assert.equal(
    await write({
      category_id: [
        [4, gold, 0],
        [4, silver, 0],
      ],
    }),
    true,
  )
  assert.deepEqual((await tags()).toSorted(byNumber), [optics!, gold, silver].toSorted(byNumber))
  await write({ category_id: [[3, gold, 0]] })
  assert.deepEqual((await tags()).toSorted(byNumber), [optics!, silver].toSorted(byNumber))
  await write({ category_id: [[6, 0, [gold]]] })
  assert.deepEqual(await tags(), [gold])
  await write({ category_id: [[5, 0, 0]] })
  assert.deepEqual(await tags(), [])
  await write({
    child_ids: [
      [1, people[0], { function: 'Buyer' }],
      [0, 0, { name: `Cem ${tag}` }],
    ],
  })
  const [row] = await call('res.partner', 'read', [[company], ['child_ids']])
  assert.equal(row.child_ids.length, 6)
  const [cem] = await call('res.partner', 'search', [
    [
      ['parent_id', '=', company],
      ['name', '=', `Cem ${tag}`],
    ],
  ])
  await write({ child_ids: [[2, cem, 0]] })
  assert.equal(await call('res.partner', 'search_count', [[['id', '=', cem]]], { context: { active_test: false } }), 0)
  assert.equal((await call('res.partner', 'read', [[people[0]], ['function']]))[0].function, 'Buyer')
  await call('res.partner.category', 'unlink', [[optics!, gold, silver]])
}

async function find(call: Call, company: number, people: readonly number[], tag: string): Promise<void> {
  const [ada, bela, chanho] = people
  const search = (domain: unknown, options = {}) => call('res.partner', 'search', [domain], options)
  const mine = ['id', 'in', people]
  assert.deepEqual(await search([mine, ['name', 'ilike', 'béla']]), [bela])
  assert.deepEqual(await search([mine, '|', ['email', '!=', false], ['lang', '=', 'ko_KR']], { order: 'id' }), [ada, chanho])
  assert.deepEqual(await search(['&', mine, '!', ['phone', '=', false]]), [bela])
  assert.deepEqual(await search([mine, ['parent_id.country_id.code', '=', 'DE']], { order: 'id desc', limit: 2 }), [chanho, bela])
  assert.deepEqual(await search([mine], { order: 'id', limit: 1, offset: 2 }), [chanho])
  assert.deepEqual(
    await search([
      ['id', 'child_of', company],
      ['is_company', '=', true],
    ]),
    [company],
  )
  assert.equal(await call('res.partner', 'search_count', [[['id', 'child_of', company]]]), 6)
  assert.deepEqual(await search([mine, ['name', 'not ilike', tag]]), [])
  const rows = await call('res.partner', 'search_read', [[mine]], { fields: ['name', 'parent_id'], order: 'name desc', limit: 1 })
  assert.deepEqual(rows, [{ id: chanho, name: `찬호 ${tag}`, parent_id: [company, `Isar Optik ${tag}`] }])
  assert.deepEqual(await call('res.partner', 'name_search', [`Ada ${tag}`]), [[ada, `Isar Optik ${tag}, Ada ${tag}`]])
  assert.deepEqual(await call('res.partner', 'name_search', [], { name: 'München', domain: [mine], operator: 'ilike', limit: 5 }), [])
  const groups = await call('res.partner', 'read_group', [[mine], ['lang'], ['lang']], { lazy: false })
  assert.deepEqual(groups.map((group: Record<string, unknown>) => [group['lang'], group['__count']]).toSorted(), [
    [false, 2],
    ['ko_KR', 1],
  ])
}

async function copyAndArchive(call: Call, company: number, people: readonly number[], tag: string): Promise<void> {
  const copies = await call('res.partner', 'copy', [[people[0]], { name: `Ada again ${tag}` }])
  assert.equal(copies.length, 1, 'copy answers a list')
  const [copy] = await call('res.partner', 'read', [copies, ['name', 'email', 'parent_id']])
  assert.deepEqual([copy.name, copy.email, copy.parent_id[0]], [`Ada again ${tag}`, 'ada@isar-optik.example', company])
  assert.equal(await call('res.partner', 'write', [copies, { active: false }]), true)
  const named = [['name', '=', `Ada again ${tag}`]]
  assert.deepEqual(await call('res.partner', 'search', [named]), [])
  assert.deepEqual(await call('res.partner', 'search', [named], { context: { active_test: false } }), copies)
  await call('res.partner', 'action_unarchive', [copies])
  assert.deepEqual(await call('res.partner', 'search', [named]), copies)
  await call('res.partner', 'action_archive', [copies])
  assert.equal(await call('res.partner', 'search_count', [named]), 0)
  assert.equal(await call('res.partner', 'unlink', [copies]), true)
}

/** Each mistake is told in words that help, and changes nothing. */
async function refuse(call: Call, company: number): Promise<void> {
  await assert.rejects(call('res.partner', 'read', [[company], ['shoe_size']]), /Invalid field '?"?shoe_size/)
  await assert.rejects(call('res.partner', 'write', [[company], { shoe_size: 43, name: 'Changed' }]), /shoe_size/)
  await assert.rejects(call('res.partner', 'search', [[['shoe_size', '=', 43]]]), /shoe_size/)
  await assert.rejects(call('res.partner', 'write', [[company], { type: 'castle', name: 'Changed' }]), /castle/)
  await assert.rejects(call('res.partner', 'create', [{ type: 'contact', parent_id: company }]), /needs a name/)
  await assert.rejects(call('res.partner', 'walk_away', [[company]]), /walk_away/)
  await assert.rejects(call('res.castle', 'search', [[]]), /res\.castle/)
  await assert.rejects(call('res.partner', '_write', [[company], { name: 'Changed' }]), /_write/)
  const [row] = await call('res.partner', 'read', [[company], ['name', 'type', 'child_ids']])
  assert.deepEqual([row.name.startsWith('Isar'), row.type, row.child_ids.length], [true, 'contact', 5])
}

async function remove(call: Call, company: number, people: readonly number[]): Promise<void> {
  await assert.rejects(call('res.partner', 'unlink', [[company]]), Error, 'a company with people cannot go')
  assert.equal(await call('res.partner', 'search_count', [[['id', '=', company]]]), 1)
  const below = await call('res.partner', 'search', [[['parent_id', '=', company]]])
  assert.equal(below.length, 2 + people.length)
  assert.equal(await call('res.partner', 'unlink', [below]), true)
  assert.equal(await call('res.partner', 'unlink', [[company]]), true)
  assert.deepEqual(await call('res.partner', 'search', [[['id', 'in', [company, ...people]]]], { context: { active_test: false } }), [])
}

const byNumber = (a: number, b: number): number => a - b

/** What a clerk, who only reads, and a neighbour, who works elsewhere, cannot do; `record` is a contact of the clerk's company alone. */
export async function keepOut(
  { editor, clerk, neighbour, company }: { editor: Call; clerk: Call; neighbour: Call; company: number },
  tag: string,
): Promise<void> {
  const record = (await editor('res.partner', 'create', [{ name: `Ours alone ${tag}`, company_id: company }])) as number
  assert.equal((await clerk('res.partner', 'read', [[record], ['name']]))[0].name, `Ours alone ${tag}`)
  await assert.rejects(clerk('res.partner', 'write', [[record], { name: 'Changed' }]), /You may not|not allowed/)
  await assert.rejects(clerk('res.partner', 'unlink', [[record]]), /You may not|not allowed/)
  await assert.rejects(clerk('res.partner', 'create', [{ name: `Made by clerk ${tag}` }]), /You may not|not allowed/)
  await assert.rejects(clerk('ir.config_parameter', 'search', [[]]), /You may not|not allowed/)
  assert.deepEqual(await neighbour('res.partner', 'read', [[record], ['name']]), [], 'what is hidden is answered like what is not there')
  await assert.rejects(neighbour('res.partner', 'write', [[record], { name: 'Changed' }]), /You may not|not allowed/)
  assert.deepEqual(await neighbour('res.partner', 'search', [[['name', '=', `Ours alone ${tag}`]]]), [])
  assert.deepEqual(await neighbour('res.partner', 'name_search', [`Ours alone ${tag}`]), [])
  await assert.rejects(neighbour('res.partner', 'search', [[]], { context: { allowed_company_ids: [company] } }), /unauthorized|access/i)
  const [row] = await editor('res.partner', 'read', [[record], ['name', 'write_date', 'create_date']])
  assert.equal(row.name, `Ours alone ${tag}`)
  assert.equal(await editor('res.partner', 'search_count', [[['name', '=', `Made by clerk ${tag}`]]]), 0)
  await editor('res.partner', 'unlink', [[record]])
}
