import assert from 'node:assert/strict'
import { test } from 'node:test'
import { versionsBetween } from './versions.ts'

const all = ['2', '1.10', '1.9', '1.9.1', '1.2']

for (const [from, to, expected] of [
  ['1.9', '2', ['1.9.1', '1.10', '2']],
  ['1.2.0', '1.9', ['1.9']],
  ['2', '2', []],
  [null, '2', []],
] as const)
  test(`from ${from} to ${to}, the code of ${expected.join(', ') || 'no version'} runs`, () =>
    assert.deepEqual(versionsBetween(all, { from, to }), expected))
