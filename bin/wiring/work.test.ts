import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { base, employee, portal } from '@erp4/base'
import { type Connection, type Model, finishCall, sql } from '@erp4/orm'
import {
  FileStore,
  JobRegistry,
  type JobStatus,
  type Swept,
  Worker,
  closeJobCall,
  enqueue,
  fileReferences,
  openJobCall,
  openSystemEnv,
  sendMail,
  readJob,
  scheduleUpkeep,
  upkeepJob,
  upkeepName,
} from '@erp4/server'
import { world } from '@erp4/testing'

const here = await world(base)
const folder = await mkdtemp(join(tmpdir(), 'erp4-work-'))
after(() => rm(folder, { recursive: true }))
const files = new FileStore({ folder, instance: randomUUID(), keys: { name: randomBytes(32), wrap: randomBytes(32) } })
const instance = { name: 'world', database: here.database }

const registry = new JobRegistry()
registry.register('rename', {
  class: 'interactive',
  run: async ({ env, args }) => {
    const { id, name } = args as { id: number; name: string }
    await env!.model('res.partner').browse([id]).write({ name })
    return env!.user.login
  },
})
registry.register(
  upkeepName,
  upkeepJob({ databases: here.databases, registryOf: () => here.registry, filesOf: () => files, keepMailDays: 30 }),
)

const inTransaction = <T>(work: (cx: Connection) => Promise<T>): Promise<T> => here.databases.transaction(here.database, work)
const rows = <R>(statement: Parameters<Connection['query']>[0]) => here.databases.use(here.database, (cx) => cx.query<R>(statement))

/** Has a worker do all that waits, and gives the job's state. */
async function done(id: number): Promise<JobStatus> {
  const worker = new Worker({
    databases: here.databases,
    registry,
    hosting: { due: async () => [instance], all: async () => [instance], visited: async () => {} },
    openCall: (_instance, cx, userId, { name }) => openJobCall(cx, { registry: here.registry, files }, userId, name),
    closeCall: closeJobCall,
    onError: (error) => assert.fail(error as Error),
  })
  await worker.visit()
  while (worker.running > 0) await new Promise((resolve) => setTimeout(resolve, 20))
  await worker.stop()
  return (await here.databases.use(here.database, (cx) => readJob(cx, id)))!
}

test('a job runs with the rights of whoever asked for it, computed values and trail included', async () => {
  const ann = await here.person(employee)
  const mine = { id: ann.user.partner_id, name: 'Ann Stone' }
  const id = await inTransaction((cx) => enqueue(cx, { name: 'rename', args: mine, userId: ann.user.id }, registry))
  const job = await done(id)
  assert.deepEqual([job.state, job.result], ['done', ann.user.login])
  const [user] = await here.system.model('res.users').browse([ann.user.id]).read(['display_name'])
  assert.equal(user?.display_name, 'Ann Stone')
  const [trail] = await rows(
    sql`select actor, source, operation from audit_in where model = 'res.partner' and rec = ${mine.id}::int4 and operation = 'write'`,
  )
  assert.deepEqual(trail, { actor: ann.user.id, source: 'job:rename', operation: 'write' })
})

test('what its user may not do, a job may not do for him, and it is not tried again', async () => {
  const customer = await here.person(portal)
  const [azure] = (await here.system.model('res.partner').create({ name: 'Azure' })).ids
  const id = await inTransaction((cx) =>
    enqueue(cx, { name: 'rename', args: { id: azure!, name: 'Mine' }, userId: customer.user.id }, registry),
  )
  const job = await done(id)
  assert.deepEqual([job.state, job.attempts], ['failed', 1])
  assert.equal((await here.system.model('res.partner').browse([azure!]).read(['name']))[0]?.name, 'Azure')
})

test('the job of a user who was archived meanwhile fails, and nothing of it happens', async () => {
  const bob = await here.person(employee)
  const id = await inTransaction((cx) =>
    enqueue(cx, { name: 'rename', args: { id: bob.user.partner_id, name: 'Gone' }, userId: bob.user.id }, registry),
  )
  await here.system.model('res.users').browse([bob.user.id]).write({ active: false })
  const job = await done(id)
  assert.deepEqual([job.state, job.attempts], ['failed', 1])
  assert.match(job.error!, /may no longer sign in/)
  assert.notEqual((await here.system.model('res.partner').browse([bob.user.partner_id]).read(['name']))[0]?.name, 'Gone')
})

test('every binary column of a model counts as a reference to files, and the outbox too', () => {
  const references = fileReferences(here.registry).map(({ table, column }) => `${table}.${column}`)
  assert.ok(references.includes('ir_attachment.raw'))
  assert.ok(references.includes('outbox_attachment.blob'))
  const stored = [...here.registry.models.values()].flatMap((model: Model) =>
    [...model.fields.values()]
      .filter(({ kind, column }) => kind === 'binary' && column !== null)
      .map((field) => `${model.table}.${field.column}`),
  )
  assert.deepEqual(references.toSorted(), [...stored, 'outbox_attachment.blob'].toSorted())
})

test('the upkeep is scheduled once, however often an instance is upgraded, and a worker starts it', async () => {
  await inTransaction(scheduleUpkeep)
  await inTransaction(scheduleUpkeep)
  const schedules = await rows<{ every: number; unit: string }>(sql`select every, unit from schedule where key = ${upkeepName}`)
  assert.deepEqual(schedules, [{ every: 1, unit: 'days' }])
  await done(0).catch(() => undefined)
  const [job] = await rows<{ state: string }>(sql`select state from job where name = ${upkeepName}`)
  assert.equal(job?.state, 'done')
})

test('the upkeep removes what has had its time, and leaves alone what has not', async () => {
  const ann = await here.person(employee)
  const [old, fresh, used] = await inTransaction(async (cx) => [
    await files.put(cx, Buffer.from('nobody has this')),
    await files.put(cx, Buffer.from('nor this, but since lately')),
    await files.put(cx, Buffer.from('a letter')),
  ])
  await inTransaction(async (cx) => {
    const sys = openSystemEnv(cx, { registry: here.registry, files, source: 'test' })
    await sys.model('ir.attachment').create({ name: 'letter', raw: used } as never)
    await finishCall(sys)
  })
  const session = (hash: number, ends: string) =>
    sql`insert into session (hash, user_id, sec_version, epoch, ends) values (${Buffer.alloc(32, hash)}, ${ann.user.id}::int4, 0, 1, now() + ${ends}::interval)`
  await inTransaction(async (cx) => {
    await cx.query(session(1, '-1 minute'))
    await cx.query(session(2, '1 day'))
    await cx.query(
      sql`insert into idempotency (user_id, key, digest, at) values (1, 'old', '', now() - interval '25 hours'), (1, 'new', '', now())`,
    )
    for (const subject of ['old', 'new', 'stuck'])
      await sendMail(cx, here.keys, { from: { address: 'a@azure.example' }, to: [{ address: 'b@azure.example' }], subject, text: 'x' })
    await cx.query(
      sql`update outbox set state = 'sent', sent_at = now() - case subject when 'old' then interval '31 days' else interval '1 day' end where subject <> 'stuck'`,
    )
    await cx.query(sql`update outbox set state = 'failed', created_at = now() - interval '90 days' where subject = 'stuck'`)
    await cx.query(sql`update blob set dead_at = now() - interval '49 hours' where hash = ${old}`)
  })
  const dialogues = await here.system.model('res.users.identitycheck').create([{}, {}])
  await inTransaction((cx) =>
    cx.query(
      sql`update res_users_identitycheck set write_date = now() at time zone 'utc' - interval '25 hours' where id = ${dialogues.ids[0]!}::int4`,
    ),
  )

  const id = await inTransaction((cx) => enqueue(cx, { name: upkeepName, userId: null }, registry))
  const job = await done(id)
  assert.equal(job.state, 'done', job.error ?? '')
  const swept = job.result as Swept
  assert.deepEqual([swept.dialogues, swept.mails, swept.files.deleted, swept.files.isHeldUp], [1, 1, 1, false])
  assert.ok(swept.signIns >= 1)

  assert.deepEqual(await rows(sql`select get_byte(hash, 0) as hash from session where user_id = ${ann.user.id}::int4`), [{ hash: 2 }])
  assert.deepEqual(await rows(sql`select key from idempotency`), [{ key: 'new' }])
  assert.deepEqual(await rows(sql`select subject from outbox order by subject`), [{ subject: 'new' }, { subject: 'stuck' }])
  assert.deepEqual(
    await here.system
      .model('res.users.identitycheck')
      .search([])
      .then(({ ids }) => ids),
    [dialogues.ids[1]],
  )
  const marks = await rows<{ hash: string; dead: boolean }>(sql`select hash, dead_at is not null as dead from blob`)
  assert.deepEqual(
    new Map(marks.map(({ hash, dead }) => [hash, dead])),
    new Map([
      [fresh, true],
      [used, false],
    ]),
  )
  const kept = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((one) => one.isFile()).map((one) => one.name)
  assert.deepEqual(kept.toSorted(), [fresh, used].toSorted())
})
