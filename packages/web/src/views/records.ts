import { formatPlace } from '../location.ts'
import { type Facet, formatFacets } from '../search/facets.ts'
import type { Domain } from '../domain.ts'
import type { ViewProps } from './view-type.ts'

/** The address of a list of the records behind a figure: those of the search that also hold `where`, which the chip calls `label`. */
export function recordsUrl({ place, look }: Pick<ViewProps, 'place' | 'look'>, where: Domain, label: string): string {
  const facets: Facet[] = look.facets.filter((facet) => !('by' in facet))
  const query = new URLSearchParams({ view: 'list' })
  const all = where.length > 0 ? [...facets, { where, label }] : facets
  query.set('q', formatFacets(all) ?? '[]')
  return formatPlace(place.steps, query)
}
