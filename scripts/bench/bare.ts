/** The yardstick of bench/rpc.ts: nothing but Fastify and `pg`, with the very statements that our server sends. Started as a child process. */
import Fastify from 'fastify'
import pg from 'pg'

export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
  readonly name?: string
  readonly rows?: readonly any[]
}

export interface Replay {
  readonly statements: readonly Statement[]
  readonly isTransaction: boolean
  /** The id the statements were captured with, to be replaced by each call's own. */
  readonly id: number | null
}

process.once('message', (order: { config: pg.ClientConfig; replays: Record<string, Replay> }) => void serve(order.config, order.replays))

async function serve(config: pg.ClientConfig, replays: Record<string, Replay>): Promise<void> {
  const pool = new pg.Pool({ ...config, max: 6, min: 6 })
  const app = Fastify()
  for (const [i, replay] of Object.values(replays).entries()) {
    const statements = replay.statements.map(withoutTrail)
    app.post(`/${i}`, async (request, reply) => {
      const client = await pool.connect()
      try {
        const { id } = request.body as { id: number }
        reply.type('application/json')
        return await run(client, statements, replay, id)
      } finally {
        client.release()
      }
    })
  }
  await app.listen({ host: '127.0.0.1', port: 0 })
  process.send!((app.server.address() as { port: number }).port)
}

/** The row of the audit trail is ours alone: the yardstick does without, and without the parameters that only the trail had. */
function withoutTrail(statement: Statement): Statement {
  const text = statement.text.replace(/, a as \(insert into audit_in .*?(?:from n x|'\{\}'::jsonb)\)(?=\s+select [(a])/s, '')
  const used = [...new Set([...text.matchAll(/\$(\d+)/g)].map(([, digits]) => Number(digits)))].sort((x, y) => x - y)
  return {
    ...statement,
    text: text.replace(/\$(\d+)/g, (_, digits: string) => `$${used.indexOf(Number(digits)) + 1}`),
    values: used.map((n) => statement.values[n - 1]),
  }
}

async function run(client: pg.PoolClient, statements: readonly Statement[], replay: Replay, id: number): Promise<string> {
  if (replay.isTransaction) await client.query('begin')
  let swap = replay.id === null ? null : { from: replay.id, to: id }
  let last = ''
  for (const { text, values, name, rows } of statements) {
    const result = await client.query({
      text,
      values: swap ? values.map((value) => swapped(value, swap!)) : [...values],
      ...(name ? { name } : {}),
    })
    // What is made gets a new id each time, and the statements after it are about that one.
    const made = rows?.[0]?.ids?.[0]
    if (made !== undefined && result.rows[0]?.ids) swap = { from: made, to: result.rows[0].ids[0] }
    last = String(Object.values(result.rows[0] ?? {})[0] ?? '')
  }
  if (replay.isTransaction) await client.query('commit')
  return last
}

function swapped(value: unknown, { from, to }: { from: number; to: number }): unknown {
  if (Array.isArray(value)) return value.map((one) => (one === from ? to : one))
  return typeof value === 'string' && value.includes(`"id":${from},`) ? value.replaceAll(`"id":${from},`, `"id":${to},`) : value
}
