import { Decimal, type Env, type FieldInfo, choiceLabel, localeOf, writerOf } from '@erp4/orm'

export interface Currency {
  readonly name: string
  readonly decimal_places: number
}

const locale = (env: Env): string => localeOf(env.context.lang)

/** A value as a letter in the language of `env` writes it; the empty text where there is none. */
export function showValue(env: Env, field: FieldInfo, value: unknown, currency: Currency | null): string {
  if (value === null || value === undefined) return ''
  switch (field.kind) {
    case 'monetary':
      return showMoney(env, value as Decimal, currency)
    case 'decimal':
    case 'float':
    case 'integer':
      return new Intl.NumberFormat(locale(env), { maximumFractionDigits: 6 }).format(exact(value))
    case 'date':
      return new Intl.DateTimeFormat(locale(env), { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(`${String(value)}T00:00:00Z`))
    case 'datetime': {
      const zone = env.context.tz
      const at = new Date(`${String(value).replace(' ', 'T')}Z`)
      return new Intl.DateTimeFormat(locale(env), { dateStyle: 'long', timeStyle: 'short', timeZone: zone }).format(at)
    }
    case 'boolean':
      return value ? env.t('Yes') : env.t('No')
    case 'selection':
      return field.choices && Object.hasOwn(field.choices, String(value)) ? choiceLabel(env, field, String(value)) : ''
    default:
      return String(value)
  }
}

/** `Intl` reads decimal text exactly, however long. */
const exact = (value: unknown): number => (value instanceof Decimal ? (value.toString() as unknown as number) : Number(value))

/** As the document itself writes it. */
const showMoney = (env: Env, value: Decimal, currency: Currency | null): string => {
  const writer = writerOf(env.context.lang)
  return currency ? writer.money(value, currency) : writer.number(value.round(2), 2)
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text as formatted text: what stands for a tag is no tag, and line breaks stay. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => escapes[sign]!).replaceAll(/\r\n?|\n/g, '<br />')
