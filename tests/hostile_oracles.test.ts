import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contactManager, employee, userManager } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import { sql } from '@erp4/orm'
import { world } from '@erp4/testing'
import { type Outcome, openSite } from './site.ts'

// What is hidden must not be told by what is refused: hidden and missing are one, and no answer changes when a hidden value does.

const at = await world(contacts)
const elsewhere = await at.company('Elsewhere')
const site = await openSite([at])
const ed = (await at.person(contactManager)).user
const meg = (await at.person(userManager)).user
const bob = (await at.personOf([elsewhere], employee)).user
const [asEd, asMeg] = (await Promise.all([ed, meg].map(({ id }) => site.caller(0, id)))) as [
  Awaited<ReturnType<typeof site.caller>>,
  Awaited<ReturnType<typeof site.caller>>,
]

type Asked = readonly [string, string, readonly unknown[], Record<string, unknown>?]

const missing = 987_654_321
const make = async (model: string, values: Record<string, unknown>): Promise<number> =>
  (await at.system.model(model as never).create(values as never)).ids[0]!
const hiddenPartner = await make('res.partner', { name: 'Hidden', company_id: elsewhere, is_company: true })
const hidden: Record<string, number> = {
  'res.partner': hiddenPartner,
  'res.company': elsewhere,
  'res.users': bob.id,
  'res.partner.bank': await make('res.partner.bank', { acc_number: 'HIDDEN-1', partner_id: hiddenPartner }),
  'ir.sequence': await make('ir.sequence', { name: 'Hidden', code: 'hidden', company_id: elsewhere }),
  'ir.attachment': await make('ir.attachment', { name: 'hidden.txt', res_model: 'res.partner', res_id: hiddenPartner, company_id: null }),
  'res.currency.rate': await make('res.currency.rate', {
    name: '2026-01-01',
    rate: 2,
    currency_id: (await at.system.model('res.currency').search([], { limit: 1 })).ids[0]!,
    company_id: elsewhere,
  }),
}
const open = await make('res.partner', { name: 'Open', is_company: true })

/** Without what differs between any two calls: the id that was asked about, and those of records just made. */
const plain = ({ text }: Outcome, id: number): string =>
  text
    .slice(text.indexOf('"id":1,') + 7)
    // Rows and columns of a file count from 0 and 1, as ids may.
    .replaceAll(new RegExp(`(?<!"(?:row|column|record|from|to|nextrow)":)\\b${id}\\b`, 'g'), '<id>')
    .replace(/^"result":\[?(?:(?:\d+|<id>),?)+(?=[\]}])/, '<made>')
    .replaceAll(/"id":(?:\d+|<id>)/g, '"id":<made>')

let names = 0
const fresh = (): string => `name ${++names}`

/** The same call about the hidden record and about one that was never there. */
async function asMissing(model: string, id: number, ask: (id: number) => Asked, caller = asEd): Promise<void> {
  const one = await caller.call(...ask(id))
  const other = await caller.call(...ask(missing))
  assert.equal(plain(one, id), plain(other, missing), `${model}: ${JSON.stringify(ask(id))}`)
}

test('a hidden record answers every method as a missing one', async () => {
  for (const [model, id] of Object.entries(hidden)) {
    const values = model === 'res.partner.bank' ? { acc_number: 'x' } : { name: 'x' }
    const asks: ((id: number) => Asked)[] = [
      (one) => [model, 'read', [[one]]],
      (one) => [model, 'read', [[one], ['display_name']]],
      (one) => [model, 'web_read', [[one], { display_name: {} }]],
      (one) => [model, 'write', [[one], values]],
      (one) => [model, 'write', [[one], {}]],
      (one) => [model, 'write', [[one], { no_such_field: 1 }]],
      (one) => [model, 'unlink', [[one]]],
      (one) => [model, 'copy', [[one]]],
      (one) => [model, 'web_save', [[one], values, { display_name: {} }]],
      (one) => [model, 'web_save', [[one], values, { display_name: {} }], { version: 1 }],
      (one) => [model, 'web_save', [[one], values, { display_name: {} }], { version: 99 }],
      (one) => [model, 'export_data', [[one], ['display_name', 'id', '.id']]],
      (one) => [model, 'get_metadata', [[one]]],
      (one) => [model, 'get_external_id', [[one]]],
      (one) => [model, 'has_access', [[one], 'read']],
      (one) => [model, 'has_access', [[one], 'write']],
      (one) => [model, 'has_access', [[one], 'unlink']],
      (one) => [model, 'action_archive', [[one]]],
      (one) => [model, 'action_unarchive', [[one]]],
      (one) => [model, 'onchange', [[one], {}, ['name'], { display_name: {} }]],
      (one) => [model, 'search', [[['id', '=', one]]]],
      (one) => [model, 'search_count', [[['id', 'in', [one]]]]],
      (one) => [model, 'name_search', ['', [['id', '=', one]]]],
      (one) => [model, 'search', [['!', ['id', '!=', one]]]],
      (one) => [model, 'load', [['.id', 'name'], [[String(one), 'x']]]],
      (one) => [model, 'web_save', [[], values, { display_name: {} }], { next_id: one, context: { default_id: one } }],
      ...[...at.registry.models.get(model)!.actions]
        .filter(([, action]) => action.on !== 'model')
        .map(([name, { args }]) => (one: number): Asked => [model, name, [[one]], 'parent_id' in args ? { parent_id: one } : {}]),
    ]
    for (const ask of asks.filter((one) => one(0)[1] !== 'web_save' || one(0)[2][0]!.toString() !== ''))
      await asMissing(model, id, ask, model === 'res.users' ? asMeg : asEd)
  }
})

test('a link to a hidden record is refused as one to a missing record, by every field and way', async () => {
  let asked = 0
  for (const model of at.registry.models.values()) {
    for (const field of model.fields.values()) {
      const id = hidden[field.comodel ?? '']
      if (id === undefined || field.magic) continue
      for (const caller of [asEd, asMeg]) {
        if (caller === asMeg && field.comodel === 'res.company') continue
        const { result: [own] = [] } = await caller.call(model.name, 'search', [[]], { limit: 1 })
        const forms = (one: number): unknown[] =>
          field.kind === 'one2many' || field.kind === 'many2many'
            ? [[[4, one]], [[6, 0, [one]]], [[3, one]], [[2, one]], [[1, one, { name: 'x' }]], [['link', one]], [one]]
            : [one]
        for (let i = 0; i < forms(id).length; i++) {
          const values = (one: number) => ({ name: fresh(), [field.name]: forms(one)[i] })
          const bare = (one: number) => ({ [field.name]: forms(one)[i] })
          for (const ask of [
            (one: number) => [model.name, 'create', [values(one)]],
            (one: number) => [model.name, 'create', [[{ name: fresh() }, values(one)]]],
            (one: number) => [model.name, 'web_save', [[], values(one), { id: {} }]],
            (one: number) => [model.name, 'create', [{ name: fresh() }], { context: { [`default_${field.name}`]: forms(one)[i] } }],
            ...(own
              ? [
                  (one: number) => [model.name, 'write', [[own], bare(one)]],
                  (one: number) => [model.name, 'web_save', [[own], bare(one), { id: {} }]],
                  (one: number) => [model.name, 'copy', [[own], bare(one)]],
                ]
              : []),
            (one: number) => [model.name, 'onchange', [[], bare(one), [field.name], { [field.name]: {} }]],
            (one: number) => [model.name, 'load', [['name', `${field.name}/.id`], [['x', String(one)]]]],
          ] as const) {
            asked++
            await asMissing(model.name, id, ask as never, caller)
          }
        }
      }
    }
  }
  assert.ok(asked > 300, `${asked} asked`)
  const linked = await at.databases.use(at.database, (cx) =>
    cx.query(
      sql`select id from res_partner where parent_id = ${hiddenPartner}::int4 or company_id = ${elsewhere}::int4 and id <> ${hiddenPartner}::int4 union all select id from res_company where partner_id = ${hiddenPartner}::int4`,
    ),
  )
  assert.deepEqual(linked, [])
})

// ---- Answers that must not move -------------------------------------------------------------------------

/** Questions about records that the asker sees, which lead through one that he does not. */
function questions(seen: number, unseen: number, child: number): readonly Asked[] {
  const search = (...domain: unknown[]): Asked => [
    'res.partner',
    'search',
    [['&', ['id', 'in', [seen, child, open]], ...domain]],
    { order: 'id' },
  ]
  const texts = ['=', '!=', 'like', 'not like', 'ilike', 'not ilike', '=like', '=ilike', '<', '>=']
  const of = (path: string, value: unknown) => texts.map((operator) => search([path, operator, value]))
  const inner = (domain: unknown[]): Asked[] =>
    ['any', 'not any'].flatMap((operator) => [search(['parent_id', operator, domain]), search('!', ['parent_id', operator, domain])])
  return [
    ...of('parent_id.name', 'Alpha'),
    ...of('parent_id.email', 'a@alpha.example'),
    ...of('parent_name', 'Alpha'),
    ...of('parent_id.parent_id.name', 'Open'),
    ...of('parent_id.country_id.code', 'DE'),
    ...of('parent_id.display_name', 'Alpha'),
    ...inner([['name', '=', 'Alpha']]),
    ...inner([['name', '!=', 'Alpha']]),
    ...inner([]),
    ...inner(['!', ['name', '=', 'Alpha']]),
    ...inner([['country_id', '!=', false]]),
    ...inner([['country_id', 'any', [['code', '=', 'DE']]]]),
    ...inner([['child_ids', 'any', [['id', '=', child]]]]),
    ...inner([['category_id', '!=', false]]),
    ...inner([['user_id', '=', ed.id]]),
    ...inner([['active', '=', true]]),
    ...inner([['id', 'child_of', open]]),
    ...inner([['create_date', '>', '2000-01-01']]),
    ...inner([['color', '=', 3]]),
    ...inner([['comment', '!=', false]]),
    search(['parent_id', 'child_of', 'Alpha']),
    search(['parent_id', 'parent_of', 'Alpha']),
    search(['parent_id', 'ilike', 'Alph']),
    search(['parent_id', 'not ilike', 'Alph']),
    search(['parent_id', '=', 'Alpha']),
    search(['parent_id', '!=', 'Alpha']),
    search(['parent_id', 'in', ['Alpha']]),
    search(['parent_id', 'not in', ['Alpha']]),
    search(['id', 'child_of', unseen]),
    search(['id', 'child_of', [unseen]]),
    search('!', ['id', 'child_of', unseen]),
    search(['id', 'child_of', open]),
    search('!', ['id', 'child_of', open]),
    search(['parent_id', 'child_of', open]),
    search(['id', 'parent_of', child]),
    search(['id', 'parent_of', seen]),
    search(['commercial_partner_id', 'child_of', open]),
    search(['id', 'child_of', 'Open']),
    search(['child_ids.name', '=', 'Alpha']),
    search(['child_ids', '=', false]),
    search(['child_ids', '!=', false]),
    search(['child_ids', 'any', [['name', '=', 'Alpha']]]),
    search(['child_ids', 'not any', [['name', '=', 'Alpha']]]),
    search(['child_ids', 'ilike', 'Alpha']),
    search(['child_ids', 'in', [unseen]]),
    search(['child_ids.child_ids', '!=', false]),
    ...['parent_id', 'parent_id desc', 'parent_name', 'parent_name desc'].map(
      (order) => ['res.partner', 'search', [[['id', 'in', [seen, child, open]]]], { order }] as const,
    ),
    ...['parent_id', 'parent_id.name', 'parent_id.country_id', 'parent_id.parent_id', 'parent_name'].flatMap((key) => [
      ['res.partner', 'formatted_read_group', [[['id', 'in', [seen, child, open]]], [key], ['__count']]] as const,
      ['res.partner', 'read_group', [[['id', 'in', [seen, child, open]]], ['__count'], [key]]] as const,
      ['res.partner', 'web_read_group', [[['id', 'in', [seen, child, open]]], [key], ['color:sum']]] as const,
    ]),
    [
      'res.partner',
      'read',
      [
        [seen, child, open],
        ['parent_id', 'parent_name', 'child_ids', 'contact_count'],
      ],
    ],
    [
      'res.partner',
      'web_read',
      [
        [seen, child, open],
        { parent_id: { fields: { name: {}, email: {}, country_id: { fields: { code: {} } } } }, child_ids: { fields: { name: {} } } },
      ],
    ],
    [
      'res.partner',
      'export_data',
      [
        [seen, child, open],
        ['parent_id', 'parent_id/name', 'parent_id/.id', 'parent_id/id', 'child_ids/name', 'parent_name'],
      ],
    ],
    ['res.partner', 'search_count', [[]]],
    ['res.partner', 'name_search', ['Alpha']],
    ['res.partner', 'name_search', ['']],
    ['res.partner', 'read_group', [[], ['color:sum', 'color:max'], []]],
    ['res.partner', 'formatted_read_group', [[], ['country_id'], ['__count', 'id:max']]],
    ['res.partner', 'search', [[]], { order: 'name, id' }],
    ['res.partner', 'search', [[['name', 'ilike', 'Alpha']]]],
    ['res.country', 'search', [[['name', '!=', false]]], { order: 'id', limit: 3 }],
    ['res.partner.category', 'search', [[]]],
    [
      'res.partner',
      'onchange',
      [[], { parent_id: unseen }, ['parent_id'], { parent_id: {}, street: {}, country_id: {}, display_name: {} }],
    ],
    ['res.partner', 'default_get', [['name', 'parent_id']], { context: { default_parent_id: unseen } }],
    ['ir.attachment', 'search', [[]]],
    ['ir.attachment', 'search_count', [[['res_id', '=', unseen]]]],
    ['ir.attachment', 'read_group', [[], ['__count'], ['res_model']]],
    ['ir.model.data', 'search_count', [[['model', '=', 'res.partner']]]],
    ['res.users', 'search', [[['partner_id.name', 'ilike', 'a']]], { order: 'partner_id' }],
    ['res.partner.bank', 'search', [[['partner_id.name', '=', 'Alpha']]]],
    ['res.partner.bank', 'search_count', [[]]],
  ]
}

test('no answer changes when a hidden value does', async () => {
  const unseen = await make('res.partner', { name: 'Alpha', is_company: true, company_id: elsewhere })
  // Companies both, so that nothing they keep themselves comes from the hidden one.
  const seen = await make('res.partner', { name: 'Seen', is_company: true })
  const child = await make('res.partner', { name: 'Child', is_company: true })
  await at.databases.use(at.database, (cx) =>
    cx.query(
      sql`update res_partner set parent_id = case id when ${seen}::int4 then ${unseen}::int4 else ${seen}::int4 end where id in (${seen}::int4, ${child}::int4)`,
    ),
  )
  const germany = (await at.system.model('res.country').search([['code', '=', 'DE']])).ids[0]!
  const tag = await make('res.partner.category', { name: 'Tag' })
  const list = questions(seen, unseen, child)
  const answers = async (): Promise<string[]> => {
    const all: string[] = []
    for (const question of list) all.push((await asEd.call(...question)).text)
    return all
  }
  const first = await answers()
  // Straight into the table: what records that are seen keep of a hidden one (an address, a name before theirs) is their own.
  const states = [
    sql`name = 'Zulu', display_name = 'Zulu', email = 'z@zulu.example', color = 3`,
    sql`name = 'Alpha', display_name = 'Alpha', email = 'a@alpha.example', country_id = ${germany}::int4, user_id = ${ed.id}::int4, comment = 'x'`,
    sql`parent_id = ${open}::int4`,
    sql`parent_id = null, active = false`,
    sql`active = true, street = 'Hidden Street 1', is_company = false`,
  ]
  for (const [i, values] of states.entries()) {
    await at.databases.use(at.database, (cx) => cx.query(sql`update res_partner set ${values} where id = ${unseen}::int4`))
    if (i === 1)
      await at.databases.use(at.database, (cx) =>
        cx.query(sql`insert into res_partner_category_id_rel (left_id, right_id) values (${unseen}::int4, ${tag}::int4)`),
      )
    const now = await answers()
    const moved = list.flatMap((question, i) =>
      now[i] === first[i] ? [] : [`${JSON.stringify(question)}\n  ${first[i]!.slice(0, 400)}\n  ${now[i]!.slice(0, 400)}`],
    )
    assert.deepEqual(moved, [], `after change ${i}:\n${moved.join('\n')}`)
  }
})
