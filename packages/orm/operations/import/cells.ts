import { Decimal } from '../../decimal.ts'
import type { Env } from '../../env.ts'
import { ValidationError } from '../../errors.ts'
import { choiceLabel, fieldLabel } from '../../labels.ts'
import type { FieldInfo } from '../../registry.ts'
import { fromClock } from '../../time-zones.ts'
import { isDay, isMoment } from '../../time.ts'
import type { Text } from './plan.ts'

/**
 * What a filled cell means for a field, in the spelling that create() takes. Throws ValidationError. The context may say how the file writes:
 * `date_format` and `datetime_format` (`%d/%m/%Y`), `float_decimal_separator`, `float_thousand_separator`. Times without a zone are those of
 * the caller's clock.
 */
export function parseCell(env: Env, field: FieldInfo, cell: Text): unknown {
  switch (field.kind) {
    case 'boolean':
      return parseBoolean(env, cell)
    case 'integer':
      return parseInteger(env, field, cell)
    case 'float':
      return Number(parseNumber(env, field, cell))
    case 'decimal':
    case 'monetary':
      return parseNumber(env, field, cell)
    case 'date':
      return parseDay(env, field, cell)
    case 'datetime':
      return parseMoment(env, field, cell)
    case 'selection':
      return parseChoice(env, field, cell)
    default:
      return String(cell)
  }
}

function wrong(env: Env, field: FieldInfo, cell: Text, hint: string): never {
  throw new ValidationError(
    `${env.t("'{value}' does not fit the field '{field}'", { value: String(cell).slice(0, 80), field: fieldLabel(env, field) })}: ${hint}`,
  )
}

const truths = new Set(['1', 'true', 't', 'yes', 'y', 'x', 'on', '✓'])
const falsehoods = new Set(['0', 'false', 'f', 'no', 'n', 'off'])

function parseBoolean(env: Env, cell: Text): boolean {
  if (typeof cell === 'boolean') return cell
  const text = String(cell).toLowerCase()
  if (truths.has(text) || text === env.t('yes').toLowerCase() || text === env.t('true').toLowerCase()) return true
  if (falsehoods.has(text) || text === env.t('no').toLowerCase() || text === env.t('false').toLowerCase()) return false
  throw new ValidationError(env.t("'{value}' is neither yes nor no", { value: text.slice(0, 80) }))
}

/** Plain digits. Separators only as the context names them: a guess would read 1,5 as 15. */
function parseNumber(env: Env, field: FieldInfo, cell: Text): string {
  if (typeof cell === 'number' && Number.isFinite(cell)) return String(cell)
  const { float_decimal_separator: decimal = '.', float_thousand_separator: thousand = '' } = env.context as {
    float_decimal_separator?: string
    float_thousand_separator?: string
  }
  const compact = String(cell).replace(/[\s\u00a0\u202f]/g, '')
  const [, whole = '', fraction = '', exponent = ''] = splitNumber(compact, decimal || '.')
  const parts = thousand && !/\s/.test(thousand) ? whole.split(thousand) : [whole]
  const isGrouped = parts.length === 1 || (/^[+-]?\d{1,3}$/.test(parts[0]!) && parts.slice(1).every((part) => /^\d{3}$/.test(part)))
  const text = `${parts.join('').replace('+', '')}${fraction && `.${fraction}`}${exponent}`
  if (!isGrouped || !/^-?\d{1,40}(\.\d{1,20})?(e[+-]?\d{1,2})?$/i.test(text)) wrong(env, field, cell, env.t('a number is needed'))
  return exponent ? Decimal.fromNumber(Number(text)).toString() : text
}

/** `-12.345,6e3` by its decimal separator: the whole, whole part, fraction, exponent. */
function splitNumber(text: string, decimal: string): string[] {
  const [mantissa = '', exponent] = text.split(/(?=e[+-]?\d+$)/i)
  const [whole = '', fraction = '', ...rest] = mantissa.split(decimal)
  return rest.length > 0 || (mantissa.includes(decimal) && fraction === '') ? [text] : [text, whole, fraction, exponent ?? '']
}

function parseInteger(env: Env, field: FieldInfo, cell: Text): number {
  const number = Number(parseNumber(env, field, cell))
  return Number.isInteger(number) && Math.abs(number) <= 2147483647 ? number : wrong(env, field, cell, env.t('a whole number is needed'))
}

/** Days and times as they are written everywhere, which no format can mean otherwise but one with the year first, which is asked first. */
const plainDay = /^\d{4}-\d\d-\d\d([ T]00:00(:00)?)?$/
const plainMoment = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(:\d\d)?(?:\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?)?$/

function parseDay(env: Env, field: FieldInfo, cell: Text): string {
  const format = formatOf(env, 'date_format')
  const given = String(cell)
  const text = (format && byFormat(format, given)?.slice(0, 10)) || (plainDay.test(given) ? given.slice(0, 10) : undefined)
  return isDay(text)
    ? text
    : wrong(env, field, cell, format ? env.t('it is not written as {format}', { format }) : env.t('write the day as 2026-01-31'))
}

function parseMoment(env: Env, field: FieldInfo, cell: Text): string {
  const format = formatOf(env, 'datetime_format')
  // A column of times may hold days alone.
  const written = format && (byFormat(format, String(cell)) ?? byFormat(formatOf(env, 'date_format') || '%Y-%m-%d', String(cell)))
  if (isMoment(written)) return fromClock(env.context.tz, written)
  const [, day, time = '00:00', seconds = ':00', zone] = plainMoment.exec(String(cell)) ?? []
  const text = `${day} ${time}${seconds}`
  if (!isMoment(text))
    return wrong(
      env,
      field,
      cell,
      format ? env.t('it is not written as {format}', { format }) : env.t('write the time as 2026-01-31 14:30:00'),
    )
  if (!zone) return fromClock(env.context.tz, text)
  const at = new Date(`${text.replace(' ', 'T')}${zone}`)
  return Number.isNaN(at.getTime())
    ? wrong(env, field, cell, env.t('the time zone is unknown'))
    : at.toISOString().slice(0, 19).replace('T', ' ')
}

function formatOf(env: Env, name: 'date_format' | 'datetime_format'): string {
  const format = env.context[name]
  return typeof format === 'string' ? format.slice(0, 40) : ''
}

const directives: Record<string, string> = {
  d: '(?<d>\\d{1,2})',
  m: '(?<m>\\d{1,2})',
  Y: '(?<Y>\\d{4})',
  y: '(?<y>\\d{2})',
  H: '(?<H>\\d{1,2})',
  M: '(?<M>\\d{1,2})',
  S: '(?<S>\\d{1,2})',
}

/** `31/01/26` by `%d/%m/%y`, as `2026-01-31 00:00:00`; undefined where the text is not written so. */
function byFormat(format: string, text: string): string | undefined {
  if (format.length > 40 || text.length > 60) return undefined
  const source = format.replace(/%(.)|[^%]/g, (piece, letter: string | undefined) =>
    letter === undefined ? piece.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&') : (directives[letter] ?? '$^'),
  )
  let parts: Record<string, string> | undefined
  try {
    parts = new RegExp(`^${source}$`).exec(text)?.groups
  } catch {
    // The same directive twice makes no pattern, and fits no text.
    return undefined
  }
  if (!parts) return undefined
  const { d, m, Y, y, H = '0', M = '0', S = '0' } = parts
  const two = (digits: string): string => digits.padStart(2, '0')
  // Two digits mean 1969 to 2068, as everywhere since POSIX.
  const year = Y ?? (y === undefined ? undefined : String(Number(y) + (Number(y) < 69 ? 2000 : 1900)))
  return d && m && year ? `${year}-${two(m)}-${two(d)} ${two(H)}:${two(M)}:${two(S)}` : undefined
}

/** A label in the caller's language or in English, or the key. */
function parseChoice(env: Env, field: FieldInfo, cell: Text): string {
  const text = String(cell)
  const choices = Object.entries(field.choices ?? {}).map(([key, label]) => [key, label, choiceLabel(env, field, key)] as const)
  const found =
    choices.find(([key]) => key === text) ?? choices.find((names) => names.some((one) => one.toLowerCase() === text.toLowerCase()))
  return found
    ? found[0]
    : wrong(
        env,
        field,
        cell,
        env.t('it is none of {choices}', {
          choices: choices
            .slice(0, 12)
            .map(([, , label]) => label)
            .join(', '),
        }),
      )
}
