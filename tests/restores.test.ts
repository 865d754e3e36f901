import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { Cluster, connectAs, findInstance, findPostgres, Host, HostKeys, openHome, withClient } from '@erp4/ops'
import { long, RunningErp4, type RunningInstance, type SmtpSink, smtpSink } from '@erp4/testing'
import { ask, makeKey } from './clients/json2.ts'
import { makePeople, type People, RpcError, signIn } from './clients/wire.ts'

// A live instance goes back in time and returns, while people and programs use it, as an operator does it by the command line.

let erp4: RunningErp4
let main: RunningInstance
let people: People
let sink: SmtpSink
let host: Host
let set: string
let keys: { kept: string; revoked: string }
let session: Awaited<ReturnType<typeof signIn>>
const content = Buffer.from('what the file says').toString('base64')

before(async () => {
  sink = await smtpSink()
  erp4 = await RunningErp4.start({ env: { ERP4_SMTP_URL: `smtp+plain://127.0.0.1:${sink.port}` } })
  main = erp4.instance('main')
  const home = openHome(erp4.home)
  host = new Host(home, new Cluster(home), HostKeys.open(home))
  people = await makePeople(main, 'restore')
  keys = { kept: await makeKey(people.administrator, 'kept'), revoked: await makeKey(people.administrator, 'revoked') }
})
after(async () => {
  await host?.close()
  await erp4?.remove()
  await sink?.close()
})

const sql = async (name: string, text: string, values: unknown[] = []) =>
  withClient(await connectAs(host, await findInstance(host, name), 'owner'), async (db) => (await db.query(text, values)).rows)

/** Runs a command that must work, and reads its answer. */
async function run<T>(...args: readonly string[]): Promise<T> {
  const { code, out, err } = await erp4.command(...args, '--json')
  assert.equal(code, 0, err)
  return JSON.parse(out) as T
}

async function mail(name: string, subject: string, state: 'queued' | 'later'): Promise<void> {
  const later = state === 'later' ? `now() + interval '1 hour'` : 'now()'
  await sql(
    name,
    `insert into outbox (message_id, sender, recipients, subject, body_text, run_at)
     values ($1, '{"address":"a@example.org"}', '[{"address":"b@example.org"}]', $2, 'x', ${later})`,
    [`<${subject}@example.org>`, subject],
  )
}

const create = (key: string, name: string) => ask(main.url, key, 'res.partner/create', { vals_list: [{ name }] })
const count = async (name: string): Promise<number> =>
  (await ask(main.url, keys.kept, 'res.partner/search_count', { domain: [['name', '=', name]] })).body as number

/** A field that people make: a column that no app knows of. */
async function makeField(name: string): Promise<void> {
  const { call } = await signIn(people.administrator)
  const [model] = (await call('ir.model', 'search', [[['model', '=', 'res.partner']]])) as [number]
  await call('ir.model.fields', 'create', [{ name, model_id: model, ttype: 'char', field_description: name }])
}
/** What the servers answer of them: the value of each field, or that there is none. */
async function fieldsAre(values: Record<string, string | undefined>): Promise<void> {
  for (const [field, value] of Object.entries(values)) {
    const { status, body } = await ask(main.url, keys.kept, 'res.partner/search_read', {
      domain: [['name', '=', 'Gated']],
      fields: [field],
    })
    if (value === undefined) assert.notEqual(status, 200, field)
    else assert.deepEqual([status, body[0]?.[field]], [200, value], field)
  }
}

/** Creates partners one after the other and notes the acknowledged ones; whoever is told to come again does. */
async function write(stop: AbortSignal, acknowledged: string[], refused: Record<string, number>): Promise<void> {
  for (let n = 0; !stop.aborted; n++) {
    const { status } = await create(keys.kept, `written ${n}`).catch(() => ({ status: 0 }))
    if (status === 200) acknowledged.push(`written ${n}`)
    else refused[status] = (refused[status] ?? 0) + 1
    await pause(20) // others want the processors, too
  }
}

test('a set of a running instance restores: it is proven by the command line', async () => {
  await create(keys.kept, 'Before')
  const attached = { name: 'note.txt', datas: content, res_model: 'res.partner', res_id: 1 }
  assert.equal((await ask(main.url, keys.kept, 'ir.attachment/create', { vals_list: [attached] })).status, 200)
  await makeField('x_gate')
  await ask(main.url, keys.kept, 'res.partner/create', { vals_list: [{ name: 'Gated', x_gate: 'north' }] })
  await mail('main', 'waiting', 'later')
  await sql('main', `insert into job (class, name, run_at) values ('bulk', 'nothing', now() + interval '1 hour')`)
  await sql(
    'main',
    `insert into ir_sequence (name, code, implementation, padding, number_next, number_increment, active) values ('s', 'test', 'no_gap', 0, 5, 1, true)`,
  )
  session = await signIn(people.clerk)
  set = (await run<{ id: string }>('backup', 'run', 'main')).id
  const proof = await run<{ result: string; files: { opened: number } }>('backup', 'verify', set)
  assert.deepEqual([proof.result, proof.files.opened > 0], ['pass', true])
})

test('restored over live, time goes back for the rows and not for what was taken from people', async (t) => {
  // Since the set: a key revoked, a user archived, one with fewer rights, one with another password, new rows, a number given.
  const { call } = await signIn(people.administrator)
  const [revoked] = await call('res.users.apikeys', 'search', [[['name', '=', 'revoked']]])
  await call('res.users.apikeys', 'remove', [[revoked]])
  const idOf = async (login: string) => ((await call('res.users', 'search', [[['login', '=', login]]])) as [number])[0]
  const [editor, neighbour] = [await idOf(people.editor.login), await idOf(people.neighbour.login)]
  await call('res.users', 'write', [[neighbour], { active: false }])
  const [, managers] = await call('ir.model.data', 'check_object_reference', ['base', 'group_partner_manager'])
  const [, employees] = await call('ir.model.data', 'check_object_reference', ['base', 'group_user'])
  await call('res.users', 'write', [[editor], { group_ids: [[6, 0, [employees]]] }])
  const clerks = await signIn(people.clerk)
  await clerks.call('res.users', 'change_password', [people.clerk.password, 'clerk has quite another password'])
  // A letter of the product's own leaves it: sealed by one process, opened by another, which may read less.
  assert.deepEqual(
    (await sink.received(1, 60_000)).map((one) => one.header('subject')),
    ['Your password for My Company was changed'],
  )
  await sql('main', `update ir_sequence set number_next = 9 where code = 'test'`)
  await create(keys.kept, 'After')
  await makeField('x_late')
  await sql('main', `update res_partner set x_gate = 'south', x_late = 'later' where name = 'Gated'`)
  const preview = await run<{ changes: { table: string; newer: number }[] }>('restore', set, '--over-live', 'main', '--preview')
  assert.ok(preview.changes.some(({ table, newer }) => table === 'res_partner' && newer > 0))
  assert.equal((await erp4.command('restore', set, '--over-live', 'main', '--confirm', 'mian')).code, 7)
  assert.equal(await count('After'), 1)

  const stop = new AbortController()
  const acknowledged: string[] = []
  const refused: Record<string, number> = {}
  const writing = write(stop.signal, acknowledged, refused)
  const report = await run<{ safety: { before: string; last: string }; writeGapMs: number; reconciled: any }>(
    'restore',
    set,
    '--over-live',
    'main',
    '--confirm',
    'main',
  )
  for (const before = acknowledged.length; acknowledged.length < before + 20;) await Promise.race([pause(20), writing])
  stop.abort()
  await writing

  assert.deepEqual([await count('Before'), await count('After')], [1, 0])
  await fieldsAre({ x_gate: 'north', x_late: undefined })
  // The session of before is over, as is every other; the key that nobody revoked goes on, the other stays revoked.
  await assert.rejects(session.call('res.partner', 'search_count', [[]]), (error) => error instanceof RpcError && error.code === 100)
  assert.equal((await create(keys.revoked, 'nobody')).status, 401)
  await assert.rejects(signIn(people.neighbour))
  await assert.rejects(signIn(people.clerk))
  await signIn({ ...people.clerk, password: 'clerk has quite another password' })
  const again = await signIn(people.editor)
  await assert.rejects(again.call('res.partner', 'create', [{ name: 'not any more' }]), RpcError)
  const { first: _first, ...last } = report.reconciled
  assert.deepEqual(last.archived, [people.neighbour.login])
  assert.deepEqual(last.passwords, [people.clerk.login])
  assert.ok(last.groups.some(({ login }: { login: string }) => login === people.editor.login))
  assert.deepEqual(
    last.revokedKeys.map(({ name }: { name: string }) => name),
    ['revoked'],
  )
  assert.ok(typeof managers === 'number')
  const [number] = last.numbers as { code: string; from: number; to: number }[]
  assert.deepEqual([number!.code, number!.from, number!.to], ['test', 5, 8])
  assert.deepEqual(await sql('main', `select number_next from ir_sequence where code = 'test'`), [{ number_next: 9 }])
  assert.deepEqual(await sql('main', `select subject, state from outbox`), [{ subject: 'waiting', state: 'held' }])
  assert.deepEqual(await sql('main', `select state from job where name = 'nothing'`), [{ state: 'held' }])
  const attachment = await ask(main.url, keys.kept, 'ir.attachment/search_read', { domain: [['name', '=', 'note.txt']], fields: ['datas'] })
  assert.equal(attachment.body[0].datas, content)

  // Every acknowledged row is in the new generation, or in the set of the old one's last moment: none in neither.
  const there = new Set((await sql('main', `select name from res_partner where name like 'written %'`)).map(({ name }) => name as string))
  assert.ok(there.size > 0, 'writing went on in the new generation')
  await run('restore', report.safety.last, '--to-side', 'lost')
  const kept = new Set((await sql('lost', `select name from res_partner where name like 'written %'`)).map(({ name }) => name as string))
  assert.ok(kept.size > 0, 'and there was writing in the old one')
  assert.deepEqual(
    acknowledged.filter((name) => !there.has(name) && !kept.has(name)),
    [],
  )
  assert.equal([...there].filter((name) => kept.has(name)).length, 0)
  assert.deepEqual(
    Object.keys(refused).filter((status) => !['503', '0'].includes(status)),
    [],
    JSON.stringify(refused),
  )
  t.diagnostic(`write gap: ${report.writeGapMs} ms between the generations; refused ${JSON.stringify(refused)}`)
})

/** The sealer comes by every few seconds. */
async function intactTrail(): Promise<void> {
  for (let tries = 0; ; tries++) {
    const { code, out, err } = await erp4.command('audit', 'verify')
    if (code === 0) return
    assert.ok(tries < 600, out + err)
    await pause(500)
  }
}

test('the trail goes on with an entry that names what was lost, and verifies', async () => {
  const found = async () =>
    sql(
      'main',
      `select change from audit_in where operation = 'restored' union all select change::jsonb from audit_log where operation = 'restored'`,
    )
  const [{ change }] = (await found()) as [{ change: { set: string; safety: string; lost: { seq: number; head: string | null } } }]
  assert.equal(change.set, set)
  assert.match(change.safety, /^[0-9A-Z]{26}$/)
  assert.ok(Number.isInteger(change.lost.seq))
  await create(keys.kept, 'sealed after')
  await intactTrail()
})

test('a copy sends no mail and runs no job, whatever is written into it', async () => {
  assert.equal((await findInstance(host, 'lost')).kind, 'copy')
  // Word of the clerk's new password may have gone by the last moment that the copy holds.
  assert.deepEqual(await sql('lost', `select distinct state from outbox where state <> 'sent'`), [{ state: 'held' }])
  assert.deepEqual(await sql('lost', 'select count(*)::int as keys from res_users_apikeys'), [{ keys: 0 }])
  await sql('lost', `update outbox set state = 'queued', run_at = now()`)
  await mail('lost', 'from the copy', 'queued')
  await sql('lost', `update job set state = 'queued', run_at = now()`)
  const { uuid } = await findInstance(host, 'lost')
  const server = host.cluster.config('erp4_host', 'erp4_server', host.keys.login('erp4_server')!)
  const wake = `insert into active (instance, until) values ($1, now() + interval '2 minutes') on conflict (instance) do update set until = excluded.until`
  for (const one of [uuid, (await findInstance(host, 'main')).uuid]) await withClient(server, (db) => db.query(wake, [one]))
  await mail('main', 'from main', 'queued')
  const [, received] = await sink.received(2, 60_000)
  assert.equal(received!.header('subject'), 'from main')
  await pause(3_000)
  assert.deepEqual(
    sink.mails.slice(1).map((one) => one.header('subject')),
    ['from main'],
  )
  assert.deepEqual(await sql('lost', `select state from job where name = 'nothing'`), [{ state: 'queued' }])
})

test('undone, the rows of before are back, and what was revoked stays revoked', async () => {
  await create(keys.kept, 'Between')
  const report = await run<{ safety: { before: string } }>('restore', 'undo', 'main', '--confirm', 'main')
  assert.deepEqual([await count('After'), await count('Between')], [1, 0])
  await fieldsAre({ x_gate: 'south', x_late: 'later' })
  assert.equal((await create(keys.revoked, 'nobody')).status, 401)
  await assert.rejects(signIn(people.neighbour))
  await run('restore', report.safety.before, '--to-side', 'between', '--days', '3')
  assert.deepEqual(await sql('between', `select count(*)::int as n from res_partner where name = 'Between'`), [{ n: 1 }])
  await create(keys.kept, 'sealed again')
  await intactTrail()
  assert.equal((await erp4.command('restore', 'undo', 'main', '--confirm', 'main')).code, 4)
  const { code, out } = await erp4.command('doctor')
  assert.doesNotMatch(out, /belongs to no instance/)
  assert.match(out, /another generation of its instance, closed/)
  assert.ok(code === 0 || code === 3)
})

// What is refused of a stranger's dump is proven beside the code of uploads; this is the whole way, with all that ERP4 makes.
long('a downloaded dump comes back through the door for strangers: its rows, and not one that is beside what ERP4 makes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'erp4-restores-'))
  try {
    await run('download', 'main', '--to', join(folder, 'main.zip'))
    execFileSync('python3', ['-m', 'zipfile', '--extract', join(folder, 'main.zip'), folder])
    const dump = join(folder, 'db.dump')
    const report = await run<{ rows: number; fileReferences: number }>('restore', '--upload', dump, '--to-side', 'uploaded')
    assert.ok(report.rows > 1000 && report.fileReferences > 0)
    const names = `select name from res_partner where name in ('Before', 'After') order by 1`
    assert.deepEqual(await sql('uploaded', names), [{ name: 'After' }, { name: 'Before' }])
    assert.equal((await findInstance(host, 'uploaded')).kind, 'copy')
    // The same with one thing more in it.
    await sql('uploaded', `create function public.evil() returns int language sql as 'select 1'`)
    const config = await connectAs(host, await findInstance(host, 'uploaded'), 'owner')
    const env = { PATH: process.env['PATH'], PGPASSWORD: config.password as string }
    const where = ['-h', config.host!, '-U', config.user!, '-d', config.database!]
    execFileSync(join(findPostgres().dir, 'pg_dump'), ['-Fc', '-f', join(folder, 'evil.dump'), ...where], { env })
    const { code, err } = await erp4.command('restore', '--upload', join(folder, 'evil.dump'), '--to-side', 'other')
    assert.equal(code, 3)
    assert.match(err, /it has function public\.evil\(\)/)
    await assert.rejects(findInstance(host, 'other'), { code: 'not_found' })
  } finally {
    rmSync(folder, { recursive: true })
  }
})
