import { Modal } from '@mantine/core'
import { type ReactNode, useSyncExternalStore } from 'react'
import { useTexts } from '../i18n/index.ts'

interface Dialogue {
  readonly title: string
  readonly size: number
  readonly body: (close: () => void) => ReactNode
  readonly resolve: () => void
}

let shown: Dialogue | null = null
const listeners = new Set<() => void>()

function set(next: Dialogue | null): void {
  shown = next
  for (const tell of listeners) tell()
}

/** Opens a dialogue over the page, in place of another; resolves when it is closed. */
export function openDialogue(title: string, body: Dialogue['body'], size = 560): Promise<void> {
  shown?.resolve()
  return new Promise((resolve) => set({ title, size, body, resolve }))
}

const subscribe = (tell: () => void): (() => void) => {
  listeners.add(tell)
  return () => listeners.delete(tell)
}

/** Where `openDialogue` shows what it is given. There is one, in the shell. */
export function Dialogues() {
  const t = useTexts()
  const dialogue = useSyncExternalStore(subscribe, () => shown)
  const close = (): void => {
    const closing = dialogue
    set(null)
    closing?.resolve()
  }
  return (
    <Modal
      opened={dialogue !== null}
      onClose={close}
      title={dialogue?.title}
      size={dialogue?.size ?? 560}
      centered
      closeButtonProps={{ 'aria-label': t.close }}
    >
      {dialogue?.body(close)}
    </Modal>
  )
}
