import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { labelsOf, type ScheduledInstance, type ScheduledSet, type ScheduleFacts } from '@erp4/ops'
import { restedJournal } from '@erp4/testing'
import { dueTasks, keyOf, schedulePolicy, slotStart, type Journal, type Past, type Task } from './schedule.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const now = new Date('2026-03-10T10:00:00Z')
const ago = (ms: number): Date => new Date(now.getTime() - ms)

const uuid = '0a000000-0000-4000-8000-000000000001'
const ann = (change: Partial<ScheduledInstance> = {}): ScheduledInstance => ({
  uuid,
  name: 'ann',
  zone: 'UTC',
  created: ago(100 * dayMs),
  lastSet: ago(minuteMs),
  days: [],
  failures: 0,
  lastAttempt: undefined,
  ...change,
})
const set = (name: string, change: Partial<ScheduledSet> = {}): ScheduledSet => ({
  set: name,
  instance: 'ann',
  taken: ago(hourMs),
  proven: undefined,
  bytes: 1e9,
  ...change,
})
const facts = (change: Partial<ScheduleFacts> = {}): ScheduleFacts => ({
  instances: [],
  sets: [],
  locations: [],
  isIncomplete: false,
  deletions: [],
  ...change,
})
const done = (at: Date, change: Partial<Past> = {}): Past => ({ at: at.toISOString(), ok: true, failures: 0, ...change })
/** What is done on a rota anyway, done just now. */
const rota: Journal = { finish: done(now), testify: done(now), mail: done(now), rehearse: done(now) }
const due = (seen: ScheduleFacts, journal: Journal = {}, at = now): string[] => dueTasks(seen, { ...rota, ...journal }, at).map(keyOf)

test('an instance is due when its slot has begun without a set, and then only once', () => {
  const slot = slotStart(uuid, now, schedulePolicy.everyMs)
  assert.deepEqual(due(facts({ instances: [ann({ lastSet: new Date(slot.getTime() - 1) })] })), ['backup ann'])
  assert.deepEqual(due(facts({ instances: [ann({ lastSet: slot })] })), [])
})

test('after a week without power each instance is backed up once, those first whose set is oldest', () => {
  const instances = ['ann', 'bob', 'cleo'].map((name, index) => ann({ name, uuid: randomUUID(), lastSet: ago((7 + index) * dayMs) }))
  assert.deepEqual(due(facts({ instances })), ['backup cleo', 'backup bob', 'backup ann'])
})

test('a new instance has a quarter of an hour to be set up', () => {
  assert.deepEqual(due(facts({ instances: [ann({ lastSet: undefined, created: ago(14 * minuteMs) })] })), [])
  assert.deepEqual(due(facts({ instances: [ann({ lastSet: undefined, created: ago(15 * minuteMs) })] })), ['backup ann'])
})

test("a set that a wrong clock made in a time to come keeps today's from nothing", () => {
  assert.deepEqual(due(facts({ instances: [ann({ lastSet: ago(-400 * dayMs) })] })), ['backup ann'])
})

for (const [zone, at, days, wanted] of [
  ['UTC', '2026-03-10T10:00:00Z', [], 'scheduled'],
  ['UTC', '2026-03-10T10:00:00Z', ['2026-03-09'], 'scheduled'],
  ['UTC', '2026-03-10T10:00:00Z', ['2026-03-10', '2026-03-09'], 'intraday'],
  ['Pacific/Kiritimati', '2026-03-10T10:30:00Z', ['2026-03-10'], 'scheduled'],
  ['Pacific/Pago_Pago', '2026-03-10T10:30:00Z', ['2026-03-09'], 'intraday'],
] as const) {
  test(`at ${at} in ${zone} with sets of ${days.join(' and ') || 'no day'} the next one is ${wanted}`, () => {
    const [task] = dueTasks(facts({ instances: [ann({ zone, days, lastSet: ago(30 * dayMs) })] }), rota, new Date(at))
    assert.deepEqual(task, { kind: 'backup', name: 'ann', class: wanted })
  })
}

test('over a year every day has exactly one scheduled set and one between, twelve hours apart', () => {
  const taken: { at: Date; kind: string }[] = []
  let days: string[] = []
  for (let at = Date.parse('2026-01-01T00:00:00Z'); at < Date.parse('2027-01-01T00:00:00Z'); at += 10 * minuteMs) {
    const instance = ann({ zone: 'Europe/Brussels', lastSet: taken.at(-1)?.at, days })
    const [task] = dueTasks(
      facts({ instances: [instance] }),
      { finish: done(new Date(at)), testify: done(new Date(at)), mail: done(new Date(at)) },
      new Date(at),
    )
    if (task?.kind !== 'backup') continue
    taken.push({ at: new Date(at), kind: task.class })
    if (task.class === 'scheduled') days = [labelsOf(new Date(at), 'Europe/Brussels').day, ...days].slice(0, 8)
  }
  const scheduled = taken.filter(({ kind }) => kind === 'scheduled').map(({ at }) => labelsOf(at, 'Europe/Brussels').day)
  assert.ok(taken.length >= 729 && taken.length <= 731, `${taken.length} sets`)
  assert.equal(new Set(scheduled).size, scheduled.length)
  assert.ok(scheduled.length >= 364, `${scheduled.length} days`)
  const gaps = taken.slice(1).map(({ at }, index) => at.getTime() - taken[index]!.at.getTime())
  assert.ok(Math.max(...gaps) <= 12 * hourMs + 10 * minuteMs)
})

test('three hundred instances spread over the twelve hours', () => {
  const perHour = new Map<number, number>()
  for (let index = 0; index < 300; index++) {
    const hour = Math.floor((slotStart(`instance ${index}`, now, 12 * hourMs).getTime() / hourMs) % 12)
    perHour.set(hour, (perHour.get(hour) ?? 0) + 1)
  }
  assert.equal(perHour.size, 12)
  assert.ok(Math.max(...perHour.values()) < 50, `${Math.max(...perHour.values())} in one hour`)
})

test('a failed backup is tried again after five minutes, then ever later, two hours at most', () => {
  const after = (failures: number, ms: number) => due(facts({ instances: [ann({ lastSet: ago(dayMs), failures, lastAttempt: ago(ms) })] }))
  assert.deepEqual(after(1, 4 * minuteMs), [])
  assert.deepEqual(after(1, 5 * minuteMs), ['backup ann'])
  assert.deepEqual(after(3, 19 * minuteMs), [])
  assert.deepEqual(after(3, 20 * minuteMs), ['backup ann'])
  assert.deepEqual(after(50, 119 * minuteMs), [])
  assert.deepEqual(after(50, 120 * minuteMs), ['backup ann'])
})

test('backups go before restore tests, and these before pruning', () => {
  const all = facts({
    instances: [ann({ lastSet: ago(dayMs) })],
    sets: [set('S')],
    locations: ['eu-1'],
    isIncomplete: true,
    deletions: ['gone'],
  })
  assert.deepEqual(
    dueTasks(all, {}, now).map(({ kind }) => kind),
    ['finish', 'backup', 'delete', 'prove', 'repair', 'prune', 'scrub', 'testify', 'mail'],
  )
})

test('every new set is tested, first of those whose newest proven set is oldest; then the oldest certificates', () => {
  const sets = [
    set('ann-new'),
    set('ann-old', { taken: ago(20 * dayMs), proven: ago(9 * dayMs) }),
    set('ann-older', { taken: ago(10 * dayMs), proven: ago(10 * dayMs) }),
    set('ann-fresh', { taken: ago(2 * dayMs), proven: ago(6 * dayMs) }),
    set('bob-new', { instance: 'bob' }),
    set('bob-newer', { instance: 'bob', taken: ago(minuteMs) }),
  ]
  assert.deepEqual(due(facts({ sets })), ['prove bob-newer', 'prove bob-new', 'prove ann-new', 'prove ann-older', 'prove ann-old'])
})

test('restore tests stop when the bytes of the night are spent, and go on when a day has passed', () => {
  const sets = [
    set('a', { bytes: 150e9 }),
    set('b', { bytes: 150e9, taken: ago(2 * hourMs) }),
    set('c', { bytes: 50e9, taken: ago(3 * hourMs) }),
  ]
  assert.deepEqual(due(facts({ sets })), ['prove a', 'prove c'])
  const spent = { 'prove x': done(ago(hourMs), { bytes: 240e9 }) }
  assert.deepEqual(due(facts({ sets }), spent), [])
  assert.deepEqual(due(facts({ sets }), { 'prove x': done(ago(25 * hourMs), { bytes: 240e9 }) }), ['prove a', 'prove c'])
})

test('a set larger than the whole budget is tested when nothing else was that day', () => {
  const sets = [set('giant', { bytes: 900e9 })]
  assert.deepEqual(due(facts({ sets })), ['prove giant'])
  assert.deepEqual(due(facts({ sets }), { 'prove x': done(ago(hourMs), { bytes: 1 }) }), [])
})

test('a restore test that failed is not repeated within the hour, and others are not kept waiting', () => {
  const sets = [set('bad'), set('good', { taken: ago(2 * hourMs) })]
  const failed = { 'prove bad': done(ago(30 * minuteMs), { ok: false, failures: 1 }) }
  assert.deepEqual(due(facts({ sets }), failed), ['prove good'])
  assert.deepEqual(due(facts({ sets }), failed, new Date(now.getTime() + 31 * minuteMs)).slice(0, 2), ['prove bad', 'prove good'])
})

test('what is on a rota comes each day, sooner after a failure, and at once when the journal is lost or of a time to come', () => {
  const seen = facts({ locations: ['eu-1'] })
  const both = (past: Past) => due(seen, { 'prune eu-1': past, 'scrub eu-1': past })
  assert.deepEqual(both(done(ago(23 * hourMs))), [])
  assert.deepEqual(both(done(ago(24 * hourMs))), ['prune eu-1', 'scrub eu-1'])
  assert.deepEqual(both(done(ago(hourMs), { ok: false, failures: 1 })), ['prune eu-1', 'scrub eu-1'])
  assert.deepEqual(both(done(ago(hourMs), { ok: false, failures: 9 })), [])
  assert.deepEqual(both(done(ago(-hourMs))), ['prune eu-1', 'scrub eu-1'])
  assert.deepEqual(due(seen), ['prune eu-1', 'scrub eu-1'])
})

test('nothing is repaired where every set is whole', () => {
  assert.deepEqual(due(facts()), [])
  assert.deepEqual(due(facts({ isIncomplete: true })), ['repair'] satisfies Task['kind'][])
})

test('restores are rehearsed each month, from the day after a set has proven itself, and sooner after a failure', () => {
  const rehearsed = (proven: Date | undefined, past?: Past) =>
    due(facts({ sets: [set('S', { proven })] }), past ? { rehearse: past } : { rehearse: done(ago(31 * dayMs)) }).filter(
      (key) => key === 'rehearse',
    )
  assert.deepEqual(rehearsed(undefined), [])
  assert.deepEqual(rehearsed(ago(23 * hourMs)), [])
  assert.deepEqual(rehearsed(ago(25 * hourMs)), ['rehearse'])
  assert.deepEqual(rehearsed(ago(25 * hourMs), done(ago(29 * dayMs))), [])
  assert.deepEqual(rehearsed(ago(25 * hourMs), done(ago(hourMs), { ok: false, failures: 1 })), ['rehearse'])
})

test('an agent whose journal tests have written leaves the processors to them, and makes backups all the same', () => {
  const locations = ['eu-1', 'us-1', 'ap-1']
  const seen = facts({ locations, sets: [set('one'), set('two', { proven: ago(8 * dayMs) })], instances: [ann({ lastSet: undefined })] })
  const tasks = (journal: Journal): string[] => dueTasks(seen, journal, now).map(keyOf)
  assert.deepEqual(tasks(restedJournal(locations, now)), ['backup ann', 'rehearse'])
  assert.equal(tasks({}).length, 13)
})
