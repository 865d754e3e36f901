import type { MenuMeta } from '@erp4/orm/views-types'
import { formatPlace } from './location.ts'
import { start } from './start.ts'

export const menus: readonly MenuMeta[] = start.menus ?? []

/** An entry with the app it is in and the labels on the way to it. */
export interface MenuPlace {
  readonly menu: MenuMeta
  readonly app: MenuMeta
  readonly trail: readonly string[]
}

function walk(list: readonly MenuMeta[], app: MenuMeta | null, trail: readonly string[]): MenuPlace[] {
  return list.flatMap((menu) => {
    const top = app ?? menu
    const labels = [...trail, menu.label]
    return [...(menu.model ? [{ menu, app: top, trail: labels }] : []), ...walk(menu.children, top, labels)]
  })
}

/** Every entry that opens something. */
export const openable: readonly MenuPlace[] = walk(menus, null, [])

export const menuAt = (word: string): MenuPlace | undefined => openable.find(({ menu }) => menu.path === word)

/** What a piece of an address shows: the model of the menu of that name, or the model itself. */
export const modelAt = (word: string): string => menuAt(word)?.menu.model ?? word

/** The word under which a record of the model is opened: that of its first menu, so that the app around it is there. */
export const recordWord = (model: string): string => openable.find(({ menu }) => menu.model === model)?.menu.path ?? model

/** The word for a model in addresses: its menu's, where it has one. */
export const wordOf = (model: string): string => openable.find(({ menu }) => menu.model === model && !menu.where)?.menu.path ?? model

export const urlOf = (menu: MenuMeta): string => formatPlace([{ word: menu.path }])

/** The address of an app: a page of its own where it has one, else its first entry. */
export function urlOfApp(app: MenuMeta): string | undefined {
  if (app.path === 'settings') return formatPlace([{ word: app.path }])
  const first = firstIn(app)
  return first && urlOf(first)
}

/** The app that a piece of an address is in. */
export const appAt = (word: string): MenuMeta | undefined => menuAt(word)?.app ?? menus.find(({ path }) => path === word)

/** An app is opened at its first entry that opens something. */
export function firstIn(app: MenuMeta): MenuMeta | undefined {
  if (app.model) return app
  for (const child of app.children) {
    const found = firstIn(child)
    if (found) return found
  }
  return undefined
}
