import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { openStoredFile, unwrapFileKey } from '../download/stored-file.ts'
import { openPart } from '../envelope/envelope.ts'
import { connectAs, type Instance } from '../instances.ts'
import { operation } from '../operation.ts'
import { startThrowawayCluster, type Throwaway } from '../throwaway.ts'
import { listBackups, rebuildCatalogue, showBackup, type BackupSet } from './catalogue.ts'
import { contentOf } from './content.ts'
import { folderOf, found, manifestOf, openSet, withRestored } from './fixtures/opened.ts'
import { asOwner, makeWorld, putFile } from './fixtures/world.ts'
import { runBackup } from './set.ts'
import { relativePath } from './snapshot.ts'
import { spoolOf } from './spool.ts'

let world: Throwaway
let azure: Instance
let folder: string

const marker = 'Marker-of-Azure-Interior'
const fileMarker = 'the secret in a file of Azure'

before(async () => {
  world = await startThrowawayCluster({ own: true })
  folder = mkdtempSync(join(tmpdir(), 'erp4-sets-'))
  azure = await makeWorld(world.host, 'azure')
  await asOwner(world.host, azure, async (db) => {
    await db.query('insert into partner (name) values ($1)', [marker])
    await putFile(world.host, azure, 'secret.txt', Buffer.from(fileMarker), db)
    await putFile(world.host, azure, 'large.bin', Buffer.alloc(2 ** 21 + 3, 9), db)
  })
})
after(async () => {
  rmSync(folder, { recursive: true })
  await world.stop()
})

const spooled = (): string[] => readdirSync(spoolOf(world.host.home))
const fresh = (): string => mkdtempSync(join(folder, 'set-'))
/** Everything that is known of a set, to see that nothing touched it. */
const pictureOf = async (set: BackupSet): Promise<unknown> => [
  await showBackup(world.host, set.id),
  listing(await manifestOf(world.host, set.id)),
]
const listing = (manifest: Parameters<typeof folderOf>[1]): unknown =>
  ['eu-1', 'us-1', 'ap-1'].map((location) => {
    const place = folderOf(world.host, manifest, location)
    return readdirSync(place).map((name) => [name, statSync(join(place, name)).size])
  })

test('a set lies whole in three locations, with a page of text and a program to open it, and its key beside it', async () => {
  const steps: string[] = []
  const set = await runBackup(world.host, 'azure', { tell: (step) => steps.push(step) })
  assert.deepEqual([set.state, set.counts, set.class, set.seq, set.error], ['published', true, 'manual', 1, null])
  assert.deepEqual(
    set.copies.map(({ location, state }) => [location, state]),
    [
      ['ap-1', 'verified'],
      ['eu-1', 'verified'],
      ['us-1', 'verified'],
    ],
  )
  assert.equal(steps.length, 2)
  const manifest = await manifestOf(world.host, set.id)
  const names = ['READ-ME.txt', 'db-000.esdk', 'facts-000.esdk', 'files-000.tar.esdk', 'manifest.json', 'manifest.sig', 'open_backup.py']
  for (const location of ['eu-1', 'us-1', 'ap-1']) {
    assert.deepEqual(readdirSync(folderOf(world.host, manifest, location)).sort(), names)
    assert.equal(statSync(join(world.host.home.dir, 'stores', location, 'objects', 'keys', azure.uuid, '1.sealed')).isFile(), true)
  }
  assert.deepEqual(spooled(), [])
  assert.deepEqual(
    (await listBackups(world.host, 'azure')).map(({ id }) => id),
    [set.id],
  )
})

test('what is restored has every row, hash, sequence and file of the one point, while eight people write and upload', async () => {
  const stop = new AbortController()
  const writers = Array.from({ length: 8 }, (_none, who) => write(who, stop.signal))
  const rows = async () => (await asOwner(world.host, azure, (db) => db.query('select from partner'))).rowCount!
  for (const before = await rows(); (await rows()) < before + 30;) await Promise.race([pause(20), Promise.all(writers)])
  const set = await runBackup(world.host, 'azure')
  stop.abort()
  const written = (await Promise.all(writers)).reduce((sum, count) => sum + count, 0)
  assert.ok(written > 20, `only ${written} rows were written`)
  const target = fresh()
  const { facts } = await openSet(world.host, set.id, target)
  await withRestored(world.host, azure, join(target, 'db.dump'), async (db) => {
    await db.query('begin')
    const restored = await contentOf(db)
    assert.deepEqual(restored.tables, facts.tables)
    assert.equal(restored.catalogue, facts.catalogue)
    assert.deepEqual(restored.audit, facts.audit)
    assert.deepEqual(Object.keys(restored.sequences), Object.keys(facts.sequences))
    for (const [name, last] of Object.entries(facts.sequences)) assert.ok(Number(restored.sequences[name]) >= Number(last), name)
    const { rows } = await db.query<{ hash: string; size: string; wrapped_key: Buffer }>(
      'select distinct b.hash, b.size, b.wrapped_key from public.ir_attachment a join public.blob b on b.hash = a.raw',
    )
    assert.deepEqual(rows.map(({ hash }) => hash).sort(), facts.files.map(({ name }) => name).sort())
    const wrap = world.host.keys.instanceKeys(azure.uuid).derive('files')
    for (const { hash, size, wrapped_key } of rows) {
      const key = unwrapFileKey(wrap, { instance: azure.uuid, name: hash }, wrapped_key)
      const content = openStoredFile(join(target, 'files', relativePath(hash)), { name: hash, size: Number(size), key })
      assert.equal((await buffer(Readable.from(content))).length, Number(size))
    }
  })
  const now = await asOwner(
    world.host,
    azure,
    async (db) => (await db.query<{ n: number }>('select count(*)::int as n from partner')).rows[0]!.n,
  )
  assert.ok(now > facts.tables['partner']!.rows, 'people went on writing during the backup')
})

/** Writes rows, and every fifth time a file, until told to stop. How many rows. */
async function write(who: number, signal: AbortSignal): Promise<number> {
  const db = new pg.Client(await connectAs(world.host, azure, 'runtime'))
  await db.connect()
  let count = 0
  for (; !signal.aborted; count++) {
    await db.query('insert into partner (name, notes) values ($1, $2)', [`${who}/${count}`, JSON.stringify({ count })])
    if (count % 5 === 0) {
      await db.query('begin')
      await putFile(world.host, azure, `${who}/${count}`, randomBytes(5_000), db)
      await db.query('commit')
    }
  }
  await db.end()
  return count
}

test('nothing in the stores, the spool or the logs can be read: no name, no file, no password, no key', async () => {
  const home = world.host.home.dir
  const places = [join(home, 'stores'), join(home, 'spool'), join(home, 'log')]
  const config = await connectAs(world.host, azure, 'owner')
  const keys = [world.host.keys.instanceKeys(azure.uuid).derive('backup'), world.host.keys.root]
  const secrets = [marker, fileMarker, config.password as string, ...keys.flatMap((key) => [key.toString('hex'), key.toString('base64')])]
  const names = ['azure', 'partner', 'ir_attachment']
  const during: string[] = []
  const look = () => during.push(...found([...secrets, ...names], [join(home, 'spool')]))
  const set = await runBackup(world.host, 'azure', { bytesPerSecond: 4e6, tell: look, progress: look })
  assert.equal(set.state, 'published')
  // The program in each set knows the tables of ERP4.
  assert.deepEqual(during.filter(isOurs), [])
  assert.deepEqual(found(secrets, places), [])
  assert.deepEqual(found(names, [join(home, 'stores')]).filter(isOurs), [])
  assert.equal(found([marker], [join(home, 'data')]).length > 0, true, 'the words are the right ones')
})

const isOurs = (file: string): boolean => !/(READ-ME\.txt|open_backup\.py)$/.test(file)

test("a set does not open with another instance's key, nor as another set", async () => {
  const lake = await makeWorld(world.host, 'lake')
  const set = await runBackup(world.host, 'lake')
  const manifest = await manifestOf(world.host, set.id)
  const file = join(folderOf(world.host, manifest), 'db-000.esdk')
  const context = { instance: lake.uuid, set: set.id, part: 'db-000.esdk' }
  const order = { source: { file }, sink: { file: join(fresh(), 'out') }, compressed: true }
  const [own, other] = [lake, azure].map(({ uuid }) => world.host.keys.backupKey(uuid).key) as [Buffer, Buffer]
  await assert.rejects(openPart({ ...order, key: other, context }), { code: 'key_wrong' })
  await assert.rejects(openPart({ ...order, key: own, context: { ...context, instance: azure.uuid } }), { code: 'set_damaged' })
  await assert.rejects(openPart({ ...order, key: own, context: { ...context, set: '01J9ZZZZZZZZZZZZZZZZZZZZZZ' } }), {
    code: 'set_damaged',
  })
  await openPart({ ...order, key: own, context })
})

test('a backup waits for a migration, and a migration for a backup', async () => {
  let ended = 0
  const begun = Promise.withResolvers<void>()
  const migration = operation(world.host.db, azure.uuid, 'migrate', async () => {
    begun.resolve()
    await pause(700)
    ended = Date.now()
  })
  await begun.promise
  const set = await runBackup(world.host, 'azure')
  await migration
  assert.ok(set.taken!.getTime() >= ended, 'the snapshot was taken after the migration')
  const dumping = Promise.withResolvers<void>()
  const backup = runBackup(world.host, 'azure', { bytesPerSecond: 4e6, tell: (step) => step.startsWith('Dumping') && dumping.resolve() })
  await dumping.promise
  await assert.rejects(
    operation(world.host.db, azure.uuid, 'migrate', async () => assert.fail('it ran'), { waitMs: 0 }),
    { code: 'busy' },
  )
  assert.equal((await backup).state, 'published')
})

test('while one location is away a set is published, and degraded until it is back', async () => {
  const place = join(world.host.home.dir, 'stores', 'us-1')
  renameSync(place, `${place}.away`)
  try {
    const set = await runBackup(world.host, 'azure')
    assert.deepEqual([set.state, set.counts], ['published', false])
    assert.match(set.reasons.join(), /us-1/)
  } finally {
    renameSync(`${place}.away`, place)
  }
})

test('without any location a set fails, leaves nothing in the spool, and touches no other', async () => {
  const good = await runBackup(world.host, 'azure')
  const before = await pictureOf(good)
  const place = join(world.host.home.dir, 'stores')
  renameSync(place, `${place}.away`)
  try {
    await assert.rejects(runBackup(world.host, 'azure'), { code: 'store_failed' })
  } finally {
    renameSync(`${place}.away`, place)
  }
  const [failed] = await listBackups(world.host, 'azure')
  assert.deepEqual([failed!.state, failed!.counts, failed!.seq], ['failed', false, good.seq + 1])
  assert.match(failed!.error!, /store_failed/)
  assert.deepEqual(spooled(), [])
  assert.deepEqual(await pictureOf(good), before)
})

test('a file that went missing fails the backup by its name', async () => {
  const hash = await asOwner(world.host, azure, (db) => putFile(world.host, azure, 'lost', Buffer.from('lost soon'), db))
  const path = join(world.host.home.files, azure.uuid, relativePath(hash))
  renameSync(path, `${path}.part`)
  try {
    await assert.rejects(runBackup(world.host, 'azure'), { code: 'set_damaged', message: new RegExp(hash) })
  } finally {
    renameSync(`${path}.part`, path)
  }
  assert.deepEqual(spooled(), [])
  assert.equal((await listBackups(world.host, 'azure'))[0]!.state, 'failed')
})

test('there is no backup of what is not there', async () => {
  const count = (await listBackups(world.host)).length
  await assert.rejects(runBackup(world.host, 'nobody'), { code: 'not_found' })
  await assert.rejects(showBackup(world.host, '01J9ZZZZZZZZZZZZZZZZZZZZZZ'), { code: 'not_found' })
  assert.equal((await listBackups(world.host)).length, count)
})

test('the catalogue is read anew from the stores, and numbers go on where they ended', async () => {
  const known = (await listBackups(world.host, 'azure')).filter(({ state }) => state === 'published')
  await world.host.db.query('delete from backup_set')
  const rebuilt = await rebuildCatalogue(world.host)
  assert.deepEqual(rebuilt.problems, [])
  const facts = ({ id, seq, labels, taken, bytes, class: kind }: BackupSet) => ({ id, seq, labels, taken, bytes, kind })
  const now = await listBackups(world.host, 'azure')
  assert.deepEqual(now.map(facts).sort(bySeq), known.map(facts).sort(bySeq))
  assert.ok(
    now.every(({ counts, copies }) => !counts && copies.every(({ state }) => state === 'stored')),
    'nothing was read back yet',
  )
  assert.equal((await rebuildCatalogue(world.host)).added, 0)
  await world.host.db.query('delete from backup_set')
  const next = await runBackup(world.host, 'azure')
  assert.equal(next.seq, known[0]!.seq + 1)
})

const bySeq = (a: { seq: number }, b: { seq: number }): number => a.seq - b.seq

test('a manifest that was edited, moved or signed elsewhere is not believed', async () => {
  await rebuildCatalogue(world.host)
  const [one, two] = (await listBackups(world.host, 'azure')).filter(({ state }) => state === 'published')
  const [first, second] = await Promise.all([one!, two!].map(async ({ id }) => folderOf(world.host, await manifestOf(world.host, id))))
  const before = readFileSync(join(first!, 'manifest.json'))
  const { rows } = await world.host.db.query('select * from backup_set order by id')
  const harm = async (change: () => void, says: RegExp) => {
    change()
    const { problems, added } = await rebuildCatalogue(world.host)
    assert.match(problems.join('\n'), says)
    assert.equal(added, 0)
  }
  const write = (place: string, name: string, content: Buffer | string) => {
    rmSync(join(place, name))
    writeFileSync(join(place, name), content)
  }
  await harm(() => write(first!, 'manifest.json', before.toString().replace('"manual"', '"final"')), /does not hold/)
  await harm(() => {
    write(first!, 'manifest.json', readFileSync(join(second!, 'manifest.json')))
    write(first!, 'manifest.sig', readFileSync(join(second!, 'manifest.sig')))
  }, /It is the manifest of/)
  await harm(() => write(first!, 'manifest.sig', '{"keyid":"host-00000000","sig":"AAAA"}'), /not trusted/)
  assert.deepEqual((await world.host.db.query('select * from backup_set order by id')).rows, rows)
})
