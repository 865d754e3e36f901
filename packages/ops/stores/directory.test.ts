import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { createDirectoryStore, DirectoryPruner, DirectoryReader, DirectoryWriter } from './directory.ts'
import type { Location } from './store.ts'

const location: Location = { name: 'eu-9', provider: 'test', region: 'here', country: 'DE', continent: 'europe' }
const failed = { name: 'OpsError', code: 'store_failed', message: /eu-9/ }

let folder: string
let root: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'erp4-directory-'))
  root = join(folder, 'store')
  createDirectoryStore(root)
})
after(() => rmSync(folder, { recursive: true }))

const put = (key: string, text: string) =>
  new DirectoryWriter(location, root).putIfAbsent(key, () => Readable.from([Buffer.from(text)]), {
    length: Buffer.byteLength(text),
    sha256: createHash('sha256').update(text).digest('hex'),
  })

test('a folder that leads out of the store is not followed, neither to read nor to write', async () => {
  const outside = join(folder, 'outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'secret'), 'secret')
  symlinkSync(outside, join(root, 'objects/door'))
  const reader = new DirectoryReader(location, root)
  await assert.rejects(reader.get('door/secret'), failed)
  await assert.rejects(reader.head('door/secret'), failed)
  await assert.rejects(put('door/new', 'x'), failed)
  await assert.rejects(new DirectoryPruner(location, root).setAside('door/secret'), failed)
  await assert.rejects(reader.list('door/'), failed)
  assert.deepEqual(await reader.list('doo'), { objects: [] })
  assert.deepEqual(readdirSync(outside), ['secret'])
})

test('a link in the place of an object is no object', async () => {
  writeFileSync(join(folder, 'passwd'), 'secret')
  symlinkSync(join(folder, 'passwd'), join(root, 'objects/link'))
  const reader = new DirectoryReader(location, root)
  await assert.rejects(reader.get('link'), failed)
  assert.equal(await reader.head('link'), undefined)
  await assert.rejects(put('link', 'x'), { code: 'store_conflict' })
  assert.equal(readFileSync(join(folder, 'passwd'), 'utf8'), 'secret')
})

test('objects can be read by nobody else and written by nobody', async () => {
  await put('v1/modes/a', 'x')
  assert.equal(statSync(join(root, 'objects/v1/modes/a')).mode & 0o777, 0o400)
  assert.equal(statSync(join(root, 'objects/v1/modes')).mode & 0o777, 0o700)
})

test('what a killed writer left is swept once nobody can be writing to it, and nothing younger', async () => {
  const [old, young] = ['01AAAAAAAAAAAAAAAAAAAAAAAA', '01BBBBBBBBBBBBBBBBBBBBBBBB'].map((name) => join(root, 'incoming', name))
  for (const path of [old!, young!]) writeFileSync(path, 'half')
  const longAgo = Date.now() / 1000 - 4000
  utimesSync(old!, longAgo, longAgo)
  assert.equal(await new DirectoryPruner(location, root).purgeTrash(), 1)
  assert.deepEqual(readdirSync(join(root, 'incoming')), ['01BBBBBBBBBBBBBBBBBBBBBBBB'])
  rmSync(young!)
})

test('a put leaves nothing but its object, whatever became of it', async () => {
  await put('v1/clean/a', 'x')
  await put('v1/clean/a', 'x')
  await assert.rejects(put('v1/clean/a', 'y'), { code: 'store_conflict' })
  assert.deepEqual(readdirSync(join(root, 'incoming')), [])
})

test('a folder that is no store is not made one in passing', async () => {
  const empty = join(folder, 'not-mounted')
  mkdirSync(empty)
  const writer = new DirectoryWriter(location, empty)
  const sha256 = createHash('sha256').update('x').digest('hex')
  await assert.rejects(
    writer.putIfAbsent('a', () => Readable.from(['x']), { length: 1, sha256 }),
    /Is its disk mounted/,
  )
  assert.deepEqual(readdirSync(empty), [])
})
