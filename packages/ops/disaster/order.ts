/** An instance that waits to be brought back. */
export interface Claim {
  /** uuid */
  instance: string
  plan: 'paid' | 'free'
  /** The snapshot of its set: everything later is lost. */
  taken: Date
  /** Of its set, as stored. */
  bytes: number
  /** Attempts that failed. */
  attempts: number
}

/** One worker is kept for sets smaller than this, so that a giant does not hold up everybody behind it. */
export const smallBytes = 1e9
/** After so many a person has to look. */
export const mostAttempts = 3
const hourMs = 3_600_000

/**
 * Who comes first (cloud.md §10): first attempts before any retry, paid before free, then whoever lost most. Sets of the same hour lost
 * about the same: there the small ones come first, so that more people work again sooner. A total order, whatever the order given.
 */
export const recoveryOrder = <C extends Claim>(claims: readonly C[]): C[] =>
  claims.toSorted(
    (a, b) =>
      a.attempts - b.attempts ||
      rank(a) - rank(b) ||
      hourOf(a) - hourOf(b) ||
      a.bytes - b.bytes ||
      a.taken.getTime() - b.taken.getTime() ||
      (a.instance < b.instance ? -1 : a.instance > b.instance ? 1 : 0),
  )

/** What a worker takes next. One that is kept for small sets never overtakes into a lower class: no free one starts while a paid one waits. */
export function nextClaim<C extends Claim>(waiting: readonly C[], worker: 'any' | 'small'): C | undefined {
  const order = recoveryOrder(waiting)
  const [first] = order
  if (!first || worker === 'any') return first
  return order.find((one) => one.bytes < smallBytes && one.attempts === first.attempts && one.plan === first.plan)
}

/** What each of `count` workers is for. */
export const workersFor = (count: number): ('any' | 'small')[] =>
  Array.from({ length: Math.max(1, count) }, (_none, index) => (index > 0 && index === count - 1 ? 'small' : 'any'))

/** How an attempt ended; `again`: what failed it cannot fail the next one, which need not wait. */
export type Attempted = 'done' | 'failed' | 'again'

/** Long enough for a machine that is short of something to have it again: with nothing else to do, three attempts would be over within a moment. */
export const restMs = (attempts: number): number => 5_000 * 4 ** (attempts - 1)

/**
 * Brings back everything that waits, by several workers at once. What fails rests, then waits again behind every first attempt, three times at
 * most. Resolves when nothing waits or rests and nobody works; `attempt` says of each how it ended.
 */
export async function workOff<C extends Claim>(
  claims: readonly C[],
  workers: number,
  attempt: (claim: C) => Promise<Attempted>,
  rest = restMs,
): Promise<void> {
  const waiting = new Set(claims)
  // Those who work, and those who rest before they are tried again.
  let working = 0
  let changed = Promise.withResolvers<void>()
  const tell = (): void => {
    changed.resolve()
    changed = Promise.withResolvers()
  }
  const work = async (kind: 'any' | 'small'): Promise<void> => {
    while (waiting.size || working) {
      const claim = nextClaim([...waiting], kind)
      if (!claim) {
        await changed.promise
        continue
      }
      waiting.delete(claim)
      working++
      const end = (isTriedAgain: boolean): void => {
        if (isTriedAgain) waiting.add(claim)
        working--
        tell()
      }
      try {
        const ended = await attempt(claim)
        if (ended === 'done' || ++claim.attempts >= mostAttempts) end(false)
        else if (ended === 'again') end(true)
        else setTimeout(end, rest(claim.attempts), true)
      } catch (error) {
        end(false)
        throw error
      }
    }
  }
  await Promise.all(workersFor(workers).map(work))
}

const rank = ({ plan }: Claim): number => (plan === 'paid' ? 0 : 1)
const hourOf = ({ taken }: Claim): number => Math.floor(taken.getTime() / hourMs)
