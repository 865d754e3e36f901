import { Button, Group, Modal, Progress } from '@mantine/core'
import { type ReactNode, useSyncExternalStore } from 'react'
import { formatInteger } from '../format.ts'
import { useTexts } from '../i18n/index.ts'

interface Running {
  readonly title: string
  readonly total: number
  readonly done: number
  readonly isCancelled: boolean
  /** Shown once it lasts long enough to be wondered about. */
  readonly isShown: boolean
}

/** What a run came to, where there is more to say than a number. */
export interface Ended {
  readonly title: string
  readonly body: ReactNode
  readonly action?: { readonly label: string; readonly run: () => void } | undefined
}

let running: Running | null = null
let ended: Ended | null = null
const listeners = new Set<() => void>()

function set(next: { running?: Running | null; ended?: Ended | null }): void {
  if (next.running !== undefined) running = next.running
  if (next.ended !== undefined) ended = next.ended
  for (const tell of listeners) tell()
}

const subscribe = (tell: () => void): (() => void) => {
  listeners.add(tell)
  return () => listeners.delete(tell)
}

const patienceMs = 350

/** Long work of many steps. One at a time: its dialogue keeps the person from starting another. */
export function startRun(title: string, total: number) {
  set({ running: { title, total, done: 0, isCancelled: false, isShown: false } })
  const timer = setTimeout(() => running && set({ running: { ...running, isShown: true } }), patienceMs)
  return {
    progress: (done: number): void => void (running && set({ running: { ...running, done } })),
    isCancelled: (): boolean => running?.isCancelled === true,
    end: (): void => {
      clearTimeout(timer)
      set({ running: null })
    },
  }
}

export const tellEnd = (what: Ended): void => set({ ended: what })

/** How far long work has come, and what it came to. There is one, in the shell. */
export function Runs() {
  const t = useTexts()
  const now = useSyncExternalStore(subscribe, () => running)
  const result = useSyncExternalStore(subscribe, () => ended)
  const close = (): void => set({ ended: null })
  return (
    <>
      <Modal
        opened={now?.isShown === true}
        onClose={() => {}}
        withCloseButton={false}
        closeOnClickOutside={false}
        closeOnEscape={false}
        title={now?.title}
        centered
      >
        {now && (
          <>
            <Progress value={(100 * now.done) / Math.max(1, now.total)} aria-label={now.title} animated />
            <p role="status">{t.doneOf(formatInteger(now.done), formatInteger(now.total))}</p>
            <Group justify="flex-end">
              <Button
                variant="default"
                data-autofocus
                disabled={now.isCancelled}
                onClick={() => set({ running: { ...now, isCancelled: true } })}
              >
                {now.isCancelled ? t.stopping : t.stopHere}
              </Button>
            </Group>
          </>
        )}
      </Modal>
      <Modal opened={result !== null} onClose={close} title={result?.title} size="lg" centered closeButtonProps={{ 'aria-label': t.close }}>
        {result?.body}
        <Group justify="flex-end" gap="xs" mt="lg">
          {result?.action && (
            <Button variant="default" onClick={() => (close(), result.action!.run())}>
              {result.action.label}
            </Button>
          )}
          <Button data-autofocus onClick={close}>
            {t.close}
          </Button>
        </Group>
      </Modal>
    </>
  )
}
