import { randomBytes } from 'node:crypto'
import { connectAs, createInstance, discardInstance } from '@erp4/ops'
import { Databases, type SystemTable } from '@erp4/orm'
import pg from 'pg'
import { withCluster } from './cluster.ts'

/** Databases with some tables of the server and nothing else, for its tests; all gone with `stop`. */
export interface ThrowawayCluster {
  /** A new database with these tables, owned and granted as an instance's. */
  instance(tables: readonly SystemTable[]): Promise<ThrowawayInstance>
  stop(): Promise<void>
}

export interface ThrowawayInstance {
  database: string
  /** How to connect as one of the instance's roles, or as the superuser. */
  as(role: 'runtime' | 'seal' | 'owner' | 'postgres'): pg.ClientConfig
  databases(role: 'runtime' | 'seal' | 'owner' | 'postgres', budget?: ConstructorParameters<typeof Databases>[1]): Databases
  /** Runs statements as the superuser. */
  tamper(...statements: string[]): Promise<void>
  /** Rows of a query, as the superuser. */
  rows<R = Record<string, any>>(query: string, values?: unknown[]): Promise<R[]>
}

const roles = ['owner', 'runtime', 'seal'] as const

/** On the cluster that all test files of a run share, hardened as a real one. */
export async function startCluster(): Promise<ThrowawayCluster> {
  const host = await withCluster()
  const made: string[] = []
  return {
    instance: async (tables) => {
      const name = `bare-${randomBytes(6).toString('hex')}`
      const order = { name, hosts: [], apps: [], release: 'test', template: 'erp4_empty', prepare: () => Promise.resolve() }
      const { instance } = await createInstance(host, order)
      made.push(name)
      const configs = new Map<string, pg.ClientConfig>()
      for (const role of roles) configs.set(role, await connectAs(host, instance, role))
      configs.set('postgres', host.cluster.config(instance.database, 'postgres', host.keys.login('postgres')!))
      const there = access(instance.database, configs)
      // More processes play the server here than one instance is allowed connections for.
      for (const role of roles) await there.tamper(`alter role "${there.as(role).user}" connection limit -1`)
      for (const table of tables) await makeTable(there, table)
      return there
    },
    stop: async () => {
      for (const name of made.splice(0)) await discardInstance(host, name)
    },
  }
}

function access(database: string, configs: ReadonlyMap<string, pg.ClientConfig>): ThrowawayInstance {
  const as: ThrowawayInstance['as'] = (role) => configs.get(role)!
  const rows: ThrowawayInstance['rows'] = async (query, values) => (await once(as('postgres'), query, values)) as any
  return {
    database,
    as,
    rows,
    databases: (role, budget) => new Databases(async () => as(role), { total: 10, ...budget }),
    tamper: async (...statements) => {
      for (const statement of statements) await once(as('postgres'), statement)
    },
  }
}

async function makeTable({ as, tamper }: ThrowawayInstance, table: SystemTable): Promise<void> {
  await tamper(...table.ddl, `alter table ${table.name} owner to pg_database_owner`)
  for (const [role, grants] of [
    ['runtime', table.runtime],
    ['seal', table.seal ?? []],
  ] as const) {
    if (grants.length > 0) await tamper(`grant ${grants.join()} on ${table.name} to "${as(role).user}"`)
  }
}

async function once(config: pg.ClientConfig, statement: string, values: unknown[] = []): Promise<unknown[]> {
  const client = new pg.Client(config)
  await client.connect()
  try {
    return (await client.query(statement, values)).rows
  } finally {
    await client.end()
  }
}
