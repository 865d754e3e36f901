import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type pg from 'pg'
import { connectAs, createInstance, type Instance } from './instances.ts'
import type { HostLogin } from './provision.ts'
import { withClient } from './provision.ts'
import { scramVerifier } from './scram.ts'
import { ensureTemplate } from './templates.ts'
import { startThrowawayCluster, type Throwaway } from './throwaway.ts'

const denied = { code: '42501' }

let world: Throwaway
let azure: Instance
let bakery: Instance

before(async () => {
  world = await startThrowawayCluster()
  const template = await ensureTemplate(world.host, { label: 'isolation', apps: ['base'], fingerprint: '1' }, (config) =>
    withClient(config, async (db) => {
      await db.query('set role pg_database_owner')
      await db.query('create table partner (id int generated always as identity primary key, name text)')
      await db.query('grant select, insert, update, delete on partner to erp4_runtime')
    }),
  )
  const make = async (name: string) => {
    const order = { name, hosts: [`${name}.localhost`], apps: ['base'], release: '1', template, prepare: async () => undefined }
    return (await createInstance(world.host, order)).instance
  }
  azure = await make('azure-isolation')
  bakery = await make('bakery-isolation')
})
after(() => world.stop())

const runtimeOf = (instance: Instance) => connectAs(world.host, instance, 'runtime')
const as = <T>(config: pg.ClientConfig, work: (db: pg.Client) => Promise<T>) => withClient(config, work)
const login = (role: HostLogin, database = 'erp4_host') => world.cluster.config(database, role, world.host.keys.login(role)!)
const roleOf = (instance: Instance, role: string) => `i_${instance.uuid.replaceAll('-', '')}_${role}`
const superuser = (database: string) => world.cluster.config(database, 'postgres', world.host.keys.login('postgres')!)

/** One that nobody has: what a forged call asks roles for. */
const forged = '6f1c2a52-5d7e-4c58-9b1f-0d8c1f8f0a11'

/** All but those of instances that other files' tests make in the same cluster meanwhile. */
async function roleNames(): Promise<string[]> {
  const { rows } = await as(superuser('postgres'), (db) =>
    db.query<{ rolname: string }>(
      "select rolname from pg_roles where rolname not like 'i\\_%' or split_part(rolname, '_', 2) = any($1) order by 1",
      [[azure.uuid, bakery.uuid, forged].map((uuid) => uuid.replaceAll('-', ''))],
    ),
  )
  return rows.map((row) => row.rolname)
}

for (const database of ['postgres', 'template1', 'erp4_host', 'erp4_empty']) {
  test(`an instance's roles cannot connect to ${database}`, async () => {
    for (const role of ['runtime', 'owner', 'seal'] as const) {
      const config = await connectAs(world.host, azure, role)
      // erp4_empty takes no connections at all: 55000 instead of 42501
      await assert.rejects(
        as({ ...config, database }, (db) => db.query('select 1')),
        (error: { code: string }) => ['42501', '55000'].includes(error.code),
      )
    }
  })
}

test("one instance's roles cannot connect to another's database", async () => {
  for (const role of ['runtime', 'owner', 'seal'] as const) {
    const config = await connectAs(world.host, azure, role)
    await assert.rejects(
      as({ ...config, database: bakery.database }, (db) => db.query('select 1')),
      denied,
    )
  }
})

for (const role of ['erp4_server', 'erp4_sealer', 'erp4_builder'] as const) {
  test(`${role} cannot connect to an instance, nor to postgres`, async () => {
    for (const database of [azure.database, 'postgres', 'template1'])
      await assert.rejects(
        as(login(role, database), (db) => db.query('select 1')),
        denied,
      )
  })
}

for (const [what, statement] of [
  ['a table', 'create table public.planted (id int)'],
  ['a temporary table', 'create temporary table planted (id int)'],
  ['a function', "create function public.planted() returns int language sql as 'select 1'"],
  ['a schema', 'create schema planted'],
  ['a large object', 'select lo_create(0)'],
  ['a large object of bytes', "select lo_from_bytea(0, '\\x00')"],
  ['an older kind of large object', 'select lo_creat(-1)'],
  ['a large object from a file', "select lo_import('/etc/hostname')"],
  ['an extension', 'create extension dblink'],
] as const) {
  test(`the runtime role cannot make ${what}`, async () => {
    await as(await runtimeOf(azure), async (db) => {
      await assert.rejects(db.query(statement), denied)
      const { rows } = await db.query(
        "select (select count(*)::int from pg_class where relname = 'planted') + (select count(*)::int from pg_largeobject_metadata) as made",
      )
      assert.equal(rows[0].made, 0)
    })
  })
}

test('the runtime role cannot truncate, alter or become the owner', async () => {
  await as(await runtimeOf(azure), async (db) => {
    await db.query("insert into partner (name) values ('Ann')")
    for (const statement of [
      'truncate partner',
      'alter table partner add column x int',
      'drop table partner',
      'set role pg_database_owner',
      `set role ${roleOf(azure, 'owner')}`,
    ]) {
      await assert.rejects(db.query(statement), denied, statement)
    }
    assert.equal((await db.query('select count(*)::int as n from partner')).rows[0].n, 1)
  })
})

test("the owner migrates its own instance, and what it makes belongs to the database's owner whoever that is", async () => {
  await as(await connectAs(world.host, azure, 'owner'), async (db) => {
    await db.query('set role pg_database_owner')
    await db.query('create table made_later (id int)')
    const { rows } = await db.query("select relowner::regrole::text as owner from pg_class where relname = 'made_later'")
    assert.equal(rows[0].owner, 'pg_database_owner')
  })
  await as(await runtimeOf(azure), (db) => assert.rejects(db.query('select * from made_later'), denied))
})

test('a superuser is not let in without its password, and not over TCP', async () => {
  await assert.rejects(
    as({ ...superuser('postgres'), password: 'postgres' }, (db) => db.query('select 1')),
    { code: '28P01' },
  )
  await as(superuser('postgres'), async (db) => assert.equal((await db.query('show listen_addresses')).rows[0].listen_addresses, ''))
})

test('every database is sorted the same way on every machine, and knows letters beyond ASCII', async () => {
  await as(await runtimeOf(azure), async (db) => {
    const { rows } = await db.query("select datcollate, datctype, lower('ÄÖ') as lower from pg_database where datname = current_database()")
    assert.deepEqual(rows[0], { datcollate: 'C', datctype: 'C.UTF-8', lower: 'äö' })
  })
})

test('PUBLIC may connect to no database', async () => {
  await as(superuser('postgres'), async (db) => {
    const { rows } = await db.query(
      `select datname from pg_database where datname <> 'template0'
       and (datacl is null or exists (select from aclexplode(datacl) where grantee = 0))`,
    )
    assert.deepEqual(rows, [])
  })
})

test('the server reads runtime passwords of the registry and nothing else of it', async () => {
  await as(login('erp4_server'), async (db) => {
    assert.deepEqual((await db.query('select distinct purpose from secret')).rows, [{ purpose: 'runtime' }])
    await db.query("insert into active (instance, until) values ($1, now() + interval '1 minute')", [azure.uuid])
    for (const statement of [
      "update instance set kind = 'copy'",
      'delete from host_name',
      "insert into host_name values ('evil.localhost', (select uuid from instance limit 1), 1)",
      'delete from secret',
      'delete from active',
      'select * from operation',
      'select * from audit_head',
      'select drop_instance_roles(gen_random_uuid())',
      'create table planted (id int)',
      'create temporary table planted (id int)',
    ])
      await assert.rejects(db.query(statement), denied, statement)
  })
})

test('the sealer adds heads and can neither change nor remove one', async () => {
  await as(login('erp4_sealer'), async (db) => {
    assert.deepEqual((await db.query('select distinct purpose from secret')).rows, [{ purpose: 'seal' }])
    await db.query("insert into audit_head (instance, seq, head, signed) values ($1, 1, '\\x01', '{}')", [azure.uuid])
    for (const statement of [
      "update audit_head set head = '\\x02'",
      'delete from audit_head',
      "insert into audit_head (instance, seq, head, signed, at) values (gen_random_uuid(), 2, '\\x01', '{}', now() - interval '1 day')",
    ]) {
      await assert.rejects(db.query(statement), denied, statement)
    }
    assert.equal((await db.query("select count(*)::int as n from audit_head where head = '\\x01'")).rows[0].n, 1)
  })
})

test('erp4_ops cannot become more than it is', async () => {
  const verifier = scramVerifier('irrelevant')
  const before = await roleNames()
  await as(login('erp4_ops'), async (db) => {
    for (const statement of [
      'alter role erp4_ops superuser',
      'alter role erp4_ops createrole',
      'create role evil login superuser',
      'create role evil',
      'set role postgres',
      'set role erp4_roles',
      'grant pg_execute_server_program to erp4_ops',
      'grant pg_read_server_files to erp4_ops',
      'grant erp4_roles to erp4_ops',
      `grant erp4_ops to ${roleOf(azure, 'runtime')}`,
      "copy (select 1) to program 'true'",
      "copy (select 1) to '/tmp/erp4-evil'",
      "select pg_read_file('/etc/passwd')",
      "alter system set archive_command = 'true'",
      'create or replace function make_instance_roles(uuid, text, text, text, int) returns void language sql as $$ $$',
      'create function evil() returns int language sql as $$ select 1 $$',
      'create table evil (id int)',
      'create trigger evil before insert on instance for each row execute function tell_instances()',
      'alter table secret disable row level security',
      'update pg_authid set rolsuper = true',
    ])
      await assert.rejects(db.query(statement), (error: { code: string }) => error.code === '42501', statement)
    const { rows } = await db.query(
      'select rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls from pg_roles where rolname = current_user',
    )
    assert.deepEqual(rows[0], { rolsuper: false, rolcreaterole: false, rolcreatedb: true, rolreplication: false, rolbypassrls: false })
    const { rows: member } = await db.query(
      "select pg_has_role('pg_execute_server_program', 'member') as program, pg_has_role('erp4_roles', 'member') as roles",
    )
    assert.deepEqual(member[0], { program: false, roles: false })
    // The definer function: everything but a uuid, a fresh instance and a verifier is refused.
    for (const args of [
      ['postgres', verifier, verifier, verifier, 8],
      ["'; alter role erp4_ops superuser; --", verifier, verifier, verifier, 8],
      [azure.uuid, verifier, verifier, verifier, 8],
      [null, verifier, verifier, verifier, 8],
      [forged, "x' superuser password 'y", verifier, verifier, 8],
      [forged, 'a plain password', verifier, verifier, 8],
      [forged, verifier, verifier, null, 8],
      [forged, verifier, verifier, verifier, 100_000],
    ])
      await assert.rejects(db.query('select make_instance_roles($1, $2, $3, $4, $5)', args), JSON.stringify(args))
    await assert.rejects(db.query("select set_instance_password($1, 'x; drop', $2)", [azure.uuid, verifier]), { code: '22023' })
    // Shadowing a function in front of the definer's search path is not possible either: it has no TEMP.
    await assert.rejects(db.query('create temporary table pg_roles (rolname name)'), denied)
  })
  assert.deepEqual(await roleNames(), before)
})

test('roles made by the definer function have no power of their own', async () => {
  await as(superuser('postgres'), async (db) => {
    const { rows } = await db.query(
      `select rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls or rolconnlimit < 1 as has_power
       from pg_roles where rolname = any($1)`,
      [[azure, bakery].flatMap((instance) => ['owner', 'runtime', 'seal'].map((role) => roleOf(instance, role)))],
    )
    assert.deepEqual(
      rows,
      Array.from({ length: 6 }, () => ({ has_power: false })),
    )
    const { rows: groups } = await db.query(
      `select r.rolname as member, g.rolname as group from pg_auth_members m join pg_roles r on r.oid = m.member join pg_roles g on g.oid = m.roleid
       where r.rolname = any($1) order by 1, 2`,
      [['owner', 'runtime', 'seal'].map((role) => roleOf(azure, role))],
    )
    assert.deepEqual(groups, [
      { member: roleOf(azure, 'runtime'), group: 'erp4_runtime' },
      { member: roleOf(azure, 'seal'), group: 'erp4_seal' },
    ])
  })
})
