import { type ModelFields, boolean, char, integer, many2one, model } from '@erp4/orm'

export const res_partner_bank = model('res.partner.bank', {
  label: 'Bank Account',
  order: 'sequence, id',
  unique: [{ fields: ['sanitized_acc_number', 'partner_id'], message: 'This contact has this account number already.' }],
  fields: {
    display_name: char({ compute: 'stored', required: true, index: 'trigram' }),
    acc_number: char({ label: 'Account Number', required: true }),
    sanitized_acc_number: char({ compute: 'stored', label: 'Plain Account Number' }),
    acc_holder_name: char({ label: 'Account Holder Name' }),
    partner_id: many2one('res.partner', { label: 'Account Holder', required: true, ondelete: 'cascade', index: true }),
    bank_id: many2one('res.bank', { label: 'Bank' }),
    bank_bic: char({ label: 'BIC', related: 'bank_id.bic' }),
    bank_name: char({ label: 'Bank Name', related: 'bank_id.name' }),
    currency_id: many2one('res.currency'),
    company_id: many2one('res.company', { related: 'partner_id.company_id' }),
    sequence: integer({ default: 10 }),
    active: boolean({ default: true }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'res.partner.bank': ResPartnerBank
  }
  interface ResPartnerBank extends ModelFields<typeof res_partner_bank> {}
}

res_partner_bank.compute('display_name', ['acc_number', 'bank_id.name'], (account) =>
  account.bank_id ? `${account.acc_number} - ${account.bank_id.name}` : account.acc_number,
)

res_partner_bank.compute('sanitized_acc_number', ['acc_number'], (account) => plainNumber(account.acc_number))

res_partner_bank.constrain(
  ['acc_number'],
  (account) => hasValidIban(plainNumber(account.acc_number)) || 'The check digits of this IBAN are wrong.',
)

const plainNumber = (number: string): string => number.replaceAll(/[^\p{L}\d]/gu, '').toUpperCase()

/** True for what does not look like an IBAN; else by ISO 7064 MOD 97-10, as ISO 13616 asks. */
function hasValidIban(number: string): boolean {
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(number)) return true
  const digits = [...number.slice(4), ...number.slice(0, 4)].map((character) => Number.parseInt(character, 36)).join('')
  return BigInt(digits) % 97n === 1n
}
