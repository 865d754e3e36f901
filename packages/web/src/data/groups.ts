import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { FieldMeta, ModelMeta } from '@erp4/orm/views-types'
import type { Domain } from '../domain.ts'
import type { Texts } from '../i18n/index.ts'
import { ask } from '../rpc.ts'

/** A group's key as text, by which folded columns and closed rows are kept: an id, the beginning of a span, a value. */
export const keyText = (key: unknown): string => String(Array.isArray(key) ? key[0] : key)

/** A group's key as it is written into a record. */
export const keyValue = (key: unknown): unknown => (Array.isArray(key) ? key[0] : key)

/** What a group is called. */
export function groupText(key: unknown, field: FieldMeta | undefined, t: Texts): string {
  if (key === false || key === null || key === undefined || key === '') return field?.type === 'boolean' ? t.no : t.unset
  if (key === true) return t.yes
  if (Array.isArray(key)) return String(key[1])
  return field?.selection?.find(([choice]) => choice === key)?.[1] ?? String(key)
}

/** Ways to group by, `user_id` or `date_order:month`, with the fields and spans that they are made of. */
export function specParts(spec: string): { readonly name: string; readonly span: string | undefined } {
  const [name = '', span] = spec.split(':')
  return { name, span }
}

export type Group = Readonly<Record<string, unknown>>

export interface GroupSet {
  readonly groups: readonly Group[]
  /** There are more than could be told. */
  readonly isCut: boolean
}

export interface GroupsRequest {
  readonly model: string
  readonly domain: Domain
  /** Each a list of ways to group by; an empty one is everything together. */
  readonly sets: readonly (readonly string[])[]
  readonly aggregates: readonly string[]
  readonly context: Readonly<Record<string, unknown>>
}

/** The records grouped in several ways, in one request; what was there before stays until the next is. */
export const useGroups = (request: GroupsRequest) =>
  useQuery({
    queryKey: ['group-sets', request],
    queryFn: () => ask<readonly GroupSet[]>('groups', { ...request }),
    placeholderData: keepPreviousData,
    staleTime: 2_000,
  })

const notSummed = new Set(['id', 'version', 'sequence', 'color'])

/** The fields whose sums say something, and the number of records. */
export const measuresOf = (meta: ModelMeta, t: Texts): { readonly name: string; readonly label: string }[] => [
  { name: '__count', label: t.countOfRecords },
  ...Object.values(meta.fields)
    .filter(({ name, type, sortable }) => sortable && ['integer', 'float', 'monetary'].includes(type) && !notSummed.has(name))
    .map(({ name, string }) => ({ name, label: string }))
    .sort((a, b) => a.label.localeCompare(b.label)),
]
