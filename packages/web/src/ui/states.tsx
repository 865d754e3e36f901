import { Button, Skeleton } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTexts } from '../i18n/index.ts'
import { Refusal, SignedOut, Unreachable } from '../rpc.ts'
import { IconAlertTriangle, IconCloudOff, IconInbox } from './icons.ts'

/** Nothing here: says so, and what to do next. */
export function Empty({ title, hint, action, icon }: { title: string; hint?: string; action?: ReactNode; icon?: ReactNode }) {
  return (
    <div className="empty">
      <span className="empty-icon" aria-hidden>
        {icon ?? <IconInbox size={36} stroke={1.4} />}
      </span>
      <p className="empty-title">{title}</p>
      {hint && <p className="empty-hint">{hint}</p>}
      {action}
    </div>
  )
}

/** It did not work: what happened, and the way on. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const t = useTexts()
  const { title, hint } = explain(error, t)
  return (
    <div role="alert">
      <Empty
        title={title}
        hint={hint}
        icon={error instanceof Unreachable ? <IconCloudOff size={36} stroke={1.4} /> : <IconAlertTriangle size={36} stroke={1.4} />}
        action={
          error instanceof SignedOut ? (
            <Button component="a" href={`/web/login?redirect=${encodeURIComponent(location.pathname + location.search)}`}>
              {t.signInAgain}
            </Button>
          ) : (
            retry && (
              <Button variant="default" onClick={retry}>
                {t.tryAgain}
              </Button>
            )
          )
        }
      />
    </div>
  )
}

export function explain(error: unknown, t: ReturnType<typeof useTexts>): { title: string; hint: string } {
  if (error instanceof Unreachable) return { title: t.unreachable, hint: t.unreachableHint }
  if (error instanceof SignedOut) return { title: t.signedOut, hint: t.signedOutHint }
  if (error instanceof Refusal) return { title: error.isAccess ? t.notAllowed : t.refused, hint: error.message }
  return { title: t.failed, hint: error instanceof Error ? error.message : String(error) }
}

/** The shape of what is on its way, so that nothing jumps when it comes. */
export function ListSkeleton() {
  const t = useTexts()
  return (
    <div className="skeleton" role="status" aria-label={t.loading}>
      {Array.from({ length: 12 }, (_, i) => (
        <Skeleton key={i} height={14} width={`${92 - ((i * 37) % 30)}%`} radius="sm" />
      ))}
    </div>
  )
}

export function FormSkeleton() {
  const t = useTexts()
  return (
    <div className="sheet" role="status" aria-label={t.loading}>
      <Skeleton height={26} width="40%" mb="xl" />
      <div className="columns">
        {[0, 1].map((column) => (
          <div key={column}>
            {Array.from({ length: 5 }, (_, i) => (
              <Skeleton key={i} height={14} mb="md" width={`${90 - ((i * 23 + column * 11) % 35)}%`} />
            ))}
          </div>
        ))}
      </div>
    </div>
  )
}
