import { sumIn, sumText } from '../../data/sums.ts'
import { type KnownViews, metaOf } from '../../data/views.ts'
import type { Texts } from '../../i18n/index.ts'
import { useTexts } from '../../i18n/index.ts'
import { follow } from '../../location.ts'
import { groupLabel } from '../../search/facets.ts'
import { IconChevronDown, IconChevronRight } from '../../ui/icons.ts'
import { recordsUrl } from '../records.ts'
import type { ViewProps } from '../view-type.ts'
import type { Line } from './copy.ts'
import { type Head, type Table, columnsIn, headsAt, rowsIn, spanOf, whereOf } from './table.ts'

interface Props extends ViewProps {
  readonly table: Table
  readonly rows: readonly string[]
  readonly columns: readonly string[]
  readonly measures: readonly string[]
  readonly labelOf: (measure: string) => string
  readonly shut: ReadonlySet<string>
  readonly onToggle: (id: string) => void
}

/** Rows are shut by this id, and columns by that: both trees have heads of the same path. */
const rowKey = (head: Head): string => `r${encodeURIComponent(head.id)}`
const columnKey = (head: Head): string => `c${encodeURIComponent(head.id)}`

/** The ids of one side's shut heads, as its tree names them. */
const shutIn = (shut: ReadonlySet<string>, side: 'r' | 'c'): Set<string> =>
  new Set([...shut].filter((id) => id.startsWith(side)).map((id) => decodeURIComponent(id.slice(1))))

/** The most rows that are drawn. A table of more is for a spreadsheet: the download has all of them. */
const mostRows = 1_000

/** The table, with the names of rows and columns as the buttons that open and shut them. */
export function Figures(props: Props) {
  const { views, table, rows, columns, measures, labelOf, shut, onToggle } = props
  const t = useTexts()
  const meta = metaOf(views)
  const [shutRows, shutColumns] = [shutIn(shut, 'r'), shutIn(shut, 'c')]
  const leaves = columnsIn(table.columns, shutColumns)
  const placed = rowsIn(table.rows, shutRows)
  const total = table.cell(table.rows, table.columns) ?? {}
  const depth = columns.length
  return (
    <div className="pivot-table" tabIndex={0} role="region" aria-label={meta.label}>
      <table className="figures pivot">
        <caption className="sr">{t.pivotOf(meta.label)}</caption>
        <thead>
          {Array.from({ length: depth }, (_, i) => i + 1).map((level) => (
            <tr key={level}>
              {level === 1 && (
                <th rowSpan={depth + (measures.length > 1 ? 1 : 0) || 1} className="pivot-corner">
                  {rows.map((spec) => groupLabel(spec, views, t)).join(' › ')}
                </th>
              )}
              {headsAt(table.columns, level, shutColumns).map(({ head, isBelow }) => (
                <th
                  key={head.id + level}
                  scope={level === depth ? 'col' : 'colgroup'}
                  colSpan={(isBelow ? 1 : spanOf(head, shutColumns)) * measures.length}
                  className="number"
                >
                  {!isBelow && (
                    <Toggle
                      head={head}
                      isOpen={head.children.length > 0 && !shutColumns.has(head.id)}
                      onToggle={() => onToggle(columnKey(head))}
                    />
                  )}
                </th>
              ))}
              {level === 1 && (
                <th scope="col" rowSpan={depth} colSpan={measures.length} className="number">
                  {t.total}
                </th>
              )}
            </tr>
          ))}
          {(measures.length > 1 || depth === 0) && (
            <tr>
              {depth === 0 && <th className="pivot-corner">{rows.map((spec) => groupLabel(spec, views, t)).join(' › ')}</th>}
              {leaves.flatMap((leaf) =>
                measures.map((name) => (
                  <th key={leaf.id + name} scope="col" className="number pivot-measure">
                    {labelOf(name)}
                  </th>
                )),
              )}
            </tr>
          )}
        </thead>
        <tbody>
          {placed.slice(0, mostRows).map(({ head, level, isOpen }) => (
            <tr key={head.id} data-total={level === 0 || undefined}>
              <th scope="row" data-level={level}>
                {level === 0 ? head.label : <Toggle head={head} isOpen={isOpen} onToggle={() => onToggle(rowKey(head))} />}
              </th>
              {leaves.flatMap((leaf) => {
                const group = table.cell(head, leaf)
                const label = [...labels(table.rows, head), ...labels(table.columns, leaf)].join(' · ') || t.total
                return measures.map((name) => (
                  <td key={leaf.id + name} className="number" data-total={leaf === table.columns || undefined}>
                    {group && <a {...follow(recordsUrl(props, whereOf(group), label))}>{sumText(meta, name, sumIn(group, name), total)}</a>}
                  </td>
                ))
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {placed.length > mostRows && <p className="soft">{t.pivotIsLong}</p>}
    </div>
  )
}

function Toggle({ head, isOpen, onToggle }: { head: Head; isOpen: boolean; onToggle: () => void }) {
  if (head.children.length === 0) return <span className="pivot-name">{head.label}</span>
  const Chevron = isOpen ? IconChevronDown : IconChevronRight
  return (
    <button type="button" className="pivot-name" aria-expanded={isOpen} onClick={onToggle}>
      <Chevron size={14} aria-hidden /> {head.label}
    </button>
  )
}

/** What the heads from below the root to this one are called. */
function labels(root: Head, wanted: Head): string[] {
  const walk = (head: Head): string[] => {
    const next = head.children.find(({ path }) => path.every((key, i) => wanted.path[i] === key))
    return next ? [next.label, ...walk(next)] : []
  }
  return walk(root)
}

/** The table as it is shown, line by line, with figures as numbers. */
export function linesOf(
  table: Table,
  {
    rows,
    shut,
    measures,
    labelOf,
    views,
    t,
  }: {
    rows: readonly string[]
    shut: ReadonlySet<string>
    measures: readonly string[]
    labelOf: Props['labelOf']
    views: KnownViews
    t: Texts
  },
): Line[] {
  const leaves = columnsIn(table.columns, shutIn(shut, 'c'))
  const head = leaves.flatMap((leaf) => {
    const name = labels(table.columns, leaf).join(' / ') || t.total
    return measures.map((measure) => (measures.length > 1 ? `${name} / ${labelOf(measure)}` : name))
  })
  return [
    [rows.map((spec) => groupLabel(spec, views, t)).join(' / '), ...head],
    ...rowsIn(table.rows, shutIn(shut, 'r')).map(({ head: row }): Line => [
      labels(table.rows, row).join(' / ') || t.total,
      ...leaves.flatMap((leaf) => {
        const group = table.cell(row, leaf)
        return measures.map((measure) => (group ? sumIn(group, measure) : ''))
      }),
    ]),
  ]
}
