import type { Manifest } from '../backup/manifest.ts'

const dayMs = 86_400_000

export type CalendarLabels = Pick<Manifest['labels'], 'day' | 'iso_week' | 'month'>

/**
 * The labels that a set carries for ever: day (`2026-01-31`), week (`2026-W05`, ISO 8601) and month (`2026-01`) on the calendar of an IANA
 * time zone, at the instant of its snapshot. RangeError when there is no such zone.
 */
export function labelsOf(instant: Date, zone: string): Manifest['labels'] {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, calendar: 'gregory', year: 'numeric', month: '2-digit', day: '2-digit' })
    .formatToParts(instant)
    .reduce<Record<string, string>>((all, { type, value }) => ({ ...all, [type]: value }), {})
  return { ...calendarLabels(`${parts.year!.padStart(4, '0')}-${parts.month}-${parts.day}`), zone }
}

/** Week and month of a day of the calendar; no zone has a say in them. */
export function calendarLabels(day: string): CalendarLabels {
  return { day, iso_week: isoWeek(day), month: day.slice(0, 7) }
}

/** ISO 8601: a week belongs to the year that has its Thursday, and is numbered by how many Thursdays of the year went before. */
function isoWeek(day: string): string {
  const midnight = Date.parse(`${day}T00:00:00Z`)
  const weekday = (new Date(midnight).getUTCDay() + 6) % 7 // Monday is 0
  const thursday = new Date(midnight + (3 - weekday) * dayMs)
  const year = thursday.getUTCFullYear()
  const week = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / dayMs / 7) + 1
  return `${String(year).padStart(4, '0')}-W${String(week).padStart(2, '0')}`
}

/** Whether labels can be those of that instant somewhere on earth, and agree with each other. Time zone rules of the day do not matter. */
export function labelsFit(labels: CalendarLabels, taken: Date): boolean {
  const midnight = Date.parse(`${labels.day}T00:00:00Z`)
  if (!/^\d{4}-\d\d-\d\d$/.test(labels.day) || Number.isNaN(midnight)) return false
  const { iso_week: week, month } = calendarLabels(labels.day)
  // Zones lie between 12 hours behind UTC and 14 ahead of it.
  const isThatDay = taken.getTime() >= midnight - 14 * 3_600_000 && taken.getTime() < midnight + dayMs + 12 * 3_600_000
  return isThatDay && week === labels.iso_week && month === labels.month
}
