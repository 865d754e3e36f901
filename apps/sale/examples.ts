import { loadNamed } from '@erp4/base'
import { Decimal, type Env, type Records, moment } from '@erp4/orm'
import { action_cancel, action_confirm, action_quotation_sent } from './actions.ts'
import { create_invoices } from './invoicing.ts'

const demo = { module: 'sale', demo: true } as const
const d = Decimal.of

/** Who sold what to whom, and how far it has come: lines are `[product, quantity, discount]`; customers and people by name or in turn. */
interface Example {
  readonly key: string
  readonly customer: string | number
  readonly salesperson: string
  readonly lines: readonly (readonly [product: string, quantity: number, discount: number])[]
  readonly step: 'draft' | 'sent' | 'sale' | 'invoiced' | 'cancel'
  readonly daysAgo: number
}

const recent: readonly Example[] = [
  {
    key: 'order_1',
    customer: 'narae_electronics',
    salesperson: 'user_garam',
    lines: [
      ['product_office_chair', 12, 0],
      ['product_desk_lamp', 12, 5],
    ],
    step: 'sale',
    daysAgo: 5,
  },
  {
    key: 'order_2',
    customer: 'narae_electronics',
    salesperson: 'user_garam',
    lines: [
      ['product_shelf', 4, 0],
      ['product_assembly', 3, 0],
    ],
    step: 'sent',
    daysAgo: 2,
  },
  {
    key: 'order_3',
    customer: 1,
    salesperson: 'user_bob',
    lines: [
      ['product_pencils', 20, 0],
      ['product_cable', 250, 10],
    ],
    step: 'draft',
    daysAgo: 1,
  },
  { key: 'order_4', customer: 2, salesperson: 'user_ann', lines: [['product_consulting', 6, 0]], step: 'invoiced', daysAgo: 9 },
  {
    key: 'order_5',
    customer: 3,
    salesperson: 'user_ann',
    lines: [
      ['product_office_chair', 2, 0],
      ['product_shelf', 1, 0],
    ],
    step: 'draft',
    daysAgo: 0,
  },
]

const sold = ['product_office_chair', 'product_desk_lamp', 'product_consulting', 'product_shelf', 'product_assembly'] as const
const sellers = ['user_ann', 'user_garam', 'user_ann', 'user_bob'] as const

/** Half a year of orders, the oldest first: business that grows, with a lost one here and there, so that charts have something to say. */
const past: readonly Example[] = Array.from({ length: 24 }, (_, i) => ({
  key: `past_${i + 1}`,
  customer: (i * 5) % 13,
  salesperson: sellers[i % sellers.length]!,
  lines: [
    [sold[i % sold.length]!, 2 + ((i * 7) % 5) + Math.floor(i / 4), i % 6 === 0 ? 10 : 0],
    [sold[(i + 2) % sold.length]!, 1 + ((i * 3) % 4), 0],
  ],
  step: i % 9 === 4 ? 'cancel' : 'sale',
  daysAgo: 190 - i * 7 - (i % 3),
}))

/** Quotations and orders of the examples' customers, at every step of their life. */
export async function loadSaleExamples(sys: Env<true>): Promise<void> {
  const all = sys.withContext({ lang: 'en_US' })
  const orders = [...past, ...recent]
  const products = await variantsOf(all, [...new Set(orders.flatMap((order) => order.lines.map(([key]) => key)))])
  const customers = (
    await all.model('res.partner').search(
      [
        ['is_company', '=', true],
        ['id', '!=', 1],
        ['user_ids', 'not any', []],
      ],
      { order: 'id', limit: 20 },
    )
  ).ids
  const known = new Set((await namesOf(all, 'sale', keysOf(orders))).keys())
  const people = await namesOf(all, 'base', [...sellers, 'narae_electronics'])
  const dateOf = ({ daysAgo }: Example) => moment(new Date(all.call.now().getTime() - daysAgo * 86_400_000))
  const made = await loadNamed(
    all,
    'sale.order',
    orders.map((order) => ({
      key: order.key,
      values: {},
      initial: {
        partner_id: typeof order.customer === 'string' ? people.get(order.customer) : customers[order.customer % customers.length],
        user_id: people.get(order.salesperson),
        date_order: dateOf(order),
        order_line: [
          ...order.lines.map(([product, quantity, discount]) => [
            'create',
            { product_id: products.get(product), product_uom_qty: d(quantity), discount: d(discount) },
          ]),
          ...(order.key === 'order_2' ? [['create', { product_id: products.get('product_desk_lamp'), is_optional: true }]] : []),
        ],
      },
    })),
    demo,
  )
  const fresh = orders.filter(({ key }) => !known.has(key))
  const at = (...steps: readonly Example['step'][]): Records<'sale.order'> =>
    all.model('sale.order').browse(fresh.filter(({ step }) => steps.includes(step)).map(({ key }) => made.get(key)!))
  await action_quotation_sent(at('sent'))
  await action_confirm(at('sale', 'invoiced'))
  await action_cancel(at('cancel'))
  // A confirmation moves the date to the present; these were confirmed when they were made.
  const dates = new Map(fresh.map((order) => [made.get(order.key)!, dateOf(order)]))
  await at('sale', 'invoiced').write((id) => ({ date_order: dates.get(id)! }))
  for (const { key, step } of fresh) {
    if (step === 'invoiced')
      await nameInvoices(all, key, (await create_invoices(all.model('sale.order').browse([made.get(key)!]))) as number[])
  }
}

const keysOf = (orders: readonly Example[]): string[] => orders.map(({ key }) => key)

/** Ids by external names. */
async function namesOf(sys: Env<true>, module: string, names: readonly string[]): Promise<Map<string, number>> {
  const rows = await sys.model('ir.model.data').find(
    [
      ['module', '=', module],
      ['name', 'in', [...names]],
    ],
    ['name', 'res_id'],
  )
  return new Map(rows.map((row) => [row.name, row.res_id!]))
}

/** Invoices of examples are examples. */
async function nameInvoices(sys: Env<true>, key: string, ids: readonly number[]): Promise<void> {
  await sys
    .model('ir.model.data')
    .create(ids.map((res_id, i) => ({ module: 'sale', name: `${key}_invoice_${i + 1}`, model: 'account.move', res_id, demo: true })))
}

async function variantsOf(sys: Env<true>, keys: readonly string[]): Promise<Map<string, number>> {
  const templates = await namesOf(sys, 'product', keys)
  const variants = await sys
    .model('product.product')
    .find([['product_tmpl_id', 'in', [...templates.values()]]], ['product_tmpl_id'], { order: 'id' })
  return new Map([...templates].map(([name, id]) => [name, variants.find((variant) => variant.product_tmpl_id === id)!.id]))
}
