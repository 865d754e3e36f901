import { randomBytes } from 'node:crypto'
import { connectAs, createInstance, discardInstance, withClient } from '@erp4/ops'
import { Databases, type SystemTable } from '@erp4/orm'
import type pg from 'pg'
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
      await there.tamper(...roles.map((role) => `alter role "${there.as(role).user}" connection limit -1`))
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
  const rows: ThrowawayInstance['rows'] = (query, values) => asSuperuser(async (client) => (await client.query(query, values)).rows as any)
  const asSuperuser = <R>(work: (client: pg.Client) => Promise<R>): Promise<R> => withClient(as('postgres'), work)
  return {
    database,
    as,
    rows,
    databases: (role, budget) => new Databases(async () => as(role), { total: 10, ...budget }),
    // Each in a transaction of its own, but all in one connection: to open one takes longer than most statements.
    tamper: (...statements) =>
      asSuperuser(async (client) => {
        for (const statement of statements) await client.query(statement)
      }),
  }
}

async function makeTable({ as, tamper }: ThrowawayInstance, table: SystemTable): Promise<void> {
  const granted = [
    ['runtime', table.runtime],
    ['seal', table.seal ?? []],
  ] as const
  const grants = granted.filter(([, rights]) => rights.length > 0)
  await tamper(
    ...table.ddl,
    `alter table ${table.name} owner to pg_database_owner`,
    ...grants.map(([role, rights]) => `grant ${rights.join()} on ${table.name} to "${as(role).user}"`),
  )
}
