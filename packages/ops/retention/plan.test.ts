import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { ulid } from '../ulid.ts'
import { labelsOf } from './labels.ts'
import { fullness, planRetention, type RetentionSet } from './plan.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const start = Date.UTC(2023, 0, 1, 2)
const day = (number: number): Date => new Date(start + number * dayMs)

/** A stream of numbers from 0 to 1 that a seed repeats. */
function numbers(seed: string): () => number {
  let count = 0
  return () => createHash('sha256').update(`${seed}/${count++}`).digest().readUInt32BE() / 2 ** 32
}

let seq = 0
function madeAt(taken: Date, change: Partial<RetentionSet> & { zone?: string } = {}): RetentionSet {
  const { zone = 'UTC', ...rest } = change
  return {
    set: ulid(taken.getTime()),
    class: 'scheduled',
    seq: ++seq,
    taken,
    labels: labelsOf(taken, zone),
    proven: true,
    hold: false,
    ...rest,
  }
}

const ids = (sets: readonly RetentionSet[]): string[] => sets.map(({ set }) => set)
const kept = (sets: readonly RetentionSet[], now: Date): RetentionSet[] => planRetention({ sets, now }).keep.map(({ set }) => set)
const kinds = (sets: readonly RetentionSet[], now: Date): Record<string, number> =>
  planRetention({ sets, now }).keep.reduce<Record<string, number>>(
    (all, { slot }) => ({ ...all, [slot.kind]: (all[slot.kind] ?? 0) + 1 }),
    {},
  )

interface Habits {
  days: number
  missed: number
  zoneOf?: (day: number) => string
  /** Days from its making in which the store lets no set go. */
  lockDays?: number
}

/** Lives through days with runs that are missed, doubled and late, prunes after each, and shows each day to `look`. */
function live(
  seed: string,
  habits: Habits,
  look: (seen: {
    day: number
    now: Date
    before: RetentionSet[]
    fresh: RetentionSet[]
    sets: RetentionSet[]
    ranked: RetentionSet[]
  }) => void,
): void {
  const random = numbers(seed)
  let sets: RetentionSet[] = []
  let prunedUpTo: number | undefined
  let leaving = new Set<string>()
  for (let number = 0; number < habits.days; number++) {
    const runs = random() < habits.missed ? 0 : random() < 0.05 ? 2 : 1
    const fresh = Array.from({ length: runs }, (_none, run) =>
      madeAt(new Date(day(number).getTime() + run * 6 * hourMs + random() * 5 * hourMs), { zone: habits.zoneOf?.(number) ?? 'UTC' }),
    )
    const now = new Date(day(number).getTime() + 20 * hourMs)
    const before = sets
    sets = [...sets, ...fresh]
    const lockMs = (habits.lockDays ?? 0) * dayMs
    const locked = sets.map((set) => ({ ...set, lockedUntil: new Date(set.taken.getTime() + lockMs) }))
    const plan = planRetention({ sets: locked, now, prunedUpTo, leaving })
    assert.deepEqual(plan.refusals, [])
    assert.deepEqual(plan.quarantined, [])
    assert.ok(plan.drop.every(({ taken }) => now.getTime() - taken.getTime() >= lockMs))
    const gone = new Set(ids(plan.drop))
    sets = sets.filter(({ set }) => !gone.has(set))
    leaving = new Set(ids(plan.waiting))
    prunedUpTo = sets.reduce((last, set) => Math.max(last, set.seq), prunedUpTo ?? 0)
    look({ day: number, now, before, fresh, sets, ranked: plan.keep.map(({ set }) => set) })
  }
}

for (const missed of [0, 0.1, 0.5, 0.9]) {
  test(`with ${missed * 100} % of the days missed, 14 sets stay once there were 14, and nothing that left comes back`, () => {
    for (let run = 0; run < 3; run++) {
      let reached = false
      live(`${missed}/${run}`, { days: missed > 0.5 ? 2_500 : 900, missed }, ({ now, before, fresh, sets, ranked }) => {
        reached ||= ranked.length === 14
        assert.equal(ranked.length, reached ? 14 : sets.length)
        assert.ok(ranked.length <= 14)
        assert.equal(new Set(ids(ranked)).size, ranked.length)
        const known = new Set(ids([...before, ...fresh]))
        assert.ok(ids(sets).every((set) => known.has(set)))
        if (fresh.length === 0) assert.deepEqual(ids(sets), ids(before), 'a day without a set changes nothing')
        assert.deepEqual(planRetention({ sets, now }).drop, [], 'a second pruning finds nothing to do')
      })
      assert.ok(reached)
    }
  })
}

test('pruning day by day keeps as many sets as ranking everything there ever was', () => {
  for (const missed of [0, 0.1, 0.5, 0.9]) {
    const ever: RetentionSet[] = []
    live(`history/${missed}`, { days: 300, missed }, ({ now, fresh, ranked }) => {
      ever.push(...fresh)
      const reachable = kept(ever, now).filter(({ class: kind }) => kind === 'scheduled').length
      assert.equal(ranked.length, Math.min(14, reachable))
      assert.ok(ranked.length <= 14)
    })
  }
})

test('without gaps the oldest set is 88 to 132 days old, and the first 14 are there after 125 days at the latest', () => {
  for (let run = 0; run < 2; run++) {
    const ages: number[] = []
    let full = 0
    live(`ages/${run}`, { days: 900, missed: 0 }, ({ day: number, now, ranked }) => {
      if (ranked.length < 14) return
      full ||= number
      ages.push(Math.floor((now.getTime() - ranked.at(-1)!.taken.getTime()) / dayMs))
    })
    assert.ok(full <= 125, `full on day ${full}`)
    assert.ok(Math.min(...ages) >= 88 && Math.max(...ages) <= 132, `${Math.min(...ages)} to ${Math.max(...ages)} days`)
  }
})

test('sets that a lock holds back for nine days do not change which 14 stay in number', () => {
  let reached = false
  live('lag', { days: 900, missed: 0.1, lockDays: 9 }, ({ ranked, sets }) => {
    reached ||= ranked.length === 14
    if (reached) assert.equal(ranked.length, 14)
    assert.ok(sets.length <= 14 + 9)
  })
  assert.ok(reached)
})

test('a change of zone, summer time and years of 53 weeks leave history as it is', () => {
  const zones = ['Europe/Brussels', 'Pacific/Kiritimati', 'America/Los_Angeles', 'Pacific/Pago_Pago', 'Asia/Seoul']
  let reached = false
  live(
    'zones',
    { days: 1_500, missed: 0.1, zoneOf: (number) => zones[Math.floor(number / 40) % zones.length]! },
    ({ before, sets, fresh, ranked }) => {
      reached ||= ranked.length === 14
      if (reached) assert.equal(ranked.length, 14)
      const labels = new Map(before.map((set) => [set.set, set.labels]))
      for (const set of sets) if (!fresh.includes(set)) assert.equal(set.labels, labels.get(set.set))
    },
  )
  assert.ok(reached)
})

const history = (days: number): RetentionSet[] => Array.from({ length: days }, (_none, number) => madeAt(day(number)))
const hundred = history(200)
const today = new Date(day(199).getTime() + hourMs)

test('the order in which sets are given does not matter', () => {
  const random = numbers('order')
  const expected = planRetention({ sets: hundred, now: today })
  for (let run = 0; run < 50; run++) {
    const shuffled = hundred
      .map((set) => ({ set, at: random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ set }) => set)
    assert.deepEqual(planRetention({ sets: shuffled, now: today }), expected)
  }
})

test('7 daily, 4 weekly and 3 monthly sets are all different and each is the newest of its day, week or month', () => {
  const { keep } = planRetention({ sets: hundred, now: today })
  assert.deepEqual(
    keep.map(({ slot }) => slot.kind),
    [...Array<string>(7).fill('daily'), ...Array<string>(4).fill('weekly'), ...Array<string>(3).fill('monthly')],
  )
  for (const { set, slot } of keep) {
    assert.ok(slot.kind === 'daily' || slot.kind === 'weekly' || slot.kind === 'monthly')
    const label = { daily: 'day', weekly: 'iso_week', monthly: 'month' } as const
    const same = hundred.filter(({ labels }) => labels[label[slot.kind as 'daily']] === slot.label)
    assert.equal(set.set, same.at(-1)!.set)
  }
})

test('an unproven set takes no place of a proven one and is not dropped', () => {
  const fresh = madeAt(day(200), { proven: false })
  const before = kept(hundred, today)
  const { keep, drop } = planRetention({ sets: [...before, fresh], now: new Date(day(200).getTime() + hourMs) })
  assert.deepEqual(drop, [])
  assert.deepEqual(keep[0]!.slot, { kind: 'unproven', until: new Date(fresh.taken.getTime() + 30 * dayMs) })
  assert.deepEqual(ids(keep.slice(1).map(({ set }) => set)), ids(before))
})

test('a set that was never proven goes after 30 days, and not before', () => {
  const bad = madeAt(day(150), { proven: false })
  assert.ok(ids(kept([bad], new Date(bad.taken.getTime() + 30 * dayMs - 1))).includes(bad.set))
  assert.deepEqual(ids(planRetention({ sets: [bad], now: new Date(bad.taken.getTime() + 30 * dayMs) }).drop), [bad.set])
})

test('a legal hold only adds', () => {
  const random = numbers('hold')
  const free = new Set(ids(kept(hundred, today)))
  for (let run = 0; run < 30; run++) {
    const held = hundred.map((set) => ({ ...set, hold: random() < 0.2 }))
    const after = new Set(ids(kept(held, today)))
    assert.ok([...free].every((set) => after.has(set)))
    assert.ok(held.every(({ set, hold }) => !hold || after.has(set)))
    assert.equal(after.size, new Set([...free, ...ids(held.filter(({ hold }) => hold))]).size)
  }
})

test('a set promised until a day stays until then', () => {
  const [old] = hundred
  const promised = { ...old!, keepUntil: new Date(today.getTime() + 1) }
  assert.ok(ids(kept([promised, ...hundred.slice(1)], today)).includes(old!.set))
  assert.ok(!ids(kept([promised, ...hundred.slice(1)], new Date(today.getTime() + 1))).includes(old!.set))
})

for (const [kind, days] of [
  ['manual', 30],
  ['safety', 7],
  ['final', 35],
] as const) {
  test(`a ${kind} set stays ${days} days beside the 14 and takes no place of theirs`, () => {
    const extra = madeAt(new Date(day(199).getTime() + 60_000), { class: kind, proven: false })
    const end = new Date(extra.taken.getTime() + days * dayMs)
    const sets = [...kept(hundred, today), extra]
    assert.deepEqual(kinds(sets, new Date(end.getTime() - 1)), { until: 1, daily: 7, weekly: 4, monthly: 3 })
    assert.deepEqual(ids(planRetention({ sets, now: end }).drop), [extra.set])
  })
}

test('of the sets between the daily ones the newest two stay, proven or not', () => {
  const sets = Array.from({ length: 200 }, (_none, number) => [
    madeAt(day(number)),
    madeAt(new Date(day(number).getTime() + 12 * hourMs), { class: 'intraday', proven: number < 199 }),
  ]).flat()
  const { keep } = planRetention({ sets, now: new Date(day(199).getTime() + 13 * hourMs) })
  assert.equal(keep.length, 16)
  assert.deepEqual(
    keep.filter(({ slot }) => slot.kind === 'intraday').map(({ set }) => set),
    [sets[399], sets[397]],
  )
})

test('nothing goes while the clock is behind the newest set', () => {
  const now = new Date(day(199).getTime() - 1)
  const plan = planRetention({ sets: hundred, now })
  assert.deepEqual(plan.drop, [])
  assert.deepEqual(
    plan.refusals.map(({ rule }) => rule),
    ['clock_behind'],
  )
})

test("nothing goes while a store's clock is more than ten minutes away, in either direction", () => {
  for (const away of [600_001, -600_001, 400 * dayMs]) {
    const plan = planRetention({ sets: hundred, now: today, clocks: [today, new Date(today.getTime() + away)] })
    assert.deepEqual(plan.drop, [])
    assert.deepEqual(
      plan.refusals.map(({ rule }) => rule),
      ['clocks_differ'],
    )
  }
  assert.notDeepEqual(planRetention({ sets: hundred, now: today, clocks: [new Date(today.getTime() + 600_000)] }).drop, [])
})

test('what is locked in the store waits, and is counted once', () => {
  const locked = hundred.map((set) => ({ ...set, lockedUntil: day(300) }))
  const plan = planRetention({ sets: locked, now: today })
  assert.deepEqual(plan.drop, [])
  assert.equal(plan.waiting.length, 186)
  const last = hundred.at(-1)!.seq
  const later = planRetention({ sets: hundred, now: today, prunedUpTo: last, leaving: new Set(ids(plan.waiting)) })
  assert.equal(later.drop.length, 186)
  assert.deepEqual(planRetention({ sets: hundred, now: today, prunedUpTo: last }).drop, [])
})

test('after a proven final set has had its time nothing of the instance has to stay, unless it is held', () => {
  const final = madeAt(new Date(day(199).getTime() + 60_000), { class: 'final' })
  const sets = [...kept(hundred, today), final]
  const end = new Date(final.taken.getTime() + 35 * dayMs)
  const before = planRetention({ sets, now: new Date(end.getTime() - 1), prunedUpTo: final.seq })
  assert.deepEqual([before.isClosed, before.keep.length], [false, 15])
  const after = planRetention({ sets, now: end, prunedUpTo: final.seq })
  assert.deepEqual([after.isClosed, after.keep.length, after.drop.length], [true, 0, 15])
  const held = planRetention({ sets: sets.map((set) => ({ ...set, hold: true })), now: end })
  assert.equal(held.keep.length, 15)
  const unproven = planRetention({ sets: [...sets.slice(0, -1), { ...final, proven: false }], now: end })
  assert.deepEqual([unproven.isClosed, unproven.keep.length], [false, 14])
  const alive = planRetention({ sets: [...sets, madeAt(day(234))], now: new Date(day(234).getTime() + 2 * hourMs) })
  assert.deepEqual([alive.isClosed, alive.keep.length], [false, 14])
})

test('nothing goes when more would go than came since the last pruning, and one', () => {
  const last = hundred.at(-1)!.seq
  const rich = hundred.slice(100)
  const wouldGo = planRetention({ sets: rich, now: today }).drop.length
  const refused = planRetention({ sets: rich, now: today, prunedUpTo: last - (wouldGo - 2) })
  assert.deepEqual(refused.drop, [])
  assert.deepEqual(
    refused.refusals.map(({ rule }) => rule),
    ['too_many'],
  )
  assert.equal(planRetention({ sets: rich, now: today, prunedUpTo: last - (wouldGo - 1) }).drop.length, wouldGo)
})

for (const [what, received] of [
  ['and the store knew the right time', true],
  ['and nobody knew the right time', false],
] as const) {
  test(`a clock 400 days ahead for ten runs ${what}: 30 good days later the 14 are the right ones, and so they are 500 days later`, () => {
    const now = (number: number) => new Date(day(number).getTime() + hourMs)
    let sets = kept(history(200), now(199))
    let setAside = new Set<string>()
    const ahead = Array.from({ length: 10 }, (_none, run) => madeAt(day(600 + run), received ? { received: day(200 + run) } : {}))
    sets = [...sets, ...ahead]
    for (let number = 210; number < 710; number++) {
      sets = [...sets, madeAt(day(number))]
      const plan = planRetention({ sets, now: now(number), setAside })
      setAside = new Set(ids(plan.quarantined.map(({ set }) => set)))
      assert.deepEqual(ids(plan.quarantined.map(({ set }) => set)).sort(), ids(ahead).sort(), `on day ${number}`)
      assert.equal(plan.keep.length, 14)
      const gone = new Set(ids(plan.drop))
      sets = sets.filter(({ set }) => !gone.has(set))
      if (number === 240) assert.equal(plan.keep.filter(({ set }) => set.taken >= day(210)).length >= 9, true)
    }
    assert.ok(
      ids(ahead).every((set) => ids(sets).includes(set)),
      'nobody but a person drops them',
    )
  })
}

test('while the clock is ahead, a pruner with the right clock drops nothing', () => {
  const sets = [...hundred, madeAt(day(600))]
  for (const question of [
    { sets, now: day(600), clocks: [today] },
    { sets, now: today, clocks: [day(600)] },
    { sets, now: today },
  ]) {
    assert.deepEqual(planRetention(question).drop, [])
    assert.notDeepEqual(planRetention(question).refusals, [])
  }
})

for (const [what, received] of [
  ['is set aside where the store knew the right time', true],
  ['pushes nothing out where nobody knew it', false],
] as const) {
  test(`what a clock made that was set back for ten runs ${what}`, () => {
    const before = kept(hundred, today)
    const back = Array.from({ length: 10 }, (_none, run) =>
      madeAt(new Date(Date.UTC(2021, 5, 1 + run)), received ? { received: day(200 + run) } : {}),
    )
    const after = madeAt(day(211))
    const plan = planRetention({ sets: [...before, ...back, after], now: new Date(day(211).getTime() + hourMs) })
    assert.deepEqual(ids(plan.quarantined.map(({ set }) => set)).sort(), ids(received ? back : before).sort())
    assert.ok(plan.keep.some(({ set }) => set === after))
    if (received) assert.equal(plan.drop.length, 1)
    else assert.ok(plan.drop.every((set) => back.includes(set)))
  })
}

test('sets that reach a repaired location weeks late are ranked like all others', () => {
  const late = hundred.map((set) => ({ ...set, received: today }))
  assert.deepEqual(ids(kept(late, today)), ids(kept(hundred, today)))
})

test('a set whose labels are those of another time is set aside', () => {
  const liar = madeAt(day(199), { labels: labelsOf(day(300), 'UTC') })
  const { quarantined, keep, drop } = planRetention({ sets: [...kept(hundred, today), liar], now: today })
  assert.deepEqual(ids(quarantined.map(({ set }) => set)), [liar.set])
  assert.equal(keep.length, 14)
  assert.deepEqual(drop, [])
})

test('a young instance says how many of the 14 it has and when it will have all', () => {
  for (const age of [1, 9, 40, 90]) {
    const sets = kept(history(age), day(age - 1))
    const { kept: have, of, fullOn } = fullness(sets, { now: new Date(day(age - 1).getTime() + hourMs), zone: 'UTC' })
    assert.equal(have, sets.length)
    assert.equal(of, 14)
    let lived = sets
    let number = age - 1
    while (lived.length < 14) lived = kept([...lived, madeAt(day(++number))], new Date(day(number).getTime() + hourMs))
    assert.equal(fullOn, labelsOf(day(number), 'UTC').day, `at the age of ${age} days`)
  }
  assert.deepEqual(fullness(hundred, { now: today, zone: 'UTC' }), { kept: 14, of: 14 })
})
