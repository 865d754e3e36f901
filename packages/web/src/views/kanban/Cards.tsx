import { type ReactNode, useCallback, useState } from 'react'
import { metaOf } from '../../data/views.ts'
import { go } from '../../location.ts'
import { Toolbar } from '../../shell/Toolbar.tsx'
import { Failure, ListSkeleton } from '../../ui/states.tsx'
import { type Row, useRows } from '../list/rows.ts'
import { NoRows } from '../NoRows.tsx'
import { Pager } from '../Pager.tsx'
import { TransferMenu } from '../TransferMenu.tsx'
import type { ViewProps } from '../view-type.ts'
import { Card } from './Card.tsx'
import { useCovers } from './covers.ts'
import { neighbour } from './keys.ts'
import { type Plan, cardFields } from './plan.ts'

/** Cards side by side, a page of them as a list has it. */
export function Cards({ views, domain, context, look, setLook, urlOf, plan, create }: ViewProps & { plan: Plan; create: ReactNode }) {
  const rows = useRows(views.model, { domain, order: look.order, page: look.page, fields: cardFields(plan), context }, [], true)
  const cards = rows.data?.records ?? []
  const covers = useCovers(views.model, plan.cover, cards)
  const [current, setCurrent] = useState<number | null>(null)
  const open = useCallback(
    (row: Row): void => void go(urlOf(row.id), { state: { ids: cards.map(({ id }) => id), list: location.pathname + location.search } }),
    [urlOf, cards],
  )
  return (
    <>
      <Toolbar>
        {create}
        <span className="grow" />
        {rows.data && <Pager views={views} domain={domain} look={look} setLook={setLook} total={rows.data.length} />}
        <TransferMenu
          views={views}
          domain={domain}
          order={look.order}
          columns={[plan.title, ...plan.body]}
          context={context}
          count={rows.data?.length}
        />
      </Toolbar>
      {rows.error ? (
        <Failure error={rows.error} retry={() => void rows.refetch()} />
      ) : rows.isPending ? (
        <ListSkeleton />
      ) : cards.length === 0 ? (
        <NoRows views={views} look={look} setLook={setLook} urlOf={urlOf} />
      ) : (
        <div className="cards" role="group" aria-label={metaOf(views).label} data-busy={rows.isPlaceholderData || undefined}>
          <div
            className="cards-grid"
            data-cards
            onKeyDown={(event) => {
              if (neighbour(event.key, event.target as HTMLElement)) event.preventDefault()
            }}
          >
            {cards.map((row) => (
              <Card
                key={row.id}
                row={row}
                plan={plan}
                model={views.model}
                url={urlOf(row.id)}
                isCurrent={row.id === (current ?? cards[0]!.id)}
                hasCover={covers.has(row.id)}
                state={undefined}
                places={nowhere}
                isMenuOpen={false}
                onMenu={() => {}}
                onPlace={() => {}}
                onOpen={open}
                onFocus={setCurrent}
              />
            ))}
          </div>
        </div>
      )}
    </>
  )
}

const nowhere: readonly never[] = []
