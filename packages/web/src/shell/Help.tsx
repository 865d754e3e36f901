import { Modal } from '@mantine/core'
import { useSyncExternalStore } from 'react'
import { useTexts } from '../i18n/index.ts'
import { useActiveShortcuts, useShortcuts } from './shortcuts.ts'

let isOpen = false
const listeners = new Set<() => void>()

function set(next: boolean): void {
  isOpen = next
  for (const tell of listeners) tell()
}

export const openHelp = (): void => set(true)

const subscribe = (tell: () => void): (() => void) => {
  listeners.add(tell)
  return () => listeners.delete(tell)
}

const isMac = /Mac|iP/.test(navigator.userAgent)

/** `mod+s` as people read it. */
export const keysText = (keys: string): string[] =>
  keys.split('+').map((key) => {
    const named: Record<string, string> = {
      mod: isMac ? '⌘' : 'Ctrl',
      alt: isMac ? '⌥' : 'Alt',
      arrowright: '→',
      arrowleft: '←',
      arrowdown: '↓',
      arrowup: '↑',
    }
    return named[key] ?? key.toUpperCase()
  })

/** What the keys do here and now. */
export function Help() {
  const t = useTexts()
  const opened = useSyncExternalStore(subscribe, () => isOpen)
  const active = useActiveShortcuts()
  useShortcuts([{ keys: '?', label: t.shortcuts, run: openHelp }])
  const always = [
    ['Enter', t.keysOpen],
    ['Space', t.keysSelect],
    ['F2', t.keysEdit],
    ['Esc', t.keysLeave],
  ] as const
  const labels = Map.groupBy(
    active.filter(({ keys }) => keys !== ''),
    ({ label }) => label,
  )
  return (
    <Modal opened={opened} onClose={() => set(false)} title={t.shortcuts} centered closeButtonProps={{ 'aria-label': t.close }}>
      <dl className="keys">
        {[...labels].map(([label, list]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              {list.map(({ keys }, i) => (
                <span key={keys}>
                  {i > 0 && ' · '}
                  {keysText(keys).map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </span>
              ))}
            </dd>
          </div>
        ))}
        {always.map(([key, label]) => (
          <div key={key}>
            <dt>{label}</dt>
            <dd>
              <kbd>{key}</kbd>
            </dd>
          </div>
        ))}
      </dl>
    </Modal>
  )
}
