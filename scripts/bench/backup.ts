/** What a whole backup costs beside a bare dump of the same database in the same run, and how much memory it takes at two sizes. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { findPostgres, runBackup } from '@erp4/ops'
import type { Measure } from '../bench.ts'
import { databaseBytes, fill, makeBenchInstance, median, runAsOwner, seconds, tables, withBenchHost } from './backup-database.ts'

/** 150 MB of database, and as much beside them as makes a gigabyte. */
const [rows, moreRows] = [500_000, 3_600_000]
const rounds = 5

export const bench = (): Promise<Measure[]> =>
  withBenchHost(async (host, folder) => {
    const instance = await makeBenchInstance(host)
    await fill(host, instance, rows)
    const dump = join(folder, 'bare.dump')
    const pg_dump = join(findPostgres(host.home.facts().postgres).dir, 'pg_dump')
    const bare: number[] = []
    const whole: number[] = []
    // By turns, so that whatever else the machine does meets both.
    for (let round = 0; round < rounds; round++) {
      bare.push(await seconds(() => runAsOwner(host, instance, pg_dump, ['-Fc', '-Z0', '--file', dump])))
      whole.push(await seconds(() => runBackup(host, instance.name)))
    }
    const small = await peakMemory(() => runBackup(host, instance.name))
    const size = await databaseBytes(host, instance.database)
    await fill(host, instance, moreRows)
    const large = await peakMemory(() => runBackup(host, instance.name))
    const more = await databaseBytes(host, instance.database)
    const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`
    return [
      { what: `the database, ${tables} tables`, value: size / 1e6, unit: 'MB' },
      { what: 'pg_dump -Fc -Z0 alone', value: median(bare), unit: 's' },
      { what: 'its output', value: statSync(dump).size / 1e6, unit: 'MB' },
      { what: 'a backup, with three copies read back', value: median(whole), unit: 's' },
      { what: 'the dump alone, of the whole backup', value: (100 * median(bare)) / median(whole), unit: '%', target: 60, atLeast: true },
      { what: `memory of a backup of ${megabytes(size)}`, value: small / 1e6, unit: 'MB' },
      { what: `memory of a backup of ${megabytes(more)}`, value: large / 1e6, unit: 'MB', target: (small * 1.2) / 1e6 },
    ]
  })

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
