import { createPublicKey, randomUUID, type KeyObject } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { OpsError } from './errors.ts'
import { ensureFolder, writeDurably } from './files.ts'
import type { Home } from './home.ts'
import { checkContext, loginContext, settleFiles } from './keys/host-key.ts'
import { readKey, readPrivate, writeKey } from './keys/key-file.ts'
import { instanceKeyContext, listKeyObjects, objectFile, objectFolder, readKeyObject, versionsIn } from './keys/objects.ts'
import { demandRoot, hasRoot, readRoot, rootFacts } from './keys/root.ts'
import {
  ensureSigners,
  openSigner,
  publicPem,
  signingKey,
  trustedKey,
  trustedSealers,
  type Signer,
  type SignerPurpose,
} from './keys/signers.ts'
import { isRoot } from './os-user.ts'
import { deriveKey, newKey, seal, unseal } from './sealing.ts'
import type { StoreReader } from './stores/store.ts'

/** The keys of one instance, each for one use (`files`, `names`, `secrets`, `tokens`, `cooldown` …), derived from its instance key. */
export interface InstanceKeys {
  version: number
  derive(purpose: string): Buffer
  /** The same of every other version that is there now, the newest first: during a rotation some things are still sealed with an older one. */
  others(purpose: string): Buffer[]
}

/**
 * The keys of a host (cloud.md §7). Layout under `keys/`:
 *   host.key                         H: opens everything that this host serves
 *   root.key                         R: only to make and move instances; `erp4 keys eject` takes it away
 *   root.json                        R's id, and since when it is R
 *   sealer.key                       the audit sealer's own, readable by its OS user alone
 *   sealer.pub                       what its signatures are checked with
 *   host-signing.key                 seed of the host's signature: manifests, records
 *   verifier-signing.key             seed of the verifier's: certificates of restore tests
 *   trusted/<key id>.pem             public keys whose signatures count here, older ones too
 *   instances/<uuid>/<v>.sealed      instance keys under R: deleting them everywhere is what shredding means
 *                                    (the stores have the same as `keys/<uuid>/<v>.sealed`)
 *   host/<uuid>/<v>.sealed           the same under H's serving key: what `serve` and `work` open
 *   shredded/<uuid>.json             what became of the keys of instances that are gone
 *   logins/<role>.sealed             passwords of the host's own database roles
 * `serve` and `work` are handed the serving key (derived from H), never H: owner passwords stay closed to them.
 */
export class HostKeys {
  readonly #home: Home
  #known: { key: Buffer; at: string } | undefined
  #lentRoot: Buffer | undefined

  private constructor(home: Home) {
    this.#home = home
  }

  /** H as it lies there now: another process may have rotated it. */
  get #host(): Buffer {
    const path = join(this.#home.keys, 'host.key')
    const { ino, mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { ino: 0, mtimeMs: 0 }
    const at = `${ino} ${mtimeMs}`
    if (this.#known?.at !== at) this.#known = { key: readKey(path), at }
    return this.#known.key
  }

  /** Opens the keys of a home; makes them when the home is new. Refuses, in one sentence, a key that is gone, erased or another home's. */
  static open(home: Home): HostKeys {
    const path = join(home.keys, 'host.key')
    if (!existsSync(path)) {
      if (home.facts().provisioned > 0) {
        throw new OpsError(
          'key_missing',
          `The host key ${path} is missing, and nothing in this home opens without it: put the file back from its safe copy.`,
        )
      }
      for (const name of ['root.key', 'sealer.key', 'host.key']) writeKey(join(home.keys, name), newKey())
    }
    settleFiles(home)
    const keys = new HostKeys(home)
    keys.#selfTest()
    if (!home.facts().host) home.note({ host: randomUUID() })
    ensureSigners(home)
    if (hasRoot(home)) rootFacts(home)
    keys.shareWithUsers()
    return keys
  }

  /** What `serve` and `work` get. */
  get serving(): Buffer {
    return deriveKey(this.#host, 'serving')
  }
  /** What only ops opens: owner passwords and its own. */
  get operating(): Buffer {
    return deriveKey(this.#host, 'operating')
  }
  get sealer(): Buffer {
    return readKey(join(this.#home.keys, 'sealer.key'))
  }
  /** What seals of audit trails here are checked with: our sealer's, then those of hosts whose instances came here. */
  get sealers(): KeyObject[] {
    return [signingPair(this.sealer).verify, ...trustedSealers(this.#home)]
  }
  /** Ed25519; the verifier's key is a file of its own, so that it can lie where the host cannot read it. */
  signer(purpose: SignerPurpose): Signer {
    return openSigner(this.#home, purpose)
  }
  /** The public key of that id, if its signatures count here. */
  trustedKey(keyId: string): KeyObject | undefined {
    return trustedKey(this.#home, keyId)
  }
  /** R, lent or from its file: OpsError `key_missing` when it is not on this host. */
  get root(): Buffer {
    return this.#lentRoot ?? readRoot(this.#home)
  }
  /** Takes R for as long as this process lives, on a host from which it was ejected. */
  lendRoot(root: Uint8Array): void {
    demandRoot(this.#home, root)
    this.#lentRoot = Buffer.from(root)
  }

  /** Gives the sealer's key and the served copies to their OS users, once those exist. */
  shareWithUsers(): void {
    const { serverUser, sealerUser, keys } = this.#home
    ensureFolder(join(keys, 'host'), serverUser ? 0o710 : 0o700, undefined, serverUser?.gid)
    if (sealerUser && isRoot()) writeKey(join(keys, 'sealer.key'), this.sealer, sealerUser)
    const trusted = publicPem(signingPair(this.sealer).verify)
    writeDurably(join(keys, 'sealer.pub'), trusted, { mode: 0o644 })
  }

  /** A new key for an instance, under R and under the serving key. */
  createInstanceKey(uuid: string, version = 1): void {
    this.#keepInstanceKey(uuid, version, newKey())
  }

  /**
   * Takes the keys of an instance that was made elsewhere from the stores, every version: its files may be wrapped with older ones.
   * `root` is what they lie under there, such as that of a recovery kit; here they are kept under this home's own. Gives the versions.
   */
  async adoptInstanceKeys(uuid: string, stores: readonly StoreReader[], root: Uint8Array = this.root): Promise<number[]> {
    const found = await Promise.all(stores.map((store) => listKeyObjects(store, uuid).catch(() => [])))
    const versions = [...new Set(found.flat())].sort((a, b) => a - b)
    if (!versions.length)
      throw new OpsError('key_missing', `No location holds a key of instance ${uuid}: it was shredded, or never stored.`)
    for (const version of versions) this.#keepInstanceKey(uuid, version, await readKeyObject(stores, root, uuid, version))
    return versions
  }

  #keepInstanceKey(uuid: string, version: number, key: Buffer): void {
    const underRoot = seal(this.root, instanceKeyContext(uuid, version), key)
    mkdirSync(objectFolder(this.#home, uuid), { recursive: true, mode: 0o700 })
    writeDurably(objectFile(this.#home, uuid, version), underRoot, { mode: 0o600 })
    this.#serveInstanceKey(uuid, version, key)
  }

  #serveInstanceKey(uuid: string, version: number, key: Uint8Array): void {
    const server = this.#home.serverUser
    const served = join(this.#home.keys, 'host', uuid)
    ensureFolder(served, server ? 0o710 : 0o700, undefined, server?.gid)
    const sealed = seal(this.serving, instanceKeyContext(uuid, version), key)
    writeDurably(join(served, `${version}.sealed`), sealed, { mode: server ? 0o640 : 0o600, gid: server?.gid })
  }

  /** The keys themselves, each version that this host holds: for the one host that the instance moves to. */
  exportInstanceKeys(uuid: string): { version: number; key: Buffer }[] {
    return this.versions(uuid).map((version) => {
      const sealed = readFileSync(join(this.#home.keys, 'host', uuid, `${version}.sealed`))
      return { version, key: unseal(this.serving, instanceKeyContext(uuid, version), sealed) }
    })
  }

  /** A version that is another host's: what it sealed can be opened here, and it is stored in no location. `removeInstanceKeys` ends that. */
  lendInstanceKey(uuid: string, version: number, key: Uint8Array): void {
    this.#serveInstanceKey(uuid, version, key)
  }

  /** Removes an instance's keys, or one version, from this home; what was sealed with them is noise here from then on. */
  removeInstanceKeys(uuid: string, version?: number): void {
    const what = version === undefined ? [] : [`${version}.sealed`]
    for (const place of ['host', 'instances']) rmSync(join(this.#home.keys, place, uuid, ...what), { recursive: true, force: true })
  }

  instanceKeys(uuid: string, version = 1): InstanceKeys {
    return openInstanceKeys(this.#home, this.serving, uuid, version)
  }

  /** The key for a purpose, of every version that this host holds, the newest first. */
  everyVersion(uuid: string, purpose: string): Buffer[] {
    return this.versions(uuid)
      .toReversed()
      .map((version) => this.instanceKeys(uuid, version).derive(purpose))
  }

  /** The versions of an instance's key that this host holds, the oldest first. */
  versions(uuid: string): number[] {
    return versionsIn(join(this.#home.keys, 'host', uuid))
  }

  /** What sets of an instance are sealed with: the newest version for new sets, the one that its manifest names for an older one. */
  backupKey(uuid: string, version = this.versions(uuid).at(-1) ?? 1): { version: number; key: Buffer } {
    return { version, key: this.instanceKeys(uuid, version).derive('backup') }
  }

  sealLogin(role: string, password: string): void {
    mkdirSync(join(this.#home.keys, 'logins'), { recursive: true, mode: 0o700 })
    writeDurably(this.#loginFile(role), seal(this.operating, loginContext(role), Buffer.from(password)), { mode: 0o600 })
  }

  login(role: string): string | undefined {
    if (!existsSync(this.#loginFile(role))) return undefined
    return unseal(this.operating, loginContext(role), readFileSync(this.#loginFile(role))).toString()
  }

  forgetLogin(role: string): void {
    rmSync(this.#loginFile(role), { force: true })
  }

  #loginFile(role: string): string {
    return join(this.#home.keys, 'logins', `${role}.sealed`)
  }

  #selfTest(): void {
    const path = join(this.#home.keys, 'check.sealed')
    if (!existsSync(path)) return writeDurably(path, seal(this.operating, checkContext, Buffer.from('erp4')), { mode: 0o600 })
    const [key, sealed] = [this.operating, readPrivate(path)]
    try {
      unseal(key, checkContext, sealed)
    } catch (error) {
      throw new OpsError(
        'key_wrong',
        `The host key ${join(this.#home.keys, 'host.key')} is not the one of this home: put the right file back.`,
        { cause: error },
      )
    }
  }
}

/** A process that began before a rotation meets what was sealed since; no more than one is under way, and each waits for the services. */
const mostNewer = 2

/** Opens the keys of an instance with the serving key alone: what `serve` and `work` do. */
export function openInstanceKeys(home: Home, serving: Uint8Array, uuid: string, version: number): InstanceKeys {
  const fileOf = (one: number): string => join(home.keys, 'host', uuid, `${one}.sealed`)
  const open = (one: number): Buffer => {
    const path = fileOf(one)
    if (!existsSync(path)) throw new OpsError('key_missing', `The key of instance ${uuid} is missing (${path}).`)
    return unseal(serving, instanceKeyContext(uuid, one), readFileSync(path))
  }
  const key = open(version)
  // Asked for by number: the OS user of the server may open these files and not list their folder.
  const others = () =>
    Array.from({ length: version + mostNewer }, (_, i) => i + 1).filter((one) => one !== version && existsSync(fileOf(one)))
  return {
    version,
    derive: (purpose) => deriveKey(key, purpose),
    others: (purpose) =>
      others()
        .toReversed()
        .map((one) => deriveKey(open(one), purpose)),
  }
}

/** The Ed25519 pair that signs sealed batches of the audit trail; the public half is no secret. */
export function signingPair(sealerKey: Uint8Array): { sign: KeyObject; verify: KeyObject } {
  const sign = signingKey(deriveKey(sealerKey, 'audit signature'))
  return { sign, verify: createPublicKey(sign) }
}
