import { createHash, randomBytes } from 'node:crypto'
import type { Connection } from '@erp4/orm'
import { signedByKey } from '../sql/auth-session.ts'
import { type Proof, prove } from './proof.ts'
import type { AuthInstance, Signed } from './types.ts'

const keyShape = /^[0-9a-f]{40}$/
const indexLength = 8

/** Whether a secret looks like an API key, which RPC takes in place of a password. */
export const isKeyShaped = (secret: string): boolean => keyShape.test(secret)

/**
 * A new API key: 40 hex digits, shown once. The record holds `key_index` and `secret_hash` (SHA-256 in hex: 160 random bits need
 * no stretching).
 */
export function makeKey(): { key: string; key_index: string; secret_hash: string } {
  const key = randomBytes(20).toString('hex')
  return { key, key_index: key.slice(0, indexLength), secret_hash: keyHash(key) }
}

/** Of an API key; undefined for what none ever looked like. Lost when it expired, is for something else than RPC, or its owner is archived. */
export function keyProof(key: string): Proof | undefined {
  if (!isKeyShaped(key)) return undefined
  const hash = keyHash(key)
  return { how: 'key', hash, statement: signedByKey(key.slice(0, indexLength), hash) }
}

/** Whose key this is, in one statement, as `sessionUser`. */
export async function keyUser(cx: Connection, instance: AuthInstance, key: string): Promise<Signed | undefined> {
  const proof = keyProof(key)
  return proof && prove(cx, instance, proof)
}

const keyHash = (key: string): string => createHash('sha256').update(key).digest('hex')
