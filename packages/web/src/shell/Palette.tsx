import { Modal } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useId, useState, useSyncExternalStore } from 'react'
import { recents } from '../data/recent.ts'
import { useTexts } from '../i18n/index.ts'
import { formatPlace, go } from '../location.ts'
import { openable, urlOf, wordOf } from '../menus.ts'
import { ask } from '../rpc.ts'
import { openHelp } from './Help.tsx'
import { useShortcuts } from './shortcuts.ts'

let isOpen = false
const listeners = new Set<() => void>()

function set(next: boolean): void {
  isOpen = next
  for (const tell of listeners) tell()
}

export const openPalette = (): void => set(true)

const subscribe = (tell: () => void): (() => void) => {
  listeners.add(tell)
  return () => listeners.delete(tell)
}

interface Entry {
  readonly key: string
  readonly section: string
  readonly label: string
  readonly hint: string
  readonly run: () => void
}

/** Ctrl-K: type where to go or what to do. Menus, records by name, what was opened lately, actions. */
export function Palette() {
  const t = useTexts()
  const opened = useSyncExternalStore(subscribe, () => isOpen)
  useShortcuts([{ keys: 'mod+k', label: t.goTo, run: () => set(!isOpen) }])
  return (
    <Modal.Root opened={opened} onClose={() => set(false)} size={620} yOffset="10vh">
      <Modal.Overlay />
      <Modal.Content aria-label={t.goTo}>
        <Modal.Body p={0}>{opened && <Panel />}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  )
}

function Panel() {
  const t = useTexts()
  const id = useId()
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const entries = useEntries(text)
  useEffect(() => setAt(0), [text])
  useEffect(() => {
    // Not as the effect's answer: newer browsers give a promise here.
    void document.getElementById(`${id}-${at}`)?.scrollIntoView({ block: 'nearest' })
  }, [id, at])
  const run = (entry: Entry | undefined): void => {
    if (!entry) return
    set(false)
    entry.run()
  }
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'ArrowDown') setAt((at + 1) % Math.max(1, entries.length))
    else if (event.key === 'ArrowUp') setAt((at + entries.length - 1) % Math.max(1, entries.length))
    else if (event.key === 'Enter') run(entries[at])
    else return
    event.preventDefault()
  }
  return (
    <div className="palette">
      <input
        className="palette-input"
        data-autofocus
        value={text}
        placeholder={t.palettePlaceholder}
        aria-label={t.goTo}
        role="combobox"
        aria-expanded
        aria-controls={`${id}-list`}
        aria-activedescendant={entries.length > 0 ? `${id}-${at}` : undefined}
        onChange={(event) => setText(event.target.value)}
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
      {entries.length === 0 && <p className="soft palette-none">{t.nothingFound}</p>}
    </div>
  )
}

interface Found {
  readonly model: string
  readonly label: string
  readonly id: number
  readonly name: string
}

function useEntries(typed: string): Entry[] {
  const t = useTexts()
  const text = typed.trim().toLowerCase()
  const [settled] = useDebouncedValue(text, 160)
  const { data: records = [] } = useQuery({
    queryKey: ['find', settled],
    queryFn: () => ask<Found[]>('find', { text: settled }),
    enabled: settled.length >= 2,
    staleTime: 10_000,
  })
  const fits = (...words: readonly string[]): boolean => text === '' || words.some((word) => word.toLowerCase().includes(text))
  const menus = openable
    .filter(({ trail }) => fits(trail.join(' ')))
    .slice(0, text === '' ? 6 : 8)
    .map(({ menu, trail }): Entry => ({
      key: `menu-${menu.path}`,
      section: t.menus,
      label: menu.label,
      hint: trail.slice(0, -1).join(' › '),
      run: () => void go(urlOf(menu)),
    }))
  const actions: Entry[] = [
    ...openable
      .filter(({ menu, trail }) => text !== '' && menu.model && fits(t.newOf(menu.label), ...trail))
      .slice(0, 4)
      .map(({ menu }): Entry => ({
        key: `new-${menu.path}`,
        section: t.actions,
        label: t.newOf(menu.label),
        hint: '',
        run: () => void go(formatPlace([{ word: menu.path, id: 'new' }])),
      })),
    ...(text !== '' && fits(t.shortcuts) ? [{ key: 'help', section: t.actions, label: t.shortcuts, hint: '?', run: openHelp }] : []),
  ]
  const lately = recents()
    .filter(({ name }) => fits(name))
    .slice(0, 5)
    .map(({ model, id, name }): Entry => ({
      key: `recent-${model}-${id}`,
      section: t.recent,
      label: name,
      hint: openable.find(({ menu }) => menu.model === model)?.menu.label ?? '',
      run: () => void go(formatPlace([{ word: wordOf(model), id }])),
    }))
  const found =
    text === ''
      ? []
      : records.map(({ model, label, id, name }): Entry => ({
          key: `record-${model}-${id}`,
          section: t.records,
          label: name,
          hint: label,
          run: () => void go(formatPlace([{ word: wordOf(model), id }])),
        }))
  const seen = new Set(lately.map(({ key }) => key.replace('recent-', 'record-')))
  return [...lately, ...menus, ...found.filter(({ key }) => !seen.has(key)), ...actions]
}
