import type { Readable } from 'node:stream'

/** Facts of a place where backups lie; from the register of locations. */
export interface Location {
  /** Such as `eu-1`: what operators and manifests call it. */
  name: string
  provider: string
  region: string
  /** ISO 3166-1 alpha-2. */
  country: string
  continent: 'africa' | 'asia' | 'europe' | 'north-america' | 'oceania' | 'south-america'
}

export interface ObjectFacts {
  length: number
  /** By the store's clock. */
  modified: Date
  /** Nobody can delete the object before then, where the store can promise that. */
  retainUntil?: Date
}

export interface ObjectList {
  objects: readonly { key: string; length: number }[]
  /** Give it back for the rest; absent at the end. */
  cursor?: string
}

/** Reading one store. A key is `a/b/c`: lower-case letters, digits, `.`, `_`, `-` and `/` (ULIDs in capitals), never `..`, at most 512 long. */
export interface StoreReader {
  readonly location: Location
  /**
   * The object, or the bytes `start` to `end` of it (both counted in, as in HTTP; nothing when it begins past the end).
   * OpsError `not_found` when there is none.
   */
  get(key: string, range?: { start: number; end?: number }): Promise<Readable>
  head(key: string): Promise<ObjectFacts | undefined>
  /** In the order of keys. */
  list(prefix: string, cursor?: string): Promise<ObjectList>
  /** The store's own clock: the pruner believes no other. */
  now(): Promise<Date>
  close(): Promise<void>
}

export interface PutOrder {
  length: number
  /** Hex of the content; compared with what arrived. */
  sha256: string
  retainUntil?: Date
  /** Ends the attempt when it fires; nothing of it becomes visible. */
  signal?: AbortSignal
}

/** Writing: what was written is never written over, and there is no method that deletes (cloud.md §2). */
export interface StoreWriter extends StoreReader {
  /**
   * Writes an object that is not there yet, whole or not at all, durably. `same` when it is there with the same content already;
   * OpsError `store_conflict` when with another. `content` is called anew for each attempt.
   */
  putIfAbsent(key: string, content: () => Readable, order: PutOrder): Promise<'stored' | 'same'>
}

/** Deleting: with credentials of its own, at the store. Deleted objects lie in a trash for `trashDays`. */
export interface StorePruner extends StoreReader {
  readonly trashDays: number
  /** Into the trash. OpsError `retained` while the object may not go, by the store's clock; nothing when it is gone already. */
  delete(key: string): Promise<void>
  /** Into the trash whatever its retention, which it keeps there: for a damaged object, so that a good one can be put in its place. */
  setAside(key: string): Promise<void>
  /** Removes for good what has lain in the trash for `trashDays` and is retained no longer, and what killed writers left. How many objects. */
  purgeTrash(): Promise<number>
  /** Later only: an earlier date changes nothing. OpsError `not_found`. */
  extendRetention(key: string, until: Date): Promise<void>
}
