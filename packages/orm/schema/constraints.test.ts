import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyInstance, type EmptyInstance } from '@erp4/testing'
import type pg from 'pg'
import type { Registry } from '../registry.ts'
import { exampleTables as tables } from '../sql/schema-example.ts'
import { binary, char, many2many, people, selection } from './example.ts'
import { fill } from '../texts.ts'
import { constraintMessage } from './messages.ts'
import { migrate, type MigrationOptions } from './migrate.ts'

interface Place extends EmptyInstance {
  migrate(registry: Registry, options?: Partial<MigrationOptions>): ReturnType<typeof migrate>
}

const place = (story: (at: Place) => Promise<void>): Promise<void> =>
  emptyInstance((at) =>
    story({ ...at, migrate: (registry, options = {}) => at.as('owner', (db) => migrate(db, { registry, tables, ...options })) }),
  )

test('the database keeps unique values, links and choices, and each violation has its sentence', () =>
  place(async ({ migrate, run }) => {
    const registry = people({ kind: selection({ guest: 'Guest', 'sta"ff': 'Staff' }), tag_ids: many2many('test.company') })
    await migrate(registry)
    await run(
      `insert into test_company (name) values ('Azure')`,
      `insert into test_person (name, login, kind, company_id) values ('Ann', 'Ann@Azure', 'sta"ff', 1)`,
    )
    for (const [statement, code, says] of [
      ["insert into test_person (name, login) values ('Eve', 'ann@azure')", '23505', 'Another person has this login already.'],
      ["insert into test_person (login) values ('eve')", '23502', 'Person: Name must not be empty.'],
      [
        "insert into test_person (name, company_id) values ('Eve', 99)",
        '23503',
        'Company (Person): the record chosen does not exist any more. Please choose another.',
      ],
      [
        'delete from test_company',
        '23503',
        'Company: this record is still in use as Company (Person), so it cannot be deleted. Archive it, or change what refers to it first.',
      ],
      ["insert into test_person (name, kind) values ('Eve', 'spy')", '23514', 'Person: Kind has a value that is none of its choices.'],
      [
        'insert into test_person_tag_ids_rel values (1, 7)',
        '23503',
        'Tag (Person): the record chosen does not exist any more. Please choose another.',
      ],
      ['insert into test_person_tag_ids_rel values (1, 1), (1, 1)', '23505', 'Person: Tag: the same record was added twice.'],
    ] as const) {
      const error = await run(statement).then(
        () => assert.fail(`${statement} succeeded`),
        (error: pg.DatabaseError) => error,
      )
      assert.equal(error.code, code, error.message)
      assert.equal(constraintMessage(registry, error, fill), says)
    }
    assert.equal(constraintMessage(registry, { code: '23505', table: 'trail', constraint: 'trail_pkey' }, fill), null)
  }))

test('a long list of choices costs no check on every write', () =>
  place(async ({ migrate, rows }) => {
    const choices = (count: number) => selection(Object.fromEntries(Array.from({ length: count }, (_, i) => [`zone_${i}`, `Zone ${i}`])))
    await migrate(people({ kind: choices(20), tz: choices(21) }))
    assert.deepEqual(await rows("select conname from pg_constraint where contype = 'c' and conrelid = 'test_person'::regclass"), [
      { conname: 'test_person_kind_check' },
    ])
    await migrate(people({ kind: choices(21), tz: choices(21) }))
    assert.deepEqual(await rows("select conname from pg_constraint where contype = 'c' and conrelid = 'test_person'::regclass"), [])
  }))

test('a link may break until the end of a transaction that says so', () =>
  place(async ({ migrate, run }) => {
    await migrate(people())
    await run(
      'begin',
      'set constraints all deferred',
      "insert into test_person (name, company_id) values ('Ann', 1)",
      "insert into test_company (id, name) values (1, 'Azure')",
      'commit',
    )
  }))

test('indexes serve the queries they are for', () =>
  place(async ({ migrate, rows, run, as }) => {
    const registry = people({ title: char({ translate: true, index: 'trigram' }), email: char({ index: true }), photo: binary() })
    await migrate(registry)
    await run("update meta set langs = '{en_US,ko_KR}'")
    const { steps } = await migrate(registry)
    assert.deepEqual(
      steps.map((step) => step.name),
      ['index test_person_title_ko_kr_idx', 'index test_person_title_ko_kr_sort', 'index test_person_title_ko_kr_trgm'],
    )
    await run(
      `insert into test_person (name, email, title) select 'n' || i, 'e' || i, jsonb_build_object('en_US', 't' || i) from generate_series(1, 3000) i`,
      'analyze test_person',
    )
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
    ] as const)
      assert.ok((await used(query)).includes(index), `${query}\n${await used(query)}`)
    const [covering] = await rows("select indexdef from pg_indexes where indexname = 'test_person_company_id_idx'")
    assert.match(covering!['indexdef'] as string, /\(company_id\) INCLUDE \(active\)$/, 'a list is counted in the index alone')
    assert.equal(
      (await rows("select from pg_class where relname = 'test_person_name_sort'")).length,
      0,
      'the order index does for the name',
    )
  }))

test('a changed index is made anew; one made by hand stays', () =>
  place(async ({ migrate, rows, run }) => {
    await migrate(people())
    await run('create index by_hand on test_person (write_date)')
    const { steps } = await migrate(people({}, { order: 'name desc', unique: [] }))
    assert.deepEqual(steps.map((step) => step.name).toSorted(), [
      'index test_person_order_idx',
      'unindex test_person_login_key',
      'unindex test_person_order_idx',
    ])
    assert.equal((await rows("select from pg_class where relname = 'by_hand'")).length, 1)
  }))

test('indexes of large tables are made after the commit, and begun again when that was interrupted', () =>
  place(async ({ migrate, rows, run }) => {
    await migrate(people({ fax: char() }))
    const registry = people({ fax: char({ index: true }) })
    const { steps } = await migrate(registry, { concurrentlyFrom: 0 })
    assert.deepEqual(
      steps.map((step) => `${step.phase} ${step.name}`),
      ['later index test_person_fax_idx', 'later index test_person_fax_sort'],
    )
    assert.deepEqual(await rows("select pg_get_userbyid(relowner) as owner from pg_class where relname = 'test_person_fax_idx'"), [
      { owner: 'pg_database_owner' },
    ])
    assert.deepEqual((await migrate(registry)).steps, [])
    await run('drop index test_person_fax_idx', 'create index test_person_fax_idx on test_person (fax)')
    assert.deepEqual(
      (await migrate(registry, { concurrentlyFrom: 0 })).steps.map((step) => step.name),
      ['unindex test_person_fax_idx', 'index test_person_fax_idx'],
    )
  }))
