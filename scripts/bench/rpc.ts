/**
 * Calls per second, statements and processor time per call, as an ordinary user over JSON-2 with a key and over the session, on 10,000 partners;
 * and the same SQL behind a bare Fastify and `pg`, in the same run. What the figures are measured against is in docs/performance.md.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import { join } from 'node:path'
import pg from 'pg'
import { connectAs, findInstance, openHome, startHost } from '@erp4/ops'
import { base } from '@erp4/base'
import { contacts } from '@erp4/contacts'
import { Databases, type Lent, assemble } from '@erp4/orm'
import { FileStore, createApp, createLogger } from '@erp4/server'
import { RunningErp4, type RunningInstance } from '@erp4/testing'
import type { Measure } from '../bench.ts'
import type { Replay, Statement } from './bare.ts'
import { processorTime } from './processor-time.ts'

const partners = 10_000
const rounds = 3
const callers = 8
const listed = ['name', 'email', 'phone', 'city', 'country_id', 'parent_id', 'is_company', 'user_id']
const specification = Object.fromEntries(listed.map((name) => [name, name.endsWith('_id') ? { fields: { display_name: {} } } : {}]))

interface Call {
  readonly method: string
  /** JSON-2's body for the i-th call. */
  readonly body: (i: number, ids: readonly number[]) => Record<string, unknown>
  readonly perRound: number
  readonly statements: number
  readonly cpuMs?: number
  /** The share of the bare handler's calls per second to reach. */
  readonly share?: number
}

const calls: Readonly<Record<string, Call>> = {
  'read one partner, 8 fields': {
    method: 'read',
    body: (i, ids) => ({ ids: [ids[i % ids.length]], fields: listed }),
    perRound: 2000,
    statements: 2,
    cpuMs: 0.25,
    share: 0.5,
  },
  'search_read 80 × 8': {
    method: 'search_read',
    body: () => ({ domain: [], fields: listed, limit: 80 }),
    perRound: 800,
    statements: 2,
    cpuMs: 0.6,
    share: 0.7,
  },
  'list view with count': {
    method: 'web_search_read',
    body: () => ({ domain: [], specification, limit: 80, count_limit: 10_001 }),
    perRound: 800,
    statements: 3,
    cpuMs: 1,
  },
  'create a partner': {
    method: 'create',
    body: (i) => ({ vals_list: [{ name: `New ${i}`, email: `new${i}@example.com`, city: 'Seoul', is_company: true }] }),
    perRound: 600,
    statements: 6,
    cpuMs: 1.2,
    share: 0.4,
  },
  'write one field': {
    method: 'write',
    body: (i, ids) => ({ ids: [ids[i % ids.length]], vals: { phone: `+82 2 ${i} ${Math.random()}` } }),
    perRound: 600,
    statements: 5,
    cpuMs: 1,
  },
  'group by two keys': {
    method: 'formatted_read_group',
    body: () => ({ domain: [], groupby: ['country_id', 'is_company'], aggregates: ['__count'] }),
    perRound: 400,
    statements: 2,
  },
}

export async function bench(): Promise<Measure[]> {
  const erp4 = await RunningErp4.start()
  try {
    const demo = erp4.instance('demo')
    const { ids, key, cookie } = await prepare(demo)
    await vacuum(erp4.home)
    const replays = await capture(erp4.home, key, ids)
    const bare = await startBare(erp4.home, replays)
    try {
      return [...(await measureCalls(erp4, demo, ids, key, bare, replays)), ...(await measureSession(erp4, demo, ids, cookie))]
    } finally {
      bare.child.kill()
    }
  } finally {
    await erp4.remove()
  }
}

/** Loads partners, and makes an ordinary user with a key and a session. */
async function prepare(demo: RunningInstance): Promise<{ ids: number[]; key: string; cookie: string }> {
  const asAdmin = await signIn(demo, demo.login, demo.password)
  const countries = (await asAdmin('res.country', 'search', [[]], { limit: 50 })) as number[]
  const ids: number[] = []
  for (let at = 0; at < partners; at += 1000) {
    const rows = Array.from({ length: 1000 }, (_, i) => ({
      name: `Partner ${at + i}`,
      email: `partner${at + i}@example.com`,
      city: `City ${i % 77}`,
      street: `Street ${i}`,
      country_id: countries[i % 50],
      is_company: i % 3 === 0,
    }))
    ids.push(...((await asAdmin('res.partner', 'create', [rows])) as number[]))
  }
  const groups = await asAdmin('res.groups', 'search', [[['key', 'in', ['base.group_user', 'base.group_partner_manager']]]])
  const password = 'an ordinary password'
  await asAdmin('res.users', 'create', [{ name: 'Ordinary', login: 'ordinary', password, group_ids: [[6, 0, groups]] }])
  const asUser = await signIn(demo, 'ordinary', password)
  // A key is only made by who has just proven his identity: over RPC the password comes with the call.
  const rpc = async (model: string, method: string, args: unknown[]): Promise<any> => {
    const params = { service: 'object', method: 'execute_kw', args: [demo.db, asUser.uid, password, model, method, args] }
    return (await post(demo.url, '/jsonrpc', { jsonrpc: '2.0', id: 1, method: 'call', params })).result
  }
  const description = await rpc('res.users.apikeys.description', 'create', [{ name: 'bench', duration: '1' }])
  const made = await rpc('res.users.apikeys.description', 'make_key', [[description]])
  return { ids, key: made.context.default_key, cookie: asUser.cookie }
}

type Caller = ((model: string, method: string, args: unknown[], kwargs?: object) => Promise<unknown>) & { uid: number; cookie: string }

async function signIn(demo: RunningInstance, login: string, password: string): Promise<Caller> {
  const answer = await fetch(`${demo.url}/web/session/authenticate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ params: { db: demo.db, login, password } }),
  })
  const cookie = answer.headers.getSetCookie()[0]!.split(';')[0]!
  const { result } = (await answer.json()) as { result: { uid: number } }
  const call = async (model: string, method: string, args: unknown[], kwargs: object = {}): Promise<unknown> => {
    const { result, error } = await post(demo.url, '/web/dataset/call_kw', { params: { model, method, args, kwargs } }, { cookie })
    if (error) throw new Error(error.data.message)
    return result
  }
  return Object.assign(call, { uid: result.uid, cookie })
}

async function post(url: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<any> {
  return (
    await fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })
  ).json()
}

/** As PostgreSQL does by itself within a minute of such a load: until then no count is taken from an index alone. */
async function vacuum(home: string): Promise<void> {
  const { host } = await startHost(openHome(home))
  const owner = new pg.Client(await connectAs(host, await findInstance(host, 'demo'), 'owner'))
  await owner.connect()
  await owner.query('set role pg_database_owner')
  await owner.query('vacuum analyze res_partner')
  await owner.end()
  await host.close()
}

/** The statements of each call, as our own server sends them. */
async function capture(home: string, key: string, ids: readonly number[]): Promise<Record<string, Replay>> {
  const { host } = await startHost(openHome(home))
  const instance = await findInstance(host, 'demo')
  const keys = host.keys.instanceKeys(instance.uuid)
  // One list for each loan of a connection: what is noted about a key's use afterwards is no part of the call.
  const loans: Statement[][] = []
  const databases = new Databases(() => connectAs(host, instance, 'runtime'), { total: 2, perDatabase: 2 })
  const spied = new Proxy(databases, {
    get(target, name) {
      if (name !== 'use' && name !== 'transaction') return Reflect.get(target, name, target)
      return (database: string, work: (cx: Lent) => Promise<unknown>, options?: object) =>
        target[name](database, (cx) => work(spy(cx, loans[loans.push([]) - 1]!)), options ?? {})
    },
  })
  const registry = assemble([base, contacts])
  const record = { ...instance, origin: 'http://127.0.0.1', hosts: ['127.0.0.1'] }
  const hosting = {
    find: () => record,
    connect: () => Promise.reject(new Error('connected already')),
    markActive: async () => {},
    keys: () => keys,
  }
  const files = new FileStore({
    folder: '/nonexistent',
    instance: instance.uuid,
    keys: { name: keys.derive('names'), wrap: keys.derive('files') },
  })
  const app = createApp({
    hosting,
    databases: spied,
    registryFor: () => registry,
    filesFor: () => files,
    log: createLogger({ level: 'error' }),
  })
  const replays: Record<string, Replay> = {}
  for (const [name, call] of Object.entries(calls)) {
    // The second of two: the first one fills what is kept.
    for (const time of [0, 1]) {
      loans.length = 0
      const answer = await app.http.inject({
        method: 'POST',
        url: `/json/2/res.partner/${call.method}`,
        headers: { host: '127.0.0.1', 'content-type': 'application/json', authorization: `bearer ${key}` },
        payload: call.body(time, ids),
      })
      if (answer.statusCode !== 200) throw new Error(`${name}: ${answer.body}`)
    }
    replays[name] = {
      statements: loans.reduce((most, one) => (one.length > most.length ? one : most)),
      isTransaction: ['create', 'write'].includes(call.method),
      id: call.method === 'read' ? ids[1]! : null,
    }
  }
  await app.stop()
  await databases.close()
  await host.close()
  return replays
}

const spy = (cx: Lent, log: Statement[]): Lent =>
  new Proxy(cx, {
    get(target, name) {
      if (name === 'presume')
        return (statement: { compile(): Statement }, prepared: string, check: (rows: readonly unknown[]) => void): void => {
          target.presume(statement as never, prepared, (rows) => {
            log.push({ ...statement.compile(), name: prepared, rows: [...rows] })
            check(rows)
          })
        }
      if (name !== 'query' && name !== 'send') return Reflect.get(target, name, target)
      return async (statement: { compile(): Statement }, prepared?: string) => {
        const { text, values } = statement.compile()
        const rows = await target.query(statement as never, prepared)
        log.push({ text, values, ...(prepared ? { name: prepared } : {}), rows })
        return rows
      }
    },
  })

async function startBare(home: string, replays: Record<string, Replay>): Promise<{ child: ChildProcess; port: number }> {
  const { host } = await startHost(openHome(home))
  const instance = await findInstance(host, 'demo')
  const { host: socket, port: number, user, database } = await connectAs(host, instance, 'runtime')
  const { password } = await connectAs(host, instance, 'runtime')
  await host.close()
  const child = fork(join(import.meta.dirname, 'bare.ts'))
  child.send({ config: { host: socket, port: number, user, database, password }, replays })
  const [port] = (await once(child, 'message')) as [number]
  return { child, port }
}

async function measureCalls(
  erp4: RunningErp4,
  demo: RunningInstance,
  ids: readonly number[],
  key: string,
  bareHandler: { port: number; child: ChildProcess },
  replays: Record<string, Replay>,
): Promise<Measure[]> {
  const measures: Measure[] = []
  for (const [at, [name, call]] of Object.entries(calls).entries()) {
    const statements = replays[name]!.statements.length
    measures.push({ what: `${name}: statements`, value: statements, unit: '', target: call.statements })
    const ours = loader(demo.url, `/json/2/res.partner/${call.method}`, { authorization: `bearer ${key}` }, (i) => call.body(i, ids))
    const bare = loader(`http://127.0.0.1:${bareHandler.port}`, `/${at}`, {}, (i) => ({ id: ids[i % ids.length] }))
    await ours(200, callers)
    await bare(200, callers)
    const [rates, bareRates, cpu, bareCpu]: [number[], number[], number[], number[]] = [[], [], [], []]
    for (let round = 0; round < rounds; round++) {
      const before = processorTime(erp4.pids('serve'), erp4.postmaster!)
      rates.push(await ours(call.perRound, callers))
      cpu.push((processorTime(erp4.pids('serve'), erp4.postmaster!) - before) / call.perRound)
      const beforeBare = processorTime([bareHandler.child.pid!], erp4.postmaster!)
      bareRates.push(await bare(call.perRound, callers))
      bareCpu.push((processorTime([bareHandler.child.pid!], erp4.postmaster!) - beforeBare) / call.perRound)
    }
    measures.push({ what: `${name}: calls a second, ${callers} at once`, value: median(rates), unit: '/s' })
    measures.push({
      what: `${name}: processor time, server and PostgreSQL`,
      value: Math.min(...cpu),
      unit: 'ms',
      ...(call.cpuMs ? { target: call.cpuMs } : {}),
    })
    measures.push({
      what: `${name}: processor time of the bare handler and PostgreSQL`,
      value: Math.min(...bareCpu),
      unit: 'ms',
    })
    measures.push({
      what: `${name}: share of the bare handler`,
      value: median(rates.map((rate, i) => rate / bareRates[i]!)),
      unit: '',
      ...(call.share ? { target: call.share, atLeast: true } : {}),
    })
  }
  return measures
}

/** The two reads over the session, as the web client calls. */
async function measureSession(erp4: RunningErp4, demo: RunningInstance, ids: readonly number[], cookie: string): Promise<Measure[]> {
  const measures: Measure[] = []
  for (const name of ['read one partner, 8 fields', 'search_read 80 × 8'] as const) {
    const call = calls[name]!
    const load = loader(demo.url, '/web/dataset/call_kw', { cookie }, (i) => {
      const { ids: some, domain, ...kwargs } = call.body(i, ids)
      return { params: { model: 'res.partner', method: call.method, args: [some ?? domain], kwargs } }
    })
    await load(200, callers)
    const before = processorTime(erp4.pids('serve'), erp4.postmaster!)
    const rate = await load(call.perRound, callers)
    const cpu = (processorTime(erp4.pids('serve'), erp4.postmaster!) - before) / call.perRound
    measures.push({ what: `${name}, by session: calls a second`, value: rate, unit: '/s' })
    measures.push({ what: `${name}, by session: processor time`, value: cpu, unit: 'ms', target: call.cpuMs! })
  }
  return measures
}

/** Sends calls over kept connections; answers how many a second. */
function loader(
  url: string,
  path: string,
  headers: Record<string, string>,
  body: (i: number) => unknown,
): (count: number, atOnce: number) => Promise<number> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: callers })
  const { hostname, port } = new URL(url)
  const send = (i: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const text = JSON.stringify(body(i))
      const request = http.request(
        {
          hostname,
          port,
          path,
          method: 'POST',
          agent,
          headers: { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
        },
        (answer) => {
          answer.resume()
          answer.on('end', () => (answer.statusCode === 200 ? resolve() : reject(new Error(`${path}: ${answer.statusCode}`))))
        },
      )
      request.on('error', reject)
      request.end(text)
    })
  let serial = 0
  return async (count, atOnce) => {
    const started = performance.now()
    let left = count
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        while (left-- > 0) await send(serial++)
      }),
    )
    return (count / (performance.now() - started)) * 1000
  }
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
