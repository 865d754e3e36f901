import assert from 'node:assert/strict'
import { test } from 'node:test'
import { extrapolate } from './extrapolate.ts'
import { mostAttempts, nextClaim, recoveryOrder, restMs, smallBytes, workOff, workersFor, type Claim } from './order.ts'

/** A generator of numbers from 0 to 1 that is the same each time (mulberry32). */
function chance(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const someClaims = (next: () => number, count: number): Claim[] =>
  Array.from({ length: count }, (_none, index) => ({
    instance: `i${index}`,
    plan: next() < 0.4 ? 'paid' : 'free',
    taken: new Date(Date.UTC(2026, 0, 1, Math.floor(next() * 30), Math.floor(next() * 60))),
    bytes: next() < 0.2 ? smallBytes * (1 + next() * 50) : next() * smallBytes,
    attempts: 0,
  }))

const shuffled = <T>(all: readonly T[], next: () => number): T[] =>
  all
    .map((one) => ({ one, at: next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one)

test('the order is the same however it is asked for: retries last, paid first, then the greatest loss, then the smallest', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const next = chance(seed)
    const claims = someClaims(next, 1 + Math.floor(next() * 30)).map((one) => ({ ...one, attempts: Math.floor(next() * 3) }))
    const order = recoveryOrder(claims)
    assert.deepEqual(recoveryOrder(shuffled(claims, next)), order)
    assert.equal(new Set(order).size, claims.length)
    for (const [index, one] of order.entries()) {
      const after = order[index + 1]
      if (!after) continue
      assert.ok(one.attempts <= after.attempts)
      if (one.attempts < after.attempts) continue
      assert.ok(one.plan === 'paid' || after.plan === 'free')
      if (one.plan !== after.plan) continue
      const [hour, hourAfter] = [one, after].map(({ taken }) => Math.floor(taken.getTime() / 3_600_000)) as [number, number]
      assert.ok(hour < hourAfter || (hour === hourAfter && one.bytes <= after.bytes))
    }
  }
})

test('nobody starts before a paid one that waits, no retry before a first attempt, nothing is tried more than three times, and all end', async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const next = chance(seed)
    const claims = someClaims(next, 1 + Math.floor(next() * 20))
    const workers = 1 + Math.floor(next() * 4)
    const fails = new Map(claims.map(({ instance }) => [instance, next() < 0.3 ? Math.floor(next() * 5) : 0]))
    const started: { instance: string; attempt: number }[] = []
    const giants = { running: 0, most: 0 }
    const attempt = async (claim: Claim) => {
      const waitingPaid = claims.filter(({ plan, instance }) => plan === 'paid' && !started.some((one) => one.instance === instance))
      if (claim.plan === 'free' && claim.attempts === 0) assert.deepEqual(waitingPaid, [], 'all paid ones have started')
      if (claim.attempts > 0) assert.equal(new Set(started.map((one) => one.instance)).size, claims.length, 'all had their first attempt')
      started.push({ instance: claim.instance, attempt: claim.attempts })
      const isGiant = claim.bytes >= smallBytes
      if (isGiant) giants.most = Math.max(giants.most, ++giants.running)
      for (let turns = Math.floor(next() * 6); turns >= 0; turns--) await Promise.resolve()
      if (isGiant) giants.running--
      return claim.attempts < fails.get(claim.instance)! ? (next() < 0.5 ? 'failed' : 'again') : 'done'
    }
    await workOff(claims, workers, attempt, () => 0)
    for (const { instance } of claims)
      assert.equal(started.filter((one) => one.instance === instance).length, Math.min(mostAttempts, 1 + fails.get(instance)!))
    if (workers > 1) assert.ok(giants.most < workers, 'one worker is left for small ones')
  }
})

test('what fails rests before it is tried again, longer each time, and at once where another set is taken; others go on meanwhile', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const order: string[] = []
  const claims = someClaims(chance(7), 3)
  const [short, damaged] = claims as [Claim, Claim, Claim]
  const attempt = async ({ instance, attempts }: Claim) => {
    order.push(instance)
    if (instance === short.instance) return 'failed' as const
    return instance === damaged.instance && attempts === 0 ? ('again' as const) : ('done' as const)
  }
  const working = workOff(claims, 1, attempt, (attempts) => attempts * 60)
  const times = (instance: string): number => order.filter((one) => one === instance).length
  const after = async (ms: number): Promise<number[]> => {
    t.mock.timers.tick(ms)
    for (let turns = 0; turns < 50; turns++) await Promise.resolve()
    return [times(short.instance), times(damaged.instance)]
  }
  assert.deepEqual(
    [await after(0), await after(59), await after(1), await after(119), await after(1)],
    [
      [1, 2],
      [1, 2],
      [2, 2],
      [2, 2],
      [3, 2],
    ],
  )
  await working
  assert.equal(order.length, 3 + 2 + 1)
  assert.deepEqual([restMs(1), restMs(2)], [5_000, 20_000])
})

test('a worker that is kept for small sets passes a giant by, but never to serve a lower class', () => {
  const claim = (instance: string, change: Partial<Claim>): Claim => ({
    instance,
    plan: 'paid',
    taken: new Date(0),
    bytes: 1,
    attempts: 0,
    ...change,
  })
  const giant = claim('giant', { bytes: 5e9 })
  const later = claim('later', { taken: new Date(9e9) })
  assert.equal(nextClaim([later, giant], 'any'), giant)
  assert.equal(nextClaim([later, giant], 'small'), later)
  assert.equal(nextClaim([giant, claim('free', { plan: 'free' })], 'small'), undefined)
  assert.equal(nextClaim([giant, claim('again', { attempts: 1 })], 'small'), undefined)
  assert.equal(nextClaim([], 'any'), undefined)
  assert.deepEqual([workersFor(1), workersFor(2), workersFor(3)], [['any'], ['any', 'small'], ['any', 'any', 'small']])
})

test('what was measured tells the fixed cost, the rate, and the fleet at which eight hours break', () => {
  const exact = [10e6, 50e6, 200e6, 400e6].map((bytes) => ({ bytes, seconds: 0.5 + bytes / 80e6 }))
  const found = extrapolate(exact, 2)
  assert.ok(Math.abs(found.fixedSeconds - 0.5) < 1e-6 && Math.abs(found.bytesPerSecond! - 80e6) < 1)
  assert.ok(found.errorSeconds < 1e-6)
  assert.equal(found.sizes, 4)
  const mean = 0.5 + 165e6 / 80e6
  assert.equal(found.breaksAt.instances, Math.floor((8 * 3_600 * 2) / mean))
  assert.ok(found.breaksAt.low <= found.breaksAt.instances && found.breaksAt.instances <= found.breaksAt.high)
  const flat = extrapolate(
    [10e6, 10.1e6, 10.2e6].map((bytes, index) => ({ bytes, seconds: 2 - index * 0.1 })),
    1,
  )
  assert.deepEqual([flat.bytesPerSecond, flat.sizes], [null, 1])
})
