import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { contactManager, employee, portal } from '@erp4/base'
import { sql } from '@erp4/orm'
import { sale, salesManager } from '@erp4/sale'
import { FileStore, Worker, closeJobCall, enqueue, openJobCall } from '@erp4/server'
import { world } from '@erp4/testing'
import { type Answer, type Caller, openSite } from './site.ts'

// What people bring in files, and take away in files: by their own rights, with the truth about every row, and back again.

const at = await world(sale)
const elsewhere = await at.company('Elsewhere')
const site = await openSite([at])
const people = [
  await at.person(contactManager),
  await at.personOf([elsewhere], contactManager),
  await at.person(employee),
  await at.person(portal),
  await at.person(salesManager),
]
const [ann, bob, eve, pat, sam] = (await Promise.all(people.map(({ user }) => site.caller(0, user.id)))) as [
  Caller,
  Caller,
  Caller,
  Caller,
  Caller,
]

const record = site.records[0]!
const keys = site.hosting.keys(record.name)
const files = new FileStore({
  folder: site.filesOf(record),
  instance: record.uuid,
  keys: { name: keys.derive('names'), wrap: keys.derive('files') },
})
const here = { name: record.name, database: record.database }
const newWorker = (): Worker =>
  new Worker({
    databases: at.databases,
    hosting: { due: async () => [here], all: async () => [here], visited: async () => {} },
    openCall: (_instance, cx, userId, { name }) => openJobCall(cx, { registry: at.registry, files }, userId, name),
    closeCall: closeJobCall,
    onError: (error) => void failures.push(error),
    everyMs: 50,
    leaseMs: 2000,
  })
const failures: unknown[] = []
const worker = newWorker()
worker.start()
after(() => worker.stop())

type Told = Record<string, any>

async function ask(caller: Caller, question: string, params: Record<string, unknown> = {}): Promise<Told> {
  const { text } = await raw(caller, question, params)
  const { result, error } = JSON.parse(text) as { result?: Told; error?: { data: { message: string; name: string } } }
  if (error) throw new Error(error.data.message, { cause: error.data })
  return result!
}

const raw = (caller: Caller, question: string, params: Record<string, unknown>): Promise<Answer> =>
  site.send(`/web/transfer/${question}`, { method: 'POST', headers: { cookie: caller.cookie }, body: { id: 1, params } })

async function send(caller: Caller | null, model: string, content: string | Buffer, headers: Record<string, string> = {}): Promise<Answer> {
  return site.send(`/web/transfer/upload?model=${model}&name=file.csv`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream', ...(caller ? { cookie: caller.cookie } : {}), ...headers },
    body: Buffer.from(content),
  })
}

async function upload(caller: Caller, model: string, content: string | Buffer): Promise<Told> {
  const { result, error } = JSON.parse((await send(caller, model, content)).text) as {
    result?: Told
    error?: { data: { message: string } }
  }
  if (error) throw new Error(error.data.message)
  return result!
}

async function until(caller: Caller, id: number, isOver = (told: Told): boolean => told.progress === false): Promise<Told> {
  for (const limit = Date.now() + 600_000; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const told = await ask(caller, 'import-status', { id })
    if (isOver(told)) return told
    assert.ok(Date.now() < limit, `${JSON.stringify(told)} ${failures.join()}`)
  }
}

async function run(
  caller: Caller,
  file: Told,
  { isTest = false, keepGood = false, columns = file.columns as unknown } = {},
): Promise<Told> {
  await ask(caller, isTest ? 'import-test' : 'import-start', { id: file.id, columns, keepGood })
  return until(caller, file.id)
}

const counts = ({ state, total, created, updated, unchanged, failed }: Told) => ({ state, total, created, updated, unchanged, failed })
const csv = (...rows: readonly (readonly unknown[])[]): string => rows.map((row) => row.join(',')).join('\n')
const partners = (domain: unknown[]): Promise<any[]> =>
  at.system
    .with({ active_test: false })
    .model('res.partner')
    .find(domain as never, ['name', 'email', 'city', 'version', 'category_id'] as never, { order: 'id' }) as never

test('a file is understood, tested, imported and taken back, and each step tells the truth', async () => {
  const file = await upload(
    ann,
    'res.partner',
    csv(['Name', 'E-Mail', 'Ort'], ['Azure', 'a@example.com', 'Bern'], ['Beryl', 'b@example.com', 'Köln']),
  )
  assert.deepEqual([file.columns, file.options.encoding, file.options.delimiter], [['name', 'email', false], 'utf-8', ','])
  const columns = ['name', 'email', 'city']
  const tested = await run(ann, file, { isTest: true, columns })
  assert.deepEqual(counts(tested), { state: 'tested', total: 2, created: 2, updated: 0, unchanged: 0, failed: 0 })
  assert.deepEqual(await partners([['name', 'in', ['Azure', 'Beryl']]]), [], 'a test keeps nothing')

  const done = await run(ann, file, { columns })
  assert.deepEqual(counts(done), { state: 'done', total: 2, created: 2, updated: 0, unchanged: 0, failed: 0 })
  assert.deepEqual(
    (await partners([['name', 'in', ['Azure', 'Beryl']]])).map(({ city }) => city),
    ['Bern', 'Köln'],
  )
  await assert.rejects(ask(ann, 'import-start', { id: file.id, columns, keepGood: false }), /has been imported/)

  const again = await upload(ann, 'res.partner', csv(['Name', 'E-Mail', 'Ort'], ['Coral', 'c@example.com', 'Rom']))
  assert.deepEqual(again.columns, columns, 'what was chosen for these headers is remembered')

  await ask(ann, 'import-undo', { id: file.id })
  const undone = await until(ann, file.id)
  assert.deepEqual([undone.state, undone.removed, undone.kept], ['undone', 2, 0])
  assert.deepEqual(await partners([['name', 'in', ['Azure', 'Beryl']]]), [])
  const { rows } = await ask(ann, 'import-history', { model: 'res.partner' })
  assert.deepEqual([rows[0].name, rows[0].user, rows[0].state], ['file.csv', people[0]!.user.name, 'undone'])
})

test('all or nothing is nothing where one row is wrong, and every error is told by row and column', async () => {
  const rows = [
    ['Name', 'Email', 'Language', 'Tags'],
    ['Dune', 'd@example.com', 'en_US', ''],
    ['', 'nobody@example.com', 'xx_YY', 'No such tag'],
    ['Ebony', 'e@example.com', 'ko_KR', 'No such tag'],
  ]
  const columns = ['name', 'email', 'lang', 'category_id']
  const file = await upload(ann, 'res.partner', csv(...rows))
  const done = await run(ann, file, { columns })
  assert.deepEqual([done.state, done.created, done.failed], ['failed', 0, 2])
  assert.match(done.message, /Nothing was imported: 2 records/)
  assert.deepEqual(await partners([['name', 'in', ['Dune', 'Ebony']]]), [])
  const told = await ask(ann, 'import-errors', { id: file.id })
  assert.deepEqual(
    told.rows.map((one: Told) => [one.row, one.column, one.value]),
    [
      [3, 'Language', 'xx_YY'],
      [3, 'Tags', 'No such tag'],
      [4, 'Tags', 'No such tag'],
    ],
  )

  const kept = await run(ann, file, { columns, keepGood: true })
  assert.deepEqual(counts(kept), { state: 'done', total: 3, created: 1, updated: 0, unchanged: 0, failed: 2 })
  assert.deepEqual(
    (await partners([['name', 'in', ['Dune', 'Ebony']]])).map(({ name }) => name),
    ['Dune'],
  )
  const errors = await site.send(`/web/transfer/import-errors/${file.id}`, { headers: { cookie: ann.cookie } })
  assert.match(String(errors.headers['content-disposition']), /attachment/)
  assert.deepEqual(
    errors.text.split('\r\n').map((line) => line.split(',')[0]),
    ['\ufeffRow', '3', '4', ''],
  )
  assert.match(errors.text, /Tags: There is no 'Contact Tag' named 'No such tag'/)
})

test('rows with errors of the database are found one by one, however many there are', async () => {
  // A country of its own must have its own code: only the database knows that before the last row.
  const rows = Array.from({ length: 150 }, (_, i) => [`Bad ${i}`, i % 3 === 0 ? `n${i}@example.com` : '', i % 2 === 0 ? 'true' : ''])
  const file = await upload(
    ann,
    'res.partner',
    csv(['Name', 'Email', 'Parent/.id'], ...rows.map(([name, email], i) => [name, email, i % 2 === 0 ? '999999' : ''])),
  )
  const done = await run(ann, file, { keepGood: true, columns: ['name', 'email', 'parent_id/.id'] })
  assert.deepEqual([done.created, done.failed], [75, 75])
  assert.equal((await partners([['name', '=like', 'Bad %']])).length, 75)
})

test('an import that is killed goes on where it was: no row twice, none lost', async () => {
  const rows = Array.from({ length: 1500 }, (_, i) => [`Row ${i}`])
  const file = await upload(ann, 'res.partner', csv(['Name'], ...rows))
  await ask(ann, 'import-start', { id: file.id, columns: ['name'], keepGood: true })
  await until(ann, file.id, ({ created }) => created >= 200)
  // What a killed process leaves behind: its lease, which runs out. Whatever it still does does not count any more.
  await at.databases.use(at.database, (cx) =>
    cx.query(sql`update job set lease = gen_random_uuid(), lease_until = now() where state = 'running'`),
  )
  const done = await until(ann, file.id)
  assert.deepEqual(counts(done), { state: 'done', total: 1500, created: 1500, updated: 0, unchanged: 0, failed: 0 })
  const made = await partners([['name', '=like', 'Row %']])
  assert.deepEqual([made.length, new Set(made.map(({ name }) => name)).size], [1500, 1500])
  const [{ attempts }] = (await at.databases.use(at.database, (cx) => cx.query(sql`select max(attempts)::int4 as attempts from job`))) as [
    { attempts: number },
  ]
  assert.ok(attempts > 1)

  await ask(ann, 'import-undo', { id: file.id })
  assert.equal((await until(ann, file.id)).removed, 1500)
  assert.deepEqual(await partners([['name', '=like', 'Row %']]), [])
})

test('a cancelled import says what it kept, which can be taken back', async () => {
  const file = await upload(ann, 'res.partner', csv(['Name'], ...Array.from({ length: 3000 }, (_, i) => [`Late ${i}`])))
  await ask(ann, 'import-start', { id: file.id, columns: ['name'], keepGood: true })
  await until(ann, file.id, ({ created }) => created >= 200)
  await ask(ann, 'import-cancel', { id: file.id })
  const done = await until(ann, file.id)
  assert.equal(done.state, 'cancelled')
  const made = await partners([['name', '=like', 'Late %']])
  assert.ok(made.length < 3000)
  assert.equal(made.length, done.created, 'Imported N of M is the truth')
  await ask(ann, 'import-undo', { id: file.id })
  assert.equal((await until(ann, file.id)).removed, made.length)
})

test('undo gives back old values, and leaves alone and lists what was changed or deleted since', async () => {
  const [tag] = (await at.system.model('res.partner.category').create({ name: 'Old tag' })).ids
  const ids = (
    await at.system.model('res.partner').create(['Fig', 'Gum', 'Hop'].map((name) => ({ name, city: 'Old', category_id: [tag!] })))
  ).ids
  const file = await upload(
    ann,
    'res.partner',
    csv(
      ['.id', 'Name', 'City', 'Tags'],
      ...ids.map((id, i) => [id, ['Fig', 'Gum', 'Hop'][i], 'New', '']),
      ['', 'Ivy', 'New', ''],
      ['', 'Jade', 'New', ''],
      ['', 'Kiwi', 'New', ''],
    ),
  )
  const done = await run(ann, file, { columns: ['.id', 'name', 'city', 'category_id'] })
  assert.deepEqual([done.created, done.updated, done.failed], [3, 3, 0])
  assert.deepEqual(
    (await partners([['id', 'in', ids]])).map(({ city, category_id }) => [city, category_id]),
    ids.map(() => ['New', []]),
  )
  const [ivy, jade] = (await at.system.model('res.partner').search([['name', 'in', ['Ivy', 'Jade']]], { order: 'name' })).ids
  await at.system.model('res.partner').browse([ids[1]!]).write({ city: 'Newer' })
  await at.system.model('res.partner').browse([ivy!]).write({ phone: '1' })
  await at.system.model('res.partner').browse([jade!]).unlink()

  await ask(ann, 'import-undo', { id: file.id })
  const undone = await until(ann, file.id)
  assert.deepEqual([undone.removed, undone.restored, undone.kept], [1, 2, 3])
  assert.deepEqual(
    (await partners([['id', 'in', ids]])).map(({ city, category_id }) => [city, category_id]),
    [
      ['Old', [tag]],
      ['Newer', []],
      ['Old', [tag]],
    ],
  )
  const { rows } = await ask(ann, 'import-kept', { id: file.id })
  assert.deepEqual(
    rows.map(({ name, reason }: Told) => [name, reason]).sort(),
    [
      ['Gum', 'It was changed since the import.'],
      ['Ivy', 'It was changed since the import.'],
      [false, 'It was deleted since the import.'],
    ].sort(),
  )
  assert.equal((await partners([['name', '=', 'Kiwi']])).length, 0)
})

test('what a user may not see is to his file as if it were not there', async () => {
  const [theirs] = (await at.system.model('res.partner').create({ name: 'Secret', company_id: elsewhere })).ids
  const answers: unknown[] = []
  for (const id of [theirs!, 99_999_999]) {
    const file = await upload(ann, 'res.partner', csv(['.id', 'City'], [id, 'Stolen']))
    const done = await run(ann, file, { keepGood: true, columns: ['.id', 'city'] })
    const { rows } = await ask(ann, 'import-errors', { id: file.id })
    answers.push([counts(done), rows.map(({ row, column, message }: Told) => [row, column, message.replace(String(id), 'N')])])
  }
  assert.deepEqual(answers[0], answers[1])
  assert.equal((await at.system.model('res.partner').browse([theirs!]).read(['city']))[0]!.city, null)
})

test('another’s import is not there: not to be looked at, run, cancelled, undone, or fetched', async () => {
  const file = await upload(ann, 'res.partner', csv(['Name'], ['Mine alone']))
  const missing = { id: 99_999_999, columns: ['name'], keepGood: true }
  for (const question of [
    'import-open',
    'import-inspect',
    'import-test',
    'import-start',
    'import-status',
    'import-errors',
    'import-cancel',
    'import-undo',
    'import-kept',
  ])
    for (const stranger of [bob, eve, pat]) {
      const of = (id: number): Promise<string> => raw(stranger, question, { ...missing, id }).then(({ text }) => text)
      const [told, asMissing] = [await of(file.id), await of(99_999_999)]
      assert.match(told, /"error"/, question)
      assert.equal(told, asMissing, `${question} answers the same for what is another's and for what is not there`)
    }
  const fetched = await site.send(`/web/transfer/import-errors/${file.id}`, { headers: { cookie: bob.cookie } })
  assert.equal(fetched.status, 404)
  assert.equal((await site.send(`/web/content/ir.import/${file.id}/file`, { headers: { cookie: bob.cookie } })).status, 404)
  assert.equal((await site.send(`/web/content/ir.import/${file.id}/file`, { headers: { cookie: ann.cookie } })).text, 'Name\nMine alone')
  for (const [model, values] of [
    ['ir.import', { state: 'done', created: 5 }],
    ['ir.import', { next_row: 0 }],
  ] as const)
    assert.ok((await ann.call(model, 'write', [[file.id], values])).error, 'nobody writes his own history')
  assert.ok((await ann.call('ir.import', 'create', [{ name: 'x', res_model: 'res.users', format: 'csv' }])).error)
  assert.ok((await ann.call('ir.import.line', 'search_read', [[['import_id', '=', file.id]], ['before']])).error)
  assert.equal((await ask(ann, 'import-status', { id: file.id })).state, 'draft')
})

test('a file for a model that one may not change is refused before it is kept, and so are fields that are protected', async () => {
  await assert.rejects(upload(eve, 'res.country', csv(['Name'], ['Atlantis'])), /neither create nor change/)
  await assert.rejects(upload(ann, 'no.such.model', csv(['Name'], ['x'])), /doesn't exist/)
  const file = await upload(ann, 'res.partner', csv(['Name', 'Path'], ['x', '1/']))
  for (const path of ['parent_path', 'no_such_field', 'user_ids/password', 'create_uid/password', '__proto__'])
    await assert.rejects(ask(ann, 'import-start', { id: file.id, columns: ['name', path], keepGood: true }), /Invalid field/, path)
  await assert.rejects(ask(ann, 'import-start', { id: file.id, columns: ['name', 'name'], keepGood: true }), /same field/)
  await assert.rejects(ask(ann, 'import-start', { id: file.id, columns: [null, null], keepGood: true }), /at least one column/)
  assert.equal((await ask(ann, 'import-status', { id: file.id })).state, 'draft')
})

test('the upload is for one’s own pages and of a limited size, whatever the request claims', async () => {
  const count = () => at.system.model('ir.import').count([])
  const before = await count()
  assert.equal((await send(ann, 'res.partner', 'Name\nx', { 'content-type': 'text/plain' })).status, 415)
  assert.equal((await send(ann, 'res.partner', 'Name\nx', { origin: 'https://evil.example' })).status, 403)
  assert.match((await send(null, 'res.partner', 'Name\nx')).text, /Session Expired|session/i)
  const { host } = { host: record.hosts[0]! }
  const claimed = await site.raw(
    `POST /web/transfer/upload?model=res.partner HTTP/1.1\r\nhost: ${host}\r\ncookie: ${ann.cookie}\r\ncontent-type: application/octet-stream\r\ncontent-length: 1073741824\r\n\r\nName\n`,
  )
  assert.match(claimed, /larger than 128 MB/)
  for (const [content, said] of [
    ['a,b\n1,"2', /never closed/],
    [Buffer.from('name\nA\0\0\0nn\0x'), /zero bytes/],
    ['', /empty/],
    [Buffer.from('504b030414000000', 'hex'), /not an Excel file/],
  ] as const)
    await assert.rejects(upload(ann, 'res.partner', content), said)
  assert.equal(await count(), before, 'nothing of what was refused is there')
})

test('a person is told in his own language', async () => {
  await at.system.model('res.users').browse([people[1]!.user.id]).write({ lang: 'ko_KR' })
  await at.system.call(async (sys) => {
    const [korean] = (
      await sys
        .withContext({ active_test: false })
        .model('res.lang')
        .search([['code', '=', 'ko_KR']])
    ).ids
    await sys.model('res.lang').browse([korean!]).write({ active: true })
  })
  await assert.rejects(upload(bob, 'res.partner', 'a,b\n1,"2'), /2행: 큰따옴표가/)
  const file = await upload(bob, 'res.partner', Buffer.from('c0ccb8a72cb5b5bdc30d0a94ee2cbcadbfef0d0a', 'hex'))
  assert.deepEqual([file.options.encoding, file.columns], ['euc-kr', ['name', false]])
  const done = await run(bob, file, { columns: ['name', 'city'] })
  assert.equal(done.created, 1)
  assert.equal((await partners([['name', '=', '뷁']]))[0].city, '서울')
})

// ---- Export --------------------------------------------------------------------------------------

async function fetched(caller: Caller, params: Record<string, unknown>): Promise<Buffer> {
  const started = await ask(caller, 'export-start', { format: 'csv', isCompatible: true, order: 'id', ...params })
  for (let told = started; ; told = await ask(caller, 'export-status', { id: started.id })) {
    if (told.state === 'done') break
    assert.equal(told.state, 'running', JSON.stringify(told))
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const answer = await site.send(`/web/content/ir.export/${started.id}/file/x.csv`, { headers: { cookie: caller.cookie } })
  assert.equal(answer.status, 200)
  return answer.bytes
}
const columnsOf = (...paths: string[]) => paths.map((path) => ({ path, label: path }))

for (const format of ['csv', 'xlsx'] as const)
  test(`what is exported as ${format} and imported again changes nothing, whatever is in it`, async () => {
    const names = ['=1+1', '+82 2 123', "'=x", '@x', 'a,"b"', '-5', '김', ' x_x0041_']
    const ids = (
      await at.system.model('res.partner').create(
        names.map((name, i) => ({
          name: `${name} ${format}`,
          ref: name.trim(),
          street: i % 2 === 0 ? null : `=${name}`,
          comment: '<p>x</p>',
        })),
      )
    ).ids
    const all = (): Promise<unknown> => partners([['id', 'in', ids]])
    const before = await all()
    const content = await fetched(ann, {
      model: 'res.partner',
      format,
      ids,
      columns: columnsOf(
        'id',
        'name',
        'ref',
        'street',
        'email',
        'parent_id/id',
        'category_id/id',
        'country_id/id',
        'active',
        'comment',
        'company_type',
      ),
    })
    if (format === 'csv') assert.doesNotMatch(content.toString(), /(^|,|\n)"?[=+@-]/m)
    const file = await upload(ann, 'res.partner', content)
    assert.deepEqual(file.columns, file.headers, 'technical names are known again')
    const done = await run(ann, file)
    assert.deepEqual(counts(done), { state: 'done', total: 8, created: 0, updated: 0, unchanged: 8, failed: 0 })
    assert.deepEqual(await all(), before, 'not even a version')
  })

test('many records are exported by a job, all of them, and only those that one may see', async () => {
  await at.system
    .model('res.partner')
    .create(Array.from({ length: 1300 }, (_, i) => ({ name: `Many ${i}`, company_id: i % 13 === 0 ? elsewhere : null })))
  const lines = (await fetched(ann, { model: 'res.partner', domain: [['name', '=like', 'Many %']], columns: columnsOf('name') }))
    .toString()
    .trim()
    .split('\r\n')
  assert.deepEqual([lines.length, new Set(lines).size], [1201, 1201])
})

test('whoever has five files at work waits with the sixth, and nobody else does', async () => {
  const file = await upload(ann, 'res.partner', csv(['Name'], ['Sixth']))
  const tomorrow = new Date(Date.now() + 86_400_000)
  const ids = await at.databases.transaction(at.database, async (cx) => {
    const made: number[] = []
    for (let i = 0; i < 5; i++)
      made.push(await enqueue(cx, { name: 'transfer.export', args: { export: 0 }, userId: people[0]!.user.id, runAt: tomorrow }))
    return made
  })
  const many = { model: 'res.partner', format: 'csv', columns: columnsOf('name'), domain: [['name', '=like', 'Many %']] }
  for (const [question, params] of [
    ['import-test', { id: file.id, columns: ['name'] }],
    ['import-start', { id: file.id, columns: ['name'], keepGood: true }],
    ['export-start', many],
  ] as const)
    await assert.rejects(ask(ann, question, params), /5 of your files/, question)
  assert.equal((await ask(ann, 'import-status', { id: file.id })).state, 'draft')
  assert.equal((await ask(sam, 'export-start', many)).state, 'running')
  // One place is free, and three ask for it at once.
  await at.databases.transaction(at.database, async (cx) => void (await cx.query(sql`delete from job where id = ${ids[0]!}`)))
  const asked = await Promise.allSettled([1, 2, 3].map(() => ask(ann, 'export-start', many)))
  assert.deepEqual(asked.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected', 'rejected'])
  await at.databases.transaction(at.database, async (cx) => void (await cx.query(sql`delete from job where id = any(${ids}::bigint[])`)))
  assert.equal((await run(ann, file, { columns: ['name'] })).state, 'done')
})

test('an export tells nothing that a list would not tell, and is its maker’s alone', async () => {
  for (const path of ['parent_path', 'user_ids/password', 'create_uid/password', 'no_such', 'parent_id/parent_path'])
    await assert.rejects(
      ask(ann, 'export-start', { model: 'res.partner', format: 'csv', domain: [], columns: columnsOf(path) }),
      /Invalid field/,
      path,
    )
  await assert.rejects(
    ask(pat, 'export-start', { model: 'ir.config_parameter', format: 'csv', domain: [], columns: columnsOf('key', 'value') }),
    /not allowed/,
  )
  const mine = await ask(ann, 'export-start', {
    model: 'res.partner',
    format: 'csv',
    domain: [['id', '=', people[0]!.user.partner_id]],
    columns: columnsOf('name'),
  })
  const file = `/web/content/ir.export/${mine.id}/file/x`
  for (const stranger of [bob, eve, pat]) assert.equal((await site.send(file, { headers: { cookie: stranger.cookie } })).status, 404)
  for (const stranger of [bob, eve]) {
    await assert.rejects(ask(stranger, 'export-status', { id: mine.id }), /is gone|없습니다/)
    assert.equal(await ask(stranger, 'export-cancel', { id: mine.id }), false as never)
  }
  // Who may have none at all is told that.
  for (const name of ['export-status', 'export-cancel']) await assert.rejects(ask(pat, name, { id: mine.id }), /not allowed/)
})

test('documents come with their lines, by product, and go as they came', async () => {
  const made = await at.system.model('product.product').create([{ name: 'Chair' }, { name: 'Table' }] as never)
  assert.equal(made.ids.length, 2)
  const [customer] = (await at.system.model('res.partner').create({ name: 'Lilac' })).ids
  const rows = [
    ['Customer', 'Order Lines / Product', 'Order Lines / Quantity', 'Order Lines / Unit Price'],
    ['Lilac', 'Chair', '2', '1.234,50'],
    ['', 'Table', '1', '99,00'],
    ['Lilac', 'Stool', 'two', '5,00'],
  ]
  const file = await upload(sam, 'sale.order', rows.map((row) => row.join(';')).join('\n'))
  assert.deepEqual([file.options.decimal, file.options.thousand], [',', '.'])
  const columns = ['partner_id', 'order_line/product_id', 'order_line/product_uom_qty', 'order_line/price_unit']
  const done = await run(sam, file, { columns, keepGood: true })
  assert.deepEqual([done.total, done.created, done.failed], [2, 1, 1])
  const { rows: errors } = await ask(sam, 'import-errors', { id: file.id })
  assert.deepEqual(
    errors.map(({ row, column, value }: Told) => [row, column, value]),
    [
      [4, 'Order Lines / Product', 'Stool'],
      [4, 'Order Lines / Quantity', 'two'],
    ],
  )
  const orders = (await at.system
    .model('sale.order')
    .find([['partner_id', '=', customer!]], ['order_line.price_unit', 'order_line.product_uom_qty'] as never)) as any[]
  assert.deepEqual(
    orders.map(({ order_line }) => order_line.map((line: any) => [Number(String(line.product_uom_qty)), String(line.price_unit)])),
    [
      [
        [2, '1234.5'],
        [1, '99'],
      ],
    ],
  )
  await ask(sam, 'import-undo', { id: file.id })
  await until(sam, file.id)
  assert.equal(await at.system.model('sale.order').count([['partner_id', '=', customer!]]), 0)
})

test('no job failed on the way', () => assert.deepEqual(failures, []))
