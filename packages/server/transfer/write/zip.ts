import { crc32, createDeflateRaw } from 'node:zlib'

/** A part of an archive, its content as it comes. */
export interface ZipPart {
  readonly name: string
  readonly content: AsyncIterable<Uint8Array>
}

interface Written {
  readonly name: Buffer
  readonly at: number
  readonly crc: number
  readonly packed: number
  readonly unpacked: number
}

// Sizes follow the content (bit 3), names are UTF-8 (bit 11), contents are deflated.
const flags = (1 << 3) | (1 << 11)
const deflated = 8
const version = 20
/** 1 January 1980, the first day that the format knows: the same records make the same file. */
const date = 0x21

/** An archive as it is made (APPNOTE 6.3, without ZIP64): no part of it is held in memory, up to 4 GB. */
export async function* writeZip(parts: AsyncIterable<ZipPart> | Iterable<ZipPart>): AsyncGenerator<Buffer> {
  const written: Written[] = []
  let at = 0
  const track = (bytes: Buffer): Buffer => {
    at += bytes.length
    return bytes
  }
  for await (const { name, content } of parts) {
    const label = Buffer.from(name)
    const start = at
    yield track(Buffer.concat([localHeader(label), label]))
    let [crc, unpacked] = [0, 0]
    const packing = createDeflateRaw()
    const feeding = (async () => {
      for await (const chunk of content) {
        crc = crc32(chunk, crc)
        unpacked += chunk.byteLength
        if (!packing.write(chunk)) await new Promise((resolve) => packing.once('drain', resolve))
      }
      packing.end()
    })().catch((error: Error) => void packing.destroy(error))
    const from = at
    for await (const chunk of packing as AsyncIterable<Buffer>) yield track(chunk)
    await feeding
    const packed = at - from
    yield track(numbers([0x08074b50, 4], [crc, 4], [packed, 4], [unpacked, 4]))
    written.push({ name: label, at: start, crc, packed, unpacked })
  }
  const start = at
  for (const part of written) yield track(Buffer.concat([directoryHeader(part), part.name]))
  yield numbers([0x06054b50, 4], [0, 2], [0, 2], [written.length, 2], [written.length, 2], [at - start, 4], [start, 4], [0, 2])
}

const localHeader = (name: Buffer): Buffer =>
  numbers([0x04034b50, 4], [version, 2], [flags, 2], [deflated, 2], [0, 2], [date, 2], [0, 4], [0, 4], [0, 4], [name.length, 2], [0, 2])

const directoryHeader = ({ name, at, crc, packed, unpacked }: Written): Buffer =>
  numbers(
    [0x02014b50, 4],
    [version, 2],
    [version, 2],
    [flags, 2],
    [deflated, 2],
    [0, 2],
    [date, 2],
    [crc, 4],
    [packed, 4],
    [unpacked, 4],
    [name.length, 2],
    [0, 2],
    [0, 2],
    [0, 2],
    [0, 2],
    [0, 4],
    [at, 4],
  )

/** Little-endian numbers, each of so many bytes. */
function numbers(...list: readonly (readonly [value: number, bytes: number])[]): Buffer {
  const buffer = Buffer.alloc(list.reduce((sum, [, bytes]) => sum + bytes, 0))
  let at = 0
  for (const [value, bytes] of list) at = buffer.writeUIntLE(value, at, bytes)
  return buffer
}
