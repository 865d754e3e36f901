import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { withUnnamedFile, writeDurably } from './files.ts'

const folder = mkdtempSync(join(tmpdir(), 'erp4-files-'))
after(() => rmSync(folder, { recursive: true }))

test('a file without a name is reached by programs while it is open, and lies nowhere', async () => {
  const found = await withUnnamedFile(folder, async (file, path) => {
    assert.deepEqual(readdirSync(folder), [])
    execFileSync('dd', [`of=${path}`, 'status=none'], { input: 'written by a program' })
    return file.readFile('utf8')
  })
  assert.equal(found, 'written by a program')
})

test('on a disk that fills up half way the old file stays, whole, and nothing lies beside it', () => {
  const path = join(folder, 'kept')
  writeDurably(path, 'the old one', { mode: 0o600 })
  // The limit on the size of files is what a full disk is: the first write takes a part, the next one fails.
  const writing = `import { writeDurably } from '${join(import.meta.dirname, 'files.ts')}'
    try { writeDurably('${path}', 'x'.repeat(5_000), { mode: 0o600 }) } catch (error) { console.log(error.code) }`
  const limited = `trap '' XFSZ; ulimit -f 2; exec "$0" --input-type=module --eval "$1"`
  const said = execFileSync('/bin/bash', ['-c', limited, process.execPath, writing], { env: { PATH: process.env['PATH'] } })
  assert.equal(said.toString().trim(), 'EFBIG')
  assert.deepEqual([readFileSync(path, 'utf8'), readdirSync(folder)], ['the old one', ['kept']])
})
