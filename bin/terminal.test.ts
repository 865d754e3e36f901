import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bar } from './terminal.ts'

for (const [done, of, share] of [
  [0, 0, 0],
  [0, 10, 0],
  [5, 10, 50],
  [999, 1_000, 99],
  [10, 10, 100],
  [30, 10, 100],
] as const)
  test(`a bar of ${done} of ${of} says ${share} %`, () => {
    const found = bar(done, of)
    assert.match(found, /^█*░* +\d+ %$/)
    assert.equal(found.split(' ')[0]!.length, 24)
    assert.equal(Number(/(\d+) %$/.exec(found)![1]), share)
  })
