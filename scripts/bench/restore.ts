/** What a restore costs beside a bare `pg_restore` of the same database in the same run, and for how long nobody can write while one goes over live. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { createInstance, findPostgres, restoreAside, restoreOverLive, runBackup, type ErpTasks, type Host } from '@erp4/ops'
import type { Measure } from '../bench.ts'
import { databaseBytes, fill, makeBenchInstance, median, runAsOwner, seconds, withBenchHost } from './backup-database.ts'

/** About 200 MB. */
const rows = 500_000
const rounds = 3

export const bench = (): Promise<Measure[]> =>
  withBenchHost(async (host, folder) => {
    const instance = await makeBenchInstance(host)
    await fill(host, instance, rows)
    const { dir } = findPostgres(host.home.facts().postgres)
    const dump = join(folder, 'bare.dump')
    await runAsOwner(host, instance, join(dir, 'pg_dump'), ['-Fc', '-Z0', '--file', dump])
    const { id: set } = await runBackup(host, instance.name)
    const bare: number[] = []
    const loading: number[] = []
    const whole: number[] = []
    // By turns, so that whatever else the machine does meets both.
    for (let round = 0; round < rounds; round++) {
      bare.push(await restoreBare(host, join(dir, 'pg_restore'), dump, `bare-${round}`))
      const steps = new Map<string, number>()
      const order = { set, name: `aside-${round}`, hosts: [], days: 1, erp: nothing }
      whole.push(await seconds(() => restoreAside(host, { ...order, tell: (step) => steps.set(step, performance.now()) })))
      const begins = [...steps.values()]
      loading.push((begins[[...steps.keys()].indexOf('Loading the database') + 1]! - steps.get('Loading the database')!) / 1000)
    }
    const gaps: number[] = []
    for (let round = 0; round < rounds; round++) {
      const { writeGapMs } = await restoreOverLive(host, instance.name, { set, confirm: instance.name, erp: nothing })
      gaps.push(writeGapMs)
    }
    return [
      { what: 'the database', value: (await databaseBytes(host, instance.database)) / 1e6, unit: 'MB' },
      { what: 'the dump', value: statSync(dump).size / 1e6, unit: 'MB' },
      { what: 'pg_restore alone', value: median(bare), unit: 's' },
      { what: 'loading from a set: opened, unpacked, restored', value: median(loading), unit: 's' },
      { what: 'pg_restore alone, of the loading', value: (100 * median(bare)) / median(loading), unit: '%', target: 80, atLeast: true },
      { what: 'a restore to the side, fetched and compared', value: median(whole), unit: 's' },
      { what: 'pg_restore alone, of the whole restore', value: (100 * median(bare)) / median(whole), unit: '%' },
      { what: 'nobody can write while a restore goes over live', value: median(gaps), unit: 'ms', target: 1000 },
    ]
  })

/** There is no ERP in the database: what it would do is measured elsewhere. */
const nothing: ErpTasks = {
  release: 'bench',
  migrate: async () => {},
  expectedCatalogue: async () => [],
  carryOver: async () => ({}),
  reconcile: async () => ({}),
  rewrap: async () => 0,
  neutralise: async () => {},
}

/** Into an instance of its own: what is made stays until the host goes. */
async function restoreBare(host: Host, program: string, dump: string, name: string): Promise<number> {
  const order = { name, hosts: [], apps: [], release: 'bench', template: 'erp4_empty', prepare: async () => {} }
  const { instance } = await createInstance(host, order)
  return seconds(() => runAsOwner(host, instance, program, ['--no-owner', '--no-acl', '--role=pg_database_owner', dump]))
}
