import { connectAs, createInstance, listInstances, type Host, type Instance } from '@erp4/ops'
import type { Erp } from './erp.ts'
import { release } from './release.ts'
import { templateFor } from './tasks.ts'

export interface NewInstance {
  name: string
  apps: readonly string[]
  demo: boolean
  /** Further host names, the first being its main address; `<name>.localhost` and a free 127.0.0.N when none is given. */
  hosts?: readonly string[]
}

export const standardApps = ['base', 'contacts', 'product', 'account', 'sale'] as const

/** Makes an instance with an administrator; its password is sealed in the home until `takeFirstPassword`, so that a crash cannot lose it. */
export async function makeInstance(host: Host, order: NewInstance, { firstSignIn }: Pick<Erp, 'firstSignIn'>): Promise<Instance> {
  const template = await templateFor(host, order.apps, order.demo)
  const hosts = order.hosts?.length ? order.hosts : [`${order.name}.localhost`, await freeAddress(host)]
  // Hashed while the database is being made: the two take about as long.
  const signIn = firstSignIn()
  signIn.catch(() => {}) // told below
  const { instance } = await createInstance(host, {
    name: order.name,
    hosts,
    apps: order.apps,
    release: release(),
    template,
    prepare: async (made) => {
      const { login, password, set } = await signIn
      await set(made.name, await connectAs(host, made, 'runtime'))
      host.keys.sealLogin(firstLogin(made), JSON.stringify({ login, password }))
    },
  })
  return instance
}

/** The sign-in of a new instance, as long as nobody was shown it. */
export function peekFirstPassword(host: Host, instance: Instance): { login: string; password: string } | undefined {
  const kept = host.keys.login(firstLogin(instance))
  return kept === undefined ? undefined : (JSON.parse(kept) as { login: string; password: string })
}

export const forgetFirstPassword = (host: Host, instance: Instance): void => host.keys.forgetLogin(firstLogin(instance))

const firstLogin = ({ uuid }: Instance): string => `first-${uuid}`

/** The next number of this machine's own that no instance has: `demo` has 127.0.0.1, `main` 127.0.0.2. */
export async function freeAddress(host: Host): Promise<string> {
  const taken = new Set((await listInstances(host)).flatMap(({ hosts }) => hosts))
  for (let last = 3; last < 255; last++) if (!taken.has(`127.0.0.${last}`)) return `127.0.0.${last}`
  return '127.0.1.1'
}
