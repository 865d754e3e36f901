import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'

/**
 * The bytes of a stored file: chunks of 1 MiB, each AES-256-GCM under the file's own key, each followed by its tag of 16 bytes;
 * an empty file is one empty chunk. Nonce and associated data carry the chunk's number and whether it is the last, so chunks
 * that were cut off, moved or taken from another file do not open. A nonce never meets a second plaintext: the key belongs to
 * one content, which its name fixes.
 *
 *     nonce = last (1 byte: 0 or 1) ‖ 00 00 00 ‖ number (uint64, big endian)
 *     aad   = "erp4.file.1\n" ‖ name ‖ nonce
 *     wrapped key = 01 ‖ nonce (12) ‖ AES-256-GCM(wrap key, file key) ‖ tag (16), aad = "erp4.file-key.1\n" ‖ instance ‖ "\n" ‖ name
 */
export const chunkBytes = 1024 * 1024
export const tagBytes = 16
const cipher = 'aes-256-gcm'
const wrapVersion = 1

/** Two keys of an instance, 32 bytes each. */
export interface FileKeys {
  /** Makes names: a bare hash of known content would tell who has it. */
  name: Buffer
  /** Wraps the files' own keys. */
  wrap: Buffer
  /** What files may be wrapped with beside it while the instance's key is being rotated; asked when `wrap` does not open one. */
  others?: () => readonly Buffer[]
}

export const nameOf = (key: Buffer, content: Uint8Array): string => createHmac('sha256', key).update(content).digest('hex')

export const lastChunk = (size: number): number => Math.max(0, Math.ceil(size / chunkBytes) - 1)

/** Bytes on disk of `size` bytes of content. */
export const storedBytes = (size: number): number => size + tagBytes * (lastChunk(size) + 1)

export function sealChunk(key: Buffer, chunk: { name: string; number: number; isLast: boolean }, content: Uint8Array): Buffer {
  const { nonce, aad } = bind(chunk)
  const sealing = createCipheriv(cipher, key, nonce).setAAD(aad)
  return Buffer.concat([sealing.update(content), sealing.final(), sealing.getAuthTag()])
}

/** @throws when the bytes are not exactly what was sealed as this chunk of this file. */
export function openChunk(key: Buffer, chunk: { name: string; number: number; isLast: boolean }, stored: Uint8Array): Buffer {
  const { nonce, aad } = bind(chunk)
  const cut = stored.length - tagBytes
  const opening = createDecipheriv(cipher, key, nonce, { authTagLength: tagBytes }).setAAD(aad).setAuthTag(stored.subarray(cut))
  return Buffer.concat([opening.update(stored.subarray(0, cut)), opening.final()])
}

function bind({ name, number, isLast }: { name: string; number: number; isLast: boolean }) {
  const nonce = Buffer.alloc(12)
  nonce.writeUInt8(isLast ? 1 : 0, 0)
  nonce.writeBigUInt64BE(BigInt(number), 4)
  return { nonce, aad: Buffer.concat([Buffer.from(`erp4.file.1\n${name}`), nonce]) }
}

export function wrapKey(wrap: Buffer, owner: { instance: string; name: string }, key: Buffer): Buffer {
  const nonce = randomBytes(12)
  const sealing = createCipheriv(cipher, wrap, nonce).setAAD(wrapContext(owner))
  return Buffer.concat([Buffer.from([wrapVersion]), nonce, sealing.update(key), sealing.final(), sealing.getAuthTag()])
}

/** @throws when the key was wrapped by another instance, for another file, or was altered. */
export function unwrapKey(wrap: Buffer, owner: { instance: string; name: string }, wrapped: Buffer): Buffer {
  if (wrapped.length !== 1 + 12 + 32 + tagBytes || wrapped[0] !== wrapVersion)
    throw new Error(`The key of file ${owner.name} has an unknown form.`)
  const opening = createDecipheriv(cipher, wrap, wrapped.subarray(1, 13), { authTagLength: tagBytes })
    .setAAD(wrapContext(owner))
    .setAuthTag(wrapped.subarray(45))
  return Buffer.concat([opening.update(wrapped.subarray(13, 45)), opening.final()])
}

const wrapContext = ({ instance, name }: { instance: string; name: string }) => Buffer.from(`erp4.file-key.1\n${instance}\n${name}`)
