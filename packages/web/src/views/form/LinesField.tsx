import { Button } from '@mantine/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { holds } from '../../domain.ts'
import { namesTaken } from '../../fields/links.ts'
import { useTexts } from '../../i18n/index.ts'
import { useShortcuts } from '../../shell/shortcuts.ts'
import { watchDrag } from '../../ui/drag.ts'
import { IconPlus } from '../../ui/icons.ts'
import { hasStar, tracksOf } from '../tracks.ts'
import { type Editing, type LinesNode, actionsOn, begunWith } from './line-actions.ts'
import { LineRow, isNumber } from './LineRow.tsx'
import type { Line, Lines } from './lines.ts'
import { type FormRecord, useRecord } from './record.ts'

/** Of a line that says no more than fits; one with the cursor or with a note is measured. */
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
  const [editing, setEditing] = useState<Editing | null>(null)
  const [over, setOver] = useState<string | null>(null)
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
  useShortcuts([
    { keys: 'alt+l', label: t.addLine, run: () => mayAdd && add() },
    ...(node.sequence
      ? [{ keys: 'alt+arrowup', label: t.moveLineKeys, run: () => editing && mayMove && actions.move(editing.key, -1) }]
      : []),
    ...(node.sequence
      ? [{ keys: 'alt+arrowdown', label: t.moveLineKeys, run: () => editing && mayMove && actions.move(editing.key, 1) }]
      : []),
  ])
  const at = editing && isVirtual ? all.findIndex(({ key }) => key === editing.key) : -1
  useEffect(() => {
    const seen = virtual.range
    if (at >= 0 && !(seen && at > seen.startIndex && at < seen.endIndex)) virtual.scrollToIndex(at)
    // When the cursor goes to another line, not when lines come and go around it.
  }, [editing?.key])
  const cursor = useRef<string>(undefined)
  cursor.current = editing?.key
  useEffect(() => {
    // A name may still be on its way into the line that was left.
    if (lines) void namesTaken().then(() => record.dropBlank(node.field, cursor.current))
  }, [editing?.key])
  const isSettled = useRecord(record, ({ values }) => node.settled !== undefined && holds(node.settled.when, values))
  const mayEdit = canWrite && meta !== undefined && lines !== undefined && !node.readonly && field?.readonly !== true
  const mayAdd = mayEdit && !isSettled
  const mayMove = mayAdd && node.sequence !== undefined
  // A column whose condition holds for none of the lines is not there.
  const present = node.columns.filter(
    ({ field: name, optional, when }) =>
      meta?.fields[name] && optional !== 'hidden' && (!when || holds(when, {}) || all.some(({ values }) => holds(when, values))),
  )
  const names = present.map((column) => column.field).join()
  // The names stand for the columns, which are found anew each time.
  const columns = useMemo(
    () =>
      isSettled
        ? present.map((column) => (node.settled!.but.includes(column.field) ? column : { ...column, readonly: true as const }))
        : present,
    [names, node, isSettled],
  )
  const mayChange = mayEdit && columns.some((column) => column.readonly !== true)
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
  const add = useCallback(
    (kind?: string): void => {
      const shown = kind ? [node.headings!.text] : columns.map((column) => column.field)
      const given = begunWith(node, record.values[node.field] as Lines, kind)
      setEditing({ key: record.addLine(node.field, shown, given, kind !== undefined) })
    },
    [record, node, columns],
  )
  const actions = useMemo(() => actionsOn(record, node, setEditing, () => mayAdd && add()), [record, node, add, mayAdd])
  const drag = useCallback(
    (event: React.PointerEvent, key: string): void => {
      const source = (event.target as HTMLElement).closest<HTMLElement>('.table-row')
      if (!source) return
      watchDrag(event.nativeEvent, source, {
        onStart: () => setEditing(null),
        onOver: (target) => setOver(target?.dataset['drop'] ?? null),
        onEnd: (target) => target?.dataset['drop'] && actions.moveTo(key, target.dataset['drop']),
      })
    },
    [actions],
  )
  if (!field || !meta || !lines) return null
  const template = `${mayMove ? '24px ' : ''}${tracks}${mayAdd ? ' 34px' : ''}`
  const headings = node.headings && meta.fields[node.headings.kind]?.selection?.filter(([kind]) => node.headings!.of.includes(kind))
  const kindOf = ({ values }: Line): string | undefined => headings?.find(([kind]) => kind === values[node.headings!.kind])?.[0]
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
      mayAdd={mayAdd}
      mayMove={mayMove}
      kind={kindOf(line)}
      text={node.headings?.text}
      isOver={over === line.key}
      actions={actions}
      onDrag={drag}
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
            {mayMove && (
              <div role="columnheader" className="cell">
                <span className="sr">{t.lineOrder}</span>
              </div>
            )}
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
            {mayAdd && (
              <div role="columnheader" className="cell">
                <span className="sr">{t.actions}</span>
              </div>
            )}
          </div>
          {isVirtual ? (
            <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
              {virtual.getVirtualItems().map((item) => (
                <div
                  key={all[item.index]!.key}
                  ref={virtual.measureElement}
                  data-index={item.index}
                  role="presentation"
                  style={{ position: 'absolute', top: item.start, left: 0, right: 0 }}
                >
                  {row(all[item.index]!, item.index)}
                </div>
              ))}
            </div>
          ) : (
            all.map(row)
          )}
        </div>
      </div>
      {all.length === 0 && !mayAdd && <p className="soft lines-none">{t.noLines}</p>}
      {mayAdd && (
        <div className="lines-add">
          <Button variant="subtle" size="compact-sm" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => add()}>
            {t.addLine}
          </Button>
          {headings?.map(([kind, label]) => (
            <Button key={kind} variant="subtle" color="gray" c="inherit" size="compact-sm" onClick={() => add(kind)}>
              {t.addHeading(label)}
            </Button>
          ))}
        </div>
      )}
    </div>
  )
}
