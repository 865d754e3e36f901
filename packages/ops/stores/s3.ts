import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectRetentionCommand,
  UploadPartCommand,
  type CompletedPart,
  type S3Client,
} from '@aws-sdk/client-s3'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { OpsError } from '../errors.ts'
import { demandContent, demandSame } from './content.ts'
import type { StoreCredentials } from './credentials.ts'
import { isRetained, notFound } from './failure.ts'
import { abandonedAfterMs, defaultTrashDays } from './layout.ts'
import { demandObjectKey, demandPrefix } from './object-key.ts'
import { s3Client, s3Error, statusOf, type S3Settings } from './s3-client.ts'
import { hiddenVersions } from './s3-versions.ts'
import type { Location, ObjectFacts, ObjectList, PutOrder, StorePruner, StoreReader, StoreWriter } from './store.ts'

/** Larger objects go up in parts of this size, one after the other: a part is held in memory to be hashed before it is sent. */
const partSize = 16 * 2 ** 20
/** S3 takes 10,000 parts of an object. */
const maxParts = 10_000
const attempts = 3

/** A bucket of S3, or of what speaks it: with versions, and with object lock where the settings say so. */
export class S3Reader implements StoreReader {
  readonly location: Location
  protected readonly settings: S3Settings
  readonly #credentials: () => StoreCredentials
  #opened: S3Client | undefined

  constructor(location: Location, settings: S3Settings, credentials: () => StoreCredentials) {
    this.location = location
    this.settings = settings
    this.#credentials = credentials
  }

  get(key: string, range?: { start: number; end?: number }): Promise<Readable> {
    return this.doing(`reading ${key}`, async () => {
      const Range = range ? `bytes=${range.start}-${range.end ?? ''}` : undefined
      try {
        const { Body } = await this.client.send(new GetObjectCommand({ ...this.object(key), Range }))
        return Body as Readable
      } catch (error) {
        if (statusOf(error) === 404) throw notFound(this.location, key)
        if (statusOf(error) === 416) return Readable.from([])
        throw error
      }
    })
  }

  head(key: string): Promise<ObjectFacts | undefined> {
    return this.doing(`looking at ${key}`, async () => {
      try {
        const found = await this.client.send(new HeadObjectCommand(this.object(key)))
        const until = found.ObjectLockRetainUntilDate
        return { length: found.ContentLength ?? 0, modified: found.LastModified!, ...(until ? { retainUntil: until } : {}) }
      } catch (error) {
        if (statusOf(error) === 404) return undefined
        throw error
      }
    })
  }

  list(prefix: string, cursor?: string): Promise<ObjectList> {
    return this.doing('listing', async () => {
      demandPrefix(prefix)
      const order = { Bucket: this.settings.bucket, Prefix: this.settings.prefix + prefix, ContinuationToken: cursor }
      const { Contents = [], IsTruncated, NextContinuationToken } = await this.client.send(new ListObjectsV2Command(order))
      const objects = Contents.map(({ Key, Size }) => ({ key: Key!.slice(this.settings.prefix.length), length: Size ?? 0 }))
      return IsTruncated && NextContinuationToken ? { objects, cursor: NextContinuationToken } : { objects }
    })
  }

  /** By the header Date of an answer, to the second. */
  now(): Promise<Date> {
    return this.doing('asking for the time', async () => {
      let date: string | undefined
      const asking = new HeadBucketCommand({ Bucket: this.settings.bucket })
      asking.middlewareStack.add(
        (next) => async (args) => {
          const result = await next(args)
          date = (result.response as { headers: Record<string, string> }).headers.date
          return result
        },
        { step: 'deserialize', priority: 'high', name: 'date' },
      )
      await this.client.send(asking)
      if (!date) throw new Error('it does not tell the time')
      return new Date(date)
    })
  }

  close(): Promise<void> {
    this.#opened?.destroy()
    return Promise.resolve()
  }

  /** Opened at the first use, so that missing credentials are the trouble of that use alone. */
  protected get client(): S3Client {
    this.#opened ??= s3Client(this.settings, this.#credentials())
    return this.#opened
  }

  protected object(key: string): { Bucket: string; Key: string } {
    demandObjectKey(key)
    return { Bucket: this.settings.bucket, Key: this.settings.prefix + key }
  }

  protected async doing<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw s3Error(this.location, what, error)
    }
  }
}

/** Puts with `If-None-Match: *`, so that S3 itself refuses to write over what is there. */
export class S3Writer extends S3Reader implements StoreWriter {
  putIfAbsent(key: string, content: () => Readable, order: PutOrder): Promise<'stored' | 'same'> {
    return this.doing(`storing ${key}`, async () => {
      if (await this.head(key)) return demandSame(this, key, order)
      for (let attempt = 1; ; attempt++) {
        try {
          await (order.length > partSize ? this.#putInParts(key, content, order) : this.#putAtOnce(key, content, order))
          return 'stored'
        } catch (error) {
          // Also when our own attempt arrived and its answer did not: then it is the same.
          if (statusOf(error) === 412) return demandSame(this, key, order)
          if (order.signal?.aborted || !mayPass(error) || attempt === attempts) throw error
          await pause(attempt * 200)
        }
      }
    })
  }

  async #putAtOnce(key: string, content: () => Readable, order: PutOrder): Promise<void> {
    const Body = Readable.from(demandContent(key, content, order), { objectMode: false })
    // The library would wait for more of a body that broke, until the connection falls silent for too long.
    const broken = new AbortController()
    Body.once('error', (error) => broken.abort(error))
    const abortSignal = order.signal ? AbortSignal.any([order.signal, broken.signal]) : broken.signal
    const ChecksumSHA256 = Buffer.from(order.sha256, 'hex').toString('base64')
    const put = { ...this.object(key), Body, ContentLength: order.length, ChecksumSHA256, IfNoneMatch: '*', ...this.#lock(order) }
    try {
      await this.client.send(new PutObjectCommand(put), { abortSignal })
    } catch (error) {
      throw broken.signal.aborted ? broken.signal.reason : error
    } finally {
      Body.destroy()
    }
  }

  async #putInParts(key: string, content: () => Readable, order: PutOrder): Promise<void> {
    const create = { ...this.object(key), ChecksumAlgorithm: 'SHA256', ...this.#lock(order) } as const
    const { UploadId } = await this.client.send(new CreateMultipartUploadCommand(create), abortable(order))
    const upload = { ...this.object(key), UploadId }
    try {
      const Parts: CompletedPart[] = []
      const size = Math.max(partSize, Math.ceil(order.length / maxParts))
      for await (const Body of inPieces(demandContent(key, content, order), size)) {
        const part = { PartNumber: Parts.length + 1, ChecksumSHA256: createHash('sha256').update(Body).digest('base64') }
        const { ETag } = await this.client.send(new UploadPartCommand({ ...upload, ...part, Body }), abortable(order))
        Parts.push({ ...part, ETag })
      }
      const complete = { ...upload, MultipartUpload: { Parts }, IfNoneMatch: '*' }
      await this.client.send(new CompleteMultipartUploadCommand(complete), abortable(order))
    } catch (error) {
      // What stays of it is seen by nobody, and swept by the pruner.
      await this.client.send(new AbortMultipartUploadCommand(upload)).catch(() => {})
      throw error
    }
  }

  #lock({ retainUntil }: PutOrder) {
    const { lock } = this.settings
    return retainUntil && lock !== 'none' ? ({ ObjectLockMode: modes[lock], ObjectLockRetainUntilDate: retainUntil } as const) : {}
  }
}

/** Deletes by putting a delete marker on top; what is under it goes after the days of the trash, and never while it is locked. */
export class S3Pruner extends S3Reader implements StorePruner {
  readonly trashDays: number
  #keepsVersions = false

  constructor(location: Location, settings: S3Settings, credentials: () => StoreCredentials, trashDays = defaultTrashDays) {
    super(location, settings, credentials)
    this.trashDays = trashDays
  }

  delete(key: string): Promise<void> {
    return this.doing(`deleting ${key}`, async () => {
      const facts = await this.head(key)
      if (!facts) return
      // S3 locks versions, and would put its marker on top of a locked one.
      if (facts.retainUntil && facts.retainUntil > (await this.now())) throw isRetained(this.location, key, facts.retainUntil)
      await this.setAside(key)
    })
  }

  setAside(key: string): Promise<void> {
    return this.doing(`moving ${key} into the trash`, async () => {
      if (!(await this.head(key))) return
      await this.#demandVersions()
      await this.client.send(new DeleteObjectCommand(this.object(key)))
    })
  }

  purgeTrash(): Promise<number> {
    return this.doing('emptying the trash', async () => {
      const now = await this.now()
      const since = new Date(now.getTime() - this.trashDays * 86_400_000)
      let removed = 0
      for await (const { Key, VersionId, isMarker } of hiddenVersions(this.client, this.settings, since)) {
        const version = { Bucket: this.settings.bucket, Key, VersionId }
        if (!isMarker && (await this.#isLocked(version, now))) continue
        await this.client.send(new DeleteObjectCommand(version))
        if (!isMarker) removed++
      }
      return removed + (await this.#sweepUploads(now))
    })
  }

  extendRetention(key: string, until: Date): Promise<void> {
    return this.doing(`retaining ${key}`, async () => {
      const facts = await this.head(key)
      if (!facts) throw notFound(this.location, key)
      const { lock } = this.settings
      if (lock === 'none' || (facts.retainUntil && facts.retainUntil >= until)) return
      const Retention = { Mode: modes[lock], RetainUntilDate: until } as const
      await this.client.send(new PutObjectRetentionCommand({ ...this.object(key), Retention }))
    })
  }

  async #isLocked(version: { Bucket: string; Key: string; VersionId: string }, now: Date): Promise<boolean> {
    const { ObjectLockRetainUntilDate: until } = await this.client.send(new HeadObjectCommand(version))
    return until !== undefined && until > now
  }

  /** Without versions a deletion would be one. */
  async #demandVersions(): Promise<void> {
    if (this.#keepsVersions) return
    const { bucket } = this.settings
    const { Status } = await this.client.send(new GetBucketVersioningCommand({ Bucket: bucket }))
    if (Status !== 'Enabled')
      throw new OpsError(
        'refused',
        `The bucket ${bucket} of ${this.location.name} keeps no versions: nothing is deleted there until it does.`,
      )
    this.#keepsVersions = true
  }

  async #sweepUploads(now: Date): Promise<number> {
    const { bucket, prefix } = this.settings
    const { Uploads = [] } = await this.client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix }))
    // An upload says when it began, not when its last part came: a day is longer than any put may take.
    const abandoned = Uploads.filter(({ Initiated }) => now.getTime() - Initiated!.getTime() > 24 * abandonedAfterMs)
    for (const { Key, UploadId } of abandoned) await this.client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }))
    return abandoned.length
  }
}

const modes = { compliance: 'COMPLIANCE', governance: 'GOVERNANCE' } as const

const abortable = ({ signal }: PutOrder) => (signal ? { abortSignal: signal } : {})

/** What may go well the next time: the other side's trouble, a broken connection, two who put at once. */
function mayPass(error: unknown): boolean {
  if (error instanceof OpsError) return false
  const status = statusOf(error)
  return status === undefined || status >= 500 || status === 409 || status === 408 || status === 429
}

/** The stream in pieces of `size` bytes, the last one shorter. Each is gone when the next is asked for: they share one memory. */
async function* inPieces(stream: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  const piece = Buffer.allocUnsafeSlow(size)
  let length = 0
  for await (const some of stream) {
    for (let from = 0; from < some.length;) {
      const taken = some.copy(piece, length, from)
      from += taken
      length += taken
      if (length < size) continue
      yield piece
      length = 0
    }
  }
  if (length) yield piece.subarray(0, length)
}
