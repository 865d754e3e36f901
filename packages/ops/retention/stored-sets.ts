import { createHash, type KeyObject } from 'node:crypto'
import { setPrefix } from '../backup/manifest.ts'
import { openManifest } from '../backup/signed-manifest.ts'
import { OpsError } from '../errors.ts'
import { openRecord, type EvidenceRecord } from '../evidence/record.ts'
import { readText } from '../stores/content.ts'
import { isObjectKey } from '../stores/object-key.ts'
import type { StoreReader } from '../stores/store.ts'
import { isUlid } from '../ulid.ts'
import type { Headless } from './headless.ts'
import type { RetentionSet } from './plan.ts'

export type TrustedKey = (keyId: string) => KeyObject | undefined

/** A set as one store holds it. */
export interface StoredSet extends RetentionSet {
  instance: string
  /** `v1/<instance>/<time>-<ulid>/` */
  prefix: string
  keys: readonly string[]
  /** Other sets that it has parts in. */
  needs: readonly string[]
}

/** What lies in a store of one instance. */
export interface StoredInstance {
  instance: string
  sets: StoredSet[]
  /** Folders that cannot be believed, with the reason. Nothing is done to them. */
  unreadable: { prefix: string; why: string }[]
  headless: Headless[]
}

/** Where a certificate lies, beside the set that it is of. */
export const certificateKey = (prefix: string, id: string): string => `${prefix}certificate-${id}.json`

/**
 * The sets of each instance, from their signed manifests alone. A set is proven when a certificate beside it, signed by a verifier, says that
 * a restore test of exactly this manifest passed: hosts cannot say so of their own sets.
 */
export async function* storedInstances(store: StoreReader, trustedKey: TrustedKey): AsyncGenerator<StoredInstance> {
  let current: StoredInstance | undefined
  for await (const [prefix, keys] of setFolders(store)) {
    const instance = prefix.split('/')[1]!
    if (current && current.instance !== instance) yield withoutTwins(current)
    if (current?.instance !== instance) current = { instance, sets: [], unreadable: [], headless: [] }
    // A set that is being written, or whose writer was killed: its manifest comes last.
    if (!keys.includes(`${prefix}manifest.json`) || !keys.includes(`${prefix}manifest.sig`)) {
      current.headless.push({ prefix, keys })
      continue
    }
    try {
      current.sets.push(await readSet(store, prefix, keys, trustedKey))
    } catch (error) {
      if (!(error instanceof OpsError) || error.code !== 'set_damaged') throw error
      current.unreadable.push({ prefix, why: error.message })
    }
  }
  if (current) yield withoutTwins(current)
}

/** One id has one set. Of two that claim it nobody can say which is meant: neither is ranked, nor goes in the place of the other. */
function withoutTwins({ instance, sets, unreadable, headless }: StoredInstance): StoredInstance {
  const isTwin = ({ set }: StoredSet) => sets.filter((one) => one.set === set).length > 1
  const twins = sets.filter(isTwin).map(({ prefix, set }) => ({ prefix, why: `Another folder claims to be the set ${set}, too.` }))
  return { instance, sets: sets.filter((one) => !isTwin(one)), unreadable: [...unreadable, ...twins], headless }
}

/** Folders of sets with the keys in them, in the order of keys; one in memory at a time. */
async function* setFolders(store: StoreReader): AsyncGenerator<[prefix: string, keys: string[]]> {
  let [prefix, keys] = ['', [] as string[]]
  for await (const key of objectKeys(store, 'v1/')) {
    const folder = /^v1\/[0-9a-f-]{36}\/[^/]+\//.exec(key)?.[0]
    if (folder === undefined) continue
    if (folder !== prefix && keys.length) yield [prefix, keys]
    if (folder !== prefix) [prefix, keys] = [folder, []]
    keys.push(key)
  }
  if (keys.length) yield [prefix, keys]
}

/** The keys under a prefix, in order; what lies there under a name that we never give is passed over, for it can be neither read nor deleted. */
export async function* objectKeys(store: StoreReader, prefix: string): AsyncGenerator<string> {
  let cursor: string | undefined
  do {
    const page = await store.list(prefix, cursor)
    yield* page.objects.map(({ key }) => key).filter(isObjectKey)
    cursor = page.cursor
  } while (cursor !== undefined)
}

async function readSet(store: StoreReader, prefix: string, keys: readonly string[], trustedKey: TrustedKey): Promise<StoredSet> {
  const json = await readText(store, `${prefix}manifest.json`)
  const signature = await readText(store, `${prefix}manifest.sig`)
  // A verifier's key opens no manifest: it says what was found, not what there is.
  const manifest = openManifest({ text: json, signature }, (id) => (id.startsWith('host-') ? trustedKey(id) : undefined))
  if (setPrefix(manifest) !== prefix) throw new OpsError('set_damaged', `It is the manifest of ${setPrefix(manifest)}.`)
  const heads = await Promise.all(keys.map((key) => store.head(key)))
  const received = heads[keys.indexOf(`${prefix}manifest.json`)]?.modified
  const locks = heads.flatMap((head) => head?.retainUntil ?? []).map((until) => until.getTime())
  const digest = createHash('sha256').update(json).digest('hex')
  return {
    set: manifest.set,
    instance: manifest.instance,
    class: manifest.class,
    seq: manifest.seq,
    taken: new Date(manifest.taken),
    labels: manifest.labels,
    proven: await isProven(store, manifest.instance, digest, certificatesOf(prefix, keys), trustedKey),
    hold: false,
    ...(received ? { received } : {}),
    ...(locks.length ? { lockedUntil: new Date(Math.max(...locks)) } : {}),
    prefix,
    keys,
    needs: manifest.parts.flatMap((part) => part.shared_from ?? []),
  }
}

const certificatesOf = (prefix: string, keys: readonly string[]): string[] =>
  keys.filter((key) => isUlid(/^certificate-(.{26})\.json$/.exec(key.slice(prefix.length))?.[1] ?? ''))

/** One pass is enough: a later failure is of one copy, which is healed from the others, and must not evict the set. */
async function isProven(
  store: StoreReader,
  instance: string,
  manifest: string,
  keys: readonly string[],
  trustedKey: TrustedKey,
): Promise<boolean> {
  for (const key of keys.toReversed()) {
    try {
      const certificate = openRecord(await readText(store, key), 'verifier', trustedKey)
      if (isPassOf(certificate, instance, manifest)) return true
    } catch (error) {
      if (!(error instanceof OpsError) || error.code !== 'set_damaged') throw error
    }
  }
  return false
}

const isPassOf = (one: EvidenceRecord, instance: string, manifest: string): boolean =>
  one.check === 'backup.restore_test' &&
  one.result === 'pass' &&
  one.subject.type === 'instance' &&
  one.subject.id === instance &&
  one.evidence.some(({ sha256 }) => sha256 === manifest)
