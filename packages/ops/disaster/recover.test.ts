import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { asOwner, makeWorld, putFile } from '../backup/fixtures/world.ts'
import { listBackups } from '../backup/catalogue.ts'
import { setPrefix } from '../backup/manifest.ts'
import { runBackup } from '../backup/set.ts'
import type { Host } from '../host.ts'
import { connectAs, findInstance, listInstances, setInstance, suspendInstance } from '../instances.ts'
import { deleteInstance, holdInstance, undeleteInstance } from '../instances-deletion.ts'
import { kitTrusts, makeKit, openKitStores, type RecoveryKit } from '../keys/kit.ts'
import { rotateSigner } from '../keys/signers.ts'
import { combineShares } from '../keys/shares.ts'
import { PreparedData, preparedFolder } from '../prepared.ts'
import { withClient } from '../provision.ts'
import { rehearsedErp } from '../restore/fixtures/erp.ts'
import { startThrowawayCluster, type Throwaway } from '../throwaway.ts'
import { demandRootOpens, surveyKit } from './kit-sets.ts'
import { recover, type RecoveryOrder } from './recover.ts'
import { openRecoveryHome } from './recovery-home.ts'

// What is recovered from is a kit and three folders: nothing of the host that made them is asked.

let world: Throwaway
let dir: string
let kit: RecoveryKit
let root: Buffer
const newest = new Map<string, string>()

before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'erp4-recover-'))
  chmodSync(dir, 0o711)
  world = await startThrowawayCluster({ own: true })
  for (const [name, plan] of [
    ['azure', 'free'],
    ['birch', 'paid'],
    ['cobalt', 'free'],
  ] as const) {
    const instance = await makeWorld(world.host, name)
    await setInstance(world.host, name, { plan, zone: 'Europe/Berlin' })
    await asOwner(world.host, instance, (db) => putFile(world.host, instance, 'a', Buffer.from(`a file of ${name}`), db))
    await runBackup(world.host, name, { class: 'scheduled' })
    await asOwner(world.host, instance, (db) => db.query('insert into partner (name) values ($1)', [`late in ${name}`]))
    newest.set(name, (await runBackup(world.host, name, { class: 'scheduled' })).id)
  }
  kit = await makeKit(world.host, world.host.keys.root, '1')
  root = await combineShares(kit.root.shares.slice(1).join('\n'))
})
after(async () => {
  await world?.stop()
  rmSync(dir, { recursive: true, force: true })
})

/** Recovers into a new home, gives it to `work`, and ends it. */
async function recovering<T>(
  change: Partial<RecoveryOrder> & { folder: string; from?: RecoveryKit; isContinued?: boolean },
  work: (host: Host, journal: Awaited<ReturnType<typeof recover>>) => Promise<T>,
): Promise<T> {
  const { folder, from = kit, isContinued = false, ...order } = change
  const stores = await openKitStores(from)
  const survey = await surveyKit(from, stores)
  const prepared = new PreparedData(preparedFolder(world.host.home.dir))
  const { host } = await openRecoveryHome({ folder, kit: from, root, isContinued }, { throwaway: true, prepared })
  try {
    return await work(host, await recover(host, { root, stores, survey, erp: rehearsedErp(host), ...order }))
  } finally {
    await host.close()
    await host.cluster.stop('immediate')
    rmSync(folder, { recursive: true, force: true })
  }
}

const partners = async (host: Host, name: string): Promise<string[]> => {
  const { rows } = await asOwner(host, await findInstance(host, name), (db) =>
    db.query<{ name: string }>('select name from partner order by id'),
  )
  return rows.map((row) => row.name)
}

test('a host is had back from its kit: uuids, plans, host names, rows and files, the paid one first, and its backups go on', async () => {
  const asked: string[] = []
  await recovering({ folder: join(dir, 'all'), workers: 1 }, async (host, { items, problems, skipped }) => {
    assert.deepEqual([problems, skipped], [[], []])
    assert.deepEqual(
      items!.map(({ name, state, set }) => [name, state, set]).sort(),
      ['azure', 'birch', 'cobalt'].map((name) => [name, 'done', newest.get(name)]),
    )
    assert.equal(items!.toSorted((a, b) => Date.parse(a.started!) - Date.parse(b.started!))[0]!.name, 'birch')
    for (const before of await listInstances(world.host)) {
      const { uuid, hosts, plan, zone, apps, kind, generation, state, keyVersion } = await findInstance(host, before.name)
      assert.deepEqual(
        { uuid, hosts, plan, zone, apps, kind, generation, state, keyVersion },
        { ...picked(before), generation: before.generation + 1, state: 'ready' },
      )
      assert.equal((await partners(host, before.name)).at(-1), `late in ${before.name}`)
      const shelves = readdirSync(join(host.home.files, uuid))
      assert.deepEqual(shelves, readdirSync(join(world.host.home.files, uuid)))
      asked.push(before.name)
    }
    // The root key was lent, not kept; the kit's signers count here, and so does what the lost host's sealer had sealed.
    const pems = (keys: readonly KeyObject[]) => keys.map((key) => key.export({ type: 'spki', format: 'pem' }))
    assert.deepEqual(pems(host.keys.sealers).slice(1), pems(world.host.keys.sealers))
    assert.equal(existsSync(join(host.home.keys, 'root.key')), false)
    for (const id of Object.keys(kit.trusted)) assert.ok(host.keys.trustedKey(id))
    // A set of the new host comes after those of the old one, beside the same key objects.
    const set = await runBackup(host, 'azure', { class: 'scheduled' })
    assert.deepEqual([set.counts, set.seq], [true, 3])
    assert.equal((await listBackups(host, 'azure')).length, 3)
  })
  assert.equal(asked.length, 3)
})

const picked = ({ uuid, hosts, plan, zone, apps, kind, keyVersion }: Awaited<ReturnType<typeof findInstance>>) => ({
  uuid,
  hosts,
  plan,
  zone,
  apps,
  kind,
  keyVersion,
})

test('a wrong, stolen or erased root key opens nothing, and nothing is made', async () => {
  const stores = await openKitStores(kit)
  const survey = await surveyKit(kit, stores)
  for (const wrong of [Buffer.alloc(32), Buffer.alloc(32, 7), Buffer.from(root).reverse()])
    await assert.rejects(demandRootOpens(kit, wrong, stores, survey), { code: 'key_wrong' })
  await demandRootOpens(kit, root, stores, survey)
  assert.deepEqual(readdirSync(dir), [])
})

test('a home that is there is not written over: neither another host nor a recovery that was not to be continued', async () => {
  const folder = world.host.home.dir
  for (const isContinued of [false, true]) await assert.rejects(openRecoveryHome({ folder, kit, root, isContinued }), { code: 'refused' })
  await assert.rejects(openRecoveryHome({ folder: join(dir, 'nothing'), kit, root, isContinued: true }), { code: 'not_found' })
  assert.equal((await listInstances(world.host)).length, 3)
  assert.equal(existsSync(join(dir, 'nothing')), false)
})

test('a set whose signer the kit does not trust is refused by name, and the next older one is taken', async () => {
  rotateSigner(world.host.home, 'host')
  const { id, taken } = await runBackup(world.host, 'cobalt', { class: 'scheduled' })
  try {
    await recovering({ folder: join(dir, 'signer'), only: ['cobalt'] }, async (host, { items, problems }) => {
      assert.deepEqual(
        items!.map(({ name, set, state }) => [name, set, state]),
        [['cobalt', newest.get('cobalt'), 'done']],
      )
      assert.ok(
        problems.some((problem) => problem.includes(`-${id}/`) && problem.includes('not trusted')),
        problems.join('\n'),
      )
      assert.deepEqual(
        (await listInstances(host)).map(({ name }) => name),
        ['cobalt'],
      )
    })
  } finally {
    const later = await makeKit(world.host, world.host.keys.root, '1')
    assert.ok(taken && Object.keys(later.trusted).some((one) => !kitTrusts(kit, one)))
  }
})

test('two stores do when the third went with the host, and a set that is damaged everywhere gives way to the one before it', async () => {
  const [first, ...others] = kit.locations.map(({ store }) => (store as { path: string }).path)
  const { uuid } = await findInstance(world.host, 'azure')
  const set = (await listBackups(world.host, 'azure')).find(({ id }) => id === newest.get('azure'))!
  const part = `${setPrefix({ instance: uuid, set: set.id, taken: set.taken!.toISOString() })}db-000.esdk`
  renameSync(first!, `${first!}.gone`)
  const whole = new Map(others.map((path) => [join(path, 'objects', part), readFileSync(join(path, 'objects', part))]))
  for (const [path, content] of whole) {
    const flipped = Buffer.from(content)
    flipped[flipped.length >> 1]! ^= 1
    chmodSync(path, 0o600)
    writeFileSync(path, flipped)
  }
  try {
    await recovering({ folder: join(dir, 'damaged') }, async (host, { items, problems }) => {
      const azure = items!.find(({ name }) => name === 'azure')!
      assert.deepEqual([azure.state, azure.attempts], ['done', 1])
      assert.notEqual(azure.set, newest.get('azure'))
      assert.match(azure.errors[0]!, /No location has the set .* whole/)
      assert.ok(items!.every(({ state }) => state === 'done'))
      assert.ok(problems.some((problem) => problem.startsWith('eu-1 cannot be read')))
      assert.ok(!(await partners(host, 'azure')).includes('late in azure'))
      // What was lost with the host is a folder of the new one, for the copies that have to be made again.
      assert.ok(existsSync(join(host.home.dir, 'stores', 'eu-1', 'objects')))
    })
  } finally {
    for (const [path, content] of whole) writeFileSync(path, content)
    renameSync(`${first!}.gone`, first!)
  }
})

test('killed in the middle, a recovery goes on with what is missing and leaves alone what is back', async () => {
  const folder = join(dir, 'killed')
  const file = join(dir, 'kit.json')
  writeFileSync(file, JSON.stringify(kit))
  const program = join(import.meta.dirname, 'fixtures', 'recover.ts')
  const child = spawn(process.execPath, [program, file, root.toString('base64'), folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', (piece: Buffer) => {
    said += piece.toString()
    if (said.split('\n').length > 2) child.kill('SIGKILL')
  })
  await once(child, 'close')
  const [done, interrupted] = said.split('\n')
  assert.equal(done, 'birch', 'the paid one came first')
  const erp: string[] = []
  await assert.rejects(openRecoveryHome({ folder, kit, root, isContinued: false }), { code: 'refused' })
  await recovering({ folder, isContinued: true, tell: (line) => void erp.push(line) }, async (host, { items }) => {
    assert.deepEqual(
      items!.map(({ state }) => state),
      ['done', 'done', 'done'],
    )
    assert.ok(!erp.some((line) => line.startsWith('birch ')), 'it was not restored again')
    assert.ok(erp.some((line) => line.startsWith(`${interrupted} `)))
    for (const { name } of items!) assert.equal((await partners(host, name)).at(-1), `late in ${name}`)
    const { rows } = await host.db.query<{ count: number }>(`select count(*)::int from pg_database where datname like 'i\\_%'`)
    assert.equal(rows[0]!.count, 3, 'nothing of the interrupted attempt is left')
  })
})

test('whoever was suspended, held or deleted when the last set was made is so again, and nobody gets in because a machine was lost', async () => {
  const { host } = world
  await suspendInstance(host, 'cobalt')
  await holdInstance(host, 'cobalt', 'a court asks for it')
  await runBackup(host, 'cobalt', { class: 'scheduled' })
  const final = { confirm: 'birch', by: 'ann', finalBackup: async () => (await runBackup(host, 'birch', { class: 'final' })).id }
  await deleteInstance(host, 'birch', final)
  const from = await makeKit(host, host.keys.root, '1')
  await recovering({ folder: join(dir, 'unnamed'), from, only: undefined }, async (there, { skipped }) => {
    assert.deepEqual(
      (await listInstances(there)).map(({ name }) => name),
      ['azure', 'cobalt'],
    )
    assert.ok(skipped.some(({ why }) => why.startsWith('it was deleted')))
    const { suspended, legalHold, state } = await findInstance(there, 'cobalt')
    assert.deepEqual([state, suspended, legalHold], ['ready', (await findInstance(host, 'cobalt')).suspended, 'a court asks for it'])
    await assert.rejects(deleteInstance(there, 'cobalt', { ...final, confirm: 'cobalt' }), { code: 'legal_hold' })
  })
  await recovering({ folder: join(dir, 'named'), from, only: ['birch'] }, async (there) => {
    const birch = await findInstance(there, 'birch')
    assert.equal(birch.state, 'deleted')
    assert.ok(birch.deleteAfter!.getTime() > Date.now() + 29 * 86_400_000, 'there is time to decide')
    await assert.rejects(
      withClient(await connectAs(there, birch, 'runtime'), async () => {}),
      { code: '42501' },
    )
    await undeleteInstance(there, 'birch')
    await withClient(await connectAs(there, birch, 'runtime'), async () => {})
  })
})
