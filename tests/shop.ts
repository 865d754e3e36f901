import { after } from 'node:test'
import type { App, Env, Group } from '@erp4/orm'
import { Prepared } from '@erp4/orm'
import {
  type Client,
  type Hosting,
  type InstanceRecord,
  Mailer,
  Worker,
  closeJobCall,
  createApp,
  createLogger,
  hashPassword,
  openJobCall,
} from '@erp4/server'
import { type Actor, type ReceivedMail, type SmtpSink, type World, smtpSink, world } from '@erp4/testing'

export const password = 'correct horse battery staple'

/** A company that sells, behind a real server, with its jobs done and its letters sent to a real mail server when it is told to. */
export interface Shop {
  readonly company: World
  readonly record: InstanceRecord
  readonly port: number
  readonly origin: string
  readonly http: ReturnType<typeof createApp>['http']
  readonly sink: SmtpSink
  /** What the log said, line by line. */
  readonly log: readonly string[]
  /** Does all jobs that wait and sends all letters; gives those that came of it. */
  work(): Promise<readonly ReceivedMail[]>
  /** Somebody of these groups with a mail address, who can sign in by it. */
  person(name: string, groups: readonly Group[], more?: Readonly<Record<string, unknown>>): Promise<Actor<false>>
}

/** To be called at the top of a file: what it opens goes when the file's tests are through. */
export async function openShop(apps: readonly App[], { client, now }: { client?: Client; now?: () => Date } = {}): Promise<Shop> {
  const company = await world(apps, now ? { now } : {})
  const record: InstanceRecord = {
    uuid: 'azure',
    name: 'azure',
    database: company.database,
    generation: 1,
    kind: 'live',
    apps: company.registry.apps.map(({ name }) => name),
    hosts: ['azure.localhost', 'azure.example'],
    origin: 'http://azure.localhost',
  }
  const hosting: Hosting = {
    find: (host) => (record.hosts.includes(host) ? record : undefined),
    connect: () => Promise.reject(new Error('The world connects.')),
    markActive: async () => {},
    keys: () => company.keys,
  }
  const lines: string[] = []
  const log = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } })
  const app = createApp({
    hosting,
    databases: company.databases,
    registryFor: () => company.registry,
    filesFor: () => company.files,
    log,
    ...(client ? { client } : {}),
  })
  const port = await app.listen({ addresses: ['127.0.0.1'], port: 0 })
  record.origin = `http://azure.localhost:${port}`
  const sink = await smtpSink()
  const instance = { name: 'azure', database: company.database }
  const onError = (error: unknown): void => {
    throw error
  }
  const mailer = new Mailer({
    databases: company.databases,
    settings: async () => ({ host: sink.host, port: sink.port, tls: 'none' }),
    kindOf: async () => 'live',
    files: () => company.files,
    keys: () => company.keys,
    onError,
  })
  after(async () => {
    await mailer.stop()
    await app.stop({ drainMs: 0 })
    await sink.close()
  })
  const hash = await hashPassword(password, 1000)
  return {
    company,
    record,
    port,
    origin: record.origin,
    http: app.http,
    sink,
    log: lines,
    async work() {
      const before = sink.mails.length
      const worker = new Worker({
        databases: company.databases,
        hosting: { due: async () => [instance], all: async () => [instance], visited: async () => {} },
        openCall: (_instance, cx, userId, { name }) =>
          openJobCall(cx, { registry: company.registry, files: company.files, keys: company.keys, origin: record.origin }, userId, name),
        closeCall: closeJobCall,
        onError,
      })
      await worker.visit()
      while (worker.running > 0) await new Promise((resolve) => setTimeout(resolve, 20))
      await worker.stop()
      await mailer.visit(instance)
      await mailer.idle()
      return sink.mails.slice(before)
    },
    async person(name, groups, more = {}) {
      const actor = await company.person(...groups)
      const address = `${name.toLowerCase().replaceAll(/[^a-z]+/g, '.')}@azure.example`
      await company.system.call(async (sys: Env<true>) => {
        const values = { login: address, password: new Prepared(hash), ...more }
        await sys
          .model('res.users')
          .browse([actor.user.id])
          .write(values as never)
        await sys.model('res.partner').browse([actor.user.partner_id]).write({ name, email: address })
      })
      return actor
    },
  }
}

/** The attached files of a mail, by name. */
export function attachmentsOf({ source }: ReceivedMail): Map<string, Buffer> {
  const boundary = /boundary="([^"]+)"/.exec(source)?.[1] ?? ''
  const found = new Map<string, Buffer>()
  for (const part of source.split(`--${boundary}`)) {
    const [head = '', body = ''] = part.split(/\r?\n\r?\n/, 2)
    if (!/^content-disposition:\s*attachment/im.test(head)) continue
    const unfolded = head.replaceAll(/\r?\n[ \t]+/g, ' ')
    const name = /filename="([^"]+)"/.exec(unfolded)?.[1] ?? /filename\*0?\*?=([^;\s]+)/.exec(unfolded)?.[1] ?? ''
    found.set(name, Buffer.from(body.replaceAll(/\s/g, ''), 'base64'))
  }
  return found
}

/** The text of a mail, decoded; or what programs show that know formatted text. */
export function textOf({ source }: ReceivedMail, kind: 'plain' | 'html' = 'plain'): string {
  const plain = new RegExp(`content-type: text/${kind}[^]*?(?=\\r?\\n--)`, 'i').exec(source)?.[0] ?? ''
  const [head, body] = [plain.slice(0, plain.search(/\r?\n\r?\n/)), plain.slice(plain.search(/\r?\n\r?\n/)).trimStart()]
  if (/base64/i.test(head)) return Buffer.from(body.replaceAll(/\s/g, ''), 'base64').toString()
  if (!/quoted-printable/i.test(head)) return body
  const bytes = body
    .replaceAll(/=\r?\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_all, code: string) => String.fromCharCode(parseInt(code, 16)))
  return Buffer.from(bytes, 'latin1').toString()
}
