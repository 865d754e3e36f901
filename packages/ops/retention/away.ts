import { createPublicKey, sign, type KeyObject } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setPrefix } from '../backup/manifest.ts'
import { OpsError } from '../errors.ts'
import { openLine, signLine } from '../evidence/record.ts'
import { writeDurably } from '../files.ts'
import type { Host } from '../host.ts'
import { ensureKey, readKey } from '../keys/key-file.ts'
import { hasKeyId, keyIdOf, publicPem, signingKey, trustedKeys } from '../keys/signers.ts'
import { fingerprintOf } from '../move/papers.ts'
import type { StoreCredentials } from '../stores/credentials.ts'
import { absoluteLocations, demandLocations, readRegister, type RegisteredLocation } from '../stores/locations.ts'
import { openStore, openStoreWith } from '../stores/open.ts'
import { noteCopy } from '../stores/replicate.ts'
import { planRetention } from './plan.ts'
import { prune, type PruneReport } from './prune.ts'
import { careOf, notePruned, retentionSets } from './registry.ts'

/*
 * A pruner that runs where a location is, with that location's credentials to delete and nothing else of a host. Its folder holds
 *   pruner.json      what the host said: the location, whose signatures count, what to be careful with. It can ask for more to stay, never for less
 *   trusted.json     the keys that the first pruner.json named: others are not taken on from a host that may have been taken over
 *   pruner.key       seed of its own signature (Ed25519)
 *   state.json       what it remembers from one run to the next
 *   removals.jsonl   what it removed, a signed line each run: the host fetches it
 */

/** `pruner.json`. Nothing in it is secret. */
export interface PrunerOrder {
  v: 1
  host: string
  /** ISO 8601. */
  made: string
  location: RegisteredLocation
  /** PEM by key id. */
  trusted: Readonly<Record<string, string>>
  holds: readonly string[]
  /** ISO 8601 by set. */
  keepUntil: Readonly<Record<string, string>>
}

/** A line of the register of removals. */
export interface Removals {
  v: 1
  kind: 'erp4 removals'
  location: string
  /** By the store's clock. */
  at: string
  signer: string
  dropped: readonly { instance: string; set: string }[]
}

/** What a pruner of `location` elsewhere needs of this host. OpsError `not_found`. */
export async function prunerOrder(host: Host, location: string): Promise<PrunerOrder> {
  const [found] = absoluteLocations(host.home, [demandLocation(host, location)])
  const { holds = new Set<string>(), keepUntil = new Map<string, Date>() } = await careOf(host)
  return {
    v: 1,
    host: host.home.id,
    made: new Date().toISOString(),
    location: found!,
    trusted: trustedKeys(host.home),
    holds: [...holds],
    keepUntil: Object.fromEntries([...keepUntil].map(([set, until]) => [set, until.toISOString()])),
  }
}

function demandLocation({ home }: Host, name: string): RegisteredLocation {
  const found = readRegister(home).locations.find((one) => one.name === name)
  if (!found) throw new OpsError('not_found', `There is no location ${JSON.stringify(name)}: "erp4 stores list" shows all.`)
  return found
}

/**
 * Prunes the location of a pruner's folder, away from its host: within all the limits of `prune`, by the store's clock, from signed manifests alone.
 * What it removed becomes a line of `removals.jsonl`. OpsError `refused` when the order names other keys than the first one did.
 */
export async function pruneAway(
  folder: string,
  credentials: () => StoreCredentials,
  { dryRun = false }: { dryRun?: boolean } = {},
): Promise<PruneReport & { fingerprint: string }> {
  const order = readOrder(folder)
  const trusted = pinned(folder, order)
  const key = join(folder, 'pruner.key')
  ensureKey(key)
  const own = signingKey(readKey(key))
  const pem = publicPem(createPublicKey(own))
  const store = await openStoreWith(order.location, 'prune', credentials)
  try {
    const report = await prune(store, {
      state: join(folder, 'state.json'),
      trustedKey: (id) => trusted.get(id),
      care: {
        holds: new Set(order.holds),
        keepUntil: new Map(Object.entries(order.keepUntil).map(([set, until]) => [set, new Date(until)])),
      },
      dryRun,
    })
    const dropped = report.instances.flatMap((one) => one.dropped.map(({ set }) => ({ instance: one.instance, set })))
    if (dropped.length && !dryRun) {
      const line: Removals = { v: 1, kind: 'erp4 removals', location: report.location, at: report.now.toISOString(), signer: pem, dropped }
      const signer = { keyId: keyIdOf('host', createPublicKey(own)), sign: (bytes: Uint8Array) => sign(null, bytes, own) }
      appendFileSync(join(folder, 'removals.jsonl'), `${signLine(line, signer)}\n`, { mode: 0o600, flush: true })
    }
    return { ...report, fingerprint: fingerprintOf(pem) }
  } finally {
    await store.close()
  }
}

function readOrder(folder: string): PrunerOrder {
  const path = join(folder, 'pruner.json')
  if (!existsSync(path)) throw new OpsError('not_found', `There is no ${path}: "erp4 stores pruner LOCATION" on the host makes it.`)
  try {
    const order = JSON.parse(readFileSync(path, 'utf8')) as PrunerOrder
    if (order.v === 1 && typeof order.trusted === 'object' && Array.isArray(order.holds) && typeof order.keepUntil === 'object') {
      demandLocations([order.location])
      return order
    }
  } catch {
    // no JSON, or no location: the same sentence
  }
  throw new OpsError('refused', `${path} is no order for a pruner.`)
}

/** The keys of the first order. A host that was taken over could name a verifier of its own, and prove what it likes. */
function pinned(folder: string, { trusted }: PrunerOrder): Map<string, KeyObject> {
  const path = join(folder, 'trusted.json')
  if (!existsSync(path)) writeDurably(path, `${JSON.stringify(trusted, null, 1)}\n`, { mode: 0o600 })
  const known = JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>
  const fresh = Object.keys(trusted).filter((id) => known[id] !== trusted[id])
  if (fresh.length)
    throw new OpsError(
      'refused',
      `The order names keys that were not there at first: ${fresh.join(', ')}. Nothing went. If the host has rotated its signers, remove ${path}.`,
    )
  const keys = Object.entries(known).map(([id, pem]) => [id, createPublicKey(pem)] as const)
  return new Map(keys.filter(([id, key]) => hasKeyId(key, id)))
}

/** What came of a register of removals. */
export interface NotedRemovals {
  /** Sets whose copies are known as pruned from now on. */
  noted: string[]
  /** Lines that were not believed, and sets that should not have gone, in sentences. */
  problems: string[]
}

/**
 * Takes over what a pruner elsewhere says it has removed: only what is really gone from the location, and only what need not be there. A set that should have
 * stayed is known as missing from then on, so that it is brought back and somebody looks. `trust` is the pruner's fingerprint, given the first time and kept.
 */
export async function noteRemovals(host: Host, location: string, register: string, trust: string | undefined): Promise<NotedRemovals> {
  const pruner = trustedPruner(host, location, trust)
  const store = await openStore(host.home, demandLocation(host, location), 'read')
  const found: NotedRemovals = { noted: [], problems: [] }
  try {
    for (const [index, line] of register.split('\n').entries()) {
      if (line === '') continue
      const removals = believe(line, location, pruner)
      if (typeof removals === 'string') found.problems.push(`Line ${index + 1}: ${removals}`)
      else for (const { instance, set } of removals.dropped) await noteOne(host, store, { location, instance, set }, found)
    }
  } finally {
    await store.close()
  }
  return found
}

function trustedPruner({ home }: Host, location: string, given: string | undefined): string {
  const path = join(home.dir, 'pruner', `${location}.trusted`)
  const known = existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined
  if (known === undefined && given === undefined)
    throw new OpsError('refused', `Which pruner is that of ${location}? Give its fingerprint with --trust, as its first run told it.`)
  if (known !== undefined && given !== undefined && known !== given)
    throw new OpsError('refused', `The pruner of ${location} is ${known}. If it was made anew, remove ${path}.`)
  mkdirSync(join(home.dir, 'pruner'), { recursive: true, mode: 0o700 })
  if (known === undefined) writeDurably(path, `${given}\n`, { mode: 0o600 })
  return (known ?? given)!
}

/** The line's content, or why it is not believed. */
function believe(line: string, location: string, trust: string): Removals | string {
  const claimed = openLine<Removals>(line, () => undefined)
  const pem = 'fault' in claimed ? claimed.payload?.signer : undefined
  const key = typeof pem === 'string' ? publicKeyOf(pem) : undefined
  if (!key || fingerprintOf(pem as string) !== trust) return 'it is not signed by the pruner of this location.'
  const opened = openLine<Removals>(line, (id) => (id === keyIdOf('host', key) ? key : undefined))
  if ('fault' in opened) return opened.says
  const { v, kind, location: of, dropped } = opened.payload
  const isWhole = v === 1 && kind === 'erp4 removals' && of === location && Array.isArray(dropped)
  return isWhole ? opened.payload : 'it is of another location, or no register of removals.'
}

function publicKeyOf(pem: string): KeyObject | undefined {
  try {
    return createPublicKey(pem)
  } catch {
    return undefined
  }
}

async function noteOne(
  host: Host,
  store: Awaited<ReturnType<typeof openStore<'read'>>>,
  { location, instance, set }: { location: string; instance: string; set: string },
  found: NotedRemovals,
): Promise<void> {
  const { rows } = await host.db.query<{ taken: Date; instance: string }>(
    `select s.taken, s.instance from backup_set s join backup_copy c on c.set = s.id
     where s.id = $1 and c.location = $2 and c.state <> 'pruned' and s.state = 'published' and s.taken is not null`,
    [set, location],
  )
  const [known] = rows
  if (!known) return // noted before, or never heard of
  const prefix = setPrefix({ instance: known.instance, taken: known.taken.toISOString(), set })
  if (await store.head(`${prefix}manifest.json`))
    return void found.problems.push(`${set} is still in ${location}: it is not noted as removed.`)
  const { keep } = planRetention({ sets: await retentionSets(host, known.instance), now: new Date() })
  if (keep.some((kept) => kept.set.set === set && kept.slot.kind !== 'unproven')) {
    await noteCopy(host, set, location, 'missing', 'its pruner removed it, though it had to stay')
    return void found.problems.push(
      `${set} of ${instance} had to stay, and ${location} has it no more: "erp4 stores repair" brings it back.`,
    )
  }
  await notePruned(host, { location, instances: [{ dropped: [{ set }] }] })
  found.noted.push(set)
}
