import { BarChart, LineChart, PieChart } from '@mantine/charts'
import '@mantine/charts/styles.layer.css'
import { useElementSize } from '@mantine/hooks'
import type { Chart, Kind, Place, Series } from './chart.ts'

interface Props {
  readonly chart: Chart
  readonly kind: Kind
  readonly title: string
  readonly measure: string
  readonly format: (value: number) => string
  readonly onOpen: (place: Place, series: Series) => void
}

const colorOf = (i: number): string => `var(--chart-${(i % 10) + 1})`

/** The chart itself. A bar, a point and a slice open the records behind them; by keyboard the table does that. */
export function Drawing({ chart: { places, series }, kind, title, measure, format, onOpen }: Props) {
  const { ref, height } = useElementSize()
  const room = Math.max(240, Math.floor(height))
  const isSingle = series.length === 1 && series[0]!.label === ''
  // Names of our own: the library would take a dot in a key for a path.
  const shown = series.map((one, i) => ({ ...one, name: `s${i}`, label: one.label || measure, color: colorOf(i) }))
  const data = places.map((place, at) => ({
    at,
    place: place.label,
    ...Object.fromEntries(shown.map(({ name, text }) => [name, place.points.get(text)?.value ?? 0])),
  }))
  const open = (at: number | undefined, i: number): void => {
    const [place, one] = [places[at ?? -1], series[i]]
    if (place && one) onOpen(place, one)
  }
  const shared = {
    h: room,
    data,
    dataKey: 'place',
    series: shown.map(({ name, label, color }) => ({ name, label, color })),
    valueFormatter: format,
    withLegend: !isSingle,
    legendProps: { verticalAlign: 'bottom' as const },
    gridAxis: 'x' as const,
    yAxisProps: { width: 84 },
    xAxisProps: { interval: 'preserveStartEnd' as const },
  }
  return (
    <figure className="graph-figure" ref={ref} role="img" aria-label={title} data-kind={kind}>
      {kind === 'bar' && (
        <BarChart
          {...shared}
          type={isSingle ? 'default' : 'stacked'}
          maxBarWidth={72}
          barProps={({ name }) => ({
            isAnimationActive: false,
            cursor: 'pointer',
            onClick: (bar: { payload?: { at?: number } }) => open(bar.payload?.at, Number(name.slice(1))),
          })}
        />
      )}
      {kind === 'line' && (
        <LineChart
          {...shared}
          curveType="linear"
          lineProps={({ name }) => ({
            isAnimationActive: false,
            activeDot: {
              cursor: 'pointer',
              onClick: (_: unknown, dot: { payload?: { at?: number } }) => open(dot.payload?.at, Number(name.slice(1))),
            } as never,
          })}
        />
      )}
      {kind === 'pie' && (
        <PieChart
          h={room}
          size={Math.max(160, room - 120)}
          withTooltip
          withLabels={false}
          valueFormatter={format}
          tooltipDataSource="segment"
          data={places.map(({ label, points }, i) => ({
            name: label,
            value: Math.max(0, points.get('all')?.value ?? 0),
            color: colorOf(i),
          }))}
          pieProps={{ isAnimationActive: false, cursor: 'pointer', onClick: (_: unknown, i: number) => open(i, 0) } as never}
        />
      )}
      {kind === 'pie' && (
        <ul className="graph-legend" aria-hidden>
          {places.map(({ label, points }, i) => (
            <li key={i} data-color={(i % 10) + 1}>
              {label} <span className="soft">{format(points.get('all')?.value ?? 0)}</span>
            </li>
          ))}
        </ul>
      )}
    </figure>
  )
}
