import { addDays } from '@erp4/account'
import { Decimal, type Env, UserError, boolean, day, json, moment } from '@erp4/orm'
import { type Credit, creditOf, inMoney } from './credit.ts'
import { salesManager } from './groups.ts'
import { isExpired, sale_order } from './models/sale_order.ts'
import { describeAgain } from './preparation.ts'

// The life of an order. What people may not write by themselves is written as the system, after the lock of the action.

const stateNames = { draft: 'Quotation', sent: 'Quotation Sent', sale: 'Sales Order', cancel: 'Cancelled' } as const

type State = keyof typeof stateNames

async function demandState(env: Env, ids: readonly number[], states: readonly State[], says: string): Promise<void> {
  const other = (await env.model('sale.order').browse(ids).read(['name', 'state'])).find((order) => !states.includes(order.state))
  if (other) throw new UserError(env.t(says, { name: other.name ?? '', state: env.t(stateNames[other.state]) }))
}

/** A quotation that went to the customer. */
export const action_quotation_sent = sale_order.action('action_quotation_sent', { needs: 'write' }, async ({ env, ids }) => {
  await demandState(env, ids, ['draft', 'sent'], '{name} is no longer a quotation.')
  await env.asSystem('what becomes of an order is decided by its actions', async (sys) => {
    await sys.model('sale.order').browse(ids).write({ state: 'sent' })
  })
})

/**
 * Makes quotations orders, once, however many people do it at the same time. Throws a UserError for what is no quotation, has nothing on it,
 * comes to less than nothing, or goes over a credit limit that refuses.
 */
export const action_confirm = sale_order.action('action_confirm', { needs: 'write' }, async ({ env, ids }) => {
  const orders = await env
    .model('sale.order')
    .browse(ids)
    .read([
      'name',
      'state',
      'amount_total',
      'currency_rate',
      'commercial_partner_id',
      'company_id.account_use_credit_limit',
      'company_id.credit_limit_policy',
      'company_id.sale_lock_confirmed',
      'order_line.display_type',
      'order_line.is_optional',
    ])
  for (const order of orders) {
    const name = order.name ?? ''
    if (order.state !== 'draft' && order.state !== 'sent') throw new UserError(env.t('{name} is no longer a quotation.', { name }))
    if (!order.order_line.some((line) => line.display_type === null && !line.is_optional))
      throw new UserError(env.t('{name} has nothing on it yet.', { name }))
    if ((order.amount_total ?? zero).isNegative()) throw new UserError(env.t('{name} comes to less than nothing.', { name }))
  }
  const blocking = orders.filter((order) => order.company_id?.account_use_credit_limit && order.company_id.credit_limit_policy === 'block')
  const limited = blocking.length === 0 ? [] : await holdCredit(env, blocking.map(asExposure), !env.isIn(salesManager))
  // What a limit let through stays as it was judged: more of it is for who decides on limits, and unlocks.
  const locking = new Set([...orders.filter((order) => order.company_id?.sale_lock_confirmed), ...limited].map((order) => order.id))
  const now = moment(env.call.now())
  await env.asSystem('what becomes of an order is decided by its actions', async (sys) => {
    await sys
      .model('sale.order')
      .browse(ids)
      .write((id) => ({ state: 'sale', date_order: now, locked: locking.has(id) }))
  })
})

const zero = Decimal.of(0)

/** What an order adds to what a customer owes, in the currency of the company. */
interface Exposure {
  readonly id: number
  readonly name: string
  readonly company: number
  readonly entity: number
  readonly amount: Decimal
}

const asExposure = (order: {
  readonly id: number
  readonly name: string | null
  readonly amount_total: Decimal | null
  readonly currency_rate: Decimal
  readonly commercial_partner_id: number | null
  readonly company_id: { readonly id: number } | null
}): Exposure => ({
  id: order.id,
  name: order.name ?? '',
  company: order.company_id?.id ?? 0,
  entity: order.commercial_partner_id ?? 0,
  amount: (order.amount_total ?? zero).dividedBy(order.currency_rate),
})

/**
 * Finds those orders whose customer has a limit and, where it `refuses`, throws a UserError for one that goes over it, together with those
 * before it. The customer is locked meanwhile: two orders that fit one by one do not both fit.
 */
async function holdCredit(env: Env, orders: readonly Exposure[], refuses: boolean): Promise<Exposure[]> {
  await env.asSystem('the credit of a customer is used by one order at a time', (sys) =>
    sys
      .model('res.partner')
      .browse(orders.map(({ entity }) => entity))
      .lock(),
  )
  const limited: Exposure[] = []
  for (const [company, some] of Map.groupBy(orders, (order) => order.company)) {
    const credits = await creditOf(env, company, [...new Set(some.map(({ entity }) => entity))])
    const added = new Map<number, Decimal>()
    for (const order of some) {
      const credit = credits.get(order.entity)
      if (!credit) continue
      const before = added.get(order.entity) ?? zero
      if (refuses && isOver(credit, before.plus(order.amount))) throw new UserError(await overLimit(env, company, credit, order.name))
      added.set(order.entity, before.plus(order.amount))
      limited.push(order)
    }
  }
  return limited
}

const isOver = ({ limit, used }: Credit, amount: Decimal): boolean => used.plus(amount).isMore(limit)

const overLimit = async (env: Env, company: number, credit: Credit, name: string): Promise<string> =>
  env.t('{name} goes over the credit limit of its customer: {used} of {limit} are used.', {
    name,
    ...(await inMoney(env, company, credit)),
  })

/** What to tell a seller before he confirms: a sentence where an order goes over the credit limit of its customer, false where it does not. */
export const credit_warning = sale_order.action(
  'credit_warning',
  { needs: 'read', readonly: true, returns: json({ required: true }) },
  async ({ env, ids }) => {
    const orders = await env
      .model('sale.order')
      .browse(ids)
      .read(['name', 'state', 'amount_total', 'currency_rate', 'commercial_partner_id', 'company_id.account_use_credit_limit'])
    for (const order of orders) {
      if (!order.company_id?.account_use_credit_limit || (order.state !== 'draft' && order.state !== 'sent')) continue
      const { name, company, entity, amount } = asExposure(order)
      const credit = (await creditOf(env, company, [entity])).get(entity)
      if (credit && isOver(credit, amount)) return overLimit(env, company, credit, name)
    }
    return false
  },
)

/** Takes quotations and orders back. What is invoiced stays: drafts go with the order, posted invoices are credited first. */
export const action_cancel = sale_order.action('action_cancel', { needs: 'write' }, async ({ env, ids }) => {
  const orders = await env.model('sale.order').browse(ids).read(['name', 'state', 'locked'])
  const locked = orders.find((order) => order.locked)
  if (locked) throw new UserError(env.t('{name} is locked. Unlock it first.', { name: locked.name ?? '' }))
  const cancelled = orders.find((order) => order.state === 'cancel')
  if (cancelled) throw new UserError(env.t('{name} is cancelled already.', { name: cancelled.name ?? '' }))
  await env.asSystem('what becomes of an order is decided by its actions', async (sys) => {
    const invoices = await sys
      .model('account.move')
      .find(
        [['invoice_line_ids', 'any', [['sale_line_ids', 'any', [['order_id', 'in', ids]]]]]],
        ['name', 'state', 'move_type', 'invoice_line_ids.sale_line_ids.qty_invoiced'],
      )
    const posted = invoices.find(
      (move) =>
        move.state === 'posted' &&
        move.invoice_line_ids.some((line) => line.sale_line_ids.some((sold) => (sold.qty_invoiced ?? zero).isMore(zero))),
    )
    if (posted) throw new UserError(sys.t('{name} is posted. Credit it before its order is cancelled.', { name: posted.name ?? '' }))
    await sys
      .model('account.move')
      .browse(invoices.filter((move) => move.state === 'draft').map((move) => move.id))
      .write({ state: 'cancel' })
    await sys.model('sale.order').browse(ids).write({ state: 'cancel' })
  })
})

/** Cancelled orders, and quotations that were sent, are drafts again; nobody has signed what comes of them. */
export const action_draft = sale_order.action('action_draft', { needs: 'write' }, async ({ env, ids }) => {
  await demandState(env, ids, ['cancel', 'sent'], '{name} is {state}; only what is cancelled or sent becomes a quotation again.')
  const today = day(env.call.now().toISOString().slice(0, 10))
  const orders = await env.model('sale.order').browse(ids).read(['state', 'validity_date', 'company_id.quotation_validity_days'])
  // What is past its day already would be a quotation that nobody can accept.
  const until = new Map(
    orders.flatMap((order) =>
      isExpired({ ...order, state: 'draft' }, today)
        ? [[order.id, addDays(today, order.company_id?.quotation_validity_days ?? 0)] as const]
        : [],
    ),
  )
  await env.asSystem('what becomes of an order is decided by its actions', async (sys) => {
    await sys
      .model('sale.order')
      .browse(ids)
      .write((id) => ({
        state: 'draft',
        signed_by: null,
        signed_on: null,
        signature: null,
        signed_hash: null,
        declined_on: null,
        decline_reason: null,
        ...(until.has(id) ? { validity_date: until.get(id)! } : {}),
      }))
  })
})

/** What was agreed stays as it is. */
export const action_lock = sale_order.action('action_lock', { needs: 'write' }, async ({ env, ids }) => {
  await demandState(env, ids, ['sale'], '{name} is no confirmed order.')
  await env.asSystem('what becomes of an order is decided by its actions', async (sys) => {
    await sys.model('sale.order').browse(ids).write({ locked: true })
  })
})

/** For who decides on sales: what was agreed may change again. What was signed may not. */
export const action_unlock = sale_order.action('action_unlock', { needs: 'write' }, async ({ env, ids }) => {
  if (!env.isIn(salesManager)) throw new UserError(env.t('Only a sales administrator unlocks orders.'))
  await env.asSystem('what becomes of an order is decided by its actions', async (sys) => {
    await sys.model('sale.order').browse(ids).write({ locked: false })
  })
})

/** All prices as the pricelist says now. */
export const action_update_prices = sale_order.action('action_update_prices', { needs: 'write' }, async ({ env, ids }) => {
  const lines = await env.model('sale.order.line').search([
    ['order_id', 'in', ids],
    ['product_id', '!=', null],
    ['display_type', '=', null],
  ])
  await describeAgain(env, lines.ids, ['price_unit'])
})

/** All taxes as the fiscal position says now, and prices that contained a tax which does not apply. */
export const action_update_taxes = sale_order.action('action_update_taxes', { needs: 'write' }, async ({ env, ids }) => {
  const lines = await env.model('sale.order.line').search([
    ['order_id', 'in', ids],
    ['product_id', '!=', null],
    ['display_type', '=', null],
  ])
  await describeAgain(env, lines.ids, ['tax_ids', 'price_unit'])
})

/** What was only offered becomes part of the quotation, or is only offered again. */
export const action_take_option = sale_order.action(
  'action_take_option',
  { needs: 'write', args: { lines: json({ required: true }), taken: boolean({ default: true }) } },
  async ({ env, ids }, { lines, taken = true }) => {
    await demandState(env, ids, ['draft', 'sent'], '{name} is no longer a quotation.')
    const wanted = Array.isArray(lines) ? lines.filter((id): id is number => typeof id === 'number') : []
    const found = await env.model('sale.order.line').search([
      ['id', 'in', wanted],
      ['order_id', 'in', ids],
    ])
    await found.write({ is_optional: !taken })
  },
)
