import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BusyError, Databases, type Lent, type Sql, sql } from '@erp4/orm'
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

/** One connection to an instance with an empty table, `seen`. */
const withTable = (story: (databases: Databases, key: string) => Promise<void>): Promise<void> =>
  emptyInstance(async (at) => {
    await at.run('create table seen (id int primary key)', 'grant select, insert on seen to erp4_runtime')
    const config = await configOf(at)
    const databases = new Databases(async () => config, { total: 1, perDatabase: 1 })
    try {
      await story(databases, config['database'] as string)
    } finally {
      await databases.close()
    }
  })
const insert = (id: number) => sql`insert into seen (id) values (${id}::int4)`
const count = async (databases: Databases, key: string) =>
  (await databases.use(key, (cx) => cx.query<{ n: number }>(sql`select count(*)::int4 as n from seen`)))[0]!.n

test('a transaction in which a statement failed is never acknowledged, whoever looked away', () =>
  withTable(async (databases, key) => {
    const swallowed = databases.transaction(key, async (cx) => {
      await cx.query(insert(1))
      await cx.query(insert(1)).catch(() => undefined)
      return 'done'
    })
    await assert.rejects(swallowed, /failed unseen/)
    const unwaited = databases.transaction(key, async (cx) => {
      await cx.query(insert(2))
      cx.send(insert(2))
      return 'done'
    })
    await assert.rejects(unwaited, { code: '23505' })
    const early = databases.transaction(key, async (cx) => {
      cx.commitEarly?.()
      cx.send(insert(3))
      cx.send(insert(3))
    })
    await assert.rejects(early, { code: '23505' })
    assert.equal(await count(databases, key), 0)
    // The connection is as good as before.
    await databases.transaction(key, async (cx) => cx.send(insert(4)))
    assert.equal(await count(databases, key), 1)
  }))

test('a statement that nobody waited for fails the next one with its own error, until a savepoint is gone back to', () =>
  withTable(async (databases, key) => {
    await databases.transaction(key, async (cx) => {
      cx.send(insert(1))
      await cx.query(sql`savepoint before`)
      cx.send(insert(1))
      await assert.rejects(cx.query(sql`select 1`, 'one'), { code: '23505' })
      await cx.query(sql`rollback to savepoint before`)
      // What failed then has nothing to do with what fails now.
      await assert.rejects(cx.query(sql`select 1 / 0`), { code: '22012' })
      await cx.query(sql`rollback to savepoint before`)
      assert.equal((await cx.query(sql`select 1`, 'one')).length, 1)
    })
    assert.equal(await count(databases, key), 1)
  }))

const works: Record<string, (cx: Lent) => Promise<unknown>> = {
  'answers with rows': (cx) => cx.query(sql`insert into seen (id) values (1) returning id`),
  'fails by itself': (cx) => cx.query(sql`select 1 / (${0}::int4)`),
  'waits for nothing': async (cx) => cx.send(insert(2)),
  'looks away and goes on': async (cx) => {
    await cx.query(insert(3)).catch(() => undefined)
    return cx.query(insert(4))
  },
  'answers without a statement': async () => 'done',
  'fails without a statement': async () => {
    throw new Error('its own')
  },
}

for (const [what, work] of Object.entries(works)) {
  test(`on what was presumed wrongly nothing is answered, told or kept of work that ${what}`, () =>
    withTable(async (databases, key) => {
      const wrongly = async (cx: Lent): Promise<unknown> => {
        cx.presume<{ n: number }>(sql`select 7 as n`, 'presumed', ([row]) => {
          throw new Error(`it is ${row!.n}`)
        })
        return work(cx)
      }
      await assert.rejects(databases.transaction(key, wrongly), { message: 'it is 7' })
      assert.equal(await count(databases, key), 0)
      // Of statements that commit by themselves, the answer and the error.
      await assert.rejects(databases.use(key, wrongly), { message: 'it is 7' })
    }))
}

test('what was presumed rightly costs a statement, and is in nobody’s way', () =>
  withTable(async (databases, key) => {
    const seen: unknown[] = []
    const rightly = (statement: Sql) => async (cx: Lent) => {
      cx.presume(sql`select 7 as n`, 'presumed', (rows) => seen.push(...rows))
      return { rows: await cx.query(statement), statements: cx.statements }
    }
    assert.deepEqual(await databases.transaction(key, rightly(insert(1))), { rows: [], statements: 2 })
    assert.deepEqual(await databases.use(key, rightly(sql`select id from seen`)), { rows: [{ id: 1 }], statements: 2 })
    await assert.rejects(databases.transaction(key, rightly(insert(1))), { code: '23505' })
    assert.deepEqual(seen, [{ n: 7 }, { n: 7 }, { n: 7 }])
  }))

test('a connection keeps so many statements prepared and no more, and prepares anew what it let go', () =>
  withTable(async (databases, key) => {
    await databases.use(key, async (cx) => {
      const ask = async (n: number) => (await cx.query<{ n: number }>(sql`select ${n}::int4 as n`, `q_${n}`))[0]!.n
      for (let n = 0; n < 450; n++) assert.equal(await ask(n), n)
      const [row] = await cx.query<{ n: number }>(sql`select count(*)::int4 as n from pg_prepared_statements`)
      assert.equal(row!.n, 400)
      for (const n of [0, 449, 0, 60]) assert.equal(await ask(n), n)
    })
  }))

test('a prepared statement answers the same when its columns are known, and one that cannot be asked spoils nothing', () =>
  withTable(async (databases, key) => {
    const typed = sql`select ${7}::int4 as a, ${null}::text as b, ${'ä€𝄞'}::text as c, ${[1, 2]}::int4[] as d, '1.50'::numeric as e, 3::int8 as f, '2027-01-31'::date as g, ${{ x: [1] }}::jsonb as h`
    const answer = [{ a: 7, b: null, c: 'ä€𝄞', d: [1, 2], e: '1.50', f: 3, g: '2027-01-31', h: { x: [1] } }]
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    await databases.use(key, async (cx) => {
      for (let i = 0; i < 3; i++) assert.deepEqual(await cx.query(typed, 'q_typed'), answer)
      assert.deepEqual(await cx.query(typed), answer)
      await assert.rejects(cx.query(sql`select ${circle}::jsonb`, 'q_circle'), TypeError)
      for (let i = 0; i < 2; i++) {
        assert.deepEqual(await cx.query(insert(i), 'q_insert'), [])
        assert.deepEqual(
          await cx.query(sql`select from seen where id <= ${i}::int4`, 'q_nothing'),
          Array.from({ length: i + 1 }, () => ({})),
        )
        await assert.rejects(cx.query(sql`select 1 / ${0}::int4 as x`, 'q_zero'), { code: '22012' })
      }
      // Both at once: the second goes ahead of the answer to the first.
      assert.deepEqual(await Promise.all([cx.query(typed, 'q_both'), cx.query(typed, 'q_both')]), [answer, answer])
    })
    assert.equal(await count(databases, key), 2)
  }))
