import assert from 'node:assert/strict'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { keyObject, type Manifest } from '../backup/manifest.ts'
import { signManifest } from '../backup/signed-manifest.ts'
import { record } from '../evidence/chain.ts'
import type { Host } from '../host.ts'
import { instanceKeyContext, publishKeyObjects, readKeyObject } from '../keys/objects.ts'
import { certificateKey, storedInstances } from '../retention/stored-sets.ts'
import { seal } from '../sealing.ts'
import { startThrowawayCluster, type Throwaway } from '../throwaway.ts'
import { ulid } from '../ulid.ts'
import { faulty, lie, never } from './fixtures/faulty.ts'
import { readRegister } from './locations.ts'
import { objectsOf, type SetObject } from './objects.ts'
import { openStores } from './open.ts'
import { replicate, type SetFile } from './replicate.ts'
import { repair, scrub } from './scrub.ts'
import type { StoreWriter } from './store.ts'

let world: Throwaway
let host: Host
let stores: StoreWriter[]
before(async () => {
  world = await startThrowawayCluster({ own: true }) // stores are taken away here
  host = world.host
  readRegister(host.home)
  stores = await openStores(host.home, 'write')
})
after(() => world.stop())
beforeEach(() => host.db.query('delete from backup_set'))

interface MadeSet {
  set: string
  instance: string
  files: SetFile[]
}

let seq = 0

/** A set with three parts, spooled, and known to the registry as published. */
async function makeSet(instance: string = randomUUID()): Promise<MadeSet> {
  const set = ulid()
  const spool = join(host.home.dir, 'spool', set)
  mkdirSync(spool, { recursive: true })
  const part = (name: string, kind: 'database' | 'files' | 'facts', bytes: number) => {
    const content = randomBytes(bytes)
    writeFileSync(join(spool, name), content)
    const sha256 = createHash('sha256').update(content).digest('hex')
    return { name, kind, sha256, bytes, plain_sha256: sha256, plain_bytes: bytes, shared_from: null }
  }
  const manifest: Manifest = {
    v: 1,
    set,
    instance,
    class: 'manual',
    host: 'host-1',
    taken: new Date().toISOString(),
    labels: { day: '2026-01-31', iso_week: '2026-W05', month: '2026-01', zone: 'UTC' },
    seq: ++seq,
    key_version: 1,
    postgres: '15',
    release: 'test',
    parts: [part('db-000.esdk', 'database', 3_000_000), part('files-000.tar.esdk', 'files', 100_000), part('facts-000.esdk', 'facts', 999)],
  }
  const signed = signManifest(manifest, host.keys.signer('host'))
  writeFileSync(join(spool, 'manifest.json'), signed.text)
  writeFileSync(join(spool, 'manifest.sig'), signed.signature)
  await host.db.query(
    `insert into backup_set (id, instance, class, state, seq, taken, manifest, signature) values ($1, $2, 'manual', 'published', $3, $4, $5, $6)`,
    [set, instance, manifest.seq, manifest.taken, signed.text, signed.signature],
  )
  return { set, instance, files: objectsOf(manifest, signed).map((object) => ({ ...object, path: join(spool, basename(object.key)) })) }
}

const statesOf = async (set: string): Promise<Record<string, string>> => {
  const { rows } = await host.db.query<{ location: string; state: string }>('select location, state from backup_copy where set = $1', [set])
  return Object.fromEntries(rows.map(({ location, state }) => [location, state]))
}
const checkedAt = async (set: string, location: string): Promise<Date | null> =>
  (await host.db.query('select checked from backup_copy where set = $1 and location = $2', [set, location])).rows[0].checked
const allVerified = { 'eu-1': 'verified', 'us-1': 'verified', 'ap-1': 'verified' }
const rootOf = (location: string): string => join(host.home.dir, 'stores', location)
const pathOf = (location: string, { key }: SetObject): string => join(rootOf(location), 'objects', key)
const swap = (location: string, store: StoreWriter): StoreWriter[] => stores.map((one) => (one.location.name === location ? store : one))
const storeAt = (location: string): StoreWriter => stores.find((one) => one.location.name === location)!
const unlimited = { bytesBudget: Infinity }

/** What a disk does: the content changes, and nothing tells. */
function flip(path: string): void {
  chmodSync(path, 0o600)
  const content = readFileSync(path)
  content[content.length >> 1]! ^= 1
  writeFileSync(path, content)
  chmodSync(path, 0o400)
}

test('a set comes to every location, whole, and is read back', async () => {
  const made = await makeSet()
  const outcomes = await replicate(host, { ...made })
  assert.deepEqual(
    outcomes,
    ['eu-1', 'us-1', 'ap-1'].map((location) => ({ location, state: 'verified' })),
  )
  for (const location of ['eu-1', 'us-1', 'ap-1'])
    for (const file of made.files) assert.deepEqual(readFileSync(pathOf(location, file)), readFileSync(file.path))
  assert.deepEqual(await statesOf(made.set), allVerified)
  assert.ok(await checkedAt(made.set, 'us-1'))
  // Again, as after a crash: nothing is stored anew.
  assert.deepEqual(await replicate(host, { ...made }), outcomes)
})

test('a manifest is in a store after everything that it names', async () => {
  const made = await makeSet()
  const order: string[] = []
  const watching = faulty(storeAt('eu-1'), {
    putIfAbsent: (key, content, put) => {
      order.push(basename(key))
      return storeAt('eu-1').putIfAbsent(key, content, put)
    },
  })
  await replicate(host, { ...made, files: made.files.toReversed(), stores: [watching] })
  assert.equal(order.length, 5)
  assert.equal(order.at(-1), 'manifest.json')
})

for (const [what, fault, state, says] of [
  ['is dead', { putIfAbsent: () => Promise.reject(new Error('connect ECONNREFUSED')) }, 'storing', /eu-1.*ECONNREFUSED/],
  ['never answers', { putIfAbsent: never }, 'storing', /eu-1.*not ready/],
  ['never answers when it is read', { get: never }, 'stored', /eu-1.*not ready/],
  ['is full', { putIfAbsent: () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' })) }, 'storing', /eu-1 is full/],
  [
    'gives back other bytes than it took',
    { get: async (key: string) => lie(await storeAt('eu-1').get(key)) },
    'damaged',
    /eu-1 gives back/,
  ],
] as const) {
  test(`a store that ${what} holds up none of the others, and its copy is noted with the reason`, async () => {
    const made = await makeSet()
    const heard: string[] = []
    const outcomes = await replicate(host, {
      ...made,
      stores: swap('eu-1', faulty(storeAt('eu-1'), fault)),
      deadlineMs: 3000,
      tell: ({ location }) => void heard.push(location),
    })
    assert.deepEqual(await statesOf(made.set), { ...allVerified, 'eu-1': state })
    const outcome = outcomes.find(({ location }) => location === 'eu-1')!
    assert.ok('error' in outcome)
    assert.match(outcome.error, says)
    assert.equal(heard.length, 3)
    if (what.includes('never')) assert.equal(heard.at(-1), 'eu-1')
  })
}

test('a location that was dead is brought up to date later, from the copy of another', async () => {
  const made = await makeSet()
  renameSync(rootOf('us-1'), `${rootOf('us-1')}.away`)
  await replicate(host, { ...made })
  assert.deepEqual(await statesOf(made.set), { ...allVerified, 'us-1': 'storing' })
  const early = await repair(host)
  assert.equal(early.troubles.length, 1)
  assert.deepEqual(await statesOf(made.set), { ...allVerified, 'us-1': 'storing' })
  renameSync(`${rootOf('us-1')}.away`, rootOf('us-1'))
  rmSync(join(host.home.dir, 'spool', made.set), { recursive: true })
  const { troubles, healed } = await repair(host)
  assert.deepEqual(troubles, [])
  assert.deepEqual(
    healed.map(({ location }) => location),
    ['us-1'],
  )
  assert.deepEqual(await statesOf(made.set), allVerified)
  for (const file of made.files) assert.deepEqual(readFileSync(pathOf('us-1', file)), readFileSync(pathOf('eu-1', file)))
  assert.deepEqual(await repair(host), { sets: 0, bytes: 0, healed: [], troubles: [] })
})

test('a repair that was interrupted goes on with what is missing', async () => {
  const made = await makeSet()
  await replicate(host, { ...made, stores: stores.filter(({ location }) => location.name !== 'ap-1') })
  const first = made.files[0]!
  mkdirSync(join(pathOf('ap-1', first), '..'), { recursive: true, mode: 0o700 })
  writeFileSync(pathOf('ap-1', first), readFileSync(first.path), { mode: 0o400 })
  const { healed } = await repair(host, { location: 'ap-1' })
  assert.equal(healed.length, 1)
  assert.ok(!healed[0]!.says.includes(basename(first.key)))
  assert.deepEqual(await statesOf(made.set), allVerified)
})

test('a repair passes no damage on: a source that lies is passed over', async () => {
  const made = await makeSet()
  await replicate(host, { ...made, stores: stores.filter(({ location }) => location.name !== 'ap-1') })
  flip(pathOf('eu-1', made.files[0]!))
  await repair(host, { location: 'ap-1' })
  assert.equal((await statesOf(made.set))['ap-1'], 'verified')
  assert.deepEqual(readFileSync(pathOf('ap-1', made.files[0]!)), readFileSync(made.files[0]!.path))
})

test('a repaired location gets the proof of the set, too: without it its pruner would take the set for one that never passed', async () => {
  const made = await makeSet()
  await replicate(host, made)
  const { record: certificate, line } = record(host, {
    check: 'backup.restore_test',
    subject: { type: 'instance', id: made.instance },
    started: new Date(),
    result: 'pass',
    evidence: [{ name: 'manifest', sha256: made.files.at(-1)!.sha256, where: 'eu-1' }],
  })
  await host.db.query('update backup_set set proven = now(), certificate = $2 where id = $1', [made.set, line])
  rmSync(join(rootOf('us-1'), 'objects', 'v1', made.instance), { recursive: true })
  await host.db.query(`update backup_copy set state = 'missing' where set = $1 and location = 'us-1'`, [made.set])
  assert.deepEqual((await repair(host)).troubles, [])
  const key = certificateKey(dirname(made.files[0]!.key) + '/', certificate.id)
  assert.equal(readFileSync(join(rootOf('us-1'), 'objects', key), 'utf8').trimEnd(), line)
  const found = await Array.fromAsync(storedInstances(stores[1]!, (id) => host.keys.trustedKey(id)))
  assert.deepEqual(
    found.flatMap(({ sets }) => sets.filter(({ set }) => set === made.set).map(({ proven }) => proven)),
    [true],
  )
  // One that was written where it lay before is written once.
  await scrub(host, { location: 'us-1', ...unlimited })
  assert.equal(readdirSync(dirname(join(rootOf('us-1'), 'objects', key))).filter((name) => name.startsWith('certificate-')).length, 1)
})

test('a scrub finds a flipped bit, heals it from another location and keeps the damaged object', async () => {
  const made = await makeSet()
  const part = made.files[0]!
  await replicate(host, { ...made, retainUntil: new Date(Date.now() + 3_600_000) })
  flip(pathOf('eu-1', part))
  const report = await scrub(host, { location: 'eu-1', ...unlimited })
  assert.deepEqual(report.troubles, [])
  assert.deepEqual(report.healed, [{ set: made.set, location: 'eu-1', says: 'db-000.esdk is damaged' }])
  assert.deepEqual(readFileSync(pathOf('eu-1', part)), readFileSync(part.path))
  assert.deepEqual(await statesOf(made.set), allVerified)
  const kept = readdirSync(join(rootOf('eu-1'), 'trash'), { recursive: true })
    .map(String)
    .find((path) => path.endsWith(part.key))!
  assert.notDeepEqual(readFileSync(join(rootOf('eu-1'), 'trash', kept)), readFileSync(part.path))
  assert.deepEqual((await scrub(host, { location: 'eu-1', ...unlimited })).healed, [])
})

test('a scrub finds what is missing, and puts it back', async () => {
  const made = await makeSet()
  await replicate(host, { ...made })
  for (const file of made.files) rmSync(pathOf('ap-1', file))
  const report = await scrub(host, { location: 'ap-1', ...unlimited })
  assert.equal(report.healed.length, 1)
  for (const file of made.files) assert.ok(existsSync(pathOf('ap-1', file)))
  assert.deepEqual(await statesOf(made.set), allVerified)
})

test('what is damaged everywhere stays where it is, and is told', async () => {
  const made = await makeSet()
  const part = made.files[0]!
  await replicate(host, { ...made })
  for (const location of ['eu-1', 'us-1', 'ap-1']) flip(pathOf(location, part))
  const before = readFileSync(pathOf('us-1', part))
  const report = await scrub(host, { location: 'us-1', ...unlimited })
  assert.deepEqual(report.healed, [])
  assert.match(report.troubles[0]!.says, /no other location has a good one/)
  assert.deepEqual(await statesOf(made.set), { ...allVerified, 'us-1': 'damaged' })
  assert.deepEqual(readFileSync(pathOf('us-1', part)), before)
})

test('a location that is away is a trouble, and its copies are not taken for lost', async () => {
  const made = await makeSet()
  await replicate(host, { ...made })
  renameSync(rootOf('us-1'), `${rootOf('us-1')}.away`)
  const report = await scrub(host, { location: 'us-1', ...unlimited })
  renameSync(`${rootOf('us-1')}.away`, rootOf('us-1'))
  assert.match(report.troubles[0]!.says, /us-1/)
  assert.deepEqual(await statesOf(made.set), allVerified)
})

test('scrubs take turns: the budget of bytes ends one, and the next begins with what was not read for longest', async () => {
  const sets = [await makeSet(), await makeSet(), await makeSet()]
  for (const made of sets) await replicate(host, { ...made })
  const before = await Promise.all(sets.map(({ set }) => checkedAt(set, 'eu-1')))
  assert.equal((await scrub(host, { location: 'eu-1', bytesBudget: 1 })).sets, 1)
  assert.equal((await scrub(host, { location: 'eu-1', bytesBudget: 1 })).sets, 1)
  const now = await Promise.all(sets.map(({ set }) => checkedAt(set, 'eu-1')))
  assert.deepEqual(
    sets.map((_, i) => now[i]!.getTime() > before[i]!.getTime()),
    [true, true, false],
  )
})

test('a manifest that was changed in the registry is not believed, and nothing is mended by it', async () => {
  const made = await makeSet()
  await replicate(host, { ...made })
  await host.db.query(`update backup_set set manifest = replace(manifest, '"bytes": 999', '"bytes": 998') where id = $1`, [made.set])
  const report = await scrub(host, { location: 'eu-1', ...unlimited })
  assert.match(report.troubles[0]!.says, /signature does not hold/)
  assert.deepEqual(report.healed, [])
  for (const file of made.files) assert.deepEqual(readFileSync(pathOf('eu-1', file)), readFileSync(file.path))
})

for (const [what, content] of [
  ['junk', () => Buffer.from('junk')],
  ['far too long', () => Buffer.alloc(5_000, 1)],
  ["another instance's", () => seal(host.keys.root, instanceKeyContext(randomUUID(), 1), randomBytes(32))],
  ['under another root key', (uuid: string) => seal(randomBytes(32), instanceKeyContext(uuid, 1), randomBytes(32))],
  ['gone', () => undefined],
] as [string, (uuid: string) => Buffer | undefined][])
  test(`a scrub puts the key of a set back where what lies there is ${what}: without it the set is noise`, async () => {
    const made = await makeSet()
    await replicate(host, { ...made })
    host.keys.createInstanceKey(made.instance)
    for (const { error } of await publishKeyObjects(host.home, made.instance, await openStores(host.home, 'write')))
      assert.equal(error, undefined)
    const path = join(rootOf('eu-1'), 'objects', keyObject(made.instance, 1))
    const bad = content(made.instance)
    rmSync(path)
    if (bad) writeFileSync(path, bad)
    const { healed, troubles } = await scrub(host, { location: 'eu-1', ...unlimited })
    assert.deepEqual(troubles, [])
    assert.deepEqual(healed, [{ set: made.set, location: 'eu-1', says: `1.sealed is ${bad ? 'damaged' : 'missing'}` }])
    const [reader] = await openStores(host.home, 'read')
    assert.ok(await readKeyObject([reader!], host.keys.root, made.instance, 1))
    assert.deepEqual((await scrub(host, { location: 'eu-1', ...unlimited })).healed, [])
  })
