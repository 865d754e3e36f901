import { existsSync, readFileSync } from 'node:fs'
import { keyObject, type Manifest } from '../backup/manifest.ts'
import { openManifest } from '../backup/signed-manifest.ts'
import { OpsError } from '../errors.ts'
import type { Host } from '../host.ts'
import { fetchObject, objectFile, publishKeyObjects } from '../keys/objects.ts'
import { isRootRotating } from '../keys/rotation.ts'
import { operation } from '../operation.ts'
import { keepCertificate } from '../verify/certificate.ts'
import { hasCredentials } from './credentials.ts'
import { locationsFor, readRegister, type LocationRegister, type RegisteredLocation } from './locations.ts'
import { examineObject, mendObject, type MendOrder } from './mend.ts'
import { objectsOf, type SetObject } from './objects.ts'
import { openStore } from './open.ts'
import { deadlineFor, noteCopy, within } from './replicate.ts'
import type { StorePruner, StoreReader, StoreWriter } from './store.ts'

export interface ScrubOrder {
  /** Of the register. */
  location: string
  /** No further set is begun when so many bytes were read. */
  bytesBudget: number
  signal?: AbortSignal
}

export interface RepairOrder {
  /** Only there; everywhere by default. */
  location?: string
  set?: string
  signal?: AbortSignal
}

export interface Trouble {
  set: string
  location: string
  /** A sentence. */
  says: string
}

export interface ScrubReport {
  /** Sets looked at, and bytes read at the location itself. */
  sets: number
  bytes: number
  /** Damaged or missing, and made whole again. */
  healed: Trouble[]
  /** What is still not as it should be. */
  troubles: Trouble[]
}

interface SetRow {
  id: string
  instance: string
  manifest: string
  signature: string
  /** Of its last restore test; null before one has passed. */
  certificate: string | null
}

/**
 * Reads the sets of one location back, those first that were not read for longest, and compares every byte with what their signed
 * manifests say: not with what the store says of itself. What is damaged or missing is put back from another location. A location that
 * cannot be reached is a trouble, and is not taken for one that lost its sets.
 */
export async function scrub(host: Host, { location, bytesBudget, signal }: ScrubOrder): Promise<ScrubReport> {
  const report: ScrubReport = { sets: 0, bytes: 0, healed: [], troubles: [] }
  await using stores = new Stores(host)
  const here = stores.demand(location)
  for (const set of await setsToScrub(host, location)) {
    if (report.bytes >= bytesBudget || signal?.aborted) break
    // The next sets of a location that is away would say the same.
    if ((await see(host, stores, set, here, report, signal)) === 'away') break
  }
  return report
}

/**
 * Brings published sets to where they should be and are not: locations that were away when the set was stored, that are new, or that lost
 * something. Idempotent, and goes on where it was interrupted: objects that are there are compared, not stored again.
 */
export async function repair(host: Host, order: RepairOrder = {}): Promise<ScrubReport> {
  const report: ScrubReport = { sets: 0, bytes: 0, healed: [], troubles: [] }
  await using stores = new Stores(host)
  const away = new Set<string>()
  for (const { set, missing } of await incompleteSets(host, stores.register, order)) {
    for (const name of missing) {
      if (order.signal?.aborted || away.has(name)) continue
      if ((await see(host, stores, set, stores.demand(name), report, order.signal)) === 'away') away.add(name)
    }
  }
  return report
}

/** Reads one copy back and mends it where needed. `away` when its location could not be read. */
async function see(
  host: Host,
  stores: Stores,
  set: SetRow,
  here: RegisteredLocation,
  report: ScrubReport,
  signal: AbortSignal | undefined,
): Promise<'seen' | 'away'> {
  const trouble = (error: unknown): void => void report.troubles.push({ set: set.id, location: here.name, says: (error as Error).message })
  let objects: SetObject[]
  let manifest: Manifest
  try {
    const signed = { text: set.manifest, signature: set.signature }
    manifest = openManifest(signed, (keyId) => host.keys.trustedKey(keyId))
    objects = objectsOf(manifest, signed)
  } catch (error) {
    trouble(error) // the host's own record of the set was changed: nothing can be compared with it
    return 'seen'
  }
  try {
    const reader = await stores.read(here)
    const bad = await within(here, deadlineFor(objects), signal, async (late) => {
      const mended = await keepKey(host, stores, here, set.instance, manifest.key_version)
      if (mended !== undefined) report.healed.push({ set: set.id, location: here.name, says: mended })
      return examineAll(reader, objects, late)
    })
    report.sets++
    report.bytes += objects.reduce((sum, { bytes }) => sum + bytes, 0)
    if (bad.length === 0) await noteCopy(host, set.id, here.name, 'verified')
    else await heal(host, stores, { set, here, objects, bad }, report, signal)
    // Without its proof beside it, its pruner would take it for a set that never passed.
    if (set.certificate)
      await keepCertificate(await stores.write(here), manifest, set.certificate, (keyId) => host.keys.trustedKey(keyId)).catch(trouble)
    return 'seen'
  } catch (error) {
    trouble(error)
    return 'away'
  }
}

/**
 * A set that nobody can open is none: its key object must be there, and be the one that this host has, byte for byte. What is something else is moved aside
 * where this host may, and told in any case. A key that this home has no more was shredded, and is not put back.
 */
async function keepKey(
  host: Host,
  stores: Stores,
  here: RegisteredLocation,
  instance: string,
  version: number,
): Promise<string | undefined> {
  const file = objectFile(host.home, instance, version)
  if (!existsSync(file) || isRootRotating(host.home)) return undefined
  const key = keyObject(instance, version)
  const reader = await stores.read(here)
  const there = (await reader.head(key)) ? await fetchObject(reader, key).catch(unlessTooLong) : undefined
  if (there?.equals(readFileSync(file))) return undefined
  if (there) {
    const { pruner } = await stores.toMend(here, instance)
    if (!pruner)
      throw new OpsError('set_damaged', `${key} in ${here.name} is not the key that it should be, and nobody here may move it aside.`)
    await pruner.setAside(key)
  }
  const [result] = await publishKeyObjects(host.home, instance, [await stores.write(here)])
  if (result?.error) throw result.error
  return `${key.split('/').at(-1)} is ${there ? 'damaged' : 'missing'}`
}

/** What is too long to be a key object is something else. */
const unlessTooLong = (error: Error & { code?: string }): Buffer => {
  if (error.code === 'set_damaged') return Buffer.alloc(0)
  throw error
}

interface Bad {
  object: SetObject
  found: 'damaged' | 'missing'
}

async function examineAll(reader: StoreReader, objects: readonly SetObject[], signal: AbortSignal): Promise<Bad[]> {
  const bad: Bad[] = []
  for (const object of objects) {
    signal.throwIfAborted()
    const found = await examineObject(reader, object, signal)
    if (found !== 'good') bad.push({ object, found })
  }
  return bad
}

interface Patient {
  set: SetRow
  here: RegisteredLocation
  objects: readonly SetObject[]
  bad: readonly Bad[]
}

/** Under the set's own lock, which its backup and its pruner take, too: it must not be stored, deleted and mended at once. */
async function heal(
  host: Host,
  stores: Stores,
  { set, here, objects, bad }: Patient,
  report: ScrubReport,
  signal?: AbortSignal,
): Promise<void> {
  const says = bad.map(({ object, found }) => `${object.key.split('/').at(-1)} is ${found}`).join(', ')
  const isMissing = bad.every(({ found }) => found === 'missing')
  const state = isMissing ? 'missing' : 'damaged'
  const trouble = { set: set.id, location: here.name, says }
  await noteCopy(host, set.id, here.name, state, says)
  try {
    await operation(
      host.db,
      `set ${set.id}`,
      'mend',
      async () => {
        if (!(await isPublished(host, set.id))) return
        const mend = await stores.toMend(here, set.instance)
        await within(here, deadlineFor(objects), signal, async (late) => {
          for (const { object, found } of bad) await mendObject(object, found, { ...mend, signal: late })
        })
        await noteCopy(host, set.id, here.name, 'verified')
        report.healed.push(trouble)
      },
      { waitMs: 0 },
    )
  } catch (error) {
    const why = (error as Error).message
    await noteCopy(host, set.id, here.name, state, `${says}: ${why}`)
    report.troubles.push({ ...trouble, says: `${says}: ${why}` })
  }
}

async function isPublished(host: Host, set: string): Promise<boolean> {
  const { rowCount } = await host.db.query(`select from backup_set where id = $1 and state = 'published'`, [set])
  return rowCount === 1
}

async function setsToScrub(host: Host, location: string): Promise<SetRow[]> {
  const { rows } = await host.db.query<SetRow>(
    `select s.id, s.instance, s.manifest, s.signature, s.certificate from backup_copy c join backup_set s on s.id = c.set
     where c.location = $1 and c.state in ('stored', 'verified', 'damaged', 'missing') and s.state = 'published' and s.manifest is not null
     order by c.checked nulls first, s.taken`,
    [location],
  )
  return rows
}

/** Published sets, the newest first, with the locations that should have them whole and were not seen to. */
async function incompleteSets(host: Host, register: LocationRegister, order: RepairOrder): Promise<{ set: SetRow; missing: string[] }[]> {
  const { rows } = await host.db.query<SetRow & { settled: string[] }>(
    `select s.id, s.instance, s.manifest, s.signature, s.certificate,
       array(select c.location from backup_copy c where c.set = s.id and c.state in ('verified', 'pruned')) as settled
     from backup_set s where s.state = 'published' and s.manifest is not null and ($1::text is null or s.id = $1) order by s.taken desc`,
    [order.set ?? null],
  )
  return rows.flatMap(({ settled, ...set }) => {
    const wanted = locationsFor(register, set.instance).map(({ name }) => name)
    const missing = wanted.filter((name) => !settled.includes(name) && (order.location === undefined || order.location === name))
    return missing.length ? [{ set, missing }] : []
  })
}

/** The stores that a scrub or a repair turns out to need, each opened once. */
class Stores {
  readonly register: LocationRegister
  readonly #host: Host
  readonly #opened = new Map<string, Promise<StoreReader>>()

  constructor(host: Host) {
    this.#host = host
    this.register = readRegister(host.home)
  }

  demand(name: string): RegisteredLocation {
    const found = this.register.locations.find((one) => one.name === name)
    if (!found) throw new OpsError('not_found', `There is no location named ${JSON.stringify(name)}.`)
    return found
  }

  read(location: RegisteredLocation): Promise<StoreReader> {
    return this.#once(`read ${location.name}`, () => openStore(this.#host.home, location, 'read'))
  }

  write(location: RegisteredLocation): Promise<StoreWriter> {
    return this.#once(`write ${location.name}`, () => openStore(this.#host.home, location, 'write'))
  }

  /** With the pruner only where this host has its credentials: it needs none for a directory. */
  async toMend(location: RegisteredLocation, instance: string): Promise<MendOrder> {
    const mayPrune = location.store.kind === 'directory' || hasCredentials(this.#host.home, location, 'prune')
    const others = locationsFor(this.register, instance).filter(({ name }) => name !== location.name)
    return {
      target: await this.write(location),
      pruner: mayPrune ? await this.#once(`prune ${location.name}`, () => openStore(this.#host.home, location, 'prune')) : undefined,
      sources: await Promise.all(others.map((one) => this.read(one))),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Not waited for: a connection that hangs would hang in closing, too.
    for (const opened of this.#opened.values()) void opened.then((store) => store.close()).catch(() => {})
  }

  #once<T extends StoreReader | StoreWriter | StorePruner>(what: string, open: () => Promise<T>): Promise<T> {
    if (!this.#opened.has(what)) this.#opened.set(what, open())
    return this.#opened.get(what) as Promise<T>
  }
}
