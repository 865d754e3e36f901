import type { FieldMeta, ViewNode } from '@erp4/orm/views-types'
import { type KnownViews, metaOf } from '../data/views.ts'
import { type Domain, all, any } from '../domain.ts'
import { orList } from '../format.ts'
import type { Texts } from '../i18n/index.ts'
import { type Period, periodDomain } from './periods.ts'

/** One part of a search, which is one chip: within it any may hold, of the chips all must. Addresses hold them as they are. */
export type Facet =
  /** Filters that the view declares, by name. */
  | { readonly is: readonly string[] }
  /** A field and what it should hold or be. */
  | { readonly field: string; readonly values: readonly (readonly [value: string | number | boolean, label: string])[] }
  | { readonly time: string; readonly spans: readonly Period[] }
  /** A condition of the person's own making. */
  | { readonly where: Domain; readonly label: string }
  /** A search that was saved. */
  | { readonly saved: number; readonly where: Domain; readonly label: string }
  /** Groups, from the outermost inwards: `country_id`, `create_date:month`. */
  | { readonly by: readonly string[] }

type Filter = Extract<ViewNode, { tag: 'filter' }>
type Period_ = Extract<ViewNode, { tag: 'period' }>
type GroupBy = Extract<ViewNode, { tag: 'group_by' }>

/** What a search view offers, sorted by what it is. */
export interface Offers {
  readonly fields: readonly FieldMeta[]
  /** Filters in runs: those of one run are alternatives of each other. */
  readonly filters: readonly (readonly Filter[])[]
  readonly periods: readonly Period_[]
  readonly groups: readonly GroupBy[]
}

export function offersOf(views: KnownViews): Offers {
  const { fields } = metaOf(views)
  const nodes = views.views['search']?.nodes ?? []
  const runs: Filter[][] = [[]]
  for (const node of nodes) {
    if (node.tag === 'filter') runs.at(-1)!.push(node)
    else if (node.tag === 'separator') runs.push([])
  }
  return {
    fields: nodes.flatMap((node) => (node.tag === 'field' && fields[node.field] ? [labelled(fields[node.field]!, node.label)] : [])),
    filters: runs.filter((run) => run.length > 0),
    periods: nodes.filter((node) => node.tag === 'period'),
    groups: nodes.filter((node) => node.tag === 'group_by'),
  }
}

const labelled = (field: FieldMeta, label: string | undefined): FieldMeta => (label === undefined ? field : { ...field, string: label })

export const parseFacets = (text: string | null): Facet[] => {
  try {
    const facets: unknown = JSON.parse(text ?? '[]')
    return Array.isArray(facets) ? (facets as Facet[]).filter(isFacet) : []
  } catch {
    // An address that somebody cut off: a list without its search is better than none.
    return []
  }
}

function isFacet(facet: unknown): facet is Facet {
  if (typeof facet !== 'object' || facet === null) return false
  const { is, field, values, time, spans, where, by } = facet as Record<string, unknown>
  return (
    Array.isArray(is) ||
    (typeof field === 'string' && Array.isArray(values)) ||
    (typeof time === 'string' && Array.isArray(spans)) ||
    Array.isArray(where) ||
    Array.isArray(by)
  )
}

export const formatFacets = (facets: readonly Facet[]): string | null => (facets.length === 0 ? null : JSON.stringify(facets))

/** Whether the facet can be understood without the view. */
export const isPlain = (facet: Facet): boolean => 'where' in facet

export const groupsOf = (facets: readonly Facet[]): readonly string[] => facets.flatMap((facet) => ('by' in facet ? facet.by : []))

/** What the server is asked for. Names that the view does not know (any more) ask for nothing. */
export function domainOf(facets: readonly Facet[], views: KnownViews | undefined): Domain {
  return all(...facets.map((facet) => facetDomain(facet, views)))
}

function facetDomain(facet: Facet, views: KnownViews | undefined): Domain {
  if ('where' in facet) return facet.where
  if (!views) return []
  const offers = offersOf(views)
  const { fields } = metaOf(views)
  if ('is' in facet) {
    const found = offers.filters.flat().filter(({ name }) => facet.is.includes(name))
    return any(found.map(({ where }) => where))
  }
  if ('time' in facet) {
    const field = fields[facet.time]
    return field ? any(facet.spans.map((span) => periodDomain(field.name, field.type === 'datetime', span))) : []
  }
  if ('field' in facet) {
    const field = fields[facet.field]
    return field ? any(facet.values.map(([value]) => [valueCondition(field, value)])) : []
  }
  return []
}

function valueCondition(field: FieldMeta, value: string | number | boolean): unknown {
  const isText = typeof value === 'string' && field.type !== 'selection' && field.type !== 'date'
  return [field.name, isText ? 'ilike' : '=', value]
}

/** A chip in words: its subject, and what is said of it. */
export function sentenceOf(facet: Facet, views: KnownViews, t: Texts): { subject: string; says: string } {
  const offers = offersOf(views)
  const { fields } = metaOf(views)
  if ('label' in facet) return { subject: '', says: facet.label }
  if ('is' in facet) {
    const labels = facet.is.flatMap((name) => offers.filters.flat().find((one) => one.name === name)?.label ?? [])
    return { subject: '', says: orList(labels) }
  }
  if ('time' in facet)
    return { subject: labelOfPeriod(offers, fields, facet.time), says: orList(facet.spans.map((span) => t.periods[span])) }
  if ('field' in facet) {
    return {
      subject: offers.fields.find(({ name }) => name === facet.field)?.string ?? fields[facet.field]?.string ?? facet.field,
      says: orList(facet.values.map(([, label]) => label)),
    }
  }
  return { subject: t.groupedBy, says: facet.by.map((spec) => groupLabel(spec, views, t)).join(' › ') }
}

const labelOfPeriod = (offers: Offers, fields: Readonly<Record<string, FieldMeta>>, name: string): string =>
  offers.periods.find(({ field }) => field === name)?.label ?? fields[name]?.string ?? name

export function groupLabel(spec: string, views: KnownViews, t: Texts): string {
  const [name = '', span] = spec.split(':')
  const offer = offersOf(views).groups.find((one) => one.field === name)
  const label = offer?.label ?? metaOf(views).fields[name]?.string ?? name
  return span && span in t.spans ? `${label} (${t.spans[span as keyof Texts['spans']]})` : label
}

export const specOf = ({ field, span }: GroupBy): string => (span ? `${field}:${span}` : field)

/** With the filter on or off; alternatives of one run share a chip. */
export function toggleFilter(facets: readonly Facet[], offers: Offers, name: string): Facet[] {
  const run = offers.filters.find((one) => one.some((filter) => filter.name === name))?.map((filter) => filter.name) ?? [name]
  const own = facets.find((facet): facet is { is: readonly string[] } => 'is' in facet && facet.is.some((one) => run.includes(one)))
  if (!own) return [...facets, { is: [name] }]
  const is = own.is.includes(name) ? own.is.filter((one) => one !== name) : [...own.is, name]
  return facets.flatMap((facet) => (facet !== own ? [facet] : is.length > 0 ? [{ is }] : []))
}

export function toggleSpan(facets: readonly Facet[], field: string, span: Period): Facet[] {
  const own = facets.find((facet): facet is { time: string; spans: readonly Period[] } => 'time' in facet && facet.time === field)
  if (!own) return [...facets, { time: field, spans: [span] }]
  const spans = own.spans.includes(span) ? own.spans.filter((one) => one !== span) : [...own.spans, span]
  return facets.flatMap((facet) => (facet !== own ? [facet] : spans.length > 0 ? [{ time: field, spans }] : []))
}

export function toggleGroup(facets: readonly Facet[], spec: string): Facet[] {
  const by = groupsOf(facets)
  const rest = facets.filter((facet) => !('by' in facet))
  const next = by.includes(spec) ? by.filter((one) => one !== spec) : [...by, spec]
  return next.length > 0 ? [...rest, { by: next }] : rest
}

/** One more value of a field; values of one field share a chip. */
export function addValue(facets: readonly Facet[], field: string, value: string | number | boolean, label: string): Facet[] {
  const own = facets.find((facet): facet is Extract<Facet, { values: unknown }> => 'field' in facet && facet.field === field)
  if (!own) return [...facets, { field, values: [[value, label]] }]
  if (own.values.some(([one]) => one === value)) return [...facets]
  return facets.map((facet) => (facet === own ? { field, values: [...own.values, [value, label] as const] } : facet))
}
