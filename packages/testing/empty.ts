import { connectAs, createInstance, discardInstance, type InstanceRole, withClient } from '@erp4/ops'
import type pg from 'pg'
import { withCluster } from './cluster.ts'

/** A database with nothing in it yet, and the three logins of an instance. */
export interface EmptyInstance {
  /** A connection of the role for `work`. */
  as<T>(role: InstanceRole, work: (db: pg.Client) => Promise<T>): Promise<T>
  /** Statements of the owner of all tables, one by one. */
  run(...statements: string[]): Promise<void>
  rows(query: string): Promise<any[]>
}

let made = 0

/** For tests of what makes an instance, its schema and its rights; everything else wants a `world`. It is gone when `story` ends. */
export async function emptyInstance<T>(story: (at: EmptyInstance) => Promise<T>): Promise<T> {
  const host = await withCluster()
  const name = `empty-${process.pid}-${++made}`
  const order = { name, hosts: [`${name}.localhost`], apps: [], release: 'test', template: 'erp4_empty', prepare: async () => undefined }
  const { instance } = await createInstance(host, order)
  const as: EmptyInstance['as'] = async (role, work) => withClient(await connectAs(host, instance, role), work)
  const owned = <R>(work: (db: pg.Client) => Promise<R>): Promise<R> =>
    as('owner', async (db) => {
      await db.query('set role pg_database_owner')
      return work(db)
    })
  const run = (...statements: string[]) =>
    owned(async (db) => {
      for (const statement of statements) await db.query(statement)
    })
  try {
    return await story({ as, run, rows: (query) => owned(async (db) => (await db.query(query)).rows) })
  } finally {
    await discardInstance(host, name)
  }
}
