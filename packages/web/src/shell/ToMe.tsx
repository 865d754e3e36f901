import { useQuery } from '@tanstack/react-query'
import { keepOwn, useOwn } from '../data/own.ts'
import { formatMoment } from '../format.ts'
import { useTexts } from '../i18n/index.ts'
import { follow, formatPlace } from '../location.ts'
import { recordWord } from '../menus.ts'
import { call } from '../rpc.ts'

/** As `my_messages` of apps/mail tells it. */
interface MessageToMe {
  readonly id: number
  readonly model: string
  readonly res_id: number
  readonly name: string
  readonly subject: string
  readonly author: string
  readonly date: string
  readonly isNote: boolean
}

const everyMs = 300_000

/** What colleagues and customers wrote to this user, how much of it he was not shown yet, and what is done when he was. */
export function useToMe(): { messages: readonly MessageToMe[]; unread: number; seen: number; see: () => void } {
  const { seen } = useOwn()
  const { data: messages = [] } = useQuery({
    queryKey: ['to-me'],
    queryFn: () => call<MessageToMe[]>('mail.message', 'my_messages', []),
    staleTime: everyMs,
    refetchInterval: everyMs,
    // Without the app, or without a connection, nobody writes.
    retry: false,
  })
  const [newest] = messages
  return {
    messages,
    unread: messages.filter(({ id }) => id > seen).length,
    seen,
    see: () => newest && newest.id > seen && keepOwn('seen', newest.id),
  }
}

/** The messages, each the way to the record that it is about. */
export function ToMe({ messages, seen, onGo }: { messages: readonly MessageToMe[]; seen: number; onGo: () => void }) {
  const t = useTexts()
  if (messages.length === 0) return null
  return (
    <>
      <p className="soft small">{t.toMe}</p>
      <ul>
        {messages.map((one) => (
          <li key={one.id} data-new={one.id > seen || undefined}>
            <a className="activity-link" {...follow(formatPlace([{ word: recordWord(one.model), id: one.res_id }]))} onClickCapture={onGo}>
              <strong>{one.isNote ? t.noteFrom(one.author) : t.messageFrom(one.author)}</strong>
              <span>{[one.name, one.subject].filter(Boolean).join(' · ')}</span>
            </a>
            <time className="soft small">{formatMoment(one.date)}</time>
          </li>
        ))}
      </ul>
    </>
  )
}
