import { type Env, type Json, type ModelFields, boolean, json, many2many, model, selection } from '@erp4/orm'
import { create_invoices } from '../invoicing.ts'

/** The dialogue by which Odoo's clients have orders invoiced: `create` with the orders as `active_ids` of the context, then `create_invoices`. */
export const sale_advance_payment_inv = model('sale.advance.payment.inv', {
  label: 'Invoice for Orders',
  transient: true,
  fields: {
    advance_payment_method: selection({ delivered: 'Regular invoice' }, { label: 'Create Invoice', required: true, default: 'delivered' }),
    sale_order_ids: many2many('sale.order', { label: 'Sales Orders', default: (env) => chosenOrders(env) }),
    consolidated_billing: boolean({ label: 'One Invoice for a Customer', default: true }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'sale.advance.payment.inv': SaleAdvancePaymentInv
  }
  interface SaleAdvancePaymentInv extends ModelFields<typeof sale_advance_payment_inv> {}
}

function chosenOrders(env: Env): readonly number[] {
  const { active_model: of, active_ids: ids } = env.context
  return (of === undefined || of === 'sale.order') && Array.isArray(ids) ? ids.filter((id) => typeof id === 'number') : []
}

/** What `sale.order.create_invoices` does, by the rights of whoever calls; answers where the drafts are to be seen. */
export const create_invoices_of_orders = sale_advance_payment_inv.action(
  'create_invoices',
  { needs: 'write', returns: json({ required: true }) },
  async (dialogues): Promise<Json> => {
    const { env } = dialogues
    const [asked] = await dialogues.read(['sale_order_ids', 'consolidated_billing'])
    const orders = env.model('sale.order').browse(asked?.sale_order_ids ?? [])
    const made = (await create_invoices(orders, { separately: asked?.consolidated_billing === false })) as number[]
    const [first, ...others] = made
    const where = others.length === 0 ? { res_id: first! } : { domain: [['id', 'in', made]] }
    return { type: 'ir.actions.act_window', name: env.t('Invoices'), res_model: 'account.move', ...where }
  },
)
