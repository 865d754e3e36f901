/** Why a set was made. Only `scheduled` ones take part in 7 + 4 + 3; the others have an end of their own (cloud.md §3). */
export type SetClass = 'scheduled' | 'intraday' | 'manual' | 'safety' | 'final'

/** One file of a set, as the stores hold it. */
export interface ManifestPart {
  /** Such as `db-000.esdk`. */
  name: string
  /** `database`: `pg_dump -Fc -Z0`, zstd. `files`: a tar of the encrypted files as they lie. `facts`: `SetFacts` as JSON, zstd. */
  kind: 'database' | 'files' | 'facts'
  /** Hex, of the encrypted part. */
  sha256: string
  bytes: number
  /** Hex, of what is inside, before compression. */
  plain_sha256: string
  plain_bytes: number
  /** The set whose part this is, when it was not stored again. */
  shared_from: string | null
}

/**
 * What a set says of itself in plain text, in every store, signed byte for byte (`manifest.sig`). It names no customer: names, counts and
 * hashes are in the `facts` part, under the instance's key.
 */
export interface Manifest {
  v: 1
  /** ULID. */
  set: string
  /** uuid */
  instance: string
  class: SetClass
  /** The host's id. */
  host: string
  /** The one point in time, by the database's clock: ISO 8601, UTC. */
  taken: string
  /** Fixed when the set was made, in the instance's zone: retention goes by them for ever. */
  labels: { day: string; iso_week: string; month: string; zone: string }
  /** Grows with each set of the instance. */
  seq: number
  /** Version of the instance key that its `backup` key is derived from. */
  key_version: number
  /** Of PostgreSQL, such as `15.18`. */
  postgres: string
  /** Of ERP4. */
  release: string
  parts: readonly ManifestPart[]
  /** What lies beside them for whoever has nothing of ours: a page of text, and a program that opens the parts. */
  companions?: readonly { name: string; sha256: string; bytes: number }[]
}

/** What is known of the content of a set, taken in the same snapshot as the dump. */
export interface SetFacts {
  v: 1
  instance: {
    uuid: string
    name: string
    hosts: string[]
    apps: string[]
    release: string
    plan: 'paid' | 'free'
    zone: string
    kind: 'live' | 'copy'
    /** What its registry knew of it then, and nobody else does; sets of before say nothing. ISO 8601 or null. */
    suspended?: string | null
    delete_after?: string | null
    /** Why nothing of it may be removed. */
    legal_hold?: string | null
    /** The version of its key that its own files were wrapped with. */
    key_version?: number
  }
  generation: number
  /** Per table: how many rows, and the sum of `hash_record_extended(row, 0)` as decimal digits, null where it cannot be compared. */
  tables: Record<string, { rows: number; hash: string | null }>
  /** Last values, null where none was drawn. Sequences obey no snapshot: a restored one may stand further, never less far. */
  sequences: Record<string, string | null>
  /** sha256 of the catalogue's lines (see restore/catalogue.ts). */
  catalogue: string
  /** The head of the audit chain. */
  audit: { seq: number; head: string } | null
  /** Each file of the snapshot: its name in the store of files, and its size on disk. */
  files: readonly { name: string; bytes: number }[]
  database_bytes: number
}

/** `v1/<instance>/<utc time>-<ulid>/`: where the objects of a set lie in every store. */
export const setPrefix = (manifest: Pick<Manifest, 'instance' | 'taken' | 'set'>): string =>
  `v1/${manifest.instance}/${manifest.taken.replace(/[-:]|\.\d+/g, '').toLowerCase()}-${manifest.set}/`

/** Where the instance's keys lie under the root key: apart from the sets, and deletable (cloud.md §7). */
export const keyObject = (instance: string, version: number): string => `keys/${instance}/${version}.sealed`
