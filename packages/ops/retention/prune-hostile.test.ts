import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { setPrefix } from '../backup/manifest.ts'
import { ulid } from '../ulid.ts'
import { ann, bob, dayMs, hourMs, Place } from './fixtures/place.ts'

const ago = (ms: number): Date => new Date(Date.now() - ms)
const folderOf = async (eu: Place, set: string): Promise<string> =>
  dirname((await eu.keys()).find((key) => key.endsWith(`-${set}/manifest.json`))!)

/** What somebody with a shell, or another program, puts into a store past our own writer. */
function smuggle(eu: Place, key: string, content: string | Buffer): void {
  const path = join(eu.root, 'objects', key)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}

test('objects with names that are none, beside a set and elsewhere, stop no pruning', async () => {
  const eu = new Place()
  const sets = await eu.history(20)
  smuggle(eu, `${await folderOf(eu, sets[3]!)}/-rf *`, 'x')
  smuggle(eu, `${await folderOf(eu, sets[0]!)}/.hidden`, 'x')
  smuggle(eu, `v1/${bob}/$(id)/manifest.json`, '{}')
  smuggle(eu, `v1/${bob}/$(id)/manifest.sig`, '{}')
  const report = await eu.prune()
  const own = report.instances.find(({ instance }) => instance === ann)!
  assert.equal(own.dropped.length, 2)
  assert.ok(own.dropped.some(({ set }) => set === sets[0]))
})

test('a manifest, signature or certificate too long to be one is told, never held in memory, and stops no pruning', async () => {
  const eu = new Place()
  const sets = await eu.history(20)
  const prefix = setPrefix({ instance: bob, taken: ago(hourMs).toISOString(), set: ulid() })
  const huge = Buffer.alloc(40 * 2 ** 20, ' ')
  await eu.put(`${prefix}manifest.json`, huge.toString())
  await eu.put(`${prefix}manifest.sig`, '{}')
  await eu.put(`${await folderOf(eu, sets[19]!)}/certificate-${ulid(Date.now() + dayMs)}.json`, huge.toString())
  const report = await eu.prune()
  assert.match(report.instances.find(({ instance }) => instance === bob)!.unreadable[0]!.why, /too long/)
  assert.equal(report.instances.find(({ instance }) => instance === ann)!.dropped.length, 2)
})

test('two manifests that claim one set are both told and left alone', async () => {
  const eu = new Place()
  const sets = await eu.history(20)
  const twin = await eu.add(ago(19 * dayMs + 2 * hourMs), { set: sets[0]!, class: 'intraday', proven: false })
  assert.equal(twin, sets[0])
  const { instances } = await eu.prune()
  assert.ok(!instances[0]!.dropped.some(({ set }) => set === twin))
  assert.equal(instances[0]!.unreadable.length, 2)
  assert.equal((await eu.sets()).filter((set) => set === twin).length, 2)
})

test('signed sets that no restore test has passed do not take the place of the newest three that are proven', async () => {
  const eu = new Place()
  // All intraday: what is between the daily sets has no other guard than being among the newest.
  const good: string[] = []
  for (const hours of [9, 8, 7]) good.push(await eu.add(ago(hours * hourMs), { class: 'intraday' }))
  for (const hours of [6, 5, 4, 3, 2]) await eu.add(ago(hours * hourMs), { class: 'intraday', proven: false })
  const { instances } = await eu.prune()
  assert.deepEqual(
    instances[0]!.dropped.filter(({ set }) => good.includes(set)),
    [],
  )
  const there = await eu.sets()
  for (const set of good) assert.ok(there.includes(set))
})

test('a number of a set that is quarantined does not count as the last that was pruned', async () => {
  const eu = new Place()
  await eu.history(20)
  await eu.add(ago(10 * dayMs), { seq: 2 ** 40, proven: false })
  await eu.prune()
  const memory = JSON.parse(readFileSync(eu.state, 'utf8')) as Record<string, { prunedUpTo?: number; setAside?: string[] }>
  assert.equal(memory[ann]!.setAside?.length, 1)
  assert.ok((memory[ann]!.prunedUpTo ?? 0) <= 20)
})

test('an object that somebody locked in a set whose deletion has begun stops neither that deletion nor any other', async () => {
  const eu = new Place()
  const sets = await eu.history(20)
  const prefix = `${await folderOf(eu, sets[0]!)}/`
  await eu.put(`${prefix}junk`, 'x', new Date(Date.now() + 9 * dayMs))
  writeFileSync(eu.state, JSON.stringify({ [bob]: { deleting: [prefix] } }))
  const report = await eu.prune()
  assert.deepEqual(
    (await eu.keys()).filter((key) => key.startsWith(prefix)),
    [`${prefix}junk`],
  )
  assert.equal(report.instances.find(({ instance }) => instance === ann)!.dropped.length, 2)
  const memory = JSON.parse(readFileSync(eu.state, 'utf8')) as Record<string, { deleting?: string[] }>
  assert.deepEqual(memory[bob]!.deleting, [prefix], 'it is tried again')
})
