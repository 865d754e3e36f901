import assert from 'node:assert/strict'
import { test } from 'node:test'
import { administrator, contactManager, employee, portal, userManager } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import { sql } from '@erp4/orm'
import { world } from '@erp4/testing'
import { type Caller, openSite, password } from './site.ts'

// What somebody may not do by one way he may not do by any other: each attempt is made over the network and nothing may have changed after it.

const at = await world(contacts)
const elsewhere = await at.company('Elsewhere')
const site = await openSite([at])
const [ann, ed, pat, meg, boss, bob] = (
  await Promise.all([
    at.person(employee),
    at.person(contactManager),
    at.person(portal),
    at.person(userManager),
    at.person(administrator),
    at.personOf([elsewhere], employee),
  ])
).map(({ user }) => user) as [U, U, U, U, U, U]
type U = Awaited<ReturnType<typeof at.person>>['user']
const [asAnn, asEd, asPat, asMeg] = (await Promise.all([ann, ed, pat, meg].map(({ id }) => site.caller(0, id)))) as [
  Caller,
  Caller,
  Caller,
  Caller,
]
const groupId = async (key: string): Promise<number> => (await at.system.model('res.groups').search([['key', '=', key]])).ids[0]!
const [adminGroup, managerGroup, userGroup] = [
  await groupId('base.group_system'),
  await groupId('base.group_erp_manager'),
  await groupId('base.group_user'),
]

/** All that rights hang on, as it is in the tables. */
const standing = (): Promise<unknown[]> =>
  at.databases.use(at.database, async (cx) => [
    await cx.query(sql`select u.id, login, password, u.active, partner_id, u.company_id, sec_version, p.email, p.active as p_active, p.parent_id, p.company_id as p_company,
      array(select right_id from res_users_group_ids_rel where left_id = u.id order by 1) as groups, array(select right_id from res_users_company_ids_rel where left_id = u.id order by 1) as companies
      from res_users u join res_partner p on p.id = u.partner_id order by u.id`),
    await cx.query(sql`select id, key, array(select right_id from res_groups_implied_ids_rel where left_id = g.id order by 1) as implied,
      array(select right_id from res_groups_all_implied_ids_rel where left_id = g.id order by 1) as every from res_groups g order by id`),
    await cx.query(sql`select id, user_id, scope, secret_hash, expiration_date from res_users_apikeys order by id`),
    await cx.query(sql`select * from ir_config_parameter order by id`),
  ])

type Attempt = readonly [string, string, unknown[], Record<string, unknown>?]

async function refused(caller: Caller, attempts: readonly Attempt[]): Promise<void> {
  const before = await standing()
  for (const attempt of attempts) {
    const outcome = await caller.call(...attempt)
    const after = await standing()
    assert.deepEqual(after, before, `${JSON.stringify(attempt)} changed something: ${outcome.text.slice(0, 300)}`)
    assert.ok(outcome.error, `${JSON.stringify(attempt)} was answered: ${outcome.text.slice(0, 300)}`)
    assert.notEqual(outcome.error.name, 'builtins.Exception', JSON.stringify(attempt))
  }
}

/** Ways to give a user something, each of them through another door. */
const doors = (user: U, given: Record<string, unknown>): Attempt[] => [
  ['res.users', 'write', [[user.id], given]],
  ['res.users', 'write', [[user.id], { lang: 'en_US', ...given }]],
  ['res.users', 'web_save', [[user.id], given, { id: {} }]],
  ['res.users', 'create', [{ login: 'evil@example.com', name: 'Evil', ...given }]],
  ['res.users', 'web_save', [[], { login: 'evil@example.com', name: 'Evil', ...given }, { id: {} }]],
  ['res.users', 'copy', [[user.id], { login: 'evil@example.com', ...given }]],
  ['res.partner', 'write', [[user.partner_id], { user_ids: [[1, user.id, given]] }]],
  ['res.partner', 'write', [[user.partner_id], { user_ids: [['update', user.id, given]] }]],
  ['res.partner', 'write', [[user.partner_id], { user_ids: [[0, 0, { login: 'evil@example.com', ...given }]] }]],
  ['res.partner', 'create', [{ name: 'Evil', user_ids: [[0, 0, { login: 'evil@example.com', ...given }]] }]],
  [
    'res.partner',
    'create',
    [
      {
        name: 'Evil',
        child_ids: [
          [0, 0, { name: 'Evil', child_ids: [[0, 0, { name: 'Evil', user_ids: [[0, 0, { login: 'evil@example.com', ...given }]] }]] }],
        ],
      },
    ],
  ],
  ['res.partner', 'create', [{ name: 'Evil', user_id: user.id, child_ids: [[0, 0, { name: 'E', user_ids: [[1, user.id, given]] }]] }]],
  ['res.partner', 'web_save', [[user.partner_id], { user_ids: [[1, user.id, given]] }, { id: {} }]],
  ['res.company', 'write', [[user.company_id], { user_ids: [[1, user.id, given]] }]],
]

for (const [name, caller, user] of [
  ['an employee', asAnn, ann],
  ['an editor of contacts', asEd, ed],
  ['a portal user', asPat, pat],
] as const) {
  test(`${name} gives himself no group, company, login, contact or password`, async () => {
    await refused(
      caller,
      [
        ...doors(user, { group_ids: [[4, adminGroup]] }),
        ...doors(user, { group_ids: [[6, 0, [adminGroup, managerGroup]]] }).slice(0, 3),
        ...doors(user, { group_ids: [adminGroup] }).slice(0, 2),
        ...doors(user, { group_ids: [[0, 0, { name: 'x', key: 'x.y', implied_ids: [[4, adminGroup]] }]] }).slice(0, 2),
        ...doors(user, { group_ids: [[1, userGroup, { implied_ids: [[4, adminGroup]] }]] }).slice(0, 2),
        ...doors(user, { company_ids: [[4, elsewhere]] }),
        ...doors(user, { company_id: elsewhere }),
        ...doors(user, { login: 'admin2' }).slice(0, 3),
        ...doors(user, { password: 'another password' }),
        ...doors(user, { partner_id: boss.partner_id }),
        ...doors(user, { sec_version: 99 }),
        ...doors(user, { active: false }),
        ['res.groups', 'write', [[adminGroup], { user_ids: [[4, user.id]] }]],
        ['res.groups', 'write', [[userGroup], { implied_ids: [[4, adminGroup]] }]],
        ['res.groups', 'create', [{ name: 'x', key: 'base.group_system2', user_ids: [[4, user.id]] }]],
        ['res.groups', 'unlink', [[adminGroup]]],
        ['res.groups', 'copy', [[adminGroup]]],
        [
          'res.users',
          'load',
          [['login', 'name', 'group_ids/.id'], [['evil@example.com', 'Evil', String(adminGroup)]]],
          { keep_good: false },
        ],
        ['res.users', 'action_archive', [[boss.id]]],
        ['res.users', 'unlink', [[boss.id]]],
        ['res.users', 'write', [[boss.id], { lang: 'en_US' }]],
        ['ir.config_parameter', 'set_param', ['auth_password_policy.minlength', '1']],
        ['ir.config_parameter', 'create', [{ key: 'a', value: 'b' }]],
        ['ir.model.access', 'create', [{ name: 'x' }]],
        ['ir.module.module', 'write', [[1], { state: 'installed' }]],
      ].filter(([model, method, args]) => !(model === 'res.users' && method === 'load' && args === undefined)) as Attempt[],
    )
  })
}

test('an import of users and rights is refused row by row, and leaves nothing', async () => {
  const before = await standing()
  for (const caller of [asAnn, asEd, asPat]) {
    for (const [model, fields, row] of [
      ['res.users', ['.id', 'group_ids/.id'], [String(ann.id), String(adminGroup)]],
      ['res.users', ['id', 'group_ids/id'], ['base.user_admin', 'base.group_system']],
      ['res.users', ['.id', 'company_ids/.id'], [String(ann.id), String(elsewhere)]],
      ['res.groups', ['.id', 'user_ids/.id'], [String(adminGroup), String(ann.id)]],
      ['res.partner', ['.id', 'user_ids/.id', 'user_ids/group_ids/.id'], [String(ann.partner_id), String(ann.id), String(adminGroup)]],
      ['res.partner', ['.id', 'email'], [String(boss.partner_id), 'mine@example.com']],
      ['ir.model.data', ['module', 'name', 'model', 'res_id'], ['base', 'user_root', 'res.users', String(ann.id)]],
    ] as const) {
      for (const keep_good of [true, false]) {
        const { result, error } = await caller.call(model, 'load', [fields, [row]], { keep_good })
        assert.ok(error ?? result.messages.length > 0, `${model} ${JSON.stringify(fields)}`)
        assert.deepEqual(await standing(), before)
      }
    }
  }
})

test('nobody without the right moves the mail address of somebody who signs in', async () => {
  const emails = (user: U): Attempt[] => [
    ['res.partner', 'write', [[user.partner_id], { email: 'mine@example.com' }]],
    ['res.users', 'write', [[user.id], { email: 'mine@example.com' }]],
    ['res.partner', 'web_save', [[user.partner_id], { email: 'mine@example.com' }, { id: {} }]],
    ['res.partner', 'unlink', [[user.partner_id]]],
    ['res.partner', 'action_archive', [[user.partner_id]]],
    ['res.partner', 'create', [{ name: 'x', child_ids: [[1, user.partner_id, { email: 'mine@example.com' }]] }]],
    ['res.partner', 'create', [{ name: 'x', child_ids: [[4, user.partner_id]] }]],
    ['res.partner', 'create', [{ name: 'x', child_ids: [[6, 0, [user.partner_id]]] }]],
    ['res.partner', 'create', [{ name: 'x', child_ids: [[2, user.partner_id]] }]],
    ['res.partner', 'action_move_to_company', [[user.partner_id], ann.partner_id]],
  ]
  await refused(asAnn, [...emails(boss), ...emails(ed), ...emails(bob)])
  await refused(asEd, [...emails(boss), ...emails(ann), ...emails(meg)])
  await refused(asPat, [...emails(boss), ...emails(pat)])
})

test("others' keys, dialogues and password checks are out of reach", async () => {
  await asAnn.key()
  const { result: mine } = await asAnn.call('res.users.apikeys.description', 'create', [{ name: 'mine', duration: '1' }])
  const [key] = (await at.system.model('res.users.apikeys').search([['user_id', '=', ann.id]])).ids as [number]
  for (const caller of [asEd, asPat]) {
    assert.deepEqual((await caller.call('res.users.apikeys', 'search', [[]])).result, [])
    assert.deepEqual((await caller.call('res.users.apikeys', 'read', [[key]])).result, [])
    await refused(caller, [
      ['res.users.apikeys', 'unlink', [[key]]],
      ['res.users.apikeys', 'remove', [[key]]],
      ['res.users.apikeys', 'write', [[key], { user_id: pat.id }]],
      ['res.users.apikeys', 'copy', [[key]]],
      ['res.users.apikeys', 'create', [{ name: 'x', user_id: boss.id, secret_hash: 'a'.repeat(64), key_index: 'a'.repeat(8) }]],
      ['res.users.apikeys.description', 'make_key', [[mine]]],
      ['res.users.apikeys.description', 'write', [[mine], { name: 'x' }]],
      ['res.users.identitycheck', 'create', [{ request: { dialogues: [mine] } }]],
    ])
  }
  await refused(asAnn, [
    ['res.users.apikeys', 'write', [[key], { expiration_date: false }]],
    ['res.users.apikeys', 'create', [{ name: 'x', user_id: ann.id }]],
    ['res.users.apikeys', 'copy', [[key]]],
  ])
})

// ---- What nobody may set, and what the context may not bring in -----------------------------------------

test('ids, authors, versions, paths and computed values are not for callers to set', async () => {
  const given = {
    id: 999999,
    create_uid: boss.id,
    write_uid: boss.id,
    create_date: '2001-01-01 00:00:00',
    version: 77,
    commercial_partner_id: boss.partner_id,
    email_normalized: 'x@y.z',
    display_name: 'Boss',
    parent_path: '1/',
  }
  const { result: id, error } = await asEd.call('res.partner', 'create', [
    { name: 'Plain', email: 'a@b.example', ...omit(given, 'parent_path') },
  ])
  assert.equal(error, undefined)
  const plain = async () =>
    (
      await asEd.call('res.partner', 'read', [
        [id],
        ['create_uid', 'write_uid', 'create_date', 'commercial_partner_id', 'email_normalized', 'display_name'],
      ])
    ).result[0]
  const first = await plain()
  assert.notEqual(id, 999999)
  assert.deepEqual(
    [first.create_uid[0], first.write_uid[0], first.commercial_partner_id[0], first.email_normalized, first.display_name],
    [ed.id, ed.id, id, 'a@b.example', 'Plain'],
  )
  assert.ok(first.create_date > '2020')
  await asEd.call('res.partner', 'write', [[id], omit(given, 'parent_path')])
  assert.deepEqual(await plain(), first)
  await asEd.call('res.partner', 'write', [[id], { city: 'x' }], {
    context: Object.fromEntries(Object.entries(given).map(([name, value]) => [`default_${name}`, value])),
  })
  assert.deepEqual(await plain(), first)
})

const omit = (all: Record<string, unknown>, name: string) => Object.fromEntries(Object.entries(all).filter(([key]) => key !== name))

test('what the context would fill in goes through the same rights as what is given', async () => {
  const [hidden] = (await at.system.model('res.partner').create({ name: 'Hidden', company_id: elsewhere })).ids
  const asking = (context: Record<string, unknown>): Attempt => ['res.partner', 'create', [{ name: 'Evil' }], { context }]
  await refused(asEd, [
    asking({ default_company_id: elsewhere }),
    asking({ default_user_ids: [[0, 0, { login: 'evil@example.com', group_ids: [[4, adminGroup]] }]] }),
    asking({ default_user_ids: [[1, ed.id, { group_ids: [[4, adminGroup]] }]] }),
    asking({ default_parent_id: hidden }),
    asking({ allowed_company_ids: [elsewhere] }),
    asking({ allowed_company_ids: [ed.company_id, elsewhere] }),
  ])
})

test("what the software makes by itself takes nothing from the caller's context", async () => {
  const names = () =>
    at.databases.use(at.database, (cx) =>
      cx.query(sql`select name, demo, noupdate, module from ir_model_data where module = '__export__' order by id`),
    )
  const { result: id } = await asEd.call('res.partner', 'create', [{ name: 'Exported' }])
  const context = {
    default_demo: true,
    default_noupdate: true,
    default_module: 'base',
    default_company_id: elsewhere,
    default_child_ids: [[0, 0, { name: 'Smuggled' }]],
    default_active: false,
  }
  const exported = await asEd.call('res.partner', 'export_data', [[id], ['id']], { context })
  assert.equal(exported.error, undefined)
  const [made] = (await names()) as { demo: boolean; noupdate: boolean }[]
  assert.deepEqual([made!.demo, made!.noupdate], [false, false])

  const { result: userId, error } = await asMeg.call(
    'res.users',
    'create',
    [{ login: 'new@example.com', name: 'New', company_id: meg.company_id, company_ids: [meg.company_id] }],
    { context: omit(context, 'default_active') },
  )
  assert.equal(error, undefined)
  const [user] = await at.system
    .with({ active_test: false })
    .model('res.users')
    .browse([userId])
    .read(['partner_id.company_id', 'partner_id.child_ids'])
  assert.deepEqual([user!.partner_id.company_id, user!.partner_id.child_ids], [null, []])

  const { result: dialogue } = await asAnn.call('res.users.apikeys.description', 'create', [{ name: 'x', duration: '1' }])
  await asAnn.call('res.users.apikeys.description', 'make_key', [[dialogue]], {
    context: {
      default_user_id: boss.id,
      default_scope: false,
      default_last_used: '2001-01-01 00:00:00',
      default_expiration_date: '2099-01-01 00:00:00',
    },
  })
  const [key] = await at.system
    .model('res.users.apikeys')
    .find([['user_id', '=', ann.id]], ['last_used', 'scope'], { order: 'id desc', limit: 1 })
  assert.deepEqual([key!.last_used, key!.scope], [null, 'rpc'])
})

// ---- Lists ------------------------------------------------------------------------------------------------

test('a command in a list has the rights of its caller on that record, at every depth', async () => {
  const { result: firm } = await asEd.call('res.partner', 'create', [
    { name: 'Firm', is_company: true, child_ids: [[0, 0, { name: 'Chief' }]] },
  ])
  const [hidden] = (
    await at.system
      .model('res.partner')
      .create({ name: 'Hidden', company_id: elsewhere, bank_ids: [['create', { acc_number: 'HIDDEN-1' }]] } as never)
  ).ids as [number]
  const [account] = (await at.system.model('res.partner.bank').search([['partner_id', '=', hidden]])).ids as [number]
  const [mine] = (await at.system.model('res.partner.bank').create({ acc_number: 'OPEN-1', partner_id: firm })).ids as [number]
  const before = await at.databases.use(at.database, async (cx) => [
    await cx.query(sql`select id, name, parent_id, company_id, active from res_partner order by id`),
    await cx.query(sql`select id, acc_number, partner_id from res_partner_bank order by id`),
  ])
  const nested = (field: string, command: unknown) => [
    { child_ids: [[0, 0, { name: 'a', child_ids: [[0, 0, { name: 'b', [field]: [command] }]] }]] },
    { [field]: [command] },
    { child_ids: [[0, 0, { name: 'a', [field]: [command] }]] },
  ]
  const commands: [string, unknown][] = [
    ...[
      [1, hidden, { name: 'Taken' }],
      [2, hidden, 0],
      [3, hidden, 0],
      [4, hidden, 0],
      [6, 0, [hidden]],
      ['link', hidden],
      ['set', [hidden]],
      ['delete', hidden],
      ['unlink', hidden],
      ['update', hidden, { name: 'Taken' }],
    ].map((one): [string, unknown] => ['child_ids', one]),
    ...[
      [1, account, { acc_number: 'TAKEN' }],
      [2, account, 0],
      [3, account, 0],
      [4, account, 0],
      [6, 0, [account]],
    ].map((one): [string, unknown] => ['bank_ids', one]),
  ]
  for (const [field, command] of commands) {
    for (const values of nested(field, command)) {
      const { error } = await asEd.call('res.partner', 'write', [[firm], values])
      assert.equal(error?.name, 'odoo.exceptions.AccessError', JSON.stringify([field, command]))
    }
  }
  // An employee reads the firm and writes his own contact alone; its lines are no more his than it is.
  for (const values of [
    { bank_ids: [[1, mine, { acc_number: 'TAKEN' }]] },
    { bank_ids: [[4, mine]] },
    { bank_ids: [[0, 0, { acc_number: 'NEW' }]] },
    { child_ids: [[4, firm]] },
    { child_ids: [[0, 0, { name: 'x' }]] },
    { category_id: [[0, 0, { name: 'x' }]] },
  ]) {
    const { error } = await asAnn.call('res.partner', 'write', [[ann.partner_id], values])
    assert.ok(error, JSON.stringify(values))
  }
  const after = await at.databases.use(at.database, async (cx) => [
    await cx.query(sql`select id, name, parent_id, company_id, active from res_partner order by id`),
    await cx.query(sql`select id, acc_number, partner_id from res_partner_bank order by id`),
  ])
  assert.deepEqual(after, before)
})

test('nobody makes, changes or deletes a record where his rules do not reach, even one that nothing else protects', async () => {
  const made = await at.system.model('res.partner').create([{ name: 'Kept', company_id: elsewhere }, { name: 'Kept too' }])
  const [there, here] = made.ids as [number, number]
  const rows = () => at.databases.use(at.database, (cx) => cx.query(sql`select id, name, company_id, version from res_partner order by id`))
  const before = await rows()
  // Who gives rights may name every company, so that no link stands in his way: the rule alone does.
  for (const [caller, method, args] of [
    [asMeg, 'create', [{ name: 'Evil', company_id: elsewhere }]],
    [asMeg, 'create', [[{ name: 'Fine' }, { name: 'Evil', company_id: elsewhere }]]],
    [asMeg, 'write', [[here], { company_id: elsewhere }]],
    [asMeg, 'unlink', [[there]]],
    [asMeg, 'unlink', [[here, there]]],
    [asEd, 'unlink', [[there]]],
    [asAnn, 'unlink', [[here]]],
    [asPat, 'unlink', [[here]]],
  ] as const) {
    const { error } = await caller.call('res.partner', method, args)
    assert.equal(error?.name, 'odoo.exceptions.AccessError', JSON.stringify([method, args]))
    assert.deepEqual(await rows(), before, JSON.stringify([method, args]))
  }
})

test("a list's command speaks of that list's lines alone, be the others one's own too", async () => {
  const firm = async (name: string): Promise<[number, number]> => {
    const { result: id } = await asEd.call('res.partner', 'create', [
      { name, is_company: true, child_ids: [[0, 0, { name: `Of ${name}` }]] },
    ])
    return [id, (await asEd.call('res.partner', 'read', [[id], ['child_ids']])).result[0].child_ids[0]]
  }
  const [one] = await firm('One')
  const [, other] = await firm('Other')
  for (const command of [
    [1, other, { name: 'Renamed' }],
    [2, other, 0],
    [3, other, 0],
  ]) {
    assert.equal((await asEd.call('res.partner', 'write', [[one], { child_ids: [command] }])).error?.name, 'odoo.exceptions.AccessError')
    assert.equal((await asEd.call('res.partner', 'read', [[other], ['name']])).result[0].name, 'Of Other')
  }
})

test('a form saved back cuts no link that its reader does not see', async () => {
  const { result: firm } = await asEd.call('res.partner', 'create', [
    { name: 'Shared', is_company: true, child_ids: [[0, 0, { name: 'Seen' }]] },
  ])
  const [unseen] = (await at.system.model('res.partner').create({ name: 'Unseen', parent_id: firm, company_id: elsewhere })).ids as [number]
  const {
    result: [{ child_ids }],
  } = await asEd.call('res.partner', 'read', [[firm], ['child_ids']])
  assert.equal(child_ids.length, 1)
  const { error } = await asEd.call('res.partner', 'write', [[firm], { child_ids: [[6, 0, child_ids]] }])
  assert.equal(error, undefined)
  const [kept] = await at.system.model('res.partner').browse([unseen]).read(['parent_id'])
  assert.equal(kept!.parent_id, firm)

  // Bob works elsewhere: whoever gives rights here does not see him, and does not take them from him either.
  const {
    result: [{ user_ids }],
  } = await asMeg.call('res.groups', 'read', [[userGroup], ['user_ids']])
  assert.ok(user_ids.includes(ann.id) && !user_ids.includes(bob.id))
  for (const command of [
    [6, 0, user_ids],
    [3, bob.id, 0],
    ['set', user_ids],
  ]) {
    const { error: failed } = await asMeg.call('res.groups', 'write', [[userGroup], { user_ids: [command] }])
    assert.equal(failed, undefined)
    const [user] = await at.system.model('res.users').browse([bob.id]).read(['group_ids'])
    assert.ok(user!.group_ids.includes(userGroup), JSON.stringify(command))
  }
})

// ---- The moment -------------------------------------------------------------------------------------------

test('rights, companies and people that end, end with the next call', async () => {
  const { user } = await at.person(contactManager)
  const caller = await site.caller(0, user.id)
  const key = await caller.key()
  const byKey = () =>
    site.send('/json/2/res.partner/search_count', { method: 'POST', headers: { authorization: `bearer ${key}` }, body: { domain: [] } })
  const byPassword = (method: string, args: unknown[]) =>
    site.send('/jsonrpc', {
      method: 'POST',
      body: {
        id: 1,
        params: { service: 'object', method: 'execute_kw', args: [site.records[0]!.name, user.id, password, 'res.partner', method, args] },
      },
    })
  const page = () => site.send('/odoo', { headers: { cookie: caller.cookie } })
  assert.equal((await byKey()).status, 200)
  assert.match((await byPassword('create', [{ name: 'By password' }])).text, /"result":\d+/)

  await at.system
    .model('res.users')
    .browse([user.id])
    .write({ group_ids: [userGroup] } as never)
  assert.match((await byPassword('create', [{ name: 'Too late' }])).text, /AccessError|AccessDenied/)
  assert.match(
    (
      await site.send('/json/2/res.partner/create', {
        method: 'POST',
        headers: { authorization: `bearer ${key}` },
        body: { vals_list: [{ name: 'Too late' }] },
      })
    ).text,
    /AccessError/,
  )
  assert.equal((await caller.call('res.partner', 'search_count', [[]])).error?.name, 'odoo.http.SessionExpiredException')
  assert.equal(await at.system.model('res.partner').count([['name', '=', 'Too late']]), 0)

  const again = await site.caller(0, user.id)
  assert.equal((await again.call('res.partner', 'search_count', [[]])).error, undefined)
  await at.system.model('res.users').browse([user.id]).write({ active: false })
  assert.equal((await again.call('res.partner', 'search_count', [[]])).error?.name, 'odoo.http.SessionExpiredException')
  assert.equal((await byKey()).status, 401)
  assert.match((await byPassword('search_count', [[]])).text, /AccessDenied/)
  assert.notEqual((await page()).status, 200)
  const { text } = await site.send('/web/session/authenticate', {
    method: 'POST',
    body: { params: { db: site.records[0]!.name, login: user.login, password } },
  })
  assert.match(text, /AccessDenied/)
})

test('an administrator changes nobody’s password, by any door, however lately he said his own', async () => {
  const chief = await site.caller(0, boss.id)
  assert.equal((await chief.call('res.users', 'confirm_identity', [password])).result, true)
  // A new user may come with a first one.
  const others = (attempt: Attempt): boolean => !(attempt[0] === 'res.users' && attempt[1] === 'create')
  for (const user of [ann, boss]) await refused(chief, doors(user, { password: 'chosen by somebody else' }).filter(others))
})

test('in a session that was left open nobody changes rights, logins or passwords before he said his own', async () => {
  const chief = await site.caller(0, (await at.person(administrator)).user.id)
  const somebody = (await at.person(employee)).user
  const age = () =>
    at.databases.use(at.database, (cx) =>
      cx.query(sql`update session set confirmed = now() - interval '11 minutes' where user_id = ${chief.id}::int4`),
    )
  await age()
  const attempts: Attempt[] = [
    ...[
      { group_ids: [[4, adminGroup, 0]] },
      { login: 'evil@example.com' },
      { password: 'chosen by somebody else' },
      { company_ids: [[4, elsewhere, 0]] },
    ].flatMap((given) => doors(ann, given)),
    ['res.groups', 'write', [[adminGroup], { user_ids: [[4, ann.id, 0]] }]],
    ['res.users', 'confirm_identity', ['a guess at the password']],
    ['res.users', 'confirm_identity', [false]],
    ['res.users', 'confirm_identity', []],
  ]
  await refused(chief, attempts)
  const before = await standing()
  const { result } = await chief.call('res.users', 'load', [['.id', 'group_ids/.id'], [[String(ann.id), String(adminGroup)]]])
  assert.match(result.messages[0].message, /takes your password/)
  assert.deepEqual(await standing(), before)
  const grant = (caller: Caller) => caller.call('res.users', 'write', [[somebody.id], { group_ids: [[4, managerGroup, 0]] }])
  assert.equal((await grant(chief)).error?.name, 'erp4.exceptions.IdentityError')
  assert.equal((await chief.call('res.users', 'write', [[somebody.id], { lang: 'ko_KR' }])).error, undefined, 'the rest of him is no door')
  // Whoever confirms himself has confirmed nobody else, and not for long.
  assert.equal((await asMeg.call('res.users', 'confirm_identity', [password])).result, true)
  assert.equal((await grant(chief)).error?.name, 'erp4.exceptions.IdentityError')
  assert.equal((await chief.call('res.users', 'confirm_identity', [password])).result, true)
  assert.equal((await grant(chief)).result, true)
  await age()
  assert.equal((await grant(chief)).error?.name, 'erp4.exceptions.IdentityError')
})

test('a key that is removed, or over, opens nothing any more', async () => {
  const key = await asPat.key()
  const ask = () =>
    site.send('/json/2/res.partner/search_count', { method: 'POST', headers: { authorization: `bearer ${key}` }, body: { domain: [] } })
  assert.equal((await ask()).status, 200)
  const [id] = (await at.system.model('res.users.apikeys').search([['user_id', '=', pat.id]], { order: 'id desc', limit: 1 })).ids as [
    number,
  ]
  await at.system
    .model('res.users.apikeys')
    .browse([id])
    .write({ expiration_date: '2020-01-01 00:00:00' } as never)
  assert.equal((await ask()).status, 401)
  await at.system.model('res.users.apikeys').browse([id]).write({ expiration_date: null })
  assert.equal((await ask()).status, 200)
  await asPat.call('res.users.apikeys', 'remove', [[id]])
  assert.equal((await ask()).status, 401)
})

test('a key makes no further key, and a session only while its password is fresh', async () => {
  const key = await asEd.key()
  const json2 = (model: string, method: string, body: unknown) =>
    site.send(`/json/2/${model}/${method}`, { method: 'POST', headers: { authorization: `bearer ${key}` }, body })
  const [dialogue] = JSON.parse(
    (await json2('res.users.apikeys.description', 'create', { vals_list: [{ name: 'x', duration: '1' }] })).text,
  ) as [number]
  const before = await standing()
  const asked = await json2('res.users.apikeys.description', 'make_key', { ids: [dialogue] })
  assert.deepEqual([JSON.parse(asked.text).res_model, asked.text.includes('default_key')], ['res.users.identitycheck', false])
  const check = JSON.parse(asked.text).res_id as number
  for (const context of [{}, { password: 'wrong' }, { password: '' }, { password: null }, { password: { a: 1 } }])
    assert.match((await json2('res.users.identitycheck', 'run_check', { ids: [check], context })).text, /AccessDenied/)
  await at.databases.use(at.database, (cx) =>
    cx.query(sql`update session set confirmed = now() - interval '11 minutes' where user_id = ${ed.id}::int4`),
  )
  const late = await asEd.call('res.users.apikeys.description', 'make_key', [[dialogue]])
  assert.equal(late.result.res_model, 'res.users.identitycheck')
  assert.deepEqual(await standing(), before)
})

test("an idempotency key is its user's own: another's answer is never given", async () => {
  const [mine, theirs] = [await asAnn.key(), await asPat.key()]
  const ask = (key: string) =>
    site.send('/json/2/res.users.apikeys.description/create', {
      method: 'POST',
      headers: { authorization: `bearer ${key}`, 'idempotency-key': 'the-same' },
      body: { vals_list: [{ name: 'once', duration: '1' }] },
    })
  const first = [(await ask(mine)).text, (await ask(theirs)).text]
  assert.notEqual(first[0], first[1])
  assert.deepEqual([(await ask(mine)).text, (await ask(theirs)).text], first)
})
