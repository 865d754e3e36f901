import { ActionIcon, Button } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useCallback, useEffect, useId, useMemo, useRef, useState } from 'react'
import { groupText } from '../../data/groups.ts'
import { aggregatesFor } from '../../data/sums.ts'
import { metaOf } from '../../data/views.ts'
import { formatInteger, formatValue } from '../../format.ts'
import { useTexts } from '../../i18n/index.ts'
import { go } from '../../location.ts'
import { useShortcuts } from '../../shell/shortcuts.ts'
import { Toolbar } from '../../shell/Toolbar.tsx'
import { IconChecklist, IconPlus } from '../../ui/icons.ts'
import { Failure, ListSkeleton } from '../../ui/states.tsx'
import { useFormFetched } from '../form/lazy.ts'
import { NoRows } from '../NoRows.tsx'
import { Pager } from '../Pager.tsx'
import { TransferMenu } from '../TransferMenu.tsx'
import type { ViewProps } from '../view-type.ts'
import { ColumnMenu } from './ColumnMenu.tsx'
import { frozenStyle, useColumns, useFrozen, useTracks } from './columns.ts'
import { HeaderRow } from './HeaderRow.tsx'
import { GroupRow, MoreRow, RecordRow, WaitRow } from './ListRows.tsx'
import { type Item, type Row, pageSize, useRows, useTree } from './rows.ts'
import { SelectionBar } from './SelectionBar.tsx'
import { useSelection } from './selection.ts'

const rowHeight = 35
const phoneRowHeight = 62

/** Rows and columns. Only rows in sight are drawn; the keyboard goes where the mouse goes. */
export function ListView({ views, domain, by, context, look, setLook, urlOf, onPick, onPickMany }: ViewProps) {
  const t = useTexts()
  const gridId = useId()
  const meta = metaOf(views)
  const choice = useColumns(views, look.more['columns'] ?? '', () => setLook({ more: { columns: '' } }))
  const { columns } = choice
  const isPhone = useMediaQuery('(max-width: 700px)', false, { getInitialValueInEffect: false })
  const frozen = isPhone ? 0 : choice.frozen
  const [open, setOpen] = useState<ReadonlyMap<string, number>>(new Map())
  const [at, setAt] = useState(-1)
  const [editing, setEditing] = useState<{ readonly id: number; readonly field: string } | null>(null)
  const scroller = useRef<HTMLDivElement>(null)
  const options = views.views['list']?.options ?? {}
  const order = look.order || String(options['order'] ?? '')
  const isGrouped = by.length > 0
  const names = useMemo(() => columns.map(({ field }) => field.name), [columns])
  const sums = useMemo(() => columns.flatMap(({ field, shown }) => (shown.sum ? [field.name] : [])), [columns])
  const aggregates = useMemo(() => aggregatesFor(meta, sums), [meta, sums])
  const request = { domain, order, page: look.page, fields: names, context }
  const rows = useRows(views.model, request, sums, !isGrouped)
  const labelOf = useCallback((value: unknown, spec: string): string => groupText(value, meta.fields[spec.split(':')[0]!], t), [meta, t])
  const tree = useTree({ model: views.model, domain, by, order, fields: names, aggregates, context, open, labelOf }, isGrouped)
  const items: readonly Item[] = useMemo(
    () => (isGrouped ? tree.items : (rows.data?.records ?? []).map((row) => ({ kind: 'row', row, level: 0 }))),
    [isGrouped, tree.items, rows.data],
  )
  const shownRows = useMemo(() => items.flatMap((item) => (item.kind === 'row' ? [item.row] : [])), [items])
  const tracks = useTracks(columns, shownRows)
  const selection = useSelection(shownRows, `${JSON.stringify(domain)}${look.page}`)
  const isChoosing = isPhone && selection.isChoosing
  /** The first that is touched is taken: there is nothing to tick. */
  const isPickingOne = onPick !== undefined && onPickMany === undefined
  const total = isGrouped ? undefined : rows.data?.length
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => (isPhone ? phoneRowHeight : rowHeight),
    overscan: 14,
  })

  useEffect(() => {
    setAt(-1)
    setEditing(null)
  }, [domain, look.page, look.order, isGrouped])

  const openRow = useCallback(
    (row: Row): void =>
      onPick
        ? onPick(row)
        : void go(urlOf(row.id), { state: { ids: shownRows.map(({ id }) => id), list: location.pathname + location.search } }),
    [urlOf, shownRows, onPick],
  )
  const toggleGroup = useCallback((path: string): void => {
    setOpen((known) => {
      const next = new Map(known)
      if (next.has(path)) for (const one of next.keys()) if (one.startsWith(path.slice(0, -1))) next.delete(one)
      if (!known.has(path)) next.set(path, pageSize)
      return next
    })
  }, [])
  const showMore = useCallback(
    (path: string): void => setOpen((known) => new Map(known).set(path, (known.get(path) ?? pageSize) + pageSize)),
    [],
  )
  const moveTo = (index: number): void => {
    const next = Math.max(0, Math.min(items.length - 1, index))
    setAt(next)
    virtual.scrollToIndex(next)
  }
  const editable = columns.filter(
    ({ field }) => meta.may.write && !field.readonly && !['one2many', 'html', 'binary', 'json'].includes(field.type),
  )
  const edit = (row: Row, name?: string): void => {
    const field = name ?? editable[0]?.field.name
    if (field) setEditing({ id: row.id, field })
  }

  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.target !== event.currentTarget) return
    const item = items[at]
    if (event.key === 'ArrowDown') moveTo(at + 1)
    else if (event.key === 'ArrowUp') moveTo(at - 1)
    else if (event.key === 'Home') moveTo(0)
    else if (event.key === 'End') moveTo(items.length - 1)
    else if (event.key === 'PageDown') moveTo(at + 15)
    else if (event.key === 'PageUp') moveTo(at - 15)
    else if (event.key === 'Escape') selection.clear()
    else if ((event.ctrlKey || event.metaKey) && event.key === 'a') selection.selectPage()
    else if (!item) return
    else if (item.kind === 'group' && ['Enter', ' ', item.isOpen ? 'ArrowLeft' : 'ArrowRight'].includes(event.key))
      toggleGroup(item.group.path)
    else if (item.kind === 'more' && event.key === 'Enter') showMore(item.path)
    else if (item.kind !== 'row') return
    else if (event.key === 'Enter') openRow(item.row)
    else if (isPickingOne) return
    else if (event.key === ' ') selection.toggle(item.row.id, event.shiftKey)
    else if (!onPick && (event.key === 'F2' || event.key === 'e')) edit(item.row)
    else return
    event.preventDefault()
  }

  useShortcuts([
    { keys: 'alt+n', label: t.newOf(meta.label), run: () => meta.may.create && void go(urlOf('new')) },
    { keys: '/', label: t.search, run: () => document.getElementById('search')?.focus() },
    { keys: 'arrowdown', label: t.keysRows, run: () => scroller.current?.focus() },
  ])

  const error = isGrouped ? tree.error : rows.error
  const isLoading = isGrouped ? tree.isLoading : rows.isPending
  const drawn = virtual.getVirtualItems()
  // Rows are drawn once their room is measured, a while after they came.
  useFormFetched(!isLoading && (items.length === 0 || drawn.length > 0))
  const template = [
    ...(isPhone ? [] : [isPickingOne ? '10px' : '38px']),
    ...tracks,
    ...(isPhone ? [] : [columns.every(({ width }) => width !== undefined) ? '1fr' : '0']),
  ]

  useFrozen(scroller, frozen, template.join(' '))

  return (
    <>
      <Toolbar>
        {onPickMany ? (
          <>
            <Button size="compact-sm" disabled={selection.count === 0} onClick={() => onPickMany([...selection.ids])}>
              {selection.count === 0 ? t.addChosenNone : t.addChosen(formatInteger(selection.count))}
            </Button>
            <span className="soft small">{t.pickSeveralHint}</span>
            <span className="grow" />
          </>
        ) : selection.count > 0 || isChoosing ? (
          <SelectionBar views={views} domain={domain} selection={selection} total={total} isPhone={isPhone} context={context} />
        ) : (
          <>
            {meta.may.create && !onPick && (
              <Button
                size="compact-sm"
                leftSection={<IconPlus size={15} aria-hidden />}
                onClick={() => void go(urlOf('new'), { state: { list: location.pathname + location.search } })}
              >
                {t.new}
              </Button>
            )}
            <span className="grow" />
          </>
        )}
        {total !== undefined && !isChoosing && <Pager views={views} domain={domain} look={look} setLook={setLook} total={total} />}
        {!isPhone && !onPick && <ColumnMenu views={views} choice={choice} />}
        {isPhone && !isPickingOne && !isChoosing && shownRows.length > 0 && (
          <ActionIcon variant="subtle" color="gray" c="inherit" aria-label={t.selectRows} onClick={selection.begin}>
            <IconChecklist size={18} aria-hidden />
          </ActionIcon>
        )}
        {!onPick && (
          <TransferMenu
            views={views}
            domain={domain}
            order={[...by.map((spec) => spec.split(':')[0]!), order].filter(Boolean).join(', ')}
            columns={[...by.map((spec) => ({ field: meta.fields[spec.split(':')[0]!]! })), ...columns]}
            context={context}
            {...(selection.count > 0 && !selection.isAll ? { ids: [...selection.ids], count: selection.count } : { count: total })}
          />
        )}
      </Toolbar>
      {error ? (
        <Failure error={error} retry={() => void (isGrouped ? setOpen(new Map()) : rows.refetch())} />
      ) : isLoading ? (
        <ListSkeleton />
      ) : items.length === 0 ? (
        <NoRows views={views} look={look} setLook={setLook} urlOf={urlOf} />
      ) : (
        <div
          className="grid-scroll"
          ref={scroller}
          tabIndex={0}
          role={isGrouped ? 'treegrid' : 'grid'}
          aria-label={meta.label}
          aria-rowcount={isGrouped ? items.length + 1 : (total ?? 0) + 1}
          aria-multiselectable={!isPickingOne}
          {...(at >= 0 ? { 'aria-activedescendant': `${gridId}-${at}` } : {})}
          data-phone={isPhone || undefined}
          data-picks={isPickingOne || undefined}
          data-busy={rows.isPlaceholderData || undefined}
          onKeyDown={onKeyDown}
          onFocus={(event) => event.target === event.currentTarget && at < 0 && setAt(0)}
        >
          <div className="grid" style={{ '--cols': template.join(' ') } as React.CSSProperties}>
            {!isPhone && (
              <HeaderRow
                columns={columns}
                order={order}
                choice={choice}
                selection={selection}
                onOrder={(next) => setLook({ order: next })}
              />
            )}
            <div role="rowgroup" className="grid-body" style={{ height: virtual.getTotalSize() }}>
              {drawn.map(({ index, start, size }) => {
                const item = items[index]!
                const shared = {
                  id: `${gridId}-${index}`,
                  index,
                  isAt: index === at,
                  style: { transform: `translateY(${start}px)`, height: size },
                }
                if (item.kind === 'group')
                  return (
                    <GroupRow
                      key={item.group.path}
                      {...shared}
                      item={item}
                      views={views}
                      columns={columns}
                      isPhone={isPhone}
                      onToggle={toggleGroup}
                    />
                  )
                if (item.kind === 'more') return <MoreRow key={`more${item.path}`} {...shared} item={item} onMore={showMore} />
                if (item.kind === 'wait') return <WaitRow key={`wait${item.path}`} {...shared} />
                return (
                  <RecordRow
                    key={item.row.id}
                    {...shared}
                    row={item.row}
                    level={item.level}
                    views={views}
                    columns={columns}
                    frozen={frozen}
                    isPhone={isPhone}
                    isSelected={selection.has(item.row.id)}
                    isChoosing={isChoosing}
                    editing={editing?.id === item.row.id ? editing.field : null}
                    isEditable={options['editable'] === true && meta.may.write && !onPick}
                    onSelect={selection.toggle}
                    onOpen={openRow}
                    onEdit={edit}
                    onDone={(next) => {
                      setEditing(next ? { id: item.row.id, field: next } : null)
                      if (!next) scroller.current?.focus()
                    }}
                    url={urlOf(item.row.id)}
                  />
                )
              })}
            </div>
            {!isPhone && sums.length > 0 && rows.data?.sums && !isGrouped && (
              <div className="grid-row grid-foot" role="row">
                <span role="gridcell" style={frozenStyle(-1, frozen)} />
                {columns.map(({ field }, i) => (
                  <span key={field.name} role="gridcell" className="cell number" style={frozenStyle(i, frozen)}>
                    {rows.data.sums?.[field.name] !== undefined &&
                      formatValue(field, rows.data.sums[field.name], oneCurrency(shownRows, field.currency_field))}
                  </span>
                ))}
              </div>
            )}
          </div>
        </div>
      )}
    </>
  )
}

/** The currency of a sum, where all rows in sight share it; a sum over several is a number without one. */
function oneCurrency(rows: readonly Row[], name: string | undefined): Readonly<Record<string, unknown>> {
  if (!name) return {}
  const ids = new Set(rows.map((row) => (row[name] as { id?: number } | false | undefined) && (row[name] as { id: number }).id))
  return ids.size === 1 ? { [name]: rows[0]![name] } : {}
}
