import { Modal } from '@mantine/core'
import { type ReactNode, useSyncExternalStore } from 'react'
import { useTexts } from '../i18n/index.ts'

interface Dialogue {
  readonly key: number
  readonly title: string
  readonly size: number
  readonly body: (close: () => void) => ReactNode
  readonly resolve: () => void
}

/** From the lowest to the one that has the keys. */
let shown: readonly Dialogue[] = []
let last = 0
const listeners = new Set<() => void>()

function set(next: readonly Dialogue[]): void {
  shown = next
  for (const tell of listeners) tell()
}

/** Opens a dialogue over the page, and over a dialogue that is open; resolves when it is closed. */
export function openDialogue(title: string, body: Dialogue['body'], size = 560): Promise<void> {
  return new Promise((resolve) => set([...shown, { key: ++last, title, size, body, resolve }]))
}

function close(dialogue: Dialogue): void {
  set(shown.filter((one) => one !== dialogue))
  dialogue.resolve()
}

const subscribe = (tell: () => void): (() => void) => {
  listeners.add(tell)
  return () => listeners.delete(tell)
}

/** Where `openDialogue` shows what it is given. There is one, in the shell. */
export function Dialogues() {
  const t = useTexts()
  const dialogues = useSyncExternalStore(subscribe, () => shown)
  return (
    <Modal.Stack>
      {dialogues.map((one, i) => (
        <Modal
          key={one.key}
          opened
          onClose={() => close(one)}
          title={one.title}
          size={one.size}
          centered
          // Only the uppermost answers to Escape and to a click beside it, and keeps the cursor.
          closeOnEscape={i === dialogues.length - 1}
          trapFocus={i === dialogues.length - 1}
          zIndex={200 + i}
          closeButtonProps={{ 'aria-label': t.close }}
        >
          {one.body(() => close(one))}
        </Modal>
      ))}
    </Modal.Stack>
  )
}
