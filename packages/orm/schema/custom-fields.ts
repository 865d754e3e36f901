import type pg from 'pg'
import { type CustomField, type CustomRow, parseCustom } from '../custom/definition.ts'
import { fits } from '../custom/extend.ts'
import { loadCustomIfAny } from '../custom/load.ts'
import { type Registry, assemble, tableOf } from '../registry.ts'
import { customFailed, customGone, customMade, hasCustom, holdCustom, oneCustom, waitingCustom } from '../sql/custom.ts'
import { catalog, parseCatalog } from '../sql/schema-catalog.ts'
import { dropColumn } from '../sql/schema-statements.ts'
import { partFor } from './desired.ts'
import { MigrationFailed } from './errors.ts'
import { inTransaction } from './migrate.ts'
import { type Step, diff } from './plan.ts'
import { asConnection, rowsOf } from './rows.ts'
import type { ActualSchema, ActualTable, Table } from './schema.ts'

/** What was done for the fields that people made, as `model.name`. */
export interface CustomWork {
  readonly made: readonly string[]
  /** Columns whose time after deletion was over. */
  readonly dropped: readonly string[]
  /** What could not be done now, with a sentence for whoever asked; it is tried again when it is asked for again. */
  readonly failed: readonly { readonly id: number; readonly says: string }[]
}

const tries = 4

/**
 * Makes the columns of the fields that people asked for, and drops those whose days are over, as `pg_database_owner`: what no process that
 * serves requests may do. Each field is one transaction, with its column, index, link and phase and the version of the schema, so that whoever
 * kills it leaves no field or a whole one. A table in use is waited for two seconds, four times. Safe to run again and at the same time.
 */
export async function settleCustomFields(client: pg.ClientBase, registry: Registry): Promise<CustomWork> {
  const work = { made: [] as string[], dropped: [] as string[], failed: [] as { id: number; says: string }[] }
  const [found] = await rowsOf<{ known: boolean }>(client, hasCustom)
  if (!found!.known) return work
  for (const { id } of await asOwner(client, () => rowsOf<{ id: number }>(client, waitingCustom))) {
    try {
      const done = await patiently(() => asOwner(client, () => settle(client, registry, id)))
      if (done) work[done.what].push(done.name)
    } catch (error) {
      if (!(error instanceof MigrationFailed)) throw error
      work.failed.push({ id, says: error.message })
      await asOwner(client, () => rowsOf(client, customFailed(id, error.message)))
    }
  }
  return work
}

const asOwner = <T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> => inTransaction(client, true, work)

/** Whoever holds the table may let it go. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof MigrationFailed) || attempt === tries) throw error
      await new Promise((resolve) => setTimeout(resolve, 200 * attempt * (0.5 + Math.random())))
    }
  }
}

async function settle(client: pg.ClientBase, registry: Registry, id: number): Promise<{ what: 'made' | 'dropped'; name: string } | null> {
  await rowsOf(client, holdCustom(id))
  const [found] = await rowsOf<{ row: CustomRow }>(client, oneCustom(id))
  const field = found && parseCustom(found.row)
  // Done by another meanwhile, or nothing that this release can make.
  if (!field || field.phase === 'ready' || field.phase === 'archived') return null
  const name = `${field.model}.${field.name}`
  const actual = parseCatalog((await rowsOf<{ catalog: any }>(client, catalog))[0]!.catalog)
  if (field.phase === 'deleted') {
    if (actual.tables.get(tableOf(field.model))?.columns.has(field.name)) await client.query(dropColumn(tableOf(field.model), field.name))
    await rowsOf(client, customGone(id))
    return { what: 'dropped', name }
  }
  for (const step of stepsFor(registry, field, actual)) for (const text of step.sql) await client.query(text)
  await rowsOf(client, customMade(id))
  return { what: 'made', name }
}

/** What the plan of a migration would do for this one field. */
function stepsFor(registry: Registry, field: CustomField, actual: ActualSchema): Step[] {
  const there = actual.tables.get(tableOf(field.model))
  if (!there || !fits(field, registry.models))
    throw new MigrationFailed('What the apps declare now leaves no room for such a field.', null, undefined)
  const extended = assemble(registry.apps, [field])
  const part = partFor(extended.models.get(field.model)!.fields.get(field.name)!, extended)
  const steps = diff(
    { system: [], tables: [part] },
    { ...actual, tables: new Map([[part.name, partOf(there, part)]]) },
    // None of a new column is long in the making.
    { concurrentlyFrom: Number.POSITIVE_INFINITY },
  )
  if (steps.some((step) => step.loses))
    throw new MigrationFailed('A column of that name is there already, and holds something else.', null, undefined)
  return steps
}

/** Of a table that is there, what bears the names of the part: all else is not for this plan to judge. */
function partOf(table: ActualTable, part: Table): ActualTable {
  const named = <T>(all: ReadonlyMap<string, T>, wanted: readonly { readonly name: string }[]): Map<string, T> =>
    new Map([...all].filter(([name]) => wanted.some((one) => one.name === name)))
  return {
    ...table,
    columns: named(table.columns, part.columns),
    indexes: named(table.indexes, part.indexes),
    foreignKeys: named(table.foreignKeys, part.foreignKeys),
    checks: new Map(),
  }
}

/** The registry with every field that people made and that has a column, used or not: what a migration finds as it should be. */
export async function withAllCustomFields(client: pg.ClientBase, registry: Registry): Promise<Registry> {
  const fields = await loadCustomIfAny(asConnection(client))
  return fields.length === 0 ? registry : assemble(registry.apps, fields)
}
