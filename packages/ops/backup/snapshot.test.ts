import assert from 'node:assert/strict'
import { rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Instance } from '../instances.ts'
import { startThrowawayCluster, type Throwaway } from '../throwaway.ts'
import { contentOf } from './content.ts'
import { asOwner, makeWorld, putFile } from './fixtures/world.ts'
import { relativePath, takeSnapshot } from './snapshot.ts'

let world: Throwaway
let instance: Instance
let names: string[]

before(async () => {
  world = await startThrowawayCluster()
  instance = await makeWorld(world.host, `snapped-${process.pid}`)
  names = await asOwner(world.host, instance, async (db) => [
    await putFile(world.host, instance, 'small', Buffer.from('small'), db),
    await putFile(world.host, instance, 'empty', Buffer.alloc(0), db),
    await putFile(world.host, instance, 'large', Buffer.alloc(2 ** 21 + 5, 7), db),
  ])
})
after(() => world.stop())

const pathOf = (name: string): string => join(world.host.home.files, instance.uuid, relativePath(name))

test('a snapshot counts every table, sequence and file at one point, whatever is written meanwhile', async () => {
  const snapshot = await takeSnapshot(world.host, instance)
  try {
    const { tables, sequences, audit, catalogue, database_bytes } = await snapshot.measure()
    assert.deepEqual(Object.keys(tables).sort(), ['Order Line', 'audit_seal', 'blob', 'ir_attachment', 'odd', 'partner'])
    assert.deepEqual([tables['partner']!.rows, tables['odd'], tables['Order Line']!.rows], [50, { rows: 1, hash: null }, 20])
    assert.match(tables['partner']!.hash!, /^-?\d+$/)
    assert.equal(sequences['partner_id_seq'], '50')
    assert.deepEqual(audit, { seq: 9, head: '0304' })
    assert.match(catalogue, /^[0-9a-f]{64}$/)
    assert.ok(database_bytes > 1_000_000)
    assert.deepEqual(
      snapshot.files.map(({ name, bytes }) => [name, bytes]).sort(),
      [
        [names[0], 21],
        [names[1], 16],
        [names[2], 2 ** 21 + 5 + 48],
      ].sort(),
    )
    await asOwner(world.host, instance, async (db) => {
      await db.query(`insert into partner (name) values ('late')`)
      await db.query('begin')
      await db.query(`set transaction isolation level repeatable read`)
      await db.query(`set transaction snapshot '${snapshot.id}'`)
      assert.deepEqual((await contentOf(db)).tables, tables)
      await db.query('rollback')
      await db.query('begin')
      assert.notDeepEqual((await contentOf(db)).tables['partner'], tables['partner'])
      await db.query('rollback')
    })
  } finally {
    await snapshot.close()
  }
})

test('one changed value changes the hash of its table and no count', async () => {
  const look = () =>
    asOwner(world.host, instance, async (db) => {
      await db.query('begin')
      return (await contentOf(db)).tables
    })
  const before = await look()
  await asOwner(world.host, instance, (db) => db.query(`update partner set name = name || '!' where id = 3`))
  const now = await look()
  assert.equal(now['partner']!.rows, before['partner']!.rows)
  assert.notEqual(now['partner']!.hash, before['partner']!.hash)
  assert.deepEqual({ ...now, partner: before['partner'] }, before)
})

test('no file is collected while a snapshot is open, and again when it has closed', async () => {
  const collect = () =>
    asOwner(world.host, instance, async (db) => {
      await db.query('begin')
      const { rows } = await db.query<{ mine: boolean }>('select pg_try_advisory_xact_lock($1) as mine', [0x626c6f62])
      return rows[0]!.mine
    })
  const snapshot = await takeSnapshot(world.host, instance)
  await snapshot.letGo()
  assert.equal(await collect(), false)
  await snapshot.close()
  assert.equal(await collect(), true)
})

test('rows that count down to their removal belong to a snapshot as long as their files are there', async () => {
  const [dead, gone] = await asOwner(world.host, instance, async (db) => {
    const made = [
      await putFile(world.host, instance, 'dead', Buffer.from('dead'), db),
      await putFile(world.host, instance, 'gone', Buffer.from('gone'), db),
    ]
    await db.query('update blob set dead_at = now() where hash = any($1)', [made])
    return made
  })
  rmSync(pathOf(gone!))
  const snapshot = await takeSnapshot(world.host, instance)
  await snapshot.close()
  const found = snapshot.files.map(({ name }) => name)
  assert.deepEqual([found.includes(dead!), found.includes(gone!)], [true, false])
})

test('a file that is missing, cut short or no file ends the backup, by name', async () => {
  const cut = await asOwner(world.host, instance, (db) => putFile(world.host, instance, 'cut', Buffer.from('cut short'), db))
  const sessions = `select count(*)::int as n from pg_stat_activity where datname = $1 and application_name = 'erp4 backup'`
  for (const harm of [() => truncateSync(pathOf(cut), 9), () => rmSync(pathOf(cut))]) {
    harm()
    await assert.rejects(takeSnapshot(world.host, instance), (error: Error & { code?: string }) => {
      return error.code === 'set_damaged' && error.message.includes(cut)
    })
  }
  assert.equal((await world.host.db.query<{ n: number }>(sessions, [instance.database])).rows[0]!.n, 0, 'no connection stays')
})
