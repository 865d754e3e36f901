import { Button } from '@mantine/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { ViewNode } from '@erp4/orm/views-types'
import { holds } from '../../domain.ts'
import { useTexts } from '../../i18n/index.ts'
import { useShortcuts } from '../../shell/shortcuts.ts'
import { IconPlus } from '../../ui/icons.ts'
import { hasStar, tracksOf } from '../tracks.ts'
import { type LineActions, LineRow, isNumber } from './LineRow.tsx'
import { type Line, type Lines, changeLine, moveLine, removeLine } from './lines.ts'
import { type FormRecord, useRecord } from './record.ts'

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
    const seen = virtual.range
    if (at >= 0 && !(seen && at > seen.startIndex && at < seen.endIndex)) virtual.scrollToIndex(at)
    // When the cursor goes to another line, not when lines come and go around it.
  }, [editing?.key])
  const mayChange = canWrite && meta !== undefined && lines !== undefined && !node.readonly && field?.readonly !== true
  // A column whose condition holds for none of the lines is not there.
  const present = node.columns.filter(
    ({ field: name, optional, when }) =>
      meta?.fields[name] && optional !== 'hidden' && (!when || holds(when, {}) || all.some(({ values }) => holds(when, values))),
  )
  const names = present.map((column) => column.field).join()
  // The names stand for the columns, which are found anew each time.
  const columns = useMemo(() => present, [names, node])
  const savedLines = useRecord(record, ({ saved }) => saved[node.field] as Lines | undefined)
  const tracks = useMemo(
    () =>
      tracksOf(
        columns,
        meta?.fields ?? {},
        (savedLines?.lines ?? []).map(({ values }) => values),
      ),
    [columns, meta, savedLines],
  )
  const add = useCallback((): void => {
    const key = record.addLine(
      node.field,
      columns.map((column) => column.field),
    )
    setEditing({ key })
  }, [record, node, columns])
  const actions = useMemo(() => actionsOn(record, node, setEditing, add), [record, node, add])
  if (!field || !meta || !lines) return null
  const template = `${tracks}${mayChange ? ' 34px' : ''}`
  const row = (line: Line, i: number) => (
    <LineRow
      key={line.key}
      line={line}
      columns={columns}
      fields={meta.fields}
      template={template}
      index={i}
      editing={editing?.key === line.key ? editing : null}
      mayChange={mayChange}
      mayMove={mayChange && node.sequence !== undefined}
      actions={actions}
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
                {hasStar(meta.fields[column.field]!) && (
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

/** What is asked of the record when it is asked for: a row that calls may have been drawn before the one below it was added. */
function actionsOn(
  record: FormRecord,
  node: LinesNode,
  setEditing: (at: { key: string; field?: string }) => void,
  add: () => void,
): LineActions {
  const now = (): Lines => record.values[node.field] as Lines
  const place = (key: string): number => now().lines.findIndex((line) => line.key === key)
  return {
    edit: (key, field) => setEditing({ key, ...(field ? { field } : {}) }),
    change: (key, field, value) => record.setLines(node.field, changeLine(now(), key, { [field]: value }), { key, field }),
    remove: (key) => record.setLines(node.field, removeLine(now(), key)),
    move: (key, by) => record.setLines(node.field, moved(now(), key, place(key) + by, node.sequence!)),
    next: (key) => {
      const below = now().lines[place(key) + 1]
      if (below) setEditing({ key: below.key })
      else add()
    },
  }
}

/** Moved, and every line numbered anew where its number is another one now. */
function moved(lines: Lines, key: string, to: number, sequence: string): Lines {
  const next = moveLine(lines, key, Math.max(0, to))
  return next.lines.reduce(
    (all, line, i) => (line.values[sequence] === i + 1 ? all : changeLine(all, line.key, { [sequence]: i + 1 })),
    next,
  )
}
