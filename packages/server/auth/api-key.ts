import { createHash, randomBytes } from 'node:crypto'
import type { Connection } from '@erp4/orm'
import { signedByKey, type SignedRow } from '../sql/auth-session.ts'
import { signedOf } from './session.ts'
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

/** Whose key this is, in one statement, as `sessionUser`. Undefined when it is unknown, expired, for something else than RPC, or its owner is archived. */
export async function keyUser(cx: Connection, instance: AuthInstance, bearerKey: string): Promise<Signed | undefined> {
  if (!isKeyShaped(bearerKey)) return undefined
  const [row] = await cx.query<SignedRow>(signedByKey(bearerKey.slice(0, indexLength), keyHash(bearerKey)), 'auth_key')
  return row && { ...signedOf(instance, row, 'key'), key: { id: row.key_id!, isStale: row.is_stale } }
}

const keyHash = (key: string): string => createHash('sha256').update(key).digest('hex')
