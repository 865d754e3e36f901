import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { type SshServer, sshKeyPair, sshServer } from '@erp4/testing'
import ssh2, { type SFTPWrapper } from 'ssh2'
import { DirectoryReader } from './directory.ts'
import { openSftp, sftpLocationOf } from './fixtures/sftp-ground.ts'
import type { RegisteredLocation, StoreRole } from './locations.ts'
import { openStoreWith } from './open.ts'
import type { PutOrder, StoreWriter } from './store.ts'

let server: SshServer
let writer: StoreWriter
before(async () => {
  server = await sshServer()
  writer = await openSftp(server, 'write')
})
after(async () => {
  await writer.close()
  await server.stop()
})

const put = (store: StoreWriter, key: string, content: Buffer, more: Partial<PutOrder> = {}) =>
  store.putIfAbsent(key, () => Readable.from([content]), {
    length: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
    ...more,
  })

/** Plain SFTP with the key of a role, as somebody has it who stole it. */
async function bare(role: StoreRole, work: (sftp: SFTPWrapper) => Promise<void>): Promise<void> {
  const client = new ssh2.Client()
  const sftp = await new Promise<SFTPWrapper>((resolve, reject) => {
    client.once('error', reject)
    client.once('ready', () => client.sftp((error, opened) => (error ? reject(error) : resolve(opened))))
    client.connect({ host: '127.0.0.1', port: server.port, username: server.user, privateKey: server.keys[role] })
  })
  await work(sftp).finally(() => client.end())
}
const refused = (request: (done: (error?: Error | null) => void) => void): Promise<void> =>
  assert.rejects(new Promise<void>((resolve, reject) => request((error) => (error ? reject(error) : resolve()))), { code: 3 })

test("the writer's key cannot delete, rename, truncate or unlock what was written, whoever holds it", async () => {
  const content = randomBytes(1000)
  await put(writer, 'v1/safe', content, { retainUntil: new Date(Date.now() + 3_600_000) })
  const path = join(server.root, 'objects/v1/safe')
  const [promise] = readdirSync(join(server.root, 'retain/v1')).filter((name) => name.startsWith('safe@'))
  await bare('write', async (sftp) => {
    for (const victim of [path, join(server.root, 'retain/v1', promise!)]) {
      await refused((done) => sftp.unlink(victim, done))
      await refused((done) => sftp.rename(victim, `${victim}-away`, done))
      assert.throws(() => sftp.ext_openssh_rename(victim, `${victim}-away`, () => {}), /not support/)
      await refused((done) => sftp.open(victim, 'w', done))
      await refused((done) => sftp.open(victim, 'r+', done))
      await refused((done) => sftp.open(victim, 'a', done))
      await refused((done) => sftp.chmod(victim, 0o600, done))
      await refused((done) => sftp.setstat(victim, { size: 0 }, done))
    }
    await refused((done) => sftp.rmdir(join(server.root, 'objects/v1'), done))
    await refused((done) => sftp.symlink('/etc/passwd', join(server.root, 'objects/link'), done))
  })
  assert.deepEqual(readFileSync(path), content)
  assert.deepEqual(
    readdirSync(join(server.root, 'retain/v1')).filter((name) => name.startsWith('safe@')),
    [promise],
  )
})

test("the reader's key can only read", async () => {
  const content = randomBytes(1000)
  await put(writer, 'v1/read', content)
  const path = join(server.root, 'objects/v1/read')
  await bare('read', async (sftp) => {
    await refused((done) => sftp.unlink(path, done))
    await refused((done) => sftp.open(join(server.root, 'objects/new'), 'w', done))
    await refused((done) => sftp.mkdir(join(server.root, 'objects/folder'), done))
  })
  const reader = await openSftp(server, 'read')
  assert.deepEqual(await buffer(await reader.get('v1/read')), content)
  await assert.rejects(reader.now(), { code: 'refused' })
  await reader.close()
})

test('no key opens a shell or runs a command', async () => {
  const client = new ssh2.Client()
  await new Promise<void>((resolve, reject) => {
    client.once('error', reject)
    client.once('ready', resolve)
    client.connect({ host: '127.0.0.1', port: server.port, username: server.user, privateKey: server.keys.prune })
  })
  const said = await new Promise<string>((resolve, reject) =>
    client.exec('id', (error, stream) => {
      if (error) return reject(error)
      let text = ''
      stream.on('data', (piece: Buffer) => (text += piece.toString()))
      stream.on('close', () => resolve(text))
      stream.end()
    }),
  )
  client.end()
  assert.equal(said, 'This service allows sftp connections only.\n')
})

test('a server with another host key is told nothing', async () => {
  const location = sftpLocationOf(server)
  const other = { ...location, store: { ...location.store, hostKey: `SHA256:${'A'.repeat(43)}` } } as RegisteredLocation
  const store = await openStoreWith(other, 'write', () => ({ privateKey: server.keys.write }))
  await assert.rejects(put(store, 'v1/stranger', randomBytes(10)), { code: 'store_failed', message: /eu-9.*host key/ })
  await store.close()
})

test('a key that the server does not know opens nothing', async () => {
  const stranger = sshKeyPair().private
  const store = await openStoreWith(sftpLocationOf(server), 'write', () => ({ privateKey: stranger }))
  await assert.rejects(put(store, 'v1/stranger', randomBytes(10)), { code: 'store_failed', message: /authentication/ })
  await store.close()
})

test('a store goes on over a new connection when its server was away', async () => {
  const content = randomBytes(1000)
  await put(writer, 'v1/before', content)
  await server.kill()
  await assert.rejects(writer.head('v1/before'), { code: 'store_failed', message: /eu-9/ })
  await server.restart()
  assert.equal((await writer.head('v1/before'))!.length, 1000)
  assert.equal(await put(writer, 'v1/after', content), 'stored')
})

test('a connection that breaks in the middle of a put is made anew, and the object is there once', async () => {
  const content = randomBytes(3_000_000)
  let attempts = 0
  const source = (): Readable => {
    attempts++
    const isFirst = attempts === 1
    return Readable.from(
      (async function* () {
        yield content.subarray(0, 1_000_000)
        if (isFirst) await server.restart()
        yield content.subarray(1_000_000)
      })(),
    )
  }
  const order = { length: content.length, sha256: createHash('sha256').update(content).digest('hex') }
  assert.equal(await writer.putIfAbsent('v1/again', source, order), 'stored')
  assert.equal(attempts, 2)
  assert.deepEqual(await buffer(await writer.get('v1/again')), content)
})

test('at the location itself the store is a directory, with the same objects and promises', async () => {
  const content = randomBytes(1000)
  const until = new Date(Date.now() + 3_600_000)
  await put(writer, 'v1/local', content, { retainUntil: until })
  const local = new DirectoryReader(sftpLocationOf(server), server.root)
  assert.deepEqual(await buffer(await local.get('v1/local')), content)
  assert.ok((await local.head('v1/local'))!.retainUntil! >= until)
  assert.equal(statSync(join(server.root, 'objects/v1/local')).mode & 0o777, 0o400)
})
