import assert from 'node:assert/strict'
import { test } from 'node:test'
import { administrator, base, contactManager, employee, portal, userManager } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import { type Group, planMigration, settleCustomFields, sql } from '@erp4/orm'
import { withClient } from '@erp4/ops'
import { serverTables } from '@erp4/server'
import { withCluster, world } from '@erp4/testing'
import { type Caller, openSite } from './site.ts'

// Fields that people make for themselves, over the network, at two servers that know nothing of each other, with the owner's part of the work.

const at = await world([base, contacts])
const beside = await world([base])
const site = await openSite([at, beside], { processes: 2, ownerWork: true })
const person = async (...groups: Group[]) => site.caller(0, (await at.person(...groups)).user.id)
const ruth = await person(administrator)
const ann = await person(contactManager)
const eve = await person(employee)
const host = await withCluster()

const [{ id: partnerModel } = { id: 0 }] = await at.system.model('ir.model').find([['model', '=', 'res.partner']], [])

/** What an Odoo client sends to make a field. */
const odoo = (name: string, ttype: string, more: Record<string, unknown> = {}) => ({
  name,
  ttype,
  model_id: partnerModel,
  field_description: `The ${name}`,
  state: 'manual',
  ...more,
})

async function demand(caller: Caller, model: string, method: string, args: readonly unknown[] = [], kwargs: Record<string, unknown> = {}) {
  const { result, error } = await caller.call(model, method, args, kwargs)
  assert.equal(error, undefined, `${model}.${method}: ${error?.message}`)
  return result
}
const make = async (name: string, ttype: string, more: Record<string, unknown> = {}): Promise<number> =>
  demand(ruth, 'ir.model.fields', 'create', [odoo(name, ttype, more)])
const refusal = async (caller: Caller, model: string, method: string, args: readonly unknown[]) => {
  const { error, result } = await caller.call(model, method, args)
  assert.ok(error, `${model}.${method} was not refused: ${JSON.stringify(result)}`)
  assert.notEqual(error.name, 'builtins.Exception', error.message)
  return error.message
}
const columns = (of = at): Promise<string[]> =>
  of.databases
    .use(of.database, (cx) =>
      cx.query<{ name: string }>(
        sql`select attname::text as name from pg_attribute where attrelid = 'res_partner'::regclass and attname like 'x\\_%' and not attisdropped order by 1`,
      ),
    )
    .then((rows) => rows.map(({ name }) => name))

test('an integration makes a field as it does at Odoo, and both servers have it when the answer comes', async () => {
  await make('x_level', 'integer')
  for (let i = 0; i < 4; i++) {
    const fields = await demand(ann, 'res.partner', 'fields_get', [['x_level']])
    assert.deepEqual([fields.x_level.type, fields.x_level.string], ['integer', 'The x_level'])
  }
  const [row] = await demand(ann, 'ir.model.fields', 'search_read', [[['name', '=', 'x_level']], ['state', 'model', 'ttype', 'store']])
  assert.deepEqual([row.state, row.model, row.ttype], ['manual', 'res.partner', 'integer'])
  const ids = await demand(ann, 'res.partner', 'create', [[{ name: 'Low', x_level: 1 }, { name: 'High', x_level: 9 }, { name: 'None' }]])
  assert.deepEqual(
    (await demand(ann, 'res.partner', 'search_read', [[['x_level', '>', 0]], ['name', 'x_level']], { order: 'x_level desc' })).map(
      ({ name, x_level }: any) => [name, x_level],
    ),
    [
      ['High', 9],
      ['Low', 1],
    ],
  )
  await demand(ann, 'res.partner', 'write', [[ids[2]], { x_level: 9 }])
  const groups = await demand(ann, 'res.partner', 'formatted_read_group', [], {
    domain: [['id', 'in', ids]],
    groupby: ['x_level'],
    aggregates: ['x_level:sum', '__count'],
  })
  assert.deepEqual(
    groups.map((group: any) => [group.x_level, group.__count, group['x_level:sum']]),
    [
      [1, 1, 1],
      [9, 2, 18],
    ],
  )
  const { datas } = await demand(ann, 'res.partner', 'export_data', [[ids[1]], ['name', 'x_level']])
  assert.deepEqual(datas, [['High', 9]])
  const { ids: loaded } = await demand(ann, 'res.partner', 'load', [['name', 'x_level'], [['From a file', '4']]])
  assert.deepEqual(await demand(ann, 'res.partner', 'read', [loaded, ['x_level']]), [{ id: loaded[0], x_level: 4 }])
  assert.match(await refusal(ann, 'res.partner', 'write', [ids, { x_level: 'many' }]), /x_level/)
})

test('every type keeps, finds and gives back its values', async () => {
  const [tag] = await demand(ann, 'res.partner.category', 'create', [[{ name: 'Gold' }]])
  const values: Record<string, [string, unknown, Record<string, unknown>?]> = {
    x_char: ['char', 'abc', { size: 5 }],
    x_text: ['text', 'one\ntwo'],
    x_float: ['float', 12.35, { digits: 2 }],
    x_double: ['float', 0.1],
    x_flag: ['boolean', true],
    x_day: ['date', '2027-03-31'],
    x_at: ['datetime', '2027-03-31 10:20:30'],
    x_pick: [
      'selection',
      'b',
      {
        selection_ids: [
          [0, 0, { value: 'a', name: 'First' }],
          [0, 0, { value: 'b', name: 'Second' }],
        ],
      },
    ],
    x_tag: ['many2one', tag, { relation: 'res.partner.category' }],
  }
  for (const [name, [ttype, , more]] of Object.entries(values)) await make(name, ttype, more)
  const given = Object.fromEntries(Object.entries(values).map(([name, [, value]]) => [name, value]))
  const [id] = await demand(ann, 'res.partner', 'create', [[{ name: 'Everything', ...given }]])
  const [read] = await demand(ann, 'res.partner', 'read', [[id], Object.keys(values)])
  assert.deepEqual({ ...read, id: undefined }, { ...given, x_tag: [tag, 'Gold'], id: undefined })
  for (const [name, value] of Object.entries(given)) {
    const found = await demand(ann, 'res.partner', 'search', [[[name, '=', value]]])
    assert.deepEqual(found, [id], name)
  }
  assert.match(await refusal(ann, 'res.partner', 'write', [[id], { x_char: 'abcdef' }]), /longer than 5/)
  assert.match(await refusal(ann, 'res.partner', 'write', [[id], { x_pick: 'c' }]), /x_pick/)
  await demand(ann, 'res.partner.category', 'unlink', [[tag]])
  assert.deepEqual(await demand(ann, 'res.partner', 'read', [[id], ['x_tag']]), [{ id, x_tag: false }])
})

test('a required field has a default, which records from before get, and those that other programs make', async () => {
  assert.match(await refusal(ruth, 'ir.model.fields', 'create', [odoo('x_must', 'char', { required: true })]), /needs a default/)
  await make('x_must', 'char', { required: true, default_value: 'it\'s \\ "so"' })
  const [old] = await demand(ann, 'res.partner', 'search_read', [[['name', '=', 'Low']], ['x_must']])
  assert.equal(old.x_must, 'it\'s \\ "so"')
  const [id] = await demand(ann, 'res.partner', 'create', [[{ name: 'New' }]])
  assert.deepEqual(await demand(ann, 'res.partner', 'read', [[id], ['x_must']]), [{ id, x_must: 'it\'s \\ "so"' }])
  assert.match(await refusal(ann, 'res.partner', 'write', [[id], { x_must: false }]), /required/)
})

test('only administrators define fields, whichever way they ask', async () => {
  const before = [await columns(), await at.system.model('ir.model.fields').count([['state', '=', 'manual']])]
  const [own] = await at.system.model('ir.model.fields').find([['name', '=', 'x_level']], [])
  const [base] = await at.system.model('ir.model.fields').find(
    [
      ['name', '=', 'street'],
      ['model', '=', 'res.partner'],
    ],
    [],
  )
  const definition = {
    model: 'res.partner',
    name: 'x_mine',
    kind: 'char',
    label: { en_US: 'Mine' },
    options: [],
    groups: [],
    form: 'tab',
    search: true,
  }
  for (const caller of [ann, eve, await person(portal), await person(userManager)]) {
    await refusal(caller, 'ir.model.fields', 'create', [odoo('x_mine', 'char')])
    await refusal(caller, 'ir.model.fields', 'write', [[own!.id], { field_description: 'Mine' }])
    await refusal(caller, 'ir.model.fields', 'define_field', [definition])
    await refusal(caller, 'ir.model.fields', 'custom_overview', [])
    await refusal(caller, 'ir.model.fields', 'redefine_field', [[own!.id], definition])
    await refusal(caller, 'ir.model.fields', 'delete_field', [[own!.id], 'x_level'])
    await refusal(caller, 'ir.model.fields', 'archive_field', [[own!.id]])
    await refusal(caller, 'ir.model.fields', 'count_values', [[own!.id]])
    await refusal(caller, 'ir.model.fields', 'unlink', [[own!.id]])
    await refusal(caller, 'ir.model.fields.selection', 'create', [{ field_id: own!.id, value: 'z', name: 'Z' }])
  }
  // Nor does an administrator change what apps say, or how a field fares, past the actions.
  await refusal(ruth, 'ir.model.fields', 'write', [[base!.id], { field_description: 'Mine' }])
  await refusal(ruth, 'ir.model.fields', 'write', [[own!.id], { phase: 'deleted' }])
  await refusal(ruth, 'ir.model.fields', 'write', [[own!.id], { name: 'x_other' }])
  await refusal(ruth, 'ir.model.fields', 'write', [[own!.id], { ttype: 'char' }])
  await refusal(ruth, 'ir.model.fields', 'unlink', [[own!.id]])
  await refusal(ruth, 'ir.model.fields', 'create', [odoo('x_base', 'char', { state: 'base' })])
  assert.deepEqual([await columns(), await at.system.model('ir.model.fields').count([['state', '=', 'manual']])], before)
})

test('no name, label, option, default or place is anything but data', async () => {
  const before = await columns()
  const names = [
    'level',
    'x_',
    'X_level',
    'x_a b',
    'x_a"; drop table res_partner; --',
    "x_a'",
    'x_é',
    'x_등급',
    `x_${'a'.repeat(60)}`,
    'x_a\0',
    'x_a.b',
    'x_a-b',
    '__proto__',
    'constructor',
    'x_a/id',
    '',
    7,
    null,
    ['x_a'],
  ]
  for (const name of names) await refusal(ruth, 'ir.model.fields', 'create', [{ ...odoo('x_ok', 'char'), name }])
  for (const more of [
    { ttype: 'binary' },
    { ttype: 'one2many' },
    { ttype: 'json' },
    { ttype: 'toString' },
    { related: 'parent_id.name' },
    { compute: 'value' },
    { default_value: 'x', ttype: 'integer' },
    { default_value: '1; drop table res_partner', ttype: 'integer' },
    { default_value: '2147483648', ttype: 'integer' },
    { default_value: 'c', ttype: 'selection', selection_ids: [[0, 0, { value: 'a', name: 'A' }]] },
    { ttype: 'selection' },
    { ttype: 'selection', selection_ids: [[0, 0, { value: "a'b", name: 'A' }]] },
    { ttype: 'many2one' },
    { ttype: 'many2one', relation: 'res.users.apikeys' },
    { ttype: 'many2one', relation: 'ir.model' },
    { ttype: 'monetary', model_id: partnerModel },
    { field_description: '' },
    { field_description: 'a\nb' },
    { field_description: 'a'.repeat(101) },
    { form_place: "after:name'); drop table res_partner" },
    { size: -1 },
    { digits: 40, ttype: 'float' },
  ])
    await refusal(ruth, 'ir.model.fields', 'create', [{ ...odoo('x_ok', 'char'), ...more }])
  for (const model of ['res.users', 'ir.model', 'res.groups', 'res.users.apikeys']) {
    const [{ id } = { id: 0 }] = await at.system.model('ir.model').find([['model', '=', model]], [])
    await refusal(ruth, 'ir.model.fields', 'create', [{ ...odoo('x_ok', 'char'), model_id: id }])
  }
  await refusal(ruth, 'ir.model.fields', 'create', [odoo('x_level', 'char')])
  await refusal(ruth, 'ir.model.fields', 'create', [Array.from({ length: 101 }, (_none, i) => odoo(`x_many_${i}`, 'char'))])
  assert.deepEqual(await columns(), before)
  // What may be said, may hold anything.
  const label = `"'; drop table res_partner; -- <b>&`
  const options = [
    [0, 0, { value: 'select', name: label }],
    [0, 0, { value: '__proto__', name: 'Proto' }],
  ]
  await refusal(ruth, 'ir.model.fields', 'create', [odoo('x_hostile', 'selection', { field_description: label, selection_ids: options })])
  await make('x_hostile', 'selection', { field_description: label, selection_ids: [options[0]], default_value: 'select' })
  const { x_hostile: told } = await demand(ann, 'res.partner', 'fields_get', [['x_hostile']])
  assert.deepEqual([told.string, told.selection], [label, [['select', label]]])
  assert.deepEqual(await columns(), [...before, 'x_hostile'].sort())
})

test('another instance has no such field', async () => {
  const other = await site.caller(1, (await beside.person(administrator)).user.id)
  assert.deepEqual(await demand(other, 'res.partner', 'fields_get', [['x_level']]), {})
  await refusal(other, 'res.partner', 'search', [[['x_level', '=', 1]]])
  assert.equal(await beside.system.model('ir.model.fields').count([['state', '=', 'manual']]), 0)
})

test('a field for one group is for nobody else there at all', async () => {
  const groups = await at.system.model('res.groups').search([['key', '=', contactManager.name]])
  const field = await make('x_margin', 'integer', { groups: [[6, 0, groups.ids]] })
  const [id] = await demand(ann, 'res.partner', 'create', [[{ name: 'Secretive', x_margin: 42 }]])
  assert.deepEqual(await demand(ann, 'res.partner', 'read', [[id], ['x_margin']]), [{ id, x_margin: 42 }])
  assert.deepEqual(await demand(eve, 'res.partner', 'fields_get', [['x_margin']]), {})
  for (const [method, args] of [
    ['read', [[id], ['x_margin']]],
    ['web_read', [[id], { x_margin: {} }]],
    ['search', [[['x_margin', '=', 42]]]],
    ['search', [[['child_ids.x_margin', '=', 42]]]],
    ['search_read', [[], ['x_margin']]],
    ['formatted_read_group', [[], ['x_margin']]],
    ['formatted_read_group', [[], [], ['x_margin:sum']]],
    ['export_data', [[id], ['x_margin']]],
    ['export_data', [[id], ['parent_id/x_margin']]],
    ['default_get', [['x_margin']]],
    ['onchange', [[], {}, [], { x_margin: {} }]],
    ['load', [['name', 'x_margin'], [['a', '1']]]],
    ['create', [[{ name: 'a', x_margin: 1 }]]],
    ['write', [[eve.id], { x_margin: 1 }]],
  ] as const)
    await refusal(eve, 'res.partner', method, args)
  const sorted = await eve.call('res.partner', 'search', [[]], { order: 'x_margin' })
  assert.ok(sorted.error)
  const [whole] = await demand(eve, 'res.partner', 'read', [[id]])
  assert.ok(!('x_margin' in whole))
  assert.deepEqual(await demand(eve, 'ir.model.fields', 'search', [[['name', '=', 'x_margin']]]), [])
  const views = await site.send('/web/client/views', {
    method: 'POST',
    headers: { cookie: eve.cookie },
    body: { params: { model: 'res.partner' } },
  })
  assert.ok(views.text.includes('x_level') && !views.text.includes('x_margin'), views.text.slice(0, 300))
  // The group goes, as with an app: the field opens to nobody.
  await at.databases.use(at.database, (cx) => cx.query(sql`delete from ir_model_fields_groups_rel where left_id = ${field}`))
  await demand(ruth, 'ir.model.fields', 'write', [[field], { field_description: 'Margin' }])
  assert.deepEqual(await demand(ann, 'res.partner', 'fields_get', [['x_margin']]), {})
})

test('what is said of a field changes for everybody with the next call, and options in use stay', async () => {
  const id = await make('x_stage', 'selection', {
    selection_ids: [
      [0, 0, { value: 'a', name: 'First' }],
      [0, 0, { value: 'b', name: 'Second' }],
    ],
  })
  await demand(ann, 'res.partner', 'create', [[{ name: 'Staged', x_stage: 'a' }]])
  const definition = {
    model: 'res.partner',
    name: 'x_stage',
    kind: 'selection',
    label: { en_US: 'Stage of it', ko_KR: '단계' },
    help: {},
    options: [{ value: 'b', label: { en_US: 'Second', ko_KR: '둘째' } }, { label: { en_US: 'Third one' } }],
    groups: [],
    form: 'after:email',
    list: 'shown',
    search: true,
  }
  assert.match(await refusal(ruth, 'ir.model.fields', 'redefine_field', [[id], definition]), /1 record\(s\) hold the option “First”/)
  const kept = { ...definition, options: [{ value: 'a', label: { en_US: 'First' } }, ...definition.options] }
  await demand(ruth, 'ir.model.fields', 'redefine_field', [[id], kept])
  const korean = await demand(ann, 'res.partner', 'fields_get', [['x_stage']], { context: { lang: 'ko_KR' } })
  assert.deepEqual(
    [korean.x_stage.string, korean.x_stage.selection],
    [
      '단계',
      [
        ['a', 'First'],
        ['b', '둘째'],
        ['third_one', 'Third one'],
      ],
    ],
  )
  const views = await site.send('/web/client/views', {
    method: 'POST',
    headers: { cookie: ann.cookie },
    body: { params: { model: 'res.partner' } },
  })
  const { form, list, search } = JSON.parse(views.text).result.views
  assert.match(JSON.stringify(form.nodes), /"field":"email",[^{}]*\},\{"field":"x_stage"/)
  assert.ok(list.nodes.some((node: any) => node.field === 'x_stage' && node.optional === 'shown'))
  assert.ok(search.nodes.some((node: any) => node.tag === 'group_by' && node.field === 'x_stage' && node.label === 'Stage of it'))
})

test('an archived field is gone with its values kept, holds up nothing, and comes back whole', async () => {
  const [tag] = await demand(ann, 'res.partner.category', 'create', [[{ name: 'Silver' }]])
  const field = await make('x_link', 'many2one', { relation: 'res.partner.category', on_delete: 'restrict' })
  const [one, two] = await demand(ann, 'res.partner', 'create', [[{ name: 'One', x_link: tag }, { name: 'Two' }]])
  assert.match(await refusal(ann, 'res.partner.category', 'unlink', [[tag]]), /x_link/)
  assert.deepEqual(await demand(ruth, 'ir.model.fields', 'count_values', [[field]]), { [field]: 1 })
  await demand(ruth, 'ir.model.fields', 'archive_field', [[field]])
  for (let i = 0; i < 2; i++) assert.deepEqual(await demand(ann, 'res.partner', 'fields_get', [['x_link']]), {})
  await refusal(ruth, 'ir.model.fields', 'create', [odoo('x_link', 'char')])
  await demand(ruth, 'ir.model.fields', 'restore_field', [[field]])
  assert.deepEqual(await demand(ann, 'res.partner', 'read', [[one], ['x_link']]), [{ id: one, x_link: [tag, 'Silver'] }])
  assert.match(await refusal(ruth, 'ir.model.fields', 'delete_field', [[field], 'x_other']), /technical name/)
  await demand(ruth, 'ir.model.fields', 'delete_field', [[field], 'x_link'])
  await demand(ann, 'res.partner.category', 'unlink', [[tag]])
  await demand(ruth, 'ir.model.fields', 'restore_field', [[field]])
  assert.deepEqual(
    (await demand(ann, 'res.partner', 'read', [[one, two], ['x_link']])).map((row: any) => row.x_link),
    [false, false],
  )
})

test('a deleted field keeps its column for 30 days and loses it then, and nothing of a plan ever drops it', async () => {
  const field = await make('x_gone', 'integer')
  const until = await demand(ruth, 'ir.model.fields', 'delete_field', [[field], 'x_gone'])
  const days = (Date.parse(`${until.replace(' ', 'T')}Z`) - Date.now()) / 86_400_000
  assert.ok(days > 29.9 && days < 30.1)
  await at.asOwner((client) => settleCustomFields(client, at.registry))
  assert.ok((await columns()).includes('x_gone'))
  const plan = await at.asOwner((client) => planMigration(client, { registry: at.registry, tables: serverTables }))
  assert.deepEqual(
    plan.steps.map((step) => step.name).filter((name) => name.includes('x_')),
    [],
  )
  await at.asOwner(async (client) => {
    await client.query('set role pg_database_owner')
    const past = "update ir_model_fields set delete_after = now() at time zone 'utc' - interval '1 minute' where id = $1"
    await client.query(past, [field])
  })
  const { dropped } = await at.asOwner((client) => settleCustomFields(client, at.registry))
  assert.deepEqual(dropped, ['res.partner.x_gone'])
  assert.ok(!(await columns()).includes('x_gone'))
  await make('x_gone', 'char')
  assert.equal((await demand(ann, 'res.partner', 'fields_get', [['x_gone']])).x_gone.type, 'char')
})

test('whoever ends the owner at any moment leaves no field or a whole one, and the next try finishes it', async () => {
  // Nobody asked the owner to look here, who would be quicker than we are.
  const [model] = await beside.system.model('ir.model').find([['model', '=', 'res.partner']], [])
  const [id] = await beside.system.call(
    async (sys) =>
      (
        await sys.model('ir.model.fields').create({
          model: 'res.partner',
          model_id: model!.id,
          name: 'x_killed',
          ttype: 'many2one',
          relation: 'res.users',
          field_description: 'Killed',
          phase: 'asked',
        })
      ).ids,
  )
  const state = async () => {
    const [row] = await beside.system.model('ir.model.fields').browse([id!]).read(['phase'])
    return [row!.phase, (await columns(beside)).includes('x_killed')]
  }
  const superuser = host.cluster.config(beside.database, 'postgres', host.keys.login('postgres')!)
  let moments = 0
  for (let left = 0; ; left++) {
    const isThrough = await beside.asOwner(async (client) => {
      const query = client.query.bind(client) as (...given: unknown[]) => Promise<unknown>
      let sent = 0
      client.query = (async (...given: unknown[]) => {
        if (sent++ === left) {
          const { processID } = client as unknown as { processID: number }
          await withClient(superuser, (killer) => killer.query('select pg_terminate_backend($1)', [processID]))
        }
        return query(...given)
      }) as never
      return settleCustomFields(client, beside.registry).then(
        () => sent <= left,
        () => false,
      )
    })
    if (isThrough) break
    moments++
    const [phase, isThere] = await state()
    assert.equal(phase === 'ready', isThere, `after ${left} statements: ${phase}, ${isThere}`)
  }
  assert.ok(moments > 8, String(moments))
  assert.deepEqual(await state(), ['ready', true])
})

test('an instance that was not upgraded yet is served as before', async () => {
  const old = await site.caller(1, (await beside.person(contactManager)).user.id)
  await beside.asOwner(async (client) => {
    await client.query('set role pg_database_owner')
    await client.query('alter table ir_model_fields_groups_rel rename to gone')
    await client.query('alter table ir_model_fields rename column phase to gone')
    await client.query('update meta set schema = schema + 1')
  })
  for (let i = 0; i < 2; i++) assert.ok((await demand(old, 'res.partner', 'search_count', [[]])) > 0)
  const [id] = await demand(old, 'res.partner', 'create', [[{ name: 'Old' }]])
  assert.deepEqual(await demand(old, 'res.partner', 'read', [[id], ['name']]), [{ id, name: 'Old' }])
})

test('under load nobody is told of an error while fields come, change and go', async () => {
  const state = { isOver: false }
  const failures: string[] = []
  let calls = 0
  const [id] = await demand(ann, 'res.partner', 'create', [[{ name: 'Busy' }]])
  const busy = async (): Promise<void> => {
    while (!state.isOver) {
      calls++
      for (const [method, args] of [
        ['search_read', [[['id', '=', id]], []]],
        ['write', [[id], { street: `Street ${calls}` }]],
        ['fields_get', [[]]],
      ] as const) {
        const { status, error } = await ann.call('res.partner', method, args)
        if (status !== 200 || error) failures.push(`${method}: ${status} ${error?.name} ${error?.message}`)
      }
    }
  }
  const work = [busy(), busy(), busy()]
  const field = await make('x_loaded', 'integer', { default_value: '3' })
  assert.deepEqual(await demand(ann, 'res.partner', 'read', [[id], ['x_loaded']]), [{ id, x_loaded: 3 }])
  await demand(ruth, 'ir.model.fields', 'write', [[field], { field_description: 'Loaded' }])
  await demand(ruth, 'ir.model.fields', 'archive_field', [[field]])
  await demand(ruth, 'ir.model.fields', 'restore_field', [[field]])
  await demand(ruth, 'ir.model.fields', 'delete_field', [[field], 'x_loaded'])
  state.isOver = true
  await Promise.all(work)
  assert.ok(calls > 5)
  assert.deepEqual(failures, [])
  assert.deepEqual(site.log, [])
})
