import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { contentOf } from '../backup/content.ts'
import { found, openSet, withRestored } from '../backup/fixtures/opened.ts'
import { asOwner, makeWorld, putFile } from '../backup/fixtures/world.ts'
import { runBackup } from '../backup/set.ts'
import type { Instance } from '../instances.ts'
import { startThrowawayCluster, type Throwaway } from '../throwaway.ts'
import type { ArchiveManifest } from './archive.ts'
import { buildDownload } from './build.ts'
import { copyDownload } from './copy.ts'
import { downloadsOf, sweepDownloads } from './spool.ts'
import { verifyArchive } from './verify.ts'

let world: Throwaway
let azure: Instance
let set: string
let folder: string

const note = Buffer.from('what a file says\n')
const large = randomBytes(2 ** 21 + 77)
const names: string[] = []

before(async () => {
  world = await startThrowawayCluster({ own: true })
  folder = mkdtempSync(join(tmpdir(), 'erp4-download-'))
  azure = await makeWorld(world.host, 'azure')
  await asOwner(world.host, azure, async (db) => {
    for (const [name, content] of [
      ['a\tnote\\n.txt', note],
      ['large.bin', large],
      ['empty', Buffer.alloc(0)],
    ] as const)
      names.push(await putFile(world.host, azure, name, content, db))
    await db.query('alter table partner add image text references blob (hash)')
    await db.query('update partner set image = $1 where id = 5', [names[0]])
  })
  set = (await runBackup(world.host, 'azure')).id
})
after(async () => {
  rmSync(folder, { recursive: true })
  await world.stop()
})

const trusted = { trustedKey: (id: string) => world.host.keys.trustedKey(id) }
const fresh = (): string => mkdtempSync(join(folder, 'at-'))
const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex')

/** A copy of the archive, to be harmed. */
async function archive(): Promise<string> {
  const path = join(fresh(), 'azure.zip')
  copyFileSync((await buildDownload(world.host, set)).path, path)
  return path
}

test('an archive is opened by any zip program and plain pg_restore, and has every file with the records that use it', async () => {
  const place = fresh()
  execFileSync('python3', ['-m', 'zipfile', '--extract', await archive(), place])
  const manifest = JSON.parse(readFileSync(join(place, 'manifest.json'), 'utf8')) as ArchiveManifest
  assert.deepEqual([manifest.set, manifest.instance], [set, azure.uuid])
  for (const { name, bytes, sha256: digest } of manifest.entries)
    assert.deepEqual([statSync(join(place, name)).size, sha256(readFileSync(join(place, name)))], [bytes, digest], name)
  assert.deepEqual(
    names.map((name) => readFileSync(join(place, 'files', name))),
    [note, large, Buffer.alloc(0)],
  )
  const files = JSON.parse(readFileSync(join(place, 'files.json'), 'utf8')) as { file: string; used_by: unknown[] }[]
  assert.deepEqual(files.find(({ file }) => file === `files/${names[0]}`)?.used_by, [
    { model: 'res.partner', id: 7, field: 'attachment', name: 'a\tnote\\n.txt' },
    { model: 'partner', id: 5, field: 'image', name: 'partner 5' },
  ])
  const { facts } = await openSet(world.host, set, fresh())
  await withRestored(world.host, azure, join(place, 'db.dump'), async (db) => {
    await db.query('begin')
    assert.deepEqual((await contentOf(db)).tables, facts.tables)
  })
})

test('the same set makes the same bytes, readable by nobody else, and what it was made from is gone', async () => {
  const one = await buildDownload(world.host, set)
  assert.equal((await buildDownload(world.host, set)).path, one.path)
  sweepDownloads(world.host.home, { now: Date.now() + 25 * 3_600_000 })
  assert.equal(existsSync(one.path), false, 'it dies after 24 hours')
  const two = await buildDownload(world.host, set)
  assert.equal(two.sha256, one.sha256)
  assert.equal(statSync(two.path).mode & 0o777, 0o600)
  assert.equal(statSync(downloadsOf(world.host.home)).mode & 0o777, 0o700)
  assert.deepEqual(readdirSync(join(world.host.home.dir, 'restoring')), [])
  sweepDownloads(world.host.home, { instance: azure.uuid })
  assert.deepEqual(readdirSync(downloadsOf(world.host.home)), [])
})

test('Python reads every entry, and its sums', async () => {
  const script = 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(len(z.namelist()))'
  assert.equal(execFileSync('python3', ['-c', script, await archive()], { encoding: 'utf8' }).trim(), '10')
})

test('a whole archive is found whole, on a machine that knows nothing, and signed where its host is known', async () => {
  const path = await archive()
  const { isTrusted, signedBy, files, isDumpReadable } = await verifyArchive(path)
  assert.deepEqual([isTrusted, files, isDumpReadable], [false, 3, true])
  assert.match(signedBy, /^host-/)
  assert.equal((await verifyArchive(path, trusted)).isTrusted, true)
})

/** Finds where an entry's bytes are, to change them. */
const placeOf = (path: string, bytes: Buffer): number => readFileSync(path).indexOf(bytes)
const flip = (path: string, at: number): void => {
  const content = readFileSync(path)
  content[at]! ^= 1
  writeFileSync(path, content)
}
for (const [what, harm] of [
  ['with one bit of a file flipped', (path: string) => flip(path, placeOf(path, note) + 3)],
  ['with one bit of the dump flipped', (path: string) => flip(path, placeOf(path, Buffer.from('PGDMP')) + 5_000)],
  ['with one bit of its manifest flipped', (path: string) => flip(path, placeOf(path, Buffer.from('"erp4 download"')) + 40)],
  ['that was cut off', (path: string) => truncateSync(path, statSync(path).size - 100)],
  ['that was cut in half', (path: string) => truncateSync(path, statSync(path).size >> 1)],
  ['with something after its end', (path: string) => appendFileSync(path, 'x')],
  ['that is empty', (path: string) => truncateSync(path, 0)],
  ['to which a file was added', (path: string) => rezip(path, "z.writestr('files/extra', 'x')")],
  ['from which a file was taken', (path: string) => rezip(path, '', names[1])],
  ['with a name that leads elsewhere', (path: string) => rezip(path, "z.writestr('../../etc/passwd', 'x')")],
  ['with a name that is meant for a terminal', (path: string) => rezip(path, "z.writestr('\\x1b[2Jx', 'x')")],
  ['whose dump was exchanged', (path: string) => rezip(path, "z.writestr('db.dump', 'PGDMP')", 'db.dump')],
] as const) {
  test(`an archive ${what} is refused`, async () => {
    const path = await archive()
    harm(path)
    await assert.rejects(verifyArchive(path, trusted), { code: 'set_damaged' })
    await assert.rejects(verifyArchive(path), { code: 'set_damaged' })
  })
}

/** Writes the archive anew with another program, without an entry, with something more. */
function rezip(path: string, more: string, without = ''): void {
  const script = `
import sys, zipfile
old = zipfile.ZipFile(sys.argv[1]); z = zipfile.ZipFile(sys.argv[1] + '.new', 'w', zipfile.ZIP_STORED)
for i in old.infolist():
  if not (sys.argv[2] and sys.argv[2] in i.filename): z.writestr(i.filename, old.read(i))
${more}
z.close()`
  execFileSync('python3', ['-c', script, path, without])
  copyFileSync(`${path}.new`, path)
}

test('an archive that was made anew in whole is another one, and where its host is known it is refused', async () => {
  const path = await archive()
  rezip(path, '')
  assert.equal((await verifyArchive(path, trusted)).isTrusted, true, 'the same content in another zip is the same')
  const script = `
import sys, zipfile, json, hashlib
old = zipfile.ZipFile(sys.argv[1]); z = zipfile.ZipFile(sys.argv[1] + '.new', 'w', zipfile.ZIP_STORED)
m = json.loads(old.read('manifest.json')); new = b'another file'
for e in m['entries']:
  if e['name'] == 'files.json': e.update(bytes=len(new), sha256=hashlib.sha256(new).hexdigest())
for i in old.infolist():
  z.writestr(i.filename, new if i.filename == 'files.json' else json.dumps(m) if i.filename == 'manifest.json' else old.read(i))
z.close()`
  execFileSync('python3', ['-c', script, path])
  await assert.rejects(verifyArchive(`${path}.new`, trusted), { code: 'set_damaged', message: /signature/ })
  assert.equal((await verifyArchive(`${path}.new`)).isTrusted, false, 'without the key nobody can know, and it says so')
})

test('with a passphrase nothing lies readable, and gpg opens it', async () => {
  const passphrase = 'correct horse battery'
  const locked = await buildDownload(world.host, set, { passphrase })
  assert.deepEqual(found(['what a file says', 'PGDMP', passphrase], [locked.path]), [])
  await assert.rejects(verifyArchive(locked.path), { code: 'refused', message: /gpg --decrypt/ })
  const open = (secret: string) => {
    const out = join(fresh(), 'open.zip')
    const home = fresh()
    const args = [
      '--homedir',
      home,
      '--batch',
      '--pinentry-mode',
      'loopback',
      '--passphrase-fd',
      '0',
      '--output',
      out,
      '--decrypt',
      locked.path,
    ]
    const { status } = spawnSync('gpg', args, { input: `${secret}\n`, stdio: ['pipe', 'ignore', 'ignore'] })
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'all'])
    return { status, out }
  }
  assert.notEqual(open('another one here').status, 0)
  const { status, out } = open(passphrase)
  assert.equal(status, 0)
  assert.equal((await verifyArchive(out, trusted)).isTrusted, true)
  assert.equal((await buildDownload(world.host, set, { passphrase })).sha256, locked.sha256, 'the same one lies ready')
  assert.notEqual((await buildDownload(world.host, set, { passphrase: 'something else' })).sha256, locked.sha256)
  await assert.rejects(buildDownload(world.host, set, { passphrase: 'short' }), { code: 'refused' })
})

test('a copy that was killed goes on where it was, and one that was altered is written anew from there', async () => {
  const download = await buildDownload(world.host, set)
  const to = join(fresh(), 'azure.zip')
  const script = `
    const { copyDownload } = await import(${JSON.stringify(new URL('copy.ts', import.meta.url).href)})
    const download = JSON.parse(process.argv[1])
    await copyDownload(download, process.argv[2], { progress: () => process.kill(process.pid, 'SIGKILL') })`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script, JSON.stringify(download), to], { stdio: 'inherit' })
  await new Promise((resolve) => child.once('close', resolve))
  assert.deepEqual([existsSync(to), statSync(`${to}.part`).size], [false, 2 ** 20])
  appendFileSync(`${to}.part`, 'torn by a lost power')
  assert.deepEqual(await copyDownload(download, to), { resumedAt: 2 ** 20 })
  assert.equal(sha256(readFileSync(to)), download.sha256)
  assert.equal(existsSync(`${to}.part`), false)
  await assert.rejects(copyDownload(download, to), { code: 'refused' })
  writeFileSync(`${to}2.part`, 'of another archive')
  assert.deepEqual(await copyDownload(download, `${to}2`), { resumedAt: 0 })
  assert.equal(sha256(readFileSync(`${to}2`)), download.sha256)
})

test('an archive that was altered where it lies is not handed out', async () => {
  const download = await buildDownload(world.host, set)
  flip(download.path, 3_000)
  const to = join(fresh(), 'azure.zip')
  await assert.rejects(copyDownload(download, to), { code: 'set_damaged' })
  assert.equal(existsSync(to), false)
  sweepDownloads(world.host.home, { instance: azure.uuid })
})

test('a damaged copy of the set is passed over for that of another location', async () => {
  const objects = join(world.host.home.dir, 'stores', 'eu-1', 'objects')
  const [dump] = execFileSync('find', [objects, '-name', 'db-000.esdk', '-path', `*${set}*`], { encoding: 'utf8' }).split('\n')
  flip(dump!, 900)
  const download = await buildDownload(world.host, set)
  assert.equal((await verifyArchive(download.path, trusted)).isTrusted, true)
})

test('there is no archive of a set that is not there', async () => {
  await assert.rejects(buildDownload(world.host, '01J9ZZZZZZZZZZZZZZZZZZZZZZ'), { code: 'not_found' })
})
