import { parseArgs } from 'node:util'
import { HostKeys, openHome } from '@erp4/ops'
import { live } from '../child.ts'
import type { Erp, Service } from '../erp.ts'
import { homeFolder } from '../home.ts'
import { openHosting, openSealingHost, type HostAccess } from '../hosting.ts'

const options = {
  home: { type: 'string' },
  port: { type: 'string', default: '8069' },
  shared: { type: 'boolean', default: false },
  listen: { type: 'string', multiple: true },
  'metrics-port': { type: 'string' },
} as const

/** Answers HTTP for all instances of the host. */
export async function serve(args: readonly string[], erp: Erp): Promise<void> {
  const { values } = parseArgs({ args: [...args], options })
  await live(ownAccess(values, 'erp4_server'), async (access) => {
    const { host, onChange, addresses, databases, isReady, close } = await openHosting(access)
    const service = await erp.serve(host, {
      port: access.port,
      addresses,
      onChange,
      shared: values.shared,
      metricsPort: access.metricsPort,
      filesOf: host.filesOf,
      databases,
      isReady,
    })
    return ending(service, close)
  })
}

/** Runs jobs and sends mail for all instances of the host. */
export async function work(args: readonly string[], erp: Erp): Promise<void> {
  const { values } = parseArgs({ args: [...args], options })
  await live(ownAccess(values, 'erp4_server'), async (access) => {
    const { host, onChange, close } = await openHosting(access)
    const service = await erp.work(host, { onChange })
    return ending(service, close)
  })
}

/** Seals the audit trails of all instances of the host. */
export async function seal(args: readonly string[], erp: Erp): Promise<void> {
  const { values } = parseArgs({ args: [...args], options })
  await live(ownAccess(values, 'erp4_sealer'), async (access) => {
    const { host, close } = await openSealingHost(access)
    const service = await erp.seal(host)
    return ending(service, close)
  })
}

interface Values {
  home?: string | undefined
  port: string
  listen?: string[] | undefined
  'metrics-port'?: string | undefined
}

const ending = (service: Service, close: () => Promise<void>): Service => ({
  stop: async () => {
    await service.stop()
    await close()
  },
})

/** Started by hand, a service takes its key and password from the home, as whoever may read them. */
const ownAccess = (values: Values, login: 'erp4_server' | 'erp4_sealer') => async (): Promise<HostAccess> => {
  const home = openHome(homeFolder(values.home))
  const keys = HostKeys.open(home)
  const key = login === 'erp4_server' ? keys.serving : keys.sealer
  const metricsPort = values['metrics-port'] === undefined ? undefined : Number(values['metrics-port'])
  return {
    home: home.dir,
    port: Number(values.port),
    password: keys.login(login)!,
    key: key.toString('base64'),
    listen: values.listen,
    metricsPort,
  }
}
