import assert from 'node:assert/strict'
import { test } from 'node:test'
import { administrator, base, contactManager, employee, portal } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import {
  type DefinitionError,
  type MenuMeta,
  type ModelViews,
  type ViewNode,
  alter,
  app,
  assemble,
  calendar,
  form,
  graph,
  kanban,
  list,
  menusFor,
  numberedMenus,
  pivot,
  viewsFor,
} from '@erp4/orm'
import { type Actor, world } from '@erp4/testing'

const at = await world([base, contacts])
const ann = await at.person(contactManager)
const bob = await at.person(employee)
const root = await at.person(administrator)
const hana = ann.with({ lang: 'ko_KR' })

const viewsOf = (who: Actor, model: string): Promise<ModelViews | undefined> =>
  who.call(async (env) => viewsFor(env, env.registry.models.get(model)!))
const menusOf = (who: Actor): Promise<MenuMeta[]> => who.call(async (env) => menusFor(env))

const fieldsIn = (nodes: readonly ViewNode[]): string[] =>
  nodes.flatMap((node) => {
    if (node.tag === 'field') return [node.field]
    if (node.tag === 'title' || node.tag === 'columns') return node.columns.flat().map(({ field }) => field)
    return 'nodes' in node ? fieldsIn(node.nodes) : []
  })

test('a view comes in the language of whoever asks', async () => {
  const [english, korean] = [(await viewsOf(ann, 'res.partner'))!, (await viewsOf(hana, 'res.partner'))!]
  assert.deepEqual(
    [english, korean].map(({ models }) => [models['res.partner']!.label, models['res.partner']!.fields['phone']!.string]),
    [
      ['Contact', 'Phone'],
      ['연락처', '전화번호'],
    ],
  )
  const filters = korean.views['search']!.nodes.flatMap((node) => (node.tag === 'filter' ? [[node.name, node.label]] : []))
  assert.deepEqual(filters[0], ['companies', '회사'])
})

test('who may not read a model gets no view of it, and no menu', async () => {
  assert.equal(await viewsOf(ann, 'ir.config_parameter'), undefined)
  assert.ok(await viewsOf(root, 'ir.config_parameter'))
  const labels = (menus: readonly MenuMeta[]): string[] => menus.flatMap(({ label, children }) => [label, ...labels(children)])
  assert.ok(labels(await menusOf(root)).includes('System Parameters'))
  assert.ok(!labels(await menusOf(ann)).includes('System Parameters'))
  assert.deepEqual(await menusOf(await at.person()), [])
})

test('a field that is kept from somebody is in none of his views and in no description', async () => {
  const outside = (await viewsOf(await at.person(portal), 'res.partner'))!
  const text = JSON.stringify(outside)
  for (const hidden of ['user_id', 'category_id', 'comment', 'barcode']) {
    assert.ok(!Object.keys(outside.models['res.partner']!.fields).includes(hidden), hidden)
    assert.ok(!text.includes(`"${hidden}"`), `${hidden} is nowhere in what he gets`)
  }
  assert.ok(fieldsIn((await viewsOf(ann, 'res.partner'))!.views['form']!.nodes).includes('category_id'))
})

test('the form says what to ask for: names of what is linked, the columns of lines', async () => {
  const { specification } = (await viewsOf(ann, 'res.partner'))!.views['form']!
  assert.deepEqual(specification!['country_id'], { fields: { display_name: {} } })
  assert.ok(specification!['child_ids']!.fields!['email'])
  assert.ok(specification!['version'], 'a form saves against what it read')
  assert.ok(!('image_1920' in specification!), 'content has an address of its own')
})

test('a model without declared views gets a list and a form of its fields', async () => {
  const { views } = (await viewsOf(ann, 'res.bank'))!
  assert.equal(fieldsIn(views['list']!.nodes)[0], 'name')
  assert.ok(fieldsIn(views['form']!.nodes).length >= 3)
})

test('another app puts a field behind one of ours, a button beside ours and a tab behind ours', async () => {
  const links = (await viewsOf(bob, 'res.partner'))!.views['form']!.nodes.filter(({ tag }) => tag === 'link')
  assert.deepEqual(links, [
    { tag: 'link', label: 'Contacts', name: 'contacts', model: 'res.partner', by: 'parent_id', icon: 'users', count: 'contact_count' },
  ])
  const partner = list('res.partner', ['name', 'email'])
  const changed = app({
    name: 'changed',
    depends: [base],
    models: [],
    access: {},
    views: [
      partner,
      alter(partner, (v) => [v.after('name', 'city', v.field('phone', { optional: 'hidden' }))]),
      form('res.bank', (v) => [v.columns(['name']), v.tab('One', v.columns(['email']))]),
      alter(
        form('res.bank', () => []),
        (v) => [v.tab('Two', v.columns(['phone']))],
      ),
    ],
  })
  const other = await world(changed)
  const someone = await other.person(contactManager)
  const { views } = (await viewsOf(someone, 'res.partner'))!
  assert.deepEqual(fieldsIn(views['list']!.nodes), ['name', 'city', 'phone', 'email'])
  const tabs = (await viewsOf(someone, 'res.bank'))!.views['form']!.nodes.flatMap((node) => (node.tag === 'tab' ? [node.label] : []))
  assert.deepEqual(tabs, ['One', 'Two'])
})

test('menus are a tree with an address for each entry, and numbered for the external API', async () => {
  const top = await menusOf(root)
  const found = top.find(({ label }) => label === 'Contacts')!
  assert.deepEqual([found.path, found.model, found.children[0]!.path], ['contacts', 'res.partner', 'configuration'])
  const numbered = (await root.call(async (env) => numberedMenus(env))) as Record<
    string,
    { name: string; children: number[]; appID: number }
  >
  assert.equal(numbered['root']!.children.length, top.length)
  const first = numbered[numbered['root']!.children[0]!]!
  assert.equal(first.name, top[0]!.label)
  assert.ok(first.children.every((id) => numbered[id]!.appID === numbered['root']!.children[0]))
})

test('cards, calendars, charts and tables are cut to rights, and without its dates a calendar is not there', async () => {
  const partner = { group: 'user_id', plain: 'city' } as const
  const shown = app({
    name: 'shown',
    depends: [base],
    models: [],
    access: {},
    views: [
      kanban('res.partner', ['name', 'comment'], { stage: partner.group, cover: 'image_1920', quick: ['name', 'comment'] }),
      calendar('res.partner', ['name'], { from: ['write_date', 'create_date'], color: 'user_id' }),
      calendar('res.users', ['name'], { from: ['create_date'] }),
      graph('res.partner', { by: ['user_id', 'create_date:month'], measure: 'customer_rank' }),
      pivot('res.partner', { rows: ['user_id', partner.plain], columns: ['create_date:year'], measures: ['customer_rank'] }),
    ],
  })
  const other = await world(shown)
  const tags = (views: ModelViews, type: string): string[] =>
    views.views[type]!.nodes.map((node) => `${node.tag} ${'field' in node ? node.field : 'fields' in node ? node.fields.join('+') : ''}`)
  const inside = (await viewsOf(await other.person(employee), 'res.partner'))!
  assert.deepEqual(tags(inside, 'kanban'), ['stage user_id', 'cover image_1920', 'quick name+comment', 'field name', 'field comment'])
  assert.deepEqual(tags(inside, 'graph'), ['by user_id', 'by create_date', 'measure customer_rank'])
  assert.deepEqual(tags(inside, 'pivot'), ['row user_id', 'row city', 'column create_date', 'measure customer_rank'])
  const outside = (await viewsOf(await other.person(portal), 'res.partner'))!
  assert.deepEqual(tags(outside, 'kanban'), ['cover image_1920', 'field name'])
  assert.deepEqual(tags(outside, 'calendar'), ['from write_date', 'from create_date', 'field name'])
  assert.deepEqual(tags(outside, 'graph'), ['by create_date'])
  assert.deepEqual(tags(outside, 'pivot'), ['row city', 'column create_date'])
})

test('a view that names what is not there stops the start', () => {
  const wrong = app({
    name: 'wrong',
    depends: [base],
    models: [],
    access: {},
    views: [
      form('res.bank', (v) => [v.columns([v.field('colour' as never)]), v.link('Accounts', 'res.partner.bank', 'banker' as never)]),
      form('res.bank', (v) => [v.columns([v.field('name', { when: [['bic.x' as never, '=', 'a']] as never })])]),
      form('res.groups', (v) => [v.lines('user_ids', ['login'])]),
      form('res.bank', (v) => [v.columns([v.field('country', { among: { planet: 'name' } })])]),
      form('res.partner', (v) => [
        v.header(
          {
            tag: 'button',
            method: 'pay',
            label: 'Pay',
            when: [],
            needs: [
              [
                [
                  ['purse', '=', 1],
                  ['child_ids', 'any', [['coin', '=', 1]]],
                ],
                'Find it.',
              ],
            ],
          },
          v.statusbar('type', ['contact'], { contact: { method: 'marry' } as never }),
        ),
      ]),
    ],
  })
  assert.throws(
    () => assemble([wrong]),
    (error: DefinitionError) => {
      assert.deepEqual(error.problems, [
        "wrong: a view of res.bank shows 'colour', which does not exist",
        'wrong: a view of res.bank links to res.partner.bank.banker, which does not exist',
        "wrong: a view of res.bank decides by 'bic.x', which is no field of the record itself",
        "wrong: a view of res.groups shows 'user_ids' as lines, which only a one2many has",
        "wrong: a view of res.bank offers 'country' by 'planet' and 'name', which are not both fields",
        "wrong: a view of res.partner decides by 'purse', which is no field of the record itself",
        "wrong: a view of res.partner decides by 'coin', which is no field of the record itself",
        "wrong: a button of res.partner calls 'pay', which is no action",
        "wrong: a statusbar of res.partner calls 'marry', which is no action",
      ])
      return true
    },
  )
})
