import { type Day, type Decimal, type ModelFields, boolean, char, date, float, integer, model, one2many, selection } from '@erp4/orm'

export const res_currency = model('res.currency', {
  label: 'Currency',
  custom: 'links',
  order: 'active desc, name',
  unique: [{ fields: ['name'], fold: true, message: 'Another currency has this code already.' }],
  fields: {
    name: char({ label: 'Currency', required: true, size: 3, help: 'ISO 4217 code.' }),
    full_name: char({ label: 'Name', translate: true }),
    symbol: char({ required: true }),
    position: selection({ after: 'After Amount', before: 'Before Amount' }, { label: 'Symbol Position', default: 'after' }),
    decimal_places: integer({ required: true, default: 2, help: 'Digits of the minor unit: amounts are rounded to so many.' }),
    rounding: float({ compute: 'live', label: 'Rounding Factor', help: 'The smallest amount: 0.01 with two decimal places.' }),
    active: boolean({ default: true }),
    rate_ids: one2many('res.currency.rate', 'currency_id', { label: 'Rates' }),
    rate: float({ compute: 'live', label: 'Current Rate', help: 'Units of this currency for one of the company.' }),
    date: date({ compute: 'live', label: 'Date of the Current Rate' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'res.currency': ResCurrency
  }
  interface ResCurrency extends ModelFields<typeof res_currency> {}
}

res_currency.compute('rounding', ['decimal_places'], (currency) => Number(`1e-${currency.decimal_places}`))

// The rule on rates shows a reader those of his current company and those of all companies, so "the newest" is his.
res_currency.compute(
  'rate',
  ['rate_ids.name', 'rate_ids.rate', 'rate_ids.company_id'],
  (currency) => newest(currency.rate_ids)?.rate.toNumber() ?? 1,
)

res_currency.compute(
  'date',
  ['rate_ids.name', 'rate_ids.rate', 'rate_ids.company_id'],
  (currency) => newest(currency.rate_ids)?.name ?? null,
)

res_currency.constrain(
  ['decimal_places'],
  (currency) => (currency.decimal_places >= 0 && currency.decimal_places <= 6) || 'A currency has no more than six decimal places.',
)

// Whatever writes money, here and in browsers, refuses any other (ECMA-402): a document in such a currency could be shown nowhere.
res_currency.constrain(
  ['name'],
  (currency) => /^[A-Z]{3}$/.test(currency.name) || 'A currency has a code of three capital letters: EUR, KRW.',
)

interface Rate {
  readonly name: Day
  readonly rate: Decimal
  readonly company_id: number | null
}

/** The rate that holds today; on one day a company's own goes before the one for all. */
function newest(rates: readonly Rate[], today: string = new Date().toISOString().slice(0, 10)): Rate | undefined {
  const past = rates.filter((rate) => rate.name <= today)
  return past.toSorted((a, b) =>
    a.name === b.name ? Number(a.company_id === null) - Number(b.company_id === null) : a.name < b.name ? 1 : -1,
  )[0]
}
