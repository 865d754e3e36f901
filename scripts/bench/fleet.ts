/**
 * Many small instances backed up and proven one after the other, throttled as the agent does it, and what the people who work meanwhile notice of it.
 * ERP4_BENCH_INSTANCES says how many; 300 take about half an hour.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { createInstance, listBackups, openHome, proveSet, runBackup, startHost, type Host } from '@erp4/ops'
import { RunningErp4, type RunningInstance } from '@erp4/testing'
import type { Measure } from '../bench.ts'
import { median, seconds } from './backup-database.ts'

const count = Number(process.env['ERP4_BENCH_INSTANCES'] ?? 300)
const people = 4
/** Between the answer to a person and his next click, in ms. */
const thinking = 200
const quietMs = 20_000

export async function bench(): Promise<Measure[]> {
  const erp4 = await RunningErp4.start()
  try {
    const home = openHome(erp4.home)
    const { host } = await startHost(home)
    try {
      const making: number[] = []
      const names = Array.from({ length: count }, (_none, i) => `shop-${i}`)
      for (const [i, name] of names.entries()) {
        making.push(await seconds(() => make(host, name)))
        tell('made', i + 1)
      }
      const work = await workHours(erp4.instance('demo'))
      await pause(quietMs)
      const quiet = work.take()
      const backing = await seconds(async () => {
        for (const [i, name] of names.entries()) {
          await runBackup(host, name, { class: 'scheduled', bytesPerSecond: 50e6 })
          tell('backed up', i + 1)
        }
      })
      const during = work.take()
      const sets = (await listBackups(host)).filter(({ name }) => name?.startsWith('shop-'))
      const proving = await seconds(async () => {
        for (const [i, { id }] of sets.entries()) {
          await proveSet(host, id)
          tell('proven', i + 1)
        }
      })
      const whileProving = work.take()
      work.stop()
      const proven = (await listBackups(host)).filter(({ name, proven }) => name?.startsWith('shop-') && proven).length
      return [
        { what: 'instances', value: count, unit: '' },
        { what: 'making the database of one', value: 1000 * median(making), unit: 'ms', target: 500 },
        { what: 'backing all of them up', value: backing, unit: 's' },
        { what: 'one backup, with three copies read back', value: (1000 * backing) / count, unit: 'ms' },
        { what: 'restoring and proving all of them', value: proving, unit: 's' },
        { what: 'one proof', value: (1000 * proving) / count, unit: 'ms' },
        { what: 'proven in the end', value: proven, unit: '', target: count, atLeast: true },
        { what: 'a list of 80 for people, p95, before', value: p95(quiet), unit: 'ms' },
        { what: 'p95 during backups', value: p95(during), unit: 'ms' },
        { what: 'p95 during proofs', value: p95(whileProving), unit: 'ms' },
      ]
    } finally {
      await host.close()
    }
  } finally {
    await erp4.remove()
  }
}

/** It takes long: whoever waits sees how far it is. */
function tell(what: string, done: number): void {
  if (done % 25 === 0) console.error(`  ${new Date().toISOString().slice(11, 19)} ${what}: ${done} of ${count}`)
}

/** With the database of `main`: standard apps, no data of anybody's. */
async function make(host: Host, name: string): Promise<void> {
  const { rows } = await host.db.query<{ name: string; apps: string[] }>(
    'select name, apps from template where built is not null order by label <> $1 limit 1',
    ['main'],
  )
  const { name: template, apps } = rows[0]!
  await createInstance(host, { name, hosts: [`${name}.localhost`], apps, release: 'bench', template, prepare: async () => {} })
}

/** A few people who read a list, think, and read it again. */
async function workHours(demo: RunningInstance): Promise<{ take: () => number[]; stop: () => void }> {
  const cookie = await signIn(demo)
  let taken: number[] = []
  let isOver = false
  const person = async (): Promise<void> => {
    while (!isOver) {
      const began = performance.now()
      const answer = await fetch(`${demo.url}/web/dataset/call_kw`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', cookie },
        body: JSON.stringify({
          params: {
            model: 'res.partner',
            method: 'search_read',
            args: [[], ['name', 'email', 'city', 'country_id']],
            kwargs: { limit: 80 },
          },
        }),
      })
      await answer.text()
      taken.push(performance.now() - began)
      await pause(thinking)
    }
  }
  for (let i = 0; i < people; i++)
    void person().catch((error: Error) => {
      if (!isOver) console.error(`a person could not work: ${error.message}`)
    })
  return {
    take: () => {
      const some = taken
      taken = []
      return some
    },
    stop: () => (isOver = true),
  }
}

async function signIn({ url, db, login, password }: RunningInstance): Promise<string> {
  const answer = await fetch(`${url}/web/session/authenticate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ params: { db, login, password } }),
  })
  return answer.headers.getSetCookie()[0]!.split(';')[0]!
}

const p95 = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length * 0.95)]!
