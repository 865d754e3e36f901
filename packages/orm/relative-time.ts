import { dayIn } from './time.ts'

const units: Record<string, (date: Date, n: number) => void> = {
  d: (date, n) => date.setUTCDate(date.getUTCDate() + n),
  w: (date, n) => date.setUTCDate(date.getUTCDate() + 7 * n),
  m: (date, n) => addMonths(date, n),
  y: (date, n) => addMonths(date, 12 * n),
  H: (date, n) => date.setUTCHours(date.getUTCHours() + n),
  M: (date, n) => date.setUTCMinutes(date.getUTCMinutes() + n),
  S: (date, n) => date.setUTCSeconds(date.getUTCSeconds() + n),
}

function addMonths(date: Date, n: number): void {
  const day = date.getUTCDate()
  date.setUTCDate(1)
  date.setUTCMonth(date.getUTCMonth() + n)
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  date.setUTCDate(Math.min(day, last))
}

/**
 * Odoo 19's relative dates: `today`, `now`, then terms such as `-1d +2w =1d` (`=` sets day of month, month or year; `=monday` the weekday of this week).
 * Null where the text is none.
 */
export function relativeTime(text: string, kind: 'date' | 'datetime', now: Date, zone: string): string | null {
  const [base, ...terms] = text.trim().split(/\s+/)
  if (terms.length > 10) return null
  let date: Date
  if (base === 'today') date = new Date(`${dayIn(zone, now)}T00:00:00Z`)
  else if (base === 'now') date = new Date(now)
  else if (base && /^[+=-]/.test(base)) {
    terms.unshift(base)
    date = new Date(now)
  } else return null
  for (const term of terms) if (!apply(date, term)) return null
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() < 1 || date.getUTCFullYear() > 9999) return null
  const whole = date.toISOString().slice(0, 19).replace('T', ' ')
  return kind === 'date' || (base === 'today' && terms.every((term) => !/[HMS]$/.test(term))) ? whole.slice(0, 10) : whole
}

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']

function apply(date: Date, term: string): boolean {
  const weekday = weekdays.indexOf(term.slice(1))
  if (weekday >= 0) {
    const distance = (weekday - date.getUTCDay() + 7) % 7
    date.setUTCDate(date.getUTCDate() + (term[0] === '-' ? (distance === 0 ? 0 : distance - 7) : distance))
    return /^[=+-]/.test(term)
  }
  const found = /^([+=-])(\d{1,5})([dwmyHMS])$/.exec(term)
  if (!found) return false
  const [, sign, digits, unit] = found as unknown as [string, string, string, string]
  const n = Number(digits)
  if (sign !== '=') units[unit]!(date, sign === '-' ? -n : n)
  else if (unit === 'd') date.setUTCDate(n)
  else if (unit === 'm') date.setUTCMonth(n - 1)
  else if (unit === 'y') date.setUTCFullYear(n)
  else if (unit === 'H') date.setUTCHours(n, 0, 0, 0)
  else if (unit === 'M') date.setUTCMinutes(n, 0, 0)
  else return false
  return true
}
