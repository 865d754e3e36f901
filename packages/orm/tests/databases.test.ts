import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BusyError, Databases, sql } from '@erp4/orm'
import { type EmptyInstance, emptyInstance } from '@erp4/testing'

const configOf = (at: EmptyInstance) =>
  at.as('runtime', async ({ host, port, user, password, database }) => ({ host, port, user, password, database }) as Record<string, any>)

test('connections that PostgreSQL ended while they idled stand in nobody’s way', () =>
  emptyInstance(async (at) => {
    const config = await configOf(at)
    const databases = new Databases(async () => config, { total: 2, perDatabase: 2, waitMs: 2_000 })
    const pid = async () => (await databases.use('it', (cx) => cx.query<{ pid: number }>(sql`select pg_backend_pid() as pid`)))[0]!.pid
    try {
      const before = [...new Set(await Promise.all([pid(), pid()]))]
      assert.equal(before.length, 2, 'the budget is used up')
      await at.as('runtime', async (db) => {
        for (const one of before) await db.query('select pg_terminate_backend($1, 5000)', [one])
      })
      const after = await Promise.all([pid(), pid()])
      assert.ok(after.every((one) => !before.includes(one)))
      assert.ok(databases.size <= 2)
    } finally {
      await databases.close()
    }
  }))

test('a transaction that PostgreSQL ended, and a database that takes no connections, are told as busy', () =>
  emptyInstance(async (at) => {
    const config = await configOf(at)
    const databases = new Databases(async (key) => ({ ...config, database: key }), { total: 2, perDatabase: 2 })
    try {
      const ended = databases.transaction(config['database'] as string, async (cx) => {
        const [row] = await cx.query<{ pid: number }>(sql`select pg_backend_pid() as pid`)
        await at.as('runtime', (db) => db.query('select pg_terminate_backend($1, 5000)', [row!.pid]))
        await cx.query(sql`select 1`)
      })
      await assert.rejects(ended, BusyError)
      // erp4_empty takes no connections at all, as a generation that a restore has replaced; the other is another's.
      for (const closed of ['erp4_empty', 'erp4_host', 'i_that_never_was_g1'])
        await assert.rejects(
          databases.use(closed, (cx) => cx.query(sql`select 1`)),
          BusyError,
          closed,
        )
    } finally {
      await databases.close()
    }
  }))
