import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { asOwner, makeWorld, putFile } from '../backup/fixtures/world.ts'
import { findPostgres } from '../binaries.ts'
import type { ErpTasks } from '../erp-tasks.ts'
import { connectAs, findInstance, listInstances, type Instance } from '../instances.ts'
import { withClient } from '../provision.ts'
import { discardInstance, startThrowawayCluster, type Throwaway } from '../throwaway.ts'
import { catalogueLines } from './catalogue.ts'
import { withScratch, type Scratch } from './scratch.ts'
import { restoreUpload, type UploadLimits, type UploadOrder } from './upload.ts'

let world: Throwaway
let folder: string
let shop: Instance
let expected: string[]
let good: string
let schema: string
let scratch: Scratch
let letScratchGo: () => void
let running: Promise<void>
const binaries = findPostgres().dir

before(async () => {
  world = await startThrowawayCluster({ own: true })
  folder = mkdtempSync(join(tmpdir(), 'erp4-upload-'))
  shop = await makeWorld(world.host, 'shop')
  await asOwner(world.host, shop, async (db) => {
    await putFile(world.host, shop, 'a', Buffer.from('a'), db)
    await db.query('set role pg_database_owner')
    await db.query(`create table tag (id int generated always as identity primary key, parent int, note text default '${'A'.repeat(140)}',
      constraint tag_parent foreign key (parent) references tag (id) deferrable initially immediate)`)
    await db.query(`comment on table tag is '${'B'.repeat(140)}'`)
    await db.query('insert into tag (parent, note) overriding system value select null::int, null::text union all select null, null')
    await db.query('update tag set parent = 3 - id')
    expected = await catalogueLines(db)
  })
  schema = join(folder, 'schema.dump')
  pgDump(await connectAs(world.host, shop, 'owner'), schema, '--schema-only')
  good = await dumpWith()
  const ready = Promise.withResolvers<void>()
  running = withScratch(world.host.home, async (made) => {
    scratch = made
    ready.resolve()
    await new Promise<void>((resolve) => (letScratchGo = resolve))
  })
  await ready.promise
})
after(async () => {
  letScratchGo()
  await running
  rmSync(folder, { recursive: true, force: true })
  await world.stop()
})

function pgDump(config: Awaited<ReturnType<typeof connectAs>>, file: string, ...more: string[]): void {
  const where = ['-h', config.host!, '-U', config.user!, '-d', config.database!, '-f', file]
  execFileSync(join(binaries, 'pg_dump'), [...(more.includes('--format=plain') ? [] : ['-Fc']), ...where, ...more], {
    env: { PGPASSWORD: config.password as string, PATH: process.env['PATH'] },
  })
}

let count = 0
/** A dump of the shop after some statements of its owner, which are undone. */
async function dumpWith(...statements: string[]): Promise<string> {
  const file = join(folder, `${count++}.dump`)
  const config = await connectAs(world.host, shop, 'owner')
  if (statements.length === 0) {
    pgDump(config, file)
    return file
  }
  const { database } = shop
  const copy = `${database}0${count}`
  await world.host.db.query(`create database ${copy} template ${database} owner i_${shop.uuid.replaceAll('-', '')}_owner`)
  try {
    await withClient({ ...config, database: copy }, async (db) => {
      for (const statement of ['set role pg_database_owner', ...statements]) await db.query(statement)
    })
    pgDump({ ...config, database: copy }, file, '-Z9')
  } finally {
    await world.host.db.query(`drop database ${copy} with (force)`)
  }
  return file
}

/** The good dump, with a text in its table of contents replaced by another: what no pg_dump would write. */
function forged(placeholder: 'A' | 'B', statement: string): string {
  const bytes = readFileSync(good)
  const before = Buffer.from(placeholder.repeat(140))
  assert.ok(statement.length <= 140, String(statement.length))
  const at = bytes.indexOf(before)
  assert.ok(at > 0)
  bytes.write(statement.padEnd(140), at, 'latin1')
  const file = join(folder, `${count++}.dump`)
  writeFileSync(file, bytes)
  return file
}

/** The ERP's migrations, played by the schema of the shop. */
function erp(change: Partial<ErpTasks> = {}): ErpTasks & { asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    release: '1',
    migrate: async (instance) => {
      asked.push('migrate')
      if (asked.length > 1) return
      const { host, user, password, database } = await connectAs(world.host, instance, 'owner')
      const where = ['-h', host!, '-U', user!, '-d', database!]
      execFileSync(join(binaries, 'pg_restore'), ['--no-owner', '--no-acl', '--role=pg_database_owner', ...where, schema], {
        env: { PGPASSWORD: password as string, PATH: process.env['PATH'] },
      })
    },
    expectedCatalogue: async () => expected,
    carryOver: async () => ({}),
    reconcile: async () => ({}),
    rewrap: async () => 0,
    neutralise: async ({ kind, copyOf, uuid }) => void asked.push(`neutralise ${kind} ${copyOf === uuid}`),
    ...change,
  }
}

const upload = (file: string, limits: Partial<UploadLimits> = {}, change: Partial<UploadOrder> = { scratch }) =>
  restoreUpload(world.host, { file, name: 'uploaded', hosts: [], apps: ['base'], days: 1, erp: erp(), limits, ...change })

async function refused(file: string, why: RegExp, limits: Partial<UploadLimits> = {}, change?: Partial<UploadOrder>): Promise<void> {
  const before = await snapshotOfHost()
  await assert.rejects(upload(file, limits, change), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'refused', error.stack)
    assert.match(error.message, why)
    return true
  })
  assert.deepEqual(await snapshotOfHost(), before, 'nothing changed')
}

async function snapshotOfHost() {
  const { rows } = await world.host.db.query(`select datname from pg_database union all select rolname from pg_roles order by 1`)
  const scratch = join(world.host.home.dir, 'scratch')
  return {
    rows,
    instances: (await listInstances(world.host)).map(({ name }) => name),
    scratch: existsSync(scratch) ? readdirSync(scratch) : [],
  }
}

test('rows of a good dump move into a database that our migrations made, as a neutralised copy', async () => {
  const file = await dumpWith(`alter table partner add x_note text`, `update partner set x_note = 'own "text" ' || id || E'\\n\\\\'`)
  const played = erp()
  const { instance, rows, fileReferences } = await upload(file, {}, { scratch, erp: played })
  assert.deepEqual(played.asked, ['migrate', 'migrate', 'neutralise copy true'])
  assert.equal((await findInstance(world.host, 'uploaded')).kind, 'copy')
  assert.deepEqual([rows, fileReferences], [50 + 1 + 20 + 2 + 1 + 2, 1])
  await asOwner(world.host, instance, async (db) => {
    const read = async (text: string) => (await db.query(text)).rows
    assert.deepEqual(await read('select count(*)::int as n, max(x_note) as last from partner'), [{ n: 50, last: 'own "text" 9\n\\' }])
    assert.deepEqual(await read('select id, parent from tag order by 1'), [
      { id: 1, parent: 2 },
      { id: 2, parent: 1 },
    ])
    assert.deepEqual(await read('select raw from ir_attachment'), [{ raw: null }])
    assert.deepEqual(await read('select count(*)::int as n, sum(amount)::text as sum from "Order Line"'), [
      { n: 20, sum: '70.00000000000000000000' },
    ])
    assert.deepEqual(await read(`select encode(head, 'hex') as head from audit_seal order by n`), [{ head: '0102' }, { head: '0304' }])
    assert.deepEqual(await read(`insert into partner (name) values ('next') returning id`), [{ id: 51 }])
    const { extra, missing } = (await import('./catalogue.ts')).compareCatalogues(expected, await catalogueLines(db))
    assert.deepEqual([extra, missing], [[], []])
  })
  await discardInstance(world.host, 'uploaded')
})

const evil = `create function evil() returns int language sql as 'select 1'`
for (const [what, statements, why] of [
  ['a function', [evil], /it has function public\.evil\(\)/],
  ['a security definer function', [`${evil} security definer`], /security definer/],
  [
    'a trigger',
    [
      `create function evil() returns trigger language plpgsql as 'begin return new; end'`,
      'create trigger t after insert on partner execute function evil()',
    ],
    /trigger CREATE TRIGGER t /,
  ],
  ['a rule', ['create rule r as on insert to partner do also select 1'], /rule CREATE RULE r/],
  [
    'a view in the place of a table',
    [evil, 'drop table odd', 'create view odd as select evil() as "a ""name", null::json as body'],
    /view public\.odd/,
  ],
  ['a default that calls a function', [evil, 'alter table partner alter notes set default to_jsonb(evil())'], /notes jsonb default .*evil/],
  ['an own column with a default', ['alter table partner add x_evil text default current_user'], /x_evil text default CURRENT_USER/],
  ['a table', ['create table x_mine (id int)'], /table public\.x_mine/],
  ['a missing constraint', ['alter table tag drop constraint tag_parent'], /it lacks constraint on public\.tag tag_parent/],
  ['an extension', ['reset role', 'create extension hstore'], /extension|not .* create extension|must (have|be)/i],
] as const)
  test(`a dump with ${what} is refused by name`, async () => refused(await dumpWith(...statements), why))

for (const [what, place, statement, why] of [
  [
    'a function inside the entry of a table',
    'A',
    `'); create function public.evil() returns int language sql as 'select 1'; create table public.more (a text default '`,
    /function public\.evil\(\).*|table public\.more/,
  ],
  ['SQL in a comment', 'B', `'; create view public.evil as select 1 as one; comment on table public.tag is '`, /view public\.evil/],
  [
    'rights that it gives itself, in a comment',
    'B',
    `'; reset role; alter table public.tag owner to current_user; comment on table public.tag is '`,
    /table public\.tag of owner/,
  ],
  [
    'an event trigger',
    'B',
    `'; create event trigger evil on ddl_command_end execute function suppress_redundant_updates_trigger(); select '`,
    /does not load: .*permission denied to create event trigger/,
  ],
  ['a program', 'B', `'; copy public.tag from program 'id > /tmp/erp4-evil'; select '`, /does not load: .*pg_execute_server_program/],
  ['a file of the server', 'B', `'; copy public.tag (note) from '/etc/passwd'; select '`, /does not load: .*pg_read_server_files/],
  ['a role', 'B', `'; create role evil superuser; select '`, /does not load: .*must be superuser to create superusers/],
] as const)
  test(`a forged dump with ${what} is refused, and nothing of it happened`, async () => {
    await refused(forged(place, statement), why)
    assert.equal(existsSync('/tmp/erp4-evil'), false)
  })

test('a bomb is refused before it fills the disk, and one of time before anybody waits', async () => {
  const bomb = await dumpWith(
    `create table bomb as select repeat('x', 2000) as t from generate_series(1, 60000)`,
    `alter table bomb alter t set storage external`,
  )
  assert.ok(readFileSync(bomb).length < 4e6)
  await refused(bomb, /becomes a database of more than 30 MB/, { databaseBytes: 30e6 }, {})
  const slow = forged('B', `'; select pg_sleep(1000); select '`)
  await refused(slow, /takes longer than 3 s|statement timeout/, { seconds: 3 }, {})
})

test('only the custom format is taken, within its size', async () => {
  const plain = join(folder, 'plain.sql')
  pgDump(await connectAs(world.host, shop, 'owner'), plain, '--format=plain')
  await refused(plain, /not made by pg_dump in the custom format/)
  const cut = join(folder, 'cut.dump')
  writeFileSync(cut, readFileSync(good).subarray(0, -200))
  await refused(cut, /does not load|it has|it lacks|rows/)
  const noise = join(folder, 'noise.dump')
  writeFileSync(noise, Buffer.concat([Buffer.from('PGDMP\x01\x0e\x00\x04\x08\x01', 'latin1'), Buffer.alloc(1000, 0xff)]))
  await refused(noise, /does not load/)
  await refused(good, /bytes, and 100 are allowed/, { fileBytes: 100 })
  await assert.rejects(upload(join(folder, 'nothing.dump')), { code: 'not_found' })
})
