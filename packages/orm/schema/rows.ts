import pg from 'pg'
import type { Connection } from '../databases.ts'
import type { Sql } from '../sql/fragment.ts'

// As packages/orm/databases.ts reads them: code that a migration runs must see the values that it sees in a call.
const types = new pg.TypeOverrides()
for (const oid of [1082, 1114, 1184, 1700]) types.setTypeParser(oid, (value: string) => value)
types.setTypeParser(20, (value: string) => Number(value))

/** Rows of one statement on a connection that is not lent by `Databases`: the owner's. */
export async function rowsOf<R>(client: pg.ClientBase, statement: Sql): Promise<R[]> {
  const { text, values } = statement.compile()
  const { rows } = await client.query({ text, values, types } as pg.QueryConfig)
  return rows as R[]
}

/** The owner's connection as the ORM's operations take it. */
export function asConnection(client: pg.ClientBase): Connection {
  let statements = 0
  let sent: Promise<unknown> = Promise.resolve()
  let failed: unknown
  return {
    query: async <R>(statement: Sql) => {
      statements++
      await sent
      try {
        const rows = await rowsOf<R>(client, statement)
        failed = undefined
        return rows
      } catch (error) {
        throw failed ?? error
      }
    },
    send: (statement) => {
      statements++
      sent = sent
        .then(() => rowsOf(client, statement))
        .catch((error: unknown) => {
          failed ??= error
        })
    },
    get statements() {
      return statements
    },
  }
}
