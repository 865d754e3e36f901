import './linked.css'
import { useQuery } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo, useState } from 'react'
import type { FieldMeta } from '@erp4/orm/views-types'
import { type KnownViews, loadViews, metaOf } from '../../data/views.ts'
import { type Domain, all } from '../../domain.ts'
import type { Linked } from '../../fields/links.ts'
import { useTexts } from '../../i18n/index.ts'
import { currentPlace, formatPlace } from '../../location.ts'
import { recordWord } from '../../menus.ts'
import { call } from '../../rpc.ts'
import { addValue, domainOf, groupsOf, offersOf } from '../../search/facets.ts'
import { SearchBar } from '../../search/SearchBar.tsx'
import { openDialogue } from '../../ui/dialogue.tsx'
import { tellFailure } from '../../ui/notify.ts'
import { Failure, ListSkeleton } from '../../ui/states.tsx'
import { ListView } from '../list/ListView.tsx'
import type { Look, LookChange } from '../view-type.ts'

/**
 * Lets records for the field be found with the whole search and the list of its model: one, or `several`, but for those that are there already. It
 * begins with what was `typed`. Answers none where it is closed.
 */
export async function pickInList(
  field: FieldMeta,
  title: string,
  typed: string,
  several?: { readonly without: ReadonlySet<number> },
): Promise<readonly Linked[]> {
  let picked: readonly Linked[] = []
  const done = (close: () => void) => (some: readonly Linked[]) => {
    picked = some
    close()
  }
  await openDialogue(title, (close) => <PickDialogue field={field} typed={typed} several={several} onPick={done(close)} />, 980)
  return picked
}

interface Props {
  readonly field: FieldMeta
  readonly typed: string
  readonly several: { readonly without: ReadonlySet<number> } | undefined
  readonly onPick: (some: readonly Linked[]) => void
}

function PickDialogue(props: Props) {
  const model = props.field.relation!
  const { data, error, refetch } = useQuery({ queryKey: ['views', model], queryFn: () => loadViews(model), gcTime: 0 })
  return (
    <div className="pick-list">
      {error ? <Failure error={error} retry={() => void refetch()} /> : data ? <Found {...props} views={data} /> : <ListSkeleton />}
    </div>
  )
}

function Found({ field, typed, several, views, onPick }: Props & { views: KnownViews }) {
  const t = useTexts()
  const [look, setLook] = useState<Look>(() => ({ facets: begunBy(views, typed), order: '', page: 0, view: 'list', more: {} }))
  const change = useCallback((next: LookChange): void => setLook((known) => ({ ...known, page: 0, ...next })), [])
  const own = useMemo((): Domain => {
    const known = several?.without.size ? [['id', 'not in', [...several.without]]] : noCondition
    return all(Array.isArray(field.domain) ? field.domain : noCondition, known)
  }, [field, several])
  const domain = useMemo(() => all(own, domainOf(look.facets, views)), [own, look.facets, views])
  const by = useMemo(() => groupsOf(look.facets), [look.facets])
  useEffect(() => document.getElementById('pick-search')?.focus(), [])
  const pick = async (ids: readonly number[]): Promise<void> => {
    try {
      // The columns need not hold their names.
      const color = metaOf(views).fields['color'] ? { color: {} } : {}
      const named = await call<Linked[]>(views.model, 'web_read', [ids, { display_name: {}, ...color }])
      if (named.length > 0) onPick(named)
    } catch (error) {
      tellFailure(error, t)
    }
  }
  return (
    <>
      <SearchBar id="pick-search" views={views} facets={look.facets} order={look.order} onChange={(facets) => change({ facets })} />
      <ListView
        views={views}
        place={currentPlace()}
        domain={domain}
        by={by}
        context={noContext}
        look={look}
        setLook={change}
        urlOf={(id) => formatPlace([{ word: recordWord(views.model), id }])}
        onPick={({ id }) => void pick([id])}
        {...(several ? { onPickMany: (ids: readonly number[]) => void pick(ids) } : {})}
      />
    </>
  )
}

const noContext = {}
const noCondition: readonly unknown[] = []

/** What was typed into the field is what is looked for first, where people look first. */
function begunBy(views: KnownViews, typed: string): Look['facets'] {
  const [first] = offersOf(views).fields.filter(({ type }) => type === 'char' || type === 'text')
  return first && typed !== '' ? addValue([], first.name, typed, typed) : []
}
