import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { AccessError, sql, type Connection, type Databases, type SystemTable } from '@erp4/orm'
import { jobTable, scheduleTable, takeDue } from '../sql/jobs.ts'
import { startCluster, type ThrowawayCluster, type ThrowawayInstance } from '@erp4/testing'
import { cancelJob, enqueue, ensureSchedule, readJob, type JobRequest, type JobStatus } from './queue.ts'
import { JobRegistry, type WorkInstance } from './registry.ts'
import { backOffMs } from './run.ts'
import { Worker, type WorkHosting, type WorkerOptions } from './worker.ts'

const ledger: SystemTable = {
  name: 'ledger',
  ddl: ['create table if not exists ledger (what text, by int)'],
  runtime: ['select', 'insert'],
}

let cluster: ThrowawayCluster
before(async () => void (cluster = await startCluster()))
after(() => cluster.stop())

/** A host registry in memory: `active` until, `next_due`, `visited`, as the real one decides. */
class Host implements WorkHosting {
  readonly rows = new Map<string, WorkInstance & { until: number; nextDue: number | null; visited: number }>()
  add(instance: WorkInstance): void {
    this.rows.set(instance.name, { ...instance, until: 0, nextDue: null, visited: 0 })
  }
  markActive(name: string, ms = 60_000): void {
    this.rows.get(name)!.until = Date.now() + ms
  }
  async due() {
    return [...this.rows.values()].filter((row) => row.visited < row.until || (row.nextDue !== null && row.nextDue <= Date.now()))
  }
  async all() {
    return [...this.rows.values()]
  }
  async visited(name: string, { startedAt, nextDue }: { startedAt: Date; nextDue: Date | null }) {
    Object.assign(this.rows.get(name)!, { visited: startedAt.getTime(), nextDue: nextDue?.getTime() ?? null })
  }
}

interface World {
  instance: ThrowawayInstance
  databases: Databases
  registry: JobRegistry
  host: Host
  errors: unknown[]
  ask(request: Partial<JobRequest> & { name: string }): Promise<number>
  status(id: number): Promise<JobStatus>
  until(id: number, state: string): Promise<JobStatus>
  worker(options?: Partial<WorkerOptions>): Worker
}

async function world(t: { after(work: () => Promise<void>): void }): Promise<World> {
  const instance = await cluster.instance([jobTable, scheduleTable, ledger])
  const databases = instance.databases('runtime')
  const registry = new JobRegistry()
  const host = new Host()
  host.add({ name: 'azure', database: instance.database })
  host.markActive('azure')
  const errors: unknown[] = []
  const workers: Worker[] = []
  t.after(async () => {
    for (const worker of workers) await worker.stop(2000)
    await databases.close()
  })
  const status = async (id: number) => (await databases.use(instance.database, (cx) => readJob(cx, id)))!
  return {
    instance,
    databases,
    registry,
    host,
    errors,
    status,
    ask: (request) => databases.transaction(instance.database, (cx) => enqueue(cx, { userId: null, ...request }, registry)),
    until: async (id, state) => {
      for (const limit = Date.now() + 300_000; ; await pause(10)) {
        const job = await status(id)
        if (job.state === state) return job
        assert.ok(Date.now() < limit, `job ${id} is ${JSON.stringify(job)}, not ${state}; ${errors.join()}`)
      }
    },
    worker: (options) => {
      const worker = new Worker({
        databases,
        hosting: host,
        registry,
        everyMs: 30,
        leaseMs: 60_000,
        openCall: async () => null,
        onError: (error) => void errors.push(error),
        ...options,
      })
      workers.push(worker)
      return worker
    },
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const enter = (cx: Connection, what: string) => cx.query(sql`insert into ledger (what) values (${what})`)

test('a job that was asked for is done, and tells its result', async (t) => {
  const there = await world(t)
  there.registry.register('greet', {
    class: 'interactive',
    run: async ({ cx, args }) => {
      await enter(cx, `hello ${String(args.name)}`)
      return { length: 5 }
    },
  })
  const id = await there.ask({ name: 'greet', args: { name: 'Ann' } })
  there.worker().start()
  const job = await there.until(id, 'done')
  assert.deepEqual([job.result, job.attempts], [{ length: 5 }, 1])
  assert.deepEqual(await there.instance.rows('select what from ledger'), [{ what: 'hello Ann' }])
})

test('a job of a transaction that rolled back never was', async (t) => {
  const there = await world(t)
  there.registry.register('never', { class: 'bulk', run: async ({ cx }) => void (await enter(cx, 'never')) })
  await assert.rejects(
    there.databases.transaction(there.instance.database, async (cx) => {
      await enqueue(cx, { name: 'never', userId: null }, there.registry)
      throw new Error('no')
    }),
  )
  assert.deepEqual(await there.instance.rows('select * from job'), [])
})

test('only a registered job can be asked for, and a row that names another one fails without being run', async (t) => {
  const there = await world(t)
  await assert.rejects(there.ask({ name: 'toString' }), /There is no job 'toString'/)
  await assert.rejects(there.ask({ name: '__proto__' }), /There is no job/)
  const [row] = await there.instance.rows(`insert into job (class, name) values ('bulk', 'constructor') returning id`)
  there.worker().start()
  assert.match((await there.until(Number(row!.id), 'failed')).error!, /no job 'constructor' in this release/)
})

test('a job that fails is tried again later, with nothing half done, and gives up after its attempts', async (t) => {
  const there = await world(t)
  let tries = 0
  there.registry.register('flaky', {
    class: 'bulk',
    maxAttempts: 3,
    run: async ({ cx }) => {
      await enter(cx, `try ${++tries}`)
      throw new Error('secret detail')
    },
  })
  const id = await there.ask({ name: 'flaky' })
  const worker = there.worker()
  for (let attempt = 1; attempt <= 3; attempt++) {
    await worker.visit()
    const job = await there.until(id, attempt < 3 ? 'queued' : 'failed')
    assert.equal(job.attempts, attempt)
    assert.match(job.error!, /^Internal error, reference [0-9a-f-]{36}$/)
    await there.instance.tamper(`update job set run_at = now() where state = 'queued'`)
  }
  assert.deepEqual(await there.instance.rows('select * from ledger'), [])
  assert.equal(there.errors.length, 3)
})

test('what the person must mend is not tried again', async (t) => {
  const there = await world(t)
  there.registry.register('refused', {
    class: 'bulk',
    run: async () => {
      throw new AccessError('You may not.')
    },
  })
  const id = await there.ask({ name: 'refused' })
  there.worker().start()
  assert.deepEqual([(await there.until(id, 'failed')).error, there.errors], ['You may not.', []])
})

test('the wait between tries grows from seconds to an hour', () => {
  assert.deepEqual(
    [1, 2, 3, 9].map((attempt) => backOffMs(attempt, 0.5)),
    [5000, 20_000, 80_000, 3_600_000],
  )
})

test('a job whose process is killed is done by another, once', async (t) => {
  const there = await world(t)
  there.registry.register('slow', { class: 'bulk', run: async ({ cx, attempt }) => void (await enter(cx, `attempt ${attempt}`)) })
  const id = await there.ask({ name: 'slow' })
  const script = `
    import { Databases, sql } from '@erp4/orm'
    import { JobRegistry } from ${JSON.stringify(new URL('./registry.ts', import.meta.url).href)}
    import { Worker } from ${JSON.stringify(new URL('./worker.ts', import.meta.url).href)}
    const registry = new JobRegistry()
    registry.register('slow', { class: 'bulk', run: async ({ cx }) => {
      await cx.query(sql\`insert into ledger (what) values ('from the dead')\`)
      process.stdout.write('running')
      await new Promise(() => setInterval(() => {}, 1000))
    } })
    const here = { name: 'azure', database: 'x' }
    const hosting = { due: async () => [here], all: async () => [here], visited: async () => {} }
    new Worker({ databases: new Databases(async () => (${JSON.stringify(there.instance.as('runtime'))})), hosting, registry, leaseMs: 6_000, openCall: async () => null, onError: console.error }).start()`
  const child = spawn(
    process.execPath,
    [...process.execArgv.filter((arg) => !arg.startsWith('--test')), '--input-type=module-typescript', '-e', script],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: import.meta.dirname,
    },
  )
  await once(child.stdout, 'data')
  // Its heart beats: the job is not taken away while the process lives, and is as soon as the lease has ended.
  const lease = async () => (await there.instance.rows('select lease_until::text from job'))[0]!.lease_until
  for (const first = await lease(); (await lease()) === first;) await pause(20)
  const worker = there.worker()
  await worker.visit()
  assert.deepEqual([(await there.status(id)).state, (await there.status(id)).attempts], ['running', 1])
  child.kill('SIGKILL')
  await once(child, 'exit')
  await there.instance.tamper(`update job set lease_until = now() where state = 'running'`)
  worker.start()
  assert.equal((await there.until(id, 'done')).attempts, 2)
  assert.deepEqual(await there.instance.rows('select what from ledger'), [{ what: 'attempt 2' }])
})

test('a worker that lost its lease commits nothing', async (t) => {
  const there = await world(t)
  let isStolen = false
  there.registry.register('stolen', {
    class: 'bulk',
    run: async ({ cx }) => {
      await enter(cx, 'by the late one')
      await there.instance.tamper(`update job set lease = gen_random_uuid(), lease_until = now() + interval '1 hour'`)
      isStolen = true
    },
  })
  const id = await there.ask({ name: 'stolen' })
  const worker = there.worker({ leaseMs: 60_000 })
  await worker.visit()
  while (!isStolen || worker.running > 0) await pause(5)
  assert.equal((await there.status(id)).state, 'running')
  assert.deepEqual(await there.instance.rows('select * from ledger'), [])
})

test('a job in steps keeps the steps it committed, and loses the one that it did not', async (t) => {
  const there = await world(t)
  there.registry.register('steps', {
    class: 'bulk',
    runSteps: async ({ transaction, attempt }) => {
      await transaction(({ cx }) => enter(cx, `kept in ${attempt}`))
      if (attempt === 1)
        await transaction(async ({ cx }) => {
          await enter(cx, 'lost')
          throw new Error('halfway')
        })
    },
  })
  const id = await there.ask({ name: 'steps' })
  const worker = there.worker()
  await worker.visit()
  await there.until(id, 'queued')
  await there.instance.tamper('update job set run_at = now()')
  await worker.visit()
  await there.until(id, 'done')
  assert.deepEqual(
    (await there.instance.rows('select what from ledger order by 1')).map((row) => row.what),
    ['kept in 1', 'kept in 2'],
  )
})

test('progress is seen while it runs, and cancelling ends it with nothing done', async (t) => {
  const there = await world(t)
  there.registry.register('long', {
    class: 'bulk',
    run: async ({ cx, progress }) => {
      await enter(cx, 'half')
      for (let i = 1; ; i++) {
        await progress(i, 100, `Line ${i}`)
        await pause(20)
      }
    },
  })
  const id = await there.ask({ name: 'long' })
  there.worker().start()
  while ((await there.status(id)).done === 0) await pause(20)
  const seen = await there.status(id)
  assert.deepEqual([seen.state, seen.total, seen.message], ['running', 100, `Line ${seen.done}`])
  assert.equal(await there.databases.use(there.instance.database, (cx) => cancelJob(cx, id)), true)
  await there.until(id, 'cancelled')
  assert.deepEqual(await there.instance.rows('select * from ledger'), [])
  assert.equal(await there.databases.use(there.instance.database, (cx) => cancelJob(cx, id)), false)
})

test('a waiting job that is cancelled is never run', async (t) => {
  const there = await world(t)
  there.registry.register('later', { class: 'bulk', run: async ({ cx }) => void (await enter(cx, 'later')) })
  const id = await there.ask({ name: 'later', runAt: new Date(Date.now() + 3_600_000) })
  await there.databases.use(there.instance.database, (cx) => cancelJob(cx, id))
  await there.instance.tamper('update job set run_at = now()')
  await there.worker().visit()
  assert.equal((await there.status(id)).state, 'cancelled')
  assert.deepEqual(await there.instance.rows('select * from ledger'), [])
})

test('two workers never run one job twice', async (t) => {
  const there = await world(t)
  there.registry.register('count', {
    class: 'bulk',
    run: async ({ cx, id }) => void (await cx.query(sql`insert into ledger (what, by) values ('count', ${id})`)),
  })
  const ids: number[] = []
  for (let i = 0; i < 40; i++) ids.push(await there.ask({ name: 'count' }))
  for (const worker of [there.worker(), there.worker()]) worker.start()
  for (const id of ids) await there.until(id, 'done')
  assert.deepEqual(await there.instance.rows('select count(*)::int as n, count(distinct by)::int as jobs from ledger'), [
    { n: 40, jobs: 40 },
  ])
})

test('one instance with a hundred jobs does not keep another from its one', async (t) => {
  const there = await world(t)
  const other = await cluster.instance([jobTable, scheduleTable, ledger])
  const order: string[] = []
  const [here, beside] = [there.instance.database, other.database]
  const databases = { [here]: there.databases, [beside]: other.databases('runtime') }
  t.after(() => databases[beside]!.close())
  there.registry.register('note', {
    class: 'bulk',
    run: async ({ args }) => {
      order.push(String(args.of))
      await pause(15)
    },
  })
  there.host.add({ name: 'other', database: beside })
  there.host.markActive('other')
  for (let i = 0; i < 30; i++) await there.ask({ name: 'note', args: { of: 'busy' } })
  const [few] = [
    await databases[beside]!.transaction(beside, (cx) => enqueue(cx, { name: 'note', args: { of: 'few' }, userId: null }, there.registry)),
  ]
  const both = {
    use: (key: string, work: never) => databases[key]!.use(key, work),
    transaction: (key: string, work: never) => databases[key]!.transaction(key, work),
  }
  const worker = there.worker({ databases: both as unknown as Databases, total: 3, forUrgent: 0, perInstance: 2 })
  worker.start()
  for (;;) {
    assert.ok(worker.running <= 3)
    const [row] = await other.rows('select state from job where id = $1', [few])
    if (row!.state === 'done') break
    await pause(5)
  }
  assert.ok(order.indexOf('few') < 3, order.join())
})

test('bulk jobs leave places for urgent ones, and mail goes first', async (t) => {
  const there = await world(t)
  const order: string[] = []
  const mayEnd = Promise.withResolvers<void>()
  for (const one of ['bulk', 'interactive', 'mail'] as const)
    there.registry.register(one, {
      class: one,
      run: async () => {
        order.push(one)
        if (one === 'bulk') await mayEnd.promise
      },
    })
  for (let i = 0; i < 6; i++) await there.ask({ name: 'bulk' })
  const worker = there.worker({ total: 4, perInstance: 4, forUrgent: 2 })
  worker.start()
  while (order.length < 2) await pause(5)
  await worker.visit()
  assert.equal(worker.running, 2)
  const ids = [await there.ask({ name: 'interactive' }), await there.ask({ name: 'mail' })]
  for (const id of ids) await there.until(id, 'done')
  assert.deepEqual(
    [order.slice(0, 2), order.slice(2).toSorted()],
    [
      ['bulk', 'bulk'],
      ['interactive', 'mail'],
    ],
  )
  mayEnd.resolve()
})

test('stopping waits for what runs and gives back what heeds it, with its attempt', async (t) => {
  const there = await world(t)
  there.registry.register('quick', {
    class: 'interactive',
    run: async ({ cx }) => {
      await pause(100)
      await enter(cx, 'quick')
    },
  })
  there.registry.register('patient', {
    class: 'bulk',
    run: async ({ progress }) => {
      for (let i = 0; ; i++) {
        await progress(i)
        await pause(10)
      }
    },
  })
  const [quick, patient] = [await there.ask({ name: 'quick' }), await there.ask({ name: 'patient' })]
  const worker = there.worker()
  await worker.visit()
  await pause(20)
  await worker.stop(300_000)
  assert.equal((await there.status(quick)).state, 'done')
  assert.deepEqual([(await there.status(patient)).state, (await there.status(patient)).attempts], ['queued', 0])
})

test('an instance is visited once more after its lease, then left alone until something is due', async (t) => {
  const there = await world(t)
  there.registry.register('later', { class: 'bulk', run: async () => {} })
  there.host.markActive('azure', 80)
  const worker = there.worker()
  await worker.visit() // The daily sweep.
  await pause(100)
  const runAt = new Date(Date.now() + 3_600_000)
  const id = await there.ask({ name: 'later', runAt }) // Written under a lease that has just ended.
  assert.equal((await there.host.due()).length, 1)
  await worker.visit()
  assert.equal((await there.host.due()).length, 0)
  const row = there.host.rows.get('azure')!
  assert.equal(row.nextDue, runAt.getTime())
  await there.instance.tamper('update job set run_at = now()') // An hour later.
  row.nextDue = Date.now()
  assert.equal((await there.host.due()).length, 1)
  await worker.visit()
  await there.until(id, 'done')
})

test('a schedule starts its job when due, makes up for missed times once, and never twice at once', async (t) => {
  const there = await world(t)
  const mayEnd = Promise.withResolvers<void>()
  let runs = 0
  there.registry.register('tick', {
    class: 'bulk',
    run: async ({ cx }) => {
      runs++
      await enter(cx, 'tick')
      await mayEnd.promise
    },
  })
  await there.databases.transaction(there.instance.database, (cx) =>
    ensureSchedule(
      cx,
      { key: 'base.tick', name: 'tick', userId: null, every: 1, unit: 'minutes', zone: 'UTC', firstAt: new Date(Date.now() - 7_200_500) },
      there.registry,
    ),
  )
  const workers = [there.worker(), there.worker()]
  await Promise.all(workers.map((worker) => worker.visit()))
  await there.instance.tamper('update schedule set next_at = now()')
  await workers[0]!.visit()
  mayEnd.resolve()
  while (workers.some((worker) => worker.running > 0)) await pause(10)
  assert.equal(runs, 1)
  const [row] = await there.instance.rows(`select extract(epoch from next_at - now())::float8 as s from schedule`)
  assert.ok(row!.s > 0 && row!.s <= 60, String(row!.s))
  await assert.rejects(
    there.databases.transaction(there.instance.database, (cx) =>
      ensureSchedule(
        cx,
        { key: 'base.bad', name: 'tick', userId: null, every: 1, unit: 'days', zone: 'Mars/Olympus', firstAt: new Date() },
        there.registry,
      ),
    ),
    /time zone/,
  )
})

for (const [zone, next, unit, expected] of [
  ['Europe/Berlin', '2026-03-28 06:00 Europe/Berlin', 'days', '06:00'],
  ['Asia/Seoul', '2026-01-31 23:30 Asia/Seoul', 'months', '23:30'],
  ['America/New_York', '2026-10-31 06:00 America/New_York', 'weeks', '06:00'],
] as const) {
  test(`every so many ${unit} stays at ${expected} in ${zone}`, async (t) => {
    const there = await world(t)
    await there.instance.tamper(
      `insert into schedule (key, name, every, unit, zone, next_at) values ('k', 'n', 1, '${unit}', '${zone}', '${next}')`,
    )
    await there.databases.use(there.instance.database, (cx) => cx.query(takeDue))
    const [row] = await there.instance.rows(
      `select to_char(next_at at time zone '${zone}', 'HH24:MI') as at, next_at > now() as later from schedule`,
    )
    assert.deepEqual(row, { at: expected, later: true })
  })
}
