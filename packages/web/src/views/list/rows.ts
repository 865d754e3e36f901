import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query'
import type { Values } from '../../fields/widget.ts'
import type { Domain } from '../../domain.ts'
import { ownedBy } from '../../fields/owner.ts'
import { ask, call } from '../../rpc.ts'

export const pageSize = 80
/** The server counts no further; beyond it says "more than". */
export const countedTo = 10_001

export type Row = Values & { readonly id: number }

export interface Page {
  readonly length: number
  readonly records: readonly Row[]
  readonly sums?: Readonly<Record<string, number>>
}

export interface RowsRequest {
  readonly domain: Domain
  readonly order: string
  readonly page: number
  readonly fields: readonly string[]
  readonly context: Readonly<Record<string, unknown>>
}

export const rowsKey = (model: string, request: RowsRequest): unknown[] => ['rows', model, request]

/** A page of rows with their sums; the page before stays until the next is there. */
export const useRows = (model: string, request: RowsRequest, sums: readonly string[], enabled: boolean) =>
  useQuery({
    queryKey: rowsKey(model, request),
    queryFn: () => readPage(model, request, sums, pageSize, request.page * pageSize),
    placeholderData: keepPreviousData,
    enabled,
    // The first rows come with the view: they are not asked for twice, on a slow machine neither.
    staleTime: 5_000,
  })

async function readPage(
  model: string,
  { domain, order, fields, context }: RowsRequest,
  sums: readonly string[],
  limit: number,
  offset: number,
): Promise<Page> {
  const page = await ask<Page>('list', { model, domain, order, fields: [...fields, 'version'], limit, offset, sums, context })
  return { ...page, records: page.records.map((row) => ownedBy(model, row)) }
}

/** How many there are exactly; asked for by a click on the count. */
export const countExactly = (model: string, domain: Domain): Promise<number> => call<number>(model, 'search_count', [domain])

// ---- Groups ----------------------------------------------------------------------------------------

/** A group that the server made: its key, how many it holds, and the condition that finds its records. */
export interface Group {
  readonly key: unknown
  readonly label: string
  readonly count: number
  /** As the server told it: its sums, and in which currencies they are. */
  readonly told: Readonly<Record<string, unknown>>
  readonly domain: Domain
  /** The conditions of the groups around it, from the outermost: its place in the tree. */
  readonly path: string
  readonly level: number
}

export type Item =
  | { readonly kind: 'group'; readonly group: Group; readonly isOpen: boolean }
  | { readonly kind: 'row'; readonly row: Row; readonly level: number }
  | { readonly kind: 'more'; readonly path: string; readonly level: number; readonly left: number }
  | { readonly kind: 'wait'; readonly path: string; readonly level: number }

interface TreeRequest {
  readonly model: string
  readonly domain: Domain
  readonly by: readonly string[]
  readonly order: string
  readonly fields: readonly string[]
  /** What is added up of each group, as `aggregatesFor` says it. */
  readonly aggregates: readonly string[]
  readonly context: Readonly<Record<string, unknown>>
  /** Open groups, with how many of their rows to show. */
  readonly open: ReadonlyMap<string, number>
  readonly labelOf: (value: unknown, spec: string) => string
}

interface Groups {
  readonly groups: readonly Readonly<Record<string, unknown>>[]
  readonly length: number
}

/** The groups of a list as one run of items: each opened group asks for what is in it, groups or rows, and nothing else is loaded. */
export function useTree(request: TreeRequest, enabled: boolean): { items: Item[]; isLoading: boolean; error: unknown } {
  const { model, domain, by, order, fields, aggregates, context, open } = request
  const nodes = enabled ? ['', ...open.keys()] : []
  const answers = useQueries({
    queries: nodes.map((path) => {
      const conditions = path === '' ? [] : (JSON.parse(path) as Domain[])
      const inside = [...domain, ...conditions.flat()]
      const spec = by[conditions.length]
      const limit = open.get(path) ?? pageSize
      return spec === undefined
        ? {
            queryKey: ['group-rows', model, inside, order, fields, limit, context],
            queryFn: () => readPage(model, { domain: inside, order, page: 0, fields, context }, [], limit, 0),
            placeholderData: keepPreviousData,
          }
        : {
            queryKey: ['groups', model, inside, spec, aggregates],
            queryFn: () => call<Groups>(model, 'web_read_group', [inside, [spec], aggregates], { limit: 400, context }),
          }
    }),
  })
  const found = new Map(nodes.map((path, i) => [path, answers[i]!]))
  const walk = (path: string, level: number): Item[] => {
    const data: Groups | Page | undefined = found.get(path)?.data
    if (!data) return path === '' ? [] : [{ kind: 'wait', path, level }]
    if ('records' in data) {
      const left = data.length - data.records.length
      return [
        ...data.records.map((row): Item => ({ kind: 'row', row, level })),
        ...(left > 0 ? [{ kind: 'more' as const, path, level, left }] : []),
      ]
    }
    return data.groups.flatMap((raw) => {
      const group = groupOf(raw, request, path, level)
      const isOpen = open.has(group.path)
      return [{ kind: 'group' as const, group, isOpen }, ...(isOpen ? walk(group.path, level + 1) : [])]
    })
  }
  const failed = answers.find(({ error }) => error)
  return { items: enabled ? walk('', 0) : [], isLoading: enabled && (answers[0]?.isPending ?? true), error: failed?.error }
}

function groupOf(raw: Readonly<Record<string, unknown>>, { by, labelOf }: TreeRequest, parent: string, level: number): Group {
  const spec = by[level]!
  const domain = raw['__extra_domain'] as Domain
  const around = parent === '' ? [] : (JSON.parse(parent) as Domain[])
  return {
    key: raw[spec],
    label: labelOf(raw[spec], spec),
    count: raw['__count'] as number,
    told: raw,
    domain,
    path: JSON.stringify([...around, domain]),
    level,
  }
}
