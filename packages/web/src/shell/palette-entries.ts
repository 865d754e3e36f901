import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { recents } from '../data/recent.ts'
import { type Texts, useTexts } from '../i18n/index.ts'
import { formatPlace, go } from '../location.ts'
import { type MenuPlace, openable, recordWord, urlOf } from '../menus.ts'
import { ask } from '../rpc.ts'
import { keysText } from './Help.tsx'
import { type Shortcut, useActiveShortcuts } from './shortcuts.ts'

/** A line of the palette. */
export interface Entry {
  readonly key: string
  readonly section: string
  readonly label: string
  readonly hint: string
  readonly run: () => void
}

interface Found {
  readonly model: string
  readonly label: string
  readonly id: number
  readonly name: string
}

/** What fits to what was typed, and whether records are still being looked for. */
export function useEntries(typed: string): { entries: readonly Entry[]; isLooking: boolean } {
  const t = useTexts()
  const text = typed.trim().toLowerCase()
  const [settled] = useDebouncedValue(text, 160)
  const asks = settled.length >= 2
  const { data, isPending } = useQuery({
    queryKey: ['find', settled],
    queryFn: () => ask<Found[]>('find', { text: settled }),
    enabled: asks,
    staleTime: 10_000,
  })
  const active = useActiveShortcuts()
  const fits = (...words: readonly string[]): boolean => text === '' || words.some((word) => word.toLowerCase().includes(text))
  const lately = recentEntries(t, fits)
  const seen = new Set(lately.map(({ key }) => key.replace('recent-', 'record-')))
  const found =
    text === ''
      ? []
      : (data ?? [])
          .filter(({ name }) => settled === text || fits(name))
          .map((one) => recordEntry(t, one))
          .filter(({ key }) => !seen.has(key))
  const here = screenEntries(t, active).filter(({ label }) => fits(label))
  return {
    // Nothing typed: where one was, what one can do here, where one can go.
    entries:
      text === ''
        ? [...lately, ...here, ...menuEntries(t, fits).slice(0, 6)]
        : [...lately, ...menuEntries(t, fits).slice(0, 8), ...found, ...here, ...newEntries(t, fits).slice(0, 4)],
    isLooking: text.length >= 2 && (settled !== text || (asks && isPending)),
  }
}

type Fits = (...words: readonly string[]) => boolean

const menuEntries = (t: Texts, fits: Fits): Entry[] =>
  openable
    .filter(({ trail }) => fits(trail.join(' ')))
    .map(({ menu, trail }) => ({
      key: `menu-${menu.path}`,
      section: t.menus,
      label: menu.label,
      hint: trail.slice(0, -1).join(' › '),
      run: () => void go(urlOf(menu)),
    }))

/** One for each model that this user may make records of, by the deepest of its first entries: "Quotations" says more than "Sales". */
const newEntries = (t: Texts, fits: Fits): Entry[] =>
  [...Map.groupBy(openable, ({ menu }) => menu.model).values()]
    .map((places): MenuPlace => places.find(({ trail }) => trail.length > 1) ?? places[0]!)
    .filter(({ menu, trail }) => menu.creates && fits(t.newOf(menu.label), ...trail))
    .map(({ menu }) => ({
      key: `new-${menu.path}`,
      section: t.actions,
      label: t.newOf(menu.label),
      hint: '',
      run: () => void go(formatPlace([{ word: menu.path, id: 'new' }])),
    }))

/** What can be done on the screen below; of those with one name the last added, as with keys. */
const screenEntries = (t: Texts, active: readonly Shortcut[]): Entry[] =>
  [...new Map(active.filter(({ label, keys }) => label !== t.goTo && keys !== 'arrowdown').map((one) => [one.label, one])).values()].map(
    ({ label, keys, run }) => ({
      key: `here-${label}`,
      section: t.onThisScreen,
      label,
      hint: keys === '' ? '' : keysText(keys).join(' '),
      run,
    }),
  )

const recentEntries = (t: Texts, fits: Fits): Entry[] =>
  recents()
    .filter(({ name }) => fits(name))
    .slice(0, 5)
    .map(({ model, id, name }) => ({
      key: `recent-${model}-${id}`,
      section: t.recent,
      label: name,
      hint: openable.find(({ menu }) => menu.model === model)?.menu.label ?? '',
      run: () => void go(formatPlace([{ word: recordWord(model), id }])),
    }))

const recordEntry = (t: Texts, { model, label, id, name }: Found): Entry => ({
  key: `record-${model}-${id}`,
  section: t.records,
  label: name,
  hint: label,
  run: () => void go(formatPlace([{ word: recordWord(model), id }])),
})
