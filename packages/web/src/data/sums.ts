import type { ModelMeta } from '@erp4/orm/views-types'
import { formatInteger, formatValue } from '../format.ts'

type Group = Readonly<Record<string, unknown>>

/** What to ask the server for so that `sumText` can show these fields added up; `__count` counts records. */
export function aggregatesFor(meta: ModelMeta, names: readonly string[]): string[] {
  const summed = names.filter((name) => meta.fields[name])
  const currencies = summed.flatMap((name) => currencyFieldOf(meta, name) ?? [])
  return [...new Set([...summed.map((name) => `${name}:sum`), ...currencies.map((name) => `${name}:array_agg_distinct`)])]
}

export const sumIn = (group: Group, name: string): number => Number((name === '__count' ? group['__count'] : group[`${name}:sum`]) || 0)

/** A sum in words: with its currency, where all that was added up is in one; with the digits of `like` where its own group tells nothing. */
export function sumText(meta: ModelMeta, name: string, value: number, like: Group): string {
  const field = meta.fields[name]
  if (!field) return formatInteger(value)
  const currency = onlyCurrency(meta, name, like)
  return formatValue(field, value, currency === undefined ? {} : { [field.currency_field ?? 'currency_id']: currency })
}

/** Whether amounts of several currencies were added up, which makes no amount of any. */
export function isMixed(meta: ModelMeta, name: string, group: Group): boolean {
  const currency = currencyFieldOf(meta, name)
  const ids = currency && group[`${currency}:array_agg_distinct`]
  return Array.isArray(ids) && ids.length > 1
}

function onlyCurrency(meta: ModelMeta, name: string, group: Group): unknown {
  const currency = currencyFieldOf(meta, name)
  const ids = currency && group[`${currency}:array_agg_distinct`]
  return Array.isArray(ids) && ids.length === 1 ? ids[0] : undefined
}

function currencyFieldOf(meta: ModelMeta, name: string): string | undefined {
  const field = meta.fields[name]
  if (field?.type !== 'monetary') return undefined
  const currency = field.currency_field ?? 'currency_id'
  return meta.fields[currency] ? currency : undefined
}
