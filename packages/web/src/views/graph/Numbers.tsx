import { follow } from '../../location.ts'
import { useTexts } from '../../i18n/index.ts'
import type { Chart, Place, Series } from './chart.ts'

interface Props {
  readonly chart: Chart
  readonly title: string
  readonly axis: string
  readonly measure: string
  readonly format: (value: number) => string
  readonly urlOf: (place: Place, series: Series) => string
}

/** What the chart shows, as a table: for whoever does not see it, and for whoever wants the digits. */
export function Numbers({ chart: { places, series }, title, axis, measure, format, urlOf }: Props) {
  const t = useTexts()
  return (
    <div className="graph-table" tabIndex={0} role="region" aria-label={title}>
      <table className="figures">
        <caption className="sr">{title}</caption>
        <thead>
          <tr>
            <th scope="col">{axis}</th>
            {series.map(({ text, label }) => (
              <th key={text} scope="col" className="number">
                {label || measure}
              </th>
            ))}
            {series.length > 1 && (
              <th scope="col" className="number">
                {t.total}
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {places.map((place, i) => (
            <tr key={i}>
              <th scope="row">{place.label}</th>
              {series.map((one) => {
                const point = place.points.get(one.text)
                return (
                  <td key={one.text} className="number">
                    {point && <a {...follow(urlOf(place, one))}>{format(point.value)}</a>}
                  </td>
                )
              })}
              {series.length > 1 && (
                <td className="number">{format([...place.points.values()].reduce((sum, { value }) => sum + value, 0))}</td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
