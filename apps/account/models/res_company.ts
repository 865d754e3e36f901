import { type FieldsOf, boolean, extend, many2one, selection } from '@erp4/orm'
import { openBooks } from '../books.ts'
import { taxRoundings } from '../figures.ts'

export const res_company = extend('res.company', {
  fields: {
    tax_calculation_rounding_method: selection(taxRoundings, {
      label: 'Tax Rounding',
      required: true,
      default: 'round_globally',
      help: 'For documents that are made from now on.',
    }),
    account_sale_tax_id: many2one('account.tax', {
      label: 'Default Sales Tax',
      ondelete: 'set null',
      domain: [['type_tax_use', '=', 'sale']],
    }),
    account_purchase_tax_id: many2one('account.tax', {
      label: 'Default Purchase Tax',
      ondelete: 'set null',
      domain: [['type_tax_use', '=', 'purchase']],
    }),
    account_receivable_id: many2one('account.account', {
      label: 'Receivable Account',
      ondelete: 'restrict',
      domain: [['account_type', '=', 'asset_receivable']],
    }),
    account_payable_id: many2one('account.account', {
      label: 'Payable Account',
      ondelete: 'restrict',
      domain: [['account_type', '=', 'liability_payable']],
    }),
    account_income_id: many2one('account.account', { label: 'Income Account', ondelete: 'restrict' }),
    account_expense_id: many2one('account.account', { label: 'Expense Account', ondelete: 'restrict' }),
    account_tax_received_id: many2one('account.account', { label: 'Tax Received Account', ondelete: 'restrict' }),
    account_tax_paid_id: many2one('account.account', { label: 'Tax Paid Account', ondelete: 'restrict' }),
    account_use_credit_limit: boolean({ label: 'Credit Limits', help: 'Customers owe no more than their credit limit.' }),
    credit_limit_policy: selection(
      { warn: 'Warn', block: 'Refuse' },
      {
        label: 'Over the Credit Limit',
        required: true,
        default: 'warn',
        help: 'What happens to an order that goes over it. Where it is refused, orders of customers with a limit are locked once they are confirmed.',
      },
    ),
  },
})

declare module '@erp4/orm/models' {
  interface ResCompany extends FieldsOf<typeof res_company> {}
}

res_company.changed(['name'], async (sys, ids, operation) => {
  if (operation === 'create') await openBooks(sys, ids)
})
