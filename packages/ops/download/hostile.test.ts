import assert from 'node:assert/strict'
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { after, test } from 'node:test'
import { ZipFile } from 'yazl'
import { OpsError } from '../errors.ts'
import { printable } from '../printable.ts'
import { verifyArchive } from './verify.ts'

const folder = mkdtempSync(join(tmpdir(), 'erp4-hostile-'))
after(() => rmSync(folder, { recursive: true }))
let count = 0

const looks = { compress: false, forceDosTimestamp: true, mtime: new Date(1980, 0, 1), mode: 0o100600 }
const good = {
  v: 1,
  kind: 'erp4 download',
  set: '01K6Z3V5Q8N4T2R7XW9YB0CDEF',
  instance: '8a1d5b4e-4a56-4a6b-8f3f-0d4b6f1e2a01',
  taken: '2026-01-31T10:00:00.000Z',
  release: '1',
  postgres: '15',
  entries: [] as object[],
}

/** An archive that anybody may have made. */
async function archive(manifest: unknown, signature = '{"keyid":"host-00000000","sig":""}'): Promise<string> {
  const zip = new ZipFile()
  zip.addBuffer(Buffer.from(typeof manifest === 'string' ? manifest : JSON.stringify(manifest)), 'manifest.json', looks)
  zip.addBuffer(Buffer.from(signature), 'manifest.sig', looks)
  zip.end()
  const path = join(folder, `${++count}.zip`)
  await pipeline(zip.outputStream, createWriteStream(path))
  return path
}

const title = '\u001b]0;owned\u0007'
for (const [what, manifest] of Object.entries({
  'a set with a command for the terminal': { ...good, set: title },
  'an instance that is a path': { ...good, instance: '../../etc' },
  'a time with a command for the terminal': { ...good, taken: `2026-01-31T10:00:00.000Z${title}` },
  'an entry whose name clears the screen': { ...good, entries: [{ name: '\u001b[2J', bytes: 1, sha256: '0'.repeat(64) }] },
  'an entry of less than nothing': { ...good, entries: [{ name: 'db.dump', bytes: -1, sha256: '0'.repeat(64) }] },
  'an entry that is null': { ...good, entries: [null] },
  'nothing in it': null,
  'text that is no JSON': `${title}{`,
}))
  test(`an archive whose manifest has ${what} is damaged, and says so without a character that a terminal obeys`, async () => {
    const error = await verifyArchive(await archive(manifest)).then(
      () => assert.fail('it was taken'),
      (one: Error) => one,
    )
    assert.ok(error instanceof OpsError && error.code === 'set_damaged', String(error))
    assert.doesNotMatch(error.message, /\p{C}/u)
  })

test('what is printed of a stranger is whole, harmless and short', () => {
  assert.equal(printable('azure 한국어 ✔'), 'azure 한국어 ✔')
  assert.equal(printable('a\u001b[2J\u202eb\u2028\n'), 'a\\u{1b}[2J\\u{202e}b\\u{2028}\\u{a}')
  assert.equal(printable('x'.repeat(1_000), 10), `${'x'.repeat(10)}…`)
})
