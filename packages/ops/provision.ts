import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { backupSchema } from './backup/schema.ts'
import type { Cluster } from './cluster.ts'
import { hostSchema } from './host-schema.ts'
import type { HostKeys } from './keys.ts'
import { newPassword, scramVerifier } from './scram.ts'

/** Raise it when anything below changes: the next start then runs it again, as superuser, once. */
export const provisionVersion = 4

/** Roles that log in on the host itself; each password is sealed in the home. */
export const hostLogins = ['erp4_ops', 'erp4_builder', 'erp4_server', 'erp4_sealer'] as const
export type HostLogin = (typeof hostLogins)[number]

/**
 * Hardens a new cluster (kernel.md §2.7, cloud.md F6, F7, F10) and makes the host registry. Every step can run again.
 * The only code that is superuser: it connects to `postgres`, `template1`, `erp4_empty` and `erp4_host`, where nobody else may create
 * anything, and never to an instance.
 */
export async function provision(cluster: Cluster, keys: HostKeys): Promise<void> {
  const password = keys.login('postgres')!
  const as = <T>(database: string, work: (db: pg.Client) => Promise<T>) => withClient(cluster.config(database, 'postgres', password), work)
  await as('postgres', async (db) => {
    await makeRoles(db, keys)
    await closeDatabase(db, 'postgres')
    await closeDatabase(db, 'template1')
    await makeDatabase(db, 'erp4_host')
    await makeDatabase(db, 'erp4_empty')
    await db.query('grant connect on database erp4_host to erp4_ops, erp4_server, erp4_sealer')
    await db.query('alter database erp4_empty with allow_connections true')
  })
  await as('erp4_empty', hardenEmpty)
  await as('postgres', (db) => db.query('alter database erp4_empty with allow_connections false is_template true connection limit 0'))
  await as('erp4_host', (db) => db.query(hostSchema + backupSchema))
  cluster.home.note({ provisioned: provisionVersion })
}

async function makeRoles(db: pg.Client, keys: HostKeys): Promise<void> {
  // Groups: what the migrator grants to; an instance's logins are their members.
  await makeRole(db, 'erp4_runtime', 'nologin')
  await makeRole(db, 'erp4_seal', 'nologin')
  // Owner of the definer functions. It can make roles, so nobody can log in as it, nor become it.
  await makeRole(db, 'erp4_roles', 'nologin createrole')
  const logins: Record<HostLogin, string> = {
    erp4_ops: 'login createdb connection limit 20',
    erp4_builder: 'login connection limit 8',
    erp4_server: 'login connection limit 32',
    erp4_sealer: 'login connection limit 4',
  }
  for (const login of hostLogins) {
    await makeRole(db, login, logins[login])
    const sealed = keys.login(login)
    const password = sealed ?? newPassword()
    if (!sealed) keys.sealLogin(login, password)
    await db.query(`alter role ${login} password '${scramVerifier(password)}'`)
    await db.query(`alter role ${login} set search_path = public`)
  }
  // A restore waits for what is under way before it ends connections: whether they are at work is shown to nobody else.
  await db.query('grant pg_signal_backend, pg_read_all_stats, erp4_builder to erp4_ops')
  // PostgreSQL 16 asks for the admin option, where 15 lets CREATEROLE do.
  await db.query('grant erp4_runtime, erp4_seal to erp4_roles with admin option')
}

async function makeRole(db: pg.Client, name: string, attributes: string): Promise<void> {
  const { rowCount } = await db.query('select from pg_roles where rolname = $1', [name])
  await db.query(`${rowCount ? 'alter' : 'create'} role ${name} ${attributes}`)
}

async function makeDatabase(db: pg.Client, name: string): Promise<void> {
  const { rowCount } = await db.query('select from pg_database where datname = $1', [name])
  if (!rowCount) {
    await db.query(
      `create database ${name} template template0 encoding 'UTF8' locale_provider libc lc_collate 'C' lc_ctype 'C.UTF-8' allow_connections false`,
    )
  }
  await closeDatabase(db, name)
  await db.query(`alter database ${name} with allow_connections true`)
}

const closeDatabase = (db: pg.Client, name: string) => db.query(`revoke all on database ${name} from public`)

/** What every instance begins as. The rights of pg_catalog's functions are per database, and copied with it. */
async function hardenEmpty(db: pg.Client): Promise<void> {
  // A runtime role that can make a large object makes one which the owner cannot read: from then on no dump succeeds.
  const { rows } = await db.query<{ signature: string }>(
    `select oid::regprocedure::text as signature from pg_proc
     where pronamespace = 'pg_catalog'::regnamespace and proname in ('lo_create', 'lo_creat', 'lo_from_bytea', 'lo_import')`,
  )
  for (const { signature } of rows) await db.query(`revoke execute on function pg_catalog.${signature} from public`)
  await db.query('alter schema public owner to pg_database_owner')
  await db.query('revoke all on schema public from public')
  await db.query('grant usage on schema public to public')
  const { rows: extensions } = await db.query<{ name: string }>(
    `select name from pg_available_extensions where name in ('pg_trgm', 'unaccent')`,
  )
  for (const { name } of extensions) {
    await db.query(`create extension if not exists ${name} with schema public`)
    // A dump would hold the comment, and no owner of an instance may put it on an extension of the superuser's.
    await db.query(`comment on extension ${name} is null`)
  }
}

/** One connection for `work`, closed whatever happens. Where its role has no more of them, it waits up to ten seconds for one. */
export async function withClient<T>(config: pg.ClientConfig, work: (db: pg.Client) => Promise<T>): Promise<T> {
  const client = await connect(config, Date.now() + 10_000)
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

const tooManyConnections = '53300'

async function connect(config: pg.ClientConfig, until: number): Promise<pg.Client> {
  const client = new pg.Client(config)
  client.on('error', () => {}) // a connection lost while idle is told by the next query
  try {
    await client.connect()
    return client
  } catch (error) {
    if ((error as { code?: string }).code !== tooManyConnections || Date.now() > until) throw error
    await setTimeout(100 + 200 * Math.random())
    return connect(config, until)
  }
}
