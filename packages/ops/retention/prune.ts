import { existsSync, readFileSync } from 'node:fs'
import { OpsError } from '../errors.ts'
import { writeDurably } from '../files.ts'
import type { StorePruner } from '../stores/store.ts'
import { abandoned } from './headless.ts'
import { planRetention, retentionPolicy, type RefusalRule, type RetentionPlan, type RetentionPolicy, type RetentionSet } from './plan.ts'
import { objectKeys, storedInstances, type StoredInstance, type StoredSet, type TrustedKey } from './stored-sets.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

export interface PruneOrder {
  /** Where the pruner keeps what it remembers: a file at the location, none of the host's. */
  state: string
  trustedKey: TrustedKey
  /** Other clocks than the store's, read now: the pruner's own, those of other stores. */
  clocks?: () => Promise<readonly Date[]>
  /** What somebody who may know more asks to be more careful with: sets or instances on legal hold, sets promised until a day. */
  care?: { holds?: ReadonlySet<string>; keepUntil?: ReadonlyMap<string, Date> }
  policy?: RetentionPolicy
  /** Only says what it would do. */
  dryRun?: boolean
}

/** Why the pruner of a location lets nothing, or one set, go (cloud.md §2). */
export type PruneRefusal = RefusalRule | 'newest_too_old' | 'newest_three' | 'two_a_day' | 'retained' | 'needed'

export interface PrunedInstance {
  instance: string
  keep: RetentionPlan['keep']
  dropped: RetentionSet[]
  quarantined: RetentionPlan['quarantined']
  unreadable: StoredInstance['unreadable']
  /** Sets that were to go and did not, and refusals that hold for all (without `set`). */
  refused: { set?: string; rule: PruneRefusal; says: string }[]
  /** Sets whose lock in the store was prolonged. */
  extended: string[]
  /** Folders without a manifest that went, or would go. */
  swept: string[]
}

export interface PruneReport {
  location: string
  /** By the store's clock. */
  now: Date
  instances: PrunedInstance[]
  /** Objects removed from the trash for good. */
  purged: number
}

/** Groups that have their own pace: the 14 are not held up by the sets between them. */
type Pace = 'ranked' | 'other'

interface Memory {
  prunedUpTo?: number
  leaving?: string[]
  setAside?: string[]
  /** Prefixes whose deletion has begun. */
  deleting?: string[]
  gone?: { at: string; pace: Pace }[]
}

const maxVerifiedAgeMs = 26 * hourMs
const untouchable = 3
const aDay: Readonly<Record<Pace, number>> = { ranked: 2, other: 2 }
/** As long as a set is locked when it is made; prolonged when less than `prolongBelowMs` is left. */
const lockMs = 9 * dayMs
const prolongBelowMs = 2 * dayMs

/**
 * Prunes one location with nothing but the pruner's credentials: reads the signed manifests in it, computes retention itself, by the store's
 * clock, and drops what may go within the pruner's own limits (cloud.md §2): of an instance at most two sets of the 14 and two others a
 * day, never one of the newest three nor of the newest three proven ones, nothing while its newest proven set is older than 26 hours, nothing locked or held. Deleted objects
 * lie in the trash for its days. Can be killed at any point and run again.
 */
export async function prune(store: StorePruner, order: PruneOrder): Promise<PruneReport> {
  const now = await store.now()
  const clocks = (await order.clocks?.()) ?? [new Date()]
  const memory = readMemory(order.state)
  const report: PruneReport = { location: store.location.name, now, instances: [], purged: 0 }
  if (!order.dryRun) await finishDeleting(store, memory, order)
  for await (const found of storedInstances(store, order.trustedKey)) {
    const mine = (memory[found.instance] ??= {})
    report.instances.push(await pruneInstance(store, found, { now, clocks, memory: mine, order, save: () => writeMemory(order, memory) }))
  }
  if (!order.dryRun) report.purged = await store.purgeTrash()
  return report
}

interface Round {
  now: Date
  clocks: readonly Date[]
  memory: Memory
  order: PruneOrder
  save: () => void
}

async function pruneInstance(store: StorePruner, found: StoredInstance, round: Round): Promise<PrunedInstance> {
  const { now, clocks, memory, order, save } = round
  const { holds, keepUntil } = order.care ?? {}
  const sets = found.sets.map((set): StoredSet => {
    const until = keepUntil?.get(set.set)
    return { ...set, hold: holds?.has(set.set) === true || holds?.has(set.instance) === true, ...(until ? { keepUntil: until } : {}) }
  })
  const plan = planRetention({
    sets,
    now,
    clocks,
    policy: order.policy ?? retentionPolicy,
    setAside: new Set(memory.setAside),
    ...(memory.prunedUpTo === undefined ? {} : { prunedUpTo: memory.prunedUpTo, leaving: new Set(memory.leaving) }),
  })
  const general = [...plan.refusals, ...refuseOld(sets, plan, now)]
  const { go, refused } = general.length ? { go: [], refused: [] } : choose(plan, sets, memory, now)
  const result: PrunedInstance = {
    instance: found.instance,
    keep: plan.keep,
    dropped: go,
    quarantined: plan.quarantined,
    unreadable: found.unreadable,
    refused: [...general, ...refused, ...plan.waiting.map((set) => waits(set))],
    extended: [],
    swept: general.length ? [] : (await abandoned(store, found, now)).map(({ prefix }) => prefix),
  }
  if (order.dryRun) return result
  const believed = sets.filter((one) => !plan.quarantined.some(({ set }) => set.set === one.set))
  memory.setAside = plan.quarantined.map(({ set }) => set.set)
  save()
  for (const set of go)
    await drop(
      store,
      sets.find((one) => one.set === set.set)!,
      round,
    )
  if (general.length) return result
  for (const prefix of result.swept) await removeFolder(store, prefix, found.headless.find((one) => one.prefix === prefix)!.keys, round)
  memory.prunedUpTo = believed.reduce((last, { seq }) => Math.max(last, seq), memory.prunedUpTo ?? 0)
  const gone = new Set(go.map(({ set }) => set))
  memory.leaving = [...plan.drop, ...plan.waiting].flatMap(({ set }) => (gone.has(set) ? [] : [set]))
  save()
  result.extended = await prolong(store, plan, sets, now)
  return result
}

const waits = ({ set, lockedUntil }: RetentionSet) => ({
  set,
  rule: 'retained' as const,
  says: `The store keeps it until ${lockedUntil!.toISOString()}.`,
})

/** While no new set is proven, the old ones are all there is. An instance that has ended makes none. */
function refuseOld(sets: readonly RetentionSet[], { isClosed, quarantined }: RetentionPlan, now: Date): PrunedInstance['refused'] {
  if (isClosed) return []
  const doubtful = new Set(quarantined.map(({ set }) => set.set))
  const newest = Math.max(...sets.filter((set) => set.proven && !doubtful.has(set.set)).map(({ taken }) => taken.getTime()))
  if (now.getTime() - newest <= maxVerifiedAgeMs) return []
  const says = Number.isFinite(newest) ? `The newest proven set is of ${new Date(newest).toISOString()}` : 'No set is proven'
  return [{ rule: 'newest_too_old', says: `${says}: nothing goes until there is one younger than 26 hours.` }]
}

function choose(
  plan: RetentionPlan,
  sets: readonly StoredSet[],
  memory: Memory,
  now: Date,
): { go: RetentionSet[]; refused: PrunedInstance['refused'] } {
  const doubtful = new Set(plan.quarantined.map(({ set }) => set.set))
  const newest = sets.filter(({ set }) => !doubtful.has(set)).sort((a, b) => b.taken.getTime() - a.taken.getTime() || b.seq - a.seq)
  // Of the proven ones, too: sets that are made in a row and pass no test must not take their place.
  const untouched = [...newest.slice(0, untouchable), ...newest.filter(({ proven }) => proven).slice(0, untouchable)]
  const spared = new Set(plan.isClosed ? [] : untouched.map(({ set }) => set))
  memory.gone = (memory.gone ?? []).filter(({ at }) => now.getTime() - Date.parse(at) < dayMs)
  const left = { ranked: aDay.ranked, other: aDay.other }
  for (const { pace } of memory.gone) left[pace]--
  const go: RetentionSet[] = []
  const refused: PrunedInstance['refused'] = []
  const needed = new Set(sets.flatMap(({ needs }) => needs))
  for (const set of plan.drop) {
    if (needed.has(set.set)) refused.push({ set: set.set, rule: 'needed', says: 'Another set has parts in it.' })
    else if (spared.has(set.set))
      refused.push({ set: set.set, rule: 'newest_three', says: 'It is one of the newest three of its instance.' })
    else if (left[paceOf(set)] <= 0)
      refused.push({ set: set.set, rule: 'two_a_day', says: 'Two sets of its instance have gone within a day.' })
    else {
      left[paceOf(set)]--
      go.push(set)
    }
  }
  return { go, refused }
}

const paceOf = (set: RetentionSet): Pace => (set.class === 'scheduled' ? 'ranked' : 'other')

/** The manifest first: what is left of a set must not look like one. What is under way is remembered, to be finished. */
async function drop(store: StorePruner, set: StoredSet, { memory, now, save }: Round): Promise<void> {
  memory.gone = [...(memory.gone ?? []), { at: now.toISOString(), pace: paceOf(set) }]
  await removeFolder(store, set.prefix, set.keys, { memory, save })
}

async function removeFolder(
  store: StorePruner,
  prefix: string,
  keys: readonly string[],
  { memory, save }: Pick<Round, 'memory' | 'save'>,
): Promise<void> {
  memory.deleting = [...(memory.deleting ?? []), prefix]
  save()
  if (!(await removeObjects(store, prefix, keys))) return
  memory.deleting = memory.deleting.filter((one) => one !== prefix)
  save()
}

/** False when something of it was locked meanwhile: it stays, which no longer is a set, and must not stop what comes after it. */
async function removeObjects(store: StorePruner, prefix: string, keys: readonly string[]): Promise<boolean> {
  let isGone = true
  const first = [`${prefix}manifest.json`, `${prefix}manifest.sig`].filter((key) => keys.includes(key))
  for (const key of [...first, ...keys.filter((one) => !first.includes(one))])
    await store.delete(key).catch((error: unknown) => {
      if (!(error instanceof OpsError) || error.code !== 'retained') throw error
      isGone = false
    })
  return isGone
}

async function finishDeleting(store: StorePruner, memory: Record<string, Memory>, order: PruneOrder): Promise<void> {
  for (const mine of Object.values(memory)) {
    for (const prefix of mine.deleting ?? []) {
      const keys: string[] = []
      for await (const key of objectKeys(store, prefix)) keys.push(key)
      if (!(await removeObjects(store, prefix, keys))) continue
      mine.deleting = mine.deleting!.filter((one) => one !== prefix)
      writeMemory(order, memory)
    }
  }
}

/** A set that stays longer than its first lock gets another one, and so on: short, so that no mistake of a clock locks for months. */
async function prolong(store: StorePruner, { keep }: RetentionPlan, sets: readonly StoredSet[], now: Date): Promise<string[]> {
  const extended: string[] = []
  for (const { set, slot } of keep) {
    if (slot.kind === 'intraday' || slot.kind === 'unproven') continue
    const end = slot.kind === 'until' ? Math.min(slot.until.getTime(), now.getTime() + lockMs) : now.getTime() + lockMs
    const locked = set.lockedUntil?.getTime() ?? 0
    if (locked - now.getTime() >= prolongBelowMs || locked >= end) continue
    for (const key of sets.find((one) => one.set === set.set)!.keys) await store.extendRetention(key, new Date(end))
    extended.push(set.set)
  }
  return extended
}

function readMemory(path: string): Record<string, Memory> {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, Memory>) : {}
}

const writeMemory = ({ state }: PruneOrder, memory: Record<string, Memory>): void =>
  writeDurably(state, `${JSON.stringify(memory)}\n`, { mode: 0o600 })
