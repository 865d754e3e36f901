import type pg from 'pg'
import { withClient } from '@erp4/ops'
import {
  type CustomWork,
  Databases,
  asConnection,
  type MigrationOptions,
  computeAnew,
  loadData,
  loadExamples,
  migrate as migrateDatabase,
  planMigration,
  settleCustomFields,
} from '@erp4/orm'
import { scheduleUpkeep, serverTables } from '@erp4/server'
import type { InstanceAccess, MigrationPlan } from '../erp.ts'
import { loadApps } from './apps.ts'
import { asSystem } from './system.ts'

/** Makes the tables of the apps in an empty database and loads what every instance begins with, all in one transaction. */
export async function buildTemplate(config: pg.ClientConfig, apps: readonly string[]): Promise<void> {
  const registry = (await loadApps())(apps)
  const options = { registry, tables: serverTables }
  await withClient(config, async (client) => {
    await migrateDatabase(client, await withData(client, options))
    // The data made languages active, and each has indexes of its own.
    await migrateDatabase(client, options)
    await settle(client)
    await client.query(forgetTrail)
  })
}

/** The trail of an instance begins with its own creation, not with what every instance is born with. */
const forgetTrail = 'truncate audit_in'

/** Adds the examples to a database that is as its apps declare. */
export async function loadDemo(config: pg.ClientConfig, apps: readonly string[]): Promise<void> {
  const registry = (await loadApps())(apps)
  const databases = new Databases(async () => config)
  try {
    await databases.transaction('template', (cx) => asSystem(cx, registry, 'demo', loadExamples))
  } finally {
    await databases.close()
  }
  await withClient(config, (client) => client.query(forgetTrail))
}

export async function plan(access: InstanceAccess, apps: readonly string[]): Promise<MigrationPlan> {
  const registry = (await loadApps())(apps)
  return withClient(access.owner, async (client) => tell(await planMigration(client, { registry, tables: serverTables })))
}

export const migrate = (access: InstanceAccess, apps: readonly string[], options: { allow: readonly string[] }): Promise<MigrationPlan> =>
  migrateAs(access.owner, apps, options)

/** Makes the columns that people of an instance asked for, and drops those whose days are over. `owner` is its owner's. */
export async function settleFields(owner: pg.ClientConfig, apps: readonly string[]): Promise<CustomWork> {
  const registry = (await loadApps())(apps)
  return withClient(owner, (client) => settleCustomFields(client, registry))
}

/** The same for a database that is no instance's, as its owner. */
export async function migrateAs(
  owner: pg.ClientConfig,
  apps: readonly string[],
  { allow }: { allow: readonly string[] },
): Promise<MigrationPlan> {
  const registry = (await loadApps())(apps)
  return withClient(owner, async (client) => {
    const done = await migrateDatabase(client, await withData(client, { registry, tables: serverTables, allow }))
    await settle(client)
    return tell(done)
  })
}

/** What every database has beside its tables and data, whatever app moved. */
async function settle(client: pg.Client): Promise<void> {
  await scheduleUpkeep(asConnection(client))
}

/** Metadata and standard data follow the last app that moves, when everything is as declared; then what is computed otherwise than before. */
async function withData(client: pg.Client, options: MigrationOptions): Promise<MigrationOptions> {
  const last = (await planMigration(client, options)).moves.at(-1)?.app.name
  return {
    ...options,
    hooks: {
      after: async ({ app }, cx) => {
        if (app.name !== last) return
        await asSystem(cx, options.registry, 'migration', loadData)
      },
      stale: (fields, cx) => asSystem(cx, options.registry, 'migration', (sys) => computeAnew(sys, fields)),
    },
  }
}

const tell = ({ steps, refused, grants, notes }: Awaited<ReturnType<typeof planMigration>>): MigrationPlan => ({
  steps: [...steps.filter((step) => !refused.includes(step)).map(({ says }) => says), ...grants, ...notes],
  losses: refused.map(({ name, says }) => ({ name, says })),
})
