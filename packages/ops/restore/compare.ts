import type pg from 'pg'
import { contentOf, type Content } from '../backup/content.ts'
import type { Manifest, SetFacts } from '../backup/manifest.ts'
import { withClient } from '../provision.ts'

/** One thing that was compared, and how it came out. */
export interface Comparison {
  name: 'tables' | 'rows' | 'hashes' | 'sequences' | 'catalogue' | 'audit'
  isSame: boolean
  /** A sentence for people. */
  says: string
}

/** Compares a restored database with what its set knew of the original, as its owner and in one snapshot. */
export async function compareDatabase(
  owner: pg.ClientConfig,
  { facts, manifest }: { facts: SetFacts; manifest: Manifest },
): Promise<Comparison[]> {
  const { content, major } = await withClient(owner, async (db) => {
    await db.query('set statement_timeout = 0')
    await db.query('begin isolation level repeatable read read only')
    const found = await contentOf(db)
    const { rows } = await db.query<{ major: string }>(`select split_part(current_setting('server_version'), '.', 1) as major`)
    await db.query('commit')
    return { content: found, major: rows[0]!.major }
  })
  // Hashes of values may change with a major version of PostgreSQL.
  return compareContent(facts, content, manifest.postgres.split('.')[0] === major)
}

export function compareContent(expected: SetFacts, found: Content, isSameMajor = true): Comparison[] {
  const names = Object.keys(expected.tables)
  const lost = names.filter((name) => !found.tables[name])
  const added = Object.keys(found.tables).filter((name) => !expected.tables[name])
  const common = names.filter((name) => found.tables[name])
  const miscounted = common.filter((name) => found.tables[name]!.rows !== expected.tables[name]!.rows)
  const hashed = isSameMajor ? common.filter((name) => expected.tables[name]!.hash !== null) : []
  const altered = hashed.filter((name) => found.tables[name]!.hash !== expected.tables[name]!.hash)
  const behind = Object.entries(expected.sequences).filter(([name, last]) => isBehind(found.sequences[name], last))
  const rows = common.reduce((sum, name) => sum + found.tables[name]!.rows, 0)
  return [
    told(
      'tables',
      [...lost.map((name) => `${name} is missing`), ...added.map((name) => `${name} is extra`)],
      `${names.length} tables are there`,
    ),
    told(
      'rows',
      miscounted.map((name) => `${name} has ${found.tables[name]!.rows} rows instead of ${expected.tables[name]!.rows}`),
      `${rows} rows are there`,
    ),
    told(
      'hashes',
      altered.map((name) => `${name} has other content`),
      isSameMajor ? `the content of ${hashed.length} tables is the same` : 'content is not compared between major versions of PostgreSQL',
    ),
    told(
      'sequences',
      behind.map(([name, last]) => `${name} is at ${found.sequences[name] ?? 'its beginning'}, behind ${last}`),
      `${Object.keys(expected.sequences).length} sequences are where they were, or further`,
    ),
    told('catalogue', found.catalogue === expected.catalogue ? [] : ['the catalogue is another one'], 'the catalogue is the same'),
    told('audit', sameHead(expected, found) ? [] : ['the audit trail ends elsewhere'], 'the audit trail ends in the same head'),
  ]
}

const told = (name: Comparison['name'], faults: readonly string[], fine: string): Comparison => ({
  name,
  isSame: faults.length === 0,
  says: faults.length ? faults.slice(0, 5).join(', ') + (faults.length > 5 ? ` and ${faults.length - 5} more` : '') : fine,
})

/** Sequences obey no snapshot: a dump may hold a later value than was counted, never an earlier one. All of ours grow. */
const isBehind = (found: string | null | undefined, expected: string | null): boolean =>
  found === undefined || (expected !== null && (found === null || BigInt(found) < BigInt(expected)))

const sameHead = (expected: Pick<SetFacts, 'audit'>, found: Pick<SetFacts, 'audit'>): boolean =>
  expected.audit?.seq === found.audit?.seq && expected.audit?.head === found.audit?.head
