import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { long } from '@erp4/testing'
import type { Instance } from '../instances.ts'
import { isRoot } from '../os-user.ts'
import { startThrowawayCluster, type Throwaway } from '../throwaway.ts'
import { listBackups, showBackup } from './catalogue.ts'
import { contentOf } from './content.ts'
import { openSet, withRestored } from './fixtures/opened.ts'
import { asOwner, makeWorld, putFile } from './fixtures/world.ts'
import { finishBackups } from './resume.ts'
import { runBackup } from './set.ts'
import { spoolFolder, spoolOf } from './spool.ts'

let world: Throwaway
let azure: Instance
let folder: string

before(async () => {
  world = await startThrowawayCluster({ own: true })
  folder = mkdtempSync(join(tmpdir(), 'erp4-faults-'))
  azure = await makeWorld(world.host, 'azure')
  await asOwner(world.host, azure, async (db) => {
    await putFile(world.host, azure, 'note', Buffer.from('note'), db)
    await putFile(world.host, azure, 'large', Buffer.alloc(3_000_000, 5), db)
    // Bytes that no compression makes less, so that they can be dumped slowly.
    await db.query(
      `insert into partner (name) select string_agg(md5(random()::text), '') from generate_series(1, 14000) i, generate_series(1, 32) j group by i`,
    )
  })
})
after(async () => {
  rmSync(folder, { recursive: true })
  await world.stop()
})

const program = join(import.meta.dirname, 'fixtures', 'backup.ts')

/** A backup in a process of its own, and what it says. */
function start(bytesPerSecond = ''): { child: ChildProcess; said: string[]; ended: Promise<void>; says: (what: string) => Promise<void> } {
  const child = spawn(process.execPath, [program, world.host.home.dir, 'azure', bytesPerSecond], { stdio: ['ignore', 'pipe', 'inherit'] })
  const said: string[] = []
  child.stdout.setEncoding('utf8').on('data', (text: string) => said.push(...text.split('\n').filter(Boolean)))
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const says = async (what: string) => {
    while (!said.some((line) => line.startsWith(what))) {
      assert.equal(child.exitCode ?? child.signalCode, null, said.join('\n'))
      await pause(10)
    }
  }
  return { child, said, ended, says }
}

/** Processes of a backup of this home: pg_dump, tar, and those that encrypt. */
function processes(...words: readonly string[]): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const line = readFileSync(`/proc/${name}/cmdline`, 'utf8')
      return words.every((word) => line.includes(word)) ? [Number(name)] : []
    } catch {
      return [] // it ended between the two looks
    }
  })
}

const eventually = async (holds: () => boolean | Promise<boolean>, what: string) => {
  for (let tries = 0; !(await holds()); tries++) {
    assert.ok(tries < 6_000, what)
    await pause(50)
  }
}

/** What must hold after any fault, once a start has looked: nothing half done, nobody at work, and every published set whole. */
async function demandTidy(): Promise<void> {
  const { rows } = await world.host.db.query(
    `select id, state from backup_set where state not in ('published', 'failed')
     union all select subject, kind from operation_lock`,
  )
  assert.deepEqual(rows, [])
  assert.deepEqual(existsSync(spoolOf(world.host.home)) ? readdirSync(spoolOf(world.host.home)) : [], [])
  await eventually(() => processes('pg_dump', azure.database).length === 0, 'pg_dump goes on')
  await eventually(() => processes('tar', azure.uuid).length === 0, 'tar goes on')
  const sessions = `select count(*)::int as n from pg_stat_activity where application_name = 'erp4 backup'`
  await eventually(async () => (await world.host.db.query<{ n: number }>(sessions)).rows[0]!.n === 0, 'a connection stays')
}

/** Opens, restores and compares it: the only proof that it is one. */
async function demandWhole(set: string): Promise<void> {
  const target = mkdtempSync(join(folder, 'set-'))
  const { facts } = await openSet(world.host, set, target, 'ap-1')
  await withRestored(world.host, azure, join(target, 'db.dump'), async (db) => {
    await db.query('begin')
    assert.deepEqual((await contentOf(db)).tables, facts.tables)
  })
  rmSync(target, { recursive: true })
}

test('a pg_dump that is killed in the middle makes no set, and touches none', async () => {
  const good = await runBackup(world.host, 'azure')
  let isKilled = false
  const kill = (bytes: number) => {
    if (isKilled || bytes < 1_000_000) return
    for (const pid of processes('pg_dump', azure.database)) {
      process.kill(pid, 'SIGKILL')
      isKilled = true
    }
  }
  await assert.rejects(runBackup(world.host, 'azure', { bytesPerSecond: 2e6, progress: kill }), {
    code: 'program_failed',
    message: /pg_dump was ended by SIGKILL/,
  })
  const [failed] = await listBackups(world.host, 'azure')
  assert.deepEqual([failed!.state, failed!.copies], ['failed', []])
  assert.deepEqual(await showBackup(world.host, good.id), good)
  await demandTidy()
})

test('killed while it dumps, a backup is thrown away by the next start, with all that it had running', async () => {
  const { child, says, ended } = start('1000000')
  await says('Dumping')
  await eventually(() => processes('pg_dump', azure.database).length > 0, 'pg_dump never ran')
  child.kill('SIGKILL')
  await ended
  const [finished] = await finishBackups(world.host)
  assert.equal(finished?.result, 'failed')
  await demandTidy()
  assert.equal((await runBackup(world.host, 'azure')).counts, true)
})

test('killed when all is spooled, it is brought to the stores by the next start', async () => {
  const { child, says, ended } = start()
  await says('Storing')
  child.kill('SIGKILL')
  await ended
  const [finished] = await finishBackups(world.host)
  assert.equal(finished?.result, 'published')
  const set = await showBackup(world.host, finished.set)
  assert.deepEqual([set.state, set.counts], ['published', true])
  await demandTidy()
  await demandWhole(set.id)
  assert.deepEqual(await finishBackups(world.host), [])
})

test('a spool that is no longer whole is thrown away', async () => {
  const { child, says, ended } = start()
  await says('Storing')
  child.kill('SIGKILL')
  await ended
  const { rows } = await world.host.db.query<{ id: string }>(`select id from backup_set where state in ('spooled', 'storing')`)
  const [{ id }] = rows as [{ id: string }]
  truncateSync(join(spoolFolder(world.host.home, id), 'db-000.esdk'), 100)
  assert.deepEqual(
    (await finishBackups(world.host)).map(({ set, result }) => [set, result]),
    [[id, 'failed']],
  )
  await demandTidy()
})

test('a backup that is at work is left alone by whoever finishes others', async () => {
  const { said, says, ended } = start('8000000')
  await says('Dumping')
  assert.deepEqual(await finishBackups(world.host), [])
  await ended
  assert.match(said.at(-1)!, /^done/)
  await demandTidy()
})

test('where the disk has no room a backup refuses before it begins, and a disk that fills up ends it; nothing stays', async () => {
  // A disk of its own for the spool, which only this one process sees; nobody has to be root for it.
  const onDisk = (size: string) => {
    mkdirSync(spoolOf(world.host.home), { recursive: true })
    const mounting = `mount -t tmpfs -o size=${size} tmpfs "$1" && shift && exec "$@"`
    const args = [
      isRoot() ? '-m' : '-rm',
      'sh',
      '-c',
      mounting,
      'sh',
      spoolOf(world.host.home),
      process.execPath,
      program,
      world.host.home.dir,
      'azure',
    ]
    return spawnSync('unshare', args, { encoding: 'utf8' }).stdout.trim().split('\n')
  }
  const good = await runBackup(world.host, 'azure')
  assert.deepEqual(onDisk('1m'), ['begun', 'failed disk_full'])
  // The last set was small: the estimate is wrong once a lot has been written since.
  await world.host.db.query(`update backup_set set manifest = jsonb_set(manifest::jsonb, '{parts,0,bytes}', '1000')::text where id = $1`, [
    good.id,
  ])
  assert.deepEqual(onDisk('6m'), ['begun', 'Dumping the database, packing the files', 'failed disk_full'])
  await world.host.db.query('delete from backup_set where id = $1', [good.id])
  await demandTidy()
})

/** Kills at a random moment, looks whether everything is in order and every published set whole. */
async function killAtRandom(rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const { child, ended, says } = start()
    await says('begun')
    await pause(Math.random() * 2_500)
    child.kill('SIGKILL')
    await ended
    await finishBackups(world.host)
    await demandTidy()
  }
  const published = (await listBackups(world.host, 'azure')).filter(({ state }) => state === 'published')
  for (const { id, counts } of published.slice(0, 3)) if (counts) await demandWhole(id)
}

test('killed at random moments, a backup is a whole set or none', () => killAtRandom(3))
long('killed at thirty random moments, a backup is a whole set or none', () => killAtRandom(30))
