import { type Day, Decimal, day } from '@erp4/orm'

/** An installment of a payment term. */
export interface Installment {
  readonly value: 'percent' | 'fixed'
  readonly value_amount: Decimal
  readonly delay_type: 'days_after' | 'days_after_end_of_month' | 'days_after_end_of_next_month' | 'days_end_of_month_on_the'
  readonly nb_days: number
  /** For `days_end_of_month_on_the`: the day of the next month; 0 for its last. */
  readonly days_next_month: number
}

export interface Due {
  readonly date: Day
  readonly amount: Decimal
}

const hundred = Decimal.of(100)

/**
 * When how much of a total is due. Each installment is rounded at the digits of the currency and the last one is what is left, so that they
 * sum up to the total. Without installments everything is due at once.
 */
export function dueDates(installments: readonly Installment[], { on, total, digits }: { on: Day; total: Decimal; digits: number }): Due[] {
  let left = total
  const dues = installments.map((one, i): Due => {
    const share =
      one.value === 'fixed'
        ? total.isNegative()
          ? one.value_amount.negated()
          : one.value_amount
        : total.times(one.value_amount).dividedBy(hundred)
    const amount = i === installments.length - 1 ? left : share.round(digits)
    left = left.minus(amount)
    return { date: dueOn(one, on), amount }
  })
  return dues.length === 0 ? [{ date: on, amount: total }] : dues
}

/** The day on which an installment is due that runs from a day. */
export function dueOn({ delay_type, nb_days, days_next_month }: Omit<Installment, 'value' | 'value_amount'>, from: Day): Day {
  switch (delay_type) {
    case 'days_after':
      return addDays(from, nb_days)
    case 'days_after_end_of_month':
      return addDays(endOfMonth(from, 0), nb_days)
    case 'days_after_end_of_next_month':
      return addDays(endOfMonth(from, 1), nb_days)
    case 'days_end_of_month_on_the': {
      const last = endOfMonth(addDays(from, nb_days), 1)
      return days_next_month < 1 || days_next_month > Number(last.slice(8))
        ? last
        : day(`${last.slice(0, 8)}${String(days_next_month).padStart(2, '0')}`)
    }
  }
}

const asDate = (of: Day): Date => new Date(`${of}T00:00:00Z`)
const asDay = (date: Date): Day => day(date.toISOString().slice(0, 10))

export function addDays(from: Day, days: number): Day {
  const date = asDate(from)
  date.setUTCDate(date.getUTCDate() + days)
  return asDay(date)
}

/** The last day of the month that is `months` later. */
function endOfMonth(from: Day, months: number): Day {
  const date = asDate(from)
  return asDay(new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months + 1, 0)))
}
