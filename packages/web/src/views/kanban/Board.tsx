import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { keepChoice } from '../../data/choices.ts'
import { aggregatesFor } from '../../data/sums.ts'
import { metaOf } from '../../data/views.ts'
import { useTexts } from '../../i18n/index.ts'
import { go } from '../../location.ts'
import { Toolbar } from '../../shell/Toolbar.tsx'
import { useAnnouncer } from '../../ui/announce.tsx'
import { watchDrag } from '../../ui/drag.ts'
import { Failure, ListSkeleton } from '../../ui/states.tsx'
import type { Row } from '../list/rows.ts'
import { NoRows } from '../NoRows.tsx'
import { TransferMenu } from '../TransferMenu.tsx'
import type { ViewProps } from '../view-type.ts'
import { type BoardRequest, type Column, columnsOf, useBoard } from './board.ts'
import { BoardColumn } from './BoardColumn.tsx'
import { neighbour } from './keys.ts'
import { type Move, nameOf, useMoves } from './moves.ts'
import { type Plan, cardFields } from './plan.ts'

interface Props extends Omit<ViewProps, 'by'> {
  readonly plan: Plan
  readonly by: string
  readonly create: ReactNode
}

/** What a person likes of a board, by the field of its columns. */
interface BoardChoice {
  readonly folded?: Readonly<Record<string, readonly string[]>>
  /** Null where he wants none. */
  readonly limits?: Readonly<Record<string, Readonly<Record<string, number | null>>>>
}

/** Columns of cards. A card is moved by the mouse, by a finger that rests on it, by the keyboard, or by its menu. */
export function Board({ views, domain, by, context, look, setLook, urlOf, plan, create }: Props) {
  const t = useTexts()
  const meta = metaOf(views)
  const choice = (views.choices?.['kanban'] ?? {}) as BoardChoice
  const folds = choice.folded ?? {}
  const limits = { ...(by === plan.stage ? plan.limits : {}), ...choice.limits?.[by] }
  const folded = useMemo(() => new Set(folds[by] ?? (by === plan.stage ? plan.folded : [])), [folds[by], by])
  const request: BoardRequest = {
    model: views.model,
    domain,
    by,
    fields: cardFields(plan),
    aggregates: aggregatesFor(meta, plan.sums),
    order: look.order,
    context,
    ...(by === plan.stage && meta.fields[by]?.type === 'many2one' ? { all: true } : {}),
  }
  const board = useBoard(request, folded)
  const columns = useMemo(() => (board.data ? columnsOf(board.data, request, meta, plan.sums, t) : []), [board.data, by, t])
  const { announcer, say } = useAnnouncer()
  const methods = by === plan.stage ? plan.moves : new Map<string, string>()
  const { moves, returned, move } = useMoves({ model: views.model, field: by, methods }, say)
  const [held, setHeld] = useState<Move | null>(null)
  const [dragged, setDragged] = useState<{ readonly row: Row; readonly from: Column } | null>(null)
  const [over, setOver] = useState<string | null>(null)
  const [current, setCurrent] = useState<number | null>(null)
  const [menu, setMenu] = useState<number | null>(null)
  const box = useRef<HTMLDivElement>(null)

  const field = meta.fields[by]
  const isSettable = field !== undefined && !field.readonly && ['selection', 'many2one', 'boolean'].includes(field.type)
  const takes = (column: Column): boolean =>
    meta.may.write && (methods.has(column.text) || (isSettable && !(field.required && column.value === false)))
  const shownMoves = held ? new Map(moves).set(held.row.id, held) : moves
  const first = columns.find(({ text, count }) => !folded.has(text) && count > 0)?.records?.[0]?.id
  const open = useCallback(
    (row: Row, ids: readonly number[]): void => void go(urlOf(row.id), { state: { ids, list: location.pathname + location.search } }),
    [urlOf],
  )
  const toggle = (text: string): void => {
    const next = folded.has(text) ? [...folded].filter((one) => one !== text) : [...folded, text]
    keepChoice(views.model, 'kanban', { ...choice, folded: { ...folds, [by]: next } })
  }
  const limit = (text: string, most: number | null): void =>
    keepChoice(views.model, 'kanban', { ...choice, limits: { ...choice.limits, [by]: { ...choice.limits?.[by], [text]: most } } })

  // A card that the keyboard moves is drawn anew in another column: the focus goes with it.
  useEffect(() => {
    if (held) document.getElementById(`card-${held.row.id}`)?.focus()
  }, [held])

  const drag = (event: React.PointerEvent, row: Row, from: Column): void => {
    const source = (event.target as HTMLElement).closest<HTMLElement>('.kard')
    if (!source || held || !columns.some((one) => one !== from && takes(one))) return
    watchDrag(event.nativeEvent, source, {
      onStart: () => setDragged({ row, from }),
      onOver: (target) => setOver(target?.dataset['drop'] ?? null),
      onEnd: (target) => {
        setDragged(null)
        const to = columns.find(({ text }) => text === target?.dataset['drop'])
        if (to && to.text !== from.text) void move({ row, from, to })
      },
    })
  }
  const place = useCallback(
    (row: Row, from: Column, text: string): void => {
      setMenu(null)
      const to = columns.find((one) => one.text === text)
      if (to) void move({ row, from, to })
    },
    [columns, move],
  )

  /** The columns that a card of `from` can be put down in, itself among them. */
  const stops = (from: Column): Column[] => columns.filter((one) => one.text === from.text || takes(one))
  const hold = (row: Row, from: Column): void => {
    const [all, name] = [stops(from), nameOf(row, t)]
    if (all.length < 2) return
    setHeld({ row, from, to: from })
    say(t.cardTaken(name, from.label, all.indexOf(from) + 1, all.length))
  }
  const onKeyDown = (event: React.KeyboardEvent, row: Row, from: Column): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (!held) {
      if (event.key === ' ') hold(row, from)
      else if (!neighbour(event.key, event.target as HTMLElement)) return
      return event.preventDefault()
    }
    const all = stops(held.from)
    const step = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0
    if (event.key === 'Escape') {
      setHeld(null)
      say(t.cardGivenUp(nameOf(row, t), held.from.label))
      setTimeout(() => document.getElementById(`card-${row.id}`)?.focus())
    } else if (event.key === ' ' || event.key === 'Enter') {
      setHeld(null)
      if (held.to.text === held.from.text) say(t.cardGivenUp(nameOf(row, t), held.from.label))
      else void move(held)
    } else if (step !== 0) {
      const at = all.findIndex(({ text }) => text === held.to.text)
      const to = all[Math.max(0, Math.min(all.length - 1, at + step))]!
      setHeld({ ...held, to })
      say(t.cardOver(nameOf(row, t), to.label, all.indexOf(to) + 1, all.length))
    } else if (event.key === 'Tab') return event.preventDefault()
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  return (
    <>
      <Toolbar>
        {create}
        <span className="grow" />
        {board.data && board.data.length > board.data.columns.length && <span className="soft small">{t.noColumns}</span>}
        <TransferMenu
          views={views}
          domain={domain}
          order={[by.split(':')[0]!, look.order].filter(Boolean).join(', ')}
          columns={[...(field ? [{ field }] : []), plan.title, ...plan.body]}
          context={context}
          count={board.data && columns.reduce((sum, { count }) => sum + count, 0)}
        />
      </Toolbar>
      {announcer}
      <p id="card-hint" hidden>
        {t.cardHint}
      </p>
      {board.error ? (
        <Failure error={board.error} retry={() => void board.refetch()} />
      ) : board.isPending ? (
        <ListSkeleton />
      ) : columns.length === 0 ? (
        <NoRows views={views} look={look} setLook={setLook} urlOf={urlOf} />
      ) : (
        <div className="board" ref={box} role="group" aria-label={t.boardOf(meta.label)} data-busy={board.isFetching || undefined}>
          {columns.map((column) => (
            <BoardColumn
              key={column.text}
              column={column}
              request={request}
              views={views}
              plan={plan}
              moves={shownMoves}
              held={held?.row.id ?? null}
              returned={returned}
              isFolded={folded.has(column.text)}
              isOver={over === column.text && dragged?.from.text !== column.text}
              isRefusing={dragged !== null && dragged.from.text !== column.text && !takes(column)}
              isTarget={dragged === null || takes(column) || dragged.from.text === column.text}
              dragged={dragged?.row.id ?? null}
              current={current ?? first ?? null}
              menu={menu}
              places={stops}
              mayCreate={meta.may.create && (isSettable || (by === plan.stage && column === columns[0]))}
              limit={limits[column.text] ?? undefined}
              onToggle={toggle}
              onLimit={limit}
              onDrag={drag}
              onKeyDown={onKeyDown}
              onFocus={setCurrent}
              onMenu={setMenu}
              onPlace={place}
              onOpen={open}
              urlOf={urlOf}
            />
          ))}
        </div>
      )}
    </>
  )
}
