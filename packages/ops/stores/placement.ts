import { distinct, enoughContinents, enoughCountries, enoughLocations, waiverOf, type ResidencyWaiver } from './locations.ts'
import type { Location } from './store.ts'

/** One copy of a set, as `backup_copy` has it. */
export interface Copy {
  location: string
  state: 'storing' | 'stored' | 'verified' | 'damaged' | 'missing' | 'pruned'
  error?: string | null
}

/**
 * Whether a set counts as a backup: three copies, each read back whole, on two continents. `degraded` while there are fewer but one;
 * `missing` without any. `reasons` are sentences, none when it counts.
 */
export interface Placement {
  state: 'counts' | 'degraded' | 'missing'
  reasons: string[]
}

/** `instance` is the uuid whose waiver may hold; with one, two of its countries stand for two continents, and copies elsewhere do not count. */
export function placement(
  copies: readonly Copy[],
  locations: readonly Location[],
  waivers: readonly ResidencyWaiver[],
  instance: string,
): Placement {
  const waiver = waiverOf(waivers, instance)
  const wanted = waiver ? locations.filter(({ country }) => waiver.countries.includes(country)) : locations
  const verified = wanted.filter(({ name }) => copies.some((copy) => copy.location === name && copy.state === 'verified'))
  const troubled = copies.filter(({ state }) => state !== 'verified' && state !== 'pruned').map(tell)
  if (verified.length === 0) return { state: 'missing', reasons: ['no copy has been read back whole', ...troubled] }
  const names = verified.map(({ name }) => name).join(', ')
  const reasons = [
    ...(verified.length < enoughLocations ? [`${verified.length} of ${enoughLocations} copies were read back whole (${names})`] : []),
    ...spreadProblems(verified, waiver),
  ]
  return reasons.length ? { state: 'degraded', reasons: [...reasons, ...troubled] } : { state: 'counts', reasons: [] }
}

function spreadProblems(verified: readonly Location[], waiver: ResidencyWaiver | undefined): string[] {
  if (waiver) {
    const countries = verified.map(({ country }) => country)
    return distinct(countries) < enoughCountries ? [`all copies are in one country (${countries[0]})`] : []
  }
  const found = verified.map(({ continent }) => continent)
  return distinct(found) < enoughContinents ? [`all copies are on one continent (${found[0]})`] : []
}

const tell = ({ location, state, error }: Copy): string =>
  `${location}: ${error ?? { storing: 'not stored yet', stored: 'not read back yet', damaged: 'damaged', missing: 'missing', verified: '', pruned: '' }[state]}`
