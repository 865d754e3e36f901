import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type pg from 'pg'
import type { Cluster } from './cluster.ts'
import { closeToUsers, createDatabase, databaseOf, roleStem } from './databases.ts'
import { OpsError } from './errors.ts'
import { ensureFolder } from './files.ts'
import { instanceRoles, type InstanceRole } from './host-schema.ts'
import type { Host } from './host.ts'
import { removeInstance } from './instances-removal.ts'
import { demandHostName, demandInstanceName, demandZone } from './names.ts'
import { dropDeadLocks, noteOperation, operation, type Operation } from './operation.ts'
import { newPassword, scramVerifier } from './scram.ts'
import { seal, unseal } from './sealing.ts'

/** An instance as the registry knows it. */
export interface Instance {
  uuid: string
  /** What people and clients call it. */
  name: string
  generation: number
  kind: 'live' | 'copy'
  /** `i_<uuid without hyphens>_g<generation>` */
  database: string
  apps: string[]
  release: string
  keyVersion: number
  /**
   * `deleted` can be taken back until `deleteAfter`; `moving` waits closed for what comes of it on another host, `moved` is there, and goes here then;
   * `creating` and `deleting` are finished or swept at the next start.
   */
  state: 'creating' | 'ready' | 'deleted' | 'deleting' | 'moving' | 'moved'
  /** The zone of its days: backups are labelled and kept by it. */
  zone: string
  plan: 'paid' | 'free'
  created: Date
  /** Since when nobody may use it; its backups go on. */
  suspended: Date | null
  /** Since when a restore is putting another generation in its place. */
  fenced: Date | null
  /** When a copy goes by itself. */
  expires: Date | null
  /** Of a deleted one: from then on it may be removed for good. */
  deleteAfter: Date | null
  /** Why nothing of it may be removed. */
  legalHold: string | null
  /** uuid of the instance that this is a copy of, and its name while this host has it. */
  copyOf: string | null
  copyOfName: string | null
  /** Exact host names, the first one being its main address. */
  hosts: string[]
}

export interface InstanceOrder<T> {
  name: string
  hosts: readonly string[]
  apps: readonly string[]
  release: string
  /** The database to copy, from `ensureTemplate`. */
  template: string
  kind?: 'live' | 'copy'
  /** Of a copy: uuid of what it copies, and for how many days it lives; for ever without. */
  copyOf?: string
  days?: number
  plan?: 'paid' | 'free'
  zone?: string
  /** Connections that its runtime role may have in all; a process's budget is a matter of the process. */
  connections?: number
  /** Of one that was there before, on another host: what it keeps of that. */
  again?: Again
  /** Runs before anybody can reach the instance: its first password, say. */
  prepare: (instance: Instance, operation: Operation) => Promise<T>
  /** Within the transaction from which on it is served. */
  begun?: (db: pg.ClientBase, prepared: T) => Promise<void>
}

/** What an instance keeps that lived on another host before. */
export interface Again {
  uuid: string
  generation: number
  /** Brings its keys here, from where they are stored; gives the version that its files are to be wrapped with. */
  adoptKeys: () => Promise<number>
  /** Since when nobody might use it; why nothing of it may be removed. */
  suspended?: Date | null
  legalHold?: string | null
  /** It was deleted, and is again: until at least 30 days from now "undelete" brings it back. */
  deleteAfter?: Date | null
}

export const instanceColumns = `i.uuid, i.name, i.generation, i.kind, i.database, i.apps, i.release, i.key_version as "keyVersion", i.state,
  i.zone, i.plan, i.created, i.suspended, i.fenced, i.expires, i.delete_after as "deleteAfter", i.legal_hold as "legalHold", i.copy_of as "copyOf",
  (select o.name from instance o where o.uuid = i.copy_of) as "copyOfName",
  array(select h.host from host_name h where h.instance = i.uuid order by h.position) as hosts`

export async function listInstances(host: Host): Promise<Instance[]> {
  const { rows } = await host.db.query<Instance>(`select ${instanceColumns} from instance i order by i.name`)
  return rows
}

/** The instance of that name; OpsError `not_found` when there is none. */
export async function findInstance(host: Host, name: string): Promise<Instance> {
  const { rows } = await host.db.query<Instance>(`select ${instanceColumns} from instance i where i.name = $1`, [name])
  if (!rows[0]) throw new OpsError('not_found', `There is no instance named ${JSON.stringify(name)}.`)
  return rows[0]
}

/** The instance of that uuid; OpsError `not_found` when there is none. */
export async function findInstanceBy(host: Host, uuid: string): Promise<Instance> {
  const { rows } = await host.db.query<Instance>(`select ${instanceColumns} from instance i where i.uuid = $1`, [uuid])
  if (!rows[0]) throw new OpsError('not_found', `There is no instance ${uuid}.`)
  return rows[0]
}

/** Makes an instance: registry row, key, three roles, a copy of the template. If anything fails, nothing of it stays. */
export async function createInstance<T>(host: Host, order: InstanceOrder<T>): Promise<{ instance: Instance; prepared: T }> {
  demandInstanceName(order.name)
  for (const name of order.hosts) demandHostName(name)
  if (order.zone !== undefined) demandZone(order.zone)
  const { uuid, generation } = order.again ?? { uuid: randomUUID(), generation: 1 }
  return operation(host.db, uuid, 'create', async (op) => {
    // First of all: that it is a copy is known before there is anything that could be connected to.
    await reserve(host, uuid, order)
    try {
      await bringKeys(host, uuid, order)
      ensureFolder(join(host.home.files, uuid), 0o700, host.home.serverUser)
      await makeRoles(host, uuid, order.connections ?? 24)
      await createDatabase(host, databaseOf(uuid, generation), order.template, uuid)
      const prepared = await order.prepare(await findInstance(host, order.name), op)
      if (order.again?.deleteAfter) await closeToUsers(host, { uuid, database: databaseOf(uuid, generation) })
      await op.fenced(async (db) => {
        await begin(db, uuid, order.again?.deleteAfter)
        await order.begun?.(db, prepared)
      })
      return { instance: await findInstance(host, order.name), prepared }
    } catch (error) {
      await removeInstance(host, uuid)
      throw error
    }
  })
}

/** How long a deleted instance can be brought back. */
export const graceDays = 30

/** From now on it is served, or lies deleted for its grace: whoever brought it back gets all of it to decide. */
const begin = (db: pg.ClientBase, uuid: string, deleteAfter: Date | null | undefined) =>
  db.query(
    `update instance set state = case when $2::timestamptz is null then 'ready' else 'deleted' end,
       delete_after = greatest($2::timestamptz, case when $2::timestamptz is not null then now() + make_interval(days => $3) end) where uuid = $1`,
    [uuid, deleteAfter ?? null, graceDays],
  )

/** Removes what a killed `createInstance` or removal left; returns their names. */
export async function sweepInstances(host: Host): Promise<string[]> {
  await dropDeadLocks(host.db)
  const { rows } = await host.db.query<{ uuid: string; name: string }>(
    `select uuid, name from instance i where state in ('creating', 'deleting')
     and not exists (select from operation_lock l where l.subject = i.uuid::text and l.until > now())`,
  )
  for (const { uuid } of rows) await operation(host.db, uuid, 'sweep', () => removeInstance(host, uuid))
  return rows.map((row) => row.name)
}

/** OpsError `refused` unless the instance is ready: neither half made nor deleted. */
export function demandReady({ name, state, deleteAfter }: Instance): void {
  if (state === 'ready') return
  const why = {
    deleted: `was deleted; until ${deleteAfter?.toISOString().slice(0, 10)} "erp4 instance undelete ${name}" brings it back`,
    moving: 'is on its way to another host: "erp4 instance move" ends that, or takes it back',
    moved: 'has moved to another host',
    creating: 'is half made',
    deleting: 'is half removed',
  }[state]
  throw new OpsError('refused', `The instance ${name} ${why}.`)
}

/** Stops serving an instance: its pages and calls answer that it is suspended, its jobs and mail wait. Backups go on. */
export async function suspendInstance(host: Host, name: string): Promise<void> {
  const instance = await findInstance(host, name)
  demandReady(instance)
  // Without the lock: a backup under way is no reason to wait.
  await host.db.query('update instance set suspended = coalesce(suspended, now()) where uuid = $1', [instance.uuid])
  await noteOperation(host.db, instance.uuid, 'suspend')
}

/** Serves a suspended instance again; what became due meanwhile is done at the next visit of a worker. */
export async function resumeInstance(host: Host, name: string): Promise<void> {
  const instance = await findInstance(host, name)
  demandReady(instance)
  await host.db.query('update instance set suspended = null where uuid = $1', [instance.uuid])
  await noteOperation(host.db, instance.uuid, 'resume')
}

/** Sets what an operator decides of an instance; `days` from now on, of a copy only. */
export async function setInstance(
  host: Host,
  name: string,
  change: { plan?: 'paid' | 'free'; zone?: string; days?: number },
): Promise<void> {
  const { uuid, kind } = await findInstance(host, name)
  const { plan = null, zone = null, days = null } = change
  if (zone !== null) demandZone(zone)
  if (days !== null && kind !== 'copy') throw new OpsError('refused', `${name} is no copy: it does not expire.`)
  await host.db.query(
    `update instance set plan = coalesce($2, plan), zone = coalesce($3, zone),
       expires = coalesce(now() + make_interval(days => $4::int), expires) where uuid = $1`,
    [uuid, plan, zone, days],
  )
  await noteOperation(host.db, uuid, 'set', change)
}

export async function renameInstance(host: Host, name: string, newName: string): Promise<void> {
  demandInstanceName(newName)
  const { uuid } = await findInstance(host, name)
  await operation(host.db, uuid, 'rename', () =>
    host.db.query('update instance set name = $2 where uuid = $1', [uuid, newName]).catch(tellTaken(newName)),
  )
}

/** Replaces all host names of an instance, in one transaction; the first is its main address. */
export async function setHostNames(host: Host, name: string, hosts: readonly string[]): Promise<void> {
  for (const one of hosts) demandHostName(one)
  const { uuid } = await findInstance(host, name)
  await operation(host.db, uuid, 'host names', () =>
    inTransaction(host.db, async (db) => {
      await db.query('delete from host_name where instance = $1', [uuid])
      await insertHosts(db, uuid, hosts)
    }).catch(tellTaken(hosts.join(', '))),
  )
}

/** The newest heads of an instance's audit chain that its sealer left in the registry, the newest first. */
export async function auditHeads(host: Host, uuid: string, limit = 1): Promise<{ seq: number; head: Buffer; signed: string; at: Date }[]> {
  const { rows } = await host.db.query<{ seq: string; head: Buffer; signed: string; at: Date }>(
    `select seq, head, signed, at from audit_head where instance = $1 and generation = (select generation from instance where uuid = $1)
     order by seq desc limit $2`,
    [uuid, limit],
  )
  return rows.map((row) => ({ ...row, seq: Number(row.seq) }))
}

/** Says that an instance now has these apps, in this release: after an upgrade of its database has committed. */
export async function setApps(host: Host, uuid: string, apps: readonly string[], release: string): Promise<void> {
  await host.db.query('update instance set apps = $2, release = $3 where uuid = $1', [uuid, apps, release])
}

/** How to reach an instance's database as one of its roles. Only ops can be all three. */
export async function connectAs(host: Host, instance: Pick<Instance, 'uuid' | 'database'>, role: InstanceRole): Promise<pg.ClientConfig> {
  const { rows } = await host.db.query('select version, sealed from secret where instance = $1 and purpose = $2', [instance.uuid, role])
  if (!rows[0]) throw new OpsError('not_found', `The registry holds no ${role} password of instance ${instance.uuid}.`)
  return roleConfig(host.cluster, instance, role, openPassword(passwordKey(host, role), instance.uuid, role, rows[0]))
}

/** Opens a password that the registry holds, with the serving key (runtime), the sealer's (seal) or the operating key (owner). */
export function openPassword(key: Uint8Array, uuid: string, role: InstanceRole, secret: { version: number; sealed: Uint8Array }): string {
  return unseal(key, { instance: uuid, purpose: `${role} password`, version: secret.version }, secret.sealed).toString()
}

/** How to reach an instance's database as one of its roles, given the password. */
export const roleConfig = (
  cluster: Cluster,
  { uuid, database }: Pick<Instance, 'uuid' | 'database'>,
  role: InstanceRole,
  password: string,
): pg.ClientConfig => cluster.config(database, `${roleStem(uuid)}_${role}`, password)

/**
 * Gives an instance's three roles new passwords, all or none. Connections that are open stay; whoever opens one asks the registry for
 * the password, so that servers need not be told.
 */
export async function rotatePasswords(host: Host, name: string): Promise<void> {
  const { uuid } = await findInstance(host, name)
  await operation(host.db, uuid, 'rotate passwords', () =>
    inTransaction(host.db, async (db) => {
      for (const role of instanceRoles) {
        const { rows } = await db.query<{ version: number }>(
          'select version + 1 as version from secret where instance = $1 and purpose = $2 for update',
          [uuid, role],
        )
        if (!rows[0]) throw new OpsError('not_found', `The registry holds no ${role} password of ${name}.`)
        const password = newPassword()
        await db.query('select set_instance_password($1, $2, $3)', [uuid, role, scramVerifier(password)])
        await db.query('update secret set version = $3, sealed = $4 where instance = $1 and purpose = $2', [
          uuid,
          role,
          rows[0].version,
          sealPassword(host, uuid, role, rows[0].version, password),
        ])
      }
    }),
  )
}

type Reservation = Omit<InstanceOrder<unknown>, 'prepare' | 'begun'>

async function reserve(host: Host, uuid: string, order: Reservation): Promise<void> {
  const { name, kind = 'live', apps, release, copyOf = null, days = null, plan = 'free', zone = 'UTC' } = order
  await inTransaction(host.db, async (db) => {
    const { generation = 1, suspended = null, legalHold = null } = order.again ?? {}
    await db.query(
      `insert into instance (uuid, name, kind, apps, release, copy_of, expires, plan, zone, generation, suspended, legal_hold)
       values ($1, $2, $3, $4, $5, $6, now() + make_interval(days => $7::int), $8, $9, $10, $11, $12)`,
      [uuid, name, kind, apps, release, copyOf, days, plan, zone, generation, suspended, legalHold],
    )
    await insertHosts(db, uuid, order.hosts)
  }).catch(tellTaken(name))
}

/** A key of its own, or those that it had. */
async function bringKeys(host: Host, uuid: string, { again }: Reservation): Promise<void> {
  if (!again) return host.keys.createInstanceKey(uuid)
  await host.db.query('update instance set key_version = $2 where uuid = $1', [uuid, await again.adoptKeys()])
}

async function insertHosts(db: pg.ClientBase, uuid: string, hosts: readonly string[]): Promise<void> {
  await db.query(
    'insert into host_name (host, instance, position) select host, $1, position from unnest($2::text[]) with ordinality as t(host, position)',
    [uuid, hosts],
  )
}

async function makeRoles(host: Host, uuid: string, connections: number): Promise<void> {
  const passwords = instanceRoles.map(newPassword)
  await host.db.query('select make_instance_roles($1, $2, $3, $4, $5)', [uuid, ...passwords.map(scramVerifier), connections])
  for (const [index, purpose] of instanceRoles.entries()) {
    const sealed = sealPassword(host, uuid, purpose, 1, passwords[index]!)
    await host.db.query('insert into secret (instance, purpose, version, sealed) values ($1, $2, 1, $3)', [uuid, purpose, sealed])
  }
}

const sealPassword = (host: Host, uuid: string, role: InstanceRole, version: number, password: string): Buffer =>
  seal(passwordKey(host, role), { instance: uuid, purpose: `${role} password`, version }, Buffer.from(password))

const passwordKey = (host: Host, role: InstanceRole): Buffer =>
  role === 'runtime' ? host.keys.serving : role === 'seal' ? host.keys.sealer : host.keys.operating

async function inTransaction(pool: pg.Pool, work: (db: pg.ClientBase) => Promise<void>): Promise<void> {
  const db = await pool.connect()
  try {
    await db.query('begin')
    await work(db)
    await db.query('commit')
  } catch (error) {
    await db.query('rollback')
    throw error
  } finally {
    db.release()
  }
}

const tellTaken =
  (name: string) =>
  (error: Error & { code?: string }): never => {
    if (error.code === '23505')
      throw new OpsError('name_taken', `The name or a host name of ${name} is taken by another instance.`, { cause: error })
    throw error
  }
