import type { Domain } from '../domain.ts'

/** Spans of time by name, as chips say them and as the server's relative dates begin and end them (`today`, `today -1d`). */
export const periods = [
  'today',
  'yesterday',
  'this-week',
  'last-week',
  'this-month',
  'last-month',
  'this-quarter',
  'this-year',
  'last-year',
] as const
export type Period = (typeof periods)[number]

/** The first day of the span and the first day after it, seen from `now`. Weeks begin on Monday. */
export function boundsOf(period: Period, now: Date): readonly [Date, Date] {
  const [year, month, date] = [now.getFullYear(), now.getMonth(), now.getDate()]
  const monday = date - ((now.getDay() + 6) % 7)
  const quarter = month - (month % 3)
  const at = (y: number, m: number, d: number): Date => new Date(y, m, d)
  const bounds: Record<Period, readonly [Date, Date]> = {
    today: [at(year, month, date), at(year, month, date + 1)],
    yesterday: [at(year, month, date - 1), at(year, month, date)],
    'this-week': [at(year, month, monday), at(year, month, monday + 7)],
    'last-week': [at(year, month, monday - 7), at(year, month, monday)],
    'this-month': [at(year, month, 1), at(year, month + 1, 1)],
    'last-month': [at(year, month - 1, 1), at(year, month, 1)],
    'this-quarter': [at(year, quarter, 1), at(year, quarter + 3, 1)],
    'this-year': [at(year, 0, 1), at(year + 1, 0, 1)],
    'last-year': [at(year - 1, 0, 1), at(year, 0, 1)],
  }
  return bounds[period]
}

/** The records whose day, or moment, lies in the span. Moments are compared in UTC, days as they stand. */
export function periodDomain(field: string, isMoment: boolean, period: Period, now = new Date()): Domain {
  const [from, until] = boundsOf(period, now).map((one) => (isMoment ? momentOf(one) : dayOf(one)))
  return ['&', [field, '>=', from], [field, '<', until]]
}

const two = (value: number): string => String(value).padStart(2, '0')
export const dayOf = (date: Date): string => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
const momentOf = (date: Date): string => date.toISOString().slice(0, 19).replace('T', ' ')
