import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setPrefix, type Manifest } from '../backup/manifest.ts'
import { signManifest } from '../backup/signed-manifest.ts'
import { OpsError } from '../errors.ts'
import { ulid } from '../ulid.ts'
import { ann, bob, dayMs, hourMs, Place } from './fixtures/place.ts'
import { labelsOf } from './labels.ts'
import { retentionPolicy } from './plan.ts'
import type { PruneReport } from './prune.ts'
import { certificateKey } from './stored-sets.ts'

const only = (report: PruneReport) => {
  assert.equal(report.instances.length, 1)
  return report.instances[0]!
}
const rules = (report: PruneReport): string[] => [...new Set(only(report).refused.map(({ rule }) => rule))]

test('sets go two a day and the oldest first, until the 14 are left, and lie in the trash', async () => {
  const eu = new Place()
  const sets = await eu.history(20)
  const first = only(await eu.prune())
  assert.deepEqual(
    first.dropped.map(({ set }) => set),
    sets.filter((set) => !first.keep.some((kept) => kept.set.set === set)).slice(0, 2),
  )
  assert.deepEqual(new Set(first.refused.map(({ rule }) => rule)), new Set(['two_a_day']))
  assert.equal((await eu.sets()).length, 18)
  assert.deepEqual(only(await eu.prune()).dropped, [], 'a second run on the same day drops nothing more')
  const trash = await eu.pruner.list('v1/')
  assert.ok(!trash.objects.some(({ key }) => key.includes(first.dropped[0]!.set)))
  // The days pass, a set comes each day.
  for (let day = 1; day <= 14; day++) {
    eu.wrongByMs = day * dayMs
    await eu.add(new Date(Date.now() + eu.wrongByMs - hourMs), {})
    const clock = new Date(Date.now() + eu.wrongByMs)
    only(await eu.prune({ clocks: async () => [clock] }))
  }
  const left = only(await eu.prune({ clocks: async () => [new Date(Date.now() + eu.wrongByMs)], dryRun: true }))
  assert.deepEqual(left.dropped, [])
  assert.deepEqual(
    left.keep.map(({ set }) => set.set),
    (await eu.sets()).toReversed().filter((set) => !left.refused.some((one) => one.set === set)),
  )
  assert.deepEqual(new Set(left.refused.map(({ rule }) => rule)), new Set(['retained']), 'sets that stayed a while were locked once more')
  assert.deepEqual(left.keep.map(({ slot }) => slot.kind).slice(0, 11), [
    ...Array<string>(7).fill('daily'),
    ...Array<string>(4).fill('weekly'),
  ])
})

for (const [what, rule, arrange] of [
  ['the newest proven set is older than 26 hours', 'newest_too_old', async (eu: Place) => void (await agedHistory(eu, 27))],
  [
    'only unproven sets are younger than 26 hours',
    'newest_too_old',
    async (eu: Place) => {
      await agedHistory(eu, 27)
      await eu.add(new Date(Date.now() - hourMs), { proven: false })
    },
  ],
  ['no set is proven', 'newest_too_old', async (eu: Place) => void (await eu.history(40, { proven: false }))],
  [
    "the store's clock is eleven minutes ahead of another",
    'clocks_differ',
    async (eu: Place) => {
      await eu.history(20)
      eu.wrongByMs = 11 * 60_000
    },
  ],
  [
    "the store's clock is behind the newest set",
    'clock_behind',
    async (eu: Place) => {
      await eu.history(20)
      eu.wrongByMs = -2 * hourMs
    },
  ],
] as const) {
  test(`nothing goes while ${what}`, async () => {
    const eu = new Place()
    await arrange(eu)
    const before = await eu.keys()
    const report = await eu.prune()
    assert.ok(rules(report).includes(rule), rules(report).join())
    assert.deepEqual(only(report).dropped, [])
    assert.deepEqual(only(report).extended, [])
    assert.deepEqual(await eu.keys(), before)
  })
}

async function agedHistory(eu: Place, hours: number): Promise<void> {
  await eu.history(21, {}, hours * hourMs)
}

test('nothing goes when a policy change would let many go at once', async () => {
  const eu = new Place()
  await eu.history(14)
  await eu.prune()
  const before = await eu.keys()
  const report = await eu.prune({ policy: { ...retentionPolicy, daily: 1, weekly: 0, monthly: 0 } })
  assert.equal(rules(report)[0], 'too_many')
  assert.deepEqual(await eu.keys(), before)
})

test('the newest three sets stay whatever retention says', async () => {
  const eu = new Place()
  // Four proven sets of one day: retention keeps one.
  const noon = Date.now() - 60_000
  const sets = [
    await eu.add(new Date(noon - 9_000)),
    await eu.add(new Date(noon - 6_000)),
    await eu.add(new Date(noon - 3_000)),
    await eu.add(new Date(noon)),
  ]
  const report = await eu.prune()
  assert.deepEqual(
    only(report).dropped.map(({ set }) => set),
    [sets[0]],
  )
  assert.deepEqual(rules(report), ['newest_three'])
  assert.deepEqual(await eu.sets(), sets.slice(1))
})

test('what the store has locked waits, and nothing of it is touched', async () => {
  const eu = new Place()
  const sets = await eu.history(20, { lockedUntil: new Date(Date.now() + dayMs) })
  const before = await eu.keys()
  const report = await eu.prune()
  assert.deepEqual(rules(report), ['retained'])
  assert.deepEqual(only(report).dropped, [])
  assert.deepEqual(await eu.keys(), before)
  assert.equal((await eu.sets()).length, sets.length)
})

test("a lock that ends by another clock than the store's does not end", async () => {
  const eu = new Place()
  await eu.history(20, { lockedUntil: new Date(Date.now() + dayMs) })
  const before = await eu.keys()
  const report = await eu.prune({ clocks: async () => [new Date(Date.now() + 2 * dayMs)] })
  assert.ok(rules(report).includes('clocks_differ'))
  assert.deepEqual(await eu.keys(), before)
})

test('a legal hold of the registry on a set or an instance keeps it, and asks for nothing else to go', async () => {
  const eu = new Place()
  const sets = await eu.history(20)
  const oldest = only(await eu.prune({ dryRun: true })).dropped[0]!.set
  const free = only(await eu.prune({ dryRun: true })).keep.map(({ set }) => set.set)
  const held = await eu.prune({ care: { holds: new Set([oldest]) }, dryRun: true })
  assert.ok(!only(held).dropped.some(({ set }) => set === oldest))
  assert.ok(free.every((set) => only(held).keep.some((kept) => kept.set.set === set)))
  const all = await eu.prune({ care: { holds: new Set([ann]) } })
  assert.deepEqual(only(all).dropped, [])
  assert.equal(only(all).keep.length, sets.length)
  assert.equal((await eu.sets()).length, sets.length)
})

test('a set promised until a day stays until then', async () => {
  const eu = new Place()
  await eu.history(20)
  const [first] = only(await eu.prune({ dryRun: true })).dropped
  const report = await eu.prune({ care: { keepUntil: new Map([[first!.set, new Date(Date.now() + dayMs)]]) }, dryRun: true })
  assert.ok(only(report).keep.some(({ set, slot }) => set.set === first!.set && slot.kind === 'until'))
})

test('kept sets whose lock is about to end are locked for nine days more; those between the daily ones are not', async () => {
  const eu = new Place()
  const soon = new Date(Date.now() + dayMs)
  await eu.history(3, { lockedUntil: soon })
  const between = await eu.add(new Date(Date.now() - 60_000), { class: 'intraday', lockedUntil: soon })
  const report = only(await eu.prune())
  assert.equal(report.extended.length, 3)
  for (const { key } of (await eu.pruner.list('v1/')).objects) {
    const until = (await eu.pruner.head(key))?.retainUntil
    if (key.includes(between)) assert.ok(!until || until.getTime() < soon.getTime() + 2_000)
    else assert.ok(Math.abs(until!.getTime() - Date.now() - 9 * dayMs) < 60_000, key)
  }
  assert.deepEqual(only(await eu.prune()).extended, [], 'once a week, not once a day')
})

for (const [what, forge] of [
  ['a host signed', (eu: Place, manifest: Manifest, text: string) => hostCertificate(eu, manifest, text)],
  ['is of another manifest', (eu: Place, manifest: Manifest) => eu.certify(manifest, 'another manifest')],
  ['says that the test failed', (eu: Place, manifest: Manifest, text: string) => eu.certify(manifest, text, { result: 'fail' })],
  [
    'is of another instance',
    (eu: Place, manifest: Manifest, text: string) => eu.certify(manifest, text, { subject: { type: 'instance', id: bob } }),
  ],
  ['is no record', (eu: Place, manifest: Manifest) => eu.put(certificateKey(setPrefix(manifest), ulid()), 'pass')],
] as const) {
  test(`a certificate that ${what} proves nothing`, async () => {
    const eu = new Place()
    await agedHistory(eu, 30)
    const set = await eu.add(new Date(Date.now() - hourMs), { proven: false })
    const prefix = (await eu.keys()).find((key) => key.includes(set))!.replace(/[^/]*$/, '')
    const text = readFileSync(join(eu.root, 'objects', `${prefix}manifest.json`), 'utf8')
    await forge(eu, JSON.parse(text) as Manifest, text)
    const before = await eu.keys()
    const report = await eu.prune()
    assert.ok(rules(report).includes('newest_too_old'))
    assert.deepEqual(await eu.keys(), before)
    await eu.certify(JSON.parse(text) as Manifest, text)
    assert.ok(!rules(await eu.prune()).includes('newest_too_old'), 'a true one does')
  })
}

function hostCertificate(eu: Place, manifest: Manifest, manifestText: string): Promise<unknown> {
  const sha256 = createHash('sha256').update(manifestText).digest('hex')
  const payload = Buffer.from(
    JSON.stringify({
      v: 1,
      check: 'backup.restore_test',
      result: 'pass',
      subject: { type: 'instance', id: manifest.instance },
      evidence: [{ name: 'manifest', sha256, where: '' }],
    }),
  )
  const signer = eu.host.keys.signer('host')
  const line = JSON.stringify({ payload: payload.toString('base64'), keyid: signer.keyId, sig: signer.sign(payload).toString('base64') })
  return eu.put(certificateKey(setPrefix(manifest), ulid()), line)
}

test('manifests that nobody trusted signed, that a verifier signed, or that lie in the place of another are told and left alone', async () => {
  const eu = new Place()
  await eu.history(16)
  const other = new Place()
  const foreign = { instance: bob, taken: new Date(Date.now() - hourMs).toISOString(), set: ulid() }
  const { text, signature } = signManifest(
    {
      ...foreign,
      v: 1,
      class: 'scheduled',
      host: 'h',
      labels: labelsOf(new Date(foreign.taken), 'UTC'),
      seq: 1,
      key_version: 1,
      postgres: '15',
      release: '1',
      parts: [
        {
          name: 'db-000.esdk',
          kind: 'database',
          sha256: '0'.repeat(64),
          bytes: 0,
          plain_sha256: '0'.repeat(64),
          plain_bytes: 0,
          shared_from: null,
        },
      ],
    },
    other.host.keys.signer('host'),
  )
  await eu.put(`${setPrefix(foreign)}manifest.json`, text)
  await eu.put(`${setPrefix(foreign)}manifest.sig`, signature)
  await eu.add(new Date(Date.now() - hourMs), { instance: bob, signer: 'verifier', proven: false })
  const good = (await eu.keys()).find((key) => key.endsWith('manifest.json') && key.includes(ann))!
  const misplaced = `v1/${bob}/20200101t000000z-${ulid()}/`
  for (const name of ['manifest.json', 'manifest.sig'])
    await eu.put(misplaced + name, readFileSync(join(eu.root, 'objects', good.replace('manifest.json', name)), 'utf8'))
  const report = await eu.prune()
  const bobs = report.instances.find(({ instance }) => instance === bob)!
  assert.equal(bobs.unreadable.length, 3)
  assert.deepEqual(bobs.dropped, [])
  assert.equal((await eu.keys()).filter((key) => key.includes(bob)).length, 7)
})

test('a pruner that was killed while it deleted a set finishes that, and a set without its manifest is none', async () => {
  const eu = new Place()
  await eu.history(20)
  const doomed = only(await eu.prune({ dryRun: true })).dropped.map(({ set }) => set)
  let deletions = 0
  const whole = eu.pruner.delete.bind(eu.pruner)
  eu.pruner.delete = async (key) => {
    if (++deletions === 2) throw new OpsError('store_failed', 'the power went')
    await whole(key)
  }
  await assert.rejects(eu.prune(), { code: 'store_failed' })
  assert.ok(!(await eu.sets()).includes(doomed[0]!), 'its manifest went first')
  assert.ok((await eu.keys()).some((key) => key.includes(doomed[0]!)))
  eu.pruner.delete = whole
  const after = only(await eu.prune())
  assert.ok(!(await eu.keys()).some((key) => key.includes(doomed[0]!)))
  assert.equal(after.dropped.length, 1, 'the one that was begun counts among the two of the day')
})

test('a set that another one has parts in stays', async () => {
  const eu = new Place()
  const sets = await eu.history(20)
  const first = only(await eu.prune({ dryRun: true })).dropped[0]!.set
  await eu.add(new Date(Date.now() - 60_000), {
    parts: [
      {
        name: 'files-000.tar.esdk',
        kind: 'files',
        sha256: '0'.repeat(64),
        bytes: 4,
        plain_sha256: '0'.repeat(64),
        plain_bytes: 4,
        shared_from: first,
      },
    ],
  })
  const report = await eu.prune()
  assert.ok(only(report).refused.some(({ set, rule }) => set === first && rule === 'needed'))
  assert.ok((await eu.sets()).includes(first))
  assert.ok(sets.includes(first))
})

test('sets with times that cannot be believed are set aside for good, and neither ranked nor dropped', async () => {
  const eu = new Place()
  await eu.history(20)
  const ahead = await eu.add(new Date(Date.now() + 400 * dayMs))
  const report = await eu.prune()
  assert.deepEqual(
    only(report).quarantined.map(({ set }) => set.set),
    [ahead],
  )
  assert.ok((await eu.sets()).includes(ahead))
  assert.match(readFileSync(eu.state, 'utf8'), new RegExp(`"setAside":\\["${ahead}"\\]`))
})

test('the sets of an instance that has ended go, two a day, when its final set has had its time', async () => {
  const eu = new Place()
  await eu.history(20, {}, 41 * dayMs)
  await eu.add(new Date(Date.now() - 40 * dayMs), { class: 'final' })
  const before = (await eu.sets()).length
  const report = only(await eu.prune())
  assert.deepEqual([report.dropped.length, (await eu.sets()).length], [3, before - 3])
  assert.deepEqual(new Set(report.refused.map(({ rule }) => rule)), new Set(['two_a_day']))
})

test('a memory that was lost makes the pruner no bolder', async () => {
  const eu = new Place()
  await eu.history(30)
  await eu.prune()
  writeFileSync(eu.state, '{}')
  const report = only(await eu.prune())
  assert.ok(report.dropped.length <= 2)
})
