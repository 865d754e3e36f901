import { type RefObject, useLayoutEffect, useMemo, useRef } from 'react'
import type { FieldMeta, ShownField } from '@erp4/orm/views-types'
import { keepChoice } from '../../data/choices.ts'
import { type KnownViews, metaOf } from '../../data/views.ts'
import type { Values } from '../../fields/widget.ts'
import { trackOf } from '../tracks.ts'

/** A person's own choice of columns for a model. What is left out is as the view declares it. */
export interface ColumnChoice {
  /** Names in order; null for the declared ones. */
  readonly names: readonly string[] | null
  /** In pixels. */
  readonly widths: Readonly<Record<string, number>>
  /** So many columns stay in sight, from the first. */
  readonly frozen?: number
}

export interface Column {
  readonly field: FieldMeta
  readonly shown: ShownField
  /** In pixels, where the person has set it. */
  readonly width: number | undefined
}

const noChoice: ColumnChoice = { names: null, widths: {} }
const choiceOf = (views: KnownViews): ColumnChoice => ({ ...noChoice, ...(views.choices?.['list'] as Partial<ColumnChoice> | undefined) })

const declared = (views: KnownViews): ShownField[] =>
  (views.views['list']?.nodes ?? []).filter(
    (node): node is ShownField => node.tag === 'field' && metaOf(views).fields[node.field] !== undefined,
  )

const declaredNames = (views: KnownViews): string[] =>
  declared(views).flatMap(({ field, optional }) => (optional === 'hidden' ? [] : [field]))

function columnsFor(views: KnownViews, choice: ColumnChoice): Column[] {
  const { fields } = metaOf(views)
  const shown = new Map(declared(views).map((one) => [one.field, one]))
  const names = choice.names?.filter((name) => fields[name]) ?? declaredNames(views)
  return names.map((name) => ({
    field: fields[name]!,
    shown: shown.get(name) ?? { tag: 'field', field: name },
    width: choice.widths[name],
  }))
}

/** The fields that a list asks for: those of its columns. */
export const wantedFields = (views: KnownViews): string[] => columnsFor(views, choiceOf(views)).map(({ field }) => field.name)

/**
 * The columns of a list and how to change them; kept for this user on the server. An address may name others (`shared`, as `name,email`), which are
 * shown until he changes them: `onOwn` takes them out of the address.
 */
export function useColumns(views: KnownViews, shared: string, onOwn: () => void) {
  const given = useMemo(() => {
    const names = [...new Set(shared.split(','))].filter((name) => metaOf(views).fields[name])
    return names.length > 0 ? { ...noChoice, names } : null
  }, [views, shared])
  const choice = given ?? choiceOf(views)
  const keep = (next: ColumnChoice): void => {
    keepChoice(views.model, 'list', next === noChoice ? null : next)
    if (given) onOwn()
  }
  const columns = useMemo(() => columnsFor(views, given ?? choiceOf(views)), [views, given])
  const names = columns.map(({ field }) => field.name)
  const frozen = Math.min(choice.frozen ?? 0, names.length - 1)
  return {
    columns,
    frozen,
    isChanged: choice.names !== null || frozen > 0 || Object.keys(choice.widths).length > 0,
    toggle: (name: string): void =>
      keep({ ...choice, names: names.includes(name) ? names.filter((one) => one !== name) : [...names, name] }),
    move: (name: string, by: number): void => {
      const from = names.indexOf(name)
      const to = Math.max(0, Math.min(names.length - 1, from + by))
      const rest = names.filter((one) => one !== name)
      keep({ ...choice, names: [...rest.slice(0, to), name, ...rest.slice(to)] })
    },
    resize: (name: string, width: number): void =>
      keep({ ...choice, widths: { ...choice.widths, [name]: Math.max(60, Math.round(width)) } }),
    freeze: (count: number): void => keep({ ...choice, frozen: count }),
    reset: (): void => keep(noChoice),
  }
}

/** Where the columns that stay in sight begin, measured on the headings below `box`: `--left-1` and so on, for the rows to use. */
export function useFrozen(box: RefObject<HTMLElement | null>, count: number, tracks: string): void {
  useLayoutEffect(() => {
    const grid = box.current
    const head = grid?.querySelector<HTMLElement>('.grid-head')
    if (!grid || !head || count === 0) return undefined
    const measure = (): void => {
      const cells = [...head.children].slice(0, count + 1) as HTMLElement[]
      let left = 0
      for (const [i, cell] of cells.entries()) {
        grid.style.setProperty(`--left-${i}`, `${left}px`)
        left += cell.getBoundingClientRect().width
      }
    }
    measure()
    const watching = new ResizeObserver(measure)
    watching.observe(head)
    return () => watching.disconnect()
  }, [box, count, tracks])
}

/** A cell that stays in sight while the others move below it; `i` is its column, -1 that of the ticks. */
export const frozenStyle = (i: number, frozen: number): React.CSSProperties | undefined =>
  frozen > 0 && i < frozen ? { position: 'sticky', left: `var(--left-${i + 1})`, zIndex: 2, background: 'inherit' } : undefined

const numbers = new Set(['integer', 'float', 'monetary'])
export const isNumber = ({ type }: FieldMeta): boolean => numbers.has(type)

/**
 * The tracks of the columns: as wide as somebody made them, or as the rows ask that were seen first, so that nothing moves while one looks through
 * the pages.
 */
export function useTracks(columns: readonly Column[], rows: readonly Values[]): string[] {
  const seen = useRef<readonly Values[]>([])
  const [first] = seen.current
  if (!first || columns.some(({ field }) => !(field.name in first))) seen.current = rows
  const known = seen.current
  return useMemo(
    () =>
      columns.map(({ field, shown, width }, i) =>
        width === undefined
          ? trackOf({ field, label: shown.label ?? field.string, isBold: i === 0, isSummed: shown.sum === true }, known, false)
          : `${width}px`,
      ),
    [columns, known],
  )
}
