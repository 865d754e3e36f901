import { Button, Group, Modal, Text } from '@mantine/core'
import { useSyncExternalStore } from 'react'
import { useTexts } from '../i18n/index.ts'

interface Question {
  readonly title: string
  readonly body?: string
  /** The words of the buttons; the first is the one that Enter presses. Answered by its number, or null where it was closed. */
  readonly answers: readonly { readonly label: string; readonly tone?: 'danger' | 'quiet' }[]
  readonly resolve: (answer: number | null) => void
}

let question: Question | null = null
const listeners = new Set<() => void>()

function set(next: Question | null): void {
  question = next
  for (const tell of listeners) tell()
}

/** Asks the person; one question at a time. */
export function choose(asked: Omit<Question, 'resolve'>): Promise<number | null> {
  question?.resolve(null)
  return new Promise((resolve) => set({ ...asked, resolve }))
}

export const confirm = async (title: string, body: string, yes: string, tone?: 'danger'): Promise<boolean> =>
  (await choose({ title, body, answers: [{ label: yes, ...(tone ? { tone } : {}) }] })) === 0

const subscribe = (tell: () => void): (() => void) => {
  listeners.add(tell)
  return () => listeners.delete(tell)
}

/** Whether a question is on the screen. */
export const useIsAsked = (): boolean => useSyncExternalStore(subscribe, () => question !== null)

/** The dialogue in which `choose` asks. There is one, in the shell. */
export function Questions() {
  const t = useTexts()
  const asked = useSyncExternalStore(subscribe, () => question)
  const answer = (value: number | null): void => {
    const { resolve } = asked!
    set(null)
    resolve(value)
  }
  return (
    <Modal
      opened={asked !== null}
      // A moment later: the dialogue below must not take the same Escape for its own.
      onClose={() => void setTimeout(() => answer(null))}
      title={asked?.title}
      centered
      // Above the dialogues that it may be about.
      zIndex={350}
      closeButtonProps={{ 'aria-label': t.close }}
    >
      {asked?.body && (
        <Text size="md" mb="lg">
          {asked.body}
        </Text>
      )}
      <Group justify="flex-end" gap="xs">
        <Button variant="subtle" color="gray" c="inherit" onClick={() => answer(null)}>
          {t.cancel}
        </Button>
        {asked?.answers
          .map(({ label, tone }, i) => (
            <Button
              key={label}
              data-autofocus={i === 0 || undefined}
              variant={tone === 'quiet' ? 'default' : 'filled'}
              {...(tone === 'danger' ? { color: 'red.9', c: '#fff', 'data-danger': true } : {})}
              onClick={() => answer(i)}
            >
              {label}
            </Button>
          ))
          .reverse()}
      </Group>
    </Modal>
  )
}
