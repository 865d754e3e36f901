import type { User } from '@erp4/orm'
import type { InstanceKeys } from '../hosting.ts'

/** What signing in needs to know of an instance. */
export interface AuthInstance {
  /** The database name on the wire. */
  readonly name: string
  /** The key of its database for `Databases`. */
  readonly database: string
  /** Keys of this instance alone: what one instance signed is noise to another. */
  readonly keys: InstanceKeys
  /** Under which people reach it: what links in letters begin with. */
  readonly record: { readonly origin: string }
  /** Tells the host, before the first write in a minute, that the instance is being written to. Resolves when that is committed. */
  markActive(): Promise<void>
  /** All groups that `direct` implies, itself included. */
  expandGroups(direct: readonly string[]): ReadonlySet<string>
}

/** Someone whose session, key or password was just checked against the database. Good for one call: for the next it is asked again. */
export interface Signed {
  readonly user: User
  /** Codes of the languages that are active. */
  readonly languages: readonly string[]
  /** Raised by a restore over a live instance. */
  readonly epoch: number
  /** Versions of what processes keep in memory; another number than the one kept means: load it again. */
  readonly rules: number
  readonly schema: number
  readonly how: 'session' | 'key' | 'password'
  /** The password came with this call, or was given in this session within the last ten minutes: what outlives a session may be made. */
  readonly isConfirmed: boolean
  /** Of a session: what form tokens are bound to, and when it was last written as seen. */
  readonly session?: SessionTrace
  /** Of an API key: its record. */
  readonly key?: { readonly id: number; readonly isStale: boolean }
}

export interface SessionTrace {
  /** SHA-256 of the token, in hex; the token itself is nowhere but in the cookie. */
  readonly hash: string
  /** True when the last use was written more than a minute ago: `noteUse` is due. */
  readonly isStale: boolean
}

/** A browser at the door. */
export interface Visitor {
  /** The client's address. */
  readonly source: string
  /** What the browser calls itself. */
  readonly agent?: string | undefined
  /** Its device cookie, if it sent one. */
  readonly device?: string | undefined
  /** The token of the session it came with, which ends. */
  readonly replaces?: string | undefined
}

/** Who wants in by password (or by an API key in its place, as RPC clients may). */
export type Credentials = { readonly login: string; readonly secret: string } | { readonly uid: number; readonly secret: string }
