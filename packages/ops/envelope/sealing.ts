import { createReadStream, createWriteStream } from 'node:fs'
import { open as openFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Duplex, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress } from 'node:zlib'
import { OpsError } from '../errors.ts'
import { syncFolder } from '../files.ts'
import { demandKey, keyId } from '../sealing.ts'
import type { SealedPart, SealJob } from './job.ts'
import { contextOf, frameLength, hasContext, headerLimit, keyNamespace, type MessageHeader, readHeader, suiteId } from './message.ts'
import { Meter } from './meter.ts'
import { run } from './program.ts'
import { committingSuite, encryptStream, keyring } from './sdk.ts'

const pieceLength = 1024 * 1024

/** Program or file → zstd → AWS Encryption SDK → file, bounded in memory. Only a whole file ever has the name `to`. */
export async function seal(job: SealJob, count: (plainBytes: number) => void): Promise<SealedPart> {
  demandKey(job.key)
  const program = 'command' in job.source ? run(job.source, 'its output') : undefined
  const source: Readable = program?.child.stdout ?? createReadStream((job.source as { file: string }).file, { highWaterMark: 1024 * 1024 })
  const plain = new Meter({ bytesPerSecond: job.bytesPerSecond })
  const sealed = new Meter()
  plain.on('data', () => count(plain.bytes))
  await pipeline([
    source,
    Duplex.from(inPieces),
    plain,
    ...(job.compress ? [compression()] : []),
    encryption(job),
    sealed,
    createWriteStream(`${job.to}.part`, { flags: 'wx', mode: 0o600, flush: true }),
  ])
  await program?.ended
  await demandOurs(job)
  await rename(`${job.to}.part`, job.to)
  syncFolder(dirname(job.to))
  return { bytes: sealed.bytes, sha256: sealed.digest(), plainBytes: plain.bytes, plainSha256: plain.digest() }
}

/** Pipes give 64 KiB at a time at most, and each piece is a turn of every step after it, and of a thread: in larger ones all take half the processor time. */
async function* inPieces(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = []
  let length = 0
  for await (const chunk of source) {
    held.push(chunk)
    length += chunk.length
    if (length < pieceLength) continue
    yield Buffer.concat(held, length)
    held = []
    length = 0
  }
  if (length > 0) yield Buffer.concat(held, length)
}

const compression = () =>
  createZstdCompress({
    chunkSize: pieceLength,
    params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 },
  })

const encryption = ({ key, context }: SealJob) =>
  encryptStream(keyring(key, keyNamespace, `${context.instance}/${keyId(key)}`), {
    suiteId: committingSuite,
    encryptionContext: contextOf(context),
    frameLength,
  })

/** Reads the header back and unwraps the data key without the SDK: a set sealed with another key than ours is worth nothing. */
async function demandOurs({ to, key, context }: SealJob): Promise<void> {
  const header = await headerOf(`${to}.part`)
  if (header.suite !== suiteId || !hasContext(header.context, context) || !header.opensWith(key) || header.opensWith(new Uint8Array(32)))
    throw new OpsError('key_wrong', `The part ${context.part} was not sealed with the key that was given: nothing of it is kept.`)
}

/** The header of an encrypted file. */
export async function headerOf(path: string): Promise<MessageHeader> {
  const file = await openFile(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headerLimit), 0, headerLimit, 0)
    return readHeader(buffer.subarray(0, bytesRead))
  } finally {
    await file.close()
  }
}
