import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import type { InboxRow, SealRow } from '../sql/audit.ts'

/**
 * The chain's arithmetic, and the only place that knows its bytes (kernel §2.1).
 *
 *     canonical = "erp4.audit.row.1\n" ‖ each of id at txid actor on_behalf source model rec operation change:
 *                 length in bytes (uint32, big endian) ‖ UTF-8; an empty field is ff ff ff ff and nothing
 *     row_hash  = sha256(salt ‖ canonical)             salt: 16 random bytes, so that a hash tells nothing once the content was erased
 *     hash      = sha256(prev ‖ seq ‖ row_hash)        seq: uint64, big endian, dense from 1; prev of row 1: 32 zero bytes
 *
 * Numbers are decimal text, `at` microseconds since 1970 UTC, `change` the text of the jsonb as PostgreSQL wrote it when it was
 * sealed; the log keeps that text, because the text of a jsonb may change with a release of PostgreSQL.
 */
const fields = ['id', 'at', 'txid', 'actor', 'on_behalf', 'source', 'model', 'rec', 'operation', 'change'] as const
const opening = Buffer.from('erp4.audit.row.1\n')
const none = Buffer.from('ffffffff', 'hex')

export const genesis = Buffer.alloc(32)

export function canonical(row: { readonly [F in (typeof fields)[number]]: string | null }): Buffer {
  const parts = [opening]
  for (const field of fields) {
    const value = row[field]
    if (value === null) parts.push(none)
    else {
      const bytes = Buffer.from(value)
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.length)
      parts.push(length, bytes)
    }
  }
  return Buffer.concat(parts)
}

export const rowHash = (salt: Buffer, row: Omit<InboxRow, 'salt' | 'id'> & { id: string | null }): Buffer =>
  createHash('sha256').update(salt).update(canonical(row)).digest()

export function chainHash(prev: Buffer, seq: number, hashOfRow: Buffer): Buffer {
  const number = Buffer.alloc(8)
  number.writeBigUInt64BE(BigInt(seq))
  return createHash('sha256').update(prev).update(number).update(hashOfRow).digest()
}

/** A head with its proof: `signature` is over the literal bytes of `payload`, so nobody has to agree how JSON is spelled. */
export interface SignedHead {
  payload: string
  key: string
  /** Base64. */
  signature: string
}

/** Row `seq` of `chain` ended in `head` when its `n`th seal was made. */
export interface Head {
  v: 1
  kind: 'audit_head'
  /** The instance's uuid: a head of another instance proves nothing here. */
  chain: string
  n: number
  first: number
  seq: number
  /** Hex. */
  head: string
  /** ISO 8601, by the sealer's clock. */
  at: string
}

/** An Ed25519 key and the name under which verifiers find its public half. */
export interface SealingKey {
  id: string
  key: KeyObject
}

/** The name of a public key: the first 16 hex digits of the SHA-256 of its SPKI. */
export function keyId(key: KeyObject): string {
  const open = key.type === 'public' ? key : createPublicKey(key)
  return createHash('sha256')
    .update(open.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16)
}

export function signHead(head: Head, sealing: SealingKey): SignedHead {
  const payload = JSON.stringify(head)
  return { payload, key: sealing.id, signature: sign(null, Buffer.from(payload), sealing.key).toString('base64') }
}

/** The head that was signed, or the reason why it is not to be believed. */
export function openHead(signed: SignedHead, keys: ReadonlyMap<string, KeyObject>): Head | string {
  const key = keys.get(signed.key)
  if (!key) return `it is signed with key ${signed.key}, which is not among the trusted ones`
  if (key.asymmetricKeyType !== 'ed25519') return `key ${signed.key} is no Ed25519 key`
  if (!verify(null, Buffer.from(signed.payload), key, Buffer.from(signed.signature, 'base64'))) return 'its signature is wrong'
  const head = JSON.parse(signed.payload) as Head
  return head.v === 1 && head.kind === 'audit_head' ? head : 'it is no head of an audit trail'
}

export const signedHead = (seal: SealRow): SignedHead => ({
  payload: seal.payload,
  key: seal.key,
  signature: seal.signature.toString('base64'),
})
