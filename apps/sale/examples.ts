import { idOf, loadNamed } from '@erp4/base'
import { Decimal, type Env, type Records } from '@erp4/orm'
import { action_confirm, action_quotation_sent } from './actions.ts'
import { create_invoices } from './invoicing.ts'

const demo = { module: 'sale', demo: true } as const
const d = Decimal.of

/** `[customer, [product, quantity, discount][], how far it has come]`. */
const orders = [
  {
    key: 'order_1',
    customer: 'narae_electronics',
    lines: [
      ['product_office_chair', 12, 0],
      ['product_desk_lamp', 12, 5],
    ],
    step: 'sale',
  },
  {
    key: 'order_2',
    customer: 'narae_electronics',
    lines: [
      ['product_shelf', 4, 0],
      ['product_assembly', 3, 0],
    ],
    step: 'sent',
  },
  {
    key: 'order_3',
    customer: 1,
    lines: [
      ['product_pencils', 20, 0],
      ['product_cable', 250, 10],
    ],
    step: 'draft',
  },
  { key: 'order_4', customer: 2, lines: [['product_consulting', 6, 0]], step: 'invoiced' },
  {
    key: 'order_5',
    customer: 3,
    lines: [
      ['product_office_chair', 2, 0],
      ['product_shelf', 1, 0],
    ],
    step: 'draft',
  },
] as const

/** Quotations and orders of the examples' customers, at every step of their life. */
export async function loadSaleExamples(sys: Env<true>): Promise<void> {
  const all = sys.withContext({ lang: 'en_US' })
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
  const known = new Set(
    (
      await all.model('ir.model.data').find(
        [
          ['module', '=', 'sale'],
          ['name', 'in', orders.map(({ key }) => key)],
        ],
        ['name'],
      )
    ).map((row) => row.name),
  )
  const named = await idOf(all, 'base', 'narae_electronics')
  const made = await loadNamed(
    all,
    'sale.order',
    orders.map(({ key, customer, lines }) => ({
      key,
      values: {},
      initial: {
        partner_id: typeof customer === 'string' ? named : customers[customer % customers.length],
        order_line: [
          ...lines.map(([product, quantity, discount]) => [
            'create',
            { product_id: products.get(product), product_uom_qty: d(quantity), discount: d(discount) },
          ]),
          ...(key === 'order_2' ? [['create', { product_id: products.get('product_desk_lamp'), is_optional: true }]] : []),
        ],
      },
    })),
    demo,
  )
  for (const { key, step } of orders) {
    if (known.has(key)) continue
    const order = all.model('sale.order').browse([made.get(key)!]) as Records<'sale.order'>
    if (step === 'sent') await action_quotation_sent(order)
    if (step === 'sale' || step === 'invoiced') await action_confirm(order)
    if (step === 'invoiced') await nameInvoices(all, key, (await create_invoices(order)) as number[])
  }
}

/** Invoices of examples are examples. */
async function nameInvoices(sys: Env<true>, key: string, ids: readonly number[]): Promise<void> {
  await sys
    .model('ir.model.data')
    .create(ids.map((res_id, i) => ({ module: 'sale', name: `${key}_invoice_${i + 1}`, model: 'account.move', res_id, demo: true })))
}

async function variantsOf(sys: Env<true>, keys: readonly string[]): Promise<Map<string, number>> {
  const rows = await sys.model('ir.model.data').find(
    [
      ['module', '=', 'product'],
      ['name', 'in', keys],
    ],
    ['name', 'res_id'],
  )
  const variants = await sys
    .model('product.product')
    .find([['product_tmpl_id', 'in', rows.map((row) => row.res_id!)]], ['product_tmpl_id'], { order: 'id' })
  return new Map(rows.map((row) => [row.name, variants.find((variant) => variant.product_tmpl_id === row.res_id)!.id]))
}
