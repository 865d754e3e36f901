import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { RunningErp4, type RunningInstance } from '@erp4/testing'
import { RpcError, signIn } from './clients/wire.ts'

// Keys, passwords and the host itself change under people who work, by the command line, with the whole of ERP4 running.

let erp4: RunningErp4
let other: RunningErp4
let main: RunningInstance
let session: Awaited<ReturnType<typeof signIn>>

before(async () => {
  ;[erp4, other] = await Promise.all([RunningErp4.start(), RunningErp4.start({ isFirst: true })])
  main = erp4.instance('main')
  session = await signIn(main)
})
after(() => Promise.all([erp4?.remove(), other?.remove()]))

/** Runs a command that must work, and reads its answer. */
async function run<T>(...args: readonly string[]): Promise<T> {
  const { code, out, err } = await erp4.command(...args, '--json')
  assert.equal(code, 0, err)
  return JSON.parse(out) as T
}

const content = (text: string): string => Buffer.from(text).toString('base64')
const attach = async (name: string): Promise<number> =>
  (await session.call('ir.attachment', 'create', [{ name, datas: content(`content of ${name}`) }])) as number
const isReadable = async (call: typeof session.call, id: number, name: string): Promise<void> =>
  assert.deepEqual(await call('ir.attachment', 'read', [[id], ['datas']]), [{ id, datas: content(`content of ${name}`) }])

/** Somebody writes for as long as `work` takes. All that was acknowledged must be there; an error of the ERP is nobody's to see. */
async function whileWriting(work: () => Promise<unknown>): Promise<void> {
  const stop = new AbortController()
  const acknowledged: number[] = []
  const errors: Error[] = []
  const writing = (async () => {
    while (!stop.signal.aborted) {
      await session.call('res.partner', 'create', [{ name: 'written meanwhile' }]).then(
        (id: number) => acknowledged.push(id),
        (error: Error) => errors.push(error),
      )
      await pause(20)
    }
  })()
  await work().finally(() => stop.abort())
  await writing
  assert.deepEqual(
    errors.filter((error) => error instanceof RpcError),
    [],
  )
  assert.ok(acknowledged.length > 0)
  assert.equal(await session.call('res.partner', 'search_count', [[['id', 'in', acknowledged]]]), acknowledged.length)
}

test("an instance's key is rotated while people write, and files of before and after open in the same session", async () => {
  const before = await attach('before')
  await whileWriting(async () => {
    const { version, missing } = await run<{ version: number; missing: string[] }>('keys', 'rotate', 'instance', 'main')
    assert.deepEqual([version, missing], [2, []])
  })
  const later = await attach('after')
  await isReadable(session.call, before, 'before')
  await isReadable(session.call, later, 'after')
  assert.deepEqual(await run('keys', 'retire', 'demo'), { instance: 'demo', retired: [], kept: [] })
  assert.equal((await erp4.command('keys', 'retire', 'main')).code, 21, 'a server may still hold the old one')
})

test('all passwords of the database and the host key are replaced while people write: their sessions go on, and the trail is sealed as before', async () => {
  await whileWriting(async () => {
    // The services begin anew with theirs, and each command waits until they do.
    for (const what of ['logins', 'host']) {
      await run('keys', 'rotate', what)
      await session.call('res.partner', 'search_count', [[]])
    }
  })
  for (let tries = 0; ; tries++) {
    const { code, out, err } = await erp4.command('audit', 'verify')
    if (code === 0) break
    assert.ok(tries < 600, out + err)
    await pause(500)
  }
})

test('an instance moves between two running hosts: nobody is served by both, and passwords, files and trail are those of before', async () => {
  const file = await attach('moved')
  const { code, err } = await erp4.command('instance', 'move', 'main', '--to', other.home, '--as', 'azure')
  assert.equal(code, 7, err)
  await isReadable(session.call, file, 'moved')
  const moved = await run<{ instance: string; hosts: string[] }>(
    'instance',
    'move',
    'main',
    '--to',
    other.home,
    '--as',
    'azure',
    '--confirm',
    'main',
  )
  assert.equal(moved.instance, 'azure')
  await assert.rejects(session.call('res.partner', 'search_count', [[]]))
  await assert.rejects(signIn(main))

  const url = `http://${moved.hosts.at(-1)}:${new URL(other.instance('main').url).port}`
  const there = await (async () => {
    for (let tries = 0; ; tries++)
      try {
        return await signIn({ ...main, url, db: 'azure' })
      } catch (error) {
        if (tries === 1_200) throw error
        await pause(250)
      }
  })()
  await isReadable(there.call, file, 'moved')
  assert.ok((await there.call('res.partner', 'create', [{ name: 'written there' }])) > 0)
  for (let tries = 0; ; tries++) {
    const verified = await other.command('audit', 'verify', '--instance', 'azure')
    if (verified.code === 0) break
    assert.ok(tries < 600, verified.out + verified.err)
    await pause(500)
  }
  const listed = await run<{ name: string; state: string }[]>('instance', 'list')
  assert.deepEqual(
    listed.map(({ name, state }) => [name, state]),
    [
      ['demo', 'ready'],
      ['main', 'moved'],
    ],
  )
  assert.equal((await erp4.command('instance', 'move', 'main', '--undo', '--target-is-gone')).code, 3)
})
