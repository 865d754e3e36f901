/**
 * What a file is, told by its bytes; what an uploader says counts for nothing. A small table rather than a package: it decides
 * what a browser is told about hostile bytes, so it should be short enough to be read, and a type that is not in it is served
 * as a mere download all the same. Text of any kind, HTML, SVG and XML too, is `text/plain`: nothing of it is ever run.
 */
export function typeOf(content: Uint8Array): string {
  const head = Buffer.from(content.buffer, content.byteOffset, Math.min(content.byteLength, 4096))
  const found = signatures.find(([, offset, bytes]) => head.subarray(offset, offset + bytes.length).equals(bytes))
  if (found?.[0] === 'application/zip') return officeType(head)
  if (found?.[0] === 'riff') return head.subarray(8, 12).toString('latin1') === 'WEBP' ? 'image/webp' : unknown
  if (found) return found[0]
  return isText(head, content.byteLength > head.length) ? 'text/plain' : unknown
}

const unknown = 'application/octet-stream'

const hex = (bytes: string) => Buffer.from(bytes, 'hex')
const latin = (text: string) => Buffer.from(text, 'latin1')
const signatures: readonly (readonly [type: string, offset: number, bytes: Buffer])[] = [
  ['image/png', 0, hex('89504e470d0a1a0a')],
  ['image/jpeg', 0, hex('ffd8ff')],
  ['image/gif', 0, latin('GIF87a')],
  ['image/gif', 0, latin('GIF89a')],
  ['riff', 0, latin('RIFF')],
  ['image/bmp', 0, latin('BM')],
  ['image/x-icon', 0, hex('00000100')],
  ['image/avif', 4, latin('ftypavif')],
  ['image/heic', 4, latin('ftypheic')],
  ['application/pdf', 0, latin('%PDF-')],
  ['application/zip', 0, hex('504b0304')],
  ['application/gzip', 0, hex('1f8b08')],
  ['application/x-7z-compressed', 0, hex('377abcaf271c')],
  ['application/msword', 0, hex('d0cf11e0a1b11ae1')],
  ['video/mp4', 4, latin('ftyp')],
]

const office = 'application/vnd.openxmlformats-officedocument.'
function officeType(head: Buffer): string {
  const text = head.toString('latin1')
  const opendocument = /mimetype(application\/vnd\.oasis\.opendocument\.(?:text|spreadsheet|presentation))/.exec(text)
  if (opendocument) return opendocument[1]!
  if (!text.includes('[Content_Types].xml') && !text.includes('_rels/.rels')) return 'application/zip'
  if (text.includes('xl/')) return `${office}spreadsheetml.sheet`
  if (text.includes('word/')) return `${office}wordprocessingml.document`
  return text.includes('ppt/') ? `${office}presentationml.presentation` : 'application/zip'
}

function isText(head: Buffer, isCut: boolean): boolean {
  if (head.some((byte) => byte < 32 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13)) return false
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: isCut })
    return true
  } catch {
    return false // Not UTF-8: whatever it is, it is no text we could name.
  }
}

const byEnding = new Map([
  ['csv', 'text/csv'],
  ['json', 'application/json'],
  ['ics', 'text/calendar'],
  ['vcf', 'text/vcard'],
])

/** The type to answer with: among plain texts, the name's ending may choose one that no browser runs. */
export function servedType(detected: string, name: string): string {
  if (detected !== 'text/plain') return detected
  const type = byEnding.get(name.slice(name.lastIndexOf('.') + 1).toLowerCase())
  return `${type ?? 'text/plain'}; charset=utf-8`
}

/** Images that a browser shows without being able to run anything in them. */
export const isSafeImage = (type: string): boolean => ['image/png', 'image/jpeg', 'image/gif', 'image/webp'].includes(type)
