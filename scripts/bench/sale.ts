/**
 * The first sale: processor time of the server for an order of five lines and for its confirmation, by a seller over the session, one call
 * after the other. Statements are asserted in apps/sale/statements.test.ts. Odoo 19 takes 58 and 95 statements, 34 and 58 ms.
 */
import { RunningErp4, type RunningInstance } from '@erp4/testing'
import type { Measure } from '../bench.ts'
import { processorTime } from './processor-time.ts'

/** So long V8 compiles what they run: a tenth of the processor time of the first ones, and of no later one. */
const warmUp = 500
const orders = 400
const lines = 5

type Call = (model: string, method: string, args: readonly unknown[], kwargs?: object) => Promise<any>

export async function bench(): Promise<Measure[]> {
  const erp4 = await RunningErp4.start()
  try {
    const demo = erp4.instance('demo')
    const seller = await hire(demo)
    const [customer] = await seller('res.partner', 'search', [[['is_company', '=', true]]], { limit: 1 })
    const products: number[] = await seller('product.product', 'search', [[['sale_ok', '=', true]]], { limit: lines, order: 'id' })
    const values = { partner_id: customer, order_line: products.map((product_id) => [0, 0, { product_id, product_uom_qty: 2 }]) }
    const create = (): Promise<number> => seller('sale.order', 'create', [values])
    for (let i = 0; i < warmUp; i++) await seller('sale.order', 'action_confirm', [[await create()]])

    const made: number[] = []
    const creating = await spent(erp4, async () => {
      for (let i = 0; i < orders; i++) made.push(await create())
    })
    const confirming = await spent(erp4, async () => {
      for (const id of made) await seller('sale.order', 'action_confirm', [[id]])
    })
    return [
      { what: 'an order with five lines: server', value: creating.server, unit: 'ms', target: 4 },
      { what: 'an order with five lines: PostgreSQL', value: creating.database, unit: 'ms' },
      { what: 'confirming it: server', value: confirming.server, unit: 'ms', target: 6 },
      { what: 'confirming it: PostgreSQL', value: confirming.database, unit: 'ms' },
    ]
  } finally {
    await erp4.remove()
  }
}

/** Processor time for each order. */
async function spent(erp4: RunningErp4, work: () => Promise<void>): Promise<{ server: number; database: number }> {
  const now = () => [processorTime(erp4.pids('serve'), -1), processorTime([], erp4.postmaster!)] as const
  const [server, database] = now()
  await work()
  const [serverAfter, databaseAfter] = now()
  return { server: (serverAfter - server) / orders, database: (databaseAfter - database) / orders }
}

/** Somebody who sells what is his own, signed in. */
async function hire(demo: RunningInstance): Promise<Call> {
  const admin = await signIn(demo, demo.login, demo.password)
  const groups = await admin('res.groups', 'search', [[['key', '=', 'sales_team.group_sale_salesman']]])
  const password = 'the password of the seller'
  await admin('res.users', 'create', [{ name: 'Seller', login: 'seller', password, group_ids: [[6, 0, groups]] }])
  return signIn(demo, 'seller', password)
}

async function signIn({ url, db }: RunningInstance, login: string, password: string): Promise<Call> {
  const post = async (path: string, params: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ params }) })
  const session = await post('/web/session/authenticate', { db, login, password })
  const cookie = session.headers.getSetCookie()[0]!.split(';')[0]!
  return async (model, method, args, kwargs = {}) => {
    const answer = (await (await post('/web/dataset/call_kw', { model, method, args, kwargs }, { cookie })).json()) as {
      result?: unknown
      error?: { data: { message: string } }
    }
    if (answer.error) throw new Error(answer.error.data.message)
    return answer.result
  }
}
