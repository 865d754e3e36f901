import '../graph/graph.css'
import '../../chatter/chatter.css'
import './activity.css'
import { Button, Modal } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Activities, Plan, dueTone, dueWords, today } from '../../chatter/Activities.tsx'
import { type Activity, daysUntil } from '../../chatter/thread.ts'
import { metaOf } from '../../data/views.ts'
import { formatValue } from '../../format.ts'
import { useTexts } from '../../i18n/index.ts'
import { go } from '../../location.ts'
import { call } from '../../rpc.ts'
import { useShortcuts } from '../../shell/shortcuts.ts'
import { Toolbar } from '../../shell/Toolbar.tsx'
import { IconPlus } from '../../ui/icons.ts'
import { Empty, Failure, ListSkeleton } from '../../ui/states.tsx'
import { type Row, useRows } from '../list/rows.ts'
import { Pager } from '../Pager.tsx'
import { TransferMenu } from '../TransferMenu.tsx'
import type { ViewProps } from '../view-type.ts'

interface Told {
  readonly id: number
  readonly res_id: number
  readonly summary: string | false
  readonly date_deadline: string
  readonly user_id: readonly [number, string] | false
  readonly activity_type_id: readonly [number, string] | false
}

interface Kind {
  readonly id: number
  readonly name: string
}

/** Records with something to do, and for each kind of it when it is due. A cell tells more, ends it, or plans the next. */
export function ActivityView({ views, domain, context, look, setLook, urlOf }: ViewProps) {
  const t = useTexts()
  const meta = metaOf(views)
  const fields = (views.views['activity']?.nodes ?? []).flatMap((node) =>
    node.tag === 'field' && meta.fields[node.field] ? [meta.fields[node.field]!] : [],
  )
  const [title = meta.fields['display_name']!, ...more] = fields
  const names = [...new Set([title, ...more].map(({ name }) => name)), 'display_name']
  const where = [...domain, ['activity_ids', '!=', false]]
  const rows = useRows(views.model, { domain: where, order: look.order, page: look.page, fields: names, context }, [], true)
  const records = rows.data?.records ?? []
  const ids = records.map(({ id }) => id)
  const kinds = useQuery({
    queryKey: ['activity-kinds'],
    queryFn: () => call<Kind[]>('mail.activity.type', 'search_read', [[], ['name']]),
    staleTime: 600_000,
  })
  const told = useQuery({
    // Asked for anew whenever something is planned or done anywhere, as the bell is.
    queryKey: ['my-activities', 'of', views.model, ids],
    queryFn: () =>
      call<Told[]>('mail.activity', 'search_read', [
        [
          ['res_model', '=', views.model],
          ['res_id', 'in', ids],
        ],
        ['res_id', 'summary', 'date_deadline', 'user_id', 'activity_type_id'],
      ]),
    enabled: ids.length > 0,
    placeholderData: (before) => before,
  })
  const [open, setOpen] = useState<{ readonly row: Row; readonly kind: Kind; readonly isPlanning: boolean } | null>(null)
  useShortcuts([{ keys: '/', label: t.search, run: () => document.getElementById('search')?.focus() }])

  const nameOf = (row: Row): string => formatValue(title, row[title.name], row) || String(row['display_name'] || t.noName)
  const inCell = (row: Row, kind: Kind): Activity[] =>
    (told.data ?? [])
      .filter((one) => one.res_id === row.id && (one.activity_type_id ? one.activity_type_id[0] : 0) === kind.id)
      .map(activityOf)
  const hasOther = (told.data ?? []).some(({ activity_type_id }) => !activity_type_id)
  const columns = [...(kinds.data ?? []), ...(hasOther ? [{ id: 0, name: t.unset }] : [])]
  const error = rows.error ?? kinds.error ?? told.error
  return (
    <>
      <Toolbar>
        <span className="grow" />
        {rows.data && <Pager views={views} domain={where} look={look} setLook={setLook} total={rows.data.length} />}
        <TransferMenu
          views={views}
          domain={where}
          order={look.order}
          columns={[title, ...more].map((field) => ({ field }))}
          context={context}
          count={rows.data?.length}
        />
      </Toolbar>
      {error ? (
        <Failure error={error} retry={() => void rows.refetch()} />
      ) : rows.isPending || kinds.isPending ? (
        <ListSkeleton />
      ) : records.length === 0 ? (
        <Empty title={t.noActivities} hint={t.noActivitiesOnRecords} />
      ) : (
        <div className="activity-box" tabIndex={0} role="region" aria-label={t.activitiesOf(meta.label)}>
          <table className="figures activity-table">
            <caption className="sr">{t.activitiesOf(meta.label)}</caption>
            <thead>
              <tr>
                <th scope="col">{meta.label}</th>
                {columns.map(({ id, name }) => (
                  <th key={id} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {records.map((row) => (
                <tr key={row.id}>
                  <th scope="row">
                    <a
                      className="row-link"
                      href={urlOf(row.id)}
                      onClick={(event) => {
                        if (event.ctrlKey || event.metaKey) return
                        event.preventDefault()
                        void go(urlOf(row.id), { state: { ids, list: location.pathname + location.search } })
                      }}
                    >
                      {nameOf(row)}
                    </a>
                    <span className="small">{more.flatMap((field) => formatValue(field, row[field.name], row) || []).join(' · ')}</span>
                  </th>
                  {columns.map((kind) => (
                    <td key={kind.id}>
                      <Cell
                        name={nameOf(row)}
                        kind={kind.name}
                        activities={inCell(row, kind)}
                        onOpen={(isPlanning) => setOpen({ row, kind, isPlanning })}
                      />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Modal
        opened={open !== null}
        onClose={() => setOpen(null)}
        title={open ? `${nameOf(open.row)} · ${open.kind.name}` : ''}
        closeButtonProps={{ 'aria-label': t.close }}
      >
        {open &&
          (open.isPlanning ? (
            <Plan subject={{ model: views.model, id: open.row.id }} kind={open.kind.id} onDone={() => setOpen(null)} />
          ) : (
            <>
              <Activities subject={{ model: views.model, id: open.row.id }} activities={inCell(open.row, open.kind)} />
              <Button
                size="compact-sm"
                variant="default"
                leftSection={<IconPlus size={15} aria-hidden />}
                onClick={() => setOpen({ ...open, isPlanning: true })}
              >
                {t.planActivity}
              </Button>
            </>
          ))}
      </Modal>
    </>
  )
}

const activityOf = (one: Told): Activity => ({
  id: one.id,
  summary: one.summary || '',
  note: '',
  due: one.date_deadline,
  user: one.user_id ? { id: one.user_id[0], name: one.user_id[1] } : false,
  type: one.activity_type_id ? one.activity_type_id[1] : '',
  icon: '',
})

interface CellProps {
  readonly name: string
  readonly kind: string
  readonly activities: readonly Activity[]
  readonly onOpen: (isPlanning: boolean) => void
}

/** The most urgent of a kind, and how many there are; or the way to the first. */
function Cell({ name, kind, activities, onOpen }: CellProps) {
  const t = useTexts()
  const [first] = activities
  if (!first) {
    return (
      <button
        type="button"
        className="activity-add"
        aria-label={t.planKind(kind, name)}
        title={t.planKind(kind, name)}
        onClick={() => onOpen(true)}
      >
        <IconPlus size={14} aria-hidden />
      </button>
    )
  }
  const days = daysUntil(first.due, today())
  return (
    <button type="button" className="activity-cell" data-tone={dueTone(days)} onClick={() => onOpen(false)}>
      <strong>{dueWords(days, t)}</strong>
      <span>
        {first.summary || (first.user ? first.user.name : kind)}
        {activities.length > 1 && <span className="soft"> {t.andMore(activities.length - 1)}</span>}
      </span>
    </button>
  )
}
