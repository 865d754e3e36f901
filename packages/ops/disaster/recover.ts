import { rebuildCatalogue, remember } from '../backup/catalogue.ts'
import { keyObject, type SetFacts } from '../backup/manifest.ts'
import type { ErpTasks } from '../erp-tasks.ts'
import { asOpsError, OpsError } from '../errors.ts'
import { writeDurably } from '../files.ts'
import type { Host } from '../host.ts'
import { createInstance, listInstances, sweepInstances, type Again } from '../instances.ts'
import { fetchObject, instanceKeyContext, objectFile } from '../keys/objects.ts'
import { operation } from '../operation.ts'
import { fillFromSet } from '../restore/aside.ts'
import type { FetchedSet } from '../restore/fetch.ts'
import { fromAnyStore } from '../restore/source.ts'
import { unseal } from '../sealing.ts'
import type { StoreReader } from '../stores/store.ts'
import { readJournal, writeJournal, type RecoveryItem, type RecoveryJournal } from './journal.ts'
import type { InstanceSets, KitSet, Survey } from './kit-sets.ts'
import { mostAttempts, recoveryOrder, workOff, type Attempted, type Claim } from './order.ts'

export interface RecoveryOrder {
  root: Uint8Array
  /** Those of the kit, to be read. */
  stores: readonly StoreReader[]
  survey: Survey
  erp: ErpTasks
  /** Names or uuids; all that were not deleted unless given. */
  only?: readonly string[] | undefined
  /** How many are restored at once; two unless given. */
  workers?: number | undefined
  tell?: ((line: string) => void) | undefined
  signal?: AbortSignal | undefined
}

/** Days that a copy lives after it was brought back: when it was to go was lost with its host. */
const copyDays = 30
const defaultWorkers = 2

/**
 * Brings every instance of a lost host back into this one from the stores alone (cloud.md §10): same uuid, name, host names, apps and plan, a
 * generation that it never had, its own keys. Each is loaded, compared and migrated by the code of every other restore, then travels
 * in time as after a restore over live, and is served from the moment it is ready. The order is fixed at the start and kept in the journal;
 * killed and called again, it goes on with what is missing.
 */
export async function recover(host: Host, order: RecoveryOrder): Promise<RecoveryJournal> {
  return operation(
    host.db,
    'recovery',
    'recover from kit',
    async () => {
      await sweepInstances(host)
      const candidates = new Map(order.survey.instances.map((one) => [one.instance, one.sets]))
      const journal = await planned(host, order)
      const save = (): void => writeJournal(host.home, journal)
      const claims = await missing(host, journal)
      const attempt = async (claim: Claim & { item: RecoveryItem }) => {
        const result = await attemptItem(host, claim.item, candidates.get(claim.instance) ?? [], order, save)
        order.tell?.(tellItem(claim.item))
        return result
      }
      await workOff(claims, order.workers ?? defaultWorkers, attempt)
      // Now that people work again: what else the stores hold, which numbers of new sets and retention go by.
      const { problems } = await rebuildCatalogue(host, order.stores)
      journal.problems = [...new Set([...journal.problems, ...problems])]
      journal.ended = new Date().toISOString()
      save()
      return journal
    },
    { waitMs: 2_000 },
  )
}

/** The order, fixed the first time. */
async function planned(host: Host, order: RecoveryOrder): Promise<RecoveryJournal> {
  const journal = readJournal(host.home)
  if (!journal) throw new OpsError('refused', `No recovery was begun in ${host.home.dir}.`)
  if (journal.items) return journal
  order.tell?.('Looking at the newest set of each instance')
  const skipped: { instance: string; why: string }[] = []
  const problems = [...order.survey.problems]
  const items: RecoveryItem[] = []
  const queue = [...order.survey.instances]
  const look = async (): Promise<void> => {
    for (let one = queue.shift(); one; one = queue.shift()) {
      const found = await planInstance(host, one, order, problems)
      if ('why' in found) skipped.push(found)
      else items.push(found)
    }
  }
  await Promise.all(Array.from({ length: order.workers ?? defaultWorkers }, look))
  for (const name of order.only ?? [])
    if (!items.some((item) => item.name === name || item.instance === name))
      throw new OpsError('not_found', `No set of an instance ${JSON.stringify(name)} can be believed and opened.`)
  const claims = recoveryOrder(items.map(claimOf))
  const fixed = { ...journal, items: claims.map(({ item }) => item), skipped, problems }
  writeJournal(host.home, fixed)
  return fixed
}

/** Reads of the newest set that opens what the order goes by, and the registry needs. */
async function planInstance(
  host: Host,
  { instance, sets, isDeleted }: InstanceSets,
  order: RecoveryOrder,
  problems: string[],
): Promise<RecoveryItem | { instance: string; why: string }> {
  if (sets.length === 0) return { instance, why: 'no set of it can be believed' }
  if (isDeleted && !order.only?.length) return { instance, why: wasDeleted }
  try {
    await adoptKeys(host, instance, order)
  } catch (error) {
    if ((error as { code?: string }).code === 'key_wrong') throw error
    return { instance, why: (error as Error).message }
  }
  for (const set of sets) {
    await enter(host, set)
    try {
      const fetch = { stores: order.stores, factsAlone: true, signal: order.signal }
      return await fromAnyStore(host, set.manifest.set, fetch, async ({ facts }) => {
        const { name } = facts.instance
        if (order.only && !order.only.includes(name) && !order.only.includes(instance))
          return { instance, why: `${name} was not asked for` }
        if (facts.instance.delete_after && !order.only?.length) return { instance, why: wasDeleted }
        return itemOf(set, facts)
      })
    } catch (error) {
      problems.push(`The set ${set.manifest.set} of instance ${instance} is passed over: ${(error as Error).message}`)
    }
  }
  return { instance, why: 'none of its newest sets can be opened' }
}

const wasDeleted = 'it was deleted: name it to have it back as it was, deleted, for another 30 days'

function itemOf({ manifest, isCertified }: KitSet, { instance, database_bytes, files }: FetchedSet['facts']): RecoveryItem {
  return {
    instance: manifest.instance,
    name: instance.name,
    plan: instance.plan,
    kind: instance.kind,
    ...sizesOf(manifest),
    plainBytes: database_bytes + files.reduce((sum, { bytes }) => sum + bytes, 0),
    isCertified,
    attempts: 0,
    state: 'waiting',
    started: null,
    ended: null,
    seconds: null,
    location: null,
    reconciled: null,
    errors: [],
  }
}

const sizesOf = (manifest: KitSet['manifest']) => ({
  set: manifest.set,
  taken: manifest.taken,
  bytes: manifest.parts.reduce((sum, part) => sum + part.bytes, 0),
})

const claimOf = (item: RecoveryItem): Claim & { item: RecoveryItem } => ({
  item,
  instance: item.instance,
  plan: item.plan,
  taken: new Date(item.taken),
  bytes: item.bytes,
  attempts: item.attempts,
})

/** What the registry does not have yet. What it has is not touched; what was given up before is tried anew, since a person has looked. */
async function missing(host: Host, { items }: RecoveryJournal): Promise<(Claim & { item: RecoveryItem })[]> {
  const there = new Set((await listInstances(host)).map(({ uuid }) => uuid))
  for (const item of items!) {
    if (there.has(item.instance)) item.state = 'done'
    else if (item.attempts >= mostAttempts) item.attempts = 0
  }
  return items!.filter(({ instance }) => !there.has(instance)).map(claimOf)
}

/** One attempt with one set. A set that turns out damaged makes the next attempt take another one. */
async function attemptItem(
  host: Host,
  item: RecoveryItem,
  sets: readonly KitSet[],
  order: RecoveryOrder,
  save: () => void,
): Promise<Attempted> {
  const began = performance.now()
  let isAnother = false
  Object.assign(item, { state: 'restoring', started: item.started ?? new Date().toISOString() })
  save()
  try {
    const { location, reconciled } = await bringBack(host, item, order)
    const seconds = Math.round(performance.now() - began) / 1000
    Object.assign(item, { state: 'done', ended: new Date().toISOString(), seconds, location, reconciled })
  } catch (error) {
    item.attempts++
    item.errors = [...item.errors, `${item.set}: ${(error as Error).message}`]
    item.state = item.attempts < mostAttempts ? 'waiting' : 'failed'
    isAnother = ['set_damaged', 'program_failed'].includes(asOpsError(error)?.code ?? '') && takeNext(item, sets)
  }
  save()
  if (item.state === 'done') return 'done'
  return isAnother ? 'again' : 'failed'
}

/** False when there is no other set to try. */
function takeNext(item: RecoveryItem, sets: readonly KitSet[]): boolean {
  const next = sets[sets.findIndex(({ manifest }) => manifest.set === item.set) + 1]
  if (next) Object.assign(item, { ...sizesOf(next.manifest), isCertified: next.isCertified })
  return next !== undefined
}

async function bringBack(host: Host, item: RecoveryItem, order: RecoveryOrder) {
  const set = order.survey.instances.flatMap(({ sets }) => sets).find(({ manifest }) => manifest.set === item.set)
  if (set) await enter(host, set)
  await adoptKeys(host, item.instance, order)
  const { stores, signal, erp } = order
  return fromAnyStore(host, item.set, { stores, signal }, async (fetched) => {
    const { facts, manifest, location } = fetched
    const { uuid, name, hosts, apps, plan, zone, kind } = facts.instance
    const { prepared } = await createInstance(host, {
      name,
      hosts,
      apps,
      plan,
      zone,
      kind,
      ...(kind === 'copy' ? { days: copyDays } : {}),
      release: erp.release,
      template: 'erp4_empty',
      again: {
        uuid,
        generation: facts.generation + 1,
        ...keptOf(facts.instance),
        adoptKeys: () => presentVersion(host, facts.instance, order),
      },
      prepare: async (instance, op) => {
        await fillFromSet(host, instance, fetched, { erp }, op)
        await op.step('reconciled')
        const journey = { set: manifest.set, taken: manifest.taken, safety: '', isHostLost: true } as const
        return erp.reconcile(instance, await erp.carryOver(instance), journey)
      },
    })
    return { location, reconciled: prepared }
  })
}

/** Whoever was suspended, held or deleted when the set was made is so again: nobody gets in because a machine was lost. */
const keptOf = ({ suspended, delete_after, legal_hold }: SetFacts['instance']): Pick<Again, 'suspended' | 'deleteAfter' | 'legalHold'> => ({
  suspended: suspended ? new Date(suspended) : null,
  deleteAfter: delete_after ? new Date(delete_after) : null,
  legalHold: legal_hold ?? null,
})

/** Adopts all versions of its key; gives the one that its files were wrapped with, which sets of before do not tell: then it was the first. */
async function presentVersion(host: Host, { uuid, key_version }: SetFacts['instance'], order: RecoveryOrder): Promise<number> {
  const versions = await adoptKeys(host, uuid, order)
  return key_version !== undefined && versions.includes(key_version) ? key_version : Math.min(...versions)
}

/** The registry knows a set before anything of it is read: what lies in a store is held against that. */
async function enter(host: Host, { manifest, signed, locations }: KitSet): Promise<void> {
  for (const location of locations) await remember(host, manifest, signed, location)
}

/**
 * The keys of an instance, as they lie in the stores under the lost host's root key, which is this one's too. The objects themselves stay what
 * they are, to the byte: sealed anew they would be others than those that the stores hold, and no store could take a new set.
 */
async function adoptKeys(host: Host, uuid: string, { stores, root }: Pick<RecoveryOrder, 'stores' | 'root'>): Promise<readonly number[]> {
  const versions = await host.keys.adoptInstanceKeys(uuid, stores, root)
  for (const version of versions)
    for (const store of stores) {
      const sealed = await fetchObject(store, keyObject(uuid, version)).catch(() => undefined)
      if (!sealed || !opens(root, uuid, version, sealed)) continue
      writeDurably(objectFile(host.home, uuid, version), sealed, { mode: 0o600 })
      break
    }
  return versions
}

function opens(root: Uint8Array, uuid: string, version: number, sealed: Buffer): boolean {
  try {
    unseal(root, instanceKeyContext(uuid, version), sealed)
    return true
  } catch {
    return false // another location has the right one: adoptInstanceKeys found it
  }
}

/** A line for people. */
export function tellItem({ name, plan, set, taken, state, seconds, attempts, errors, location }: RecoveryItem): string {
  const what = `${name} (${plan})`
  if (state === 'done')
    return `${what} is back as of ${taken.slice(0, 19)} UTC, from ${location ?? 'a location'}${seconds === null ? '' : ` in ${seconds} s`}`
  const why = errors.at(-1) ?? ''
  if (state === 'failed') return `${what} FAILED ${attempts} times, a person has to look: ${why}`
  return `${what} failed, ${attempts} of ${mostAttempts}; it is tried again behind all others with the set ${set}. ${why}`
}
