import { useQueries, useQuery } from '@tanstack/react-query'
import type { ModelMeta } from '@erp4/orm/views-types'
import { groupText, keyText, keyValue } from '../../data/groups.ts'
import { sumIn } from '../../data/sums.ts'
import type { Domain } from '../../domain.ts'
import { ownedBy } from '../../fields/owner.ts'
import type { Texts } from '../../i18n/index.ts'
import { ask } from '../../rpc.ts'
import type { Page, Row } from '../list/rows.ts'

/** Cards of a column that come at once. */
export const cardsAtOnce = 40

export interface BoardRequest {
  readonly model: string
  readonly domain: Domain
  readonly by: string
  readonly fields: readonly string[]
  readonly aggregates: readonly string[]
  readonly order: string
  readonly context: Readonly<Record<string, unknown>>
  /** Every record that cards can be moved to has a column, also where no card is in it. */
  readonly all?: true
}

export interface Column {
  /** Its key as text: columns are told apart, kept folded and dropped on by it. */
  readonly text: string
  /** What a record in it holds. */
  readonly value: unknown
  readonly label: string
  readonly count: number
  readonly sums: Readonly<Record<string, number>>
  /** The group as the server told it, for currencies. */
  readonly group: Readonly<Record<string, unknown>>
  readonly domain: Domain
  /** Its first cards, where they came with the board. */
  readonly records: readonly Row[] | undefined
}

interface Answer {
  readonly length: number
  readonly columns: readonly (Readonly<Record<string, unknown>> & { readonly records?: readonly Row[] })[]
  readonly all?: readonly (readonly [id: number, name: string])[]
}

/** The columns of a board, with the first cards of those that are not folded, in one request. */
export function useBoard(request: BoardRequest, folded: ReadonlySet<string>) {
  return useQuery({
    // Folding is no reason to ask anew: a column that is unfolded asks for its own cards.
    queryKey: ['board', request],
    queryFn: async () => {
      const answer = await ask<Answer>('board', { ...request, folded: [...folded], limit: cardsAtOnce })
      for (const { records = [] } of answer.columns) for (const row of records) ownedBy(request.model, row)
      return answer
    },
    staleTime: 2_000,
  })
}

/** The columns as they stand: those of a selection and of a stage all of them, in their order; the others as they were found. */
export function columnsOf(
  { columns, all }: Answer,
  { by, domain }: BoardRequest,
  meta: ModelMeta,
  sums: readonly string[],
  t: Texts,
): Column[] {
  const field = meta.fields[by.split(':')[0]!]
  const found = columns.map((group): Column => {
    const key = group[by]
    return {
      text: keyText(key),
      value: keyValue(key),
      label: groupText(key, field, t),
      count: Number(group['__count']),
      sums: Object.fromEntries(sums.map((name) => [name, sumIn(group, name)])),
      group,
      domain: [...domain, ...(group['__extra_domain'] as Domain)],
      records: group.records,
    }
  })
  if (all) {
    const stages = all.map(([id, name]) => found.find(({ value }) => value === id) ?? emptyColumn(id, name, [...domain, [by, '=', id]]))
    return [...found.filter(({ value }) => !all.some(([id]) => id === value)), ...stages]
  }
  if (field?.type !== 'selection') return found
  const ordered = (field.selection ?? []).map(
    ([value, label]) => found.find(({ text }) => text === value) ?? emptyColumn(value, label, [...domain, [by, '=', value]]),
  )
  return [...found.filter(({ value }) => value === false), ...ordered]
}

const emptyColumn = (value: string | number, label: string, domain: Domain): Column => ({
  text: String(value),
  value,
  label,
  count: 0,
  sums: {},
  group: {},
  domain,
  records: [],
})

/** The cards of a column: those that came with the board, and what was asked for since, page by page. */
export function useCards(
  column: Column,
  request: BoardRequest,
  pages: number,
  enabled: boolean,
): { rows: Row[]; isLoading: boolean; error: unknown } {
  const { model, fields, order, context } = request
  const first = column.records ? 1 : 0
  const answers = useQueries({
    queries: Array.from({ length: Math.max(0, pages - first) }, (_, i) => ({
      queryKey: ['cards', model, column.domain, fields, order, context, i + first],
      queryFn: async () => {
        const page = { domain: column.domain, fields, order, context, limit: cardsAtOnce, offset: (i + first) * cardsAtOnce }
        const { records } = await ask<Page>('list', { model, ...page })
        return records.map((row) => ownedBy(model, row))
      },
      enabled,
      staleTime: 2_000,
    })),
  })
  const rows = [...(column.records ?? []), ...answers.flatMap(({ data = [] }) => data)]
  return {
    // A card that moved up between two pages is in both.
    rows: [...new Map(rows.map((row) => [row.id, row])).values()],
    isLoading: enabled && answers.some(({ isPending }) => isPending),
    error: answers.find(({ error }) => error)?.error,
  }
}
