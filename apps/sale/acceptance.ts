import { type Acceptance, type Env, UserError, moment } from '@erp4/orm'
import { action_confirm, credit_warning } from './actions.ts'

// What a customer's answer makes of a quotation. All of it runs as the system, with the order locked and waiting for his answer.

/**
 * The customer's yes: the order is signed, and confirmed where nothing else stands against it. Over a credit limit that refuses it stays
 * sent, and signed: a sales administrator decides.
 */
export async function acceptOrder(sys: Env<true>, id: number, { name, image, hash }: Acceptance): Promise<'done' | 'waits'> {
  const order = sys.model('sale.order').browse([id])
  const [found] = await order.read(['company_id.credit_limit_policy', 'commercial_partner_id'])
  const isBlocking = found?.company_id.credit_limit_policy === 'block'
  // Two orders that are signed at once: the second is judged when the first has used what there was, and waits instead of failing.
  if (isBlocking && found.commercial_partner_id) await sys.model('res.partner').browse([found.commercial_partner_id]).lock()
  const waits = isBlocking && (await credit_warning(order)) !== false
  await order.write({ signed_by: name, signed_on: moment(sys.call.now()), signature: image as never, signed_hash: hash })
  if (waits) return 'waits'
  await action_confirm(order)
  return 'done'
}

/** The customer's no: the quotation is cancelled, with his reason. */
export async function declineOrder(sys: Env<true>, id: number, reason: string): Promise<void> {
  await sys
    .model('sale.order')
    .browse([id])
    .write({ state: 'cancel', declined_on: moment(sys.call.now()), decline_reason: reason === '' ? null : reason })
}

/** Makes an optional line part of the quotation, or only offered again. Throws a UserError for a line of another order. */
export async function chooseOption(sys: Env<true>, id: number, line: number, taken: boolean): Promise<void> {
  const found = await sys.model('sale.order.line').search([
    ['id', '=', line],
    ['order_id', '=', id],
    ['display_type', '=', null],
  ])
  if (found.ids.length === 0) throw new UserError('There is no such line.')
  await found.write({ is_optional: !taken })
}
