import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type AuthWorld, authWorld, instanceFor } from '../tests/auth-world.ts'
import { Rate } from './rate.ts'

let world: AuthWorld
before(async () => void (world = await authWorld()))
after(() => world.stop())

/** One process knows nothing of another's objects: each has its own. */
const processes = (what: string) => [new Rate(what, { most: 10, minutes: 10 }), new Rate(what, { most: 10, minutes: 10 })] as const
const at = <T>(work: Parameters<typeof world.databases.use<T>>[1]) => world.databases.use(world.instance.database, work)

test('so many may do it, however many processes count at the same moment, and the rest is told how long to wait', async () => {
  const [here, there] = processes('tries')
  const waits = await Promise.all(
    Array.from({ length: 40 }, (_one, i) => at((cx) => (i % 2 === 0 ? here : there).take(cx, world.instance, '203.0.113.7'))),
  )
  assert.equal(waits.filter((seconds) => seconds === 0).length, 10)
  for (const seconds of waits.filter((one) => one > 0)) assert.ok(seconds > 590 && seconds <= 600)
  assert.ok((await at((cx) => there.waitSeconds(cx, world.instance, '203.0.113.7'))) > 590)
})

test('counts are apart by what is counted, for whom, and in which instance, and a new window begins when one is over', async () => {
  const [here] = processes('tries')
  const other = new Rate('prints', { most: 10, minutes: 10 })
  const elsewhere = instanceFor(world.instance.database, 'another secret')
  assert.equal(await at((cx) => other.waitSeconds(cx, world.instance, '203.0.113.7')), 0)
  assert.equal(await at((cx) => here.waitSeconds(cx, world.instance, '203.0.113.8')), 0)
  assert.equal(await at((cx) => here.waitSeconds(cx, elsewhere, '203.0.113.7')), 0)
  await world.at.tamper("update link_ask set since = since - interval '10 minutes'")
  assert.equal(await at((cx) => here.take(cx, world.instance, '203.0.113.7')), 0)
  const kept = JSON.stringify(await world.at.rows("select encode(bucket, 'escape') as bucket from link_ask"))
  assert.doesNotMatch(kept, /203\.0\.113/)
})
