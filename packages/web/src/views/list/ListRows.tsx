import { memo } from 'react'
import { sumIn, sumText } from '../../data/sums.ts'
import { type KnownViews, metaOf } from '../../data/views.ts'
import { holds } from '../../domain.ts'
import { widgetFor } from '../../fields/registry.ts'
import { formatInteger, formatValue } from '../../format.ts'
import { useTexts } from '../../i18n/index.ts'
import { IconChevronDown, IconChevronRight } from '../../ui/icons.ts'
import { watchPress } from '../../ui/press.ts'
import { CellEdit } from './CellEdit.tsx'
import { type Column, frozenStyle, isNumber } from './columns.ts'
import type { Item, Row } from './rows.ts'

interface Shared {
  readonly id: string
  readonly index: number
  readonly isAt: boolean
  readonly style: React.CSSProperties
}

interface GroupProps extends Shared {
  readonly item: Extract<Item, { kind: 'group' }>
  readonly views: KnownViews
  readonly columns: readonly Column[]
  readonly isPhone: boolean
  readonly onToggle: (path: string) => void
}

export const GroupRow = memo(function GroupRow({
  id,
  index,
  isAt,
  style,
  item: { group, isOpen },
  views,
  columns,
  isPhone,
  onToggle,
}: GroupProps) {
  const Chevron = isOpen ? IconChevronDown : IconChevronRight
  const meta = metaOf(views)
  // Its name has the room up to the first sum.
  const summed = columns.findIndex(({ field, shown }, i) => i > 0 && shown.sum === true && `${field.name}:sum` in group.told)
  const named = summed < 0 ? columns.length : summed
  return (
    <div
      id={id}
      role="row"
      aria-rowindex={index + 2}
      aria-expanded={isOpen}
      aria-level={group.level + 1}
      className="grid-row grid-group"
      data-at={isAt || undefined}
      style={style}
      onClick={() => onToggle(group.path)}
    >
      <div
        role="gridcell"
        className="cell group-name"
        style={{ paddingInlineStart: 10 + group.level * 18, ...(isPhone ? {} : { gridColumn: `span ${named + 1}` }) }}
      >
        <Chevron size={15} aria-hidden />
        <span>{group.label}</span>
        <span className="soft">({formatInteger(group.count)})</span>
      </div>
      {!isPhone &&
        columns.slice(named).map(({ field: { name }, shown }) => (
          <span key={name} role="gridcell" className="cell number">
            {shown.sum === true && `${name}:sum` in group.told && sumText(meta, name, sumIn(group.told, name), group.told)}
          </span>
        ))}
    </div>
  )
})

export function MoreRow({
  id,
  index,
  isAt,
  style,
  item,
  onMore,
}: Shared & { item: Extract<Item, { kind: 'more' }>; onMore: (path: string) => void }) {
  const t = useTexts()
  return (
    <div id={id} role="row" aria-rowindex={index + 2} className="grid-row grid-more" data-at={isAt || undefined} style={style}>
      <span role="gridcell" className="cell" style={{ paddingInlineStart: 10 + item.level * 18 }}>
        <button type="button" className="link" tabIndex={-1} onClick={() => onMore(item.path)}>
          {t.showMore(formatInteger(item.left))}
        </button>
      </span>
    </div>
  )
}

export function WaitRow({ id, index, isAt, style }: Shared) {
  const t = useTexts()
  return (
    <div id={id} role="row" aria-rowindex={index + 2} className="grid-row" data-at={isAt || undefined} style={style}>
      <span role="gridcell" className="cell soft">
        {t.loading}
      </span>
    </div>
  )
}

interface RowProps extends Shared {
  readonly row: Row
  readonly level: number
  readonly views: KnownViews
  readonly columns: readonly Column[]
  /** So many columns stay in sight. */
  readonly frozen: number
  readonly isPhone: boolean
  readonly isSelected: boolean
  /** On a phone: a touch chooses the row instead of opening it. */
  readonly isChoosing: boolean
  readonly editing: string | null
  readonly isEditable: boolean
  readonly url: string
  readonly onSelect: (id: number, isRange?: boolean) => void
  readonly onOpen: (row: Row) => void
  readonly onEdit: (row: Row, field?: string) => void
  /** The cell is done with; the next to edit, if any. */
  readonly onDone: (next: string | null) => void
}

export const RecordRow = memo(
  function RecordRow(props: RowProps) {
    return props.isPhone ? <PhoneRow {...props} /> : <WideRow {...props} />
  },
  (before, after) =>
    before.row === after.row &&
    before.isAt === after.isAt &&
    before.isSelected === after.isSelected &&
    before.isChoosing === after.isChoosing &&
    before.editing === after.editing &&
    before.columns === after.columns &&
    before.frozen === after.frozen &&
    before.isPhone === after.isPhone &&
    before.index === after.index &&
    before.onOpen === after.onOpen &&
    before.onSelect === after.onSelect &&
    before.style.transform === after.style.transform,
)

const isArchived = (row: Row): boolean => row['active'] === false

function WideRow({
  id,
  index,
  isAt,
  style,
  row,
  level,
  views,
  columns,
  frozen,
  isSelected,
  editing,
  isEditable,
  url,
  onSelect,
  onOpen,
  onEdit,
  onDone,
}: RowProps) {
  const t = useTexts()
  const meta = metaOf(views)
  const settable = columns.filter(
    ({ field, shown }) => !field.readonly && shown.readonly !== true && widgetFor(field, shown).Edit !== undefined && field.type !== 'html',
  )
  const isSettable = (name: string | undefined): name is string => meta.may.write && settable.some(({ field }) => field.name === name)
  const cellAt = (event: React.MouseEvent): string | undefined =>
    (event.target as HTMLElement).closest<HTMLElement>('[data-cell]')?.dataset['cell']
  const open = (event: React.MouseEvent): void => {
    if ((event.target as HTMLElement).closest('input, select, textarea, button, label, a[href]:not(.row-link)')) return
    if (event.ctrlKey || event.metaKey) return
    event.preventDefault()
    const name = cellAt(event)
    if (editing !== null && name === editing) return
    if (isEditable && isSettable(name)) onEdit(row, name)
    else onOpen(row)
  }
  return (
    <div
      id={id}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      className="grid-row grid-record"
      data-at={isAt || undefined}
      data-archived={isArchived(row) || undefined}
      style={style}
      onClick={open}
    >
      <span role="gridcell" className="cell cell-check" style={frozenStyle(-1, frozen)}>
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={t.selectRow(nameOf(row, columns))}
          checked={isSelected}
          onClick={(event) => onSelect(row.id, event.shiftKey)}
          onChange={() => {}}
        />
      </span>
      {columns.map(({ field, shown }, i) => {
        const { name } = field
        const widget = widgetFor(field, shown)
        const isShown = !shown.when || holds(shown.when, row)
        const props = { field, shown, value: row[name], record: row }
        if (editing === name && widget.Edit) {
          const next = settable[settable.findIndex((one) => one.field.name === name) + 1]?.field.name ?? null
          return (
            <div key={name} role="gridcell" className="cell cell-edit">
              <CellEdit views={views} row={row} field={field} shown={shown} onDone={(toNext) => onDone(toNext ? next : null)} />
            </div>
          )
        }
        const text = formatValue(field, row[name], row)
        return (
          <div
            key={name}
            role="gridcell"
            className={isNumber(field) ? 'cell number' : 'cell'}
            style={{ ...frozenStyle(i, frozen), ...(i === 0 && level > 0 ? { paddingInlineStart: 10 + level * 18 } : {}) }}
            data-cell={name}
          >
            {!isShown ? null : i === 0 ? (
              <a className="row-link" href={url} tabIndex={-1} draggable={false}>
                {text || t.noName}
              </a>
            ) : widget.Show && field.type !== 'many2one' ? (
              <widget.Show {...props} />
            ) : (
              <span title={text}>{text}</span>
            )}
          </div>
        )
      })}
    </div>
  )
}

/** A card of two lines: what it is, and the next that there is to know. A finger that rests on it chooses it, and from then on a touch does. */
function PhoneRow({ id, index, isAt, style, row, columns, isSelected, isChoosing, url, onSelect, onOpen }: RowProps) {
  const t = useTexts()
  const [first, ...rest] = columns
  const more = rest.flatMap(({ field }) => formatValue(field, row[field.name], row) || []).slice(0, 3)
  return (
    <div
      id={id}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      className="grid-row grid-record grid-card"
      data-at={isAt || undefined}
      data-archived={isArchived(row) || undefined}
      data-choosing={isChoosing || undefined}
      style={style}
      onPointerDown={(event) => watchPress(event.nativeEvent, () => onSelect(row.id))}
    >
      {isChoosing && (
        <span role="gridcell" className="cell-check">
          <input type="checkbox" aria-label={t.selectRow(nameOf(row, columns))} checked={isSelected} onChange={() => onSelect(row.id)} />
        </span>
      )}
      <div role="gridcell" className="card">
        <a
          className="row-link"
          href={url}
          tabIndex={-1}
          draggable={false}
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey) return
            event.preventDefault()
            if (isChoosing) onSelect(row.id)
            else onOpen(row)
          }}
        >
          <strong>{(first && formatValue(first.field, row[first.field.name], row)) || t.noName}</strong>
          {more.length > 0 && <span className="soft">{more.join(' · ')}</span>}
        </a>
      </div>
    </div>
  )
}

const nameOf = (row: Row, columns: readonly Column[]): string => {
  const [first] = columns
  return first ? formatValue(first.field, row[first.field.name], row) : String(row.id)
}
