import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, linkSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { copyDownload } from './copy.ts'
import type { Download } from './spool.ts'

const folder = mkdtempSync(join(tmpdir(), 'erp4-copy-'))
after(() => rmSync(folder, { recursive: true }))

const content = Buffer.from('everything, decrypted')
const archive: Download = {
  set: '01J9ZZZZZZZZZZZZZZZZZZZZZZ',
  instance: '00000000-0000-4000-8000-000000000001',
  path: join(folder, 'archive'),
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
  isLocked: false,
  expires: new Date(Date.now() + 3_600_000),
}
writeFileSync(archive.path, content, { mode: 0o600 })
const fresh = (): string => join(mkdtempSync(join(folder, 'at-')), 'all.zip')
const victim = (): string => {
  const path = `${fresh()}-victim`
  writeFileSync(path, 'what somebody needs', { mode: 0o600 })
  return path
}

test('in a folder that others write to, a link that waits under the name of the copy is refused, and what it leads to stays', async () => {
  for (const bait of [symlinkSync, linkSync]) {
    const [to, target] = [fresh(), victim()]
    bait(target, `${to}.part`)
    await assert.rejects(copyDownload(archive, to), { code: 'refused' })
    assert.equal(readFileSync(target, 'utf8'), 'what somebody needs')
    assert.equal(existsSync(to), false)
  }
})

test('a link to nowhere is no free name', async () => {
  const to = fresh()
  symlinkSync(join(folder, 'nowhere'), to)
  await assert.rejects(copyDownload(archive, to), { code: 'refused' })
  assert.equal(existsSync(join(folder, 'nowhere')), false)
})

test('a half copy that others can read is closed before anything is written to it', async () => {
  const to = fresh()
  writeFileSync(`${to}.part`, '')
  chmodSync(`${to}.part`, 0o666)
  await copyDownload(archive, to)
  assert.equal(statSync(to).mode & 0o777, 0o600)
})

test('a file that came to be under the name while it was copied is not written over', async () => {
  const to = fresh()
  const progress = () => writeFileSync(to, 'what came first')
  await assert.rejects(copyDownload(archive, to, { progress }), { code: 'refused' })
  assert.equal(readFileSync(to, 'utf8'), 'what came first')
})

test('a folder that is not there is told in a sentence', async () => {
  await assert.rejects(copyDownload(archive, join(folder, 'none', 'all.zip')), { code: 'refused', message: /cannot be written/ })
})
