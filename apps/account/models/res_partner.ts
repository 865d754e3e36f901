import { Decimal, type FieldsOf, decimal, extend, many2one, one2many } from '@erp4/orm'

export const res_partner = extend('res.partner', {
  fields: {
    property_payment_term_id: many2one('account.payment.term', { companyDependent: true, label: 'Customer Payment Terms' }),
    property_account_position_id: many2one('account.fiscal.position', { companyDependent: true, label: 'Fiscal Position' }),
    property_account_receivable_id: many2one('account.account', { companyDependent: true, label: 'Account Receivable' }),
    property_account_payable_id: many2one('account.account', { companyDependent: true, label: 'Account Payable' }),
    credit_limit: decimal({
      digits: 3,
      companyDependent: true,
      label: 'Credit Limit',
      help: 'In the currency of the company, for the commercial entity as a whole. Empty: no limit.',
    }),
    invoice_ids: one2many('account.move', 'partner_id', {
      label: 'Invoices',
      copy: false,
      domain: [['move_type', 'in', ['out_invoice', 'out_refund']]],
    }),
  },
})

declare module '@erp4/orm/models' {
  interface ResPartner extends FieldsOf<typeof res_partner> {}
}

res_partner.constrain(['credit_limit'], (partner) =>
  (partner.credit_limit ?? zero).isNegative() ? 'A credit limit is nothing at least.' : true,
)

const zero = Decimal.of(0)
