/** What many instances cost one server process that has answered for each of them once, and how many connections it keeps. */
import { readFileSync } from 'node:fs'
import http from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { createInstance, openHome, startHost } from '@erp4/ops'
import { RunningErp4 } from '@erp4/testing'
import type { Measure } from '../bench.ts'

const instances = 200

export async function bench(): Promise<Measure[]> {
  const erp4 = await RunningErp4.start()
  try {
    const { host } = await startHost(openHome(erp4.home))
    const { rows } = await host.db.query<{ name: string; apps: string[] }>(
      'select name, apps from template where built is not null order by built limit 1',
    )
    const [template] = rows
    const started = performance.now()
    for (let i = 0; i < instances; i++) {
      const order = {
        name: `many-${i}`,
        hosts: [`many-${i}.localhost`],
        apps: template!.apps,
        release: 'bench',
        template: template!.name,
        prepare: () => Promise.resolve(),
      }
      await createInstance(host, order)
    }
    const made = (performance.now() - started) / instances
    const { port } = new URL(erp4.instance('demo').url)
    // The first visits fill what all instances share.
    for (let i = 0; i < 20; i++) await visit(port, `many-${i}.localhost`)
    const before = residentMb(erp4)
    let most = 0
    for (let i = 20; i < instances; i++) {
      await visit(port, `many-${i}.localhost`)
      if (i % 20 === 0) most = Math.max(most, await connections(host.db))
    }
    await pause(2000)
    const after = residentMb(erp4)
    await host.close()
    return [
      { what: 'making an instance', value: made, unit: 'ms', target: 500 },
      {
        what: `memory of each instance visited once, over ${instances - 20}`,
        value: (after - before) / (instances - 20),
        unit: 'MB',
        target: 0.2,
      },
      { what: 'the server process', value: after, unit: 'MB' },
      { what: 'connections of the server to instances, at most', value: most, unit: '', target: 40 },
    ]
  } finally {
    await erp4.remove()
  }
}

/** The sign-in page, and a key that the database must be asked about. */
async function visit(port: string, hostName: string): Promise<void> {
  await ask(port, hostName, 'GET', '/web/login', {})
  await ask(
    port,
    hostName,
    'POST',
    '/json/2/res.partner/search_count',
    { authorization: `bearer ${'0'.repeat(40)}`, 'content-type': 'application/json' },
    '{"domain":[]}',
  )
}

function ask(port: string, hostName: string, method: string, path: string, headers: Record<string, string>, body = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, path, method, headers: { ...headers, host: hostName } }, (answer) => {
      answer.resume()
      answer.on('end', () =>
        answer.statusCode === 200 || answer.statusCode === 401 ? resolve() : reject(new Error(`${hostName}${path}: ${answer.statusCode}`)),
      )
    })
    request.on('error', reject)
    request.end(body)
  })
}

function residentMb(erp4: RunningErp4): number {
  const [pid] = erp4.pids('serve')
  const [, kb] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!
  return Number(kb) / 1024
}

async function connections(db: { query: (text: string) => Promise<{ rows: { n: number }[] }> }): Promise<number> {
  const { rows } = await db.query("select count(*)::int4 as n from pg_stat_activity where usename like 'i\\_%\\_runtime'")
  return rows[0]!.n
}
