import { type Env, type PaperLetters, UserError, json } from '@erp4/orm'
import { letterDialogue, sendPaper } from '@erp4/portal'
import { sale_order } from './models/sale_order.ts'

/** How quotations and orders go out. Each letter has a link of its own, bound to the version of then. */
export const orderLetters: PaperLetters = {
  async begin(env, id) {
    const [order] = await env
      .model('sale.order')
      .browse([id])
      .read(['name', 'state', 'partner_id', 'order_line.display_type', 'order_line.is_optional'])
    demandSendable(env, order!)
    const isOrder = order!.state === 'sale'
    return {
      template: isOrder ? 'sale.mail_template_sale_confirmation' : 'sale.email_template_edi_sale',
      purpose: isOrder ? 'view' : 'sign',
      to: [order!.partner_id],
    }
  },

  async sent(sys, id) {
    const order = sys.model('sale.order').browse([id])
    const isNews = (await order.read(['state']))[0]?.state === 'draft'
    if (isNews) await order.write({ state: 'sent' })
    return isNews
  },

  async recalled(sys, id) {
    const order = sys.model('sale.order').browse([id])
    if ((await order.read(['state']))[0]?.state === 'sent') await order.write({ state: 'draft' })
  },
}

/**
 * Sends quotations and orders to their customers: a letter in the customer's language, as its template says, with the document as a PDF and a
 * link by which he reads it, asks and accepts. Throws a UserError for what cannot be sent, and for a customer without a mail address.
 */
export const action_quotation_send = sale_order.action('action_quotation_send', { needs: 'write' }, async ({ env, ids }) => {
  for (const id of ids) await sendPaper(env, 'sale.order', id)
})

/** Opens the dialogue in which the letter is written. */
export const action_quotation_compose = sale_order.action(
  'action_quotation_compose',
  { needs: 'write', readonly: true, returns: json({ required: true }) },
  async ({ env, ids }) => letterDialogue(env, 'sale.order', ids),
)

interface Sendable {
  readonly name: string | null
  readonly state: string
  readonly order_line: readonly { readonly display_type: string | null; readonly is_optional: boolean }[]
}

function demandSendable(env: Env, { name, state, order_line: lines }: Sendable): void {
  const words = { name: name ?? '' }
  if (state === 'cancel') throw new UserError(env.t('{name} is cancelled: there is nothing to send.', words))
  if (!lines.some((line) => line.display_type === null && !line.is_optional))
    throw new UserError(env.t('{name} has nothing on it yet.', words))
}
