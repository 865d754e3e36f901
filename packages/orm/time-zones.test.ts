import assert from 'node:assert/strict'
import { test } from 'node:test'
import { moment } from './time.ts'
import { fill } from './texts.ts'
import { fromClock, onClock } from './time-zones.ts'
import { spanLabel, weekOf, weekStartOf } from './time-labels.ts'

for (const [zone, shown, at] of [
  ['UTC', '2026-01-31 12:00:00', '2026-01-31 12:00:00'],
  ['Asia/Seoul', '2026-01-31 08:59:59', '2026-01-30 23:59:59'],
  ['America/St_Johns', '2026-07-01 00:00:00', '2026-07-01 02:30:00'],
  ['Europe/Paris', '2026-03-29 03:00:00', '2026-03-29 01:00:00'],
  // Shown twice: the first time counts.
  ['Europe/Paris', '2026-10-25 02:30:00', '2026-10-25 00:30:00'],
  ['Pacific/Kiritimati', '2026-01-01 00:00:00', '2025-12-31 10:00:00'],
] as const) {
  test(`a clock in ${zone} shows ${shown} at ${at} UTC`, () => {
    assert.equal(fromClock(zone, shown), at)
    assert.equal(onClock(zone, moment(at)), shown)
  })
}

test('a time that no clock shows is read as if the clock had not been put forward yet', () =>
  assert.equal(fromClock('Europe/Paris', '2026-03-29 02:30:00'), '2026-03-29 01:30:00'))

test('what is no time is refused', () => assert.throws(() => fromClock('Asia/Seoul', '2026-02-30 00:00:00'), RangeError))

for (const [start, weekStart, week, year] of [
  ['2025-12-29', 1, 1, 2026],
  ['2026-12-28', 1, 53, 2026],
  ['2027-01-04', 1, 1, 2027],
  ['2023-01-02', 1, 1, 2023],
  ['2025-12-28', 7, 1, 2026],
  ['2026-01-25', 7, 5, 2026],
  ['2026-12-27', 7, 1, 2027],
] as const)
  test(`the week of ${start} is week ${week} of ${year} where weeks begin on day ${weekStart}`, () =>
    assert.deepEqual(weekOf(new Date(`${start}T00:00:00Z`), weekStart), { week, year }))

test('weeks begin as they do where the language is spoken', () =>
  assert.deepEqual(['en_US', 'fr_FR', 'ko_KR', 'ar_EG', 'en_GB'].map(weekStartOf), [7, 1, 7, 6, 1]))

test('a span is named in words', () => {
  const said = (language: string) =>
    (['hour', 'day', 'week', 'month', 'quarter', 'year'] as const).map((span) => spanLabel('2026-01-05 00:00:00', span, language, fill))
  assert.deepEqual(said('en_GB'), ['00:00 05 Jan', '05 Jan 2026', 'W2 2026', 'January 2026', 'Q1 2026', '2026'])
  assert.equal(said('de_DE')[3], 'Januar 2026')
  assert.equal(said('ko_KR')[1], '2026년 1월 05일')
})
