import { Modal } from '@mantine/core'
import { type ReactNode, createContext, useContext, useEffect, useSyncExternalStore } from 'react'
import { useTexts } from '../i18n/index.ts'
import { type Guard, usePlace } from '../location.ts'
import { useIsAsked } from './confirm.tsx'

interface Dialogue {
  readonly key: number
  readonly title: string
  readonly size: number
  readonly body: (close: () => void) => ReactNode
  readonly resolve: () => void
  /** Asked before the person closes it. */
  readonly leaving: { ask: Guard | null }
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
  return new Promise((resolve) => set([...shown, { key: ++last, title, size, body, resolve, leaving: { ask: null } }]))
}

function close(dialogue: Dialogue): void {
  set(shown.filter((one) => one !== dialogue))
  dialogue.resolve()
}

/** By its cross, by Escape or by a click beside it: what is inside may have something to ask first. */
async function leave(dialogue: Dialogue): Promise<void> {
  if (dialogue.leaving.ask === null || (await dialogue.leaving.ask())) close(dialogue)
}

const Leaving = createContext<Dialogue['leaving']>({ ask: null })

/** Of what is inside a dialogue: what is asked before the person closes it, which answers whether it may be. */
export function useDialogueGuard(ask: Guard): void {
  const leaving = useContext(Leaving)
  useEffect(() => {
    leaving.ask = ask
    return () => {
      leaving.ask = null
    }
  }, [leaving, ask])
}

const subscribe = (tell: () => void): (() => void) => {
  listeners.add(tell)
  return () => listeners.delete(tell)
}

/** Where `openDialogue` shows what it is given. There is one, in the shell. */
export function Dialogues() {
  const t = useTexts()
  const dialogues = useSyncExternalStore(subscribe, () => shown)
  const isAsked = useIsAsked()
  const { visit } = usePlace()
  // What they were opened for is no longer on the screen.
  useEffect(
    () => () => {
      for (const one of shown) close(one)
    },
    [visit],
  )
  return (
    <Modal.Stack>
      {dialogues.map((one, i) => (
        <Modal
          key={one.key}
          opened
          onClose={() => void leave(one)}
          title={one.title}
          size={one.size}
          centered
          // Only the uppermost answers to Escape and to a click beside it, and keeps the cursor; a question above it goes first.
          closeOnEscape={i === dialogues.length - 1 && !isAsked}
          trapFocus={i === dialogues.length - 1}
          zIndex={200 + i}
          closeButtonProps={{ 'aria-label': t.close }}
        >
          <Leaving value={one.leaving}>{one.body(() => close(one))}</Leaving>
        </Modal>
      ))}
    </Modal.Stack>
  )
}
