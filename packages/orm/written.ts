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

/** A language as `Intl`, browsers and mails spell it (BCP 47): `ko_KR` is `ko-KR`, `sr@latin` is `sr-Latn`. English where it is unknown here. */
export function localeOf(language: string): string {
  const [, name, region, script] = /^([a-z]{2,3})(?:_([A-Z]{2}|\d{3}))?(?:@(\w{4,8}))?$/.exec(language) ?? []
  const tag = [name, script === 'latin' ? 'Latn' : script, region].filter((part) => part !== undefined).join('-')
  return name !== undefined && Intl.DateTimeFormat.supportedLocalesOf(tag).length > 0 ? tag : 'en-US'
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
