import { join } from 'node:path'
import { Cluster, Home, HostTable, openInstanceKeys, openPassword, OpsError, roleConfig, signingPair, type Instance } from '@erp4/ops'
import type { Hosting, InstanceKeys, InstanceRecord } from '@erp4/server'
import type { SealingHost, WorkingHost } from './erp.ts'
import { say } from './terminal.ts'

/** What a child of the supervisor is handed: one login of the registry and one key, nothing from which another could be had. */
export interface HostAccess {
  home: string
  port: number
  password: string
  /** Base64: the serving key for `serve` and `work`, the sealer's for `seal`. */
  key: string
  /** Where `serve` listens, instead of the numeric host names. */
  listen?: string[] | undefined
  metricsPort?: number | undefined
}

export interface OpenHost<T> {
  host: T
  onChange(listener: () => void): void
  /** Numeric addresses among the host names: where to listen. */
  addresses(): string[]
  /** The databases that may be connected to. */
  databases(): string[]
  /** Whether the host registry answers right now. */
  isReady(): Promise<boolean>
  close(): Promise<void>
}

/** Where an instance is reached under one of its host names. */
export const originOf = (hostName: string, port: number): string => `http://${hostName}${port === 80 ? '' : `:${port}`}`

/** Names and numbers of this machine and of no other: whoever uses them comes without a proxy. */
const isLocal = (hostName: string): boolean => /(^|\.)localhost$|^[\d.]+$|:/.test(hostName)

/**
 * Where people reach an instance under a host name, as links in letters spell it: by the proxy that ends TLS before us where one is named
 * (`ERP4_TRUSTED_PROXIES`), at the usual port; else by our own.
 */
export const publicOrigin = (hostName: string, port: number, proxies = process.env.ERP4_TRUSTED_PROXIES ?? ''): string =>
  proxies.trim() !== '' && !isLocal(hostName) ? `https://${hostName}` : originOf(hostName, port)

/** The first local number among an instance's host names: Node and Python cannot resolve `*.localhost` everywhere. */
export const numericHost = (hosts: readonly string[]): string | undefined => hosts.find((host) => /^127\.\d+\.\d+\.\d+$/.test(host))

/** What the server and the workers need of this machine: instances from memory, runtime passwords, instance keys, leases. */
export async function openHosting(access: HostAccess): Promise<OpenHost<Hosting & WorkingHost>> {
  const { home, cluster, key, table, onChange } = await openTable(access, 'erp4_server')
  const records = new WeakMap<Instance, InstanceRecord>()
  const keys = new WeakMap<Instance, InstanceKeys>()
  const recordOf = (instance: Instance): InstanceRecord => remember(records, instance, () => describe(instance, access.port))
  const named = (name: string): Instance => {
    const instance = table.named(name)
    if (!instance) throw new OpsError('not_found', `There is no instance named ${JSON.stringify(name)}.`)
    return instance
  }
  const filesOf = (uuid: string): string => join(home.files, uuid)
  const host: Hosting & WorkingHost = {
    find: (hostName) => {
      const instance = table.find(hostName)
      return instance && recordOf(instance)
    },
    connect: (database) => connect(table, cluster, key, database, 'runtime'),
    markActive: (name) => table.markActive(named(name).uuid),
    askOwner: (name) => table.askOwner(named(name).uuid),
    keys: (name) => {
      const instance = named(name)
      return remember(keys, instance, () => openInstanceKeys(home, key, instance.uuid, instance.keyVersion))
    },
    due: async () => (await table.instancesToVisit()).map(recordOf),
    all: () => table.instances().filter(isWorkedOn).map(recordOf),
    visited: (name, visit) => table.visited(named(name).uuid, visit),
    filesOf,
    kindOf: (name) => table.kindOf(named(name).uuid),
  }
  return {
    host,
    onChange,
    addresses: () => access.listen ?? addressesOf(table),
    databases: () => databasesOf(table),
    isReady: () => table.answers(),
    close: () => table.close(),
  }
}

/** What the sealer needs: seal passwords, the signing key, a place for heads. */
export async function openSealingHost(access: HostAccess): Promise<OpenHost<SealingHost>> {
  const { cluster, key, table, onChange } = await openTable(access, 'erp4_sealer')
  const host: SealingHost = {
    ...signingPair(key),
    due: async () => (await table.activeInstances()).map(({ uuid, database }) => ({ uuid, database })),
    connect: (database) => connect(table, cluster, key, database, 'seal'),
    addHead: (uuid, head) => table.addAuditHead(uuid, head),
  }
  return {
    host,
    onChange,
    addresses: () => [],
    databases: () => databasesOf(table),
    isReady: () => table.answers(),
    close: () => table.close(),
  }
}

export const describe = (instance: Instance, port: number): InstanceRecord => {
  const { uuid, name, database, generation, kind, apps, hosts, suspended, fenced, copyOfName, created, expires } = instance
  return {
    uuid,
    name,
    database,
    generation,
    kind,
    apps,
    hosts,
    origin: publicOrigin(hosts[0] ?? name, port),
    isSuspended: suspended !== null,
    isFenced: fenced !== null,
    copy: kind === 'copy' ? { of: copyOfName, made: day(created), expires: expires && day(expires) } : undefined,
  }
}

const day = (at: Date): string => at.toISOString().slice(0, 10)

/** Jobs and mail are done for it. */
const isWorkedOn = ({ kind, suspended, fenced }: Instance): boolean => kind === 'live' && suspended === null && fenced === null

const databasesOf = (table: HostTable): string[] =>
  table
    .instances()
    .filter(({ suspended }) => suspended === null)
    .map(({ database }) => database)

async function openTable(access: HostAccess, login: 'erp4_server' | 'erp4_sealer') {
  const home = new Home(access.home)
  const cluster = new Cluster(home)
  const listeners: (() => void)[] = []
  const table = await HostTable.open(cluster.config('erp4_host', login, access.password), {
    changed: () => listeners.forEach((listener) => listener()),
    lost: (error) => say(`The host registry was lost (${error.message}); serving on with what is known.`),
  })
  return { home, cluster, table, key: Buffer.from(access.key, 'base64'), onChange: (listener: () => void) => void listeners.push(listener) }
}

async function connect(table: HostTable, cluster: Cluster, key: Buffer, database: string, role: 'runtime' | 'seal') {
  const instance = table.instances().find((one) => one.database === database)
  if (!instance) throw new OpsError('not_found', `There is no instance with the database ${database}.`)
  if (role === 'runtime' && instance.suspended !== null) throw new OpsError('refused', `The instance ${instance.name} is suspended.`)
  return roleConfig(cluster, instance, role, openPassword(key, instance.uuid, role, await table.secret(instance.uuid, role)))
}

/** 127.0.0.1 even before there is an instance, so that a port in use is noticed. */
const addressesOf = (table: HostTable): string[] => [
  ...new Set(['127.0.0.1', ...table.instances().flatMap(({ hosts }) => hosts.filter((host) => /^127\.\d+\.\d+\.\d+$/.test(host)))]),
]

function remember<K extends object, V>(known: WeakMap<K, V>, key: K, make: () => V): V {
  const found = known.get(key)
  if (found) return found
  const made = make()
  known.set(key, made)
  return made
}
