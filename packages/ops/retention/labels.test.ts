import assert from 'node:assert/strict'
import { test } from 'node:test'
import { calendarLabels, labelsFit, labelsOf } from './labels.ts'

for (const [instant, zone, day, week, month] of [
  ['2026-01-01T12:00:00Z', 'UTC', '2026-01-01', '2026-W01', '2026-01'],
  // Years of 53 weeks, and days whose week belongs to a neighbouring year.
  ['2020-12-31T12:00:00Z', 'UTC', '2020-12-31', '2020-W53', '2020-12'],
  ['2021-01-03T12:00:00Z', 'UTC', '2021-01-03', '2020-W53', '2021-01'],
  ['2021-01-04T12:00:00Z', 'UTC', '2021-01-04', '2021-W01', '2021-01'],
  ['2024-12-30T12:00:00Z', 'UTC', '2024-12-30', '2025-W01', '2024-12'],
  ['2022-01-02T12:00:00Z', 'UTC', '2022-01-02', '2021-W52', '2022-01'],
  ['2027-01-01T12:00:00Z', 'UTC', '2027-01-01', '2026-W53', '2027-01'],
  // One instant, three days.
  ['2026-03-01T10:30:00Z', 'Pacific/Kiritimati', '2026-03-02', '2026-W10', '2026-03'],
  ['2026-03-01T10:30:00Z', 'Europe/Brussels', '2026-03-01', '2026-W09', '2026-03'],
  ['2026-03-01T10:30:00Z', 'Pacific/Pago_Pago', '2026-02-28', '2026-W09', '2026-02'],
  // The hour that happens twice, and the one that does not.
  ['2026-10-25T00:30:00Z', 'Europe/Brussels', '2026-10-25', '2026-W43', '2026-10'],
  ['2026-10-25T01:30:00Z', 'Europe/Brussels', '2026-10-25', '2026-W43', '2026-10'],
  ['2026-03-29T01:00:00Z', 'Europe/Brussels', '2026-03-29', '2026-W13', '2026-03'],
  // A zone that jumped over a day.
  ['2011-12-30T09:59:59Z', 'Pacific/Apia', '2011-12-29', '2011-W52', '2011-12'],
  ['2011-12-30T10:00:00Z', 'Pacific/Apia', '2011-12-31', '2011-W52', '2011-12'],
] as const) {
  test(`${instant} in ${zone} is ${day}, ${week}`, () => {
    const labels = labelsOf(new Date(instant), zone)
    assert.deepEqual(labels, { day, iso_week: week, month, zone })
    assert.ok(labelsFit(labels, new Date(instant)))
  })
}

test('ISO weeks have seven days each, over four centuries', () => {
  const lengths = new Map<string, number>()
  const start = Date.UTC(2000, 0, 3) // a Monday
  for (let day = 0; day < 146_097; day++) {
    const { iso_week: week } = calendarLabels(new Date(start + day * 86_400_000).toISOString().slice(0, 10))
    lengths.set(week, (lengths.get(week) ?? 0) + 1)
  }
  assert.deepEqual([...new Set(lengths.values())], [7])
  assert.equal(lengths.size, 20_871)
})

test('an unknown zone is refused', () => assert.throws(() => labelsOf(new Date(), 'Mars/Olympus'), RangeError))

for (const [what, change] of [
  ['another day', { day: '2026-05-01' }],
  ['a week of another day', { iso_week: '2026-W01' }],
  ['a month of another day', { month: '2026-04' }],
  ['no day at all', { day: '2026-13-45' }],
  ['words', { day: 'yesterday' }],
] as const) {
  test(`labels that name ${what} do not fit`, () => {
    const taken = new Date('2026-03-10T10:00:00Z')
    assert.equal(labelsFit({ ...labelsOf(taken, 'UTC'), ...change }, taken), false)
  })
}
