import { useRef, useState } from 'react'
import { useTexts } from '../../i18n/index.ts'
import { type Column, frozenStyle, isNumber, type useColumns } from './columns.ts'
import type { Selection } from './selection.ts'

interface Props {
  readonly columns: readonly Column[]
  readonly order: string
  readonly choice: ReturnType<typeof useColumns>
  readonly selection: Selection
  readonly onOrder: (order: string) => void
}

/** The names of the columns: a click sorts, a drag moves, the edge resizes; Shift and Alt with the arrows do so from the keyboard. */
export function HeaderRow({ columns, order, choice, selection, onOrder }: Props) {
  const t = useTexts()
  const [dragged, setDragged] = useState<string | null>(null)
  const [sorted = '', direction = 'asc'] = order.split(',')[0]!.trim().split(/\s+/)
  return (
    <div className="grid-row grid-head" role="row" aria-rowindex={1}>
      <span role="columnheader" className="cell cell-check" style={frozenStyle(-1, choice.frozen)}>
        <input type="checkbox" aria-label={t.selectPage} checked={selection.isPageSelected} onChange={selection.selectPage} />
      </span>
      {columns.map((column, i) => {
        const { field, shown } = column
        const { name } = field
        const isSorted = sorted === name
        const label = shown.label ?? field.string
        const sort = (): void => onOrder(!isSorted ? name : direction === 'asc' ? `${name} desc` : '')
        const onKeyDown = (event: React.KeyboardEvent): void => {
          const by = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0
          if (by === 0 || (!event.shiftKey && !event.altKey)) return
          event.preventDefault()
          event.stopPropagation()
          if (event.altKey) choice.move(name, by)
          else choice.resize(name, (event.currentTarget.parentElement?.getBoundingClientRect().width ?? 120) + by * 16)
        }
        return (
          <div
            key={name}
            role="columnheader"
            className={isNumber(field) ? 'cell number' : 'cell'}
            aria-sort={isSorted ? (direction === 'desc' ? 'descending' : 'ascending') : field.sortable ? 'none' : undefined}
            draggable
            data-dragged={dragged === name || undefined}
            data-frozen-edge={i === choice.frozen - 1 || undefined}
            style={frozenStyle(i, choice.frozen)}
            onDragStart={() => setDragged(name)}
            onDragEnd={() => setDragged(null)}
            onDragOver={(event) => dragged !== null && event.preventDefault()}
            onDrop={(event) => {
              event.preventDefault()
              if (dragged !== null) choice.move(dragged, i - columns.findIndex((one) => one.field.name === dragged))
            }}
          >
            {field.sortable ? (
              <button type="button" className="head" title={t.columnHint(label)} onClick={sort} onKeyDown={onKeyDown}>
                {label}
                {isSorted && <span aria-hidden>{direction === 'desc' ? ' ↓' : ' ↑'}</span>}
              </button>
            ) : (
              <span className="head">{label}</span>
            )}
            <ResizeEdge onResize={(width) => choice.resize(name, width)} />
          </div>
        )
      })}
      <span aria-hidden />
    </div>
  )
}

function ResizeEdge({ onResize }: { onResize: (width: number) => void }) {
  const from = useRef<{ x: number; width: number } | null>(null)
  return (
    <span
      className="edge"
      aria-hidden
      draggable
      onDragStart={(event) => {
        event.preventDefault()
        event.stopPropagation()
      }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        from.current = { x: event.clientX, width: event.currentTarget.parentElement!.getBoundingClientRect().width }
      }}
      onPointerMove={(event) => from.current && onResize(from.current.width + event.clientX - from.current.x)}
      onPointerUp={() => {
        from.current = null
      }}
    />
  )
}
