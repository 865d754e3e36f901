import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openOrCreateHome, type Home } from './home.ts'
import { HostKeys, openInstanceKeys, signingPair } from './keys.ts'
import { isRoot } from './os-user.ts'
import { deriveKey, newKey, seal, unseal } from './sealing.ts'

const context = { instance: '2c36a39a-00bc-48e7-af61-7485c9e0336a', purpose: 'runtime password', version: 1 }
const wrong = { name: 'OpsError', code: 'key_wrong' }

test('what was sealed opens with the same key and context', () => {
  const key = newKey()
  assert.equal(unseal(key, context, seal(key, context, Buffer.from('sesame'))).toString(), 'sesame')
})

test('one changed bit anywhere is noticed', () => {
  const key = newKey()
  const sealed = seal(key, context, Buffer.from('sesame'))
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed)
    changed[at]! ^= 1
    assert.throws(() => unseal(key, context, changed), wrong, `byte ${at}`)
  }
  assert.throws(() => unseal(key, context, sealed.subarray(0, -1)), wrong)
  assert.throws(() => unseal(key, context, Buffer.alloc(0)), wrong)
})

for (const [name, other] of [
  ['another instance', { ...context, instance: '2c36a39a-00bc-48e7-af61-7485c9e0336b' }],
  ['another purpose', { ...context, purpose: 'owner password' }],
  ['another version', { ...context, version: 2 }],
] as const) {
  test(`a value sealed for one context does not open for ${name}`, () => {
    const key = newKey()
    assert.throws(() => unseal(key, other, seal(key, context, Buffer.from('sesame'))), wrong)
  })
}

test('another key does not open it, and no key of zeros or another length is taken', () => {
  const sealed = seal(newKey(), context, Buffer.from('sesame'))
  assert.throws(() => unseal(newKey(), context, sealed), wrong)
  for (const key of [Buffer.alloc(32), Buffer.alloc(16, 1), Buffer.alloc(0)]) {
    assert.throws(() => seal(key, context, Buffer.from('sesame')), wrong)
    assert.throws(() => unseal(key, context, sealed), wrong)
    assert.throws(() => deriveKey(key, 'files'), wrong)
  }
})

let folder: string
let home: Home
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'erp4-keys-'))
  home = openOrCreateHome(folder).home
})
after(() => rmSync(folder, { recursive: true }))

test('keys are files that only their user can read, and the same after each start', () => {
  const first = HostKeys.open(home)
  for (const name of ['host.key', 'root.key', 'sealer.key']) assert.equal(statSync(join(home.keys, name)).mode & 0o777, 0o600, name)
  const again = HostKeys.open(home)
  assert.deepEqual(again.serving, first.serving)
  assert.notDeepEqual(first.serving, first.operating)
})

test("an instance's keys differ by purpose and by instance, and the serving key alone opens them", () => {
  const keys = HostKeys.open(home)
  const [azure, bakery] = ['8a1d5b4e-4a56-4a6b-8f3f-0d4b6f1e2a01', '8a1d5b4e-4a56-4a6b-8f3f-0d4b6f1e2a02']
  keys.createInstanceKey(azure)
  keys.createInstanceKey(bakery)
  const one = openInstanceKeys(home, keys.serving, azure, 1)
  assert.deepEqual(one.derive('files'), keys.instanceKeys(azure).derive('files'))
  assert.notDeepEqual(one.derive('files'), one.derive('names'))
  assert.notDeepEqual(one.derive('files'), keys.instanceKeys(bakery).derive('files'))
  assert.throws(() => openInstanceKeys(home, keys.operating, azure, 1), wrong)
  copyFileSync(join(home.keys, 'host', bakery, '1.sealed'), join(home.keys, 'host', azure, '1.sealed'))
  assert.throws(() => keys.instanceKeys(azure), wrong, "another instance's key in its place")
  keys.removeInstanceKeys(azure)
  assert.throws(() => keys.instanceKeys(azure), { code: 'key_missing' })
})

test('a home in use does not start without its host key, with another one, or with an erased one', () => {
  const path = join(home.keys, 'host.key')
  const kept = readFileSync(path)
  home.note({ provisioned: 1 })
  try {
    rmSync(path)
    assert.throws(() => HostKeys.open(home), { code: 'key_missing' })
    assert.throws(() => readFileSync(path), { code: 'ENOENT' }, 'no new key was made in its place')
    writeFileSync(path, `${newKey().toString('base64')}\n`)
    assert.throws(() => HostKeys.open(home), wrong)
    for (const useless of [Buffer.alloc(32), Buffer.alloc(16, 1), Buffer.alloc(0)]) {
      writeFileSync(path, `${useless.toString('base64')}\n`)
      assert.throws(() => HostKeys.open(home), wrong)
    }
    const other = mkdtempSync(join(tmpdir(), 'erp4-keys-'))
    const { home: otherHome } = openOrCreateHome(other)
    HostKeys.open(otherHome)
    copyFileSync(join(otherHome.keys, 'host.key'), path)
    assert.throws(() => HostKeys.open(home), { ...wrong, message: /is not the one of this home/ })
    rmSync(other, { recursive: true })
  } finally {
    writeFileSync(path, kept)
    home.note({ provisioned: 0 })
  }
  assert.ok(HostKeys.open(home))
})

test('keys that this user may not read are told as that, not as wrong ones', () => {
  assert.ok(HostKeys.open(home))
  const path = join(home.keys, 'check.sealed')
  const { mode } = statSync(path)
  chmodSync(path, 0o000)
  // No mode keeps root out: there somebody else asks.
  if (isRoot()) process.seteuid!(65_534)
  try {
    assert.throws(() => HostKeys.open(home), { code: 'missing_right', message: /^This user may not read the key file / })
  } finally {
    if (isRoot()) process.seteuid!(0)
    chmodSync(path, mode)
  }
})

test("the sealer's signature is checked with its public half", async () => {
  const { sign, verify } = await import('node:crypto')
  const pair = signingPair(HostKeys.open(home).sealer)
  const signature = sign(null, Buffer.from('head'), pair.sign)
  assert.ok(verify(null, Buffer.from('head'), readFileSync(join(home.keys, 'sealer.pub'), 'utf8'), signature))
  assert.ok(!verify(null, Buffer.from('haed'), pair.verify, signature))
})
