import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { S3Bucket, type S3Version } from './s3-bucket.ts'
import { S3Refusal, verifiedBody, verifySignature } from './s3-request.ts'

/** What an access key may do. `put` writes new objects only: the bucket's policy demands `If-None-Match: *`, as AWS lets it. */
export type S3Right = 'get' | 'list' | 'put' | 'delete' | 'deleteVersion' | 'retain'

export interface S3Call {
  /** As AWS calls it: `PutObject`, `GetObject`, `ListObjectsV2` … */
  operation: string
  key: string
}

/** What goes wrong with a call. */
export type S3Fault =
  | { answer: 'error'; status: number; code: string }
  | { answer: 'late'; ms: number }
  /** The connection is cut after so many bytes, of the request's body when it has one, otherwise of the answer's. */
  | { answer: 'cut'; after: number }
  /** It is done, and the connection is cut before the answer. */
  | { answer: 'lost' }
  /** One bit of the body is another. */
  | { answer: 'wrong' }

export interface S3Double {
  readonly endpoint: string
  readonly region: string
  readonly name: string
  readonly bucket: S3Bucket
  /** Decides for each call, after its signature was found good. */
  fault: ((call: S3Call) => S3Fault | undefined) | undefined
  /** How far its clock is ahead. */
  skewMs: number
  /** Every call that was let in. */
  readonly calls: S3Call[]
  close(): Promise<void>
}

interface S3User {
  accessKeyId: string
  secretAccessKey: string
  rights: readonly S3Right[]
}

/**
 * A strict S3 of our own on loopback, with one bucket that has versions and object lock: signatures, hashes and checksums are verified,
 * conditions obeyed, locks kept. What it does not know is refused.
 */
export async function s3Double(users: readonly S3User[], name = 'backups'): Promise<S3Double> {
  const folder = mkdtempSync(join(tmpdir(), 'erp4-s3-'))
  const server = createServer((request, response) => void new Exchange(double, users, folder, request, response).run())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const double: S3Double = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'eu-test-1',
    name,
    bucket: new S3Bucket(),
    fault: undefined,
    skewMs: 0,
    calls: [],
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return double
}

const pageSize = 1000

/** One request and its answer. */
class Exchange {
  readonly #double: S3Double
  readonly #users: readonly S3User[]
  readonly #folder: string
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #query: URLSearchParams
  readonly #key: string
  #rights: readonly S3Right[] = []
  #fault: S3Fault | undefined

  constructor(double: S3Double, users: readonly S3User[], folder: string, request: IncomingMessage, response: ServerResponse) {
    this.#double = double
    this.#users = users
    this.#folder = folder
    this.#request = request
    this.#response = response
    const url = new URL(request.url!, double.endpoint)
    this.#query = url.searchParams
    const [, bucket, ...rest] = url.pathname.split('/').map(decodeURIComponent)
    this.#key = rest.join('/')
    if (bucket !== double.name) this.#key = '\0'
  }

  async run(): Promise<void> {
    this.#request.on('error', () => {}) // cut by us, or by the client
    this.#response.on('error', () => {})
    this.#response.sendDate = false
    this.#response.setHeader('date', this.#now.toUTCString())
    this.#response.setHeader('x-amz-request-id', randomUUID())
    try {
      const keys = new Map(this.#users.map((user) => [user.accessKeyId, user]))
      const user = verifySignature(this.#request, keys, this.#double.region, this.#now)
      this.#rights = keys.get(user)!.rights
      if (this.#key === '\0') throw new S3Refusal(404, 'NoSuchBucket')
      await this.#operate()
    } catch (error) {
      this.#refuse(error)
    }
  }

  get #now(): Date {
    return new Date(Date.now() + this.#double.skewMs)
  }

  async #operate(): Promise<void> {
    const has = (name: string): boolean => this.#query.has(name)
    const about = this.#key === '' ? 'bucket' : 'object'
    const which = ['list-type', 'versioning', 'versions', 'uploads', 'uploadId', 'partNumber', 'retention'].filter(has).join('+')
    switch (`${this.#request.method} ${about} ${which}`.trimEnd()) {
      case 'HEAD bucket':
        return this.#as('HeadBucket', 'list', () => this.#answer(200))
      case 'GET bucket list-type':
        return this.#as('ListObjectsV2', 'list', () => this.#list())
      case 'GET bucket versioning':
        return this.#as('GetBucketVersioning', 'list', () => this.#xml('VersioningConfiguration', '<Status>Enabled</Status>'))
      case 'GET bucket versions':
        return this.#as('ListObjectVersions', 'deleteVersion', () => this.#listVersions())
      case 'GET bucket uploads':
        return this.#as('ListMultipartUploads', 'deleteVersion', () => this.#listUploads())
      case 'HEAD object':
      case 'GET object':
        return this.#as(this.#request.method === 'GET' ? 'GetObject' : 'HeadObject', 'get', () => this.#get())
      case 'PUT object':
        return this.#as('PutObject', 'put', () => this.#put())
      case 'POST object uploads':
        return this.#as('CreateMultipartUpload', 'put', () => this.#begin())
      case 'PUT object uploadId+partNumber':
        return this.#as('UploadPart', 'put', () => this.#putPart())
      case 'POST object uploadId':
        return this.#as('CompleteMultipartUpload', 'put', () => this.#complete())
      case 'DELETE object uploadId':
        return this.#as('AbortMultipartUpload', 'put', () => this.#abort())
      case 'DELETE object':
        return this.#as('DeleteObject', has('versionId') ? 'deleteVersion' : 'delete', () => this.#delete())
      case 'PUT object retention':
        return this.#as('PutObjectRetention', 'retain', () => this.#retain())
      default:
        throw new S3Refusal(501, 'NotImplemented', `${this.#request.method} ${this.#request.url}`)
    }
  }

  async #as(operation: string, right: S3Right, work: () => void | Promise<void>): Promise<void> {
    // Whoever deletes may also take away what killed writers left.
    const rights: readonly string[] =
      operation === 'AbortMultipartUpload' ? [...this.#rights, ...(this.#may('deleteVersion') ? ['put'] : [])] : this.#rights
    if (!rights.includes(right)) throw new S3Refusal(403, 'AccessDenied', `This key may not ${right}`)
    const call = { operation, key: this.#key }
    this.#double.calls.push(call)
    this.#fault = this.#double.fault?.(call)
    if (this.#fault?.answer === 'error') throw new S3Refusal(this.#fault.status, this.#fault.code)
    if (this.#fault?.answer === 'late') await pause(this.#fault.ms, undefined, { ref: false })
    await work()
  }

  #may(right: S3Right): boolean {
    return this.#rights.includes(right)
  }

  #header(name: string): string | undefined {
    const value = this.#request.headers[name]
    return typeof value === 'string' ? value : undefined
  }

  async #put(): Promise<void> {
    this.#demandNew()
    const content = await this.#receive()
    // Looked at again: another writer may have been quicker.
    this.#demandNew()
    const { bucket } = this.#double
    const version = bucket.add({ key: this.#key, modified: this.#now, content, ...this.#retention() })
    this.#answer(200, { etag: content.etag, 'x-amz-version-id': version.id, 'x-amz-checksum-sha256': content.sha256 })
  }

  #demandNew(): void {
    if (this.#header('if-none-match') !== '*') throw new S3Refusal(403, 'AccessDenied', 'This bucket takes new objects only')
    if (this.#double.bucket.current(this.#key)) throw new S3Refusal(412, 'PreconditionFailed')
  }

  /** The body, in a file of its own. */
  async #receive() {
    const path = join(this.#folder, randomUUID())
    const [md5, sha256] = [createHash('md5'), createHash('sha256')]
    let length = 0
    const { request, fault } = { request: this.#request, fault: this.#fault }
    const body = async function* (): AsyncGenerator<Buffer> {
      for await (const piece of verifiedBody(request)) {
        length += piece.length
        if (fault?.answer === 'cut' && length >= fault.after) request.socket.destroy()
        md5.update(piece)
        sha256.update(piece)
        yield piece
      }
    }
    try {
      await pipeline(body, createWriteStream(path))
    } catch (error) {
      rmSync(path, { force: true })
      throw error
    }
    return { path, length, etag: `"${md5.digest('hex')}"`, sha256: sha256.digest('base64') }
  }

  #retention(): { retainUntil?: Date } {
    const until = this.#header('x-amz-object-lock-retain-until-date')
    if (until === undefined) return {}
    if (this.#header('x-amz-object-lock-mode') !== 'COMPLIANCE') throw new S3Refusal(400, 'InvalidRequest', 'A lock needs its mode')
    if (!this.#header('x-amz-checksum-sha256') && !this.#query.has('uploads'))
      throw new S3Refusal(400, 'InvalidRequest', 'A lock needs a checksum')
    if (!(new Date(until) > this.#now)) throw new S3Refusal(400, 'InvalidArgument', 'A lock ends in the future')
    return { retainUntil: new Date(until) }
  }

  #begin(): void {
    if (this.#header('x-amz-checksum-algorithm') !== 'SHA256') throw new S3Refusal(400, 'InvalidRequest', 'Uploads need checksums')
    const upload = { id: randomUUID(), key: this.#key, begun: this.#now, parts: new Map(), ...this.#retention() }
    this.#double.bucket.uploads.set(upload.id, upload)
    this.#xml('InitiateMultipartUploadResult', tags({ Bucket: this.#double.name, Key: this.#key, UploadId: upload.id }))
  }

  #upload() {
    const found = this.#double.bucket.uploads.get(this.#query.get('uploadId')!)
    if (found?.key !== this.#key) throw new S3Refusal(404, 'NoSuchUpload')
    return found
  }

  async #putPart(): Promise<void> {
    const upload = this.#upload()
    if (!this.#header('x-amz-checksum-sha256')) throw new S3Refusal(400, 'InvalidRequest', 'Parts need their checksum')
    const part = await this.#receive()
    upload.parts.set(Number(this.#query.get('partNumber')), part)
    this.#answer(200, { etag: part.etag, 'x-amz-checksum-sha256': part.sha256 })
  }

  async #complete(): Promise<void> {
    const upload = this.#upload()
    const named = [...(await this.#text()).matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part]) => ({
      number: Number(tag(part!, 'PartNumber')),
      etag: tag(part!, 'ETag').replaceAll('&quot;', '"'),
      sha256: tag(part!, 'ChecksumSHA256'),
    }))
    this.#demandNew()
    const parts = named.map(({ number, etag, sha256 }, index) => {
      const part = upload.parts.get(number)
      if (number !== index + 1) throw new S3Refusal(400, 'InvalidPartOrder')
      if (!part || part.etag !== etag || part.sha256 !== sha256) throw new S3Refusal(400, 'InvalidPart')
      if (part.length < 5 * 2 ** 20 && index < named.length - 1) throw new S3Refusal(400, 'EntityTooSmall')
      return part
    })
    if (parts.length === 0) throw new S3Refusal(400, 'MalformedXML')
    const path = join(this.#folder, randomUUID())
    for (const part of parts) await pipeline(createReadStream(part.path), createWriteStream(path, { flags: 'a' }))
    this.#demandNew()
    this.#forget(upload.id)
    const md5 = createHash('md5').update(Buffer.concat(parts.map(({ etag }) => Buffer.from(etag.slice(1, -1), 'hex'))))
    const content = { path, length: parts.reduce((sum, { length }) => sum + length, 0), etag: `"${md5.digest('hex')}-${parts.length}"` }
    const { retainUntil } = upload
    this.#double.bucket.add({ key: this.#key, modified: this.#now, content, ...(retainUntil ? { retainUntil } : {}) })
    this.#xml('CompleteMultipartUploadResult', tags({ Bucket: this.#double.name, Key: this.#key, ETag: content.etag }))
  }

  #abort(): void {
    this.#forget(this.#upload().id)
    this.#answer(204)
  }

  #forget(id: string): void {
    for (const { path } of this.#double.bucket.uploads.get(id)!.parts.values()) rmSync(path, { force: true })
    this.#double.bucket.uploads.delete(id)
  }

  async #get(): Promise<void> {
    const id = this.#query.get('versionId')
    const { bucket } = this.#double
    const version = id ? bucket.version(this.#key, id) : bucket.current(this.#key)
    if (!version?.content) throw new S3Refusal(404, 'NoSuchKey')
    const { length, etag, path } = version.content
    const lock = version.retainUntil
      ? { 'x-amz-object-lock-mode': 'COMPLIANCE', 'x-amz-object-lock-retain-until-date': version.retainUntil.toISOString() }
      : {}
    const headers = {
      etag,
      'last-modified': version.modified.toUTCString(),
      'accept-ranges': 'bytes',
      'x-amz-version-id': version.id,
      ...lock,
    }
    const range = this.#range(length)
    const [start, end] = range ?? [0, length - 1]
    const size = { 'content-length': String(end - start + 1), ...(range ? { 'content-range': `bytes ${start}-${end}/${length}` } : {}) }
    this.#response.writeHead(range ? 206 : 200, { ...headers, ...size })
    if (this.#request.method === 'HEAD' || length === 0) return void this.#response.end()
    const stream = Readable.from(this.#spoiled(createReadStream(path, { start, end })))
    await pipeline(stream, this.#response).catch(() => {}) // the client went away
  }

  #range(length: number): [start: number, end: number] | undefined {
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(this.#header('range') ?? '') ?? []
    if (from === undefined) return undefined
    if (Number(from) >= length) throw new S3Refusal(416, 'InvalidRange')
    return [Number(from), Math.min(to ? Number(to) : Infinity, length - 1)]
  }

  async *#spoiled(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let sent = 0
    for await (const piece of stream) {
      if (this.#fault?.answer === 'wrong' && sent === 0) piece[0]! ^= 1
      if (this.#fault?.answer === 'cut' && sent + piece.length >= this.#fault.after) {
        yield piece.subarray(0, this.#fault.after - sent)
        await pause(20)
        this.#request.socket.destroy()
        return
      }
      sent += piece.length
      yield piece
    }
  }

  #list(): void {
    const prefix = this.#query.get('prefix') ?? ''
    const after = Buffer.from(this.#query.get('continuation-token') ?? '', 'base64').toString()
    const keys = this.#double.bucket.keys(prefix).filter((key) => this.#double.bucket.current(key) && key > after)
    const page = keys.slice(0, Math.min(pageSize, Number(this.#query.get('max-keys') ?? pageSize)))
    const contents = page.map((key) => {
      const { content, modified } = this.#double.bucket.current(key)!
      return `<Contents>${tags({ Key: key, Size: content!.length, ETag: content!.etag, LastModified: modified.toISOString() })}</Contents>`
    })
    const isTruncated = page.length < keys.length
    const next = isTruncated ? tags({ NextContinuationToken: Buffer.from(page.at(-1)!).toString('base64') }) : ''
    this.#xml('ListBucketResult', contents.join('') + tags({ IsTruncated: isTruncated, KeyCount: page.length }) + next)
  }

  /** By key, the newest version of each first; a page ends with a whole key, which S3 does not promise but may do. */
  #listVersions(): void {
    const prefix = this.#query.get('prefix') ?? ''
    const after = this.#query.get('key-marker') ?? ''
    const keys = this.#double.bucket.keys(prefix).filter((key) => key > after)
    const page = keys.slice(0, pageSize)
    const entry = (version: S3Version, index: number): string => {
      const facts = tags({ Key: version.key, VersionId: version.id, IsLatest: index === 0, LastModified: version.modified.toISOString() })
      return version.content
        ? `<Version>${facts}${tags({ Size: version.content.length })}</Version>`
        : `<DeleteMarker>${facts}</DeleteMarker>`
    }
    const entries = page.flatMap((key) => this.#double.bucket.versionsOf(key).map(entry))
    const isTruncated = page.length < keys.length
    const next = isTruncated ? tags({ NextKeyMarker: page.at(-1)! }) : ''
    this.#xml('ListVersionsResult', entries.join('') + tags({ IsTruncated: isTruncated }) + next)
  }

  #listUploads(): void {
    const uploads = [...this.#double.bucket.uploads.values()].map(
      ({ key, id, begun }) => `<Upload>${tags({ Key: key, UploadId: id, Initiated: begun.toISOString() })}</Upload>`,
    )
    this.#xml('ListMultipartUploadsResult', uploads.join('') + tags({ IsTruncated: false }))
  }

  #delete(): void {
    const { bucket } = this.#double
    const id = this.#query.get('versionId')
    if (id) bucket.remove(bucket.version(this.#key, id), this.#now)
    else bucket.add({ key: this.#key, modified: this.#now })
    this.#answer(204)
  }

  async #retain(): Promise<void> {
    const version = this.#double.bucket.current(this.#key)
    if (!version) throw new S3Refusal(404, 'NoSuchKey')
    const order = await this.#text()
    if (tag(order, 'Mode') !== 'COMPLIANCE') throw new S3Refusal(400, 'InvalidRequest')
    this.#double.bucket.retain(version, new Date(tag(order, 'RetainUntilDate')))
    this.#answer(200)
  }

  async #text(): Promise<string> {
    const pieces: Buffer[] = []
    for await (const piece of verifiedBody(this.#request)) pieces.push(piece)
    return Buffer.concat(pieces).toString()
  }

  #answer(status: number, headers: Record<string, string> = {}): void {
    if (this.#fault?.answer === 'lost') return void this.#request.socket.destroy()
    this.#response.writeHead(status, { 'content-length': '0', ...headers }).end()
  }

  #xml(name: string, content: string, status = 200): void {
    const text = `<?xml version="1.0" encoding="UTF-8"?>\n<${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</${name}>`
    this.#response.writeHead(status, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(text) }).end(text)
  }

  #refuse(error: unknown): void {
    if (this.#request.socket.destroyed || this.#response.headersSent) return void this.#response.destroy()
    const { status, code, message } = error instanceof S3Refusal ? error : new S3Refusal(500, 'InternalError', String(error))
    this.#request.resume() // what still comes is not wanted, and must not hold the answer up
    if (this.#request.method === 'HEAD') return this.#answer(status)
    const text = `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${tags({ Code: code, Message: message })}</Error>`
    this.#response.writeHead(status, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(text) }).end(text)
  }
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
const tags = (values: Record<string, string | number | boolean>): string =>
  Object.entries(values)
    .map(([name, value]) => `<${name}>${escape(String(value))}</${name}>`)
    .join('')
const tag = (text: string, name: string): string => new RegExp(`<${name}>(.*?)</${name}>`, 's').exec(text)?.[1] ?? ''
