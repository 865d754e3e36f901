import { inCompany } from '@erp4/account'
import { Decimal, type Env, writerOf } from '@erp4/orm'

/** How much a customer may owe and owes, in the currency of the company, all of his commercial entity together. */
export interface Credit {
  readonly limit: Decimal
  /** Unpaid invoices, less credit notes, and confirmed orders as far as they are not invoiced. */
  readonly used: Decimal
}

/**
 * Of the commercial entities that have a limit in a company which uses them; the others are left out. What they owe is summed up as the
 * system: a seller is told that there is no credit left, not by which of his colleagues' orders it was used.
 */
export async function creditOf(env: Env, company: number, entities: readonly number[]): Promise<Map<number, Credit>> {
  const limited = await inCompany(env, company).model('res.partner').browse(entities).read(['credit_limit'])
  const limits = new Map(limited.flatMap((one) => (one.credit_limit === null ? [] : [[one.id, one.credit_limit] as const])))
  if (limits.size === 0) return new Map()
  const used = await env.asSystem('what a customer owes counts whoever sold it', async (sys) => {
    const ids = [...limits.keys()]
    const invoices = await sys.model('account.move').group(
      [
        ['company_id', '=', company],
        ['commercial_partner_id', 'in', ids],
        ['state', '=', 'posted'],
        ['move_type', 'in', ['out_invoice', 'out_refund']],
      ],
      ['commercial_partner_id'],
      ['amount_residual_signed:sum'],
    )
    const orders = await sys.model('sale.order').group(
      [
        ['company_id', '=', company],
        ['commercial_partner_id', 'in', ids],
        ['state', '=', 'sale'],
      ],
      ['commercial_partner_id'],
      ['amount_open:sum'],
    )
    return [
      ...invoices.map((row) => [row.commercial_partner_id ?? 0, asDecimal(row['amount_residual_signed:sum'])] as const),
      ...orders.map((row) => [row.commercial_partner_id ?? 0, asDecimal(row['amount_open:sum'])] as const),
    ]
  })
  return new Map(
    [...limits].map(([id, limit]) => [
      id,
      { limit, used: Decimal.sum(used.flatMap(([entity, amount]) => (entity === id ? [amount] : []))) },
    ]),
  )
}

/** What to tell whoever quotes to a customer that has no credit left. */
export async function creditSpent(env: Env, company: number, customer: { name: string; entity: number }): Promise<string | null> {
  const credit = (await creditOf(env, company, [customer.entity])).get(customer.entity)
  if (!credit || !credit.used.isMore(credit.limit)) return null
  return env.t('{name} is over the credit limit: {used} of {limit} are used.', {
    name: customer.name,
    ...(await inMoney(env, company, credit)),
  })
}

/** Both amounts as people write them, with the sign of the company's currency. */
export async function inMoney(env: Env, company: number, { used, limit }: Credit): Promise<{ used: string; limit: string }> {
  const [row] = await inCompany(env, company)
    .model('res.company')
    .browse([company])
    .read(['currency_id.name', 'currency_id.decimal_places'])
  const write = (amount: Decimal): string =>
    row?.currency_id ? writerOf(env.context.lang).money(amount, row.currency_id) : amount.toFixed(2)
  return { used: write(used), limit: write(limit) }
}

const asDecimal = (value: unknown): Decimal => (Decimal.isDecimal(value) ? value : Decimal.of(0))
