import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Manifest } from '../backup/manifest.ts'
import { runBackup } from '../backup/set.ts'
import { demandSpace } from '../backup/spool.ts'
import type { StoringOptions } from '../backup/storing.ts'
import { createDatabase, databaseOf, dropDatabase, identifier, roleStem } from '../databases.ts'
import type { ErpTasks } from '../erp-tasks.ts'
import { OpsError } from '../errors.ts'
import type { Host } from '../host.ts'
import { connectAs, demandReady, findInstance, type Instance } from '../instances.ts'
import type { Finisher, Finishers } from '../interrupted.ts'
import { operation, type Operation, type OperationRecord } from '../operation.ts'
import { withClient } from '../provision.ts'
import { compareDatabase, type Comparison } from './compare.ts'
import { knownManifest, type FetchedSet } from './fetch.ts'
import { atGeneration, databasesOf, nextGeneration, openForOwner, settleGenerations, swapGenerations } from './generations.ts'
import { demandCatalogue, loadDatabase } from './load.ts'
import { adoptKeys, bringBackFiles, keepFiles, keptFolder, overwriteFiles, placeFiles } from './place-files.ts'
import { fromAnyStore, type SourceOptions } from './source.ts'
import { unpackFiles } from './stored-files.ts'

export interface OverLiveOrder extends Omit<SourceOptions, 'stores'> {
  set: string
  /** The instance's name, typed once more. */
  confirm: string | undefined
  erp: ErpTasks
  stores?: { read: NonNullable<SourceOptions['stores']>; write: NonNullable<StoringOptions['stores']> } | undefined
}

export type UndoOrder = Pick<OverLiveOrder, 'confirm' | 'erp' | 'stores' | 'tell'>

/** What a restore over live did. */
export interface RestoreReport {
  instance: string
  set: string
  /** The point in time that the instance is at now. */
  taken: string
  from: number
  to: number
  /** Sets that keep what was replaced: of before, and of the last moment. The second is missing while no store took it. */
  safety: { before: string; last: string | null }
  /** The set of what lives now: the newest one, for whoever looks for the instance's newest. Missing while no store took it. */
  present: string | null
  comparisons: readonly Comparison[]
  /** What the ERP did to it: rights taken back, mail and jobs held, numbers skipped. */
  reconciled: Readonly<Record<string, unknown>>
  writeGapMs: number
  /** Until then "erp4 restore undo" points back. */
  undoUntil: Date
}

const undoHours = 24
/** How long sets are kept that hold what a restore replaced. */
const safetyDays = 30

/**
 * Puts a set in the place of a live instance, which travels in time (cloud.md §4). Until everything stands beside it, loaded, compared and
 * reconciled, the live generation goes on untouched, and any failure leaves it so. What it held is in two safety sets, and in the old
 * generation itself for a day. Every step is recorded; killed anywhere, the next start finishes or undoes it by what the registry says.
 */
export async function restoreOverLive(host: Host, name: string, order: OverLiveOrder): Promise<RestoreReport> {
  const { uuid } = await findInstance(host, name)
  if (order.confirm !== name)
    throw new OpsError('not_confirmed', `Restoring over ${name} replaces what it holds: repeat its name with --confirm ${name}.`)
  const { manifest } = await knownManifest(host, order.set)
  if (manifest.instance !== uuid)
    throw new OpsError('refused', `The set ${order.set} is of another instance than ${name}: restore it to the side.`)
  return operation(host.db, uuid, overLive, (op) => run(host, name, order, manifest, op), { leaseMs: 120_000, mustFinish: true })
}

const overLive = 'restore over live'
const undoing = 'restore undo'

async function run(host: Host, name: string, order: OverLiveOrder, manifest: Manifest, op: Operation): Promise<RestoreReport> {
  const live = await findInstance(host, name)
  demandReady(live)
  const tell = order.tell ?? (() => {})
  const to = await nextGeneration(host, live)
  await op.step('asked', { set: order.set, taken: manifest.taken, from: live.generation, to })
  try {
    await demandRoom(host, live)
    await op.step('space_checked')
    tell('Backing up what is there now')
    const before = await safetySet(host, name, order)
    await op.step('safety_backup', { safety: before })
    const signal = order.signal ? AbortSignal.any([op.signal, order.signal]) : op.signal
    const source = { ...order, stores: order.stores?.read, signal }
    const { next, comparisons } = await fromAnyStore(host, order.set, source, (fetched) => prepare(host, live, to, fetched, order, op))
    tell('Putting it in the place of the live one')
    const journey = { set: order.set, taken: manifest.taken, safety: before }
    await op.step('fenced')
    const { reconciled, writeGapMs } = await swapGenerations({ op, host, live, next, erp: order.erp, journey })
    await op.step('opened')
    tell('Backing up the last moment of what was replaced')
    const { last, present } = await bothAfterwards(host, name, live, order)
    const undoUntil = new Date(Date.now() + undoHours * 3_600_000)
    await op.step('undo_open', { last, present, undoUntil, reconciled, writeGapMs })
    const safety = { before, last }
    const report = { instance: name, set: order.set, taken: manifest.taken, from: live.generation, to, safety, present, comparisons }
    return { ...report, reconciled: { ...(await firstReconciled(host, op)), last: reconciled }, writeGapMs, undoUntil }
  } catch (error) {
    await takeBack(host, live.uuid, to)
    throw error
  }
}

/** What was done before the fence, as its step recorded it. */
async function firstReconciled(host: Host, op: Operation): Promise<Record<string, unknown>> {
  const { rows } = await host.db.query<{ first: Record<string, unknown> | null }>(
    `select detail -> 'first' as first from operation where id = $1`,
    [op.id],
  )
  return rows[0]?.first ?? {}
}

/** From an empty database to one that could take over at any moment. Nothing of the live generation is changed but that its files gain neighbours. */
async function prepare(host: Host, live: Instance, to: number, fetched: FetchedSet, order: OverLiveOrder, op: Operation) {
  const tell = order.tell ?? (() => {})
  const { facts } = fetched
  const next = atGeneration(live, to, { apps: facts.instance.apps, release: order.erp.release })
  await op.step('created')
  await createDatabase(host, next.database, 'erp4_empty', live.uuid)
  await closeToAllButOwner(host, next)
  const owner = await connectAs(host, next, 'owner')
  tell('Loading the database')
  await op.step('loaded')
  const progress = (bytes: number, of: number): void => {
    op.progress(bytes, of)
    order.progress?.(bytes, of)
  }
  await loadDatabase(host.home, fetched, owner, { signal: op.signal, progress })
  tell('Comparing it with what was backed up')
  await op.step('catalogue_ok')
  await demandCatalogue(owner, facts.catalogue)
  await op.step('compared')
  const comparisons = await compareDatabase(owner, fetched)
  demandSame(comparisons)
  await restoreFiles(host, live, next, fetched, op.signal)
  tell('Bringing it to this release')
  await op.step('migrated')
  await order.erp.migrate(next)
  tell('Carrying over what was taken from people since')
  const first = await order.erp.reconcile(next, await order.erp.carryOver(live))
  await op.step('reconciled', { first })
  return { next, comparisons }
}

async function closeToAllButOwner(host: Host, { uuid, database }: Instance): Promise<void> {
  const stem = identifier(roleStem(uuid))
  await host.db.query(`revoke connect on database ${identifier(database)} from ${stem}_runtime, ${stem}_seal`)
}

function demandSame(comparisons: readonly Comparison[]): void {
  const faults = comparisons.filter(({ isSame }) => !isSame)
  if (faults.length)
    throw new OpsError('set_damaged', `The restored database is not what was backed up: ${faults.map(({ says }) => says).join('; ')}.`)
}

/** Files are shared between generations: those of the set come to those that are there, and the old generation keeps a hold of its own. */
async function restoreFiles(host: Host, live: Instance, next: Instance, fetched: FetchedSet, signal: AbortSignal): Promise<void> {
  await keepFiles(host.home, live.uuid, live.generation)
  const { files } = fetched.facts
  if (files.length === 0) return
  const folder = join(fetched.folder, 'files')
  await unpackFiles(fetched, folder, signal)
  const rewritten = await placeFiles(host.home, live.uuid, folder, files)
  if (rewritten.length === 0) return
  const [liveOwner, nextOwner] = await Promise.all([connectAs(host, live, 'owner'), connectAs(host, next, 'owner')])
  const { missing } = await withClient(liveOwner, (a) => withClient(nextOwner, (b) => adoptKeys(a, b, rewritten)))
  await overwriteFiles(host.home, live.uuid, folder, missing)
}

/** What the new generation will take, beside the old one; the set itself is weighed when it is read. */
async function demandRoom(host: Host, { database }: Instance): Promise<void> {
  const { rows } = await host.db.query<{ bytes: string }>('select pg_database_size($1) as bytes', [database])
  demandSpace(host.home, host.home.data, Number(rows[0]!.bytes) * 1.3, 'Restoring')
}

async function safetySet(host: Host, name: string, { stores }: Pick<OverLiveOrder, 'stores'>, generation?: number): Promise<string> {
  const options = {
    class: 'safety' as const,
    ...(generation === undefined ? {} : { generation }),
    ...(stores ? { stores: stores.write } : {}),
  }
  const { id } = await runBackup(host, name, options)
  await host.db.query(`update backup_set set keep_until = now() + make_interval(days => $2) where id = $1`, [id, safetyDays])
  return id
}

/** Everything that was acknowledged before the fence, also what came after the first safety set. */
const lastMoment = (host: Host, name: string, old: Instance, order: Pick<OverLiveOrder, 'stores'>): Promise<string> =>
  openForOwner(host, old, () => safetySet(host, name, order, old.generation))

/**
 * Sets of the old generation's last moment and, after it, of the present one: whoever looks for the newest set of an instance, after a
 * disaster say, must not find what was replaced. No store taking them fails nothing: the old generation stays until it is in a set.
 */
async function bothAfterwards(host: Host, name: string, old: Instance, order: Pick<OverLiveOrder, 'stores'>) {
  const last = await lastMoment(host, name, old, order).catch(() => null)
  const present = await runBackup(host, name, order.stores ? { stores: order.stores.write } : {}).then(
    ({ id }) => id,
    () => null,
  )
  return { last, present }
}

/** After a failure: the registry decides. Before the swap the new generation goes, after it nothing has to be taken back. */
async function takeBack(host: Host, uuid: string, to: number): Promise<'done' | 'undone'> {
  const { generation } = await settleGenerations(host, uuid)
  if (generation === to) return 'done'
  await dropDatabase(host, databaseOf(uuid, to))
  rmSync(keptFolder(host.home, uuid, generation), { recursive: true, force: true })
  return 'undone'
}

/** A restore over live that can be undone, newest first. */
async function openUndo(host: Host, instance: Instance): Promise<OperationRecord & { detail: { from: number; to: number } }> {
  const { rows } = await host.db.query<OperationRecord & { detail: { from: number; to: number } }>(
    `select id::text, subject, kind, detail, ended from operation where subject = $1 and kind = $2 and result = 'done' and (detail ->> 'to')::int = $3
       and coalesce(ended, started) > now() - make_interval(hours => $4) order by operation.id desc limit 1`,
    [instance.uuid, overLive, instance.generation, undoHours],
  )
  const found = rows[0]
  if (!found || !(await databasesOf(host, instance.uuid)).includes(databaseOf(instance.uuid, found.detail.from)))
    throw new OpsError(
      'not_found',
      `There is no restore over ${instance.name} that can be undone: that can be done for ${undoHours} hours.`,
    )
  return found
}

/**
 * Points back to the generation that a restore replaced. What was written since becomes a safety set first; what was revoked since stays
 * revoked, and mail and jobs of the old generation are held, as after any travel in time.
 */
export async function undoRestore(host: Host, name: string, order: UndoOrder): Promise<RestoreReport> {
  const { uuid } = await findInstance(host, name)
  if (order.confirm !== name)
    throw new OpsError('not_confirmed', `Undoing the restore of ${name} replaces what it holds: repeat its name with --confirm ${name}.`)
  return operation(host.db, uuid, undoing, (op) => runUndo(host, name, order, op), { leaseMs: 120_000, mustFinish: true })
}

async function runUndo(host: Host, name: string, order: UndoOrder, op: Operation): Promise<RestoreReport> {
  const live = await findInstance(host, name)
  demandReady(live)
  const tell = order.tell ?? (() => {})
  const { detail } = await openUndo(host, live)
  const next = atGeneration(live, detail.from, { release: order.erp.release })
  await op.step('asked', { back: detail.from, from: live.generation })
  try {
    tell('Backing up what is there now')
    const before = await safetySet(host, name, order)
    await op.step('safety_backup', { safety: before })
    await bringBackFiles(host.home, live.uuid, next.generation)
    await keepFiles(host.home, live.uuid, live.generation)
    // It stays open for its owner, until the swap opens it for all or a failure closes it.
    await closeToAllButOwner(host, next)
    await host.db.query(`alter database ${identifier(next.database)} with allow_connections true`)
    await op.step('migrated')
    await order.erp.migrate(next)
    const first = await order.erp.reconcile(next, await order.erp.carryOver(live))
    await op.step('reconciled', { first })
    tell('Pointing back')
    await op.step('fenced')
    const journey = { set: `generation ${next.generation}`, taken: new Date().toISOString(), safety: before }
    const { reconciled, writeGapMs } = await swapGenerations({ op, host, live, next, erp: order.erp, journey })
    await op.step('opened')
    const { last, present } = await bothAfterwards(host, name, live, order)
    await op.step('undone', { last, present, reconciled, writeGapMs })
    return {
      instance: name,
      set: journey.set,
      taken: journey.taken,
      from: live.generation,
      to: next.generation,
      safety: { before, last },
      present,
      comparisons: [],
      reconciled: { ...first, last: reconciled },
      writeGapMs,
      undoUntil: new Date(0),
    }
  } catch (error) {
    await settleGenerations(host, live.uuid)
    throw error
  }
}

const finishOverLive: Finisher = async (host, { subject, detail }) => takeBack(host, subject, Number(detail['to'] ?? 0))

const finishUndo: Finisher = async (host, { subject, detail }) =>
  (await settleGenerations(host, subject)).generation === Number(detail['back']) ? 'done' : 'undone'

/** For `finishInterrupted`: a killed restore is finished or undone by what the registry says. */
export const restoreFinishers: Finishers = { [overLive]: finishOverLive, [undoing]: finishUndo }

/**
 * Drops generations that nobody can go back to any more: a day old, and with a set of their last moment, which is made now where it is
 * missing. To be called at the start of a host and by the agent. Gives the names of the databases that went.
 */
export async function dropOldGenerations(host: Host, stores?: OverLiveOrder['stores'], now = new Date()): Promise<string[]> {
  const { rows } = await host.db.query<{
    id: string
    subject: string
    detail: { from: number; last?: string | null }
    name: string
    generation: number
  }>(
    `select o.id::text, o.subject, o.detail, i.name, i.generation from operation o join instance i on i.uuid::text = o.subject
     where o.kind = any($1) and o.result = 'done' and o.ended < $2::timestamptz - make_interval(hours => $3) and not o.detail ? 'dropped' order by o.id`,
    [[overLive, undoing], now, undoHours],
  )
  const gone: string[] = []
  for (const { id, subject, detail, name, generation } of rows) {
    const database = databaseOf(subject, detail.from)
    const isThere = (await databasesOf(host, subject)).includes(database)
    // An undo may have made it the present one again.
    if (isThere && detail.from !== generation) {
      await operation(host.db, subject, 'drop generation', async () => {
        const old = { uuid: subject, database, generation: detail.from } as Instance
        if (!detail.last) {
          await lastMoment(host, name, old, { stores })
          await runBackup(host, name, stores ? { stores: stores.write } : {}) // the newest set is of what lives
        }
        await dropDatabase(host, database)
      })
      rmSync(keptFolder(host.home, subject, detail.from), { recursive: true, force: true })
      gone.push(database)
    }
    await host.db.query(`update operation set detail = detail || '{"dropped": true}' where id = $1`, [id])
  }
  return gone
}
