import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alarmNames, decidedBy, judgeAlarms, type AlarmFacts, type InstanceFacts, type SetSize } from './judge.ts'
import { settleAlarms } from './state.ts'

const now = new Date('2026-03-01T12:00:00Z')
const ago = (hours: number): Date => new Date(now.getTime() - hours * 3_600_000)
const set = (change: Partial<SetSize> = {}): SetSize => ({
  set: 'S',
  taken: ago(1),
  bytes: 5e6,
  databaseBytes: 20e6,
  smallestPart: 10,
  ...change,
})
const ann = (change: Partial<InstanceFacts> = {}): InstanceFacts => ({
  name: 'ann',
  created: ago(900),
  newestProven: ago(5),
  sets: [set(), set()],
  failures: undefined,
  ...change,
})
const instances = (change: Partial<InstanceFacts>): AlarmFacts => ({ instances: [ann(change)] })

for (const [what, facts, names] of [
  ['all is well', instances({}), []],
  ['the newest proven set is 20 hours old', instances({ newestProven: ago(20) }), []],
  ['the newest proven set is older than 20 hours', instances({ newestProven: ago(20.01) }), ['backup_old']],
  ['the newest proven set is older than 24 hours', instances({ newestProven: ago(24.01) }), ['backup_breach']],
  ['a new instance has no set yet', instances({ created: ago(1), newestProven: undefined, sets: [] }), []],
  ['an instance has had no proven set for a day', instances({ created: ago(25), newestProven: undefined, sets: [] }), ['backup_breach']],
  ['the database shrank by 90 %', instances({ sets: [set({ databaseBytes: 2e6 }), set()] }), ['backup_shrunk']],
  ['the database shrank by 89 %', instances({ sets: [set({ databaseBytes: 2.2e6 }), set()] }), []],
  ['it shrank some sets ago and stayed small', instances({ sets: [set({ bytes: 1e5 }), set({ bytes: 1e5 }), set()] }), ['backup_shrunk']],
  ['a part of the newest set is empty', instances({ sets: [set({ smallestPart: 0 }), set()] }), ['backup_empty']],
  ['the newest set is empty', instances({ sets: [set({ bytes: 0 }), set()] }), ['backup_empty', 'backup_shrunk']],
  ['one backup failed', instances({ failures: { count: 1, last: 'the disk is full' } }), []],
  ['two backups failed in a row', instances({ failures: { count: 2, last: 'the disk is full' } }), ['backup_failing']],
  ['a copy is still being stored', { copies: [{ location: 'eu-1', instance: 'ann', set: 'S', state: 'storing', since: ago(0.2) }] }, []],
  [
    'a copy is not there after a while',
    { copies: [{ location: 'eu-1', instance: 'ann', set: 'S', state: 'missing', since: ago(0.3) }] },
    ['location_degraded'],
  ],
  ['a copy is damaged', { copies: [{ location: 'eu-1', instance: 'ann', set: 'S', state: 'damaged', since: now }] }, ['location_degraded']],
  ['a restore test failed', { failedTests: [{ instance: 'ann', reason: 'rows are missing' }] }, ['certificate_failed']],
  ['a pruner refused', { refusedPrunings: [{ location: 'eu-1', reason: 'clocks' }] }, ['retention_refused']],
  ['a rehearsal failed', { failedRehearsals: [{ check: 'restore.rehearsal', reason: 'it is not undone' }] }, ['rehearsal_failed']],
  ['the scheduler decided nine minutes ago', { scheduler: { decided: ago(0.15), since: ago(9) } }, []],
  ['the scheduler has been silent for eleven minutes', { scheduler: { decided: ago(0.19), since: ago(9) } }, ['scheduler_silent']],
  ['there has never been a scheduler', { scheduler: { decided: null, since: ago(1) } }, ['scheduler_silent']],
  ['a drill is due in a day', { drill: { passed: ago(89 * 24), since: ago(9000) } }, []],
  ['the last drill was 91 days ago', { drill: { passed: ago(91 * 24), since: ago(9000) } }, ['drill_overdue']],
  ['a host of 91 days has never had a drill', { drill: { passed: null, since: ago(91 * 24) } }, ['drill_overdue']],
  ['the evidence is broken', { evidence: { faults: ['Record 2 is missing.'] } }, ['evidence_broken']],
  ['a gigabyte is free', { disk: { freeBytes: 2 ** 30, allBytes: 2 ** 34 } }, ['disk_low']],
  ['4 % are free', { disk: { freeBytes: 40 * 2 ** 30, allBytes: 1000 * 2 ** 30 } }, ['disk_low']],
  ['6 % are free', { disk: { freeBytes: 60 * 2 ** 30, allBytes: 1000 * 2 ** 30 } }, []],
  ['PostgreSQL is down', { registry: { error: 'connection refused' } }, ['registry_down']],
] as [string, AlarmFacts, string[]][]) {
  test(`where ${what}: ${names.join(' and ') || 'no alarm'}`, () => {
    assert.deepEqual(
      judgeAlarms(facts, now).map(({ name }) => name),
      names,
    )
  })
}

test('every alarm is decided by exactly one part of the facts', () => {
  assert.deepEqual(Object.values(decidedBy).flat().sort(), [...alarmNames].sort())
})

test('an alarm is raised once, goes on, and is cleared when what it is of is well', () => {
  const facts = instances({ newestProven: ago(30) })
  const first = settleAlarms([], judgeAlarms(facts, now), facts, now)
  assert.deepEqual([first.raised.length, first.still.length, first.cleared.length], [1, 0, 0])
  const second = settleAlarms(first.raised, judgeAlarms(facts, now), facts, now)
  assert.deepEqual([second.raised.length, second.still.length, second.cleared.length], [0, 1, 0])
  assert.equal(second.still[0]!.since, now.toISOString())
  const well = settleAlarms(second.still, judgeAlarms(instances({}), now), instances({}), now)
  assert.deepEqual([well.raised.length, well.still.length, well.cleared.length], [0, 0, 1])
})

test('an alarm whose facts cannot be had is not cleared', () => {
  const facts = instances({ newestProven: ago(30) })
  const { raised } = settleAlarms([], judgeAlarms(facts, now), facts, now)
  const blind = settleAlarms(raised, [], { registry: { error: 'down' } }, now)
  assert.deepEqual([blind.still.length, blind.cleared.length], [1, 0])
})
