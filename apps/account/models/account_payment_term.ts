import { Decimal, type ModelFields, boolean, char, decimal, html, integer, many2one, model, one2many, selection } from '@erp4/orm'

export const account_payment_term = model('account.payment.term', {
  label: 'Payment Term',
  order: 'sequence, id',
  fields: {
    name: char({ required: true, translate: true }),
    active: boolean({ default: true }),
    sequence: integer({ required: true, default: 10 }),
    note: html({ label: 'Description on the Invoice', translate: true }),
    company_id: many2one('res.company', { help: 'Empty: for all companies.' }),
    line_ids: one2many('account.payment.term.line', 'payment_id', { label: 'Installments', copy: true }),
  },
})

export const account_payment_term_line = model('account.payment.term.line', {
  label: 'Installment',
  order: 'sequence, id',
  fields: {
    payment_id: many2one('account.payment.term', { label: 'Payment Term', required: true, ondelete: 'cascade', index: true }),
    sequence: integer({ required: true, default: 10 }),
    value: selection({ percent: 'Percent', fixed: 'Fixed' }, { required: true, default: 'percent' }),
    value_amount: decimal({ digits: 6, required: true, default: Decimal.of(100), label: 'Due' }),
    delay_type: selection(
      {
        days_after: 'Days after invoice date',
        days_after_end_of_month: 'Days after end of month',
        days_after_end_of_next_month: 'Days after end of next month',
        days_end_of_month_on_the: 'Days, then on a day of the next month',
      },
      { label: 'Delay Type', required: true, default: 'days_after' },
    ),
    nb_days: integer({ label: 'Days', required: true, default: 0 }),
    days_next_month: integer({ label: 'Day of the Next Month', required: true, default: 10, help: '0: its last day.' }),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'account.payment.term': AccountPaymentTerm
    'account.payment.term.line': AccountPaymentTermLine
  }
  interface AccountPaymentTerm extends ModelFields<typeof account_payment_term> {}
  interface AccountPaymentTermLine extends ModelFields<typeof account_payment_term_line> {}
}

account_payment_term.constrain(['line_ids.value', 'line_ids.value_amount', 'line_ids.nb_days', 'line_ids.days_next_month'], (term) => {
  const lines = term.line_ids
  if (lines.some((line) => line.days_next_month < 0 || line.days_next_month > 31)) return 'A day of a month is between 0 and 31.'
  const percents = lines.filter((line) => line.value === 'percent')
  if (lines.length > 0 && lines.every((line) => line.value === 'fixed'))
    return 'The last installment is what is left: give it as a percentage.'
  if (percents.some((line) => line.value_amount.isNegative())) return 'An installment is more than nothing.'
  const sum = Decimal.sum(percents.map((line) => line.value_amount))
  return (
    lines.length === 0 ||
    lines.length > percents.length ||
    sum.equals(Decimal.of(100)) ||
    'The installments of a payment term come to 100 percent.'
  )
})

/** What must be loaded of a payment term so that `dueDates` can be worked out. */
export const installmentPaths = <const R extends string>(relation: R) =>
  [
    `${relation}.line_ids.value`,
    `${relation}.line_ids.value_amount`,
    `${relation}.line_ids.delay_type`,
    `${relation}.line_ids.nb_days`,
    `${relation}.line_ids.days_next_month`,
  ] as const
