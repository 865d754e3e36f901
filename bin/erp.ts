import type { KeyObject } from 'node:crypto'
import type pg from 'pg'
import type { CarryOver, Finding, Journey } from '@erp4/ops'
import type { CustomWork } from '@erp4/orm'
import type { Hosting, InstanceRecord } from '@erp4/server'
import type { Carried } from './wiring/time-travel.ts'

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

export interface FirstSignIn {
  login: string
  password: string
  set(name: string, runtime: pg.ClientConfig): Promise<void>
}

/** What the keys of a copy's files are wrapped with, and what they shall be; base64, for they travel over a channel. */
export interface CopyKeys {
  /** The original's, of every version that it ever had. */
  from: { instance: string; wraps: readonly string[] }
  to: { instance: string; wrap: string }
}

/** What a change of schema would do: sentences, and those that lose data. */
export interface MigrationPlan {
  steps: string[]
  losses: { name: string; says: string }[]
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
  /** Where to serve metrics, on this machine only. */
  metricsPort: number | undefined
  /** The folder of an instance's files. */
  filesOf: (uuid: string) => string
  /** Databases of all instances, as of the last change. */
  databases: () => string[]
  /** Whether the host registry answers. */
  isReady: () => Promise<boolean>
}

export interface WorkOptions {
  /** Calls `listener` when instances have changed. */
  onChange: (listener: () => void) => void
}

/** Everything that the command line asks of the ERP; ops knows nothing of it, and this file is where the two meet. */
export interface Erp {
  /** Fills an empty database, as its owner. Runs in a child process. */
  buildTemplate(config: pg.ClientConfig, apps: readonly string[]): Promise<void>
  /** Adds the examples to a built one, as its owner. Runs in a child process. */
  loadDemo(config: pg.ClientConfig, apps: readonly string[]): Promise<void>
  /** Begins to make the sign-in of a new instance's administrator; `set` gives it to him, once there is a database. */
  firstSignIn(): Promise<FirstSignIn>
  /** A link with which a user chooses a password, for whoever runs the machine to hand over; null where there is no such active user. */
  linkByHand(login: string, runtime: pg.ClientConfig): Promise<{ readonly path: string; readonly minutes: number } | null>
  /** What bringing the instance to `apps` at this release would do. Runs in a child process. */
  plan(access: InstanceAccess, apps: readonly string[]): Promise<MigrationPlan>
  /** Does it. Refuses to lose data, except in steps allowed by name. Runs in a child process. */
  migrate(access: InstanceAccess, apps: readonly string[], options: { allow: readonly string[] }): Promise<MigrationPlan>
  /** The lines of the catalogue that an empty database has once these apps are in it, with these languages active. Runs in a child process. */
  expectedCatalogue(owner: pg.ClientConfig, apps: readonly string[], languages: readonly string[]): Promise<readonly string[]>
  /** The active languages of a database that is not trusted. Runs in a child process. */
  languagesIn(owner: pg.ClientConfig): Promise<readonly string[]>
  /** Makes the columns that people asked for in an instance, and drops those whose days are over; tells what it did. Runs in a child process. */
  settleCustomFields(owner: pg.ClientConfig, apps: readonly string[]): Promise<CustomWork>
  /** What a live database knows of who may do what, and which numbers were given. Runs in a child process. */
  carryOver(owner: pg.ClientConfig): Promise<CarryOver>
  /** Applies it to a database that went back in time, and holds what would be done twice. Runs in a child process. */
  reconcile(
    owner: pg.ClientConfig,
    carried: CarryOver,
    options: { journey?: Journey | undefined; keys?: CopyKeys | undefined },
  ): Promise<Readonly<Record<string, unknown>>>
  /** Wraps the keys of an instance's files with the present version of its key; gives how many were not. Runs in a child process. */
  rewrap(owner: pg.ClientConfig, keys: CopyKeys): Promise<number>
  /** Which rule decides whether the user may do that to the record, in sentences. Runs in a child process. */
  why(access: InstanceAccess, question: { user: string; operation: string; model: string; id: number }): Promise<string[]>
  /** Looks at instances from inside: rights, what they are behind with, what ran with the system's rights. Runs in a child process. */
  examine(accesses: readonly InstanceAccess[]): Promise<Finding[]>
  /** Makes a copy harmless: nothing in it points outside or lets anybody in but people with their passwords. Runs in a child process. */
  neutralise(access: InstanceAccess, keys: CopyKeys): Promise<void>
  serve(hosting: Hosting, options: ServeOptions): Promise<Service>
  work(hosting: Hosting & WorkingHost, options: WorkOptions): Promise<Service>
  seal(host: SealingHost): Promise<Service>
  /** Writes the newest signed head of a trail to a new file. */
  anchorAudit(trail: AuditTrail, file: string): Promise<void>
  /** Compares a trail with an anchor and tells what it found, in sentences. */
  verifyAudit(trail: AuditTrail, anchor: AuditAnchor | undefined): Promise<{ isIntact: boolean; report: string[] }>
}

/** What workers need beside what the server needs. */
export interface WorkingHost {
  /** Instances to visit now (kernel.md §2.9). */
  due(): Promise<InstanceRecord[]>
  /** All instances that work is done for, for the daily sweep: no copies, and none that is suspended. */
  all(): InstanceRecord[]
  visited(name: string, visit: { startedAt: Date; nextDue: Date | null }): Promise<void>
  /** Asked before each effect outside: a copy sends nothing, and one that is suspended or gone does nothing at all. */
  kindOf(name: string): Promise<'live' | 'copy' | undefined>
  filesOf(uuid: string): string
}

export interface AuditTrail {
  uuid: string
  database: string
  /** As the seal role. */
  config: pg.ClientConfig
  /** The sealer's public key. */
  /** Of this host's sealer, and of those that sealed it before. */
  verify: readonly KeyObject[]
}

export type AuditAnchor = { file: string } | { name: string; signed: string }

// Loaded when they are asked for: the supervisor needs none of it.
const schema = () => import('./wiring/schema.ts')
const audit = () => import('./wiring/audit.ts')
const catalogue = () => import('./wiring/catalogue.ts')
const timeTravel = () => import('./wiring/time-travel.ts')

export const erp: Erp = {
  buildTemplate: async (config, apps) => (await schema()).buildTemplate(config, apps),
  loadDemo: async (config, apps) => (await schema()).loadDemo(config, apps),
  firstSignIn: async () => {
    const { password, set } = (await import('@erp4/server/first-password')).generateFirstPassword()
    return { login: 'admin', password, set: (_name, runtime) => set('admin', runtime) }
  },
  linkByHand: async (login, runtime) => (await import('@erp4/server/link-by-hand')).linkByHand(login, runtime),
  plan: async (access, apps) => (await schema()).plan(access, apps),
  migrate: async (access, apps, options) => (await schema()).migrate(access, apps, options),
  settleCustomFields: async (owner, apps) => (await schema()).settleFields(owner, apps),
  expectedCatalogue: async (owner, apps, languages) => (await catalogue()).expectedCatalogue(owner, apps, languages),
  languagesIn: async (owner) => (await catalogue()).languagesIn(owner),
  carryOver: async (owner) => (await timeTravel()).carryOver(owner),
  // Carried by `carryOver` of this release, through ops and a channel.
  rewrap: async (owner, keys) => (await timeTravel()).rewrapFiles(owner, keys),
  reconcile: async (owner, carried, options) => ({ ...(await (await timeTravel()).reconcile(owner, carried as Carried, options)) }),
  why: async (access, question) => (await import('./wiring/why.ts')).why(access, question),
  examine: async (accesses) => (await import('./wiring/examine.ts')).examine(accesses),
  neutralise: async (access, keys) => (await import('./wiring/neutralise.ts')).neutralise(access, keys),
  serve: async (hosting, options) => (await import('./wiring/serve.ts')).serve(hosting, options),
  work: async (hosting, options) => (await import('./wiring/work.ts')).work(hosting, options),
  seal: async (host) => (await audit()).seal(host),
  anchorAudit: async (trail, file) => (await audit()).anchorAudit(trail, file),
  verifyAudit: async (trail, anchor) => (await audit()).verifyAudit(trail, anchor),
}
