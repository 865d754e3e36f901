import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { open, rename, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { OpsError } from '../errors.ts'
import { syncFolder } from '../files.ts'
import type { Download } from './spool.ts'

const pieceBytes = 2 ** 20

/**
 * Copies an archive to a file of somebody's choice. A copy that was killed left `<to>.part`: what of it is the same is kept, the rest is
 * written anew, and the file gets its name when all of it is right and on the disk. Gives how many bytes were there already.
 */
export async function copyDownload(
  { path, bytes, sha256 }: Download,
  to: string,
  options: { progress?: (done: number, of: number) => void; signal?: AbortSignal } = {},
): Promise<{ resumedAt: number }> {
  if (existsSync(to)) throw new OpsError('refused', `${to} is there already: nothing is written over.`)
  const part = `${to}.part`
  const source = await open(path, 'r')
  const target = await open(part, existsSync(part) ? 'r+' : 'wx+', 0o600)
  let resumedAt = 0
  try {
    const hash = createHash('sha256')
    resumedAt = await keepSame(source, target, (piece) => void hash.update(piece))
    await target.truncate(resumedAt)
    for (let at = resumedAt; at < bytes;) {
      options.signal?.throwIfAborted()
      const piece = await readAt(source, at)
      if (piece.length === 0) break
      hash.update(piece)
      await target.write(piece, 0, piece.length, at)
      at += piece.length
      options.progress?.(at, bytes)
    }
    await target.sync()
    if (hash.digest('hex') !== sha256)
      throw new OpsError('set_damaged', `The archive of the download was altered while it lay there: ask for it again.`)
  } finally {
    await source.close()
    await target.close()
  }
  await rename(part, to)
  syncFolder(dirname(to) || '.')
  return { resumedAt }
}

/** How many bytes, in whole pieces, both have in common from the beginning; `see` gets them. */
async function keepSame(source: FileHandle, target: FileHandle, see: (piece: Buffer) => void): Promise<number> {
  for (let at = 0; ; at += pieceBytes) {
    const [wanted, found] = await Promise.all([readAt(source, at), readAt(target, at)])
    if (wanted.length < pieceBytes || !wanted.equals(found)) return at
    see(wanted)
  }
}

async function readAt(file: FileHandle, position: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(pieceBytes)
  const { bytesRead } = await file.read(buffer, 0, pieceBytes, position)
  return buffer.subarray(0, bytesRead)
}
