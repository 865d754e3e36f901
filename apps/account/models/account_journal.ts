import { type ModelFields, boolean, char, integer, many2one, model, selection } from '@erp4/orm'

/** A book in which entries are posted, numbered without a gap. */
export const account_journal = model('account.journal', {
  label: 'Journal',
  order: 'sequence, type, code',
  unique: [{ fields: ['code', 'company_id'], message: 'Another journal of the company has this code already.' }],
  fields: {
    name: char({ label: 'Journal Name', required: true, translate: true }),
    code: char({ label: 'Short Code', required: true, size: 8, help: 'The beginning of the numbers: INV/2027/00001.' }),
    type: selection(
      { sale: 'Sales', purchase: 'Purchase', cash: 'Cash', bank: 'Bank', credit: 'Credit Card', general: 'Miscellaneous' },
      { required: true, default: 'general' },
    ),
    active: boolean({ default: true }),
    sequence: integer({ required: true, default: 10 }),
    default_account_id: many2one('account.account', { label: 'Default Account', ondelete: 'restrict' }),
    currency_id: many2one('res.currency', { ondelete: 'restrict', help: 'Empty: the currency of the company.' }),
    company_id: many2one('res.company', { required: true, index: true, default: (env) => env.me.company_id }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'account.journal': AccountJournal
  }
  interface AccountJournal extends ModelFields<typeof account_journal> {}
}
