declare const dayBrand: unique symbol
declare const momentBrand: unique symbol

/** A calendar day, `2026-01-31`; made by `day()`, so that it is one. */
export type Day = string & { readonly [dayBrand]: true }
/** An instant in UTC to the second, `2026-01-31 12:00:00`, as the external protocol writes it. */
export type Moment = string & { readonly [momentBrand]: true }

const dayShape = /^(\d{4})-(\d{2})-(\d{2})$/

export function isDay(value: unknown): value is Day {
  if (typeof value !== 'string') return false
  const found = dayShape.exec(value)
  if (!found || value < '0001-01-01') return false
  const [year, month, date] = [Number(found[1]), Number(found[2]), Number(found[3])]
  return date >= 1 && date <= daysOf(year, month)
}

const lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
/** 0 for a month that there is not. */
const daysOf = (year: number, month: number): number => (month === 2 && isLeap(year) ? 29 : (lengths[month - 1] ?? 0))
const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0

export function isMoment(value: unknown): value is Moment {
  if (typeof value !== 'string' || value.length !== 19 || value[10] !== ' ') return false
  return isDay(value.slice(0, 10)) && /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/.test(value.slice(11))
}

export function day(text: string): Day {
  if (!isDay(text)) throw new RangeError(`'${text.slice(0, 40)}' is not a day; write it as 2026-01-31`)
  return text
}

export function moment(value: string | Date): Moment {
  const text = value instanceof Date ? value.toISOString().slice(0, 19).replace('T', ' ') : value
  if (!isMoment(text)) throw new RangeError(`'${text.slice(0, 40)}' is not an instant; write it as 2026-01-31 12:00:00, in UTC`)
  return text
}

const minuteMs = 60_000
// Making one takes half a millisecond, and asking it a hundredth; no zone changes its day within a minute.
const calendars = new Map<string, { readonly calendar: Intl.DateTimeFormat; readonly minute: number; readonly day: Day }>()

/** The calendar day of an instant in a time zone (IANA name). */
export function dayIn(zone: string, at: Date): Day {
  const known = calendars.get(zone)
  const minute = Math.floor(at.getTime() / minuteMs)
  if (known?.minute === minute) return known.day
  const calendar =
    known?.calendar ?? new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' })
  const today = calendar.format(at) as Day
  calendars.set(zone, { calendar, minute, day: today })
  return today
}
