import assert from 'node:assert/strict'
import { createPublicKey, sign } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { makeWorld } from '../backup/fixtures/world.ts'
import { folderOf, manifestOf } from '../backup/fixtures/opened.ts'
import { showBackup } from '../backup/catalogue.ts'
import { setPrefix } from '../backup/manifest.ts'
import { runBackup } from '../backup/set.ts'
import { signLine } from '../evidence/record.ts'
import { openOrCreateHome } from '../home.ts'
import { readKey } from '../keys/key-file.ts'
import { keyIdOf, publicPem, signingKey } from '../keys/signers.ts'
import { HostKeys } from '../keys.ts'
import { s3Ground, sftpGround } from '../stores/fixtures/grounds.ts'
import { startThrowawayCluster, type Throwaway } from '../throwaway.ts'
import { noteRemovals, pruneAway, prunerOrder, type PrunerOrder } from './away.ts'
import { ann, bob, dayMs, hourMs, Place } from './fixtures/place.ts'

const folders: string[] = []
const folder = (): string => {
  folders.push(mkdtempSync(join(tmpdir(), 'erp4-pruner-')))
  chmodSync(folders.at(-1)!, 0o711) // closed by mkdtemp, to the OS user of PostgreSQL too
  return folders.at(-1)!
}
let world: Throwaway
before(async () => (world = await startThrowawayCluster({ own: true })))
after(async () => {
  await world.stop()
  folders.forEach((one) => rmSync(one, { recursive: true }))
})
const none = () => ({ privateKey: '' }) // a directory asks for none

/** A pruner's folder at a place, as the operator sets it up. */
function pruner(eu: Place, change: Partial<PrunerOrder> = {}): string {
  const dir = folder()
  const { location } = eu.pruner
  const trusted = Object.fromEntries(
    [eu.host.keys.signer('host'), eu.host.keys.signer('verifier')].map(({ keyId }) => [
      keyId,
      eu.host.keys.trustedKey(keyId)!.export({ type: 'spki', format: 'pem' }) as string,
    ]),
  )
  const order: PrunerOrder = {
    v: 1,
    host: 'h',
    made: new Date().toISOString(),
    location: { ...location, store: { kind: 'directory', path: eu.root } },
    trusted,
    holds: [],
    keepUntil: {},
    ...change,
  }
  writeFileSync(join(dir, 'pruner.json'), JSON.stringify(order))
  return dir
}
const order = (dir: string): PrunerOrder => JSON.parse(readFileSync(join(dir, 'pruner.json'), 'utf8')) as PrunerOrder
const give = (dir: string, change: Partial<PrunerOrder>): void =>
  writeFileSync(join(dir, 'pruner.json'), JSON.stringify({ ...order(dir), ...change }))

test('a pruner away from its host prunes by what lies there alone, and leaves a signed line of what went', async () => {
  const eu = new Place()
  await eu.history(20)
  const dir = pruner(eu)
  const dry = await pruneAway(dir, none, { dryRun: true })
  assert.equal(dry.instances[0]!.dropped.length, 2)
  assert.ok(!existsSync(join(dir, 'removals.jsonl')))
  const { instances, fingerprint } = await pruneAway(dir, none)
  assert.match(fingerprint, /^SHA256:[A-Za-z0-9+/]{43}$/)
  assert.equal((await eu.sets()).length, 18)
  const lines = readFileSync(join(dir, 'removals.jsonl'), 'utf8').trimEnd().split('\n')
  const payload = JSON.parse(Buffer.from((JSON.parse(lines[0]!) as { payload: string }).payload, 'base64').toString()) as {
    dropped: object[]
  }
  assert.deepEqual([lines.length, payload.dropped], [1, instances[0]!.dropped.map(({ set }) => ({ instance: ann, set }))])
  assert.equal((await pruneAway(dir, none)).instances[0]!.dropped.length, 0, 'it remembers: two a day')
})

for (const { kind, make } of [sftpGround, s3Ground])
  test(`a pruner at a location over ${kind} drops what may go with its own credentials alone, and what went lies in the trash`, async (t) => {
    const ground = await make()
    t.after(() => ground.stop())
    const eu = new Place({ writer: await ground.open('write'), pruner: await ground.open('prune') })
    t.after(() => Promise.all([eu.writer.close(), eu.pruner.close()]))
    const soon = new Date(Date.now() + dayMs / 2)
    const sets = await eu.history(15)
    const locked = await eu.add(new Date(Date.now() - 60_000), { lockedUntil: soon })
    const dir = pruner(eu, { location: ground.location })
    const before = await eu.keys()
    for (const role of ['read', 'write'] as const) {
      await assert.rejects(
        pruneAway(dir, () => ground.credentials(role)!),
        { code: /^(refused|store_failed|missing_right)$/ },
      )
      assert.deepEqual(await eu.keys(), before, `the credentials to ${role} let nothing go`)
    }
    rmSync(join(dir, 'state.json'), { force: true })

    const [one] = (await pruneAway(dir, () => ground.credentials('prune')!)).instances
    assert.equal(one!.dropped.length, 2)
    assert.deepEqual(
      await eu.sets(),
      [...sets, locked].filter((set) => !one!.dropped.some((gone) => gone.set === set)),
    )
    const gone = before.filter((key) => one!.dropped.some(({ set }) => key.includes(set)))
    assert.equal(gone.length, 8)
    for (const key of gone) assert.equal(await ground.inTrash(key), 1, key)
    const line = readFileSync(join(dir, 'removals.jsonl'), 'utf8')
    assert.equal(line.trimEnd().split('\n').length, 1)
    assert.ok((await eu.pruner.head(before.find((key) => key.includes(locked))!))!.retainUntil! > soon, 'what stays is locked for longer')
    await assert.rejects(eu.pruner.delete(before.find((key) => key.includes(locked))!), { code: 'retained' })
    assert.deepEqual((await pruneAway(dir, () => ground.credentials('prune')!)).instances[0]!.dropped, [], 'two a day')
  })

test('a host that was taken over can ask the pruner for more to stay, and for nothing to go', async () => {
  const eu = new Place()
  await eu.history(20)
  const dir = pruner(eu, { holds: [ann] })
  assert.deepEqual((await pruneAway(dir, none)).instances[0]!.dropped, [])
  const stranger = HostKeys.open(openOrCreateHome(join(folder(), 'home')).home)
  const { keyId } = stranger.signer('verifier')
  const pem = stranger.trustedKey(keyId)!.export({ type: 'spki', format: 'pem' }) as string
  give(dir, { holds: [], trusted: { ...order(dir).trusted, [keyId]: pem } })
  await assert.rejects(pruneAway(dir, none), { code: 'refused', message: new RegExp(keyId) })
  assert.equal((await eu.sets()).length, 20)
  for (const junk of ['', '{}', 'null', '{"v":1,"trusted":{},"holds":[],"keepUntil":{},"location":{"name":"../x"}}']) {
    writeFileSync(join(dir, 'pruner.json'), junk)
    await assert.rejects(pruneAway(dir, none), { code: 'refused' })
  }
  assert.equal((await eu.sets()).length, 20)
})

test('what killed writers left goes after a week, two folders a run; nothing younger, needed, locked, or beside what cannot be read', async () => {
  const eu = new Place()
  await eu.history(3)
  const left = (set: string): string => setPrefix({ instance: ann, taken: '2026-01-01T00:00:00.000Z', set })
  const ids = ['A', 'B', 'C', 'D', 'E'].map((letter) => `01K6Z3V5Q8N4T2R7XW9YB0CDE${letter}`)
  const [old, older, oldest, young, locked] = ids.map(left) as [string, string, string, string, string]
  for (const prefix of [old, older, oldest, young]) await eu.put(`${prefix}db-000.esdk`, 'half')
  await eu.put(`${locked}db-000.esdk`, 'half', new Date(Date.now() + dayMs))
  const age = (prefix: string, days: number) =>
    utimesSync(join(eu.root, 'objects', `${prefix}db-000.esdk`), new Date(), new Date(Date.now() - days * dayMs))
  for (const prefix of [old, older, oldest, locked]) age(prefix, 8)
  age(young, 6)
  const bad = setPrefix({ instance: ann, taken: new Date(Date.now() - hourMs).toISOString(), set: '01K6Z3V5Q8N4T2R7XW9YB0CDEF' })
  for (const name of ['manifest.json', 'manifest.sig']) await eu.put(`${bad}${name}`, '{}')
  assert.deepEqual((await eu.prune()).instances[0]!.swept, [], 'nobody knows what the other one needs')
  for (const name of ['manifest.json', 'manifest.sig']) await eu.pruner.setAside(`${bad}${name}`)
  const there = async () => {
    const keys = await eu.keys()
    return [old, older, oldest, young, locked].map((prefix) => keys.some((key) => key.startsWith(prefix)))
  }
  assert.deepEqual((await eu.prune({ dryRun: true })).instances[0]!.swept.length, 2)
  assert.deepEqual(await there(), [true, true, true, true, true])
  await eu.prune()
  assert.deepEqual(await there(), [false, false, true, true, true])
  await eu.prune()
  assert.deepEqual(await there(), [false, false, false, true, true], 'the store keeps what it promised, and the young one stays')
  await eu.add(new Date(), { instance: bob })
  const [, other] = (await eu.prune()).instances
  assert.deepEqual([other!.instance, other!.swept], [bob, []])
})

/** A published set of a real host that is gone from `eu-1`, and the register by which its pruner says so. */
async function removed(name: string, { isGone = true, class: kind = 'manual' as const } = {}) {
  await makeWorld(world.host, name)
  const { id } = await runBackup(world.host, name, { class: kind })
  const manifest = await manifestOf(world.host, id)
  if (isGone) rmSync(folderOf(world.host, manifest), { recursive: true })
  return { id, instance: manifest.instance }
}
const stateOf = async (set: string) => (await showBackup(world.host, set)).copies.find(({ location }) => location === 'eu-1')!.state

test('the catalogue believes a register that its pruner signed, of what is gone and need not be there, and nothing else', async () => {
  // A pruner whose register names what the test says.
  const eu = new Place()
  await eu.history(20)
  const dir = pruner(eu)
  const { fingerprint } = await pruneAway(dir, none)
  const host = world.host
  const may = await removed('gone-by-right')
  const still = await removed('still-there', { isGone: false })
  const must = await removed('had-to-stay')
  await host.db.query(`update backup_set set taken = taken - interval '31 days' where id = $1`, [may.id])
  await host.db.query(`update backup_set set proven = now() where id = any($1)`, [[may.id, must.id]])
  const own = signingKey(readKey(join(dir, 'pruner.key')))
  const pem = publicPem(createPublicKey(own))
  const line = (dropped: object[], change: object = {}, by = own) =>
    signLine(
      { v: 1, kind: 'erp4 removals', location: 'eu-1', at: new Date().toISOString(), signer: pem, dropped, ...change },
      { keyId: keyIdOf('host', createPublicKey(by)), sign: (bytes) => sign(null, bytes, by) },
    )
  const all = [may, still, must].map(({ id, instance }) => ({ set: id, instance }))

  await assert.rejects(noteRemovals(host, 'eu-1', line(all), undefined), { code: 'refused', message: /--trust/ })
  const other = signingKey(Buffer.alloc(32, 7))
  const forged = [
    line(all, { signer: publicPem(createPublicKey(other)) }, other),
    line(all, {}, other),
    line(all, { location: 'us-1' }),
    'junk',
    '{}',
  ]
  const refused = await noteRemovals(host, 'eu-1', forged.join('\n'), fingerprint)
  assert.deepEqual([refused.noted, refused.problems.length], [[], forged.length])
  for (const { id } of [may, still, must]) assert.equal(await stateOf(id), 'verified')
  await assert.rejects(noteRemovals(host, 'eu-1', '', 'SHA256:another'), { code: 'refused' })

  const { noted, problems } = await noteRemovals(
    host,
    'eu-1',
    `${line(all)}\n${line([{ set: '01K6Z3V5Q8N4T2R7XW9YB0CDEF', instance: bob }])}\n`,
    undefined,
  )
  assert.deepEqual(noted, [may.id])
  assert.equal(problems.length, 2)
  assert.deepEqual([await stateOf(may.id), await stateOf(still.id), await stateOf(must.id)], ['pruned', 'verified', 'missing'])
  assert.deepEqual((await noteRemovals(host, 'eu-1', line([{ set: may.id, instance: may.instance }]), undefined)).noted, [], 'once')
})

test('the order for a pruner says what is held, and holds no secret', async () => {
  const { id } = await removed('held', { isGone: false })
  await world.host.db.query('update backup_set set hold = true where id = $1', [id])
  const made = await prunerOrder(world.host, 'eu-1')
  assert.ok(made.holds.includes(id))
  assert.doesNotMatch(JSON.stringify(made), /PRIVATE|secret/i)
  await assert.rejects(prunerOrder(world.host, 'nowhere'), { code: 'not_found' })
})
