import type pg from 'pg'
import type { SetFacts } from '../backup/manifest.ts'
import type { Host } from '../host.ts'
import { connectAs, findInstance } from '../instances.ts'
import { withClient } from '../provision.ts'
import { fromAnyStore, type SourceOptions } from './source.ts'

export interface RestorePreview {
  set: string
  instance: string
  taken: string
  ageSeconds: number
  /** Per table: what was written since the set was taken and would go, and how the number of rows differs. */
  changes: { table: string; newer: number; rowsNow: number; rowsThen: number }[]
  /** Room that is needed on the disk of the database while it runs. */
  bytes: number
  seconds: number
}

const bytesPerSecond = 85e6

/** What a restore over live would take back: to be looked at before it is asked for. Only the facts of the set are read. */
export async function previewRestore(host: Host, name: string, set: string, options: SourceOptions = {}): Promise<RestorePreview> {
  const live = await findInstance(host, name)
  return fromAnyStore(host, set, { ...options, factsAlone: true }, async ({ facts, manifest }) => {
    const changes = await withClient(await connectAs(host, live, 'owner'), (db) => changesSince(db, facts, manifest.taken))
    const bytes = Math.ceil(facts.database_bytes * 1.3 + manifest.parts.reduce((sum, part) => sum + part.bytes + part.plain_bytes, 0))
    const seconds = Math.ceil(3 + (2 * facts.database_bytes) / bytesPerSecond)
    const ageSeconds = Math.round((Date.now() - Date.parse(manifest.taken)) / 1000)
    return { set, instance: name, taken: manifest.taken, ageSeconds, changes, bytes, seconds }
  })
}

async function changesSince(db: pg.ClientBase, facts: SetFacts, taken: string): Promise<RestorePreview['changes']> {
  const { rows } = await db.query<{ name: string; stamp: string | null }>(
    `select c.relname as name, (select a.attname from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attname in ('write_date', 'created_at', 'at')
        and a.atttypid in ('timestamp'::regtype, 'timestamptz'::regtype) order by a.attname = 'write_date' desc limit 1) as stamp
     from pg_catalog.pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
       and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e') order by 1`,
  )
  const changes: RestorePreview['changes'] = []
  for (const { name, stamp } of rows) {
    const table = `public."${name.replaceAll('"', '""')}"`
    const newer = stamp
      ? `count(*) filter (where "${stamp}" > ($1::timestamptz at time zone 'utc'))`
      : `0 * count(*) filter (where $1::timestamptz is null)`
    const { rows: counted } = await db.query<{ newer: string; all: string }>(
      `select ${newer} as newer, count(*) as all from only ${table}`,
      [taken],
    )
    const [since, rowsNow, rowsThen] = [Number(counted[0]!.newer), Number(counted[0]!.all), facts.tables[name]?.rows ?? 0]
    if (since > 0 || rowsNow !== rowsThen) changes.push({ table: name, newer: since, rowsNow, rowsThen })
  }
  return changes
}
