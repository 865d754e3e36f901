import { Decimal } from '@erp4/orm'
import type { Due } from './terms.ts'

/** An amount for an account, in the currency of the document: debit is positive. */
export interface Amount {
  readonly amount: Decimal
}

export interface Booked {
  readonly amount: Decimal
  /** The same in the currency of the company. */
  readonly balance: Decimal
}

/**
 * The balances of a document's items in the currency of its company: each rounded at its digits, those that are due made to take what is
 * left, so that everything sums up to nothing whatever the rate was. `items` and `dues` together are nothing in the document's currency.
 */
export function balanced<I extends Amount, D extends Amount>(
  items: readonly I[],
  dues: readonly D[],
  { rate, digits }: { rate: Decimal; digits: number },
): { items: (I & Booked)[]; dues: (D & Booked)[] } {
  const convert = (amount: Decimal): Decimal => amount.dividedBy(rate).round(digits)
  const booked = items.map((item) => ({ ...item, balance: convert(item.amount) }))
  let left = Decimal.sum(booked.map(({ balance }) => balance)).negated()
  const last = dues.length - 1
  const due = dues.map((one, i) => {
    const balance = i === last ? left : convert(one.amount)
    left = left.minus(balance)
    return { ...one, balance }
  })
  return { items: booked, dues: due }
}

/** What is due, as amounts of the ledger. */
export const asAmounts = (dues: readonly Due[], sign: 1 | -1): (Amount & { readonly date: Due['date'] })[] =>
  dues.map(({ date, amount }) => ({ date, amount: sign === 1 ? amount : amount.negated() }))
