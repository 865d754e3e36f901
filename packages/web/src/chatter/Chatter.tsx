import { Skeleton } from '@mantine/core'
import { memo, useMemo, useState } from 'react'
import { useTexts } from '../i18n/index.ts'
import { Failure } from '../ui/states.tsx'
import type { FormRecord } from '../views/form/record.ts'
import { Activities, Plan } from './Activities.tsx'
import { Composer } from './Composer.tsx'
import { Files } from './Files.tsx'
import { Followers } from './Followers.tsx'
import { Story } from './Story.tsx'
import './chatter.css'
import { type Subject, useThread } from './thread.ts'

type Writing = 'message' | 'note' | 'activity'

interface Props {
  readonly record: FormRecord
  readonly model: string
  readonly id: number
  readonly canWrite: boolean
}

/** What is said about a record, who follows it, what is to do, its files, and every change of it. */
export const Chatter = memo(function Chatter({ record, model, id, canWrite }: Props) {
  const subject = useMemo((): Subject => ({ model, id }), [model, id])
  const t = useTexts()
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetchingNextPage } = useThread(subject)
  const [writing, setWriting] = useState<Writing | null>(null)
  const first = data?.pages[0]
  const close = (): void => setWriting(null)
  const doors = [
    ['message', t.sendMessage],
    ['note', t.logNote],
    ['activity', t.planActivity],
  ] as const
  return (
    <section className="chatter" aria-label={t.chatter}>
      <div className="chatter-doors">
        <div role="group" aria-label={t.chatter} className="chatter-kinds">
          {doors.map(([kind, label]) => (
            <button
              key={kind}
              type="button"
              data-kind={kind}
              aria-pressed={writing === kind}
              onClick={() => setWriting(writing === kind ? null : kind)}
            >
              {label}
            </button>
          ))}
        </div>
        {first?.followers && (
          <Followers subject={subject} followers={first.followers} isFollowing={first.isFollowing === true} canWrite={canWrite} />
        )}
      </div>
      {error && <Failure error={error} retry={() => void refetch()} />}
      {!data && !error && (
        <div role="status" aria-label={t.loading}>
          {[70, 90, 50].map((width) => (
            <Skeleton key={width} height={13} mb="sm" width={`${width}%`} />
          ))}
        </div>
      )}
      {first && (writing === 'message' || writing === 'note') && (
        <Composer key={writing} subject={subject} isNote={writing === 'note'} first={first} onDone={close} />
      )}
      {first && writing === 'activity' && <Plan subject={subject} onDone={close} />}
      {first?.activities && first.activities.length > 0 && <Activities subject={subject} activities={first.activities} />}
      {first?.files && <Files subject={subject} files={first.files} canWrite={canWrite} />}
      {data && (
        <Story
          record={record}
          subject={subject}
          canWrite={canWrite}
          entries={data.pages.flatMap((page) => page.entries)}
          more={hasNextPage ? { isLoading: isFetchingNextPage, load: () => void fetchNextPage() } : null}
        />
      )}
    </section>
  )
})
