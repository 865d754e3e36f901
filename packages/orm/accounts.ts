import type { Connection } from './databases.ts'

/** Passwords and sessions, as far as apps may ask for them; in the call's own transaction. The server implements it. */
export interface Accounts {
  /**
   * Sends each of these users a link with which he chooses a password, once and in time: an invitation to whoever has none yet, else a way
   * back in. `origin` is where the links lead. Whoever has no address, is archived or was sent three within the hour gets none. Answers the
   * ids of those who got one.
   */
  sendPasswordLinks(cx: Connection, origin: string, users: readonly number[]): Promise<readonly number[]>
  /**
   * Tells a user by mail what happened to the doors of his account, in his language; of another address, at the old one too. Whoever has no
   * usable address is not told.
   */
  tellOwner(cx: Connection, origin: string, news: AccountNews): Promise<void>
  /** How far a user has come with signing in; null for one who is not there. */
  standingOf(cx: Connection, user: number): Promise<Standing | null>
  /** Where the user is signed in, the latest first. */
  devicesOf(cx: Connection, user: number): Promise<readonly Device[]>
  /** Signs the user out there, or, with null, everywhere but in the calling session. Answers how many sessions ended; the trail says who did it. */
  endSessions(cx: Connection, ended: { user: number; device: string | null; by: number }): Promise<number>
}

/** What happened to the account of `user`, by whom. */
export type AccountNews = { readonly user: number; readonly by: number } & (
  | { readonly what: 'password' }
  /** A key was made, good until `ends`. */
  | { readonly what: 'key'; readonly name: string; readonly ends: Date | null }
  /** His mail address is another one. */
  | { readonly what: 'address'; readonly from: string | null; readonly to: string | null }
)

export interface Standing {
  readonly hasPassword: boolean
  /** Until when the link that he was sent is good, UTC; null where there is none. */
  readonly linkEnds: string | null
  /** When he last did something, in whichever browser; UTC. */
  readonly lastSeen: string | null
}

/** A browser in which somebody is signed in. */
export interface Device {
  /** Names it to `endSessions`; opens nothing. */
  readonly id: string
  /** As the browser called itself, at most 300 characters; null where it said nothing. */
  readonly agent: string | null
  /** The address it signed in from. */
  readonly source: string | null
  /** UTC, `2026-03-01 09:30:00`. */
  readonly created: string
  readonly seen: string
  /** Whether it is the one that asks. */
  readonly current: boolean
}
