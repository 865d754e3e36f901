import { existsSync } from 'node:fs'
import { isIP } from 'node:net'
import { Databases } from '@erp4/orm'
import {
  type Hosting,
  type InstanceKeys,
  type RequestLimits,
  type SpaceLimits,
  FileStore,
  createApp,
  createLogger,
  defaultRequestLimits,
  defaultSpaceLimits,
  readClient,
  serveMetrics,
} from '@erp4/server'
import { clientFolder } from '@erp4/web/build'
import type { ServeOptions, Service } from '../erp.ts'
import { CommandError } from '../exit-codes.ts'
import { loadApps } from './apps.ts'
import { evictGone } from './evict.ts'

/** The HTTP server of all instances of the host, listening where the registry says, also after it changed. */
export async function serve(hosting: Hosting, options: ServeOptions): Promise<Service> {
  const registryFor = await loadApps()
  const databases = new Databases((database) => hosting.connect(database))
  const log = createLogger()
  const filesFor = storesOf(options.filesOf)
  const trustedProxies = proxiesFrom(process.env.ERP4_TRUSTED_PROXIES ?? '')
  // Whoever starts this service has built it; by hand, an old build is better than none.
  const client = existsSync(clientFolder) ? readClient(clientFolder) : undefined
  const app = createApp({
    client,
    hosting,
    databases,
    log,
    registryFor,
    filesFor,
    isReady: options.isReady,
    trustedProxies,
    mailMayBeInside: mailMayBeInside(),
    requests: requestLimits(),
  })
  evictGone(databases, options.databases, options.onChange)
  const listen = async (): Promise<void> => {
    await app.listen({ port: options.port, addresses: options.addresses(), isShared: options.shared })
  }
  await listen()
  let listening = Promise.resolve()
  options.onChange(() => {
    listening = listening.then(listen).catch((err: unknown) => log.error({ err }, 'An address of an instance cannot be listened on.'))
  })
  const metrics =
    options.metricsPort === undefined ? undefined : await serveMetrics(app.metrics, { host: '127.0.0.1', port: options.metricsPort })
  return {
    stop: async () => {
      await app.stop()
      metrics?.close()
      await databases.close()
    },
  }
}

/** Addresses and networks whose `X-Forwarded-…` headers are believed: everybody else could write his own address there. */
function proxiesFrom(setting: string): string[] {
  const listed = setting.split(/[\s,]+/).filter((one) => one !== '')
  const wrong = listed.find((one) => !/^[0-9a-f.:]+(\/\d{1,3})?$/i.test(one) || isIP(one.split('/')[0]!) === 0)
  if (wrong !== undefined)
    throw new CommandError(
      'usage',
      `ERP4_TRUSTED_PROXIES lists addresses or networks, such as 10.0.0.5 or 10.0.0.0/24; '${wrong}' is neither.`,
    )
  return listed
}

/** Requests a minute: of a person, and, after a space, of a network; 0 for as many as come. */
function requestLimits(): RequestLimits {
  const [perPerson = defaultRequestLimits.perPerson, perNetwork = defaultRequestLimits.perNetwork] = numbersOf('ERP4_REQUESTS_PER_MINUTE')
  return { perPerson, perNetwork }
}

/** Gigabytes that the files of an instance may take, and, after a space, what one person may add in a day; 0 for as many as there are. */
function spaceLimits(): SpaceLimits {
  const [instance, person] = numbersOf('ERP4_FILES_GB').map((gigabytes) => gigabytes * 2 ** 30)
  return { instance: instance ?? defaultSpaceLimits.instance, person: person ?? defaultSpaceLimits.person }
}

/** A setting of one whole number, or of two with a space between. */
function numbersOf(name: string): number[] {
  const setting = process.env[name]?.trim() ?? ''
  if (!/^(?:\d{1,9}(?:\s+\d{1,9})?)?$/.test(setting))
    throw new CommandError('usage', `${name} is a whole number, or two with a space between: '${setting}' is neither.`)
  return setting === '' ? [] : setting.split(/\s+/).map(Number)
}

/** Instances name their mail servers themselves: what is inside the operator's network is reached by them only where he says so. */
export const mailMayBeInside = (): boolean => process.env.ERP4_MAIL_INSIDE === '1'

/** An instance's files, encrypted under its own keys. */
export const storesOf =
  (filesOf: (uuid: string) => string) =>
  ({ uuid }: { uuid: string }, keys: InstanceKeys): FileStore => {
    const others = () => keys.others?.('files') ?? []
    return new FileStore({
      folder: filesOf(uuid),
      instance: uuid,
      keys: { name: keys.derive('names'), wrap: keys.derive('files'), others },
      space: spaceLimits(),
    })
  }
