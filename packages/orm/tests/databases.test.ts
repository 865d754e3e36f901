import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Databases, sql } from '@erp4/orm'
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
