import { loadStandardData } from '@erp4/base'
import { Env, type MigrationHook, type Registry, type User, finishCall, migrate, openCall } from '@erp4/orm'
import { withClient } from '@erp4/ops'
import { serverTables } from '@erp4/server'
import type pg from 'pg'

/** The system itself: user 1 of the standard data, who is there before his row is. */
export const root: User = {
  id: 1,
  login: '__system__',
  name: 'System',
  partner_id: 2,
  commercial_partner_id: 2,
  company_id: 1,
  company_ids: [1],
  groups: new Set(),
  lang: 'en_US',
  tz: 'UTC',
}

/** Makes the tables of the registry's apps in an empty database, and loads what every instance begins with. */
export async function buildTemplate(config: pg.ClientConfig, registry: Registry): Promise<void> {
  const after: MigrationHook = async ({ app }, cx) => {
    if (app.name !== 'base') return
    const context = { lang: 'en_US', tz: 'UTC', allowed_company_ids: [1], active_test: true }
    const sys = new Env(openCall({ registry, cx, source: 'migration' }), root, context, true)
    await loadStandardData(sys)
    await finishCall(sys)
  }
  await withClient(config, (client) => migrate(client, { registry, tables: serverTables, hooks: { after } }))
}
