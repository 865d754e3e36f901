import type { FieldMeta, ModelMeta } from '@erp4/orm/views-types'
import { specParts } from '../data/groups.ts'
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

/** What an export of the records behind figures begins with: the record's name, what it is grouped by, and what is measured. */
export function columnsBehind({ fields }: ModelMeta, specs: readonly string[]): { readonly field: FieldMeta }[] {
  return ['display_name', ...specs.map((spec) => specParts(spec).name)].flatMap((name) => (fields[name] ? [{ field: fields[name] }] : []))
}

/** The order of the groups, as far as records can be put into it. */
export const orderBehind = ({ fields }: ModelMeta, specs: readonly string[]): string =>
  [...new Set(specs.map((spec) => specParts(spec).name))].filter((name) => fields[name]?.sortable).join(', ')
