import type { Env } from './env.ts'
import { mayEver } from './rules.ts'
import { slug } from './views-delivered.ts'
import type { MenuMeta } from './views-types.ts'
import type { Menu } from './views.ts'

interface Entry {
  readonly key: string
  readonly label: string
  readonly app: string
  readonly menu: Menu | null
  sequence: number
  readonly children: Entry[]
}

/** The menu of this user: apps at the top, in his language; without what he may not open and without what has nothing left below it. */
export function menusFor(env: Env): MenuMeta[] {
  return menuTree(env).map(({ entry, children }) => told(env, entry, children))
}

interface Kept {
  readonly entry: Entry
  readonly children: readonly Kept[]
}

/** As menusFor, with the declarations still at hand. */
function menuTree(env: Env): Kept[] {
  const top = treesOf(env.registry)
  const keep = (entries: readonly Entry[]): Kept[] =>
    entries.flatMap((entry) => {
      const children = keep(entry.children)
      if (entry.menu && !isFor(env, entry.menu)) return children.length > 0 ? [{ entry: { ...entry, menu: null }, children }] : []
      return entry.menu || children.length > 0 ? [{ entry, children }] : []
    })
  return keep(top)
}

const isFor = (env: Env, { model, groups }: Menu): boolean => {
  const known = env.registry.models.get(model)
  return known !== undefined && mayEver(env, known, 'read') && (!groups || groups.some((group) => env.isIn(group)))
}

const trees = new WeakMap<object, Entry[]>()

function treesOf(registry: Env['registry']): Entry[] {
  const known = trees.get(registry)
  if (known) return known
  const made = grow(registry.menus)
  trees.set(registry, made)
  return made
}

function grow(menus: Env['registry']['menus']): Entry[] {
  const top: Entry[] = []
  const at = (path: readonly string[], app: string): Entry[] => {
    let level = top
    for (const [i, label] of path.entries()) {
      let entry = level.find((one) => one.label === label)
      if (!entry) {
        entry = { key: path.slice(0, i + 1).join('/'), label, app, menu: null, sequence: 1000, children: [] }
        level.push(entry)
      }
      level = entry.children
    }
    return level
  }
  for (const { app, menu } of menus) {
    const path = menu.parent?.split('/') ?? []
    const level = at(path, app)
    const made = level.findIndex((one) => one.label === menu.label && one.menu === null)
    const entry: Entry = {
      key: [...path, menu.label].join('/'),
      label: menu.label,
      app,
      menu,
      sequence: menu.sequence,
      children: made < 0 ? [] : level[made]!.children,
    }
    if (made < 0) level.push(entry)
    else level[made] = entry
  }
  const sort = (entries: Entry[]): void => {
    for (const entry of entries) {
      sort(entry.children)
      if (!entry.menu && entry.children.length > 0) entry.sequence = Math.min(...entry.children.map((child) => child.sequence))
    }
    entries.sort((a, b) => a.sequence - b.sequence)
  }
  sort(top)
  return top
}

/** Words of addresses, unique over the whole menu: two apps may both have a 'Configuration'. */
const paths = new WeakMap<object, Map<string, string>>()

function pathOf(env: Env, entry: Entry): string {
  let known = paths.get(env.registry)
  if (!known) {
    known = new Map()
    const taken = new Set<string>()
    const name = (entries: readonly Entry[]): void => {
      for (const one of entries) {
        const short = one.menu?.path ?? slug(one.label)
        const path = taken.has(short) ? slug(one.key) : short
        taken.add(path)
        known!.set(one.key, path)
      }
      for (const one of entries) name(one.children)
    }
    name(treesOf(env.registry))
    paths.set(env.registry, known)
  }
  return known.get(entry.key)!
}

/** An app whose own entry opens nothing looks as its first one does. */
function iconOf(menu: Menu | null, children: readonly Kept[]): Pick<MenuMeta, 'icon'> {
  const icon = menu?.icon ?? children.find((child) => child.entry.menu?.icon)?.entry.menu?.icon
  return icon ? { icon } : {}
}

function told(env: Env, entry: Entry, children: readonly Kept[]): MenuMeta {
  const { menu } = entry
  return {
    path: pathOf(env, entry),
    label: env.t(entry.label),
    ...(menu ? { model: menu.model } : {}),
    ...iconOf(menu, children),
    ...(menu?.help ? { help: env.t(menu.help) } : {}),
    ...(menu?.where ? { where: menu.where } : {}),
    ...(menu?.context ? { context: menu.context } : {}),
    ...(menu?.views ? { views: menu.views } : {}),
    ...(menu && mayEver(env, env.modelOf(menu.model), 'create') ? { creates: true as const } : {}),
    children: children.map((child) => told(env, child.entry, child.children)),
  }
}

/**
 * The menu as `/web/webclient/load_menus` of the external API tells it: numbered entries, `root` above the apps. The numbers are those of this
 * answer alone.
 */
export function numberedMenus(env: Env): Record<string, unknown> {
  const all: Record<string, unknown> = {}
  let last = 0
  const add = ({ entry, children }: Kept, app: number | null): number => {
    const id = ++last
    const below = children.map((child) => add(child, app ?? id))
    all[id] = {
      id,
      name: env.t(entry.label),
      children: below,
      appID: app ?? id,
      xmlid: `${entry.app}.menu_${slug(entry.key).replaceAll('-', '_')}`,
      actionID: false,
      actionModel: entry.menu?.model ?? false,
      actionPath: pathOf(env, entry),
      webIcon: false,
      webIconData: false,
    }
    return id
  }
  const children = menuTree(env).map((entry) => add(entry, null))
  return { ...all, root: { id: 'root', name: 'root', children, appID: false, xmlid: '', actionID: false, actionModel: false } }
}
