import assert from 'node:assert/strict'
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { asOwner, makeWorld, putFile } from '../backup/fixtures/world.ts'
import { setPrefix, type Manifest } from '../backup/manifest.ts'
import { runBackup } from '../backup/set.ts'
import { openRecord } from '../evidence/record.ts'
import type { Instance } from '../instances.ts'
import { withSet } from '../restore/fetch.ts'
import { withScratch, type Scratch } from '../restore/scratch.ts'
import { unpackFiles } from '../restore/stored-files.ts'
import { directoryOf, readRegister } from '../stores/locations.ts'
import { openStore } from '../stores/open.ts'
import { startThrowawayCluster, type Throwaway } from '../throwaway.ts'
import { proveOldest, proveSet, type Proof, type ProveOptions } from './prove.ts'

let world: Throwaway
let bakery: Instance
let azure: Instance
let one: string
let other: string
let scratch: Scratch
let letScratchGo: () => void
let scratchGone: Promise<void>

before(async () => {
  world = await startThrowawayCluster({ own: true })
  bakery = await makeWorld(world.host, 'bakery')
  azure = await makeWorld(world.host, 'azure')
  for (const instance of [bakery, azure])
    await asOwner(world.host, instance, async (db) => {
      for (const content of [Buffer.from('a recipe'), Buffer.alloc(0), Buffer.alloc(2.5 * 2 ** 20, 'x')])
        await putFile(world.host, instance, 'file', content, db)
    })
  one = (await runBackup(world.host, 'bakery')).id
  other = (await runBackup(world.host, 'azure')).id
  const ready = Promise.withResolvers<void>()
  scratchGone = withScratch(world.host.home, async (made) => {
    scratch = made
    ready.resolve()
    await new Promise<void>((resolve) => (letScratchGo = resolve))
  })
  await ready.promise
})
after(async () => {
  letScratchGo()
  await scratchGone
  await world.stop()
})

const prove = (set: string, options: ProveOptions = {}): Promise<Proof> => proveSet(world.host, set, { scratch, ...options })
const at = (day: number) => new Date(Date.UTC(2026, 0, 1 + day, 3))

async function manifestOf(set: string): Promise<Manifest> {
  const { rows } = await world.host.db.query<{ manifest: string }>('select manifest from backup_set where id = $1', [set])
  return JSON.parse(rows[0]!.manifest) as Manifest
}

/** Every file named `name` below the store of a location that belongs to the set. */
async function fileOf(location: string, set: string, name: string): Promise<string> {
  const { store } = readRegister(world.host.home).locations.find((entry) => entry.name === location)!
  assert.ok(store.kind === 'directory')
  const root = directoryOf(world.host.home, store)
  const found = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.includes(set) && path.endsWith(name))
  assert.equal(found.length, 1, `${name} of ${set} in ${root}: ${found.join(' ')}`)
  return join(root, found[0]!)
}

async function certificates(set: string): Promise<{ proven: Date | null; certificate: string | null; proven_from: string | null }> {
  return (await world.host.db.query('select proven, certificate, proven_from from backup_set where id = $1', [set])).rows[0]
}

test('while a set is open nothing of it lies on the disk in plain but the names of its parts and its encrypted files', async () => {
  const store = await openStore(world.host.home, readRegister(world.host.home).locations[0]!, 'read')
  const opened = withSet(world.host, one, store, async (fetched) => {
    assert.deepEqual([fetched.facts.instance.hosts, fetched.facts.files.length], [['bakery.localhost'], 3])
    await unpackFiles(fetched, join(fetched.folder, 'files'))
    const lying = readdirSync(fetched.folder, { recursive: true, encoding: 'utf8' }).map((name) => join(fetched.folder, name))
    assert.ok(lying.some((path) => path.endsWith('facts-000.esdk')))
    const content = lying.filter((path) => statSync(path).isFile()).map((path) => [path, readFileSync(path, 'latin1')] as const)
    assert.ok(content.length >= 6)
    return content.filter(([, bytes]) => ['bakery', 'partner', 'a recipe', 'xxxxxxxx'].some((marker) => bytes.includes(marker)))
  })
  try {
    assert.deepEqual(
      (await opened).map(([path]) => path),
      [],
    )
  } finally {
    await store.close()
  }
})

test('a set that restores gets a certificate by the verifier, from another location each day, kept beside it in every store', async () => {
  const places: string[] = []
  for (const day of [0, 1, 2]) {
    const proof = await prove(one, { now: at(day) })
    assert.deepEqual([proof.result, proof.reason], ['pass', ''])
    assert.deepEqual(proof.files, { present: 3, opened: 3 })
    assert.deepEqual(
      proof.comparisons.map(({ name, isSame }) => [name, isSame]),
      ['tables', 'rows', 'hashes', 'sequences', 'catalogue', 'audit'].map((name) => [name, true]),
    )
    assert.ok(proof.seconds > 0 && proof.bytes > 0)
    places.push(proof.location)
  }
  assert.deepEqual([...places].sort(), ['ap-1', 'eu-1', 'us-1'])
  const { certificate, proven, proven_from } = await certificates(one)
  assert.ok(proven)
  assert.equal(proven_from, places.at(-1))
  const record = openRecord(certificate!, 'verifier', (id) => world.host.keys.trustedKey(id))
  assert.deepEqual([record.check, record.result, record.subject.id], ['backup.restore_test', 'pass', bakery.uuid])
  assert.equal(record.evidence[0]!.where, `${places.at(-1)}:${setPrefix(await manifestOf(one))}manifest.json`)
  assert.throws(() => openRecord(certificate!, 'host', (id) => world.host.keys.trustedKey(id)), { code: 'set_damaged' })
  for (const location of ['ap-1', 'eu-1', 'us-1']) {
    const manifest = await fileOf(location, one, 'manifest.json')
    const names = readdirSync(join(manifest, '..')).filter((name) => name.startsWith('certificate-'))
    assert.equal(names.length, 3)
    assert.ok(names.some((name) => readFileSync(join(manifest, '..', name), 'utf8') === `${certificate}\n`))
  }
})

const spoil: Record<string, (path: string) => Promise<void> | void> = {
  'a truncated database': (path) => truncateSync(path, readFileSync(path).length - 100),
  'a bit turned in the database': (path) => flip(path),
  'a database of no bytes': (path) => truncateSync(path, 0),
  'a missing database': (path) => rmSync(path),
  "another instance's database": async (path) => cpSync(await fileOf('eu-1', other, 'db-000.esdk'), path),
}

function flip(path: string): void {
  const bytes = readFileSync(path)
  bytes[bytes.length >> 1]! ^= 1
  rmSync(path)
  writeFileSync(path, bytes)
}

for (const [what, harm] of Object.entries(spoil))
  test(`${what} fails by name, is known as damaged, and gets no certificate`, async () => {
    const before = await certificates(one)
    const path = await fileOf('eu-1', one, 'db-000.esdk')
    cpSync(path, `${path}.kept`)
    try {
      await harm(path)
      const proof = await prove(one, { from: 'eu-1' })
      assert.equal(proof.result, 'fail')
      assert.match(
        proof.reason,
        /db-000\.esdk in eu-1 is damaged: it (has \d+ of \d+ bytes|has more than|is missing)|its bytes are not those/,
      )
      assert.equal(proof.certificate, null)
      assert.deepEqual(await certificates(one), before)
      const { rows } = await world.host.db.query(`select state, error from backup_copy where set = $1 and location = 'eu-1'`, [one])
      assert.equal(rows[0].state, 'damaged')
      assert.equal(rows[0].error, proof.reason)
    } finally {
      rmSync(path, { force: true })
      renameSync(`${path}.kept`, path)
    }
    assert.equal((await prove(one, { from: 'eu-1' })).result, 'pass')
    const { rows } = await world.host.db.query(`select state, error from backup_copy where set = $1 and location = 'eu-1'`, [one])
    assert.deepEqual(rows, [{ state: 'verified', error: null }], 'the good copy is believed again')
  })

test("a whole set of another instance in this one's place is told", async () => {
  const mine = join(await fileOf('eu-1', one, 'manifest.json'), '..')
  const theirs = join(await fileOf('eu-1', other, 'manifest.json'), '..')
  renameSync(mine, `${mine}.kept`)
  try {
    cpSync(theirs, mine, { recursive: true })
    const proof = await prove(one, { from: 'eu-1' })
    assert.deepEqual([proof.result, proof.certificate], ['fail', null])
    assert.match(
      proof.reason,
      new RegExp(`manifest\\.json in eu-1 is damaged: it is another one than this host knows, of the set ${other}`),
    )
  } finally {
    rmSync(mine, { recursive: true })
    renameSync(`${mine}.kept`, mine)
  }
})

test('a manifest that was altered is believed by nobody', async () => {
  const path = await fileOf('us-1', one, 'manifest.json')
  const text = readFileSync(path, 'utf8')
  rmSync(path)
  writeFileSync(path, text.replace('"seq": 1', '"seq": 2'))
  const proof = await prove(one, { from: 'us-1' })
  rmSync(path)
  writeFileSync(path, text)
  assert.equal(proof.result, 'fail')
  assert.match(proof.reason, /signature does not hold/)
})

test('a database that restores as something else fails by what differs', async () => {
  // The set is whole, but what its host says of the original is not what is in it: seen only by restoring.
  const shop = await makeWorld(world.host, 'shop')
  const { takeSnapshot } = await import('../backup/snapshot.ts')
  const snapshot = await takeSnapshot(world.host, shop)
  const { compareContent } = await import('../restore/compare.ts')
  const facts = { ...(await snapshot.measure()), v: 1 as const, files: [], generation: 1, instance: {} as never }
  await snapshot.close()
  const lie = structuredClone(facts)
  lie.tables['partner']!.rows = 51
  lie.tables['Order Line']!.hash = '1'
  delete lie.tables['odd']
  lie.sequences['partner_id_seq'] = '5000'
  lie.audit = { seq: 9, head: 'ff' }
  lie.catalogue = 'other'
  const told = compareContent(lie, facts).filter(({ isSame }) => !isSame)
  assert.deepEqual(
    told.map(({ says }) => says),
    [
      'odd is extra',
      'partner has 50 rows instead of 51',
      'Order Line has other content',
      'partner_id_seq is at 50, behind 5000',
      'the catalogue is another one',
      'the audit trail ends elsewhere',
    ],
  )
  assert.ok(compareContent(facts, facts).every(({ isSame }) => isSame))
})

test('a location that is away is no verdict: the next one is read', async () => {
  const { store } = readRegister(world.host.home).locations.find(({ name }) => name === 'ap-1')!
  assert.ok(store.kind === 'directory')
  const root = directoryOf(world.host.home, store)
  renameSync(root, `${root}.away`)
  try {
    const before = await certificates(one)
    const alone = await prove(one, { from: 'ap-1' })
    assert.deepEqual([alone.result, alone.certificate], ['error', null])
    assert.deepEqual(await certificates(one), before)
    const days = [0, 1, 2].map((day) => prove(one, { now: at(day) }))
    const proofs = [await days[0]!, await days[1]!, await days[2]!]
    assert.ok(proofs.every(({ result, location }) => result === 'pass' && location !== 'ap-1'))
  } finally {
    renameSync(`${root}.away`, root)
  }
})

test('without its key a set cannot be judged', async () => {
  const folder = join(world.host.home.keys, 'host', azure.uuid)
  renameSync(folder, `${folder}.away`)
  try {
    const proof = await prove(other)
    assert.deepEqual([proof.result, proof.certificate], ['error', null])
  } finally {
    renameSync(`${folder}.away`, folder)
  }
})

test('the oldest certificate is renewed first, sets without one before all, within a budget', async () => {
  const third = (await runBackup(world.host, 'azure')).id
  const proved = async (bytes: number) => (await proveOldest(world.host, { scratch, bytes })).map(({ set }) => set)
  assert.deepEqual(await proved(1), [third], 'one at least; the newest of those without a certificate')
  assert.deepEqual(await proved(1), [other])
  assert.deepEqual(await proved(1e12), [one, third, other])
})

test('nothing of a proof stays behind', () => {
  assert.deepEqual(readdirSync(join(world.host.home.dir, 'restoring')), [])
  assert.ok(existsSync(scratch.host.home.dir))
})
