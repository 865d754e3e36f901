import pg from 'pg'
import { Cluster, type ClusterOptions } from './cluster.ts'
import type { Home } from './home.ts'
import { HostKeys } from './keys.ts'
import { settleHostKey } from './keys/host-key.ts'
import { settleLogins } from './keys/logins.ts'
import { provision, provisionVersion } from './provision.ts'
import { newPassword } from './scram.ts'

/** A running host as ops sees it: its cluster, its keys, and its registry through `erp4_ops`. */
export class Host {
  readonly home: Home
  readonly cluster: Cluster
  readonly keys: HostKeys
  /** `erp4_host` as `erp4_ops`. */
  readonly db: pg.Pool

  constructor(home: Home, cluster: Cluster, keys: HostKeys) {
    this.home = home
    this.cluster = cluster
    this.keys = keys
    this.db = new pg.Pool({
      ...cluster.config('erp4_host', 'erp4_ops', ''),
      // Asked for with each connection: a rotation may have changed it since.
      password: () => keys.login('erp4_ops')!,
      max: 4,
      idleTimeoutMillis: 10_000,
      allowExitOnIdle: true,
    })
    this.db.on('error', () => {}) // an idle connection that broke is opened anew
  }

  close(): Promise<void> {
    return this.db.end()
  }
}

/**
 * Brings up the host of a home: makes keys, data and registry where there are none, starts PostgreSQL where it does not run.
 * `tell` hears each step as it begins. Everything can be interrupted and run again.
 */
export async function startHost(
  home: Home,
  options: ClusterOptions & { tell?: (step: string) => void } = {},
): Promise<{ host: Host; found: 'started' | 'found running' }> {
  const tell = options.tell ?? (() => {})
  const keys = HostKeys.open(home)
  const cluster = new Cluster(home, options)
  if (home.facts().provisioned === 0) tell('Making a private PostgreSQL cluster')
  if (!keys.login('postgres')) keys.sealLogin('postgres', newPassword())
  await cluster.initialise(keys.login('postgres')!)
  tell('Starting PostgreSQL')
  const found = await cluster.start()
  if (home.facts().provisioned < provisionVersion) {
    tell('Closing what PostgreSQL leaves open, making the host registry')
    await provision(cluster, keys)
  }
  await settleLogins(cluster, keys)
  const host = new Host(home, cluster, keys)
  await settleHostKey(host)
  return { host, found }
}
