import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { long } from '@erp4/testing'
import { isRoot } from '../os-user.ts'
import { type OpenOrder, openPart, sealPart, type SealOrder } from './envelope.ts'
import { Meter } from './meter.ts'

const key = randomBytes(32)
const context = { instance: '8a1d5b4e-4a56-4a6b-8f3f-0d4b6f1e2a01', set: '01K6Z3V5Q8N4T2R7XW9YB0CDEF', part: 'db-000.esdk' }
const mebibyte = 1024 * 1024

let folder: string
before(() => void (folder = mkdtempSync(join(tmpdir(), 'erp4-envelope-'))))
after(() => rmSync(folder, { recursive: true }))

let made = 0
/** A folder of its own for each test, so that what is left in it can be told. */
function fresh(): string {
  const path = join(folder, String(++made))
  mkdirSync(path)
  return path
}
const sh = (script: string, ...args: string[]) => ({ command: 'sh', args: ['-c', script, 'sh', ...args] })
const sealing = (place: string, source: SealOrder['source'], rest: Partial<SealOrder> = {}) =>
  sealPart({ source, key, context, to: join(place, 'db-000.esdk'), compress: true, ...rest })
const opening = (place: string, rest: Partial<OpenOrder> = {}) =>
  openPart({
    source: { file: join(place, 'db-000.esdk') },
    key,
    context,
    sink: { file: join(place, 'db.dump') },
    compressed: true,
    ...rest,
  })

async function sealedContent(content: Buffer, rest: Partial<SealOrder> = {}): Promise<string> {
  const place = fresh()
  writeFileSync(join(place, 'plain'), content)
  await sealing(place, { file: join(place, 'plain') }, rest)
  return place
}

async function firstLine(path: string): Promise<string> {
  for (;;) {
    const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
    if (text.endsWith('\n')) return text.trim()
    await pause(20)
  }
}

async function gone(pid: number): Promise<boolean> {
  for (let waited = 0; waited < 300_000; waited += 50) {
    if (!isAlive(pid)) return true
    await pause(50)
  }
  return false
}

/** A zombie has ended, whoever has yet to ask for its exit status. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

for (const [name, length, compress] of [
  ['nothing', 0, true],
  ['nothing, uncompressed', 0, false],
  ['exactly one frame', mebibyte, false],
  ['exactly two frames', 2 * mebibyte, false],
  ['frames and a rest', 3 * mebibyte + 17, false],
  ['frames and a rest, compressed', 3 * mebibyte + 17, true],
] as const) {
  test(`${name} comes back as it was sealed`, async () => {
    const content = randomBytes(length)
    const place = await sealedContent(content, { compress })
    const opened = await opening(place, { compressed: compress })
    assert.equal(opened.plainBytes, length)
    assert.ok(readFileSync(join(place, 'db.dump')).equals(content))
    assert.deepEqual(readdirSync(place).sort(), ['db-000.esdk', 'db.dump', 'plain'])
  })
}

test("a program's output is sealed, counted and hashed before and after, and can be opened into a program", async () => {
  const place = fresh()
  const sealed = await sealing(place, sh('head -c 2000000 /dev/zero'))
  const sha256 = (path: string) => spawnSync('sha256sum', [path], { encoding: 'utf8' }).stdout.slice(0, 64)
  const file = join(place, 'db-000.esdk')
  assert.deepEqual({ bytes: sealed.bytes, sha256: sealed.sha256 }, { bytes: readFileSync(file).length, sha256: sha256(file) })
  assert.ok(sealed.bytes < 10_000, 'zeros are compressed')
  await opening(place, { sink: sh('cat > "$1"', join(place, 'out')) })
  assert.deepEqual({ plainBytes: sealed.plainBytes, sha: sealed.plainSha256 }, { plainBytes: 2_000_000, sha: sha256(join(place, 'out')) })
})

test('the key that was given is still what it was, and neither argv nor the environment of the child shows it', async () => {
  const place = fresh()
  const mine = Buffer.from(key)
  const done = sealing(place, sh('echo $PPID > "$1"; sleep 0.3', join(place, 'pid')), { key: mine })
  const pid = await firstLine(join(place, 'pid'))
  const seen = Buffer.concat([readFileSync(`/proc/${pid}/cmdline`), readFileSync(`/proc/${pid}/environ`)])
  await done
  assert.ok(seen.includes('child.ts'), 'it was the child that was looked at')
  for (const form of [key, key.toString('base64'), key.toString('hex')]) assert.ok(!seen.includes(form))
  assert.deepEqual(mine, key)
})

test('a key of zeros seals nothing', async () => {
  const place = fresh()
  await assert.rejects(sealing(place, sh('echo x'), { key: Buffer.alloc(32) }), { code: 'key_wrong' })
  assert.deepEqual(readdirSync(place), [])
})

for (const [name, script, says] of [
  ['fails at its very end', 'head -c 3000000 /dev/urandom; echo "out of luck" >&2; exit 3', /sh failed with exit code 3: out of luck/],
  ['kills itself', 'head -c 3000000 /dev/urandom; kill -9 $$', /sh was ended by SIGKILL/],
] as const) {
  test(`nothing is left of a source that ${name}`, async () => {
    const place = fresh()
    await assert.rejects(sealing(place, sh(script)), { code: 'program_failed', message: says })
    assert.deepEqual(readdirSync(place), [])
  })
}

test('nothing is left of a source that is killed in the middle, though its output ends as that of a finished one', async () => {
  const place = fresh()
  const done = sealing(place, sh('echo $$ > "$1"; head -c 3000000 /dev/urandom; exec sleep 60', join(place, 'pid')))
  done.catch(() => {})
  process.kill(Number(await firstLine(join(place, 'pid'))), 'SIGKILL')
  await assert.rejects(done, { code: 'program_failed', message: /was ended by SIGKILL/ })
  assert.deepEqual(readdirSync(place), ['pid'])
})

test('a program that is not there, and a file that is not there, are said to be', async () => {
  const place = fresh()
  await assert.rejects(sealing(place, { command: 'no-such-program', args: [] }), { code: 'program_failed', message: /no-such-program/ })
  await assert.rejects(sealing(place, { file: join(place, 'nothing') }), { code: 'program_failed', message: /ENOENT/ })
  await assert.rejects(opening(place), { code: 'set_damaged', message: /is missing/ })
  assert.deepEqual(readdirSync(place), [])
})

test('what is there already is not written over', async () => {
  const place = await sealedContent(Buffer.from('first'))
  const sealed = readFileSync(join(place, 'db-000.esdk'))
  await assert.rejects(sealing(place, sh('echo second')), { code: 'refused' })
  assert.deepEqual(readFileSync(join(place, 'db-000.esdk')), sealed)
})

test('with another key, or as another part, set or instance, nothing is opened', async () => {
  const place = await sealedContent(Buffer.from('sesame'))
  await assert.rejects(opening(place, { key: randomBytes(32) }), { code: 'key_wrong' })
  for (const other of [{ part: 'db-001.esdk' }, { set: '01K6Z3V5Q8N4T2R7XW9YB0CDEG' }, { instance: context.instance.replace('8a', '9a') }])
    await assert.rejects(opening(place, { context: { ...context, ...other } }), { code: 'set_damaged' })
  assert.deepEqual(readdirSync(place).sort(), ['db-000.esdk', 'plain'])
})

for (const [name, damage] of [
  ['cut off in a frame', (file: string) => truncateSync(file, 2 * mebibyte)],
  ['cut off after a whole frame', (file: string) => truncateSync(file, whole(file))],
  ['cut off in the header', (file: string) => truncateSync(file, 100)],
  ['empty', (file: string) => truncateSync(file, 0)],
  ['longer than it was', (file: string) => appendFileSync(file, 'x')],
  ['changed by a bit in the header', (file: string) => flip(file, 12)],
  ['changed by a bit in its wrapped key', (file: string) => flip(file, 300)],
  ['changed by a bit in the first frame', (file: string) => flip(file, 100_000)],
  ['changed by a bit in the last frame', (file: string) => flip(file, readFileSync(file).length - 20)],
] as const) {
  test(`a part that is ${name} is refused, and leaves no file`, async () => {
    const place = await sealedContent(randomBytes(3 * mebibyte), { compress: false })
    damage(join(place, 'db-000.esdk'))
    await assert.rejects(opening(place, { compressed: false }), { code: 'set_damaged' })
    assert.deepEqual(readdirSync(place).sort(), ['db-000.esdk', 'plain'])
  })
}

function flip(file: string, at: number): void {
  const bytes = readFileSync(file)
  bytes[at]! ^= 1
  writeFileSync(file, bytes)
}

/** Where the second frame begins. */
const whole = (file: string): number => readFileSync(file).indexOf(Buffer.from([0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]))

test('what a program made of a damaged part is refused, whatever the program says', async () => {
  const place = await sealedContent(randomBytes(3 * mebibyte), { compress: false })
  truncateSync(join(place, 'db-000.esdk'), 2 * mebibyte)
  await assert.rejects(opening(place, { compressed: false, sink: sh('cat > /dev/null') }), { code: 'set_damaged' })
})

test('a program that fails, or stops reading, is what is told', async () => {
  const place = await sealedContent(randomBytes(3 * mebibyte), { compress: false })
  const into = (script: string) => opening(place, { compressed: false, sink: sh(script) })
  await assert.rejects(into('cat > /dev/null; echo "no such table" >&2; exit 1'), { code: 'program_failed', message: /no such table/ })
  await assert.rejects(into('echo "refused at once" >&2; exit 1'), { code: 'program_failed', message: /refused at once/ })
  await assert.rejects(into('head -c 10 > /dev/null'), { code: 'program_failed' })
})

test('a full disk is told as one, and the part that did not fit is gone', () => {
  const place = fresh()
  const script = `
    const { sealPart } = await import(${JSON.stringify(new URL('envelope.ts', import.meta.url).href)})
    const { readdirSync } = await import('node:fs')
    const context = ${JSON.stringify(context)}
    const source = { command: 'head', args: ['-c', '4000000', '/dev/urandom'] }
    const code = await sealPart({ source, key: Buffer.alloc(32, 7), context, to: process.argv[1] + '/part', compress: true }).catch((error) => error.code)
    console.log(JSON.stringify({ code, left: readdirSync(process.argv[1]) }))`
  // A mount that only this one process sees; nobody has to be root for it.
  const mounting = 'mount -t tmpfs -o size=1m tmpfs "$2" && exec "$0" --input-type=module --eval "$1" "$2"'
  const done = spawnSync('unshare', [isRoot() ? '-m' : '-rm', 'sh', '-c', mounting, process.execPath, script, place], { encoding: 'utf8' })
  assert.equal(done.stdout.trim(), '{"code":"disk_full","left":[]}', done.stderr)
})

test('a child that is killed takes its source along, and leaves nothing', async () => {
  const place = fresh()
  const done = sealing(place, sh('echo $PPID $$ > "$1"; head -c 3000000 /dev/urandom; sleep 60', join(place, 'pids')))
  done.catch(() => {})
  const [child, source] = (await firstLine(join(place, 'pids'))).split(' ').map(Number)
  process.kill(child!, 'SIGKILL')
  await assert.rejects(done, { code: 'program_failed', message: /ended by SIGKILL/ })
  assert.ok(await gone(source!))
  assert.deepEqual(readdirSync(place), ['pids'])
})

test('what is aborted ends with its source, and leaves nothing', async () => {
  const place = fresh()
  const stop = new AbortController()
  const done = sealing(place, sh('echo $PPID $$ > "$1"; sleep 60', join(place, 'pids')), { signal: stop.signal })
  done.catch(() => {})
  const pids = (await firstLine(join(place, 'pids'))).split(' ').map(Number)
  stop.abort(new Error('enough'))
  await assert.rejects(done, { message: 'enough' })
  for (const pid of pids) assert.ok(await gone(pid))
  assert.deepEqual(readdirSync(place), ['pids'])
})

test('when its parent is killed, the child and its source end too', async () => {
  const place = fresh()
  const script = `
    const { sealPart } = await import(${JSON.stringify(new URL('envelope.ts', import.meta.url).href)})
    const source = { command: 'sh', args: ['-c', 'echo $PPID $$ > "$1"; sleep 60', 'sh', process.argv[1] + '/pids'] }
    await sealPart({ source, key: Buffer.alloc(32, 7), context: ${JSON.stringify(context)}, to: process.argv[1] + '/part', compress: true })`
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', script, place], { stdio: 'ignore' })
  const pids = (await firstLine(join(place, 'pids'))).split(' ').map(Number)
  parent.kill('SIGKILL')
  for (const pid of pids) assert.ok(await gone(pid))
  assert.ok(!existsSync(join(place, 'part')))
})

test('a throttled source waits as long as its bytes are worth, and lets everybody else go first', async (t) => {
  let clock = 0
  const waits: number[] = []
  t.mock.method(performance, 'now', () => clock)
  t.mock.method(globalThis, 'setTimeout', ((done: (...given: unknown[]) => void, ms: number, ...given: unknown[]) => {
    waits.push(ms)
    clock += ms
    done(...given)
  }) as never)
  const meter = new Meter({ bytesPerSecond: 1_000_000 })
  meter.resume()
  for (let i = 0; i < 60; i++) meter.write(Buffer.alloc(10_000))
  await new Promise<void>((resolve) => void meter.end(resolve))
  t.mock.restoreAll()
  assert.equal(meter.bytes, 600_000)
  assert.deepEqual([Math.round(clock), Math.max(...waits)], [600, 10])

  const place = fresh()
  const niceness = sh('cut -d " " -f 19 /proc/$PPID/stat > "$1"', join(place, 'nice'))
  await sealing(place, niceness, { bytesPerSecond: 1_000_000 })
  assert.equal(readFileSync(join(place, 'nice'), 'utf8').trim(), '19')
})

long('the memory of sealing and of opening does not grow with what is sealed', async () => {
  const peaks = async (bytes: number) => {
    const place = fresh()
    // The program at the other end sees how much its parent ever held.
    const look = 'grep VmHWM /proc/$PPID/status > "$2"'
    await sealing(place, sh(`head -c "$1" /dev/urandom; ${look}`, String(bytes), join(place, 'sealing')))
    await opening(place, { sink: sh(`cat > /dev/null; ${look}`, '', join(place, 'opening')) })
    rmSync(join(place, 'db-000.esdk'))
    return ['sealing', 'opening'].map((name) => Number(/(\d+) kB/.exec(readFileSync(join(place, name), 'utf8'))![1]) * 1024)
  }
  const [small, large] = [await peaks(50 * mebibyte), await peaks(400 * mebibyte)]
  for (const [index, peak] of large.entries()) {
    assert.ok(peak < 260 * mebibyte, `${peak} bytes`)
    assert.ok(peak < small[index]! * 1.5, `${small[index]} bytes, then ${peak}`)
  }
})
