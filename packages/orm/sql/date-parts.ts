import { sql } from './fragment.ts'

/** Parts of an instant or a day: the month in any year. `extract` fields of PostgreSQL, by the protocol's names. */
export const dateParts = {
  year_number: sql`year`,
  quarter_number: sql`quarter`,
  month_number: sql`month`,
  iso_week_number: sql`week`,
  day_of_year: sql`doy`,
  day_of_month: sql`day`,
  day_of_week: sql`dow`,
  hour_number: sql`hour`,
  minute_number: sql`minute`,
  second_number: sql`second`,
}
export type DatePart = keyof typeof dateParts
export const isDatePart = (text: string): text is DatePart => Object.hasOwn(dateParts, text)
