import { setPrefix, type Manifest } from '../backup/manifest.ts'
import { openManifest, type SignedManifest } from '../backup/signed-manifest.ts'
import { OpsError } from '../errors.ts'
import { openRecord } from '../evidence/record.ts'
import { kitTrusts, type RecoveryKit } from '../keys/kit.ts'
import { readKeyObject } from '../keys/objects.ts'
import { printable } from '../printable.ts'
import { readText } from '../stores/content.ts'
import type { StoreReader } from '../stores/store.ts'

/** A set that the kit vouches for, and where it was found. */
export interface KitSet {
  manifest: Manifest
  signed: SignedManifest
  locations: readonly string[]
  /** Whether a restore test of it was certified by a verifier of the kit. */
  isCertified: boolean
}

/** What the stores hold of one instance. */
export interface InstanceSets {
  /** uuid */
  instance: string
  /** In the order in which they are tried; empty when none can be believed. */
  sets: readonly KitSet[]
  /** Its newest set is the one that was made before it was deleted. */
  isDeleted: boolean
}

export interface Survey {
  instances: readonly InstanceSets[]
  /** Locations that cannot be read, and sets that cannot be believed, each by name. */
  problems: readonly string[]
}

/** How many sets of an instance are looked at, the newest first: enough for each attempt to have another. */
const enoughSets = 4

/** The objects of one set, by its folder `v1/<instance>/<utc time>-<ulid>/`. */
interface Found {
  instance: string
  prefix: string
  stores: StoreReader[]
  certificates: string[]
}

/**
 * Reads in all stores which sets there are of which instances, and believes those that a key of the kit has signed. The newest is tried first:
 * to restore it is the proof. Should it not restore, those with a certificate are preferred. What was kept for a restore over live (`safety`)
 * was replaced on purpose, and comes last. A store that is away is told, and the others do.
 */
export async function surveyKit(kit: RecoveryKit, stores: readonly StoreReader[]): Promise<Survey> {
  const problems: string[] = []
  const found = new Map<string, Found>()
  let readable = 0
  for (const store of stores) {
    try {
      for await (const key of keysOf(store)) note(found, store, key)
      readable++
    } catch (error) {
      problems.push(`${store.location.name} cannot be read: ${(error as Error).message}`)
    }
  }
  if (readable === 0) throw new OpsError('store_failed', `No location of the kit can be read. ${problems.join(' ')}`)
  const byInstance = Map.groupBy(found.values(), ({ instance }) => instance)
  const instances: InstanceSets[] = []
  for (const instance of [...byInstance.keys()].sort())
    instances.push(await surveyInstance(kit, instance, byInstance.get(instance)!, problems))
  return { instances, problems }
}

/** Refuses a root key that opens nothing, before anything is made. OpsError `key_wrong`. */
export async function demandRootOpens(kit: RecoveryKit, root: Uint8Array, stores: readonly StoreReader[], survey: Survey): Promise<void> {
  let last: Error | undefined
  for (const { instance, sets } of survey.instances) {
    for (const { manifest } of sets.slice(0, 1)) {
      try {
        await readKeyObject(stores, root, instance, manifest.key_version)
        return
      } catch (error) {
        last = error as Error
      }
    }
  }
  if (last) throw new OpsError('key_wrong', `The root key opens no set of the kit of host ${kit.host}: nothing was made. ${last.message}`)
}

async function surveyInstance(kit: RecoveryKit, instance: string, all: Found[], problems: string[]): Promise<InstanceSets> {
  const sets: KitSet[] = []
  for (const one of all.sort((a, b) => (a.prefix < b.prefix ? 1 : -1))) {
    if (sets.length === enoughSets) break
    const set = await readSet(kit, one, problems)
    if (set) sets.push(set)
  }
  const regular = sets.filter(({ manifest }) => manifest.class !== 'safety')
  const [newest, ...older] = regular
  const tried = [
    ...(newest ? [newest] : []),
    ...older.filter(({ isCertified }) => isCertified),
    ...older.filter(({ isCertified }) => !isCertified),
    ...sets.filter(({ manifest }) => manifest.class === 'safety'),
  ]
  return { instance, sets: tried, isDeleted: newest?.manifest.class === 'final' }
}

/** From the first location whose copy of the manifest can be believed. */
async function readSet(kit: RecoveryKit, { prefix, stores, certificates }: Found, problems: string[]): Promise<KitSet | undefined> {
  for (const store of stores) {
    try {
      const signed = { text: await readText(store, `${prefix}manifest.json`), signature: await readText(store, `${prefix}manifest.sig`) }
      const manifest = openManifest(signed, (id) => kitTrusts(kit, id))
      if (setPrefix(manifest) !== prefix) throw new OpsError('set_damaged', `It is the manifest of ${setPrefix(manifest)}.`)
      const locations = stores.map(({ location }) => location.name)
      return { manifest, signed, locations, isCertified: await isCertified(kit, manifest, stores, certificates) }
    } catch (error) {
      problems.push(printable(`${store.location.name} ${prefix}: ${(error as Error).message}`))
    }
  }
  return undefined
}

/** A certificate is a record by a verifier that names the set; anything else beside it proves nothing. */
async function isCertified(kit: RecoveryKit, { set, instance }: Manifest, stores: readonly StoreReader[], keys: readonly string[]) {
  for (const key of keys.toSorted().toReversed()) {
    for (const store of stores) {
      try {
        const { result, check, subject, evidence } = openRecord(await readText(store, key), 'verifier', (id) => kitTrusts(kit, id))
        if (check !== 'backup.restore_test' || result !== 'pass' || subject.id !== instance) continue
        if (evidence.some(({ where }) => where.includes(`-${set}/`))) return true
      } catch {
        // not there, or none: another location may have a good one
      }
    }
  }
  return false
}

function note(found: Map<string, Found>, store: StoreReader, key: string): void {
  const [, prefix, instance, name] = /^(v1\/([0-9a-f-]{36})\/[^/]+\/)([^/]+)$/.exec(key) ?? []
  if (!prefix || !instance || !name) return
  const known = found.get(prefix) ?? { instance, prefix, stores: [], certificates: [] }
  if (name === 'manifest.json') {
    known.stores.push(store)
    found.set(prefix, known)
  } else if (name.startsWith('certificate-')) {
    if (!known.certificates.includes(key)) known.certificates.push(key)
    found.set(prefix, known)
  }
}

async function* keysOf(store: StoreReader): AsyncGenerator<string> {
  let cursor: string | undefined
  do {
    const page = await store.list('v1/', cursor)
    for (const { key } of page.objects) yield key
    cursor = page.cursor
  } while (cursor)
}
