import { randomUUID } from 'node:crypto'
import { S3Refusal } from './s3-request.ts'

/** One version of an object, or the mark that it was deleted. */
export interface S3Version {
  id: string
  key: string
  modified: Date
  /** None: a delete marker. */
  content?: { path: string; length: number; etag: string }
  /** Nobody deletes this version before then; it can be made later, never earlier. */
  retainUntil?: Date
}

export interface S3Upload {
  id: string
  key: string
  begun: Date
  retainUntil?: Date | undefined
  parts: Map<number, { path: string; length: number; etag: string; sha256: string }>
}

/** The versions and uploads of a bucket with versioning and object lock in compliance mode. Bytes lie in files that others wrote. */
export class S3Bucket {
  readonly uploads = new Map<string, S3Upload>()
  readonly #versions = new Map<string, S3Version[]>()

  /** What a reader sees: the newest version, unless it is a delete marker. */
  current(key: string): S3Version | undefined {
    const newest = this.#versions.get(key)?.at(-1)
    return newest?.content ? newest : undefined
  }

  version(key: string, id: string): S3Version {
    const found = this.#versions.get(key)?.find((one) => one.id === id)
    if (!found) throw new S3Refusal(404, 'NoSuchVersion')
    return found
  }

  add(version: Omit<S3Version, 'id'>): S3Version {
    const added = { ...version, id: randomUUID() }
    this.#versions.set(version.key, [...(this.#versions.get(version.key) ?? []), added])
    return added
  }

  remove(version: S3Version, now: Date): void {
    if (version.retainUntil && version.retainUntil > now) throw new S3Refusal(403, 'AccessDenied', 'The object is locked')
    const rest = this.#versions.get(version.key)!.filter((one) => one !== version)
    if (rest.length) this.#versions.set(version.key, rest)
    else this.#versions.delete(version.key)
  }

  retain(version: S3Version, until: Date): void {
    if (version.retainUntil && version.retainUntil > until) throw new S3Refusal(403, 'AccessDenied', 'A lock cannot be shortened')
    version.retainUntil = until
  }

  /** In the order of UTF-8 bytes. */
  keys(prefix: string): string[] {
    return [...this.#versions.keys()].filter((key) => key.startsWith(prefix)).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  }

  /** The newest first. */
  versionsOf(key: string): S3Version[] {
    return (this.#versions.get(key) ?? []).toReversed()
  }
}
