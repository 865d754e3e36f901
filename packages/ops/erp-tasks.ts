import type pg from 'pg'
import type { Instance } from './instances.ts'

/** Revocations and rights of a live generation that a restore over it must not bring back (cloud.md §4). Opaque to ops. */
export type CarryOver = Readonly<Record<string, unknown>>

/** Where a restore over live comes from and goes to, for the entry in the instance's trail. */
export interface Journey {
  /** The set that was restored, or `generation 3` for an undo. */
  set: string
  /** ISO 8601. */
  taken: string
  /** The set that keeps what was lost; empty when nothing does. */
  safety: string
  /** Nothing is known of the live generation: it went with its host. What was carried over is of the restored one itself. */
  isHostLost?: true
}

/**
 * What ops needs of the ERP's own knowledge. `bin` answers with commands that run as children, JSON in and out; ops never imports an app.
 */
export interface ErpTasks {
  /** The running release, as the registry calls it. */
  readonly release: string
  /** Brings the database of this generation to the running release; re-declares every right. */
  migrate(instance: Instance): Promise<void>
  /**
   * The lines of the catalogue (restore/catalogue.ts) that the migrations of these apps make in an empty database. What a database chooses for
   * itself and what shapes its catalogue (active languages) is taken from `like`, which is not trusted.
   */
  expectedCatalogue(apps: readonly string[], like?: pg.ClientConfig): Promise<readonly string[]>
  carryOver(live: Instance): Promise<CarryOver>
  /**
   * After a restore over live: a new epoch, revocations applied, outbox and jobs held, numbers and the trail continued. Says what it did. It is run
   * again with what was carried last, and with the journey, when nobody can write to the live generation any more.
   */
  reconcile(restored: Instance, carried: CarryOver, journey?: Journey): Promise<Readonly<Record<string, unknown>>>
  /** After a rotation: whatever of the instance was wrapped with another version of its key opens with the registry's from then on. Gives how many. */
  rewrap(instance: Instance): Promise<number>
  /** Of a copy: nothing in it points outside any more (mail servers, tokens, hooks); its keys are its own. */
  neutralise(copy: Instance): Promise<void>
  /** Ends processes that were kept for the next question. */
  close?(): Promise<void>
}
