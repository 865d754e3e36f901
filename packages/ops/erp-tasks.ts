import type { Instance } from './instances.ts'

/** Revocations and rights of a live generation that a restore over it must not bring back (cloud.md §4). Opaque to ops. */
export type CarryOver = Readonly<Record<string, unknown>>

/**
 * What ops needs of the ERP's own knowledge. `bin` answers with commands that run as children, JSON in and out; ops never imports an app.
 */
export interface ErpTasks {
  /** Brings the database of this generation to the running release; re-declares every right. */
  migrate(instance: Instance): Promise<void>
  /** The lines of the catalogue (restore/catalogue.ts) that the migrations of these apps make in an empty database. */
  expectedCatalogue(apps: readonly string[]): Promise<readonly string[]>
  carryOver(live: Instance): Promise<CarryOver>
  /** After a restore over live: a new epoch, revocations applied, outbox and jobs held, numbers and the trail continued. Says what it did. */
  reconcile(restored: Instance, carried: CarryOver): Promise<Readonly<Record<string, unknown>>>
  /** Of a copy: nothing in it points outside any more (mail servers, tokens, hooks); its keys are its own. */
  neutralise(copy: Instance): Promise<void>
}
