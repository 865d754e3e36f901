import { createDecipheriv } from 'node:crypto'
import { open } from 'node:fs/promises'
import { OpsError } from '../errors.ts'

/**
 * Reads the encrypted files of an instance, from their format (packages/server/files/cipher.ts has it in full): chunks of 1 MiB, each
 * AES-256-GCM under the file's own key and followed by its tag; the nonce says the chunk's number and whether it is the last.
 */
const chunkBytes = 2 ** 20
const tagBytes = 16

/** Opens the key that a row of `blob` holds. OpsError `key_wrong` when it belongs to another instance or file, or was altered. */
export function unwrapFileKey(wrapKey: Buffer, owner: { instance: string; name: string }, wrapped: Buffer): Buffer {
  const wrong = `The key of file ${owner.name} does not open: it is another instance's, or was altered.`
  if (wrapped.length !== 61 || wrapped[0] !== 1) throw new OpsError('key_wrong', wrong)
  const aad = Buffer.from(`erp4.file-key.1\n${owner.instance}\n${owner.name}`)
  const opening = createDecipheriv('aes-256-gcm', wrapKey, wrapped.subarray(1, 13), { authTagLength: tagBytes })
  opening.setAAD(aad).setAuthTag(wrapped.subarray(45))
  try {
    return Buffer.concat([opening.update(wrapped.subarray(13, 45)), opening.final()])
  } catch (error) {
    throw new OpsError('key_wrong', wrong, { cause: error })
  }
}

/** The content of a stored file, chunk by chunk, each only once it is authentic. OpsError `set_damaged` where one is not. */
export async function* openStoredFile(
  path: string,
  { name, size, key }: { name: string; size: number; key: Buffer },
): AsyncGenerator<Buffer> {
  const handle = await open(path, 'r')
  try {
    const last = Math.max(0, Math.ceil(size / chunkBytes) - 1)
    for (let number = 0; number <= last; number++) {
      const stored = Buffer.alloc(Math.min(chunkBytes, size - number * chunkBytes) + tagBytes)
      const { bytesRead } = await handle.read(stored, 0, stored.length, number * (chunkBytes + tagBytes))
      yield openChunk(stored.subarray(0, bytesRead), { name, number, isLast: number === last }, key)
    }
    const { bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, size + (last + 1) * tagBytes)
    if (bytesRead) throw damaged(name, 'is longer than it should be')
  } finally {
    await handle.close()
  }
}

function openChunk(stored: Buffer, { name, number, isLast }: { name: string; number: number; isLast: boolean }, key: Buffer): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUInt8(isLast ? 1 : 0, 0)
  nonce.writeBigUInt64BE(BigInt(number), 4)
  if (stored.length < tagBytes) throw damaged(name, 'ends too early')
  const opening = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  opening.setAAD(Buffer.concat([Buffer.from(`erp4.file.1\n${name}`), nonce])).setAuthTag(stored.subarray(-tagBytes))
  try {
    return Buffer.concat([opening.update(stored.subarray(0, -tagBytes)), opening.final()])
  } catch {
    throw damaged(name, `is not what was stored (chunk ${number})`)
  }
}

const damaged = (name: string, how: string): OpsError => new OpsError('set_damaged', `The file ${name} ${how}.`)
