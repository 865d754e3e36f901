import type { Span } from './sql/group.ts'
import { localeOf } from './written.ts'

const starts = new Map<string, number>()

/** The day that weeks begin with where this language is spoken: 1 is Monday, 7 Sunday. */
export function weekStartOf(language: string): number {
  const known = starts.get(language)
  if (known !== undefined) return known
  const locale = new Intl.Locale(localeOf(language)) as Intl.Locale & { getWeekInfo(): { firstDay: number } }
  const { firstDay } = locale.getWeekInfo()
  starts.set(language, firstDay)
  return firstDay
}

const dayMs = 86_400_000

/**
 * Week and year of a week that begins on `start`. Weeks from Monday are ISO's (the first has 4 days of the year at least), others are
 * counted from the one that has January 1st.
 */
export function weekOf(start: Date, weekStart: number): { week: number; year: number } {
  const anchor = new Date(start.getTime() + (weekStart === 1 ? 3 : 6) * dayMs)
  const year = anchor.getUTCFullYear()
  return { year, week: Math.floor((anchor.getTime() - Date.UTC(year, 0, 1)) / dayMs / 7) + 1 }
}

import type { Translate } from './texts.ts'

/** A span's name: `15 Jan 2026`, `W3 2026`, `January 2026`, `Q1 2026`, `2026`; `start` is its beginning as the caller's clock shows it, `2026-01-15 00:00:00`. */
export function spanLabel(start: string, span: Span, language: string, t: Translate): string {
  const date = new Date(`${start.replace(' ', 'T')}Z`)
  const year = String(date.getUTCFullYear())
  switch (span) {
    case 'year':
      return year
    case 'quarter':
      return t('Q{quarter} {year}', { quarter: Math.floor(date.getUTCMonth() / 3) + 1, year })
    case 'week': {
      const found = weekOf(date, weekStartOf(language))
      return t('W{week} {year}', { week: found.week, year: String(found.year).padStart(4, '0') })
    }
    case 'month':
      return written(date, language, { month: 'long', year: 'numeric' })
    case 'day':
      return isEnglish(language)
        ? `${twoDigits(date)} ${month(date)} ${year}`
        : written(date, language, { day: '2-digit', month: 'short', year: 'numeric' })
    case 'hour':
      return isEnglish(language)
        ? `${start.slice(11, 13)}:00 ${twoDigits(date)} ${month(date)}`
        : written(date, language, { day: '2-digit', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  }
}

// English is written as clients of the protocol know it; other languages in their own order.
const isEnglish = (language: string): boolean => language.startsWith('en')
const twoDigits = (date: Date): string => String(date.getUTCDate()).padStart(2, '0')
const month = (date: Date): string => written(date, 'en_US', { month: 'short' })

const formats = new Map<string, Intl.DateTimeFormat>()

function written(date: Date, language: string, options: Intl.DateTimeFormatOptions): string {
  const key = `${language} ${Object.values(options).join(' ')}`
  const format = formats.get(key) ?? new Intl.DateTimeFormat(localeOf(language), { ...options, timeZone: 'UTC' })
  formats.set(key, format)
  return format.format(date)
}
