import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openOrCreateHome, type Home } from '../home.ts'
import { examineStores } from './examine.ts'
import { readRegister, recordWaiver, writeRegister } from './locations.ts'

let folder: string
let home: Home
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'erp4-examine-'))
  chmodSync(folder, 0o711) // closed by mkdtemp, to the OS user of PostgreSQL too
  home = openOrCreateHome(join(folder, 'home')).home
})
after(() => rmSync(folder, { recursive: true }))

const texts = async (level: string): Promise<string[]> =>
  (await examineStores(home)).filter((one) => one.level === level).map(({ text }) => text)

test('a new home has no fault, and is told what three folders of one disk do not protect from', async () => {
  assert.deepEqual(await texts('fault'), [])
  const notes = await texts('note')
  assert.equal(notes.length, 2)
  assert.match(notes[0]!, /^Not ransomware-safe: eu-1, us-1, ap-1 .* every copy/)
  assert.match(notes[1]!, /^eu-1, us-1, ap-1 lie on one disk/)
})

test('a location that cannot be reached is a fault, by name', async () => {
  const path = join(home.dir, 'stores/us-1')
  renameSync(path, `${path}.away`)
  const faults = await texts('fault')
  renameSync(`${path}.away`, path)
  assert.equal(faults.length, 1)
  assert.match(faults[0]!, /us-1 is not there/)
})

test('a location without credentials is a fault, and the others are looked at', async () => {
  const before = readRegister(home)
  const store = { kind: 's3', endpoint: 'http://127.0.0.1:9', region: 'x', bucket: 'x', prefix: '', lock: 'none' } as const
  writeRegister(home, { ...before, locations: [...before.locations, { ...before.locations[0]!, name: 'eu-2', store }] })
  assert.deepEqual(
    (await texts('fault')).map((text) => /no credentials to write in eu-2/.test(text)),
    [true],
  )
  assert.ok((await texts('note')).some((text) => /Without object lock: eu-2/.test(text)))
  writeRegister(home, before)
})

test('waivers are told with who decided them', async () => {
  const before = readRegister(home)
  const countries = ['DE', 'US', 'SG']
  recordWaiver(home, { instance: '*', who: 'Ann', when: '2026-01-31T12:00:00Z', reason: 'as agreed', countries })
  assert.ok((await texts('note')).includes('Backups of all instances stay in DE, US, SG, decided by Ann on 2026-01-31: as agreed.'))
  writeRegister(home, before)
})
