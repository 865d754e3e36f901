import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { link, lstat, open, rename, unlink, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { OpsError } from '../errors.ts'
import { syncFolder } from '../files.ts'
import type { Download } from './spool.ts'

const pieceBytes = 2 ** 20

/**
 * Copies an archive to a file of somebody's choice. A copy that was killed left `<to>.part`: what of it is the same is kept, the rest is
 * written anew, and the file gets its name when all of it is right and on the disk. Gives how many bytes were there already. The folder may be
 * one that others write to: nothing is written through a link, over a file, or to where somebody else could read. OpsError `refused`.
 */
export async function copyDownload(
  { path, bytes, sha256 }: Download,
  to: string,
  options: { progress?: (done: number, of: number) => void; signal?: AbortSignal } = {},
): Promise<{ resumedAt: number }> {
  await demandFree(to)
  const part = `${to}.part`
  const source = await open(path, 'r')
  const target = await openPart(part).catch(async (error: unknown) => {
    await source.close()
    throw error
  })
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
  await giveName(part, to)
  syncFolder(dirname(to) || '.')
  return { resumedAt }
}

async function demandFree(to: string): Promise<void> {
  const there = await lstat(to).catch(() => undefined) // what cannot be looked at cannot be written either, and that is told then
  if (there) throw new OpsError('refused', `${to} is there already: nothing is written over.`)
}

/** A new file, or the one that an earlier copy of ours left: never what somebody else put there for us to write to. */
async function openPart(part: string): Promise<FileHandle> {
  const { O_RDWR, O_NOFOLLOW, O_NONBLOCK } = constants
  const file = await open(part, 'wx+', 0o600)
    .catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
      return open(part, O_RDWR | O_NOFOLLOW | O_NONBLOCK)
    })
    .catch((error: Error) => {
      throw new OpsError('refused', `${part} cannot be written: ${error.message}`, { cause: error })
    })
  try {
    const { uid, nlink, mode } = await file.stat()
    const isOurs = uid === process.getuid!() && nlink === 1 && (mode & constants.S_IFMT) === constants.S_IFREG
    if (!isOurs) throw new OpsError('refused', `${part} is no copy that was begun here: remove it, or give another file.`)
    if (mode & 0o077) await file.chmod(0o600)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/** `link` refuses a name that is taken by now; where a file system has no links (a USB stick), looking has to do. */
async function giveName(part: string, to: string): Promise<void> {
  try {
    await link(part, to)
    await unlink(part)
  } catch (error) {
    await demandFree(to)
    if (!['EPERM', 'ENOTSUP', 'ENOSYS'].includes((error as { code?: string }).code ?? '')) throw error
    await rename(part, to)
  }
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
