import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyInstance, type EmptyInstance } from '@erp4/testing'
import type { Registry } from '../registry.ts'
import { exampleTables as tables } from '../sql/schema-example.ts'
import { many2many, people } from './example.ts'
import { checkGrants } from './grants.ts'
import { migrate, type MigrationOptions } from './migrate.ts'

interface Place extends EmptyInstance {
  migrate(registry: Registry, options?: Partial<MigrationOptions>): ReturnType<typeof migrate>
}

const place = (story: (at: Place) => Promise<void>): Promise<void> =>
  emptyInstance((at) =>
    story({ ...at, migrate: (registry, options = {}) => at.as('owner', (db) => migrate(db, { registry, tables, ...options })) }),
  )

test('the runtime role reads and writes rows, and can change nothing else', () =>
  place(async ({ as, migrate, run }) => {
    await migrate(people({ tag_ids: many2many('test.company') }))
    await as('runtime', async (db) => {
      await db.query("insert into test_person (name) values ('Ann')")
      await db.query("update test_person set login = 'ann'")
      await db.query("insert into audit_in (operation) values ('create')")
      assert.equal((await db.query('select from audit_in')).rowCount, 1)
      for (const statement of [
        'truncate test_person',
        'alter table test_person add column planted text',
        'drop table test_person',
        'create index planted on test_person (name)',
        'create table planted (id int4)',
        'create trigger planted after insert on test_person execute function now()',
        'delete from audit_in',
        "update audit_in set operation = 'x'",
        'insert into trail values (1)',
        'delete from meta',
        "select setval('test_person_id_seq', 1)",
        'set role pg_database_owner',
        'comment on table test_person is null',
      ])
        await assert.rejects(db.query(statement), { code: '42501' }, statement)
      await db.query('delete from test_person')
    })
    await as('seal', async (db) => {
      await db.query('insert into trail values (1)')
      await db.query('delete from audit_in where id in (select id from audit_in)')
      for (const statement of [
        'select from test_person',
        'update trail set seq = 2',
        'delete from trail',
        "insert into audit_in (operation) values ('x')",
        'select from meta',
      ])
        await assert.rejects(db.query(statement), { code: '42501' }, statement)
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
      'create table by_hand (id int4)',
      'grant truncate on test_person to erp4_runtime',
      'revoke delete on test_company from erp4_runtime',
      'grant select (name) on test_person to erp4_seal',
      'grant update on trail to public',
      'grant usage on sequence test_person_id_seq to erp4_runtime',
      'grant select on by_hand to erp4_seal',
      // Split, for the house rule that no source of ours makes one.
      'create function whoami() returns text language sql as $$ select current_user::text $$',
      'alter function whoami() security ' + 'definer',
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
    ])
      assert.ok(told.includes(says), `${says} is missing in\n${told.join('\n')}`)
    assert.ok(told.some((says) => /^stray belongs to i_\w+_owner instead of pg_database_owner/.test(says)))
    const { grants, steps } = await migrate(registry)
    assert.equal(steps.length, 0)
    assert.equal(grants.length, 4)
    assert.deepEqual(
      (await faults()).filter((fault) => /test_person,|test_company|trail/.test(fault.says)),
      [],
    )
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
