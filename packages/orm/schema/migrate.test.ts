import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyInstance, type EmptyInstance } from '@erp4/testing'
import type { Registry } from '../registry.ts'
import { sql } from '../sql/fragment.ts'
import { exampleTables as tables } from '../sql/schema-example.ts'
import { MigrationFailed, MigrationRefused } from './errors.ts'
import {
  binary,
  boolean,
  char,
  date,
  datetime,
  decimal,
  declare,
  float,
  html,
  integer,
  json,
  many2many,
  many2one,
  one2many,
  people,
  personFields,
  selection,
  text,
} from './example.ts'
import { migrate, type MigrationOptions, planMigration } from './migrate.ts'

interface Place extends EmptyInstance {
  migrate(registry: Registry, options?: Partial<MigrationOptions>): ReturnType<typeof migrate>
}

const place = (story: (at: Place) => Promise<void>): Promise<void> =>
  emptyInstance((at) =>
    story({ ...at, migrate: (registry, options = {}) => at.as('owner', (db) => migrate(db, { registry, tables, ...options })) }),
  )

const columnsOf = (table: string) =>
  `select attname as name, format_type(atttypid, atttypmod) as type, attnotnull as required from pg_attribute where attrelid = '${table}'::regclass and attnum > 0 and not attisdropped order by 1`

test('every kind of field has its column', () =>
  place(async ({ migrate, rows }) => {
    const every = {
      a_char: char(),
      a_text: text(),
      a_html: html(),
      a_integer: integer(),
      a_float: float(),
      a_rounded: float({ digits: 2 }),
      a_decimal: decimal(),
      a_boolean: boolean(),
      a_date: date(),
      a_moment: datetime(),
      a_choice: selection({ yes: 'Yes', "it's": 'It is' }),
      a_json: json(),
      a_translated: char({ translate: true, index: 'trigram' }),
      a_company_one: integer({ companyDependent: true }),
      a_link: many2one('test.thing'),
      a_file: binary(),
      a_list: one2many('test.thing', 'a_link'),
      a_many: many2many('test.thing'),
      a_related: char({ related: 'a_link.a_char' }),
      a_needed: char({ required: true }),
    }
    await migrate(declare({ 'test.thing': { fields: every } }))
    const columns = Object.fromEntries(
      (await rows(columnsOf('test_thing'))).map(({ name, type, required }) => [name, required ? `${type} required` : type]),
    )
    assert.deepEqual(columns, {
      id: 'integer required',
      version: 'integer required',
      create_uid: 'integer',
      write_uid: 'integer',
      create_date: 'timestamp(0) without time zone required',
      write_date: 'timestamp(0) without time zone required',
      a_char: 'text',
      a_text: 'text',
      a_html: 'text',
      a_integer: 'integer',
      a_float: 'double precision',
      a_rounded: 'numeric',
      a_decimal: 'numeric',
      a_boolean: 'boolean required',
      a_date: 'date',
      a_moment: 'timestamp(0) without time zone',
      a_choice: 'text',
      a_json: 'json',
      a_translated: 'jsonb',
      a_company_one: 'jsonb',
      a_link: 'integer',
      a_file: 'text',
      a_needed: 'text required',
    })
    assert.equal((await rows(columnsOf('test_thing_a_many_rel'))).length, 2)
    assert.deepEqual((await rows('select langs, apps, schema, epoch from meta'))[0], {
      langs: ['en_US'],
      apps: { test: '1' },
      schema: 2,
      epoch: 1,
    })
  }))

test('a second migration plans nothing and changes no version', () =>
  place(async ({ as, migrate, rows }) => {
    const registry = people({
      title: char({ translate: true, index: true }),
      photo: binary(),
      kind: selection({ a: 'A' }),
      tags: many2many('test.company'),
    })
    const first = await migrate(registry)
    assert.ok(first.steps.length > 10)
    assert.deepEqual(
      first.moves.map(({ from, to }) => ({ from, to })),
      [{ from: null, to: '1' }],
    )
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
    assert.deepEqual(
      plan.steps.map((step) => step.name),
      dry.steps.map((step) => step.name),
    )
    assert.deepEqual(await rows("select from pg_class where relnamespace = 'public'::regnamespace"), [])
  }))

test('a new field arrives, and rows that are there get its plain default', () =>
  place(async ({ migrate, rows, run }) => {
    await migrate(people())
    await run("insert into test_person (name, active) values ('Ann', true)")
    const { added, steps } = await migrate(
      people({ fax: char(), vip: boolean({ default: true }), state: char({ required: true, default: "it's new" }) }),
    )
    assert.deepEqual(
      added.map((field) => field.name),
      ['fax', 'vip', 'state'],
    )
    assert.deepEqual(
      steps.map((step) => step.name),
      ['add test_person.fax', 'add test_person.vip', 'add test_person.state'],
    )
    assert.deepEqual(await rows('select name, fax, vip, state from test_person'), [
      { name: 'Ann', fax: null, vip: true, state: "it's new" },
    ])
    await assert.rejects(run("insert into test_person (name, active) values ('Bob', true)"), { code: '23502', column: 'state' })
  }))

test('a field that is wanted in every record is refused while some have none, and taken once code has filled them', () =>
  place(async ({ migrate, rows, run }) => {
    await migrate(people())
    await run("insert into test_person (name) values ('Ann')")
    const registry = people({ badge: char({ required: true }) })
    await assert.rejects(
      migrate(registry),
      (error: MigrationFailed) =>
        error instanceof MigrationFailed && error.step?.name === 'require test_person.badge' && /Demands Badge/.test(error.message),
    )
    assert.equal((await rows("select from pg_attribute where attrelid = 'test_person'::regclass and attname = 'badge'")).length, 0)
    const filled = people({ badge: char({ required: true }) }, {}, { version: '2' })
    const moves: string[] = []
    await migrate(filled, {
      hooks: {
        before: async ({ app, from, to }) => {
          moves.push(`before ${app.name} ${from} ${to}`)
        },
        grown: async (_, cx) => {
          await cx.query(sql`update test_person set badge = 'B-' || id`)
        },
        after: async ({ to }, cx) => {
          moves.push(`after ${to} ${JSON.stringify(await cx.query(sql`select badge from test_person`))}`)
        },
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
    const hooks = {
      grown: async (_: unknown, cx: { query: (statement: any) => Promise<unknown> }) => {
        await cx.query(sql`delete from test_person`)
        throw new Error('the hook fails')
      },
    }
    await assert.rejects(
      migrate(registry, {
        hooks,
        allow: ['drop test_person.login', 'drop test_person.company_id', 'drop test_person.active', 'drop test_company'],
      }),
      /the hook fails/,
    )
    assert.equal((await rows('select login, company_id from test_person')).length, 1)
  }))

test('a wider type keeps every value', () =>
  place(async ({ migrate, rows, run }) => {
    const before = { count: integer(), ratio: float(), day: date(), word: char(), big: decimal() }
    await migrate(people(before))
    await run(`insert into test_person (name, count, ratio, day, word, big) values ('Ann', 7, 0.1, '2024-02-29', 'Zoë', 3)`)
    const { steps } = await migrate(
      people({ count: decimal(), ratio: decimal(), day: datetime(), word: char({ translate: true }), big: integer() }),
    )
    assert.ok(steps.every((step) => !step.loses))
    const [ann] = await rows('select count::text, ratio::text, day::text, word, big from test_person')
    assert.deepEqual(ann, { count: '7', ratio: '0.1', day: '2024-02-29 00:00:00', word: { en_US: 'Zoë' }, big: 3 })
  }))

test('a narrower type is refused when a value does not fit', () =>
  place(async ({ migrate, rows, run }) => {
    await migrate(people({ amount: decimal(), remark: char() }))
    await run("insert into test_person (name, amount, remark) values ('Ann', 1.5, 'late')")
    const registry = people({ amount: integer(), remark: date() })
    await assert.rejects(
      migrate(registry),
      (error: MigrationRefused) =>
        error instanceof MigrationRefused &&
        error.steps.map((step) => step.name).join() === 'change test_person.amount,change test_person.remark',
    )
    assert.deepEqual(await rows('select amount::text, remark from test_person'), [{ amount: '1.5', remark: 'late' }])
    await migrate(registry, { allow: ['change test_person.amount', 'change test_person.remark'] })
    assert.deepEqual(await rows('select amount, remark from test_person'), [{ amount: 2, remark: null }])
  }))

test('a column or table with data goes only when it is named', () =>
  place(async ({ migrate, rows, run }) => {
    await migrate(people({ fax: char(), empty: char() }))
    await run(
      "insert into test_company (name) values ('Azure')",
      "insert into test_person (name, fax, company_id) values ('Ann', '123', 1)",
    )
    const registry = declare({
      'test.person': {
        label: 'Person',
        order: 'name, id desc',
        unique: [{ fields: ['login'], fold: true }],
        fields: { name: personFields.name, login: personFields.login, active: personFields.active },
      },
    })
    const refusal = await migrate(registry).then(
      () => assert.fail('it was not refused'),
      (error: MigrationRefused) => error,
    )
    assert.deepEqual(refusal.steps.map((step) => step.name).toSorted(), [
      'drop test_company',
      'drop test_person.company_id',
      'drop test_person.fax',
    ])
    assert.match(refusal.message, /drop test_person\.fax: Drops test_person\.fax: Person declares it no more\./)
    assert.deepEqual(await rows('select fax, company_id from test_person'), [{ fax: '123', company_id: 1 }])
    await migrate(registry, { allow: refusal.steps.map((step) => step.name) })
    assert.deepEqual(
      (await rows(columnsOf('test_person')))
        .map(({ name }) => name)
        .filter((name: string) => ['fax', 'empty', 'company_id'].includes(name)),
      [],
    )
    assert.deepEqual(await rows("select from pg_class where relname = 'test_company'"), [])
  }))

test('duplicates that were allowed before are told, and the old schema stays', () =>
  place(async ({ migrate, run }) => {
    await migrate(people({}, { unique: [] }))
    await run("insert into test_person (name, login) values ('Ann', 'x'), ('Bob', 'X')")
    await assert.rejects(
      migrate(people()),
      (error: MigrationFailed) =>
        error.step?.name === 'unique test_person_login_key' && /no two of Person share Login.*nothing has changed/.test(error.message),
    )
    await assert.rejects(migrate(people(), { dryRun: true }), MigrationFailed)
    await run("insert into test_person (name, login) values ('Cy', 'x')")
  }))

test('custom columns, with what hangs on them, survive', () =>
  place(async ({ migrate, rows, run }) => {
    await migrate(people())
    await run(
      "alter table test_person add column x_color text not null default 'red', add column x_boss int4 references test_person (id)",
      'create index x_color_idx on test_person (x_color)',
      "insert into test_person (name) values ('Ann')",
    )
    assert.deepEqual((await migrate(people())).steps, [])
    await migrate(people({ fax: char() }))
    assert.deepEqual(await rows('select x_color, x_boss from test_person'), [{ x_color: 'red', x_boss: null }])
    assert.equal((await rows("select from pg_constraint where conname = 'test_person_x_boss_fkey'")).length, 1)
  }))

test('two migrations at once: one works, the other finds it done', () =>
  place(async ({ migrate, rows }) => {
    const both = await Promise.all([migrate(people()), migrate(people())])
    assert.deepEqual(both.map(({ steps }) => steps.length > 0).toSorted(), [false, true])
    assert.deepEqual(await rows('select schema from meta'), [{ schema: 2 }])
  }))

test('a table in use makes a migration give up by itself, with a sentence', () =>
  place(async ({ as, migrate, run, rows }) => {
    await migrate(people())
    await run("insert into test_person (name) values ('Ann')")
    await as('runtime', async (db) => {
      // Held until the migration has given up: one that waited would wait for ever.
      await db.query("begin; update test_person set login = 'ann'")
      await assert.rejects(
        migrate(people({ fax: char() })),
        (error: MigrationFailed) => error instanceof MigrationFailed && /in use/.test(error.message),
      )
      await db.query('commit')
    })
    assert.deepEqual(await rows("select from pg_attribute where attname = 'fax'"), [])
  }))

test('sixty new tables take a handful of round trips', () =>
  place(async ({ as }) => {
    const wide = (i: number) => ({
      name: char({ required: true, index: 'trigram' }),
      code: char({ index: true }),
      parent_id: many2one(`test.m${(i + 1) % 60}`),
      other_id: many2one(`test.m${(i + 7) % 60}`),
      tag_ids: many2many(`test.m${(i + 3) % 60}`),
      kind: selection({ a: 'A', b: 'B' }),
      amount: decimal(),
      ...Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`f${n}`, char()])),
    })
    const some = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`test.m${i}`, { order: 'name', fields: wide(i) }]))
    await as('owner', async (db) => {
      let trips = 0
      const counting = new Proxy(db, {
        get: (target, key) =>
          key === 'query'
            ? (...given: [string]) => {
                trips++
                return target.query(...given)
              }
            : Reflect.get(target, key),
      })
      const { steps } = await migrate(counting, { registry: declare(some(60)), tables })
      assert.ok(steps.length > 600)
      assert.ok(trips < 20, `${trips} round trips`)
    })
  }))
