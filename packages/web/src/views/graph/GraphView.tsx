import './palette.css'
import './graph.css'
import { SegmentedControl, Switch } from '@mantine/core'
import { aggregatesFor, isMixed, sumIn, sumText } from '../../data/sums.ts'
import { measuresOf, specParts, useGroups } from '../../data/groups.ts'
import { metaOf } from '../../data/views.ts'
import { useTexts } from '../../i18n/index.ts'
import { go } from '../../location.ts'
import { groupLabel } from '../../search/facets.ts'
import { useShortcuts } from '../../shell/shortcuts.ts'
import { Toolbar } from '../../shell/Toolbar.tsx'
import { IconChartBar, IconChartLine, IconChartPie } from '../../ui/icons.ts'
import { Failure, ListSkeleton } from '../../ui/states.tsx'
import { GroupPicker } from '../GroupPicker.tsx'
import { NoRows } from '../NoRows.tsx'
import { columnsBehind, orderBehind, recordsUrl } from '../records.ts'
import { TransferMenu } from '../TransferMenu.tsx'
import type { ViewProps } from '../view-type.ts'
import { type Place, type Series, chartOf, declaredChart, kinds } from './chart.ts'
import { Drawing } from './Drawing.tsx'
import { Numbers } from './Numbers.tsx'

const icons = { bar: IconChartBar, line: IconChartLine, pie: IconChartPie }

/** Sums over groups as a chart, or as the table of its numbers; each opens the records behind it. All choices are in the address. */
export function GraphView(props: ViewProps) {
  const { views, domain, context, look, setLook } = props
  const t = useTexts()
  const meta = metaOf(views)
  const declared = declaredChart(views)
  const by = (props.by.length > 0 ? props.by : declared.by).filter((spec) => meta.fields[specParts(spec).name]).slice(0, 2)
  const measures = measuresOf(meta, t)
  const measure = measures.find(({ name }) => name === look.more['measure'])?.name ?? declared.measure
  const kind = kinds.find((one) => one === look.more['kind']) ?? declared.kind
  const isTable = look.more['table'] === '1'
  const sets = useGroups({
    model: views.model,
    domain,
    sets: [kind === 'pie' ? by.slice(0, 1) : by, []],
    aggregates: aggregatesFor(meta, [measure]),
    context,
  })
  useShortcuts([{ keys: '/', label: t.search, run: () => document.getElementById('search')?.focus() }])

  const [main, all] = sets.data ?? []
  const total = all?.groups[0] ?? {}
  const shownBy = kind === 'pie' ? by.slice(0, 1) : by
  const chart = main && by.length > 0 ? chartOf(main, shownBy, measure, views, t) : undefined
  const label = measures.find(({ name }) => name === measure)?.label ?? meta.label
  const format = (value: number): string => sumText(meta, measure, value, total)
  const title = t.chartOf(label, shownBy.map((spec) => groupLabel(spec, views, t)).join(', '))
  const urlOf = (place: Place, series: Series): string => {
    const names = [place.label, ...(series.label === '' ? [] : [series.label])]
    return recordsUrl(props, place.points.get(series.text)?.where ?? [], names.join(' · '))
  }
  return (
    <>
      <Toolbar>
        <SegmentedControl
          size="xs"
          value={kind}
          aria-label={t.chartKind}
          onChange={(next) => setLook({ more: { kind: next } })}
          data={kinds.map((one) => {
            const Icon = icons[one]
            return {
              value: one,
              label: (
                <span title={t.chartKinds[one]} className="view-icon">
                  <Icon size={16} aria-hidden />
                  <span className="sr">{t.chartKinds[one]}</span>
                </span>
              ),
            }
          })}
        />
        <select
          className="plain-select"
          aria-label={t.measure}
          value={measure}
          onChange={(event) => setLook({ more: { measure: event.target.value } })}
        >
          {measures.map((one) => (
            <option key={one.name} value={one.name}>
              {one.label}
            </option>
          ))}
        </select>
        <GroupPicker
          views={views}
          label={t.groupBy}
          chosen={by}
          most={2}
          onChange={(specs) =>
            setLook({ facets: [...look.facets.filter((facet) => !('by' in facet)), ...(specs.length > 0 ? [{ by: specs }] : [])] })
          }
        />
        <span className="grow" />
        <Switch
          size="xs"
          label={t.asTable}
          checked={isTable}
          onChange={(event) => setLook({ more: { table: event.currentTarget.checked ? '1' : '' } })}
        />
        <TransferMenu
          views={views}
          domain={domain}
          order={orderBehind(meta, by)}
          columns={columnsBehind(meta, [...by, measure])}
          context={context}
          count={sets.data && Number(total['__count'] ?? 0)}
        />
      </Toolbar>
      {sets.error ? (
        <Failure error={sets.error} retry={() => void sets.refetch()} />
      ) : sets.isPending ? (
        <ListSkeleton />
      ) : !chart || chart.places.length === 0 ? (
        <NoRows {...props} />
      ) : (
        <div className="graph" data-busy={sets.isPlaceholderData || undefined}>
          <p className="graph-total">
            <span className="soft">{label}</span> <strong>{format(sumIn(total, measure))}</strong>
            {isMixed(meta, measure, total) && <span className="note">{t.mixedCurrencies}</span>}
            {chart.isCut && <span className="note">{t.chartIsCut}</span>}
          </p>
          {isTable ? (
            <Numbers chart={chart} title={title} axis={groupLabel(shownBy[0]!, views, t)} measure={label} format={format} urlOf={urlOf} />
          ) : (
            <Drawing
              chart={chart}
              kind={kind}
              title={title}
              measure={label}
              format={format}
              onOpen={(place, series) => void go(urlOf(place, series))}
            />
          )}
        </div>
      )}
    </>
  )
}
