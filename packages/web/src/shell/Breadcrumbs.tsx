import { useQuery } from '@tanstack/react-query'
import { knownViews, metaOf } from '../data/views.ts'
import { useTexts } from '../i18n/index.ts'
import { type Place, type Step, follow, formatPlace, historyState } from '../location.ts'
import { menuAt, modelAt } from '../menus.ts'
import { call } from '../rpc.ts'

/** The way here, each step a way back. The last is the page's heading. */
export function Breadcrumbs({ place }: { place: Place }) {
  const t = useTexts()
  const crumbs = place.steps.flatMap((step, i) => crumbsOf(step, place.steps.slice(0, i), i === place.steps.length - 1))
  const list = historyState().list
  return (
    <nav className="breadcrumbs" aria-label={t.breadcrumbs}>
      <ol>
        {crumbs.map(({ key, url, step, isRecord }, i) => {
          const isLast = i === crumbs.length - 1
          const label = isRecord ? <RecordName step={step} isLast={isLast} /> : labelOf(step)
          // The list that a record was opened from is gone back to with its search.
          const back = i === crumbs.length - 2 && !isRecord && list ? list : url
          return <li key={key}>{isLast ? <h1 aria-current="page">{label}</h1> : <a {...follow(back)}>{label}</a>}</li>
        })}
      </ol>
    </nav>
  )
}

interface Crumb {
  readonly key: string
  readonly url: string
  readonly step: Step
  readonly isRecord: boolean
}

function crumbsOf(step: Step, before: readonly Step[], isLast: boolean): Crumb[] {
  const list = { key: `${before.length}-${step.word}`, url: formatPlace([...before, { word: step.word }]), step, isRecord: false }
  if (step.id === undefined) return [list]
  const record = { key: `${before.length}-${step.word}-${step.id}`, url: formatPlace([...before, step]), step, isRecord: true }
  // On the way to something else, the record says enough.
  return isLast || before.length === 0 ? [list, record] : [record]
}

function labelOf({ word }: Step): string {
  const menu = menuAt(word)?.menu
  if (menu) return menu.label
  const views = knownViews(word)
  return views ? metaOf(views).label : word
}

/** The form that is open says its record's name itself (`nameKey`); those on the way are asked for. */
function RecordName({ step, isLast }: { step: Step; isLast: boolean }) {
  const t = useTexts()
  const model = modelAt(step.word)
  const { data } = useQuery({
    queryKey: nameKey(model, step.id),
    queryFn: async () =>
      (await call<{ display_name: string }[]>(model, 'web_read', [[step.id], { display_name: {} }]))[0]?.display_name ?? '',
    enabled: typeof step.id === 'number' && !isLast,
    staleTime: 30_000,
  })
  if (step.id === 'new') return t.new
  return data ?? '…'
}

export const nameKey = (model: string, id: unknown): unknown[] => ['name', model, id]
