import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { connectAs } from '../instances.ts'
import { findOsUser, isRoot } from '../os-user.ts'
import { withClient } from '../provision.ts'
import { startThrowawayCluster, type Throwaway } from '../throwaway.ts'
import { catalogueLines } from './catalogue.ts'
import { scratchUser, sweepScratch, withScratch } from './scratch.ts'

let world: Throwaway
before(async () => {
  world = await startThrowawayCluster({ own: true })
})
after(() => world.stop())

const folder = () => join(world.host.home.dir, 'scratch')

/** A zombie has ended, whoever has yet to ask for its exit status. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

test('two scratch clusters at once are two, hardened, closed to the network, and gone afterwards', async () => {
  const seen = async () =>
    withScratch(world.host.home, async ({ host, empty }) => {
      const instance = await empty(['base'])
      const { pid } = host.cluster.status() as { pid: number }
      if (isRoot()) {
        assert.equal(statSync(`/proc/${pid}`).uid, (findOsUser(scratchUser) ?? findOsUser('postgres'))!.uid)
        assert.notEqual(readlinkSync(`/proc/${pid}/ns/net`), readlinkSync('/proc/self/ns/net'), 'a network of its own')
        assert.match(readFileSync(`/proc/${pid}/net/dev`, 'utf8').split('\n').slice(2).join('\n'), /^\s*lo:[^:]*$/, 'with nothing in it')
      }
      const config = await connectAs(host, instance, 'owner')
      assert.ok(config.host!.startsWith('/'))
      await withClient(config, async (db) => {
        const { rows } = await db.query('select name, setting from pg_settings where name = any($1) order by name', [
          ['autovacuum', 'fsync', 'listen_addresses', 'wal_level'],
        ])
        assert.deepEqual(
          rows.map((row) => [row.name, row.setting]),
          [
            ['autovacuum', 'off'],
            ['fsync', 'off'],
            ['listen_addresses', ''],
            ['wal_level', 'minimal'],
          ],
        )
        assert.ok((await catalogueLines(db)).includes('initial function lo_create(oid): execute for {}'))
        await assert.rejects(db.query('select lo_create(0)'), { code: '42501' })
      })
      await assert.rejects(
        withClient({ ...config, host: world.cluster.socketDir }, (db) => db.query('select 1')),
        { code: '28P01' },
        'its passwords open nothing elsewhere',
      )
      return pid
    })
  const pids = await Promise.all([seen(), seen()])
  assert.notEqual(pids[0], pids[1])
  for (const pid of pids) assert.equal(isAlive(pid), false)
  assert.deepEqual(readdirSync(folder()), [])
})

test('work that fails leaves no cluster behind', async () => {
  await assert.rejects(
    withScratch(world.host.home, () => Promise.reject(new Error('half way'))),
    /half way/,
  )
  assert.deepEqual(readdirSync(folder()), [])
})

test('a killed process takes its scratch cluster with it', async () => {
  const program = `
    const { openHome } = await import(${JSON.stringify(join(import.meta.dirname, '..', 'home.ts'))})
    const { withScratch } = await import(${JSON.stringify(join(import.meta.dirname, 'scratch.ts'))})
    await withScratch(openHome(${JSON.stringify(world.host.home.dir)}), async ({ host }) => {
      console.log(host.cluster.status().pid)
      await new Promise(() => setInterval(() => {}, 1000))
    })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const pid = Number(await new Promise((resolve) => child.stdout.once('data', (data: Buffer) => resolve(data.toString()))))
  assert.ok(isAlive(pid))
  child.kill('SIGKILL')
  const until = Date.now() + 300_000
  while ((isAlive(pid) || readdirSync(folder()).length > 0) && Date.now() < until) await pause(50)
  assert.equal(isAlive(pid), false)
  assert.deepEqual(readdirSync(folder()), [])
})

test('what a lost machine left is swept, and what lives is not', async () => {
  const dead = join(folder(), '999999999-1-abcdef')
  mkdirSync(join(dead, 'data'), { recursive: true })
  await withScratch(world.host.home, async ({ host }) => {
    assert.equal(existsSync(dead), false)
    sweepScratch(world.host.home)
    assert.equal(host.cluster.status().running, true)
    assert.ok(existsSync(host.home.dir))
  })
})
