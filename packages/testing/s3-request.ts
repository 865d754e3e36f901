import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { crc32 } from 'node:zlib'

/** An answer that is no success: S3's code and its HTTP status. */
export class S3Refusal extends Error {
  override name = 'S3Refusal'
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message = code) {
    super(message)
    this.status = status
    this.code = code
  }
}

export interface S3Key {
  secretAccessKey: string
}

const maxSkewMs = 15 * 60_000

/**
 * Verifies AWS Signature Version 4 in the Authorization header, as S3 does: the path is encoded once, `host` and every `x-amz-*` header are
 * signed, the clock is within a quarter of an hour. Gives the access key's id.
 */
export function verifySignature(request: IncomingMessage, keys: ReadonlyMap<string, S3Key>, region: string, now: Date): string {
  const { accessKeyId, day, scope, signedHeaders, signature } = parseAuthorization(request)
  const key = keys.get(accessKeyId)
  if (!key) throw new S3Refusal(403, 'InvalidAccessKeyId')
  const stamp = header(request, 'x-amz-date')
  const at = Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (Number.isNaN(at) || Math.abs(at - now.getTime()) > maxSkewMs) throw new S3Refusal(403, 'RequestTimeTooSkewed')
  if (scope !== `${day}/${region}/s3/aws4_request` || !stamp.startsWith(day)) throw new S3Refusal(400, 'AuthorizationHeaderMalformed')
  const mustBeSigned = ['host', ...Object.keys(request.headers).filter((name) => name.startsWith('x-amz-'))]
  if (!mustBeSigned.every((name) => signedHeaders.includes(name)))
    throw new S3Refusal(403, 'AccessDenied', 'There were headers that were not signed')
  const canonical = canonicalRequest(request, signedHeaders)
  const text = ['AWS4-HMAC-SHA256', stamp, scope, createHash('sha256').update(canonical).digest('hex')].join('\n')
  const signing = [day, region, 's3', 'aws4_request'].reduce<Buffer>(hmac, Buffer.from(`AWS4${key.secretAccessKey}`))
  const wanted = hmac(signing, text)
  const given = Buffer.from(signature, 'hex')
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) throw new S3Refusal(403, 'SignatureDoesNotMatch')
  return accessKeyId
}

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
const header = (request: IncomingMessage, name: string): string => String(request.headers[name] ?? '')

function parseAuthorization(request: IncomingMessage) {
  const pattern = /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/
  const [, accessKeyId, scope, signedHeaders, signature] = pattern.exec(header(request, 'authorization')) ?? []
  if (!accessKeyId || !scope || !signedHeaders || !signature) throw new S3Refusal(403, 'AccessDenied', 'Nobody without a signature')
  return { accessKeyId, scope, day: scope.split('/')[0]!, signedHeaders: signedHeaders.split(';'), signature }
}

function canonicalRequest(request: IncomingMessage, signedHeaders: readonly string[]): string {
  const [path = '', query = ''] = request.url!.split('?')
  const parameters = query
    .split('&')
    .filter((one) => one !== '')
    .map((one) => (one.includes('=') ? one : `${one}=`))
    .sort()
  const headers = signedHeaders.map((name) => `${name}:${header(request, name).trim().replaceAll(/ +/g, ' ')}\n`).join('')
  return [request.method, path, parameters.join('&'), headers, signedHeaders.join(';'), header(request, 'x-amz-content-sha256')].join('\n')
}

/**
 * The body of a request, decoded where it comes in chunks with a trailer, as SDKs send streams. At its end it is compared with what was
 * signed and with every checksum that came along; an upload without any is refused.
 */
export async function* verifiedBody(request: IncomingMessage): AsyncGenerator<Buffer> {
  const signed = header(request, 'x-amz-content-sha256')
  const checks = new Checks(signed)
  let trailers: Record<string, string> = {}
  const isChunked = signed.startsWith('STREAMING-')
  if (isChunked && signed !== 'STREAMING-UNSIGNED-PAYLOAD-TRAILER') throw new S3Refusal(501, 'NotImplemented', signed)
  if (isChunked && header(request, 'x-amz-trailer') === '') throw new S3Refusal(400, 'MalformedTrailerError')
  for await (const piece of isChunked ? chunks(request, (found) => (trailers = found)) : (request as AsyncIterable<Buffer>)) {
    checks.update(piece)
    yield piece
  }
  const length = header(request, isChunked ? 'x-amz-decoded-content-length' : 'content-length') || '0'
  if (checks.length !== Number(length)) throw new S3Refusal(400, 'IncompleteBody')
  checks.compare({ ...request.headers, ...trailers })
}

class Checks {
  length = 0
  readonly #signed: string
  readonly #sha256 = createHash('sha256')
  readonly #sha1 = createHash('sha1')
  readonly #md5 = createHash('md5')
  #crc32 = 0

  constructor(signed: string) {
    this.#signed = signed
  }

  update(piece: Buffer): void {
    this.length += piece.length
    for (const hash of [this.#sha256, this.#sha1, this.#md5]) hash.update(piece)
    this.#crc32 = crc32(piece, this.#crc32)
  }

  compare(given: NodeJS.Dict<string | string[]>): void {
    const sha256 = this.#sha256.digest()
    const isSigned = /^[0-9a-f]{64}$/.test(this.#signed)
    if (isSigned && this.#signed !== sha256.toString('hex')) throw new S3Refusal(400, 'XAmzContentSHA256Mismatch')
    const crc = Buffer.alloc(4)
    crc.writeUInt32BE(this.#crc32)
    const found: Record<string, string> = {
      'content-md5': this.#md5.digest('base64'),
      'x-amz-checksum-sha256': sha256.toString('base64'),
      'x-amz-checksum-sha1': this.#sha1.digest('base64'),
      'x-amz-checksum-crc32': crc.toString('base64'),
    }
    const came = Object.keys(given).filter((name) => name === 'content-md5' || /^x-amz-checksum-(?!algorithm|type|mode)/.test(name))
    for (const name of came) if (found[name] !== given[name]) throw new S3Refusal(400, 'BadDigest', `${name} does not match`)
    if (!isSigned && came.length === 0) throw new S3Refusal(400, 'InvalidRequest', 'A body needs a signed hash or a checksum')
  }
}

/** The encoding `aws-chunked`: `<hex length>\r\n<bytes>\r\n` …, `0\r\n`, then `name:value\r\n` for each trailer, and an empty line. */
async function* chunks(stream: AsyncIterable<Buffer>, tell: (trailers: Record<string, string>) => void): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0)
  let left = 0
  let state: 'size' | 'data' | 'end' | 'trailers' = 'size'
  for await (const piece of stream) {
    rest = Buffer.concat([rest, piece])
    for (;;) {
      if (state === 'data') {
        const part = rest.subarray(0, left)
        if (part.length) yield part
        left -= part.length
        rest = rest.subarray(part.length)
        if (left > 0) break
        state = 'end'
      }
      if (state === 'end') {
        if (rest.length < 2) break
        if (rest.subarray(0, 2).toString() !== '\r\n') throw new S3Refusal(400, 'IncompleteBody')
        rest = rest.subarray(2)
        state = 'size'
      }
      if (state === 'trailers') break
      const line = rest.indexOf('\r\n')
      if (line < 0) break
      left = Number.parseInt(rest.subarray(0, line).toString(), 16)
      if (Number.isNaN(left)) throw new S3Refusal(400, 'IncompleteBody')
      rest = rest.subarray(line + 2)
      state = left === 0 ? 'trailers' : 'data'
    }
  }
  if (state !== 'trailers') throw new S3Refusal(400, 'IncompleteBody')
  const lines = rest.toString().split('\r\n').filter(Boolean)
  tell(Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()])))
}
