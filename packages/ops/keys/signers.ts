import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { OpsError } from '../errors.ts'
import { writeDurably } from '../files.ts'
import type { Home } from '../home.ts'
import { newKey } from '../sealing.ts'
import { ensureKey, readKey, writeKey } from './key-file.ts'

/** Who signs: `host` what it writes (manifests, records), `verifier` that a set was restored and found whole. One must not pass for the other. */
export const signerPurposes = ['host', 'verifier'] as const
export type SignerPurpose = (typeof signerPurposes)[number]

export interface Signer {
  /** `<purpose>-<first 8 hex digits of the SHA-256 of the raw public key>` */
  keyId: string
  /** Ed25519, 64 bytes. */
  sign(bytes: Uint8Array): Buffer
}

const isKeyId = (text: string): boolean => /^(host|verifier)-[0-9a-f]{8}$/.test(text)

/** Ed25519 from a seed of 32 bytes (RFC 8410: the prefix is its PKCS #8 envelope). */
export function signingKey(seed: Uint8Array): KeyObject {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
}

const seedFile = (home: Home, purpose: SignerPurpose): string => join(home.keys, `${purpose}-signing.key`)
const trustedFolder = (home: Home): string => join(home.keys, 'trusted')

export function keyIdOf(purpose: SignerPurpose, verify: KeyObject): string {
  const raw = verify.export({ type: 'spki', format: 'der' }).subarray(-32)
  return `${purpose}-${createHash('sha256').update(raw).digest('hex').slice(0, 8)}`
}

/**
 * Makes the signing keys of a new home, and trusts those that it has. One that is gone later is not made again in passing: recovery kits pin its
 * public half, and what another key signs none of them believes.
 */
export function ensureSigners(home: Home): void {
  const isNew = home.facts().provisioned === 0
  for (const purpose of signerPurposes) {
    if (isNew) ensureKey(seedFile(home, purpose))
    if (existsSync(seedFile(home, purpose))) trust(home, purpose, createPublicKey(signingKey(readKey(seedFile(home, purpose)))))
  }
}

/** OpsError `key_missing` when its file is gone. */
export function openSigner(home: Home, purpose: SignerPurpose): Signer {
  if (!existsSync(seedFile(home, purpose)))
    throw new OpsError(
      'key_missing',
      `The signing key ${seedFile(home, purpose)} is missing: put it back from its safe copy, or have another one with "erp4 keys rotate signer", and then make a new recovery kit.`,
    )
  const key = signingKey(readKey(seedFile(home, purpose)))
  return { keyId: keyIdOf(purpose, createPublicKey(key)), sign: (bytes) => sign(null, bytes, key) }
}

/**
 * A new signing key from now on. The old public half goes on being trusted, for what it signed; its private half is gone. The new one is
 * trusted before it is in use: interrupted, this leaves a key that is trusted and never used.
 */
export function rotateSigner(home: Home, purpose: SignerPurpose): Signer {
  const seed = newKey()
  trust(home, purpose, createPublicKey(signingKey(seed)))
  const fresh = `${seedFile(home, purpose)}.next`
  writeKey(fresh, seed)
  renameSync(fresh, seedFile(home, purpose))
  return openSigner(home, purpose)
}

/** The public key of that id, when it lies in `keys/trusted` and is what its name says. */
export function trustedKey(home: Home, keyId: string): KeyObject | undefined {
  const path = join(trustedFolder(home), `${keyId}.pem`)
  if (!isKeyId(keyId) || !existsSync(path)) return undefined
  const key = createPublicKey(readFileSync(path))
  return hasKeyId(key, keyId) ? key : undefined
}

/** Whether an id is the one that is made of this key. */
export const hasKeyId = (key: KeyObject, keyId: string): boolean =>
  isKeyId(keyId) && keyIdOf(keyId.split('-')[0] as SignerPurpose, key) === keyId

/** All that are trusted here, as PEM by id: what a recovery kit pins. */
export function trustedKeys(home: Home): Record<string, string> {
  const ids = existsSync(trustedFolder(home)) ? readdirSync(trustedFolder(home)).map((name) => name.replace(/\.pem$/, '')) : []
  return Object.fromEntries(
    ids.sort().flatMap((id) => {
      const key = trustedKey(home, id)
      return key ? [[id, publicPem(key)]] : []
    }),
  )
}

/** Ed25519 public keys of audit sealers of other hosts, whose instances came here with what had been sealed. They sign nothing else. */
export function trustedSealers(home: Home): KeyObject[] {
  const names = existsSync(trustedFolder(home)) ? readdirSync(trustedFolder(home)) : []
  return names
    .filter((name) => /^sealer-[0-9a-f]{16}\.pem$/.test(name))
    .map((name) => createPublicKey(readFileSync(join(trustedFolder(home), name))))
}

/** Believes what another host's sealer has sealed. OpsError `refused` when it is no Ed25519 key. */
export function trustSealer(home: Home, pem: string): void {
  const text = publicPem(sealerKey(pem))
  mkdirSync(trustedFolder(home), { recursive: true, mode: 0o700 })
  const name = `sealer-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.pem`
  writeDurably(join(trustedFolder(home), name), text, { mode: 0o644 })
}

function sealerKey(pem: string): KeyObject {
  try {
    const key = createPublicKey(pem)
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch {
    // no key at all: the same sentence
  }
  throw new OpsError('refused', 'That is no public key of an audit sealer.')
}

export const publicPem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }) as string

/** Trusts a public key, such as that of a verifier on another machine, or those that a recovery kit pins; gives its id. */
export function trust(home: Home, purpose: SignerPurpose, verify: KeyObject): string {
  mkdirSync(trustedFolder(home), { recursive: true, mode: 0o700 })
  const keyId = keyIdOf(purpose, verify)
  const path = join(trustedFolder(home), `${keyId}.pem`)
  if (!existsSync(path)) writeDurably(path, publicPem(verify), { mode: 0o644 })
  return keyId
}
