import { type PaperLetters, UserError, json } from '@erp4/orm'
import { letterDialogue } from '@erp4/portal'
import { account_move } from './models/account_move.ts'

/** How invoices and credit notes go to customers: posted ones alone, with a link to read them online. */
export const invoiceLetters: PaperLetters = {
  async begin(env, id) {
    const [move] = await env.model('account.move').browse([id]).read(['display_name', 'state', 'move_type', 'partner_id'])
    const name = move?.display_name ?? ''
    if (move?.move_type !== 'out_invoice' && move?.move_type !== 'out_refund')
      throw new UserError(env.t('{name} is no document for a customer.', { name }))
    if (move.state !== 'posted')
      throw new UserError(env.t('{name} is not posted: what a customer gets stays as it is, so post it first.', { name }))
    return {
      template: move.move_type === 'out_refund' ? 'account.email_template_edi_credit_note' : 'account.email_template_edi_invoice',
      purpose: 'view',
      to: move.partner_id === null ? [] : [move.partner_id],
    }
  },

  async sent(sys, id) {
    const move = sys.model('account.move').browse([id])
    const isNews = (await move.read(['is_move_sent']))[0]?.is_move_sent === false
    if (isNews) await move.write({ is_move_sent: true })
    return isNews
  },

  recalled: (sys, id) => sys.model('account.move').browse([id]).write({ is_move_sent: false }),
}

/** Opens the dialogue in which the letter with an invoice is written. */
export const action_invoice_sent = account_move.action(
  'action_invoice_sent',
  { needs: 'write', readonly: true, returns: json({ required: true }) },
  async ({ env, ids }) => letterDialogue(env, 'account.move', ids),
)
