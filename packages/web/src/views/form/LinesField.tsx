import { Button } from '@mantine/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import { memo, useEffect, useMemo, useRef, useState } from 'react'
import type { FieldMeta, ShownField, ViewNode } from '@erp4/orm/views-types'
import { holds } from '../../domain.ts'
import { widgetFor } from '../../fields/registry.ts'
import { formatValue } from '../../format.ts'
import { useTexts } from '../../i18n/index.ts'
import { useShortcuts } from '../../shell/shortcuts.ts'
import { IconPlus, IconTrash } from '../../ui/icons.ts'
import { type Line, type Lines, changeLine, moveLine, removeLine } from './lines.ts'
import { type FormRecord, useRecord } from './record.ts'
import { tracksOf } from './tracks.ts'

type LinesNode = Extract<ViewNode, { tag: 'lines' }>

const rowHeight = 34
/** So many are drawn as they are; beyond, only those in sight. */
const plainUpTo = 40

/**
 * A record's lines, edited in place: the row with the cursor has inputs, the others are text, so that hundreds of them cost nothing. Enter
 * goes to the next row and adds one at the end.
 */
export function LinesField({ record, node, canWrite }: { record: FormRecord; node: LinesNode; canWrite: boolean }) {
  const t = useTexts()
  const field = record.fields[node.field]
  const lines = useRecord(record, ({ values }) => values[node.field] as Lines | undefined)
  const problem = useRecord(record, ({ problems }) => problems[node.field])
  const [editing, setEditing] = useState<{ key: string; field?: string } | null>(null)
  const box = useRef<HTMLDivElement>(null)
  const scroller = useRef<HTMLDivElement>(null)
  const meta = field && record.views.models[field.relation!]
  const all = lines?.lines ?? []
  const isVirtual = all.length > plainUpTo
  const virtual = useVirtualizer({
    count: isVirtual ? all.length : 0,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 6,
  })
  useShortcuts([{ keys: 'alt+l', label: t.addLine, run: () => mayChange && add() }])
  const at = editing && isVirtual ? all.findIndex(({ key }) => key === editing.key) : -1
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at)
    // When the cursor goes to another line, not when lines come and go around it.
  }, [editing?.key])
  const mayChange = canWrite && meta !== undefined && lines !== undefined && !node.readonly && field?.readonly !== true
  // A column whose condition holds for none of the lines is not there.
  const columns = node.columns.filter(
    ({ field: name, optional, when }) =>
      meta?.fields[name] && optional !== 'hidden' && (!when || holds(when, {}) || all.some(({ values }) => holds(when, values))),
  )
  const savedLines = useRecord(record, ({ saved }) => saved[node.field] as Lines | undefined)
  const names = columns.map((column) => column.field).join()
  // The names stand for the columns, which are made anew each time.
  const tracks = useMemo(() => tracksOf(columns, meta?.fields ?? {}, savedLines?.lines ?? []), [names, meta, savedLines])
  if (!field || !meta || !lines) return null
  const template = `${tracks}${mayChange ? ' 34px' : ''}`

  const add = (): void => {
    const key = record.addLine(
      node.field,
      columns.map((column) => column.field),
    )
    setEditing({ key })
  }
  const next = (i: number): void => {
    // Asked of the record: the row that calls may have been drawn before the one below it was added.
    const below = (record.values[node.field] as Lines).lines[i + 1]
    if (below) setEditing({ key: below.key })
    else add()
  }
  const row = (line: Line, i: number) => (
    <LineRow
      key={line.key}
      line={line}
      columns={columns}
      fields={meta.fields}
      template={template}
      index={i}
      editing={editing?.key === line.key ? editing : null}
      onEdit={mayChange ? (name) => setEditing({ key: line.key, ...(name ? { field: name } : {}) }) : undefined}
      onChange={(name, value) =>
        record.setLines(node.field, changeLine(record.values[node.field] as Lines, line.key, { [name]: value }), {
          key: line.key,
          field: name,
        })
      }
      onRemove={mayChange ? () => record.setLines(node.field, removeLine(record.values[node.field] as Lines, line.key)) : undefined}
      onMove={
        mayChange && node.sequence
          ? (by) => record.setLines(node.field, moved(record.values[node.field] as Lines, line.key, i + by, node.sequence!))
          : undefined
      }
      onNext={() => next(i)}
    />
  )

  return (
    <div
      className="lines"
      ref={box}
      data-field={node.field}
      data-problem={problem !== undefined || undefined}
      onBlur={(event) => {
        const to = event.relatedTarget as HTMLElement | null
        // Choices open outside the row; the cursor comes back from there.
        if (to && !box.current?.contains(to) && !to.closest('[data-portal]')) setEditing(null)
      }}
    >
      {problem !== undefined && <p className="problem">{problem}</p>}
      <div className="lines-scroll" ref={scroller} data-long={isVirtual || undefined} tabIndex={0} role="group" aria-label={field.string}>
        <div className="table" role="table" aria-label={field.string} aria-rowcount={all.length + 1}>
          <div className="table-row table-head" role="row" style={{ gridTemplateColumns: template }}>
            {columns.map((column) => (
              <div key={column.field} role="columnheader" className={isNumber(meta.fields[column.field]!) ? 'cell number' : 'cell'}>
                {column.label ?? meta.fields[column.field]!.string}
                {meta.fields[column.field]!.required && (
                  <span className="required" aria-hidden>
                    {'\u00a0*'}
                  </span>
                )}
              </div>
            ))}
            {mayChange && (
              <div role="columnheader" className="cell">
                <span className="sr">{t.actions}</span>
              </div>
            )}
          </div>
          {isVirtual ? (
            <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
              {virtual.getVirtualItems().map((item) => (
                <div key={all[item.index]!.key} role="presentation" style={{ position: 'absolute', top: item.start, left: 0, right: 0 }}>
                  {row(all[item.index]!, item.index)}
                </div>
              ))}
            </div>
          ) : (
            all.map(row)
          )}
        </div>
      </div>
      {all.length === 0 && !mayChange && <p className="soft lines-none">{t.noLines}</p>}
      {mayChange && (
        <Button variant="subtle" size="compact-sm" leftSection={<IconPlus size={14} aria-hidden />} onClick={add}>
          {t.addLine}
        </Button>
      )}
    </div>
  )
}

/** Moved, and every line numbered anew where its number is another one now. */
function moved(lines: Lines, key: string, to: number, sequence: string): Lines {
  const next = moveLine(lines, key, Math.max(0, to))
  return next.lines.reduce(
    (all, line, i) => (line.values[sequence] === i + 1 ? all : changeLine(all, line.key, { [sequence]: i + 1 })),
    next,
  )
}

const isNumber = ({ type }: FieldMeta): boolean => ['integer', 'float', 'monetary'].includes(type)

interface RowProps {
  readonly line: Line
  readonly columns: readonly ShownField[]
  readonly fields: Readonly<Record<string, FieldMeta>>
  readonly template: string
  readonly index: number
  readonly editing: { readonly field?: string } | null
  readonly onEdit: ((field?: string) => void) | undefined
  readonly onChange: (field: string, value: unknown) => void
  readonly onRemove: (() => void) | undefined
  readonly onMove: ((by: 1 | -1) => void) | undefined
  readonly onNext: () => void
}

const LineRow = memo(
  function LineRow({ line, columns, fields, template, index, editing, onEdit, onChange, onRemove, onMove, onNext }: RowProps) {
    const t = useTexts()
    const own = useRef<HTMLDivElement>(null)
    const wanted = editing ? (editing.field ?? columns.find((column) => isSettable(fields[column.field]!, column, line))?.field) : undefined
    useEffect(() => {
      if (wanted === undefined) return
      own.current?.querySelector<HTMLElement>(`[data-cell="${wanted}"] :is(input, select, textarea)`)?.focus()
    }, [wanted])
    const onKeyDown = (event: React.KeyboardEvent): void => {
      if (event.nativeEvent.isComposing || event.defaultPrevented) return
      if (event.altKey && onMove && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) onMove(event.key === 'ArrowUp' ? -1 : 1)
      else if (event.key === 'Enter' && !event.ctrlKey && !event.metaKey && (event.target as HTMLElement).tagName !== 'BUTTON') onNext()
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
        onKeyDown={editing ? onKeyDown : undefined}
      >
        {columns.map((column) => {
          const field = fields[column.field]!
          const widget = widgetFor(field, column)
          const props = { field, shown: column, value: line.values[column.field], record: line.values }
          const canEdit = editing && widget.Edit && isSettable(field, column, line)
          return (
            <div key={column.field} role="cell" className={isNumber(field) ? 'cell number' : 'cell'} data-cell={column.field}>
              {canEdit && widget.Edit ? (
                <widget.Edit
                  {...props}
                  id={`${line.key}-${column.field}`}
                  compact
                  required={field.required === true}
                  onChange={(value) => onChange(column.field, value)}
                />
              ) : (
                <button
                  type="button"
                  className="cell-text"
                  tabIndex={onEdit && column === columns[0] && !editing ? 0 : -1}
                  disabled={!onEdit}
                  aria-label={onEdit ? t.editCell(field.string, formatValue(field, props.value, line.values)) : undefined}
                  onClick={() => onEdit?.(isSettable(field, column, line) ? column.field : undefined)}
                  onFocus={() => onEdit && column === columns[0] && onEdit()}
                >
                  {widget.Show && field.type !== 'many2one' && column.widget ? (
                    <widget.Show {...props} />
                  ) : (
                    formatValue(field, props.value, line.values)
                  )}
                </button>
              )}
            </div>
          )
        })}
        {onRemove && (
          <div role="cell" className="cell cell-remove">
            <button type="button" className="bare" aria-label={t.removeLine(index + 1)} onClick={onRemove}>
              <IconTrash size={15} aria-hidden />
            </button>
          </div>
        )}
      </div>
    )
  },
  (before, after) =>
    before.line === after.line &&
    before.editing === after.editing &&
    before.template === after.template &&
    before.index === after.index &&
    before.columns.length === after.columns.length,
)

function isSettable(field: FieldMeta, column: ShownField, { values }: Line): boolean {
  const isReadonly =
    field.readonly === true || column.readonly === true || (Array.isArray(column.readonly) && holds(column.readonly, values))
  return !isReadonly && widgetFor(field, column).Edit !== undefined
}
