import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { long } from '@erp4/testing'
import { asOwner, makeWorld, putFile } from '../backup/fixtures/world.ts'
import { relativePath } from '../backup/snapshot.ts'
import { runBackup } from '../backup/set.ts'
import { databaseOf } from '../databases.ts'
import type { ErpTasks } from '../erp-tasks.ts'
import { connectAs, findInstance, type Instance } from '../instances.ts'
import { finishInterrupted, listOperations } from '../interrupted.ts'
import { withClient } from '../provision.ts'
import { startThrowawayCluster, type Throwaway } from '../throwaway.ts'
import { restoreAside } from './aside.ts'
import { rehearsedErp } from './fixtures/erp.ts'
import { databasesOf, openForOwner } from './generations.ts'
import { dropOldGenerations, restoreFinishers, restoreOverLive, undoRestore } from './over-live.ts'
import { previewRestore } from './preview.ts'

let world: Throwaway
before(async () => {
  world = await startThrowawayCluster({ own: true })
})
after(() => world.stop())

const find = (name: string) => findInstance(world.host, name)
const restore = (name: string, set: string, change: Partial<ErpTasks> = {}, tell?: (step: string) => void) =>
  restoreOverLive(world.host, name, { set, confirm: name, erp: rehearsedErp(world.host, change), ...(tell ? { tell } : {}) })

async function shop(name: string): Promise<Instance> {
  const instance = await makeWorld(world.host, name)
  await rehearsedErp(world.host).migrate(instance)
  await asOwner(world.host, instance, (db) => putFile(world.host, instance, 'a', Buffer.from('the first'), db))
  return instance
}

const partners = async (instance: Instance): Promise<string[]> =>
  (await asOwner(world.host, instance, (db) => db.query<{ name: string }>('select name from partner order by id'))).rows.map(
    ({ name }) => name,
  )
const add = (instance: Instance, name: string) =>
  asOwner(world.host, instance, (db) => db.query<{ id: number }>('insert into partner (name) values ($1) returning id', [name]))

async function openDatabases(uuid: string): Promise<string[]> {
  const { rows } = await world.host.db.query<{ datname: string }>(
    `select datname from pg_database where datname = any($1) and datallowconn and has_database_privilege($2, datname, 'connect') order by 1`,
    [await databasesOf(world.host, uuid), `i_${uuid.replaceAll('-', '')}_runtime`],
  )
  return rows.map(({ datname }) => datname)
}

test('a restore over live takes the rows back, keeps what was replaced in sets, and is undone for a day', async () => {
  const bakery = await shop('bakery')
  const { id: set } = await runBackup(world.host, 'bakery')
  const late = (await add(bakery, 'late')).rows[0]!.id
  const file = await asOwner(world.host, bakery, async (db) => {
    await db.query(`update partner set notes = '{"revoked": true}' where name = 'partner 3'`)
    return putFile(world.host, bakery, 'b', Buffer.from('the second'), db)
  })
  const preview = await previewRestore(world.host, 'bakery', set)
  assert.deepEqual(
    preview.changes.map(({ table, newer, rowsNow, rowsThen }) => [table, newer, rowsNow, rowsThen]),
    [
      ['blob', 1, 2, 1],
      ['ir_attachment', 0, 2, 1],
      ['partner', 0, 51, 50],
    ],
  )

  const erp = rehearsedErp(world.host)
  const report = await restoreOverLive(world.host, 'bakery', { set, confirm: 'bakery', erp })
  assert.deepEqual(erp.asked, ['migrate', 'carry over', 'reconcile', 'carry over', 'reconcile at last'])
  assert.deepEqual([report.from, report.to], [1, 2])
  assert.deepEqual(report.reconciled, { revoked: ['partner 3'], last: { revoked: [] } })
  const now = await find('bakery')
  assert.deepEqual([now.generation, now.fenced], [2, null])
  assert.equal((await partners(now)).includes('late'), false)
  assert.deepEqual(await openDatabases(now.uuid), [now.database])
  assert.ok((await add(now, 'next')).rows[0]!.id > late, 'an id that was given in the lost time is given to nobody else')
  for (const role of ['owner', 'runtime', 'seal'] as const)
    await assert.rejects(
      withClient(await connectAs(world.host, bakery, role), (db) => db.query('select 1')),
      { code: '55000' },
    )
  const [record] = (await listOperations(world.host, now.uuid)).filter(({ kind }) => kind === 'restore over live')
  assert.deepEqual([record!.result, record!.state], ['done', 'undo_open'])

  // Whoever looks for the newest set finds what lives.
  const newest = await world.host.db.query<{ id: string }>(`select id from backup_set where instance = $1 order by taken desc limit 1`, [
    now.uuid,
  ])
  assert.equal(newest.rows[0]!.id, report.present)

  // What was replaced is in the set of its last moment.
  const copy = await restoreAside(world.host, { set: report.safety.last!, name: 'lost', hosts: [], days: 3, erp: rehearsedErp(world.host) })
  assert.ok((await partners(copy.instance)).includes('late'))
  assert.ok(existsSync(join(world.host.home.files, copy.instance.uuid, relativePath(file))))
  const { rows: kept } = await world.host.db.query(
    "select class, keep_until > now() + interval '29 days' as long from backup_set where id = any($1)",
    [[report.safety.before, report.safety.last]],
  )
  assert.deepEqual(kept, [
    { class: 'safety', long: true },
    { class: 'safety', long: true },
  ])

  // The collector of the present generation knows nothing of the second file.
  rmSync(join(world.host.home.files, now.uuid, relativePath(file)))
  const undone = await undoRestore(world.host, 'bakery', { confirm: 'bakery', erp: rehearsedErp(world.host) })
  const back = await find('bakery')
  assert.deepEqual([back.generation, undone.to], [1, 1])
  assert.ok((await partners(back)).includes('late'))
  assert.deepEqual(await openDatabases(back.uuid), [back.database])
  assert.ok(existsSync(join(world.host.home.files, back.uuid, relativePath(file))))
  const since = await restoreAside(world.host, {
    set: undone.safety.before,
    name: 'since',
    hosts: [],
    days: 3,
    erp: rehearsedErp(world.host),
  })
  assert.ok((await partners(since.instance)).includes('next'), 'what was written between restore and undo is in a set')

  // A day later nothing of it is left, and the next generation has a number of its own.
  assert.deepEqual(await dropOldGenerations(world.host), [])
  // As if no store had taken its last moment then: it goes only once it is in a set.
  const sets = async () =>
    (await world.host.db.query<{ class: string }>('select class from backup_set where instance = $1 order by seq', [back.uuid])).rows
  const known = (await sets()).length
  await world.host.db.query(`update operation set detail = detail - 'last' where subject = $1 and kind = 'restore undo'`, [back.uuid])
  const gone = await dropOldGenerations(world.host, undefined, new Date(Date.now() + 25 * 3_600_000))
  assert.deepEqual(gone, [databaseOf(back.uuid, 2)])
  assert.deepEqual((await sets()).slice(known), [{ class: 'safety' }, { class: 'manual' }])
  assert.deepEqual(await databasesOf(world.host, back.uuid), [back.database])
  await assert.rejects(undoRestore(world.host, 'bakery', { confirm: 'bakery', erp: rehearsedErp(world.host) }), { code: 'not_found' })
  assert.equal((await restore('bakery', set)).to, 3)
})

test('a restore is refused without the name, and with a set of another instance', async () => {
  const one = await shop('refusing')
  const { id: set } = await runBackup(world.host, 'refusing')
  const other = await makeWorld(world.host, 'stranger')
  const { id: strange } = await runBackup(world.host, 'stranger')
  await assert.rejects(restoreOverLive(world.host, 'refusing', { set, confirm: 'refusin', erp: rehearsedErp(world.host) }), {
    code: 'not_confirmed',
  })
  await assert.rejects(restore('refusing', strange), { code: 'refused' })
  await assert.rejects(restore('refusing', '01JZZZZZZZZZZZZZZZZZZZZZZZ'), { code: 'not_found' })
  for (const { uuid, database } of [one, other]) assert.deepEqual(await databasesOf(world.host, uuid), [database])
})

const failing = async (): Promise<never> => {
  throw new Error('half way')
}
let calls = 0
const halfWay: [string, Partial<ErpTasks>][] = [
  ['migrating', { migrate: failing }],
  ['carrying over', { carryOver: failing }],
  ['reconciling', { reconcile: failing }],
  // The second time, when nobody may write any more.
  ['reconciling behind the fence', { reconcile: async (_restored, _carried, journey) => (journey ? failing() : {}) }],
  ['carrying over behind the fence', { carryOver: async () => (++calls % 2 ? {} : failing()) }],
]
test('a restore that fails at any step leaves live as it was', async () => {
  const live = await shop('half')
  const { id: set } = await runBackup(world.host, 'half')
  await add(live, 'late')
  for (const [what, change] of halfWay) {
    const known = await partners(live)
    await assert.rejects(restore('half', set, change), /half way/, what)
    const now = await find('half')
    assert.deepEqual([now.generation, now.fenced, now.database], [1, null, live.database], what)
    assert.deepEqual(await openDatabases(live.uuid), [live.database], what)
    assert.deepEqual(await databasesOf(world.host, live.uuid), [live.database], what)
    await withClient(await connectAs(world.host, live, 'runtime'), (db) => db.query('insert into partner (name) values ($1)', [what]))
    assert.deepEqual(await partners(live), [...known, what])
    assert.deepEqual(readdirSync(join(world.host.home.dir, 'restoring')), [])
  }
})

/** Writes as a server would: at the generation of the registry, again and again, and notes what was acknowledged. */
async function writer(name: string, stop: AbortSignal, ledger: { name: string; generation: number }[]): Promise<void> {
  for (let n = 0; !stop.aborted;) {
    const instance = await find(name)
    const client = new pg.Client(await connectAs(world.host, instance, 'runtime'))
    client.on('error', () => {})
    try {
      await client.connect()
      for (; !stop.aborted; n++) {
        const row = `written ${n}`
        await client.query('set synchronous_commit = on')
        await client.query('insert into partner (name) values ($1)', [row])
        ledger.push({ name: row, generation: instance.generation })
        await pause(1)
      }
    } catch {
      n++ // whether it was written is unknown: it was not acknowledged
      await pause(2)
    } finally {
      await client.end().catch(() => {})
    }
  }
}

test('no acknowledged row is lost by a swap under load: each is in the generation that acknowledged it, and the gap is short', async () => {
  const live = await shop('busy')
  const { id: set } = await runBackup(world.host, 'busy')
  const [ledger, stop] = [[] as { name: string; generation: number }[], new AbortController()]
  const writing = writer('busy', stop.signal, ledger)
  while (ledger.length < 20) await pause(5)
  // What was acknowledged when each step began: all the long ones lie before the swap, and nobody waits for them.
  const steps: { step: string; rows: number }[] = []
  const report = await restore('busy', set, {}, (step) => void steps.push({ step, rows: ledger.length }))
  const upTo = ledger.length
  while (ledger.length < upTo + 20) await pause(5)
  stop.abort()
  await writing
  const now = await find('busy')
  const [there, lost] = [new Set(await partners(now)), new Set(await openForOwner(world.host, live, () => partners(live)))]
  assert.ok(ledger.some(({ generation }) => generation === 1) && ledger.some(({ generation }) => generation === 2))
  const swap = steps.findIndex(({ step }) => step === 'Putting it in the place of the live one')
  for (const [index, { step, rows }] of steps.slice(0, swap).entries())
    if (/^(?:Backing up|Loading)/.test(step)) assert.ok(steps[index + 1]!.rows > rows, `people write during "${step}"`)
  assert.ok(ledger.findIndex(({ generation }) => generation === 2) >= steps[swap]!.rows)
  for (const { name, generation } of ledger) assert.ok((generation === 1 ? lost : there).has(name), `${name} of generation ${generation}`)
  assert.equal(ledger.filter(({ generation, name }) => generation === 1 && there.has(name)).length, 0, 'time went back for all of them')
  const copy = await restoreAside(world.host, {
    set: report.safety.last!,
    name: 'busy-lost',
    hosts: [],
    days: 1,
    erp: rehearsedErp(world.host),
  })
  const kept = new Set(await partners(copy.instance))
  for (const { name, generation } of ledger) if (generation === 1) assert.ok(kept.has(name), `${name} is in the last safety set`)
  // How long it is the benchmark measures; here only that it is told.
  assert.ok(report.writeGapMs > 0)
})

/** Kills a restore as it begins each of these steps, and lets the next start go on from there. */
async function killAt(name: string, aims: readonly string[]): Promise<Set<string>> {
  const live = await shop(name)
  const { id: set } = await runBackup(world.host, name)
  await add(live, 'late')
  const outcomes = new Set<string>()
  for (const aim of aims) {
    const before = await find(name)
    const known = await partners(before)
    const child = spawn(process.execPath, [join(import.meta.dirname, 'fixtures/restore.ts'), world.host.home.dir, name, set], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(child, 'exit')
    for (let isThere = false; !isThere && child.exitCode === null; await pause(2)) {
      const { rowCount } = await world.host.db.query('select from operation where subject = $1 and state = $2 and ended is null', [
        live.uuid,
        aim,
      ])
      isThere = rowCount! > 0
    }
    child.kill('SIGKILL')
    await exited
    await finishInterrupted(world.host, restoreFinishers)
    const now = await find(name)
    assert.equal(now.fenced, null, aim)
    assert.deepEqual(await openDatabases(now.uuid), [now.database], aim)
    const isDone = now.generation !== before.generation
    outcomes.add(isDone ? 'done' : 'undone')
    const rows = await partners(now)
    if (isDone) assert.deepEqual([rows.includes('late'), rows.length], [false, 50], aim)
    else assert.deepEqual(rows, known, aim)
    const open = (await listOperations(world.host, now.uuid)).filter(({ ended }) => ended === null)
    assert.deepEqual(open, [], `no record is left open (${aim})`)
    await withClient(await connectAs(world.host, now, 'runtime'), (db) => db.query('select 1 from partner limit 1'))
  }
  await restore(name, set)
  return outcomes
}

test('killed around the swap, a restore is finished or undone at the next start, and nothing is in between', async () => {
  const outcomes = await killAt('killed', ['migrated', 'fenced', 'swapped'])
  assert.ok(outcomes.has('undone'))
})

long('killed at any step, a restore is finished or undone at the next start', async () => {
  const steps = ['asked', 'safety_backup', 'created', 'loaded', 'catalogue_ok', 'reconciled', 'fenced', 'swapped', 'opened', 'undo_open']
  const outcomes = await killAt('killed-often', steps)
  assert.deepEqual([...outcomes].sort(), ['done', 'undone'])
})

test('a set restored to the side is a copy before its database exists, with keys and files of its own', async () => {
  const live = await shop('original')
  const { id: set } = await runBackup(world.host, 'original')
  let seen: Pick<Instance, 'kind' | 'state' | 'copyOf'> | undefined
  const erp = rehearsedErp(world.host, { migrate: async () => void (seen = await find('beside')) })
  const { instance, comparisons } = await restoreAside(world.host, { set, name: 'beside', hosts: ['beside.localhost'], days: 7, erp })
  assert.deepEqual([seen!.kind, seen!.state, seen!.copyOf], ['copy', 'creating', live.uuid])
  assert.deepEqual([instance.kind, instance.state, instance.hosts], ['copy', 'ready', ['beside.localhost']])
  assert.ok(instance.expires!.getTime() > Date.now() + 6 * 86_400_000)
  assert.ok(comparisons.every(({ isSame }) => isSame))
  assert.deepEqual(erp.asked, ['neutralise'])
  assert.deepEqual(await partners(instance), await partners(live))
  const [mine, theirs] = [instance, live].map((one) => world.host.keys.instanceKeys(one.uuid, one.keyVersion).derive('files'))
  assert.equal(mine!.equals(theirs!), false)
  const failed = restoreAside(world.host, {
    set,
    name: 'never',
    hosts: [],
    days: 7,
    erp: rehearsedErp(world.host, { neutralise: failing }),
  })
  await assert.rejects(failed, /half way/)
  await assert.rejects(find('never'), { code: 'not_found' })
})
