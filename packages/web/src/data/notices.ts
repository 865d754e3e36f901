import { useSyncExternalStore } from 'react'
import { store, stored } from '../start.ts'

/** What was done or failed while the person looked elsewhere. Kept for him in this browser; what a notice offers to do lasts as long as the page. */
export interface Notice {
  readonly key: number
  /** In milliseconds since 1970. */
  readonly at: number
  readonly text: string
  readonly detail?: string
  readonly tone: 'done' | 'failed'
  readonly isRead?: boolean
  readonly action?: { readonly label: string; readonly run: () => void }
}

const most = 30

let notices: readonly Notice[] = stored<Notice[]>('notices', [])
const listeners = new Set<() => void>()

function set(next: readonly Notice[]): void {
  notices = next.slice(0, most)
  store('notices', notices.map(withoutAction))
  for (const tell of listeners) tell()
}

/** Answers the notice's key. */
export function note(notice: Omit<Notice, 'key' | 'at'>): number {
  const key = Math.max(0, ...notices.map((one) => one.key)) + 1
  set([{ ...notice, at: Date.now(), key }, ...notices])
  return key
}

export const readAll = (): void => {
  if (notices.some(({ isRead }) => !isRead)) set(notices.map((one) => ({ ...one, isRead: true })))
}

export const clearNotices = (): void => set([])

/** Takes back what a notice offered: it was done. */
export const spend = (key: number): void => set(notices.map((one) => (one.key === key ? withoutAction(one) : one)))

function withoutAction(notice: Notice): Notice {
  const { action: _, ...rest } = notice
  return rest
}

export const useNotices = (): readonly Notice[] =>
  useSyncExternalStore(
    (tell) => {
      listeners.add(tell)
      return () => listeners.delete(tell)
    },
    () => notices,
  )
