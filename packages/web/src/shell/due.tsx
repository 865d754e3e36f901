import { useQuery } from '@tanstack/react-query'
import type { MenuMeta } from '@erp4/orm/views-types'
import { useTexts } from '../i18n/index.ts'
import { call } from '../rpc.ts'

/** What the user has to do and what was written to him, as `my_activities` of apps/mail tells it. */
export interface Mine {
  readonly today: string
  readonly counts: { readonly overdue: number; readonly today: number; readonly planned: number }
  /** How many are overdue or of today, by the model of their records. */
  readonly due: Readonly<Record<string, number>>
  readonly activities: readonly {
    readonly id: number
    readonly model: string
    readonly label: string
    readonly res_id: number
    readonly name: string
    readonly summary: string
    readonly due: string
    readonly type: string
  }[]
}

const everyMs = 300_000

export const useMine = (): Mine | undefined =>
  useQuery({
    queryKey: ['my-activities'],
    queryFn: () => call<Mine>('mail.activity', 'my_activities', [], { limit: 30 }),
    staleTime: everyMs,
    refetchInterval: everyMs,
    // Without the app, or without a connection, there is nothing to count.
    retry: false,
  }).data

const modelsIn = ({ model, children }: MenuMeta): string[] => [...(model ? [model] : []), ...children.flatMap(modelsIn)]

/** Answers how much there is to do in an app today. */
export function useDue(): (app: MenuMeta) => number {
  const due = useMine()?.due ?? {}
  return (app) => [...new Set(modelsIn(app))].reduce((sum, model) => sum + (due[model] ?? 0), 0)
}

/** The number at an app; none where there is nothing to do. For who listens it is said by `DueWords`, behind the app's name. */
export const DueCount = ({ count }: { count: number }) =>
  count === 0 ? null : (
    <span className="count" aria-hidden>
      {count > 99 ? '99+' : count}
    </span>
  )

export function DueWords({ count }: { count: number }) {
  const t = useTexts()
  return count === 0 ? null : <span className="sr">{t.dueInApp(count)}</span>
}
