import assert from 'node:assert/strict'
import { test } from 'node:test'
import { administrator, contactManager, employee, portal } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import { sql } from '@erp4/orm'
import { sale, salesManager, salesman } from '@erp4/sale'
import { world } from '@erp4/testing'
import { type Caller, type Outcome, openSite } from './site.ts'

// What was found by attacking the product from outside, over its apps: each is asked over the network, and must be refused, quick, and change nothing.

const at = await world([sale, contacts])
const elsewhere = await at.company('Elsewhere')
const site = await openSite([at])
const people = [
  await at.person(administrator),
  await at.person(employee),
  await at.person(contactManager),
  await at.person(salesman),
  await at.person(salesManager),
  await at.person(portal),
]
const [root, ann, ed, sam, sid, pat] = (await Promise.all(people.map(({ user }) => site.caller(0, user.id)))) as [C, C, C, C, C, C]
type C = Caller
const partner = (name: string, more = {}): Promise<number> =>
  at.system
    .model('res.partner')
    .create({ name, ...more })
    .then(({ ids }) => ids[0]!)

/** Answered, be it with an error; a pattern that goes wrong takes hours for what is sent here. */
async function quick(asked: Promise<Outcome>): Promise<Outcome> {
  const started = performance.now()
  const outcome = await asked
  const ms = performance.now() - started
  assert.ok(ms < 60_000, `${Math.round(ms)} ms: ${outcome.text.slice(0, 200)}`)
  assert.notEqual(outcome.error?.name, 'builtins.Exception', `${outcome.text.slice(0, 300)} ${site.log.at(-1)?.slice(0, 800)}`)
  return outcome
}

test('numbers without gaps are drawn by documents alone', async () => {
  const counters = () => at.system.model('ir.sequence').find([['implementation', '=', 'no_gap']], ['code', 'number_next'], { order: 'id' })
  const before = await counters()
  assert.ok(before.some(({ code }) => code === 'sale.order'))
  for (const caller of [ann, sid, root])
    for (const { id, code } of before)
      for (const asked of [caller.call('ir.sequence', 'next_by_id', [[id]]), caller.call('ir.sequence', 'next_by_code', [code])])
        assert.match((await asked).error?.name ?? 'drawn', /^odoo\.exceptions\.(UserError|AccessError)$/)
  assert.deepEqual(await counters(), before)
})

test('an activity on a hidden record is refused as one on a missing record is, whatever else is wrong with it', async () => {
  const hidden = await partner('Secret Takeover Ltd', { company_id: elsewhere })
  const count = () => at.system.with({ active_test: false }).model('mail.activity').count([])
  const before = await count()
  const users = [people[1]!.user.id, people[0]!.user.id, people[5]!.user.id]
  const told = async (id: number | string): Promise<string[]> => {
    const all: string[] = []
    for (const user_id of users)
      for (const values of [
        { res_model: 'res.partner', res_id: id, user_id },
        { res_model_id: 1, res_model: 'res.partner', res_id: id, user_id },
      ]) {
        const outcome = await ann.call('mail.activity', 'create', [values])
        all.push(outcome.error?.message ?? 'made')
      }
    const fromContext = { context: { default_res_id: id, default_res_model: 'res.partner', default_user_id: users[2] } }
    all.push((await ann.call('mail.activity', 'create', [{ res_model: 'res.partner' }], fromContext)).error?.message ?? 'made')
    const scheduled = await ann.call('res.partner', 'activity_schedule', [[Math.trunc(Number(id))]], { user_id: users[2] })
    return [...all, scheduled.error?.message ?? 'made']
  }
  const missing = await told(2_000_000)
  assert.ok(!missing.includes('made'))
  for (const id of [hidden, String(hidden), hidden + 0.5]) assert.deepEqual(await told(id), missing)
  const open = await partner('Open')
  const { result } = await ann.call('res.partner', 'activity_schedule', [[open]])
  const moved = await ann.call('mail.activity', 'write', [[result[0]], { res_id: hidden, user_id: users[2] }])
  assert.ok(moved.error && !moved.text.includes('Takeover'), moved.text)
  assert.equal(await count(), before + 1)
})

test('an order is read word by word, however long the gaps between its words', async () => {
  const order = `name${' '.repeat(1_000_000)}x`
  for (const [method, args, kwargs] of [
    ['search', [[]], { order }],
    ['search_read', [[], ['name']], { order: `name desc${'\t'.repeat(1_000_000)}nulls${' '.repeat(100_000)}` }],
    ['web_search_read', [[], { child_ids: { fields: { name: {} }, order } }], {}],
    ['formatted_read_group', [[], ['type'], []], { order: `type${' '.repeat(1_000_000)}x` }],
    ['read_group', [[], [], ['type']], { orderby: `type asc${' '.repeat(1_000_000)}nulls` }],
    ['formatted_read_group', [[], ['type'], []], { order: 'type,'.repeat(100_000) }],
  ] as const) {
    const { error, status, text } = await quick(ann.call('res.partner', method, args, kwargs))
    assert.ok(error, `${method} ${status} ${text.slice(0, 300)}`)
  }
  const names = async (order: string): Promise<string[]> =>
    (await ann.call('res.partner', 'search_read', [[], ['name']], { order })).result.map((one: { name: string }) => one.name)
  const down = await names('name desc')
  for (const spelled of ['name DESC', ' "name"  desc nulls last ', 'name desc NULLS FIRST']) assert.deepEqual(await names(spelled), down)
  assert.deepEqual(await names('name asc'), await names('name'))
})

test('a mail address is found in a text of any length at once', async () => {
  const before = await at.system.model('res.partner').count([])
  for (const email of [
    `<${'a@'.repeat(300_000)}`,
    `${'<a@b.de '.repeat(100_000)}>`,
    `a@${'b.'.repeat(300_000)}`,
    `${'a.'.repeat(300_000)}@b.de`,
  ]) {
    const { result } = await quick(
      ed.call('res.partner', 'onchange', [[], { email }, ['email'], { email_normalized: {}, email_formatted: {} }]),
    )
    assert.deepEqual(result.value, {})
    // It is longer than what can be indexed.
    assert.ok((await quick(ed.call('res.partner', 'create', [{ name: 'Long', email }]))).error)
  }
  assert.equal(await at.system.model('res.partner').count([]), before)
})

test('lines within records within lines, and all fields of everything, are refused before they fill the memory', async () => {
  const parent = await partner('Parent', { is_company: true })
  await at.system
    .model('res.partner')
    .create(Array.from({ length: 150 }, (_, i) => ({ name: `Child ${i} ${'x'.repeat(100)}`, parent_id: parent })))
  const down = (inner: unknown): unknown => ({ name: {}, child_ids: { fields: inner } })
  const up = (inner: unknown): unknown => ({ name: {}, parent_id: { fields: inner } })
  const specification = down(up(down(up(down(up({ name: {} }))))))
  const { error, text } = await quick(ann.call('res.partner', 'web_read', [[parent], specification]))
  assert.ok(error && text.length < 10_000)
  const all = Object.keys((await ann.call('res.partner', 'fields_get', [[], ['relation']])).result)
  const wide = (depth: number): unknown =>
    Object.fromEntries(all.map((name) => [name, depth === 0 ? {} : { fields: name.endsWith('parent_id') ? wide(depth - 1) : { id: {} } }]))
  const links = ['parent_id', 'commercial_partner_id']
  const broad = (depth: number): unknown =>
    Object.fromEntries(
      links.flatMap((name) => [[name, depth === 0 ? {} : { fields: { ...(wide(0) as object), ...(broad(depth - 1) as object) } }]]),
    )
  assert.ok((await quick(ann.call('res.partner', 'web_read', [[parent], broad(6)]))).error)
  const seen = await ann.call('res.partner', 'web_read', [[parent], down(up({ name: {} }))])
  assert.equal(seen.result[0].child_ids.length, 150)
})

test('an external id that somebody else gave to a hidden record sounds like none', async () => {
  const hidden = await partner('Hidden', { company_id: elsewhere })
  const open = await partner('Seen')
  await at.system.model('ir.model.data').create([
    { module: 'shop', name: 'customer_1', model: 'res.partner', res_id: hidden },
    { module: 'shop', name: 'customer_2', model: 'res.partner', res_id: open },
  ])
  const ask = async (name: string, more: unknown[] = []): Promise<string> =>
    (await ann.call('ir.model.data', 'check_object_reference', ['shop', name, ...more])).text.replaceAll(name, '')
  assert.equal(await ask('customer_1'), await ask('customer_9'))
  assert.equal(await ask('customer_1', [true]), await ask('customer_9', [true]))
  assert.ok((await ask('customer_2')).includes(`["res.partner",${open}]`))
})

test('JSON with signs that the database does not keep is kept without them', async () => {
  for (const choice of ['\u0000', '\ud800', { 'a\u0000': ['x\udc00', { '\ud83d': '\u0000' }] }]) {
    await quick(ann.call('ir.view.choice', 'keep', [], { model_id: 'res.partner', view: 'list', choice }))
    const kept = await ann.call('ir.view.choice', 'search_read', [[['view', '=', 'list']], ['choice']])
    assert.equal(kept.result.length, 1)
    assert.ok(!JSON.stringify(kept.result[0].choice).includes('\\u0000'))
  }
})

test('an answer that holds a new key is not kept for whoever asks again', async () => {
  const [{ hosts }] = site.records as [(typeof site.records)[0]]
  const { result: dialogue } = await ann.call('res.users.apikeys.description', 'create', [{ name: 'once', duration: '1' }])
  const params = { model: 'res.users.apikeys.description', method: 'make_key', args: [[dialogue]], kwargs: {} }
  const make = () =>
    site.send('/web/dataset/call_kw', {
      host: hosts[0]!,
      method: 'POST',
      headers: { cookie: ann.cookie, 'idempotency-key': 'the-same' },
      body: { id: 1, params },
    })
  const [first, second] = [await make(), await make()]
  const made = /[0-9a-f]{40}/.exec(first.text)?.[0]
  assert.ok(made, first.text)
  assert.ok(JSON.parse(second.text).error && !second.text.includes(made))
  const kept = await at.databases.use(at.database, (cx) => cx.query(sql`select answer from idempotency where key = 'the-same'`))
  assert.deepEqual(kept, [{ answer: '' }])
})

test('one follower whom no letter can reach keeps no letter from the others', async () => {
  const order = await at.system.model('res.partner').create({ name: 'Followed' })
  const [record] = order.ids as [number]
  const followers = [
    ['Fine', 'fine@followers.example'],
    ['Local', 'root@localhost'],
    ['Odd', 'a..b@followers.example'],
    ['Two', 'a@followers.example, b@followers.example'],
    ['Bell\u0007\u001b[31m', 'bell@followers.example'],
    ['N'.repeat(500), 'long@followers.example'],
    ['Line\r\nBcc: evil@evil.example', 'line@followers.example'],
  ] as const
  for (const [name, email] of followers) {
    const id = await partner(name, { email })
    await at.system.model('mail.followers').create({ res_model: 'res.partner', res_id: record, partner_id: id })
  }
  const posted = await ed.call('res.partner', 'message_post', [[record]], { body: 'Hello', subtype_xmlid: 'mail.mt_comment' })
  assert.equal(posted.error, undefined, posted.text)
  const letters = await at.databases.use(at.database, (cx) =>
    cx.query<{ recipients: { address: string; name?: string }[] }>(sql`select recipients from outbox order by id desc limit 7`),
  )
  const to = letters.flatMap(({ recipients }) => recipients)
  assert.deepEqual(
    to.map(({ address }) => address).toSorted((a, b) => a.localeCompare(b)),
    ['bell', 'fine', 'line', 'long'].map((name) => `${name}@followers.example`),
  )
  // oxlint-disable-next-line no-control-regex -- these are what is looked for.
  for (const { name } of to) assert.ok(!/[\u0000-\u001f]/.test(name ?? '') && (name ?? '').length <= 200)
})

test('what is no text, number or id is refused in words, or taken for nothing, by every question of the client and of files', async () => {
  const odd: unknown[] = [{ toString: 1 }, { valueOf: {} }, 1.5, -1, 1e21, 1e308, [], ['res.partner'], '\ud800', null]
  const doors: Readonly<Record<string, readonly string[]>> = {
    '/web/client/': ['views', 'list', 'form', 'board', 'groups', 'find', 'mail_test'],
    '/web/transfer/': [
      'import-fields',
      'export-fields',
      'import-open',
      'import-inspect',
      'import-test',
      'import-start',
      'import-status',
      'import-errors',
    ],
    '/web/transfer/export-': ['start', 'status', 'cancel'],
    '/web/transfer/import-': ['cancel', 'undo', 'kept', 'history'],
  }
  const asked = Object.entries(doors).flatMap(([path, names]) =>
    names.flatMap((name) => odd.map((value) => [`${path}${name}`, value] as const)),
  )
  const judge = async ([path, value]: (typeof asked)[number], also: Record<string, unknown>): Promise<void> => {
    const params = {
      model: value,
      id: value,
      limit: value,
      offset: value,
      text: value,
      order: value,
      columns: value,
      options: value,
      ...also,
    }
    const { status, text } = await site.send(path, { method: 'POST', headers: { cookie: root.cookie }, body: { id: 1, params } })
    assert.ok(
      status < 500 && !/builtins\.Exception/.test(text),
      `${path} ${JSON.stringify(value)} ${text.slice(0, 200)} ${site.log.at(-1)?.slice(0, 600)}`,
    )
  }
  for (const one of asked) await Promise.all([judge(one, {}), judge(one, { model: 'res.partner' })])
})

test('an argument of an action is what it is declared to be, and nothing that reads like it', async () => {
  for (const mode of [{ toString: 1 }, ['read'], ['read', 'write'], { 0: 'read' }, 1]) {
    const outcome = await quick(ann.call('ir.model.access', 'check', ['res.partner', mode]))
    assert.equal(outcome.error?.name, 'odoo.exceptions.ValidationError', JSON.stringify(mode))
  }
  const mine = people[2]!.user.partner_id
  for (const next_id of [1e21, 1.5, { toString: 1 }, [1]])
    await quick(ed.call('res.partner', 'web_save', [[mine], { city: 'Bern' }, { id: {} }], { next_id }))
  for (const version of [1e21, -1e308, 2 ** 31, 2 ** 53]) {
    for (const [method, args] of [
      ['web_save', [[mine], { city: 'Rome' }, { id: {} }]],
      ['web_undo', [[mine]]],
      ['web_restore', [[mine], 1, 'city']],
    ] as const)
      assert.ok((await quick(ed.call('res.partner', method, args, { version }))).error)
    for (const one of [
      { id: mine, version },
      { id: version, version: 1 },
    ])
      assert.ok((await quick(ed.call('res.partner', 'web_save_each', [[{ ...one, values: { city: 'Rome' } }]]))).error)
  }
  assert.equal((await ed.call('res.partner', 'read', [[mine], ['city']])).result[0].city, 'Bern')
})

test('a file of several megabytes comes in by a call, and what is larger than all files is refused before it is read', async () => {
  const datas = Buffer.alloc(3 << 20, 7).toString('base64')
  const { result } = await quick(ann.call('ir.attachment', 'create', [{ name: 'large', datas }]))
  assert.equal((await ann.call('ir.attachment', 'read', [[result], ['file_size']])).result[0].file_size, 3 << 20)
  const tooLarge = await ann.call('ir.attachment', 'create', [{ name: 'x'.repeat(65 << 20) }])
  assert.equal(tooLarge.status, 413)
})

test('the way back of an address that is too long for a header is left out', async () => {
  for (const path of ['/my', '/my/orders/1']) {
    const { status, headers } = await site.send(`${path}?${'a=1&'.repeat(3000)}`)
    assert.deepEqual([status, headers.location], [303, '/web/login'])
  }
})

test('whoever expects something of the server learns no more than anybody else', async () => {
  const [{ hosts }] = site.records as [(typeof site.records)[0]]
  const ask = (host: string) => site.raw(`GET /web/login HTTP/1.1\r\nHost: ${host}\r\nExpect: something\r\nConnection: close\r\n\r\n`)
  assert.match(await ask('nobody.example'), /^HTTP\/1\.1 404 /)
  assert.match(await ask(hosts[0]!), /^HTTP\/1\.1 200 /)
})
void [sam, pat]
