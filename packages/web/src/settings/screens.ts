import { type FC, lazy } from 'react'
import { addClientAction } from '../actions.ts'
import { openable } from '../menus.ts'

/** Pages of the client's own, by the word of their address: no model is behind them. */
export const screens: Readonly<Record<string, FC>> = {
  settings: lazy(async () => ({ default: (await import('./SettingsPage.tsx')).SettingsPage })),
  'custom-fields': lazy(async () => ({ default: (await import('./fields/FieldsPage.tsx')).FieldsPage })),
  preferences: lazy(async () => ({ default: (await import('./PreferencesPage.tsx')).PreferencesPage })),
}

const userOf = ({ params }: Readonly<Record<string, unknown>>): number => Number((params as { user?: unknown } | undefined)?.user)

addClientAction('user_devices', async (action) => (await import('./dialogues.tsx')).openDevices(userOf(action)))
addClientAction('user_rights', async (action) => (await import('./dialogues.tsx')).openRights(userOf(action)))

/** Whether this person manages users, and may ask why others may do something. */
export const managesUsers = openable.some(({ menu }) => menu.model === 'res.users')

/** Asks why somebody may do something to a record. */
export const askWhy = async (about: { model: string; id: number; name: string }): Promise<void> =>
  (await import('./dialogues.tsx')).openWhy(about)
