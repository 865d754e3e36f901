import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import { readSigned } from '../backup/record.ts'
import { closeToUsers, openToUsers } from '../databases.ts'
import { OpsError } from '../errors.ts'
import { ensureFolder, writeDurably } from '../files.ts'
import type { Home } from '../home.ts'
import type { Host } from '../host.ts'
import { demandReady, findInstance, findInstanceBy, graceDays, type Instance } from '../instances.ts'
import { demandNotHeld } from '../instances-deletion.ts'
import type { Finishers } from '../interrupted.ts'
import { publicPem } from '../keys/signers.ts'
import { operation, type Operation } from '../operation.ts'
import { readingCredentials } from '../stores/credentials.ts'
import { absoluteLocations, readRegister } from '../stores/locations.ts'
import { ulid } from '../ulid.ts'
import { fingerprintOf, openPaper, sealTo, signPaper, type Invitation, type Luggage, type Receipt, type Ticket } from './papers.ts'

export interface SendOrder {
  /** Its name, typed once more. */
  confirm: string | undefined
  invitation: Invitation
  /** Makes the set that moves and gives it; runs when nobody can write any more. Without one the instance stays. */
  finalBackup: (instance: Instance, operation: Operation) => Promise<string>
}

/** What the source keeps of a move until it has ended: `<home>/moves/<instance>.json`. */
export interface Departure {
  /** The ticket, as it was given. */
  ticket: string
  id: string
  set: string
  /** The target: its uuid and fingerprint. */
  to: string
  trust: string
}

const sending = 'move'
const ticketDays = 7
const dayMs = 86_400_000

/**
 * Sends an instance to another host: from here on nobody is served or let into its database any more, and the set of its last moment goes to
 * the locations. The ticket tells the target, and nobody else, how to restore it. Until a receipt says what came of it the instance refuses everybody here;
 * `finishMove` ends it one way or the other, `undoMove` takes it back. Called again, it gives the same ticket. OpsError `not_confirmed`,
 * `legal_hold`, `refused`.
 */
export async function sendInstance(host: Host, name: string, order: SendOrder): Promise<Departure> {
  const { uuid, kind, state } = await findInstance(host, name)
  const { invitation, confirm } = order
  if (confirm !== name)
    throw new OpsError('not_confirmed', `From now on nobody can use ${name} until it has moved: repeat its name with --confirm ${name}.`)
  if (kind === 'copy') throw new OpsError('refused', `${name} is a copy: move its original, and duplicate it there.`)
  if (invitation.host === host.home.id) throw new OpsError('refused', 'The invitation is of this very host.')
  if (state === 'moving') return sameTarget(host, name, uuid, invitation)
  return operation(host.db, uuid, sending, (op) => closeAndSend(host, uuid, order, op), { mustFinish: true })
}

function sameTarget({ home }: Host, name: string, uuid: string, { host }: Invitation): Departure {
  const departure = demandDeparture(home, name, uuid)
  if (departure.to === host) return departure
  throw new OpsError('refused', `${name} is on its way to the host ${departure.to}: undo that before it goes elsewhere.`)
}

async function closeAndSend(host: Host, uuid: string, { invitation, finalBackup }: SendOrder, op: Operation): Promise<Departure> {
  await op.step('closing', { to: invitation.host })
  await op.fenced(async (db) => {
    demandReady(await demandNotHeld(db, uuid))
    await db.query(
      `update instance set state = 'moving', moved_to = $2, delete_after = now() + make_interval(days => $3) where uuid = $1`,
      [uuid, invitation.host, graceDays],
    )
  })
  try {
    const instance = await findInstanceBy(host, uuid)
    await closeToUsers(host, instance)
    await op.step('backing up')
    const set = await finalBackup(instance, op)
    const departure = { ...(await writeTicket(host, instance, set, invitation)), set }
    keepDeparture(host.home, uuid, departure)
    await op.step('sent', { ticket: departure.id, set })
    return departure
  } catch (error) {
    await op.fenced((db) => reopen(db, host, uuid))
    throw error
  }
}

async function writeTicket(host: Host, { uuid }: Instance, set: string, { box, host: to, signer }: Invitation) {
  const { home, keys } = host
  const { locations } = readRegister(home)
  const luggage: Luggage = {
    manifest: await readSigned(host, set),
    locations: absoluteLocations(home, locations),
    credentials: readingCredentials(home, locations),
    keys: keys.exportInstanceKeys(uuid).map(({ version, key }) => ({ version, key: key.toString('base64') })),
    sealers: keys.sealers.map(publicPem),
  }
  const id = ulid()
  const made = new Date()
  const ticket = signPaper<Ticket>(host, {
    kind: 'erp4 ticket',
    id,
    to,
    made: made.toISOString(),
    expires: new Date(made.getTime() + ticketDays * dayMs).toISOString(),
    instance: uuid,
    set,
    sealed: sealTo(box, Buffer.from(JSON.stringify(luggage))).toString('base64'),
  })
  return { ticket, id, to, trust: fingerprintOf(signer) }
}

/**
 * Ends a move by the target's receipt. Arrived: the instance stays closed here, gives its host names up, and goes for good after 30 days, with its
 * keys but not those that it has there. Declined: it is served here again.
 */
export async function finishMove(host: Host, name: string, receipt: string): Promise<Receipt['outcome']> {
  const { uuid, state } = await findInstance(host, name)
  demandMoving(name, state)
  const departure = demandDeparture(host.home, name, uuid)
  const { ticket, instance, outcome, host: from } = openPaper<Receipt>(receipt, 'erp4 receipt', departure.trust)
  if (ticket !== departure.id || instance !== uuid || from !== departure.to)
    throw new OpsError('refused', `That receipt is of another move than the one of ${name} to ${departure.to}.`)
  await operation(host.db, uuid, `move ${outcome}`, (op) =>
    op.fenced((db) => (outcome === 'arrived' ? giveUp(db, uuid) : reopen(db, host, uuid))),
  )
  rmSync(departureFile(host.home, uuid), { force: true })
  return outcome
}

async function giveUp(db: pg.ClientBase, uuid: string): Promise<void> {
  await db.query(
    `update instance set state = 'moved', delete_after = now() + make_interval(days => $2) where uuid = $1 and state = 'moving'`,
    [uuid, graceDays],
  )
  await db.query('delete from host_name where instance = $1', [uuid])
}

/**
 * Takes a move back without a receipt: only when `isTargetGone`, for with both alive two instances would go their own ways. OpsError `refused`.
 */
export async function undoMove(host: Host, name: string, { isTargetGone }: { isTargetGone: boolean }): Promise<void> {
  const { uuid, state } = await findInstance(host, name)
  demandMoving(name, state)
  if (!isTargetGone)
    throw new OpsError(
      'refused',
      `Whether ${name} has arrived is known to the target alone: have it decline the ticket, and give its receipt. If that host is gone for ever, say so with --target-is-gone.`,
    )
  await operation(host.db, uuid, 'move undone', (op) => op.fenced((db) => reopen(db, host, uuid)))
  rmSync(departureFile(host.home, uuid), { force: true })
}

function demandMoving(name: string, state: Instance['state']): void {
  if (state !== 'moving') throw new OpsError('refused', `${name} is not on its way to another host.`)
}

async function reopen(db: pg.ClientBase, host: Host, uuid: string): Promise<void> {
  const { rows } = await db.query<{ database: string }>(
    `update instance set state = 'ready', moved_to = null, delete_after = null where uuid = $1 and state in ('ready', 'moving') returning database`,
    [uuid],
  )
  if (!rows[0]) throw new OpsError('refused', 'It is too late: the instance is elsewhere.')
  await openToUsers(host, { uuid, database: rows[0].database })
}

/** Killed before its ticket was written, the instance is served again; after that it waits for its receipt as it would have. */
export const moveFinishers = {
  [sending]: async (host, { subject, state }, op) => {
    if (state === 'sent') return 'done'
    await op.fenced((db) => reopen(db, host, subject))
    rmSync(departureFile(host.home, subject), { force: true })
    return 'undone'
  },
} as const satisfies Finishers

const departureFile = (home: Home, uuid: string): string => join(home.dir, 'moves', `${uuid}.json`)

function keepDeparture(home: Home, uuid: string, departure: Departure): void {
  ensureFolder(join(home.dir, 'moves'), 0o700)
  writeDurably(departureFile(home, uuid), `${JSON.stringify(departure)}\n`, { mode: 0o600 })
}

function demandDeparture(home: Home, name: string, uuid: string): Departure {
  const file = departureFile(home, uuid)
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Departure
  throw new OpsError('damaged_home', `${file} is missing, which says where ${name} went: restore it, or undo the move.`)
}
