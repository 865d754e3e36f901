import { createHmac } from 'node:crypto'
import type { Databases, SystemTable } from '@erp4/orm'
import { loginDevice, loginTry } from '../sql/auth-cooldown.ts'
import { passwordLink } from '../sql/auth-link.ts'
import { session } from '../sql/auth-session.ts'
import { blobTable } from '../sql/files.ts'
import { jobTable, scheduleTable } from '../sql/jobs.ts'
import { outboxAttachmentTable, outboxTable } from '../sql/outbox.ts'
import { linkAsk } from '../sql/rates.ts'
import { startCluster, type ThrowawayCluster, type ThrowawayInstance } from '@erp4/testing'
import { hashPassword } from '../auth/password.ts'
import type { AuthInstance } from '../auth/types.ts'

/** An instance with the few columns that signing in reads, on a real PostgreSQL; Ann and Bob work there. */
export interface AuthWorld {
  cluster: ThrowawayCluster
  at: ThrowawayInstance
  instance: AuthInstance
  databases: Databases
  /** Sets a row of `ir_config_parameter`. */
  set(key: string, value: string | number): Promise<void>
  /** Forgets every counted attempt. */
  calm(): Promise<void>
  count(table: 'session' | 'login_try' | 'login_device' | 'audit_in' | 'password_link' | 'outbox' | 'job', where?: string): Promise<number>
  stop(): Promise<void>
}

export const annsPassword = 'correct horse battery staple'
export const bobsPassword = '비밀번호는 길수록 좋다 ü'

export async function authWorld(): Promise<AuthWorld> {
  const cluster = await startCluster()
  try {
    return await furnish(cluster)
  } catch (error) {
    await cluster.stop()
    throw error
  }
}

async function furnish(cluster: ThrowawayCluster): Promise<AuthWorld> {
  const at = await cluster.instance([...appTables, ...serverTables])
  const [ann, bob] = [await hashPassword(annsPassword), await hashPassword(bobsPassword)]
  await at.tamper(
    'insert into meta default values',
    `insert into res_partner (name, email) values ('Ann Park', 'ann@azure.example'), ('Bob Stone', null), ('Azure', 'office@azure.example')`,
    `insert into res_company values (3, 'Azure', 3)`,
    `insert into res_users (login, password, partner_id, lang) values ('ann@azure.example', '${ann}', 1, 'ko_KR'), ('bob', '${bob}', 2, 'xx_XX')`,
    `insert into res_groups (key) values ('base.group_user'), (null), ('base.group_system')`,
    'insert into res_users_group_ids_rel values (1, 1), (1, 2), (2, 3)',
    'insert into res_users_company_ids_rel values (1, 7), (1, 3), (2, 3)',
  )
  const databases = at.databases('runtime')
  return {
    cluster,
    at,
    databases,
    instance: instanceFor(at.database),
    set: (key, value) =>
      at.tamper(`insert into ir_config_parameter values ('${key}', '${value}') on conflict (key) do update set value = excluded.value`),
    calm: () => at.tamper('delete from login_try', 'delete from login_device'),
    count: async (table, where = 'true') =>
      (await at.rows<{ n: string }>(`select count(*) as n from ${table} where ${where}`)).map(({ n }) => Number(n))[0]!,
    stop: async () => {
      await databases.close()
      await cluster.stop()
    },
  }
}

/** The same instance in every process that is given the same database and secret. */
export const instanceFor = (database: string, secret = 'a secret of this test'): AuthInstance => ({
  name: 'azure',
  database,
  record: { origin: 'https://azure.example' },
  keys: { derive: (purpose) => createHmac('sha256', secret).update(purpose).digest() },
  markActive: async () => {},
  expandGroups: (direct) => new Set(direct.flatMap((key) => (key === 'base.group_system' ? [key, 'base.group_user'] : [key]))),
})

const table = (name: string, columns: string, runtime: SystemTable['runtime'] = ['select']): SystemTable => ({
  name,
  ddl: [`create table ${name} (${columns})`],
  runtime,
})

const serverTables: readonly SystemTable[] = [
  loginTry,
  loginDevice,
  session,
  passwordLink,
  linkAsk,
  jobTable,
  scheduleTable,
  blobTable,
  outboxTable,
  outboxAttachmentTable,
]

const appTables: SystemTable[] = [
  table(
    'meta',
    `epoch int4 default 1, rules int4 default 5, schema int4 default 6, login int4 default 1, langs text[] default '{en_US,ko_KR}'`,
  ),
  table('res_partner', 'id int4 generated always as identity primary key, name text, commercial_partner_id int4, email text'),
  table('res_company', 'id int4 primary key, name text, partner_id int4'),
  table(
    'res_users',
    `id int4 generated always as identity primary key, login text unique, password text, partner_id int4, company_id int4 default 3,
     lang text, tz text, sec_version int4 not null default 1, active bool default true, share bool`,
    ['select', 'update'],
  ),
  table('res_groups', 'id int4 generated always as identity primary key, key text'),
  table('res_users_group_ids_rel', 'left_id int4, right_id int4'),
  table('res_users_company_ids_rel', 'left_id int4, right_id int4'),
  table('ir_config_parameter', 'key text primary key, value text'),
  table(
    'res_users_apikeys',
    `id int4 generated always as identity primary key, name text, user_id int4, scope text, key_index text, secret_hash text,
     expiration_date timestamp, last_used timestamp`,
    ['select', 'update'],
  ),
  table(
    'audit_in',
    `id int8 generated always as identity, at timestamptz default now(), actor int4, source text, model text, rec int4, operation text, change jsonb`,
    ['insert'],
  ),
]
