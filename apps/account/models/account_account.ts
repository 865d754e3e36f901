import { type ModelFields, boolean, char, many2many, model, selection } from '@erp4/orm'

export const accountTypes = {
  asset_receivable: 'Receivable',
  asset_cash: 'Bank and Cash',
  asset_current: 'Current Assets',
  asset_non_current: 'Non-current Assets',
  asset_prepayments: 'Prepayments',
  asset_fixed: 'Fixed Assets',
  liability_payable: 'Payable',
  liability_credit_card: 'Credit Card',
  liability_current: 'Current Liabilities',
  liability_non_current: 'Non-current Liabilities',
  equity: 'Equity',
  equity_unaffected: 'Current Year Earnings',
  income: 'Income',
  income_other: 'Other Income',
  expense: 'Expenses',
  expense_other: 'Other Expenses',
  expense_depreciation: 'Depreciation',
  expense_direct_cost: 'Cost of Revenue',
  off_balance: 'Off-Balance Sheet',
} as const

/** An account of the ledger. */
export const account_account = model('account.account', {
  label: 'Account',
  order: 'code, id',
  fields: {
    display_name: char({ compute: 'stored', translate: true, index: 'trigram' }),
    code: char({ required: true, index: true }),
    name: char({ label: 'Account Name', required: true, translate: true }),
    account_type: selection(accountTypes, { label: 'Type', required: true, default: 'asset_current' }),
    reconcile: boolean({ label: 'Allow Reconciliation', help: 'What comes in is matched with what was asked for.' }),
    active: boolean({ default: true }),
    company_ids: many2many('res.company', { label: 'Companies', default: (env) => [env.me.company_id] }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'account.account': AccountAccount
  }
  interface AccountAccount extends ModelFields<typeof account_account> {}
}

account_account.compute('display_name', ['code', 'name'], (account) => `${account.code} ${account.name}`)

account_account.constrain(['company_ids', 'account_type', 'reconcile'], (account) => {
  if (account.company_ids.length === 0) return 'An account belongs to a company.'
  const isOpen = account.account_type === 'asset_receivable' || account.account_type === 'liability_payable'
  return !isOpen || account.reconcile || 'A receivable or payable account allows reconciliation.'
})
