import type { FieldMeta } from '@erp4/orm/views-types'
import { currentCompany } from './companies.ts'
import { localeOf } from './locale.ts'
import { type Currency, start } from './start.ts'

export const locale = localeOf(start.session.user_context?.lang ?? 'en_US')
const zone = start.session.user_context?.tz || 'UTC'

const made = new Map<string, Intl.NumberFormat>()

function numberFormat(least: number, most: number): Intl.NumberFormat {
  const key = `${least}-${most}`
  const known = made.get(key) ?? new Intl.NumberFormat(locale, { minimumFractionDigits: least, maximumFractionDigits: most })
  made.set(key, known)
  return known
}

export const formatInteger = (value: number): string => numberFormat(0, 0).format(value)
/** Two decimals where there may be so many, more where they say something: 59.50, and 0.0125. */
export const formatNumber = (value: number, digits?: number): string => numberFormat(Math.min(digits ?? 0, 2), digits ?? 6).format(value)

export function formatMoney(value: number, currency: Currency | undefined): string {
  const digits = currency?.digits[1] ?? 2
  return withSign(numberFormat(digits, digits).format(value), currency)
}

/** A price has the digits of its currency, and more where they say something. */
export const formatPrice = (value: number, currency: Currency | undefined, digits?: number): string =>
  withSign(priceDigits(value, currency, digits), currency)

/** The same without the sign, which stands beside where it is typed. */
export function priceDigits(value: number, currency: Currency | undefined, digits = 6): string {
  const least = currency?.digits[1] ?? 2
  return numberFormat(least, Math.max(least, digits)).format(value)
}

function withSign(text: string, currency: Currency | undefined): string {
  if (!currency) return text
  return currency.position === 'before' ? `${currency.symbol}\u00a0${text}` : `${text}\u00a0${currency.symbol}`
}

export const currencyOf = (id: unknown): Currency | undefined => start.session.currencies[String(idOf(id))]

/** The currency that an amount of this record is in: where the record belongs to all companies and says none, that of the one at work. */
export function currencyIn(field: FieldMeta, record: Readonly<Record<string, unknown>>): Currency | undefined {
  const said = record[field.currency_field ?? 'currency_id']
  return currencyOf(said === false && field.type !== 'monetary' ? currentCompany()?.currency_id : said)
}

const idOf = (value: unknown): unknown => (typeof value === 'object' && value !== null ? (value as { id?: unknown }).id : value)

const dates = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' })
const times = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone: zone })

/** `2027-01-31`, a day without a zone. */
export const formatDay = (value: string): string => dates.format(new Date(`${value}T00:00:00Z`))
/** `2027-01-31 09:30:00` in UTC, shown in the user's zone. */
export const formatMoment = (value: string): string => times.format(new Date(`${value.replace(' ', 'T')}Z`))

const isoDays = new Intl.DateTimeFormat('en-CA', { dateStyle: 'short', timeZone: zone })
/** The day on which a moment, `2027-01-31 09:30:00` in UTC, falls in the user's zone: `2027-01-31`. */
export const localDay = (value: string): string => isoDays.format(new Date(`${value.replace(' ', 'T')}Z`))

/** Whether hours are told as "1:30 PM" where the user is. */
export const isTwelveHours = times.resolvedOptions().hour12 === true

type WeekInfo = { readonly firstDay: number }
type KnowsWeeks = Intl.Locale & { getWeekInfo?: () => WeekInfo; weekInfo?: WeekInfo }

/** 1 is Monday, 7 Sunday: with which a week begins where the user is. */
export const firstDayOfWeek = (tag = locale): number => {
  const known = new Intl.Locale(tag) as KnowsWeeks
  return (known.getWeekInfo?.() ?? known.weekInfo)?.firstDay ?? 1
}

const listing = new Intl.ListFormat(locale, { type: 'disjunction' })
export const orList = (items: readonly string[]): string => listing.format(items)

/** What stands for a value in a list, a sentence or a conflict: text, never markup. */
export function formatValue(field: FieldMeta, value: unknown, record: Readonly<Record<string, unknown>> = {}): string {
  switch (field.type) {
    case 'boolean':
      return value ? '✓' : ''
    case 'integer':
      return typeof value === 'number' ? (field.ungrouped ? String(value) : formatInteger(value)) : ''
    case 'float':
      if (typeof value !== 'number') return ''
      return field.currency_field
        ? formatPrice(value, currencyIn(field, record), field.digits?.[1])
        : formatNumber(value, field.digits?.[1])
    case 'monetary':
      return typeof value === 'number' ? formatMoney(value, currencyIn(field, record)) : ''
    case 'date':
      return typeof value === 'string' && value !== '' ? formatDay(value) : ''
    case 'datetime':
      return typeof value === 'string' && value !== '' ? formatMoment(value) : ''
    case 'selection':
      return field.selection?.find(([key]) => key === value)?.[1] ?? ''
    case 'many2one':
      return nameOf(value)
    case 'many2many':
    case 'one2many':
      return Array.isArray(value) ? listed(value) : ''
    case 'html':
      return typeof value === 'string' ? textOf(value) : ''
    default:
      return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
  }
}

const nameOf = (value: unknown): string =>
  typeof value === 'object' && value !== null ? String((value as { display_name?: unknown }).display_name ?? '') : ''

function listed(value: readonly unknown[]): string {
  const names = value.map(nameOf).filter((name) => name !== '')
  return names.length > 0 ? names.join(', ') : value.length > 0 ? formatInteger(value.length) : ''
}

/** The words of formatted text. */
export const textOf = (html: string): string =>
  html
    .replaceAll(/<(?:br|\/p|\/div|\/li|\/h\d)[^>]*>/gi, ' ')
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll('&nbsp;', ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .trim()

const parts = new Intl.NumberFormat(locale).formatToParts(1234567.8)
const group = parts.find(({ type }) => type === 'group')?.value ?? ','
const decimal = parts.find(({ type }) => type === 'decimal')?.value ?? '.'

/** What a person typed as a number, in his locale's way; undefined where it is none. */
export function parseNumber(text: string): number | undefined {
  const plain = text.trim().replaceAll(group, '').replaceAll(/\s/g, '').replace(decimal, '.')
  return plain !== '' && /^-?\d*\.?\d*$/.test(plain) && /\d/.test(plain) ? Number(plain) : undefined
}
