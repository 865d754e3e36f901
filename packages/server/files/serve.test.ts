import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { administrator, base, employee, portal } from '@erp4/base'
import { AccessError, Env, finishCall, openCall, sql, type Context, type User } from '@erp4/orm'
import { world } from '@erp4/testing'
import { rangeOf } from './range.ts'
import { contentAnswer, findFile, imageAnswer, shareFile, type FileAnswer, type FileRequest } from './serve.ts'
import { FileStore } from './store.ts'

const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
const page = Buffer.from('<script>alert(document.domain)</script>')

const folder = await mkdtemp(join(tmpdir(), 'erp4-serve-'))
const store = new FileStore({ folder, instance: 'azure', keys: { name: randomBytes(32), wrap: randomBytes(32) } })
const azure = await world(base)

const people = {} as Record<'ann' | 'bob' | 'chun' | 'root' | 'admin', User>

const as = <T>(user: User, isSystem: boolean, work: (env: Env) => Promise<T>): Promise<T> =>
  azure.databases.transaction(azure.database, async (cx) => {
    const context: Context = { lang: 'en_US', tz: 'UTC', allowed_company_ids: user.company_ids, active_test: true }
    const env = new Env(openCall({ registry: azure.registry, cx, blobs: store, source: 'test' }), user, context, isSystem)
    const result = await work(env)
    await finishCall(env)
    return result
  })

const attach = (values: Record<string, unknown>, user = people.root): Promise<number> =>
  as(user, user === people.root, async (env) => (await env.model('ir.attachment').create({ name: 'file.txt', ...values })).ids[0]!)

const ask = (user: User, request: Partial<FileRequest>, answer = contentAnswer): Promise<FileAnswer> => {
  const whole: FileRequest = { method: 'GET', id: 0, ...request }
  return as(user, false, async (env) => answer(await findFile(env, store, whole), whole))
}
const bodyOf = async ({ body }: FileAnswer) => Buffer.concat((await body?.toArray()) ?? [])

/** What each may see: a letter for each person who gets the content. */
async function seenBy(request: Partial<FileRequest>): Promise<string> {
  let seen = ''
  for (const [letter, user] of [
    ['a', people.ann],
    ['b', people.bob],
    ['p', people.chun],
  ] as const) {
    const answer = await ask(user, request)
    assert.ok(answer.status === 200 || (answer.status === 404 && answer.body === null))
    if (answer.status === 200) seen += letter
  }
  return seen
}

const partners = { open: 0, azure: 0, other: 0 }

people.root = azure.system.user
const other = await azure.company('Other')
people.ann = (await azure.person(employee)).user
people.bob = (await azure.personOf([other], employee)).user
people.chun = (await azure.person(portal)).user
people.admin = (await azure.person(administrator)).user
for (const [name, company_id] of [
  ['open', null],
  ['azure', people.ann.company_id],
  ['other', other],
] as const) {
  partners[name] = await as(people.root, true, async (env) => (await env.model('res.partner').create({ name, company_id })).ids[0]!)
}
after(() => rm(folder, { recursive: true }))

const onPartner = (id: number, more: Record<string, unknown> = {}) =>
  attach({ raw: page, res_model: 'res.partner', res_id: id, company_id: null, ...more })

test('who sees the record sees its files, and nobody else', async () => {
  assert.equal(await seenBy({ id: await onPartner(partners.open) }), 'ab')
  assert.equal(await seenBy({ id: await onPartner(partners.azure) }), 'a')
  assert.equal(await seenBy({ id: await onPartner(partners.other) }), 'b')
  assert.equal(await seenBy({ id: await onPartner(partners.other), model: 'ir.attachment', field: 'datas' }), 'b')
})

test('a file that was moved to another record follows that one', async () => {
  const id = await onPartner(partners.azure)
  await as(people.root, true, (env) => env.model('ir.attachment').browse([id]).write({ res_id: partners.other }))
  assert.equal(await seenBy({ id }), 'b')
})

test('nobody can move a file that he does not see to a record that he does', async () => {
  const id = await onPartner(partners.azure)
  await assert.rejects(as(people.bob, false, (env) => env.model('ir.attachment').browse([id]).write({ res_id: partners.other })))
  assert.equal(await seenBy({ id }), 'a')
})

test("a file on nothing is its maker's own", async () => {
  assert.equal(await seenBy({ id: await attach({ raw: page, company_id: null }, people.ann) }), 'a')
  await assert.rejects(attach({ raw: page, res_model: 'res.partner', res_id: 0, company_id: null }, people.bob), AccessError)
})

test('a file on a record that is gone, or of a model that is gone, is not there', async () => {
  assert.equal(await seenBy({ id: await onPartner(2_000_000_000) }), '')
  assert.equal(await seenBy({ id: await onPartner(partners.open, { res_model: 'no.such.model' }) }), '')
  assert.equal(await seenBy({ id: await onPartner(partners.open, { res_field: 'no_such_field' }) }), '')
  assert.equal(await seenBy({ id: await onPartner(partners.open, { res_model: 'toString' }) }), '')
})

test('a token opens its own file, and no other, until the next one is made', async () => {
  const [id, beside] = [await onPartner(partners.azure), await onPartner(partners.azure)]
  const token = await as(people.admin, false, (env) => shareFile(env, id))
  await as(people.admin, false, (env) => shareFile(env, beside))
  assert.equal(await seenBy({ id, accessToken: token }), 'abp')
  assert.equal(await seenBy({ id: beside, accessToken: token }), 'a')
  const [stored] = await as(people.root, true, (env) =>
    env.cx.query<{ access_token: string }>(sql`select access_token from ir_attachment where id = ${id}`),
  )
  for (const accessToken of ['', token.slice(1), 'false', 'null', stored!.access_token])
    assert.equal(await seenBy({ id, accessToken }), 'a', accessToken)
  assert.equal(await seenBy({ id: await onPartner(partners.azure), accessToken: 'false' }), 'a')
  await assert.rejects(
    as(people.bob, false, (env) => shareFile(env, id)),
    AccessError,
  )
  assert.equal(await seenBy({ id, accessToken: token }), 'abp')
  await as(people.admin, false, (env) => shareFile(env, id))
  assert.equal(await seenBy({ id, accessToken: token }), 'a')
})

test('ids and fields that mean nothing answer as what is hidden', async () => {
  for (const id of [0, -1, 1.5, Number.NaN, 2 ** 31, 1_999_999_999]) assert.equal(await seenBy({ id }), '', String(id))
  for (const [model, field] of [
    ['res.users', 'password'],
    ['res.partner', 'name'],
    ['no.model', 'x'],
    ['res.partner', '__proto__'],
    ['__proto__', 'x'],
  ]) {
    assert.equal(await seenBy({ id: 1, model: model!, field: field! }), '', `${model} ${field}`)
  }
})

test('a picture of a record is served by its field to those who see the record', async () => {
  const id = await as(
    people.root,
    true,
    async (env) => (await env.model('res.partner').create({ name: 'Seen', company_id: people.ann.company_id, image_1920: png })).ids[0]!,
  )
  const request = { id, model: 'res.partner', field: 'image_1920' }
  const answer = await ask(people.ann, request, imageAnswer)
  assert.deepEqual([answer.status, answer.headers['content-type']], [200, 'image/png'])
  assert.match(answer.headers['content-disposition']!, /^inline;/)
  assert.ok((await bodyOf(answer)).equals(png))
  assert.equal((await ask(people.bob, request, imageAnswer)).status, 404)
})

test('where a record has no picture there is nothing to show, and no error; whoever may not see the record is told the same as ever', async () => {
  const id = await as(
    people.root,
    true,
    async (env) => (await env.model('res.partner').create({ name: 'Faceless', company_id: people.ann.company_id })).ids[0]!,
  )
  const request = { id, model: 'res.partner', field: 'image_1920' }
  assert.deepEqual([(await ask(people.ann, request, imageAnswer)).status, (await ask(people.ann, request)).status], [204, 404])
  assert.equal((await ask(people.bob, request, imageAnswer)).status, 404)
})

test('what is no picture is no image, and is only ever downloaded as text in a sandbox', async () => {
  const id = await onPartner(partners.open, { name: 'evil.html', mimetype: 'text/html' })
  assert.equal((await ask(people.ann, { id }, imageAnswer)).status, 404)
  const answer = await ask(people.ann, { id })
  assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8')
  assert.match(answer.headers['content-disposition']!, /^attachment; filename="evil.html"/)
  assert.equal(answer.headers['content-security-policy'], "default-src 'none'; sandbox")
  assert.equal(answer.headers['x-content-type-options'], 'nosniff')
  assert.ok((await bodyOf(answer)).equals(page))
})

test('a name cannot end the header or name a folder', async () => {
  const id = await onPartner(partners.open)
  const { headers } = await ask(people.ann, { id, name: 'a"b\r\nSet-Cookie: x=1;/../\\\u202Efdp.가%0d\'*.txt' })
  const shown = headers['content-disposition']!
  assert.match(shown, /^attachment; filename="[\x20-\x7e]*"; filename\*=UTF-8''[A-Za-z0-9%._~!-]*$/)
  assert.ok(!/[\r\n/\\]/.test(shown))
})

test('ranges, and asking again', async () => {
  const content = randomBytes((1 << 20) + 100)
  const id = await attach({ raw: content, res_model: 'res.partner', res_id: partners.open, company_id: null })
  const whole = await ask(people.ann, { id })
  const etag = whole.headers['etag']!
  assert.ok((await bodyOf(whole)).equals(content))
  const part = await ask(people.ann, { id, range: 'bytes=1048570-1048580', ifRange: etag })
  assert.deepEqual(
    [part.status, part.headers['content-range'], part.headers['content-length']],
    [206, `bytes 1048570-1048580/${content.length}`, '11'],
  )
  assert.ok((await bodyOf(part)).equals(content.subarray(1048570, 1048581)))
  assert.equal((await ask(people.ann, { id, range: 'bytes=0-1', ifRange: '"older"' })).status, 200)
  assert.equal((await ask(people.ann, { id, range: `bytes=${content.length}-` })).status, 416)
  assert.deepEqual(
    [(await ask(people.ann, { id, ifNoneMatch: `"x", W/${etag}` })).status, (await ask(people.bob, { id, ifNoneMatch: '*' })).status],
    [304, 304],
  )
  const head = await ask(people.ann, { id, method: 'HEAD' })
  assert.deepEqual([head.status, head.body, head.headers['content-length']], [200, null, String(content.length)])
  assert.equal((await ask(people.chun, { id, ifNoneMatch: etag })).status, 404, 'knowing the hash opens nothing')
})

for (const [header, size, expected] of [
  [undefined, 10, 'all'],
  ['bytes=0-0', 10, [0, 0]],
  ['bytes=2-', 10, [2, 9]],
  ['bytes=-3', 10, [7, 9]],
  ['bytes=-30', 10, [0, 9]],
  ['bytes=5-90', 10, [5, 9]],
  ['bytes=10-', 10, 'none'],
  ['bytes=-0', 10, 'none'],
  ['bytes=0-', 0, 'none'],
  ['bytes=4-2', 10, 'all'],
  ['bytes=0-1,3-4', 10, 'all'],
  ['lines=0-1', 10, 'all'],
  ['bytes=-', 10, 'all'],
  ['bytes=a-b', 10, 'all'],
  ['bytes=0-99999999999999999999', 10, 'all'],
] as const) {
  test(`Range ${header} of ${size} bytes is ${String(expected)}`, () => void assert.deepEqual(rangeOf(header, size), expected))
}
