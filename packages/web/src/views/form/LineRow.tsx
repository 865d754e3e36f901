import { memo, useCallback, useEffect, useRef } from 'react'
import type { FieldMeta, ShownField } from '@erp4/orm/views-types'
import { holds } from '../../domain.ts'
import { widgetFor } from '../../fields/registry.ts'
import type { Values } from '../../fields/widget.ts'
import { formatValue } from '../../format.ts'
import { useTexts } from '../../i18n/index.ts'
import { IconGrip, IconTrash } from '../../ui/icons.ts'
import { HeadingCell } from './HeadingCell.tsx'
import type { LineActions } from './line-actions.ts'
import type { Line } from './lines.ts'

interface RowProps {
  readonly line: Line
  readonly columns: readonly ShownField[]
  readonly fields: Readonly<Record<string, FieldMeta>>
  readonly template: string
  readonly index: number
  readonly editing: { readonly field?: string } | null
  readonly mayChange: boolean
  /** And removed. */
  readonly mayAdd: boolean
  readonly mayMove: boolean
  /** Which kind of heading or note it is; without it a line like others. */
  readonly kind: string | undefined
  /** The field with a heading's words. */
  readonly text: string | undefined
  /** Another line is being dragged over it. */
  readonly isOver: boolean
  readonly actions: LineActions
  readonly onDrag: (event: React.PointerEvent, key: string) => void
}

/** A line: text until the cursor comes, then inputs. */
export const LineRow = memo(function LineRow(props: RowProps) {
  const { line, columns, fields, template, index, editing, mayChange, mayAdd, mayMove, kind, text, isOver, actions, onDrag } = props
  const { key } = line
  const t = useTexts()
  const own = useRef<HTMLDivElement>(null)
  const heading = kind === undefined || text === undefined ? undefined : text
  const wanted = editing
    ? (editing.field ?? heading ?? columns.find((column) => isSettable(fields[column.field]!, column, line))?.field)
    : undefined
  useEffect(() => {
    if (wanted === undefined) return
    own.current?.querySelector<HTMLElement>(`[data-cell="${wanted}"] :is(input, select, textarea)`)?.focus()
  }, [wanted])
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.nativeEvent.isComposing || event.defaultPrevented) return
    const isOnGrip = (event.target as HTMLElement).closest('.grip') !== null
    const arrow = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : undefined
    if (arrow && mayMove && (event.altKey || isOnGrip)) actions.move(key, arrow)
    else if (editing && event.key === 'Enter' && !event.ctrlKey && !event.metaKey && !event.shiftKey && !isButton(event.target))
      actions.next(key)
    else return
    event.preventDefault()
  }
  return (
    <div
      ref={own}
      className="table-row"
      role="row"
      aria-rowindex={index + 2}
      style={{ gridTemplateColumns: template }}
      data-heading={kind}
      data-over={isOver || undefined}
      data-drop={mayMove ? key : undefined}
      onKeyDown={mayChange ? onKeyDown : undefined}
    >
      {mayMove && (
        <div role="cell" className="cell">
          <button
            type="button"
            className="bare grip"
            aria-label={t.moveLine(index + 1)}
            title={t.moveLineHint}
            tabIndex={-1}
            onPointerDown={(event) => onDrag(event, key)}
          >
            <IconGrip size={15} aria-hidden />
          </button>
        </div>
      )}
      {heading !== undefined ? (
        <HeadingCell
          line={line}
          field={fields[heading]!}
          span={columns.length}
          isEditing={editing !== null}
          actions={mayAdd ? actions : undefined}
        />
      ) : (
        columns.map((column, i) => {
          const field = fields[column.field]!
          return (
            <LineCell
              key={column.field}
              line={key}
              column={column}
              field={field}
              values={line.values}
              isSettable={isSettable(field, column, line)}
              isEditing={editing !== null}
              isFirst={i === 0}
              actions={mayChange ? actions : undefined}
            />
          )
        })
      )}
      {mayAdd && (
        <div role="cell" className="cell cell-remove">
          <button type="button" className="bare" aria-label={t.removeLine(index + 1)} onClick={() => actions.remove(key)}>
            <IconTrash size={15} aria-hidden />
          </button>
        </div>
      )}
    </div>
  )
})

const isButton = (target: EventTarget): boolean => (target as HTMLElement).tagName === 'BUTTON'

interface CellProps {
  readonly line: string
  readonly column: ShownField
  readonly field: FieldMeta
  readonly values: Values
  readonly isSettable: boolean
  readonly isEditing: boolean
  readonly isFirst: boolean
  readonly actions: LineActions | undefined
}

const LineCell = memo(
  function LineCell({ line, column, field, values, isSettable: canSet, isEditing, isFirst, actions }: CellProps) {
    const t = useTexts()
    const widget = widgetFor(field, column)
    const { field: name } = column
    const props = { field, shown: column, value: values[name], record: values }
    const onChange = useCallback((value: unknown) => actions?.change(line, name, value), [actions, line, name])
    const edit = (field?: string): void => actions?.edit(line, field)
    return (
      <div role="cell" className={isNumber(field) ? 'cell number' : 'cell'} data-cell={name}>
        {isEditing && canSet && widget.Edit ? (
          <widget.Edit {...props} id={`${line}-${name}`} compact required={field.required === true} onChange={onChange} />
        ) : (
          <button
            type="button"
            className="cell-text"
            tabIndex={actions && isFirst && !isEditing ? 0 : -1}
            disabled={!actions}
            aria-label={actions ? t.editCell(field.string, formatValue(field, props.value, values)) : undefined}
            onClick={() => edit(canSet ? name : undefined)}
            onFocus={() => isFirst && edit()}
          >
            {widget.Show && field.type !== 'many2one' && column.widget ? (
              <widget.Show {...props} />
            ) : (
              formatValue(field, props.value, values)
            )}
          </button>
        )}
      </div>
    )
  },
  // Of the rest of the line a cell shows the currency alone, and offers what is like the line.
  (before, after) =>
    before.values[before.column.field] === after.values[after.column.field] &&
    currencyIn(before) === currencyIn(after) &&
    isSameIn(before, after) &&
    before.values['id'] === after.values['id'] &&
    before.column === after.column &&
    before.field === after.field &&
    before.isSettable === after.isSettable &&
    before.isEditing === after.isEditing &&
    before.isFirst === after.isFirst &&
    before.actions === after.actions,
)

const currencyIn = ({ field, values }: CellProps): unknown => values[field.currency_field ?? 'currency_id']

const isSameIn = ({ column: { among = {} }, values }: CellProps, after: CellProps): boolean =>
  Object.values(among).every((name) => values[name] === after.values[name])

export const isNumber = ({ type }: FieldMeta): boolean => ['integer', 'float', 'monetary'].includes(type)

function isSettable(field: FieldMeta, column: ShownField, { values }: Line): boolean {
  const isReadonly =
    field.readonly === true || column.readonly === true || (Array.isArray(column.readonly) && holds(column.readonly, values))
  return !isReadonly && widgetFor(field, column).Edit !== undefined
}
