import { createReadStream, createWriteStream } from 'node:fs'
import { rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createZstdDecompress } from 'node:zlib'
import { OpsError } from '../errors.ts'
import { syncFolder } from '../files.ts'
import { demandKey, keyId } from '../sealing.ts'
import type { OpenedPart, OpenJob } from './job.ts'
import { hasContext, keyNamespace, type MessageHeader, messageLength, suiteId } from './message.ts'
import { Meter } from './meter.ts'
import { isBrokenPipe, type Program, run } from './program.ts'
import { decryptUnsignedMessageStream, keyring } from './sdk.ts'
import { headerOf } from './sealing.ts'

/**
 * File → AWS Encryption SDK → zstd → file or program. A file gets its name after the last frame; a program has by then read frames that
 * are genuine, of a message that may lack its end: when this rejects, throw away what the program made of them.
 */
export async function open(job: OpenJob, count: (plainBytes: number) => void): Promise<OpenedPart> {
  demandKey(job.key)
  const { file } = job.source
  const header = await demandHeader(job)
  const inner = new Meter()
  const plain = new Meter()
  plain.on('data', () => count(plain.bytes))
  const program = 'command' in job.sink ? run(job.sink, 'its input') : undefined
  const target = 'file' in job.sink ? job.sink.file : undefined
  const sink: Writable = target
    ? createWriteStream(`${target}.part`, { flags: 'wx', mode: 0o600, flush: true })
    : (program!.child.stdin as Writable)
  await explained(
    program,
    pipeline([
      createReadStream(file, { highWaterMark: 1024 * 1024 }),
      decryptUnsignedMessageStream(keyring(job.key, keyNamespace, header.keyName)),
      inner,
      ...(job.compressed ? [createZstdDecompress({ chunkSize: 128 * 1024 })] : []),
      plain,
      sink,
    ]),
  )
  await program?.ended
  if ((await stat(file)).size !== messageLength(header, inner.bytes)) throw damaged(file, 'there is something after its end')
  if (target) {
    await rename(`${target}.part`, target)
    syncFolder(dirname(target))
  }
  return { plainBytes: plain.bytes, plainSha256: plain.digest() }
}

/** The SDK authenticates the header, and says which context it found; that it is the right one is for us to see (cloud.md F4). */
async function demandHeader({ source: { file }, key, context }: OpenJob): Promise<MessageHeader> {
  const header = await headerOf(file).catch((error: Error & { code?: string }) => {
    throw error.code === 'ENOENT'
      ? new OpsError('set_damaged', `${file} is missing: read it from another location.`)
      : damaged(file, error.message)
  })
  if (header.suite !== suiteId) throw damaged(file, 'it was not sealed by ERP4')
  if (!hasContext(header.context, context)) {
    const { instance, set, part } = header.context
    throw damaged(file, `it is ${part} of set ${set} of instance ${instance}, not ${context.part} of set ${context.set}`)
  }
  if (!header.opensWith(key)) {
    const sealedWith = header.keyName.split('/')[1]
    throw sealedWith === keyId(key)
      ? damaged(file, 'its wrapped key was altered')
      : new OpsError('key_wrong', `${file} was sealed with the backup key ${sealedWith}; the one given is ${keyId(key)}.`)
  }
  return header
}

/** A program that stops reading breaks our pipe: what it says tells more than that. */
async function explained(program: Program | undefined, work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (isBrokenPipe(error)) await program?.ended
    throw error
  }
}

const damaged = (file: string, how: string): OpsError =>
  new OpsError('set_damaged', `${file} is not what was sealed (${how}): read it from another location.`)
