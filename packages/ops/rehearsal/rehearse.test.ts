import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { asOwner, makeWorld, putFile, wrapFileKey } from '../backup/fixtures/world.ts'
import { runBackup } from '../backup/set.ts'
import { unwrapFileKey } from '../download/stored-file.ts'
import type { ErpTasks } from '../erp-tasks.ts'
import { claimsState } from '../evidence/claims.ts'
import { listEvidence } from '../evidence/reading.ts'
import { listInstances, type Instance } from '../instances.ts'
import { removeRoot } from '../keys/root.ts'
import { rehearsedErp } from '../restore/fixtures/erp.ts'
import { withScratch, type Scratch } from '../restore/scratch.ts'
import { startThrowawayCluster, type Throwaway } from '../throwaway.ts'
import { proveSet } from '../verify/prove.ts'
import { rehearse, type RehearsalOrder } from './rehearse.ts'

let world: Throwaway
let bakery: Instance
let scratch: Scratch
const over = Promise.withResolvers<void>()
let scratching: Promise<void>

before(async () => {
  world = await startThrowawayCluster({ own: true })
  bakery = await makeWorld(world.host, 'bakery')
  await rehearsedErp(world.host).migrate(bakery)
  await asOwner(world.host, bakery, (db) => putFile(world.host, bakery, 'a', Buffer.from('a recipe'), db))
  const begun = Promise.withResolvers<Scratch>()
  scratching = withScratch(world.host.home, async (made) => {
    begun.resolve(made)
    await over.promise
  })
  scratch = await begun.promise
})
after(async () => {
  over.resolve()
  await scratching
  await world.stop()
})

/** What restores ask of the ERP, and what becomes of the keys of files, written from the format. */
const order = (change: Partial<ErpTasks> = {}): RehearsalOrder => ({
  erpOf: (host) => rehearsedErp(host, change),
  rewrap: (original, host, made) =>
    asOwner(host, made, async (db) => {
      const [from, to] = [world.host.keys.instanceKeys(original, 1), host.keys.instanceKeys(made.uuid, made.keyVersion)]
      const { rows } = await db.query<{ hash: string; wrapped: Buffer }>('select hash, wrapped_key as wrapped from blob')
      for (const { hash, wrapped } of rows) {
        const key = unwrapFileKey(from.derive('files'), { instance: original, name: hash }, wrapped)
        const again = wrapFileKey(to.derive('files'), made.uuid, hash, key)
        await db.query('update blob set wrapped_key = $2 where hash = $1', [hash, again])
      }
    }),
})

const namesBelow = (...path: string[]): string[] => {
  const folder = join(world.host.home.dir, ...path)
  return existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort() : []
}

/** Whatever a rehearsal must leave as it was. */
async function everything() {
  const { rows } = await world.host.db.query('select datname as name from pg_database union all select rolname from pg_roles order by 1')
  const sets = await world.host.db.query('select id, state from backup_set order by id')
  const folders = ['stores', 'keys', 'files', 'downloads', 'spool', 'restoring'].map((name) => namesBelow(name))
  return { names: rows, instances: await listInstances(world.host), sets: sets.rows, folders }
}

const claims = () => {
  const now = new Date()
  const host = { type: 'host' as const, id: world.host.home.facts().host!, since: new Date(now.getTime() - 90 * 86_400_000) }
  const found = claimsState(listEvidence(world.host.home), [host], now).filter(({ claim }) => ['C05', 'C06'].includes(claim))
  return found.map(({ claim, state }) => [claim, state])
}

test('before any set has proven itself there is nothing to rehearse with, and nothing is claimed', async () => {
  await assert.rejects(rehearse(world.host, order()), { code: 'not_found' })
  assert.deepEqual(claims(), [
    ['C05', 'not_shown'],
    ['C06', 'not_shown'],
  ])
})

test('both ways of restoring, the undo and the download are rehearsed without the root key, and nothing of it stays', async () => {
  const { id } = await runBackup(world.host, 'bakery')
  assert.equal((await proveSet(world.host, id, { scratch })).result, 'pass')
  removeRoot(world.host.home)
  const was = await everything()
  const { set, instance, rehearsed } = await rehearse(world.host, order())
  assert.deepEqual([set, instance], [id, 'bakery'])
  assert.deepEqual(
    rehearsed.map(({ check, result, reason }) => [check, result, reason]),
    [
      ['restore.rehearsal', 'pass', ''],
      ['download.rehearsal', 'pass', ''],
    ],
  )
  const measured = rehearsed.flatMap(({ measures }) => measures.map(({ name }) => name))
  assert.deepEqual(measured, ['to_side_seconds', 'over_live_seconds', 'undo_seconds', 'write_gap_ms', 'archive_bytes', 'files'])
  assert.equal(rehearsed[1]!.measures.find(({ name }) => name === 'files')!.value, 1)
  assert.deepEqual(await everything(), was)
  assert.deepEqual(claims(), [
    ['C05', 'shown'],
    ['C06', 'shown'],
  ])
})

for (const [what, change, outcome] of [
  ['a migration that fails', { migrate: () => Promise.reject(new Error('the migration is broken')) }, ['restore.rehearsal fail']],
  [
    'a right that cannot be carried over',
    { reconcile: () => Promise.reject(new Error('nothing is carried over')) },
    ['restore.rehearsal fail', 'download.rehearsal pass'],
  ],
] as const)
  test(`${what} is a failed rehearsal, which takes the claim away, and nothing of it stays`, async () => {
    const was = await everything()
    const { rehearsed } = await rehearse(world.host, order(change))
    assert.deepEqual(
      rehearsed.map(({ check, result }) => `${check} ${result}`),
      outcome,
    )
    assert.deepEqual(await everything(), was)
    assert.deepEqual(claims()[1], ['C06', 'failed'])
  })
