import { Databases } from '@erp4/orm'
import {
  type Hosting,
  type InstanceRecord,
  JobRegistry,
  type MailSettings,
  Mailer,
  OwnRegistries,
  Worker,
  type WorkInstance,
  closeJobCall,
  createLogger,
  jobs,
  mailServerOf,
  openJobCall,
  upkeepJob,
  upkeepName,
} from '@erp4/server'
import type { Service, WorkOptions, WorkingHost } from '../erp.ts'
import { CommandError } from '../exit-codes.ts'
import { loadApps } from './apps.ts'
import { evictGone } from './evict.ts'
import { mailMayBeInside, storesOf } from './serve.ts'

/** Jobs and mail of all instances of the host. */
export async function work(hosting: Hosting & WorkingHost, { onChange }: WorkOptions): Promise<Service> {
  const registryFor = await loadApps()
  const databases = new Databases((database) => hosting.connect(database), { total: 20, perDatabase: 4 })
  const log = createLogger()
  const onError = (err: unknown, facts: Record<string, unknown>): void => log.error({ err, ...facts }, 'Work failed.')
  const stores = storesOf(hosting.filesOf)
  const filesOf = (instance: WorkInstance) => stores(recordOf(hosting, instance), hosting.keys(instance.name))
  const registryOf = (instance: WorkInstance) => registryFor(recordOf(hosting, instance).apps)
  const registries = new OwnRegistries()
  const mailer = new Mailer({
    databases,
    onError,
    settings: async (instance) =>
      (await mailServerOf(
        databases,
        { database: instance.database, registry: registryOf(instance) },
        { keys: hosting.keys(instance.name), mayBeInside: mailMayBeInside() },
      )) ?? mailSettings(process.env.ERP4_SMTP_URL),
    kindOf: ({ name }) => hosting.kindOf(name),
    files: filesOf,
    keys: ({ name }) => hosting.keys(name),
  })
  const worker = new Worker({
    databases,
    onError,
    registry: withUpkeep(upkeepJob({ databases, registryOf, filesOf, askOwner: async ({ name }) => hosting.askOwner?.(name) })),
    hosting: { due: () => hosting.due(), all: async () => hosting.all(), visited: (name, visit) => hosting.visited(name, visit) },
    openCall: async (instance, cx, userId, { name }) => {
      // A job writes to the trail as any call does: the sealer has to look here.
      await hosting.markActive(instance.name)
      const { origin } = recordOf(hosting, instance)
      const registry = await registries.at(cx, instance.database, registryOf(instance))
      return openJobCall(cx, { registry, files: filesOf(instance), keys: hosting.keys(instance.name), origin }, userId, name)
    },
    closeCall: closeJobCall,
    errands: [mailer.visit],
  })
  evictGone(databases, () => hosting.all().map(({ database }) => database), onChange)
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

/** The jobs that apps and packages registered, and the housekeeping, which needs to know the instances. */
function withUpkeep(upkeep: ReturnType<typeof upkeepJob>): JobRegistry {
  const all = new JobRegistry(jobs)
  all.register(upkeepName, upkeep)
  return all
}

function recordOf(hosting: WorkingHost, { name, database }: WorkInstance): InstanceRecord {
  const record = hosting.all().find((one) => one.database === database)
  if (!record) throw new CommandError('not_found', `There is no instance named ${JSON.stringify(name)}.`)
  return record
}
