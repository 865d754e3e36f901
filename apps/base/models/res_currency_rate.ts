import { type ModelFields, Decimal, char, date, dayIn, decimal, many2one, model } from '@erp4/orm'

/** From a day on, one unit of the company's currency buys `rate` units of this one. */
export const res_currency_rate = model('res.currency.rate', {
  label: 'Currency Rate',
  order: 'name desc, id',
  unique: [{ fields: ['name', 'currency_id', 'company_id'], message: 'There is one rate a day for a currency and company already.' }],
  fields: {
    display_name: char({ compute: 'stored' }),
    name: date({ label: 'Date', required: true, default: (env) => dayIn(env.context.tz, env.call.now()) }),
    rate: decimal({ digits: 12, required: true, default: Decimal.of(1), help: 'Units of this currency for one of the company.' }),
    currency_id: many2one('res.currency', { required: true, ondelete: 'cascade', index: true }),
    company_id: many2one('res.company', { default: (env) => env.user.company_id, help: 'Empty: for all companies.' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'res.currency.rate': ResCurrencyRate
  }
  interface ResCurrencyRate extends ModelFields<typeof res_currency_rate> {}
}

res_currency_rate.constrain(['rate'], (line) => line.rate.isMore(Decimal.of(0)) || 'A currency rate is more than zero.')

res_currency_rate.compute('display_name', ['name'], (line) => line.name)
