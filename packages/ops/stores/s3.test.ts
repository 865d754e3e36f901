import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, afterEach, before, test } from 'node:test'
import { DeleteObjectCommand, PutObjectCommand, PutObjectRetentionCommand, S3Client } from '@aws-sdk/client-s3'
import { type S3Double, type S3Fault, s3Double } from '@erp4/testing'
import { holds } from './content.ts'
import { s3CredentialsOf, s3LocationOf, s3Users } from './fixtures/s3-ground.ts'
import type { StoreRole } from './locations.ts'
import { openStoreWith } from './open.ts'
import { statusOf } from './s3-client.ts'
import type { PutOrder, StoreReader, StoreWriter } from './store.ts'

let double: S3Double
let writer: StoreWriter
let reader: StoreReader
const open = <R extends StoreRole>(role: R) => openStoreWith(s3LocationOf(double), role, () => s3CredentialsOf(role))
before(async () => {
  double = await s3Double(s3Users)
  writer = await open('write')
  reader = await open('read')
})
after(() => double.close())
afterEach(() => {
  double.fault = undefined
  double.skewMs = 0
})

const orderFor = (content: Buffer): PutOrder => ({ length: content.length, sha256: createHash('sha256').update(content).digest('hex') })
const put = (key: string, content: Buffer, more: Partial<PutOrder> = {}, store = writer) =>
  store.putIfAbsent(key, () => Readable.from([content]), { ...orderFor(content), ...more })
const read = async (key: string): Promise<Buffer> => buffer(await reader.get(key))
const isDenied = (error: unknown): boolean => statusOf(error) === 403

/** The library as anybody may use it, with one of our keys. */
const bare = (role: StoreRole, secretAccessKey: string = s3CredentialsOf(role).secretAccessKey): S3Client =>
  new S3Client({
    endpoint: double.endpoint,
    region: double.region,
    forcePathStyle: true,
    credentials: { accessKeyId: s3CredentialsOf(role).accessKeyId, secretAccessKey },
    maxAttempts: 1,
  })

/** The operation fails in this way the first `times` times. */
function failing(operation: string, times: number, fault: S3Fault): void {
  let left = times
  double.fault = (call) => (call.operation === operation && left-- > 0 ? fault : undefined)
}

test("the writer's key cannot delete, write over, lock or unlock, whoever holds it", async () => {
  const content = randomBytes(100)
  await put('v1/safe', content)
  const object = { Bucket: double.name, Key: 'erp4/v1/safe' }
  const [version] = double.bucket.versionsOf(object.Key)
  const client = bare('write')
  await assert.rejects(client.send(new PutObjectCommand({ ...object, Body: 'other' })), isDenied)
  await assert.rejects(client.send(new PutObjectCommand({ ...object, Body: 'other', IfNoneMatch: '*' })), { name: 'PreconditionFailed' })
  await assert.rejects(client.send(new DeleteObjectCommand(object)), isDenied)
  await assert.rejects(client.send(new DeleteObjectCommand({ ...object, VersionId: version!.id })), isDenied)
  const Retention = { Mode: 'COMPLIANCE', RetainUntilDate: new Date() } as const
  await assert.rejects(client.send(new PutObjectRetentionCommand({ ...object, Retention })), isDenied)
  assert.deepEqual(double.bucket.versionsOf(object.Key), [version])
  assert.deepEqual(await read('v1/safe'), content)
})

test("the pruner's key cannot write, nor take a locked version away, nor shorten a lock", async () => {
  await put('v1/locked', randomBytes(100), { retainUntil: new Date(Date.now() + 3_600_000) })
  const object = { Bucket: double.name, Key: 'erp4/v1/locked' }
  const [version] = double.bucket.versionsOf(object.Key)
  const client = bare('prune')
  await assert.rejects(client.send(new PutObjectCommand({ ...object, Key: 'erp4/v1/new', Body: 'x', IfNoneMatch: '*' })), isDenied)
  await assert.rejects(client.send(new DeleteObjectCommand({ ...object, VersionId: version!.id })), isDenied)
  const Retention = { Mode: 'COMPLIANCE', RetainUntilDate: new Date(Date.now() + 1000) } as const
  await assert.rejects(client.send(new PutObjectRetentionCommand({ ...object, Retention })), isDenied)
  assert.deepEqual(double.bucket.versionsOf(object.Key), [version])
})

test("the reader's key cannot write, and a key with a wrong secret can do nothing", async () => {
  const order = { Bucket: double.name, Key: 'erp4/v1/intruder', Body: 'x', IfNoneMatch: '*' }
  await assert.rejects(bare('read').send(new PutObjectCommand(order)), isDenied)
  await assert.rejects(bare('write', 'guessed').send(new PutObjectCommand(order)), { name: 'SignatureDoesNotMatch' })
  assert.equal(double.bucket.current(order.Key), undefined)
})

test('a large object goes up in parts and comes down whole', async () => {
  const content = randomBytes(33 * 2 ** 20)
  double.calls.length = 0
  assert.equal(await put('v1/large', content, { retainUntil: new Date(Date.now() + 3_600_000) }), 'stored')
  assert.equal(double.calls.filter(({ operation }) => operation === 'UploadPart').length, 3)
  assert.ok(await holds(reader, 'v1/large', orderFor(content)))
  assert.ok((await reader.head('v1/large'))!.retainUntil)
  assert.equal(await put('v1/large', content), 'same')
  await assert.rejects(put('v1/large', randomBytes(33 * 2 ** 20)), { code: 'store_conflict' })
})

test('of two that bring a large object at once, one wins', async () => {
  const [one, two] = [randomBytes(20 * 2 ** 20), randomBytes(20 * 2 ** 20)]
  const outcomes = await Promise.allSettled([put('v1/large-race', one), put('v1/large-race', two)])
  assert.deepEqual(outcomes.map((each) => (each.status === 'fulfilled' ? each.value : each.reason.code)).sort(), [
    'store_conflict',
    'stored',
  ])
  assert.ok(await holds(reader, 'v1/large-race', orderFor(outcomes[0].status === 'fulfilled' ? one : two)))
  assert.equal(double.bucket.uploads.size, 0)
})

test('a large object whose source is wrong leaves no parts behind', async () => {
  const content = randomBytes(20 * 2 ** 20)
  const source = () => Readable.from([content.subarray(0, -1), Buffer.alloc(1)])
  await assert.rejects(writer.putIfAbsent('v1/large-wrong', source, orderFor(Buffer.concat([content, Buffer.alloc(1)]))), {
    code: 'set_damaged',
  })
  assert.equal(double.bucket.uploads.size, 0)
  assert.equal(await reader.head('v1/large-wrong'), undefined)
})

test('parts that a killed writer left are swept after a day, and not before', async () => {
  double.bucket.uploads.set('left', { id: 'left', key: 'erp4/v1/left', begun: new Date(), parts: new Map() })
  const pruner = await open('prune')
  await pruner.purgeTrash()
  assert.equal(double.bucket.uploads.size, 1)
  double.skewMs = 25 * 3_600_000
  assert.equal(await pruner.purgeTrash(), 1)
  assert.equal(double.bucket.uploads.size, 0)
})

for (const [what, operation, fault] of [
  ['says that it is busy', 'PutObject', { answer: 'error', status: 503, code: 'SlowDown' }],
  ['fails inside', 'PutObject', { answer: 'error', status: 500, code: 'InternalError' }],
  ['breaks the connection in the middle', 'PutObject', { answer: 'cut', after: 200_000 }],
  ['stores it and breaks the connection before it says so', 'PutObject', { answer: 'lost' }],
] as const) {
  test(`a store that ${what} is asked again, and has the object once`, async () => {
    const content = randomBytes(500_000)
    const key = `v1/again-${fault.answer}-${'status' in fault ? fault.status : ''}`
    failing(operation, 1, fault)
    assert.equal(await put(key, content), fault.answer === 'lost' ? 'same' : 'stored')
    assert.equal(double.bucket.versionsOf(`erp4/${key}`).length, 1)
    assert.deepEqual(await read(key), content)
  })
}

test('a store that keeps failing is given up, by name, and nothing is there', async () => {
  failing('PutObject', Infinity, { answer: 'error', status: 500, code: 'InternalError' })
  await assert.rejects(put('v1/never', randomBytes(10)), { name: 'OpsError', code: 'store_failed', message: /eu-9.*InternalError/ })
  assert.equal(double.bucket.current('erp4/v1/never'), undefined)
})

test('a store that is slow is given up when the time is over', async () => {
  // A day: whoever waited for the answer would not come to the end of this test.
  failing('PutObject', Infinity, { answer: 'late', ms: 86_400_000 })
  await assert.rejects(put('v1/slow', randomBytes(10), { signal: AbortSignal.timeout(500) }), { code: 'store_failed' })
  assert.equal(double.bucket.current('erp4/v1/slow'), undefined)
})

test('an answer that ends too early is an error and never a shorter object', async () => {
  const content = randomBytes(500_000)
  await put('v1/cut', content)
  failing('GetObject', 1, { answer: 'cut', after: 100_000 })
  await assert.rejects(read('v1/cut'))
  assert.deepEqual(await read('v1/cut'), content)
})

test('bytes that are not those that were stored are noticed by reading, whatever the store says of them', async () => {
  const content = randomBytes(1000)
  await put('v1/lie', content)
  failing('GetObject', 2, { answer: 'wrong' })
  assert.equal((await reader.head('v1/lie'))!.length, 1000)
  assert.equal(await holds(reader, 'v1/lie', orderFor(content)), false)
  await assert.rejects(put('v1/lie', content), { code: 'store_conflict' })
})

test('a store whose clock is another works, and its clock is the one that counts', async () => {
  const pruner = await open('prune')
  await put('v1/clock', randomBytes(10), { retainUntil: new Date(Date.now() + 600_000) })
  await assert.rejects(pruner.delete('v1/clock'), { code: 'retained' })
  double.skewMs = 3_600_000
  assert.ok(Math.abs((await pruner.now()).getTime() - Date.now() - 3_600_000) < 1_800_000)
  await pruner.delete('v1/clock')
  assert.equal(await pruner.head('v1/clock'), undefined)
})

test('the double reads what the library sends by itself: chunks, with a checksum behind them', async () => {
  const content = randomBytes(300_000)
  const order = { Bucket: double.name, Key: 'erp4/v1/chunked', IfNoneMatch: '*', ContentLength: content.length }
  await bare('write').send(new PutObjectCommand({ ...order, Body: Readable.from([content]) }))
  assert.deepEqual(await read('v1/chunked'), content)
  const spoiled = { ...order, Key: 'erp4/v1/spoiled', Body: content, ChecksumSHA256: createHash('sha256').update('other').digest('base64') }
  await assert.rejects(bare('write').send(new PutObjectCommand(spoiled)), (error) => statusOf(error) === 400)
  assert.equal(double.bucket.current('erp4/v1/spoiled'), undefined)
})

test('the double lets nobody in without a signature', async () => {
  const url = `${double.endpoint}/${double.name}/erp4/v1/open`
  for (const init of [{}, { method: 'PUT', body: 'x' }, { method: 'DELETE' }]) assert.equal((await fetch(url, init)).status, 403)
  assert.equal(double.bucket.current('erp4/v1/open'), undefined)
})
