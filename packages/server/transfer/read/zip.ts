import { crc32, createInflateRaw } from 'node:zlib'
import { FileProblem } from '../says.ts'
import type { Readable } from './row.ts'

export interface ZipLimits {
  /** Bytes of all entries, unpacked. */
  maxBytes: number
  maxEntries: number
}

/** Entries of an archive, each read when it is asked for. */
export interface Zip {
  readonly names: ReadonlySet<string>
  /** Unpacked bytes that the archive says an entry has; 0 without the entry. */
  size(name: string): number
  /** The entry's bytes; throws UserError as soon as there are more or others than the archive says. */
  read(name: string): AsyncGenerator<Buffer>
}

interface Entry {
  readonly name: string
  readonly method: number
  readonly crc: number
  readonly packed: number
  readonly unpacked: number
  readonly at: number
}

const damaged = (): FileProblem => new FileProblem('This is not an Excel file (.xlsx), or it is damaged.')
const endBytes = 22
const headerBytes = 46
const localBytes = 30

/**
 * Opens a ZIP archive (APPNOTE 6.3, without ZIP64, encryption and spanning, which spreadsheets do not use). What it claims is added up before a
 * byte is unpacked, and held against what comes out: an archive of 40 KB can hold 5 GB.
 */
export async function openZip(file: Readable, { maxBytes, maxEntries }: ZipLimits): Promise<Zip> {
  const { entries, start, length } = await findEnd(file)
  if (entries > maxEntries)
    throw new FileProblem('The file holds {count} parts; an Excel file has at most {most}.', { count: entries, most: maxEntries })
  const directory = await read(file, start, length)
  const found = new Map<string, Entry>()
  for (let at = 0, i = 0; i < entries; i++) {
    if (at + headerBytes > directory.length || directory.readUInt32LE(at) !== 0x02014b50) throw damaged()
    const entry = entryAt(directory, at)
    if (directory.readUInt16LE(at + 8) & 1) throw new FileProblem('The file is protected by a password. Save it without one.')
    found.set(entry.name, entry)
    at += headerBytes + directory.readUInt16LE(at + 28) + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32)
  }
  const claimed = [...found.values()].reduce((sum, { unpacked }) => sum + unpacked, 0)
  if (claimed > maxBytes)
    throw new FileProblem('The file would have {size} MB unpacked; at most {most} MB are read. Save it as CSV.', {
      size: megabytes(claimed),
      most: megabytes(maxBytes),
    })
  return {
    names: new Set(found.keys()),
    size: (name) => found.get(name)?.unpacked ?? 0,
    read: (name) => unpack(file, found.get(name)),
  }
}

const megabytes = (bytes: number): number => Math.ceil(bytes / (1 << 20))

/** The record at the end says where the list of entries is; a comment of up to 64 KB may follow it. */
async function findEnd(file: Readable): Promise<{ entries: number; start: number; length: number }> {
  const from = Math.max(0, file.size - endBytes - 0xffff)
  const tail = await read(file, from, file.size - from)
  for (let at = tail.length - endBytes; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== 0x06054b50 || tail.readUInt16LE(at + 20) !== tail.length - at - endBytes) continue
    const [entries, length, start] = [tail.readUInt16LE(at + 10), tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)]
    if (start + length > from + at) throw damaged()
    return { entries, start, length }
  }
  throw damaged()
}

const entryAt = (directory: Buffer, at: number): Entry => ({
  method: directory.readUInt16LE(at + 10),
  crc: directory.readUInt32LE(at + 16),
  packed: directory.readUInt32LE(at + 20),
  unpacked: directory.readUInt32LE(at + 24),
  at: directory.readUInt32LE(at + 42),
  name: directory.subarray(at + headerBytes, at + headerBytes + directory.readUInt16LE(at + 28)).toString('utf8'),
})

async function* unpack(file: Readable, entry: Entry | undefined): AsyncGenerator<Buffer> {
  if (!entry) throw damaged()
  const local = await read(file, entry.at, localBytes)
  if (local.length < localBytes || local.readUInt32LE(0) !== 0x04034b50) throw damaged()
  // Where the bytes begin is said here alone; how many there are, the directory says, whatever this header claims.
  const start = entry.at + localBytes + local.readUInt16LE(26) + local.readUInt16LE(28)
  if (start + entry.packed > file.size || (entry.method !== 0 && entry.method !== 8)) throw damaged()
  if (entry.packed === 0) {
    if (entry.unpacked > 0) throw damaged()
    return
  }
  const packed = file.stream(start, start + entry.packed - 1)
  const content = entry.method === 0 ? packed : packed.pipe(createInflateRaw())
  packed.once('error', (error) => content.destroy(error))
  let [bytes, sum] = [0, 0]
  try {
    for await (const chunk of content as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > entry.unpacked) throw damaged()
      sum = crc32(chunk, sum)
      yield chunk
    }
  } catch (error) {
    throw (error as { code?: string }).code?.startsWith('Z_') ? damaged() : error
  } finally {
    packed.destroy()
  }
  if (bytes !== entry.unpacked || sum !== entry.crc) throw damaged()
}

async function read(file: Readable, start: number, length: number): Promise<Buffer> {
  if (length <= 0 || start >= file.size) return Buffer.alloc(0)
  return Buffer.concat(await file.stream(start, Math.min(file.size, start + length) - 1).toArray())
}
