import { open, type FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { OpsError } from '../errors.ts'

/** A file in an archive, as its central directory has it. */
export interface ZipEntry {
  name: string
  bytes: number
  crc32: number
  /** Where its local header begins. */
  offset: number
}

const signatures = { end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50, central: 0x02014b50, local: 0x04034b50 }
const all32 = 0xffffffff
const maxDirectory = 512 * 2 ** 20

/**
 * Reads the archives that we make, and refuses every other: nothing compressed, encrypted, split or overlapping, no name twice
 * (PKWARE APPNOTE 6.3.10, 4.3 and 4.5.3). OpsError `set_damaged`.
 */
export class ZipReader {
  readonly entries: readonly ZipEntry[]
  readonly #file: FileHandle
  readonly #directoryAt: number

  private constructor(file: FileHandle, entries: readonly ZipEntry[], directoryAt: number) {
    this.#file = file
    this.entries = entries
    this.#directoryAt = directoryAt
  }

  static async open(path: string): Promise<ZipReader> {
    const file = await open(path, 'r')
    try {
      const directory = await findDirectory(file)
      const entries = parseDirectory(await readAt(file, directory.offset, directory.bytes), directory.count)
      demandApart(entries, directory.offset)
      return new ZipReader(file, entries, directory.offset)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  /** The bytes of an entry; throws at their end when their CRC is another. */
  async *read(entry: ZipEntry): AsyncGenerator<Buffer> {
    const header = await readAt(this.#file, entry.offset, 30)
    if (header.readUInt32LE(0) !== signatures.local) throw damaged(`${entry.name} is not where the directory says`)
    const start = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28)
    if (start + entry.bytes > this.#directoryAt) throw damaged(`${entry.name} reaches into the directory`)
    let sum = 0
    for (let at = 0; at < entry.bytes;) {
      const piece = await readAt(this.#file, start + at, Math.min(2 ** 20, entry.bytes - at))
      sum = crc32(piece, sum)
      at += piece.length
      yield piece
    }
    if (sum !== entry.crc32) throw damaged(`the content of ${entry.name} was altered`)
  }
}

async function findDirectory(file: FileHandle): Promise<{ offset: number; bytes: number; count: number }> {
  const { size } = await file.stat()
  // We write no comment: the end record is the very end.
  if (size < 22) throw damaged('it is too short')
  const end = await readAt(file, size - 22, 22)
  if (end.readUInt32LE(0) !== signatures.end || end.readUInt16LE(20) !== 0) throw damaged('its end is missing')
  const found = { count: end.readUInt16LE(10), bytes: end.readUInt32LE(12), offset: end.readUInt32LE(16) }
  const isSmall = found.count !== 0xffff && found.bytes !== all32 && found.offset !== all32
  const directory = isSmall ? found : await findDirectory64(file, size)
  if (directory.bytes > maxDirectory || directory.offset + directory.bytes > size - 22) throw damaged('its directory lies outside of it')
  return directory
}

async function findDirectory64(file: FileHandle, size: number): Promise<{ offset: number; bytes: number; count: number }> {
  if (size < 22 + 20 + 56) throw damaged('it is too short')
  const locator = await readAt(file, size - 42, 20)
  if (locator.readUInt32LE(0) !== signatures.locator64) throw damaged('its directory cannot be found')
  const at = number64(locator, 8)
  if (at > size - 98) throw damaged('its directory cannot be found')
  const end = await readAt(file, at, 56)
  if (end.readUInt32LE(0) !== signatures.end64) throw damaged('its directory cannot be found')
  return { count: number64(end, 32), bytes: number64(end, 40), offset: number64(end, 48) }
}

function parseDirectory(directory: Buffer, count: number): ZipEntry[] {
  const entries: ZipEntry[] = []
  let at = 0
  try {
    while (at < directory.length) {
      if (directory.readUInt32LE(at) !== signatures.central) throw damaged('its directory is broken')
      const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => directory.readUInt16LE(at + field)) as [
        number,
        number,
        number,
      ]
      const method = directory.readUInt16LE(at + 10)
      const isEncrypted = directory.readUInt16LE(at + 8) & 1
      const name = directory.toString('utf8', at + 46, at + 46 + nameLength)
      // Names of ours are plain; others could be meant for whoever reads the message, or unpacks.
      if (!/^[A-Za-z0-9._/-]{1,200}$/.test(name) || name.split('/').includes('..')) throw damaged('a name in it is none of ours')
      if (method !== 0 || isEncrypted) throw damaged(`${name} is compressed or encrypted`)
      const extra = directory.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength)
      entries.push({ name, crc32: directory.readUInt32LE(at + 16), ...sizes(directory, at, extra) })
      at += 46 + nameLength + extraLength + commentLength
    }
  } catch (error) {
    throw error instanceof OpsError ? error : damaged('its directory is broken')
  }
  if (entries.length !== count) throw damaged('its directory is broken')
  return entries
}

/** Size and place, from the Zip64 field where they do not fit: it has, in order, only those that are missing. */
function sizes(directory: Buffer, at: number, extra: Buffer): { bytes: number; offset: number } {
  const [stored, plain, offset] = [20, 24, 42].map((field) => directory.readUInt32LE(at + field)) as [number, number, number]
  const wide = field64(extra)
  let next = 0
  const widen = (value: number): number => (value === all32 ? number64(wide, (next += 8) - 8) : value)
  const [bytes, packed, place] = [widen(plain), widen(stored), widen(offset)]
  if (bytes !== packed) throw damaged('its directory is broken')
  return { bytes, offset: place }
}

function field64(extra: Buffer): Buffer {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2))
    if (extra.readUInt16LE(at) === 1) return extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2))
  return Buffer.alloc(0)
}

function demandApart(entries: readonly ZipEntry[], directoryAt: number): void {
  if (new Set(entries.map(({ name }) => name)).size < entries.length) throw damaged('it has a name twice')
  let free = 0
  for (const { name, offset, bytes } of [...entries].sort((a, b) => a.offset - b.offset)) {
    if (offset < free) throw damaged(`${name} overlaps another entry`)
    free = offset + 30 + Buffer.byteLength(name) + bytes
  }
  if (free > directoryAt) throw damaged('an entry reaches into the directory')
}

function number64(buffer: Buffer, at: number): number {
  const number = buffer.readBigUInt64LE(at)
  if (number > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged('a number in it is too large')
  return Number(number)
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await file.read(buffer, 0, length, position)
  if (bytesRead < length) throw damaged('it ends too early')
  return buffer
}

const damaged = (why: string): OpsError => new OpsError('set_damaged', `This is no whole archive of ours: ${why}.`)
