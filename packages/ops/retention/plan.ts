import type { SetClass } from '../backup/manifest.ts'
import { calendarLabels, labelsFit, labelsOf, type CalendarLabels } from './labels.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** What retention has to know of a set. */
export interface RetentionSet {
  /** ULID. */
  set: string
  class: SetClass
  seq: number
  taken: Date
  labels: CalendarLabels
  /** A restore test of it has passed. Others take no part in 7 + 4 + 3. */
  proven: boolean
  /** A legal hold: nothing drops it. */
  hold: boolean
  /** Promised to be there until then, whatever its class. */
  keepUntil?: Date | undefined
  /** When the store had the whole set, by the store's clock; absent where nobody asked a store. */
  received?: Date | undefined
  /** A lock of the store: it cannot go before, by the store's clock. */
  lockedUntil?: Date | undefined
}

export interface RetentionPolicy {
  daily: number
  weekly: number
  monthly: number
  /** How many of the sets between two daily ones stay. */
  intraday: number
  /** Days that sets of classes with an end of their own stay. */
  days: Readonly<Record<'manual' | 'safety' | 'final', number>>
  /** Days until a scheduled set that no restore test has passed goes. */
  unprovenDays: number
  /** How far clocks may differ, and a set's time lie ahead of the clock, before nothing is believed. */
  clockToleranceMs: number
  /** A set that reached a store so long after its time may have been given a false one. A repaired location receives sets late, too. */
  lateMs: number
}

/**
 * 7 + 4 + 3 (claim C01). A manual set stays a month; a safety set, made before something risky, a week, longer than the day in which that
 * can be undone; the final set of a deleted instance outlives the 30 days' grace. An unproven set stays long enough for people to look.
 */
export const retentionPolicy: RetentionPolicy = {
  daily: 7,
  weekly: 4,
  monthly: 3,
  intraday: 2,
  days: { manual: 30, safety: 7, final: 35 },
  unprovenDays: 30,
  clockToleranceMs: 600_000,
  lateMs: 3 * dayMs,
}

export interface RetentionQuestion {
  /** All sets of one instance, in any order. */
  sets: readonly RetentionSet[]
  now: Date
  /** The clocks of the stores that could be asked, read at `now`. */
  clocks?: readonly Date[]
  /** The highest `seq` at the last pruning that nothing forbade, and the sets that were to go already then; absent: there was none. */
  prunedUpTo?: number | undefined
  leaving?: ReadonlySet<string>
  /** Sets that were in quarantine before: what spoke against them may be gone by now. */
  setAside?: ReadonlySet<string>
  policy?: RetentionPolicy
}

/** Why a set stays. `daily`, `weekly` and `monthly` are the 14; `label` is the day, week or month it stands for. */
export type Slot =
  | { kind: 'daily' | 'weekly' | 'monthly'; label: string }
  | { kind: 'intraday' | 'hold' }
  | { kind: 'until'; until: Date }
  /** A scheduled set that waits for its restore test. */
  | { kind: 'unproven'; until: Date }

export type RefusalRule = 'clock_behind' | 'clocks_differ' | 'too_many'

export interface Refusal {
  rule: RefusalRule
  says: string
}

export interface RetentionPlan {
  /** Newest first. */
  keep: readonly { set: RetentionSet; slot: Slot }[]
  /** What may go now; empty while there are `refusals`. Oldest first. */
  drop: readonly RetentionSet[]
  /** What is to go when the lock of the store ends; oldest first. */
  waiting: readonly RetentionSet[]
  /** Sets whose time cannot be believed: never ranked, never dropped; a person decides. */
  quarantined: readonly Distrust[]
  /** Why nothing may go now, in sentences. */
  refusals: readonly Refusal[]
  /** The instance is no more: its final set has had its time, and nothing of it has to stay. */
  isClosed: boolean
}

/**
 * Which sets of an instance stay (cloud.md §3): the newest set of each of the 7 newest days that have one; then the newest set of each of
 * the 4 newest ISO weeks in which nothing is kept yet; then the same with 3 months. Sets are counted, not days of a calendar: an outage
 * costs nothing. Only proven, scheduled sets are ranked. The answer does not depend on the order of `sets`.
 */
export function planRetention(question: RetentionQuestion): RetentionPlan {
  const { now, policy = retentionPolicy } = question
  const sets = [...question.sets].sort(newestFirst)
  const quarantined = distrust(sets, now, policy, question.setAside)
  const distrusted = new Set(quarantined.map(({ set }) => set.set))
  const believed = sets.filter(({ set }) => !distrusted.has(set))
  const isClosed = hasEnded(believed, now, policy)
  const slots = assignSlots(believed, isClosed, now, policy)
  const keep = believed.flatMap((set) => {
    const slot = slots.get(set.set)
    return slot ? [{ set, slot }] : []
  })
  const going = believed.filter(({ set }) => !slots.has(set)).reverse()
  const isLocked = ({ lockedUntil }: RetentionSet) => lockedUntil !== undefined && lockedUntil > now
  const refusals = [...refuseClocks(question, policy), ...(isClosed ? [] : refuseMany(question, going))]
  return {
    keep,
    drop: refusals.length ? [] : going.filter((set) => !isLocked(set)),
    waiting: going.filter(isLocked),
    quarantined,
    refusals,
    isClosed,
  }
}

const newestFirst = (a: RetentionSet, b: RetentionSet): number =>
  b.taken.getTime() - a.taken.getTime() || b.seq - a.seq || (a.set < b.set ? 1 : -1)

/** After its final set an instance has no more; whoever brings it back makes new ones. */
function hasEnded(sets: readonly RetentionSet[], now: Date, policy: RetentionPolicy): boolean {
  const last = sets.toSorted((a, b) => b.seq - a.seq)[0]
  return last?.class === 'final' && last.proven && ownSlot(last, now, policy) === undefined
}

function assignSlots(sets: readonly RetentionSet[], isClosed: boolean, now: Date, policy: RetentionPolicy): Map<string, Slot> {
  const slots = new Map<string, Slot>()
  for (const set of sets) {
    const slot = ownSlot(set, now, policy)
    if (slot) slots.set(set.set, slot)
  }
  if (isClosed) return slots
  for (const { set } of sets.filter((one) => one.class === 'intraday').slice(0, policy.intraday)) slots.set(set, { kind: 'intraday' })
  for (const [set, slot] of rank(
    sets.filter((one) => one.class === 'scheduled' && one.proven),
    policy,
  ))
    slots.set(set, slot)
  return slots
}

/** The reason a set has to stay without being compared with others. */
function ownSlot(set: RetentionSet, now: Date, policy: RetentionPolicy): Slot | undefined {
  if (set.hold) return { kind: 'hold' }
  if (set.keepUntil && set.keepUntil > now) return { kind: 'until', until: set.keepUntil }
  if (set.class === 'intraday') return undefined
  if (set.class === 'scheduled') {
    const until = new Date(set.taken.getTime() + policy.unprovenDays * dayMs)
    return !set.proven && until > now ? { kind: 'unproven', until } : undefined
  }
  const until = new Date(set.taken.getTime() + policy.days[set.class] * dayMs)
  return until > now ? { kind: 'until', until } : undefined
}

/** The 14, of sets that are sorted newest first. */
function rank(sets: readonly RetentionSet[], policy: RetentionPolicy): Map<string, Slot> {
  const kept = new Map<string, { set: RetentionSet; slot: Slot }>()
  const fill = (kind: 'daily' | 'weekly' | 'monthly', labelOf: (set: RetentionSet) => string): void => {
    const taken = new Set([...kept.values()].map(({ set }) => labelOf(set)))
    const newest = new Map<string, RetentionSet>()
    for (const set of sets) if (!taken.has(labelOf(set)) && !newest.has(labelOf(set))) newest.set(labelOf(set), set)
    const labels = [...newest.keys()].sort().reverse().slice(0, policy[kind])
    for (const label of labels) kept.set(newest.get(label)!.set, { set: newest.get(label)!, slot: { kind, label } })
  }
  fill('daily', ({ labels }) => labels.day)
  fill('weekly', ({ labels }) => labels.iso_week)
  fill('monthly', ({ labels }) => labels.month)
  return new Map([...kept].map(([set, { slot }]) => [set, slot]))
}

export interface Distrust {
  set: RetentionSet
  why: string
}

function distrust(sets: readonly RetentionSet[], now: Date, policy: RetentionPolicy, setAside?: ReadonlySet<string>): Distrust[] {
  const alone = sets.flatMap((set) => {
    const why = unbelievable(set, now, policy) ?? (setAside?.has(set.set) ? 'It was set aside before.' : undefined)
    return why ? [{ set, why }] : []
  })
  const rest = sets.filter((set) => !alone.some((one) => one.set === set))
  return [...alone, ...outOfLine(rest, policy)]
}

function unbelievable({ taken, received, labels }: RetentionSet, now: Date, { clockToleranceMs }: RetentionPolicy): string | undefined {
  if (taken.getTime() > now.getTime() + clockToleranceMs) return `Its time, ${taken.toISOString()}, is still to come.`
  if (received && taken.getTime() > received.getTime() + clockToleranceMs)
    return `Its time, ${taken.toISOString()}, is later than its arrival at the store, ${received.toISOString()}.`
  if (!labelsFit(labels, taken)) return `Its labels (${labels.day}, ${labels.iso_week}, ${labels.month}) are not those of its time.`
  return undefined
}

/**
 * Numbers and times of sets grow together. Where they do not, a clock was wrong: the earlier number with the later time is set aside, or
 * once its wrong time has come it would push right ones out (cloud.md F11). Unless the later number is the one to blame, which is known
 * where the store received it long after the time that it gives.
 */
function outOfLine(sets: readonly RetentionSet[], { clockToleranceMs, lateMs }: RetentionPolicy): Distrust[] {
  const inOrder = [...sets].sort((a, b) => a.seq - b.seq)
  const isLate = ({ taken, received }: RetentionSet) => received !== undefined && received.getTime() > taken.getTime() + lateMs
  let latest = -Infinity
  const backdated = inOrder.filter((set) => {
    const isBehind = set.taken.getTime() + clockToleranceMs < latest
    latest = Math.max(latest, set.taken.getTime())
    return isBehind && isLate(set)
  })
  let earliest = Infinity
  const postdated = inOrder.reverse().filter((set) => {
    if (backdated.includes(set)) return false
    const isAhead = set.taken.getTime() > earliest + clockToleranceMs
    earliest = Math.min(earliest, set.taken.getTime())
    return isAhead
  })
  const why = ({ taken }: RetentionSet) => `Its time, ${taken.toISOString()}, does not fit the numbers of the sets around it.`
  return [...backdated, ...postdated].map((set) => ({ set, why: why(set) }))
}

function refuseClocks({ sets, now, clocks = [] }: RetentionQuestion, { clockToleranceMs }: RetentionPolicy): Refusal[] {
  const newest = sets.reduce<RetentionSet | undefined>((last, set) => (last && last.seq > set.seq ? last : set), undefined)
  const off = clocks.find((clock) => Math.abs(clock.getTime() - now.getTime()) > clockToleranceMs)
  const says = `The clock says ${now.toISOString()}`
  return [
    ...(newest && newest.taken > now
      ? [{ rule: 'clock_behind' as const, says: `${says}, but the newest set is of ${newest.taken.toISOString()}: one of them is wrong.` }]
      : []),
    ...(off
      ? [
          {
            rule: 'clocks_differ' as const,
            says: `${says}, another one ${off.toISOString()}: they differ by more than ${clockToleranceMs / 60_000} minutes.`,
          },
        ]
      : []),
  ]
}

/** In step with the sets that come, others go. Those that were to go at the last pruning were counted then. */
function refuseMany({ sets, prunedUpTo, leaving }: RetentionQuestion, going: readonly RetentionSet[]): Refusal[] {
  const fresh = prunedUpTo === undefined ? sets.length : sets.filter(({ seq }) => seq > prunedUpTo).length
  const more = going.filter(({ set }) => !leaving?.has(set)).length
  if (more <= fresh + 1) return []
  const says = `${more} more sets would go although only ${fresh} came since the last pruning: something has changed that a person should see.`
  return [{ rule: 'too_many', says }]
}

export interface Fullness {
  /** How many of the 14 there are. */
  kept: number
  of: number
  /** The day on which all are there, if a set is proven each day; absent when they are there. */
  fullOn?: string
}

/** How far the 14 have come: "9 of 14, full on 2026-03-03". */
export function fullness(
  sets: readonly RetentionSet[],
  { now, zone, policy = retentionPolicy }: { now: Date; zone: string; policy?: RetentionPolicy },
): Fullness {
  const of = policy.daily + policy.weekly + policy.monthly
  const rankedOf = (all: readonly RetentionSet[]) => rank([...all].sort(newestFirst), policy)
  const distrusted = new Set(distrust(sets, now, policy).map(({ set }) => set))
  let ranked = sets.filter((set) => set.class === 'scheduled' && set.proven && !distrusted.has(set))
  const kept = rankedOf(ranked).size
  if (kept >= of) return { kept, of }
  const today = Date.parse(`${labelsOf(now, zone).day}T12:00:00Z`)
  for (let ahead = 0; ahead < 400; ahead++) {
    const taken = new Date(today + ahead * dayMs)
    const labels = calendarLabels(taken.toISOString().slice(0, 10))
    ranked = [...ranked, { set: labels.day, class: 'scheduled', seq: Number.MAX_SAFE_INTEGER, taken, labels, proven: true, hold: false }]
    const slots = rankedOf(ranked)
    if (slots.size >= of) return { kept, of, fullOn: labels.day }
    ranked = ranked.filter(({ set }) => slots.has(set))
  }
  return { kept, of }
}
