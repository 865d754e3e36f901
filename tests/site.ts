import { randomBytes } from 'node:crypto'
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after } from 'node:test'
import { OwnerWork } from '@erp4/agent'
import { type Budget, Databases, type Env, Prepared, settleCustomFields } from '@erp4/orm'
import { HostTable, type Instance, type OwnerAsk, connectAs, listInstances, openInstanceKeys, setHostNames } from '@erp4/ops'
import { FileStore, type Hosting, type InstanceRecord, createApp, createLogger, hashPassword } from '@erp4/server'
import { type World, withCluster } from '@erp4/testing'

/** What came back: the bytes as text, or as they are. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly bytes: Buffer
}

export interface Ask {
  /** The `Host` header; the first host name of the site's first instance without it. */
  readonly host?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  /** A text as it is, anything else as JSON. */
  readonly body?: unknown
}

/** Somebody with a session and a key, calling over the network. */
export interface Caller {
  readonly id: number
  readonly login: string
  readonly cookie: string
  /** A new API key. */
  key(): Promise<string>
  /** `/web/dataset/call_kw` with the session: the result, or the error's `data`. */
  call(model: string, method: string, args?: readonly unknown[], kwargs?: Record<string, unknown>): Promise<Outcome>
}

export interface Outcome {
  readonly result?: any
  readonly error?: { readonly name: string; readonly message: string; readonly arguments: readonly unknown[]; readonly debug: string }
  readonly status: number
  readonly text: string
}

/** Instances behind the server as it runs: its own connections under one budget, the host table, files and keys of the cluster's home. */
export interface Site {
  readonly port: number
  readonly databases: Databases
  readonly hosting: Hosting
  readonly records: readonly InstanceRecord[]
  /** What the log said, line by line. */
  readonly log: string[]
  filesOf(record: InstanceRecord): string
  send(path: string, ask?: Ask): Promise<Answer>
  /** Bytes as they are, for requests that no client would make. */
  raw(text: string): Promise<string>
  /** Gives a person of the `at`-th world a password, a session and a key. */
  caller(at: number, id: number): Promise<Caller>
}

export const password = 'correct horse battery staple'
let hash: Promise<string> | undefined

export interface SiteOptions {
  budget?: Partial<Budget>
  /** So many servers that know nothing of each other, as processes would; requests go to one after the other. */
  processes?: number
  /** What people ask of the owner of their tables is done, as the agent of a host does it. */
  ownerWork?: boolean
}

/** Must be called at the top of a file, after its worlds are made. */
export async function openSite(
  worlds: readonly World[],
  { budget = {}, processes = 1, ownerWork = false }: SiteOptions = {},
): Promise<Site> {
  const host = await withCluster()
  const instances = worlds.map(({ database }) => ({ database, hosts: [`site-${randomBytes(5).toString('hex')}.localhost`] }))
  const known = await listInstances(host)
  const found = (database: string): Instance => known.find((one) => one.database === database)!
  for (const { database, hosts } of instances) await setHostNames(host, found(database).name, hosts)

  const table = await HostTable.open(host.cluster.config('erp4_host', 'erp4_server', host.keys.login('erp4_server')!))
  const records = new WeakMap<Instance, InstanceRecord>()
  const recordOf = (instance: Instance): InstanceRecord => {
    const made = records.get(instance) ?? { ...instance, origin: `http://${instance.hosts[0]}` }
    records.set(instance, made)
    return made
  }
  const hosting: Hosting = {
    find: (name) => {
      const instance = table.find(name)
      return instance && recordOf(instance)
    },
    connect: (database) => connectAs(host, found(database), 'runtime'),
    markActive: (name) => table.markActive(table.named(name)!.uuid),
    ...(ownerWork ? { askOwner: (name: string) => table.askOwner(table.named(name)!.uuid) } : {}),
    keys: (name) => {
      const { uuid, keyVersion } = table.named(name)!
      return openInstanceKeys(host.home, host.keys.serving, uuid, keyVersion)
    },
  }
  const filesOf = ({ uuid }: { uuid: string }): string => join(host.home.files, uuid)
  const log: string[] = []
  const serving = Array.from({ length: processes }, () => new Databases((database) => hosting.connect(database), budget))
  const serve = (databases: Databases) =>
    createApp({
      hosting,
      databases,
      log: createLogger({ level: 'error', destination: { write: (line) => void log.push(line) } }),
      registryFor: (apps) =>
        worlds.find(({ registry }) => registry.apps.every(({ name }) => apps.includes(name)) && registry.apps.length === apps.length)!
          .registry,
      filesFor: (record, keys) =>
        new FileStore({ folder: filesOf(record), instance: record.uuid, keys: { name: keys.derive('names'), wrap: keys.derive('files') } }),
    })
  const apps = serving.map(serve)
  const ports: number[] = []
  for (const app of apps) ports.push(await app.listen({ addresses: ['127.0.0.1'], port: 0 }))
  const owner = ownerWork ? new OwnerWork({ host, settle: (ask) => settleAt(ask, worlds) }) : undefined
  owner?.start()
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  after(async () => {
    agent.destroy()
    for (const app of apps) await app.stop({ drainMs: 0 })
    for (const databases of serving) await databases.close()
    await owner?.stop()
    await table.close()
  })

  const all = instances.map(({ hosts }) => hosting.find(hosts[0]!)!)
  let turn = 0
  const send: Site['send'] = (path, ask = {}) => sendTo(agent, ports[turn++ % ports.length]!, path, { host: all[0]!.hosts[0]!, ...ask })
  return {
    port: ports[0]!,
    databases: serving[0]!,
    hosting,
    records: all,
    log,
    filesOf,
    send,
    raw: (text) => rawTo(ports[0]!, text),
    caller: (at, id) => signIn(send, worlds[at]!, all[at]!, id),
  }
}

/** In this process, where a host has one of its own for it. */
async function settleAt({ instance }: OwnerAsk, worlds: readonly World[]) {
  const at = worlds.find(({ database }) => database === instance.database)
  if (!at) return { made: [], dropped: [], failed: [] }
  return at.asOwner((client) => settleCustomFields(client, at.registry))
}

async function signIn(send: Site['send'], at: World, { hosts, name }: InstanceRecord, id: number): Promise<Caller> {
  const ready = await (hash ??= hashPassword(password, 1000))
  const login = await at.system.call(async (sys: Env<true>) => {
    const user = sys.model('res.users').browse([id])
    // A hash instead of clear text is not in the field's type.
    await user.write({ password: new Prepared(ready) } as never)
    return (await user.read(['login']))[0]!.login
  })
  const host = hosts[0]!
  const session = await send('/web/session/authenticate', { host, method: 'POST', body: { params: { db: name, login, password } } })
  const cookie = session.headers['set-cookie']?.[0]?.split(';')[0]
  if (!cookie) throw new Error(`${login} could not sign in: ${session.text}`)
  const call: Caller['call'] = async (model, method, args = [], kwargs = {}) => {
    const body = { id: 1, params: { model, method, args, kwargs } }
    const { status, text } = await send('/web/dataset/call_kw', { host, method: 'POST', headers: { cookie }, body })
    return { ...outcome(text), status, text }
  }
  return { id, login, cookie, call, key: () => makeKey(call) }
}

async function makeKey(call: Caller['call']): Promise<string> {
  const made = await call('res.users.apikeys.description', 'create', [{ name: 'tests', duration: '1' }])
  const shown = await call('res.users.apikeys.description', 'make_key', [[made.result]])
  return shown.result.context.default_key as string
}

function outcome(text: string): Pick<Outcome, 'result' | 'error'> {
  try {
    const { result, error } = JSON.parse(text) as { result?: unknown; error?: { data: Outcome['error'] } }
    return error ? { error: error.data! } : { result }
  } catch {
    // A refusal at the door is plain text.
    return {}
  }
}

function sendTo(agent: Agent, port: number, path: string, { host, method = 'GET', headers = {}, body }: Ask): Promise<Answer> {
  const text = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  const types = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? {} : { 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    const sent = request({ agent, host: '127.0.0.1', port, path, method, headers: { host, ...types, ...headers } }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => {
        const bytes = Buffer.concat(chunks)
        resolve({ status: answer.statusCode!, headers: answer.headers, text: bytes.toString(), bytes })
      })
    })
    sent.on('error', reject)
    sent.end(text)
  })
}

function rawTo(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.setTimeout(5000, () => socket.destroy())
    socket.on('data', (chunk) => {
      answer += chunk.toString()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })
}
