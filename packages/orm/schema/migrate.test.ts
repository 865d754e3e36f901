import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type EmptyInstance, emptyInstance } from '@erp4/testing'
import pg from 'pg'
import { all, grant, group } from '../access.ts'
import { app, type App } from '../app.ts'
import * as fields from '../fields.ts'
import { model } from '../model.ts'
import { assemble, type Registry } from '../registry.ts'
import { sql } from '../sql/fragment.ts'
import type { SystemTable } from '../sql/system-table.ts'
import { MigrationFailed, MigrationRefused } from './errors.ts'
import { checkGrants } from './grants.ts'
import { constraintMessage } from './messages.ts'
import { migrate, planMigration, type MigrationOptions } from './migrate.ts'

const { binary, boolean, char, date, datetime, decimal, float, html, integer, json, many2many, many2one, one2many, selection, text } = fields as unknown as Record<
  string,
  (...given: any[]) => fields.AnyField
> as any

const blob: SystemTable = {
  name: 'blob',
  ddl: ['create table if not exists blob (hash text primary key, size int4)'],
  runtime: ['select', 'insert', 'update', 'delete'],
}
const trail: SystemTable = {
  name: 'trail',
  ddl: ['create table if not exists trail (seq bigint primary key)'],
  runtime: ['select'],
  seal: ['select', 'insert'],
}
const tables = [blob, trail]

const person = { name: char({ required: true, index: 'trigram' }), login: char({ label: 'Login' }), company_id: many2one('test.company'), active: boolean({ default: true }) }

interface Specs {
  [model: string]: { label?: string; order?: string; unique?: unknown[]; fields: Record<string, unknown> }
}

/** The registry of one app `test` with these models. */
function declare(specs: Specs, more: Partial<App> = {}): Registry {
  const clerk = group('test.clerk', { label: 'Clerk' })
  const models = Object.entries(specs).map(([name, spec]) => (model as any)(name, spec))
  const access = Object.fromEntries(Object.keys(specs).map((name) => [name, [(grant as any)(clerk, all)]]))
  return assemble([(app as any)({ name: 'test', models, groups: [clerk], access, ...more })])
}

const people = (changes: Record<string, unknown> = {}, spec: Partial<Specs[string]> = {}): Registry =>
  declare({
    'test.company': { label: 'Company', fields: { name: char({ required: true }) } },
    'test.person': {
      label: 'Person',
      order: 'name, id desc',
      unique: [{ fields: ['login'], fold: true, message: 'Another person has this login already.' }],
      fields: Object.fromEntries(Object.entries({ ...person, ...changes }).filter(([, field]) => field !== undefined)),
      ...spec,
    },
  })

interface Place {
  as<T>(role: Parameters<EmptyInstance['connect']>[0], work: (db: pg.Client) => Promise<T>): Promise<T>
  migrate(registry: Registry, options?: Partial<MigrationOptions>): ReturnType<typeof migrate>
  /** Statements of the owner, as themselves. */
  run(...statements: string[]): Promise<void>
  rows(query: string): Promise<any[]>
}

/** An empty instance of its own. */
async function place<T>(story: (place: Place) => Promise<T>): Promise<T> {
  const instance = await emptyInstance()
  const as: Place['as'] = async (role, work) => {
    const client = new pg.Client(await instance.connect(role))
    await client.connect()
    return work(client).finally(() => client.end())
  }
  const owned = (work: (db: pg.Client) => Promise<any>) =>
    as('owner', async (db) => {
      await db.query('set role pg_database_owner')
      return work(db)
    })
  try {
    return await story({
      as,
      migrate: (registry, options = {}) => as('owner', (db) => migrate(db, { registry, tables, ...options })),
      run: (...statements) => owned(async (db) => { for (const statement of statements) await db.query(statement) }),
      rows: (query) => owned(async (db) => (await db.query(query)).rows),
    })
  } finally {
    await instance.remove()
  }
}

const columnsOf = (table: string) =>
  `select attname as name, format_type(atttypid, atttypmod) as type, attnotnull as required from pg_attribute where attrelid = '${table}'::regclass and attnum > 0 and not attisdropped order by 1`

test('every kind of field has its column', () =>
  place(async ({ migrate, rows }) => {
    const every = {
      a_char: char(), a_text: text(), a_html: html(), a_integer: integer(), a_float: float(), a_rounded: float({ digits: 2 }), a_decimal: decimal(),
      a_boolean: boolean(), a_date: date(), a_moment: datetime(), a_choice: selection({ yes: 'Yes', "it's": 'It is' }), a_json: json(),
      a_translated: char({ translate: true, index: 'trigram' }), a_company_one: integer({ companyDependent: true }), a_link: many2one('test.thing'), a_file: binary(),
      a_list: one2many('test.thing', 'a_link'), a_many: many2many('test.thing'), a_related: char({ related: 'a_link.a_char' }), a_needed: char({ required: true }),
    }
    await migrate(declare({ 'test.thing': { fields: every } }))
    const columns = Object.fromEntries((await rows(columnsOf('test_thing'))).map(({ name, type, required }) => [name, required ? `${type} required` : type]))
    assert.deepEqual(columns, {
      id: 'integer required', version: 'integer required', create_uid: 'integer', write_uid: 'integer',
      create_date: 'timestamp(0) without time zone required', write_date: 'timestamp(0) without time zone required',
      a_char: 'text', a_text: 'text', a_html: 'text', a_integer: 'integer', a_float: 'double precision', a_rounded: 'numeric', a_decimal: 'numeric',
      a_boolean: 'boolean required', a_date: 'date', a_moment: 'timestamp(0) without time zone', a_choice: 'text', a_json: 'json', a_translated: 'jsonb',
      a_company_one: 'jsonb', a_link: 'integer', a_file: 'text', a_needed: 'text required',
    })
    assert.equal((await rows(columnsOf('test_thing_a_many_rel'))).length, 2)
    assert.deepEqual((await rows("select langs, apps, schema, epoch from meta"))[0], { langs: ['en_US'], apps: { test: '1' }, schema: 2, epoch: 1 })
  }))

test('a second migration plans nothing and changes no version', () =>
  place(async ({ as, migrate, rows }) => {
    const registry = people({ title: char({ translate: true, index: true }), photo: binary(), kind: selection({ a: 'A' }), tags: many2many('test.company') })
    const first = await migrate(registry)
    assert.ok(first.steps.length > 10)
    assert.deepEqual(first.moves.map(({ from, to }) => ({ from, to })), [{ from: null, to: '1' }])
    const plan = await as('owner', (db) => planMigration(db, { registry, tables }))
    const second = await migrate(registry)
    for (const { steps, grants, moves } of [plan, second]) assert.deepEqual({ steps, grants, moves }, { steps: [], grants: [], moves: [] })
    assert.equal(second.schema, first.schema)
    assert.deepEqual(await rows('select schema from meta'), [{ schema: first.schema }])
  }))

test('a plan and a dry run change nothing', () =>
  place(async ({ as, migrate, rows }) => {
    const registry = people()
    const plan = await as('owner', (db) => planMigration(db, { registry, tables }))
    const dry = await migrate(registry, { dryRun: true })
    assert.deepEqual(plan.steps.map((step) => step.name), dry.steps.map((step) => step.name))
    assert.deepEqual(await rows("select from pg_class where relnamespace = 'public'::regnamespace"), [])
  }))

test('a new field arrives, and rows that are there get its plain default', () =>
  place(async ({ migrate, rows, run }) => {
    await migrate(people())
    await run("insert into test_person (name, active) values ('Ann', true)")
    const { added, steps } = await migrate(people({ fax: char(), vip: boolean({ default: true }), state: char({ required: true, default: "it's new" }) }))
    assert.deepEqual(added.map((field) => field.name), ['fax', 'vip', 'state'])
    assert.deepEqual(steps.map((step) => step.name), ['add test_person.fax', 'add test_person.vip', 'add test_person.state'])
    assert.deepEqual(await rows('select name, fax, vip, state from test_person'), [{ name: 'Ann', fax: null, vip: true, state: "it's new" }])
    await assert.rejects(run("insert into test_person (name, active) values ('Bob', true)"), { code: '23502', column: 'state' })
  }))

test('a field that is wanted in every record is refused while some have none, and taken once code has filled them', () =>
  place(async ({ migrate, rows, run }) => {
    await migrate(people())
    await run("insert into test_person (name) values ('Ann')")
    const registry = people({ badge: char({ required: true }) })
    await assert.rejects(migrate(registry), (error: MigrationFailed) => error instanceof MigrationFailed && error.step?.name === 'require test_person.badge' && /Demands Badge/.test(error.message))
    assert.equal((await rows("select from pg_attribute where attrelid = 'test_person'::regclass and attname = 'badge'")).length, 0)
    const filled = declare({ 'test.company': { fields: { name: char({ required: true }) } }, 'test.person': { fields: { ...person, badge: char({ required: true }) } } }, { version: '2' })
    const moves: string[] = []
    await migrate(filled, {
      allow: [],
      hooks: {
        before: async ({ app, from, to }) => { moves.push(`before ${app.name} ${from} ${to}`) },
        grown: async (_, cx) => { await cx.query(sql`update test_person set badge = 'B-' || id`) },
        after: async ({ to }, cx) => { moves.push(`after ${to} ${JSON.stringify(await cx.query(sql`select badge from test_person`))}`) },
      },
    })
    assert.deepEqual(moves, ['before test 1 2', 'after 2 [{"badge":"B-1"}]'])
    assert.deepEqual(await rows('select apps from meta'), [{ apps: { test: '2' } }])
  }))

test('what a failing hook did is taken back together with the schema', () =>
  place(async ({ migrate, rows, run }) => {
    await migrate(people())
    await run("insert into test_person (name) values ('Ann')")
    const registry = declare({ 'test.person': { fields: { name: char(), fax: char() } } }, { version: '2' })
    const hooks = { grown: async (_: unknown, cx: { query: (statement: any) => Promise<unknown> }) => { await cx.query(sql`delete from test_person`); throw new Error('the hook fails') } }
    await assert.rejects(migrate(registry, { hooks, allow: ['drop test_person.login', 'drop test_person.company_id', 'drop test_person.active', 'drop test_company'] }), /the hook fails/)
    assert.equal((await rows('select login, company_id from test_person')).length, 1)
  }))

test('a wider type keeps every value', () =>
  place(async ({ migrate, rows, run }) => {
    const before = { count: integer(), ratio: float(), day: date(), word: char(), big: decimal() }
    await migrate(people(before))
    await run(`insert into test_person (name, count, ratio, day, word, big) values ('Ann', 7, 0.1, '2024-02-29', 'Zoë', 3)`)
    const { steps } = await migrate(people({ count: decimal(), ratio: decimal(), day: datetime(), word: char({ translate: true }), big: integer() }))
    assert.ok(steps.every((step) => !step.loses))
    const [ann] = await rows('select count::text, ratio::text, day::text, word, big from test_person')
    assert.deepEqual(ann, { count: '7', ratio: '0.1', day: '2024-02-29 00:00:00', word: { en_US: 'Zoë' }, big: 3 })
  }))

test('a narrower type is refused when a value does not fit', () =>
  place(async ({ migrate, rows, run }) => {
    await migrate(people({ amount: decimal(), remark: char() }))
    await run("insert into test_person (name, amount, remark) values ('Ann', 1.5, 'late')")
    const registry = people({ amount: integer(), remark: date() })
    await assert.rejects(migrate(registry), (error: MigrationRefused) => error instanceof MigrationRefused && error.steps.map((step) => step.name).join() === 'change test_person.amount,change test_person.remark')
    assert.deepEqual(await rows('select amount::text, remark from test_person'), [{ amount: '1.5', remark: 'late' }])
    await migrate(registry, { allow: ['change test_person.amount', 'change test_person.remark'] })
    assert.deepEqual(await rows('select amount, remark from test_person'), [{ amount: 2, remark: null }])
  }))

test('a column or table with data goes only when it is named', () =>
  place(async ({ migrate, rows, run }) => {
    await migrate(people({ fax: char(), empty: char() }))
    await run("insert into test_company (name) values ('Azure')", "insert into test_person (name, fax, company_id) values ('Ann', '123', 1)")
    const registry = declare({ 'test.person': { label: 'Person', order: 'name, id desc', unique: [{ fields: ['login'], fold: true }], fields: { name: person.name, login: person.login, active: person.active } } })
    const refusal = await migrate(registry).then(() => assert.fail('it was not refused'), (error: MigrationRefused) => error)
    assert.deepEqual(refusal.steps.map((step) => step.name).toSorted(), ['drop test_company', 'drop test_person.company_id', 'drop test_person.fax'])
    assert.match(refusal.message, /drop test_person\.fax: Drops test_person\.fax: Person declares it no more\./)
    assert.deepEqual(await rows('select fax, company_id from test_person'), [{ fax: '123', company_id: 1 }])
    await migrate(registry, { allow: refusal.steps.map((step) => step.name) })
    assert.deepEqual((await rows(columnsOf('test_person'))).map(({ name }) => name).filter((name: string) => ['fax', 'empty', 'company_id'].includes(name)), [])
    assert.deepEqual(await rows("select from pg_class where relname = 'test_company'"), [])
  }))

test('the database keeps unique values, links and choices, and each violation has its sentence', () =>
  place(async ({ migrate, run }) => {
    const registry = people({ kind: selection({ guest: 'Guest', 'sta"ff': 'Staff' }), tag_ids: many2many('test.company') })
    await migrate(registry)
    await run(`insert into test_company (name) values ('Azure')`, `insert into test_person (name, login, kind, company_id) values ('Ann', 'Ann@Azure', 'sta"ff', 1)`)
    for (const [statement, code, says] of [
      ["insert into test_person (name, login) values ('Eve', 'ann@azure')", '23505', 'Another person has this login already.'],
      ["insert into test_person (login) values ('eve')", '23502', 'Person: Name must not be empty.'],
      ["insert into test_person (name, company_id) values ('Eve', 99)", '23503', 'Company (Person): the record chosen does not exist any more. Please choose another.'],
      ['delete from test_company', '23503', 'Company: this record is still in use as Company (Person), so it cannot be deleted. Archive it, or change what refers to it first.'],
      ["insert into test_person (name, kind) values ('Eve', 'spy')", '23514', 'Person: Kind has a value that is none of its choices.'],
      ['insert into test_person_tag_ids_rel values (1, 7)', '23503', 'Tag (Person): the record chosen does not exist any more. Please choose another.'],
      ['insert into test_person_tag_ids_rel values (1, 1), (1, 1)', '23505', 'Person: Tag: the same record was added twice.'],
    ] as const) {
      const error = await run(statement).then(() => assert.fail(`${statement} succeeded`), (error: pg.DatabaseError) => error)
      assert.equal(error.code, code, error.message)
      assert.equal(constraintMessage(registry, error), says)
    }
    assert.equal(constraintMessage(registry, { code: '23505', table: 'trail', constraint: 'trail_pkey' }), null)
  }))

test('a long list of choices costs no check on every write', () =>
  place(async ({ migrate, rows }) => {
    const choices = (count: number) => selection(Object.fromEntries(Array.from({ length: count }, (_, i) => [`zone_${i}`, `Zone ${i}`])))
    await migrate(people({ kind: choices(20), tz: choices(21) }))
    assert.deepEqual(await rows("select conname from pg_constraint where contype = 'c' and conrelid = 'test_person'::regclass"), [{ conname: 'test_person_kind_check' }])
    await migrate(people({ kind: choices(21), tz: choices(21) }))
    assert.deepEqual(await rows("select conname from pg_constraint where contype = 'c' and conrelid = 'test_person'::regclass"), [])
  }))

test('a link may break until the end of a transaction that says so', () =>
  place(async ({ migrate, run }) => {
    await migrate(people())
    await run('begin', 'set constraints all deferred', "insert into test_person (name, company_id) values ('Ann', 1)", "insert into test_company (id, name) values (1, 'Azure')", 'commit')
  }))

test('duplicates that were allowed before are told, and the old schema stays', () =>
  place(async ({ migrate, run }) => {
    await migrate(people({}, { unique: [] }))
    await run("insert into test_person (name, login) values ('Ann', 'x'), ('Bob', 'X')")
    await assert.rejects(migrate(people()), (error: MigrationFailed) => error.step?.name === 'unique test_person_login_key' && /no two of Person share Login.*nothing has changed/.test(error.message))
    await assert.rejects(migrate(people(), { dryRun: true }), MigrationFailed)
    await run("insert into test_person (name, login) values ('Cy', 'x')")
  }))

test('indexes serve the queries they are for', () =>
  place(async ({ migrate, rows, run, as }) => {
    const registry = people({ title: char({ translate: true, index: 'trigram' }), email: char({ index: true }), photo: binary() })
    await migrate(registry)
    await run("update meta set langs = '{en_US,ko_KR}'")
    const { steps } = await migrate(registry)
    assert.deepEqual(steps.map((step) => step.name), ['index test_person_title_ko_kr_idx', 'index test_person_title_ko_kr_sort', 'index test_person_title_ko_kr_trgm'])
    await run(`insert into test_person (name, email, title) select 'n' || i, 'e' || i, jsonb_build_object('en_US', 't' || i) from generate_series(1, 3000) i`, 'analyze test_person')
    const used = async (query: string) =>
      as('owner', async (db) => {
        await db.query('set role pg_database_owner; set enable_seqscan = off; set enable_sort = off')
        const asked = `explain ${query}`
        return (await db.query(asked)).rows.map((row) => row['QUERY PLAN']).join('\n')
      })
    for (const [query, index] of [
      [`select id from test_person f order by f.name collate "und-x-icu", f.id desc limit 80`, 'test_person_order_idx'],
      ["select id from test_person f where f.email = 'e7'", 'test_person_email_idx'],
      ["select id from test_person f where f.email like 'e7%'", 'test_person_email_idx'],
      ['select id from test_person f order by f.email collate "und-x-icu" limit 5', 'test_person_email_sort'],
      ["select id from test_person f where f.name ilike '%n299%'", 'test_person_name_trgm'],
      [`select id from test_person f where coalesce("f"."title"->>'ko_KR', "f"."title"->>'en_US') = 't9'`, 'test_person_title_ko_kr_idx'],
      [`select id from test_person f where ("f"."title"->>'en_US') = 't9'`, 'test_person_title_en_us_idx'],
      ['select id from test_person f where company_id = 3', 'test_person_company_id_idx'],
      ["select id from test_person f where photo = 'x'", 'test_person_photo_idx'],
      ["select id from test_person f where lower(login) = 'ann'", 'test_person_login_key'],
    ] as const) assert.ok((await used(query)).includes(index), `${query}\n${await used(query)}`)
    assert.equal((await rows("select from pg_class where relname = 'test_person_name_sort'")).length, 0, 'the order index does for the name')
  }))

test('a changed index is made anew; one made by hand stays', () =>
  place(async ({ migrate, rows, run }) => {
    await migrate(people())
    await run('create index by_hand on test_person (write_date)')
    const { steps } = await migrate(people({}, { order: 'name desc', unique: [] }))
    assert.deepEqual(steps.map((step) => step.name).toSorted(), ['index test_person_order_idx', 'unindex test_person_login_key', 'unindex test_person_order_idx'])
    assert.equal((await rows("select from pg_class where relname = 'by_hand'")).length, 1)
  }))

test('indexes of large tables are made after the commit, and begun again when that was interrupted', () =>
  place(async ({ migrate, rows, run }) => {
    await migrate(people({ fax: char() }))
    const registry = people({ fax: char({ index: true }) })
    const { steps } = await migrate(registry, { concurrentlyFrom: 0 })
    assert.deepEqual(steps.map((step) => `${step.phase} ${step.name}`), ['later index test_person_fax_idx', 'later index test_person_fax_sort'])
    assert.deepEqual(await rows("select pg_get_userbyid(relowner) as owner from pg_class where relname = 'test_person_fax_idx'"), [{ owner: 'pg_database_owner' }])
    assert.deepEqual((await migrate(registry)).steps, [])
    await run('drop index test_person_fax_idx', 'create index test_person_fax_idx on test_person (fax)')
    assert.deepEqual((await migrate(registry, { concurrentlyFrom: 0 })).steps.map((step) => step.name), ['unindex test_person_fax_idx', 'index test_person_fax_idx'])
  }))

test('custom columns, with what hangs on them, survive', () =>
  place(async ({ migrate, rows, run }) => {
    await migrate(people())
    await run(
      'alter table test_person add column x_color text not null default \'red\', add column x_boss int4 references test_person (id)',
      'create index x_color_idx on test_person (x_color)',
      "insert into test_person (name) values ('Ann')",
    )
    assert.deepEqual((await migrate(people())).steps, [])
    await migrate(people({ fax: char() }))
    assert.deepEqual(await rows('select x_color, x_boss from test_person'), [{ x_color: 'red', x_boss: null }])
    assert.equal((await rows("select from pg_constraint where conname = 'test_person_x_boss_fkey'")).length, 1)
  }))

test('the runtime role reads and writes rows, and can change nothing else', () =>
  place(async ({ as, migrate, run }) => {
    await migrate(people({ tag_ids: many2many('test.company') }))
    await as('runtime', async (db) => {
      await db.query("insert into test_person (name) values ('Ann')")
      await db.query("update test_person set login = 'ann'")
      await db.query("insert into audit_in (operation) values ('create')")
      assert.equal((await db.query('select from audit_in')).rowCount, 1)
      for (const statement of [
        'truncate test_person', 'alter table test_person add column planted text', 'drop table test_person', 'create index planted on test_person (name)',
        'create table planted (id int4)', 'create trigger planted after insert on test_person execute function now()', 'delete from audit_in', "update audit_in set operation = 'x'",
        'insert into trail values (1)', 'delete from meta', "select setval('test_person_id_seq', 1)", 'set role pg_database_owner', 'comment on table test_person is null',
      ]) await assert.rejects(db.query(statement), { code: '42501' }, statement)
      await db.query('delete from test_person')
    })
    await as('seal', async (db) => {
      await db.query('insert into trail values (1)')
      await db.query('delete from audit_in where id in (select id from audit_in)')
      for (const statement of ['select from test_person', 'update trail set seq = 2', 'delete from trail', "insert into audit_in (operation) values ('x')", 'select from meta']) await assert.rejects(db.query(statement), { code: '42501' }, statement)
    })
    await run('select 1')
  }))

test('rights are exactly those declared, and a difference is told and set right', () =>
  place(async ({ as, migrate, run }) => {
    const registry = people()
    await migrate(registry)
    const faults = () => as('owner', (db) => checkGrants(db, { registry, tables }))
    assert.deepEqual(await faults(), [])
    await run(
      'create table by_hand (id int4)', 'grant truncate on test_person to erp4_runtime', 'revoke delete on test_company from erp4_runtime', 'grant select (name) on test_person to erp4_seal',
      'grant update on trail to public', 'grant usage on sequence test_person_id_seq to erp4_runtime', 'grant select on by_hand to erp4_seal',
      'create function whoami() returns text language sql as $$ select current_user::text $$', 'alter function whoami() security ' + 'definer',
    )
    await as('owner', (db) => db.query('create table stray (id int4)'))
    const told = (await faults()).map((fault) => fault.says)
    for (const says of [
      'erp4_runtime may truncate test_person, which nothing declares.',
      'erp4_runtime may not delete test_company, as is declared.',
      'erp4_seal may select test_person, which nothing declares.',
      'public may update trail, which nothing declares.',
      'erp4_runtime has usage on the sequence test_person_id_seq, which nothing declares.',
      'The table by_hand is declared by no app; erp4_seal may select.',
      'The function whoami() runs with the rights of pg_database_owner; no instance has such functions.',
    ]) assert.ok(told.includes(says), `${says} is missing in\n${told.join('\n')}`)
    assert.ok(told.some((says) => /^stray belongs to i_\w+_owner instead of pg_database_owner/.test(says)))
    const { grants, steps } = await migrate(registry)
    assert.equal(steps.length, 0)
    assert.equal(grants.length, 4)
    assert.deepEqual((await faults()).filter((fault) => /test_person,|test_company|trail/.test(fault.says)), [])
  }))

test('a table made by hand, without grants, is told and cannot be read by the runtime', () =>
  place(async ({ as, migrate, run }) => {
    const registry = people()
    await migrate(registry)
    await run('create table by_hand (id int4)')
    const [fault] = await as('owner', (db) => checkGrants(db, { registry, tables }))
    assert.equal(fault?.says, 'The table by_hand is declared by no app; nobody but the owner can read it.')
    await as('runtime', (db) => assert.rejects(db.query('select from by_hand'), { code: '42501' }))
    assert.deepEqual((await migrate(registry)).steps, [], 'it is not ours to drop')
  }))

test('two migrations at once: one works, the other finds it done', () =>
  place(async ({ migrate, rows }) => {
    const both = await Promise.all([migrate(people()), migrate(people())])
    assert.deepEqual(both.map(({ steps }) => steps.length > 0).toSorted(), [false, true])
    assert.deepEqual(await rows('select schema from meta'), [{ schema: 2 }])
  }))

test('a table in use makes a migration give up within seconds, with a sentence', () =>
  place(async ({ as, migrate, run, rows }) => {
    await migrate(people())
    await run("insert into test_person (name) values ('Ann')")
    await as('runtime', async (db) => {
      await db.query("begin; update test_person set login = 'ann'")
      const began = performance.now()
      await assert.rejects(migrate(people({ fax: char() })), (error: MigrationFailed) => error instanceof MigrationFailed && /in use/.test(error.message))
      assert.ok(performance.now() - began < 15_000, 'others would have waited behind it')
      await db.query('commit')
    })
    assert.deepEqual(await rows("select from pg_attribute where attname = 'fax'"), [])
  }))

test('sixty new tables take a handful of round trips', () =>
  place(async ({ as }) => {
    const wide = (i: number) => ({
      name: char({ required: true, index: 'trigram' }), code: char({ index: true }), parent_id: many2one(`test.m${(i + 1) % 60}`), other_id: many2one(`test.m${(i + 7) % 60}`),
      tag_ids: many2many(`test.m${(i + 3) % 60}`), kind: selection({ a: 'A', b: 'B' }), amount: decimal(), ...Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`f${n}`, char()])),
    })
    const some = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`test.m${i}`, { order: 'name', fields: wide(i) }]))
    await as('owner', async (db) => {
      let trips = 0
      const counting = new Proxy(db, { get: (target, key) => (key === 'query' ? (...given: [string]) => { trips++; return target.query(...given) } : Reflect.get(target, key)) })
      const { steps } = await migrate(counting, { registry: declare(some(60)), tables })
      assert.ok(steps.length > 600)
      assert.ok(trips < 20, `${trips} round trips`)
    })
  }))
