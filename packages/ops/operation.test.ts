import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { finishInterrupted, listOperations, unfinished, type Finishers } from './interrupted.ts'
import { operation } from './operation.ts'
import { startThrowawayCluster, type Throwaway } from './throwaway.ts'

let world: Throwaway
const children: ChildProcess[] = []
before(async () => void (world = await startThrowawayCluster({ own: true })))
after(async () => {
  for (const child of children) child.kill('SIGKILL')
  await world.stop()
})

/** An operation in another process, which takes one step for each call of `order`. */
async function elsewhere(subject: string, leaseMs = 30_000) {
  const program = join(import.meta.dirname, 'fixtures', 'operate.ts')
  const child = spawn(process.execPath, [program, world.host.home.dir, subject, 'journey', String(leaseMs)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<string | undefined> => (await lines.next()).value
  assert.equal(await next(), 'begun')
  return {
    child,
    order: async (line: string) => {
      child.stdin.write(`${line}\n`)
      return next()
    },
    kill: async () => {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

const only = async (subject: string) => (await listOperations(world.host, subject)).filter(({ kind }) => kind !== 'effect')
const waiting = async (subject: string) => (await unfinished(world.host)).filter((one) => one.subject === subject)
const finishOnly = async (subject: string, finishers: Finishers) =>
  (await finishInterrupted(world.host, finishers)).filter(({ record }) => record.subject === subject)

for (const steps of [[], ['packed'], ['packed', 'sent'], ['packed', 'sent', 'arrived']]) {
  test(`an operation killed after ${steps.at(-1) ?? 'no step'} is found with what it had noted, and is finished once`, async () => {
    const subject = randomUUID()
    const other = await elsewhere(subject)
    for (const step of steps) assert.equal(await other.order(`step ${step}`), `step ${step}`)
    assert.deepEqual(await waiting(subject), [], 'while it lives it is nobody else’s')
    await other.kill()

    const [left, ...more] = await waiting(subject)
    assert.deepEqual(more, [])
    assert.equal(left!.state, steps.at(-1) ?? 'begun')
    assert.deepEqual(left!.detail, Object.fromEntries(steps.map((step) => [step, true])))
    await assert.rejects(
      operation(world.host.db, subject, 'other', async () => assert.fail('on a half-done subject')),
      { code: 'busy' },
    )

    const seen: string[] = []
    const finishers: Finishers = {
      journey: async (_host, record, op) => {
        seen.push(record.state)
        await op.step('home')
        // What a finisher calls on the same subject does not wait for itself.
        await operation(world.host.db, subject, 'unpack', async () => void seen.push('unpacked'))
        return record.detail['sent'] ? 'done' : 'undone'
      },
    }
    const results = await Promise.all([finishOnly(subject, finishers), finishOnly(subject, finishers)])
    assert.deepEqual(
      results.flat().map(({ result }) => result),
      [steps.includes('sent') ? 'done' : 'undone'],
    )
    assert.deepEqual(seen, [steps.at(-1) ?? 'begun', 'unpacked'])
    assert.deepEqual(await waiting(subject), [])
    assert.equal((await only(subject)).find(({ kind }) => kind === 'journey')!.state, 'home')
    await operation(world.host.db, subject, 'other', async () => {})
  })
}

test('a finisher that fails is asked again, and a kind without one is only closed when nothing has to be finished', async () => {
  const subject = randomUUID()
  const other = await elsewhere(subject)
  await other.kill()
  let tries = 0
  const journey = async () => {
    if (++tries === 1) throw new Error('the sea is closed')
    return 'undone' as const
  }
  assert.deepEqual(
    (await finishOnly(subject, {})).map(({ result }) => result),
    ['failed'],
  )
  const [failed] = await finishOnly(subject, { journey })
  assert.deepEqual([failed?.result, failed?.error?.message], ['failed', 'the sea is closed'])
  assert.equal((await waiting(subject))[0]!.detail['finishing'], 'the sea is closed')
  assert.deepEqual(
    (await finishOnly(subject, { journey })).map(({ result }) => result),
    ['undone'],
  )

  await world.host.db.query(`insert into operation (subject, kind, holder, state) values ($1, 'stroll', 'nobody', 'sat down')`, [subject])
  assert.deepEqual(
    (await finishOnly(subject, {})).map(({ result }) => result),
    ['interrupted'],
  )
})

test('a holder that slept past its lease can do nothing more once another has taken over, and does not end its record', async () => {
  const subject = randomUUID()
  const sleeper = await elsewhere(subject, 300)
  assert.equal(await sleeper.order('step packed'), 'step packed')
  assert.equal(await sleeper.order('effect first'), 'effect first')
  sleeper.child.kill('SIGSTOP')
  const { db } = world.host
  while ((await db.query('select from operation_lock where subject = $1 and until > now()', [subject])).rowCount) await pause(20)
  const [begun, finishing] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const journey = async () => {
    begun.resolve()
    await finishing.promise
    return 'undone' as const
  }
  const taken = finishOnly(subject, { journey })
  await begun.promise
  sleeper.child.kill('SIGCONT')
  assert.match((await sleeper.order('step sent'))!, /^refused busy/)
  assert.equal(await sleeper.order('effect second'), 'refused busy, aborted')
  sleeper.child.stdin.write('end\n')
  await once(sleeper.child, 'exit')
  const [record] = await only(subject)
  assert.deepEqual([record!.state, record!.ended], ['packed', null])
  finishing.resolve()
  assert.deepEqual(
    (await taken).map(({ result }) => result),
    ['undone'],
  )
  const effects = (await listOperations(world.host, subject)).filter(({ kind }) => kind === 'effect').map((one) => one.holder)
  assert.deepEqual(effects, ['first'])
})

test('while a fenced step runs nobody takes the lock, even when the lease ends; a step may be noted meanwhile', async () => {
  const subject = randomUUID()
  const { db } = world.host
  const events: string[] = []
  const begun = Promise.withResolvers<void>()
  const first = operation(
    db,
    subject,
    'drop',
    async (op) => {
      await db.query(`update operation_lock set until = now() - interval '1 s' where subject = $1`, [subject])
      await op.fenced(async () => {
        await op.step('dropping')
        begun.resolve()
        // Time enough for one who does not wait.
        await pause(300)
        events.push('dropped')
      })
    },
    { leaseMs: 60_000 },
  )
  await begun.promise
  await operation(db, subject, 'other', async () => void events.push('other'), { waitMs: 300_000 })
  await first
  assert.deepEqual(events, ['dropped', 'other'])
})

test('what fails in a fenced step takes its changes of the registry with it, and the record tells how the operation ended', async () => {
  const subject = randomUUID()
  const failing = operation(world.host.db, subject, 'rename', async (op) => {
    await op.step('renaming', { to: 'new' })
    await op.fenced(async (db) => {
      await db.query(`insert into operation (subject, kind, holder) values ($1, 'effect', 'x')`, [subject])
      throw new Error('no')
    })
  })
  await assert.rejects(failing, /^Error: no$/)
  const [record, ...more] = await listOperations(world.host, subject)
  assert.deepEqual(more, [])
  assert.deepEqual([record!.result, record!.state, record!.detail], ['failed', 'renaming', { to: 'new' }])
  assert.ok(record!.ended)
})
