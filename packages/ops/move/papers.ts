import { createHash, createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, hkdfSync, type KeyObject } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { SignedManifest } from '../backup/signed-manifest.ts'
import { OpsError } from '../errors.ts'
import { openLine, signLine } from '../evidence/record.ts'
import type { Home } from '../home.ts'
import type { Host } from '../host.ts'
import { ensureKey, readKey } from '../keys/key-file.ts'
import { keyIdOf, publicPem } from '../keys/signers.ts'
import { seal, unseal } from '../sealing.ts'
import type { StoreCredentials } from '../stores/credentials.ts'
import type { RegisteredLocation } from '../stores/locations.ts'

/*
 * What travels between two hosts when an instance moves, each a signed line (evidence/record.ts) by its host's own key:
 *   invitation   target → source   its public key for what is to be sealed to it (X25519)
 *   ticket       source → target   which set to restore, and, sealed to the target, where it lies, how to read it, and the instance's keys
 *   receipt      target → source   that the instance has arrived and was proven, or that it never will
 * None of them is a secret to whoever carries it. Each side believes the other by the fingerprint that its operator was told.
 */

interface Paper {
  v: 1
  /** uuid of the host that signed it, and its public key (PEM). */
  host: string
  signer: string
}

export interface Invitation extends Paper {
  kind: 'erp4 invitation'
  /** X25519, PEM. */
  box: string
}

export interface Ticket extends Paper {
  kind: 'erp4 ticket'
  /** ULID. */
  id: string
  /** uuid of the only host that may take it. */
  to: string
  /** ISO 8601. */
  made: string
  expires: string
  instance: string
  /** ULID. */
  set: string
  /** `Luggage`, sealed to the target: base64. */
  sealed: string
}

/** What only the target may know. */
export interface Luggage {
  manifest: SignedManifest
  locations: readonly RegisteredLocation[]
  /** By location; they can only read. */
  credentials: Readonly<Record<string, StoreCredentials>>
  /** Every version of the instance's key that the source has: base64. */
  keys: readonly { version: number; key: string }[]
  /** PEM: with what the seals of its audit trail are checked. */
  sealers: readonly string[]
}

export interface Receipt extends Paper {
  kind: 'erp4 receipt'
  /** Of the ticket. */
  ticket: string
  instance: string
  outcome: 'arrived' | 'declined'
  at: string
  /** Of one that arrived: the set by which it was proven there. */
  set?: string
}

type Kind = (Invitation | Ticket | Receipt)['kind']

/** `SHA256:` and base64, as people compare it: of the public key by which a host signs. */
export const fingerprintOf = (pem: string): string =>
  `SHA256:${createHash('sha256')
    .update(createPublicKey(pem).export({ type: 'spki', format: 'der' }))
    .digest('base64')
    .replace(/=+$/, '')}`

export const ownFingerprint = (host: Pick<Host, 'keys'>): string => fingerprintOf(ownSigner(host))

const ownSigner = ({ keys }: Pick<Host, 'keys'>): string => publicPem(keys.trustedKey(keys.signer('host').keyId)!)

/** Signs a paper as this host. */
export function signPaper<P extends Invitation | Ticket | Receipt>(host: Pick<Host, 'home' | 'keys'>, paper: Omit<P, keyof Paper>): string {
  return signLine({ v: 1, host: host.home.id, signer: ownSigner(host), ...paper }, host.keys.signer('host'))
}

/** No paper is longer; a manifest may have some thousand parts. */
export const longestPaper = 4 * 2 ** 20

/**
 * Opens a paper that was signed by the host whose fingerprint is `trust`. OpsError `refused` when it is none, or another host's; the sentence says
 * whose it claims to be, for somebody to compare it.
 */
export function openPaper<P extends Invitation | Ticket | Receipt>(line: string, kind: P['kind'], trust: string | undefined): P {
  const claimed = openLine<P>(line.trim(), () => undefined)
  const pem = 'fault' in claimed ? claimed.payload?.signer : undefined
  const key = typeof pem === 'string' && line.length <= longestPaper ? publicKeyOf(pem) : undefined
  if (!key) throw refused(kind, 'it is none')
  const fingerprint = fingerprintOf(publicPem(key))
  if (fingerprint !== trust)
    throw refused(
      kind,
      `it is signed by ${fingerprint}${trust === undefined ? '. Compare that with what "erp4 keys show" says on the other host, and repeat it with --trust' : ', which is another host than the one you trust'}`,
    )
  const opened = openLine<P>(line.trim(), (id) => (id === keyIdOf('host', key) ? key : undefined))
  if ('fault' in opened) throw refused(kind, opened.says)
  const { payload } = opened
  if (payload.v !== 1 || payload.kind !== kind || ![payload.host, ...idsOf(payload)].every(isUuid))
    throw refused(kind, 'it is another paper')
  return payload
}

const idsOf = (paper: Invitation | Ticket | Receipt): unknown[] => ('instance' in paper ? [paper.instance] : [])
const isUuid = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)

function publicKeyOf(pem: string): KeyObject | undefined {
  try {
    const key = createPublicKey(pem)
    return key.asymmetricKeyType === 'ed25519' ? key : undefined
  } catch {
    return undefined
  }
}

const refused = (kind: Kind, why: string): OpsError => new OpsError('refused', `That ${kind.slice(6)} cannot be taken: ${why}.`)

const boxFile = (home: Home): string => join(home.keys, 'arrivals.key')

/** RFC 8410: the envelope of an X25519 key, PKCS #8. */
function boxKey(home: Home): KeyObject {
  ensureKey(boxFile(home))
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), readKey(boxFile(home))])
  return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
}

/** For a source that shall send an instance here. */
export const invite = (host: Pick<Host, 'home' | 'keys'>): string =>
  signPaper<Invitation>(host, { kind: 'erp4 invitation', box: publicPem(createPublicKey(boxKey(host.home))) })

const rawBytes = 32

/** Seals to a public X25519 key: a key of our own for this once (32 bytes), then AES-256-GCM under what the two agree on. */
export function sealTo(box: string, plain: Buffer): Buffer {
  const target = createPublicKey(box)
  if (target.asymmetricKeyType !== 'x25519') throw new OpsError('refused', 'The invitation holds no key to seal to.')
  const { privateKey, publicKey } = generateKeyPairSync('x25519')
  const mine = raw(publicKey)
  return Buffer.concat([mine, seal(agreed(privateKey, target, mine, raw(target)), context, plain)])
}

/** Opens what was sealed to this home. OpsError `key_wrong`. */
export function openSealed(home: Home, sealed: Buffer): Buffer {
  const wrong = (cause?: unknown) => new OpsError('key_wrong', 'The ticket was not sealed to this host.', { cause })
  if (!existsSync(boxFile(home)) || sealed.length <= rawBytes) throw wrong()
  const own = boxKey(home)
  const theirs = sealed.subarray(0, rawBytes)
  try {
    const key = createPublicKey({ key: Buffer.concat([spkiPrefix, theirs]), format: 'der', type: 'spki' })
    return unseal(agreed(own, key, theirs, raw(createPublicKey(own))), context, sealed.subarray(rawBytes))
  } catch (error) {
    throw wrong(error)
  }
}

const context = { instance: 'host', purpose: 'ticket', version: 1 }
const spkiPrefix = Buffer.from('302a300506032b656e032100', 'hex')
const raw = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' }).subarray(-rawBytes)

const agreed = (privateKey: KeyObject, publicKey: KeyObject, once: Buffer, target: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', diffieHellman({ privateKey, publicKey }), Buffer.concat([once, target]), 'erp4 ticket', 32))
