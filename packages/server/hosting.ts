import type pg from 'pg'

/** What this host knows about one instance: a row of the host registry. */
export interface InstanceRecord {
  uuid: string
  /** The database name on the wire; clients send it as `db`. */
  name: string
  /** The database's real name and the key of its connections: `i_<uuid>_g<generation>`. */
  database: string
  generation: number
  /** A copy never sends mail and never calls others. */
  kind: 'live' | 'copy'
  /** Nobody may use it: every address answers so, and its database is left alone. */
  isSuspended?: boolean
  /** A restore is about to put another generation in its place, and nothing new should begin. */
  isFenced?: boolean
  /** Of a copy: the name of what it is a copy of, while the host has that; the days (`2026-03-01`) when it was made and when it goes by itself. */
  copy?: { of: string | null; made: string; expires: string | null } | undefined
  apps: readonly string[]
  /** Host names, lower case, without port. Two instances never share one. */
  hosts: readonly string[]
  /** Scheme, host and port under which people reach it, as a browser spells it in `Origin`: `https://azure.example.com`. */
  origin: string
}

/** What the server needs from the machine it runs on. The program that starts it brings this; the server imports nothing of `ops`. */
export interface Hosting {
  /** The instance that owns exactly this host name, from memory, kept fresh by the implementation. No pattern, no fallback. */
  find(hostName: string): InstanceRecord | undefined
  /** How to reach a database as its runtime role. */
  connect(database: string): Promise<pg.ClientConfig>
  /** Renews the instance's lease in the host registry, so that workers visit it (kernel §2.9). Resolves when the lease is committed. */
  markActive(name: string): Promise<void>
  /**
   * Tells the host that something in the instance waits for the owner of its tables (a field that people made), which no process that serves
   * requests may be. Resolves when that is committed; said again, it costs nothing. Absent where nobody does such work.
   */
  askOwner?(name: string): Promise<void>
  /** Secrets of one instance, derived for a purpose: nothing made with them means anything at another instance. */
  keys(name: string): InstanceKeys
}

export interface InstanceKeys {
  /** 32 bytes for `purpose`: always the same for an instance and a purpose, unrelated between two of either. */
  derive(purpose: string): Buffer
  /** The same from other versions of the instance's key, while there are any: to open what they sealed, never to seal. */
  others?(purpose: string): readonly Buffer[]
}
