import assert from 'node:assert/strict'
import { createPublicKey, randomBytes, randomUUID, verify } from 'node:crypto'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { keyObject } from '../backup/manifest.ts'
import { openPart, sealPart } from '../envelope/envelope.ts'
import { OpsError } from '../errors.ts'
import { openOrCreateHome, type Home } from '../home.ts'
import { HostKeys } from '../keys.ts'
import { keyId, unseal } from '../sealing.ts'
import { openStores } from '../stores/open.ts'
import { readKey } from './key-file.ts'
import { kitText, kitTrusts, makeKit, openKitStores, parseKit } from './kit.ts'
import { fetchObject, instanceKeyContext, listKeyObjects, publishKeyObjects, readKeyObject } from './objects.ts'
import { hasRoot, parseRoot, removeRoot, rootFile } from './root.ts'
import { isRootRotating, rotateRoot, type RotationStore } from './rotation.ts'
import { combineShares, splitRoot } from './shares.ts'
import { rotateSigner, signingKey, trustedKeys } from './signers.ts'

const azure = '8a1d5b4e-4a56-4a6b-8f3f-0d4b6f1e2a01'
const bakery = '8a1d5b4e-4a56-4a6b-8f3f-0d4b6f1e2a02'
const message = Buffer.from('a manifest')

const folders: string[] = []
let home: Home
let keys: HostKeys
beforeEach(() => {
  home = newHome()
  keys = HostKeys.open(home)
})
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true })))

function newHome(): Home {
  const folder = mkdtempSync(join(tmpdir(), 'erp4-keys-'))
  folders.push(folder)
  return openOrCreateHome(folder).home
}

async function stores(): Promise<RotationStore[]> {
  const [readers, writers, pruners] = await Promise.all([openStores(home, 'read'), openStores(home, 'write'), openStores(home, 'prune')])
  return readers.map((reader, index) => ({ reader, writer: writers[index]!, pruner: pruners[index]! }))
}
const readers = () => openStores(home, 'read')
const published = async (...uuids: string[]) => {
  for (const uuid of uuids) {
    keys.createInstanceKey(uuid)
    for (const { error } of await publishKeyObjects(home, uuid, await openStores(home, 'write'))) assert.equal(error, undefined)
  }
}

// Signatures

test('host and verifier sign with keys of their own, whose ids say whose they are', () => {
  const [host, verifier] = [keys.signer('host'), keys.signer('verifier')]
  assert.match(host.keyId, /^host-[0-9a-f]{8}$/)
  assert.match(verifier.keyId, /^verifier-[0-9a-f]{8}$/)
  assert.ok(verify(null, message, keys.trustedKey(host.keyId)!, host.sign(message)))
  assert.ok(!verify(null, message, keys.trustedKey(host.keyId)!, verifier.sign(message)))
  assert.equal(HostKeys.open(home).signer('host').keyId, host.keyId)
  assert.equal(HostKeys.open(newHome()).trustedKey(host.keyId), undefined, "another home's is not trusted")
})

test('after a rotation new signatures are by the new key, and old ones still hold', () => {
  const old = keys.signer('host')
  const signature = old.sign(message)
  const fresh = rotateSigner(home, 'host')
  assert.notEqual(fresh.keyId, old.keyId)
  assert.equal(keys.signer('host').keyId, fresh.keyId)
  assert.ok(verify(null, message, keys.trustedKey(fresh.keyId)!, fresh.sign(message)))
  assert.ok(verify(null, message, keys.trustedKey(old.keyId)!, signature))
  assert.deepEqual(Object.keys(trustedKeys(home)), [fresh.keyId, old.keyId, keys.signer('verifier').keyId].sort())
})

test('a signing key that is gone is not made again in passing: nobody outside would believe the new one', () => {
  const other = newHome()
  HostKeys.open(other)
  other.note({ provisioned: 1 })
  const trusted = trustedKeys(other)
  for (const purpose of ['host', 'verifier'] as const) {
    rmSync(join(other.keys, `${purpose}-signing.key`))
    const opened = HostKeys.open(other)
    assert.throws(() => opened.signer(purpose), { code: 'key_missing', message: /erp4 keys rotate signer/ })
    assert.ok(!existsSync(join(other.keys, `${purpose}-signing.key`)))
    assert.deepEqual(trustedKeys(other), trusted)
  }
  const fresh = rotateSigner(other, 'host')
  assert.equal(HostKeys.open(other).signer('host').keyId, fresh.keyId)
  assert.deepEqual(Object.keys(trustedKeys(other)).toSorted(), [...Object.keys(trusted), fresh.keyId].toSorted())
})

test('a public key counts only under the id that is made of it, and in the folder of those that are trusted', () => {
  const stranger = createPublicKey(signingKey(randomBytes(32))).export({ type: 'spki', format: 'pem' })
  writeFileSync(join(home.keys, 'trusted', 'host-00000000.pem'), stranger)
  assert.equal(keys.trustedKey('host-00000000'), undefined)
  cpSync(join(home.keys, 'trusted', `${keys.signer('verifier').keyId}.pem`), join(home.keys, 'trusted', 'host-11111111.pem'))
  assert.equal(keys.trustedKey('host-11111111'), undefined)
  for (const id of ['../trusted/host-00000000', '', 'sealer']) assert.equal(keys.trustedKey(id), undefined)
})

// The root key

test('any two of three shares make the root key, however they were copied', async () => {
  const [one, two, three] = (await splitRoot(keys.root)) as [string, string, string]
  for (const pair of [
    [one, two],
    [three, one],
    [two, three],
    [one, two, three],
  ])
    assert.deepEqual(await combineShares(pair.join('\n')), keys.root)
  const byHand =
    three.toLowerCase().slice(0, 7) + three.slice(7).replaceAll('0', 'o').replaceAll('1', 'l').replaceAll('-', ' ').toLowerCase()
  assert.deepEqual(await parseRoot(`${byHand}\n\n  ${one}\n`), keys.root)
  assert.deepEqual(await parseRoot(readFileSync(rootFile(home), 'utf8')), keys.root)
})

test('a slip of the pen, one share alone, and shares of two kits are refused and say so', async () => {
  const [one, two] = (await splitRoot(keys.root)) as [string, string]
  const slip = two.slice(0, 20) + (two[20] === 'A' ? 'B' : 'A') + two.slice(21)
  const refused = (text: string, message: RegExp) => assert.rejects(async () => parseRoot(text), { code: 'key_wrong', message })
  await refused(`${one}\n${slip}`, /line 2 has a mistake/)
  await refused(`${one.slice(0, -1)}\n${two}`, /line 1 has a mistake/)
  await refused(one, /two different shares/)
  await refused(`${one}\n${one}`, /two different shares/)
  await refused(`${one}\n${(await splitRoot(keys.root))[1]}`, /different kits/)
  await refused(`${one}\n${(await splitRoot(randomBytes(32)))[1]}`, /different kits/)
  await refused('sesame', /mistake/)
})

test('the recovery kit says where the sets lie and whom to believe, and holds the root key in no single piece', async () => {
  const kit = await makeKit({ home, keys }, keys.root, '0.1.0')
  assert.deepEqual(await combineShares(kit.root.shares.slice(1).join('\n')), keys.root)
  assert.deepEqual(Object.keys(kit.trusted), Object.keys(trustedKeys(home)))
  assert.deepEqual(
    kit.locations.map(({ name }) => name),
    ['eu-1', 'us-1', 'ap-1'],
  )
  for (const { store } of kit.locations)
    assert.ok(store.kind === 'directory' && existsSync(store.path), 'a path that means something elsewhere')
  assert.equal(kit.host, home.id)
  const text = kitText(kit)
  for (const share of kit.root.shares) assert.ok(text.includes(share))
  for (const form of [keys.root.toString('base64'), keys.root.toString('hex')]) assert.ok(!text.includes(form))
})

test('with a kit alone, its home gone, the stores are read, signatures are checked and keys open', async () => {
  await published(azure)
  const [backup, signer] = [keys.backupKey(azure), keys.signer('host')]
  const place = mkdtempSync(join(tmpdir(), 'erp4-keys-'))
  folders.push(place)
  const kit = parseKit(JSON.stringify(await makeKit({ home, keys }, keys.root, '0.1.0')))
  const moved = kit.locations.map((one) => {
    cpSync((one.store as { path: string }).path, join(place, one.name), { recursive: true })
    return { ...one, store: { kind: 'directory' as const, path: join(place, one.name) } }
  })
  rmSync(join(home.dir, 'keys'), { recursive: true })
  rmSync(join(home.dir, 'stores'), { recursive: true })
  const other = HostKeys.open(newHome())
  const root = await combineShares(kit.root.shares.slice(0, 2).join('\n'))
  assert.deepEqual(await other.adoptInstanceKeys(azure, await openKitStores({ ...kit, locations: moved }), root), [1])
  assert.deepEqual(other.backupKey(azure), backup)
  assert.ok(verify(null, message, kitTrusts(kit, signer.keyId)!, signer.sign(message)))
  const swapped = { ...kit, trusted: { [signer.keyId]: Object.entries(kit.trusted).find(([id]) => id !== signer.keyId)![1] } }
  assert.equal(kitTrusts(swapped, signer.keyId), undefined)
  assert.equal(kitTrusts(kit, 'toString'), undefined)
  for (const text of ['', '{}', '[]', '{"v":2}']) assert.throws(() => parseKit(text), { code: 'refused' })
})

test('without the root key a host goes on serving, and makes no instance until it is lent', () => {
  keys.createInstanceKey(azure)
  const root = keys.root
  removeRoot(home)
  const later = HostKeys.open(home)
  assert.ok(!hasRoot(home))
  assert.deepEqual(later.backupKey(azure), keys.backupKey(azure))
  assert.throws(() => later.createInstanceKey(bakery), { code: 'key_missing', message: /--root-key/ })
  assert.ok(!existsSync(join(home.keys, 'instances', bakery)) && !existsSync(join(home.keys, 'host', bakery)))
  assert.throws(() => later.lendRoot(randomBytes(32)), { code: 'key_wrong' })
  assert.throws(() => later.lendRoot(Buffer.alloc(32)), { code: 'key_wrong' })
  later.lendRoot(root)
  later.createInstanceKey(bakery)
  assert.ok(!hasRoot(home), 'lending it leaves nothing behind')
  assert.throws(() => HostKeys.open(home).createInstanceKey(randomUUID()), { code: 'key_missing' })
})

// Key objects

test('key objects lie in every location, open with the root key alone, and only as what they are', async () => {
  await published(azure)
  for (const store of await readers()) {
    const sealed = await fetchObject(store, keyObject(azure, 1))
    assert.deepEqual(unseal(keys.root, instanceKeyContext(azure, 1), sealed).length, 32)
    assert.throws(() => unseal(randomBytes(32), instanceKeyContext(azure, 1), sealed), { code: 'key_wrong' })
    assert.throws(() => unseal(keys.root, instanceKeyContext(bakery, 1), sealed), { code: 'key_wrong' })
  }
  assert.deepEqual(
    (await publishKeyObjects(home, azure, await openStores(home, 'write'))).map(({ error }) => error),
    [undefined, undefined, undefined],
  )
})

test('another host adopts an instance with all versions of its key, from whichever location has them whole', async () => {
  await published(azure)
  keys.createInstanceKey(azure, 2)
  const [first, , third] = await openStores(home, 'write')
  await publishKeyObjects(home, azure, [third!])
  writeFileSync(join(home.dir, 'stores', first!.location.name, 'objects', keyObject(azure, 1)), 'spoilt', { mode: 0o600 })
  const other = HostKeys.open(newHome())
  const asKit = await combineShares((await splitRoot(keys.root)).slice(0, 2).join('\n'))
  await assert.rejects(other.adoptInstanceKeys(azure, await readers()), { code: 'key_wrong' }, 'not under its own root key')
  assert.deepEqual(await other.adoptInstanceKeys(azure, await readers(), asKit), [1, 2])
  for (const version of [1, 2]) assert.deepEqual(other.backupKey(azure, version), keys.backupKey(azure, version))
  await assert.rejects(other.adoptInstanceKeys(bakery, await readers(), asKit), { code: 'key_missing' })
})

test("after a rotation of an instance's key old sets still open, new ones are sealed with the new, and neither key opens the other's", async () => {
  keys.createInstanceKey(azure)
  const place = mkdtempSync(join(tmpdir(), 'erp4-keys-'))
  folders.push(place)
  writeFileSync(join(place, 'plain'), 'sesame')
  const context = { instance: azure, set: 'set', part: 'db-000.esdk' }
  const seal = async (name: string) => {
    const { key, version } = keys.backupKey(azure)
    await sealPart({ source: { file: join(place, 'plain') }, key, context, to: join(place, name), compress: true })
    return version
  }
  const open = (name: string, version: number) =>
    openPart({
      source: { file: join(place, name) },
      key: keys.backupKey(azure, version).key,
      context,
      sink: { file: join(place, 'out') },
      compressed: true,
    }).then(() => rmSync(join(place, 'out')))
  assert.equal(await seal('old'), 1)
  keys.createInstanceKey(azure, 2)
  assert.equal(await seal('new'), 2)
  await open('old', 1)
  await open('new', 2)
  await assert.rejects(open('old', 2), { code: 'key_wrong' })
  await assert.rejects(open('new', 1), { code: 'key_wrong' })
  keys.removeInstanceKeys(azure, 1)
  assert.throws(() => keys.backupKey(azure, 1), { code: 'key_missing' })
  await open('new', 2)
})

// Rotation of the root key

test('after a rotation of the root key every living object is under the new one everywhere, and the old one opens nothing', async () => {
  await published(azure, bakery)
  const [old, served] = [keys.root, keys.backupKey(azure)]
  const done = await rotateRoot({ home, keys }, await stores())
  assert.deepEqual(done, { old: keyId(old), fresh: keyId(keys.root), objects: 2 })
  assert.notDeepEqual(keys.root, old)
  for (const store of await readers()) {
    for (const uuid of [azure, bakery]) {
      await readKeyObject([store], keys.root, uuid, 1)
      await assert.rejects(readKeyObject([store], old, uuid, 1), { code: 'key_wrong' })
    }
  }
  const later = HostKeys.open(home)
  assert.deepEqual(later.root, keys.root)
  assert.deepEqual(later.backupKey(azure), served)
  assert.ok(!isRootRotating(home))
  assert.deepEqual(readdirSync(join(home.keys, 'instances', azure)), ['1.sealed'])
  assert.throws(() => later.lendRoot(old), { code: 'key_wrong' })
})

test('a location that fails keeps the old root key in force, and the next run goes on with the same new one', async () => {
  await published(azure, bakery)
  const old = keys.root
  const [first, second, third] = (await stores()) as [RotationStore, RotationStore, RotationStore]
  const away = Object.create(second.pruner, {
    delete: { value: () => Promise.reject(new OpsError('store_failed', 'us-1 is away.')) },
  }) as RotationStore['pruner']
  await assert.rejects(rotateRoot({ home, keys }, [first, { ...second, pruner: away }, third]), {
    code: 'store_failed',
    message: /us-1 is away/,
  })
  assert.ok(isRootRotating(home))
  const begun = readKey(`${rootFile(home)}.next`)
  const later = HostKeys.open(home)
  assert.deepEqual(later.root, old)
  for (const store of [second, third]) await readKeyObject([store.reader], old, azure, 1)
  const late = randomUUID()
  later.createInstanceKey(late)
  const done = await rotateRoot({ home, keys: later }, [first, second, third])
  assert.deepEqual(done, { old: keyId(old), fresh: keyId(begun), objects: 3 })
  for (const { reader } of [first, second, third]) for (const uuid of [azure, bakery, late]) await readKeyObject([reader], begun, uuid, 1)
  assert.deepEqual(await listKeyObjects(first.reader, late), [1])
})
