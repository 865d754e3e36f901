import type pg from 'pg'
import { closeToUsers, openToUsers } from './databases.ts'
import { OpsError } from './errors.ts'
import type { Host } from './host.ts'
import { demandReady, findInstance, findInstanceBy, graceDays, instanceColumns, type Instance } from './instances.ts'
import { removeInstance } from './instances-removal.ts'
import type { Finishers } from './interrupted.ts'
import { shredInstanceKeys } from './keys/shredding.ts'
import { noteOperation, operation, type Operation } from './operation.ts'
import { openStores } from './stores/open.ts'

/** Deletions within an hour that one operator may ask for, and removals that an agent may do: a mistake or a thief is noticed before all is gone. */
const mostAnHour = 3

export interface DeletionOrder {
  /** Its name, typed once more. */
  confirm: string | undefined
  /** Makes the final backup and gives its set; runs when nobody can write any more. Without one nothing is deleted. */
  finalBackup: (instance: Instance, operation: Operation) => Promise<string>
  /** Who asked, and who else agreed: more than three deletions an hour need two different people. */
  by: string
  secondOperator?: string | undefined
}

/**
 * Deletes a live instance: nobody is served or let into its database any more, a final backup is made, and after 30 days the agent
 * removes everything. Until then `undeleteInstance` brings it back as it was. OpsError `not_confirmed`, `legal_hold`, `refused`.
 */
export async function deleteInstance(host: Host, name: string, order: DeletionOrder): Promise<{ deleteAfter: Date; set: string }> {
  const instance = await findInstance(host, name)
  demandConfirmed(name, order.confirm, `in ${graceDays} days it cannot be undone`)
  demandSecond(order)
  return operation(host.db, instance.uuid, 'delete', (op) => closeAndDelete(host, instance.uuid, order, op), { mustFinish: true })
}

async function closeAndDelete(host: Host, uuid: string, order: DeletionOrder, op: Operation): Promise<{ deleteAfter: Date; set: string }> {
  await op.step('closing', { by: order.by, second_operator: order.secondOperator ?? null })
  await op.fenced(async (db) => {
    demandReady(await demandNotHeld(db, uuid))
    await demandRate(db, 'delete', op.id, order.secondOperator !== undefined)
    await db.query(`update instance set state = 'deleted', delete_after = now() + make_interval(days => $2) where uuid = $1`, [
      uuid,
      graceDays,
    ])
  })
  try {
    const instance = await findInstanceBy(host, uuid)
    await closeToUsers(host, instance)
    await op.step('backing up')
    const set = await order.finalBackup(instance, op)
    await op.step('deleted', { set })
    return { deleteAfter: instance.deleteAfter!, set }
  } catch (error) {
    await op.fenced((db) => reopen(db, host, uuid))
    throw error
  }
}

/** Brings a deleted instance back as it was. */
export async function undeleteInstance(host: Host, name: string): Promise<void> {
  const { uuid, state } = await findInstance(host, name)
  if (state !== 'deleted') throw new OpsError('refused', `The instance ${name} is not deleted.`)
  await operation(host.db, uuid, 'undelete', (op) => op.fenced((db) => reopen(db, host, uuid)))
}

/** Drops a copy with everything it has, at once: it is worth nothing that its original does not have. */
export async function dropCopy(host: Host, name: string, confirm: string | undefined): Promise<void> {
  const { uuid, kind } = await findInstance(host, name)
  if (kind !== 'copy') throw new OpsError('refused', `${name} is no copy: it is deleted with ${graceDays} days' grace, not at once.`)
  demandConfirmed(name, confirm, 'it cannot be undone')
  await operation(host.db, uuid, 'drop copy', async (op) => {
    await op.fenced(async (db) => {
      await demandNotHeld(db, uuid)
      await db.query(`update instance set expires = now() where uuid = $1`, [uuid])
    })
    await eraseCopy(host, await findInstanceBy(host, uuid), op, shredInLocations)
  })
}

/** Forbids, until `releaseInstance`, that anything of an instance is removed: the instance, its backups, its keys. */
export async function holdInstance(host: Host, name: string, reason: string): Promise<void> {
  if (reason.trim() === '') throw new OpsError('refused', 'A legal hold needs a reason.')
  const { uuid } = await findInstance(host, name)
  await host.db.query('update instance set legal_hold = $2 where uuid = $1', [uuid, reason.trim()])
  await noteOperation(host.db, uuid, 'hold', { reason: reason.trim() })
}

export async function releaseInstance(host: Host, name: string): Promise<void> {
  const { uuid, legalHold } = await findInstance(host, name)
  await host.db.query('update instance set legal_hold = null where uuid = $1', [uuid])
  await noteOperation(host.db, uuid, 'release', { reason: legalHold })
}

/** Deleted instances whose grace is over and copies that have expired, as far as no legal hold keeps them; by the registry's clock. */
export async function dueDeletions(host: Host): Promise<Instance[]> {
  const { rows } = await host.db.query<Instance>(
    `select ${instanceColumns} from instance i where legal_hold is null
     and (state in ('deleted', 'moved') and delete_after <= now() or state = 'ready' and kind = 'copy' and expires <= now()) order by i.name`,
  )
  return rows
}

/** Destroys the keys of an instance in the locations; may be run again. */
export type Shred = (host: Host, instance: Pick<Instance, 'uuid' | 'state'>) => Promise<void>

/** In every location of this home's register. OpsError `store_failed` when one is away: then this host keeps its own keys. */
export const shredInLocations: Shred = async (host, { uuid, state }) => {
  const pruners = await openStores(host.home, 'prune')
  try {
    // One that moved has newer keys by now, of its new host, which may lie in the same places.
    await shredInstanceKeys(host, uuid, pruners, { onlyOwn: state === 'moved' })
  } finally {
    for (const pruner of pruners) await pruner.close()
  }
}

/**
 * Removes for good what `dueDeletions` gave; all its conditions are looked at again under the lock. First its keys are destroyed where its
 * backups are: where that fails, nothing is removed. OpsError `retained` when it is not due, `refused` past three removals an hour, so
 * that a clock that jumped does not take everything at once.
 */
export async function finishDeletion(host: Host, instance: Instance, shred = shredInLocations): Promise<void> {
  const { uuid, kind } = instance
  if (kind === 'copy') return operation(host.db, uuid, 'drop copy', (op) => eraseCopy(host, instance, op, shred))
  await operation(
    host.db,
    uuid,
    'erase',
    async (op) => {
      await op.fenced(async (db) => {
        await demandDue(db, instance)
        await demandRate(db, 'erase', op.id, false)
      })
      await erase(host, instance, op, shred)
    },
    { mustFinish: true },
  )
}

async function erase(host: Host, instance: Instance, op: Operation, shred: Shred): Promise<void> {
  await op.step('shredding')
  await shred(host, instance)
  await op.fenced((db) => demandDue(db, instance, `state = 'deleting', delete_after = null`))
  await op.step('removing')
  await removeInstance(host, instance.uuid)
}

/** Most copies were never backed up: then no location has keys of theirs, nor has to be asked. */
async function eraseCopy(host: Host, instance: Instance, op: Operation, shred: Shred): Promise<void> {
  await op.fenced((db) => demandDue(db, instance))
  const { rowCount } = await host.db.query('select from backup_set where instance = $1 limit 1', [instance.uuid])
  if (rowCount) await erase(host, instance, op, shred)
  else await removeInstance(host, instance.uuid)
}

async function demandDue(db: pg.ClientBase, { uuid, name }: Instance, change = 'legal_hold = legal_hold'): Promise<void> {
  const { rowCount } = await db.query(
    `update instance set ${change} where uuid = $1 and legal_hold is null
     and (state in ('deleted', 'moved') and delete_after <= now() or state = 'ready' and kind = 'copy' and expires <= now())`,
    [uuid],
  )
  if (!rowCount) throw new OpsError('retained', `${name} must not be removed: its time has not come, or it is held.`)
}

/**
 * A deletion that was killed before its final backup was there is taken back; whoever wanted it asks again. A removal that had begun goes
 * on: some of the keys may be gone already.
 */
export const deletionFinishers = {
  delete: async (host, { subject, state }, op) => {
    if (state === 'deleted') return 'done'
    await op.fenced((db) => reopen(db, host, subject))
    return 'undone'
  },
  erase: async (host, { subject, state }, op) => {
    if (state === 'begun') return 'undone'
    if (state === 'removing') await removeInstance(host, subject)
    else await erase(host, await findInstanceBy(host, subject), op, shredInLocations)
    return 'done'
  },
} as const satisfies Finishers

async function reopen(db: pg.ClientBase, host: Host, uuid: string): Promise<void> {
  const { rows } = await db.query<{ database: string }>(
    `update instance set state = 'ready', delete_after = null where uuid = $1 and state in ('ready', 'deleted') returning database`,
    [uuid],
  )
  if (!rows[0]) throw new OpsError('refused', 'It is too late: the instance is being removed.')
  await openToUsers(host, { uuid, database: rows[0].database })
}

/** The instance, its row locked; OpsError `legal_hold` when nothing of it may be removed. */
export async function demandNotHeld(db: pg.ClientBase, uuid: string): Promise<Instance> {
  const { rows } = await db.query<Instance>(`select ${instanceColumns} from instance i where i.uuid = $1 for update of i`, [uuid])
  if (!rows[0]) throw new OpsError('not_found', 'The instance is gone.')
  const { name, legalHold } = rows[0]
  if (legalHold !== null) throw new OpsError('legal_hold', `${name} is under legal hold (${legalHold}): nothing of it may be removed.`)
  return rows[0]
}

/** Counted in one transaction after the other, so that two at once cannot both be the third. */
async function demandRate(db: pg.ClientBase, kind: 'delete' | 'erase', mine: string, hasSecond: boolean): Promise<void> {
  await db.query(`select pg_advisory_xact_lock(hashtext('erp4 ' || $1))`, [kind])
  const { rows } = await db.query<{ count: number }>(
    `select count(*)::int as count from operation
     where kind = $1 and id <> $2 and detail ? 'allowed' and started > now() - interval '1 hour' and (result = 'done' or ended is null)`,
    [kind, mine],
  )
  if (rows[0]!.count < mostAnHour || hasSecond)
    return void (await db.query(`update operation set detail = detail || '{"allowed": true}' where id = $1`, [mine]))
  const how = kind === 'delete' ? ' a further one needs a second operator: --second-operator NAME.' : ' the others wait.'
  throw new OpsError('refused', `${mostAnHour} instances were ${kind === 'delete' ? 'deleted' : 'removed'} within the last hour;${how}`)
}

function demandConfirmed(name: string, confirm: string | undefined, why: string): void {
  if (confirm !== name) throw new OpsError('not_confirmed', `Deleting ${name} needs its name once more, since ${why}: --confirm ${name}.`)
}

function demandSecond({ by, secondOperator }: DeletionOrder): void {
  if (secondOperator === undefined) return
  if (secondOperator.trim() === '' || secondOperator === by)
    throw new OpsError('refused', 'The second operator must be somebody else than the one who asks.')
}
