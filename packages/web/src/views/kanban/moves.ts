import { useCallback, useRef, useState } from 'react'
import { saveShown } from '../../data/saving.ts'
import { changed } from '../../data/views.ts'
import { type Texts, useTexts } from '../../i18n/index.ts'
import { press } from '../../rpc.ts'
import { tellFailure } from '../../ui/notify.ts'
import { explain } from '../../ui/states.tsx'
import type { Row } from '../list/rows.ts'
import type { Column } from './board.ts'

/** A card that is shown in another column than the server has it in, until the server agrees or refuses. */
export interface Move {
  readonly row: Row
  readonly from: Column
  readonly to: Column
}

interface Way {
  readonly model: string
  readonly field: string
  /** Methods that bring a card into a column, where its field is not set by hand. */
  readonly methods: ReadonlyMap<string, string>
}

/**
 * Cards on their way. `move` shows the card in its new column at once and asks the server; where that refuses, the card goes back, is marked
 * as `returned`, and the reason is told.
 */
export function useMoves(way: Way, say: (sentence: string) => void) {
  const t = useTexts()
  const [moves, setMoves] = useState<ReadonlyMap<number, Move>>(new Map())
  const [returned, setReturned] = useState<number | null>(null)
  const latest = useRef(way)
  latest.current = way
  const move = useCallback(
    async (one: Move): Promise<void> => {
      const { row, from, to } = one
      if (from.text === to.text) return
      const name = nameOf(row, t)
      setMoves((known) => new Map(known).set(row.id, one))
      setReturned(null)
      say(t.cardDropped(name, to.label))
      try {
        await bring(latest.current, one)
      } catch (error) {
        setReturned(row.id)
        say(t.cardRefused(name, from.label, explain(error, t).hint))
        tellFailure(error, t)
      }
      // The card stays where it is shown until the columns have come anew with it, or without it.
      await changed()
      setMoves((known) => new Map([...known].filter(([id, kept]) => id !== row.id || kept !== one)))
    },
    [say, t],
  )
  return { moves, returned, move }
}

async function bring({ model, field, methods }: Way, { row, to }: Move): Promise<void> {
  const method = methods.get(to.text)
  if (method) await press(model, method, [row.id])
  else await saveShown(model, row, { [field]: to.value })
}

export const nameOf = (row: Row, t: Texts): string => String(row['display_name'] || t.noName)
