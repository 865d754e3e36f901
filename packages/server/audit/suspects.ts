import { chainHash } from './chain.ts'
import type { Finding } from './verify.ts'

/** A row that does not follow from the one before it. */
export interface Suspect {
  seq: number
  /** The number under which it was sealed, were it in its place. */
  position: number
  /** The hash in the row before. */
  prev: Buffer
  hash: Buffer
  rowHash: Buffer
}

// Each is tried at the place of each: more than this many broken links are one story, and it needs no names.
const most = 60

/**
 * Tells rows that changed places from rows that were altered. A moved row still fits the place it was sealed at, either with
 * the hash it carries (the whole row was moved) or with the hash that stayed there (only its content was).
 */
export function nameSuspects(suspects: readonly Suspect[]): Finding[] {
  if (suspects.length > most) {
    const [from, to] = [suspects[0]!.seq, suspects.at(-1)!.seq]
    return [
      {
        fault: 'altered',
        from,
        to,
        text: `${suspects.length} rows between ${from} and ${to} do not follow from the row before: altered or moved.`,
      },
    ]
  }
  const before = suspects.flatMap((one) => [one.prev, one.hash])
  return suspects.flatMap((suspect): Finding[] => {
    const home = homeOf(suspect, suspects, before)
    if (home === suspect.position) return []
    const place = { from: suspect.seq, to: suspect.seq }
    if (home !== undefined)
      return [{ fault: 'reordered', ...place, text: `Row ${suspect.seq} is not in its place: it was sealed as row ${home}.` }]
    return [
      {
        fault: 'altered',
        ...place,
        text: `Row ${suspect.seq} was altered or put in place of another: it does not follow from the row before.`,
      },
    ]
  })
}

function homeOf(suspect: Suspect, all: readonly Suspect[], before: readonly Buffer[]): number | undefined {
  const places = [suspect, ...all]
  const moved = places.find((place) => before.some((prev) => chainHash(prev, place.position, suspect.rowHash).equals(suspect.hash)))
  if (moved) return moved.position
  return all.find((place) => chainHash(place.prev, place.position, suspect.rowHash).equals(place.hash))?.position
}
