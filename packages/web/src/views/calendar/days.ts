import { firstDayOfWeek, locale } from '../../format.ts'

/** A day as it stands in a calendar, `2027-03-10`; without a zone. */
export type Day = string

export const scales = ['month', 'week', 'day'] as const
export type Scale = (typeof scales)[number]

const dayMs = 86_400_000
const timeOf = (day: Day): number => Date.parse(`${day}T00:00:00Z`)
const dayAt = (time: number): Day => new Date(time).toISOString().slice(0, 10)

export const isDay = (text: string | undefined): text is Day => /^\d{4}-\d\d-\d\d$/.test(text ?? '') && !Number.isNaN(timeOf(text!))
export const addDays = (day: Day, count: number): Day => dayAt(timeOf(day) + count * dayMs)
export const daysBetween = (from: Day, to: Day): number => Math.round((timeOf(to) - timeOf(from)) / dayMs)

/** The same day of another month, or the last one where that is shorter. */
export function addMonths(day: Day, count: number): Day {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
  const last = new Date(Date.UTC(year, month + count, 0)).getUTCDate()
  return dayAt(Date.UTC(year, month - 1 + count, Math.min(date, last)))
}

export const addSteps = (day: Day, scale: Scale, count: number): Day =>
  scale === 'month' ? addMonths(day, count) : addDays(day, scale === 'week' ? count * 7 : count)

/** The first day of the week that the day is in. */
export function weekStart(day: Day, first = firstDayOfWeek()): Day {
  const weekday = new Date(timeOf(day)).getUTCDay() || 7
  return addDays(day, -((weekday - first + 7) % 7))
}

/** The days that are shown around `at`: whole weeks of the month, a week, or a day. */
export function daysShown(at: Day, scale: Scale, first = firstDayOfWeek()): Day[] {
  if (scale === 'day') return [at]
  if (scale === 'week') return run(weekStart(at, first), 7)
  const from = weekStart(`${at.slice(0, 7)}-01`, first)
  const last = addDays(addMonths(`${at.slice(0, 7)}-01`, 1), -1)
  return run(from, Math.ceil((daysBetween(from, last) + 1) / 7) * 7)
}

const run = (from: Day, count: number): Day[] => Array.from({ length: count }, (_, i) => addDays(from, i))

const named = (options: Intl.DateTimeFormatOptions) => {
  const format = new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' })
  return (day: Day): string => format.format(timeOf(day))
}
export const monthName = named({ year: 'numeric', month: 'long' })
export const longDay = named({ dateStyle: 'full' })
export const shortWeekday = named({ weekday: 'short' })
export const weekdayAndDate = named({ weekday: 'short', month: 'numeric', day: 'numeric' })
export const dateNumber = (day: Day): string => String(Number(day.slice(8)))

const span = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' })

/** What stands above the calendar: the month, from when to when, or the day. */
export function titleOf(at: Day, scale: Scale): string {
  if (scale === 'month') return monthName(at)
  if (scale === 'day') return longDay(at)
  const days = daysShown(at, 'week')
  return span.formatRange(timeOf(days[0]!), timeOf(days[6]!))
}

const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'short', timeZone: 'UTC' })
/** Minutes since midnight as a clock shows them. */
export const clockText = (minutes: number): string => clock.format(minutes * 60_000)
