import { execFile } from 'node:child_process'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join as path } from 'node:path'
import { promisify } from 'node:util'
import { Databases, type SystemTable } from '@erp4/orm'
import pg from 'pg'

const run = promisify(execFile)
const binaries = '/usr/lib/postgresql/15/bin'

/** A PostgreSQL for the length of a test file: a folder of its own, a unix socket, gone with `stop`. */
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

export async function startCluster(): Promise<ThrowawayCluster> {
  const home = await mkdtemp(path(tmpdir(), 'erp4-pg-'))
  const isRoot = process.getuid?.() === 0
  // PostgreSQL refuses to run as root.
  const [program, opening] = isRoot ? (['runuser', ['-u', 'postgres', '--']] as const) : (['env', []] as const)
  if (isRoot) {
    const { stdout } = await run('id', ['-u', 'postgres'])
    await chown(home, Number(stdout), -1)
  }
  const postgres = (name: string, ...args: string[]) => run(program, [...opening, path(binaries, name), ...args], { cwd: home })
  const data = path(home, 'data')
  await postgres('initdb', '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions')
  const settings = `-c listen_addresses='' -c unix_socket_directories='${home}' -c fsync=off -c max_connections=60 -c shared_buffers=64MB`
  await postgres('pg_ctl', '-D', data, '-l', path(home, 'log'), '-w', '-o', settings, 'start')

  let made = 0
  return {
    instance: async (tables) => {
      const instance = access(home, `i_${++made}`)
      await createInstance(home, instance, tables)
      return instance
    },
    stop: async () => {
      await postgres('pg_ctl', '-D', data, '-m', 'immediate', '-w', 'stop')
      await rm(home, { recursive: true, force: true })
    },
  }
}

function access(host: string, database: string): ThrowawayInstance {
  const as: ThrowawayInstance['as'] = (role) => ({ host, database, user: role === 'postgres' ? role : `${database}_${role}` })
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

async function createInstance(host: string, { database, tamper }: ThrowawayInstance, tables: readonly SystemTable[]): Promise<void> {
  for (const role of ['owner', 'runtime', 'seal']) await once({ host, user: 'postgres' }, `create role ${database}_${role} login`)
  await once({ host, user: 'postgres' }, `create database ${database} owner ${database}_owner`)
  for (const table of tables) {
    await tamper(...table.ddl, `alter table ${table.name} owner to pg_database_owner`)
    for (const [role, grants] of [
      ['runtime', table.runtime],
      ['seal', table.seal ?? []],
    ] as const) {
      if (grants.length > 0) await tamper(`grant ${grants.join()} on ${table.name} to ${database}_${role}`)
    }
  }
}

async function once(config: pg.ClientConfig, statement: string, values: unknown[] = []): Promise<unknown[]> {
  const client = new pg.Client({ database: 'postgres', ...config })
  await client.connect()
  try {
    return (await client.query(statement, values)).rows
  } finally {
    await client.end()
  }
}
