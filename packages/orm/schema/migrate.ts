import type pg from 'pg'
import type { App } from '../app.ts'
import type { Connection } from '../databases.ts'
import type { FieldInfo, Registry } from '../registry.ts'
import { catalog, parseCatalog } from '../sql/schema-catalog.ts'
import { type HeldRight, heldRights } from '../sql/schema-grants.ts'
import { beginMigration, readMeta, restingRole, takeRole, updateMeta } from '../sql/schema-statements.ts'
import type { SystemTable } from '../sql/system-table.ts'
import { withAllCustomFields } from './custom-fields.ts'
import { desiredSchema } from './desired.ts'
import { MigrationFailed, MigrationRefused } from './errors.ts'
import { type GrantFault, compareRights, declaredRights, withKernel } from './grants.ts'
import { type Step, diff } from './plan.ts'
import { asConnection, rowsOf } from './rows.ts'
import type { ActualSchema, Schema } from './schema.ts'

/** An app that is new in a database, or there in another version. */
export interface Move {
  readonly app: App
  /** The version that was there; null for a new app. */
  readonly from: string | null
  readonly to: string
}

/**
 * Code between two versions, in the migration's own transaction, once for each app that moves, dependencies first. `cx` is the owner's
 * connection: open a call on it (`openCall({ registry, cx, source: 'migration' })`) and a system `Env`, and flush before returning.
 */
export type MigrationHook = (move: Move, cx: Connection) => Promise<void>

export interface MigrationHooks {
  /** Nothing has changed yet: tables are those of the old version. Not called when the database is new. */
  before?: MigrationHook
  /** New columns are there and may still be empty; old ones are there too. This is where data moves from one to the other. */
  grown?: MigrationHook
  /** Everything is as declared. */
  after?: MigrationHook
  /** Last of all, where stored values must be computed anew (`computeAnew`). */
  stale?: (fields: readonly FieldInfo[], cx: Connection) => Promise<void>
}

export interface MigrationOptions {
  registry: Registry
  /** The tables that are no models, in the order in which they are made. The kernel's own come first by themselves. */
  tables: readonly SystemTable[]
  /** Steps that may lose data, by name: `drop res_partner.fax`. */
  allow?: readonly string[]
  /** Does everything and takes it back: finds what a plan cannot see (duplicates, empty values), and locks what it would lock. */
  dryRun?: boolean
  hooks?: MigrationHooks
  /** From so many rows on, indexes of existing tables are made after the commit, without locking out anybody. */
  concurrentlyFrom?: number
}

export interface Migration {
  /** In the order in which they ran, or would. */
  readonly steps: readonly Step[]
  /** Sentences about rights that were set right. */
  readonly grants: readonly string[]
  readonly moves: readonly Move[]
  /** Apps that were there and are no longer, with the version they had. */
  readonly removed: readonly { app: string; from: string }[]
  /** Fields whose columns were added to tables that were there. */
  readonly added: readonly FieldInfo[]
  /** Stored computed ones whose values must be computed anew: their columns were added, or keep them otherwise than before. */
  readonly stale: readonly FieldInfo[]
  /** What would lose data and is not allowed; only in a plan, for a migration refuses. */
  readonly refused: readonly Step[]
  /** `meta.schema` afterwards; 0 in a database that has none. */
  readonly schema: number
  readonly notes: readonly string[]
}

/** What `migrate` would do, by looking only. */
export async function planMigration(client: pg.ClientBase, options: MigrationOptions): Promise<Migration> {
  return inTransaction(client, false, async () => {
    const { plan } = await prepare(client, options)
    return plan
  })
}

/**
 * Brings a database to what the apps declare, in one transaction, as `pg_database_owner`, with every grant derived from the declarations.
 * `client` is a connection of its owner's login, not in a transaction. Safe to run again and at the same time. Throws MigrationRefused
 * when data would be lost that `allow` does not name, MigrationFailed when the data breaks what is declared now or a table is in use;
 * nothing has changed then.
 */
export async function migrate(client: pg.ClientBase, options: MigrationOptions): Promise<Migration> {
  const done = await inTransaction(client, !options.dryRun, async () => {
    const { plan, isNew } = await prepare(client, options)
    if (plan.refused.length > 0) throw new MigrationRefused(plan.refused)
    const cx = asConnection(client)
    const hook = async (moment: MigrationHook | undefined) => {
      for (const move of plan.moves) await moment?.(move, cx)
    }
    if (!isNew) await hook(options.hooks?.before)
    await run(
      client,
      plan.steps.filter((step) => step.phase === 'grow'),
    )
    await hook(options.hooks?.grown)
    await run(
      client,
      plan.steps.filter((step) => step.phase === 'bind'),
    )
    const faults = await rightsAmiss(client, options, null)
    if (faults.length > 0) await client.query(faults.flatMap((fault) => fault.sql).join(';\n'))
    await hook(options.hooks?.after)
    if (plan.stale.length > 0) await options.hooks?.stale?.(plan.stale, cx)
    return { ...plan, grants: faults.map((fault) => fault.says), schema: await writeMeta(client, plan, options.registry) }
  })
  if (!options.dryRun)
    await runLater(
      client,
      done.steps.filter((step) => step.phase === 'later'),
    )
  return done
}

/** `work` as the owner of all tables, one migration at a time; what a lock or the data refuses is told as a MigrationFailed. */
export async function inTransaction<T>(client: pg.ClientBase, keep: boolean, work: () => Promise<T>): Promise<T> {
  try {
    for (const text of beginMigration) await client.query(text)
    const result = await work()
    await client.query(keep ? 'commit' : 'rollback')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => undefined) // the connection is gone, and the transaction with it
    throw explained(error, null)
  }
}

interface Prepared {
  plan: Migration
  isNew: boolean
}

async function prepare(client: pg.ClientBase, options: MigrationOptions): Promise<Prepared> {
  const [found] = await rowsOf<{ catalog: any }>(client, catalog)
  const actual = parseCatalog(found!.catalog)
  const meta = actual.tables.has('meta') ? (await client.query(readMeta)).rows[0] : undefined
  const { registry } = options
  const tables = withKernel(options.tables)
  const whole = await withAllCustomFields(client, registry)
  const desired = desiredSchema(whole, { tables, languages: meta?.langs ?? ['en_US'], hasTrigrams: actual.hasTrigrams })
  const steps = await weigh(client, diff(desired, actual, { concurrentlyFrom: options.concurrentlyFrom ?? 100_000 }))
  const apps: Record<string, string> = meta?.apps ?? {}
  const allowed = new Set(options.allow ?? [])
  const plan: Migration = {
    steps,
    grants: (await rightsAmiss(client, options, new Set(actual.tables.keys()))).map((fault) => fault.says),
    schema: meta?.schema ?? 0,
    moves: registry.apps
      .filter((app) => apps[app.name] !== app.version)
      .map((app) => ({ app, from: apps[app.name] ?? null, to: app.version })),
    removed: Object.entries(apps)
      .filter(([name]) => !registry.apps.some((app) => app.name === name))
      .map(([app, from]) => ({ app, from })),
    added: addedFields(desired, actual),
    stale: staleFields(desired, actual),
    refused: steps.filter((step) => step.loses && !allowed.has(step.name)),
    notes: notesOn(registry, actual),
  }
  return { plan, isNew: meta === undefined }
}

/** Nothing is lost where there is nothing: the database is asked. */
async function weigh(client: pg.ClientBase, steps: readonly Step[]): Promise<Step[]> {
  const weighed: Step[] = []
  // One connection answers one question at a time.
  for (const step of steps) weighed.push(step.asks === null ? step : { ...step, loses: (await client.query(step.asks)).rows[0].loses })
  return weighed
}

function addedFields(desired: Schema, actual: ActualSchema): FieldInfo[] {
  return desired.tables.flatMap((table) => {
    const known = actual.tables.get(table.name)
    if (!known) return []
    return table.columns.flatMap(({ name, field }) => (field && !field.magic && !known.columns.has(name) ? [field] : []))
  })
}

function staleFields(desired: Schema, actual: ActualSchema): FieldInfo[] {
  return desired.tables.flatMap((table) => {
    const known = actual.tables.get(table.name)
    if (!known) return []
    return table.columns.flatMap(({ name, type, field }) =>
      field?.computed === 'stored' && known.columns.get(name)?.type !== type ? [field] : [],
    )
  })
}

function notesOn(registry: Registry, actual: ActualSchema): string[] {
  const wantsTrigrams = [...registry.models.values()].some((model) =>
    [...model.fields.values()].some((field) => field.options.index === 'trigram'),
  )
  return wantsTrigrams && !actual.hasTrigrams
    ? ['The extension pg_trgm is not installed: searches for a part of a text will read whole tables.']
    : []
}

/** Steps on new tables go in one text: they cannot fail on data. The others run one by one, so that a failure can name its step. */
async function run(client: pg.ClientBase, steps: readonly Step[]): Promise<void> {
  for (let i = 0; i < steps.length;) {
    const step = steps[i]!
    const end = step.isFresh ? steps.findIndex((other, j) => j > i && !other.isFresh) : i + 1
    const batch = steps.slice(i, end < 0 ? steps.length : end)
    await client.query(batch.flatMap((one) => one.sql).join(';\n')).catch((error: unknown) => {
      throw explained(
        error,
        batch.find((one) => one.makes === (error as pg.DatabaseError).constraint) ?? (batch.length === 1 ? step : null),
      )
    })
    i += batch.length
  }
}

/** `existing` is null once all declared tables are there. */
async function rightsAmiss(
  client: pg.ClientBase,
  { registry, tables }: MigrationOptions,
  existing: ReadonlySet<string> | null,
): Promise<GrantFault[]> {
  const declared = declaredRights(registry, withKernel(tables))
  return compareRights(declared, await rowsOf<HeldRight>(client, heldRights), existing ?? new Set(declared.keys()))
}

async function writeMeta(client: pg.ClientBase, plan: Migration, registry: Registry): Promise<number> {
  const isChanged = plan.steps.some((step) => step.phase !== 'later') || plan.moves.length > 0 || plan.removed.length > 0
  if (!isChanged) return plan.schema
  const [row] = await rowsOf<{ schema: number }>(
    client,
    updateMeta(Object.fromEntries(registry.apps.map((app) => [app.name, app.version]))),
  )
  return row!.schema
}

/** After the commit; whatever is interrupted here is found and begun again by the next migration. */
async function runLater(client: pg.ClientBase, steps: readonly Step[]): Promise<void> {
  if (steps.length === 0) return
  await client.query(takeRole)
  try {
    for (const step of steps) for (const text of step.sql) await client.query(text)
  } finally {
    await client.query(restingRole)
  }
}

function explained(error: unknown, step: Step | null): unknown {
  const { code } = error as { code?: string }
  if (code === '55P03' || code === '40P01')
    return new MigrationFailed(
      'A table is in use by others, and we did not wait for it: nothing has changed. Try again when fewer people work.',
      step,
      error,
    )
  if (code !== undefined && step !== null)
    return new MigrationFailed(`${step.says} That failed, and nothing has changed: ${told(error as pg.DatabaseError)}`, step, error)
  return error
}

const told = (error: pg.DatabaseError): string => [error.message, error.detail].filter(Boolean).join('. ')
