import { crc32, inflateSync } from 'node:zlib'

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
/** Samples of a point, by colour type, and the bits that a sample may have (PNG, 11.2.1). */
const kinds: ReadonlyMap<number, { samples: number; bits: readonly number[] }> = new Map([
  [0, { samples: 1, bits: [1, 2, 4, 8, 16] }],
  [2, { samples: 3, bits: [8, 16] }],
  [3, { samples: 1, bits: [1, 2, 4, 8] }],
  [4, { samples: 2, bits: [8, 16] }],
  [6, { samples: 4, bits: [8, 16] }],
])
/** First column and row, and steps, of the seven passes of an interlaced picture (PNG, 8.2). */
const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const
/** A comment, or a profile of colours; longer ones are more than readers that take them apart letter by letter bear. */
const mostAside = 64 << 10

interface Head {
  readonly width: number
  readonly height: number
  readonly bits: number
  readonly colour: number
  readonly interlaced: boolean
}

/**
 * Whether these bytes are a PNG (ISO/IEC 15948) of at most `most` points a side, from its first chunk to its last: lengths and checksums hold, and the
 * points unpack to exactly as many as there are, no more. The reader that puts pictures into documents believes all of that: of a chunk with
 * a negative length it never comes back, and points that do not unpack end its thread.
 */
export function isSoundPng(bytes: Buffer, most: number): boolean {
  if (!bytes.subarray(0, 8).equals(signature)) return false
  let head: Head | undefined
  let palette = 0
  const packed: Buffer[] = []
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = bytes.readUInt32BE(at)
    const end = at + 12 + length
    if (end > bytes.length || crc32(bytes.subarray(at + 4, end - 4)) !== bytes.readUInt32BE(end - 4)) return false
    const name = bytes.toString('latin1', at + 4, at + 8)
    const content = bytes.subarray(at + 8, end - 4)
    if ((name === 'IHDR') !== (head === undefined)) return false
    if (name === 'IHDR') head = headOf(content, most)
    else if (name === 'IDAT') packed.push(content)
    else if (name === 'PLTE') palette = length
    else if (name === 'IEND') return end === bytes.length && arePoints(head!, palette, packed)
    else if (length > mostAside) return false
    if (!head) return false
    at = end
  }
  return false
}

function headOf(content: Buffer, most: number): Head | undefined {
  if (content.length !== 13) return undefined
  const [width, height] = [content.readUInt32BE(0), content.readUInt32BE(4)]
  const [bits, colour, packing, filter, interlacing] = content.subarray(8) as unknown as [number, number, number, number, number]
  const isKnown = kinds.get(colour)?.bits.includes(bits) && packing === 0 && filter === 0 && interlacing <= 1
  if (!isKnown || width === 0 || height === 0 || width > most || height > most) return undefined
  return { width, height, bits, colour, interlaced: interlacing === 1 }
}

/** Whether the points unpack to rows of the right length, each of which begins with one of the five filters. */
function arePoints({ width, height, bits, colour, interlaced }: Head, palette: number, packed: readonly Buffer[]): boolean {
  if (colour === 3 && (palette === 0 || palette > 768 || palette % 3 !== 0)) return false
  const pointBits = bits * kinds.get(colour)!.samples
  const shapes = interlaced
    ? passes.map(([x, y, dx, dy]) => [Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)] as const)
    : [[width, height] as const]
  const rows = shapes.filter(([w, h]) => w > 0 && h > 0).map(([w, h]) => ({ bytes: 1 + Math.ceil((w * pointBits) / 8), count: h }))
  const expected = rows.reduce((sum, { bytes, count }) => sum + bytes * count, 0)
  const points = unpacked(packed, expected)
  if (points?.length !== expected) return false
  let at = 0
  for (const { bytes, count } of rows) for (let row = 0; row < count; row++, at += bytes) if (points[at]! > 4) return false
  return true
}

function unpacked(packed: readonly Buffer[], most: number): Buffer | undefined {
  try {
    return inflateSync(Buffer.concat(packed), { maxOutputLength: most })
  } catch {
    // Damaged, or more than there should be.
    return undefined
  }
}
