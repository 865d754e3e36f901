import { verify, type KeyObject } from 'node:crypto'
import { OpsError } from '../errors.ts'
import { isUlid } from '../ulid.ts'
import type { Manifest, ManifestPart, SetClass } from './manifest.ts'

/** A manifest as it lies in the stores, byte for byte: `manifest.json` and `manifest.sig`. */
export interface SignedManifest {
  text: string
  /** `{"keyid":"…","sig":"<base64 of an Ed25519 signature over the bytes of manifest.json>"}` */
  signature: string
}

/** Who signs: the host (see keys). */
export interface ManifestSigner {
  keyId: string
  sign(bytes: Uint8Array): Uint8Array
}

export function signManifest(manifest: Manifest, signer: ManifestSigner): SignedManifest {
  const text = `${JSON.stringify(manifest, null, 1)}\n`
  return { text, signature: signText(text, signer) }
}

/** Signs any text of ours as manifests are signed. */
export function signText(text: string, signer: ManifestSigner): string {
  const sig = Buffer.from(signer.sign(Buffer.from(text))).toString('base64')
  return `${JSON.stringify({ keyid: signer.keyId, sig })}\n`
}

/**
 * The manifest, once its signature holds under a key that is trusted and everything in it has the form it should. Whoever holds one has
 * nothing left to check but that the parts are those it names. OpsError `set_damaged` otherwise.
 */
export function openManifest({ text, signature }: SignedManifest, trustedKey: (keyId: string) => KeyObject | undefined): Manifest {
  verifyText({ text, signature }, trustedKey)
  return parseManifest(text)
}

/** Throws OpsError `set_damaged` unless the text was signed by a trusted key. */
export function verifyText({ text, signature }: SignedManifest, trustedKey: (keyId: string) => KeyObject | undefined): void {
  const { keyid, sig } = parse(signature, 'signature') as { keyid?: unknown; sig?: unknown }
  if (typeof keyid !== 'string' || typeof sig !== 'string') throw damaged('its signature has another form')
  // A verifier's signature proves that a set was restored, not who wrote it.
  const key = keyid.startsWith('host-') ? trustedKey(keyid) : undefined
  if (!key) throw damaged(`it is signed by ${JSON.stringify(keyid)}, a key that is not trusted here`)
  if (!verify(null, Buffer.from(text), key, Buffer.from(sig, 'base64'))) throw damaged('its signature does not hold')
}

/** A manifest whose signature is somebody else's concern. */
export function parseManifest(text: string): Manifest {
  const found = parse(text, 'text') as Manifest
  const fault = faultOf(found)
  if (fault) throw damaged(fault)
  return found
}

const classes: readonly SetClass[] = ['scheduled', 'intraday', 'manual', 'safety', 'final']
const isText = (value: unknown): value is string => typeof value === 'string' && value.length > 0 && value.length < 200
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isDigest = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
const isUuid = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)

function faultOf(one: Manifest): string | undefined {
  const { labels } = one
  if (one.v !== 1) return `it is of version ${JSON.stringify(one.v)}, which this release does not know`
  if (!isText(one.set) || !isUlid(one.set) || !isUuid(one.instance)) return 'it names no set of an instance'
  if (!classes.includes(one.class)) return 'its class is unknown'
  if (typeof one.taken !== 'string' || !/^\d{4}-/.test(one.taken) || new Date(one.taken).toJSON() !== one.taken)
    return 'it was taken at no point in time'
  if (![labels?.day, labels?.iso_week, labels?.month, labels?.zone].every(isText)) return 'labels are missing'
  if (!isCount(one.seq) || !isCount(one.key_version)) return 'its numbers are none'
  if (![one.host, one.postgres, one.release].every((text) => typeof text === 'string')) return 'its origin is missing'
  if (!Array.isArray(one.parts) || !one.parts.length) return 'it has no parts'
  const { parts, companions = [] } = one
  if (!parts.every((part) => isPart(part) && part.shared_from !== one.set)) return 'a part of it has another form'
  if (!Array.isArray(companions) || !companions.every(isCompanion)) return 'a companion of it has another form'
  const names = [...parts, ...companions, { name: 'manifest.json' }, { name: 'manifest.sig' }].map(({ name }) => name)
  return new Set(names).size < names.length ? 'two of its objects have one name' : undefined
}

// A name becomes part of a path: nothing but what we give.
const isPart = (part: ManifestPart | null): boolean =>
  typeof part?.name === 'string' &&
  /^[a-z]+-\d{3}(\.tar)?\.esdk$/.test(part.name) &&
  ['database', 'files', 'facts'].includes(part.kind) &&
  isDigest(part.sha256) &&
  isDigest(part.plain_sha256) &&
  isCount(part.bytes) &&
  isCount(part.plain_bytes) &&
  (part.shared_from === null || isUlid(part.shared_from))

const isCompanion = (one: NonNullable<Manifest['companions']>[number] | null): boolean =>
  typeof one?.name === 'string' && /^[A-Za-z][A-Za-z_-]{0,60}\.[a-z]{1,8}$/.test(one.name) && isDigest(one.sha256) && isCount(one.bytes)

function parse(text: string, what: string): object {
  try {
    const found: unknown = JSON.parse(text)
    if (typeof found === 'object' && found !== null) return found
  } catch {
    // the same sentence
  }
  throw damaged(`its ${what} is no JSON object`)
}

const damaged = (why: string): OpsError => new OpsError('set_damaged', `The manifest cannot be believed: ${why}.`)
