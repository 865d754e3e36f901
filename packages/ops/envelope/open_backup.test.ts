import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { keyObject, type Manifest, type ManifestPart } from '../backup/manifest.ts'
import { openOrCreateHome } from '../home.ts'
import { HostKeys } from '../keys.ts'
import { objectFile } from '../keys/objects.ts'
import { splitRoot } from '../keys/shares.ts'
import { trustedKeys } from '../keys/signers.ts'
import { deriveKey } from '../sealing.ts'
import { ulid } from '../ulid.ts'
import { sealPart } from './envelope.ts'

const program = join(import.meta.dirname, 'open_backup.py')
const instance = '8a1d5b4e-4a56-4a6b-8f3f-0d4b6f1e2a01'
const dump = randomBytes(2_500_000)
const fileName = 'ab'.repeat(32)
const fileContent = Buffer.concat([randomBytes(1024 * 1024), Buffer.from('the end')])
const fileKey = randomBytes(32)

let folder: string
let homeFolder: string
let keys: HostKeys
let set: string

/** One long-lived process seals several sets with one key object, as an agent does; the last one is what everything below opens. */
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'erp4-opener-'))
  const { home } = openOrCreateHome((homeFolder = mkdtempSync(join(tmpdir(), 'erp4-opener-home-'))))
  keys = HostKeys.open(home)
  keys.createInstanceKey(instance)
  const object = join(folder, 'store', keyObject(instance, 1))
  mkdirSync(dirname(object), { recursive: true })
  cpSync(objectFile(home, instance, 1), object)
  writeFileSync(join(folder, 'host.pem'), trustedKeys(home)[keys.signer('host').keyId]!)
  writeFileSync(join(folder, 'verifier.pem'), trustedKeys(home)[keys.signer('verifier').keyId]!)
  writeFileSync(join(folder, 'root'), keys.root.toString('base64'))
  writeFileSync(join(folder, 'other'), randomBytes(32).toString('base64'))
  writeFileSync(join(folder, 'zero'), Buffer.alloc(32).toString('base64'))
  writeFileSync(join(folder, 'backup'), keys.backupKey(instance).key.toString('base64'))
  const { key } = keys.backupKey(instance)
  for (let number = 0; number < 3; number++) set = await makeSet(key)
})
after(() => [folder, homeFolder].forEach((one) => rmSync(one, { recursive: true })))

async function makeSet(key: Buffer): Promise<string> {
  const id = ulid()
  const place = join(folder, id)
  mkdirSync(place)
  writeFileSync(join(folder, 'dump'), dump)
  writeFileSync(join(folder, 'facts'), '{"v":1}\n')
  mkdirSync(join(folder, 'files', 'ab'), { recursive: true })
  writeFileSync(join(folder, 'files', 'ab', fileName), sealedFile())
  const one = async (name: string, kind: ManifestPart['kind'], source: Parameters<typeof sealPart>[0]['source']): Promise<ManifestPart> => {
    const order = { source, key, context: { instance, set: id, part: name }, to: join(place, name), compress: kind !== 'files' }
    const done = await sealPart(order)
    return {
      name,
      kind,
      sha256: done.sha256,
      bytes: done.bytes,
      plain_sha256: done.plainSha256,
      plain_bytes: done.plainBytes,
      shared_from: null,
    }
  }
  const parts = [
    await one('db-000.esdk', 'database', { file: join(folder, 'dump') }),
    await one('files-000.tar.esdk', 'files', { command: 'tar', args: ['-C', join(folder, 'files'), '-c', 'ab'] }),
    await one('facts-000.esdk', 'facts', { file: join(folder, 'facts') }),
  ]
  writeManifest(place, {
    v: 1,
    set: id,
    instance,
    class: 'scheduled',
    host: 'h',
    taken: new Date().toISOString(),
    labels: { day: '2026-01-31', iso_week: '2026-W05', month: '2026-01', zone: 'UTC' },
    seq: 1,
    key_version: 1,
    postgres: '15',
    release: '1',
    parts,
  })
  return place
}

function writeManifest(place: string, manifest: Manifest): void {
  const text = JSON.stringify(manifest, null, 1)
  const { keyId, sign } = keys.signer('host')
  writeFileSync(join(place, 'manifest.json'), text)
  writeFileSync(join(place, 'manifest.sig'), JSON.stringify({ keyid: keyId, sig: sign(Buffer.from(text)).toString('base64') }))
}

/** As the server stores files; packages/server/files/cipher.ts describes it. */
function sealedFile(): Buffer {
  const chunks = [fileContent.subarray(0, 1024 * 1024), fileContent.subarray(1024 * 1024)]
  return Buffer.concat(
    chunks.flatMap((chunk, number) => {
      const nonce = Buffer.from([number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, number])
      const cipher = createCipheriv('aes-256-gcm', fileKey, nonce).setAAD(Buffer.concat([Buffer.from(`erp4.file.1\n${fileName}`), nonce]))
      return [cipher.update(chunk), cipher.final(), cipher.getAuthTag()]
    }),
  )
}

const run = (...args: string[]) => spawnSync('/usr/bin/python3', ['-B', program, ...args], { encoding: 'utf8', cwd: folder })
const fromRoot = (root = 'root') => ['--root-key', root, '--key-object', `store/${keyObject(instance, 1)}`]
const fromBackup = (file = 'backup') => ['--backup-key', file]
let outs = 0
const out = () => `out-${++outs}`

function opens(from: string, keyArguments: string[], ...more: string[]): void {
  const to = out()
  const done = run('set', from, to, ...keyArguments, '--trust', 'host.pem', ...more)
  assert.equal(done.status, 0, done.stderr)
  assert.ok(readFileSync(join(folder, to, 'db.dump')).equals(dump))
  assert.equal(readFileSync(join(folder, to, 'facts.json'), 'utf8'), '{"v":1}\n')
  assert.deepEqual(readdirSync(join(folder, to)).sort(), ['db.dump', 'facts.json', 'files.tar'])
}

function refuses(from: string, keyArguments: string[], says: RegExp): void {
  const to = out()
  const done = run('set', from, to, ...keyArguments, '--trust', 'host.pem')
  assert.equal(done.status, 1, done.stderr)
  assert.match(done.stderr, says)
  assert.deepEqual(existsSync(join(folder, to)) ? readdirSync(join(folder, to)) : [], [])
}

/** A copy of the set, for a test to damage. */
function copy(): string {
  const place = join(folder, `copy-${++outs}`)
  cpSync(set, place, { recursive: true })
  return place
}

test('another program opens the last of several sets, with the root key and the key object', () => opens(set, fromRoot()))

test('… with two of three shares of the root key, as a person copies them', async () => {
  const [one, , three] = await splitRoot(keys.root)
  writeFileSync(
    join(folder, 'shares'),
    `${three!.toLowerCase().replaceAll('0', 'o')}\n\n${one!.replaceAll('-', ' ').replace('ERP4 1 ', 'ERP4-1-')}\n`,
  )
  opens(set, fromRoot('shares'))
})

test("… and with the instance's backup key alone", () => opens(set, fromBackup()))

test('the files of a set open with the keys that its database holds', () => {
  const to = out()
  assert.equal(run('set', set, to, ...fromRoot(), '--trust', 'host.pem').status, 0)
  const nonce = randomBytes(12)
  const wrap = createCipheriv('aes-256-gcm', keys.instanceKeys(instance).derive('files'), nonce)
  wrap.setAAD(Buffer.from(`erp4.file-key.1\n${instance}\n${fileName}`))
  const wrapped = Buffer.concat([Buffer.of(1), nonce, wrap.update(fileKey), wrap.final(), wrap.getAuthTag()])
  writeFileSync(join(folder, 'blobs.csv'), `${fileName},${fileContent.length},${wrapped.toString('hex')}\n`)
  const done = run('files', join(to, 'files.tar'), 'blobs.csv', `${to}/files`, ...fromRoot())
  assert.equal(done.status, 0, done.stderr)
  assert.ok(readFileSync(join(folder, to, 'files', fileName)).equals(fileContent))
})

test('it opens neither with another key, nor with one of zeros', () => {
  refuses(set, fromRoot('other'), /does not open/)
  refuses(set, fromBackup('other'), /sealed with another key/)
  refuses(set, fromBackup('zero'), /only zeros/)
  // Not only refused as a key: it does not unwrap what was sealed.
  const place = join(set, 'db-000.esdk')
  const context = { instance, set: readManifest(set).set, part: 'db-000.esdk', version: '1' }
  const script = `
import json, sys
sys.path.insert(0, sys.argv[1])
import open_backup
for key in (bytes(32), bytes.fromhex(sys.argv[4])):
    try:
        print(sum(map(len, open_backup.message(open(sys.argv[2], 'rb'), 'it', key, json.loads(sys.argv[3])))))
    except open_backup.Refused as refusal:
        print(refusal)`
  const { key } = keys.backupKey(instance)
  const tried = spawnSync('/usr/bin/python3', ['-B', '-c', script, dirname(program), place, JSON.stringify(context), key.toString('hex')], {
    encoding: 'utf8',
  })
  assert.match(tried.stdout, /^it was sealed with another key\.\n\d{7}\n$/, tried.stderr)
})

const readManifest = (place: string) => JSON.parse(readFileSync(join(place, 'manifest.json'), 'utf8')) as Manifest

for (const [name, damage] of [
  ['cut off', (file: string) => truncateSync(file, 1_500_000)],
  ['cut off after its first frame', (file: string) => truncateSync(file, statSync(file).size - 400_000)],
  ['changed by a bit', (file: string) => flip(file, 1_200_000)],
  ['changed by a bit in its header', (file: string) => flip(file, 20)],
  ['longer than it was', (file: string) => writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.of(0)]))],
] as const) {
  test(`a part that is ${name} is refused by its digest, and by itself when the manifest agrees with it`, () => {
    const place = copy()
    const file = join(place, 'db-000.esdk')
    damage(file)
    refuses(place, fromBackup(), /is not the part that the manifest names/)
    const manifest = readManifest(place)
    const bytes = readFileSync(file)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    writeManifest(place, {
      ...manifest,
      parts: manifest.parts.map((part) => (part.kind === 'database' ? { ...part, bytes: bytes.length, sha256 } : part)),
    })
    refuses(place, fromBackup(), /ends too early|was altered|goes on after its end|another key|not committed/)
  })
}

test('a part of another set, or in the place of another part, is refused', () => {
  const place = copy()
  const manifest = readManifest(place)
  writeManifest(place, { ...manifest, set: ulid() })
  refuses(place, fromBackup(), /sealed as something else/)
  const swapped = copy()
  cpSync(join(swapped, 'facts-000.esdk'), join(swapped, 'db-000.esdk'))
  const facts = manifest.parts.find(({ kind }) => kind === 'facts')!
  writeManifest(swapped, { ...manifest, parts: [{ ...facts, name: 'db-000.esdk', kind: 'database' }] })
  refuses(swapped, fromBackup(), /sealed as something else/)
})

test('a manifest that was changed, or signed by a key that is not trusted, is refused', () => {
  const place = copy()
  writeFileSync(join(place, 'manifest.json'), readFileSync(join(place, 'manifest.json'), 'utf8').replace('"seq": 1', '"seq": 2'))
  refuses(place, fromBackup(), /was altered/)
  const done = run('set', set, out(), ...fromBackup(), '--trust', 'verifier.pem')
  assert.equal(done.status, 1)
  assert.match(done.stderr, /none of the keys given with --trust/)
})

test('nothing is written over', () => {
  const to = out()
  mkdirSync(join(folder, to))
  writeFileSync(join(folder, to, 'facts.json'), 'mine')
  assert.equal(run('set', set, to, ...fromBackup()).status, 1)
  assert.equal(readFileSync(join(folder, to, 'facts.json'), 'utf8'), 'mine')
  assert.deepEqual(readdirSync(join(folder, to)), ['facts.json'])
})

test("the backup key is derived from the instance's key as the published format says", () => {
  assert.equal(keys.backupKey(instance).version, 1)
  assert.deepEqual(keys.instanceKeys(instance).derive('backup'), keys.backupKey(instance).key)
  const known = deriveKey(Buffer.alloc(32, 1), 'backup').toString('hex')
  const python = spawnSync(
    '/usr/bin/python3',
    [
      '-B',
      '-c',
      `import sys; sys.path.insert(0, sys.argv[1]); import open_backup; print(open_backup.derive(bytes([1]) * 32, 'backup').hex())`,
      dirname(program),
    ],
    { encoding: 'utf8' },
  )
  assert.equal(python.stdout.trim(), known)
})

function flip(file: string, at: number): void {
  const bytes = readFileSync(file)
  bytes[at]! ^= 1
  writeFileSync(file, bytes)
}
