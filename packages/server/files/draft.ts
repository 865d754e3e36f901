import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { mkdir, open, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { chunkBytes, openChunk, sealChunk, tagBytes } from './cipher.ts'
import { typeOf } from './type.ts'

/** More came than the place takes. */
export class FileTooLarge extends Error {
  override name = 'FileTooLarge'
}

/** Where content waits until all of it has come: only then its name is known, by which its chunks are sealed. */
export interface Draft {
  readonly name: string
  readonly size: number
  readonly mimetype: string
  chunks(): AsyncGenerator<Buffer>
  /** To be called whatever became of it. */
  discard(): Promise<void>
}

const shelf = 'incoming'

/**
 * Content of any length as it comes, a chunk in memory at a time, sealed under a key that nobody else ever has. What a killed process leaves
 * is swept with the drafts of other shelves. Throws FileTooLarge beyond `maxBytes`.
 */
export async function draftOf(
  folder: string,
  nameKey: Buffer,
  source: AsyncIterable<Uint8Array>,
  { maxBytes }: { maxBytes: number },
): Promise<Draft> {
  await mkdir(join(folder, shelf), { recursive: true, mode: 0o700 })
  const path = join(folder, shelf, `${randomUUID()}.part`)
  const [key, label] = [randomBytes(32), randomUUID()]
  const discard = (): Promise<void> =>
    unlink(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
  const digest = createHmac('sha256', nameKey)
  let [size, count, head] = [0, 0, Buffer.alloc(0)]
  const handle = await open(path, 'wx', 0o600)
  try {
    try {
      for await (const chunk of chunked(source)) {
        size += chunk.length
        if (size > maxBytes) throw new FileTooLarge()
        if (count === 0) head = Buffer.from(chunk.subarray(0, 4096))
        digest.update(chunk)
        await handle.appendFile(sealChunk(key, { name: label, number: count++, isLast: false }, chunk))
      }
    } finally {
      await handle.close()
    }
  } catch (error) {
    await discard()
    throw error
  }
  return {
    name: digest.digest('hex'),
    size,
    // A file that is cut after its head is judged as one that goes on.
    mimetype: typeOf(size > head.length ? Buffer.concat([head, Buffer.alloc(1)]) : head),
    chunks: () => readChunks(path, size, (number, stored) => openChunk(key, { name: label, number, isLast: false }, stored)),
    discard,
  }
}

/** Pieces of any length as chunks of one length, the last one shorter. */
async function* chunked(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let [held, length]: [Uint8Array[], number] = [[], 0]
  for await (const piece of source) {
    let rest = piece
    while (length + rest.length >= chunkBytes) {
      const cut = chunkBytes - length
      yield Buffer.concat([...held, rest.subarray(0, cut)])
      rest = rest.subarray(cut)
      ;[held, length] = [[], 0]
    }
    if (rest.length > 0) held.push(rest)
    length += rest.length
  }
  if (length > 0) yield Buffer.concat(held)
}

async function* readChunks(path: string, size: number, unseal: (number: number, stored: Buffer) => Buffer): AsyncGenerator<Buffer> {
  const handle: FileHandle = await open(path, 'r')
  try {
    for (let number = 0; number * chunkBytes < size; number++) {
      const stored = Buffer.alloc(Math.min(chunkBytes, size - number * chunkBytes) + tagBytes)
      const { bytesRead } = await handle.read(stored, 0, stored.length, number * (chunkBytes + tagBytes))
      yield unseal(number, stored.subarray(0, bytesRead))
    }
  } finally {
    await handle.close()
  }
}
