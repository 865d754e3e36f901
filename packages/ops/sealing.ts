import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { OpsError } from './errors.ts'

/** What a sealed value belongs to: bound into it, so that it opens nowhere else. */
export interface SealContext {
  /** uuid of the instance, or `host`. */
  instance: string
  purpose: string
  version: number
}

const format = 1

/** AES-256-GCM; the answer is format ‖ nonce(12) ‖ ciphertext ‖ tag(16). */
export function seal(key: Uint8Array, context: SealContext, plain: Uint8Array): Buffer {
  demandKey(key)
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(bind(context))
  return Buffer.concat([Buffer.of(format), nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** Throws OpsError `key_wrong` when the key, the context or one bit of the value is another one. */
export function unseal(key: Uint8Array, context: SealContext, sealed: Uint8Array): Buffer {
  demandKey(key)
  const wrong = `The sealed ${context.purpose} of ${context.instance} cannot be opened: the key is another one, or the value was altered.`
  if (sealed.length < 29 || sealed[0] !== format) throw new OpsError('key_wrong', wrong)
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 13), { authTagLength: 16 })
  decipher.setAAD(bind(context)).setAuthTag(sealed.subarray(-16))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(13, -16)), decipher.final()])
  } catch (error) {
    throw new OpsError('key_wrong', wrong, { cause: error })
  }
}

/** The key for one purpose, from which neither its parent nor its siblings can be found. */
export function deriveKey(key: Uint8Array, purpose: string): Buffer {
  demandKey(key)
  return Buffer.from(hkdfSync('sha256', key, '', `erp4 ${purpose}`, 32))
}

/** Names a key without telling anything of it: 16 hex digits. */
export const keyId = (key: Uint8Array): string => deriveKey(key, 'key id').toString('hex', 0, 8)

export const newKey = (): Buffer => randomBytes(32)

/** A library once zeroed the buffer it was given and went on encrypting with zeros, without an error (cloud.md F1). */
export function demandKey(key: Uint8Array): void {
  if (key.length !== 32) throw new OpsError('key_wrong', 'A key must be 32 bytes long.')
  if (key.every((byte) => byte === 0)) throw new OpsError('key_wrong', 'A key of zeros is refused: something erased it.')
}

const bind = ({ instance, purpose, version }: SealContext): Buffer => Buffer.from(JSON.stringify(['erp4', instance, purpose, version]))
