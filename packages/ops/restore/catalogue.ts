import { createHash } from 'node:crypto'
import type pg from 'pg'
import { catalogueQueries, grantQueries } from './catalogue-queries.ts'

/** What a database has beside what was expected, and what it lacks: lines of its catalogue, sorted. */
export interface CatalogueDifference {
  extra: readonly string[]
  missing: readonly string[]
}

/**
 * Everything in the catalogue of a database that could carry behaviour or shape, one sorted line each: what a restored database must have,
 * no less and no more (cloud.md §4). Left out are the order of columns, comments, and rights on tables, which a dump must not bring and
 * migrations declare anew (`grantLines`). Roles of an instance are called `owner`, `runtime` and `seal`, so that two instances compare.
 * `client` is connected as the owner role, never as the superuser (F7); it may be in a transaction.
 */
export const catalogueLines = (client: pg.ClientBase): Promise<string[]> => linesOf(client, catalogueQueries)

/** Rights on schemas, tables, columns, sequences and functions that somebody other than their owner holds. None after a load without `--acl`. */
export const grantLines = (client: pg.ClientBase): Promise<string[]> => linesOf(client, grantQueries)

/** Hex of the SHA-256 over the lines, as `SetFacts.catalogue` keeps it. */
export const catalogueHash = (lines: readonly string[]): string => createHash('sha256').update(lines.join('\n')).digest('hex')

/**
 * Compares two catalogues. A column named `x_…` of a plain type is a customer's own and allowed, and so are its link and index: they are left
 * behind when rows move, and made anew by a migration.
 */
export function compareCatalogues(expected: readonly string[], found: readonly string[]): CatalogueDifference {
  const [wanted, there] = [new Set(expected), new Set(found)]
  return {
    extra: found.filter((line) => !wanted.has(line) && !isOwnColumn(line) && !isOwnLink(line)),
    missing: expected.filter((line) => !there.has(line)),
  }
}

/** A data column, and nothing but one: a type of PostgreSQL's own, no expression that would be evaluated. */
export const isOwnColumn = (line: string): boolean =>
  /^column public\.[a-z_][a-z0-9_]* x_[a-z0-9_]+ (?:boolean(?: not null default false)?|integer|bigint|numeric(?:\(\d+,\d+\))?|double precision|text|character varying(?:\(\d+\))?|date|timestamp(?:\(\d\))? without time zone|jsonb?)$/.test(
    line,
  )

/** What holds a customer's own link together: a foreign key and an index on that column alone. */
const isOwnLink = (line: string): boolean =>
  /^constraint on public\.[a-z_][a-z0-9_]* [a-z0-9_]+ FOREIGN KEY \(x_[a-z0-9_]+\) REFERENCES public\.[a-z_][a-z0-9_]*\(id\) ON DELETE SET NULL DEFERRABLE$/.test(
    line,
  ) || /^CREATE INDEX [a-z0-9_]+ ON public\.[a-z_][a-z0-9_]* USING btree \((x_[a-z0-9_]+)\) WHERE \(\1 IS NOT NULL\)$/.test(line)

/** Sentences for people: at most `most` of each kind, and how many there are. */
export function tellDifference({ extra, missing }: CatalogueDifference, most = 5): string {
  const some = (what: string, lines: readonly string[]) =>
    lines.length ? [`${what} ${lines.slice(0, most).join('; ')}${lines.length > most ? ` and ${lines.length - most} more` : ''}`] : []
  return [...some('it has', extra), ...some('it lacks', missing)].join('; ')
}

/** Names are written with their schema, whatever path the role or the database would search: deparsing goes by it. */
async function linesOf(client: pg.ClientBase, queries: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ path: string }>(`select current_setting('search_path') as path`)
  await client.query(`select set_config('search_path', 'pg_catalog, pg_temp', false)`)
  try {
    const lines: string[] = []
    // One connection answers one question at a time.
    for (const query of queries) lines.push(...(await client.query<{ line: string }>(query)).rows.map((row) => row.line))
    return lines.sort()
  } finally {
    await client.query(`select set_config('search_path', $1, false)`, [rows[0]!.path])
  }
}
