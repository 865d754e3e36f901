import { notifications } from '@mantine/notifications'
import { createElement } from 'react'
import { note } from '../data/notices.ts'
import type { Texts } from '../i18n/index.ts'
import { Unreachable, onReach } from '../rpc.ts'
import { explain } from './states.tsx'

/** Tells that something was done; goes by itself. */
export const tell = (message: string): string => notifications.show({ message, autoClose: 4000, withCloseButton: true })

/** The same with a way back, for as long as one may think of it. */
export function tellUndoable(message: string, undo: { readonly label: string; readonly run: () => void }): void {
  const id: string = notifications.show({
    message: createElement(
      'span',
      { className: 'undoable' },
      createElement('span', null, message),
      createElement('button', { type: 'button', className: 'link', onClick: () => (notifications.hide(id), undo.run()) }, undo.label),
    ),
    autoClose: 8000,
    withCloseButton: true,
  })
}

const unreachable = 'unreachable'
onReach((isReachable) => isReachable && notifications.hide(unreachable))

/**
 * Tells that something was not done. Stays until it is read, and can be looked up later; that the server is away is told once, however much was
 * tried, and until it is back.
 */
export function tellFailure(error: unknown, t: Texts): void {
  const { title, hint } = explain(error, t)
  note({ text: title, detail: hint, tone: 'failed', isRead: true })
  notifications.show({
    ...(error instanceof Unreachable ? { id: unreachable } : {}),
    title,
    message: hint,
    color: 'red',
    autoClose: false,
    role: 'alert',
    closeButtonProps: { 'aria-label': t.close },
  })
}
