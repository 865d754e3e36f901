import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { administrator, contactManager, employee, portal } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import { sql } from '@erp4/orm'
import { sale, salesManager } from '@erp4/sale'
import { world } from '@erp4/testing'
import { type Caller, openSite } from './site.ts'

// What was found by attacking the screens of an office from outside: files, messages, letters, settings and money. Each asked over the network.

const at = await world([sale, contacts])
const elsewhere = await at.company('Elsewhere')
const site = await openSite([at])
const people = [
  await at.person(administrator),
  await at.person(employee),
  await at.person(employee),
  await at.person(contactManager),
  await at.person(salesManager),
  await at.person(portal),
]
const [root, ann, bob, ed, sid, pat] = (await Promise.all(people.map(({ user }) => site.caller(0, user.id)))) as [C, C, C, C, C, C]
type C = Caller

const partner = async (name: string, more = {}): Promise<number> => (await at.system.model('res.partner').create({ name, ...more })).ids[0]!
const made = async (caller: Caller, model: string, values: Record<string, unknown>): Promise<number> => {
  const { result, text } = await caller.call(model, 'create', [values])
  assert.equal(typeof result, 'number', text.slice(0, 300))
  return result
}

test('a public file is its maker’s to change and to put somewhere, and an administrator’s to remove', async () => {
  const id = await made(ann, 'ir.attachment', { name: 'Prices.txt', raw: 'aGVsbG8=', public: true })
  const standing = () => at.system.model('ir.attachment').browse([id]).read(['name', 'raw', 'public', 'res_model', 'res_id'])
  const before = await standing()
  assert.ok((await bob.call('ir.attachment', 'write', [[id], { raw: 'ZXZpbA==' }])).error)
  assert.ok((await bob.call('ir.attachment', 'write', [[id], { res_model: 'res.partner', res_id: await partner('Else') }])).error)
  assert.ok((await bob.call('ir.attachment', 'unlink', [[id]])).error)
  const onto = await partner('Taken')
  assert.ok((await bob.call('res.partner', 'message_post', [[onto]], { body: 'See this', attachment_ids: [id] })).result)
  assert.deepEqual(await standing(), before, 'a message shows it, and takes it nowhere')
  assert.equal((await ann.call('ir.attachment', 'write', [[id], { name: 'Prices 2.txt' }])).result, true)
  assert.equal((await root.call('ir.attachment', 'unlink', [[id]])).result, true)
})

test('a message answers one on the same record, and a hidden one sounds like none', async () => {
  const [hidden, here, there] = [await partner('Takeover', { company_id: elsewhere }), await partner('Here'), await partner('There')]
  const say = (caller: Pick<Caller, 'call'>, id: number, parent_id?: number) =>
    caller.call('res.partner', 'message_post', [[id]], { body: 'x', ...(parent_id ? { parent_id } : {}) })
  const own = (await say(ann, here)).result[0] as number
  const far = await at.personOf([elsewhere], employee)
  const secret = (await say(await site.caller(0, far.user.id), hidden)).result[0] as number
  const missing = await say(ann, here, 2_000_000)
  assert.ok(missing.error)
  for (const [id, parent] of [
    [here, secret],
    [there, own],
  ] as const)
    assert.deepEqual((await say(ann, id, parent)).error?.message, missing.error.message)
  assert.ok((await say(ann, here, own)).result)
})

test('whoever has no imports sends no file, whatever he may change', async () => {
  for (const model of ['res.users', 'res.partner', 'res.users.apikeys.description', 'no.such']) {
    const { text } = await site.send(`/web/transfer/upload?model=${model}&name=x.csv`, {
      method: 'POST',
      headers: { cookie: pat.cookie, 'content-type': 'application/octet-stream' },
      body: Buffer.from('name\nx\n'),
    })
    assert.match(text, /"error"/)
  }
  assert.equal(await at.system.model('ir.import').count([]), 0)
})

/** What cleans formatted text, and the place from which it is loaded each time. */
function cleaner() {
  const load = createRequire(import.meta.resolve('@erp4/orm'))
  const clean = load('sanitize-html') as (text: string, options: unknown) => string
  return { clean, module: load.cache[load.resolve('sanitize-html')]! }
}

test('formatted text keeps nobody waiting: not one that is nested without end, not a body full of it', async () => {
  const nest = await ann.call('res.partner', 'message_post', [[await partner('Nest')]], { body: '<ul><li>'.repeat(60_000) })
  assert.match(nest.error?.message ?? '', /nested too deep/)
  // Who has the processor, one after the other: the cleaning of a long text, or whoever else waits for it.
  const turns: ('text' | 'others')[] = []
  const { clean, module } = cleaner()
  module.exports = Object.assign((...given: Parameters<typeof clean>) => {
    if (given[0].length > 100_000) turns.push('text')
    return clean(...given)
  }, clean)
  let isOver = false
  const others = (async () => {
    for (; !isOver; await new Promise((resolve) => setImmediate(resolve))) if (turns.at(-1) === 'text') turns.push('others')
  })()
  const list = Array.from({ length: 8 }, (_, i) => ({ name: `Long ${i}`, comment: '<b>x</b> '.repeat(30_000) }))
  assert.ok((await ed.call('res.partner', 'create', [list])).result)
  isOver = true
  await others
  module.exports = clean
  assert.ok(turns.filter((one) => one === 'text').length >= 8)
  assert.ok(!turns.join().includes('text,text'), 'others are answered between one text and the next')
})

test('a letter that names a long text ten thousand times is refused before it is written', async () => {
  const order = await made(sid, 'sale.order', {
    partner_id: await partner('Wordy', { email: 'wordy@x.example' }),
    note: 'x'.repeat(400_000),
    order_line: [[0, 0, { name: 'x', price_unit: 5 }]],
  })
  const { result } = await sid.call('portal.link', 'letter_begin', [], { res_model: 'sale.order', res_id: order })
  const letters = [{ ...result.letters[0], body: '{{note}}'.repeat(10_000) }]
  const sent = await sid.call('portal.link', 'letter_send', [], { res_model: 'sale.order', res_id: order, letters })
  assert.match(sent.error?.message ?? '', /too long/)
})

test('an amount with more digits than can be kept is refused, and not kept so that nobody can read it', async () => {
  const partner_id = await partner('Rich', { email: 'rich@x.example' })
  const count = () => at.system.model('sale.order').count([])
  const before = await count()
  for (const line of [
    { price_unit: 9e38, product_uom_qty: 9e38 },
    { price_unit: '9'.repeat(40), product_uom_qty: -9e30 },
  ]) {
    const { error } = await sid.call('sale.order', 'create', [{ partner_id, order_line: [[0, 0, { name: 'x', ...line }]] }])
    assert.equal(error?.name, 'builtins.ValueError')
  }
  assert.equal(await count(), before)
})

test('a currency has a code that money can be written with', async () => {
  for (const name of ['X84', 'eur', 'B', '€€€']) assert.ok((await root.call('res.currency', 'create', [{ name, symbol: 'x' }])).error)
  await made(root, 'res.currency', { name: 'XTS', symbol: 'x' })
})

test('a document is shown under any name that its address has', async () => {
  const order = await made(sid, 'sale.order', { partner_id: await partner('Paper'), order_line: [[0, 0, { name: 'x', price_unit: 5 }]] })
  const name = encodeURIComponent(`${'a'.repeat(149)}😀\r\nSet-Cookie: x`)
  const { status, headers } = await site.send(`/web/paper/sale.order/${order}/${name}`, { headers: { cookie: sid.cookie } })
  assert.deepEqual([status, headers['set-cookie']], [200, undefined])
})

test('in a session that was left open nobody says where letters go, or how often a password may be guessed', async () => {
  const chief = await site.caller(0, (await at.person(administrator)).user.id)
  const server = await made(chief, 'ir.mail_server', { name: 'Ours', smtp_host: 'smtp.example.com' })
  await at.databases.use(at.database, (cx) =>
    cx.query(sql`update session set confirmed = now() - interval '11 minutes' where user_id = ${chief.id}::int4`),
  )
  const standing = () =>
    at.databases.use(at.database, async (cx) => [
      await cx.query(sql`select smtp_host, smtp_port, smtp_pass, active, from_address from ir_mail_server order by id`),
      await cx.query(sql`select key, value from ir_config_parameter order by id`),
    ])
  const before = await standing()
  for (const [model, method, args] of [
    ['ir.mail_server', 'create', [{ name: 'Mine', smtp_host: 'smtp.evil.example', sequence: 0 }]],
    ['ir.mail_server', 'write', [[server], { smtp_host: 'smtp.evil.example' }]],
    ['ir.mail_server', 'write', [[server], { smtp_port: 2525 }]],
    ['ir.mail_server', 'write', [[server], { active: false }]],
    ['ir.mail_server', 'web_save', [[server], { smtp_encryption: 'none' }, { smtp_host: {} }]],
    ['ir.mail_server', 'copy', [[server], { smtp_host: 'smtp.evil.example' }]],
    ['ir.config_parameter', 'set_param', ['base.login_cooldown_after', '0']],
    ['ir.config_parameter', 'create', [{ key: 'base.login_cooldown_after', value: '0' }]],
    ['ir.config_parameter', 'set_param', ['mail.default.from', 'evil@example.com']],
  ] as const)
    assert.equal((await chief.call(model, method, args)).error?.name, 'erp4.exceptions.IdentityError', `${model}.${method}`)
  assert.deepEqual(await standing(), before)
  assert.equal((await chief.call('ir.mail_server', 'write', [[server], { name: 'Ours, the old one' }])).result, true)
})

test('a sender’s address of many dots is found to be none at once', async () => {
  const started = performance.now()
  const values = { name: 'x', smtp_host: 'smtp.example.com', from_address: `a@${'.'.repeat(500_000)}@` }
  assert.ok((await root.call('ir.mail_server', 'create', [values])).error)
  assert.ok(performance.now() - started < 60_000)
})

test('what the context fills in is looked at as what is given: files, letters and searches too', async () => {
  const context = { default_raw: 'PHNjcmlwdD54PC9zY3JpcHQ+', default_mimetype: 'image/png', default_checksum: 'f'.repeat(64) }
  const { result: file } = await bob.call('ir.attachment', 'create', [{ name: 'x' }], { context })
  const [kept] = await at.system.model('ir.attachment').browse([file]).read(['mimetype', 'checksum', 'file_size'])
  assert.notEqual(kept!.mimetype, 'image/png')
  assert.notEqual(kept!.checksum, context.default_checksum)
  assert.equal(kept!.file_size, 18)

  const [model] = (await at.system.model('ir.model').search([['model', '=', 'res.partner']])).ids
  const templates = () => at.system.model('mail.template').count([])
  const before = await templates()
  const secret = { default_subject: 'x', default_model_id: model, default_body_html: '<p>{{ user_ids.password }}</p>' }
  assert.ok((await root.call('mail.template', 'create', [{ name: 'T' }], { context: secret })).error)
  assert.equal(await templates(), before)

  const search = (name: string) =>
    ann.call('ir.filters', 'create', [{ name, model_id: 'res.partner' }], { context: { default_is_default: true } })
  await search('One')
  const { result: second } = await search('Two')
  const chosen = await at.system.model('ir.filters').search([
    ['user_id', '=', people[1]!.user.id],
    ['is_default', '=', true],
  ])
  assert.deepEqual(chosen.ids, [second])
})

test('a colleague whose language browsers call otherwise can be given something to do, and keeps nobody from doing so', async () => {
  const [serbian] = (
    await at.system
      .with({ active_test: false })
      .model('res.lang')
      .search([['code', '=', 'sr@latin']])
  ).ids
  assert.equal((await root.call('res.lang', 'write', [[serbian], { active: true }])).result, true)
  const values = { email: 'bob@ours.example', lang: 'sr@latin' }
  await at.system.model('res.partner').browse([people[2]!.user.partner_id]).write(values)
  const res_id = await partner('Beograd')
  const todo = { user_id: people[2]!.user.id, date_deadline: '2027-03-31', summary: 'Call them' }
  const { result, text } = await ann.call('res.partner', 'activity_schedule', [[res_id]], todo)
  assert.equal((result as unknown[] | undefined)?.length, 1, text.slice(0, 300))
  const [letter] = await at.asOwner(
    async (client) => (await client.query('select language from outbox order by id desc limit 1')).rows as { language: string }[],
  )
  assert.equal(letter!.language, 'sr-Latn')
})
