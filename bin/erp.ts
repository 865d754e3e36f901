import type { KeyObject } from 'node:crypto'
import type pg from 'pg'
import type { Hosting, InstanceRecord } from '@erp4/server'
import { CommandError } from './exit-codes.ts'

/** A running part of ERP4: stops without losing what is under way. */
export interface Service {
  stop(): Promise<void>
}

/** An instance and how to reach it, for work that is done once: as owner to change its schema, as runtime for everything else. */
export interface InstanceAccess {
  record: InstanceRecord
  owner: pg.ClientConfig
  runtime: pg.ClientConfig
}

/** What a change of schema would do: sentences, and those that lose data. */
export interface MigrationPlan {
  steps: string[]
  losses: string[]
}

/** What the audit sealer needs of the host, which is not what the server needs. */
export interface SealingHost {
  /** Trails that may have unsealed rows. */
  due(): Promise<{ uuid: string; database: string }[]>
  /** A database as its seal role. */
  connect(database: string): Promise<pg.ClientConfig>
  sign: KeyObject
  verify: KeyObject
  /** Puts a head outside the instance; resolves when it is committed. */
  addHead(uuid: string, head: { seq: number; head: Uint8Array; signed: string }): Promise<void>
}

export interface ServeOptions {
  port: number
  /** Numeric addresses to listen on; asked again after each change of the registry. */
  addresses: () => string[]
  /** Calls `listener` when instances or host names have changed. */
  onChange: (listener: () => void) => void
  /** Several processes share the port. */
  shared: boolean
}

/** Everything that the command line asks of the ERP; ops knows nothing of it, and this file is where the two meet. */
export interface Erp {
  /** Fills an empty database, as its owner. Runs in a child process. */
  buildTemplate(config: pg.ClientConfig, order: { apps: readonly string[]; demo: boolean }): Promise<void>
  /** Gives the administrator of a new instance a generated password. Runs in a child process. */
  setFirstPassword(access: InstanceAccess): Promise<{ login: string; password: string }>
  /** What bringing the instance to `apps` at this release would do. Runs in a child process. */
  plan(access: InstanceAccess, apps: readonly string[]): Promise<MigrationPlan>
  /** Does it. Refuses losses unless they are accepted. Runs in a child process. */
  migrate(access: InstanceAccess, apps: readonly string[], options: { acceptLosses: boolean }): Promise<MigrationPlan>
  /** Which rule decides whether the user may do that to the record, in sentences. Runs in a child process. */
  why(access: InstanceAccess, question: { user: string; operation: string; model: string; id: number }): Promise<string[]>
  serve(hosting: Hosting, options: ServeOptions): Promise<Service>
  work(hosting: Hosting & WorkingHost): Promise<Service>
  seal(host: SealingHost): Promise<Service>
  /** Writes the newest signed head of a trail to a new file. */
  anchorAudit(trail: AuditTrail, file: string): Promise<void>
  /** Compares a trail with an anchor and tells what it found, in sentences. */
  verifyAudit(trail: AuditTrail, anchor: AuditAnchor | undefined): Promise<{ isIntact: boolean; report: string[] }>
}

/** What workers need beside what the server needs. */
export interface WorkingHost {
  /** Instances to visit now. */
  active(): Promise<InstanceRecord[]>
  /** All instances, for the daily sweep. */
  all(): InstanceRecord[]
  setNextDue(name: string, at: Date | null): Promise<void>
  /** Asked before each effect outside: a copy sends nothing. */
  kindOf(name: string): Promise<'live' | 'copy' | undefined>
}

export interface AuditTrail {
  uuid: string
  database: string
  /** As the seal role. */
  config: pg.ClientConfig
  /** The sealer's public key. */
  verify: KeyObject
}

export type AuditAnchor = { file: string } | { name: string; signed: string }

/** Until a part is wired, its command says so. */
const notBuilt = (what: string) => async (): Promise<never> => {
  throw new CommandError('not_built', `${what} is not built yet.`)
}

export const erp: Erp = {
  buildTemplate: notBuilt('Building a template'),
  setFirstPassword: notBuilt('Setting the first password'),
  plan: notBuilt('Planning a migration'),
  migrate: notBuilt('Migrating an instance'),
  why: notBuilt('Explaining a right'),
  serve: notBuilt('The server'),
  work: notBuilt('The worker'),
  seal: notBuilt('The sealer'),
  anchorAudit: notBuilt('Anchoring the audit trail'),
  verifyAudit: notBuilt('Verifying the audit trail'),
}
