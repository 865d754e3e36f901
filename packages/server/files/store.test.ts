import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, truncate, unlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { sql, type Connection, type Databases, type SystemTable } from '@erp4/orm'
import pg from 'pg'
import { blobTable, collectionLock } from '../sql/files.ts'
import { startCluster, type ThrowawayCluster, type ThrowawayInstance } from '@erp4/testing'
import { chunkBytes, tagBytes } from './cipher.ts'
import { collectFiles, type CollectOptions } from './collect.ts'
import { DamagedFileError, FileStore, rewrapKeys } from './store.ts'

// As the ORM's columns of binary fields will be: a foreign key, checked at commit at the latest.
const paper: SystemTable = {
  name: 'paper',
  ddl: [
    'create table if not exists paper (id int primary key, datas text references blob deferrable initially deferred)',
    'create index on paper (datas)',
  ],
  runtime: ['select', 'insert', 'update', 'delete'],
}
const references = [{ table: 'paper', column: 'datas' }]
const keys = { name: randomBytes(32), wrap: randomBytes(32) }
const uuid = '5c1f2f64-6a40-4a53-9d57-2f8e2ad0c001'

let cluster: ThrowawayCluster
before(async () => void (cluster = await startCluster()))
after(() => cluster.stop())

interface World {
  instance: ThrowawayInstance
  databases: Databases
  store: FileStore
  folder: string
  inTransaction<T>(work: (cx: Connection) => Promise<T>): Promise<T>
  put(content: Uint8Array | string): Promise<string>
  get(name: string): Promise<Buffer>
  collect(options?: Partial<CollectOptions>): ReturnType<typeof collectFiles>
}

async function world(t: { after(work: () => Promise<void>): void }): Promise<World> {
  const instance = await cluster.instance([blobTable, paper])
  const databases = instance.databases('runtime')
  const folder = join(await mkdtemp(join(tmpdir(), 'erp4-files-')), 'store')
  const store = new FileStore({ folder, instance: uuid, keys })
  t.after(async () => {
    await databases.close()
    await rm(join(folder, '..'), { recursive: true })
  })
  const inTransaction: World['inTransaction'] = (work) => databases.transaction(instance.database, work, { retries: 0 })
  return {
    instance,
    databases,
    store,
    folder,
    inTransaction,
    put: (content) => inTransaction((cx) => store.put(cx, Buffer.from(content as string))),
    get: (name) => inTransaction((cx) => store.get(cx, name)),
    collect: (options) => collectFiles(databases, instance.database, store, { references, ...options }),
  }
}

const filesOf = async (folder: string) =>
  (await readdir(folder, { recursive: true, withFileTypes: true })).filter((one) => one.isFile()).map((one) => one.name)

for (const size of [0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3 * chunkBytes]) {
  test(`${size} bytes come back as they went`, async (t) => {
    const there = await world(t)
    const content = randomBytes(size)
    const name = await there.put(content)
    assert.ok((await there.get(name)).equals(content))
    assert.equal(await there.inTransaction((cx) => there.store.size(cx, name)), size)
  })
}

test('a range is read from the chunks it touches', async (t) => {
  const there = await world(t)
  const content = randomBytes(3 * chunkBytes + 5)
  const name = await there.put(content)
  for (const [start, end] of [
    [0, 0],
    [chunkBytes - 1, chunkBytes],
    [chunkBytes, 2 * chunkBytes - 1],
    [3 * chunkBytes, 3 * chunkBytes + 4],
    [7, content.length - 1],
  ] as const) {
    const range = await there.inTransaction((cx) => there.store.readRange(cx, name, start, end))
    assert.ok(Buffer.concat(await range.toArray()).equals(content.subarray(start, end + 1)), `${start}-${end}`)
  }
})

test('neither name nor bytes on disk tell the content, and only the owner reads them', async (t) => {
  const there = await world(t)
  const name = await there.put('a well known text')
  const path = join(there.folder, name.slice(0, 2), name)
  assert.ok(!(await readFile(path)).includes('well known'))
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  assert.equal((await stat(join(there.folder, name.slice(0, 2)))).mode & 0o777, 0o700)
  const other = new FileStore({ folder: there.folder, instance: uuid, keys: { ...keys, name: randomBytes(32) } })
  assert.notEqual(await there.inTransaction((cx) => other.put(cx, Buffer.from('a well known text'))), name)
  assert.throws(
    () => new FileStore({ folder: there.folder, instance: uuid, keys: { name: Buffer.alloc(32), wrap: keys.wrap } }),
    /not all zero/,
  )
})

test('the same content is kept once', async (t) => {
  const there = await world(t)
  const names = await Promise.all(Array.from({ length: 6 }, () => there.put('twice')))
  assert.equal(new Set(names).size, 1)
  assert.deepEqual(await filesOf(there.folder), [names[0]])
  assert.equal((await there.get(names[0]!)).toString(), 'twice')
})

const damage: readonly (readonly [string, (path: string, other: string) => Promise<void>])[] = [
  [
    'a changed byte',
    async (path) => {
      const bytes = await readFile(path)
      bytes[chunkBytes + 40]! ^= 1
      await writeFile(path, bytes)
    },
  ],
  ['a chunk cut off', (path) => truncate(path, 2 * (chunkBytes + tagBytes))],
  [
    'two chunks that changed places',
    async (path) => {
      const bytes = await readFile(path)
      const cut = chunkBytes + tagBytes
      await writeFile(path, Buffer.concat([bytes.subarray(cut, 2 * cut), bytes.subarray(0, cut), bytes.subarray(2 * cut)]))
    },
  ],
  ['the bytes of another file', async (path, other) => writeFile(path, await readFile(other))],
  ['a missing file', (path) => unlink(path)],
]
for (const [what, spoil] of damage) {
  test(`${what} is seen`, async (t) => {
    const there = await world(t)
    const [name, other] = [await there.put(randomBytes(3 * chunkBytes)), await there.put(randomBytes(3 * chunkBytes))]
    await spoil(there.store.path(name), there.store.path(other))
    await assert.rejects(there.get(name), DamagedFileError)
    assert.equal((await there.get(other)).length, 3 * chunkBytes)
  })
}

test('a file shortened together with its row is seen', async (t) => {
  const there = await world(t)
  const name = await there.put(randomBytes(3 * chunkBytes))
  await truncate(there.store.path(name), 2 * (chunkBytes + tagBytes))
  await there.instance.tamper(`update blob set size = ${2 * chunkBytes}`)
  await assert.rejects(there.get(name), DamagedFileError)
})

test('two rows that changed their keys do not open', async (t) => {
  const there = await world(t)
  const name = await there.put('one')
  await there.put('two')
  await there.instance.tamper('update blob set wrapped_key = (select wrapped_key from blob o where o.hash <> blob.hash)')
  await assert.rejects(there.get(name), /does not open/)
})

test('what a rolled back transaction left is written anew, and read with the right key', async (t) => {
  const there = await world(t)
  const given: string[] = []
  const gone = there.inTransaction(async (cx) => {
    given.push(await there.store.put(cx, Buffer.from('kept')))
    throw new Error('changed my mind')
  })
  await assert.rejects(gone, /changed my mind/)
  assert.deepEqual(await filesOf(there.folder), given)
  assert.equal(await there.put('kept'), given[0])
  assert.equal((await there.get(given[0]!)).toString(), 'kept')
})

test('a put that outlives its transaction does not touch the file of the next', async (t) => {
  const there = await world(t)
  const slow = there.inTransaction(async (cx) => {
    const dead: Connection = {
      statements: 0,
      send: (statement, name) => cx.send(statement, name),
      query: async (statement, name) => {
        const rows = await cx.query<any>(statement, name)
        if (name !== 'blob_claim') return rows
        // Its connection is cut right after the claim; another puts the same content before it goes on.
        await there.instance.tamper(
          `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${there.instance.database}' and pid <> pg_backend_pid()`,
        )
        await there.put('raced')
        return rows
      },
    }
    return there.store.put(dead, Buffer.from('raced'))
  })
  await assert.rejects(slow)
  const [name] = (await there.instance.rows('select hash from blob')).map((row) => row.hash as string)
  assert.equal((await there.get(name!)).toString(), 'raced')
  assert.deepEqual(await filesOf(there.folder), [name])
})

test('a file that cannot be written leaves no row and no draft', async (t) => {
  const there = await world(t)
  const name = await there.put('first')
  await there.instance.tamper('delete from blob')
  await unlink(there.store.path(name))
  await rm(join(there.folder, name.slice(0, 2)), { recursive: true })
  await writeFile(join(there.folder, name.slice(0, 2)), 'in the way')
  await assert.rejects(there.put('first'))
  assert.deepEqual(await there.instance.rows('select * from blob'), [])
})

test('keys are wrapped anew without touching files', async (t) => {
  const there = await world(t)
  const name = await there.put('moved')
  const to = { instance: 'another-uuid', wrap: randomBytes(32) }
  const foreign = Buffer.alloc(32, 77)
  await assert.rejects(there.inTransaction((cx) => rewrapKeys(cx, { instance: uuid, wrap: [foreign] }, to)))
  assert.equal(await there.inTransaction((cx) => rewrapKeys(cx, { instance: uuid, wrap: [foreign, keys.wrap] }, to)), 1)
  await assert.rejects(there.get(name), DamagedFileError)
  const copy = new FileStore({ folder: there.folder, instance: to.instance, keys: { name: keys.name, wrap: to.wrap } })
  assert.equal((await there.inTransaction((cx) => copy.get(cx, name))).toString(), 'moved')
})

test('while a key is being rotated, files that are wrapped with either one open, and are put with the present one', async (t) => {
  const there = await world(t)
  const old = await there.put('of before')
  const others: Buffer[] = []
  const wrap = randomBytes(32)
  const later = new FileStore({ folder: there.folder, instance: uuid, keys: { name: keys.name, wrap, others: () => others } })
  const get = (name: string) => there.inTransaction((cx) => later.get(cx, name))
  await assert.rejects(get(old), DamagedFileError, 'an older key that is gone opens nothing')
  others.push(Buffer.alloc(32, 9), keys.wrap)
  assert.equal((await get(old)).toString(), 'of before')
  const fresh = await there.inTransaction((cx) => later.put(cx, Buffer.from('of after')))
  await assert.rejects(there.get(fresh), DamagedFileError, 'the older key does not open it')
  const rewrap = () => there.inTransaction((cx) => rewrapKeys(cx, { instance: uuid, wrap: [wrap, keys.wrap] }, { instance: uuid, wrap }))
  assert.deepEqual([await rewrap(), await rewrap()], [1, 0])
  others.length = 0
  assert.deepEqual([(await get(old)).toString(), (await get(fresh)).toString()], ['of before', 'of after'])
})

// ---- Collecting

const age = `update blob set dead_at = dead_at - interval '49 hours'`

test('what nobody refers to dies after its grace, file and row together', async (t) => {
  const there = await world(t)
  const [kept, loose] = [await there.put('kept'), await there.put('loose')]
  await there.instance.tamper(`insert into paper values (1, '${kept}')`)
  assert.deepEqual(await there.collect(), { marked: 1, revived: 0, deleted: 0, swept: 0, isHeldUp: false })
  assert.equal((await there.get(loose)).toString(), 'loose')
  await there.instance.tamper(age)
  assert.equal((await there.collect()).deleted, 1)
  assert.deepEqual(await there.instance.rows('select hash from blob'), [{ hash: kept }])
  assert.deepEqual(await filesOf(there.folder), [kept])
})

test('put again or referred to again, a dying file lives', async (t) => {
  const there = await world(t)
  const [again, referred] = [await there.put('again'), await there.put('referred')]
  await there.collect()
  await there.instance.tamper(age, `insert into paper values (1, '${referred}')`)
  await there.put('again')
  const done = await there.collect()
  assert.deepEqual([done.revived, done.deleted], [1, 0])
  assert.equal((await there.get(again)).toString(), 'again')
  assert.deepEqual(await there.instance.rows(`select dead_at from blob where hash = '${referred}'`), [{ dead_at: null }])
})

test('a crash between unlinking and commit is healed by the next put', async (t) => {
  const there = await world(t)
  const name = await there.put('unlinked')
  await there.collect()
  await unlink(there.store.path(name))
  assert.equal(await there.put('unlinked'), name)
  assert.equal((await there.get(name)).toString(), 'unlinked')
})

test('a reference made while the collector holds the row waits, and then fails instead of dangling', async (t) => {
  const there = await world(t)
  const name = await there.put('contested')
  await there.collect()
  await there.instance.tamper(age)
  const collector = new pg.Client(there.instance.as('runtime'))
  await collector.connect()
  await collector.query('begin')
  await collector.query('select from blob for update')
  const linking = there.instance.tamper(`begin; insert into paper values (1, '${name}'); set constraints all immediate; commit`)
  await collector.query('delete from blob')
  await collector.query('commit')
  await collector.end()
  await assert.rejects(linking, { code: '23503' })
  assert.deepEqual(await there.instance.rows('select * from paper'), [])
})

test('many putting while a collector with no grace runs leave nothing dangling', async (t) => {
  const there = await world(t)
  let isOver = false
  const collecting = (async () => {
    while (!isOver) await there.collect({ graceHours: 0 })
  })()
  let id = 0
  const writers = Array.from({ length: 3 }, async () => {
    for (let i = 0; i < 40; i++) {
      const text = `content ${i % 4}`
      await there.inTransaction(async (cx) => {
        const name = await there.store.put(cx, Buffer.from(text))
        await cx.query(sql`insert into paper values (${++id}, ${name})`)
      })
      if (i % 3 === 0) await there.instance.tamper('delete from paper')
    }
  })
  await Promise.all(writers)
  isOver = true
  await collecting
  for (const { datas } of await there.instance.rows('select distinct datas from paper'))
    assert.match((await there.get(datas)).toString(), /^content /)
})

test('during a backup nothing is collected', async (t) => {
  const there = await world(t)
  await there.put('loose')
  const backup = new pg.Client(there.instance.as('owner'))
  await backup.connect()
  await backup.query('select pg_advisory_lock_shared($1)', [collectionLock])
  assert.deepEqual(await there.collect(), { marked: 0, revived: 0, deleted: 0, swept: 0, isHeldUp: true })
  await backup.end()
})

test('old files without a row are swept, young ones and known ones stay', async (t) => {
  const there = await world(t)
  const names = [await there.put('known'), await there.put('orphan'), await there.put('young')]
  await there.instance.tamper(`insert into paper values (1, '${names[0]}')`, `delete from blob where hash <> '${names[0]}'`)
  await writeFile(`${there.store.path(names[1]!)}.draft.part`, 'half')
  const old = new Date(Date.now() - 49 * 3_600_000)
  for (const path of [there.store.path(names[0]!), there.store.path(names[1]!), `${there.store.path(names[1]!)}.draft.part`])
    await utimes(path, old, old)
  assert.equal((await there.collect()).swept, 2)
  assert.deepEqual((await filesOf(there.folder)).sort(), [names[0], names[2]].sort())
})
