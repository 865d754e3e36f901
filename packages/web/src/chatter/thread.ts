import { useInfiniteQuery } from '@tanstack/react-query'
import { queries } from '../data/views.ts'
import { call } from '../rpc.ts'

export interface Person {
  readonly id: number
  readonly name: string
}

export interface StoredFile {
  readonly id: number
  readonly name: string
  readonly mimetype: string | false
  readonly size: number | false
}

export interface Message {
  readonly kind: 'message'
  readonly id: number
  readonly date: string
  readonly type: string
  readonly isInternal: boolean
  readonly author: Person | false
  readonly from: string | false
  readonly subject: string | false
  readonly body: string
  readonly to: readonly (string | false)[]
  readonly files: readonly StoredFile[]
  readonly letters: readonly { readonly partner: number; readonly state?: string; readonly error?: string | false }[]
}

export interface Change {
  readonly kind: 'change'
  readonly key: number
  readonly at: string
  readonly operation: 'create' | 'write'
  readonly actor: Person | false
  readonly onBehalf: string | false
  readonly changes: readonly { readonly field: string; readonly old: unknown; readonly new: unknown }[]
}

export interface Activity {
  readonly id: number
  readonly summary: string
  readonly note: string
  readonly due: string
  readonly user: Person | false
  readonly type: string
  readonly icon: string
}

export interface Follower {
  readonly id: number
  readonly partner: number
  readonly name: string
  readonly email: string
}

/** A page of the story, and with the first one what stands around it (apps/mail/chatter.ts). */
export interface ThreadPage {
  readonly entries: readonly (Message | Change)[]
  readonly next: { readonly message: number | false; readonly change: number | false } | false
  readonly followers?: readonly Follower[]
  readonly isFollowing?: boolean
  readonly activities?: readonly Activity[]
  readonly files?: readonly (StoredFile & { readonly isMine: boolean; readonly at: string })[]
  readonly templates?: readonly { readonly id: number; readonly name: string }[]
}

/** A record whose story is told. */
export interface Subject {
  readonly model: string
  readonly id: number
}

export function useThread({ model, id }: Subject) {
  return useInfiniteQuery({
    queryKey: ['thread', model, id],
    initialPageParam: null as ThreadPage['next'] | null,
    queryFn: ({ pageParam }) =>
      call<ThreadPage>(model, 'thread_read', [[id]], {
        ...(pageParam ? { before_message: pageParam.message, before_change: pageParam.change } : {}),
        limit: 25,
      }),
    getNextPageParam: (page) => page.next || undefined,
  })
}

/** What was said or done is asked for anew, and so is the bell. */
export const refresh = async ({ model, id }: Subject): Promise<void> => {
  await Promise.all([
    queries.invalidateQueries({ queryKey: ['thread', model, id] }),
    queries.invalidateQueries({ queryKey: ['my-activities'] }),
  ])
}

export const onRecord = <T>({ model, id }: Subject, method: string, kwargs: Record<string, unknown>): Promise<T> =>
  call<T>(model, method, [[id]], kwargs)

/** Days from today, where the user is, to a day. */
export function daysUntil(day: string, today: string): number {
  return Math.round((Date.parse(`${day}T00:00:00Z`) - Date.parse(`${today}T00:00:00Z`)) / 86_400_000)
}
