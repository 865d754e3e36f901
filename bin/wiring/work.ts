import { Databases } from '@erp4/orm'
import { type Hosting, type InstanceRecord, type MailSettings, Mailer, Worker, type WorkInstance, createLogger } from '@erp4/server'
import type { Service, WorkingHost } from '../erp.ts'
import { CommandError } from '../exit-codes.ts'
import { storesOf } from './serve.ts'

/** Jobs and mail of all instances of the host. */
export async function work(hosting: Hosting & WorkingHost): Promise<Service> {
  const databases = new Databases((database) => hosting.connect(database), { total: 20, perDatabase: 4 })
  const log = createLogger()
  const onError = (err: unknown, facts: Record<string, unknown>): void => log.error({ err, ...facts }, 'Work failed.')
  const files = storesOf(hosting.filesOf)
  const mailer = new Mailer({
    databases,
    onError,
    settings: async () => mailSettings(process.env.ERP4_SMTP_URL),
    kindOf: async ({ name }) => (await hosting.kindOf(name)) ?? 'copy',
    files: (instance) => files(recordOf(hosting, instance), hosting.keys(instance.name)),
  })
  const worker = new Worker({
    databases,
    onError,
    hosting: { due: () => hosting.due(), all: async () => hosting.all(), visited: (name, visit) => hosting.visited(name, visit) },
    openCall: async (_instance, _cx, userId) => {
      if (userId === null) return null
      throw new CommandError('not_built', 'Jobs on behalf of a user cannot be run yet.')
    },
    errands: [mailer.visit],
  })
  worker.start()
  return {
    stop: async () => {
      await Promise.all([worker.stop(), mailer.stop()])
      await databases.close()
    },
  }
}

/** `smtps://user:password@host:465`, `smtp://host:587` (STARTTLS demanded), `smtp+plain://localhost:25` for a relay on this machine. */
export function mailSettings(url: string | undefined): MailSettings | null {
  if (!url) return null
  const { protocol, hostname, port, username, password } = new URL(url)
  const tls = ({ 'smtps:': 'tls', 'smtp:': 'starttls', 'smtp+plain:': 'none' } as const)[protocol]
  if (!tls) throw new CommandError('usage', 'ERP4_SMTP_URL begins with smtps://, smtp:// or smtp+plain://.')
  const auth = username ? { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } } : {}
  return { host: hostname, port: Number(port || { tls: 465, starttls: 587, none: 25 }[tls]), tls, ...auth }
}

function recordOf(hosting: WorkingHost, { name }: WorkInstance): InstanceRecord {
  const record = hosting.all().find((one) => one.name === name)
  if (!record) throw new CommandError('not_found', `There is no instance named ${JSON.stringify(name)}.`)
  return record
}
