/** An attribute of a product: the values that make variants, in order. */
export type Choices = readonly number[]

/** Pairs of values that no variant has together, each pair once, by `pairKey`. */
export type Excluded = ReadonlySet<string>

export const pairKey = (a: number, b: number): string => (a < b ? `${a} ${b}` : `${b} ${a}`)

/** A combination of values, as variants are told apart by: ids in order, `'3,8'`; the empty text for a product without variants. */
export const combinationKey = (values: readonly number[]): string => [...values].sort((a, b) => a - b).join(',')

/**
 * Every combination of one value for each attribute, without excluded pairs: the first attribute varies slowest. Stops with a RangeError
 * as soon as there would be more than `most`, so that five attributes of twenty values do not fill the memory first.
 */
export function combinations(attributes: readonly Choices[], excluded: Excluded, most = 1000): number[][] {
  let found: number[][] = [[]]
  for (const choices of attributes) {
    const next: number[][] = []
    for (const begun of found) {
      for (const value of choices) {
        if (begun.some((other) => excluded.has(pairKey(other, value)))) continue
        next.push([...begun, value])
        if (next.length > most) throw new RangeError(`more than ${most} combinations`)
      }
    }
    found = next
  }
  return found
}

/** A variant as it is, whether it is offered or archived. */
export interface Variant {
  readonly id: number
  readonly values: readonly number[]
  readonly active: boolean
}

export interface Changes {
  readonly create: readonly (readonly number[])[]
  /** Variants that get values they did not have: an attribute of one value was added to the product. */
  readonly extend: ReadonlyMap<number, readonly number[]>
  readonly archive: readonly number[]
  readonly unarchive: readonly number[]
}

/**
 * What makes the variants of a product those that are wanted. A variant whose values are all in one wanted combination, which adds only
 * values of attributes without a choice, is that combination: it keeps its number, barcode and history.
 */
export function reconcileVariants(
  attributes: readonly Choices[],
  wanted: readonly (readonly number[])[],
  present: readonly Variant[],
): Changes {
  const free = new Map(wanted.map((values) => [combinationKey(values), values]))
  const without = new Set(attributes.filter((choices) => choices.length === 1).flat())
  const extend = new Map<number, readonly number[]>()
  const unarchive: number[] = []
  const archive: number[] = []
  const left: Variant[] = []
  // Those that fit exactly come first, offered ones before archived ones.
  for (const variant of present.toSorted((a, b) => Number(b.active) - Number(a.active) || a.id - b.id)) {
    if (!free.delete(combinationKey(variant.values))) left.push(variant)
    else if (!variant.active) unarchive.push(variant.id)
  }
  for (const variant of left.filter(({ active }) => active)) {
    const match = [...free.values()].find((values) => isExtension(values, variant.values, without))
    if (match) {
      free.delete(combinationKey(match))
      extend.set(variant.id, match)
    } else archive.push(variant.id)
  }
  return { create: [...free.values()], extend, archive, unarchive }
}

const isExtension = (values: readonly number[], of: readonly number[], without: ReadonlySet<number>): boolean =>
  of.every((value) => values.includes(value)) && values.every((value) => of.includes(value) || without.has(value))
