import { type ModelFields, boolean, char, many2one, model } from '@erp4/orm'

export const res_bank = model('res.bank', {
  label: 'Bank',
  order: 'name, id',
  fields: {
    name: char({ required: true }),
    bic: char({ label: 'BIC', help: 'Eight or eleven characters, also called SWIFT code.', index: true }),
    street: char(),
    street2: char(),
    zip: char(),
    city: char(),
    state: many2one('res.country.state', { label: 'State' }),
    country: many2one('res.country', { label: 'Country' }),
    email: char(),
    phone: char(),
    active: boolean({ default: true }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'res.bank': ResBank
  }
  interface ResBank extends ModelFields<typeof res_bank> {}
}

res_bank.constrain(
  ['bic'],
  (bank) =>
    bank.bic === null || /^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$/i.test(bank.bic) || 'A BIC has eight or eleven characters, as DEUTDEFF.',
)
