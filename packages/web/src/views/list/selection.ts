import { useCallback, useEffect, useMemo, useState } from 'react'
import type { Row } from './rows.ts'

export interface Selection {
  readonly ids: ReadonlySet<number>
  /** All that the search finds, also those that are not loaded. */
  readonly isAll: boolean
  readonly count: number
  readonly isPageSelected: boolean
  /** Somebody is choosing rows, or has chosen some: on a phone a touch chooses then. */
  readonly isChoosing: boolean
  readonly has: (id: number) => boolean
  readonly toggle: (id: number, isRange?: boolean) => void
  readonly selectPage: () => void
  readonly selectAll: () => void
  readonly begin: () => void
  readonly clear: () => void
}

/** Which rows are chosen. Another search, or another page, begins anew. */
export function useSelection(rows: readonly Row[], scope: string): Selection {
  const [ids, setIds] = useState<ReadonlySet<number>>(new Set())
  const [isAll, setAll] = useState(false)
  const [isBegun, setBegun] = useState(false)
  const [last, setLast] = useState<number | null>(null)
  const clear = useCallback((): void => {
    setIds(new Set())
    setAll(false)
    setBegun(false)
  }, [])
  const begin = useCallback((): void => setBegun(true), [])
  useEffect(clear, [clear, scope])
  const toggle = useCallback(
    (id: number, isRange = false): void => {
      setAll(false)
      const from = isRange && last !== null ? rows.findIndex((row) => row.id === last) : -1
      const to = rows.findIndex((row) => row.id === id)
      setIds((known) => {
        const next = new Set(known)
        if (from >= 0 && to >= 0) for (const row of rows.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(row.id)
        else if (next.has(id)) next.delete(id)
        else next.add(id)
        return next
      })
      setLast(id)
    },
    [rows, last],
  )
  const selectPage = useCallback((): void => {
    setAll(false)
    setIds((known) => (rows.every(({ id }) => known.has(id)) ? new Set() : new Set(rows.map(({ id }) => id))))
  }, [rows])
  const selectAll = useCallback((): void => setAll(true), [])
  return useMemo(
    () => ({
      ids,
      isAll,
      count: ids.size,
      isPageSelected: rows.length > 0 && rows.every(({ id }) => ids.has(id)),
      isChoosing: isBegun || ids.size > 0,
      has: (id) => isAll || ids.has(id),
      toggle,
      selectPage,
      selectAll,
      begin,
      clear,
    }),
    [ids, isAll, isBegun, rows, toggle, selectPage, selectAll, begin, clear],
  )
}
