import assert from 'node:assert/strict'
import { test } from 'node:test'
import { combinationKey, combinations, pairKey, reconcileVariants } from './combinations.ts'

const none = new Set<string>()

test('each attribute gives one value to a combination, the first one varying slowest', () => {
  assert.deepEqual(combinations([[1, 2], [5], [8, 9]], none), [
    [1, 5, 8],
    [1, 5, 9],
    [2, 5, 8],
    [2, 5, 9],
  ])
  assert.deepEqual(combinations([], none), [[]])
})

test('excluded values never meet, whichever way the pair was written', () => {
  assert.deepEqual(
    combinations(
      [
        [1, 2],
        [8, 9],
      ],
      new Set([pairKey(9, 1)]),
    ),
    [
      [1, 8],
      [2, 8],
      [2, 9],
    ],
  )
  assert.deepEqual(combinations([[1], [8]], new Set([pairKey(1, 8)])), [])
})

test('too many combinations are refused before they are all made', () => {
  const twenty = Array.from({ length: 20 }, (_, i) => i)
  assert.throws(
    () =>
      combinations(
        Array.from({ length: 9 }, (_, a) => twenty.map((i) => a * 20 + i)),
        none,
      ),
    RangeError,
  )
  assert.equal(combinations([twenty, twenty.map((i) => i + 20)], none).length, 400)
})

test('there are as many combinations as products of choices, all different', () => {
  for (const sizes of [
    [2, 3],
    [4, 1, 5],
    [3, 3, 3],
  ]) {
    let next = 1
    const attributes = sizes.map((size) => Array.from({ length: size }, () => next++))
    const keys = combinations(attributes, none).map(combinationKey)
    assert.equal(
      new Set(keys).size,
      sizes.reduce((product, size) => product * size, 1),
    )
    assert.equal(new Set(keys).size, keys.length)
  }
})

test('variants that fit stay, others are archived, and archived ones come back', () => {
  const present = [
    { id: 1, values: [1, 8], active: true },
    { id: 2, values: [2, 8], active: true },
    { id: 3, values: [1, 9], active: false },
  ]
  const changes = reconcileVariants(
    [[1], [8, 9]],
    [
      [1, 8],
      [1, 9],
    ],
    present,
  )
  assert.deepEqual({ ...changes, extend: [...changes.extend] }, { create: [], extend: [], archive: [2], unarchive: [3] })
})

test('a variant takes over a value that all have, and keeps its number', () => {
  const { create, extend, archive } = reconcileVariants([[5]], [[5]], [{ id: 1, values: [], active: true }])
  assert.deepEqual([create, [...extend], archive], [[], [[1, [5]]], []])
})

test('a variant does not become one of several by chance', () => {
  const { create, extend, archive } = reconcileVariants([[5, 6]], [[5], [6]], [{ id: 1, values: [], active: true }])
  assert.deepEqual([create, [...extend], archive], [[[5], [6]], [], [1]])
})
