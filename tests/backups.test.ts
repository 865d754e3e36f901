import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { RunningErp4 } from '@erp4/testing'
import { makeKey } from './clients/json2.ts'
import { makePeople } from './clients/wire.ts'
import { call, type KeyHolder } from './crash/wire.ts'

// A backup and an archive as an operator makes them, of an instance that people use; the files are those that the server wrote.

let erp4: RunningErp4
let administrator: KeyHolder
let folder: string

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'erp4-backups-'))
  erp4 = await RunningErp4.start()
  const people = await makePeople(erp4.instance('main'), 'backup')
  administrator = { url: people.administrator.url, key: await makeKey(people.administrator, 'backups') }
})
after(async () => {
  rmSync(folder, { recursive: true, force: true })
  await erp4?.remove()
})

const content = Buffer.concat([Buffer.from('a file of the main instance\n'), randomBytes(300_000)])

/** Runs a command that must work, and reads its answer. */
async function ask<T>(...args: readonly string[]): Promise<T> {
  const { code, out, err } = await erp4.command(...args, '--json')
  assert.equal(code, 0, err)
  return JSON.parse(out) as T
}

test('a running instance is backed up, downloaded, found whole, and holds what people put into it', async () => {
  const values = { name: 'note.bin', datas: content.toString('base64'), res_model: 'res.partner', res_id: 1 }
  const [id] = (await call(administrator, 'ir.attachment/create', { vals_list: [values] })) as [number]
  const set = await ask<{ id: string; state: string; counts: boolean }>('backup', 'run', 'main')
  assert.deepEqual([set.state, set.counts], ['published', true])
  const to = join(folder, 'main.zip')
  await ask('download', 'main', '--to', to)
  const found = await ask<{ isTrusted: boolean; set: string; isDumpReadable: boolean }>('verify', to)
  assert.deepEqual([found.set, found.isTrusted, found.isDumpReadable], [set.id, true, true])
  execFileSync('python3', ['-m', 'zipfile', '--extract', to, folder])
  const files = JSON.parse(readFileSync(join(folder, 'files.json'), 'utf8')) as {
    file: string
    used_by: { model: string; name?: string }[]
  }[]
  const mine = files.find(({ used_by }) => used_by.some(({ name }) => name === 'note.bin'))
  assert.ok(mine, `the attachment ${id} is in the archive`)
  assert.deepEqual(mine.used_by[0], { model: 'res.partner', id: 1, field: 'attachment', name: 'note.bin' })
  assert.ok(readFileSync(join(folder, mine.file)).equals(content))
})

test('a backup is made with everything stopped, too, and the list of sets knows both', async () => {
  assert.equal(await erp4.end(), 0)
  const set = await ask<{ id: string; counts: boolean; seq: number }>('backup', 'run', 'main', '--class', 'safety')
  assert.deepEqual([set.counts, set.seq], [true, 2])
  const sets = await ask<{ id: string; class: string }[]>('backup', 'list', 'main')
  assert.deepEqual(
    sets.map((one) => one.class),
    ['safety', 'manual'],
  )
  const shown = await erp4.command('backup', 'show', set.id)
  assert.match(shown.out, /whole in ap-1, eu-1, us-1/)
  assert.match(shown.out, /no restore test/)
  assert.equal(erp4.postmaster, undefined, 'the cluster ran for that long only')
})

test('what cannot be done is told by an exit code', async () => {
  for (const [code, ...args] of [
    [4, 'backup', 'run', 'nobody'],
    [4, 'backup', 'show', '01J9ZZZZZZZZZZZZZZZZZZZZZZ'],
    [2, 'backup', 'run', 'main', '--class', 'eternal'],
    [2, 'download', 'main'],
    [4, 'download', 'nobody', '--to', join(folder, 'nobody.zip')],
    [4, 'verify', join(folder, 'nothing.zip')],
    [22, 'verify', process.execPath],
  ] as const) {
    const { code: found, err } = await erp4.command(...args)
    assert.equal(found, code, `${args.join(' ')}: ${err}`)
  }
})
