import type { MenuMeta } from '@erp4/orm/views-types'
import { keepOwn, useOwn } from '../data/own.ts'
import { menus, urlOfApp } from '../menus.ts'

export interface AppPlace {
  readonly app: MenuMeta
  readonly url: string
}

/** The apps that open something, in the order of this person; apps that he has not ordered follow in theirs. */
export function useApps(): readonly AppPlace[] {
  const { apps: order } = useOwn()
  const rank = ({ path }: MenuMeta): number => (order.includes(path) ? order.indexOf(path) : order.length)
  return [...menus]
    .sort((a, b) => rank(a) - rank(b))
    .flatMap((app) => {
      const url = urlOfApp(app)
      return url ? [{ app, url }] : []
    })
}

/** Puts the app of this path where `to` is the number of its place, for this person on all his devices. */
export function moveApp(apps: readonly AppPlace[], path: string, to: number): void {
  const others = apps.map(({ app }) => app.path).filter((one) => one !== path)
  keepOwn('apps', [...others.slice(0, to), path, ...others.slice(to)])
}
