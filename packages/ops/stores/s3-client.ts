import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { OpsError } from '../errors.ts'
import type { StoreCredentials } from './credentials.ts'
import { storeError } from './failure.ts'
import type { StoreSettings } from './locations.ts'
import type { Location } from './store.ts'

export type S3Settings = Extract<StoreSettings, { kind: 's3' }>

const connectMs = 10_000
/** Without a byte from the other side. */
const silenceMs = 60_000

/** What goes wrong is thrown; the library would also write to the console. */
const silence = (): void => {}
const silent = { trace: silence, debug: silence, info: silence, warn: silence, error: silence }

/** A client that signs the hash of what it sends, also of streams, and adds no checksum of its own choice: ours are SHA-256. */
export function s3Client({ endpoint, region }: S3Settings, given: StoreCredentials): S3Client {
  if (!('accessKeyId' in given))
    throw new OpsError('key_wrong', 'The credentials of an S3 store are an access key: accessKeyId and secretAccessKey.')
  const config: S3ClientConfig = {
    endpoint,
    region,
    forcePathStyle: true,
    credentials: given,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 3,
    logger: silent,
    requestHandler: { connectionTimeout: connectMs, socketTimeout: silenceMs },
  }
  const client = new S3Client(config)
  // A stream cannot be hashed before it is sent, unless its hash is known already: as the checksum of a put is.
  client.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> }
      const checksum = headers['x-amz-checksum-sha256']
      if (checksum && headers['content-length']) headers['x-amz-content-sha256'] = Buffer.from(checksum, 'base64').toString('hex')
      return next(args)
    },
    { step: 'build', priority: 'low', name: 'signedHash' },
  )
  return client
}

/** What S3 says, as an operator should hear it. */
export function s3Error(location: Location, doing: string, error: unknown): OpsError {
  if (error instanceof OpsError) return error
  const { name, message, $metadata } = error as { name?: string; message?: string; $metadata?: { httpStatusCode?: number } }
  const isFull = ['QuotaExceeded', 'InsufficientStorage', 'XMinioStorageFull'].includes(name ?? '') || $metadata?.httpStatusCode === 507
  if (isFull) return storeError(location, doing, Object.assign(new Error(message, { cause: error }), { code: 'ENOSPC' }))
  const words = [name, message].filter((word, index, all) => word && word !== 'Error' && all.indexOf(word) === index).join(': ')
  return storeError(location, doing, new Error(words, { cause: error }))
}

export const statusOf = (error: unknown): number | undefined =>
  (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
