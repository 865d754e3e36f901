import { Modal } from '@mantine/core'
import { useEffect, useId, useState, useSyncExternalStore } from 'react'
import { flushSync } from 'react-dom'
import { useTexts } from '../i18n/index.ts'
import { type Entry, useEntries } from './palette-entries.ts'
import { useShortcuts } from './shortcuts.ts'

/** Closed, or open since keys came that its field was not there for yet. */
let opened: { typed: string } | null = null
const listeners = new Set<() => void>()

function set(next: typeof opened): void {
  opened = next
  for (const tell of listeners) tell()
}

// At once, so that the very next key finds the field.
export const openPalette = (): void => flushSync(() => set({ typed: '' }))
const close = (): void => set(null)

const subscribe = (tell: () => void): (() => void) => {
  listeners.add(tell)
  return () => listeners.delete(tell)
}

addEventListener(
  'keydown',
  (event) => {
    if (!opened || document.activeElement?.classList.contains('palette-input')) return
    if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    event.preventDefault()
    event.stopPropagation()
    set({ typed: opened.typed + event.key })
  },
  { capture: true },
)

/** Ctrl-K: type where to go or what to do. Menus, records by name, what was opened lately, actions of the screen. */
export function Palette() {
  const t = useTexts()
  const now = useSyncExternalStore(subscribe, () => opened)
  useShortcuts([{ keys: 'mod+k', label: t.goTo, run: () => (opened ? close() : openPalette()) }])
  return (
    <Modal.Root opened={now !== null} onClose={close} size={620} yOffset="10vh" transitionProps={{ duration: 0 }}>
      <Modal.Overlay />
      <Modal.Content aria-label={t.goTo}>
        <Modal.Body p={0}>{now && <Panel early={now.typed} />}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  )
}

/** `early` is what was typed before there was a field. */
function Panel({ early }: { early: string }) {
  const t = useTexts()
  const id = useId()
  const [own, setOwn] = useState('')
  const text = early + own
  const [at, setAt] = useState(0)
  const [wanted, setWanted] = useState<string | null>(null)
  const { entries, isLooking } = useEntries(text)
  useEffect(() => setAt(0), [text])
  useEffect(() => {
    // Not as the effect's answer: newer browsers give a promise here.
    void document.getElementById(`${id}-${at}`)?.scrollIntoView({ block: 'nearest' })
  }, [id, at])
  const run = (entry: Entry | undefined): void => {
    if (!entry) return
    close()
    entry.run()
  }
  // Enter came before what it was meant for: the first of it is taken, unless something else was typed since.
  useEffect(() => {
    if (wanted === text && !isLooking) run(entries[0])
  })
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'ArrowDown') setAt((at + 1) % Math.max(1, entries.length))
    else if (event.key === 'ArrowUp') setAt((at + entries.length - 1) % Math.max(1, entries.length))
    else if (event.key === 'Enter' && entries.length === 0) setWanted(text)
    else if (event.key === 'Enter') run(entries[at])
    else return
    event.preventDefault()
  }
  return (
    <div className="palette">
      <input
        className="palette-input"
        data-autofocus
        ref={(field) => field?.focus()}
        value={text}
        placeholder={t.palettePlaceholder}
        aria-label={t.goTo}
        role="combobox"
        aria-expanded
        aria-controls={`${id}-list`}
        aria-activedescendant={entries.length > 0 ? `${id}-${at}` : undefined}
        onChange={(event) => {
          if (opened?.typed) set({ typed: '' })
          setOwn(event.target.value)
        }}
        onKeyDown={onKeyDown}
      />
      <ul role="listbox" id={`${id}-list`} aria-label={t.goTo} className="palette-list">
        {entries.map((entry, i) => (
          <li
            key={entry.key}
            id={`${id}-${i}`}
            role="option"
            aria-selected={i === at}
            data-first={entries[i - 1]?.section !== entry.section ? entry.section : undefined}
            onClick={() => run(entry)}
            onPointerMove={() => setAt(i)}
          >
            <span>{entry.label}</span>
            <span className="soft">{entry.hint}</span>
          </li>
        ))}
      </ul>
      {entries.length === 0 && <p className="soft palette-none">{isLooking ? t.looking : t.nothingFound}</p>}
    </div>
  )
}
