import { SegmentedControl } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Suspense, useCallback, useEffect, useMemo } from 'react'
import type { ModelViews } from '@erp4/orm/views-types'
import { type Kept, type KnownViews, keepViews, knownViews, loadViews, metaOf, queries, useFieldChanges } from '../data/views.ts'
import { type Domain, all } from '../domain.ts'
import { useTexts } from '../i18n/index.ts'
import { type Place, defaultsIn, formatPlace, go } from '../location.ts'
import { menuAt } from '../menus.ts'
import { ask } from '../rpc.ts'
import { type Facet, domainOf, formatFacets, groupsOf, isPlain, parseFacets } from '../search/facets.ts'
import { favouriteFacets } from '../search/SearchMenu.tsx'
import { SearchBar } from '../search/SearchBar.tsx'
import { Breadcrumbs } from '../shell/Breadcrumbs.tsx'
import { Failure, ListSkeleton } from '../ui/states.tsx'
import { FetchForm } from './form/lazy.ts'
import { wantedFields } from './list/columns.ts'
import { type Page, pageSize, rowsKey } from './list/rows.ts'
import { viewTypes } from './registry.ts'
import type { Look, LookChange } from './view-type.ts'

/** Several records of a model: the search above, and below it whichever view was chosen. */
export function Listing({ model, place }: { model: string; place: Place }) {
  const changes = useFieldChanges()
  const {
    data: known = knownViews(model),
    error,
    refetch,
  } = useQuery({
    queryKey: ['open', model, changes],
    queryFn: () => open(model, place),
    enabled: knownViews(model) === undefined,
    staleTime: Infinity,
    gcTime: 0,
  })
  if (error) return <Failure error={error} retry={() => void refetch()} />
  if (known) return <Known views={known} place={place} />
  return (
    <>
      <div className="control">
        <Breadcrumbs place={place} />
      </div>
      <ListSkeleton />
    </>
  )
}

/**
 * The first look at a model: how to show it, its saved searches and the first rows, in one request. An address with a search in it whose
 * meaning only the view knows takes a second one.
 */
async function open(model: string, place: Place): Promise<KnownViews> {
  const look = lookOf(place)
  const where = menuAt(place.steps.at(-1)!.word)?.menu.where ?? []
  const given = place.query.get('q') !== null
  const first = menuAt(place.steps.at(-1)!.word)?.menu.views?.[0]
  if (!look.facets.every(isPlain) || (look.view || (first ?? 'list')) !== 'list') return loadViews(model)
  const params = { domain: all(where, domainOf(look.facets, undefined)), order: look.order, limit: pageSize, offset: look.page * pageSize }
  const { views, favourites, choices, ...page } = await ask<Page & Kept & { views: ModelViews }>('list', {
    model,
    ...params,
    views: true,
    useDefault: !given,
    context: contextOf(place),
  })
  keepViews(views, { favourites, choices })
  const found = knownViews(model)!
  // The rows that came are those that the list is about to ask for.
  const facets = given ? look.facets : defaultFacets(found)
  const request = {
    domain: all(where, domainOf(facets, found)),
    order: look.order,
    page: look.page,
    fields: wantedFields(found),
    context: contextOf(place),
  }
  if (groupsOf(facets).length === 0) queries.setQueryData(rowsKey(model, request), page)
  return found
}

const lookOf = ({ query }: Place): Look => ({
  facets: parseFacets(query.get('q')),
  order: query.get('order') ?? '',
  page: Math.max(0, Number(query.get('page') ?? 1) - 1) || 0,
  view: query.get('view') ?? '',
  more: Object.fromEntries([...query].filter(([name]) => !ours.has(name))),
})

/** The words of an address that every view has; the others belong to one type of view. */
const ours = new Set(['q', 'order', 'page', 'view', 'default'])

const contextOf = (place: Place): Readonly<Record<string, unknown>> => menuAt(place.steps.at(-1)!.word)?.menu.context ?? {}

const defaultFacets = ({ favourites = [] }: KnownViews): readonly Facet[] => {
  const chosen = favourites.find((one) => one.is_default && one.user_id !== false) ?? favourites.find((one) => one.is_default)
  return chosen ? favouriteFacets(chosen) : []
}

function Known({ views, place }: { views: KnownViews; place: Place }) {
  const t = useTexts()
  const step = place.steps.at(-1)!
  const menu = menuAt(step.word)?.menu
  const given = lookOf(place)
  const isGiven = place.query.get('q') !== null
  const facets = useMemo(() => (isGiven ? parseFacets(place.query.get('q')) : defaultFacets(views)), [isGiven, place, views])
  const offered = Object.keys(viewTypes).filter((type) => views.views[type] && (!menu?.views || menu.views.includes(type as never)))
  const ordered = [...offered].sort((a, b) => rank(menu?.views, a) - rank(menu?.views, b))
  const view = offered.includes(given.view) ? given.view : (ordered[0] ?? 'list')
  const look: Look = { ...given, facets, view }
  const domain = useMemo((): Domain => all(menu?.where ?? [], domainOf(facets, views)), [menu, facets, views])
  const by = useMemo(() => groupsOf(facets), [facets])
  const context = useMemo(() => ({ ...menu?.context, ...defaultsIn(place) }), [menu, place])

  useEffect(() => {
    document.title = `${menu?.label ?? metaOf(views).label} · ERP4`
  }, [menu, views])

  const setLook = useCallback(
    (change: LookChange): void => {
      const query = new URLSearchParams(place.query)
      const set = (name: string, value: string | null): void => (value === null ? query.delete(name) : query.set(name, value))
      // An empty search is written down where there is a default one, which would come back otherwise.
      if (change.facets) set('q', formatFacets(change.facets) ?? (defaultFacets(views).length > 0 ? '[]' : null))
      if (change.order !== undefined) set('order', change.order || null)
      if (change.view !== undefined) {
        set('view', change.view)
        for (const name of Object.keys(lookOf(place).more)) set(name, null)
      }
      for (const [name, value] of Object.entries(change.more ?? {})) set(name, value || null)
      set('page', change.page === undefined || change.page === 0 ? null : String(change.page + 1))
      void go(formatPlace(place.steps, query), { replace: change.page === undefined && change.view === undefined })
    },
    [place, views],
  )
  const urlOf = useCallback(
    (id: number | 'new'): string => {
      const keep = place.query.get('default')
      return formatPlace(
        [...place.steps.slice(0, -1), { ...step, id }],
        id === 'new' && keep ? new URLSearchParams({ default: keep }) : undefined,
      )
    },
    [place, step],
  )
  const { View } = viewTypes[view] ?? viewTypes['list']!
  return (
    <>
      <div className="control">
        <Breadcrumbs place={place} />
        <SearchBar views={views} facets={facets} order={look.order} onChange={(next) => setLook({ facets: next })} />
        {ordered.length > 1 && (
          <SegmentedControl
            size="xs"
            value={view}
            aria-label={t.viewAs}
            onChange={(type) => setLook({ view: type })}
            data={ordered.map((type) => {
              const { icon: Icon, label } = viewTypes[type]!
              return {
                value: type,
                label: (
                  <span title={label(t)} className="view-icon">
                    <Icon size={16} aria-hidden />
                    <span className="sr">{label(t)}</span>
                  </span>
                ),
              }
            })}
          />
        )}
      </div>
      <Suspense fallback={<ListSkeleton />}>
        <View views={views} place={place} domain={domain} by={by} context={context} look={look} setLook={setLook} urlOf={urlOf} />
        {/* A list says itself when its rows are drawn. */}
        {view !== 'list' && <FetchForm />}
      </Suspense>
    </>
  )
}

const rank = (views: readonly string[] | undefined, type: string): number => {
  const at = (views ?? ['list']).indexOf(type)
  return at < 0 ? 100 : at
}
