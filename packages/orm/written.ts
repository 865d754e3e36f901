import type { Decimal } from './decimal.ts'

/** How figures and days are written in a language, exactly: no figure passes through a double. */
export interface Writer {
  /** With the currency's sign: `€ 1,234.50`, `₩1,234`. */
  money(amount: Decimal | null, currency: { readonly name: string; readonly decimal_places: number }): string
  /** With as many digits as it has, at least `least`. */
  number(value: Decimal, least?: number): string
  /** A day, or the day of a moment in UTC: `1 March 2026`, `2026년 3월 1일`. */
  day(value: string | null): string
}

const known = new Map<string, Writer>()

/** The writer of `ko_KR`, `en_US`, …; English where the language is unknown here. */
export function writerOf(lang: string): Writer {
  const found = known.get(lang) ?? writer(localeOf(lang))
  known.set(lang, found)
  return found
}

/** `ko_KR` as browsers and mails spell it: `ko-KR`. */
export function localeOf(lang: string): string {
  const code = lang.split('@')[0]!.replaceAll('_', '-')
  return Intl.DateTimeFormat.supportedLocalesOf(code.match(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/) ? [code] : []).length > 0 ? code : 'en-US'
}

function writer(locale: string): Writer {
  const days = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' })
  const formats = new Map<string, Intl.NumberFormat>()
  const format = (key: string, options: Intl.NumberFormatOptions): Intl.NumberFormat => {
    const made = formats.get(key) ?? new Intl.NumberFormat(locale, options)
    formats.set(key, made)
    return made
  }
  // A text that is a number is formatted digit by digit (ECMA-402), which the types do not know of any text.
  const write = (with_: Intl.NumberFormat, value: Decimal): string => with_.format(value.toString() as `${number}`)
  return {
    money(amount, { name, decimal_places: digits }) {
      if (amount === null) return ''
      const options = { style: 'currency', currency: name, minimumFractionDigits: digits, maximumFractionDigits: digits } as const
      return write(format(`${name} ${digits}`, options), amount)
    },
    number: (value, least = 0) => write(format(`number ${least}`, { minimumFractionDigits: least, maximumFractionDigits: 12 }), value),
    day: (value) => (value === null ? '' : days.format(new Date(`${value.slice(0, 10)}T00:00:00Z`))),
  }
}

/** HTML that was sanitised when it was written, as plain text with line ends. */
export function plainText(html: string | null): string {
  return (html ?? '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/<br\s*\/?>/gi, '\n')
    .replaceAll(/<li[^>]*>/gi, '• ')
    .replaceAll(/<\/(?:p|div|li|h[1-6]|tr|blockquote)>/gi, '\n')
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/&(amp|lt|gt|quot|nbsp|#39|#x27);/g, (_all, name: string) => entities[name]!)
    .split('\n')
    .map((line) => line.trim())
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: ' ', '#39': "'", '#x27': "'" }
