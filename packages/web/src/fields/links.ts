import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import type { FieldMeta } from '@erp4/orm/views-types'
import { queries } from '../data/views.ts'
import { call } from '../rpc.ts'
import type { EditProps } from './widget.ts'

/** A linked record as forms hold it. */
export interface Linked {
  readonly id: number
  readonly display_name: string
  readonly color?: number
}

const most = 8

/** The field with what its view narrows it to: only records that are like this one (`ShownField.among`). */
export function narrowed({ field, shown: { among }, record }: Pick<EditProps, 'field' | 'shown' | 'record'>): FieldMeta {
  const terms = Object.entries(among ?? {}).flatMap(([theirs, own]) => {
    const value = record[own]
    return value ? [[theirs, '=', typeof value === 'object' && 'id' in value ? value.id : value]] : []
  })
  return terms.length > 0 ? { ...field, domain: [...plainDomain(field), ...terms] } : field
}

const namesAsked = (field: FieldMeta, text: string) => ({
  queryKey: ['names', field.relation, text, field.domain],
  queryFn: () => call<[number, string][]>(field.relation!, 'name_search', [text], { domain: plainDomain(field), limit: most + 1 }),
  staleTime: 20_000,
})

const onTheirWay = new Set<Promise<unknown>>()

/**
 * The records of that name, for a key that came before they did. Whoever asked for them may be gone by then, as a row of lines is that was
 * left: `namesTaken` waits for it.
 */
export function takeNames(field: FieldMeta, text: string, take: (found: readonly Linked[]) => void): void {
  const taken: Promise<unknown> = queries
    .fetchQuery(namesAsked(field, text))
    .then((found) => take(found.map(([id, display_name]) => ({ id, display_name }))))
    .catch(() => take([])) // the list of names says what is wrong
    .finally(() => onTheirWay.delete(taken))
  onTheirWay.add(taken)
}

/** Resolves when every name was taken that a key came too early for. */
export async function namesTaken(): Promise<void> {
  await Promise.all(onTheirWay)
}

/** Records of the field's model whose names hold the text, as it is typed; the field's own condition holds for all of them. */
export function useNames(
  field: FieldMeta,
  text: string,
  isOpen: boolean,
): { names: readonly Linked[]; isLoading: boolean; isStale: boolean; hasMore: boolean } {
  const [settled] = useDebouncedValue(text.trim(), 160)
  const {
    data = [],
    isFetching,
    isPlaceholderData,
    isError,
  } = useQuery({
    ...namesAsked(field, settled),
    enabled: isOpen,
    placeholderData: (previous) => previous,
  })
  // Until the answer comes, those of the last one that fit.
  const isStale = isOpen && !isError && (settled !== text.trim() || isPlaceholderData || (isFetching && data.length === 0))
  const fitting = isStale ? data.filter(([, name]) => name.toLowerCase().includes(text.trim().toLowerCase())) : data
  const names = fitting.slice(0, most).map(([id, display_name]) => ({ id, display_name }))
  return { names, isLoading: isFetching || isStale, isStale, hasMore: data.length > most }
}

const plainDomain = ({ domain }: FieldMeta): readonly unknown[] => (Array.isArray(domain) ? domain : [])

/** A new record with this name. */
export async function createNamed(field: FieldMeta, name: string): Promise<Linked> {
  const [id, display_name] = await call<[number, string]>(field.relation!, 'name_create', [name])
  return { id, display_name }
}
