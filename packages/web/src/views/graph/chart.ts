import { type Group, type GroupSet, groupText, keyText, specParts } from '../../data/groups.ts'
import { sumIn } from '../../data/sums.ts'
import { type KnownViews, metaOf } from '../../data/views.ts'
import type { Domain } from '../../domain.ts'
import type { Texts } from '../../i18n/index.ts'

export const kinds = ['bar', 'line', 'pie'] as const
export type Kind = (typeof kinds)[number]

/** Places along the axis and colours in each: more than that nobody tells apart. */
const mostPlaces = 120
const mostSeries = 10

/** A value with the records behind it. */
export interface Point {
  readonly value: number
  readonly where: Domain
}

export interface Place {
  readonly label: string
  /** By the text of the series' key. */
  readonly points: ReadonlyMap<string, Point>
}

export interface Series {
  readonly text: string
  readonly label: string
  readonly total: number
}

export interface Chart {
  readonly places: readonly Place[]
  readonly series: readonly Series[]
  /** Left out: places or series for which there is no room, or groups that the server did not tell. */
  readonly isCut: boolean
}

/** What the view declares; groups of the search, and words of the address, come before it. */
export function declaredChart(views: KnownViews): { readonly by: readonly string[]; readonly measure: string; readonly kind: Kind } {
  const { nodes = [], options = {} } = views.views['graph'] ?? {}
  const kind = kinds.find((one) => one === options['kind']) ?? 'bar'
  return {
    by: nodes.flatMap((node) => (node.tag === 'by' ? [node.span ? `${node.field}:${node.span}` : node.field] : [])),
    measure: nodes.flatMap((node) => (node.tag === 'measure' ? [node.field] : []))[0] ?? '__count',
    kind,
  }
}

/** The groups as a chart shows them: places along the axis by the first grouping, and in each a value for every series of the second. */
export function chartOf({ groups, isCut }: GroupSet, by: readonly string[], measure: string, views: KnownViews, t: Texts): Chart {
  const { fields } = metaOf(views)
  const [outer = '', inner] = by
  const textOf = (group: Group, spec: string): string => groupText(group[spec], fields[specParts(spec).name], t)
  const places = new Map<string, { label: string; points: Map<string, Point> }>()
  const series = new Map<string, { label: string; total: number }>()
  for (const group of groups) {
    const [at, one] = [keyText(group[outer]), inner === undefined ? 'all' : keyText(group[inner])]
    const value = sumIn(group, measure)
    const place = places.get(at) ?? { label: textOf(group, outer), points: new Map<string, Point>() }
    place.points.set(one, { value, where: group['__extra_domain'] as Domain })
    places.set(at, place)
    const known = series.get(one) ?? { label: inner === undefined ? '' : textOf(group, inner), total: 0 }
    series.set(one, { ...known, total: known.total + value })
  }
  const largest = [...series].map(([text, rest]) => ({ text, ...rest })).sort((a, b) => Math.abs(b.total) - Math.abs(a.total))
  return {
    places: [...places.values()].slice(0, mostPlaces),
    series: largest.slice(0, mostSeries),
    isCut: isCut || places.size > mostPlaces || series.size > mostSeries,
  }
}
