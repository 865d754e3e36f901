import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import type { Manifest } from './manifest.ts'
import { openManifest, signManifest, type SignedManifest } from './signed-manifest.ts'

const digest = 'a'.repeat(64)
const part = {
  name: 'db-000.esdk',
  kind: 'database',
  sha256: digest,
  bytes: 9,
  plain_sha256: digest,
  plain_bytes: 8,
  shared_from: null,
} as const
const companion = { name: 'READ-ME.txt', sha256: digest, bytes: 9 }
const manifest: Manifest = {
  v: 1,
  set: '01J9ZZZZZZZZZZZZZZZZZZZZZZ',
  instance: '00000000-0000-4000-8000-000000000001',
  class: 'manual',
  host: '00000000-0000-4000-8000-000000000002',
  taken: '2026-01-31T10:00:00.000Z',
  labels: { day: '2026-01-31', iso_week: '2026-W05', month: '2026-01', zone: 'UTC' },
  seq: 3,
  key_version: 1,
  postgres: '15.18',
  release: '1',
  parts: [part],
  companions: [companion],
}
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const signer = { keyId: 'host-1', sign: (bytes: Uint8Array) => sign(null, bytes, privateKey) }
const trusted = (id: string) => (id === 'host-1' || id === 'verifier-1' ? publicKey : undefined)
const signed = signManifest(manifest, signer)

test('a manifest comes out as it went in', () => void assert.deepEqual(openManifest(signed, trusted), manifest))

const swap = (change: object): SignedManifest => signManifest({ ...manifest, ...change }, signer)
for (const [what, one] of [
  ['with one byte changed', { ...signed, text: signed.text.replace('"seq": 3', '"seq": 4') }],
  ['with a space more', { ...signed, text: `${signed.text} ` }],
  ['signed by nobody', { ...signed, signature: '' }],
  ['with a signature of another form', { ...signed, signature: '{"keyid":"host-1"}' }],
  ['signed by a stranger', signManifest(manifest, { ...signer, keyId: 'host-2' })],
  ['signed by a verifier, who may not write sets', signManifest(manifest, { ...signer, keyId: 'verifier-1' })],
  ['under the signature of another', { ...signed, signature: swap({ seq: 9 }).signature }],
  ['of another version', swap({ v: 2 })],
  ['that is no object', { text: 'null', signature: signManifest(manifest, signer).signature }],
  ['of no set', swap({ set: '../../etc' })],
  ['of no instance', swap({ instance: '../x' })],
  ['of an unknown class', swap({ class: 'eternal' })],
  ['of no time', swap({ taken: 'yesterday' })],
  ['without labels', swap({ labels: undefined })],
  ['without parts', swap({ parts: [] })],
  ['with a part that leaves its folder', swap({ parts: [{ ...part, name: '../db-000.esdk' }] })],
  ['with a part of negative size', swap({ parts: [{ ...part, bytes: -1 }] })],
  ['with a part twice', swap({ parts: [part, part] })],
  ['with parts that are none', swap({ parts: [null] })],
  ['with more parts than a set has', swap({ parts: Array.from({ length: 3000 }, (_none, i) => ({ ...part, name: `db-${i}.esdk` })) })],
  ['with a part of itself that is shared', swap({ parts: [{ ...part, shared_from: manifest.set }] })],
  ['of a year of five digits, which is no name of a folder', swap({ taken: '+012026-01-31T10:00:00.000Z' })],
  ['with companions that are none', swap({ companions: [null] })],
  ['with companions that are no list', swap({ companions: 'x' })],
  ['with a companion that leaves its folder', swap({ companions: [{ ...companion, name: '../READ-ME.txt' }] })],
  ['with a companion in the place of the manifest', swap({ companions: [{ ...companion, name: 'manifest.json' }] })],
  ['with a companion in the place of a part', swap({ companions: [{ ...companion, name: part.name }] })],
  ['with a digest that is none', swap({ parts: [{ ...part, sha256: 'x' }] })],
] as const) {
  test(`a manifest ${what} is not believed`, () => void assert.throws(() => openManifest(one, trusted), { code: 'set_damaged' }))
}
