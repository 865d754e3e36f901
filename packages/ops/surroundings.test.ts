import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { OpsError } from './errors.ts'
import { causeOf } from './surroundings.ts'

// A file system that has no room, on every machine.
const full = '/proc'

test('whatever breaks on a full disk, the disk is why', () => {
  for (const error of [new Error('write EPIPE'), new OpsError('cluster_failed', 'PostgreSQL did not start: PANIC')]) {
    const { code, message, cause } = causeOf(error, full) as OpsError
    assert.deepEqual([code, message, cause], ['disk_full', 'The disk is full (/proc): free some space and start again.', error])
    assert.equal(causeOf(error, tmpdir()), error, 'with room it is itself')
  }
})

test('what says itself what is wrong stays what it is', () => {
  const error = new OpsError('key_missing', 'The host key is missing.')
  assert.equal(causeOf(error, full), error)
})
