import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { Cluster } from './cluster.ts'
import { openOrCreateHome } from './home.ts'
import { startHost, type Host } from './host.ts'
import { isRoot, postgresUser } from './os-user.ts'
import { startThrowawayCluster } from './throwaway.ts'

const folders: string[] = []
const hosts: Host[] = []
after(async () => {
  for (const host of hosts) await host.close().then(() => host.cluster.stop('immediate'))
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function folder(...below: string[]): string {
  const top = mkdtempSync(join(tmpdir(), 'erp4-test-'))
  folders.push(top)
  chmodSync(top, 0o711)
  return join(top, ...below)
}

async function start(dir: string, throwaway = true): Promise<Host> {
  const { host } = await startHost(openOrCreateHome(dir).home, { throwaway })
  hosts.push(host)
  return host
}

const answers = async (host: Host) => (await host.db.query('select 1 as one')).rows[0].one === 1
const commandLine = (pid: number): string => (existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : '')

const pidOf = (cluster: Cluster): number => {
  const status = cluster.status()
  assert.ok(status.running)
  return status.pid
}

test('a cluster survives kill -9 of PostgreSQL and a stale pid file, and a second start finds it running', async () => {
  const dir = folder()
  const host = await start(dir, false)
  const pid = pidOf(host.cluster)
  assert.equal(await host.cluster.start(), 'found running')
  assert.equal(pidOf(host.cluster), pid)
  await host.db.query("insert into operation (subject, kind, holder) values ('kept', 'test', 'test')")

  process.kill(pid, 'SIGKILL')
  while (host.cluster.status().running) await pause(10)
  assert.ok(existsSync(join(dir, 'data', 'postmaster.pid')))
  assert.equal(await host.cluster.start(), 'started')
  assert.equal((await host.db.query("select count(*)::int as n from operation where subject = 'kept'")).rows[0].n, 1)

  // After a reboot the number in the file may be anybody's: here it is ours.
  await host.cluster.stop('immediate')
  writeFileSync(join(dir, 'data', 'postmaster.pid'), `${process.pid}\n${join(dir, 'data')}\n`)
  assert.deepEqual(host.cluster.status(), { running: false })
  assert.equal(await host.cluster.start(), 'started')
  assert.ok(await answers(host))
})

test('PostgreSQL never runs as root, and its data and configuration are closed to others', async () => {
  const dir = folder()
  const host = await start(dir)
  const expected = postgresUser()?.uid ?? process.getuid!()
  assert.notEqual(expected, 0)
  assert.equal(statSync(`/proc/${pidOf(host.cluster)}`).uid, expected)
  assert.equal(statSync(join(dir, 'data')).mode & 0o777, 0o700)
  assert.equal(statSync(host.cluster.socketDir).mode & 0o067, 0)
  for (const file of ['postgresql.conf', 'pg_hba.conf']) assert.equal(statSync(join(dir, file)).uid, process.getuid!(), file)
})

test('a home with a long path has its socket in a private folder, which is gone after the stop', async () => {
  const dir = folder('a-folder-with-a-long-name'.repeat(4), 'home')
  const host = await start(dir)
  const { socketDir } = host.cluster
  assert.ok(!socketDir.startsWith(dir))
  assert.equal(statSync(socketDir).mode & 0o067, 0)
  assert.ok(await answers(host))

  process.kill(pidOf(host.cluster), 'SIGKILL')
  while (host.cluster.status().running) await pause(10)
  await host.cluster.start()
  assert.equal(host.cluster.socketDir, socketDir, 'the recorded folder is used again')

  await host.cluster.stop('immediate')
  assert.equal(existsSync(socketDir), false)
  assert.equal(JSON.parse(readFileSync(join(dir, 'home.json'), 'utf8')).socketDir, undefined)
})

// Only root starts PostgreSQL as somebody else.
if (isRoot()) {
  test('a home that the OS user of PostgreSQL cannot enter is refused in one sentence', () => {
    const dir = folder('closed', 'home')
    mkdirSync(join(dir, '..'), { mode: 0o700 })
    assert.throws(() => openOrCreateHome(dir), { code: 'home_unreachable', message: new RegExp(`cannot enter ${join(dir, '..')}:`) })
  })
}

test('a folder with other things in it does not become a home', () => {
  const dir = folder()
  writeFileSync(join(dir, 'letter.txt'), 'Dear Ann')
  assert.throws(() => openOrCreateHome(dir), { code: 'damaged_home' })
  assert.deepEqual(readdirSync(dir), ['letter.txt'])
})

for (const [what, damage] of [
  ['its data folder', (dir: string) => rmSync(join(dir, 'data'), { recursive: true })],
  ['its control file', (dir: string) => rmSync(join(dir, 'data', 'global', 'pg_control'))],
  ['the sense of home.json', (dir: string) => writeFileSync(join(dir, 'home.json'), '{')],
] as const) {
  test(`a home that lost ${what} is called damaged, and nothing is made in its place`, async () => {
    const dir = folder()
    const host = await start(dir)
    await host.close()
    hosts.splice(hosts.indexOf(host), 1)
    await host.cluster.stop('immediate')
    damage(dir)
    await assert.rejects(async () => startHost(openOrCreateHome(dir).home, { throwaway: true }), { code: 'damaged_home' })
    assert.equal(existsSync(join(dir, 'data.new')), false)
  })
}

test('an interrupted first start is finished by the next one', async () => {
  const dir = folder()
  const { home } = openOrCreateHome(dir)
  mkdirSync(join(dir, 'data.new'))
  writeFileSync(join(dir, 'data.new', 'half'), '')
  assert.equal(home.facts().provisioned, 0)
  assert.ok(await answers(await start(dir)))
})

test('a throw-away cluster ends with the process that started it, even by kill -9', async () => {
  const program = `
    const { startThrowawayCluster } = await import(${JSON.stringify(import.meta.resolve('./throwaway.ts'))})
    const { cluster } = await startThrowawayCluster({ own: true })
    console.log(JSON.stringify({ pid: cluster.status().pid, dir: cluster.home.dir }))
    process.kill(process.pid, 'SIGKILL')`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  const { pid, dir } = JSON.parse(stdout) as { pid: number; dir: string }
  for (let tries = 0; existsSync(dir) && tries < 6_000; tries++) await pause(50)
  assert.equal(existsSync(dir), false)
  assert.equal(commandLine(pid), '', 'a process that ended, collected or not, has no command line')
})

test('tests can share one cluster', async () => {
  const own = await startThrowawayCluster({ own: true })
  const before = process.env.ERP4_TEST_HOME
  process.env.ERP4_TEST_HOME = own.cluster.home.dir
  try {
    const guest = await startThrowawayCluster()
    assert.equal(guest.cluster.home.dir, own.cluster.home.dir)
    await guest.stop()
    assert.ok(await answers(own.host))
  } finally {
    if (before === undefined) delete process.env.ERP4_TEST_HOME
    else process.env.ERP4_TEST_HOME = before
    await own.stop()
  }
})
