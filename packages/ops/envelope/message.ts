import { createDecipheriv } from 'node:crypto'

/**
 * What we read of an encrypted part ourselves: the header of the AWS Encryption SDK's message format, version 2. The SDK returns the
 * context of a message and compares nothing (cloud.md F4), and once it wrapped every data key with zeros (F1): so both are looked at here.
 */
export interface MessageHeader {
  suite: number
  context: Readonly<Record<string, string>>
  /** `<instance>/<key id>` */
  keyName: string
  frameLength: number
  /** Bytes before the first frame. */
  length: number
  /** Whether `key` is what wrapped this message's data key. */
  opensWith(key: Uint8Array): boolean
}

/** What is bound into each part: it opens as nothing else. `part` is the part's name in its manifest. */
export interface PartContext {
  /** uuid */
  instance: string
  /** ULID; of the set that the part was made for. */
  set: string
  part: string
}

/** AES-256-GCM, HKDF-SHA-512, key commitment, no signature. */
export const suiteId = 0x0478
export const frameLength = 1024 * 1024
export const keyNamespace = 'erp4'
/** More than a header of ours can have; its texts are bounded by the names in it. */
export const headerLimit = 4096

const bytes = { version: 1, suite: 2, messageId: 32, commitment: 32, tag: 16, nonce: 12, dataKey: 32, sequence: 4, length: 4 }

/** The encryption context of a part, as the SDK takes it. */
export const contextOf = ({ instance, set, part }: PartContext): Record<string, string> => ({ instance, set, part, version: '1' })

/** Throws RangeError or Error when `start`, the first bytes of a file, is no message of ours. */
export function readHeader(start: Buffer): MessageHeader {
  const take = reader(start)
  if (take(bytes.version)[0] !== 2) throw new Error('not version 2 of the message format')
  const suite = take(bytes.suite).readUInt16BE()
  take(bytes.messageId)
  const context = take(take(2).readUInt16BE())
  if (take(2).readUInt16BE() !== 1) throw new Error('not one wrapped data key')
  const namespace = take(take(2).readUInt16BE()).toString()
  const provider = take(take(2).readUInt16BE())
  const wrapped = take(take(2).readUInt16BE())
  if (namespace !== keyNamespace || take(1)[0] !== 2) throw new Error('another namespace or kind of content')
  const frame = take(4).readUInt32BE()
  take(bytes.commitment + bytes.tag)
  return {
    suite,
    context: readContext(context),
    // After the name: the lengths of tag and nonce, 4 bytes each, and the nonce.
    keyName: provider.subarray(0, -(8 + bytes.nonce)).toString(),
    frameLength: frame,
    length: take.at(),
    opensWith: (key) => unwraps(key, provider.subarray(-bytes.nonce), wrapped, context),
  }
}

/** Whether a part has exactly this context, and nothing besides. */
export function hasContext(found: Readonly<Record<string, string>>, wanted: PartContext): boolean {
  const expected = Object.entries(contextOf(wanted))
  return Object.keys(found).length === expected.length && expected.every(([name, value]) => found[name] === value)
}

/** How long a message is: whole frames, then a last one that may be empty. The SDK passes over bytes after it in silence. */
export function messageLength(header: MessageHeader, contentLength: number): number {
  const whole = Math.floor(contentLength / header.frameLength)
  const frame = bytes.sequence + bytes.nonce + bytes.tag
  return header.length + whole * (frame + header.frameLength) + bytes.sequence + frame + bytes.length + (contentLength % header.frameLength)
}

function unwraps(key: Uint8Array, nonce: Buffer, wrapped: Buffer, context: Buffer): boolean {
  if (wrapped.length !== bytes.dataKey + bytes.tag) return false
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: bytes.tag })
  decipher.setAAD(context).setAuthTag(wrapped.subarray(-bytes.tag))
  try {
    decipher.update(wrapped.subarray(0, -bytes.tag))
    decipher.final()
    return true
  } catch {
    return false // the tag does not fit: another key
  }
}

function readContext(serialized: Buffer): Record<string, string> {
  const take = reader(serialized)
  const text = () => take(take(2).readUInt16BE()).toString()
  const pairs = Array.from({ length: take(2).readUInt16BE() }, () => [text(), text()])
  return Object.fromEntries(pairs) as Record<string, string>
}

function reader(from: Buffer): ((length: number) => Buffer) & { at(): number } {
  let at = 0
  const take = (length: number): Buffer => {
    if (at + length > from.length) throw new RangeError('the header ends too early')
    return from.subarray(at, (at += length))
  }
  return Object.assign(take, { at: () => at })
}
