import { type MigrationHook, type Registry, finishCall, loadData, migrate } from '@erp4/orm'
import { withClient } from '@erp4/ops'
import { openSystemEnv, serverTables } from '@erp4/server'
import type pg from 'pg'

/** Makes the tables of the registry's apps in an empty database, and loads what every instance begins with. */
export async function buildTemplate(config: pg.ClientConfig, registry: Registry): Promise<void> {
  const after: MigrationHook = async ({ app }, cx) => {
    if (app !== registry.apps.at(-1)) return
    const sys = openSystemEnv(cx, { registry, files: null, source: 'migration' })
    await loadData(sys)
    await finishCall(sys)
  }
  await withClient(config, (client) => migrate(client, { registry, tables: serverTables, hooks: { after } }))
}
