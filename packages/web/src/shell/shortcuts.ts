import { useEffect, useRef, useSyncExternalStore } from 'react'

export interface Shortcut {
  /** `mod+k`, `alt+n`, `/`, `?`: small letters; `mod` is Control, or Command on a Mac. Empty: in the palette alone. */
  readonly keys: string
  readonly label: string
  readonly run: () => void
}

let active: readonly (readonly Shortcut[])[] = []
const listeners = new Set<() => void>()

function set(next: readonly (readonly Shortcut[])[]): void {
  active = next
  for (const tell of listeners) tell()
}

/** What can be done while the component is there: by its keys, where the last that was added wins, and by its label in the palette. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const latest = useRef(shortcuts)
  latest.current = shortcuts
  useEffect(() => {
    const own = latest.current.map(({ keys, label }, i) => ({ keys, label, run: () => latest.current[i]?.run() }))
    set([...active, own])
    return () => set(active.filter((one) => one !== own))
  }, [])
}

const subscribe = (tell: () => void): (() => void) => {
  listeners.add(tell)
  return () => listeners.delete(tell)
}

/** Everything that can be done right now, for the palette and the help. */
export const useActiveShortcuts = (): readonly Shortcut[] => useSyncExternalStore(subscribe, () => active).flat()

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

function keysOf(event: KeyboardEvent): string {
  const parts = [event.ctrlKey || event.metaKey ? 'mod' : '', event.altKey ? 'alt' : '']
  // With Alt a Mac types another sign; the key's place tells which it was.
  const key = event.altKey && /^Key[A-Z]$/.test(event.code) ? event.code.slice(3) : event.key
  return [...parts.filter(Boolean), key.toLowerCase()].join('+')
}

addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.isComposing) return
  const keys = keysOf(event)
  const isBare = !keys.includes('+') || keys === '+'
  if (isBare && isTyping(event.target)) return
  // A dialogue has the keys for itself.
  if (document.querySelector('[role="dialog"][aria-modal="true"]') && keys !== 'mod+k') return
  const found = active.flat().findLast((one) => one.keys === keys)
  if (!found) return
  event.preventDefault()
  found.run()
})
