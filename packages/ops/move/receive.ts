import { createPublicKey } from 'node:crypto'
import type pg from 'pg'
import { runBackup } from '../backup/set.ts'
import { openManifest } from '../backup/signed-manifest.ts'
import type { ErpTasks } from '../erp-tasks.ts'
import { OpsError } from '../errors.ts'
import type { Host } from '../host.ts'
import { createInstance, findInstanceBy, sweepInstances, type Instance } from '../instances.ts'
import { removeInstance } from '../instances-removal.ts'
import { nextVersion } from '../keys/instance-rotation.ts'
import { hasKeyId, trustSealer } from '../keys/signers.ts'
import { noteOperation, operation, type Operation } from '../operation.ts'
import { fillFromSet } from '../restore/aside.ts'
import type { FetchedSet, Foreign } from '../restore/fetch.ts'
import type { Scratch } from '../restore/scratch.ts'
import { fromAnyStore } from '../restore/source.ts'
import { deriveKey } from '../sealing.ts'
import { demandLocations } from '../stores/locations.ts'
import { openStores, openStoreWith } from '../stores/open.ts'
import type { StoreReader } from '../stores/store.ts'
import { proveSet } from '../verify/prove.ts'
import { clearLeavings, usedVersions, withLeavings } from './leavings.ts'
import { openPaper, openSealed, signPaper, type Luggage, type Receipt, type Ticket } from './papers.ts'

export interface ReceiveOrder {
  /** Fingerprint of the host that sends it. */
  trust: string | undefined
  /** What it is to be called here, instead of as there. */
  name?: string | undefined
  /** Its host names here, from those that it had there. */
  hosts: (before: readonly string[]) => Promise<readonly string[]>
  erp: ErpTasks
  scratch?: Scratch | undefined
  tell?: ((step: string) => void) | undefined
  signal?: AbortSignal | undefined
}

const arriving = 'arrival'

/**
 * Takes in an instance that another host has sent: restores its set from that host's locations, under a new version of its key that no other
 * host has, and proves it by a set of our own that is restored and compared. Only then it is served, and the receipt says so; if anything fails before,
 * nothing of it stays. A ticket is taken once: again, it gives the same receipt. OpsError `refused`, `set_damaged`.
 */
export async function receiveInstance(host: Host, line: string, order: ReceiveOrder): Promise<string> {
  const ticket = openTicket(host, line, order.trust)
  return operation(
    host.db,
    ticket.id,
    arriving,
    async () => {
      const past = await endOf(host, ticket)
      if (past?.outcome === 'declined') throw new OpsError('refused', `The ticket ${ticket.id} was declined here: it is void.`)
      if (past) return receiptOf(host, ticket, past)
      if (Date.parse(ticket.expires) < Date.now())
        throw new OpsError('refused', `The ticket ${ticket.id} has expired: decline it, and have the instance sent again.`)
      const set = await takeIn(
        host,
        ticket,
        JSON.parse(openSealed(host.home, Buffer.from(ticket.sealed, 'base64')).toString()) as Luggage,
        order,
      )
      return receiptOf(host, ticket, { outcome: 'arrived', set })
    },
    { waitMs: 2_000 },
  )
}

/**
 * Promises that a ticket will never be taken here, so that its host can take the instance back, and clears away what failed attempts had
 * stored; `tell` hears what could not be. OpsError `refused` once it has arrived.
 */
export async function declineTicket(
  host: Host,
  line: string,
  trust: string | undefined,
  tell: (sentence: string) => void = () => {},
): Promise<string> {
  const ticket = openTicket(host, line, trust)
  return operation(
    host.db,
    ticket.id,
    arriving,
    async () => {
      const past = await endOf(host, ticket)
      if (past?.outcome === 'arrived') throw new OpsError('refused', `The instance ${ticket.instance} has arrived here already.`)
      await sweepInstances(host)
      for (const left of await clearLeavings(host, ticket)) tell(left)
      if (!past) await note(host.db, ticket, { outcome: 'declined' })
      return receiptOf(host, ticket, { outcome: 'declined' })
    },
    { waitMs: 2_000 },
  )
}

function openTicket(host: Host, line: string, trust: string | undefined): Ticket {
  const ticket = openPaper<Ticket>(line, 'erp4 ticket', trust)
  if (ticket.to !== host.home.id)
    throw new OpsError('refused', `The ticket ${ticket.id} is for the host ${ticket.to}; this is ${host.home.id}.`)
  return ticket
}

interface End {
  outcome: Receipt['outcome']
  set?: string
}

/** How a ticket ended here, if it did. */
async function endOf(host: Host, { id }: Ticket): Promise<End | undefined> {
  const { rows } = await host.db.query<{ detail: End }>(
    `select detail from operation where kind = any($1) and detail ->> 'ticket' = $2 limit 1`,
    [ends, id],
  )
  return rows[0]?.detail
}

const ends = ['arrived', 'declined']

const note = (db: pg.Pool | pg.ClientBase, { id, instance, host: from }: Ticket, end: End): Promise<void> =>
  noteOperation(db, instance, end.outcome, { ticket: id, from, ...end })

const receiptOf = (host: Host, { id, instance }: Ticket, { outcome, set }: End): string =>
  signPaper<Receipt>(host, {
    kind: 'erp4 receipt',
    ticket: id,
    instance,
    outcome,
    at: new Date().toISOString(),
    ...(set === undefined ? {} : { set }),
  })

async function takeIn(host: Host, ticket: Ticket, luggage: Luggage, order: ReceiveOrder): Promise<string> {
  await sweepInstances(host)
  await makeRoom(host, ticket.instance)
  const foreign = foreignSet(ticket, luggage)
  demandLocations(luggage.locations)
  const stores = await Promise.all(
    luggage.locations.map((location) => openStoreWith(location, 'read', () => credentialsOf(luggage, location.name))),
  )
  try {
    return await fromAnyStore(host, ticket.set, { stores, foreign, signal: order.signal, tell: order.tell }, (fetched) =>
      make(host, ticket, luggage, fetched, order),
    )
  } finally {
    await Promise.all(stores.map((store: StoreReader) => store.close().catch(() => {}))) // one that is away has nothing to close
  }
}

function credentialsOf({ credentials }: Luggage, location: string) {
  const found = Object.hasOwn(credentials, location) ? credentials[location] : undefined
  if (!found) throw new OpsError('key_missing', `The ticket has no credentials for ${location}.`)
  return found
}

/** One that left this host before and comes back makes room for itself: what is here is what it was then. */
async function makeRoom(host: Host, uuid: string): Promise<void> {
  const found = await findInstanceBy(host, uuid).catch(() => undefined)
  if (!found) return
  if (found.state !== 'moved') throw new OpsError('refused', `The instance is here already, as ${found.name}: nothing was changed.`)
  await operation(host.db, uuid, 'make room', () => removeInstance(host, uuid))
}

/** The set as its own host signed it: for this once, and for nothing else, that host's word counts here. */
function foreignSet({ instance, set, signer }: Ticket, { manifest: signed, keys }: Luggage): Foreign {
  const key = createPublicKey(signer)
  const trustedKey = (id: string) => (hasKeyId(key, id) ? key : undefined)
  const manifest = openManifest(signed, trustedKey)
  const own = keys.find(({ version }) => version === manifest.key_version)
  if (manifest.instance !== instance || manifest.set !== set || !own)
    throw new OpsError('set_damaged', 'The ticket holds the manifest of another set, or not its key.')
  return { manifest, text: signed.text, trustedKey, key: deriveKey(Buffer.from(own.key, 'base64'), 'backup') }
}

async function make(host: Host, ticket: Ticket, luggage: Luggage, fetched: FetchedSet, order: ReceiveOrder): Promise<string> {
  const { facts } = fetched
  const { uuid, apps, plan, zone, suspended } = facts.instance
  const { prepared } = await createInstance(host, {
    name: order.name ?? facts.instance.name,
    hosts: await order.hosts(facts.instance.hosts),
    apps,
    plan,
    zone,
    release: order.erp.release,
    template: 'erp4_empty',
    again: {
      uuid,
      generation: facts.generation + 1,
      suspended: suspended ? new Date(suspended) : null,
      adoptKeys: () => bringKeys(host, uuid, luggage),
    },
    prepare: async (instance, op) => {
      await fillFromSet(host, instance, fetched, order, op)
      const proven = await prove(host, ticket, instance, luggage, order, op)
      // Whom a sealer has sealed for is served by now, or never.
      for (const pem of luggage.sealers) trustSealer(host.home, pem)
      return proven
    },
    // No ticket is open of an instance that is served here, and none is closed of one that is not.
    begun: (db, set) => note(db, ticket, { outcome: 'arrived', set }),
  }).catch(async (error: unknown) => {
    throw await withLeavings(host, ticket, error)
  })
  return prepared
}

/** A version that no other host has is the one to go by; those of the source are lent, to open what they sealed, and kept nowhere else. */
async function bringKeys(host: Host, uuid: string, { keys }: Luggage): Promise<number> {
  const stores = await openStores(host.home, 'read')
  try {
    const used = [...keys.map(({ version }) => version), ...(await usedVersions(host, uuid))]
    const version = Math.max(await nextVersion(host, uuid, stores), ...used.map((one) => one + 1))
    for (const one of keys) host.keys.lendInstanceKey(uuid, one.version, Buffer.from(one.key, 'base64'))
    host.keys.createInstanceKey(uuid, version)
    return version
  } finally {
    await Promise.all(stores.map((store) => store.close()))
  }
}

async function prove(
  host: Host,
  ticket: Ticket,
  instance: Instance,
  { keys }: Luggage,
  order: ReceiveOrder,
  op: Operation,
): Promise<string> {
  const { tell = () => {}, erp, scratch, signal } = order
  tell('Wrapping the keys of its files anew')
  await op.step('rewrapped', { ticket: ticket.id, version: instance.keyVersion })
  await erp.rewrap(instance)
  for (const { version } of keys) host.keys.removeInstanceKeys(instance.uuid, version)
  tell('Backing it up here')
  await op.step('backed up')
  const { id } = await runBackup(host, instance.name, { class: 'scheduled', isArriving: true, ...(signal ? { signal } : {}) })
  tell('Restoring that to see that it is whole')
  await op.step('proven')
  const { result, reason } = await proveSet(host, id, { scratch, signal })
  if (result === 'pass') return id
  throw new OpsError('set_damaged', `${instance.name} does not prove itself here: ${reason}`)
}
