import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { type Databases, type SystemTable, auditLog } from '@erp4/orm'
import pg from 'pg'
import { auditSeal } from '../sql/audit.ts'
import { long, startCluster, type ThrowawayCluster, type ThrowawayInstance } from '@erp4/testing'
import { newestHead, readAnchor, writeAnchor, type Anchor } from './anchor.ts'
import { keyId, type SealingKey } from './chain.ts'
import { sealBatch, Sealer, type Trail } from './sealer.ts'
import { eraseAudit, exportTrail } from './trail.ts'
import { verifyExport, verifyLive, type Trust, type Verdict } from './verify.ts'

const auditIn: SystemTable = {
  name: 'audit_in',
  ddl: [
    `create table if not exists audit_in (
       id bigint generated always as identity primary key, at timestamptz not null default now(), txid xid8 not null default pg_current_xact_id(),
       actor int4, on_behalf int4, source text, model text, rec int4, operation text, change jsonb, salt bytea default uuid_send(gen_random_uuid()))`,
  ],
  runtime: ['insert'],
  seal: ['select', 'delete'],
}

const chain = '9b2f7c0e-4a51-4c1e-9d8e-0f6c3a1b2d4e'
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const key: SealingKey = { id: keyId(publicKey), key: privateKey }
const keys = new Map([[key.id, publicKey]])

let cluster: ThrowawayCluster
let folder: string
before(async () => {
  cluster = await startCluster()
  folder = await mkdtemp(join(tmpdir(), 'erp4-audit-'))
})
after(async () => {
  await cluster.stop()
  await rm(folder, { recursive: true })
})

interface World {
  instance: ThrowawayInstance
  trail: Trail
  seal: Databases
  owner: Databases
  trust: Trust
  verify(anchor?: Anchor): Promise<Verdict>
  close(): Promise<void>
}

async function world(): Promise<World> {
  const instance = await cluster.instance([auditIn, auditLog, auditSeal])
  const [seal, owner] = [instance.databases('seal'), instance.databases('owner')]
  const trust: Trust = { chain, keys }
  return {
    instance,
    seal,
    owner,
    trust,
    trail: { database: instance.database, chain, key },
    verify: (anchor) => verifyLive(seal, instance.database, anchor ? { ...trust, anchor } : trust),
    close: async () => void (await Promise.all([seal.close(), owner.close()])),
  }
}

const note = (from: number, to: number) =>
  `insert into audit_in (actor, source, model, rec, operation, change)
   select 7, 'web', 'res.partner', n, 'write', jsonb_build_object('name', 'Azure ' || n, 'née', 'Ünïcode 가', 'amount', 1.50) from generate_series(${from}, ${to}) n`

/** Rows 1 to 30 in three seals of ten. */
async function thirtyRows(): Promise<World> {
  const there = await world()
  for (const from of [1, 11, 21]) {
    await there.instance.tamper(note(from, from + 9))
    await sealBatch(there.seal, there.trail)
  }
  return there
}

const told = (verdict: Verdict) => verdict.findings.map(({ fault, from, to }) => [fault, from, to])

async function anchorOf(there: World, name: string): Promise<Anchor> {
  const file = join(folder, name)
  const head = await there.seal.use(there.instance.database, newestHead)
  await writeAnchor(file, head!)
  return readAnchor(file, keys)
}

test('an untouched trail is intact, and the verdict says against which anchor', async () => {
  const there = await thirtyRows()
  const anchor = await anchorOf(there, 'untouched.json')
  const verdict = await there.verify(anchor)
  assert.deepEqual(
    [verdict.isIntact, verdict.rows, verdict.seals, verdict.sealed, verdict.findings, verdict.unproven, verdict.anchor?.seq],
    [true, 30, 3, 30, [], [], 30],
  )
  assert.equal(verdict.anchor?.name, join(folder, 'untouched.json'))
  await there.instance.tamper(note(31, 33))
  assert.match((await there.verify(anchor)).unproven.join(), /3 rows were not sealed yet/)
  await sealBatch(there.seal, there.trail)
  assert.match((await there.verify(anchor)).unproven.join(), /Rows 31 to 33 came after/)
  assert.match((await there.verify()).unproven.join(), /No anchor was given/)
  await there.close()
})

// What a superuser may try. Those who recompute hashes do it well; they do not hold the sealing key.
const relink = (from: number) => `do $$ declare r record; p bytea; begin
  select hash into p from audit_log where seq = ${from} - 1;
  for r in select * from audit_log where seq >= ${from} order by seq loop
    p := sha256(coalesce(p, decode(repeat('00', 32), 'hex')) || int8send(r.seq) || r.row_hash);
    update audit_log set hash = p where seq = r.seq;
  end loop; end $$`
const swap = (a: number, b: number) => [
  `update audit_log set seq = -1 where seq = ${a}`,
  `update audit_log set seq = ${a} where seq = ${b}`,
  `update audit_log set seq = ${b} where seq = -1`,
]
const contentOf = 'id, at, txid, actor, on_behalf, source, model, rec, operation, change, salt, row_hash'
const swapContent = (a: number, b: number) =>
  `update audit_log t set (${contentOf}) = (select ${contentOf} from audit_log o where o.seq = ${a + b} - t.seq) where t.seq in (${a}, ${b})`
const shift = (from: number, by: number) => [
  `update audit_log set seq = -seq where seq >= ${from}`,
  `update audit_log set seq = -seq + ${by} where seq < 0`,
]
const copyAs = (seq: number, of: number) =>
  `insert into audit_log select ${seq}, id + 1000, at, txid, actor, on_behalf, source, model, 999, operation, change, salt, row_hash, hash from audit_log where seq = ${of}`

for (const [name, statements, expected] of [
  ['an altered change', [`update audit_log set change = replace(change, 'Azure', 'Other') where seq = 12`], [['altered', 12, 12]]],
  ['an altered actor', [`update audit_log set actor = 8 where seq = 12`], [['altered', 12, 12]]],
  ['an altered time', [`update audit_log set at = at + interval '1 microsecond' where seq = 12`], [['altered', 12, 12]]],
  [
    'a field moved into its neighbour',
    [`update audit_log set source = 'webres', model = '.partner' where seq = 12`],
    [['altered', 12, 12]],
  ],
  ['an altered row hash', [`update audit_log set row_hash = sha256(row_hash) where seq = 12`], [['altered', 12, 12]]],
  [
    'an altered row, the chain computed anew',
    [`update audit_log set row_hash = sha256('x') where seq = 12`, relink(12)],
    [
      ['altered', 12, 12],
      ['altered', 11, 20],
    ],
  ],
  ['an emptied row without an entry', [`update audit_log set salt = null, change = null where seq = 12`], [['altered', 12, 12]]],
  ['a removed row', [`delete from audit_log where seq = 12`], [['removed', 12, 12]]],
  ['the first row removed', [`delete from audit_log where seq = 1`], [['removed', 1, 1]]],
  ['a removed block', [`delete from audit_log where seq between 8 and 22`], [['removed', 8, 22]]],
  ['a removed row, those behind renumbered', [`delete from audit_log where seq = 12`, ...shift(12, -1)], [['removed', 12, 12]]],
  [
    'a removed row, renumbered and computed anew',
    [`delete from audit_log where seq = 12`, ...shift(12, -1), relink(12)],
    [
      ['altered', 11, 20],
      ['tail_removed', 30, 30],
    ],
  ],
  ['the last row of a seal removed', [`delete from audit_log where seq = 20`], [['removed', 20, 20]]],
  [
    'an inserted row, those behind renumbered',
    [...shift(12, 1), copyAs(12, 5)],
    [
      ['altered', 12, 12],
      ['inserted', 12, 12],
    ],
  ],
  [
    'a second row with the same number',
    ['alter table audit_log drop constraint audit_log_pkey', copyAs(12, 12)],
    [
      ['altered', 12, 12],
      ['inserted', 12, 12],
    ],
  ],
  [
    'a row added behind the last',
    [copyAs(31, 30), relink(31)],
    [
      ['altered', 31, 31],
      ['inserted', 31, 31],
    ],
  ],
  [
    'two rows that changed places',
    swap(12, 17),
    [
      ['reordered', 12, 12],
      ['reordered', 17, 17],
    ],
  ],
  [
    'two neighbours that changed places',
    swap(12, 13),
    [
      ['reordered', 12, 12],
      ['reordered', 13, 13],
    ],
  ],
  [
    'two rows whose contents changed places',
    [swapContent(12, 17)],
    [
      ['reordered', 12, 12],
      ['reordered', 17, 17],
    ],
  ],
  ['two rows that changed places, the chain computed anew', [swapContent(12, 17), relink(12)], [['reordered', 11, 20]]],
  ['the newest rows removed', [`delete from audit_log where seq > 27`], [['tail_removed', 28, 30]]],
  [
    'an altered seal',
    [`update audit_seal set last = 19 where n = 2`],
    [
      ['seal', 2, 2],
      ['seal', 2, 3],
    ],
  ],
  ['a seal removed', [`delete from audit_seal where n = 2`], [['seal', 2, 3]]],
  [
    'a row number out of the world',
    [`update audit_log set seq = 9007199254740000 where seq = 12`],
    [
      ['removed', 12, 12],
      ['inserted', 31, 9007199254740000],
    ],
  ],
] as const) {
  test(`${name} is told by its name, live and offline`, async () => {
    const there = await thirtyRows()
    const anchor = await anchorOf(there, `${name}.json`)
    await there.instance.tamper(...statements)
    const live = await there.verify(anchor)
    const found = told(live)
    for (const one of expected)
      assert.ok(
        found.some((other) => other.join() === one.join()),
        `${one.join(' ')} among ${JSON.stringify(live.findings, null, 1)}`,
      )
    assert.equal(live.isIntact, false)
    const lines: string[] = []
    await exportTrail(there.seal, there.instance.database, (line) => void lines.push(line))
    assert.deepEqual(told(await verifyExport(Readable.from(lines), { ...there.trust, anchor })), found)
    await there.close()
  })
}

test('the newest rows removed with their seals are seen against an anchor, and only so', async () => {
  const there = await thirtyRows()
  const anchor = await anchorOf(there, 'tail.json')
  await there.instance.tamper('delete from audit_log where seq > 20', 'delete from audit_seal where n = 3')
  assert.deepEqual(told(await there.verify(anchor)), [
    ['seal', 3, 3],
    ['tail_removed', 21, 30],
  ])
  const blind = await there.verify()
  assert.equal(blind.isIntact, true)
  assert.match(blind.unproven.join(), /newest rows were removed.*cannot be seen/)
  await there.close()
})

test('a trail sealed anew with the stolen key is seen against an anchor', async () => {
  const there = await thirtyRows()
  const anchor = await anchorOf(there, 'stolen.json')
  await there.instance.tamper('truncate audit_log, audit_seal', note(1, 30))
  while ((await sealBatch(there.seal, there.trail, 10)).rows > 0);
  assert.deepEqual(told(await there.verify(anchor)), [['anchor', 1, 30]])
  assert.equal((await there.verify()).isIntact, true)
  await there.close()
})

test('a seal signed with a key of one own is not believed', async () => {
  const there = await thirtyRows()
  const other = generateKeyPairSync('ed25519')
  await there.instance.tamper('truncate audit_log, audit_seal', note(1, 5))
  await sealBatch(there.seal, { ...there.trail, key: { id: key.id, key: other.privateKey } })
  assert.match((await there.verify()).findings[0]!.text, /its signature is wrong/)
  await there.close()
})

test('an export whose lines were altered, removed or moved is told', async () => {
  const there = await thirtyRows()
  const lines: string[] = []
  await exportTrail(there.seal, there.instance.database, (line) => void lines.push(line))
  const offline = async (changed: string[]) => told(await verifyExport(Readable.from(changed), there.trust))
  assert.deepEqual(await offline(lines), [])
  assert.deepEqual(await offline(lines.map((line) => line.replace('Azure 12', 'Azure 13'))), [['altered', 12, 12]])
  assert.deepEqual(await offline(lines.toSpliced(4, 1)), [['removed', 5, 5]])
  assert.deepEqual(await offline(lines.toSpliced(4, 2, lines[5]!, lines[4]!)), [['reordered', 5, 5]])
  assert.deepEqual(await offline(lines.toSpliced(5, 0, lines[4]!)), [['inserted', 5, 5]])
  await assert.rejects(offline(lines.toSpliced(3, 1, '{"row":')), /Line 4/)
  await there.close()
})

test('an anchor is never replaced, and one with a wrong signature is none', async () => {
  const there = await thirtyRows()
  await anchorOf(there, 'once.json')
  const written = await readFile(join(folder, 'once.json'), 'utf8')
  await assert.rejects(anchorOf(there, 'once.json'), { code: 'EEXIST' })
  assert.equal(await readFile(join(folder, 'once.json'), 'utf8'), written)
  await writeFile(join(folder, 'forged.json'), written.replace('\\"seq\\":30', '\\"seq\\":20'))
  await assert.rejects(readAnchor(join(folder, 'forged.json'), keys), /its signature is wrong/)
  for (const text of ['', 'no JSON', 'null', '[]', '{"key":1}']) {
    await writeFile(join(folder, 'letter.txt'), text)
    await assert.rejects(readAnchor(join(folder, 'letter.txt'), keys), /letter\.txt is no anchor: it is no signed head\.$/, text)
  }
  const anchor = await readAnchor(join(folder, 'once.json'), keys)
  await assert.rejects(verifyLive(there.seal, there.instance.database, { chain: 'another', keys, anchor }), /another instance/)
  await there.close()
})

test('erased rows lose their content, the chain still verifies, and the entry about it stays', async () => {
  const there = await thirtyRows()
  const erased = await there.owner.transaction(there.instance.database, (cx) =>
    eraseAudit(cx, [3, 4], { actor: 2, reason: 'Request of 3 May' }),
  )
  assert.deepEqual(erased, [3, 4])
  assert.deepEqual((await there.verify()).findings, [], 'also before the entry is sealed')
  await sealBatch(there.seal, there.trail)
  const verdict = await there.verify()
  assert.deepEqual([verdict.isIntact, verdict.erased], [true, [3, 4]])
  assert.deepEqual(await there.instance.rows('select change, actor, salt from audit_log where seq = 3'), [
    { change: null, actor: null, salt: null },
  ])
  assert.deepEqual(
    await there.owner.transaction(there.instance.database, (cx) => eraseAudit(cx, [31], { actor: 2, reason: 'cover up' })),
    [],
  )
  await there.close()
})

test('neither the runtime nor the sealer can change what was sealed', async () => {
  const there = await thirtyRows()
  const before = await there.instance.rows('select md5(array_agg(l order by seq)::text) from audit_log l')
  for (const role of ['runtime', 'seal'] as const) {
    for (const statement of [
      'update audit_log set actor = 1',
      'delete from audit_log',
      'truncate audit_log',
      'update audit_seal set n = 9',
      'delete from audit_seal',
      'update audit_in set actor = 1',
      'drop table audit_log',
      'alter table audit_log disable trigger all',
    ]) {
      const client = new pg.Client(there.instance.as(role))
      await client.connect()
      await assert.rejects(client.query(statement), { code: '42501' }, `${role}: ${statement}`)
      await client.end()
    }
  }
  for (const statement of [
    'delete from audit_in',
    'select * from audit_in',
    'insert into audit_log select * from audit_log',
    'insert into audit_seal select * from audit_seal',
  ]) {
    const client = new pg.Client(there.instance.as('runtime'))
    await client.connect()
    await assert.rejects(client.query(statement), { code: '42501' }, statement)
    await client.end()
  }
  assert.deepEqual(await there.instance.rows('select md5(array_agg(l order by seq)::text) from audit_log l'), before)
  await there.close()
})

test('two sealers at once seal every row once, in one chain', async () => {
  const there = await world()
  await there.instance.tamper(note(1, 3000))
  const second = there.instance.databases('seal')
  let isWritten = false
  const writing = (async () => {
    for (let i = 0; i < 20; i++) await there.instance.tamper(note(3001 + i * 50, 3050 + i * 50))
    isWritten = true
  })()
  const work = async (databases: Databases) => {
    for (let isOver = false; !isOver;) {
      const isLast = isWritten
      const { rows } = await sealBatch(databases, there.trail, 100)
      isOver = isLast && rows === 0
      if (rows === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  await Promise.all([writing, work(there.seal), work(second)])
  const verdict = await there.verify()
  assert.deepEqual([verdict.rows, verdict.findings], [4000, []])
  assert.deepEqual(await there.instance.rows('select count(distinct id)::int as n from audit_log'), [{ n: 4000 }])
  await Promise.all([second.close(), there.close()])
})

test('a sealer killed in the middle leaves a whole batch or none', async () => {
  const there = await world()
  await there.instance.tamper(note(1, 4000))
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  for (let round = 0; round < 4; round++) {
    const script = `
      import { createPrivateKey } from 'node:crypto'
      import { Databases } from '@erp4/orm'
      import { sealBatch } from ${JSON.stringify(new URL('./sealer.ts', import.meta.url).href)}
      const databases = new Databases(async () => (${JSON.stringify(there.instance.as('seal'))}))
      const trail = { database: 'x', chain: '${chain}', key: { id: '${key.id}', key: createPrivateKey(${JSON.stringify(pem)}) } }
      for (;;) { await sealBatch(databases, trail, 40); process.stdout.write('.') }`
    const child = spawn(
      process.execPath,
      [...process.execArgv.filter((arg) => !arg.startsWith('--test')), '--input-type=module-typescript', '-e', script],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        cwd: import.meta.dirname,
      },
    )
    await once(child.stdout, 'data')
    await new Promise((resolve) => setTimeout(resolve, 3 + round * 11))
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  while ((await sealBatch(there.seal, there.trail)).rows > 0);
  const verdict = await there.verify()
  assert.deepEqual([verdict.rows, verdict.findings], [4000, []])
  await there.close()
})

test('a row that commits late lands in a later batch', async () => {
  const there = await world()
  const late = new pg.Client(there.instance.as('runtime'))
  await late.connect()
  await late.query('begin')
  await late.query(note(1, 1))
  await there.instance.tamper(note(2, 3))
  assert.equal((await sealBatch(there.seal, there.trail)).rows, 2)
  await late.query('commit')
  await late.end()
  assert.equal((await sealBatch(there.seal, there.trail)).rows, 1)
  assert.deepEqual(
    (await there.instance.rows('select rec from audit_log order by seq')).map((row) => row.rec),
    [2, 3, 1],
  )
  assert.deepEqual((await there.verify()).findings, [])
  await there.close()
})

test('a row made to stall the sealer is sealed like any other', async () => {
  const there = await world()
  await there.instance.tamper(
    `insert into audit_in (at, salt) values ('infinity', 'short')`,
    `insert into audit_in (salt, change) values (null, 'null')`,
    `insert into audit_in (change) values (to_jsonb(repeat('x', 18000000)))`,
    note(1, 2),
  )
  while ((await sealBatch(there.seal, there.trail)).rows > 0);
  const verdict = await there.verify()
  assert.deepEqual([verdict.rows, verdict.findings], [5, []])
  await there.close()
})

test('a running sealer visits what is due and tells each head until it was taken', async () => {
  const there = await world()
  const heads: string[] = []
  const errors: unknown[] = []
  let isRegistryUp = false
  const sealer = new Sealer({
    databases: there.seal,
    due: async () => [there.trail],
    everyMs: 10,
    onHead: async (_chain, head) => {
      if (!isRegistryUp) throw new Error('The registry is away.')
      heads.push(head.payload)
    },
    onError: (error) => errors.push(error),
  })
  sealer.start()
  await there.instance.tamper(note(1, 5))
  while (errors.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  isRegistryUp = true
  while (heads.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  await sealer.stop()
  const [newest] = await there.instance.rows('select payload from audit_seal order by n desc limit 1')
  assert.deepEqual(heads, [newest!.payload])
  await there.close()
})

async function demandSealed(rows: number): Promise<void> {
  const there = await world()
  await there.instance.tamper(note(1, rows))
  while ((await sealBatch(there.seal, there.trail)).rows > 0);
  const verdict = await there.verify()
  assert.deepEqual([verdict.rows, verdict.findings], [rows, []])
  await there.close()
}

test('more rows than a batch holds are sealed and verified', () => demandSealed(4_500))
long('twenty thousand rows are sealed and verified', () => demandSealed(20_000))
