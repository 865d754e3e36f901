import chardet from 'chardet'
import { FileProblem } from '../says.ts'
import { KoreanDecoder } from './korean.ts'
import type { Readable } from './row.ts'

/** The encodings that people's files come in, by the names of the WHATWG standard; `euc-kr` is CP949, as Korean Excel writes it. */
export const encodings = [
  'utf-8',
  'utf-16le',
  'utf-16be',
  'euc-kr',
  'windows-1252',
  'windows-1250',
  'windows-1251',
  'shift_jis',
  'gb18030',
  'big5',
] as const
export type Encoding = (typeof encodings)[number]

const sampleBytes = 64 * 1024

/**
 * How a text is encoded: by its mark, else as UTF-8 where the whole of it is, else as its bytes look most likely. Throws UserError for what is
 * no text. Reads the file to its end: a byte in the last row can say that it is not UTF-8.
 */
export async function detectEncoding(file: Readable): Promise<Encoding> {
  const head = await readHead(file, sampleBytes)
  const marked = byMark(head) ?? byZeros(head)
  if (marked) return marked
  const odd = await firstNotUtf8(file)
  if (odd === null) return 'utf-8'
  const start = Math.max(0, odd - 1024)
  return guess(wholeLines(Buffer.concat(await file.stream(start, Math.min(file.size, start + sampleBytes) - 1).toArray())))
}

async function readHead(file: Readable, bytes: number): Promise<Buffer> {
  return file.size === 0 ? Buffer.alloc(0) : Buffer.concat(await file.stream(0, Math.min(file.size, bytes) - 1).toArray())
}

function byMark(head: Buffer): Encoding | undefined {
  if (head.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf]))) return 'utf-8'
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : undefined
}

/** UTF-16 without a mark has a zero beside each Latin letter; zeros anywhere else are no text. */
function byZeros(head: Buffer): Encoding | undefined {
  let [even, odd] = [0, 0]
  for (let i = 0; i < head.length; i++) {
    if (head[i] !== 0) continue
    if (i % 2 === 0) even++
    else odd++
  }
  if (even + odd === 0) return undefined
  if (odd > 0 && even * 20 < odd) return 'utf-16le'
  if (even > 0 && odd * 20 < even) return 'utf-16be'
  throw notText()
}

const notText = (): FileProblem =>
  new FileProblem('This is not a text file: it holds zero bytes. Save it as CSV or Excel (.xlsx) and try again.')

/** Where the first bytes are that are not UTF-8, about; null where all is. */
async function firstNotUtf8(file: Readable): Promise<number | null> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let at = 0
  try {
    for await (const chunk of file.stream() as AsyncIterable<Buffer>) {
      decoder.decode(chunk, { stream: true })
      at += chunk.length
    }
    decoder.decode()
    return null
  } catch {
    // That it is not UTF-8 is the answer.
    const chunk = Buffer.concat(at < file.size ? await file.stream(at, Math.min(file.size, at + (1 << 20)) - 1).toArray() : [])
    const inside = chunk.findIndex((byte) => byte >= 0x80)
    return at + Math.max(0, inside)
  }
}

/** Without the first and last line, where there are others: they may be cut within a letter. */
function wholeLines(sample: Buffer): Buffer {
  const [first, last] = [sample.indexOf(10), sample.lastIndexOf(10)]
  return last > first ? sample.subarray(first + 1, last) : sample
}

function guess(sample: Buffer): Encoding {
  const korean = decoded(sample, 'euc-kr')
  if (korean !== null) {
    const letters = [...korean].filter((letter) => letter.charCodeAt(0) > 0x7f)
    const hangul = letters.filter((letter) => letter >= '\uac00' && letter <= '\ud7a3')
    // Other encodings read as Korean give Chinese characters and signs, hardly a syllable.
    if (hangul.length > letters.length * 0.6) return 'euc-kr'
  }
  const names = chardet.analyse(sample).map(({ name }) => name.toLowerCase().replace('iso-8859-1', 'windows-1252'))
  const likely = names.find((name): name is Encoding => isEncoding(name) && name !== 'utf-8' && decoded(sample, name) !== null)
  return likely ?? 'windows-1252'
}

export const isEncoding = (name: unknown): name is Encoding => encodings.includes(name as Encoding)

interface Decoder {
  decode(bytes?: Uint8Array, options?: { stream?: boolean }): string
}

const decoderOf = (encoding: Encoding): Decoder =>
  encoding === 'euc-kr' ? new KoreanDecoder() : new TextDecoder(encoding, { fatal: true })

function decoded(sample: Buffer, encoding: Encoding): string | null {
  try {
    return decoderOf(encoding).decode(sample)
  } catch {
    return null
  }
}

/** The file's text, piece by piece. Throws UserError where bytes are not of that encoding: a letter guessed at would be imported as it was guessed. */
export async function* decodeText(file: Readable, encoding: Encoding): AsyncGenerator<string> {
  const decoder = decoderOf(encoding)
  const step = (chunk?: Buffer): string => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode()
    } catch {
      throw new FileProblem('The file is not written in {encoding}. Choose its encoding, or save it as UTF-8.', { encoding })
    }
  }
  for await (const chunk of file.stream() as AsyncIterable<Buffer>) {
    const text = step(chunk)
    if (text.includes('\0')) throw notText()
    if (text !== '') yield text
  }
  const rest = step()
  if (rest !== '') yield rest
}
