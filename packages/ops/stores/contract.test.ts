import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { long } from '@erp4/testing'
import { directoryGround, s3Ground, sftpGround, type Ground } from './fixtures/grounds.ts'
import type { PutOrder, StorePruner, StoreReader, StoreWriter } from './store.ts'

const refused = { name: 'OpsError', code: 'refused' }
const missing = { name: 'OpsError', code: 'not_found' }
const conflict = { name: 'OpsError', code: 'store_conflict' }
const inAnHour = (): Date => new Date(Date.now() + 3_600_000)

const orderFor = (content: Buffer, more: Partial<PutOrder> = {}): PutOrder => ({
  length: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
  ...more,
})
const put = (store: StoreWriter, key: string, content: Buffer, more: Partial<PutOrder> = {}) =>
  store.putIfAbsent(key, () => Readable.from([content]), orderFor(content, more))
const read = async (store: StoreReader, key: string, range?: { start: number; end?: number }): Promise<Buffer> =>
  buffer(await store.get(key, range))

async function keysOf(store: StoreReader, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for (let cursor: string | undefined, first = true; first || cursor; first = false) {
    const page = await store.list(prefix, cursor)
    keys.push(...page.objects.map(({ key }) => key))
    cursor = page.cursor
  }
  return keys
}

for (const makeGround of [directoryGround, sftpGround, s3Ground]) {
  describe(`a store of the kind ${makeGround.kind}`, () => {
    let ground: Ground
    let writer: StoreWriter
    let reader: StoreReader
    let pruner: StorePruner
    before(async () => {
      ground = await makeGround.make()
      writer = await ground.open('write')
      reader = await ground.open('read')
      pruner = await ground.open('prune')
    })
    after(async () => {
      for (const store of [writer, reader, pruner]) await store?.close()
      await ground?.stop()
    })

    test('gives back what was put, whole and in parts, and says its length', async () => {
      const content = randomBytes(100_000)
      assert.equal(await put(writer, 'v1/whole/a.esdk', content), 'stored')
      assert.deepEqual(await read(reader, 'v1/whole/a.esdk'), content)
      assert.deepEqual(await read(reader, 'v1/whole/a.esdk', { start: 10, end: 19 }), content.subarray(10, 20))
      assert.deepEqual(await read(reader, 'v1/whole/a.esdk', { start: 99_990 }), content.subarray(99_990))
      assert.deepEqual(await read(reader, 'v1/whole/a.esdk', { start: 0, end: 0 }), content.subarray(0, 1))
      assert.deepEqual(await read(reader, 'v1/whole/a.esdk', { start: 99_990, end: 500_000 }), content.subarray(99_990))
      assert.equal((await read(reader, 'v1/whole/a.esdk', { start: 100_000 })).length, 0)
      assert.equal((await reader.head('v1/whole/a.esdk'))!.length, 100_000)
    })

    test('keeps an empty object', async () => {
      assert.equal(await put(writer, 'v1/empty', Buffer.alloc(0)), 'stored')
      assert.equal((await read(reader, 'v1/empty')).length, 0)
    })

    test('says so when it has no such object', async () => {
      await assert.rejects(reader.get('v1/nothing'), missing)
      assert.equal(await reader.head('v1/nothing'), undefined)
      assert.deepEqual(await reader.list('v1/nothing'), { objects: [] })
    })

    test('takes the same object twice, and another one of that name never', async () => {
      const content = randomBytes(1000)
      await put(writer, 'v1/once', content)
      assert.equal(await put(writer, 'v1/once', content), 'same')
      for (const other of [randomBytes(1000), content.subarray(1), Buffer.alloc(0)]) {
        await assert.rejects(put(writer, 'v1/once', other), conflict)
        assert.deepEqual(await read(reader, 'v1/once'), content)
      }
    })

    test('lets one of two writers win a name', async () => {
      const [one, two] = [randomBytes(300_000), randomBytes(300_000)]
      const second = await ground.open('write')
      for (const round of [1, 2, 3]) {
        const outcomes = await Promise.allSettled([put(writer, `v1/race-${round}`, one), put(second, `v1/race-${round}`, two)])
        assert.deepEqual(outcomes.map((each) => (each.status === 'fulfilled' ? each.value : each.reason.code)).sort(), [
          'store_conflict',
          'stored',
        ])
        const winner = outcomes[0].status === 'fulfilled' ? one : two
        assert.deepEqual(await read(reader, `v1/race-${round}`), winner)
        const equal = await Promise.all([put(writer, `v1/equal-${round}`, one), put(second, `v1/equal-${round}`, one)])
        assert.equal(equal.filter((each) => each === 'stored').length, 1)
      }
      await second.close()
    })

    for (const [what, source] of [
      ['ends too early', () => Readable.from([Buffer.alloc(50_000, 1)])],
      ['goes on too long', () => Readable.from([Buffer.alloc(100_000, 1), Buffer.alloc(1)])],
      ['is not the announced one', () => Readable.from([Buffer.alloc(100_000, 2)])],
      ['breaks', () => Readable.from(breaking())],
    ] as const) {
      test(`stores nothing of a source that ${what}`, async () => {
        const before = await ground.visible()
        await assert.rejects(writer.putIfAbsent('v1/broken', source, orderFor(Buffer.alloc(100_000, 1))), { name: 'OpsError' })
        assert.equal(await reader.head('v1/broken'), undefined)
        assert.deepEqual(await ground.visible(), before)
      })
    }

    test('gives up a put whose source hangs, and stores nothing of it', async () => {
      const signal = AbortSignal.timeout(300)
      const hanging = () => new Readable({ read() {} })
      await assert.rejects(writer.putIfAbsent('v1/hanging', hanging, orderFor(Buffer.alloc(10), { signal })), { code: 'store_failed' })
      assert.equal(await reader.head('v1/hanging'), undefined)
    })

    test('shows nothing of a writer that was killed, and takes the object from the next', async () => {
      const content = Buffer.alloc(400_000, 7)
      await killWhilePutting(ground, 'v1/killed', 400_000)
      assert.equal(await reader.head('v1/killed'), undefined)
      assert.deepEqual(await keysOf(reader, 'v1/killed'), [])
      assert.equal(await put(writer, 'v1/killed', content), 'stored')
      assert.deepEqual(await read(reader, 'v1/killed'), content)
    })

    test('lists thousands of names in their order, page by page, under any prefix', async () => {
      const keys = Array.from({ length: 1050 }, (_, i) => `list/${['a', 'a-b', 'a.b', 'a0'][i % 4]}/${i % 3}/${String(i).padStart(4, '0')}`)
      await ground.seed(keys)
      const inOrder = keys.toSorted((a, b) => (a < b ? -1 : 1))
      assert.deepEqual(await keysOf(reader, 'list/'), inOrder)
      const first = await reader.list('list/')
      assert.equal(first.objects.length, 1000)
      assert.ok(first.cursor)
      assert.deepEqual(
        await keysOf(reader, 'list/a-'),
        inOrder.filter((key) => key.startsWith('list/a-')),
      )
      assert.deepEqual(
        await keysOf(reader, 'list/a/00'),
        inOrder.filter((key) => key.startsWith('list/a/00')),
      )
      assert.equal((await keysOf(reader, '')).filter((key) => key.startsWith('list/')).length, 1050)
    })

    test('refuses names that are not its own, whoever asks', async () => {
      const odd = [
        '',
        '/',
        'a//b',
        '/a',
        'a/',
        '../a',
        'a/../b',
        'a/./b',
        '.a',
        'a/.b',
        '-a',
        'a b',
        'a\0b',
        'a\nb',
        'ä',
        'a\\b',
        'a:b',
        'a@b',
        'a%2f',
        'x'.repeat(513),
        `a/${'y'.repeat(256)}`,
      ]
      const before = await ground.visible()
      for (const key of odd) {
        await assert.rejects(put(writer, key, Buffer.from('x')), refused, JSON.stringify(key))
        await assert.rejects(reader.get(key), refused, JSON.stringify(key))
        await assert.rejects(reader.head(key), refused, JSON.stringify(key))
        await assert.rejects(pruner.delete(key), refused, JSON.stringify(key))
        await assert.rejects(pruner.setAside(key), refused, JSON.stringify(key))
        await assert.rejects(pruner.extendRetention(key, inAnHour()), refused, JSON.stringify(key))
      }
      for (const prefix of ['../', 'a/../', '/', 'a//', '.', 'a\0'])
        await assert.rejects(reader.list(prefix), refused, JSON.stringify(prefix))
      assert.deepEqual(await ground.visible(), before)
    })

    test('has a writer without any way to delete, and a pruner without any way to write', () => {
      const methods = (store: object): string[] => {
        const names: string[] = []
        for (let one = store; one !== Object.prototype; one = Object.getPrototypeOf(one)) names.push(...Object.getOwnPropertyNames(one))
        return names
      }
      for (const name of ['delete', 'setAside', 'purgeTrash', 'extendRetention'])
        for (const store of [writer, reader]) assert.ok(!methods(store).includes(name), name)
      for (const store of [pruner, reader]) assert.ok(!methods(store).includes('putIfAbsent'))
    })

    test('deletes nothing that it promised to keep, and promises more but never less', async () => {
      const content = randomBytes(10)
      const until = inAnHour()
      await put(writer, 'v1/kept', content, { retainUntil: until })
      const promised = (await reader.head('v1/kept'))!.retainUntil!
      assert.ok(promised >= until && promised.getTime() < until.getTime() + 2000)
      await assert.rejects(pruner.delete('v1/kept'), { code: 'retained' })
      await pruner.extendRetention('v1/kept', new Date(until.getTime() + 3_600_000))
      await pruner.extendRetention('v1/kept', new Date(until.getTime() - 1_800_000))
      assert.ok((await reader.head('v1/kept'))!.retainUntil!.getTime() >= until.getTime() + 3_600_000)
      await assert.rejects(pruner.delete('v1/kept'), { code: 'retained' })
      assert.deepEqual(await read(reader, 'v1/kept'), content)
      await assert.rejects(pruner.extendRetention('v1/never', until), missing)
    })

    test('puts what is deleted into a trash, from where it goes after its days and not before', async () => {
      const content = randomBytes(10)
      await put(writer, 'v1/gone', content)
      await pruner.delete('v1/gone')
      await pruner.delete('v1/gone')
      assert.equal(await reader.head('v1/gone'), undefined)
      await assert.rejects(reader.get('v1/gone'), missing)
      assert.deepEqual(await keysOf(reader, 'v1/gone'), [])
      await pruner.purgeTrash()
      assert.equal(await ground.inTrash('v1/gone'), 1)
      await ground.ageTrash(pruner.trashDays + 1)
      assert.ok((await pruner.purgeTrash()) >= 1)
      assert.equal(await ground.inTrash('v1/gone'), 0)
      assert.equal(await put(writer, 'v1/gone', randomBytes(10)), 'stored')
    })

    test('lets a damaged object be set aside for a good one, and keeps it as long as it promised', async () => {
      const content = randomBytes(10)
      await put(writer, 'v1/damaged', content, { retainUntil: inAnHour() })
      await pruner.setAside('v1/damaged')
      await pruner.setAside('v1/damaged')
      assert.equal(await reader.head('v1/damaged'), undefined)
      assert.equal(await put(writer, 'v1/damaged', content, { retainUntil: inAnHour() }), 'stored')
      await ground.ageTrash(pruner.trashDays + 1, 'v1/damaged')
      await pruner.purgeTrash()
      assert.equal(await ground.inTrash('v1/damaged'), 1)
      assert.deepEqual(await read(reader, 'v1/damaged'), content)
    })

    test('has a clock', async () => {
      for (const store of [writer, pruner]) assert.ok(Math.abs((await store.now()).getTime() - Date.now()) < 600_000)
    })

    test('names its location in what goes wrong when it has no room', async () => {
      const { code, message } = await ground.putWhenFull()
      assert.equal(code, 'disk_full')
      assert.match(message, /eu-9/)
      assert.equal(await reader.head('v1/full'), undefined)
    })

    long('a giant goes through in memory that does not grow with it', async () => {
      const small = await putInProcess(ground, 'v1/giant-30', 30 * 2 ** 20)
      const giant = await putInProcess(ground, 'v1/giant-300', 300 * 2 ** 20)
      assert.equal(giant.outcome, 'stored')
      assert.ok(giant.peak! < small.peak! + 60_000, `${giant.peak} kB after ${small.peak} kB`)
      assert.equal((await reader.head('v1/giant-300'))!.length, 300 * 2 ** 20)
    })

    test('says which location is away, instead of taking it for empty', async () => {
      await ground.takeAway()
      const away = { name: 'OpsError', code: 'store_failed', message: /eu-9/ }
      const late = await ground.open('write')
      await assert.rejects(late.get('v1/whole/a.esdk'), away)
      await assert.rejects(late.head('v1/whole/a.esdk'), away)
      await assert.rejects(late.list('v1/'), away)
      await assert.rejects(put(late, 'v1/late', Buffer.from('x')), away)
      await late.close()
    })
  })
}

async function* breaking(): AsyncGenerator<Buffer> {
  yield Buffer.alloc(50_000, 1)
  throw new Error('the disk of the source broke')
}

interface PutOutcome {
  outcome?: string
  peak?: number
  code?: string
  message?: string
}

function putProcess(ground: Ground, key: string, bytes: number, ending: 'end' | 'hang') {
  const child = spawn(process.execPath, [`${import.meta.dirname}/fixtures/put.ts`], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify({ location: ground.location, credentials: ground.credentials('write'), key, bytes, ending }))
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() }
}

async function putInProcess(ground: Ground, key: string, bytes: number): Promise<PutOutcome> {
  const { lines } = putProcess(ground, key, bytes, 'end')
  return JSON.parse(String((await lines.next()).value)) as PutOutcome
}

async function killWhilePutting(ground: Ground, key: string, bytes: number): Promise<void> {
  const { child, lines } = putProcess(ground, key, bytes, 'hang')
  assert.deepEqual(JSON.parse(String((await lines.next()).value)), { hanging: true })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}
