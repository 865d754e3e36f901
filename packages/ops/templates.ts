import { createHash } from 'node:crypto'
import type pg from 'pg'
import { identifier } from './databases.ts'
import { OpsError } from './errors.ts'
import type { Host } from './host.ts'
import { operation } from './operation.ts'
import { withClient } from './provision.ts'

export interface TemplateOrder {
  /** What the template is for: a new one with the same label replaces the old. Such as `demo`. */
  label: string
  apps: readonly string[]
  /** Changes whenever building would give another result: the release, its schema, its data. */
  fingerprint: string
  /** Another template to begin with, instead of an empty database. */
  from?: string
}

/** Fills an empty database. It is connected to as `erp4_builder`, its owner; objects must belong to `pg_database_owner` (kernel.md §2.7). */
export type BuildTemplate = (config: pg.ClientConfig) => Promise<void>

/** The name of the database that instances of this kind are copied from; built now if there is none, or only a stale one. */
export async function ensureTemplate(host: Host, order: TemplateOrder, build: BuildTemplate): Promise<string> {
  const name = templateName(order)
  if (await isBuilt(host, name)) return name
  return operation(
    host.db,
    name,
    'template',
    async () => {
      if (await isBuilt(host, name)) return name
      await removeTemplate(host, name)
      await host.db.query('insert into template (name, label, fingerprint, apps) values ($1, $2, $3, $4)', [
        name,
        order.label,
        order.fingerprint,
        order.apps,
      ])
      await host.db.query(
        `create database ${identifier(name)} template ${identifier(order.from ?? 'erp4_empty')} owner erp4_builder allow_connections false`,
      )
      await host.db.query(`revoke all on database ${identifier(name)} from public`)
      await host.db.query(`alter database ${identifier(name)} with allow_connections true`)
      await build(host.cluster.config(name, 'erp4_builder', host.keys.login('erp4_builder')!))
      await finishTemplate(host, name)
      await demandOwnership(host, name)
      await host.db.query(`alter database ${identifier(name)} with is_template true allow_connections false`)
      await host.db.query('update template set built = now() where name = $1', [name])
      await removeStale(host, order.label, name)
      return name
    },
    { waitMs: 300_000 },
  )
}

export function templateName({ label, apps, fingerprint }: TemplateOrder): string {
  const key = JSON.stringify([label, [...apps].sort(), fingerprint])
  return `t_${createHash('sha256').update(key).digest('hex').slice(0, 32)}`
}

async function isBuilt(host: Host, name: string): Promise<boolean> {
  const { rowCount } = await host.db.query(
    'select from template t join pg_database d on d.datname = t.name where t.name = $1 and t.built is not null',
    [name],
  )
  return rowCount === 1
}

async function removeStale(host: Host, label: string, current: string): Promise<void> {
  const { rows } = await host.db.query<{ name: string }>(
    'select name from template where label = $1 and name <> $2 and built is not null',
    [label, current],
  )
  for (const { name } of rows) await removeTemplate(host, name)
}

async function removeTemplate(host: Host, name: string): Promise<void> {
  const { rowCount } = await host.db.query('select from pg_database where datname = $1', [name])
  if (rowCount) await host.db.query(`alter database ${identifier(name)} with is_template false`)
  await host.db.query(`drop database if exists ${identifier(name)} with (force)`)
  await host.db.query('delete from template where name = $1', [name])
}

/**
 * Frozen rows and statistics are copied too: no copy has to make its own. Sequences are set to where they are, because PostgreSQL logs
 * their values 32 ahead and remembers in the sequence how many are left: a copy would draw those without logging them, and after a
 * crash draw them again.
 */
async function finishTemplate(host: Host, name: string): Promise<void> {
  await withClient(host.cluster.config(name, 'erp4_builder', host.keys.login('erp4_builder')!), async (db) => {
    await db.query('set role pg_database_owner')
    await db.query(
      `select setval(format('%I.%I', schemaname, sequencename), coalesce(last_value, start_value), last_value is not null) from pg_sequences`,
    )
    await db.query('vacuum (freeze, analyze)')
  })
}

/** What the builder owned would belong to nobody in the copies: no owner of an instance could migrate it. */
async function demandOwnership(host: Host, name: string): Promise<void> {
  const strays = await withClient(host.cluster.config(name, 'erp4_builder', host.keys.login('erp4_builder')!), async (db) => {
    const { rows } = await db.query<{ what: string }>(
      `select format('%s %s', 'relation', oid::regclass) as what from pg_class where relowner = 'erp4_builder'::regrole
       union all select format('function %s', oid::regprocedure) from pg_proc where proowner = 'erp4_builder'::regrole
       union all select format('schema %s', oid::regnamespace) from pg_namespace where nspowner = 'erp4_builder'::regrole limit 5`,
    )
    return rows.map((row) => row.what)
  })
  if (strays.length)
    throw new OpsError('cluster_failed', `The template belongs in part to its builder instead of pg_database_owner: ${strays.join(', ')}.`)
}
