/** What a whole backup costs beside a bare dump of the same database in the same run, and how much memory it takes at two sizes. */
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  connectAs,
  createInstance,
  ensureTemplate,
  findInstance,
  findPostgres,
  openOrCreateHome,
  runBackup,
  startHost,
  withClient,
  type Host,
  type Instance,
} from '@erp4/ops'
import type { Measure } from '../bench.ts'

const tables = 400
/** Rows of about 300 bytes: 200 MB of database, and three times as much. */
const [rows, moreRows] = [500_000, 1_500_000]
const rounds = 5

export async function bench(): Promise<Measure[]> {
  const dir = mkdtempSync(join(tmpdir(), 'erp4-bench-'))
  chmodSync(dir, 0o711) // closed by mkdtemp, to the OS user of PostgreSQL too
  const { home } = openOrCreateHome(dir)
  // A real cluster that syncs to the disk, as the stores do.
  const { host } = await startHost(home)
  try {
    const instance = await makeInstance(host)
    await fill(host, instance, rows)
    const bare: number[] = []
    const whole: number[] = []
    // By turns, so that whatever else the machine does meets both.
    for (let round = 0; round < rounds; round++) {
      bare.push(await seconds(() => dump(host, instance, join(dir, 'bare.dump'))))
      whole.push(await seconds(() => runBackup(host, instance.name)))
    }
    const dumped = statSync(join(dir, 'bare.dump')).size
    const small = await peakMemory(() => runBackup(host, instance.name))
    const size = await databaseBytes(host, instance)
    await fill(host, instance, moreRows)
    const large = await peakMemory(() => runBackup(host, instance.name))
    const more = await databaseBytes(host, instance)
    const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`
    return [
      { what: `the database, ${tables} tables`, value: size / 1e6, unit: 'MB' },
      { what: 'pg_dump -Fc -Z0 alone', value: median(bare), unit: 's' },
      { what: 'its output', value: dumped / 1e6, unit: 'MB' },
      { what: 'a backup, with three copies read back', value: median(whole), unit: 's' },
      { what: 'the dump alone, of the whole backup', value: (100 * median(bare)) / median(whole), unit: '%', target: 60, atLeast: true },
      { what: `memory of a backup of ${megabytes(size)}`, value: small / 1e6, unit: 'MB' },
      { what: `memory of a backup of ${megabytes(more)}`, value: large / 1e6, unit: 'MB', target: (small * 1.2) / 1e6 },
    ]
  } finally {
    await host.close()
    await host.cluster.stop('immediate')
    rmSync(dir, { recursive: true, force: true })
  }
}

async function makeInstance(host: Host): Promise<Instance> {
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

/** Rows as a business has them: words that come again, numbers that do not. */
async function fill(host: Host, instance: Instance, count: number): Promise<void> {
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

async function dump(host: Host, instance: Instance, file: string): Promise<void> {
  const config = await connectAs(host, instance, 'owner')
  const where = ['--host', config.host!, '--username', config.user!, '--dbname', config.database!]
  const child = spawn(join(findPostgres(host.home.facts().postgres).dir, 'pg_dump'), ['-Fc', '-Z0', '--file', file, ...where], {
    env: { PGPASSWORD: config.password as string },
    stdio: 'inherit',
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`pg_dump ended with ${String(code)}`)
}

async function databaseBytes(host: Host, { database }: Instance): Promise<number> {
  const { rows: found } = await host.db.query<{ bytes: string }>('select pg_database_size($1) as bytes', [database])
  return Number(found[0]!.bytes)
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}

/** The most that the processes below ours, which do the work, had in memory together, beside PostgreSQL; shared pages count in each. */
async function peakMemory(work: () => Promise<unknown>): Promise<number> {
  let most = 0
  const timer = setInterval(() => (most = Math.max(most, residentBelow(process.pid))), 50)
  await work().finally(() => clearInterval(timer))
  return most
}

function residentBelow(parent: number): number {
  const all = readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      if (stat.includes(' (postgres) ')) return []
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return [{ pid: Number(name), parent: Number(fields[1]), resident: Number(fields[21]) * 4096 }]
    } catch {
      return [] // it ended between the two looks
    }
  })
  const below = (pid: number): number =>
    all.filter((one) => one.parent === pid).reduce((sum, one) => sum + one.resident + below(one.pid), 0)
  return below(parent)
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
