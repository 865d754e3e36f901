import { useSyncExternalStore } from 'react'

/** A piece of an address: a menu's word or a model's name, and perhaps one of its records. */
export interface Step {
  readonly word: string
  readonly id?: number | 'new'
}

/** Where we are: what was opened from what, and how the last of it is shown. */
export interface Place {
  readonly steps: readonly Step[]
  readonly query: URLSearchParams
  readonly url: string
  /** Counts the places one came to: what is open stays open while it does not change. */
  readonly visit: number
}

const root = '/odoo'

/** `/odoo/contacts/7/res.partner.bank?order=…`: the address alone reproduces what is on the screen. */
export function parsePlace(url: string, visit = 0): Place {
  const [path = '', search = ''] = url.split('?', 2)
  const steps: Step[] = []
  for (const word of path.slice(root.length).split('/').filter(Boolean).map(decodeURIComponent)) {
    const last = steps.at(-1)
    if (last && last.id === undefined && /^\d{1,10}$/.test(word)) steps[steps.length - 1] = { ...last, id: Number(word) }
    else if (last && last.id === undefined && word === 'new') steps[steps.length - 1] = { ...last, id: 'new' }
    else steps.push({ word })
  }
  return { steps, query: new URLSearchParams(search), url, visit }
}

/** What a new record begins with by its address, `?default=partner_id:7` or `?default=date:2027-03-10`, as the context says it. */
export function defaultsIn({ query }: Place): Record<string, unknown> {
  const [, field, value = ''] = /^(\w+):(\d+|\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d)?)$/.exec(query.get('default') ?? '') ?? []
  return field ? { [`default_${field}`]: /^\d+$/.test(value) ? Number(value) : value } : {}
}

export function formatPlace(steps: readonly Step[], query?: URLSearchParams): string {
  const path = [root, ...steps.flatMap(({ word, id }) => (id === undefined ? [word] : [word, String(id)])).map(encodeURIComponent)].join(
    '/',
  )
  const search = query?.toString() ?? ''
  return search === '' ? path : `${path}?${search}`
}

const here = (): string => location.pathname + location.search

let place = parsePlace(here())
const listeners = new Set<() => void>()

/** Asked before leaving; answers whether one may. */
export type Guard = () => Promise<boolean>
/** From the lowest to that of the dialogue above all. */
let guards: readonly Guard[] = []

/** Sets what is asked before the place changes, until the answer is called; what was set later is asked first. */
export function guardLeaving(ask: Guard): () => void {
  guards = [...guards, ask]
  return () => {
    guards = guards.filter((one) => one !== ask)
  }
}

async function mayLeave(): Promise<boolean> {
  for (const ask of guards.toReversed()) if (!(await ask())) return false
  return true
}

export interface Go {
  readonly replace?: boolean
  /** The neighbours of a record, for previous and next; the address of the list it was opened from. */
  readonly state?: HistoryState
  /** Leaves without asking: what was unsaved has been dealt with. */
  readonly force?: boolean
  /** The same thing under a new address: a new record that got its number. */
  readonly stays?: boolean
}

export interface HistoryState {
  readonly ids?: readonly number[]
  readonly list?: string
}

export const historyState = (): HistoryState => (history.state as HistoryState | null) ?? {}

export async function go(url: string, { replace = false, state = {}, force = false, stays = false }: Go = {}): Promise<void> {
  if (!force && url.split('?')[0] !== place.url.split('?')[0] && !(await mayLeave())) return
  if (replace) history.replaceState(state, '', url)
  else history.pushState(state, '', url)
  settle(stays)
}

function settle(stays = false): void {
  place = parsePlace(here(), place.visit + (stays ? 0 : 1))
  for (const tell of listeners) tell()
}

addEventListener('popstate', () => {
  const wanted = here()
  if (guards.length === 0 || wanted.split('?')[0] === place.url.split('?')[0]) return settle()
  // The browser is there already: back to where we are, then ask.
  history.pushState(null, '', place.url)
  void mayLeave().then((isFree) => {
    if (isFree) void go(wanted, { force: true })
  })
})

const subscribe = (tell: () => void): (() => void) => {
  listeners.add(tell)
  return () => listeners.delete(tell)
}

export const usePlace = (): Place => useSyncExternalStore(subscribe, () => place)
export const currentPlace = (): Place => place

/** For links: a plain click stays in the page, anything else (a new tab, a download) is the browser's. */
export function follow(url: string, options?: Go): { href: string; onClick: (event: React.MouseEvent) => void } {
  return {
    href: url,
    onClick: (event) => {
      if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
      event.preventDefault()
      void go(url, options)
    },
  }
}
