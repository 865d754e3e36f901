import { useEffect, useRef, useState } from 'react'
import { sumText } from '../../data/sums.ts'
import { type KnownViews, metaOf } from '../../data/views.ts'
import { formatInteger } from '../../format.ts'
import { useTexts } from '../../i18n/index.ts'
import { IconChevronsLeft, IconChevronsRight, IconPlus } from '../../ui/icons.ts'
import type { Row } from '../list/rows.ts'
import { type BoardRequest, type Column, cardsAtOnce, useCards } from './board.ts'
import { Card } from './Card.tsx'
import { ColumnCount } from './ColumnCount.tsx'
import { useCovers } from './covers.ts'
import type { Move } from './moves.ts'
import type { Plan } from './plan.ts'
import { QuickCreate } from './QuickCreate.tsx'

interface Props {
  readonly column: Column
  readonly request: BoardRequest
  readonly views: KnownViews
  readonly plan: Plan
  /** Cards that are shown elsewhere than the server has them. */
  readonly moves: ReadonlyMap<number, Move>
  readonly held: number | null
  readonly returned: number | null
  readonly dragged: number | null
  readonly isFolded: boolean
  readonly isOver: boolean
  readonly isRefusing: boolean
  readonly isTarget: boolean
  readonly current: number | null
  readonly menu: number | null
  readonly mayCreate: boolean
  readonly places: (from: Column) => Column[]
  /** How many cards should be in it at most. */
  readonly limit: number | undefined
  readonly onToggle: (text: string) => void
  readonly onLimit: (text: string, limit: number | null) => void
  readonly onDrag: (event: React.PointerEvent, row: Row, from: Column) => void
  readonly onKeyDown: (event: React.KeyboardEvent, row: Row, from: Column) => void
  readonly onFocus: (id: number) => void
  readonly onMenu: (id: number | null) => void
  readonly onPlace: (row: Row, from: Column, text: string) => void
  readonly onOpen: (row: Row, ids: readonly number[]) => void
  readonly urlOf: (id: number | 'new') => string
}

/** A column: its name, how many are in it and what they come to, and the cards, more of them as one scrolls. */
export function BoardColumn(props: Props) {
  const { column, request, views, plan, moves, held, returned, dragged, isFolded, current, menu, places, onOpen } = props
  const t = useTexts()
  const meta = metaOf(views)
  const box = useRef<HTMLElement>(null)
  const [pages, setPages] = useState(1)
  const [isAdding, setAdding] = useState(false)
  const isSeen = useSeen(box)
  const { rows, isLoading, error } = useCards(column, request, pages, isSeen && !isFolded)
  const left = rows.filter((row) => leaves(moves.get(row.id), column))
  // The server may have it here already, while the move is still being told.
  const arrived = arrivals(moves, column).filter((row) => !rows.some(({ id }) => id === row.id))
  const cards = [...arrived, ...rows.filter((row) => !left.includes(row))]
  const covers = useCovers(views.model, plan.cover, cards)
  const count = column.count + arrived.length - left.length
  const hasMore = rows.length < column.count && !isLoading
  const offered = places(column).filter((one) => one.text !== column.text)
  const rowOf = (event: React.SyntheticEvent): Row | undefined => {
    const id = Number((event.target as HTMLElement).closest<HTMLElement>('.kard')?.dataset['card'])
    return cards.find((row) => row.id === id)
  }
  const fold = (
    <button
      type="button"
      className="bare"
      aria-expanded={!isFolded}
      aria-label={isFolded ? t.unfoldColumn(column.label) : t.foldColumn(column.label)}
      title={isFolded ? t.unfoldColumn(column.label) : t.foldColumn(column.label)}
      onClick={() => props.onToggle(column.text)}
    >
      {isFolded ? <IconChevronsRight size={15} aria-hidden /> : <IconChevronsLeft size={15} aria-hidden />}
    </button>
  )
  return (
    <section
      ref={box}
      className="board-column"
      aria-label={t.columnOf(column.label, formatInteger(count))}
      data-folded={isFolded || undefined}
      data-full={(props.limit !== undefined && count > props.limit) || undefined}
      data-over={props.isOver || undefined}
      data-refusing={props.isRefusing || undefined}
      {...(props.isTarget ? { 'data-drop': column.text } : {})}
    >
      <header className="board-head">
        {isFolded && fold}
        <h2 title={column.label}>{column.label}</h2>
        <ColumnCount label={column.label} count={count} limit={props.limit} onLimit={(limit) => props.onLimit(column.text, limit)} />
        <span className="grow" />
        {!isFolded &&
          count > 0 &&
          plan.sums.map((name) => (
            <span key={name} className="board-sum" title={meta.fields[name]?.string}>
              {sumText(meta, name, sumNow(column, name, left, arrived), column.group)}
            </span>
          ))}
        {!isFolded && plan.quick && props.mayCreate && (
          <button
            type="button"
            className="bare"
            aria-label={t.quickCreate(column.label)}
            title={t.quickCreate(column.label)}
            onClick={() => setAdding(true)}
          >
            <IconPlus size={15} aria-hidden />
          </button>
        )}
        {!isFolded && fold}
      </header>
      {!isFolded && isAdding && (
        <QuickCreate
          views={views}
          fields={plan.quick!}
          column={column}
          by={request.by}
          context={request.context}
          onDone={() => setAdding(false)}
          formUrl={props.urlOf('new')}
        />
      )}
      {!isFolded && (
        <div
          className="board-cards"
          data-cards
          onPointerDown={(event) => {
            const row = rowOf(event)
            if (row) props.onDrag(event, row, column)
          }}
          onKeyDown={(event) => {
            const row = rowOf(event)
            // The card's own menu has keys of its own.
            if (row && (event.target as HTMLElement).id === `card-${row.id}`) props.onKeyDown(event, row, moves.get(row.id)?.from ?? column)
          }}
        >
          {cards.map((row) => (
            <Card
              key={row.id}
              row={row}
              plan={plan}
              model={views.model}
              url={props.urlOf(row.id)}
              isCurrent={row.id === current}
              hasCover={covers.has(row.id)}
              state={
                row.id === held ? 'held' : row.id === dragged || moves.has(row.id) ? 'moving' : row.id === returned ? 'returned' : undefined
              }
              places={offered}
              isMenuOpen={menu === row.id}
              onMenu={props.onMenu}
              onPlace={(one, text) => props.onPlace(one, column, text)}
              onOpen={(one) =>
                onOpen(
                  one,
                  cards.map(({ id }) => id),
                )
              }
              onFocus={props.onFocus}
            />
          ))}
          {cards.length === 0 && !isLoading && !error && <p className="board-none">{t.noCards}</p>}
          {error !== undefined && error !== null && <p className="problem">{error instanceof Error ? error.message : t.failed}</p>}
          {isLoading && <p className="board-none">{t.loading}</p>}
          {hasMore && isSeen && (
            <More key={rows.length} onSeen={() => setPages((known) => Math.max(known, Math.ceil(rows.length / cardsAtOnce)) + 1)} />
          )}
        </div>
      )}
    </section>
  )
}

const leaves = (move: Move | undefined, column: Column): boolean =>
  move !== undefined && move.from.text === column.text && move.to.text !== column.text

const arrivals = (moves: ReadonlyMap<number, Move>, column: Column): Row[] =>
  [...moves.values()].filter(({ from, to }) => to.text === column.text && from.text !== column.text).map(({ row }) => row)

/** The server's sum with what is on its way. */
function sumNow(column: Column, name: string, left: readonly Row[], arrived: readonly Row[]): number {
  const amount = (rows: readonly Row[]): number => rows.reduce((sum, row) => sum + Number(row[name] || 0), 0)
  return (column.sums[name] ?? 0) - amount(left) + amount(arrived)
}

/** Whether the element was in sight at some time. */
function useSeen(box: React.RefObject<HTMLElement | null>): boolean {
  const [isSeen, setSeen] = useState(false)
  useEffect(() => {
    if (isSeen || !box.current) return
    const observer = new IntersectionObserver((entries) => entries.some(({ isIntersecting }) => isIntersecting) && setSeen(true), {
      rootMargin: '200px',
    })
    observer.observe(box.current)
    return () => observer.disconnect()
  }, [box, isSeen])
  return isSeen
}

/** The end of what is loaded: when it comes near, more is asked for. */
function More({ onSeen }: { onSeen: () => void }) {
  const box = useRef<HTMLDivElement>(null)
  const isSeen = useSeen(box)
  useEffect(() => {
    if (isSeen) onSeen()
  }, [isSeen])
  return <div ref={box} className="board-more" />
}
