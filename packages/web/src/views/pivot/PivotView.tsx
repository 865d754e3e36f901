import '../graph/graph.css'
import './pivot.css'
import { ActionIcon, Button, Checkbox, Popover, Tooltip } from '@mantine/core'
import { measuresOf, specParts, useGroups } from '../../data/groups.ts'
import { aggregatesFor, isMixed } from '../../data/sums.ts'
import { metaOf } from '../../data/views.ts'
import { useTexts } from '../../i18n/index.ts'
import { useShortcuts } from '../../shell/shortcuts.ts'
import { Toolbar } from '../../shell/Toolbar.tsx'
import { IconCopy, IconDownload, IconFlip } from '../../ui/icons.ts'
import { tell } from '../../ui/notify.ts'
import { Failure, ListSkeleton } from '../../ui/states.tsx'
import { GroupPicker } from '../GroupPicker.tsx'
import { NoRows } from '../NoRows.tsx'
import { columnsBehind, orderBehind } from '../records.ts'
import { TransferMenu } from '../TransferMenu.tsx'
import type { ViewProps } from '../view-type.ts'
import { csvOf, download, tabbed } from './copy.ts'
import { Figures, linesOf } from './Figures.tsx'
import { mostLevels, setsFor, tableOf } from './table.ts'

/** What is looked at, from the address; what it leaves open is as the view declares it. */
function choiceOf({ views, by, look }: ViewProps) {
  const { fields } = metaOf(views)
  const nodes = views.views['pivot']?.nodes ?? []
  const declared = (tag: 'row' | 'column'): string[] =>
    nodes.flatMap((node) => (node.tag === tag && 'field' in node ? [node.span ? `${node.field}:${node.span}` : node.field] : []))
  const given = (word: string, otherwise: readonly string[]): string[] => {
    const text = look.more[word]
    const specs = text === undefined ? otherwise : text.split(',')
    return specs.filter((spec) => fields[specParts(spec).name]).slice(0, mostLevels)
  }
  const measures = look.more['measures']?.split(',') ?? nodes.flatMap((node) => (node.tag === 'measure' ? [node.field] : []))
  const known = measures.filter((name) => name === '__count' || fields[name])
  return {
    rows: given('rows', by.length > 0 ? by : declared('row')),
    columns: given('cols', declared('column')),
    measures: known.length > 0 ? known : ['__count'],
    shut: new Set((look.more['shut'] ?? '').split(' ').filter((id) => id !== '')),
  }
}

/** An empty choice is written down too: without a word the declared one would come back. */
const wordOf = (specs: readonly string[]): string => (specs.length > 0 ? specs.join(',') : '-')

/** Figures in rows and columns that open and shut, each the way to its records. All choices are in the address. */
export function PivotView(props: ViewProps) {
  const { views, domain, context, setLook } = props
  const t = useTexts()
  const meta = metaOf(views)
  const { rows, columns, measures, shut } = choiceOf(props)
  const offered = measuresOf(meta, t)
  const labelOf = (name: string): string => offered.find((one) => one.name === name)?.label ?? meta.fields[name]?.string ?? name
  const sets = useGroups({ model: views.model, domain, sets: setsFor(rows, columns), aggregates: aggregatesFor(meta, measures), context })
  useShortcuts([{ keys: '/', label: t.search, run: () => document.getElementById('search')?.focus() }])
  // While other groupings are on their way, the answers that are here belong to the ones before.
  const isFitting = sets.data?.length === (rows.length + 1) * (columns.length + 1) && !sets.isPlaceholderData
  const table = isFitting ? tableOf(sets.data!, rows, columns, views, t) : undefined
  const total = table?.cell(table.rows, table.columns)
  const setShut = (next: ReadonlySet<string>): void => setLook({ more: { shut: [...next].join(' ') } })
  const toggle = (id: string): void => setShut(shut.has(id) ? new Set([...shut].filter((one) => one !== id)) : new Set([...shut, id]))
  const lines = () => linesOf(table!, { rows, shut, measures, labelOf, views, t })
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(tabbed(lines()))
    tell(t.copied)
  }
  return (
    <>
      <Toolbar>
        <Popover position="bottom-start" shadow="md" trapFocus withRoles>
          <Popover.Target>
            <Button size="compact-sm" variant="default">
              {t.measures}
            </Button>
          </Popover.Target>
          <Popover.Dropdown className="measures" aria-label={t.measures}>
            {offered.map(({ name, label }) => (
              <Checkbox
                key={name}
                size="xs"
                label={label}
                checked={measures.includes(name)}
                disabled={measures.length === 1 && measures[0] === name}
                onChange={() =>
                  setLook({
                    more: { measures: (measures.includes(name) ? measures.filter((one) => one !== name) : [...measures, name]).join(',') },
                  })
                }
              />
            ))}
          </Popover.Dropdown>
        </Popover>
        <GroupPicker
          views={views}
          label={t.pivotRows}
          chosen={rows}
          most={mostLevels}
          onChange={(specs) => setLook({ more: { rows: wordOf(specs), shut: '' } })}
        />
        <GroupPicker
          views={views}
          label={t.pivotColumns}
          chosen={columns}
          most={mostLevels}
          onChange={(specs) => setLook({ more: { cols: wordOf(specs), shut: '' } })}
        />
        <Tooltip label={t.flip}>
          <ActionIcon
            variant="subtle"
            color="gray"
            c="inherit"
            aria-label={t.flip}
            onClick={() => setLook({ more: { rows: wordOf(columns), cols: wordOf(rows), shut: '' } })}
          >
            <IconFlip size={17} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <span className="grow" />
        {table?.isCut && <span className="note">{t.pivotIsCut}</span>}
        {total && measures.some((name) => isMixed(meta, name, total)) && <span className="note">{t.mixedCurrencies}</span>}
        {table && (
          <>
            <Tooltip label={t.copyTable}>
              <ActionIcon variant="subtle" color="gray" c="inherit" aria-label={t.copyTable} onClick={() => void copy()}>
                <IconCopy size={17} aria-hidden />
              </ActionIcon>
            </Tooltip>
            <Tooltip label={t.downloadTable}>
              <ActionIcon
                variant="subtle"
                color="gray"
                c="inherit"
                aria-label={t.downloadTable}
                onClick={() => download(`${meta.label}.csv`, csvOf(lines()))}
              >
                <IconDownload size={17} aria-hidden />
              </ActionIcon>
            </Tooltip>
          </>
        )}
        <TransferMenu
          views={views}
          domain={domain}
          order={orderBehind(meta, [...rows, ...columns])}
          columns={columnsBehind(meta, [...rows, ...columns, ...measures])}
          context={context}
          count={total && Number(total['__count'] ?? 0)}
        />
      </Toolbar>
      {sets.error ? (
        <Failure error={sets.error} retry={() => void sets.refetch()} />
      ) : !table ? (
        <ListSkeleton />
      ) : Number(total?.['__count'] ?? 0) === 0 ? (
        <NoRows {...props} />
      ) : (
        <Figures
          {...props}
          table={table}
          rows={rows}
          columns={columns}
          measures={measures}
          labelOf={labelOf}
          shut={shut}
          onToggle={toggle}
        />
      )}
    </>
  )
}
