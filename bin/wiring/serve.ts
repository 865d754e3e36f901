import { Databases } from '@erp4/orm'
import { type Hosting, FileStore, createApp, createLogger, serveMetrics } from '@erp4/server'
import type { ServeOptions, Service } from '../erp.ts'
import { loadApps } from './apps.ts'
import { evictGone } from './evict.ts'

/** The HTTP server of all instances of the host, listening where the registry says, also after it changed. */
export async function serve(hosting: Hosting, options: ServeOptions): Promise<Service> {
  const registryFor = await loadApps()
  const databases = new Databases((database) => hosting.connect(database))
  const log = createLogger()
  const filesFor = storesOf(options.filesOf)
  const app = createApp({ hosting, databases, log, registryFor, filesFor, isReady: options.isReady })
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

/** An instance's files, encrypted under its own keys. */
export const storesOf =
  (filesOf: (uuid: string) => string) =>
  ({ uuid }: { uuid: string }, keys: { derive(purpose: string): Buffer }): FileStore =>
    new FileStore({ folder: filesOf(uuid), instance: uuid, keys: { name: keys.derive('names'), wrap: keys.derive('files') } })
