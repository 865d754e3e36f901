import { type Env, UserError, text } from '@erp4/orm'
import { askForLetter } from '@erp4/portal'
import { sale_order } from './models/sale_order.ts'

/**
 * Sends quotations to their customers: a letter in the customer's language with the document as a PDF and a link by which he reads it, asks
 * and accepts. Sent again, each letter has a link of its own, bound to the version of now. `message` takes the place of the usual words.
 * Throws a UserError for what is no quotation, and for a customer without a mail address.
 */
export const action_quotation_send = sale_order.action(
  'action_quotation_send',
  { needs: 'write', args: { message: text() } },
  async ({ env, ids }, { message }) => {
    const orders = await env
      .model('sale.order')
      .browse(ids)
      .read(['name', 'state', 'partner_id.email', 'partner_id.name', 'order_line.display_type', 'order_line.is_optional'])
    for (const order of orders) demandSendable(env, order)
    await env.asSystem('what becomes of an order is decided by its actions', async (sys) => {
      await sys
        .model('sale.order')
        .browse(orders.filter((order) => order.state === 'draft').map((order) => order.id))
        .write({ state: 'sent' })
      for (const { id, state, partner_id } of orders) {
        const purpose = state === 'sale' ? 'view' : 'sign'
        await askForLetter(sys, {
          kind: 'document',
          model: 'sale.order',
          id,
          purpose,
          partner: partner_id!.id,
          user: env.user.id,
          text: message?.trim() ? message.trim() : null,
        })
      }
    })
  },
)

interface Sendable {
  readonly name: string | null
  readonly state: string
  readonly partner_id: { readonly name: string | null; readonly email: string | null } | null
  readonly order_line: readonly { readonly display_type: string | null; readonly is_optional: boolean }[]
}

function demandSendable(env: Env, { name, state, partner_id: customer, order_line: lines }: Sendable): void {
  const words = { name: name ?? '', customer: customer?.name ?? '' }
  if (state === 'cancel') throw new UserError(env.t('{name} is cancelled: there is nothing to send.', words))
  if (!lines.some((line) => line.display_type === null && !line.is_optional))
    throw new UserError(env.t('{name} has nothing on it yet.', words))
  if (!customer?.email) throw new UserError(env.t('{customer} has no mail address. Give the contact one, then send {name}.', words))
}
