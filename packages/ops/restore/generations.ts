import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { databaseOf, identifier, roleStem } from '../databases.ts'
import type { CarryOver, ErpTasks, Journey } from '../erp-tasks.ts'
import { OpsError } from '../errors.ts'
import type { Host } from '../host.ts'
import { connectAs, type Instance } from '../instances.ts'
import type { Operation } from '../operation.ts'
import { withClient } from '../provision.ts'

/** How long requests that are under way may go on before their connections are ended. */
const drainMs = 250
const endPatienceMs = 10_000

export interface Swap {
  op: Operation
  host: Host
  /** As the registry has it now. */
  live: Instance
  /** The generation to put in its place, filled and reconciled, with its apps. */
  next: Instance
  erp: ErpTasks
  journey: Journey
  /** How long nobody may be in the live database alone for before it is given up; 10 s unless given. */
  patienceMs?: number
}

export interface Swapped {
  /** What was done with what had changed since the first reconciliation. */
  reconciled: Readonly<Record<string, unknown>>
  /** From the moment when the last writer was turned away until the next generation was there for all. */
  writeGapMs: number
}

/**
 * Puts another generation of an instance in the place of the live one (cloud.md §4). Nobody writes while this happens: servers hold new
 * requests, connections of all but the owner are ended, and what was revoked or numbered up to that moment is carried over. The registry
 * and who may connect change in one transaction. If anything fails before it, the live generation is as it was.
 */
export async function swapGenerations({ op, host, live, next, erp, journey }: Swap): Promise<Swapped> {
  await op.fenced((db) => db.query('update instance set fenced = now() where uuid = $1', [live.uuid]))
  try {
    await untilQuiet(host, live.database, drainMs)
    const began = performance.now()
    await shutOut(host, live)
    const carried: CarryOver = await erp.carryOver(live)
    const reconciled = await erp.reconcile(next, carried, journey)
    await carrySequences(host, live, next)
    await op.step('swapped')
    await op.fenced(async (db) => {
      await copyAuditHead(host, db, next)
      await admit(db, next)
      await db.query(`alter database ${identifier(live.database)} with allow_connections false`)
      await db.query('update instance set generation = $2, apps = $3, release = $4, fenced = null where uuid = $1', [
        live.uuid,
        next.generation,
        next.apps,
        next.release,
      ])
    })
    return { reconciled, writeGapMs: Math.round(performance.now() - began) }
  } catch (error) {
    await settleGenerations(host, live.uuid)
    throw error
  }
}

/**
 * Brings the databases of an instance to what the registry says: its generation is open, every other one takes no connections. Whatever a
 * killed restore or undo had in hand, this is the end of it.
 */
export async function settleGenerations(host: Host, uuid: string): Promise<{ generation: number; others: string[] }> {
  const { rows } = await host.db.query<{ generation: number; database: string }>(
    'select generation, database from instance where uuid = $1',
    [uuid],
  )
  if (!rows[0]) throw new OpsError('not_found', `The registry holds no instance ${uuid}.`)
  const { generation, database } = rows[0]
  const others = (await databasesOf(host, uuid)).filter((name) => name !== database)
  for (const other of others) await host.db.query(`alter database ${identifier(other)} with allow_connections false`)
  await admit(host.db, { uuid, database })
  await host.db.query('update instance set fenced = null where uuid = $1 and fenced is not null', [uuid])
  return { generation, others }
}

/** All databases of an instance that are there, of whichever generation. */
export async function databasesOf(host: Host, uuid: string): Promise<string[]> {
  const { rows } = await host.db.query<{ name: string }>(
    'select datname as name from pg_database where starts_with(datname, $1) order by length(datname), datname',
    [`${roleStem(uuid)}_g`],
  )
  return rows.map(({ name }) => name)
}

/** A number that no generation of the instance ever had: names of databases are not used twice. */
export async function nextGeneration(host: Host, { uuid, generation }: Instance): Promise<number> {
  const { rows } = await host.db.query<{ last: number | null }>(
    `select max((detail ->> 'to')::int) as last from operation where subject = $1 and detail ? 'to'`,
    [uuid],
  )
  const there = (await databasesOf(host, uuid)).map((name) => Number(name.split('_g')[1]))
  return Math.max(generation, rows[0]!.last ?? 0, ...there) + 1
}

/** Lets nobody but the owner into a database of an instance, and ends all connections but its. */
export async function shutOut(host: Host, { uuid, database }: Pick<Instance, 'uuid' | 'database'>): Promise<void> {
  const stem = identifier(roleStem(uuid))
  await host.db.query(`revoke connect on database ${identifier(database)} from ${stem}_runtime, ${stem}_seal`)
  const deadline = Date.now() + endPatienceMs
  for (;;) {
    const { rowCount } = await host.db.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and usename <> $2`,
      [database, `${stem}_owner`],
    )
    if (!rowCount) return
    if (Date.now() > deadline) throw new OpsError('busy', `The connections to ${database} do not end.`)
    await pause(5)
  }
}

/** An earlier generation, for its owner alone, as long as `work` takes. */
export async function openForOwner<T>(
  host: Host,
  { uuid, database }: Pick<Instance, 'uuid' | 'database'>,
  work: () => Promise<T>,
): Promise<T> {
  const stem = identifier(roleStem(uuid))
  await host.db.query(`revoke connect on database ${identifier(database)} from ${stem}_runtime, ${stem}_seal`)
  await host.db.query(`alter database ${identifier(database)} with allow_connections true`)
  try {
    return await work()
  } finally {
    await host.db.query(`alter database ${identifier(database)} with allow_connections false`)
  }
}

/** The instance as it would be at another generation. */
export const atGeneration = (instance: Instance, generation: number, change: Partial<Instance> = {}): Instance => ({
  ...instance,
  ...change,
  generation,
  database: databaseOf(instance.uuid, generation),
})

async function admit(db: Pick<pg.ClientBase, 'query'>, { uuid, database }: Pick<Instance, 'uuid' | 'database'>): Promise<void> {
  const stem = identifier(roleStem(uuid))
  await db.query(`grant connect on database ${identifier(database)} to ${stem}_runtime, ${stem}_seal`)
  await db.query(`alter database ${identifier(database)} with allow_connections true`)
}

async function untilQuiet(host: Host, database: string, patienceMs: number): Promise<void> {
  const deadline = Date.now() + patienceMs
  while (Date.now() < deadline) {
    const { rows } = await host.db.query<{ busy: number }>(
      `select count(*)::int as busy from pg_stat_activity
       where datname = $1 and state <> 'idle' and usename not like '%\\_owner'`,
      [database],
    )
    if (rows[0]!.busy === 0) return
    await pause(10)
  }
}

/** An id that was given to a record in the time that is lost is given to no other: programs outside may remember it. */
async function carrySequences(host: Host, live: Instance, next: Instance): Promise<void> {
  const found = await withClient(await connectAs(host, live, 'owner'), sequencesOf)
  await withClient(await connectAs(host, next, 'owner'), async (db) => {
    const there = new Map((await sequencesOf(db)).map((one) => [one.name, one]))
    const behind = found.filter(({ name, last }) => {
      const own = there.get(name)
      return own !== undefined && last !== null && (own.last === null || BigInt(own.last) < BigInt(last))
    })
    if (behind.length === 0) return
    await db.query('set synchronous_commit = on')
    await db.query('select setval(name::regclass, last) from unnest($1::text[], $2::bigint[]) as one(name, last)', [
      behind.map(({ name }) => name),
      behind.map(({ last }) => last),
    ])
  })
}

async function sequencesOf(db: pg.ClientBase): Promise<{ name: string; last: string | null }[]> {
  const { rows } = await db.query<{ name: string; last: string | null }>(
    `select format('%I.%I', schemaname, sequencename) as name, last_value::text as last from pg_catalog.pg_sequences`,
  )
  return rows
}

/** Where the trail of the next generation ends by now: what it is verified against until its sealer goes on. */
async function copyAuditHead(host: Host, db: pg.ClientBase, next: Instance): Promise<void> {
  const head = await withClient(await connectAs(host, next, 'owner'), async (owner) => {
    const { rows } = await owner.query<{ seq: string; head: Buffer; payload: string; key: string; signature: Buffer }>(
      `select last as seq, head, payload, key, signature from public.audit_seal order by n desc limit 1`,
    )
    return rows[0]
  }).catch((error: Error & { code?: string }) => {
    if (error.code === '42P01' || error.code === '42703') return undefined // no trail in this database
    throw error
  })
  if (!head) return
  const signed = JSON.stringify({ payload: head.payload, key: head.key, signature: head.signature.toString('base64') })
  await db.query(`insert into audit_head (instance, generation, seq, head, signed) values ($1, $2, $3, $4, $5) on conflict do nothing`, [
    next.uuid,
    next.generation,
    head.seq,
    head.head,
    signed,
  ])
}
