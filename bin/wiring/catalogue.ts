import type pg from 'pg'
import { catalogueLines, withClient } from '@erp4/ops'
import { asConnection } from '@erp4/orm'
import { buildTemplate, migrateAs } from './schema.ts'
import { languagesOf, setLanguages } from './sql/time-travel.ts'

/** The catalogue that the migrations of these apps make in an empty database, with these languages active. `config` is its owner's. */
export async function expectedCatalogue(config: pg.ClientConfig, apps: readonly string[], languages: readonly string[]): Promise<string[]> {
  await buildTemplate(config, apps)
  if (languages.length) {
    await withClient(config, (client) => asConnection(client).query(setLanguages(languages)))
    // Each language has indexes of its own.
    await migrateAs(config, apps, { allow: [] })
  }
  return withClient(config, catalogueLines)
}

/** The active languages of a database that nobody trusts: whatever it answers, only what has the form of a language counts. */
export async function languagesIn(config: pg.ClientConfig): Promise<string[]> {
  const [row] = await withClient(config, (client) => asConnection(client).query<{ langs: unknown }>(languagesOf))
  const found = Array.isArray(row?.langs) ? row.langs : []
  return found
    .filter((one): one is string => typeof one === 'string' && /^[a-z]{2,3}(_[A-Z][A-Za-z]{1,5})?(@[a-z]{1,10})?$/.test(one))
    .slice(0, 100)
}
