import assert from 'node:assert/strict'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { asOwner, makeWorld, putFile } from '../backup/fixtures/world.ts'
import { runBackup } from '../backup/set.ts'
import { startHost, type Host } from '../host.ts'
import { connectAs, findInstance } from '../instances.ts'
import { HostKeys } from '../keys.ts'
import { withClient } from '../provision.ts'
import { deriveKey, newKey, unseal } from '../sealing.ts'
import { openCredentials, sealCredentials } from '../stores/credentials.ts'
import { startThrowawayCluster, type Throwaway } from '../throwaway.ts'
import { commitHostKey, isHostKeyRotating, rotateHostKey, stageHostKey } from './host-key.ts'
import { readKey } from './key-file.ts'
import { instanceKeyContext } from './objects.ts'

let world: Throwaway
let host: Host
before(async () => {
  world = await startThrowawayCluster({ own: true })
  host = world.host
  const azure = await makeWorld(host, 'azure')
  await asOwner(host, azure, (db) => putFile(host, azure, 'a', Buffer.from('a file'), db))
  sealCredentials(host.home, { name: 'us-1' }, 'read', { accessKeyId: 'key', secretAccessKey: 'sesame' })
})
after(() => world.stop())

const current = () => readKey(join(host.home.keys, 'host.key'))

/** The host does everything that needs its key: it reaches the instance as each role, opens its keys and credentials, makes a set. */
async function demandWorks(): Promise<void> {
  const azure = await findInstance(host, 'azure')
  for (const role of ['owner', 'runtime', 'seal'] as const) await withClient(await connectAs(host, azure, role), (db) => db.query('select'))
  assert.deepEqual(openCredentials(host.home, { name: 'us-1' }, 'read'), { accessKeyId: 'key', secretAccessKey: 'sesame' })
  assert.equal((await runBackup(host, 'azure')).state, 'published')
  assert.ok(HostKeys.open(host.home).login('erp4_ops'))
  const left = readdirSync(host.home.keys, { recursive: true, encoding: 'utf8' }).filter((name) => /\.next$|\.rotating$/.test(name))
  assert.deepEqual(left, [])
}

const startAgain = async () => (await startHost(host.home, { throwaway: true })).host.close()

/** Whoever began the rotation is dead from now on. */
const kill = (): void => writeFileSync(join(host.home.keys, 'host.key.rotating'), '1 never')

test('after a rotation of the host key everything opens with the new one, nothing with the old, and whoever holds the home goes on', async () => {
  const old = current()
  const { uuid, keyVersion } = await findInstance(host, 'azure')
  const backup = host.keys.backupKey(uuid)
  await rotateHostKey(host)
  assert.notDeepEqual(current(), old)
  await demandWorks()
  assert.deepEqual(host.keys.backupKey(uuid), backup, "the instance's own key is the same")
  const sealed = readFileSync(join(host.home.keys, 'host', uuid, `${keyVersion}.sealed`))
  assert.throws(() => unseal(deriveKey(old, 'serving'), instanceKeyContext(uuid, keyVersion), sealed), { code: 'key_wrong' })
  const { rows } = await host.db.query<{ purpose: string; version: number; sealed: Buffer }>('select purpose, version, sealed from secret')
  for (const { purpose, version, sealed: password } of rows)
    for (const part of ['serving', 'operating'])
      assert.throws(() => unseal(deriveKey(old, part), { instance: uuid, purpose: `${purpose} password`, version }, password), {
        code: 'key_wrong',
      })
})

test('killed while everything is being sealed anew, it is undone at the next start', async () => {
  const old = current()
  stageHostKey(host.home, old, newKey())
  // Half of it: some were not written yet.
  rmSync(join(host.home.keys, 'logins', 'erp4_ops.sealed.next'))
  await startAgain()
  assert.ok(isHostKeyRotating(host.home), 'while it is in hand nobody else ends it')
  kill()
  await startAgain()
  assert.deepEqual(current(), old)
  await demandWorks()
})

test('killed after the new key counts, with any of its files still to come, it is finished at the next start', async () => {
  const [old, fresh] = [current(), newKey()]
  stageHostKey(host.home, old, fresh)
  commitHostKey(host.home)
  const first = join(host.home.keys, 'logins', 'erp4_server.sealed')
  cpSync(`${first}.next`, first)
  rmSync(`${first}.next`)
  kill()
  await startAgain()
  assert.deepEqual(current(), fresh)
  await demandWorks()
  assert.ok(!existsSync(join(host.home.keys, 'host.key.next')))
})

test('a rotation that finds something it cannot open changes nothing', async () => {
  const old = current()
  assert.throws(() => stageHostKey(host.home, newKey(), newKey()), { code: 'key_wrong' })
  kill()
  await startAgain()
  assert.deepEqual(current(), old)
  await demandWorks()
})
