import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BusyError } from '@erp4/orm'
import { BodyBudget, BodyTooLarge } from './body.ts'

const budget = (): BodyBudget => new BodyBudget({ maxBytes: 100, maxTotalBytes: 400 })
const of = (source: string, ofRequest = 10, routeMaxBytes = 1000) => ({ source, ofRequest, routeMaxBytes })

test('a network that holds more than a quarter waits when half is held, and another one does not', () => {
  const bodies = budget()
  for (let i = 0; i < 21; i++) bodies.take(10, of('a'))
  assert.throws(() => bodies.take(10, of('a')), BusyError)
  for (let i = 0; i < 9; i++) bodies.take(10, of('b'))
  bodies.take(10, of('c'))
  bodies.release(120, 'a')
  bodies.take(10, of('a'))
  assert.equal(bodies.heldBytes, 200)
})

test('nobody gets what is not there', () => {
  const bodies = budget()
  for (const source of ['a', 'b', 'c', 'd']) for (let i = 0; i < 10; i++) bodies.take(10, of(source))
  assert.throws(() => bodies.take(1, of('e')), BusyError)
  for (const source of ['a', 'b', 'c', 'd']) bodies.release(100, source)
  assert.equal(bodies.heldBytes, 0)
})

test('one body is as large as its route takes, and no larger than any', () => {
  assert.throws(() => budget().take(1, of('a', 101)), BodyTooLarge)
  assert.throws(() => budget().take(1, of('a', 51, 50)), BodyTooLarge)
})
