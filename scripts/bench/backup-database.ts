/** The database that backups and restores are measured with: many small tables, and one with as many rows as are wanted. */
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  connectAs,
  createInstance,
  ensureTemplate,
  findInstance,
  openOrCreateHome,
  startHost,
  withClient,
  type Host,
  type Instance,
} from '@erp4/ops'

export const tables = 400

/** A host of its own, with a cluster that syncs to the disk, as the stores do. */
export async function withBenchHost<T>(work: (host: Host, folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'erp4-bench-'))
  chmodSync(folder, 0o711) // closed by mkdtemp, to the OS user of PostgreSQL too
  const { host } = await startHost(openOrCreateHome(folder).home)
  try {
    return await work(host, folder)
  } finally {
    await host.close()
    await host.cluster.stop('immediate')
    rmSync(folder, { recursive: true, force: true })
  }
}

export async function makeBenchInstance(host: Host): Promise<Instance> {
  const small = Array.from(
    { length: tables - 1 },
    (_none, i) => `create table t${i} (id int primary key, name text); insert into t${i} values (1, 'x')`,
  )
  const big = 'create table line (id bigserial primary key, name text, note text, amount numeric, at timestamptz, facts jsonb)'
  const template = await ensureTemplate(host, { label: 'bench', apps: [], fingerprint: '1' }, (config) =>
    withClient(config, async (db) => void (await db.query(['set role pg_database_owner', big, ...small].join(';')))),
  )
  await createInstance(host, { name: 'bench', hosts: ['bench.localhost'], apps: [], release: 'bench', template, prepare: async () => {} })
  return findInstance(host, 'bench')
}

/** Rows of about 300 bytes as a business has them: words that come again, numbers that do not. */
export async function fill(host: Host, instance: Instance, count: number): Promise<void> {
  await withClient(await connectAs(host, instance, 'owner'), async (db) => {
    await db.query(
      `insert into line (name, note, amount, at, facts)
       select 'Order line ' || i, 'Delivered to the warehouse in ' || (array['Seoul', 'Ghent', 'Lagos', 'Lima'])[1 + i % 4] || ', see ' || md5(i::text),
         round((random() * 10000)::numeric, 2), now() - i * interval '1 s', jsonb_build_object('sku', md5((i % 5000)::text), 'n', i)
       from generate_series(1, $1) i`,
      [count],
    )
  })
}

/** Runs one of PostgreSQL's programs as the owner of an instance. */
export async function runAsOwner(
  host: Host,
  instance: Instance,
  program: string,
  args: readonly string[],
  database = instance.database,
): Promise<void> {
  const config = await connectAs(host, instance, 'owner')
  const where = ['--host', config.host!, '--port', String(config.port), '--username', config.user!, '--dbname', database]
  const child = spawn(program, [...where, ...args], { env: { PGPASSWORD: config.password as string }, stdio: 'inherit' })
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`${program} ended with ${String(code)}`)
}

export async function databaseBytes(host: Host, database: string): Promise<number> {
  const { rows } = await host.db.query<{ bytes: string }>('select pg_database_size($1) as bytes', [database])
  return Number(rows[0]!.bytes)
}

export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
