import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { contactManager, employee, portal } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import { sql } from '@erp4/orm'
import { world } from '@erp4/testing'
import { type Answer, type Caller, openSite } from './site.ts'

// A file is seen by whoever sees what it hangs on, changed by whoever may change that, and can do nothing in a browser.

const at = await world(contacts)
const elsewhere = await at.company('Elsewhere')
const site = await openSite([at])
const users = (
  await Promise.all([at.person(contactManager), at.personOf([elsewhere], contactManager), at.person(portal), at.person(employee)])
).map(({ user }) => user)
const [ann, bob, pat, eve] = (await Promise.all(users.map(({ id }) => site.caller(0, id)))) as [Caller, Caller, Caller, Caller]
const make = async (model: string, values: Record<string, unknown>): Promise<number> =>
  (await at.system.model(model as never).create(values as never)).ids[0]!
const [home] = users.map(({ company_id }) => company_id) as [number]
const open = await make('res.partner', { name: 'Open' })
const here = await make('res.partner', { name: 'Here', company_id: home })
const there = await make('res.partner', { name: 'There', company_id: elsewhere })

const mark = 'PLAIN-MARK-OF-THIS-TEST'
const text = Buffer.from(`${mark} Ünïcode`).toString('base64')
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

const attach = async (caller: Caller, values: Record<string, unknown>): Promise<number> => {
  const { result, error } = await caller.call('ir.attachment', 'create', [{ name: 'file.txt', datas: text, company_id: false, ...values }])
  assert.equal(error, undefined, JSON.stringify(error))
  return result as number
}
const on = (id: number, more: Record<string, unknown> = {}) => ({ res_model: 'res.partner', res_id: id, ...more })
const fetchAs = (caller: Caller | null, path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  site.send(path, { headers: { ...(caller ? { cookie: caller.cookie } : {}), ...headers } })

/** Every way to see something of a file; true when any of them told. */
async function sees(caller: Caller, id: number): Promise<boolean> {
  const found = await Promise.all(
    [
      caller.call('ir.attachment', 'search', [[['id', '=', id]]]),
      caller.call('ir.attachment', 'read', [[id], ['name', 'datas', 'res_id', 'checksum', 'file_size']]),
      caller.call('ir.attachment', 'name_search', ['', [['id', '=', id]]]),
      caller
        .call('ir.attachment', 'web_search_read', [[['id', '=', id]], { name: {}, raw: {} }])
        .then(({ result, error }) => ({ result: result?.records, error })),
      caller
        .call('ir.attachment', 'export_data', [[id], ['name', 'raw', 'res_id', '.id']])
        .then(({ result, error }) => ({ result: result?.datas, error })),
      caller.call('ir.attachment', 'formatted_read_group', [[['id', '=', id]], ['res_model'], ['__count']]),
      caller.call('ir.attachment', 'read_group', [[['id', '=', id]], ['__count'], ['name']]),
      caller.call('ir.attachment', 'get_metadata', [[id]]),
      caller.call('ir.attachment', 'copy', [[id]]).then((copied) => (copied.error ? copied : { result: [1] })),
    ].map((one) => Promise.resolve(one)),
  )
  const told = found.map(({ result }: { result?: unknown }) => Array.isArray(result) && result.length > 0)
  const pages = await Promise.all(
    [
      `/web/content/${id}`,
      `/web/content/${id}/x.txt`,
      `/web/content?model=ir.attachment&id=${id}&field=datas`,
      `/web/content/ir.attachment/${id}/raw`,
      `/web/content?id=${id}&download=1`,
    ].map((path) => fetchAs(caller, path)),
  )
  for (const { status, text: body } of pages) assert.ok(status === 200 || (status === 404 && body === ''), `${status} ${body}`)
  const all = [...told, ...pages.map(({ status }) => status === 200)]
  return all.some(Boolean)
}

const whoSees = async (id: number): Promise<string> => {
  let who = ''
  for (const [name, caller] of Object.entries({ ann, bob, pat, eve })) if (await sees(caller, id)) who += `${name} `
  return who.trim()
}

test('a file is seen by whoever sees its record, and by nobody else, by any way', async () => {
  assert.equal(await whoSees(await attach(ann, on(open))), 'ann bob eve')
  assert.equal(await whoSees(await attach(ann, on(here))), 'ann eve')
  assert.equal(await whoSees(await attach(bob, on(there))), 'bob')
  assert.equal(await whoSees(await attach(ann, {})), 'ann')
  assert.equal(await whoSees(await make('ir.attachment', { name: 'orphan', ...on(987_654_321), company_id: null })), '')
  assert.equal(await whoSees(await make('ir.attachment', { name: 'gone', res_model: 'no.such.model', res_id: 1, company_id: null })), '')
  assert.equal(
    await whoSees(await make('ir.attachment', { name: 'secret field', res_model: 'ir.config_parameter', res_id: 1, company_id: null })),
    '',
  )
})

test('size, kind and checksum are those of the content, whatever was said', async () => {
  const id = await attach(ann, { ...on(open), mimetype: 'text/html', file_size: 1, checksum: 'x' })
  const content = Buffer.from(text, 'base64')
  const facts = async () => (await ann.call('ir.attachment', 'read', [[id], ['file_size', 'mimetype', 'checksum']])).result[0]
  assert.deepEqual(await facts(), {
    id,
    file_size: content.length,
    mimetype: 'text/plain',
    checksum: createHash('sha256').update(content).digest('hex'),
  })
  await ann.call('ir.attachment', 'write', [[id], { raw: png }])
  assert.deepEqual(await facts(), {
    id,
    file_size: Buffer.from(png, 'base64').length,
    mimetype: 'image/png',
    checksum: createHash('sha256').update(Buffer.from(png, 'base64')).digest('hex'),
  })
  await ann.call('ir.attachment', 'write', [[id], { mimetype: 'text/html', file_size: 7 }])
  assert.equal((await facts()).mimetype, 'image/png')
  assert.equal((await facts()).file_size, Buffer.from(png, 'base64').length)
  await ann.call('ir.attachment', 'write', [[id], { datas: false }])
  assert.deepEqual(await facts(), { id, file_size: 0, mimetype: false, checksum: false })
})

test('a copy has the content of its original', async () => {
  const {
    result: [copy],
  } = await ann.call('ir.attachment', 'copy', [[await attach(ann, on(open))]])
  assert.equal((await fetchAs(ann, `/web/content/${copy}`)).text, `${mark} Ünïcode`)
  const { result: partner } = await ann.call('res.partner', 'create', [{ name: 'Pictured', image_1920: png }])
  const {
    result: [double],
  } = await ann.call('res.partner', 'copy', [[partner]])
  assert.equal((await ann.call('res.partner', 'read', [[double], ['image_1920']])).result[0].image_1920, png)
})

test('nobody moves a file that he may not change, nor to a record that he may not change', async () => {
  const theirs = await attach(bob, on(there))
  const ours = await attach(ann, on(here))
  const state = () =>
    at.databases.use(at.database, (cx) =>
      cx.query(sql`select id, name, res_model, res_id, public, create_uid, company_id, raw from ir_attachment order by id`),
    )
  const before = await state()
  const tries: [Caller, number, Record<string, unknown>][] = [
    ...[
      { res_id: open },
      { res_model: false, res_id: false },
      { public: true },
      { public: true, res_model: false },
      { name: 'x' },
      { create_uid: users[0]!.id, name: 'x' },
      { company_id: home },
      { raw: png },
      { access_token: 'x' },
    ].map((values): [Caller, number, Record<string, unknown>] => [ann, theirs, values]),
    ...[
      { res_id: there },
      { res_id: 987_654_321 },
      { res_model: 'ir.config_parameter', res_id: 1 },
      { res_model: 'res.users', res_id: users[1]!.id },
      { res_model: 'no.such.model', res_id: 1 },
      { res_model: 'ir.attachment', res_id: theirs },
      { company_id: elsewhere },
      { access_token: 'x' },
    ].map((values): [Caller, number, Record<string, unknown>] => [ann, ours, values]),
    // Eve reads both records and may change neither.
    ...[{ name: 'x' }, { res_id: open }, { raw: png }, { public: true }].map((values): [Caller, number, Record<string, unknown>] => [
      eve,
      ours,
      values,
    ]),
    [pat, ours, { name: 'x' }],
    [pat, theirs, { public: true }],
  ]
  for (const [caller, id, values] of tries) {
    const { error } = await caller.call('ir.attachment', 'write', [[id], values])
    assert.ok(error && error.name !== 'builtins.Exception', `${id} ${JSON.stringify(values)} ${JSON.stringify(error)}`)
    assert.deepEqual(await state(), before, JSON.stringify(values))
  }
  for (const [caller, id] of [
    [ann, theirs],
    [eve, ours],
    [pat, ours],
  ] as const)
    assert.ok((await caller.call('ir.attachment', 'unlink', [[id]])).error)
  for (const [caller, values] of [
    [ann, on(there)],
    [ann, on(987_654_321)],
    [ann, { res_model: 'res.partner', res_id: 0 }],
    [ann, { res_model: 'no.such.model', res_id: 1 }],
    [ann, { res_model: '', res_id: there }],
    [eve, on(open)],
    [pat, {}],
    [ann, { res_model: 'ir.config_parameter', res_id: 1 }],
  ] as const) {
    const { error, result } = await caller.call('ir.attachment', 'create', [{ name: 'x', datas: text, company_id: false, ...values }])
    if (error) assert.notEqual(error.name, 'builtins.Exception', JSON.stringify(values))
    else assert.equal(await whoSees(result), 'ann', JSON.stringify(values))
    if (result) await ann.call('ir.attachment', 'unlink', [[result]])
  }
  assert.deepEqual(await state(), before)
})

test('a file that was moved follows its new record, and goes with it', async () => {
  const partner = await make('res.partner', { name: 'Short-lived', company_id: home })
  const id = await attach(ann, on(open))
  assert.equal((await ann.call('ir.attachment', 'write', [[id], { res_id: partner }])).error, undefined)
  assert.equal(await whoSees(id), 'ann eve')
  assert.equal((await ann.call('res.partner', 'unlink', [[partner]])).error, undefined)
  assert.deepEqual(await at.databases.use(at.database, (cx) => cx.query(sql`select id from ir_attachment where id = ${id}::int4`)), [])
})

test('a stranger gets one answer for what is there, hidden, private or was never there', async () => {
  const id = await attach(ann, on(open))
  const bare = async (path: string) => {
    const { status, text: body, headers } = await fetchAs(null, path)
    const { date: _, 'x-request-id': __, ...rest } = headers
    return { status, body, rest }
  }
  const first = await bare('/web/content/987654321')
  assert.equal(first.status, 404)
  for (const path of [
    `/web/content/${id}`,
    `/web/image/${id}`,
    `/web/content/${id}?access_token=x`,
    `/web/content/${id}?access_token=`,
    `/web/content/${id}?access_token=${'0'.repeat(64)}`,
    `/web/content/res.partner/${open}/image_1920`,
    `/web/content/res.users/1/password`,
    '/web/content/0',
    '/web/content/-1',
    '/web/content/abc',
    '/web/content/1e3',
    '/web/content/99999999999',
    `/web/content/${id}%27`,
    `/web/content/__proto__/${id}/raw`,
    `/web/content/ir.attachment/${id}/__proto__`,
    `/web/content/ir.attachment/${id}/access_token`,
    `/web/content/no.model/1/x`,
  ])
    assert.deepEqual(await bare(path), first, path)
})

test('a file that its owner made public is there for everyone who has its address, until it is private again', async () => {
  const id = await attach(ann, on(here))
  const fetched = async (caller: Caller | null) => (await fetchAs(caller, `/web/content/${id}`)).text
  const content = `${mark} Ünïcode`
  assert.deepEqual([await fetched(null), await fetched(bob)], ['', ''])
  await ann.call('ir.attachment', 'write', [[id], { public: true }])
  assert.deepEqual([await fetched(null), await fetched(bob)], [content, content])
  assert.equal((await bob.call('ir.attachment', 'read', [[id], ['name']])).result.length, 0)
  await ann.call('ir.attachment', 'write', [[id], { public: false }])
  assert.deepEqual([await fetched(null), await fetched(bob)], ['', ''])
})

// ---- What a browser makes of it --------------------------------------------------------------------------

test('nothing that could run is shown, and every file is told what it is by its content', async () => {
  const files: [string, string, string][] = [
    ['page.html', '<html><script>alert(1)</script></html>', 'attachment'],
    ['page.png', '<html><script>alert(1)</script></html>', 'attachment'],
    ['drawing.svg', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', 'attachment'],
    ['drawing.png', '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', 'attachment'],
    ['page.xhtml', '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>', 'attachment'],
    ['script.js', 'alert(1)', 'attachment'],
    ['a\r\nset-cookie: x=1.txt', 'x', 'attachment'],
    ['"; filename="evil.html', 'x', 'attachment'],
    ['../../etc/passwd', 'x', 'attachment'],
    ['\u202Egnp.exe', 'MZ', 'attachment'],
    ['doc.pdf', '%PDF-1.4 x', 'attachment'],
  ]
  for (const [name, content, disposition] of files) {
    const id = await attach(ann, { name, datas: Buffer.from(content).toString('base64'), mimetype: 'text/html', ...on(open) })
    for (const path of [
      `/web/content/${id}`,
      `/web/content/${id}/x.html`,
      `/web/content/${id}?filename=x.svg`,
      `/web/content/ir.attachment/${id}/raw/x.html`,
    ]) {
      const { status, headers } = await fetchAs(ann, path)
      assert.equal(status, 200, path)
      assert.ok(!/html|svg|xml|javascript/.test(headers['content-type']!), `${name}: ${headers['content-type']}`)
      assert.ok(headers['content-disposition']!.startsWith(disposition), `${name}: ${headers['content-disposition']}`)
      assert.match(headers['content-security-policy'] as string, /default-src 'none'.*sandbox/)
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(headers['set-cookie'], undefined)
      assert.ok(!/[\r\n/\\\u202E]/.test(headers['content-disposition']!), headers['content-disposition'])
    }
    assert.equal((await fetchAs(ann, `/web/image/${id}`)).status, 404, name)
  }
  const picture = await attach(ann, { name: 'picture.html', datas: png, ...on(open) })
  const shown = await fetchAs(ann, `/web/image/${picture}`)
  assert.deepEqual(
    [shown.status, shown.headers['content-type'], shown.headers['content-disposition']!.split(';')[0]],
    [200, 'image/png', 'inline'],
  )
  assert.match((await fetchAs(ann, `/web/content/${picture}?download=true`)).headers['content-disposition']!, /^attachment/)
})

test('parts of a file are those bytes and no others', async () => {
  const id = await attach(ann, on(open))
  const whole = Buffer.from(text, 'base64')
  for (const [range, start, end] of [
    ['bytes=0-3', 0, 4],
    ['bytes=6-', 6, whole.length],
    ['bytes=-5', whole.length - 5, whole.length],
  ] as const) {
    const { status, bytes, headers } = await fetchAs(ann, `/web/content/${id}`, { range })
    assert.deepEqual([status, bytes.toString('hex')], [206, whole.subarray(start, end).toString('hex')], range)
    assert.equal(headers['content-range'], `bytes ${start}-${end - 1}/${whole.length}`)
  }
  for (const range of ['bytes=999-', 'bytes=5-2', 'bytes=-0'])
    assert.ok([200, 416].includes((await fetchAs(ann, `/web/content/${id}`, { range })).status), range)
  for (const range of ['bytes=0-1,3-4', 'bytes=a-b', 'lines=0-1', `bytes=${'9'.repeat(400)}-`, 'bytes=-1--2']) {
    const { status, bytes } = await fetchAs(ann, `/web/content/${id}`, { range })
    assert.ok(status === 416 || bytes.equals(whole), `${range}: ${status}`)
  }
  assert.equal((await fetchAs(bob, `/web/content/${await attach(ann, on(here))}`, { range: 'bytes=0-3' })).status, 404)
})

// ---- On the disk -------------------------------------------------------------------------------------------

test('a file on the disk holds nothing of its content, and a byte that was changed is refused', async () => {
  const secret = `${mark} on the disk `.repeat(2000)
  const id = await attach(ann, { datas: Buffer.from(secret).toString('base64'), ...on(open) })
  const folder = site.filesOf(site.records[0]!)
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
  assert.ok(files.length > 0)
  for (const file of files) assert.ok(!readFileSync(file).includes(mark), file)
  const [{ raw }] = (await at.databases.use(at.database, (cx) =>
    cx.query<{ raw: string }>(sql`select raw from ir_attachment where id = ${id}::int4`),
  )) as [{ raw: string }]
  const path = files.find((file) => file.endsWith(raw))!
  const bytes = readFileSync(path)
  bytes[bytes.length >> 1]! ^= 1
  writeFileSync(path, bytes)
  const answer = await fetchAs(ann, `/web/content/${id}`).catch((error: Error) => error)
  assert.ok(answer instanceof Error || (answer.status >= 400 && !answer.text.includes(mark)), 'a tampered file was served')
  const { error } = await ann.call('ir.attachment', 'read', [[id], ['raw']])
  assert.equal(error?.name, 'builtins.Exception')
  assert.ok(!error.message.includes(raw) && !error.message.includes(folder))
})
